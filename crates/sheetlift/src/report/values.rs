//! The values of a sheet as a workbook of their own, for files that cannot be copied as they are.

use rust_xlsxwriter::{Workbook as Writer, XlsxError};
use sheetlift_core::{
    Annotated, Cell, CellInfo, Limits, MAX_ROWS, OpenOptions, ReadOptions, SheetRef, Source,
    Workbook, cell_name,
};
use tempfile::NamedTempFile;

use crate::{
    error::{Error, Result},
    excel::CellWriter,
    job::Job,
};

/// Characters of a cell (Excel).
const MAX_CHARS: usize = 32_767;
/// A copy of values in a temporary file.
pub(super) struct Values {
    pub(super) workbook: Workbook,
    /// What it does not have.
    pub(super) notes: Vec<String>,
    /// Removed when this is dropped.
    _file: NamedTempFile,
}

impl Values {
    /// Copies a sheet: texts, numbers with their formats, booleans, errors. Rows are written as they are read.
    pub(super) fn of(job: &Job, workbook: &Workbook, sheet: &SheetRef) -> Result<Values> {
        let failed = |error| Error::io(error, "cannot write a temporary file");
        let mut file = tempfile::Builder::new()
            .prefix("sheetlift-")
            .suffix(".xlsx")
            .tempfile()
            .map_err(failed)?;
        let info = workbook.sheet(sheet)?;
        let mut writer = Writer::new();
        let mut rows = Rows {
            sheet: writer.add_worksheet_with_constant_memory().map_err(wrong)?,
            cells: CellWriter::new(workbook.dates()),
            row: 0,
            lost: 0,
        };
        // A name that a workbook cannot have is left to be the usual one.
        let _ = rows.sheet.set_name(&*info.name);
        let mut error = None;
        let options = ReadOptions::default().with_sheet(sheet.clone());
        let visited = workbook.cells(&options, &mut |cell| {
            rows.put(&cell).map_err(|wrong| {
                error = Some(wrong);
                sheetlift_core::Error::cancelled() // stops the read
            })
        });
        if let Some(error) = error {
            return Err(error);
        }
        visited?;
        let lost = rows.lost;
        writer.save_to_writer(file.as_file_mut()).map_err(wrong)?;

        // Our own file: nothing in it is to be feared.
        let mut limits = Limits::default();
        for name in Limits::NAMES {
            limits.set(name, Limits::NONE)?;
        }
        let source = Source::from_path(file.path(), &limits)?;
        let source = source.with_name(job.source.name().unwrap_or("workbook"));
        let options = OpenOptions::default()
            .with_limits(limits)
            .with_cancel(job.cancel.clone());
        let mut notes = vec![
            "values only: formulas, styles and other sheets of the file are not in the copy"
                .to_owned(),
        ];
        if workbook.is_encrypted() {
            notes.push(Annotated::NO_PASSWORD.to_owned());
        }
        if lost > 0 {
            notes.push(format!(
                "{lost} cells are not in the copy: their rows are out of order, or beyond what a sheet can have"
            ));
        }
        Ok(Values {
            workbook: Workbook::open(source, options)?,
            notes,
            _file: file,
        })
    }
}

/// The sheet under way.
struct Rows<'a> {
    sheet: &'a mut rust_xlsxwriter::Worksheet,
    cells: CellWriter,
    row: u32,
    lost: u64,
}

impl Rows<'_> {
    fn put(&mut self, cell: &CellInfo<'_>) -> Result<()> {
        let (row, column) = (cell.row, cell.column as u16);
        if row < self.row || row >= MAX_ROWS {
            self.lost += 1;
            return Ok(());
        }
        self.row = row;
        let cut;
        let value = match cell.cell {
            Cell::BadString(id) => {
                let what = format!("shared string {id} is outside the table");
                let error = sheetlift_core::Error::malformed(what);
                return Err(error.at_cell(cell_name(row, cell.column)).into());
            }
            Cell::Text(text, _) if text.len() > MAX_CHARS => {
                cut = shortened(text);
                Cell::Text(&cut, None)
            }
            other => other,
        };
        let written = self
            .cells
            .put(self.sheet, (row, column), value, cell.format);
        written.map_err(wrong)
    }
}

fn wrong(error: XlsxError) -> Error {
    let error = match error {
        XlsxError::IoError(error) | XlsxError::TempFileError(_, error) => error,
        XlsxError::ZipError(error) => error.into(),
        // What a sheet cannot hold was sorted out before.
        error => return Error::bug(format!("the copy of values: {error}")),
    };
    Error::io(error, "cannot write a temporary file")
}

/// As much of a text as a cell can hold. Excel counts units of UTF-16.
fn shortened(text: &str) -> String {
    let mut units = 0;
    let fits = text.chars().take_while(|c| {
        units += c.len_utf16();
        units <= MAX_CHARS
    });
    fits.collect()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::ErrorKind;

    #[test]
    fn only_faults_of_files_are_those_of_files() {
        let failed = || io::Error::other("full");
        for error in [
            XlsxError::IoError(failed()),
            XlsxError::TempFileError("dir".into(), failed()),
        ] {
            let error = wrong(error);
            assert!(matches!(error.kind(), ErrorKind::Io), "{error}");
            assert!(
                error
                    .io_error()
                    .is_some_and(|error| error.to_string() == "full")
            );
        }
        let error = wrong(XlsxError::RowColumnLimitError);
        assert_eq!(error.code(), "internal/bug");
    }
}
