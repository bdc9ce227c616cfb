//! The values of sheets as a workbook of their own, for files that cannot be copied as they are.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use rust_xlsxwriter::{Workbook as Writer, XlsxError};
use sheetlift_core::{
    Annotated, Cell, CellInfo, Limits, MAX_ROWS, OpenOptions, ReadOptions, SheetRef, Source,
    Workbook, cell_name,
};
use tempfile::NamedTempFile;

use crate::sheet_names;
use crate::{
    error::{Error, Result},
    excel::CellWriter,
    job::Job,
};

/// Characters of a cell (Excel).
const MAX_CHARS: usize = 32_767;

/// Names of sheets in the copy, by their names in the file, where they differ.
pub(super) type Renamed = HashMap<String, Arc<str>>;

/// A copy of values in a temporary file.
pub(super) struct Values {
    pub(super) workbook: Workbook,
    pub(super) renamed: Renamed,
    /// What it does not have.
    pub(super) notes: Vec<String>,
    /// Removed when this is dropped.
    _file: NamedTempFile,
}

impl Values {
    /// Copies sheets, in the order of the file: texts, numbers with their formats, booleans, errors. Rows are written as they are
    /// read.
    pub(super) fn of(job: &Job, workbook: &Workbook, sheets: &[SheetRef]) -> Result<Values> {
        let failed = |error| Error::io(error, "cannot write a temporary file");
        let mut file = tempfile::Builder::new()
            .prefix("sheetlift-")
            .suffix(".xlsx")
            .tempfile()
            .map_err(failed)?;
        let mut wanted = HashSet::new();
        for sheet in sheets {
            wanted.insert(&*workbook.sheet(sheet)?.name);
        }
        let all = workbook.sheets().iter().enumerate();
        let (places, old): (Vec<usize>, Vec<&str>) = all
            .map(|(place, info)| (place, &*info.name))
            .filter(|(_, name)| wanted.remove(name))
            .unzip();
        let new = sheet_names::in_excel(&old);
        let (mut writer, lost) = copied(workbook, &places, &new)?;
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
        let renamed: Renamed = old
            .iter()
            .zip(&new)
            .filter(|(old, new)| *old != new)
            .map(|(old, new)| ((*old).to_owned(), new.as_str().into()))
            .collect();
        // That of one table is no matter: in a text file it is not even the author's.
        if old.len() > 1 && !renamed.is_empty() {
            notes.push(format!(
                "{} sheets have another name in the copy, for theirs is none to Excel",
                renamed.len()
            ));
        }
        if lost > 0 {
            notes.push(format!(
                "{lost} cells are not in the copy: their rows are out of order, or beyond what a sheet can have"
            ));
        }
        Ok(Values {
            workbook: Workbook::open(source, options)?,
            renamed,
            notes,
            _file: file,
        })
    }
}

/// The sheets at these places under these names, and how many cells they are without.
fn copied(workbook: &Workbook, places: &[usize], names: &[String]) -> Result<(Writer, u64)> {
    let mut writer = Writer::new();
    let mut cells = CellWriter::new(workbook.dates());
    let mut lost = 0;
    for (&place, name) in places.iter().zip(names) {
        let sheet = writer.add_worksheet_with_constant_memory();
        let sheet = sheet.map_err(wrong)?;
        sheet.set_name(name).map_err(wrong)?;
        let mut rows = Rows {
            sheet,
            cells: &mut cells,
            row: 0,
            lost: 0,
        };
        rows.copy(workbook, place)?;
        lost += rows.lost;
    }
    Ok((writer, lost))
}

/// The sheet under way.
struct Rows<'a> {
    sheet: &'a mut rust_xlsxwriter::Worksheet,
    cells: &'a mut CellWriter,
    row: u32,
    lost: u64,
}

impl Rows<'_> {
    /// Copies the sheet at this place.
    fn copy(&mut self, workbook: &Workbook, place: usize) -> Result<()> {
        let mut error = None;
        let options = ReadOptions::default().with_sheet(SheetRef::Index(place));
        let visited = workbook.cells(&options, &mut |cell| {
            self.put(&cell).map_err(|wrong| {
                error = Some(wrong);
                sheetlift_core::Error::cancelled() // stops the read
            })
        });
        match error {
            Some(error) => Err(error),
            None => Ok(visited.map(drop)?),
        }
    }

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

    use sheetlift_fixtures::forge_ods::{Ods, row, text_cell};

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

    #[test]
    fn sheets_stand_in_the_order_of_the_file_under_their_names() {
        let text = |text: &str| row(&text_cell(&format!("<text:p>{text}</text:p>")));
        let book = Ods::new()
            .sheet("Z/1", &text("z"))
            .sheet("not asked for", &text("n"))
            .sheet("It's", &text("i"))
            .build();
        let job = Job::from_bytes(book, "a.ods").unwrap();
        let workbook = job.workbook().unwrap();
        let sheets = ["It's", "Z/1", "it's"].map(SheetRef::from);
        let values = Values::of(&job, &workbook, &sheets).unwrap();
        let names: Vec<&str> = values.workbook.sheets().iter().map(|s| &*s.name).collect();
        assert_eq!(names, ["Z_1", "It's"]);
        assert_eq!(
            values.renamed,
            Renamed::from([("Z/1".to_owned(), "Z_1".into())])
        );
        assert_eq!(values.notes.len(), 2, "{:?}", values.notes);
        let texts = |place: usize| {
            let mut texts = Vec::new();
            let options = ReadOptions::default().with_sheet(SheetRef::Index(place));
            let visited = values.workbook.cells(&options, &mut |cell| {
                if let Cell::Text(text, _) = cell.cell {
                    texts.push(text.to_owned());
                }
                Ok(())
            });
            visited.unwrap();
            texts
        };
        assert_eq!(
            (texts(0), texts(1)),
            (vec!["z".to_owned()], vec!["i".to_owned()])
        );
    }
}
