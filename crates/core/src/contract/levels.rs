//! `levels`: how much a kind of fault matters, where that is less than everything.

use super::place::{Place, did_you_mean};
use crate::{error::Result, finding::Level};

/// Levels by the key of a rule (`pattern`) or by a code (`cell/pattern`). What is not named is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Levels(Vec<(String, Level)>);

/// What levels can be given for in a field.
pub(crate) const OF_FIELDS: [&str; 42] = [
    "type",
    "format",
    "required",
    "unique",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "pattern",
    "enum",
    "categories",
    "jsonSchema",
    "arrayItem",
    "precision",
    "scale",
    "multipleOf",
    "notPattern",
    "checkDigit",
    "maxBytes",
    "formula",
    "identifier",
    "cell/type",
    "cell/number-locale",
    "cell/precision",
    "cell/date-invalid",
    "cell/date-ambiguous",
    "cell/formula-error",
    "cell/required",
    "cell/unique",
    "cell/minimum",
    "cell/maximum",
    "cell/min-length",
    "cell/max-length",
    "cell/pattern",
    "cell/enum",
    "cell/json-schema",
    "cell/multiple-of",
    "cell/check-digit",
    "cell/formula-text",
    "cell/leading-zero-lost",
];

/// And in a contract, beside those.
pub(crate) const OF_ROWS: [&str; 6] = [
    "uniqueKeys",
    "row/duplicate",
    "foreignKeys",
    "ref/not-found",
    "row/extra-cell",
    "row/missing-cell",
];

/// The level of a code where no contract says anything.
pub(crate) fn default_of(code: &str) -> Level {
    match code {
        "row/missing-cell" => Level::Warning,
        _ => Level::Error,
    }
}

const CHOICES: [(&str, Level); 3] = [
    ("error", Level::Error),
    ("warning", Level::Warning),
    ("info", Level::Info),
];

impl Levels {
    /// One level, by the key of a rule or by a code.
    pub(super) fn one(name: &str, level: Level) -> Levels {
        debug_assert!(OF_FIELDS.iter().chain(&OF_ROWS).any(|known| *known == name));
        Levels(vec![(name.to_owned(), level)])
    }

    /// The level of a fault, by its code or by the key of its rule; `None` where it is not named.
    pub fn get(&self, key: &str, code: &str) -> Option<Level> {
        let names = |name: &str| name == code || name == key;
        let found = self.0.iter().find(|(name, _)| names(name))?;
        Some(found.1)
    }

    /// True when nothing is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Name and level, as they were written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Level)> {
        self.0.iter().map(|(name, level)| (name.as_str(), *level))
    }
}

pub(super) fn read_one(place: &Place<'_>) -> Result<Level> {
    place.choice(&CHOICES)
}

/// Reads levels of a field, or (with `of_rows`) of a contract.
pub(super) fn read(place: &Place<'_>, of_rows: bool) -> Result<Levels> {
    let rows = if of_rows { &OF_ROWS[..] } else { &[] };
    let mut levels = Vec::new();
    for (name, place) in place.map()?.entries() {
        let names = || OF_FIELDS.iter().chain(rows).copied();
        if !names().any(|known| known == name) {
            let error = place.error(format!("no level can be given for `{name}`"));
            return Err(match name {
                "primaryKey" | "row/primary-key" => {
                    error.with_hint("a row without its key is no row: that is always an error")
                }
                _ => did_you_mean(error, name, names()),
            });
        }
        levels.push((name.to_owned(), read_one(&place)?));
    }
    Ok(Levels(levels))
}
