//! The temporary tables of an import. They live in a private file of this connection and vanish with it.
//!
//! `stage` holds staged rows, numbered in order of arrival; `hit`, `dup`, `gone` and `changed` say of them what the merge finds out, and
//! `before` holds rows of the target as they were.
//! `exceptions` and `rejects` become rows of the ledger in the final transaction.

use rusqlite::{Connection, params};

use super::names::joined;
use crate::{
    outcome::{MAX_LISTED_CONFLICTS, RowConflict},
    plan::Plan,
    relational::Refusal,
};

pub(super) const STAGE: &str = "temp.sheetlift_stage";
pub(super) const HIT: &str = "temp.sheetlift_hit";
pub(super) const DUP: &str = "temp.sheetlift_dup";
pub(super) const GONE: &str = "temp.sheetlift_gone";
pub(super) const CHANGED: &str = "temp.sheetlift_changed";
pub(super) const EXCEPTIONS: &str = "temp.sheetlift_exceptions";
pub(super) const REJECTS: &str = "temp.sheetlift_rejects";
pub(super) const BEFORE: &str = "temp.sheetlift_before";
const PARTS: &str = "temp.sheetlift_parts";

/// The name of the part that a row is in; null where the source has none.
pub(super) const PART: &str = "(SELECT name FROM temp.sheetlift_parts WHERE id = src >> 20)";
/// The number of a row in its part.
pub(super) const ROW: &str =
    "CASE WHEN EXISTS (SELECT 1 FROM temp.sheetlift_parts) THEN src & 1048575 ELSE src END";
const _: () = assert!(Plan::PART_ROWS == 1 << 20);

/// Creates them for an import of so many columns.
pub(super) fn create(conn: &Connection, columns: usize, parts: &[String]) -> rusqlite::Result<()> {
    // Columns without a type have no affinity: values stay what they are until the target decides.
    let columns = joined((0..columns).map(|i| format!("c{i}")), ", ");
    conn.execute_batch(&format!(
        "CREATE TABLE {STAGE} (n INTEGER PRIMARY KEY, src, {columns});
         CREATE TABLE {HIT} (n INTEGER PRIMARY KEY);
         CREATE TABLE {DUP} (n INTEGER PRIMARY KEY);
         CREATE TABLE {GONE} (n INTEGER PRIMARY KEY, round INTEGER);
         CREATE TABLE {CHANGED} (n INTEGER PRIMARY KEY);
         CREATE TABLE {BEFORE} (n INTEGER, kind TEXT, image BLOB);
         CREATE TABLE {EXCEPTIONS} (src INTEGER, code TEXT, reason TEXT, key_text TEXT, col TEXT);
         CREATE TABLE {REJECTS} (src INTEGER, codes TEXT, reason TEXT, raw TEXT);
         CREATE TABLE {PARTS} (id INTEGER PRIMARY KEY, name TEXT);"
    ))?;
    let mut insert = conn.prepare(&format!("INSERT INTO {PARTS} VALUES (?1, ?2)"))?;
    for (id, part) in parts.iter().enumerate() {
        insert.execute(params![id as i64, part])?;
    }
    Ok(())
}

/// Notes a row that does not enter the target.
pub(super) fn except(
    conn: &Connection,
    row: u32,
    refusal: &Refusal,
    key: &str,
) -> rusqlite::Result<()> {
    let Refusal {
        code,
        reason,
        column,
    } = refusal;
    let sql = format!("INSERT INTO {EXCEPTIONS} VALUES (?1, ?2, ?3, ?4, ?5)");
    conn.prepare_cached(&sql)?
        .execute(params![row, code, reason, key, column])?;
    Ok(())
}

/// The exact number of exceptions and the first of them, by row.
pub(super) fn exceptions(conn: &Connection) -> rusqlite::Result<(u64, Vec<RowConflict>)> {
    let total = count(conn, &format!("SELECT count(*) FROM {EXCEPTIONS}"))?;
    let mut statement = conn.prepare(&format!(
        "SELECT {ROW}, code, reason, key_text, {PART}, col FROM {EXCEPTIONS} ORDER BY src, rowid LIMIT {MAX_LISTED_CONFLICTS}"
    ))?;
    let listed = statement.query_map([], |row| {
        Ok(RowConflict {
            row: row.get(0)?,
            code: row.get(1)?,
            reason: row.get(2)?,
            key: row.get(3)?,
            part: row.get(4)?,
            column: row.get(5)?,
        })
    })?;
    Ok((total, listed.collect::<rusqlite::Result<_>>()?))
}

/// The one number that a query gives.
pub(super) fn count(conn: &Connection, sql: &str) -> rusqlite::Result<u64> {
    conn.query_row(sql, [], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}

/// The rows that do not enter, in order.
pub(super) fn conflicts(conn: &Connection) -> rusqlite::Result<Vec<u32>> {
    let mut rows = conn.prepare(&format!("SELECT src FROM {EXCEPTIONS} ORDER BY src"))?;
    rows.query_map([], |row| row.get(0))?.collect()
}

/// Puts rows that do not enter beside those that were rejected, as they were read; `Err` ends it.
pub(super) fn keep_refused<E: From<rusqlite::Error>>(
    conn: &Connection,
    rows: impl Iterator<Item = Result<(u32, String), E>>,
) -> Result<(), E> {
    // A row does not enter for one reason: they are found by their rows.
    conn.execute_batch(&format!(
        "CREATE INDEX {EXCEPTIONS}_by_row ON {} (src)",
        EXCEPTIONS.trim_start_matches("temp.")
    ))?;
    let mut insert = conn.prepare(&format!(
        "INSERT INTO {REJECTS} SELECT src, code, reason, ?2 FROM {EXCEPTIONS} WHERE src = ?1"
    ))?;
    for row in rows {
        insert.execute(row?)?;
    }
    Ok(())
}
