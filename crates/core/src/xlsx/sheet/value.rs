//! The value of one cell: its `t`, its `s` and its text together make a tag and 64 bits. Both scanners end here.

use super::SheetContext;
use crate::{
    book::{
        CellFormats, RowSink, iso,
        number::{parse, parse_index},
    },
    column::{DateSystem, Tag},
    error::{Error, Result},
    limits::check,
};

/// `ST_CellType` (ECMA-376 part 1, 18.18.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CellType {
    Number,
    Shared,
    Text,
    Inline,
    Bool,
    Error,
    Date,
}

impl CellType {
    pub(super) fn from_attribute(t: &[u8]) -> Option<CellType> {
        Some(match t {
            b"n" => CellType::Number,
            b"s" => CellType::Shared,
            b"str" => CellType::Text,
            b"inlineStr" => CellType::Inline,
            b"b" => CellType::Bool,
            b"e" => CellType::Error,
            b"d" => CellType::Date,
            _ => return None,
        })
    }
}

/// Turns texts into values.
pub(super) struct ValueReader<'a> {
    pub(super) context: &'a SheetContext,
    pub(super) formats: &'a CellFormats,
}

impl<'a> ValueReader<'a> {
    pub(super) fn new(context: &'a SheetContext) -> Self {
        ValueReader {
            context,
            formats: &context.formats,
        }
    }

    /// Puts the cell whose value is `text` (entities resolved).
    pub(super) fn put(
        &self,
        rows: &mut RowSink,
        lane: usize,
        cell_type: CellType,
        style: u32,
        text: &str,
    ) -> Result<()> {
        let bad = |what: &str| {
            let text: String = text.chars().take(60).collect();
            Error::malformed(format!("{text:?} is not {what}"))
        };
        let is_text = !matches!(
            cell_type,
            CellType::Number | CellType::Shared | CellType::Bool
        );
        if is_text {
            let limit = self.context.limits.max_cell_bytes;
            check("max_cell_bytes", limit, text.len() as u64)?;
        }
        match cell_type {
            CellType::Text | CellType::Inline => {
                // A formula that gives "" shows nothing, so it is no value.
                if !text.is_empty() {
                    rows.push_text(lane, Tag::Inline, text.as_bytes())?;
                }
                return Ok(());
            }
            _ if text.trim().is_empty() => return Ok(()),
            CellType::Error => return rows.push_text(lane, Tag::Error, text.trim().as_bytes()),
            _ => {}
        }
        let (tag, bits) = match cell_type {
            CellType::Number => {
                let number = parse(text.as_bytes()).ok_or_else(|| bad("a number"))?;
                return rows.push_number(lane, number, style, self.formats);
            }
            CellType::Shared => {
                // An index beyond 32 bits is outside any table as well.
                let digits = text.trim().bytes().all(|b| b.is_ascii_digit());
                let index = parse_index(text.as_bytes()).or(digits.then_some(u32::MAX));
                shared(index.ok_or_else(|| bad("an index of a shared string"))?)
            }
            CellType::Bool => match text.trim() {
                "1" | "true" => (Tag::Bool, 1),
                "0" | "false" => (Tag::Bool, 0),
                _ => return Err(bad("a boolean (0 or 1)")),
            },
            CellType::Date => {
                let dates: DateSystem = self.context.dates;
                match iso::parse(text, dates) {
                    Some((tag, serial)) if dates.knows(serial) => (tag, serial.to_bits()),
                    None if !iso::is_like_a_date(text) => return Err(bad("an ISO 8601 date")),
                    // A date that spreadsheets cannot count.
                    _ => return rows.push_text(lane, Tag::Inline, text.trim().as_bytes()),
                }
            }
            CellType::Text | CellType::Inline | CellType::Error => unreachable!("handled above"),
        };
        rows.push(lane, tag, bits);
        Ok(())
    }
}

/// Tag and bits of a shared string. The largest index stands for null in packed lanes, and is outside any table.
#[inline]
pub(super) fn shared(index: u32) -> (Tag, u64) {
    (Tag::Shared, u64::from(index.min(u32::MAX - 1)))
}
