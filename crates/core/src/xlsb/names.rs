//! Defined names that stand for one range ([MS-XLSB] 2.4.711), and the sheets their formulas speak of (2.4.673).

use super::records::Data;
use crate::{
    book::{NameTable, NamedRange},
    error::Result,
};

/// Takes a record of the workbook part if it has to do with names.
pub(super) fn take(names: &mut NameTable, id: u32, data: &mut Data<'_>) -> Result<()> {
    match id {
        // Another workbook, this one, this one as seen by a sheet, add-ins.
        355 | 357 | 358 | 667 => names.push_book(id == 357),
        362 => {
            let count = data.u32()?;
            for _ in 0..count {
                let (book, first, _last) = (data.u32()?, data.u32()?, data.u32()?);
                names.push_link(book, first);
            }
        }
        39 => {
            let flags = data.u32()?;
            data.u8()?; // its shortcut key
            let (local, name) = (data.u32()?, data.text()?.unwrap_or_default());
            let len = data.u32()?;
            let formula = data.take(usize::try_from(len).unwrap_or(usize::MAX))?;
            let is_hidden_or_builtin = flags & 0x21 != 0;
            if let (false, Some((link, range))) = (is_hidden_or_builtin, range_of(formula)?) {
                names.push_name(NamedRange {
                    name,
                    local: Some(local),
                    link,
                    range,
                });
            }
        }
        _ => {}
    }
    Ok(())
}

/// The link and the range of a formula that is an area or a cell of one sheet and nothing else (2.5.98.22, 2.5.98.84).
fn range_of(formula: &[u8]) -> Result<Option<(u16, [u32; 4])>> {
    let mut formula = Data(formula);
    if formula.0.is_empty() {
        return Ok(None);
    }
    // The upper bits of a column say what is relative.
    const COLUMN: u16 = 0x3fff;
    Ok(match (formula.u8()?, formula.0.len()) {
        (0x3b | 0x5b | 0x7b, 14) => {
            let link = formula.u16()?;
            let [top, bottom] = [formula.u32()?, formula.u32()?];
            let columns = [formula.u16()?, formula.u16()?];
            let [left, right] = columns.map(|column| u32::from(column & COLUMN));
            Some((link, [top, bottom, left, right]))
        }
        (0x3a | 0x5a | 0x7a, 8) => {
            let (link, row) = (formula.u16()?, formula.u32()?);
            let column = u32::from(formula.u16()? & COLUMN);
            Some((link, [row, row, column, column]))
        }
        _ => None,
    })
}
