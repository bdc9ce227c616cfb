//! The list of imports, and their quarantines.

use super::client::{Client, Database, get};
use super::fault::fault;
use super::ledger::{self, IMPORTS, REJECTS};
use super::settings::Settings;
use super::undo::no_such_import;
use crate::error::Result;
use crate::history::ImportRecord;
use crate::outcome::Quarantined;

pub(super) fn read(settings: &Settings, limit: usize) -> Result<Vec<ImportRecord>> {
    let client = Client::connect(settings)?;
    read_in(&client, limit).map_err(fault(&settings.shown, "reading the ledger of"))
}

fn read_in(client: &Client, limit: usize) -> Database<Vec<ImportRecord>> {
    if !ledger::exists(client)? {
        return Ok(Vec::new());
    }
    let time = |column: &str| format!("date_format({column}, '%Y-%m-%dT%H:%i:%s.%fZ')");
    let (started, committed, undone) =
        (time("started_at"), time("committed_at"), time("undone_at"));
    let sql = format!(
        "SELECT import_id, source_name, target_table, mode, state, {started}, {committed}, {undone},
         rows_read, inserted, updated, unchanged, conflicts, rejected, coalesce(removed, 0), replay_of
         FROM {IMPORTS} ORDER BY {IMPORTS}.started_at DESC, import_id LIMIT ?"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = client.rows(&sql, vec![limit.into()])?;
    let records = rows.iter().map(|row| {
        let counts: Database<Option<Vec<u64>>> = (8..15).map(|at| get(row, at)).collect();
        Ok(ImportRecord {
            import_id: get(row, 0)?,
            source_name: get(row, 1)?,
            table: get(row, 2)?,
            mode: get(row, 3)?,
            state: get(row, 4)?,
            started_at: get(row, 5)?,
            committed_at: get(row, 6)?,
            undone_at: get(row, 7)?,
            replay_of: get(row, 15)?,
            counts: counts?.and_then(|counts| counts.try_into().ok()),
        })
    });
    records.collect()
}

/// How the source of an import was laid out.
pub(super) fn layout(settings: &Settings, import_id: &str) -> Result<Option<String>> {
    let client = Client::connect(settings)?;
    let read = || {
        if !ledger::exists(&client)? {
            return Ok(None);
        }
        let sql = format!("SELECT layout FROM {IMPORTS} WHERE import_id = ?");
        let row = client.row(&sql, vec![import_id.into()])?;
        row.map(|row| get(&row, 0)).transpose()
    };
    let found: Option<Option<String>> =
        read().map_err(fault(&settings.shown, "reading the ledger of"))?;
    found.ok_or_else(|| no_such_import(import_id, &settings.shown))
}

/// The rows in quarantine.
pub(super) fn quarantined(
    settings: &Settings,
    import_id: &str,
    each: &mut dyn FnMut(Quarantined),
) -> Result<()> {
    let client = Client::connect(settings)?;
    let fail = fault(&settings.shown, "reading the ledger of");
    let known = || {
        let sql = format!("SELECT 1 FROM {IMPORTS} WHERE import_id = ?");
        Ok(ledger::exists(&client)? && client.row(&sql, vec![import_id.into()])?.is_some())
    };
    if !known().map_err(&fail)? {
        return Err(no_such_import(import_id, &settings.shown));
    }
    let sql = format!(
        "SELECT part, `row`, codes, reason, raw FROM {REJECTS} WHERE import_id = ? AND replayed_by IS NULL ORDER BY `row`, seq"
    );
    let read = client.each(&sql, vec![import_id.into()], &mut |row| {
        each(Quarantined {
            part: get(row, 0)?,
            row: get::<i64>(row, 1)? as u32,
            codes: get(row, 2)?,
            reason: get(row, 3)?,
            raw: get(row, 4)?,
        });
        Ok(())
    });
    read.map_err(fail)
}
