//! The list of imports, and their quarantines.

use tokio_postgres::types::Type;

use super::client::Client;
use super::fault::fault;
use super::ledger::Ledger;
use super::settings::Settings;
use super::undo::no_such_import;
use crate::error::Result;
use crate::history::ImportRecord;
use crate::outcome::Quarantined;

/// The ledger of an address, if there is one.
pub(super) fn ledger(client: &Client, settings: &Settings) -> Result<Option<Ledger>> {
    let fail = fault(&settings.shown, "reading the ledger of");
    // Where a table without a schema would be looked for.
    let found = client.row(
        "SELECT n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid = to_regclass(coalesce(quote_ident($1) || '.', '') || '_sheetlift_imports')::oid",
        &[(&settings.schema, Type::TEXT)],
    );
    let schema = found.map_err(&fail)?.map(|row| row.try_get::<_, String>(0));
    Ok(schema
        .transpose()
        .map_err(&fail)?
        .map(|schema| Ledger::of(&schema)))
}

pub(super) fn read(settings: &Settings, limit: usize) -> Result<Vec<ImportRecord>> {
    let client = Client::connect(settings)?;
    let Some(ledger) = ledger(&client, settings)? else {
        return Ok(Vec::new());
    };
    let time = |column: &str| {
        format!(r#"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"#)
    };
    let (started, committed, undone) =
        (time("started_at"), time("committed_at"), time("undone_at"));
    let sql = format!(
        "SELECT import_id, source_name, target_table, mode, state, {started}, {committed}, {undone},
         CASE WHEN rows_read IS NOT NULL THEN ARRAY[rows_read, inserted, updated, unchanged, conflicts, rejected, coalesce(removed, 0)] END, replay_of
         FROM {} ORDER BY started_at DESC, import_id LIMIT $1",
        ledger.imports
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let read = || {
        let rows = client.rows(&sql, &[(&limit, Type::INT8)])?;
        let records = rows.iter().map(|row| {
            let counts: Option<Vec<i64>> = row.try_get(8)?;
            Ok(ImportRecord {
                import_id: row.try_get(0)?,
                source_name: row.try_get(1)?,
                table: row.try_get(2)?,
                mode: row.try_get(3)?,
                state: row.try_get(4)?,
                started_at: row.try_get(5)?,
                committed_at: row.try_get(6)?,
                undone_at: row.try_get(7)?,
                replay_of: row.try_get(9)?,
                counts: counts.and_then(|counts| {
                    let counts: Vec<u64> = counts.into_iter().map(i64::unsigned_abs).collect();
                    counts.try_into().ok()
                }),
            })
        });
        records.collect::<Result<Vec<_>, tokio_postgres::Error>>()
    };
    read().map_err(fault(&settings.shown, "reading the ledger of"))
}

/// How the source of an import was laid out.
pub(super) fn layout(settings: &Settings, import_id: &str) -> Result<Option<String>> {
    let client = Client::connect(settings)?;
    let fail = fault(&settings.shown, "reading the ledger of");
    let unknown = || no_such_import(import_id, &settings.shown);
    let ledger = ledger(&client, settings)?.ok_or_else(unknown)?;
    let sql = format!("SELECT layout FROM {} WHERE import_id = $1", ledger.imports);
    let row = client
        .row(&sql, &[(&import_id, Type::TEXT)])
        .map_err(&fail)?;
    row.ok_or_else(unknown)?.try_get(0).map_err(fail)
}

/// The rows in quarantine.
pub(super) fn quarantined(
    settings: &Settings,
    import_id: &str,
    each: &mut dyn FnMut(Quarantined),
) -> Result<()> {
    let client = Client::connect(settings)?;
    let fail = fault(&settings.shown, "reading the ledger of");
    let Some(ledger) = ledger(&client, settings)? else {
        return Err(no_such_import(import_id, &settings.shown));
    };
    let sql = format!("SELECT 1 FROM {} WHERE import_id = $1", ledger.imports);
    let known = client
        .row(&sql, &[(&import_id, Type::TEXT)])
        .map_err(&fail)?;
    if known.is_none() {
        return Err(no_such_import(import_id, &settings.shown));
    }
    let sql = format!(
        "SELECT part, \"row\", codes, reason, raw FROM {} WHERE import_id = $1 AND replayed_by IS NULL ORDER BY part, \"row\"",
        ledger.rejects
    );
    let read = client.each(&sql, &[(&import_id, Type::TEXT)], &mut |row| {
        each(Quarantined {
            part: row.try_get(0)?,
            row: row.try_get::<_, i64>(1)? as u32,
            codes: row.try_get(2)?,
            reason: row.try_get(3)?,
            raw: row.try_get(4)?,
        });
        Ok(())
    });
    read.map_err(fail)
}
