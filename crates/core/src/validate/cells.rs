//! Cells as their author sees them.

use serde_json::Value as Json;

use crate::column::{Cell, DateSystem, display::write_cell};

/// The text of a cell; empty for null.
pub(super) fn cell_text(cell: Cell<'_>, dates: DateSystem) -> String {
    match cell {
        Cell::Error(text) => text.to_owned(),
        Cell::BadString(id) => format!("shared string {id}"),
        cell => {
            let mut out = Vec::new();
            write_cell(&mut out, cell, dates);
            String::from_utf8(out).unwrap_or_default() // always Ok: only texts and digits are written
        }
    }
}

/// The cell in a message: texts in quotes, cut to what one line can bear.
pub(super) fn cell_quoted(cell: Cell<'_>, dates: DateSystem) -> String {
    let text = cell_text(cell, dates);
    match cell {
        Cell::Text(..) => format!("{:?}", cut(&text, 60)),
        _ => cut(&text, 60),
    }
}

/// The cell as JSON; `None` for null.
pub(super) fn cell_json(cell: Cell<'_>, dates: DateSystem) -> Option<Json> {
    Some(match cell {
        Cell::Null => return None,
        Cell::Bool(value) => value.into(),
        Cell::Int(value) => value.into(),
        Cell::Float(value) if value.is_finite() => value.into(),
        cell => cell_text(cell, dates).into(),
    })
}

/// What kind of value it is, for messages that say why it does not fit.
pub(super) fn cell_kind(cell: Cell<'_>) -> &'static str {
    match cell {
        Cell::Null => "nothing",
        Cell::Bool(_) => "true or false",
        Cell::Int(_) | Cell::Float(_) => "a number",
        Cell::Date(_) => "a date",
        Cell::DateTime(_) => "a date with a time of day",
        Cell::Time(_) => "a time of day",
        Cell::Duration(_) => "a duration",
        Cell::Text(..) => "a text",
        Cell::Error(_) => "an error",
        Cell::BadString(_) => "a broken text",
    }
}

/// At most `limit` characters of `text`, the last one `…` when something was cut.
pub(super) fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => {
            let end = text.char_indices().nth(limit - 1).map_or(0, |(at, _)| at);
            format!("{}…", &text[..end])
        }
    }
}

/// True for cells that hold nothing one could see.
pub(super) fn is_blank(cell: Cell<'_>) -> bool {
    match cell {
        Cell::Null => true,
        Cell::Text(text, _) => text.trim().is_empty(),
        _ => false,
    }
}
