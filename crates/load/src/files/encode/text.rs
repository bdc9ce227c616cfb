//! Values as text, the same in CSV, NDJSON and the keys of conflicts.

use std::io::Write;

use arrow_array::RecordBatch;

use crate::cells::{Cells, Value, arrays};
use crate::class::Class;
use crate::error::{Error, Result};
use crate::files::fit::Column;
use crate::format;

/// The longest key that a conflict tells.
const MAX_KEY_CHARS: usize = 200;

/// Appends a value that is not null. Years and numbers that the format lacks were refused before.
pub(super) fn write(value: Value<'_>, class: Class, out: &mut Vec<u8>) {
    let utc = matches!(class, Class::Timestamp { utc: true });
    let written = match value {
        Value::Null => Ok(()),
        Value::Boolean(value) => write!(out, "{value}"),
        Value::Integer(value) => write!(out, "{value}"),
        Value::Unsigned(value) => write!(out, "{value}"),
        // The shortest digits that read back.
        Value::Real(value) => write!(out, "{value:?}"),
        Value::Text(value) => {
            out.extend_from_slice(value);
            Ok(())
        }
        Value::Bytes(value) => value.iter().try_for_each(|byte| write!(out, "{byte:02x}")),
        Value::Date(days) => {
            format::date(i64::from(days), out);
            Ok(())
        }
        Value::Time(value, per_second) => {
            format::time(value, per_second, out);
            Ok(())
        }
        Value::Timestamp(value, per_second) => {
            format::timestamp(value, per_second, utc, out);
            Ok(())
        }
        Value::Decimal(value, scale) => {
            format::decimal(value, scale, out);
            Ok(())
        }
    };
    debug_assert!(written.is_ok(), "a vector takes any text");
}

/// The key of a row for people, its values joined by commas and shortened.
pub(in crate::files) fn key_text(
    batch: &RecordBatch,
    columns: &[Column],
    row: usize,
) -> Result<String> {
    let one = arrays(&batch.slice(row, 1))?;
    let mut parts = Vec::new();
    for (column, array) in columns.iter().zip(&one).filter(|(column, _)| column.is_key) {
        let cells = Cells::new(array)
            .ok_or_else(|| Error::bug(format!("column {:?} cannot be read", column.name)))?;
        let mut text = Vec::new();
        write(cells.value(0), column.class, &mut text);
        parts.push(String::from_utf8_lossy(&text).into_owned());
    }
    Ok(parts.join(", ").chars().take(MAX_KEY_CHARS).collect())
}
