//! Rows of several sheets that are one table: a number for each, so that keys need not know of sheets.

use std::sync::Arc;

use crate::{a1::MAX_ROWS, header::MAX_SHEETS_OF_A_TABLE};

/// The sheets of a table so far; the last one is being read.
#[derive(Debug, Clone)]
pub(super) struct RowPlaces {
    sheets: Vec<Arc<str>>,
}

const _: () = assert!(MAX_ROWS as u64 * MAX_SHEETS_OF_A_TABLE as u64 == 1 << 32);

impl RowPlaces {
    pub(super) fn new(sheet: Arc<str>) -> RowPlaces {
        RowPlaces {
            sheets: vec![sheet],
        }
    }

    /// The rows that follow are of this sheet.
    pub(super) fn push(&mut self, sheet: Arc<str>) {
        self.sheets.push(sheet);
    }

    /// What is added to a row of the sheet that is being read: nothing while it is the only one, which a text file with more rows
    /// than a worksheet can have always is.
    pub(super) fn offset(&self) -> u32 {
        (self.sheets.len() as u32 - 1).wrapping_mul(MAX_ROWS)
    }

    /// What a number stands for, in words: `row 5`, or `row 5 of sheet "May"` where that is another one than the last.
    pub(super) fn words(&self, number: u32) -> String {
        let (sheet, row) = match self.sheets.len() {
            1 => (0, number),
            _ => ((number / MAX_ROWS) as usize, number % MAX_ROWS),
        };
        let row = u64::from(row) + 1;
        match self.sheets.get(sheet) {
            Some(name) if sheet + 1 < self.sheets.len() => format!("row {row} of sheet {name:?}"),
            _ => format!("row {row}"),
        }
    }

    /// The first sheet, which stands for the table.
    pub(super) fn first(&self) -> &Arc<str> {
        &self.sheets[0] // there always is one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_tell_the_sheet_once_there_are_several() {
        let mut places = RowPlaces::new("May".into());
        assert_eq!(places.offset(), 0);
        assert_eq!(places.words(5_000_000), "row 5000001");
        places.push("June".into());
        assert_eq!(places.offset(), MAX_ROWS);
        assert_eq!(places.words(4), "row 5 of sheet \"May\"");
        assert_eq!(places.words(MAX_ROWS + 4), "row 5");
        assert_eq!(places.words(MAX_ROWS - 1), "row 1048576 of sheet \"May\"");
        assert_eq!(&**places.first(), "May");
    }
}
