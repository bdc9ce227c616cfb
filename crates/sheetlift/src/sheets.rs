//! The sheets of a table, opened one after the other.

use std::{collections::VecDeque, sync::Arc};

use sheetlift_core::{Contract, ReadOptions, RowReader, SheetRef, Sheets, Validator, Workbook};

use crate::{
    check::{open_table, read_options},
    error::Result,
    job::Job,
    survey::survey,
};

/// Rows of a window: its columns stay in the cache from one rule to the next, and the findings about all its cells are few enough
/// to be held.
const MAX_WINDOW_ROWS: usize = 16_384;

/// A sheet of the table, before its first row is read.
pub(crate) struct OpenSheet {
    pub(crate) options: ReadOptions,
    pub(crate) rows: RowReader,
    pub(crate) validator: Validator,
}

impl OpenSheet {
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.rows.header().sheet
    }

    /// Looks at whole columns where the contract asks for it.
    pub(crate) fn survey(mut self, job: &Job, workbook: &Workbook) -> Result<OpenSheet> {
        let contract = job.needed_contract()?;
        if let Some(survey) = survey(workbook, &self.options, contract, &job.cancel)? {
            self.validator = self.validator.with_survey(survey);
        }
        Ok(self)
    }
}

impl Job {
    /// The sheets that are read as one table: those of the contract, unless the options of the read name one.
    pub(crate) fn sheets_of_table(&self, workbook: &Workbook) -> Result<Vec<SheetRef>> {
        let read = self.located();
        let sheets = self.contract.as_ref().and_then(|c| c.locate.sheets.clone());
        let Some(sheets) = sheets.filter(|_| read.sheet == SheetRef::First && read.area.is_none())
        else {
            return Ok(vec![read.sheet]);
        };
        let mut found = workbook.sheets_of(&sheets)?;
        if !matches!(sheets, Sheets::Listed(_)) {
            let first = found[0].clone();
            let mut used = Vec::new();
            for sheet in found {
                if has_cells(workbook, &sheet)? {
                    used.push(sheet);
                }
            }
            found = match used[..] {
                [] => vec![first], // whose emptiness is what there is to say
                _ => used,
            };
        }
        Ok(found)
    }

    /// Opens all of them. Nothing but their headers is read yet, unless the file is small.
    pub(crate) fn open_sheets(
        &self,
        workbook: &Workbook,
        contract: &Contract,
    ) -> Result<VecDeque<OpenSheet>> {
        let sheets = self.sheets_of_table(workbook)?;
        let mut opened = VecDeque::with_capacity(sheets.len());
        for sheet in sheets {
            self.cancel.check()?;
            let is_whole = self.read.columns.is_none();
            let mut options = read_options(self, contract).with_ragged_told(is_whole);
            options.sheet = sheet;
            options.batch_rows = options.batch_rows.min(MAX_WINDOW_ROWS);
            let (rows, validator) = open_table(self, workbook, contract, &mut options)?;
            opened.push_back(OpenSheet {
                options,
                rows,
                validator,
            });
        }
        Ok(opened)
    }

    /// Their names.
    pub(crate) fn sheet_names(&self, workbook: &Workbook) -> Result<Vec<String>> {
        let sheets = self.sheets_of_table(workbook)?;
        let name = |sheet: &SheetRef| Ok(workbook.sheet(sheet)?.name.clone());
        sheets.iter().map(name).collect()
    }
}

/// Whether there is anything on a sheet.
fn has_cells(workbook: &Workbook, sheet: &SheetRef) -> Result<bool> {
    match workbook.rows(&ReadOptions::default().with_sheet(sheet.clone())) {
        Ok(rows) => Ok(!rows.header().columns.is_empty()),
        Err(error) if error.code() == "sheet/out-of-order" => Ok(true),
        Err(error) => Err(error.into()),
    }
}
