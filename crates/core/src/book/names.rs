//! Defined names of the binary formats: their formulas speak of sheets by an index into a table of links, and of workbooks
//! by their place among those the file knows.

use super::{DefinedName, SheetInfo};
use crate::a1::{cell_name, quote_sheet};

/// Collects names, and what is needed to know which sheets they speak of.
#[derive(Debug, Default)]
pub(crate) struct NameTable {
    names: Vec<NamedRange>,
    /// For each index of a formula the workbook and its first sheet.
    links: Vec<(u32, u32)>,
    /// Workbooks so far; the one that is this one.
    books: u32,
    this_book: Option<u32>,
}

/// A name that stands for one range.
#[derive(Debug)]
pub(crate) struct NamedRange {
    pub(crate) name: String,
    /// The sheet it is local to; a place beyond the sheets is none.
    pub(crate) local: Option<u32>,
    /// Which of the links its range is on.
    pub(crate) link: u16,
    /// Zero-based first and last row, first and last column.
    pub(crate) range: [u32; 4],
}

impl NameTable {
    /// The next workbook that formulas may speak of.
    pub(crate) fn push_book(&mut self, is_this: bool) {
        if is_this {
            self.this_book = Some(self.books);
        }
        self.books += 1;
    }

    /// The next link: a workbook, and a sheet of it.
    pub(crate) fn push_link(&mut self, book: u32, sheet: u32) {
        self.links.push((book, sheet));
    }

    pub(crate) fn push_name(&mut self, name: NamedRange) {
        self.names.push(name);
    }

    /// The names whose ranges are on sheets of this workbook.
    pub(crate) fn resolve(self, sheets: &[SheetInfo]) -> Vec<DefinedName> {
        let sheet = |place: u32| Some(&sheets.get(usize::try_from(place).ok()?)?.name);
        let resolve = |named: NamedRange| {
            let (book, first) = *self.links.get(usize::from(named.link))?;
            if self.this_book != Some(book) {
                return None;
            }
            let on = quote_sheet(sheet(first)?);
            let [top, bottom, left, right] = named.range;
            let (first, last) = (cell_name(top, left), cell_name(bottom, right));
            Some(DefinedName {
                name: named.name,
                refers_to: format!("{on}!{first}:{last}"),
                sheet: named.local.and_then(sheet).cloned(),
            })
        };
        self.names.into_iter().filter_map(resolve).collect()
    }
}
