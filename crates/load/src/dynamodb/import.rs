//! One import into DynamoDB, from the claim to the commit.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::RecordBatch;

use super::chunk::Work;
use super::held::{self, Claim, Held};
use super::items::Item;
use super::lanes::{Lanes, unspooled};
use super::ledger::{self, Found};
use super::merge::Rules;
use super::progress;
use super::schema::{self, Column};
use super::session::{Session, Waiting};
use super::spool::{Content, KEY_EXISTS, Row, Spool, TARGET_CONSTRAINT};
use super::target::{self, Target};
use super::values::attribute;
use super::{DynamoSink, tables};
use crate::cells::{Cells, arrays, check_batch};
use crate::error::{Error, ErrorKind, Result};
use crate::outcome::{Outcome, Reject, State};
use crate::plan::Plan;
use crate::rules::refuse_relational;
use crate::sink::{Begin, Import};

/// Claims the import of a plan, or finds it done.
pub(super) fn begin(sink: &DynamoSink, plan: &Plan) -> Result<Begin> {
    plan.check()?;
    refuse_relational(plan, "DynamoDB")?;
    let meeting = schema::meeting(plan)?;
    let columns = schema::columns(plan)?;
    sink.waiting.on(async {
        let session = &sink.session;
        let found = ledger::find(session, &plan.import_key.import_id()).await?;
        if let Found::Committed(item) = &found {
            return done(session, plan, item).await.map(Begin::Done);
        }
        let there = target::inspect(session, plan, &columns).await?;
        let has_table = there.is_some();
        let target = match there {
            Some(target) => target,
            None if plan.create_table => Target::planned(plan, &columns)?,
            None => return Err(target::missing(plan, &columns)),
        };
        if matches!(found, Found::NoLedger) {
            if !plan.create_table {
                return Err(ledger::missing(session));
            }
            tables::create(session, &ledger::words()).await?;
        }
        let held = match held::claim(session, plan).await? {
            Claim::Committed(item) => return done(session, plan, &item).await.map(Begin::Done),
            Claim::Held(held) => held,
        };
        let key = plan.key.iter();
        let shown_key = key
            .filter_map(|name| plan.schema.index_of(name).ok())
            .collect();
        let rules = Rules {
            table: plan.table.clone(),
            meeting,
            columns,
            target,
            shown_key,
        };
        Ok(Begin::Claimed(Box::new(DynamoImport {
            session: session.clone(),
            waiting: sink.waiting.clone(),
            plan: plan.clone(),
            rules: Some(rules),
            has_table,
            held: Some(held),
            renewed: Instant::now(),
            rows: Spool::new(),
            rejects: Spool::new(),
            seen: HashSet::new(),
            read: 0,
            rejected: 0,
            is_broken: false,
            wrote: false,
        })))
    })
}

/// The outcome of an import that is committed.
async fn done(session: &Session, plan: &Plan, item: &Item) -> Result<Outcome> {
    let mut outcome = ledger::outcome(item);
    if outcome.conflict_total > 0 {
        outcome.conflicts = progress::read_conflicts(session, &outcome.import_id, plan).await?;
    }
    Ok(outcome)
}

struct DynamoImport {
    session: Session,
    waiting: Waiting,
    plan: Plan,
    /// None once the commit has them.
    rules: Option<Rules>,
    /// Whether the table was there at the beginning.
    has_table: bool,
    held: Option<Held>,
    renewed: Instant,
    rows: Spool,
    rejects: Spool,
    /// Half of the hash of every key that was staged.
    seen: HashSet<[u8; 16]>,
    read: u64,
    rejected: u64,
    is_broken: bool,
    /// Whether rows may have been written.
    wrote: bool,
}

impl DynamoImport {
    /// Refuses to go on after a failure, and keeps the lease alive.
    fn enter(&mut self) -> Result<()> {
        if self.is_broken {
            return Err(broken());
        }
        self.is_broken = true;
        let third = Duration::from_millis(self.plan.lease_ms / 3);
        if self.renewed.elapsed() >= third {
            let held = self.held.as_ref().ok_or_else(no_claim)?;
            self.waiting.on(held.renew())?;
            self.renewed = Instant::now();
        }
        Ok(())
    }

    fn stage_rows(&mut self, batch: &RecordBatch, rows: &[u32]) -> Result<()> {
        let rules = self.rules.as_ref().ok_or_else(broken)?;
        let arrays = arrays(batch)?;
        let mut columns = Vec::with_capacity(arrays.len());
        for (column, array) in rules.columns.iter().zip(&arrays) {
            let Some(cells) = Cells::new(array) else {
                return Err(Error::bug(format!(
                    "column {:?} cannot be read",
                    column.name
                )));
            };
            columns.push((column, cells));
        }
        for (index, &number) in rows.iter().enumerate() {
            let content = content(rules, &columns, index, &mut self.seen);
            self.rows.row(&Row { number, content }).map_err(unspooled)?;
        }
        self.read += rows.len() as u64;
        Ok(())
    }

    fn check_thresholds(&self) -> Result<()> {
        let read = self.read + self.rejected;
        self.plan.check_rejected(self.rejected, read)
    }

    async fn settle(&mut self, dry_run: bool) -> Result<Outcome> {
        let held = self.held.clone().ok_or_else(no_claim)?;
        held.renew().await?;
        let rules = self.rules.take().ok_or_else(broken)?;
        let has_table = self.find_table(&rules, dry_run).await?;
        self.wrote = !dry_run;
        let work = Arc::new(Work {
            session: self.session.clone(),
            plan: self.plan.clone(),
            rules,
            held: held.clone(),
            has_table,
            dry_run,
        });
        let rows = std::mem::replace(&mut self.rows, Spool::new());
        let rejects = std::mem::replace(&mut self.rejects, Spool::new());
        let mut lanes = Lanes::new(work);
        lanes.keep_lease(self.plan.lease_ms);
        lanes
            .rows(rows.into_reader().map_err(unspooled)?, self.read)
            .await?;
        if !dry_run {
            lanes
                .rejects(rejects.into_reader().map_err(unspooled)?)
                .await?;
        }
        let outcome = lanes.end(&self.plan, self.rejected).await?;
        let counted =
            outcome.inserted + outcome.updated + outcome.unchanged + outcome.conflict_total;
        if counted != self.read {
            let (staged, id) = (self.read, &outcome.import_id);
            return Err(Error::bug(format!(
                "import {id} staged {staged} rows, and {counted} came out"
            )));
        }
        if !dry_run {
            held.finish(&outcome).await?;
        }
        Ok(Outcome {
            state: match dry_run {
                true => State::DryRun,
                false => State::Committed,
            },
            ..outcome
        })
    }

    /// The table as it is now, which has to be as it was at the beginning; it is created if it is not there.
    async fn find_table(&self, rules: &Rules, dry_run: bool) -> Result<bool> {
        let columns: &[Column] = &rules.columns;
        let mut there = target::inspect(&self.session, &self.plan, columns).await?;
        if there.is_none() && self.has_table {
            return Err(target::missing(&self.plan, columns));
        }
        if there.is_none() && !dry_run {
            let words = target::words(&self.plan, columns)?;
            tables::create(&self.session, &words).await?;
            there = target::inspect(&self.session, &self.plan, columns).await?;
        }
        if there.as_ref().is_some_and(|there| *there != rules.target) {
            let message = format!(
                "table {:?} changed its keys during the import",
                self.plan.table
            );
            let kind = ErrorKind::Busy { retry_after_ms: 0 };
            return Err(Error::new(kind, "busy/target-changed", message).with_hint("begin again"));
        }
        Ok(there.is_some())
    }
}

/// What a row is before it meets the table.
fn content(
    rules: &Rules,
    columns: &[(&Column, Cells<'_>)],
    index: usize,
    seen: &mut HashSet<[u8; 16]>,
) -> Content {
    let mut values = Vec::with_capacity(columns.len());
    let mut unfit = None;
    for (column, cells) in columns {
        match attribute(cells.value(index), column.class) {
            Ok(value) => values.push(value),
            Err(reason) => {
                unfit.get_or_insert_with(|| format!("column {:?}: {reason}", column.name));
                values.push(None);
            }
        }
    }
    if let Some(reason) = unfit.or_else(|| rules.unfit(&values)) {
        return Content::Refused(rules.refusal(&values, TARGET_CONSTRAINT, &reason));
    }
    let hash = blake3::hash(&rules.key_of_cells(&values));
    let mut half = [0; 16];
    half.copy_from_slice(&hash.as_bytes()[..16]);
    if !seen.insert(half) {
        let reason = "an earlier row of the import has the key";
        return Content::Refused(rules.refusal(&values, KEY_EXISTS, reason));
    }
    Content::Cells(values)
}

impl Import for DynamoImport {
    fn import_id(&self) -> &str {
        self.held.as_ref().map_or("", |held| &held.import_id)
    }

    fn stage(&mut self, batch: &RecordBatch, rows: &[u32]) -> Result<()> {
        if let Some(rules) = &self.rules {
            let columns = rules.columns.iter();
            check_batch(
                batch,
                rows,
                columns.map(|column| (&*column.name, column.class)),
            )?;
        }
        self.enter()?;
        self.stage_rows(batch, rows)?;
        self.is_broken = false;
        Ok(())
    }

    fn reject(&mut self, rejects: &[Reject]) -> Result<()> {
        self.enter()?;
        for reject in rejects {
            self.rejects.reject(reject).map_err(unspooled)?;
        }
        self.rejected += rejects.len() as u64;
        self.is_broken = false;
        Ok(())
    }

    fn commit(mut self: Box<Self>, dry_run: bool) -> Result<Outcome> {
        if self.is_broken {
            return Err(broken());
        }
        self.check_thresholds()?;
        let waiting = self.waiting.clone();
        let settled = waiting.on(self.settle(dry_run));
        let outcome = settled.map_err(|error| match self.wrote {
            true => unfinished(error),
            false => error,
        })?;
        if !dry_run {
            self.held = None;
        }
        Ok(outcome)
    }
}

impl Drop for DynamoImport {
    /// After a commit there is no claim left, and this does nothing.
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            // If this fails the lease expires by itself.
            let _ = self.waiting.on(held.release(self.wrote));
        }
    }
}

fn broken() -> Error {
    Error::usage(
        "usage/broken-import",
        "an earlier step of this import failed",
    )
    .with_hint("drop the import and begin again")
}

/// The error of a commit that may have written rows.
fn unfinished(error: Error) -> Error {
    let rest = "rows that were written stay: run the same import again to finish it";
    let hint = match error.hint() {
        Some(hint) => format!("{hint}; {rest}"),
        None => rest.to_owned(),
    };
    error.with_hint(hint)
}

fn no_claim() -> Error {
    Error::bug("an import without a claim")
}
