//! What the ledger knows of imports, and how one of them is taken back.

use serde::{Deserialize, Serialize};

/// The most rows listed in an [`Undone`].
pub const MAX_LISTED_KEPT: usize = 1_000;

/// An import, as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImportRecord {
    /// Its name.
    pub import_id: String,
    /// What its source was called.
    pub source_name: String,
    /// Its table.
    pub table: String,
    /// Its mode.
    pub mode: String,
    /// `running`, `committed` or `undone`. One that is running and whose lease is over was killed; the next run of it goes on.
    pub state: String,
    /// When it was claimed, as ISO 8601 in UTC.
    pub started_at: String,
    /// When its rows became visible.
    pub committed_at: Option<String>,
    /// When it was taken back.
    pub undone_at: Option<String>,
    /// The import whose quarantine its rows came from.
    pub replay_of: Option<String>,
    /// The counts of its [`Outcome`](crate::Outcome), once it is committed: read, inserted, updated, unchanged, conflicts, rejected
    /// and removed rows.
    pub counts: Option<[u64; 7]>,
}

/// What [`Sink::undo`](crate::Sink::undo) did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Undone {
    /// The import that was taken back.
    pub import_id: String,
    /// True when nothing was written.
    pub dry_run: bool,
    /// Rows that the import had added and that are gone.
    pub deleted: u64,
    /// Rows that the import had changed, or marked, and that are as they were before.
    pub restored: u64,
    /// Rows that the import had deleted and that are there again.
    pub reinserted: u64,
    /// Rows that were changed, deleted or added by others since, and were left as they are.
    pub kept: u64,
    /// The keys of the first [`MAX_LISTED_KEPT`] of them.
    pub kept_keys: Vec<String>,
}
