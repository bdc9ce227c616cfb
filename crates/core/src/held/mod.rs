//! Rows that were read before, such as those of a quarantine, as a book again: each at the row that it had, with the cells that it
//! had.
//!
//! Lines of JSON, each a [`Line`]: what holds for the book, then the name of a sheet and its rows from the top down, and the next
//! sheet. Numbers are written as their bits, so that none changes on the way.

mod sheet;
mod write;

use std::{fmt, ops::Range, sync::Arc};

use serde::{Deserialize, Serialize};

pub use self::write::HeldWriter;

use self::sheet::HeldSheet;
use crate::{
    book::{Book, SheetBody, SheetInfo, SheetKind, Visibility},
    column::DateSystem,
    csv::TextFormat,
    error::{Error, Result},
    limits::Budget,
    source::Source,
};

/// What a line says.
#[derive(Debug, Serialize, Deserialize)]
enum Line {
    /// The first: serial numbers start in 1904, and whether cells are those of a text file.
    Book { is_1904: bool, is_text: bool },
    /// The rows that follow are on a sheet of this name.
    Sheet(String),
    /// A row.
    Row(HeldRow),
}

/// How the line of a sheet begins.
const SHEET: &[u8] = b"{\"Sheet\":";

/// A row that was read before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldRow {
    /// Its zero-based number on its sheet.
    pub row: u32,
    /// The number of its cells, where that of the header of a text file is another.
    pub width: Option<u32>,
    /// Its cells by their zero-based columns, from left to right.
    pub cells: Vec<(u32, HeldCell)>,
}

/// A cell that was read before, with the bits of its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HeldCell {
    /// `TRUE` or `FALSE`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(u64),
    /// Serial number of a date.
    Date(u64),
    /// Serial number of a date with a time of day.
    DateTime(u64),
    /// Fraction of a day.
    Time(u64),
    /// Elapsed days.
    Duration(u64),
    /// A text.
    Text(String),
    /// An error literal.
    Error(String),
    /// A shared string whose index is outside the table.
    BadString(u32),
}

/// Held rows, open.
pub(crate) struct HeldBook {
    source: Source,
    sheets: Vec<SheetInfo>,
    /// The lines of the rows of each.
    places: Vec<Range<usize>>,
    is_text: bool,
    dates: DateSystem,
    budget: Arc<Budget>,
}

impl HeldBook {
    pub(crate) fn open(source: &Source, budget: Arc<Budget>) -> Result<HeldBook> {
        let bytes = source.bytes();
        let first = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
        let Line::Book { is_1904, is_text } = parse(&bytes[..first])? else {
            return Err(damaged("they begin with no book"));
        };
        let mut sheets: Vec<SheetInfo> = Vec::new();
        let mut places: Vec<Range<usize>> = Vec::new();
        let mut at = first + 1;
        while at < bytes.len() {
            let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end);
            let line = &bytes[at..end];
            let next = bytes.len().min(end + 1);
            if line.starts_with(SHEET) {
                let Line::Sheet(name) = parse(line)? else {
                    return Err(damaged("a sheet has no name"));
                };
                sheets.push(SheetInfo {
                    name,
                    visibility: Visibility::Visible,
                    kind: SheetKind::Worksheet,
                });
                places.push(next..next);
            } else if let Some(place) = places.last_mut() {
                place.end = next;
            }
            at = next;
        }
        let dates = match is_1904 {
            true => DateSystem::Y1904,
            false => DateSystem::Y1900,
        };
        Ok(HeldBook {
            source: source.clone(),
            sheets,
            places,
            is_text,
            dates,
            budget,
        })
    }
}

impl Book for HeldBook {
    fn sheets(&self) -> &[SheetInfo] {
        &self.sheets
    }

    fn text_format(&self) -> Option<TextFormat> {
        let of_held = || TextFormat {
            encoding: "UTF-8",
            delimiter: ',',
        };
        self.is_text.then(of_held)
    }

    fn dates(&self) -> DateSystem {
        self.dates
    }

    fn open(&self, sheet: usize) -> Result<Box<dyn SheetBody>> {
        let place = self.places.get(sheet);
        let place = place.ok_or_else(|| Error::bug("a sheet that is not held"))?;
        let bytes = self.source.bytes().slice(place.clone());
        let budget = Arc::clone(&self.budget);
        Ok(Box::new(HeldSheet::new(bytes, self.is_text, budget)))
    }
}

impl fmt::Debug for HeldBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldBook")
            .field("sheets", &self.sheets)
            .finish_non_exhaustive()
    }
}

fn parse(line: &[u8]) -> Result<Line> {
    serde_json::from_slice(line).map_err(|error| damaged(&error.to_string()))
}

fn damaged(why: &str) -> Error {
    Error::malformed(format!("these are no held rows: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cell, OpenOptions, ReadOptions, Workbook};

    fn book(is_text: bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        let dates = DateSystem::Y1904;
        let mut out = HeldWriter::new(&mut bytes, dates, is_text).unwrap();
        let text = |text: &str| HeldCell::Text(text.to_owned());
        let row = |row: u32, cells: Vec<(u32, HeldCell)>| HeldRow {
            row,
            width: None,
            cells,
        };
        out.sheet("A\nb").unwrap();
        out.row(&row(2, vec![(1, text("sku")), (3, text("when"))]))
            .unwrap();
        let date = HeldCell::Date(46_053.5_f64.to_bits());
        out.row(&row(7, vec![(1, text("7")), (3, date)])).unwrap();
        let number = HeldCell::Float(0.300_000_000_000_000_04_f64.to_bits());
        let cells = vec![(1, HeldCell::Int(-1)), (3, number)];
        out.row(&row(1_000_000, cells)).unwrap();
        let cells = vec![
            (1, HeldCell::Error("#N/A".to_owned())),
            (3, HeldCell::BadString(9)),
        ];
        out.row(&row(1_000_001, cells)).unwrap();
        out.sheet("empty").unwrap();
        out.finish().unwrap();
        bytes
    }

    fn open(bytes: Vec<u8>) -> Result<Workbook> {
        let source = Source::from_bytes(bytes, &Default::default())?;
        Workbook::open(source, OpenOptions::default().with_held(true))
    }

    /// Rows in between are none.
    fn held() -> ReadOptions {
        ReadOptions::default().with_blank_rows(false)
    }

    #[test]
    fn rows_are_where_and_what_they_were() {
        let workbook = open(book(false)).unwrap();
        let names: Vec<&str> = workbook.sheets().iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["A\nb", "empty"]);
        let mut rows = workbook.rows(&held()).unwrap();
        let header = rows.header().clone();
        assert_eq!(header.row, Some(2));
        let labels: Vec<_> = header.columns.iter().map(|c| (c.index, &*c.name)).collect();
        assert!(labels.contains(&(1, "sku")) && labels.contains(&(3, "when")));
        let at = |name: &str| {
            header
                .columns
                .iter()
                .position(|c| &*c.name == name)
                .unwrap()
        };
        let (mut found, mut places) = (Vec::new(), Vec::new());
        while let Some(window) = rows.next_window().unwrap() {
            assert_eq!(window.dates(), DateSystem::Y1904);
            places.extend(window.row_numbers());
            for row in 0..window.num_rows() {
                let cell = |name| format!("{:?}", window.column(at(name)).cell(row));
                found.push([cell("sku"), cell("when")]);
            }
        }
        assert_eq!(places, [7, 1_000_000, 1_000_001]);
        let shown = |cells: [Cell<'_>; 2]| cells.map(|cell| format!("{cell:?}"));
        assert_eq!(
            found,
            [
                shown([Cell::Text("7", None), Cell::Date(46_053.5)]),
                shown([Cell::Int(-1), Cell::Float(0.300_000_000_000_000_04)]),
                shown([Cell::Error("#N/A"), Cell::BadString(9)]),
            ]
        );
    }

    #[test]
    fn a_text_file_has_texts_that_are_numbers() {
        let workbook = open(book(true)).unwrap();
        assert!(workbook.text_format().is_some());
        let table = workbook.read(&held().with_limit(1)).unwrap();
        let sku = table.schema.field_with_name("sku").unwrap();
        assert!(sku.data_type().is_integer(), "{sku:?}");
    }

    #[test]
    fn what_is_no_held_rows_is_an_error() {
        for bytes in [
            "",
            "{}\n",
            "{\"Sheet\":\"a\"}\n",
            "PK\u{3}\u{4}",
            "a,b\n1,2\n",
        ] {
            assert_eq!(open(bytes.into()).unwrap_err().code(), "file/corrupt");
        }
        let whole = book(false);
        for end in 0..whole.len() {
            let Ok(workbook) = open(whole[..end].to_vec()) else {
                continue;
            };
            let Ok(mut rows) = workbook.rows(&held()) else {
                continue;
            };
            while let Ok(Some(_)) = rows.next_window() {}
        }
    }
}
