//! The formats there are, and how people call them.

use std::{ffi::OsStr, fmt, io::Write, path::Path, str::FromStr};

use arrow_schema::{ArrowError, SchemaRef};

use super::{BatchWriter, ipc, parquet, text};
use crate::error::{Error, Result};

/// A file format for [`Job::convert`](crate::Job::convert).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Apache Parquet, in row groups of 262,144 rows whose columns are encoded in parallel. Durations are 64-bit microseconds
    /// (Arrow readers see a duration); a column without any value is a null column.
    Parquet(Compression),
    /// An Arrow IPC file (`.arrow`, also known as Feather 2). Each batch carries its own strings only. Dictionary columns are
    /// written as `Utf8`: this format wants one dictionary for all batches, which is known when the last row was read.
    ArrowFile,
    /// An Arrow IPC stream (`.arrows`), for pipes. Each batch carries its own strings only.
    ArrowStream,
    /// Comma-separated values in UTF-8 with a header row; lines end in `\n`. Dates and times in ISO 8601, durations too
    /// (`PT5400S`), booleans as `true` and `false`, no value as nothing.
    Csv,
    /// A JSON object per line. As for CSV, numbers and booleans are those of JSON, and every line has every key.
    NdJson,
}

/// How Parquet pages are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Compression {
    /// Zstandard, level 1: half the size of Snappy on text at nearly its speed.
    #[default]
    Zstd,
    /// Snappy, for readers of old.
    Snappy,
}

impl Format {
    /// The format of files with this name, by its extension.
    ///
    /// # Errors
    /// `Usage` with the extensions there are.
    pub fn from_extension(path: impl AsRef<Path>) -> Result<Format> {
        let path = path.as_ref();
        let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        extension.parse().map_err(|_: Error| {
            Error::usage(
                "usage/format",
                format!("{} has no extension of a known format", path.display()),
            )
            .with_hint("name it .parquet, .arrow, .arrows, .csv or .ndjson, or give the format")
        })
    }

    /// The media type, for HTTP.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Parquet(_) => "application/vnd.apache.parquet",
            Format::ArrowFile => "application/vnd.apache.arrow.file",
            Format::ArrowStream => "application/vnd.apache.arrow.stream",
            Format::Csv => "text/csv; charset=utf-8",
            Format::NdJson => "application/x-ndjson",
        }
    }

    pub(super) fn writer<'w>(
        self,
        out: impl Write + Send + 'w,
        schema: &SchemaRef,
    ) -> Result<Box<dyn BatchWriter + 'w>, ArrowError> {
        Ok(match self {
            Format::Parquet(compression) => {
                Box::new(parquet::Writer::new(out, schema, compression)?)
            }
            Format::ArrowFile => Box::new(ipc::File::new(out, schema)?),
            Format::ArrowStream => Box::new(ipc::Stream::new(out, schema)?),
            Format::Csv => Box::new(text::Csv::new(out, schema)?),
            Format::NdJson => Box::new(text::NdJson::new(out)),
        })
    }
}

impl FromStr for Format {
    type Err = Error;

    /// Reads a name or an extension, in any letter case.
    fn from_str(text: &str) -> Result<Format> {
        Ok(
            match text
                .trim()
                .trim_start_matches('.')
                .to_ascii_lowercase()
                .as_str()
            {
                "parquet" | "pq" => Format::Parquet(Compression::Zstd),
                "arrow" | "ipc" | "feather" => Format::ArrowFile,
                "arrows" | "arrow-stream" => Format::ArrowStream,
                "csv" => Format::Csv,
                "ndjson" | "jsonl" => Format::NdJson,
                _ => {
                    return Err(Error::usage(
                        "usage/format",
                        format!("there is no format {text:?}"),
                    )
                    .with_hint("the formats are parquet, arrow, arrows, csv and ndjson"));
                }
            },
        )
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Format::Parquet(_) => "parquet",
            Format::ArrowFile => "arrow",
            Format::ArrowStream => "arrows",
            Format::Csv => "csv",
            Format::NdJson => "ndjson",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for name in ["parquet", "arrow", "arrows", "csv", "ndjson"] {
            assert_eq!(name.parse::<Format>().unwrap().to_string(), name);
            assert_eq!(
                Format::from_extension(format!("a.b.{name}"))
                    .unwrap()
                    .to_string(),
                name
            );
        }
        assert!(
            Format::from_extension("items")
                .unwrap_err()
                .hint()
                .is_some()
        );
        assert!("xlsx".parse::<Format>().is_err());
    }
}
