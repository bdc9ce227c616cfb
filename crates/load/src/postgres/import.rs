//! One import into a PostgreSQL database, from the claim to the commit.

use std::time::{Duration, Instant};

use arrow_array::RecordBatch;

use super::client::Client;
use super::direct::{self, can_go_direct};
use super::fault::{fault, is_there_already, is_unanswered};
use super::ledger::{Claim, Held, Ledger};
use super::names::quoted;
use super::new_table;
use super::settings::Settings;
use super::stage::{Stage, WriteError};
use super::target::{self, Column, Misfit, Target};
use super::undo::{self, Written};
use super::words::{Merging, check_references, words};
use crate::cells::check_batch;
use crate::error::{Error, ErrorKind, Result};
use crate::outcome::{Outcome, Reject};
use crate::plan::Plan;
use crate::relational::{Counted, MergeError, Merged, check_replayed, merge, outcome, tell};
use crate::sink::{Begin, Import, Origin, Tell};

/// Claims the import of a plan, or finds it done.
pub(super) fn begin(settings: &Settings, plan: &Plan) -> Result<Begin> {
    plan.check()?;
    let mut columns = target::columns(plan)?;
    let client = Client::connect(settings)?;
    let target = inspect(&client, settings, plan, &columns)?;
    let schema = match (&target, &settings.schema) {
        (Some(target), _) => target.schema.clone(),
        (None, Some(schema)) => schema.clone(),
        (None, None) => current_schema(&client, settings)?,
    };
    let ledger = Ledger::of(&schema);
    if let Some(outcome) = ledger.committed(&client, &settings.shown, &plan.import_key)? {
        return Ok(Begin::Done(outcome));
    }
    match &target {
        Some(target) => apply_kinds(&mut columns, target),
        None if plan.create_table => new_table::check_new_names(plan, &columns)?,
        None => return Err(new_table::missing_table(plan, &columns)),
    }
    let held = match ledger.claim(&client, &settings.shown, plan)? {
        Claim::Committed(outcome) => return Ok(Begin::Done(outcome)),
        Claim::Held(held) => held,
    };
    let mut stage = Stage::new(&schema, &held.import_id, held.fence);
    stage.is_direct = target.is_none() && can_go_direct(plan);
    let mut import = PostgresImport {
        import_id: held.import_id.clone(),
        client,
        settings: settings.clone(),
        plan: plan.clone(),
        columns,
        schema,
        ledger,
        stage,
        held: Some(held),
        renewed: Instant::now(),
        is_broken: false,
        origin: None,
        read: 0,
        rejected: 0,
    };
    import.prepare()?;
    Ok(Begin::Claimed(Box::new(import)))
}

fn inspect(
    client: &Client,
    settings: &Settings,
    plan: &Plan,
    columns: &[Column],
) -> Result<Option<Target>> {
    let found = target::inspect(client, plan, settings.schema.as_deref(), columns);
    found.map_err(|misfit| match misfit {
        Misfit::Target(error) => error,
        Misfit::Database(error) => fault(&settings.shown, "reading the tables of")(error),
    })
}

fn current_schema(client: &Client, settings: &Settings) -> Result<String> {
    let row = client.row("SELECT current_schema()", &[]);
    let row = row.map_err(fault(&settings.shown, "reading the tables of"))?;
    let schema = row.and_then(|row| row.try_get::<_, Option<String>>(0).ok().flatten());
    schema.ok_or_else(|| {
        Error::usage(
            "usage/database-address",
            format!("{} has no schema to create a table in", settings.shown),
        )
        .with_hint("add ?schema=NAME to the address")
    })
}

fn apply_kinds(columns: &mut [Column], target: &Target) {
    for (column, (kind, declared)) in columns.iter_mut().zip(&target.kinds) {
        column.kind = *kind;
        column.declared.clone_from(declared);
    }
}

pub(super) struct PostgresImport {
    pub(super) client: Client,
    settings: Settings,
    pub(super) plan: Plan,
    columns: Vec<Column>,
    schema: String,
    pub(super) import_id: String,
    pub(super) ledger: Ledger,
    pub(super) stage: Stage,
    held: Option<Held>,
    renewed: Instant,
    is_broken: bool,
    /// What a replay of the rows that do not enter needs.
    pub(super) origin: Option<Origin>,
    /// Rows handed to `stage`.
    read: u64,
    rejected: u64,
}

impl PostgresImport {
    fn prepare(&mut self) -> Result<()> {
        let shown = self.settings.shown.clone();
        let fail = fault(&shown, "preparing the import into");
        self.ledger.sweep(&self.client).map_err(&fail)?;
        if self.stage.is_direct {
            let copier = Client::connect(&self.settings)?;
            self.stage
                .begin_direct(copier, &self.columns)
                .map_err(&fail)?;
        }
        self.stage
            .create(&self.client, &self.columns)
            .map_err(&fail)?;
        check_references(
            &self.client,
            &self.settings.shown,
            &self.plan,
            &self.columns,
            &self.schema,
            &self.stage,
        )
    }

    fn held(&self) -> Result<&Held> {
        self.held
            .as_ref()
            .ok_or_else(|| Error::bug("an import without a claim"))
    }

    /// Refuses to go on after a failure, and keeps the lease alive.
    fn enter(&mut self) -> Result<()> {
        if self.is_broken {
            return Err(broken("drop the import and begin again"));
        }
        self.is_broken = true;
        let third = Duration::from_millis(self.plan.lease_ms / 3);
        if self.renewed.elapsed() >= third {
            if !self.stage.is_direct
                && let Err(error) = self.stage.end_copy(&self.client)
            {
                return Err(self.staging(error));
            }
            self.ledger
                .renew(&self.client, &self.settings.shown, self.held()?)?;
            self.renewed = Instant::now();
        }
        Ok(())
    }

    /// A COPY that failed leaves the connection in a state that is not to be relied on: the import goes on to its end with another.
    fn staging(&mut self, error: WriteError) -> Error {
        let error = match error {
            WriteError::Database(error) => fault(&self.settings.shown, "staging for")(error),
            WriteError::Other(error) => return error,
        };
        self.stage.forget_copy();
        let Ok(client) = Client::connect(&self.settings) else {
            return error;
        };
        self.client = client;
        // Whoever takes an import over sweeps what was staged for it.
        let shown = &self.settings.shown;
        let stands = self
            .held()
            .and_then(|held| self.ledger.renew(&self.client, shown, held));
        match stands {
            Err(taken) if matches!(taken.kind(), ErrorKind::Busy { .. }) => taken,
            _ => error,
        }
    }

    fn check_thresholds(&self) -> Result<()> {
        self.plan
            .check_rejected(self.rejected, self.read + self.rejected)
    }

    /// Everything the import does to the database, up to but without the end of the transaction.
    fn settle(&mut self, dry_run: bool, tell: Option<&mut Tell<'_>>) -> Result<Outcome> {
        let shown = self.settings.shown.clone();
        let fail = fault(&shown, "committing the import into");
        if self.stage.is_direct {
            self.client = self.stage.take_copier()?; // which is in a transaction
        } else {
            self.client.run("BEGIN").map_err(&fail)?;
        }
        self.ledger.lock(&self.client, &shown, self.held()?)?;
        // A constraint that waits for the end would fail there for all rows at once, and in no rehearsal.
        let begin = format!("SET CONSTRAINTS ALL IMMEDIATE; {}", undo::TEXT_FORMS);
        let begun = self.client.run(&begin);
        begun
            .and_then(|()| self.stage.pin(&self.client))
            .map_err(&fail)?;
        let merged = self.merge(tell)?;
        let layout = self.keep_refused(&shown)?;
        let fail = fault(&shown, "recording the outcome in");
        let counted = Counted {
            staged: self.read,
            rejected: self.rejected,
            conflict_total: merged.conflicts + self.stage.refused,
            conflicts: self.conflicts().map_err(&fail)?,
        };
        let outcome = outcome(&self.import_id, dry_run, &merged, counted)?;
        let left = self.record().map_err(&fail)?;
        check_replayed(&self.plan, &outcome, left)?;
        let (held, layout) = (self.held()?, layout.as_deref());
        self.ledger
            .finish(&self.client, &shown, held, &outcome, layout)?;
        Ok(outcome)
    }

    fn merge(&mut self, rows: Option<&mut Tell<'_>>) -> Result<Merged> {
        let shown = self.settings.shown.clone();
        let mut before = inspect(&self.client, &self.settings, &self.plan, &self.columns)?;
        if self.stage.is_direct {
            return match before {
                None => self.publish_table(rows),
                Some(_) => Err(self.target_changed("came to be")),
            };
        }
        if let Some(lacking) = before
            .as_ref()
            .filter(|target| !target.additions.is_empty())
        {
            let added = self.client.run(&lacking.additions.join(" "));
            added.map_err(|error| self.creating(error, "adding columns in"))?;
            before = inspect(&self.client, &self.settings, &self.plan, &self.columns)?;
        }
        let target = match before {
            Some(target) => target,
            None if self.plan.create_table => {
                let name = quoted(&self.schema, &self.plan.table);
                let sql = new_table::create_table(&self.plan, &name, &self.columns);
                let created = self.client.run(&sql);
                created.map_err(|error| self.creating(error, "creating the table in"))?;
                let created = inspect(&self.client, &self.settings, &self.plan, &self.columns)?;
                created.ok_or_else(|| Error::bug("the table that was created is not there"))?
            }
            None => return Err(new_table::missing_table(&self.plan, &self.columns)),
        };
        let is_as_before = target
            .kinds
            .iter()
            .zip(&self.columns)
            .all(|((kind, _), column)| *kind == column.kind);
        if !is_as_before {
            return Err(self.target_changed("changed its columns"));
        }
        apply_kinds(&mut self.columns, &target);
        let words = words(&self.plan, &self.columns, &target, &self.stage);
        let (staged, lost) = (self.stage.written, self.rejected + self.stage.refused);
        let db = Merging::new(&self.client, &self.columns, &target, &self.stage);
        let merged = merge(&db, &words, staged, lost).map_err(|error| match error {
            MergeError::Database(error) => fault(&shown, "merging into")(error),
            MergeError::Other(error) => error,
        })?;
        if let Some(rows) = rows {
            tell(&db, &words, rows).map_err(fault(&shown, "merging into"))?;
        }
        if self.plan.undo {
            let writers = db.writers();
            let import = Written {
                import_id: &self.import_id,
                plan: &self.plan,
                target: &target,
                stage: &self.stage,
                words: &words,
                writers: &writers,
                inserted: merged.inserted,
            };
            undo::record(&self.client, &self.ledger, &import)
                .map_err(fault(&shown, "recording the outcome in"))?;
        }
        Ok(merged)
    }

    /// The stage becomes the new table.
    fn publish_table(&self, tell: Option<&mut Tell<'_>>) -> Result<Merged> {
        let shown = &self.settings.shown;
        let name = quoted(&self.schema, &self.plan.table);
        let merged = direct::publish(&self.client, &self.plan, &name, &self.stage);
        let merged = merged.map_err(|error| self.creating(error, "creating the table in"))?;
        if let Some(tell) = tell {
            let told = direct::tell(&self.client, &self.stage, tell);
            told.map_err(fault(shown, "creating the table in"))?;
        }
        let created = inspect(&self.client, &self.settings, &self.plan, &self.columns)?;
        let created =
            created.ok_or_else(|| Error::bug("the table that was created is not there"))?;
        if self.plan.undo {
            undo::record_new_table(
                &self.client,
                &self.ledger,
                &self.plan,
                &created,
                &self.stage.writers,
            )
            .map_err(fault(shown, "recording the outcome in"))?;
        }
        Ok(merged)
    }

    /// Why a table or a column could not be made: others may have done it at the same time.
    fn creating(&self, error: tokio_postgres::Error, doing: &str) -> Error {
        match is_there_already(&error) {
            true => self.target_changed("came to be"),
            false => fault(&self.settings.shown, doing)(error),
        }
    }

    fn target_changed(&self, what: &str) -> Error {
        let table = &self.plan.table;
        let kind = ErrorKind::Busy { retry_after_ms: 0 };
        let message = format!("table {table:?} {what} during the import");
        Error::new(kind, "busy/target-changed", message).with_hint("begin again")
    }

    /// Ends the transaction; an answer that got lost is looked up in the ledger, over a new connection.
    fn publish(&mut self) -> Result<()> {
        let dropped = self.stage.drop(&self.client);
        dropped.map_err(fault(&self.settings.shown, "committing the import into"))?;
        let Err(error) = self.client.run("COMMIT") else {
            return Ok(());
        };
        if is_unanswered(&error)
            && let Ok(client) = Client::connect(&self.settings)
            && self
                .ledger
                .is_committed(&client, self.held()?)
                .is_ok_and(|is| is)
        {
            return Ok(());
        }
        Err(fault(&self.settings.shown, "committing the import into")(
            error,
        ))
    }

    /// Takes everything back, the claim included. What cannot be taken back now expires with the lease.
    fn abandon(&mut self) {
        let Some(held) = self.held.take() else { return };
        if self.client.inner().is_closed() {
            return;
        }
        if !self.stage.is_direct {
            let _ = self.stage.end_copy(&self.client);
        }
        let _ = self.client.run("ROLLBACK");
        // The claim first: a connection of before may hold the tables for hours, and the next import sweeps them.
        let _ = self.ledger.release(&self.client, &held);
        let _ = self.stage.drop_if_free(&self.client);
    }
}

fn broken(hint: &str) -> Error {
    Error::usage(
        "usage/broken-import",
        "an earlier step of this import failed",
    )
    .with_hint(hint)
}

impl Import for PostgresImport {
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
        if let Err(error) = self.stage.write(&self.client, &self.columns, batch, rows) {
            return Err(self.staging(error));
        }
        self.read += rows.len() as u64;
        self.is_broken = false;
        Ok(())
    }

    fn reject(&mut self, rejects: &[Reject]) -> Result<()> {
        self.enter()?;
        if let Err(error) = self.stage.reject(&self.client, rejects) {
            return Err(self.staging(error));
        }
        self.rejected += rejects.len() as u64;
        self.is_broken = false;
        Ok(())
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

impl PostgresImport {
    fn end(mut self: Box<Self>, dry_run: bool, tell: Option<&mut Tell<'_>>) -> Result<Outcome> {
        if self.is_broken {
            return Err(broken("begin the import again"));
        }
        self.check_thresholds()?;
        if let Err(error) = self.stage.finish(&self.client) {
            return Err(self.staging(error));
        }
        let outcome = self.settle(dry_run, tell)?;
        if !dry_run {
            self.publish()?;
            self.held = None;
        }
        Ok(outcome)
    }
}

impl Drop for PostgresImport {
    fn drop(&mut self) {
        self.abandon();
    }
}
