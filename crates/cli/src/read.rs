//! From the options of the command line to a job.

use std::path::Path;

use sheetlift::{
    CancelToken, Contract, CsvOptions, Job, Limits, Password, ReadOptions, Result, SheetKind,
    SheetRef, Source, Visibility, parse_columns, parse_delimiter, parse_fill_merged, parse_header,
    parse_skip_hidden, parse_strings, parse_types,
};

use crate::args::{OpenArgs, ReadArgs};

/// A job over a file.
pub(crate) fn job(
    file: &Path,
    open: &OpenArgs,
    limits: &Limits,
    cancel: CancelToken,
) -> Result<Job> {
    let mut csv = CsvOptions::default();
    csv.encoding.clone_from(&open.encoding);
    csv.delimiter = open.delimiter.as_deref().map(parse_delimiter).transpose()?;
    let source = Source::from_path(file, limits)?;
    let job = Job::new(source)
        .with_limits(limits.clone())
        .with_csv(csv)
        .with_cancel(cancel);
    // A variable of the environment that is empty is none.
    Ok(match open.password.as_deref().unwrap_or_default() {
        "" => job,
        password => job.with_password(Password::new(password)),
    })
}

/// A job over a file that is held to a contract. A wrong contract is found before the file is opened. Of a package it is the
/// resource with this name, or the one for this file.
pub(crate) fn job_with_contract(
    file: &Path,
    contract: &Path,
    resource: Option<&str>,
    open: &OpenArgs,
    limits: &Limits,
    cancel: CancelToken,
) -> Result<Job> {
    let folder = contract.parent().unwrap_or(Path::new(""));
    let contract = match resource {
        Some(name) => Contract::from_path_named(contract, name)?,
        None => Contract::from_path_for(contract, file)?,
    };
    let job = job(file, open, limits, cancel)?;
    Ok(job.with_contract(contract).with_references(folder))
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
            options = options.with_cells(range);
        }
        if let Some(which) = &self.skip_hidden {
            let (rows, columns) = parse_skip_hidden(which)?;
            options = options.with_skip_hidden(rows, columns);
        }
        if let Some(direction) = &self.fill_merged {
            options.merged = parse_fill_merged(direction)?;
        }
        options.display_text = self.display_text;
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
