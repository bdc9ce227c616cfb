//! Cells of any file into a sheet of a workbook that is written, value by value, with their number formats.

use std::collections::HashMap;

use rust_xlsxwriter::{Format, Formula, Worksheet, XlsxError};
use sheetlift_core::{Cell, DateSystem, looks_like_a_formula};

/// Days between the epochs of 1900 and of 1904.
const DAYS_TO_1904: f64 = 1_462.0;
/// Integers up to here are numbers in Excel; others are written as texts, so that no digit is lost.
const MAX_INT: u64 = 1 << 53;
/// Number formats that are kept; a workbook has few, and Excel takes some ten thousand.
const MAX_FORMATS: usize = 1_000;
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

/// Writes cells, and knows the formats it has used.
pub(crate) struct CellWriter {
    dates: DateSystem,
    formats: HashMap<(Option<String>, Kind), Format>,
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

impl CellWriter {
    /// `dates` are those of the file that the cells come from; those of the workbook that is written start in 1900.
    pub(crate) fn new(dates: DateSystem) -> CellWriter {
        CellWriter {
            dates,
            formats: HashMap::new(),
        }
    }

    /// Writes a cell with its number format (its code). A text that looks like a formula stays one, and so does what calls itself
    /// an error and is none of Excel's: it comes from the file, and must not become a formula.
    pub(crate) fn put(
        &mut self,
        sheet: &mut Worksheet,
        (row, column): (u32, u16),
        cell: Cell<'_>,
        code: Option<&str>,
    ) -> Result<(), XlsxError> {
        let shift = match self.dates {
            DateSystem::Y1904 => DAYS_TO_1904,
            DateSystem::Y1900 => 0.0,
        };
        let (number, kind) = match cell {
            Cell::Null => return Ok(()),
            Cell::Bool(value) => {
                let format = self.format(code, Kind::Plain);
                return sheet
                    .write_boolean_with_format(row, column, value, format)
                    .map(drop);
            }
            Cell::Int(value) if value.unsigned_abs() > MAX_INT => {
                return sheet.write_string(row, column, value.to_string()).map(drop);
            }
            Cell::Int(value) => (value as f64, Kind::Plain),
            Cell::Float(value) => (value, Kind::Plain),
            Cell::Date(serial) => (serial + shift, Kind::Date),
            Cell::DateTime(serial) => (serial + shift, Kind::DateTime),
            Cell::Time(fraction) => (fraction, Kind::Time),
            Cell::Duration(days) => (days, Kind::Duration),
            // The one way to have an error in a cell is a formula that ends in it.
            Cell::Error(literal) if ERRORS.contains(&literal) => {
                let formula = Formula::new(literal).set_result(literal);
                return sheet.write_formula(row, column, formula).map(drop);
            }
            Cell::Text(text, _) | Cell::Error(text) => {
                let kind = match looks_like_a_formula(text) {
                    true => Kind::FormulaText,
                    false => Kind::Plain,
                };
                let format = self.format(code, kind);
                return sheet
                    .write_string_with_format(row, column, text, format)
                    .map(drop);
            }
            Cell::BadString(id) => {
                let text = format!("shared string {id} is missing");
                return sheet.write_string(row, column, text).map(drop);
            }
        };
        let format = self.format(code, kind);
        sheet
            .write_number_with_format(row, column, number, format)
            .map(drop)
    }

    fn format(&mut self, code: Option<&str>, kind: Kind) -> &Format {
        let is_full = self.formats.len() >= MAX_FORMATS;
        let code = code.filter(|code| *code != "General").map(str::to_owned);
        let mut key = (code, kind);
        if is_full && !self.formats.contains_key(&key) {
            key.0 = None;
        }
        self.formats.entry(key).or_insert_with_key(|(code, kind)| {
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
}
