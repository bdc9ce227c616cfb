//! Taking an import back.
//!
//! A row is as the import left it while its `xmin` is one of the transactions that wrote it then: whatever others change of it, it gets
//! another. A database that was dumped and restored has new ones everywhere, which shows in the import's own row of the ledger: such
//! an import cannot be taken back any more.

use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::client::{Client, Parameters};
use super::fault::fault;
use super::history;
use super::ledger::Ledger;
use super::names::{joined, quote};
use super::settings::Settings;
use super::stage::Stage;
use super::target::{Target, WrittenColumn};
use crate::error::{Error, Result};
use crate::history::{MAX_LISTED_KEPT, Undone};
use crate::plan::Plan;
use crate::relational::{Words, check_undone, replayed_since};

/// Keys in a row of the ledger.
const KEYS_AT_ONCE: u32 = 10_000;

/// Keys and images are texts, which another session has to read as they were meant: the rest of this transaction writes them so.
pub(super) const TEXT_FORMS: &str = "SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL extra_float_digits = 1";

/// What has to be known of an import to take it back, as the ledger has it.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    /// Schema and table, quoted.
    target: String,
    /// The columns of the key, and their types.
    key: Vec<(String, String)>,
    /// The columns of the table.
    columns: Vec<WrittenColumn>,
    /// Transactions that wrote to it.
    writers: Vec<String>,
    /// The transaction that committed the import.
    transaction: String,
}

/// An import that is about to be committed.
pub(super) struct Written<'a> {
    pub(super) import_id: &'a str,
    pub(super) plan: &'a Plan,
    pub(super) target: &'a Target,
    pub(super) stage: &'a Stage,
    pub(super) words: &'a Words,
    pub(super) writers: &'a [String],
    /// Rows that the import added.
    pub(super) inserted: u64,
}

/// Keeps what an undo needs.
pub(super) fn record(
    client: &Client,
    ledger: &Ledger,
    import: &Written<'_>,
) -> Result<(), tokio_postgres::Error> {
    let Written {
        import_id,
        plan,
        target,
        stage,
        words,
        writers,
        inserted,
    } = import;
    let id: Parameters<'_> = &[(import_id, Type::TEXT)];
    let key = key_of(plan, target);
    let (gone, before) = (&stage.gone, &ledger.before);
    if key.is_empty() {
        // Without keys, rows are known by their transaction alone: no trigger may have written others.
        let sql = format!(
            "SELECT count(*) FROM {} WHERE xmin::text = ANY($1)",
            target.name
        );
        let ours = client.row(&sql, &[(writers, Type::TEXT_ARRAY)])?;
        let ours: i64 = ours.map_or(Ok(0), |row| row.try_get(0))?;
        if ours.unsigned_abs() != *inserted {
            return Ok(());
        }
    }
    client.execute(
        &format!(
            "INSERT INTO {before} (import_id, kind, image) SELECT $1, b.kind, b.image FROM {} AS b
             WHERE NOT EXISTS (SELECT 1 FROM {gone} AS g WHERE g.n = b.n)",
            stage.before
        ),
        id,
    )?;
    if !key.is_empty() {
        let values = plan.matched_key().iter().filter_map(|name| {
            let at = plan.schema.index_of(name).ok()?;
            Some(format!("{}::text", words.columns[at].value))
        });
        let kept = kept_key(values.collect());
        let aside = [&stage.hit, gone]
            .map(|table| format!(" AND NOT EXISTS (SELECT 1 FROM {table} AS x WHERE x.n = s.n)"));
        client.execute(
            &format!(
                "INSERT INTO {} (import_id, keys) SELECT $1, array_agg({kept}) FROM {} AS s WHERE true{}
                 GROUP BY s.n / {KEYS_AT_ONCE}",
                ledger.keys,
                stage.rows,
                aside.concat()
            ),
            id,
        )?;
    }
    write(client, ledger, import_id, target, key, writers)
}

/// Keeps what an undo needs of a table that is new.
pub(super) fn record_new_table(
    client: &Client,
    ledger: &Ledger,
    plan: &Plan,
    target: &Target,
    writers: &[String],
) -> Result<(), tokio_postgres::Error> {
    let (import_id, key) = (plan.import_key.import_id(), key_of(plan, target));
    if !key.is_empty() {
        let texts = key
            .iter()
            .map(|(name, _)| format!("t.{}::text", quote(name)));
        let texts: Vec<String> = texts.collect();
        let (keys, table) = (&ledger.keys, &target.name);
        let kept = kept_key(texts);
        let rows = client.row(&format!("SELECT count(*) FROM {table}"), &[])?;
        let rows: i64 = rows.map_or(Ok(0), |row| row.try_get(0))?;
        let groups = rows / i64::from(KEYS_AT_ONCE) + 1;
        client.execute(
            &format!(
                "INSERT INTO {keys} (import_id, keys) SELECT $1, array_agg({kept}) FROM {table} AS t
                 GROUP BY abs(hashtext({kept})::bigint) % {groups}"
            ),
            &[(&import_id, Type::TEXT)],
        )?;
    }
    write(client, ledger, &import_id, target, key, writers)
}

/// A key as it is kept: its text, or a list in JSON where it has several.
fn kept_key(texts: Vec<String>) -> String {
    match &texts[..] {
        [text] => text.clone(),
        texts => format!("json_build_array({})::text", texts.join(", ")),
    }
}

fn key_of(plan: &Plan, target: &Target) -> Vec<(String, String)> {
    let names = plan.matched_key().iter();
    let declared = |name: &String| target.declared(name).unwrap_or("text").to_owned();
    names.map(|name| (name.clone(), declared(name))).collect()
}

fn write(
    client: &Client,
    ledger: &Ledger,
    import_id: &str,
    target: &Target,
    key: Vec<(String, String)>,
    writers: &[String],
) -> Result<(), tokio_postgres::Error> {
    let transaction = client.row("SELECT pg_current_xact_id()::xid::text", &[])?;
    let record = Record {
        target: target.name.clone(),
        key,
        columns: target.written_columns(),
        writers: writers.to_vec(),
        transaction: transaction.map_or(Ok(String::new()), |row| row.try_get(0))?,
    };
    let record = serde_json::to_string(&record).unwrap_or_default();
    client.execute(
        &format!(
            "UPDATE {} SET undo = $2::text::json WHERE import_id = $1",
            ledger.imports
        ),
        &[(&import_id, Type::TEXT), (&record, Type::TEXT)],
    )?;
    Ok(())
}

/// Takes an import back.
pub(super) fn undo(settings: &Settings, import_id: &str, dry_run: bool) -> Result<Undone> {
    let client = Client::connect(settings)?;
    let Some(ledger) = history::ledger(&client, settings)? else {
        return Err(no_such_import(import_id, &settings.shown));
    };
    let fail = fault(&settings.shown, "taking the import back in");
    client.run(&format!("BEGIN; {TEXT_FORMS}")).map_err(&fail)?;
    let (record, [inserted, updated, removed]) = find(&client, &ledger, settings, import_id)?;
    let undo = Undo {
        client: &client,
        ledger: &ledger,
        import_id,
        record: &record,
        inserted,
    };
    let mut undone = undo.run().map_err(|error| {
        let why = super::fault::reason(&error);
        match super::fault::is_row_refused(&error) {
            true => Error::target(
                "target/undo-refused",
                format!("the table refuses to have its rows back: {why}"),
            )
            .with_hint("nothing was changed: other tables may refer to the rows, or others have taken their keys"),
            false => fail(error),
        }
    })?;
    check_undone(&undone, inserted + updated + removed)?;
    undone.dry_run = dry_run;
    let end = if dry_run { "ROLLBACK" } else { "COMMIT" };
    client.run(end).map_err(&fail)?;
    Ok(undone)
}

pub(super) fn no_such_import(import_id: &str, shown: &str) -> Error {
    let message = format!("the ledger of {shown} has no import {import_id:?}");
    Error::usage("usage/import-id", message).with_hint("`sheetlift history` lists the imports")
}

/// Locks the row of an import, and reads what was kept for it, and how many rows it added, changed and removed.
fn find(
    client: &Client,
    ledger: &Ledger,
    settings: &Settings,
    import_id: &str,
) -> Result<(Record, [u64; 3])> {
    let fail = fault(&settings.shown, "reading the ledger of");
    let sql = format!(
        "SELECT state, undo::text, xmin::text, ARRAY[inserted, updated, removed] FROM {} WHERE import_id = $1 FOR UPDATE",
        ledger.imports
    );
    let row = client
        .row(&sql, &[(&import_id, Type::TEXT)])
        .map_err(&fail)?;
    let Some(row) = row else {
        return Err(no_such_import(import_id, &settings.shown));
    };
    let read = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    let (state, record, transaction): (String, Option<String>, String) = read().map_err(&fail)?;
    let refuse = |why: &str| {
        let message = format!("import {import_id} cannot be taken back: {why}");
        Err(Error::usage("usage/undo", message))
    };
    if state != "committed" {
        return refuse(&format!("it is {state}"));
    }
    let sql = format!(
        "SELECT replayed_by FROM {} WHERE import_id = $1 AND replayed_by IS NOT NULL LIMIT 1",
        ledger.rejects
    );
    let replayed = client
        .row(&sql, &[(&import_id, Type::TEXT)])
        .map_err(&fail)?;
    if let Some(replay) = replayed {
        let replay: String = replay.try_get(0).map_err(&fail)?;
        return Err(replayed_since(import_id, &replay));
    }
    let record = record.and_then(|record| serde_json::from_str::<Record>(&record).ok());
    let Some(record) = record else {
        return refuse("nothing was kept for that when it was loaded");
    };
    if record.transaction != transaction {
        return refuse(
            "the database was restored from a dump since, which leaves no trace of who wrote which row",
        );
    }
    let columns = super::target::columns_of(client, &record.target).map_err(&fail)?;
    if columns != record.columns {
        return refuse("the columns of its table have changed since");
    }
    let counts: Vec<i64> = row.try_get(3).map_err(&fail)?;
    let count = |at: usize| counts.get(at).map_or(0, |count| count.unsigned_abs());
    Ok((record, [count(0), count(1), count(2)]))
}

struct Undo<'a> {
    client: &'a Client,
    ledger: &'a Ledger,
    import_id: &'a str,
    record: &'a Record,
    /// Rows that the import added.
    inserted: u64,
}

type Database<T> = std::result::Result<T, tokio_postgres::Error>;

impl Undo<'_> {
    fn run(&self) -> Database<Undone> {
        let mut undone = Undone {
            import_id: self.import_id.to_owned(),
            ..Undone::default()
        };
        let target = &self.record.target;
        let is_ours = "t.xmin::text = ANY($2)";
        let (updated, removed) = (self.images("updated"), self.images("removed"));
        let (same, key) = (self.same_key("(b.r)"), self.key_text("(b.r)"));
        if !self.record.key.is_empty() {
            let is_there = format!("SELECT 1 FROM {target} AS t WHERE {same} AND {is_ours}");
            self.keep(
                &mut undone,
                &format!("SELECT {key} FROM {updated} AS b WHERE NOT EXISTS ({is_there})"),
            )?;
            let set = self.columns(|column| !column.is_numbered);
            let values = joined(set.iter().map(|name| format!("(b.r).{name}")), ", ");
            let set = set.join(", ");
            undone.restored = self.write(&format!(
                "UPDATE {target} AS t SET ({set}) = ROW({values}) FROM {updated} AS b WHERE {same} AND {is_ours}"
            ))?;
            self.keep_inserted(&mut undone, is_ours)?;
        }
        // Rows that a trigger or a cascade wrote have the same transaction, and no key among ours.
        let is_added = match self.record.key.is_empty() {
            true => "true".to_owned(),
            false => format!("EXISTS ({})", self.added(&self.same_as_added())),
        };
        undone.deleted = self.write(&format!(
            "DELETE FROM {target} AS t WHERE {is_ours} AND {is_added}"
        ))?;
        if self.record.key.is_empty() {
            undone.kept = self.inserted.saturating_sub(undone.deleted);
        }
        let is_free = match self.record.key.is_empty() {
            true => "true".to_owned(),
            false => format!("NOT EXISTS (SELECT 1 FROM {target} AS t WHERE {same})"),
        };
        let names = self.columns(|_| true);
        let values = joined(names.iter().map(|name| format!("(b.r).{name}")), ", ");
        let names = names.join(", ");
        self.keep(
            &mut undone,
            &format!("SELECT {key} FROM {removed} AS b WHERE NOT {is_free}"),
        )?;
        undone.reinserted = self.write(&format!(
            "INSERT INTO {target} ({names}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {removed} AS b WHERE {is_free}"
        ))?;
        let Ledger {
            imports,
            before,
            keys,
            rejects,
            ..
        } = self.ledger;
        for sql in [
            format!("DELETE FROM {before} WHERE import_id = $1"),
            format!("DELETE FROM {keys} WHERE import_id = $1"),
            // Rows that it had out of a quarantine are there again.
            format!(
                "UPDATE {rejects} SET replayed_by = NULL WHERE replayed_by = $1
                 AND import_id = (SELECT replay_of FROM {imports} WHERE import_id = $1)"
            ),
            format!(
                "UPDATE {imports} SET state = 'undone', undone_at = clock_timestamp(), undo = NULL WHERE import_id = $1"
            ),
        ] {
            self.client
                .execute(&sql, &[(&self.import_id, Type::TEXT)])?;
        }
        Ok(undone)
    }

    /// Keys of added rows that are no more as the import left them.
    fn keep_inserted(&self, undone: &mut Undone, is_ours: &str) -> Database<()> {
        let text = (0..self.record.key.len()).map(|at| self.kept_part(at));
        let (text, same) = (joined(text, ", "), self.same_as_added());
        let target = &self.record.target;
        let is_gone =
            format!("NOT EXISTS (SELECT 1 FROM {target} AS t WHERE {same} AND {is_ours})");
        let added = self.added(&is_gone);
        let added = added.replacen("SELECT 1", &format!("SELECT concat_ws(', ', {text})"), 1);
        self.keep(undone, &added)
    }

    /// The keys of added rows, `e.key`, of which something is true.
    fn added(&self, condition: &str) -> String {
        let keys = &self.ledger.keys;
        format!(
            "SELECT 1 FROM {keys} AS k CROSS JOIN LATERAL unnest(k.keys) AS e (key)
             WHERE k.import_id = $1 AND {condition}"
        )
    }

    fn same_as_added(&self) -> String {
        let keys = self.record.key.iter().enumerate();
        let same = keys.map(|(at, (name, declared))| {
            let part = self.kept_part(at);
            format!("t.{} = CAST({part} AS {declared})", quote(name))
        });
        joined(same, " AND ")
    }

    /// A part of the key of an added row.
    fn kept_part(&self, at: usize) -> String {
        match self.record.key.len() {
            1 => "e.key".to_owned(),
            _ => format!("(e.key::json ->> {at})"),
        }
    }

    /// Counts the rows of a query, which gives their keys.
    fn keep(&self, undone: &mut Undone, sql: &str) -> Database<()> {
        let sql = format!(
            "SELECT key, count(*) OVER () FROM ({sql}) AS kept (key) ORDER BY 1 LIMIT {MAX_LISTED_KEPT}"
        );
        let rows = self.client.rows(
            &sql,
            &[
                (&self.import_id, Type::TEXT),
                (&self.record.writers, Type::TEXT_ARRAY),
            ],
        )?;
        if let Some(row) = rows.first() {
            undone.kept += row.try_get::<_, i64>(1)?.unsigned_abs();
        }
        let free = MAX_LISTED_KEPT - undone.kept_keys.len();
        let keys = rows.iter().take(free).map(|row: &Row| row.try_get(0));
        undone
            .kept_keys
            .extend(keys.collect::<Database<Vec<String>>>()?);
        Ok(())
    }

    fn write(&self, sql: &str) -> Database<u64> {
        self.client.execute(
            sql,
            &[
                (&self.import_id, Type::TEXT),
                (&self.record.writers, Type::TEXT_ARRAY),
            ],
        )
    }

    /// Rows as they were, as `r`, each read once.
    fn images(&self, kind: &str) -> String {
        let (before, target) = (&self.ledger.before, &self.record.target);
        format!(
            "(SELECT CAST(image AS {target}) AS r FROM {before} WHERE import_id = $1 AND kind = '{kind}' OFFSET 0)"
        )
    }

    /// Columns that can be written, quoted.
    fn columns(&self, which: impl Fn(&WrittenColumn) -> bool) -> Vec<String> {
        let columns = self.record.columns.iter().filter(|column| which(column));
        columns.map(|column| quote(&column.name)).collect()
    }

    fn same_key(&self, other: &str) -> String {
        let keys = self.record.key.iter().map(|(name, _)| quote(name));
        joined(
            keys.map(|name| format!("t.{name} = {other}.{name}")),
            " AND ",
        )
    }

    fn key_text(&self, of: &str) -> String {
        let keys = self.record.key.iter();
        let texts = keys.map(|(name, _)| format!(", {of}.{}", quote(name)));
        format!("concat_ws(', ', NULL{})", texts.collect::<String>())
    }
}
