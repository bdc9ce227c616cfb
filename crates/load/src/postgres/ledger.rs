//! The ledger of imports: claims, leases, fences and outcomes, in the schema of the target.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tokio_postgres::types::Type;

use super::client::Client;
use super::fault::{fault, is_locked, is_there_already};
use super::names::quoted;
use crate::error::{Error, ErrorKind, Result};
use crate::key::ImportKey;
use crate::outcome::{Outcome, State};
use crate::plan::Plan;

/// The longest advice to wait: the owner may finish long before its lease does.
const MAX_RETRY_AFTER_MS: i64 = 5_000;
/// How long the server may take for a commit whose answer got lost.
const COMMIT_WAIT: Duration = Duration::from_secs(20);
/// Others may create the tables at the same time.
const TRIES: usize = 5;

/// A claim that holds until somebody else raises the fence.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) import_id: String,
    pub(super) fence: i64,
    lease_ms: i64,
    /// The fence of the expired claim that it took over.
    previous: Option<i64>,
}

/// What a claim found.
pub(super) enum Claim {
    Committed(Outcome),
    Held(Held),
}

/// The tables of a schema.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    pub(super) imports: String,
    pub(super) rejects: String,
    pub(super) outcomes: String,
    /// Rows as they were before an import changed or deleted them.
    pub(super) before: String,
    /// The keys of rows that imports added.
    pub(super) keys: String,
    schema: String,
}

impl Ledger {
    pub(super) fn of(schema: &str) -> Ledger {
        let table = |name: &str| quoted(schema, name);
        Ledger {
            imports: table("_sheetlift_imports"),
            rejects: table("_sheetlift_rejects"),
            outcomes: table("_sheetlift_outcomes"),
            before: table("_sheetlift_before"),
            keys: table("_sheetlift_keys"),
            schema: schema.to_owned(),
        }
    }

    pub(super) fn exists(&self, client: &Client) -> Result<bool, tokio_postgres::Error> {
        let row = client.row(
            "SELECT to_regclass($1) IS NOT NULL",
            &[(&self.imports, Type::TEXT)],
        )?;
        row.map_or(Ok(false), |row| row.try_get(0))
    }

    /// The outcome of an import that is committed.
    pub(super) fn committed(
        &self,
        client: &Client,
        shown: &str,
        key: &ImportKey,
    ) -> Result<Option<Outcome>> {
        let fail = fault(shown, "reading the ledger of");
        if !self.exists(client).map_err(&fail)? {
            return Ok(None);
        }
        let sql = format!(
            "SELECT outcome::text FROM {} WHERE import_key = $1 AND state = 'committed'",
            self.imports
        );
        let row = client
            .row(&sql, &[(&key.to_hex(), Type::TEXT)])
            .map_err(&fail)?;
        let Some(row) = row else {
            return Ok(None);
        };
        let stored: Option<String> = row.try_get(0).map_err(&fail)?;
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

    fn create(&self, client: &Client, shown: &str) -> Result<()> {
        let Ledger {
            imports,
            rejects,
            outcomes,
            before,
            keys,
            ..
        } = self;
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS {imports} (
                import_id text NOT NULL PRIMARY KEY, import_key text NOT NULL UNIQUE,
                source_name text NOT NULL, target_table text NOT NULL, mode text NOT NULL,
                state text NOT NULL, fence bigint NOT NULL, lease_until timestamptz NOT NULL,
                started_at timestamptz NOT NULL, committed_at timestamptz,
                rows_read bigint, inserted bigint, updated bigint, unchanged bigint, conflicts bigint, rejected bigint,
                removed bigint, outcome json, undo json, undone_at timestamptz, replay_of text, layout text);
             CREATE TABLE IF NOT EXISTS {rejects} (
                import_id text NOT NULL, part text, \"row\" bigint NOT NULL, codes text NOT NULL, reason text NOT NULL,
                raw text NOT NULL, replayed_by text);
             CREATE INDEX IF NOT EXISTS _sheetlift_rejects_by_import ON {rejects} (import_id, \"row\");
             CREATE TABLE IF NOT EXISTS {outcomes} (
                import_id text NOT NULL, part text, \"row\" bigint NOT NULL, outcome text NOT NULL, reason text NOT NULL,
                key text NOT NULL, column_name text);
             CREATE INDEX IF NOT EXISTS _sheetlift_outcomes_by_import ON {outcomes} (import_id, \"row\");
             CREATE TABLE IF NOT EXISTS {before} (import_id text NOT NULL, kind text NOT NULL, image text NOT NULL);
             CREATE INDEX IF NOT EXISTS _sheetlift_before_by_import ON {before} (import_id);
             CREATE TABLE IF NOT EXISTS {keys} (import_id text NOT NULL, keys text[] NOT NULL);
             CREATE INDEX IF NOT EXISTS _sheetlift_keys_by_import ON {keys} (import_id)"
        );
        let mut tries = 1;
        loop {
            match client.run(&sql) {
                Err(error) if is_there_already(&error) && tries < TRIES => tries += 1,
                done => return done.map_err(fault(shown, "creating the ledger of")),
            }
        }
    }

    /// Claims the import, in a transaction of its own.
    pub(super) fn claim(&self, client: &Client, shown: &str, plan: &Plan) -> Result<Claim> {
        let fail = fault(shown, "writing the ledger of");
        if !self.exists(client).map_err(&fail)? {
            self.create(client, shown)?;
        }
        client.run("BEGIN").map_err(&fail)?;
        let claimed = self.claim_in_transaction(client, shown, plan);
        let end = if claimed.is_ok() {
            "COMMIT"
        } else {
            "ROLLBACK"
        };
        client.run(end).map_err(&fail)?;
        claimed
    }

    fn claim_in_transaction(&self, client: &Client, shown: &str, plan: &Plan) -> Result<Claim> {
        let fail = fault(shown, "writing the ledger of");
        let (key, import_id) = (plan.import_key.to_hex(), plan.import_key.import_id());
        let lease_ms = i64::try_from(plan.lease_ms).unwrap_or(i64::MAX / 2);
        let imports = &self.imports;
        // Whoever merges holds the row. It may be a loader whose network is gone, and of which the server will hear in hours: nobody
        // waits for that here.
        let sql = format!("SELECT 1 FROM {imports} WHERE import_key = $1 FOR UPDATE NOWAIT");
        if let Err(error) = client.row(&sql, &[(&key, Type::TEXT)]) {
            return Err(match is_locked(&error) {
                true => busy(&import_id, MAX_RETRY_AFTER_MS),
                false => fail(error),
            });
        }
        let sql = format!(
            "INSERT INTO {imports} AS i (import_id, import_key, source_name, target_table, mode, state, fence, lease_until, started_at, replay_of)
             VALUES ($1, $2, $3, $4, $5, 'running', 1, clock_timestamp() + $6 * interval '1 millisecond', clock_timestamp(), $7)
             ON CONFLICT (import_key) DO UPDATE SET fence = i.fence + 1, source_name = excluded.source_name, state = 'running',
                 lease_until = excluded.lease_until, started_at = excluded.started_at
             WHERE i.state = 'undone' OR i.state = 'running' AND i.lease_until < clock_timestamp()
             RETURNING fence"
        );
        let mode = plan.mode.as_str();
        let row = client
            .row(
                &sql,
                &[
                    (&import_id, Type::TEXT),
                    (&key, Type::TEXT),
                    (&plan.source_name, Type::TEXT),
                    (&plan.table, Type::TEXT),
                    (&mode, Type::TEXT),
                    (&(lease_ms as f64), Type::FLOAT8),
                    (&plan.replay_of, Type::TEXT),
                ],
            )
            .map_err(&fail)?;
        if let Some(row) = row {
            let fence: i64 = row.try_get(0).map_err(&fail)?;
            let previous = (fence > 1).then_some(fence - 1);
            return Ok(Claim::Held(Held {
                import_id,
                fence,
                lease_ms,
                previous,
            }));
        }
        if let Some(outcome) = self.committed(client, shown, &plan.import_key)? {
            return Ok(Claim::Committed(outcome));
        }
        let sql = format!(
            "SELECT (extract(epoch FROM lease_until - clock_timestamp()) * 1000)::bigint FROM {imports} WHERE import_key = $1"
        );
        let left = client.row(&sql, &[(&key, Type::TEXT)]).map_err(&fail)?;
        let left: i64 = left.map_or(Ok(0), |row| row.try_get(0)).map_err(&fail)?;
        Err(busy(&import_id, left))
    }

    /// Pushes the end of the lease away.
    pub(super) fn renew(&self, client: &Client, shown: &str, held: &Held) -> Result<()> {
        let sql = format!(
            "UPDATE {} SET lease_until = clock_timestamp() + $3 * interval '1 millisecond'
             WHERE import_id = $1 AND fence = $2 AND state = 'running'",
            self.imports
        );
        let renewed = client
            .execute(
                &sql,
                &[
                    (&held.import_id, Type::TEXT),
                    (&held.fence, Type::INT8),
                    (&(held.lease_ms as f64), Type::FLOAT8),
                ],
            )
            .map_err(fault(shown, "writing the ledger of"))?;
        if renewed == 0 {
            Err(held.taken_over())
        } else {
            Ok(())
        }
    }

    /// Whether the claim still stands; nobody can take it over before the end of the transaction then.
    pub(super) fn lock(&self, client: &Client, shown: &str, held: &Held) -> Result<()> {
        let sql = format!(
            "SELECT 1 FROM {} WHERE import_id = $1 AND fence = $2 AND state = 'running' FOR UPDATE",
            self.imports
        );
        let row = client.row(
            &sql,
            &[(&held.import_id, Type::TEXT), (&held.fence, Type::INT8)],
        );
        match row.map_err(fault(shown, "reading the ledger of"))? {
            Some(_) => Ok(()),
            None => Err(held.taken_over()),
        }
    }

    /// Whether this very claim was committed: what to ask when a commit ended without an answer. The server may still be at work on
    /// it, and holds its row until then.
    pub(super) fn is_committed(
        &self,
        client: &Client,
        held: &Held,
    ) -> Result<bool, tokio_postgres::Error> {
        let sql = format!(
            "SELECT state = 'committed' AND fence = $2 FROM {} WHERE import_id = $1 FOR UPDATE NOWAIT",
            self.imports
        );
        let began = Instant::now();
        loop {
            let row = client.row(
                &sql,
                &[(&held.import_id, Type::TEXT), (&held.fence, Type::INT8)],
            );
            match row {
                Err(error) if is_locked(&error) && began.elapsed() < COMMIT_WAIT => {
                    thread::sleep(Duration::from_millis(50));
                }
                found => return found?.map_or(Ok(false), |row| row.try_get(0)),
            }
        }
    }

    /// Marks the import as committed.
    pub(super) fn finish(
        &self,
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
        let json: Json = serde_json::to_value(&stored)
            .map_err(|error| Error::bug("an outcome is no JSON").with_source(error))?;
        let sql = format!(
            "UPDATE {} SET state = 'committed', lease_until = clock_timestamp(), committed_at = clock_timestamp(), rows_read = $2,
             inserted = $3, updated = $4, unchanged = $5, conflicts = $6, rejected = $7, outcome = $8::text::json,
             removed = $9, layout = $10, undone_at = NULL WHERE import_id = $1",
            self.imports
        );
        let count = |rows: u64| rows as i64;
        client
            .execute(
                &sql,
                &[
                    (&held.import_id, Type::TEXT),
                    (&count(outcome.read), Type::INT8),
                    (&count(outcome.inserted), Type::INT8),
                    (&count(outcome.updated), Type::INT8),
                    (&count(outcome.unchanged), Type::INT8),
                    (&count(outcome.conflict_total), Type::INT8),
                    (&count(outcome.rejected), Type::INT8),
                    (&json.to_string(), Type::TEXT),
                    (&count(outcome.removed), Type::INT8),
                    (&layout, Type::TEXT),
                ],
            )
            .map_err(fault(shown, "recording the outcome in"))?;
        Ok(())
    }

    /// Gives a claim up: the ledger is as it was before. A claim that was taken over stays expired.
    pub(super) fn release(
        &self,
        client: &Client,
        held: &Held,
    ) -> Result<(), tokio_postgres::Error> {
        let sql = match held.previous {
            None => format!("DELETE FROM {} WHERE import_id = $1 AND fence = $2 AND state = 'running'", self.imports),
            Some(_) => format!(
                "UPDATE {} SET fence = fence - 1, lease_until = clock_timestamp() - interval '1 second',
                     state = CASE WHEN undone_at IS NULL THEN 'running' ELSE 'undone' END
                 WHERE import_id = $1 AND fence = $2 AND state = 'running'",
                self.imports
            ),
        };
        client.execute(
            &sql,
            &[(&held.import_id, Type::TEXT), (&held.fence, Type::INT8)],
        )?;
        Ok(())
    }

    /// Drops the stages of imports whose claim is gone or was taken over: a loader that was killed leaves some.
    pub(super) fn sweep(&self, client: &Client) -> Result<(), tokio_postgres::Error> {
        let rows = client.rows(
            &format!(
                "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relname LIKE '\\_sheetlift\\_stage\\_%'
                 AND NOT EXISTS (SELECT 1 FROM {} i WHERE i.state = 'running' AND i.lease_until > clock_timestamp()
                     AND c.relname LIKE '%\\_' || substr(i.import_id, 5, 16) || '\\_' || i.fence || '%')",
                self.imports
            ),
            &[(&self.schema, Type::TEXT)],
        )?;
        for row in rows {
            let name: String = row.try_get(0)?;
            let table = quoted(&self.schema, &name);
            // Its owner may be at work on it for a moment longer: whoever cannot have it at once leaves it.
            let dropped = client.run(&format!(
                "BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE NOWAIT; DROP TABLE {table}; COMMIT"
            ));
            if dropped.is_err() {
                client.run("ROLLBACK")?;
            }
        }
        Ok(())
    }
}

fn busy(import_id: &str, left_ms: i64) -> Error {
    let retry_after_ms = left_ms.clamp(1, MAX_RETRY_AFTER_MS).unsigned_abs();
    let message = format!("import {import_id} is being loaded by another worker");
    Error::new(ErrorKind::Busy { retry_after_ms }, "busy/claimed", message)
        .with_hint("wait for it: the same call then returns what it loaded")
}

impl Held {
    fn taken_over(&self) -> Error {
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
