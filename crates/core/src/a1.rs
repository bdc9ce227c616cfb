//! A1 references. Inside, rows and columns are zero-based `u32`; A1 text exists at the edges only.

use std::{borrow::Cow, ops::RangeInclusive};

use crate::error::{Error, Result};

/// Rows a sheet can have (ECMA-376 and every writer: 2^20).
pub const MAX_ROWS: u32 = 1_048_576;
/// Columns a sheet can have (`XFD`).
pub const MAX_COLUMNS: u32 = 16_384;

/// `0 -> A`, `25 -> Z`, `26 -> AA`.
pub fn column_name(column: u32) -> String {
    let mut n = u64::from(column) + 1;
    let mut letters = Vec::with_capacity(3);
    while n > 0 {
        n -= 1;
        letters.push(b'A' + (n % 26) as u8);
        n /= 26;
    }
    letters.iter().rev().map(|&b| char::from(b)).collect()
}

/// `(16, 2) -> C17`.
pub fn cell_name(row: u32, column: u32) -> String {
    format!("{}{}", column_name(column), u64::from(row) + 1)
}

/// The sheet name as it stands before `!`: quoted unless it is a plain word.
pub(crate) fn quote_sheet(name: &str) -> Cow<'_, str> {
    let plain = !name.is_empty()
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if plain {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(format!("'{}'", name.replace('\'', "''")))
    }
}

/// Column letters to a zero-based index; `None` when it is not letters only or lies beyond `XFD`.
pub fn parse_column(text: &str) -> Option<u32> {
    if text.is_empty() || text.len() > 3 {
        return None;
    }
    let mut n = 0u32;
    for b in text.bytes() {
        n = n * 26
            + u32::from(
                b.to_ascii_uppercase()
                    .checked_sub(b'A')
                    .filter(|&d| d < 26)?,
            )
            + 1;
    }
    (n <= MAX_COLUMNS).then(|| n - 1)
}

/// `C17 -> (16, 2)`; dollar signs are allowed.
pub fn parse_cell(text: &str) -> Option<(u32, u32)> {
    let text = text.replace('$', "");
    let digits = text.find(|c: char| c.is_ascii_digit())?;
    let column = parse_column(&text[..digits])?;
    Some((parse_row(&text[digits..])?, column))
}

fn parse_row(text: &str) -> Option<u32> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse::<u32>()
        .ok()
        .filter(|row| (1..=MAX_ROWS).contains(row))
        .map(|row| row - 1)
}

/// A rectangle of cells, zero-based and inclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellRange {
    /// Rows, zero-based.
    pub rows: RangeInclusive<u32>,
    /// Columns, zero-based.
    pub columns: RangeInclusive<u32>,
}

impl CellRange {
    /// Every cell a sheet can have.
    pub fn all() -> Self {
        CellRange {
            rows: 0..=MAX_ROWS - 1,
            columns: 0..=MAX_COLUMNS - 1,
        }
    }

    /// Parses `B2:F100`, `B:F`, `2:100`, `B2` (that cell), `B2:` (from there to the end); dollar signs are allowed.
    ///
    /// # Errors
    /// `Usage` with the forms that are understood.
    ///
    /// ```
    /// use sheetlift_core::CellRange;
    /// let range = CellRange::parse("B2:F100").unwrap();
    /// assert_eq!((range.rows, range.columns), (1..=99, 1..=5));
    /// assert!(CellRange::parse("F100:B2").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        Self::try_parse(&text.replace('$', "")).ok_or_else(|| {
            Error::usage("range/invalid", format!("{text:?} is not a range"))
                .with_hint("write a range as B2:F100, B:F, 2:100 or B2: (to the end)")
        })
    }

    fn try_parse(text: &str) -> Option<Self> {
        let all = Self::all();
        let Some((from, to)) = text.split_once(':') else {
            let (row, column) = parse_cell(text)?;
            return Some(CellRange {
                rows: row..=row,
                columns: column..=column,
            });
        };
        let (first_row, first_column) = parse_corner(from)?;
        let (last_row, last_column) = if to.is_empty() {
            (None, None)
        } else {
            parse_corner(to)?
        };
        let range = CellRange {
            rows: first_row.unwrap_or(0)..=last_row.unwrap_or(*all.rows.end()),
            columns: first_column.unwrap_or(0)..=last_column.unwrap_or(*all.columns.end()),
        };
        (!range.rows.is_empty() && !range.columns.is_empty()).then_some(range)
    }
}

/// A cell, a column alone or a row alone.
fn parse_corner(text: &str) -> Option<(Option<u32>, Option<u32>)> {
    if let Some((row, column)) = parse_cell(text) {
        return Some((Some(row), Some(column)));
    }
    if let Some(column) = parse_column(text) {
        return Some((None, Some(column)));
    }
    parse_row(text).map(|row| (Some(row), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_parses_columns() {
        for (index, name) in [
            (0, "A"),
            (25, "Z"),
            (26, "AA"),
            (701, "ZZ"),
            (702, "AAA"),
            (16_383, "XFD"),
        ] {
            assert_eq!(column_name(index), name);
            assert_eq!(parse_column(name), Some(index));
        }
        assert_eq!(parse_column("XFE"), None);
        assert_eq!(parse_column("AAAA"), None);
        assert_eq!(parse_column("A1"), None);
    }

    #[test]
    fn parses_ranges() {
        assert_eq!(CellRange::parse("b:D").unwrap().columns, 1..=3);
        assert_eq!(CellRange::parse("2:10").unwrap().rows, 1..=9);
        assert_eq!(CellRange::parse("$A$3:").unwrap().rows, 2..=MAX_ROWS - 1);
        assert_eq!(CellRange::parse("C3").unwrap().columns, 2..=2);
        for bad in [
            "",
            ":",
            "A0",
            "A1:XFE2",
            "D:B",
            "1048577:1048578",
            "A1:B2:C3",
            "A1+1",
        ] {
            assert!(CellRange::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn quotes_sheet_names() {
        assert_eq!(quote_sheet("Items"), "Items");
        assert_eq!(quote_sheet("Q1 'old'"), "'Q1 ''old'''");
        assert_eq!(quote_sheet("2024"), "'2024'");
    }
}
