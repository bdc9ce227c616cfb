//! Rows as bytes, in SQL: what is kept of a row that an import changes, and by what a row is known again.
//!
//! `sheetlift_row(a, b, ..)` is all of the values, exactly; `sheetlift_join(row, row, ..)` is one long row; `sheetlift_value(row, 0)` is one
//! of its values; `sheetlift_hash(row)` is a number that another row has by accident only (XXH3), `sheetlift_row_hash(a, b, ..)` that of
//! `sheetlift_row(a, b, ..)`; `sheetlift_pack(hash, a, b, ..)` puts many rows and numbers into one value.

use std::cell::RefCell;

use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::{FromSqlError, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Error, Result};
use twox_hash::XxHash3_64;

/// Makes the functions known to a connection.
pub(super) fn register(conn: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_DIRECTONLY;
    conn.create_scalar_function("sheetlift_row", -1, flags, |context| Ok(row(context)))?;
    conn.create_scalar_function("sheetlift_join", -1, flags, |context| {
        let rows = (0..context.len()).map(|at| context.get_raw(at).as_blob());
        Ok(rows.collect::<Result<Vec<_>, _>>().map_err(bad)?.concat())
    })?;
    conn.create_scalar_function("sheetlift_hash", 1, flags, |context| {
        Ok(hash(context.get_raw(0).as_blob().map_err(bad)?))
    })?;
    let scratch = RefCell::new(Vec::new());
    conn.create_scalar_function("sheetlift_row_hash", -1, flags, move |context| {
        let mut row = scratch.borrow_mut();
        row.clear();
        write_row(context, &mut row);
        Ok(hash(&row))
    })?;
    conn.create_scalar_function("sheetlift_value", 2, flags, |context| {
        let row = context.get_raw(0).as_blob().map_err(bad)?;
        let at: u32 = context.get(1)?;
        let value = values(row).nth(at as usize).unwrap_or(ValueRef::Null);
        Ok(ToSqlOutput::Owned(Value::try_from(value)?))
    })?;
    conn.create_aggregate_function("sheetlift_pack", -1, flags, Pack)
}

/// Arguments that a function is given at most.
pub(super) const ARGUMENTS: usize = 100;

/// The expression for the image of a row, by expressions for its values.
pub(super) fn of(values: &[String]) -> String {
    let rows: Vec<String> = values
        .chunks(ARGUMENTS)
        .map(|values| format!("sheetlift_row({})", values.join(", ")))
        .collect();
    match rows.as_slice() {
        [only] => only.clone(),
        rows => format!("sheetlift_join({})", rows.join(", ")),
    }
}

/// The expression for the number of a row, likewise.
pub(super) fn hash_of(values: &[String]) -> String {
    match values.len() <= ARGUMENTS {
        true => format!("sheetlift_row_hash({})", values.join(", ")),
        false => format!("sheetlift_hash({})", of(values)),
    }
}

fn hash(row: &[u8]) -> i64 {
    XxHash3_64::oneshot(row).cast_signed()
}

fn bad(error: FromSqlError) -> Error {
    Error::UserFunctionError(Box::new(error))
}

fn row(context: &Context<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 * context.len());
    write_row(context, &mut out);
    out
}

fn write_row(context: &Context<'_>, out: &mut Vec<u8>) {
    for at in 0..context.len() {
        write(context.get_raw(at), out);
    }
}

/// A tag, and then the number, or the length and the bytes.
fn write(value: ValueRef<'_>, out: &mut Vec<u8>) {
    let mut sized = |tag: u8, bytes: &[u8]| {
        out.push(tag);
        out.extend_from_slice(&(bytes.len() as u32).to_le_bytes()); // SQLite ends at 2 GB
        out.extend_from_slice(bytes);
    };
    match value {
        ValueRef::Null => out.push(b'n'),
        ValueRef::Integer(value) => {
            out.push(b'i');
            out.extend_from_slice(&value.to_le_bytes());
        }
        ValueRef::Real(value) => {
            out.push(b'r');
            out.extend_from_slice(&value.to_le_bytes());
        }
        ValueRef::Text(text) => sized(b't', text),
        ValueRef::Blob(bytes) => sized(b'b', bytes),
    }
}

/// The values of a row; they end where the bytes make no sense.
pub(super) fn values(row: &[u8]) -> impl Iterator<Item = ValueRef<'_>> {
    let mut rest = row;
    std::iter::from_fn(move || {
        let (&tag, after) = rest.split_first()?;
        let number = |bytes: &[u8]| <[u8; 8]>::try_from(bytes.get(..8)?).ok();
        let (value, used) = match tag {
            b'n' => (ValueRef::Null, 0),
            b'i' => (ValueRef::Integer(i64::from_le_bytes(number(after)?)), 8),
            b'r' => (ValueRef::Real(f64::from_le_bytes(number(after)?)), 8),
            b't' | b'b' => {
                let len = u32::from_le_bytes(after.get(..4)?.try_into().ok()?) as usize;
                let bytes = after.get(4..len.checked_add(4)?)?;
                let value = match tag {
                    b't' => ValueRef::Text(bytes),
                    _ => ValueRef::Blob(bytes),
                };
                (value, len + 4)
            }
            _ => return None,
        };
        rest = &after[used..];
        Some(value)
    })
}

struct Pack;

impl Aggregate<Vec<u8>, Vec<u8>> for Pack {
    fn init(&self, _: &mut Context<'_>) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn step(&self, context: &mut Context<'_>, packed: &mut Vec<u8>) -> Result<()> {
        let start = packed.len();
        packed.extend_from_slice(&[0; 4]);
        for at in 1..context.len() {
            write(context.get_raw(at), packed);
        }
        let len = (packed.len() - start - 4) as u32;
        packed[start..start + 4].copy_from_slice(&len.to_le_bytes());
        packed.extend_from_slice(&context.get::<i64>(0)?.to_le_bytes());
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, packed: Option<Vec<u8>>) -> Result<Vec<u8>> {
        Ok(packed.unwrap_or_default())
    }
}

/// The rows and hashes of a packed value.
pub(super) fn unpack(packed: &[u8]) -> impl Iterator<Item = (&[u8], i64)> {
    let mut rest = packed;
    std::iter::from_fn(move || {
        let len = u32::from_le_bytes(rest.get(..4)?.try_into().ok()?) as usize;
        let row = rest.get(4..len.checked_add(4)?)?;
        let hash = rest.get(len + 4..len.checked_add(12)?)?;
        rest = &rest[len + 12..];
        Some((row, i64::from_le_bytes(hash.try_into().ok()?)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_exactly() {
        let conn = Connection::open_in_memory().unwrap();
        register(&conn).unwrap();
        let sql = "SELECT sheetlift_row(NULL, 7, -1.5, 'a' || char(0) || 'é', x'00ff', '')";
        let image: Vec<u8> = conn.query_row(sql, [], |row| row.get(0)).unwrap();
        let expected = [
            Value::Null,
            Value::Integer(7),
            Value::Real(-1.5),
            Value::Text("a\0é".to_owned()),
            Value::Blob(vec![0, 255]),
            Value::Text(String::new()),
        ];
        assert!(values(&image).eq(expected.iter().map(ValueRef::from)));
        for (at, value) in expected.iter().enumerate() {
            let found: Value = conn
                .query_row(
                    "SELECT sheetlift_value(?1, ?2)",
                    (&image, at as i64),
                    |row| row.get(0),
                )
                .unwrap();
            assert_eq!(found, *value);
        }
        // Whatever is cut off, nothing is made up.
        for end in 0..image.len() {
            assert!(values(&image[..end]).count() < 6);
        }
        let sql = "SELECT sheetlift_pack(sheetlift_hash(sheetlift_row(a, 1)), a) FROM (SELECT 1 AS a UNION ALL SELECT 'x')";
        let packed: Vec<u8> = conn.query_row(sql, [], |row| row.get(0)).unwrap();
        let rows: Vec<_> = unpack(&packed).collect();
        assert_eq!(rows.len(), 2);
        assert!(values(rows[1].0).eq([ValueRef::Text(b"x")]));
        let hash = |sql: &str| {
            conn.query_row::<i64, _, _>(sql, [], |row| row.get(0))
                .unwrap()
        };
        assert_eq!(
            rows[0].1,
            hash("SELECT sheetlift_hash(sheetlift_join(sheetlift_row(1), sheetlift_row(1)))")
        );
        // Both ways to a hash, for rows of few and of many values.
        assert_eq!(rows[0].1, hash("SELECT sheetlift_row_hash(1, 1)"));
        let many = vec!["'x'".to_owned(); 3 * ARGUMENTS];
        let (few, all) = (many[..ARGUMENTS].to_vec(), many);
        for values in [few, all] {
            let ways = [hash_of(&values), format!("sheetlift_hash({})", of(&values))];
            let [one, other] = ways.map(|way| hash(&format!("SELECT {way}")));
            assert_eq!(one, other);
        }
        assert_ne!(
            rows[0].1,
            hash("SELECT sheetlift_hash(sheetlift_row(1, '1'))")
        );
        for end in 0..packed.len() {
            assert!(unpack(&packed[..end]).count() < 2);
        }
    }
}
