//! Rows as they were read, as JSON.

use serde_json::{Map, Value as Json, json};

use super::cells::cell_json;
use crate::{
    column::{Cell, Window},
    header::Header,
};

/// A row as it was read: what a quarantine keeps of it.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct RawRow {
    /// Its cells by unique column name (the header text, `price_2` for a second `price`); empty cells are left out.
    pub cells: Map<String, Json>,
    /// What JSON does not tell of them, by the same names: `["date", 46053.0]` (or `datetime`, `time`, `duration`, with the serial
    /// number of the file), `["error"]`, `["broken", 912]` for a shared string that is not there.
    pub kinds: Map<String, Json>,
}

impl RawRow {
    /// A row of a window whose columns are those of the header.
    pub fn of(header: &Header, window: &Window, row: usize) -> RawRow {
        let mut raw = RawRow::default();
        for (place, column) in header.columns.iter().enumerate() {
            let cell = window.column(place).cell(row);
            if let Some(json) = cell_json(cell, window.dates()) {
                if let Some(kind) = kind(cell) {
                    raw.kinds.insert(column.name.to_string(), kind);
                }
                raw.cells.insert(column.name.to_string(), json);
            }
        }
        raw
    }
}

/// What JSON does not tell; none where it does.
fn kind(cell: Cell<'_>) -> Option<Json> {
    Some(match cell {
        Cell::Null | Cell::Bool(_) | Cell::Int(_) | Cell::Float(_) | Cell::Text(..) => return None,
        Cell::Date(serial) => json!(["date", serial]),
        Cell::DateTime(serial) => json!(["datetime", serial]),
        Cell::Time(fraction) => json!(["time", fraction]),
        Cell::Duration(days) => json!(["duration", days]),
        Cell::Error(_) => json!(["error"]),
        Cell::BadString(id) => json!(["broken", id]),
    })
}
