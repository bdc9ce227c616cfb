//! What a report can be written as.

use std::{
    fmt,
    io::{BufWriter, Seek, Write},
    path::Path,
    str::FromStr,
};

use super::Report;
use crate::{
    convert::Format,
    error::{Error, Result},
    job::Job,
};

/// What a report is written as: by the name of an option, or by the end of the name of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReportFormat {
    /// All of it, with the findings that are listed.
    Json,
    /// Every finding, one a line.
    NdJson,
    /// Every finding, as a table.
    Csv,
    /// Every finding, as a table.
    Parquet,
    /// A page for people.
    Html,
    /// For continuous integration.
    Junit,
    /// For continuous integration.
    Sarif,
    /// As frictionless-py writes it.
    Frictionless,
    /// The rejected rows, to be corrected ([`Job::write_rejects`]).
    Rejects,
    /// The workbook with its findings marked ([`Job::annotate`]).
    Annotated,
}

impl ReportFormat {
    /// All of them.
    pub const ALL: [ReportFormat; 10] = [
        ReportFormat::Json,
        ReportFormat::NdJson,
        ReportFormat::Csv,
        ReportFormat::Parquet,
        ReportFormat::Html,
        ReportFormat::Junit,
        ReportFormat::Sarif,
        ReportFormat::Frictionless,
        ReportFormat::Rejects,
        ReportFormat::Annotated,
    ];

    /// Its name, as [`FromStr`] reads it.
    pub fn name(self) -> &'static str {
        match self {
            ReportFormat::Json => "json",
            ReportFormat::NdJson => "ndjson",
            ReportFormat::Csv => "csv",
            ReportFormat::Parquet => "parquet",
            ReportFormat::Html => "html",
            ReportFormat::Junit => "junit",
            ReportFormat::Sarif => "sarif",
            ReportFormat::Frictionless => "frictionless",
            ReportFormat::Rejects => "rejects",
            ReportFormat::Annotated => "annotated",
        }
    }

    /// How the name of such a file ends.
    pub fn extension(self) -> &'static str {
        match self {
            ReportFormat::Junit => "xml",
            ReportFormat::Frictionless => "json",
            ReportFormat::Rejects | ReportFormat::Annotated => "xlsx",
            other => other.name(),
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            ReportFormat::Json | ReportFormat::Frictionless => "application/json",
            ReportFormat::NdJson => Format::NdJson.media_type(),
            ReportFormat::Csv => Format::Csv.media_type(),
            ReportFormat::Parquet => Format::Parquet(Default::default()).media_type(),
            ReportFormat::Html => "text/html; charset=utf-8",
            ReportFormat::Junit => "application/xml",
            ReportFormat::Sarif => "application/sarif+json",
            ReportFormat::Rejects | ReportFormat::Annotated => {
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            }
        }
    }

    /// Whether it shows every finding, so that all have to be kept ([`Job::with_all_findings_kept`]).
    pub fn needs_all_findings(self) -> bool {
        self != ReportFormat::Json
    }

    /// The format of a file with this name, by its end; workbooks are no reports of their own and have to be asked for.
    pub fn of_path(path: &Path) -> Option<ReportFormat> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match extension.as_str() {
            "json" => ReportFormat::Json,
            "ndjson" | "jsonl" => ReportFormat::NdJson,
            "csv" => ReportFormat::Csv,
            "parquet" => ReportFormat::Parquet,
            "html" | "htm" => ReportFormat::Html,
            "xml" => ReportFormat::Junit,
            "sarif" => ReportFormat::Sarif,
            _ => return None,
        })
    }
}

impl fmt::Display for ReportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ReportFormat {
    type Err = Error;

    fn from_str(name: &str) -> Result<ReportFormat> {
        let found = ReportFormat::ALL
            .into_iter()
            .find(|format| format.name() == name);
        found.ok_or_else(|| {
            let names = ReportFormat::ALL.map(ReportFormat::name).join(", ");
            Error::usage("usage/report", format!("{name:?} is no report"))
                .with_hint(format!("the reports are {names}"))
        })
    }
}

impl Job {
    /// Writes `report`, which came from this job, in one of its formats.
    ///
    /// ```
    /// use sheetlift::{Contract, Job, ReportFormat};
    /// # use sheetlift_fixtures::inventory::{contract_json, dirty_inventory};
    /// # let contract: Contract = contract_json().parse()?;
    /// let job = Job::from_bytes(dirty_inventory(), "items.xlsx")?.with_contract(contract).with_all_findings_kept(true);
    /// let report = job.validate()?;
    /// let mut page = std::io::Cursor::new(Vec::new());
    /// job.write_report(&report, ReportFormat::Html, &mut page)?;
    /// assert!(page.into_inner().starts_with(b"<!doctype html>"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// `Io` when `out` fails; as [`Job::write_rejects`] and [`Job::annotate`].
    pub fn write_report(
        &self,
        report: &Report,
        format: ReportFormat,
        mut out: impl Write + Seek + Send,
    ) -> Result<()> {
        match format {
            ReportFormat::Json => {
                let mut out = BufWriter::new(out);
                report.write_json(&mut out)?;
                let flushed = out.flush();
                flushed.map_err(|error| Error::io(error, "cannot write the report"))
            }
            ReportFormat::NdJson => report.write_findings(Format::NdJson, out),
            ReportFormat::Csv => report.write_findings(Format::Csv, out),
            ReportFormat::Parquet => {
                report.write_findings(Format::Parquet(Default::default()), out)
            }
            ReportFormat::Html => report.write_html(&mut out),
            ReportFormat::Junit => report.write_junit(&mut out),
            ReportFormat::Sarif => report.write_sarif(&mut out),
            ReportFormat::Frictionless => report.write_frictionless(self, out),
            ReportFormat::Rejects => self.write_rejects(report, out).map(drop),
            ReportFormat::Annotated => self.annotate(report, out).map(drop),
        }
    }

    /// As [`Job::write_report`], to a file that has its name the moment it is complete; one that is there is replaced.
    ///
    /// # Errors
    /// As [`Job::write_report`]; `Usage` when `path` is the file of this job.
    pub fn write_report_file(
        &self,
        report: &Report,
        format: ReportFormat,
        path: impl AsRef<Path>,
    ) -> Result<()> {
        let path = path.as_ref();
        if format == ReportFormat::Annotated {
            let needed = self.annotated_extension()?;
            let extension = path.extension().and_then(|extension| extension.to_str());
            if !extension.is_some_and(|extension| extension.eq_ignore_ascii_case(needed)) {
                let message = format!("{} is no name for the annotated copy", path.display());
                return Err(Error::usage("usage/annotated", message).with_hint(format!(
                    "let it end in .{needed}: a spreadsheet program opens no other"
                )));
            }
        }
        let fail = |error| Error::io(error, format_args!("cannot write {}", path.display()));
        let source = self.source.name().map(Path::new);
        let real = |path: &Path| path.canonicalize().ok();
        if source
            .and_then(real)
            .is_some_and(|source| real(path) == Some(source))
        {
            let message = format!("{} cannot be written: it is read", path.display());
            return Err(Error::usage("usage/output", message).with_hint("write to another file"));
        }
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let file =
            tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(fail)?;
        let mut out = BufWriter::with_capacity(256 << 10, file);
        self.write_report(report, format, &mut out)?;
        let file = out.into_inner().map_err(|error| fail(error.into_error()))?;
        file.persist(path).map_err(|error| fail(error.error))?;
        Ok(())
    }
}
