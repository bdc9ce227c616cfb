//! The file of rejected rows.

use std::path::{Path, PathBuf};

use sheetlift::{Error, Job, LoadState, Report, Result};

use crate::{
    numbers::count,
    output::{Output, is_stdout, note},
};

/// The file of `--rejects`.
pub(crate) struct Rejects {
    path: PathBuf,
    kind: Kind,
    output: Output,
}

#[derive(Clone, Copy)]
enum Kind {
    Workbook,
    Text,
}

impl Rejects {
    /// A wrong name or place is found before anything is loaded.
    pub(crate) fn create(path: &Path) -> Result<Rejects> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let kind = match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("xlsx") if !is_stdout(path) => Kind::Workbook,
            Some("csv" | "tsv" | "txt") if !is_stdout(path) => Kind::Text,
            _ => {
                let message = format!("{} is no name for rejected rows", path.display());
                return Err(Error::usage("usage/rejects", message)
                    .with_hint("name it .xlsx, or .csv for the rows of a text file"));
            }
        };
        Ok(Rejects {
            path: path.to_owned(),
            kind,
            output: Output::create(path)?,
        })
    }

    /// Refuses rows of a workbook as text: before anything is loaded, not after.
    pub(crate) fn check(&self, job: &Job) -> Result<()> {
        match self.kind {
            Kind::Text if job.workbook()?.text_format().is_none() => {
                let message = "rows of a workbook cannot be given back as text";
                Err(Error::usage("usage/rejects", message)
                    .with_hint("name the file of rejected rows .xlsx"))
            }
            _ => Ok(()),
        }
    }

    /// Writes the file, if there is a row for it, and says so.
    pub(crate) fn write(self, job: &Job, report: &Report) -> Result<()> {
        let path = self.path.display().to_string();
        let is_old = |load: &sheetlift::LoadReport| load.state == LoadState::AlreadyLoaded;
        if report.load.as_ref().is_some_and(is_old) {
            note(&format!(
                "{path} was not written: the file was loaded before; `sheetlift validate --rejects` writes its rejected rows"
            ));
            return Ok(());
        }
        let conflicts = report.load.as_ref().map_or(0, |load| load.conflicts);
        if report.rows.rejected + conflicts == 0 {
            let why = match report.blocked {
                true => "no row was checked",
                false => "no row was rejected",
            };
            note(&format!("{path} was not written: {why}"));
            return Ok(());
        }
        let mut out = self.output.writer()?;
        let rows = match self.kind {
            Kind::Workbook => job.write_rejects(report, &mut out)?,
            Kind::Text => job.write_rejects_as_text(report, &mut out)?,
        };
        drop(out);
        self.output.publish()?;
        let left_out = (report.rows.rejected + conflicts).saturating_sub(rows);
        let left_out = match left_out {
            0 => String::new(),
            left_out => format!(
                "; {} more are not listed by the database",
                count(left_out, "row")
            ),
        };
        note(&format!(
            "{path}: {}{left_out}",
            count(rows, "rejected row")
        ));
        Ok(())
    }
}
