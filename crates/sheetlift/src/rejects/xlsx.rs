//! Rejected rows as an Excel workbook, row by row.

use std::io;

use rust_xlsxwriter::{Color, Format, FormatAlign, Workbook, Worksheet, XlsxError};
use sheetlift_core::{Cell, DateSystem, MAX_COLUMNS, MAX_ROWS, column_name};

use super::{Rows, Table};
use crate::{
    error::{Error, Result},
    excel::CellWriter,
};

/// Width of the column of reasons, in characters.
const REASON_WIDTH: f64 = 60.0;

/// The workbook of the rejected rows, sheet by sheet.
pub(super) struct Book {
    workbook: Workbook,
    sheets: usize,
    /// A table is in it.
    has_table: bool,
}

/// A sheet under way, apart from its workbook. Rows go to a temporary file.
pub(super) struct SheetRows {
    sheet: Worksheet,
    cells: CellWriter,
    note: Format,
    row: u32,
    /// The name that the table has to have, its columns and the row of its labels.
    area: Option<(String, u16, u16, u32)>,
    name: String,
}

impl Book {
    pub(super) fn new() -> Book {
        Book {
            workbook: Workbook::new(),
            sheets: 0,
            has_table: false,
        }
    }

    /// A new sheet for a table, behind as many others as it has to be.
    pub(super) fn sheet(&mut self, table: &Table, dates: DateSystem) -> Result<SheetRows> {
        while table.place.is_some_and(|place| self.sheets < place) {
            self.sheets += 1;
            let sheet = self.workbook.add_worksheet();
            let name = format!("(sheet {})", self.sheets);
            sheet.set_name(name).map_err(fail)?;
            sheet.set_hidden(true);
        }
        let mut sheet = self
            .workbook
            .new_worksheet_with_constant_memory()
            .map_err(fail)?;
        sheet.set_name(&table.name).map_err(fail)?;
        if !self.has_table {
            sheet.set_active(true).set_first_tab(self.sheets > 0);
        }
        let reason = column_of(table.reason)?;
        sheet.set_column_width(reason, REASON_WIDTH).map_err(fail)?;
        if table.has_header() {
            sheet.set_freeze_panes(table.first_row, 0).map_err(fail)?;
        }
        let columns = table.header.columns.iter().map(|column| column.index);
        let area = table.area.clone().filter(|name| !name.contains([':', '!']));
        let area = match (area, columns.clone().min(), columns.max(), table.header.row) {
            (Some(name), Some(first), Some(last), Some(row)) => {
                Some((name, column_of(first)?, column_of(last)?, row))
            }
            _ => None,
        };
        Ok(SheetRows {
            sheet,
            cells: CellWriter::new(dates),
            note: Format::new()
                .set_background_color(Color::RGB(0xFF_F2_CC))
                .set_align(FormatAlign::Top)
                .set_quote_prefix(),
            row: 0,
            area,
            name: table.name.clone(),
        })
    }

    /// Takes in a sheet that is finished.
    pub(super) fn add(&mut self, rows: SheetRows) -> Result<()> {
        self.workbook.push_worksheet(rows.sheet);
        self.sheets += 1;
        self.has_table = true;
        if let Some((area, first, last, row)) = &rows.area {
            let (first, last) = (column_name((*first).into()), column_name((*last).into()));
            let sheet = rows.name.replace('\'', "''");
            let (top, end) = (row + 1, rows.row + 1);
            let cells = format!("='{sheet}'!${first}${top}:${last}${end}");
            self.workbook.define_name(area, &cells).map_err(fail)?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self, mut out: impl io::Write + io::Seek + Send) -> Result<()> {
        self.workbook.save_to_writer(&mut out).map_err(fail)?;
        let flushed = out.flush();
        flushed.map_err(|error| Error::io(error, "cannot write the rejected rows"))
    }
}

impl Rows for SheetRows {
    fn start(&mut self, row: u32) -> Result<()> {
        if row >= MAX_ROWS {
            let message = format!("a sheet has {MAX_ROWS} rows, and more were rejected");
            return Err(limit(message));
        }
        self.row = row;
        Ok(())
    }

    fn cell(&mut self, column: u32, cell: Cell<'_>, code: Option<&str>) -> Result<()> {
        let at = (self.row, column_of(column)?);
        let written = self.cells.put(&mut self.sheet, at, cell, code);
        written.map_err(fail)
    }

    fn note(&mut self, column: u32, text: &str) -> Result<()> {
        let at = column_of(column)?;
        let text: String = text.chars().take(MAX_NOTE).collect();
        let written = self
            .sheet
            .write_string_with_format(self.row, at, &text, &self.note);
        written.map(drop).map_err(fail)
    }
}

/// Characters of a reason; a cell can have 32,767.
const MAX_NOTE: usize = 8_000;

fn column_of(column: u32) -> Result<u16> {
    u16::try_from(column)
        .ok()
        .filter(|_| column < MAX_COLUMNS)
        .ok_or_else(|| {
            limit(format!(
                "a sheet has {MAX_COLUMNS} columns, and one more is needed for the reasons"
            ))
        })
}

fn limit(message: String) -> Error {
    Error::usage("usage/rejects", message).with_hint(
        "write the rejected rows of a text file to a .csv, or correct the worst rule first",
    )
}

fn fail(error: XlsxError) -> Error {
    match error {
        XlsxError::IoError(error) => Error::io(error, "cannot write the rejected rows"),
        XlsxError::MaxStringLengthExceeded => {
            limit("a cell has 32,767 characters at most, and a text is longer".to_owned())
        }
        error => Error::usage(
            "usage/rejects",
            format!("the rejected rows cannot be written: {error}"),
        ),
    }
}
