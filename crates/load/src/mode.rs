//! How staged rows meet the rows that are already there.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How staged rows meet the rows that are already in the target.
///
/// Written in lower case with underscores (`insert_missing`); hyphens are read as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mode {
    /// Every row is expected to be new; one whose key exists becomes the conflict `load/key-exists`. Needs no key.
    Insert,
    /// Load new items: a row whose key exists in the target is left as it is there and counted as unchanged. Needs a key.
    #[default]
    #[serde(alias = "insert-missing")]
    InsertMissing,
    /// A row whose key exists replaces the columns of the import in the target row; others are inserted. A column whose field has
    /// the metadata `sheetlift.blank: keep_existing` keeps its value where the row has none. Needs a key.
    Upsert,
    /// As [`Upsert`](Mode::Upsert), but a row whose key does not exist becomes the conflict `load/key-missing`. Needs a key.
    #[serde(alias = "update-only")]
    UpdateOnly,
    /// Every row is added, and keys are not looked at; what the table itself refuses becomes a conflict. Needs no key.
    Append,
    /// The table has the rows of the source and no others: what was there is deleted in the same transaction. Columns that the
    /// import does not name get their defaults. Needs no key.
    Replace,
    /// As [`Upsert`](Mode::Upsert), and then something becomes of the rows that the source lacks:
    /// [`Plan::with_missing`](crate::Plan::with_missing). Needs a key.
    Sync,
}

impl Mode {
    /// Every mode, in the order of the documentation.
    pub const ALL: [Mode; 7] = [
        Mode::Insert,
        Mode::InsertMissing,
        Mode::Upsert,
        Mode::UpdateOnly,
        Mode::Append,
        Mode::Replace,
        Mode::Sync,
    ];

    /// The name used in options, the ledger and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Insert => "insert",
            Mode::InsertMissing => "insert_missing",
            Mode::Upsert => "upsert",
            Mode::UpdateOnly => "update_only",
            Mode::Append => "append",
            Mode::Replace => "replace",
            Mode::Sync => "sync",
        }
    }

    /// Whether rows are matched by a key, so that a plan without one is refused.
    pub fn needs_key(self) -> bool {
        !matches!(self, Mode::Insert | Mode::Append | Mode::Replace)
    }

    /// Whether it changes rows that are there.
    pub fn updates(self) -> bool {
        matches!(self, Mode::Upsert | Mode::UpdateOnly | Mode::Sync)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Mode> {
        let wanted = text.trim().to_ascii_lowercase().replace('-', "_");
        Mode::ALL
            .into_iter()
            .find(|mode| mode.as_str() == wanted)
            .ok_or_else(|| {
                let known = Mode::ALL.map(Mode::as_str).join(", ");
                Error::usage(
                    "usage/unknown-mode",
                    format!("unknown load mode {text:?}, expected one of {known}"),
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_in_both_spellings() {
        for mode in Mode::ALL {
            assert_eq!(mode.to_string().parse::<Mode>().unwrap(), mode);
            assert_eq!(
                mode.as_str().replace('_', "-").parse::<Mode>().unwrap(),
                mode
            );
            let json = serde_json::to_string(&mode).unwrap();
            assert_eq!(json, format!("\"{mode}\""));
            assert_eq!(serde_json::from_str::<Mode>(&json).unwrap(), mode);
        }
        assert_eq!(
            serde_json::from_str::<Mode>("\"insert-missing\"").unwrap(),
            Mode::default()
        );
        let error = "merge".parse::<Mode>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown load mode \"merge\", expected one of insert, insert_missing, upsert, update_only, append, replace, sync"
        );
    }
}
