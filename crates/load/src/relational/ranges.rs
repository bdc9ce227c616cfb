//! Rows in motion: all at once, or by ranges that are halved where the target refuses a row of them.

use super::merge::{Merge, MergeError, Result, Way};
use super::{Refusal, Runs};
use crate::error::{Error, ErrorKind};

/// Rows that the target may refuse one by one: each costs a few dozen statements.
const MAX_REFUSED: u64 = 100_000;

impl<R: Runs> Merge<'_, R> {
    /// Runs a statement for all rows at once, or by ranges. It gets further conditions, which begin with `AND`.
    pub(super) fn move_rows(&mut self, sql: &dyn Fn(&str) -> String) -> Result<u64, R::Error> {
        if self.way != Way::Ranges {
            return self.write(&sql(""), &[]);
        }
        let last = format!("SELECT coalesce(max(n), 0) FROM {}", self.words.stage);
        let last = self.number(&last)? as i64;
        self.move_range(0, last, sql)
    }

    /// Runs a statement for the rows from one number to another; where the target refuses it, for each half of them.
    pub(super) fn move_range(
        &mut self,
        from: i64,
        to: i64,
        sql: &dyn Fn(&str) -> String,
    ) -> Result<u64, R::Error> {
        self.execute("SAVEPOINT sheetlift_range")?;
        let moved = self
            .db
            .execute(&sql(&format!(" AND s.n BETWEEN {from} AND {to}")), &[]);
        let error = match moved {
            Ok(moved) => {
                self.db.has_written()?;
                self.execute("RELEASE SAVEPOINT sheetlift_range")?;
                return Ok(moved);
            }
            Err(error) if self.db.is_row_refused(&error) => error,
            Err(error) => return Err(error.into()),
        };
        self.execute("ROLLBACK TO SAVEPOINT sheetlift_range")?;
        self.execute("RELEASE SAVEPOINT sheetlift_range")?;
        if from < to {
            let middle = from + (to - from) / 2;
            let first = self.move_range(from, middle, sql)?;
            return Ok(first + self.move_range(middle + 1, to, sql)?);
        }
        let refusal = self.db.refusal(&error, from)?;
        self.refuse(&format!("s.n = {from}"), &refusal)?;
        self.refused += 1;
        if self.refused > MAX_REFUSED {
            return Err(MergeError::Other(too_many_refused(&refusal)));
        }
        Ok(0)
    }
}

fn too_many_refused(last: &Refusal) -> Error {
    let (limit, actual) = (MAX_REFUSED, MAX_REFUSED + 1);
    let name = "refused rows";
    let kind = ErrorKind::Limit {
        name,
        limit,
        actual,
    };
    let message = format!(
        "the table refuses more than {MAX_REFUSED} rows; the last one: {}",
        last.reason
    );
    Error::new(kind, "limit/refused-rows", message)
        .with_hint("nothing was loaded: say in the contract what the table demands, so that rows are told what they lack")
}
