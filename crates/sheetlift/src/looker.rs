//! What is learned of one column, window by window, in memory that does not grow with its rows (but for the hashes of a
//! column whose values are all different so far).

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
};

use arrow_array::{
    Array, ArrayRef,
    cast::AsArray,
    types::{
        Date32Type, DurationMicrosecondType, Float64Type, Int64Type, Time64MicrosecondType,
        TimestampMicrosecondType,
    },
};
use sheetlift_core::{Cell, ColumnFacts, ColumnKind, ColumnView, MAX_DISTINCT, Value};

/// What is learned of one column.
pub(crate) struct Looker {
    pub(crate) facts: ColumnFacts,
    seen: Seen,
    hasher: RandomState,
}

/// Hashes of the values so far.
enum Seen {
    /// No value came twice, and it matters.
    Once(HashSet<u64>),
    /// Some did.
    Often(HashSet<u64>),
    /// There are more different ones than are counted.
    Many,
}

impl Looker {
    pub(crate) fn new(kind: ColumnKind) -> Looker {
        let matters = matches!(kind, ColumnKind::Int | ColumnKind::Text);
        Looker {
            facts: ColumnFacts::new(kind),
            seen: match matters {
                true => Seen::Once(HashSet::new()),
                false => Seen::Often(HashSet::new()),
            },
            hasher: RandomState::new(),
        }
    }

    /// Looks at a window of the column: its cells, what they were built into, and which rows are blank altogether.
    pub(crate) fn look(&mut self, column: ColumnView<'_>, array: &ArrayRef, blank: &[bool]) {
        self.facts.to_the_minute |= has_minutes(column, self.facts.kind);
        let missing = is_missing(array);
        for row in (0..array.len()).filter(|row| !blank[*row]) {
            self.facts.rows += 1;
            self.facts.missing += u64::from(missing[row]);
        }
        let rows = (0..array.len()).filter(|row| !missing[*row]);
        match self.facts.kind {
            ColumnKind::Text => {
                let texts = array.as_string_view();
                rows.for_each(|row| {
                    let text = texts.value(row);
                    if self.remember(text) {
                        self.facts.texts.add(text);
                    }
                });
                // What shows nothing is missing, yet it is there.
                let blanks = (0..array.len()).filter(|row| missing[*row] && array.is_valid(*row));
                blanks.for_each(|row| self.facts.texts.add(texts.value(row)));
            }
            ColumnKind::Bool => {
                let values = array.as_boolean();
                rows.for_each(|row| {
                    self.remember(values.value(row));
                });
            }
            ColumnKind::Int => {
                let values = array.as_primitive::<Int64Type>().values();
                rows.for_each(|row| self.take_int(values[row]));
            }
            ColumnKind::Float => {
                let values = array.as_primitive::<Float64Type>().values();
                rows.for_each(|row| {
                    if self.remember(values[row].to_bits()) {
                        self.facts.widen_range(Value::Float(values[row]));
                    }
                });
            }
            ColumnKind::Date => {
                let values = array.as_primitive::<Date32Type>().values();
                rows.for_each(|row| self.take_int(values[row].into()));
            }
            ColumnKind::Timestamp => {
                let values = array.as_primitive::<TimestampMicrosecondType>().values();
                rows.for_each(|row| self.take_int(values[row]));
            }
            ColumnKind::Time => {
                let values = array.as_primitive::<Time64MicrosecondType>().values();
                rows.for_each(|row| self.take_int(values[row]));
            }
            ColumnKind::Duration => {
                let values = array.as_primitive::<DurationMicrosecondType>().values();
                rows.for_each(|row| self.take_int(values[row]));
            }
            ColumnKind::Null | ColumnKind::Decimal { .. } => {}
        }
    }

    fn take_int(&mut self, value: i64) {
        if self.remember(value) {
            self.facts.widen_range(Value::Int(value));
        }
    }

    /// False for a value that is known to have come before.
    fn remember(&mut self, value: impl std::hash::Hash) -> bool {
        let hash = self.hasher.hash_one(value);
        match &mut self.seen {
            Seen::Once(seen) => {
                if seen.insert(hash) {
                    return true;
                }
                let seen = std::mem::take(seen);
                self.seen = match seen.len() as u64 {
                    ..=MAX_DISTINCT => Seen::Often(seen),
                    _ => Seen::Many,
                };
                false
            }
            Seen::Often(seen) => {
                let is_new = seen.insert(hash);
                if seen.len() as u64 > MAX_DISTINCT {
                    self.seen = Seen::Many;
                }
                is_new
            }
            Seen::Many => true,
        }
    }

    pub(crate) fn into_facts(self) -> ColumnFacts {
        let mut facts = self.facts;
        facts.all_unique = matches!(self.seen, Seen::Once(_));
        facts.distinct = match self.seen {
            Seen::Once(seen) | Seen::Often(seen) => Some(seen.len() as u64),
            Seen::Many => None,
        };
        facts
    }
}

/// True when a text of this column of times ends with its minutes.
fn has_minutes(column: ColumnView<'_>, kind: ColumnKind) -> bool {
    let mut found = false;
    if matches!(kind, ColumnKind::Time | ColumnKind::Timestamp) {
        column.for_each(|_, cell| {
            if let Cell::Text(text, _) = cell {
                found |= text.matches(':').count() == 1;
            }
        });
    }
    found
}

/// Null, or a text without a visible character.
fn is_missing(array: &ArrayRef) -> Vec<bool> {
    let texts = array.as_string_view_opt();
    let empty = |row: usize| texts.is_some_and(|texts| texts.value(row).trim().is_empty());
    let nulls = array.logical_nulls();
    let null = |row: usize| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
    (0..array.len())
        .map(|row| null(row) || empty(row))
        .collect()
}
