//! Rejected rows as an Excel workbook, row by row.

use std::{collections::HashMap, io};

use rust_xlsxwriter::{Color, Format, FormatAlign, Workbook, Worksheet, XlsxError};
use sheetlift_core::{
    Cell, DateSystem, MAX_COLUMNS, MAX_ROWS, cell_text, column_name, looks_like_a_formula,
};

use super::{Rows, Table};
use crate::error::{Error, Result};

/// Days between the epochs of 1900 and of 1904.
const DAYS_TO_1904: f64 = 1_462.0;
/// Integers up to here are numbers in Excel; others are written as texts, so that no digit is lost.
const MAX_INT: u64 = 1 << 53;
/// Width of the column of reasons, in characters.
const REASON_WIDTH: f64 = 60.0;

/// A sheet under way. Rows go to a temporary file.
pub(super) struct SheetRows {
    workbook: Workbook,
    /// Apart from the workbook until it is finished.
    sheet: Worksheet,
    dates: DateSystem,
    formats: HashMap<(Option<String>, Kind), Format>,
    note: Format,
    row: u32,
    /// The name that the table has to have, its columns and the row of its labels.
    area: Option<(String, u16, u16, u32)>,
    name: String,
}

/// What a cell without a number format of its own needs one for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Plain,
    /// A text that would become a formula once its cell is edited.
    FormulaText,
    Date,
    DateTime,
    Time,
    Duration,
}

impl Kind {
    /// The built-in format that shows it in the way of the reader's country (ECMA-376 part 1, 18.8.30).
    fn built_in(self) -> Option<u8> {
        match self {
            Kind::Plain | Kind::FormulaText => None,
            Kind::Date => Some(14),
            Kind::DateTime => Some(22),
            Kind::Time => Some(21),
            Kind::Duration => Some(46),
        }
    }
}

impl SheetRows {
    pub(super) fn new(table: &Table, dates: DateSystem) -> Result<SheetRows> {
        let mut workbook = Workbook::new();
        for number in 1..=table.sheets_before {
            let sheet = workbook.add_worksheet();
            sheet.set_name(format!("(sheet {number})")).map_err(fail)?;
            sheet.set_hidden(true);
        }
        let mut sheet = workbook
            .new_worksheet_with_constant_memory()
            .map_err(fail)?;
        let name = table.header.sheet.to_string();
        // A name that Excel does not know (of a text file, of another program) is not needed to find the only sheet.
        let name = match sheet.set_name(&name) {
            Ok(_) => name,
            Err(_) => "Rejected".to_owned(),
        };
        sheet.set_name(&name).map_err(fail)?;
        sheet
            .set_active(true)
            .set_first_tab(table.sheets_before > 0);
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
            workbook,
            sheet,
            dates,
            formats: HashMap::new(),
            note: Format::new()
                .set_background_color(Color::RGB(0xFF_F2_CC))
                .set_align(FormatAlign::Top)
                .set_quote_prefix(),
            row: 0,
            area,
            name,
        })
    }

    pub(super) fn finish(mut self, mut out: impl io::Write + io::Seek + Send) -> Result<()> {
        self.workbook.push_worksheet(self.sheet);
        if let Some((area, first, last, row)) = &self.area {
            let (first, last) = (column_name((*first).into()), column_name((*last).into()));
            let sheet = self.name.replace('\'', "''");
            let (top, end) = (row + 1, self.row + 1);
            let cells = format!("='{sheet}'!${first}${top}:${last}${end}");
            self.workbook.define_name(area, &cells).map_err(fail)?;
        }
        self.workbook.save_to_writer(&mut out).map_err(fail)?;
        let flushed = out.flush();
        flushed.map_err(|error| Error::io(error, "cannot write the rejected rows"))
    }

    /// The format for a cell with this number format.
    fn format(&mut self, code: Option<&str>, kind: Kind) -> &Format {
        let code = code.filter(|code| *code != "General").map(str::to_owned);
        self.formats
            .entry((code, kind))
            .or_insert_with_key(|(code, kind)| {
                let format = match (code, kind.built_in()) {
                    (Some(code), _) => Format::new().set_num_format(code),
                    (None, Some(number)) => Format::new().set_num_format_index(number),
                    (None, None) => Format::new(),
                };
                match kind {
                    Kind::FormulaText => format.set_quote_prefix(),
                    _ => format,
                }
            })
    }

    fn number(&mut self, column: u16, value: f64, code: Option<&str>, kind: Kind) -> Result<()> {
        let (row, format) = (self.row, self.format(code, kind).clone());
        let written = self
            .sheet
            .write_number_with_format(row, column, value, &format);
        written.map(drop).map_err(fail)
    }

    fn text(&mut self, column: u16, text: &str, code: Option<&str>) -> Result<()> {
        let kind = match looks_like_a_formula(text) {
            true => Kind::FormulaText,
            false => Kind::Plain,
        };
        let (row, format) = (self.row, self.format(code, kind).clone());
        let written = self
            .sheet
            .write_string_with_format(row, column, text, &format);
        written.map(drop).map_err(fail)
    }

    fn serial(
        &mut self,
        column: u16,
        cell: Cell<'_>,
        serial: f64,
        code: Option<&str>,
        kind: Kind,
    ) -> Result<()> {
        let shift = match self.dates {
            DateSystem::Y1904 => DAYS_TO_1904,
            DateSystem::Y1900 => 0.0,
        };
        if self.dates.unix_days(serial).is_some() {
            return self.number(column, serial + shift, code, kind);
        }
        // A day that Excel has no number for.
        let text = cell_text(cell, self.dates).unwrap_or_default();
        self.text(column, &text, None)
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
        let at = column_of(column)?;
        match cell {
            Cell::Null => Ok(()),
            Cell::Bool(value) => {
                let (row, format) = (self.row, self.format(code, Kind::Plain).clone());
                let written = self
                    .sheet
                    .write_boolean_with_format(row, at, value, &format);
                written.map(drop).map_err(fail)
            }
            Cell::Int(value) if value.unsigned_abs() > MAX_INT => {
                self.text(at, &value.to_string(), None)
            }
            Cell::Int(value) => self.number(at, value as f64, code, Kind::Plain),
            Cell::Float(value) if value.is_finite() => self.number(at, value, code, Kind::Plain),
            Cell::Float(value) => self.text(at, &value.to_string(), None),
            Cell::Date(serial) => self.serial(at, cell, serial, code, Kind::Date),
            Cell::DateTime(serial) => self.serial(at, cell, serial, code, Kind::DateTime),
            Cell::Time(serial) => self.number(at, serial, code, Kind::Time),
            Cell::Duration(serial) => self.number(at, serial, code, Kind::Duration),
            Cell::Text(text, _) => self.text(at, text, code),
            // The one way to have an error in a cell is a formula that ends in it. What is no error of Excel's is a text: it comes
            // from the file, and must not become a formula.
            Cell::Error(literal) if !ERRORS.contains(&literal) => self.text(at, literal, None),
            Cell::Error(literal) => {
                let formula = rust_xlsxwriter::Formula::new(literal).set_result(literal);
                let written = self.sheet.write_formula(self.row, at, formula);
                written.map(drop).map_err(fail)
            }
            Cell::BadString(id) => self.text(at, &format!("shared string {id} is missing"), None),
        }
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

/// The errors that a formula can end in.
const ERRORS: [&str; 8] = [
    "#N/A",
    "#DIV/0!",
    "#REF!",
    "#VALUE!",
    "#NAME?",
    "#NUM!",
    "#NULL!",
    "#GETTING_DATA",
];

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
