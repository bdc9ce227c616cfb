//! The fast scanner: rows and cells as the usual writers write them, straight from bytes to lanes.
//!
//! In pseudo code:
//!
//! ```text
//! for each `<row`: note its `r`; for each `<c`: column from the letters of `r`, style from `s`, type from `t`;
//!     value from `<v>`, or from `<is><t>`; a formula is skipped
//! ```
//!
//! Cells are some 37 bytes apart, so the code takes short hops of eight bytes (`eight.rs`), and compares a cell with the
//! one above before it looks at its attributes (`shape.rs`). It knows double quotes, no prefixes, no comments, no CDATA, no rich inline text.
//! Anything else is a surprise: the row is left to the tolerant scanner (`slow.rs`), which starts at the row once more,
//! puts the same cells into the same places, and is the specification this file is tested against.

use std::borrow::Cow;

use memchr::{memchr, memchr3};
use quick_xml::escape::{resolve_xml_entity, unescape_with};

use super::{
    shape::{Content, RowDigits, Shapes},
    text::unescape,
    value::{CellType, ValueReader, shared},
};
use crate::{
    a1::{MAX_COLUMNS, MAX_ROWS},
    book::{NumberKind, RowSink, number, plain},
    column::Tag,
    eight::{digit_count, digits_value, load, quote_end, text_end},
};

/// Why the scanner stopped.
pub(super) enum Stop {
    /// Something it does not know, in the item that starts here.
    Surprise(usize),
    /// The chunk has ended, between rows.
    End,
    /// `</sheetData>`
    SheetEnd,
}

/// Reads rows from `at` on.
pub(super) fn scan(
    bytes: &[u8],
    mut at: usize,
    rows: &mut RowSink,
    shapes: &mut Shapes,
    values: &ValueReader<'_>,
) -> Stop {
    loop {
        at = skip_blanks(bytes, at);
        let rest = &bytes[at..];
        if rest.starts_with(b"<row") {
            match row(bytes, at + 4, rows, shapes, values) {
                Some(next) => at = next,
                None => return Stop::Surprise(at),
            }
        } else if rest.is_empty() {
            return Stop::End;
        } else if rest.starts_with(b"</sheetData>") {
            return Stop::SheetEnd;
        } else {
            return Stop::Surprise(at);
        }
    }
}

/// A row, from behind `<row`; gives the place behind it.
fn row(
    bytes: &[u8],
    mut at: usize,
    rows: &mut RowSink,
    shapes: &mut Shapes,
    values: &ValueReader<'_>,
) -> Option<usize> {
    // What the rows of most writers have.
    const R: u32 = u32::from_le_bytes(*b" r=\"");
    const SPANS: u64 = u64::from_le_bytes(*b" spans=\"");
    let mut digits: &[u8] = b"";
    let mut hidden = false;
    let mut attributes = 0;
    let empty = loop {
        match *bytes.get(at)? {
            b' ' => {
                attributes += 1;
                if attributes > values.context.limits.max_attributes {
                    return None; // the tolerant scanner says so
                }
                let word = load(bytes, at)?;
                at = if word as u32 == R {
                    let end = quote_end(bytes, at + 4)?;
                    let value = &bytes[at + 4..end];
                    if value.is_empty() || !digits.is_empty() {
                        return None;
                    }
                    digits = value;
                    end + 1
                } else if word == SPANS {
                    quote_end(bytes, at + 8)? + 1
                } else {
                    let (name, value, next) = attribute(bytes, at + 1)?;
                    match (name, value) {
                        (b"r", _) => return None, // it would have been known
                        // LibreOffice says of every row that it is not hidden.
                        (b"hidden", b"1" | b"true") => hidden = true,
                        (b"hidden", b"0" | b"false") => hidden = false,
                        (b"hidden", _) => return None,
                        _ => {}
                    }
                    next
                };
            }
            b'>' => break false,
            b'/' if bytes.get(at + 1) == Some(&b'>') => break true,
            _ => return None,
        }
    };
    let number = if digits.is_empty() {
        None
    } else {
        Some(row_number(digits)?)
    };
    rows.begin_row(number);
    if hidden {
        rows.hide_row();
    }
    if empty {
        return Some(at + 2);
    }
    let end = cells(bytes, at + 1, RowDigits::new(digits), rows, shapes, values);
    if end.is_none() {
        rows.repeat_row();
    }
    end
}

/// Zero-based, of at most seven digits.
fn row_number(digits: &[u8]) -> Option<u32> {
    if digits.len() > 7 || digits[0] == b'0' {
        return None;
    }
    let mut number = 0;
    for digit in digits {
        let value = digit.wrapping_sub(b'0');
        if value > 9 {
            return None;
        }
        number = number * 10 + u32::from(value);
    }
    (number <= MAX_ROWS).then(|| number - 1)
}

/// The cells of a row, and its end tag.
fn cells(
    bytes: &[u8],
    mut at: usize,
    digits: RowDigits,
    rows: &mut RowSink,
    shapes: &mut Shapes,
    values: &ValueReader<'_>,
) -> Option<usize> {
    let mut column = 0;
    loop {
        if let Some((shape, end)) = shapes.find(bytes, at, column, digits) {
            let (cell_type, style) = (shape.cell_type, shape.style);
            at = match shape.content {
                Content::Empty => end,
                Content::Value if bytes.get(end..end + 3)? == b"<v>" => {
                    value(bytes, end + 3, column, cell_type, style, rows, values)?
                }
                Content::Inline if bytes.get(end..end + 7)? == b"<is><t>" => {
                    inline(bytes, end + 7, column, rows, values)?
                }
                _ => content(bytes, end, column, cell_type, style, rows, values)?,
            };
            column += 1;
            continue;
        }
        match *bytes.get(at..at + 3)? {
            [b'<', b'c', b' ' | b'>' | b'/'] => {
                at = cell(bytes, at, digits, &mut column, rows, shapes, values)?;
            }
            [b'<', b'/', b'r'] => {
                return bytes[at..].starts_with(b"</row>").then_some(at + 6);
            }
            [b' ' | b'\t' | b'\r' | b'\n', ..] => at = skip_blanks(bytes, at),
            _ => return None,
        }
    }
}

/// A cell, from its `<c`; gives the place behind it.
fn cell(
    bytes: &[u8],
    start: usize,
    digits: RowDigits,
    next_column: &mut u32,
    rows: &mut RowSink,
    shapes: &mut Shapes,
    values: &ValueReader<'_>,
) -> Option<usize> {
    let mut at = start + 2;
    let mut column = *next_column;
    let mut style = 0;
    let mut cell_type = CellType::Number;
    let (mut has_place, mut has_style, mut has_type) = (false, false, false);
    let mut starts_with_r = false;
    /// Attributes that every cell may have.
    const KNOWN: u64 = 3;
    let mut others = 0;
    let empty = loop {
        match *bytes.get(at..at + 4)? {
            [b' ', b'r', b'=', b'"'] => {
                let (found, end) = column_letters(bytes, at + 4)?;
                if !digits.equal(load(bytes, end)?) || std::mem::replace(&mut has_place, true) {
                    return None;
                }
                starts_with_r = at == start + 2;
                column = found;
                at = end + digits.len + 1;
            }
            [b' ', b's', b'=', b'"'] => {
                let end = digits_end(bytes, at + 4, &mut style)?;
                if bytes[end] != b'"' || std::mem::replace(&mut has_style, true) {
                    return None;
                }
                at = end + 1;
            }
            [b' ', b't', b'=', b'"'] => {
                let len = memchr(b'"', bytes.get(at + 4..at + 14)?)?;
                cell_type = CellType::from_attribute(&bytes[at + 4..at + 4 + len])?;
                if std::mem::replace(&mut has_type, true) {
                    return None;
                }
                at += len + 5;
            }
            [b' ', ..] => {
                others += 1;
                if others + KNOWN > values.context.limits.max_attributes {
                    return None; // the tolerant scanner counts them
                }
                at = attribute(bytes, at + 1)?.2;
            }
            [b'>', ..] => break false,
            [b'/', b'>', ..] => break true,
            _ => return None,
        }
    };
    if column >= MAX_COLUMNS || u64::from(column) >= values.context.limits.max_columns {
        return None;
    }
    *next_column = column + 1;
    at += if empty { 2 } else { 1 };
    if starts_with_r {
        let tag = &bytes[start..at];
        let content = match cell_type {
            _ if empty => Content::Empty,
            CellType::Inline => Content::Inline,
            _ => Content::Value,
        };
        shapes.learn(tag, column, digits, content, cell_type, style);
    }
    if empty {
        return Some(at);
    }
    content(bytes, at, column, cell_type, style, rows, values)
}

/// What is between the tags of a cell, to behind `</c>`.
fn content(
    bytes: &[u8],
    mut at: usize,
    column: u32,
    cell_type: CellType,
    style: u32,
    rows: &mut RowSink,
    values: &ValueReader<'_>,
) -> Option<usize> {
    if bytes.get(at..at + 2)? == b"<f" {
        at = formula_end(bytes, at + 2)?;
    }
    match *bytes.get(at..at + 4)? {
        [b'<', b'v', b'>', _] => value(bytes, at + 3, column, cell_type, style, rows, values),
        [b'<', b'/', b'c', b'>'] => Some(at + 4),
        [b'<', b'i', b's', b'>'] if cell_type == CellType::Inline => {
            let rest = &bytes[at + 4..];
            at += 4 + [&b"<t>"[..], b"<t xml:space=\"preserve\">"]
                .iter()
                .find(|tag| rest.starts_with(tag))?
                .len();
            inline(bytes, at, column, rows, values)
        }
        _ => None,
    }
}

/// An inline text, from behind `<t>`, to behind `</c>`.
#[inline(always)]
fn inline(
    bytes: &[u8],
    at: usize,
    column: u32,
    rows: &mut RowSink,
    values: &ValueReader<'_>,
) -> Option<usize> {
    let (end, plain) = text_end(bytes, at)?;
    if bytes.get(end..end + 13)? != b"</t></is></c>" {
        return None;
    }
    match values.context.selection.lane(column) {
        Some(lane) => push_text(&bytes[at..end], plain, lane, rows, values)?,
        None if !plain => _ = decode(&bytes[at..end])?,
        None => {}
    }
    Some(end + 13)
}

/// A value, from behind `<v>`, to behind `</c>`.
#[inline(always)]
fn value(
    bytes: &[u8],
    at: usize,
    column: u32,
    cell_type: CellType,
    style: u32,
    rows: &mut RowSink,
    values: &ValueReader<'_>,
) -> Option<usize> {
    const END: u64 = u64::from_le_bytes(*b"</v></c>");
    let Some(lane) = values.context.selection.lane(column) else {
        let (end, plain) = text_end(bytes, at)?;
        if !plain {
            decode(&bytes[at..end])?;
        }
        return (load(bytes, end)? == END).then_some(end + 8);
    };
    let (tag, bits, end) = match cell_type {
        CellType::Shared => {
            let word = load(bytes, at)?;
            let (index, end) = match digit_count(word) {
                count @ 1..8 => (digits_value(word, count) as u32, at + count),
                _ => {
                    let mut index = 0;
                    let end = digits_end(bytes, at, &mut index)?;
                    (index, end)
                }
            };
            let (tag, bits) = shared(index);
            (tag, bits, end)
        }
        CellType::Number => {
            let (number, end) = number::parse_before_tag(bytes, at)?;
            let (tag, bits) = match values.formats.kind(style) {
                NumberKind::Number => plain(number),
                // None: to be shown as text.
                kind => values.formats.slot_of_kind(number, kind, style)?,
            };
            (tag, bits, end)
        }
        CellType::Bool => match bytes.get(at)? {
            b'0' => (Tag::Bool, 0, at + 1),
            b'1' => (Tag::Bool, 1, at + 1),
            _ => return None,
        },
        CellType::Text => {
            let (end, plain) = text_end(bytes, at)?;
            if load(bytes, end)? != END {
                return None;
            }
            push_text(&bytes[at..end], plain, lane, rows, values)?;
            return Some(end + 8);
        }
        // Rare, or odd: an inline string with a `<v>`.
        CellType::Error | CellType::Date | CellType::Inline => return None,
    };
    if load(bytes, end)? != END {
        return None;
    }
    rows.push(lane, tag, bits);
    Some(end + 8)
}

/// Decodes and puts a text; an empty one is no value.
#[inline(always)]
fn push_text(
    raw: &[u8],
    plain: bool,
    lane: usize,
    rows: &mut RowSink,
    values: &ValueReader<'_>,
) -> Option<()> {
    if raw.is_empty() {
        return Some(());
    }
    if raw.len() as u64 > values.context.limits.max_cell_bytes {
        return None;
    }
    if plain {
        return rows.push_text(lane, Tag::Inline, raw).ok();
    }
    let text = decode(raw)?;
    rows.push_text(lane, Tag::Inline, text.as_bytes()).ok()
}

/// Character data to text: entities, `_xHHHH_`. `None` when the tolerant reader has to look at it.
pub(crate) fn decode(raw: &[u8]) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(raw).ok()?;
    if memchr3(b'&', b'\r', b'_', raw).is_none() {
        return Some(Cow::Borrowed(text));
    }
    if memchr(b'\r', raw).is_some() {
        return None;
    }
    Some(match unescape_with(text, resolve_xml_entity).ok()? {
        Cow::Borrowed(text) => unescape(text),
        Cow::Owned(text) => Cow::Owned(unescape(&text).into_owned()),
    })
}

/// Column letters from `at`: the zero-based column, and the place behind them.
#[inline]
fn column_letters(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    let letter = |i: usize| {
        let value = bytes.get(i)?.wrapping_sub(b'A');
        (value < 26).then(|| u32::from(value) + 1)
    };
    let mut column = letter(at)?;
    let mut end = at + 1;
    while let Some(value) = letter(end) {
        column = column * 26 + value;
        end += 1;
        if end - at > 3 {
            return None;
        }
    }
    Some((column - 1, end))
}

/// A decimal number of one to nine digits from `at`; gives the place of the byte behind it.
#[inline]
fn digits_end(bytes: &[u8], at: usize, number: &mut u32) -> Option<usize> {
    let mut i = at;
    let mut n = 0u32;
    loop {
        let digit = bytes.get(i)?.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        n = n.wrapping_mul(10).wrapping_add(u32::from(digit));
        i += 1;
    }
    *number = n;
    (1..=9).contains(&(i - at)).then_some(i)
}

/// Name, value and the place behind an attribute in double quotes.
fn attribute(bytes: &[u8], at: usize) -> Option<(&[u8], &[u8], usize)> {
    let mut end = at;
    while matches!(bytes.get(end)?, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b':' | b'_') {
        end += 1;
    }
    let name = &bytes[at..end];
    if name.is_empty() || bytes.get(end..end + 2)? != b"=\"" {
        return None;
    }
    // Most are not looked at any further, but all of them have to be text.
    let start = end + 2;
    let end = quote_end(bytes, start)?;
    Some((name, &bytes[start..end], end + 1))
}

/// The place behind a formula, from behind `<f`.
fn formula_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            b' ' => at = attribute(bytes, at + 1)?.2,
            b'/' if bytes.get(at + 1) == Some(&b'>') => return Some(at + 2),
            b'>' => {
                let (end, plain) = text_end(bytes, at + 1)?;
                if !plain {
                    decode(&bytes[at + 1..end])?; // not looked at, but it has to be text
                }
                return bytes[end..].starts_with(b"</f>").then_some(end + 4);
            }
            _ => return None,
        }
    }
}

pub(crate) fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}
