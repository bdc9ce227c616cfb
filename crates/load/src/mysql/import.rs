//! One import into a MySQL database, from the claim to the commit.

use std::time::{Duration, Instant};

use arrow_array::RecordBatch;

use super::buffer::WriteError;
use super::client::Client;
use super::fault::{fault, is_missing, is_unanswered};
use super::fit::Collation;
use super::ledger::{self, Claim, Held};
use super::lock::Turn;
use super::merging::Merging;
use super::names::joined;
use super::new_table;
use super::rehearsal::Made;
use super::settings::Settings;
use super::stage::Stage;
use super::target::{self, Column, Misfit, Target};
use super::undo::{self, Written};
use super::words::{Collations, references, take_out_misfits, words};
use crate::cells::check_batch;
use crate::error::{Error, ErrorKind, Result};
use crate::mode::Mode;
use crate::outcome::{Outcome, Reject};
use crate::plan::Plan;
use crate::relational::{Counted, MergeError, Merged, check_replayed, merge, outcome, tell};
use crate::rules::Missing;
use crate::sink::{Begin, Import, Origin, Tell};

/// Claims the import of a plan, or finds it done.
pub(super) fn begin(settings: &Settings, plan: &Plan) -> Result<Begin> {
    plan.check()?;
    let client = Client::connect(settings)?;
    let shown = &settings.shown;
    let exact = new_table::exact_collation(&client);
    let exact = exact.map_err(fault(shown, "reading the tables of"))?;
    let mut columns = target::columns(plan, &exact)?;
    let target = inspect(&client, settings, plan, &columns, None)?;
    if let Some(outcome) = ledger::committed(&client, shown, &plan.import_key)? {
        return Ok(Begin::Done(outcome));
    }
    match target {
        Some(target) => apply_fits(&mut columns, &target),
        None if plan.create_table => new_table::check_new_names(plan, &columns)?,
        None => return Err(new_table::missing_table(plan, &columns, &exact)),
    }
    let held = match ledger::claim(&client, shown, plan)? {
        Claim::Committed(outcome) => return Ok(Begin::Done(outcome)),
        Claim::Held(held) => held,
    };
    let mut import = MySqlImport {
        stage: Stage::new(&held.import_id, held.fence, &columns),
        import_id: held.import_id.clone(),
        client,
        settings: settings.clone(),
        plan: plan.clone(),
        columns,
        exact,
        references: Collations::new(),
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
    stand_in: Option<&str>,
) -> Result<Option<Target>> {
    let found = target::inspect(client, plan, columns, stand_in);
    found.map_err(|misfit| match misfit {
        Misfit::Target(error) => error,
        Misfit::Database(error) => fault(&settings.shown, "reading the tables of")(error),
    })
}

fn apply_fits(columns: &mut [Column], target: &Target) {
    for (column, fit) in columns.iter_mut().zip(&target.fits) {
        column.fit.clone_from(fit);
    }
}

pub(super) struct MySqlImport {
    pub(super) client: Client,
    pub(super) settings: Settings,
    pub(super) plan: Plan,
    pub(super) columns: Vec<Column>,
    /// The collation of texts in a new table.
    pub(super) exact: Collation,
    references: Collations,
    pub(super) import_id: String,
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

impl MySqlImport {
    fn prepare(&mut self) -> Result<()> {
        let shown = self.settings.shown.clone();
        let fail = fault(&shown, "preparing the import into");
        ledger::sweep(&self.client, self.held()?).map_err(&fail)?;
        self.stage
            .create(&self.client, &self.columns)
            .map_err(&fail)?;
        let (plan, columns, stage) = (&self.plan, &self.columns, &self.stage);
        self.references = references(&self.client, &shown, plan, columns, stage)?;
        Ok(())
    }

    pub(super) fn inspect(&self, stand_in: Option<&str>) -> Result<Option<Target>> {
        let (plan, columns) = (&self.plan, &self.columns);
        inspect(&self.client, &self.settings, plan, columns, stand_in)
    }

    fn held(&self) -> Result<&Held> {
        self.held
            .as_ref()
            .ok_or_else(|| Error::bug("an import without a claim"))
    }

    /// Whether an attempt of before may have left something in the ledger.
    pub(super) fn has_previous(&self) -> bool {
        self.held
            .as_ref()
            .is_some_and(|held| held.previous.is_some())
    }

    /// Refuses to go on after a failure, and keeps the lease alive.
    fn enter(&mut self) -> Result<()> {
        if self.is_broken {
            return Err(broken("drop the import and begin again"));
        }
        self.is_broken = true;
        let third = Duration::from_millis(self.plan.lease_ms / 3);
        if self.renewed.elapsed() >= third {
            self.renew()?;
        }
        Ok(())
    }

    fn renew(&mut self) -> Result<()> {
        ledger::renew(&self.client, &self.settings.shown, self.held()?)?;
        self.renewed = Instant::now();
        Ok(())
    }

    /// Others sweep what was staged under a lease that is over, which may be why the rest could not be.
    fn staging(&mut self, error: WriteError) -> Error {
        let error = match error {
            WriteError::Database(error) => self.lost(error, "staging for"),
            WriteError::Other(error) => return error,
        };
        self.stage.forget();
        if self.client.is_lost() {
            let Ok(client) = Client::connect(&self.settings) else {
                return error;
            };
            self.client = client;
        }
        match self.renew() {
            Err(taken) if matches!(taken.kind(), ErrorKind::Busy { .. }) => taken,
            _ => error,
        }
    }

    fn wait_for_turn(&mut self) -> Result<Turn> {
        let (client, settings) = (&self.client, &self.settings);
        let (third, held) = (Duration::from_millis(self.plan.lease_ms / 3), self.held()?);
        let mut renewed = Instant::now();
        let turn = Turn::take(client, settings, &self.plan.table, &mut || {
            if renewed.elapsed() >= third {
                ledger::renew(client, &settings.shown, held)?;
                renewed = Instant::now();
            }
            Ok(())
        })?;
        // From here on others would find what was made for it.
        self.renew()?;
        Ok(turn)
    }

    fn lost(&self, error: mysql_async::Error, doing: &str) -> Error {
        match &self.held {
            Some(held) if is_missing(&error) => held.taken_over(),
            _ => fault(&self.settings.shown, doing)(error),
        }
    }

    fn check_thresholds(&self) -> Result<()> {
        self.plan
            .check_rejected(self.rejected, self.read + self.rejected)
    }

    /// Lets the server know what is in the stage, so that it finds a good way through it.
    fn survey(&self) {
        let rows = &self.stage.rows;
        if self.plan.mode == Mode::Sync && self.plan.missing != Missing::Keep {
            // Each row of the target is looked for there. A key too long for an index is looked for without.
            let columns = self.columns.iter().enumerate();
            let key = columns.filter(|(_, column)| column.is_key);
            let key = joined(key.map(|(at, _)| format!("c{at}")), ", ");
            let _ = self
                .client
                .run(&format!("ALTER TABLE {rows} ADD KEY by_key ({key})"));
        }
        let sql = format!("ANALYZE NO_WRITE_TO_BINLOG TABLE {rows}");
        let _ = self.client.rows(&sql, Vec::new());
    }

    /// Everything the import does to the database, up to but without the end of the transaction.
    fn settle(
        &mut self,
        made: Made,
        dry_run: bool,
        tell: Option<&mut Tell<'_>>,
    ) -> Result<Outcome> {
        let shown = self.settings.shown.clone();
        let fail = fault(&shown, "committing the import into");
        // What is looked at stays as it is until the end.
        self.client
            .run("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
            .and_then(|()| self.client.run("START TRANSACTION"))
            .map_err(&fail)?;
        ledger::lock(&self.client, &shown, self.held()?)?;
        let pinned = self.stage.pin(&self.client);
        pinned.map_err(|error| self.lost(error, "committing the import into"))?;
        let merged = self.merge(made, tell)?;
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
        ledger::finish(&self.client, &shown, held, &outcome, layout)?;
        Ok(outcome)
    }

    fn merge(&mut self, made: Made, rows: Option<&mut Tell<'_>>) -> Result<Merged> {
        let shown = self.settings.shown.clone();
        let stand_in = match made {
            Made::StandIn => Some(self.stage.stand_in.clone()),
            Made::Table | Made::Nothing => None,
        };
        let Some(target) = self.inspect(stand_in.as_deref())? else {
            return Err(self.target_changed("was dropped"));
        };
        let fits = self.columns.iter().map(|column| &column.fit);
        if !target.additions.is_empty() || target.fits.iter().ne(fits) {
            return Err(self.target_changed("changed its columns"));
        }
        let fail = fault(&shown, "merging into");
        let words = words(
            &self.plan,
            &self.columns,
            &target,
            &self.stage,
            &self.references,
        );
        let known = match self.plan.undo {
            true => undo::known(&self.client, &self.plan, &target).map_err(&fail)?,
            false => undo::Known::Not,
        };
        let (staged, lost) = (self.stage.written, self.rejected + self.stage.refused);
        let db = Merging::new(&self.client, &self.settings.database, &self.plan, &target);
        let merged = merge(&db, &words, staged, lost).map_err(|error| match error {
            MergeError::Database(error) => fail(error),
            MergeError::Other(error) => error,
        })?;
        if let Some(rows) = rows {
            tell(&db, &words, rows).map_err(&fail)?;
        }
        let import = Written {
            import_id: &self.import_id,
            plan: &self.plan,
            target: &target,
            stage: &self.stage,
            words: &words,
            known,
        };
        undo::record(&self.client, &import).map_err(fault(&shown, "recording the outcome in"))?;
        Ok(merged)
    }

    pub(super) fn target_changed(&self, what: &str) -> Error {
        let table = &self.plan.table;
        let kind = ErrorKind::Busy { retry_after_ms: 0 };
        let message = format!("table {table:?} {what} during the import");
        Error::new(kind, "busy/target-changed", message).with_hint("begin again")
    }

    /// Ends the transaction; an answer that got lost is looked up in the ledger, over a new connection.
    fn publish(&mut self) -> Result<()> {
        let Err(error) = self.client.run("COMMIT") else {
            return Ok(());
        };
        if is_unanswered(&error)
            && let Ok(client) = Client::connect(&self.settings)
            && ledger::is_committed(&client, self.held()?).is_ok_and(|is| is)
        {
            self.client = client;
            return Ok(());
        }
        Err(fault(&self.settings.shown, "committing the import into")(
            error,
        ))
    }

    /// Takes everything back, the claim included. What cannot be taken back now expires with the lease.
    fn abandon(&mut self) {
        let Some(held) = self.held.take() else { return };
        if self.client.is_lost() {
            return;
        }
        let _ = self.client.run("ROLLBACK");
        // Whoever claims the import next makes tables of the same names.
        let _ = self.stage.drop(&self.client);
        let _ = ledger::release(&self.client, &held);
    }
}

fn broken(hint: &str) -> Error {
    Error::usage(
        "usage/broken-import",
        "an earlier step of this import failed",
    )
    .with_hint(hint)
}

impl Import for MySqlImport {
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

impl MySqlImport {
    fn end(mut self: Box<Self>, dry_run: bool, tell: Option<&mut Tell<'_>>) -> Result<Outcome> {
        if self.is_broken {
            return Err(broken("begin the import again"));
        }
        self.check_thresholds()?;
        if let Err(error) = self.stage.finish(&self.client) {
            return Err(self.staging(error));
        }
        let misfits = take_out_misfits(&self.client, &self.plan, &self.columns, &mut self.stage);
        if let Err(error) = misfits {
            return Err(self.staging(error.into()));
        }
        self.survey();
        let turn = self.wait_for_turn()?;
        let made = self.make_target(dry_run)?;
        let settled = self.settle(made, dry_run, tell);
        let ended = settled.and_then(|outcome| match dry_run {
            true => Ok(outcome),
            false => self.publish().map(|()| outcome),
        });
        let outcome = match ended {
            Ok(outcome) => outcome,
            Err(error) => {
                let _ = self.client.run("ROLLBACK");
                self.unmake(made);
                return Err(error);
            }
        };
        if !dry_run {
            self.held = None;
            turn.give(&self.client);
            // Where this fails the next import does it.
            let _ = self.stage.drop(&self.client);
        }
        Ok(outcome)
    }
}

impl Drop for MySqlImport {
    fn drop(&mut self) {
        self.abandon();
    }
}
