//! What every database has to offer: the seam between imports and sinks.

use std::error::Error as StdError;

use arrow_array::RecordBatch;

use crate::error::{Error, Result};
use crate::history::{ImportRecord, Undone};
use crate::outcome::{Outcome, Quarantined, Reject, RowFate};
use crate::plan::Plan;

/// A database that takes imports.
pub trait Sink: Send + Sync {
    /// What it is, for messages: never with a password.
    fn name(&self) -> String;

    /// Claims the import of a plan.
    ///
    /// # Errors
    ///
    /// [`Busy`](crate::ErrorKind::Busy) while another worker holds the import, [`Target`](crate::ErrorKind::Target) when the
    /// table does not fit, [`Usage`](crate::ErrorKind::Usage) when the plan does not, [`Sink`](crate::ErrorKind::Sink) when
    /// the database cannot be reached.
    fn begin(&self, plan: &Plan) -> Result<Begin>;

    /// The latest imports of the ledger, at most so many, the newest first.
    ///
    /// # Errors
    ///
    /// [`Sink`](crate::ErrorKind::Sink) when the database fails, [`Usage`](crate::ErrorKind::Usage) where there is no such list.
    fn history(&self, limit: usize) -> Result<Vec<ImportRecord>> {
        let _ = limit;
        Err(unknown_here("history", &self.name()))
    }

    /// Gives the rows that did not enter with an import, for it rejected them or the target refused them ([`Import::keep_origin`]), and
    /// that no replay has loaded since, one at a time.
    ///
    /// # Errors
    ///
    /// [`Usage`](crate::ErrorKind::Usage) for an import that is not there, or where there is no quarantine;
    /// [`Sink`](crate::ErrorKind::Sink) when the database fails.
    fn quarantined(&self, import_id: &str, each: &mut dyn FnMut(Quarantined)) -> Result<()> {
        let _ = (import_id, each);
        Err(unknown_here("quarantine", &self.name()))
    }

    /// How the source of an import was laid out, as [`Import::keep_origin`] told it; none where nothing was told.
    ///
    /// # Errors
    ///
    /// As [`quarantined`](Sink::quarantined).
    fn layout(&self, import_id: &str) -> Result<Option<String>> {
        let _ = import_id;
        Err(unknown_here("quarantine", &self.name()))
    }

    /// Takes an import back: rows that it added are deleted, rows that it changed or deleted are as they were, and rows that others
    /// have changed since are left alone. In one transaction; with `dry_run` it is rolled back. The same import can be loaded again
    /// afterwards.
    ///
    /// # Errors
    ///
    /// [`Usage`](crate::ErrorKind::Usage) for an import that is not there, is not committed, kept nothing to be taken back with
    /// ([`Plan::with_undo`]), has rows in quarantine that a replay has loaded, or where there is no undo; [`Target`](crate::ErrorKind::Target) when the table has changed so that
    /// its rows cannot be put back, or other tables refer to them; [`Sink`](crate::ErrorKind::Sink) when the database fails.
    fn undo(&self, import_id: &str, dry_run: bool) -> Result<Undone> {
        let _ = (import_id, dry_run);
        Err(unknown_here("undo", &self.name()))
    }
}

fn unknown_here(what: &str, name: &str) -> Error {
    Error::usage(
        "usage/not-supported",
        format!("there is no {what} for {name}"),
    )
}

/// What [`Sink::begin`] found.
pub enum Begin {
    /// The import was committed before: there is nothing to do, and this is what it did.
    Done(Outcome),
    /// The import is ours until it is committed or dropped.
    Claimed(Box<dyn Import>),
}

/// A claimed import. Nothing is visible before [`commit`](Import::commit); dropped without it, nothing remains.
pub trait Import: Send {
    /// The name of the import in the ledger.
    fn import_id(&self) -> &str;

    /// Stages the rows of a batch; `rows` holds the zero-based row number in the source for each of them
    /// ([`Plan::with_parts`](crate::Plan::with_parts) says how parts of it count).
    ///
    /// Columns are those of the plan's schema, in its order. An import whose `stage` failed cannot be committed.
    ///
    /// # Errors
    ///
    /// [`Busy`](crate::ErrorKind::Busy) when the lease was lost, [`Usage`](crate::ErrorKind::Usage) when the batch does not
    /// match the plan, [`Sink`](crate::ErrorKind::Sink) when the database fails.
    fn stage(&mut self, batch: &RecordBatch, rows: &[u32]) -> Result<()>;

    /// Records rows that are not to be loaded.
    ///
    /// # Errors
    ///
    /// As for [`stage`](Import::stage).
    fn reject(&mut self, rejects: &[Reject]) -> Result<()>;

    /// Tells what a replay of the rows that do not enter needs. Without it, or in a target without a quarantine, rows that the target
    /// refuses are in `_sheetlift_outcomes` alone.
    fn keep_origin(&mut self, origin: Origin) {
        let _ = origin;
    }

    /// Merges, records and publishes in one transaction. With `dry_run` the same transaction is rolled back and the claim is
    /// given up: the database is as if the import had never begun. A sink whose database has no transaction for a whole import
    /// says what is visible when.
    ///
    /// # Errors
    ///
    /// [`Busy`](crate::ErrorKind::Busy) when another worker took the import over, [`Limit`](crate::ErrorKind::Limit) when too
    /// many rows were rejected, and as for [`Sink::begin`]. After any error nothing of this import is visible.
    fn commit(self: Box<Self>, dry_run: bool) -> Result<Outcome>;

    /// As [`commit`](Import::commit), and tells what became of every staged row. What was told is true once this returns an outcome.
    ///
    /// # Errors
    ///
    /// As [`commit`](Import::commit); [`Usage`](crate::ErrorKind::Usage) where rows are not told apart.
    fn commit_telling(self: Box<Self>, dry_run: bool, tell: &mut Tell<'_>) -> Result<Outcome> {
        let _ = (dry_run, tell);
        Err(Error::usage(
            "usage/not-supported",
            "what became of each row is not known in this kind of target",
        ))
    }
}

/// Is told what became of rows, those that did not enter last.
pub type Tell<'a> = dyn FnMut(Told<'_>) + 'a;

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Told<'a> {
    /// The number that the caller gave the row.
    pub row: u32,
    /// What became of it.
    pub fate: RowFate,
    /// The code of a conflict ([`RowConflict::code`](crate::RowConflict::code)); empty otherwise.
    pub code: &'a str,
    /// Why it is one, in the words of the target; empty otherwise.
    pub reason: &'a str,
}

/// What a replay needs of the source of an import.
pub struct Origin {
    /// How the source is laid out, in words of the caller's choice, which come back from [`Sink::layout`].
    pub layout: String,
    /// Reads rows of the source once more, as they are: the commit asks for those that the target refuses.
    pub raw_rows: RawRows,
}

/// Given the numbers of rows, ascending, gives each of them as JSON ([`Reject::raw`]), in their order.
pub type RawRows = Box<dyn FnOnce(Vec<u32>) -> RawRowsAgain + Send>;

/// Rows that are read once more.
pub type RawRowsAgain =
    Box<dyn Iterator<Item = Result<(u32, String), Box<dyn StdError + Send + Sync>>>>;

/// The error for rows that cannot be read once more.
#[cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(dead_code)
)]
pub(crate) fn not_read_again(error: Box<dyn StdError + Send + Sync>) -> Error {
    let message = format!("the rows that the table refuses cannot be read once more: {error}");
    Error::sink("sink/source", message)
        .with_hint("nothing was loaded; see that the source is there")
}

impl std::fmt::Debug for Begin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Begin::Done(outcome) => f.debug_tuple("Done").field(outcome).finish(),
            Begin::Claimed(import) => f.debug_tuple("Claimed").field(&import.import_id()).finish(),
        }
    }
}
