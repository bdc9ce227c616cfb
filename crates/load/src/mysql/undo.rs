//! Taking an import back.
//!
//! A row is as the import left it while its hash is what it was then: whatever others change of it, it gets another, and one that was
//! changed back is as it was.

use serde::{Deserialize, Serialize};

use mysql_async::{Row, Value};

use super::catalogue::columns_of;
use super::client::{Client, Database, get};
use super::fault::{fault, is_row_refused, reason};
use super::image::{self, WrittenColumn};
use super::ledger::{self, BEFORE, IMPORTS, KEYS, REJECTS};
use super::lock::Turn;
use super::names::{joined, quote, same};
use super::settings::Settings;
use super::stage::Stage;
use super::target::Target;
use crate::error::{Error, Result};
use crate::history::{MAX_LISTED_KEPT, Undone};
use crate::mode::Mode;
use crate::plan::Plan;
use crate::relational::{Words, check_undone, replayed_since};

/// Keys in a row of the ledger.
const KEYS_AT_ONCE: u32 = 500;

/// What has to be known of an import to take it back, as the ledger has it.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    table: String,
    /// The columns by which its rows are known: those of the plan's key, or else of the primary key.
    key: Vec<String>,
    /// The columns of the table.
    columns: Vec<WrittenColumn>,
}

impl Record {
    /// The columns of the key.
    fn key(&self) -> Vec<&WrittenColumn> {
        let column = |name: &String| self.columns.iter().find(|found| same(&found.name, name));
        self.key.iter().filter_map(column).collect()
    }

    fn image(&self) -> String {
        image::of(self.columns.iter())
    }

    /// The hash of a row `t`.
    fn hash(&self) -> String {
        image::hash(&self.image())
    }

    /// The place of a key's column among all of them.
    fn place(&self, column: &WrittenColumn) -> usize {
        let mut columns = self.columns.iter();
        columns
            .position(|found| found == column)
            .unwrap_or_default()
    }

    /// Whether a row `t` has the key of an image.
    fn same_key(&self, of: &str) -> String {
        let key = self.key().into_iter();
        let same = key.map(|column| column.is(&image::part(of, self.place(column))));
        joined(same, " AND ")
    }

    /// The key in an image, as an image of its own.
    fn key_in(&self, of: &str) -> String {
        let key = self.key().into_iter();
        let parts = key.map(|column| image::part(of, self.place(column)));
        format!("concat_ws(',', {})", joined(parts, ", "))
    }

    /// Whether a row `t` has a key that is an image of its own.
    fn is_key(&self, of: &str) -> String {
        let key = self.key().into_iter().enumerate();
        joined(
            key.map(|(at, column)| column.is(&image::part(of, at))),
            " AND ",
        )
    }

    /// The key for people.
    fn shown(&self, key: &str) -> String {
        let parts = self.key().into_iter().zip(key.split(','));
        let parts = parts.map(|(column, part)| column.shown(part));
        joined(parts, ", ")
    }
}

/// How the rows of an import are found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    /// By the plan's key.
    Key,
    /// By the primary key, whose columns are in the plan.
    PrimaryKey,
    /// By the number that the server gives each; those that were there have numbers up to this one.
    Number(Option<i64>),
    /// They are not.
    Not,
}

/// Says how the rows of an import can be found again, before it adds any.
pub(super) fn known(client: &Client, plan: &Plan, target: &Target) -> Database<Known> {
    if !plan.matched_key().is_empty() {
        return Ok(Known::Key);
    }
    let given = |name: &String| {
        let mut fields = plan.schema.fields().iter();
        fields.find(|field| same(field.name(), name))
    };
    let is_given = |name: &String| given(name).is_some();
    // The server numbers those that have none, and nobody hears which.
    let is_numbered = |name: &String| {
        given(name).is_some_and(|field| field.is_nullable()) && target.is_numbered(name)
    };
    Ok(match target.primary_key.as_slice() {
        [] => Known::Not,
        key if key.iter().any(is_numbered) => Known::Not,
        key if key.iter().all(is_given) => Known::PrimaryKey,
        [number] if target.is_numbered(number) => {
            // Nobody adds a row behind the last one until the end of the transaction.
            let sql = format!("SELECT max({}) FROM {}", quote(number), target.quoted());
            let row = client.row(&sql, Vec::new())?;
            Known::Number(row.map_or(Ok(None), |row| get(&row, 0))?)
        }
        _ => Known::Not,
    })
}

/// An import that is about to be committed.
pub(super) struct Written<'a> {
    pub(super) import_id: &'a str,
    pub(super) plan: &'a Plan,
    pub(super) target: &'a Target,
    pub(super) stage: &'a Stage,
    pub(super) words: &'a Words,
    pub(super) known: Known,
}

/// Keeps what an undo needs.
pub(super) fn record(client: &Client, import: &Written<'_>) -> Database<()> {
    let Written {
        import_id,
        plan,
        target,
        stage,
        words,
        known,
    } = import;
    let key = match known {
        Known::Key => plan.matched_key().to_vec(),
        Known::PrimaryKey | Known::Number(_) => target.primary_key.clone(),
        Known::Not => return Ok(()),
    };
    let record = Record {
        table: target.name.clone(),
        key,
        columns: target.written_columns(),
    };
    let (name, hash, gone) = (target.quoted(), record.hash(), &stage.gone);
    client.execute(
        &format!(
            "INSERT INTO {BEFORE} (import_id, kind, image, hash)
             SELECT ?, b.kind, b.image, (SELECT {hash} FROM {name} AS t WHERE b.kind = 'updated' AND {}) FROM {} AS b
             WHERE NOT EXISTS (SELECT 1 FROM {gone} AS g WHERE g.n = b.n)",
            record.same_key("b.image"),
            stage.before
        ),
        vec![(*import_id).into()],
    )?;
    let key = image::of(record.key().into_iter());
    let pair = format!("'[\"', {key}, '\",\"', {hash}, '\"]'");
    let packed = format!("concat('[', group_concat({pair} SEPARATOR ','), ']')");
    let insert = format!("INSERT INTO {KEYS} (import_id, `keys`) SELECT ?, {packed} FROM");
    let sql = match known {
        Known::Number(last) => {
            let number = format!("t.{}", quote(&record.key[0]));
            let which = match last {
                Some(last) if plan.mode != Mode::Replace => format!("{number} > {last}"),
                _ => "true".to_owned(),
            };
            format!("{insert} {name} AS t WHERE {which} GROUP BY {number} DIV {KEYS_AT_ONCE}")
        }
        _ => {
            let same = match known {
                Known::Key => words.same_key.clone(),
                _ => same_primary_key(&record, words),
            };
            let aside = [&stage.hit, gone].map(|table| {
                format!(" AND NOT EXISTS (SELECT 1 FROM {table} AS x WHERE x.n = s.n)")
            });
            format!(
                "{insert} {} AS s STRAIGHT_JOIN {name} AS t ON {same} WHERE true{} GROUP BY s.n DIV {KEYS_AT_ONCE}",
                stage.rows,
                aside.concat()
            )
        }
    };
    client.execute(&sql, vec![(*import_id).into()])?;
    let json = serde_json::to_string(&record).unwrap_or_default();
    client.execute(
        &format!("UPDATE {IMPORTS} SET `undo` = ? WHERE import_id = ?"),
        vec![json.into(), (*import_id).into()],
    )?;
    Ok(())
}

/// Whether a row of the target has the primary key of a staged one.
fn same_primary_key(record: &Record, words: &Words) -> String {
    let key = record.key().into_iter().filter_map(|column| {
        let name = quote(&column.name);
        let given = words
            .columns
            .iter()
            .find(|given| same(&given.name, &name))?;
        Some(format!("t.{name} = {}", given.value))
    });
    joined(key, " AND ")
}

/// Takes an import back.
pub(super) fn undo(settings: &Settings, import_id: &str, dry_run: bool) -> Result<Undone> {
    let client = Client::connect(settings)?;
    let fail = fault(&settings.shown, "taking the import back in");
    if !ledger::exists(&client).map_err(&fail)? {
        return Err(no_such_import(import_id, &settings.shown));
    }
    // The turn first: who has it may be at work on the very rows that the transaction locks, or on the columns that it looks at.
    let sql = format!("SELECT target_table FROM {IMPORTS} WHERE import_id = ?");
    let row = client.row(&sql, vec![import_id.into()]).map_err(&fail)?;
    let row = row.ok_or_else(|| no_such_import(import_id, &settings.shown))?;
    let table: String = get(&row, 0).map_err(&fail)?;
    let turn = Turn::take(&client, settings, &table, &mut || Ok(()))?;
    client
        .run("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        .and_then(|()| client.run("START TRANSACTION"))
        .map_err(&fail)?;
    let (record, written) = find(&client, settings, import_id)?;
    let sql = format!(
        "SELECT replayed_by FROM {REJECTS} WHERE import_id = ? AND replayed_by IS NOT NULL LIMIT 1"
    );
    let replay = client.row(&sql, vec![import_id.into()]).map_err(&fail)?;
    if let Some(replay) = replay {
        let replay: String = get(&replay, 0).map_err(&fail)?;
        return Err(replayed_since(import_id, &replay));
    }
    let undo = Undo {
        client: &client,
        import_id,
        record: &record,
    };
    let mut undone = undo.run().map_err(|error| match is_row_refused(&error) {
        true => Error::target(
            "target/undo-refused",
            format!("the table refuses to have its rows back: {}", reason(&error)),
        )
        .with_hint("nothing was changed: other tables may refer to the rows, or others have taken their keys"),
        false => fail(error),
    })?;
    check_undone(&undone, written)?;
    undone.dry_run = dry_run;
    let end = if dry_run { "ROLLBACK" } else { "COMMIT" };
    client.run(end).map_err(&fail)?;
    turn.give(&client);
    Ok(undone)
}

pub(super) fn no_such_import(import_id: &str, shown: &str) -> Error {
    let message = format!("the ledger of {shown} has no import {import_id:?}");
    Error::usage("usage/import-id", message).with_hint("`sheetlift history` lists the imports")
}

/// Locks the row of an import, and reads what was kept for it, and how many rows it wrote.
fn find(client: &Client, settings: &Settings, import_id: &str) -> Result<(Record, u64)> {
    let fail = fault(&settings.shown, "reading the ledger of");
    let sql = format!(
        "SELECT state, `undo`, coalesce(inserted + updated + coalesce(removed, 0), 0) FROM {IMPORTS} WHERE import_id = ? FOR UPDATE"
    );
    let row = client.row(&sql, vec![import_id.into()]).map_err(&fail)?;
    let Some(row) = row else {
        return Err(no_such_import(import_id, &settings.shown));
    };
    let read = || Database::Ok((get(&row, 0)?, get(&row, 1)?, get(&row, 2)?));
    let (state, record, written): (String, Option<String>, u64) = read().map_err(&fail)?;
    let refuse = |why: &str| {
        let message = format!("import {import_id} cannot be taken back: {why}");
        Err(Error::usage("usage/undo", message))
    };
    if state != "committed" {
        return refuse(&format!("it is {state}"));
    }
    let record = record.and_then(|record| serde_json::from_str::<Record>(&record).ok());
    let Some(record) = record.filter(|record| record.key().len() == record.key.len()) else {
        return refuse("nothing was kept for that when it was loaded");
    };
    if columns_of(client, &record.table).map_err(&fail)? != record.columns {
        return refuse("the columns of its table have changed since");
    }
    Ok((record, written))
}

struct Undo<'a> {
    client: &'a Client,
    import_id: &'a str,
    record: &'a Record,
}

impl Undo<'_> {
    fn run(&self) -> Database<Undone> {
        let mut undone = Undone {
            import_id: self.import_id.to_owned(),
            ..Undone::default()
        };
        self.restore(&mut undone)?;
        self.delete(&mut undone)?;
        self.reinsert(&mut undone)?;
        for sql in [
            format!("DELETE FROM {BEFORE} WHERE import_id = ?"),
            format!("DELETE FROM {KEYS} WHERE import_id = ?"),
            format!(
                "UPDATE {IMPORTS} SET state = 'undone', undone_at = UTC_TIMESTAMP(6), `undo` = NULL WHERE import_id = ?"
            ),
        ] {
            self.write(&sql)?;
        }
        // Rows that it had out of a quarantine are there again.
        let sql = format!("SELECT replay_of FROM {IMPORTS} WHERE import_id = ?");
        let row = self.client.row(&sql, self.named())?;
        let replayed: Option<String> = row.map_or(Ok(None), |row| get(&row, 0))?;
        if let Some(replayed) = replayed {
            self.client.execute(
                &format!("UPDATE {REJECTS} SET replayed_by = NULL WHERE import_id = ? AND replayed_by = ?"),
                vec![replayed.into(), self.import_id.into()],
            )?;
        }
        Ok(undone)
    }

    fn target(&self) -> String {
        quote(&self.record.table)
    }

    /// Rows that were changed.
    fn restore(&self, undone: &mut Undone) -> Database<()> {
        let (record, target) = (self.record, self.target());
        let same = record.same_key("b.image");
        let is_ours = format!("{same} AND {} = b.hash", record.hash());
        let which = "b.import_id = ? AND b.kind = 'updated'";
        self.keep(
            undone,
            &format!(
                "SELECT {} AS k FROM {BEFORE} AS b WHERE {which}
                 AND NOT EXISTS (SELECT 1 FROM {target} AS t WHERE {is_ours})",
                record.key_in("b.image")
            ),
        )?;
        let others = record.columns.iter().enumerate();
        let others = others.filter(|(_, column)| !record.key().contains(column));
        let set = others.map(|(at, column)| {
            let value = column.value(&image::part("b.image", at));
            format!("t.{} = {value}", quote(&column.name))
        });
        let set = joined(set, ", ");
        if !set.is_empty() {
            undone.restored = self.write(&format!(
                "UPDATE {BEFORE} AS b STRAIGHT_JOIN {target} AS t ON {is_ours} SET {set} WHERE {which}"
            ))?;
        }
        Ok(())
    }

    /// Rows that were added.
    fn delete(&self, undone: &mut Undone) -> Database<()> {
        let (record, target) = (self.record, self.target());
        let added = format!(
            "{KEYS} AS k STRAIGHT_JOIN JSON_TABLE(k.`keys`, '$[*]' COLUMNS (k LONGTEXT PATH '$[0]', h CHAR(16) PATH '$[1]')) AS e"
        );
        // What comes out of JSON is in the character set of the database.
        let hash = record.hash();
        let is_ours = format!(
            "{} AND {hash} = CONVERT(e.h USING utf8mb4)",
            record.is_key("e.k")
        );
        self.keep(
            undone,
            &format!(
                "SELECT e.k FROM {added} WHERE k.import_id = ?
                 AND NOT EXISTS (SELECT 1 FROM {target} AS t WHERE {is_ours})"
            ),
        )?;
        undone.deleted = self.write(&format!(
            "DELETE t FROM {added} STRAIGHT_JOIN {target} AS t ON {is_ours} WHERE k.import_id = ?"
        ))?;
        Ok(())
    }

    /// Rows that were deleted.
    fn reinsert(&self, undone: &mut Undone) -> Database<()> {
        let (record, target) = (self.record, self.target());
        let same = record.same_key("b.image");
        let is_there = format!("EXISTS (SELECT 1 FROM {target} AS t WHERE {same})");
        let which = "b.import_id = ? AND b.kind = 'removed'";
        self.keep(
            undone,
            &format!(
                "SELECT {} AS k FROM {BEFORE} AS b WHERE {which} AND {is_there}",
                record.key_in("b.image")
            ),
        )?;
        let names = record.columns.iter().map(|column| quote(&column.name));
        let values = record.columns.iter().enumerate();
        let values = values.map(|(at, column)| column.value(&image::part("b.image", at)));
        undone.reinserted = self.write(&format!(
            "INSERT INTO {target} ({}) SELECT {} FROM {BEFORE} AS b WHERE {which} AND NOT {is_there}",
            joined(names, ", "),
            joined(values, ", ")
        ))?;
        Ok(())
    }

    /// Counts the rows of a query, which gives their keys as `k`.
    fn keep(&self, undone: &mut Undone, sql: &str) -> Database<()> {
        let sql = format!(
            "SELECT kept.k, count(*) OVER () FROM ({sql}) AS kept ORDER BY 1 LIMIT {MAX_LISTED_KEPT}"
        );
        let rows = self.client.rows(&sql, self.named())?;
        if let Some(row) = rows.first() {
            undone.kept += get::<u64>(row, 1)?;
        }
        let free = MAX_LISTED_KEPT - undone.kept_keys.len();
        let key = |row: &Row| Ok(self.record.shown(&get::<String>(row, 0)?));
        let keys: Database<Vec<String>> = rows.iter().take(free).map(key).collect();
        undone.kept_keys.extend(keys?);
        Ok(())
    }

    fn write(&self, sql: &str) -> Database<u64> {
        self.client.execute(sql, self.named())
    }

    fn named(&self) -> Vec<Value> {
        vec![self.import_id.into()]
    }
}
