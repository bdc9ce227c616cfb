//! The ledger of imports: claims, leases, fences and outcomes, in the database of the target.

use std::thread;
use std::time::{Duration, Instant};

use mysql_async::{Row, Value};

use super::catalogue::find_table;
use super::client::{Client, Database, get};
use super::fault::{fault, is_locked, is_there_already};
use super::names::quote;
use crate::error::{Error, ErrorKind, Result};
use crate::key::ImportKey;
use crate::outcome::{Outcome, State};
use crate::plan::Plan;

/// The longest advice to wait: the owner may finish long before its lease does.
const MAX_RETRY_AFTER_MS: i64 = 5_000;
/// How long the server may take for a commit whose answer got lost.
const COMMIT_WAIT: Duration = Duration::from_secs(20);
/// A lease that outlasts everybody: the server counts no further.
const MAX_LEASE_MS: u64 = 100 * 365 * 86_400_000;

pub(super) const IMPORTS: &str = "`_sheetlift_imports`";
pub(super) const REJECTS: &str = "`_sheetlift_rejects`";
pub(super) const OUTCOMES: &str = "`_sheetlift_outcomes`";
/// Rows as they were before an import changed or deleted them, and the hash of what it made of them.
pub(super) const BEFORE: &str = "`_sheetlift_before`";
/// The keys of rows that imports added, with their hashes, some hundreds in a row.
pub(super) const KEYS: &str = "`_sheetlift_keys`";

/// What tables of the sink end with: texts are told apart by their bytes.
pub(super) const TABLE: &str =
    "ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

/// The tables, the one by which the ledger is known last.
const CREATE: [&str; 5] = [
    "`_sheetlift_rejects` (seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, import_id VARCHAR(64) NOT NULL, part LONGTEXT,
        `row` BIGINT NOT NULL, codes LONGTEXT NOT NULL, reason LONGTEXT NOT NULL, raw LONGTEXT NOT NULL, replayed_by VARCHAR(64),
        KEY by_import (import_id, `row`))",
    "`_sheetlift_outcomes` (seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, import_id VARCHAR(64) NOT NULL, part LONGTEXT,
        `row` BIGINT NOT NULL, outcome VARCHAR(64) NOT NULL, reason LONGTEXT NOT NULL, `key` LONGTEXT NOT NULL,
        column_name VARCHAR(64), KEY by_import (import_id, `row`))",
    "`_sheetlift_before` (seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, import_id VARCHAR(64) NOT NULL, kind VARCHAR(16) NOT NULL,
        image LONGTEXT NOT NULL, hash CHAR(16),
        KEY by_import (import_id))",
    "`_sheetlift_keys` (seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, import_id VARCHAR(64) NOT NULL, `keys` LONGTEXT NOT NULL,
        KEY by_import (import_id))",
    "`_sheetlift_imports` (import_id VARCHAR(64) NOT NULL PRIMARY KEY, import_key CHAR(64) NOT NULL UNIQUE,
        source_name LONGTEXT NOT NULL, target_table VARCHAR(64) NOT NULL, mode VARCHAR(32) NOT NULL, state VARCHAR(16) NOT NULL,
        fence BIGINT NOT NULL, lease_until DATETIME(6) NOT NULL, started_at DATETIME(6) NOT NULL, committed_at DATETIME(6),
        rows_read BIGINT, inserted BIGINT, updated BIGINT, unchanged BIGINT, conflicts BIGINT, rejected BIGINT, removed BIGINT,
        outcome LONGTEXT, `undo` LONGTEXT, undone_at DATETIME(6), replay_of VARCHAR(64), layout LONGTEXT)",
];

/// A claim that holds until somebody else raises the fence.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) import_id: String,
    pub(super) fence: i64,
    lease_ms: u64,
    /// The fence of the expired claim that it took over.
    pub(super) previous: Option<i64>,
}

/// What a claim found.
pub(super) enum Claim {
    Committed(Outcome),
    Held(Held),
}

pub(super) fn exists(client: &Client) -> Database<bool> {
    Ok(find_table(client, IMPORTS.trim_matches('`'))?.is_some())
}

/// The outcome of an import that is committed.
pub(super) fn committed(client: &Client, shown: &str, key: &ImportKey) -> Result<Option<Outcome>> {
    let fail = fault(shown, "reading the ledger of");
    if !exists(client).map_err(&fail)? {
        return Ok(None);
    }
    let sql = format!("SELECT outcome FROM {IMPORTS} WHERE import_key = ? AND state = 'committed'");
    let row = client.row(&sql, vec![key.to_hex().into()]).map_err(&fail)?;
    let Some(row) = row else {
        return Ok(None);
    };
    let stored: Option<String> = get(&row, 0).map_err(&fail)?;
    let outcome = serde_json::from_str::<Outcome>(stored.as_deref().unwrap_or_default());
    outcome
        .map(|outcome| {
            Some(Outcome {
                state: State::AlreadyLoaded,
                ..outcome
            })
        })
        .map_err(|error| {
            let message =
                format!("the ledger of {shown} holds an outcome this version cannot read");
            Error::new(ErrorKind::Sink, "sink/ledger", message).with_source(error)
        })
}

/// Claims the import, in a transaction of its own.
pub(super) fn claim(client: &Client, shown: &str, plan: &Plan) -> Result<Claim> {
    let fail = fault(shown, "writing the ledger of");
    if !exists(client).map_err(&fail)? {
        for table in CREATE {
            let created = client.run(&format!("CREATE TABLE IF NOT EXISTS {table} {TABLE}"));
            created.map_err(fault(shown, "creating the ledger of"))?;
        }
    }
    client.run("START TRANSACTION").map_err(&fail)?;
    let claimed = claim_in_transaction(client, shown, plan);
    let end = if claimed.is_ok() {
        "COMMIT"
    } else {
        "ROLLBACK"
    };
    client.run(end).map_err(&fail)?;
    claimed
}

fn claim_in_transaction(client: &Client, shown: &str, plan: &Plan) -> Result<Claim> {
    let fail = fault(shown, "writing the ledger of");
    let (key, import_id) = (plan.import_key.to_hex(), plan.import_key.import_id());
    // Whoever merges holds the row. It may be a loader whose network is gone, and of which the server will hear in hours: nobody
    // waits for that here.
    let sql = format!(
        "SELECT fence, state, lease_until < UTC_TIMESTAMP(6), TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), lease_until) DIV 1000
         FROM {IMPORTS} WHERE import_key = ? FOR UPDATE NOWAIT"
    );
    let found = match client.row(&sql, vec![key.as_str().into()]) {
        Err(error) if is_locked(&error) => return Err(busy(&import_id, MAX_RETRY_AFTER_MS)),
        found => found.map_err(&fail)?,
    };
    let mut held = Held {
        import_id,
        fence: 1,
        lease_ms: plan.lease_ms.min(MAX_LEASE_MS),
        previous: None,
    };
    let lease = Value::from(held.lease_ms * 1_000);
    let Some(found) = found else {
        let sql = format!(
            "INSERT INTO {IMPORTS} (import_id, import_key, source_name, target_table, mode, state, fence, lease_until, started_at,
                 replay_of)
             VALUES (?, ?, ?, ?, ?, 'running', 1, UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, UTC_TIMESTAMP(6), ?)"
        );
        let parameters = vec![
            held.import_id.as_str().into(),
            key.into(),
            plan.source_name.as_str().into(),
            plan.table.as_str().into(),
            plan.mode.as_str().into(),
            lease,
            plan.replay_of.as_deref().into(),
        ];
        return match client.execute(&sql, parameters) {
            Ok(_) => Ok(Claim::Held(held)),
            // Of several that found nothing, the others were faster.
            Err(error) if is_there_already(&error) => Err(busy(&held.import_id, 50)),
            Err(error) => Err(fail(error)),
        };
    };
    let read = || {
        Database::Ok((
            get(&found, 0)?,
            get(&found, 1)?,
            get(&found, 2)?,
            get(&found, 3)?,
        ))
    };
    let (fence, state, is_over, left): (i64, String, i64, i64) = read().map_err(&fail)?;
    match state.as_str() {
        "undone" => {}
        "running" if is_over != 0 => {}
        "committed" => {
            let outcome = committed(client, shown, &plan.import_key)?;
            return outcome
                .map(Claim::Committed)
                .ok_or_else(|| Error::bug("a committed import has no outcome"));
        }
        _ => return Err(busy(&held.import_id, left)),
    }
    (held.fence, held.previous) = (fence + 1, Some(fence));
    let sql = format!(
        "UPDATE {IMPORTS} SET fence = ?, source_name = ?, state = 'running',
             lease_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, started_at = UTC_TIMESTAMP(6) WHERE import_id = ?"
    );
    let parameters = vec![
        held.fence.into(),
        plan.source_name.as_str().into(),
        lease,
        held.import_id.as_str().into(),
    ];
    client.execute(&sql, parameters).map_err(&fail)?;
    Ok(Claim::Held(held))
}

/// Pushes the end of the lease away.
pub(super) fn renew(client: &Client, shown: &str, held: &Held) -> Result<()> {
    let sql = format!(
        "UPDATE {IMPORTS} SET lease_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND
         WHERE import_id = ? AND fence = ? AND state = 'running'"
    );
    let mut parameters = held.named();
    parameters.insert(0, (held.lease_ms * 1_000).into());
    let renewed = client
        .execute(&sql, parameters)
        .map_err(fault(shown, "writing the ledger of"))?;
    match renewed {
        0 => Err(held.taken_over()),
        _ => Ok(()),
    }
}

/// Whether the claim still stands; nobody can take it over before the end of the transaction then.
pub(super) fn lock(client: &Client, shown: &str, held: &Held) -> Result<()> {
    let sql = format!(
        "SELECT 1 FROM {IMPORTS} WHERE import_id = ? AND fence = ? AND state = 'running' FOR UPDATE"
    );
    let row = client.row(&sql, held.named());
    match row.map_err(fault(shown, "reading the ledger of"))? {
        Some(_) => Ok(()),
        None => Err(held.taken_over()),
    }
}

/// Whether this very claim was committed: what to ask when a commit ended without an answer. The server may still be at work on
/// it, and holds its row until then.
pub(super) fn is_committed(client: &Client, held: &Held) -> Database<bool> {
    let sql = format!(
        "SELECT state = 'committed' FROM {IMPORTS} WHERE import_id = ? AND fence = ? FOR UPDATE NOWAIT"
    );
    let began = Instant::now();
    loop {
        match client.row(&sql, held.named()) {
            Err(error) if is_locked(&error) && began.elapsed() < COMMIT_WAIT => {
                thread::sleep(Duration::from_millis(50));
            }
            found => {
                let is_so = |row: Row| get::<i64>(&row, 0).map(|is| is != 0);
                return found?.map_or(Ok(false), is_so);
            }
        }
    }
}

/// Marks the import as committed.
pub(super) fn finish(
    client: &Client,
    shown: &str,
    held: &Held,
    outcome: &Outcome,
    layout: Option<&str>,
) -> Result<()> {
    let stored = Outcome {
        state: State::Committed,
        ..outcome.clone()
    };
    let json = serde_json::to_string(&stored)
        .map_err(|error| Error::bug("an outcome is no JSON").with_source(error))?;
    let sql = format!(
        "UPDATE {IMPORTS} SET state = 'committed', lease_until = UTC_TIMESTAMP(6), committed_at = UTC_TIMESTAMP(6), rows_read = ?,
         inserted = ?, updated = ?, unchanged = ?, conflicts = ?, rejected = ?, removed = ?, outcome = ?, layout = ?, undone_at = NULL
         WHERE import_id = ?"
    );
    let mut parameters: Vec<Value> = [
        outcome.read,
        outcome.inserted,
        outcome.updated,
        outcome.unchanged,
        outcome.conflict_total,
        outcome.rejected,
        outcome.removed,
    ]
    .map(Value::from)
    .to_vec();
    parameters.extend([json.into(), layout.into(), held.import_id.as_str().into()]);
    client
        .execute(&sql, parameters)
        .map_err(fault(shown, "recording the outcome in"))?;
    Ok(())
}

/// Gives a claim up: the ledger is as it was before. A claim that was taken over stays expired.
pub(super) fn release(client: &Client, held: &Held) -> Database<()> {
    let which = "WHERE import_id = ? AND fence = ? AND state = 'running'";
    let sql = match held.previous {
        None => format!("DELETE FROM {IMPORTS} {which}"),
        Some(_) => format!(
            "UPDATE {IMPORTS} SET fence = fence - 1, lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND,
                 state = CASE WHEN undone_at IS NULL THEN 'running' ELSE 'undone' END {which}"
        ),
    };
    client.execute(&sql, held.named())?;
    Ok(())
}

/// Drops the stages of imports whose claim is gone or was taken over: a loader that was killed leaves some.
/// Those of the claim itself are of an attempt before: there are no others yet.
pub(super) fn sweep(client: &Client, own: &Held) -> Database<()> {
    let tables = client.rows(
        "SELECT TABLE_NAME FROM information_schema.TABLES
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME LIKE '\\_sheetlift\\_stage\\_%'",
        Vec::new(),
    )?;
    // Behind the list of tables: a stage that comes to be meanwhile is not in it.
    let live = client.rows(
        &format!(
            "SELECT import_id, fence FROM {IMPORTS} WHERE state = 'running' AND lease_until > UTC_TIMESTAMP(6)"
        ),
        Vec::new(),
    )?;
    let live = live.iter().map(|row| {
        let (import_id, fence): (String, i64) = (get(row, 0)?, get(row, 1)?);
        Ok(stage_name(&import_id, fence, ""))
    });
    let mut live: Vec<String> = live.collect::<Database<_>>()?;
    let own = stage_name(&own.import_id, own.fence, "");
    live.retain(|live| *live != own);
    let tables: Database<Vec<String>> = tables.iter().map(|row| get(row, 0)).collect();
    let is_dead = |name: &&String| !live.iter().any(|live| name.starts_with(live));
    drop_if_free(
        client,
        tables?.iter().filter(is_dead).map(|name| quote(name)),
    )
}

/// A table of an import under way.
pub(super) fn stage_name(import_id: &str, fence: i64, what: &str) -> String {
    let import = import_id.get(4..20).unwrap_or(import_id);
    format!("_sheetlift_stage_{import}_{fence}_{what}")
}

/// Drops tables unless somebody is at work on them.
pub(super) fn drop_if_free(client: &Client, tables: impl Iterator<Item = String>) -> Database<()> {
    let tables: Vec<String> = tables.collect();
    if tables.is_empty() {
        return Ok(());
    }
    client.run("SET lock_wait_timeout = 1")?;
    // One by one: where one is held, the others may not be.
    for table in tables {
        match client.run(&format!("DROP TABLE IF EXISTS {table}")) {
            Err(error) if super::fault::is_unanswered(&error) => return Err(error),
            // Whoever cannot have it at once leaves it.
            Err(error) if is_locked(&error) => break,
            _ => {}
        }
    }
    client.run("SET lock_wait_timeout = 60")
}

fn busy(import_id: &str, left_ms: i64) -> Error {
    let retry_after_ms = left_ms.clamp(1, MAX_RETRY_AFTER_MS).unsigned_abs();
    let message = format!("import {import_id} is being loaded by another worker");
    Error::new(ErrorKind::Busy { retry_after_ms }, "busy/claimed", message)
        .with_hint("wait for it: the same call then returns what it loaded")
}

impl Held {
    /// What a statement needs that is about this very claim.
    fn named(&self) -> Vec<Value> {
        vec![self.import_id.as_str().into(), self.fence.into()]
    }

    pub(super) fn taken_over(&self) -> Error {
        let kind = ErrorKind::Busy {
            retry_after_ms: MAX_RETRY_AFTER_MS.unsigned_abs(),
        };
        let message = format!(
            "import {} was taken over by another worker: the lease of {} ms had expired",
            self.import_id, self.lease_ms
        );
        Error::new(kind, "busy/taken-over", message).with_hint(
            "begin again: it waits for the other worker, or returns what that one loaded",
        )
    }
}
