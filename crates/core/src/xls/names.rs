//! Defined names that stand for one range ([MS-XLS] 2.4.150), and the sheets their formulas speak of (2.4.105).

use super::{records::Fields, text::push_chars};
use crate::{
    book::{NameTable, NamedRange},
    error::Result,
};

/// A workbook that formulas speak of ([MS-XLS] 2.4.271).
pub(super) const BOOK: u16 = 0x01ae;
/// The sheets they speak of.
pub(super) const LINKS: u16 = 0x0017;
/// A name.
pub(super) const NAME: u16 = 0x0018;

/// Takes one of the records above.
pub(super) fn take(names: &mut NameTable, id: u16, data: &mut Fields<'_>) -> Result<()> {
    match id {
        BOOK => {
            data.u16()?;
            names.push_book(data.0.len() == 2 && data.u16()? == 0x0401);
        }
        LINKS => {
            let count = data.u16()?;
            for _ in 0..count {
                let (book, first, _last) = (data.u16()?, data.u16()?, data.u16()?);
                names.push_link(book.into(), first.into());
            }
        }
        _ => {
            let flags = data.u16()?;
            data.u8()?; // its shortcut key
            let (len, formula) = (usize::from(data.u8()?), usize::from(data.u16()?));
            data.u16()?;
            let local = u32::from(data.u16()?).checked_sub(1);
            data.take(4)?;
            let wide = usize::from(data.u8()? & 1);
            let chars = data.take(len << wide)?;
            let is_hidden_or_builtin = flags & 0x21 != 0;
            if let (false, Some((link, range))) =
                (is_hidden_or_builtin, range_of(data.take(formula)?)?)
            {
                let mut name = String::new();
                push_chars(&mut name, chars, wide != 0);
                names.push_name(NamedRange {
                    name,
                    local,
                    link,
                    range,
                });
            }
        }
    }
    Ok(())
}

/// The link and the range of a formula that is an area or a cell of one sheet and nothing else (2.5.198.28, 2.5.198.85).
fn range_of(formula: &[u8]) -> Result<Option<(u16, [u32; 4])>> {
    let mut formula = Fields(formula);
    // The upper bits of a column say what is relative.
    const COLUMN: u16 = 0xff;
    Ok(match (formula.u8()?, formula.0.len()) {
        (0x3b | 0x5b | 0x7b, 10) => {
            let link = formula.u16()?;
            let [top, bottom] = [formula.u16()?, formula.u16()?];
            let columns = [formula.u16()?, formula.u16()?];
            let [left, right] = columns.map(|column| column & COLUMN);
            Some((link, [top, bottom, left, right].map(u32::from)))
        }
        (0x3a | 0x5a | 0x7a, 6) => {
            let (link, row) = (formula.u16()?, formula.u16()?);
            let column = formula.u16()? & COLUMN;
            Some((link, [row, row, column, column].map(u32::from)))
        }
        _ => None,
    })
}
