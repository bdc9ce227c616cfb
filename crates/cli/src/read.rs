//! From the options of the command line to a job.

use std::path::Path;

use sheetlift::{
    CancelToken, CellRange, Contract, Job, Limits, ReadOptions, Result, SheetKind, SheetRef,
    Source, Visibility, parse_columns, parse_header, parse_strings, parse_types,
};

use crate::args::ReadArgs;

/// A job over a file.
pub(crate) fn job(file: &Path, limits: &Limits, cancel: CancelToken) -> Result<Job> {
    let source = Source::from_path(file, limits)?;
    Ok(Job::new(source)
        .with_limits(limits.clone())
        .with_cancel(cancel))
}

/// A job over a file that is held to a contract. A wrong contract is found before the file is opened.
pub(crate) fn job_with_contract(
    file: &Path,
    contract: &Path,
    limits: &Limits,
    cancel: CancelToken,
) -> Result<Job> {
    let contract = Contract::from_path(contract)?;
    Ok(job(file, limits, cancel)?.with_contract(contract))
}

/// The sheets of cells that users see.
pub(crate) fn visible_sheets(job: &Job) -> Result<Vec<SheetRef>> {
    let workbook = job.workbook()?;
    let sheets = workbook.sheets().iter().enumerate();
    let shown = sheets.filter(|(_, sheet)| {
        sheet.kind == SheetKind::Worksheet && sheet.visibility == Visibility::Visible
    });
    Ok(shown.map(|(place, _)| SheetRef::Index(place)).collect())
}

impl ReadArgs {
    pub(crate) fn options(&self, job: &Job) -> Result<ReadOptions> {
        let mut options = ReadOptions::default();
        if let Some(range) = &self.range {
            options.range = Some(CellRange::parse(range)?);
        }
        if let Some(columns) = &self.columns {
            options.columns = Some(parse_columns(columns)?);
        }
        if let Some(header) = &self.header {
            options.header = parse_header(header)?;
        }
        if let Some(types) = &self.types {
            options.types = parse_types(types)?;
        }
        if let Some(strings) = &self.strings {
            options.text = parse_strings(strings)?;
        }
        if let Some(sheet) = &self.sheet {
            options.sheet = job.sheet_called(sheet)?;
        }
        options.limit = self.limit;
        options.threads = self.threads.unwrap_or(0);
        Ok(options)
    }
}
