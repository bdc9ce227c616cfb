//! What an import did, in exact numbers.

use serde::{Deserialize, Serialize};

/// The most conflicts listed in an [`Outcome`]; all of them are in the table `_sheetlift_outcomes`.
pub const MAX_LISTED_CONFLICTS: usize = 1_000;

/// How an import ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum State {
    /// The rows are in the target.
    Committed,
    /// They were there already: the numbers are those of the import that put them there.
    AlreadyLoaded,
    /// The numbers are what a commit would have given; nothing was written.
    DryRun,
}

/// What an import did. `read = inserted + updated + unchanged + conflict_total + rejected`, always.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Outcome {
    /// The name of the import in the ledger, [`ImportKey::import_id`](crate::ImportKey::import_id).
    pub import_id: String,
    /// How it ended.
    pub state: State,
    /// Rows staged and rejected.
    pub read: u64,
    /// Rows that are new in the target.
    pub inserted: u64,
    /// Rows of the target that changed.
    pub updated: u64,
    /// Rows whose key was there and which changed nothing.
    pub unchanged: u64,
    /// Rows that the target, or the key, did not let in.
    pub conflict_total: u64,
    /// The first [`MAX_LISTED_CONFLICTS`] of them, by row.
    pub conflicts: Vec<RowConflict>,
    /// Rows that the caller rejected.
    pub rejected: u64,
    /// Rows of the target that the source lacks and that were deleted, or marked as missing, in the modes that do so.
    #[serde(default, skip_serializing_if = "is_none")]
    pub removed: u64,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

/// What became of a staged row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RowFate {
    /// It is new in the target.
    Inserted,
    /// It changed a row of the target.
    Updated,
    /// Its key was there, and it changed nothing.
    Unchanged,
    /// It did not enter.
    Conflict,
}

/// A staged row that did not enter the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RowConflict {
    /// The part of the source that the row is in, where the plan names several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// The zero-based row number in the source, or in that part of it.
    pub row: u32,
    /// `load/key-exists`, `load/key-missing`, `load/target-constraint`, `load/reference-missing`, `load/immutable` or
    /// `load/stale-version`.
    pub code: String,
    /// The column whose value it is about, where the target says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The row's key, its values joined by commas and shortened; empty without a key.
    pub key: String,
    /// Why, in the words of the target.
    pub reason: String,
}

/// A row that the caller refuses to load, to be kept in `_sheetlift_rejects`, the quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// The zero-based row number in the source, as of a row that is staged.
    pub row: u32,
    /// The codes of the findings, such as `cell/type`.
    pub codes: Vec<String>,
    /// Why, for people.
    pub reason: String,
    /// The row as it was read, as JSON.
    pub raw: String,
}

/// A row in quarantine: one that an import rejected or its target refused, as `_sheetlift_rejects` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Quarantined {
    /// The part of the source that the row is in, where the plan named several.
    pub part: Option<String>,
    /// The zero-based row number in the source, or in that part of it.
    pub row: u32,
    /// The codes of the findings, separated by commas, or of the conflict.
    pub codes: String,
    /// Why, for people.
    pub reason: String,
    /// The row as it was read, as JSON.
    pub raw: String,
}
