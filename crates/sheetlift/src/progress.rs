//! How far a job is.

/// How far a job is; told after each window of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Progress {
    /// Rows read so far.
    pub rows_read: u64,
    /// Rows rejected so far.
    pub rows_rejected: u64,
    /// Rows there are, as the file itself declares: a guess, for a progress bar only.
    pub rows_expected: Option<u64>,
}
