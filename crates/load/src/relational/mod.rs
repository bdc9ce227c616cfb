//! What the databases that speak SQL share: how staged rows become rows of the target.
//!
//! Each sink writes the [`Words`] of its dialect once for an import, and runs statements; what they do, in which order, and how it
//! is counted is the same everywhere.

mod merge;
mod missing;
mod ranges;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sources;
mod words;

#[cfg(any(feature = "postgres", feature = "mysql"))]
use std::io::Write as _;

#[cfg(any(feature = "postgres", feature = "mysql"))]
use crate::cells::Value;
use crate::error::{Error, ErrorKind};
#[cfg(any(feature = "postgres", feature = "mysql"))]
use crate::format;
use crate::history::Undone;
use crate::outcome::{Outcome, RowConflict, RowFate, State};
use crate::plan::Plan;
use crate::sink::{Tell, Told};

pub(crate) use merge::{MergeError, Merged, merge};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use sources::Sources;
#[cfg(feature = "mysql")]
pub(crate) use words::Missing;
pub(crate) use words::{Dialect, Tables, Words, bad_reference, probes};

/// Why a row does not enter the target.
pub(crate) const KEY_EXISTS: &str = "load/key-exists";
pub(crate) const KEY_MISSING: &str = "load/key-missing";
pub(crate) const TARGET_CONSTRAINT: &str = "load/target-constraint";
pub(crate) const REFERENCE_MISSING: &str = "load/reference-missing";
pub(crate) const IMMUTABLE: &str = "load/immutable";
pub(crate) const STALE: &str = "load/stale-version";

/// The most characters of a key that are kept of a row.
pub(crate) const MAX_KEY_CHARS: usize = 200;

/// A connection inside of the final transaction.
pub(crate) trait Runs {
    /// What the driver says when a statement fails.
    type Error;

    /// Runs a statement; the number of rows it touched. Parameters are texts, in the order of [`Words::parameters`].
    fn execute(&self, sql: &str, texts: &[Option<&str>]) -> Result<u64, Self::Error>;

    /// The first column of every row.
    fn numbers(&self, sql: &str) -> Result<Vec<i64>, Self::Error>;

    /// The first two columns of every row, one row at a time.
    fn pairs(&self, sql: &str, each: &mut dyn FnMut(i64, i64)) -> Result<(), Self::Error>;

    /// A number and two texts of every row, one row at a time.
    fn noted(&self, sql: &str, each: &mut dyn FnMut(i64, &str, &str)) -> Result<(), Self::Error>;

    /// Called after rows of the target were written, before the savepoint around that is released.
    ///
    /// # Errors
    /// What the database says, where it has to be asked.
    fn has_written(&self) -> Result<(), Self::Error> {
        Ok(())
    }

    /// Whether rows of the statement were refused, rather than the statement as a whole. The transaction goes on then.
    fn is_row_refused(&self, error: &Self::Error) -> bool;

    /// Whether it was for the key of the import that they were refused, so that rows which repeat a key have to be looked for.
    fn is_key_taken(&self, error: &Self::Error) -> bool;

    /// Why the one row of such a statement, the `n`th of the stage, was refused. May look at the database.
    fn refusal(&self, error: &Self::Error, n: i64) -> Result<Refusal, Self::Error>;
}

/// Why a row did not enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) reason: String,
    /// The column whose value it is about, where the database says so.
    pub(crate) column: Option<String>,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, reason: impl Into<String>) -> Refusal {
        Refusal {
            code,
            reason: reason.into(),
            column: None,
        }
    }

    pub(crate) fn key_exists() -> Refusal {
        Refusal::new(KEY_EXISTS, "the key exists already")
    }

    pub(crate) fn of_column(mut self, column: impl Into<String>) -> Refusal {
        self.column = Some(column.into());
        self
    }
}

/// The key of a row for people, as far as it can be told without the database.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) fn key_text<'a>(values: impl Iterator<Item = Value<'a>>) -> String {
    let mut out = Vec::new();
    for (at, value) in values.enumerate() {
        if at > 0 {
            out.extend_from_slice(b", ");
        }
        let written = match value {
            Value::Null => true,
            Value::Text(text) | Value::Bytes(text) => {
                out.extend_from_slice(text);
                true
            }
            Value::Boolean(value) => write!(out, "{value}").is_ok(),
            Value::Integer(value) => write!(out, "{value}").is_ok(),
            Value::Unsigned(value) => write!(out, "{value}").is_ok(),
            Value::Real(value) => write!(out, "{value}").is_ok(),
            Value::Date(days) => format::date(i64::from(days), &mut out),
            Value::Time(value, per_second) => format::time(value, per_second, &mut out),
            Value::Timestamp(value, per_second) => {
                format::timestamp(value, per_second, false, &mut out)
            }
            Value::Decimal(value, scale) => {
                format::decimal(value, scale, &mut out);
                true
            }
        };
        if !written {
            out.extend_from_slice(format!("{value:?}").as_bytes());
        }
    }
    let text = String::from_utf8_lossy(&out).replace('\0', "\u{fffd}");
    text.chars().take(MAX_KEY_CHARS).collect()
}

/// The counts of an import beside those of its merge.
pub(crate) struct Counted {
    /// Rows handed to `stage`.
    pub(crate) staged: u64,
    pub(crate) rejected: u64,
    /// All rows that did not enter, and the first of them.
    pub(crate) conflict_total: u64,
    pub(crate) conflicts: Vec<RowConflict>,
}

/// The outcome of a merge; every row has to be in it once.
pub(crate) fn outcome(
    import_id: &str,
    dry_run: bool,
    merged: &Merged,
    counted: Counted,
) -> Result<Outcome, Error> {
    let Merged {
        inserted,
        updated,
        unchanged,
        removed,
        ..
    } = *merged;
    let Counted {
        staged,
        rejected,
        conflict_total,
        conflicts,
    } = counted;
    if inserted + updated + unchanged + conflict_total != staged {
        return Err(Error::bug(format!(
            "{staged} rows were staged, but {merged:?} and {conflict_total} conflicts came out"
        )));
    }
    Ok(Outcome {
        import_id: import_id.to_owned(),
        state: if dry_run {
            State::DryRun
        } else {
            State::Committed
        },
        read: staged + rejected,
        inserted,
        updated,
        unchanged,
        conflict_total,
        conflicts,
        rejected,
        removed,
    })
}

/// The error for an import of which rows are missing in what was kept for an undo.
pub(crate) fn check_undone(undone: &Undone, written: u64) -> Result<(), Error> {
    let Undone {
        deleted,
        restored,
        reinserted,
        kept,
        ..
    } = undone;
    let found = deleted + restored + reinserted + kept;
    if found == written {
        return Ok(());
    }
    let message = format!(
        "import {} cannot be taken back: it wrote {written} rows, and {found} of them were kept for that",
        undone.import_id
    );
    Err(Error::usage("usage/undo", message).with_hint(
        "nothing was changed; rows of the ledger were deleted, or others stand in their place",
    ))
}

/// The error for a replay whose rows are not in the quarantine any more: `left` of them were there until now.
pub(crate) fn check_replayed(plan: &Plan, outcome: &Outcome, left: u64) -> Result<(), Error> {
    let Some(replayed) = &plan.replay_of else {
        return Ok(());
    };
    let entered = outcome.inserted + outcome.updated + outcome.unchanged;
    if left == entered {
        return Ok(());
    }
    let message = format!(
        "the quarantine of {replayed} has changed meanwhile: of {entered} rows that enter, {left} are in it"
    );
    let kind = ErrorKind::Busy { retry_after_ms: 0 };
    Err(Error::new(kind, "busy/quarantine-changed", message)
        .with_hint("nothing was loaded; begin again"))
}

/// The error for an import with rows that a later one had out of its quarantine.
pub(crate) fn replayed_since(import_id: &str, replay: &str) -> Error {
    let message = format!(
        "import {import_id} cannot be taken back: import {replay} has loaded rows out of its quarantine"
    );
    Error::usage("usage/undo", message).with_hint(format!("take {replay} back first"))
}

/// Tells what became of each row of a merge, before its tables are gone.
pub(crate) fn tell<R: Runs>(db: &R, words: &Words, tell: &mut Tell<'_>) -> Result<(), R::Error> {
    db.pairs(&words.fates(), &mut |source, fate| {
        let fate = match fate {
            0 => RowFate::Inserted,
            1 => RowFate::Updated,
            _ => RowFate::Unchanged,
        };
        tell(Told {
            row: source as u32,
            fate,
            code: "",
            reason: "",
        });
    })?;
    db.noted(
        &conflicts(&words.exceptions),
        &mut |source, code, reason| {
            tell(conflict(source, code, reason));
        },
    )
}

/// The rows that do not enter, with code and reason.
pub(crate) fn conflicts(exceptions: &str) -> String {
    format!("SELECT src, code, reason FROM {exceptions} ORDER BY 1")
}

/// A row that did not enter.
pub(crate) fn conflict<'a>(source: i64, code: &'a str, reason: &'a str) -> Told<'a> {
    Told {
        row: source as u32,
        fate: RowFate::Conflict,
        code,
        reason,
    }
}

#[cfg(all(test, any(feature = "postgres", feature = "mysql")))]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_as_people_write_them() {
        let key = [
            Value::Text(b"a\0b"),
            Value::Date(19_723),
            Value::Decimal(150, 2),
            Value::Null,
            Value::Boolean(true),
        ];
        assert_eq!(
            key_text(key.into_iter()),
            "a\u{fffd}b, 2024-01-01, 1.50, , true"
        );
        let long = "é".repeat(MAX_KEY_CHARS + 1);
        let told = key_text([Value::Text(long.as_bytes())].into_iter());
        assert_eq!(told.chars().count(), MAX_KEY_CHARS);
    }
}
