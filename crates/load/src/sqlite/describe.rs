//! A table as the database has it, for those who want to make a contract of it.

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::SqliteSink;
use super::fault::fault;
use super::fit::Affinity;
use crate::describe::{ColumnDescription, TableDescription, no_table};
use crate::error::{Error, ErrorKind, Result};

impl SqliteSink {
    /// Says what a table, or a view, is like. The database is only read.
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let path = dir.path().join("inventory.db");
    /// let conn = rusqlite::Connection::open(&path)?;
    /// conn.execute_batch("CREATE TABLE item (sku TEXT PRIMARY KEY, price REAL NOT NULL CHECK (price >= 0))")?;
    ///
    /// let sink = sheetlift_load::sqlite::SqliteSink::open(&path)?;
    /// let table = sink.describe("item")?;
    /// assert_eq!(table.primary_key, ["sku"]);
    /// assert_eq!((table.columns[1].affinity, table.columns[1].is_required, table.checks), ("REAL", true, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Usage`](crate::ErrorKind::Usage) when there is no such table, with the tables there are;
    /// [`Sink`](crate::ErrorKind::Sink) when there is no such file, or it cannot be read.
    pub fn describe(&self, table: &str) -> Result<TableDescription> {
        if !self.path.exists() {
            let message = format!("there is no file {}", self.shown);
            return Err(Error::new(ErrorKind::Sink, "sink/not-found", message)
                .with_hint("give the path of a SQLite database that exists"));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&self.path, flags)
            .map_err(fault(&self.shown, "opening"))?;
        conn.busy_timeout(std::time::Duration::from_millis(self.busy_timeout_ms))
            .map_err(fault(&self.shown, "opening"))?;
        let described = described(&conn, table).map_err(fault(&self.shown, "reading"))?;
        match described {
            Some(described) => Ok(described),
            None => Err(self.no_table(&conn, table)),
        }
    }

    fn no_table(&self, conn: &Connection, table: &str) -> Error {
        let sql = "SELECT name FROM main.sqlite_master WHERE type IN ('table', 'view')
                   AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
        let names = conn.prepare(sql).and_then(|mut statement| {
            let names = statement.query_map([], |row| row.get::<_, String>(0))?;
            names.collect::<rusqlite::Result<Vec<_>>>()
        });
        no_table(&self.shown, table, &names.unwrap_or_default())
    }
}

fn described(conn: &Connection, table: &str) -> rusqlite::Result<Option<TableDescription>> {
    let found = conn
        .query_row(
            "SELECT l.name, l.type, l.strict, l.wr, coalesce(m.sql, '') FROM pragma_table_list AS l
             LEFT JOIN main.sqlite_master AS m ON m.name = l.name AND m.type IN ('table', 'view')
             WHERE l.schema = 'main' AND l.name = ?1 COLLATE NOCASE",
            [table],
            |row| {
                let texts = (row.get::<_, String>(0)?, row.get::<_, String>(1)?);
                Ok((
                    texts,
                    row.get::<_, bool>(2)?,
                    row.get::<_, bool>(3)?,
                    row.get::<_, String>(4)?,
                ))
            },
        )
        .optional()?;
    let Some(((name, kind), is_strict, without_rowid, sql)) = found else {
        return Ok(None);
    };
    let columns = columns(conn, &name, is_strict)?;
    let mut primary_key: Vec<(i64, String)> = columns
        .iter()
        .filter(|(place, _)| *place > 0)
        .map(|(place, column)| (*place, column.name.clone()))
        .collect();
    primary_key.sort();
    let primary_key: Vec<String> = primary_key.into_iter().map(|(_, name)| name).collect();
    let mut columns: Vec<ColumnDescription> =
        columns.into_iter().map(|(_, column)| column).collect();
    if let ([key], false) = (&primary_key[..], without_rowid) {
        let is_key = |column: &&mut ColumnDescription| column.name == *key;
        if let Some(column) = columns.iter_mut().find(is_key) {
            column.is_numbered = column.declared.eq_ignore_ascii_case("INTEGER");
        }
    }
    let is_view = kind == "view";
    Ok(Some(TableDescription {
        unique_keys: unique_keys(conn, &name)?,
        checks: if is_view { 0 } else { checks(&sql) },
        foreign_keys: conn.query_row(
            "SELECT count(DISTINCT id) FROM pragma_foreign_key_list(?1, 'main')",
            [&name],
            |row| row.get::<_, i64>(0),
        )? as usize,
        name,
        is_view,
        columns,
        primary_key,
    }))
}

/// The columns, each with its place in the primary key, from 1; 0 outside.
fn columns(
    conn: &Connection,
    table: &str,
    is_strict: bool,
) -> rusqlite::Result<Vec<(i64, ColumnDescription)>> {
    let mut statement = conn.prepare(
        "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1, 'main')
         WHERE hidden <> 1",
    )?;
    let columns = statement.query_map([table], |row| {
        let declared: String = row.get(1)?;
        let column = ColumnDescription {
            name: row.get(0)?,
            affinity: Affinity::of(&declared, is_strict).name(),
            declared,
            is_required: row.get(2)?,
            default: row.get(3)?,
            is_generated: row.get::<_, i64>(5)? > 1,
            is_numbered: false,
        };
        Ok((row.get(4)?, column))
    })?;
    columns.collect()
}

fn unique_keys(conn: &Connection, table: &str) -> rusqlite::Result<Vec<Vec<String>>> {
    let mut indexes = conn.prepare(
        "SELECT name FROM pragma_index_list(?1, 'main')
         WHERE \"unique\" AND NOT partial AND origin <> 'pk' ORDER BY seq DESC",
    )?;
    let mut parts =
        conn.prepare("SELECT name FROM pragma_index_xinfo(?1, 'main') WHERE key ORDER BY seqno")?;
    let names = indexes.query_map([table], |row| row.get::<_, String>(0))?;
    let mut keys: Vec<Vec<String>> = Vec::new();
    for index in names.collect::<rusqlite::Result<Vec<_>>>()? {
        let names = parts.query_map([&index], |row| row.get::<_, Option<String>>(0))?;
        // An expression has no name.
        let key: Option<Vec<String>> = names.collect::<rusqlite::Result<_>>()?;
        keys.extend(key.filter(|key| !keys.contains(key)));
    }
    Ok(keys)
}

/// How often the word CHECK stands in a statement, outside names, texts and comments.
fn checks(sql: &str) -> usize {
    let mut rest = sql;
    let mut found = 0;
    while let Some(c) = rest.chars().next() {
        let skip = |end: &str| {
            let inside = &rest[c.len_utf8()..];
            inside.find(end).map_or("", |at| &inside[at + end.len()..])
        };
        let is_of_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        rest = match c {
            '\'' => skip("'"),
            '"' => skip("\""),
            '`' => skip("`"),
            '[' => skip("]"),
            '-' if rest.starts_with("--") => skip("\n"),
            '/' if rest.starts_with("/*") => {
                let inside = &rest[2..];
                inside.find("*/").map_or("", |at| &inside[at + 2..])
            }
            c if is_of_word(c) => {
                let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
                found += usize::from(rest[..end].eq_ignore_ascii_case("check"));
                &rest[end..]
            }
            c => &rest[c.len_utf8()..],
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_counted_where_they_are() {
        for (sql, expected) in [
            ("CREATE TABLE t (a CHECK (a > 0), b, Check(a < b))", 2),
            (
                "CREATE TABLE \"check\" (\"a check\" TEXT DEFAULT 'check ''check', [check] , `check`)",
                0,
            ),
            (
                "CREATE TABLE t (a -- check\n, b /* check */ , checked, x$check)",
                0,
            ),
            ("CREATE TABLE t (é CHECK (é))", 1),
            ("CREATE TABLE t (a) -- check", 0),
            ("'", 0),
            ("", 0),
        ] {
            assert_eq!(checks(sql), expected, "{sql}");
        }
    }
}
