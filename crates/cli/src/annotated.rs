//! The copy of a workbook that shows what is wrong with it: `--annotated`.

use std::path::{Path, PathBuf};

use sheetlift::{Error, Job, Report, Result};

use crate::{
    numbers::count,
    output::{Output, is_stdout, note},
};

/// A copy that will be written.
pub(crate) struct AnnotatedFile {
    path: PathBuf,
    output: Output,
}

impl AnnotatedFile {
    /// A wrong name or place is found before anything is read.
    pub(crate) fn create(path: &Path, job: &Job, reports: &[PathBuf]) -> Result<AnnotatedFile> {
        let wrong = |message: String, hint: String| {
            Err(Error::usage("usage/annotated", message).with_hint(hint))
        };
        if is_stdout(path) {
            let message = "an annotated workbook cannot go to standard output".to_owned();
            return wrong(message, "write it to a file".to_owned());
        }
        if reports.iter().any(|report| report == path) {
            let message = format!("{} is given twice", path.display());
            return wrong(message, "write to another file".to_owned());
        }
        let needed = job.annotated_extension()?;
        let extension = path.extension().and_then(|extension| extension.to_str());
        if !extension.is_some_and(|extension| extension.eq_ignore_ascii_case(needed)) {
            let message = format!("{} is no name for the annotated copy", path.display());
            let hint = format!("let it end in .{needed}: a spreadsheet program opens no other");
            return wrong(message, hint);
        }
        Ok(AnnotatedFile {
            path: path.to_owned(),
            output: Output::create(path)?,
        })
    }

    /// Writes it, and says what is in it.
    pub(crate) fn write(self, job: &Job, report: &Report) -> Result<()> {
        let out = self.output.writer()?;
        let annotated = job.annotate(report, out)?;
        self.output.publish()?;
        let mut line = format!(
            "{}: {} coloured, {}, {} in the sheet {:?}",
            self.path.display(),
            count(annotated.filled, "cell"),
            count(annotated.commented, "comment"),
            count(annotated.listed, "finding"),
            annotated.sheet
        );
        for note in &annotated.notes {
            line = line + "; " + note;
        }
        note(&line);
        Ok(())
    }
}
