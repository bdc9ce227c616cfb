//! What becomes of rows of the target that the source lacks.

use super::Runs;
use super::merge::{Merge, MergeError, Result};
use super::words::{Missing, Words};
use crate::error::{Error, ErrorKind};

impl<R: Runs> Merge<'_, R> {
    /// What the source lacks. Rows that did not enter may be among them, and nobody knows which.
    pub(super) fn remove_missing(&mut self) -> Result<(), R::Error> {
        let Words {
            target,
            stage,
            same_key,
            ..
        } = self.words;
        if self.words.missing == Missing::Keep {
            return Ok(());
        }
        let lost = self.gone + self.rejected;
        if lost > 0 {
            let message = format!(
                "{lost} rows did not pass, so that nobody can tell which rows the source lacks"
            );
            let error = Error::new(
                ErrorKind::Limit {
                    name: "rejected rows of a sync",
                    limit: 0,
                    actual: lost,
                },
                "limit/sync-rejected",
                message,
            );
            return Err(MergeError::Other(error.with_hint(
                "nothing was loaded: mend the rows, or keep what the source lacks (missing: keep)",
            )));
        }
        let is_missing = format!("NOT EXISTS (SELECT 1 FROM {stage} AS s WHERE {same_key})");
        self.merged.removed = match &self.words.missing {
            Missing::Keep => 0,
            Missing::Delete => {
                self.keep(self.words.keep("removed", "-1", "", &is_missing))?;
                self.write(&format!("{} {is_missing}", self.words.delete), &[])?
            }
            Missing::Set {
                assignment,
                differs,
                differs_alone,
                value,
            } => {
                let value = value.as_deref();
                let which = format!("{differs_alone} AND {is_missing}");
                if let Some(keep) = self.words.keep("updated", "-1", "", &which) {
                    self.db.execute(&keep, &[value])?;
                }
                let sql = format!(
                    "UPDATE {target} AS t SET {assignment} WHERE {differs} AND {is_missing}"
                );
                self.write(&sql, &[value, value])?
            }
        };
        let rows = self.number(&format!("SELECT count(*) FROM {target}"))?;
        let deleted = match self.words.missing {
            Missing::Delete => self.merged.removed,
            _ => 0,
        };
        let before = (rows + deleted).saturating_sub(self.merged.inserted);
        match self.merged.removed as f64 > self.words.max_missing_ratio * before as f64 {
            true => Err(MergeError::Other(too_many_missing(
                self.merged.removed,
                before,
                self.words.max_missing_ratio,
            ))),
            false => Ok(()),
        }
    }
}

fn too_many_missing(missing: u64, rows: u64, ratio: f64) -> Error {
    let kind = ErrorKind::Limit {
        name: "max_missing_ratio",
        limit: (ratio * rows as f64) as u64,
        actual: missing,
    };
    let message = format!(
        "the source lacks {missing} of the {rows} rows of the table, and max_missing_ratio is {ratio}"
    );
    Error::new(kind, "limit/max-missing", message)
        .with_hint("nothing was loaded: see that the source is complete, or raise the threshold")
}
