//! The list of imports, and their quarantines.

use rusqlite::Connection;

use super::ledger::{IMPORTS, add_columns, exists};
use crate::history::ImportRecord;
use crate::outcome::Quarantined;

/// Whether the ledger knows an import.
fn knows(conn: &Connection, import_id: &str) -> rusqlite::Result<bool> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {IMPORTS} WHERE import_id = ?1)");
    Ok(exists(conn)? && conn.query_row(&sql, [import_id], |row| row.get(0))?)
}

/// The rows in quarantine; false where nobody knows the import.
pub(super) fn quarantined(
    conn: &Connection,
    import_id: &str,
    each: &mut dyn FnMut(Quarantined),
) -> rusqlite::Result<bool> {
    if !knows(conn, import_id)? {
        return Ok(false);
    }
    add_columns(conn)?;
    let mut statement = conn.prepare(
        "SELECT part, row, codes, reason, raw FROM main._sheetlift_rejects
         WHERE import_id = ?1 AND replayed_by IS NULL ORDER BY rowid",
    )?;
    let mut rows = statement.query([import_id])?;
    while let Some(row) = rows.next()? {
        each(Quarantined {
            part: row.get(0)?,
            row: row.get(1)?,
            codes: row.get(2)?,
            reason: row.get(3)?,
            raw: row.get(4)?,
        });
    }
    Ok(true)
}

/// How the source of an import was laid out; the outer none where nobody knows the import.
pub(super) fn layout(
    conn: &Connection,
    import_id: &str,
) -> rusqlite::Result<Option<Option<String>>> {
    if !knows(conn, import_id)? {
        return Ok(None);
    }
    add_columns(conn)?;
    let sql = format!("SELECT layout FROM {IMPORTS} WHERE import_id = ?1");
    conn.query_row(&sql, [import_id], |row| row.get(0))
        .map(Some)
}

/// The latest imports.
pub(super) fn read(conn: &Connection, limit: usize) -> rusqlite::Result<Vec<ImportRecord>> {
    if !exists(conn)? {
        return Ok(Vec::new());
    }
    // A ledger of before may lack the newer columns, and is only read here.
    let has = |name: &str| {
        conn.query_row(
            "SELECT EXISTS (SELECT 1 FROM pragma_table_info('_sheetlift_imports', 'main') WHERE name = ?1)",
            [name],
            |row| row.get::<_, bool>(0),
        )
    };
    let undone_at = if has("undone_at")? {
        "undone_at"
    } else {
        "NULL"
    };
    let removed = if has("removed")? { "removed" } else { "NULL" };
    let replay_of = if has("replay_of")? {
        "replay_of"
    } else {
        "NULL"
    };
    let mut statement = conn.prepare(&format!(
        "SELECT import_id, source_name, target_table, mode, state, started_at, committed_at, {undone_at},
         rows_read, inserted, updated, unchanged, conflicts, rejected, coalesce({removed}, 0), {replay_of}
         FROM {IMPORTS} ORDER BY started_at DESC, import_id LIMIT ?1"
    ))?;
    let records = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
        let mut counts = [0; 7];
        for (at, count) in counts.iter_mut().enumerate() {
            *count = row
                .get::<_, Option<i64>>(8 + at)?
                .unwrap_or_default()
                .unsigned_abs();
        }
        let is_counted = row.get::<_, Option<i64>>(8)?.is_some();
        Ok(ImportRecord {
            import_id: row.get(0)?,
            source_name: row.get(1)?,
            table: row.get(2)?,
            mode: row.get(3)?,
            state: row.get(4)?,
            started_at: row.get(5)?,
            committed_at: row.get(6)?,
            undone_at: row.get(7)?,
            replay_of: row.get(15)?,
            counts: is_counted.then_some(counts),
        })
    })?;
    records.collect()
}
