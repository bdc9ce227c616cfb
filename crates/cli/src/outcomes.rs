//! The file that says what became of each row.

use std::path::{Path, PathBuf};

use sheetlift::{Error, Job, OutcomeFormat, Report, Result};

use crate::output::{Output, is_stdout, note};

/// The file of `--outcomes`.
pub(crate) struct Outcomes {
    path: PathBuf,
    format: OutcomeFormat,
    output: Output,
}

impl Outcomes {
    /// A wrong name or place is found before anything is loaded.
    pub(crate) fn create(path: &Path) -> Result<Outcomes> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let format = match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("csv") if !is_stdout(path) => OutcomeFormat::Csv,
            Some("ndjson" | "jsonl") if !is_stdout(path) => OutcomeFormat::Ndjson,
            _ => {
                let message = format!("{} is no name for the outcomes of rows", path.display());
                return Err(
                    Error::usage("usage/outcomes", message).with_hint("name it .csv or .ndjson")
                );
            }
        };
        Ok(Outcomes {
            path: path.to_owned(),
            format,
            output: Output::create(path)?,
        })
    }

    /// Lets the job write what the file will hold.
    pub(crate) fn attach(&self, job: Job) -> Result<Job> {
        Ok(job.with_outcomes_to(self.output.writer()?, self.format))
    }

    /// Gives the file its name, if the rows were settled now.
    pub(crate) fn write(self, report: &Report) -> Result<()> {
        use sheetlift::LoadState::{AlreadyLoaded, Blocked};
        let path = self.path.display();
        match report.load.as_ref().map(|load| load.state) {
            Some(AlreadyLoaded) => note(&format!(
                "{path} was not written: the file was loaded before"
            )),
            None | Some(Blocked) => note(&format!("{path} was not written: nothing was loaded")),
            Some(_) => self.output.publish()?,
        }
        Ok(())
    }
}
