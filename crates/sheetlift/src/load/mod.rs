//! Accepted rows into a database, exactly once. Reading and checking run on the caller's thread, the database on its own.

mod again;
mod options;
mod outcomes;
mod plan;

pub use options::LoadOptions;
pub use outcomes::OutcomeFormat;
pub(crate) use outcomes::OutcomesTo;
pub(crate) use plan::keys;

use std::{
    sync::mpsc::{Receiver, sync_channel},
    thread,
    time::Instant,
};

use arrow_array::RecordBatch;
use sheetlift_core::{Checked, Finding, Level, Mapped, RejectedRow};
use sheetlift_load::{Begin, Import, Outcome, Plan, Reject, Sink};

use outcomes::Outcomes;

use crate::{
    check::{Check, Wants},
    error::{Error, Result},
    findings::Listing,
    job::Job,
    replay::rows::raw_of,
    report::{LoadReport, Report, Timings, conflict_finding},
};

/// Checked windows that wait for the database.
const WINDOWS_IN_FLIGHT: usize = 2;

impl Job {
    /// Loads accepted rows, records rejected ones, and does so once: the same file under the same contract into the same
    /// table is [`AlreadyLoaded`](crate::LoadState::AlreadyLoaded) ever after, and its rows are not even read.
    ///
    /// Everything becomes visible in one transaction, or nothing does: after an error, a cancellation or a crash the same
    /// call starts afresh.
    ///
    /// # Errors
    /// As [`Job::validate`]; `Target` when the table does not fit the contract, `Busy` while somebody else loads the same
    /// import, `Limit` when too many rows were rejected, `Sink` when the database fails.
    pub fn load(&self, sink: &dyn Sink, options: &LoadOptions) -> Result<Report> {
        let started = Instant::now();
        let contract = self.needed_contract()?;
        let plan = self.plan(options)?;
        let mut load = LoadReport::new(&plan, sink.name(), options.dry_run);
        let job = Job {
            import_id: Some(load.import_id.as_str().into()),
            ..self.clone()
        };
        let mut import = match sink.begin(&plan).map_err(advise)? {
            Begin::Done(outcome) => return job.already_loaded(load, &outcome, started),
            Begin::Claimed(import) => import,
        };
        let mut check = Check::new(&job, Wants::Load)?;
        let wanted = self.outcomes_to.as_ref();
        let outcomes = wanted.map(|_| Outcomes::new(&plan, contract));
        let mut outcomes = outcomes.transpose()?;
        let outcome = if check.is_blocked() {
            drop(import);
            None
        } else {
            debug_assert_eq!(check.schema(), plan.schema);
            if job.replay.is_none() {
                let layout = serde_json::to_string(&check.layout)
                    .map_err(|error| Error::bug(error.to_string()))?;
                import.keep_origin(self.origin(layout, options, &plan));
            }
            self.stage(&mut check, import, options.dry_run, outcomes.as_mut())?
        };
        let (outcome, staged) = outcome.unzip();
        let sheet = check.header().sheet.clone();
        if let (Some(_), Some(outcomes), Some(to)) = (&outcome, outcomes, &self.outcomes_to) {
            let written = outcomes.write(to, &sheet);
            written.map_err(|error| match options.dry_run {
                true => error,
                false => error.with_hint("the rows are loaded; only the list of them is missing"),
            })?;
        }
        if let Some(outcome) = &outcome {
            let sheet = check.header().sheet.to_string();
            let conflicts = conflicts(outcome, &sheet, check.mapping());
            check.listing.add(&conflicts)?;
        }
        let (_, mut report) = check.into_report()?;
        debug_assert_eq!(report.contract.hash, contract.hash());
        if let Some(outcome) = outcome {
            load.take_outcome(&outcome);
            report.count_conflicts(&outcome);
        }
        report.load = Some(load);
        let mut report = self.finish(report, started)?;
        if let (Some(timings), Some(staged)) = (&mut report.timings, staged) {
            timings.staged_ms = Some(staged.duration_since(started).as_millis() as u64);
        }
        Ok(report)
    }

    /// Checks here and stages over there. Whatever fails, the import is dropped and nothing remains of it.
    /// Tells when all rows were there. `None` when a rule about the table as a whole is broken, or too many rows were rejected.
    fn stage(
        &self,
        check: &mut Check,
        import: Box<dyn Import>,
        dry_run: bool,
        mut outcomes: Option<&mut Outcomes>,
    ) -> Result<Option<(Outcome, Instant)>> {
        let (send, windows) = sync_channel::<CheckedRows>(WINDOWS_IN_FLIGHT);
        thread::scope(|scope| {
            let database = thread::Builder::new()
                .name("sheetlift-load".into())
                .spawn_scoped(scope, move || stage_all(import, &windows))
                .map_err(|error| Error::io(error, "cannot start a thread"))?;
            let note = |checked: &Checked| match &mut outcomes {
                Some(outcomes) => outcomes.read(checked),
                None => Ok(()),
            };
            let checked = send_all(check, note, |rows| send.send(rows).is_ok());
            drop(send);
            let staged = database
                .join()
                .unwrap_or_else(|_| Err(Error::bug("the sink panicked")));
            // The database failed first when it stopped listening; otherwise the sheet did.
            let import = match (checked, staged) {
                (_, Err(error)) | (Err(error), _) => return Err(error),
                (Ok(()), Ok(import)) => import,
            };
            self.cancel.check()?;
            let about_table = check.finish_table()?;
            if about_table
                .iter()
                .any(|finding| finding.level == Level::Error)
            {
                return Ok(None);
            }
            let staged = Instant::now();
            let committed = match outcomes {
                Some(outcomes) => import.commit_telling(dry_run, &mut |told| outcomes.tell(told)),
                None => import.commit(dry_run),
            };
            if committed.is_err() {
                self.cancel.check()?; // rows may be read again for the commit
            }
            Ok(Some((committed?, staged)))
        })
    }

    fn already_loaded(
        &self,
        mut load: LoadReport,
        outcome: &Outcome,
        started: Instant,
    ) -> Result<Report> {
        let mut report = Report::new(self.source.name(), self.needed_contract()?);
        load.take_outcome(outcome);
        report.rows.read = outcome.read;
        report.rows.rejected = outcome.rejected;
        report.rows.accepted = outcome.read.saturating_sub(outcome.rejected);
        let mut listing = Listing::new(self)?;
        listing.add(&conflicts(outcome, "", &[]))?;
        listing.finish(&mut report)?;
        report.count_conflicts(outcome);
        report.load = Some(load);
        self.finish(report, started)
    }

    fn finish(&self, mut report: Report, started: Instant) -> Result<Report> {
        self.flush_findings()?;
        report.finish();
        report.timings = Some(Timings::since(started, report.rows.read));
        Ok(report)
    }
}

/// The rows that the target did not let in, as findings; with their cells where it is known which column is which.
fn conflicts(outcome: &Outcome, sheet: &str, mapping: &[Mapped]) -> Vec<Finding> {
    let conflicts = outcome.conflicts.iter();
    conflicts
        .map(|conflict| conflict_finding(conflict, sheet, mapping))
        .collect()
}

/// Says how a missing table comes to be.
fn advise(error: sheetlift_load::Error) -> Error {
    let error = Error::from(error);
    match (error.code(), error.ddl()) {
        ("target/missing-table", Some(ddl)) => {
            let hint = format!("have it made (create_table, --create-table), or run: {ddl}");
            error.with_hint(hint)
        }
        ("target/missing-column", Some(ddl)) => {
            let hint = format!("have it added (add_columns, --evolve add), or run: {ddl}");
            error.with_hint(hint)
        }
        _ => error,
    }
}

/// A checked window on its way to the database.
struct CheckedRows {
    accepted: RecordBatch,
    rows: Vec<u32>,
    rejected: Vec<RejectedRow>,
}

/// Checks windows until the end, or until nobody listens.
fn send_all(
    check: &mut Check,
    mut note: impl FnMut(&Checked) -> Result<()>,
    mut send: impl FnMut(CheckedRows) -> bool,
) -> Result<()> {
    while let Some(mut checked) = check.next_window()? {
        let offset = Plan::PART_ROWS.wrapping_mul(check.sheet_number);
        let rows = checked.accepted_rows.iter_mut();
        rows.for_each(|row| *row = row.wrapping_add(offset));
        let rejected = checked.rejected.iter_mut();
        rejected.for_each(|rejected| rejected.row = rejected.row.wrapping_add(offset));
        note(&checked)?;
        let rows = CheckedRows {
            accepted: checked.accepted,
            rows: checked.accepted_rows,
            rejected: checked.rejected,
        };
        if !send(rows) {
            break;
        }
    }
    Ok(())
}

fn stage_all(
    mut import: Box<dyn Import>,
    windows: &Receiver<CheckedRows>,
) -> Result<Box<dyn Import>> {
    for window in windows {
        if !window.rejected.is_empty() {
            let rejects: Vec<Reject> = window.rejected.into_iter().map(reject).collect();
            import.reject(&rejects)?;
        }
        if window.accepted.num_rows() > 0 {
            import.stage(&window.accepted, &window.rows)?;
        }
    }
    Ok(import)
}

fn reject(row: RejectedRow) -> Reject {
    Reject {
        row: row.row,
        codes: row.codes.iter().map(|&code| code.to_owned()).collect(),
        reason: row.reason.clone(),
        raw: raw_of(row),
    }
}
