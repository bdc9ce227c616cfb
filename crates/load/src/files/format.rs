//! The formats of files.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What the files of a sink hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Format {
    /// Parquet with zstd.
    #[default]
    Parquet,
    /// Arrow IPC files, which can be mapped.
    Arrow,
    /// CSV with a line of names.
    Csv,
    /// JSON, an object in each line.
    NdJson,
}

impl Format {
    /// Every format, in the order of the documentation.
    pub const ALL: [Format; 4] = [Format::Parquet, Format::Arrow, Format::Csv, Format::NdJson];

    /// The name in addresses and manifests, which is the extension of the files as well.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Parquet => "parquet",
            Format::Arrow => "arrow",
            Format::Csv => "csv",
            Format::NdJson => "ndjson",
        }
    }

    pub(super) fn media_type(self) -> &'static str {
        match self {
            Format::Parquet => "application/vnd.apache.parquet",
            Format::Arrow => "application/vnd.apache.arrow.file",
            Format::Csv => "text/csv",
            Format::NdJson => "application/x-ndjson",
        }
    }

    /// Whether values become text.
    pub(super) fn is_text(self) -> bool {
        matches!(self, Format::Csv | Format::NdJson)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Format> {
        Format::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| {
                let known = Format::ALL.map(Format::as_str).join(", ");
                Error::usage(
                    "usage/file-format",
                    format!("unknown file format {text:?}, expected one of {known}"),
                )
            })
    }
}
