//! How far a job is, and how to stop it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::error::{Error, Result};

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

/// Stops a job from another thread. Clones stop the same job.
///
/// A job looks at it before each window of rows and before it commits; what was begun is undone.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// A token nobody has pulled.
    pub fn new() -> CancelToken {
        CancelToken::default()
    }

    /// Asks the job to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True once somebody asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// # Errors
    /// `Cancelled` once somebody asked.
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_cancelled() {
            Err(Error::cancelled())
        } else {
            Ok(())
        }
    }
}
