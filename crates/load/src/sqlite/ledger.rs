//! The ledger: which imports are under way or done, in the target database itself.

use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::{Error, ErrorKind, Result};
use crate::key::ImportKey;
use crate::outcome::{Outcome, State};
use crate::plan::Plan;

use super::fault::fault;
use super::owner::Owner;
use super::scratch::{EXCEPTIONS, GONE, PART, REJECTS, ROW, STAGE};

pub(super) const IMPORTS: &str = "main._sheetlift_imports";
/// The columns a claim overwrites, in the order of [`Previous`].
const CLAIM_COLUMNS: &str =
    "source_name, fence, claim, lease_until_ms, owner_host, owner_pid, owner_started, started_at";
/// The longest advice to wait: the owner may finish long before its lease does.
const MAX_RETRY_AFTER_MS: u64 = 5_000;

const CREATE: &str = "
    CREATE TABLE IF NOT EXISTS main._sheetlift_imports (
        import_id TEXT NOT NULL PRIMARY KEY, import_key TEXT NOT NULL UNIQUE,
        source_name TEXT NOT NULL, target_table TEXT NOT NULL, mode TEXT NOT NULL,
        state TEXT NOT NULL, fence INTEGER NOT NULL, claim TEXT NOT NULL, lease_until_ms INTEGER NOT NULL,
        owner_host TEXT NOT NULL, owner_pid INTEGER NOT NULL, owner_started INTEGER NOT NULL,
        started_at TEXT NOT NULL, committed_at TEXT,
        rows_read INTEGER, inserted INTEGER, updated INTEGER, unchanged INTEGER, conflicts INTEGER, rejected INTEGER,
        outcome TEXT, removed INTEGER, undo TEXT, undone_at TEXT, replay_of TEXT, layout TEXT);
    CREATE TABLE IF NOT EXISTS main._sheetlift_rejects (
        import_id TEXT NOT NULL, row INTEGER NOT NULL, codes TEXT NOT NULL, reason TEXT NOT NULL, raw TEXT NOT NULL,
        part TEXT, replayed_by TEXT);
    CREATE INDEX IF NOT EXISTS main._sheetlift_rejects_by_import ON _sheetlift_rejects (import_id, row);
    CREATE TABLE IF NOT EXISTS main._sheetlift_outcomes (
        import_id TEXT NOT NULL, row INTEGER NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL, key TEXT NOT NULL,
        part TEXT, column_name TEXT);
    CREATE INDEX IF NOT EXISTS main._sheetlift_outcomes_by_import ON _sheetlift_outcomes (import_id, row);
    CREATE TABLE IF NOT EXISTS main._sheetlift_before (
        import_id TEXT NOT NULL, kind TEXT NOT NULL, image BLOB NOT NULL, hash INTEGER);
    CREATE INDEX IF NOT EXISTS main._sheetlift_before_by_import ON _sheetlift_before (import_id);
    CREATE TABLE IF NOT EXISTS main._sheetlift_keys (import_id TEXT NOT NULL, keys BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS main._sheetlift_keys_by_import ON _sheetlift_keys (import_id);";

/// A row `r` of a quarantine as an import numbers it; null where it is none of its parts.
const SOURCE: &str = "CASE WHEN r.part IS NOT NULL
    THEN (SELECT p.id FROM temp.sheetlift_parts AS p WHERE p.name = r.part) << 20 | r.row
    WHEN NOT EXISTS (SELECT 1 FROM temp.sheetlift_parts) THEN r.row END";

/// Rows of a quarantine that an import has loaded leave it, and the others are told why they stay.
fn replay(conn: &Connection, replayed: &str, import_id: &str) -> rusqlite::Result<u64> {
    // A join is made the wrong way round now and then, which takes hours: each row is looked for instead.
    conn.execute_batch(&format!(
        "CREATE INDEX temp.sheetlift_stage_by_source ON sheetlift_stage (src);
         INSERT INTO {REJECTS} SELECT src, code, reason, '' FROM {EXCEPTIONS};
         CREATE INDEX temp.sheetlift_rejects_by_source ON sheetlift_rejects (src);"
    ))?;
    let waits = format!(
        "r.import_id = ?1 AND r.replayed_by IS NULL
         AND EXISTS (SELECT 1 FROM {IMPORTS} AS i WHERE i.import_id = ?1 AND i.state = 'committed')"
    );
    let left = conn.execute(
        &format!(
            "UPDATE main._sheetlift_rejects AS r SET replayed_by = ?2 WHERE {waits}
             AND EXISTS (SELECT 1 FROM {STAGE} AS s WHERE s.src = {SOURCE}
                 AND NOT EXISTS (SELECT 1 FROM {GONE} AS x WHERE x.n = s.n))"
        ),
        [replayed, import_id],
    )?;
    let found = format!("FROM {REJECTS} AS x WHERE x.src = {SOURCE}");
    conn.execute(
        &format!(
            "UPDATE main._sheetlift_rejects AS r SET (codes, reason) = (SELECT x.codes, x.reason {found})
             WHERE {waits} AND EXISTS (SELECT 1 {found})"
        ),
        [replayed],
    )?;
    Ok(left as u64)
}

/// A claim that holds until somebody else raises the fence.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) import_id: String,
    fence: i64,
    /// Random per claim: even a fence that was set back cannot be mistaken.
    claim: String,
    lease_ms: u64,
    /// The import whose quarantine the rows come from.
    replay_of: Option<String>,
    /// The row as the claim found it, to be put back when the claim is given up.
    previous: Option<Previous>,
    created_tables: bool,
}

/// What a claim found.
pub(super) enum Claim {
    Committed(Outcome),
    Held(Held),
}

#[derive(Debug)]
struct Previous {
    source_name: String,
    fence: i64,
    claim: String,
    lease_until_ms: i64,
    owner: Owner,
    started_at: String,
    /// `running` or `undone`.
    state: String,
}

/// The outcome of an import that is committed, without taking any lock for longer than the look.
pub(super) fn committed(conn: &Connection, name: &str, key: &ImportKey) -> Result<Option<Outcome>> {
    let fail = fault(name, "reading the ledger of");
    if !exists(conn).map_err(&fail)? {
        return Ok(None);
    }
    let stored: Option<Option<String>> = conn
        .query_row(
            &format!("SELECT outcome FROM {IMPORTS} WHERE import_key = ?1 AND state = 'committed'"),
            [key.to_hex()],
            |row| row.get(0),
        )
        .optional()
        .map_err(&fail)?;
    let Some(stored) = stored else {
        return Ok(None);
    };
    match serde_json::from_str::<Outcome>(stored.as_deref().unwrap_or_default()) {
        Ok(outcome) => Ok(Some(Outcome {
            state: State::AlreadyLoaded,
            ..outcome
        })),
        Err(error) => Err(Error::new(
            ErrorKind::Sink,
            "sink/ledger",
            format!("the ledger of {name} holds an outcome this version cannot read"),
        )
        .with_source(error)),
    }
}

/// Claims the import inside the caller's write transaction.
pub(super) fn claim(conn: &Connection, name: &str, plan: &Plan) -> Result<Claim> {
    if let Some(outcome) = committed(conn, name, &plan.import_key)? {
        return Ok(Claim::Committed(outcome));
    }
    let fail = fault(name, "writing the ledger of");
    let created_tables = !exists(conn).map_err(&fail)?;
    conn.execute_batch(CREATE).map_err(&fail)?;
    add_columns(conn).map_err(&fail)?;
    let previous = conn
        .query_row(
            &format!("SELECT {CLAIM_COLUMNS}, state FROM {IMPORTS} WHERE import_key = ?1"),
            [plan.import_key.to_hex()],
            Previous::read,
        )
        .optional()
        .map_err(&fail)?;
    if let Some(previous) = &previous {
        previous.refuse_if_live()?;
    }
    let held = Held {
        import_id: plan.import_key.import_id(),
        fence: previous.as_ref().map_or(1, |previous| previous.fence + 1),
        claim: conn
            .query_row("SELECT lower(hex(randomblob(16)))", [], |row| row.get(0))
            .map_err(&fail)?,
        lease_ms: plan.lease_ms,
        replay_of: plan.replay_of.clone(),
        previous,
        created_tables,
    };
    held.write(conn, plan).map_err(&fail)?;
    Ok(Claim::Held(held))
}

/// Columns that came later: a ledger without them gets them.
const ADDED: [(&str, &str, &str); 9] = [
    ("_sheetlift_rejects", "part", "TEXT"),
    ("_sheetlift_rejects", "replayed_by", "TEXT"),
    ("_sheetlift_outcomes", "part", "TEXT"),
    ("_sheetlift_outcomes", "column_name", "TEXT"),
    ("_sheetlift_imports", "removed", "INTEGER"),
    ("_sheetlift_imports", "undo", "TEXT"),
    ("_sheetlift_imports", "undone_at", "TEXT"),
    ("_sheetlift_imports", "replay_of", "TEXT"),
    ("_sheetlift_imports", "layout", "TEXT"),
];

pub(super) fn add_columns(conn: &Connection) -> rusqlite::Result<()> {
    for (table, column, declared) in ADDED {
        let is_there: bool = conn.query_row(
            "SELECT EXISTS (SELECT 1 FROM pragma_table_info(?1, 'main') WHERE name = ?2)",
            [table, column],
            |row| row.get(0),
        )?;
        if !is_there {
            conn.execute_batch(&format!(
                "ALTER TABLE main.{table} ADD COLUMN {column} {declared}"
            ))?;
        }
    }
    Ok(())
}

/// Whether the database holds nothing but the ledger, so that nobody is disturbed by a long transaction.
pub(super) fn is_alone(conn: &Connection) -> rusqlite::Result<bool> {
    conn.query_row(
        "SELECT NOT EXISTS (SELECT 1 FROM main.sqlite_master
         WHERE name NOT LIKE '\\_sheetlift\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\')",
        [],
        |row| row.get(0),
    )
}

pub(super) fn exists(conn: &Connection) -> rusqlite::Result<bool> {
    conn.query_row(
        "SELECT EXISTS (SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = '_sheetlift_imports')",
        [],
        |row| row.get(0),
    )
}

impl Held {
    fn write(&self, conn: &Connection, plan: &Plan) -> rusqlite::Result<()> {
        let owner = Owner::current();
        conn.execute(
            &format!(
                "INSERT INTO {IMPORTS} (import_id, import_key, target_table, mode, state, {CLAIM_COLUMNS}, replay_of)
                 VALUES (?1, ?2, ?3, ?4, 'running', ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
                 ON CONFLICT (import_key) DO UPDATE SET state = 'running', ({CLAIM_COLUMNS}) =
                 (excluded.source_name, excluded.fence, excluded.claim, excluded.lease_until_ms, excluded.owner_host,
                  excluded.owner_pid, excluded.owner_started, excluded.started_at)"
            ),
            params![
                self.import_id,
                plan.import_key.to_hex(),
                plan.table,
                plan.mode.as_str(),
                plan.source_name,
                self.fence,
                self.claim,
                self.lease_end(),
                owner.host,
                owner.pid,
                owner.started,
                now_text(),
                self.replay_of,
            ],
        )?;
        Ok(())
    }

    /// Pushes the end of the lease away.
    pub(super) fn renew(&self, conn: &Connection, name: &str) -> Result<()> {
        let renewed = conn.execute(
            &format!(
                "UPDATE {IMPORTS} SET lease_until_ms = ?1
                 WHERE import_id = ?2 AND fence = ?3 AND claim = ?4 AND state = 'running'"
            ),
            params![self.lease_end(), self.import_id, self.fence, self.claim],
        );
        match renewed {
            Ok(0) => Err(self.taken_over()),
            Ok(_) => Ok(()),
            // A long writer delays the renewal; the fence decides at the commit.
            Err(error) if super::fault::is_busy(&error) => Ok(()),
            Err(error) => Err(fault(name, "writing the ledger of")(error)),
        }
    }

    /// Whether the claim still stands, inside the transaction that will use it.
    pub(super) fn check(&self, conn: &Connection, name: &str) -> Result<()> {
        if self
            .is_in_state(conn, "running")
            .map_err(fault(name, "reading the ledger of"))?
        {
            return Ok(());
        }
        Err(self.taken_over())
    }

    /// Whether this very claim was committed: what to ask when a commit ended without an answer.
    pub(super) fn is_committed(&self, conn: &Connection) -> rusqlite::Result<bool> {
        Ok(exists(conn)? && self.is_in_state(conn, "committed")?)
    }

    fn is_in_state(&self, conn: &Connection, state: &str) -> rusqlite::Result<bool> {
        if !exists(conn)? {
            return Ok(false);
        }
        conn.query_row(
            &format!(
                "SELECT EXISTS (SELECT 1 FROM {IMPORTS}
                 WHERE import_id = ?1 AND fence = ?2 AND claim = ?3 AND state = ?4)"
            ),
            params![self.import_id, self.fence, self.claim, state],
            |row| row.get(0),
        )
    }

    /// Moves rejects and exceptions into the ledger and marks the import as committed. Gives the number of rows that have left the
    /// quarantine of another import.
    pub(super) fn finish(
        &self,
        conn: &Connection,
        outcome: &Outcome,
        layout: Option<&str>,
    ) -> rusqlite::Result<u64> {
        // Of an import that was taken back and is loaded again, the latest run counts.
        for table in ["rejects", "outcomes"] {
            conn.execute(
                &format!("DELETE FROM main._sheetlift_{table} WHERE import_id = ?1"),
                [&self.import_id],
            )?;
        }
        let mut left = 0;
        match &self.replay_of {
            None => conn.execute(
                &format!(
                    "INSERT INTO main._sheetlift_rejects (import_id, part, row, codes, reason, raw)
                     SELECT ?1, {PART}, {ROW}, codes, reason, raw FROM {REJECTS} ORDER BY src, rowid"
                ),
                [&self.import_id],
            )?,
            Some(replayed) => {
                left = replay(conn, replayed, &self.import_id)?;
                0
            }
        };
        conn.execute(
            &format!(
                "INSERT INTO main._sheetlift_outcomes (import_id, part, row, outcome, reason, key, column_name)
                 SELECT ?1, {PART}, {ROW}, code, reason, key_text, col FROM {EXCEPTIONS} ORDER BY src, rowid"
            ),
            [&self.import_id],
        )?;
        let stored = Outcome {
            state: State::Committed,
            ..outcome.clone()
        };
        let json = serde_json::to_string(&stored)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        conn.execute(
            &format!(
                "UPDATE {IMPORTS} SET state = 'committed', lease_until_ms = 0, committed_at = ?2, rows_read = ?3,
                 inserted = ?4, updated = ?5, unchanged = ?6, conflicts = ?7, rejected = ?8, outcome = ?9,
                 removed = ?10, layout = ?11, undone_at = NULL WHERE import_id = ?1"
            ),
            params![
                self.import_id,
                now_text(),
                outcome.read as i64,
                outcome.inserted as i64,
                outcome.updated as i64,
                outcome.unchanged as i64,
                outcome.conflict_total as i64,
                outcome.rejected as i64,
                json,
                outcome.removed as i64,
                layout,
            ],
        )?;
        Ok(left)
    }

    /// Gives a claim up that was committed to the ledger, leaving the ledger as it was before.
    pub(super) fn release(&self, conn: &Connection) -> rusqlite::Result<()> {
        conn.execute_batch("BEGIN IMMEDIATE")?;
        let released = self.restore(conn);
        match released {
            Ok(()) => conn.execute_batch("COMMIT"),
            Err(error) => {
                conn.execute_batch("ROLLBACK")?;
                Err(error)
            }
        }
    }

    fn restore(&self, conn: &Connection) -> rusqlite::Result<()> {
        if !self.is_in_state(conn, "running")? {
            return Ok(()); // somebody else's by now
        }
        match &self.previous {
            None => {
                conn.execute(
                    &format!("DELETE FROM {IMPORTS} WHERE import_id = ?1"),
                    [&self.import_id],
                )?;
            }
            Some(previous) => previous.put_back(conn, &self.import_id)?,
        }
        if self.created_tables
            && super::scratch::count(conn, &format!("SELECT count(*) FROM {IMPORTS}"))? == 0
        {
            conn.execute_batch(
                "DROP TABLE main._sheetlift_imports; DROP TABLE main._sheetlift_rejects;
                 DROP TABLE main._sheetlift_outcomes; DROP TABLE main._sheetlift_before; DROP TABLE main._sheetlift_keys;",
            )?;
        }
        Ok(())
    }

    fn lease_end(&self) -> i64 {
        now_ms().saturating_add(i64::try_from(self.lease_ms).unwrap_or(i64::MAX))
    }

    fn taken_over(&self) -> Error {
        Error::new(
            ErrorKind::Busy {
                retry_after_ms: MAX_RETRY_AFTER_MS,
            },
            "busy/taken-over",
            format!(
                "import {} was taken over by another worker: the lease of {} ms had expired",
                self.import_id, self.lease_ms
            ),
        )
        .with_hint("begin again: it waits for the other worker, or returns what that one loaded")
    }
}

impl Previous {
    fn read(row: &Row<'_>) -> rusqlite::Result<Previous> {
        Ok(Previous {
            source_name: row.get(0)?,
            fence: row.get(1)?,
            claim: row.get(2)?,
            lease_until_ms: row.get(3)?,
            owner: Owner {
                host: row.get(4)?,
                pid: row.get(5)?,
                started: row.get(6)?,
            },
            started_at: row.get(7)?,
            state: row.get(8)?,
        })
    }

    fn refuse_if_live(&self) -> Result<()> {
        let left_ms = u64::try_from(self.lease_until_ms.saturating_sub(now_ms())).unwrap_or(0);
        if left_ms == 0 || self.owner.is_provably_dead() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Busy {
                retry_after_ms: left_ms.min(MAX_RETRY_AFTER_MS),
            },
            "busy/lease",
            format!(
                "the import is under way in process {}, whose lease runs for another {left_ms} ms",
                self.owner.pid
            ),
        )
        .with_hint("try again later: the outcome is returned once the other worker is done"))
    }

    fn put_back(&self, conn: &Connection, import_id: &str) -> rusqlite::Result<()> {
        conn.execute(
            &format!(
                "UPDATE {IMPORTS} SET state = ?10, ({CLAIM_COLUMNS}) = (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) WHERE import_id = ?1"
            ),
            params![
                import_id,
                self.source_name,
                self.fence,
                self.claim,
                self.lease_until_ms,
                self.owner.host,
                self.owner.pid,
                self.owner.started,
                self.started_at,
                self.state,
            ],
        )?;
        Ok(())
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

pub(super) fn now_text() -> String {
    jiff::Timestamp::now().to_string()
}
