//! The tolerant scanner: one row at a time over XML tokens. It reads whatever is well formed, and what it makes of it is the
//! specification of the fast scanner.

use super::{
    text::unescape,
    value::{CellType, ValueReader},
};
use crate::{
    a1::{MAX_COLUMNS, MAX_ROWS, cell_name, parse_cell},
    book::{RowSink, number::parse_index},
    column::piece::Formula,
    error::{Error, Result},
    limits::{Limits, check},
    xml::{Tag, Token, Tokens},
};

/// How far a step went.
pub(super) struct Step {
    pub(super) consumed: usize,
    /// The sheet data has ended.
    pub(super) ended: bool,
}

/// Reads one row and what lies before it.
pub(super) fn step(
    bytes: &[u8],
    rows: &mut RowSink,
    values: &ValueReader<'_>,
    limits: &Limits,
) -> Result<Step> {
    let mut tokens = Tokens::new(bytes, limits.max_xml_depth);
    let ended = loop {
        match tokens.next()? {
            Token::Open(tag) if local_name(&tag, values) == "row" => {
                let at = tokens.position();
                read_row(&tag, &mut tokens, rows, values).map_err(|error| error.at_byte(at))?;
                break false;
            }
            Token::Open(_) => tokens.skip_element()?,
            Token::Close => break true,
            Token::End => break false,
            Token::Text(_) => {}
        }
    };
    Ok(Step {
        consumed: tokens.position() as usize,
        ended,
    })
}

fn read_row(
    tag: &Tag<'_>,
    tokens: &mut Tokens<'_>,
    rows: &mut RowSink,
    values: &ValueReader<'_>,
) -> Result<()> {
    tag.check_attributes(values.context.limits.max_attributes)?;
    let number = match tag.attribute("r")? {
        Some(text) => Some(row_number(&text)?),
        None => None,
    };
    rows.begin_row(number);
    if tag.flag("hidden")? {
        rows.hide_row();
    }
    let mut place = Place {
        row: number,
        next_column: 0,
    };
    loop {
        match tokens.next()? {
            Token::Open(tag) if local_name(&tag, values) == "c" => {
                read_cell(&tag, &mut place, tokens, rows, values)?;
            }
            Token::Open(tag) if local_name(&tag, values) == "row" => {
                return Err(Error::malformed("a row begins inside another one"));
            }
            Token::Open(_) => tokens.skip_element()?,
            Token::Close => return Ok(()),
            Token::Text(_) => {}
            Token::End => return Err(tokens.ended_early()),
        }
    }
}

/// The local name of an element of ours, `""` for those of other namespaces.
fn local_name<'a>(tag: &'a Tag<'_>, values: &ValueReader<'_>) -> &'a str {
    let (prefix, name) = tag.split_name();
    if values.context.prefixes.iter().any(|known| known == prefix) {
        name
    } else {
        ""
    }
}

fn row_number(text: &str) -> Result<u32> {
    match parse_index(text.as_bytes()) {
        Some(number @ 1..=MAX_ROWS) => Ok(number - 1),
        _ => Err(Error::malformed(format!(
            "{text:?} is not a row number (1 to {MAX_ROWS})"
        ))),
    }
}

/// Where the next cell goes.
struct Place {
    row: Option<u32>,
    next_column: u32,
}

fn read_cell(
    tag: &Tag<'_>,
    place: &mut Place,
    tokens: &mut Tokens<'_>,
    rows: &mut RowSink,
    values: &ValueReader<'_>,
) -> Result<()> {
    tag.check_attributes(values.context.limits.max_attributes)?;
    let mut column = place.next_column;
    if let Some(reference) = tag.attribute("r")? {
        let (row, named) = parse_cell(reference.trim()).ok_or_else(|| {
            Error::malformed(format!(
                "{reference:?} is not a cell reference (A1 to XFD1048576)"
            ))
        })?;
        column = named;
        // The cell knows better than its row, as other readers see it too.
        if place.row != Some(row) {
            rows.move_to_row(row)?;
            place.row = Some(row);
        }
    }
    if column >= MAX_COLUMNS {
        return Err(Error::malformed("the row has more than 16,384 cells"));
    }
    let most = values.context.limits.max_columns;
    check("max_columns", most, u64::from(column) + 1)?;
    place.next_column = column + 1;
    let name = |error: Error| match place.row {
        Some(row) => error.at_cell(cell_name(row, column)),
        None => error,
    };
    let style = tag
        .attribute("s")?
        .and_then(|style| parse_index(style.as_bytes()))
        .unwrap_or(0);
    let cell_type = match tag.attribute("t")? {
        None => CellType::Number,
        Some(t) => CellType::from_attribute(t.trim().as_bytes())
            .ok_or_else(|| name(Error::malformed(format!("{t:?} is not a cell type"))))?,
    };
    let (mut value, mut inline, mut formula) = (None, None, Formula::None);
    loop {
        match tokens.next()? {
            Token::Open(tag) => match local_name(&tag, values) {
                "v" => value = Some(tokens.element_text()?),
                "is" => inline = Some(rich_text(tokens)?),
                "f" => {
                    let text = tokens.element_text()?;
                    formula = match text.is_empty() {
                        true => Formula::Untold, // a shared formula stands in its first cell
                        false => Formula::Text(text.into()),
                    };
                }
                "c" | "row" => {
                    return Err(name(Error::malformed("the cell has another one inside")));
                }
                _ => tokens.skip_element()?,
            },
            Token::Close => break,
            Token::Text(_) => {}
            Token::End => return Err(tokens.ended_early()),
        }
    }
    let Some(lane) = values.context.selection.lane(column) else {
        return Ok(());
    };
    let text = match cell_type {
        CellType::Inline => inline.or(value.map(|value| unescape(&value).into_owned())),
        CellType::Text => value.map(|value| unescape(&value).into_owned()),
        _ => value,
    };
    if let Some(text) = text {
        values
            .put(rows, lane, cell_type, style, &text)
            .map_err(name)?;
        rows.note(lane, style, || formula);
    }
    Ok(())
}

/// The text of `<is>` or `<si>`, whose start tag was the last token: the runs joined, phonetic hints left out
/// (ECMA-376 part 1, 18.4.8 and 18.4.6).
pub(crate) fn rich_text(tokens: &mut Tokens<'_>) -> Result<String> {
    let mut text = String::new();
    let mut depth = 1;
    loop {
        match tokens.next()? {
            Token::Open(tag) => match tag.name() {
                "t" => text.push_str(&unescape(&tokens.element_text()?)),
                "r" => depth += 1,
                _ => tokens.skip_element()?,
            },
            Token::Close => {
                depth -= 1;
                if depth == 0 {
                    return Ok(text);
                }
            }
            Token::Text(_) => {}
            Token::End => return Err(tokens.ended_early()),
        }
    }
}
