//! The values of a sheet as a workbook of their own, for files that cannot be copied as they are.

use std::collections::HashMap;

use rust_xlsxwriter::{Format, Workbook as Writer, XlsxError};
use sheetlift_core::{
    Annotated, Cell, CellInfo, DateSystem, Limits, MAX_ROWS, OpenOptions, ReadOptions, SheetRef,
    Source, Workbook, cell_name,
};
use tempfile::NamedTempFile;

use crate::{
    error::{Error, Result},
    job::Job,
};

/// Characters of a cell (Excel).
const MAX_CHARS: usize = 32_767;
/// Digits of a number: a double holds integers up to 2^53.
const MAX_INT: u64 = 1 << 53;
/// Days between the first days of the two date systems.
const DAYS_1904: f64 = 1_462.0;
/// Number formats that are kept; a workbook has few.
const MAX_FORMATS: usize = 1_000;

/// A copy of values in a temporary file.
pub(super) struct Values {
    pub(super) workbook: Workbook,
    /// What it does not have.
    pub(super) notes: Vec<String>,
    /// Removed when this is dropped.
    _file: NamedTempFile,
}

impl Values {
    /// Copies a sheet: texts, numbers with their formats, booleans; errors as texts. Rows are written as they are read.
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
            formats: HashMap::new(),
            dates: workbook.dates(),
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
    formats: HashMap<String, Format>,
    dates: DateSystem,
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
        let number = match cell.cell {
            Cell::Null => return Ok(()),
            Cell::Bool(value) => {
                return done(self.sheet.write_boolean(row, column, value));
            }
            Cell::Text(text, _) => {
                return done(self.sheet.write_string(row, column, cut(text)));
            }
            Cell::Int(value) if value.unsigned_abs() > MAX_INT => {
                return done(self.sheet.write_string(row, column, value.to_string()));
            }
            Cell::Int(value) => value as f64,
            Cell::Float(value) | Cell::Time(value) | Cell::Duration(value) => value,
            Cell::Date(value) | Cell::DateTime(value) if self.dates == DateSystem::Y1904 => {
                value + DAYS_1904
            }
            Cell::Date(value) | Cell::DateTime(value) => value,
            Cell::Error(literal) => {
                return done(self.sheet.write_string(row, column, cut(literal)));
            }
            Cell::BadString(id) => {
                let what = format!("shared string {id} is outside the table");
                let error = sheetlift_core::Error::malformed(what);
                return Err(error.at_cell(cell_name(row, cell.column)).into());
            }
        };
        let code = cell.format.unwrap_or(match cell.cell {
            Cell::Date(_) => "yyyy-mm-dd",
            Cell::DateTime(_) => "yyyy-mm-dd hh:mm:ss",
            Cell::Time(_) => "hh:mm:ss",
            Cell::Duration(_) => "[h]:mm:ss",
            _ => return done(self.sheet.write_number(row, column, number)),
        });
        if self.formats.len() >= MAX_FORMATS && !self.formats.contains_key(code) {
            return done(self.sheet.write_number(row, column, number));
        }
        let format = self
            .formats
            .entry(code.to_owned())
            .or_insert_with(|| Format::new().set_num_format(code));
        done(
            self.sheet
                .write_number_with_format(row, column, number, format),
        )
    }
}

fn done<T>(written: std::result::Result<T, XlsxError>) -> Result<()> {
    written.map(drop).map_err(wrong)
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
fn cut(text: &str) -> String {
    if text.len() <= MAX_CHARS {
        return text.to_owned();
    }
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
