//! Reports as files, by the ends of their names.

use std::{
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use sheetlift::{Error, Format, Job, Report, Result};

use crate::output::{Output, is_stdout, write_to};

/// Findings that a JSON report lists; the other files have no end.
const LISTED_IN_JSON: usize = 100_000;

/// The files of `--report`.
pub(crate) struct Reports {
    files: Vec<ReportFile>,
}

enum ReportFile {
    /// The whole report, as JSON.
    Json(PathBuf),
    /// Every finding, one a line, as they are made.
    Lines(Output),
    /// Every finding, as a table.
    Table(Format, Output),
    /// The whole report, written by this.
    Whole(fn(&Report, &mut dyn Write) -> Result<()>, Output),
}

impl Reports {
    /// A wrong name or place is found before anything is loaded.
    pub(crate) fn create(paths: &[PathBuf]) -> Result<Reports> {
        let files = paths.iter().map(|path| ReportFile::create(path));
        let files = files.collect::<Result<Vec<_>>>()?;
        if paths.iter().filter(|path| is_stdout(path)).count() > 1 {
            let error = "only one report can go to standard output";
            return Err(Error::usage("usage/report", error).with_hint("write the others to files"));
        }
        if let Some(path) = (1..paths.len()).find(|&at| paths[..at].contains(&paths[at])) {
            let error = format!("{} is given twice", paths[path].display());
            return Err(Error::usage("usage/report", error).with_hint("write to another file"));
        }
        Ok(Reports { files })
    }

    /// Lets the job write or keep what the files will hold.
    pub(crate) fn attach(&self, mut job: Job) -> Result<Job> {
        for file in &self.files {
            job = match file {
                ReportFile::Json(_) => job.with_max_findings(LISTED_IN_JSON),
                ReportFile::Lines(output) => job.with_findings_to(output.writer()?),
                ReportFile::Table(..) | ReportFile::Whole(..) => job.with_all_findings_kept(true),
            };
        }
        Ok(job)
    }

    pub(crate) fn write(self, report: &Report) -> Result<()> {
        self.write_with(report, |out| report.write_json(out))
    }

    /// An error when no file is JSON: the form of other files is not that of another program.
    pub(crate) fn need_json(&self) -> Result<()> {
        let is_json = |file: &ReportFile| matches!(file, ReportFile::Json(_));
        match self.files.iter().any(is_json) {
            true => Ok(()),
            false => {
                let error = "--compat is about .json reports, and there is none";
                Err(Error::usage("usage/report", error).with_hint("add `--report report.json`"))
            }
        }
    }

    /// As `write`, with the JSON of frictionless-py.
    pub(crate) fn write_as_frictionless(self, report: &Report, job: &Job) -> Result<()> {
        self.write_with(report, |out| report.write_frictionless(job, out))
    }

    fn write_with(
        self,
        report: &Report,
        json: impl Fn(&mut dyn Write) -> Result<()>,
    ) -> Result<()> {
        for file in self.files {
            match file {
                ReportFile::Json(path) => write_to(&path, &json)?,
                ReportFile::Lines(output) => output.publish()?,
                ReportFile::Table(format, output) => {
                    report.write_findings(format, output.writer()?)?;
                    output.publish()?;
                }
                ReportFile::Whole(write, output) => {
                    let mut out = BufWriter::new(output.writer()?);
                    write(report, &mut out)?;
                    let flushed = out.flush();
                    flushed.map_err(|error| Error::io(error, "cannot write the report"))?;
                    output.publish()?;
                }
            }
        }
        Ok(())
    }
}

impl ReportFile {
    fn create(path: &Path) -> Result<ReportFile> {
        if is_stdout(path) {
            return Ok(ReportFile::Json(path.to_owned()));
        }
        let extension = path.extension().and_then(|extension| extension.to_str());
        let output = || Output::create(path);
        Ok(match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("json") => {
                output()?;
                ReportFile::Json(path.to_owned())
            }
            Some("ndjson" | "jsonl") => ReportFile::Lines(output()?),
            Some("csv") => ReportFile::Table(Format::Csv, output()?),
            Some("parquet") => ReportFile::Table(Format::Parquet(Default::default()), output()?),
            Some("html" | "htm") => {
                ReportFile::Whole(|report, out| report.write_html(out), output()?)
            }
            Some("xml") => ReportFile::Whole(|report, out| report.write_junit(out), output()?),
            Some("sarif") => ReportFile::Whole(|report, out| report.write_sarif(out), output()?),
            _ => {
                let message = format!("{} is no name for a report", path.display());
                return Err(Error::usage("usage/report", message).with_hint(
                    "name it .json (all of it), .html (a page), .csv, .parquet or .ndjson (every finding), .xml (JUnit) or .sarif",
                ));
            }
        })
    }
}

/// The paths of reports.
pub(crate) fn paths(reports: &[PathBuf]) -> impl Iterator<Item = &Path> {
    reports.iter().map(PathBuf::as_path)
}
