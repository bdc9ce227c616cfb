//! Defined names that stand for one range ([MS-XLSB] 2.4.711), and the sheets their formulas speak of (2.4.673).

use super::records::Data;
use crate::{
    a1::{cell_name, quote_sheet},
    book::{DefinedName, SheetInfo},
    error::Result,
};

/// Collects them while the workbook part is read.
#[derive(Default)]
pub(super) struct Names {
    names: Vec<Name>,
    /// For each index of a formula the workbook and the first sheet.
    sheets: Vec<(u32, u32)>,
    /// Workbooks so far; the one that is this one.
    books: u32,
    this_book: Option<u32>,
}

struct Name {
    text: String,
    /// The sheet it is local to.
    local: u32,
    /// Which of `sheets` its range is on.
    index: u16,
    /// Rows and columns.
    range: [u32; 4],
}

impl Names {
    /// Takes a record of the workbook part if it has to do with names.
    pub(super) fn take(&mut self, id: u32, data: &mut Data<'_>) -> Result<()> {
        match id {
            // Another workbook, this one, this one as seen by a sheet, add-ins.
            355 | 357 | 358 | 667 => {
                if id == 357 {
                    self.this_book = Some(self.books);
                }
                self.books += 1;
            }
            362 => {
                let count = data.u32()?;
                for _ in 0..count {
                    let (book, first, _last) = (data.u32()?, data.u32()?, data.u32()?);
                    self.sheets.push((book, first));
                }
            }
            39 => {
                let flags = data.u32()?;
                data.u8()?; // its shortcut key
                let (local, text) = (data.u32()?, data.text()?.unwrap_or_default());
                let len = data.u32()?;
                let formula = data.take(usize::try_from(len).unwrap_or(usize::MAX))?;
                let is_hidden_or_builtin = flags & 0x21 != 0;
                if let (false, Some((index, range))) = (is_hidden_or_builtin, range_of(formula)?) {
                    self.names.push(Name {
                        text,
                        local,
                        index,
                        range,
                    });
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The names whose ranges are on sheets of this workbook.
    pub(super) fn resolve(self, sheets: &[SheetInfo]) -> Vec<DefinedName> {
        let sheet = |place: u32| Some(sheets.get(usize::try_from(place).ok()?)?.name.clone());
        let name = |name: Name| {
            let (book, first) = *self.sheets.get(usize::from(name.index))?;
            if self.this_book != Some(book) {
                return None;
            }
            let [top, bottom, left, right] = name.range;
            let (first, sheet_of_range) = (cell_name(top, left), sheet(first)?);
            let last = cell_name(bottom, right);
            Some(DefinedName {
                name: name.text,
                refers_to: format!("{}!{first}:{last}", quote_sheet(&sheet_of_range)),
                sheet: sheet(name.local),
            })
        };
        self.names.into_iter().filter_map(name).collect()
    }
}

/// The index of a sheet and a range, of a formula that is an area or a cell of one sheet and nothing else (2.5.98.22,
/// 2.5.98.84).
fn range_of(formula: &[u8]) -> Result<Option<(u16, [u32; 4])>> {
    let mut formula = Data(formula);
    if formula.0.is_empty() {
        return Ok(None);
    }
    // The upper bits of a column say what is relative.
    const COLUMN: u16 = 0x3fff;
    Ok(match (formula.u8()?, formula.0.len()) {
        (0x3b | 0x5b | 0x7b, 14) => {
            let index = formula.u16()?;
            let [top, bottom] = [formula.u32()?, formula.u32()?];
            let columns = [formula.u16()?, formula.u16()?];
            let [left, right] = columns.map(|column| u32::from(column & COLUMN));
            Some((index, [top, bottom, left, right]))
        }
        (0x3a | 0x5a | 0x7a, 8) => {
            let (index, row) = (formula.u16()?, formula.u32()?);
            let column = u32::from(formula.u16()? & COLUMN);
            Some((index, [row, row, column, column]))
        }
        _ => None,
    })
}
