//! Taking an import back. A row is as the import left it while its hash is what it was then.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Statement, params, params_from_iter};
use serde::{Deserialize, Serialize};

use super::fault::{fault, is_row_refused, reason};
use super::ledger::{self, IMPORTS};
use super::names::{in_main, joined, quote};
use super::scratch::{BEFORE, GONE, HIT, STAGE};
use super::target::{self, Target};
use super::{SqliteSink, connection, image};
use crate::error::{Error, Result};
use crate::history::{MAX_LISTED_KEPT, Undone};
use crate::plan::Plan;
use crate::relational::{MAX_KEY_CHARS, Words, check_undone, replayed_since};

/// Rows whose keys are in one value of the ledger.
const KEYS_AT_ONCE: i64 = 10_000;

/// What has to be known of an import to take it back, as the ledger has it.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    table: String,
    /// The columns of the key; without one, rows are found by the number that SQLite gives them.
    key: Vec<String>,
    /// The columns of the table that can be written, each with its type.
    columns: Vec<(String, String)>,
}

impl Record {
    fn of(conn: &Connection, plan: &Plan) -> rusqlite::Result<Record> {
        Ok(Record {
            table: plan.table.clone(),
            key: plan.matched_key().to_vec(),
            columns: target::written_columns(conn, &plan.table)?,
        })
    }

    fn write(&self, conn: &Connection, plan: &Plan) -> rusqlite::Result<()> {
        let json = serde_json::to_string(self).unwrap_or_default();
        conn.execute(
            &format!("UPDATE {IMPORTS} SET undo = ?2 WHERE import_id = ?1"),
            params![plan.import_key.import_id(), json],
        )?;
        Ok(())
    }

    /// The key of `t`, a row of the target.
    fn key_of_t(&self) -> Vec<String> {
        match self.key.as_slice() {
            [] => vec!["t.rowid".to_owned()],
            names => names
                .iter()
                .map(|name| format!("t.{}", quote(name)))
                .collect(),
        }
    }

    /// The hash of a row of the target, `t`.
    fn hash(&self) -> String {
        let names = self.columns.iter();
        let values: Vec<String> = names
            .map(|(name, _)| format!("t.{}", quote(name)))
            .collect();
        image::hash_of(&values)
    }
}

/// The image of `t`, a row of a table.
pub(super) fn image(conn: &Connection, table: &str) -> rusqlite::Result<String> {
    let names = target::written_columns(conn, table)?.into_iter();
    let values: Vec<String> = names
        .map(|(name, _)| format!("t.{}", quote(&name)))
        .collect();
    Ok(image::of(&values))
}

/// The largest number that a row has, where rows of the plan are known by theirs; none where they cannot be.
pub(super) fn last_rowid(
    conn: &Connection,
    plan: &Plan,
    target: &Target,
) -> rusqlite::Result<Option<i64>> {
    let is_named = |name: &str| {
        target::written_columns(conn, &plan.table).map(|found| {
            found
                .iter()
                .any(|(column, _)| super::names::same(column, name))
        })
    };
    if !plan.matched_key().is_empty() || target.without_rowid || is_named("rowid")? {
        return Ok(None);
    }
    let sql = format!(
        "SELECT coalesce(max(rowid), 0) FROM {}",
        in_main(&plan.table)
    );
    conn.query_row(&sql, [], |row| row.get(0)).map(Some)
}

/// Keeps what an undo needs of a merge.
pub(super) fn record(
    conn: &Connection,
    plan: &Plan,
    words: &Words,
    last: Option<i64>,
    inserted: u64,
) -> rusqlite::Result<()> {
    let (record, import_id) = (Record::of(conn, plan)?, plan.import_key.import_id());
    if record.key.len() >= image::ARGUMENTS {
        return Ok(()); // no undo for a key of that many columns
    }
    let (target, hash) = (in_main(&plan.table), record.hash());
    let has_key = !plan.matched_key().is_empty();
    if has_key {
        let places = record.key.iter().filter_map(|name| {
            record
                .columns
                .iter()
                .position(|(column, _)| super::names::same(column, name))
        });
        let key = record.key_of_t();
        let same = key
            .iter()
            .zip(places)
            .map(|(key, at)| format!("{key} = sheetlift_value(b.image, {at})"));
        let same = joined(same, " AND ");
        conn.execute(
            &format!(
                "INSERT INTO main._sheetlift_before (import_id, kind, image, hash)
                 SELECT ?1, b.kind, b.image, (SELECT {hash} FROM {target} AS t WHERE {same})
                 FROM {BEFORE} AS b WHERE b.n NOT IN (SELECT n FROM {GONE})"
            ),
            [&import_id],
        )?;
        let key = key.join(", ");
        let same = &words.same_key;
        // Range by range: a GROUP BY would sort all the rows for that.
        let mut keep = conn.prepare(&format!(
            "INSERT INTO main._sheetlift_keys (import_id, keys)
             SELECT ?1, sheetlift_pack({hash}, {key}) FROM {STAGE} AS s JOIN {target} AS t ON {same}
             WHERE s.n BETWEEN ?2 AND ?3 AND s.n NOT IN (SELECT n FROM {HIT}) AND s.n NOT IN (SELECT n FROM {GONE})
             HAVING count(*) > 0"
        ))?;
        let staged = format!("SELECT coalesce(min(n), 0), coalesce(max(n), -1) FROM {STAGE}");
        let (first, last): (i64, i64) =
            conn.query_row(&staged, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for from in (first..=last).step_by(KEYS_AT_ONCE as usize) {
            keep.execute(params![import_id, from, from + KEYS_AT_ONCE - 1])?;
        }
        return record.write(conn, plan);
    }
    // Rows without a key are known by their number, as long as they all came after the others.
    let Some(last) = last else { return Ok(()) };
    let last = if plan.mode == crate::mode::Mode::Replace {
        i64::MIN
    } else {
        last
    };
    let newer: i64 = conn.query_row(
        &format!("SELECT count(*) FROM {target} WHERE rowid > ?1"),
        [last],
        |row| row.get(0),
    )?;
    if newer.unsigned_abs() != inserted {
        return Ok(());
    }
    conn.execute(
        &format!("INSERT INTO main._sheetlift_before (import_id, kind, image) SELECT ?1, kind, image FROM {BEFORE}"),
        [&import_id],
    )?;
    keep_keys(conn, &record, &import_id, last)?;
    record.write(conn, plan)
}

/// Keeps what an undo needs of rows that went straight into a new table.
pub(super) fn record_new_table(conn: &Connection, plan: &Plan) -> rusqlite::Result<()> {
    let record = Record::of(conn, plan)?;
    if record.key.len() >= image::ARGUMENTS {
        return Ok(());
    }
    keep_keys(conn, &record, &plan.import_key.import_id(), i64::MIN)?;
    record.write(conn, plan)
}

fn keep_keys(
    conn: &Connection,
    record: &Record,
    import_id: &str,
    last: i64,
) -> rusqlite::Result<()> {
    let (key, hash) = (record.key_of_t().join(", "), record.hash());
    let table = in_main(&record.table);
    let is_column = |name: &str| {
        record
            .columns
            .iter()
            .any(|(column, _)| super::names::same(column, name))
    };
    // A column may have one of its names.
    let names = ["rowid", "_rowid_", "oid"];
    let Some(rowid) = names.into_iter().find(|name| !is_column(name)) else {
        conn.execute(
            &format!(
                "INSERT INTO main._sheetlift_keys (import_id, keys)
                 SELECT ?1, sheetlift_pack({hash}, {key}) FROM {table} AS t"
            ),
            [import_id],
        )?;
        return Ok(());
    };
    let mut keep = conn.prepare(&format!(
        "INSERT INTO main._sheetlift_keys (import_id, keys)
         SELECT ?1, sheetlift_pack({hash}, {key}) FROM {table} AS t WHERE t.{rowid} > ?2 AND t.{rowid} <= ?3"
    ))?;
    // Range by range: a GROUP BY would sort all the rows for that. Numbers may have gaps.
    let mut next = conn.prepare(&format!(
        "SELECT max(n) FROM (SELECT {rowid} AS n FROM {table} WHERE {rowid} > ?1 ORDER BY {rowid} LIMIT {KEYS_AT_ONCE})"
    ))?;
    let mut from = last;
    while let Some(to) = next.query_row([from], |row| row.get::<_, Option<i64>>(0))? {
        keep.execute(params![import_id, from, to])?;
        from = to;
    }
    Ok(())
}

/// The error for an import that is not in the ledger.
pub(super) fn unknown_import(import_id: &str, shown: &str) -> Error {
    let message = format!("the ledger of {shown} has no import {import_id:?}");
    Error::usage("usage/import-id", message).with_hint("`sheetlift history` lists the imports")
}

/// Takes an import back.
pub(super) fn undo(sink: &SqliteSink, import_id: &str, dry_run: bool) -> Result<Undone> {
    let unknown = || unknown_import(import_id, &sink.shown);
    if !sink.path.exists() {
        return Err(unknown());
    }
    let conn = connection::open(sink)?;
    let fail = fault(&sink.shown, "taking the import back in");
    conn.execute_batch("BEGIN IMMEDIATE").map_err(&fail)?;
    if !ledger::exists(&conn).map_err(&fail)? {
        return Err(unknown());
    }
    ledger::add_columns(&conn).map_err(&fail)?;
    let found: Option<(String, Option<String>, i64)> = conn
        .query_row(
            &format!(
                "SELECT state, undo, coalesce(inserted + updated + coalesce(removed, 0), 0) FROM {IMPORTS} WHERE import_id = ?1"
            ),
            [import_id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()
        .map_err(&fail)?;
    let (state, record, written) = found.ok_or_else(unknown)?;
    let refuse = |why: &str| {
        let message = format!("import {import_id} cannot be taken back: {why}");
        Err(Error::usage("usage/undo", message))
    };
    if state != "committed" {
        return refuse(&format!("it is {state}"));
    }
    let replayed: Option<String> = conn
        .query_row(
            "SELECT replayed_by FROM main._sheetlift_rejects WHERE import_id = ?1 AND replayed_by IS NOT NULL LIMIT 1",
            [import_id],
            |row| row.get(0),
        )
        .optional()
        .map_err(&fail)?;
    if let Some(replay) = replayed {
        return Err(replayed_since(import_id, &replay));
    }
    let record = record.and_then(|record| serde_json::from_str::<Record>(&record).ok());
    let Some(record) = record else {
        return refuse("nothing was kept for that when it was loaded");
    };
    if target::written_columns(&conn, &record.table).map_err(&fail)? != record.columns {
        return refuse("the columns of its table have changed since");
    }
    let mut undo = Undo {
        conn: &conn,
        record: &record,
        undone: Undone {
            import_id: import_id.to_owned(),
            dry_run,
            ..Undone::default()
        },
    };
    undo.run().map_err(|error| match is_row_refused(&error) {
        true => Error::target(
            "target/undo-refused",
            format!("the table refuses to have its rows back: {}", reason(&error)),
        )
        .with_hint("nothing was changed: other tables may refer to the rows, or others have taken their keys"),
        false => fail(error),
    })?;
    let undone = undo.undone;
    check_undone(&undone, written.unsigned_abs())?;
    let end = if dry_run { "ROLLBACK" } else { "COMMIT" };
    conn.execute_batch(end).map_err(&fail)?;
    Ok(undone)
}

/// Rows as they were, and the hash of what the import made of them.
const IMAGES: &str = "SELECT image, hash FROM main._sheetlift_before WHERE import_id = ?1 AND kind = ?2 ORDER BY rowid";

struct Undo<'a> {
    conn: &'a Connection,
    record: &'a Record,
    undone: Undone,
}

impl Undo<'_> {
    fn run(&mut self) -> rusqlite::Result<()> {
        self.restore()?;
        self.delete()?;
        self.reinsert()?;
        let import_id = &self.undone.import_id;
        for table in ["_sheetlift_before", "_sheetlift_keys"] {
            self.conn.execute(
                &format!("DELETE FROM main.{table} WHERE import_id = ?1"),
                [import_id],
            )?;
        }
        // Rows that it had out of a quarantine are there again.
        self.conn.execute(
            "UPDATE main._sheetlift_rejects SET replayed_by = NULL WHERE replayed_by = ?1
             AND import_id = (SELECT replay_of FROM main._sheetlift_imports WHERE import_id = ?1)",
            [import_id],
        )?;
        self.conn.execute(
            &format!("UPDATE {IMPORTS} SET state = 'undone', undone_at = ?2, undo = NULL WHERE import_id = ?1"),
            params![import_id, ledger::now_text()],
        )?;
        Ok(())
    }

    fn restore(&mut self) -> rusqlite::Result<()> {
        let (names, count) = (self.names(), self.record.columns.len());
        let places = joined((1..=count).map(|at| format!("?{at}")), ", ");
        let same = self.same_key(count + 2);
        let mut update = self.conn.prepare(&format!(
            "UPDATE OR ABORT {} AS t SET ({names}) = ({places}) WHERE {same} AND {} = ?{}",
            in_main(&self.record.table),
            self.record.hash(),
            count + 1
        ))?;
        let mut images = self.conn.prepare(IMAGES)?;
        let mut images = images.query(params![self.undone.import_id.clone(), "updated"])?;
        while let Some(row) = images.next()? {
            let (image, hash): (_, Option<i64>) = (row.get_ref(0)?.as_blob()?, row.get(1)?);
            let key = self.key_in(image);
            let values = image::values(image)
                .chain([ValueRef::Integer(hash.unwrap_or_default())])
                .chain(key.iter().copied());
            let restored = hash.is_some() && execute(&mut update, values)? > 0;
            match restored {
                true => self.undone.restored += 1,
                false => keep(&mut self.undone, &key),
            }
        }
        Ok(())
    }

    fn delete(&mut self) -> rusqlite::Result<()> {
        let mut delete = self.conn.prepare(&format!(
            "DELETE FROM {} AS t WHERE {} AND {} = ?1",
            in_main(&self.record.table),
            self.same_key(2),
            self.record.hash()
        ))?;
        let mut chunks = self
            .conn
            .prepare("SELECT keys FROM main._sheetlift_keys WHERE import_id = ?1 ORDER BY rowid")?;
        let mut chunks = chunks.query([self.undone.import_id.clone()])?;
        while let Some(chunk) = chunks.next()? {
            for (key, hash) in image::unpack(chunk.get_ref(0)?.as_blob()?) {
                let key: Vec<ValueRef<'_>> = image::values(key).collect();
                let values = [ValueRef::Integer(hash)]
                    .into_iter()
                    .chain(key.iter().copied());
                match execute(&mut delete, values)? {
                    0 => keep(&mut self.undone, &key),
                    _ => self.undone.deleted += 1,
                }
            }
        }
        Ok(())
    }

    fn reinsert(&mut self) -> rusqlite::Result<()> {
        let (names, count) = (self.names(), self.record.columns.len());
        let places = joined((1..=count).map(|at| format!("?{at}")), ", ");
        let table = in_main(&self.record.table);
        let is_free = match self.record.key.is_empty() {
            false => format!(
                "NOT EXISTS (SELECT 1 FROM {table} AS t WHERE {})",
                self.same_key(count + 1)
            ),
            true => "true".to_owned(),
        };
        let mut insert = self.conn.prepare(&format!(
            "INSERT OR ABORT INTO {table} ({names}) SELECT {places} WHERE {is_free}"
        ))?;
        let mut images = self.conn.prepare(IMAGES)?;
        let mut images = images.query(params![self.undone.import_id.clone(), "removed"])?;
        while let Some(row) = images.next()? {
            let image = row.get_ref(0)?.as_blob()?;
            let key = self.key_in(image);
            let values = image::values(image).chain(key.iter().copied());
            match execute(&mut insert, values)? {
                0 => keep(&mut self.undone, &key),
                _ => self.undone.reinserted += 1,
            }
        }
        Ok(())
    }

    fn names(&self) -> String {
        joined(
            self.record.columns.iter().map(|(name, _)| quote(name)),
            ", ",
        )
    }

    /// Equal keys, with parameters from a number on.
    fn same_key(&self, first: usize) -> String {
        let keys = self.record.key_of_t().into_iter().enumerate();
        joined(
            keys.map(|(at, key)| format!("{key} = ?{}", first + at)),
            " AND ",
        )
    }

    /// The key in the image of a row.
    fn key_in<'r>(&self, image: &'r [u8]) -> Vec<ValueRef<'r>> {
        let place = |name: &String| {
            let columns = self.record.columns.iter();
            columns
                .map(|(column, _)| column)
                .position(|column| super::names::same(column, name))
        };
        let places = self.record.key.iter().filter_map(place);
        places
            .filter_map(|at| image::values(image).nth(at))
            .collect()
    }
}

fn execute<'r>(
    statement: &mut Statement<'_>,
    values: impl Iterator<Item = ValueRef<'r>>,
) -> rusqlite::Result<usize> {
    let values: Vec<ToSqlOutput<'_>> = values.map(ToSqlOutput::Borrowed).collect();
    statement.execute(params_from_iter(&values))
}

/// Counts a row that stays as it is.
fn keep(undone: &mut Undone, key: &[ValueRef<'_>]) {
    undone.kept += 1;
    if undone.kept_keys.len() < MAX_LISTED_KEPT {
        let part = |value: &ValueRef<'_>| match value {
            ValueRef::Null => String::new(),
            ValueRef::Integer(value) => value.to_string(),
            ValueRef::Real(value) => format!("{value:?}"),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            ValueRef::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02X}")).collect(),
        };
        let key = key.iter().map(part).collect::<Vec<_>>().join(", ");
        undone
            .kept_keys
            .push(key.chars().take(MAX_KEY_CHARS).collect());
    }
}
