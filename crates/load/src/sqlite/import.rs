//! One import into a SQLite database, from the claim to the commit.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use arrow_array::RecordBatch;
use rusqlite::Connection;

use super::fault::{fault, is_busy};
use super::ledger::{self, Claim, Held};
use super::rows::{self, WriteError};
use super::schema::{self, Column};
use super::target::{self, Misfit, Target};
use super::words::{check_references, words};
use super::{SqliteSink, connection, scratch, undo};
use crate::cells::{arrays, check_batch};
use crate::error::{Error, ErrorKind, Result};
use crate::mode::Mode;
use crate::outcome::{Outcome, Reject};
use crate::plan::Plan;
use crate::relational::{
    Counted, MergeError, Merged, Runs, Sources, check_replayed, conflict, conflicts, merge,
    outcome, tell,
};
use crate::sink::{Begin, Import, Origin, Tell, not_read_again};

/// How long a commit waits for other connections at least: giving up means staging everything again.
const COMMIT_WAIT_MS: u64 = 30_000;

/// Claims the import of a plan, or finds it done.
pub(super) fn begin(sink: &SqliteSink, plan: &Plan) -> Result<Begin> {
    plan.check()?;
    let columns = schema::columns(plan)?;
    let existed = sink.path.exists();
    if !existed && !plan.create_table {
        return Err(target::missing_table(plan, &columns));
    }
    let conn = connection::open(sink)?;
    if existed && let Some(outcome) = ledger::committed(&conn, &sink.shown, &plan.import_key)? {
        return Ok(Begin::Done(outcome));
    }
    let mut import = SqliteImport {
        conn,
        sink: sink.clone(),
        plan: plan.clone(),
        columns,
        import_id: plan.import_key.import_id(),
        sql: String::new(),
        route: Route::None,
        held: None,
        created_file: None,
        renewed: Instant::now(),
        is_broken: false,
        sources: Sources::default(),
        origin: None,
        read: 0,
        written: 0,
        rejected: 0,
    };
    match import.claim(!existed)? {
        Some(outcome) => Ok(Begin::Done(outcome)),
        None => Ok(Begin::Claimed(Box::new(import))),
    }
}

/// Whether rows of the plan can go straight into a new table: there is nothing to look up for them.
fn can_go_direct(plan: &Plan) -> bool {
    plan.references.is_empty()
        && plan.replay_of.is_none()
        && !matches!(plan.mode, Mode::UpdateOnly | Mode::Sync)
}

/// Where rows go before the commit; see the documentation of the parent module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    /// Not settled: the claim is not in the ledger.
    None,
    /// Into the new table, inside the transaction that began with the claim.
    Direct,
    /// Into a temporary table, merged by the commit.
    Staged,
}

struct SqliteImport {
    conn: Connection,
    sink: SqliteSink,
    plan: Plan,
    columns: Vec<Column>,
    import_id: String,
    /// The statement for each row.
    sql: String,
    route: Route,
    held: Option<Held>,
    /// The database file, if this import created it and it holds nothing else.
    created_file: Option<PathBuf>,
    renewed: Instant,
    is_broken: bool,
    /// Where rows came from that went straight into the new table.
    sources: Sources,
    /// What a replay of the rows that do not enter needs.
    origin: Option<Origin>,
    /// Rows handed to `stage`.
    read: u64,
    /// Rows in the stage, or in the new table.
    written: u64,
    rejected: u64,
}

impl SqliteImport {
    /// Claims the import and settles the route. An outcome means it is done already.
    fn claim(&mut self, created_file: bool) -> Result<Option<Outcome>> {
        let name = self.sink.shown.clone();
        let fail = fault(&name, "preparing the import into");
        scratch::create(&self.conn, self.columns.len(), &self.plan.parts).map_err(&fail)?;
        self.conn.execute_batch("BEGIN IMMEDIATE").map_err(&fail)?;
        let objects = scratch::count(&self.conn, "SELECT count(*) FROM main.sqlite_master");
        if created_file && objects.map_err(&fail)? == 0 {
            self.created_file = fs::canonicalize(&self.sink.path).ok();
        }
        match ledger::claim(&self.conn, &name, &self.plan)? {
            Claim::Committed(outcome) => {
                self.created_file = None;
                return Ok(Some(outcome));
            }
            Claim::Held(held) => self.held = Some(held),
        }
        match self.inspect()? {
            None if !self.plan.create_table => {
                return Err(target::missing_table(&self.plan, &self.columns));
            }
            None if can_go_direct(&self.plan) && ledger::is_alone(&self.conn).map_err(&fail)? => {
                self.create_table()?;
                self.inspect()?;
                self.sql = rows::insert_sql(&self.plan, &self.columns);
                self.route = Route::Direct;
            }
            None => self.stage_from_now()?,
            Some(target) => {
                self.apply_fits(&target);
                self.stage_from_now()?;
            }
        }
        check_references(&self.conn, &self.plan, &self.columns)?;
        Ok(None)
    }

    fn stage_from_now(&mut self) -> Result<()> {
        let doing = "writing the ledger of";
        self.conn
            .execute_batch("COMMIT")
            .map_err(fault(&self.sink.shown, doing))?;
        self.sql = rows::stage_sql(self.columns.len());
        self.route = Route::Staged;
        self.created_file = None;
        self.renewed = Instant::now();
        Ok(())
    }

    fn inspect(&self) -> Result<Option<Target>> {
        target::inspect(&self.conn, &self.plan, &self.columns).map_err(|misfit| match misfit {
            Misfit::Target(error) => error,
            Misfit::Database(error) => fault(&self.sink.shown, "reading the tables of")(error),
        })
    }

    fn create_table(&self) -> Result<()> {
        self.conn
            .execute_batch(&schema::create_table(&self.plan, &self.columns))
            .map_err(fault(&self.sink.shown, "creating the table in"))
    }

    fn apply_fits(&mut self, target: &Target) {
        for (column, fit) in self.columns.iter_mut().zip(&target.fits) {
            column.fit = *fit;
        }
    }

    /// Refuses to go on after a failure, and keeps the lease alive.
    fn enter(&mut self) -> Result<()> {
        if self.is_broken {
            return Err(Error::usage(
                "usage/broken-import",
                "an earlier step of this import failed",
            )
            .with_hint("drop the import and begin again"));
        }
        self.is_broken = true;
        let third = Duration::from_millis(self.plan.lease_ms / 3);
        if self.route == Route::Staged && self.renewed.elapsed() >= third {
            self.held()?.renew(&self.conn, &self.sink.shown)?;
            self.renewed = Instant::now();
        }
        // One transaction per batch: it touches the temporary tables only and so locks nobody out.
        self.begin_batch()
    }

    fn begin_batch(&self) -> Result<()> {
        if self.route == Route::Staged {
            self.conn
                .execute_batch("BEGIN")
                .map_err(fault(&self.sink.shown, "staging for"))?;
        }
        Ok(())
    }

    fn leave(&mut self) -> Result<()> {
        if self.route == Route::Staged {
            self.conn
                .execute_batch("COMMIT")
                .map_err(fault(&self.sink.shown, "staging for"))?;
        }
        self.is_broken = false;
        Ok(())
    }

    fn held(&self) -> Result<&Held> {
        self.held
            .as_ref()
            .ok_or_else(|| Error::bug("an import without a claim"))
    }

    /// Everything the import does to the database, up to but without the end of the transaction.
    fn settle(&mut self, dry_run: bool, tell: Option<&mut Tell<'_>>) -> Result<Outcome> {
        if self.route == Route::Staged {
            self.conn
                .execute_batch("BEGIN IMMEDIATE")
                .map_err(fault(&self.sink.shown, "committing the import into"))?;
        }
        self.held()?.check(&self.conn, &self.sink.shown)?;
        let merged = match self.route {
            Route::Staged => self.merge(tell)?,
            _ => {
                if let Some(tell) = tell {
                    self.tell_directly(tell)
                        .map_err(fault(&self.sink.shown, "recording the outcome in"))?;
                }
                if self.plan.undo {
                    undo::record_new_table(&self.conn, &self.plan)
                        .map_err(fault(&self.sink.shown, "recording the outcome in"))?;
                }
                Merged {
                    inserted: self.written,
                    ..Merged::default()
                }
            }
        };
        let layout = self.keep_refused()?;
        let fail = fault(&self.sink.shown, "recording the outcome in");
        let (conflict_total, conflicts) = scratch::exceptions(&self.conn).map_err(&fail)?;
        let counted = Counted {
            staged: self.read,
            rejected: self.rejected,
            conflict_total,
            conflicts,
        };
        let outcome = outcome(&self.import_id, dry_run, &merged, counted)?;
        let left = self
            .held()?
            .finish(&self.conn, &outcome, layout.as_deref())
            .map_err(&fail)?;
        check_replayed(&self.plan, &outcome, left)?;
        Ok(outcome)
    }

    /// Tells what became of rows that went straight into the new table.
    fn tell_directly(&self, tell: &mut Tell<'_>) -> rusqlite::Result<()> {
        self.sources.tell(&scratch::conflicts(&self.conn)?, tell);
        let sql = conflicts(scratch::EXCEPTIONS);
        self.conn.noted(&sql, &mut |source, code, reason| {
            tell(conflict(source, code, reason));
        })
    }

    /// Rows that do not enter are kept as they were read, where they can be: in a replay they are already. Gives the layout of the source.
    fn keep_refused(&mut self) -> Result<Option<String>> {
        let Some(Origin { layout, raw_rows }) = self.origin.take() else {
            return Ok(None);
        };
        let fail = fault(&self.sink.shown, "recording the outcome in");
        let refused = scratch::conflicts(&self.conn).map_err(&fail)?;
        if refused.is_empty() || self.plan.replay_of.is_some() {
            return Ok(Some(layout));
        }
        let kept = scratch::keep_refused(
            &self.conn,
            raw_rows(refused).map(|row| row.map_err(Refused::Unread)),
        );
        kept.map_err(|error| match error {
            Refused::Database(error) => fail(error),
            Refused::Unread(error) => not_read_again(error),
        })?;
        Ok(Some(layout))
    }

    fn merge(&mut self, rows: Option<&mut Tell<'_>>) -> Result<Merged> {
        let mut before = self.inspect()?;
        if let Some(lacking) = before
            .as_ref()
            .filter(|target| !target.additions.is_empty())
        {
            self.conn
                .execute_batch(&lacking.additions.join(" "))
                .map_err(fault(&self.sink.shown, "adding columns in"))?;
            before = self.inspect()?;
        }
        let found = match before {
            Some(found) => found,
            None if self.plan.create_table => {
                self.create_table()?;
                let created = self.inspect()?;
                created.ok_or_else(|| Error::bug("the table that was created is not there"))?
            }
            None => return Err(target::missing_table(&self.plan, &self.columns)),
        };
        if found
            .fits
            .iter()
            .ne(self.columns.iter().map(|column| &column.fit))
        {
            return Err(Error::new(
                ErrorKind::Busy { retry_after_ms: 0 },
                "busy/target-changed",
                format!(
                    "table {:?} changed its columns during the import",
                    self.plan.table
                ),
            )
            .with_hint("begin again"));
        }
        let fail = fault(&self.sink.shown, "merging into");
        let dangling = || target::dangling_rows(&self.conn, &self.plan.table).map_err(&fail);
        let dangled = if found.has_deferred_keys {
            dangling()?
        } else {
            0
        };
        let words = words(&self.conn, &self.plan, &self.columns, &found).map_err(&fail)?;
        let last = undo::last_rowid(&self.conn, &self.plan, &found).map_err(&fail)?;
        // A row that was refused on its way here did not get into the stage either.
        let lost = self.rejected + self.read - self.written;
        let merged =
            merge(&self.conn, &words, self.written, lost).map_err(|error| match error {
                MergeError::Database(error) => fail(error),
                MergeError::Other(error) => error,
            })?;
        if found.has_deferred_keys && dangling()? > dangled {
            return Err(Error::target(
                "target/foreign-key",
                format!("rows of the import refer to rows that table {:?} cannot find", self.plan.table),
            )
            .with_hint("load the referenced rows first, or declare the foreign key immediate to find the rows"));
        }
        if let Some(rows) = rows {
            tell(&self.conn, &words, rows).map_err(&fail)?;
        }
        if self.plan.undo {
            let record = || undo::record(&self.conn, &self.plan, &words, last, merged.inserted);
            record().map_err(fault(&self.sink.shown, "recording the outcome in"))?;
        }
        Ok(merged)
    }

    /// Ends the transaction. Readers may hold it up for a while; an answer that got lost is looked up in the ledger.
    fn publish(&mut self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_millis(COMMIT_WAIT_MS);
        loop {
            let Err(error) = self.conn.execute_batch("COMMIT") else {
                return Ok(());
            };
            if is_busy(&error) && !self.conn.is_autocommit() && Instant::now() < deadline {
                continue;
            }
            if !self.conn.is_autocommit() {
                // Fails only if SQLite has rolled back by itself.
                let _ = self.conn.execute_batch("ROLLBACK");
            }
            let held = self.held()?;
            let recorded = connection::open(&self.sink)
                .ok()
                .map(|conn| held.is_committed(&conn));
            return match recorded {
                Some(Ok(true)) => Ok(()),
                _ => Err(fault(&self.sink.shown, "committing the import into")(error)),
            };
        }
    }

    /// Takes everything back, the claim included.
    fn abandon(&mut self) {
        if !self.conn.is_autocommit() {
            // The file goes first, while the lock keeps others from writing to it; whoever waits for the lock is told by
            // SQLite that the file has moved.
            if let Some(path) = self.created_file.take() {
                let _ = fs::remove_file(path);
            }
            let _ = self.conn.execute_batch("ROLLBACK");
        }
        if self.route == Route::Staged
            && let Some(held) = self.held.take()
        {
            // If this fails the lease expires by itself.
            let _ = held.release(&self.conn);
        }
        self.held = None;
    }
}

impl Import for SqliteImport {
    fn import_id(&self) -> &str {
        &self.import_id
    }

    fn stage(&mut self, batch: &RecordBatch, rows: &[u32]) -> Result<()> {
        let columns = self
            .columns
            .iter()
            .map(|column| (&*column.name, column.class));
        check_batch(batch, rows, columns)?;
        self.enter()?;
        let arrays = arrays(batch)?;
        let written = rows::write(&self.conn, &self.sql, &self.columns, &arrays, rows);
        self.written += written.map_err(|error| match error {
            WriteError::Database(error) => fault(&self.sink.shown, "staging for")(error),
            WriteError::Type(column) => Error::bug(format!("column {column:?} cannot be read")),
        })?;
        if self.route == Route::Direct {
            rows.iter().for_each(|&row| self.sources.push(row));
        }
        self.read += rows.len() as u64;
        self.leave()
    }

    fn reject(&mut self, rejects: &[Reject]) -> Result<()> {
        self.enter()?;
        let sql = format!("INSERT INTO {} VALUES (?1, ?2, ?3, ?4)", scratch::REJECTS);
        let write = || {
            let mut statement = self.conn.prepare_cached(&sql)?;
            for Reject {
                row,
                codes,
                reason,
                raw,
            } in rejects
            {
                statement.execute((row, codes.join(","), reason, raw))?;
            }
            Ok(())
        };
        write().map_err(fault(&self.sink.shown, "staging for"))?;
        self.rejected += rejects.len() as u64;
        self.leave()
    }

    fn keep_origin(&mut self, origin: Origin) {
        self.origin = Some(origin);
    }

    fn commit(self: Box<Self>, dry_run: bool) -> Result<Outcome> {
        self.end(dry_run, None)
    }

    fn commit_telling(self: Box<Self>, dry_run: bool, tell: &mut Tell<'_>) -> Result<Outcome> {
        self.end(dry_run, Some(tell))
    }
}

impl SqliteImport {
    fn end(mut self: Box<Self>, dry_run: bool, tell: Option<&mut Tell<'_>>) -> Result<Outcome> {
        if self.is_broken {
            return Err(Error::usage(
                "usage/broken-import",
                "an earlier step of this import failed",
            )
            .with_hint("begin the import again"));
        }
        self.plan
            .check_rejected(self.rejected, self.read + self.rejected)?;
        let wait = Duration::from_millis(self.sink.busy_timeout_ms.max(COMMIT_WAIT_MS));
        self.conn
            .busy_timeout(wait)
            .map_err(fault(&self.sink.shown, "committing into"))?;
        let outcome = self.settle(dry_run, tell)?;
        if !dry_run {
            self.publish()?;
            self.held = None;
        }
        Ok(outcome)
    }
}

/// Why rows that do not enter cannot be kept.
enum Refused {
    Database(rusqlite::Error),
    Unread(Box<dyn std::error::Error + Send + Sync>),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Refused {
        Refused::Database(error)
    }
}

impl Drop for SqliteImport {
    /// After a commit there is no claim left and no transaction open, and this does nothing.
    fn drop(&mut self) {
        self.abandon();
    }
}
