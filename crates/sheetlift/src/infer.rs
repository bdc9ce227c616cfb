//! A contract proposed from a table that is good.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use arrow_array::{Array, ArrayRef, cast::AsArray, types::Int64Type};
use rayon::prelude::*;
use sheetlift_core::{
    Cell, ColumnFacts, ColumnKind, ColumnView, Contract, Repair, TextRepr, Window, build_column,
};

use crate::{error::Result, job::Job, progress::Progress};

impl Job {
    /// Proposes a contract for the sheet as it is today, to be edited by somebody who knows: every row is looked at.
    ///
    /// Types are the narrowest that hold all cells; columns without gaps are required; whole numbers and texts without
    /// gaps or repetition are unique. The first of those columns is proposed as the primary key.
    ///
    /// ```
    /// # let bytes = sheetlift_fixtures::inventory::clean_inventory();
    /// let contract = sheetlift::Job::from_bytes(bytes, "items.xlsx")?.infer_contract()?;
    /// assert_eq!(&*contract.fields[0].name, "item_code");
    /// assert_eq!(contract.primary_key, [0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Job::table`], and `Cancelled`.
    pub fn infer_contract(&self) -> Result<Contract> {
        let options = self.located();
        let mut rows = self.workbook()?.rows(&options)?;
        let kinds = rows.hold()?;
        let mut lookers: Vec<Looker> = kinds.into_iter().map(Looker::new).collect();
        while let Some(window) = rows.next_window()? {
            self.cancel.check()?;
            look(&mut lookers, &window)?;
            self.tell(Progress {
                rows_read: rows.rows_given(),
                ..Progress::default()
            });
        }
        let facts: Vec<ColumnFacts> = lookers.iter().map(Looker::facts).collect();
        let mut contract = Contract::infer(rows.header(), &facts);
        contract.locate.header = options.header;
        contract.locate.range = options.range;
        let is_key = |index: &usize| {
            contract.fields[*index].constraints.unique && contract.is_required(*index)
        };
        contract.primary_key = (0..contract.fields.len())
            .find(is_key)
            .into_iter()
            .collect();
        Ok(contract)
    }
}

/// What is learned of one column.
struct Looker {
    kind: ColumnKind,
    has_nulls: bool,
    to_the_minute: bool,
    /// Hashes of the values so far; `None` once a value came twice, or when it does not matter.
    seen: Option<HashSet<u64>>,
    hasher: RandomState,
}

fn look(lookers: &mut [Looker], window: &Window) -> Result<()> {
    let build = |(column, looker): (usize, &Looker)| {
        build_column(
            window.column(column),
            looker.kind,
            TextRepr::View,
            &mut |_, _| Ok(Repair::Null),
        )
    };
    let arrays: Vec<ArrayRef> = lookers
        .par_iter()
        .enumerate()
        .map(build)
        .collect::<sheetlift_core::Result<_>>()?;
    let nulls: Vec<Vec<bool>> = arrays.par_iter().map(is_missing).collect();
    // A blank row says nothing about its columns.
    let blank: Vec<bool> = (0..window.num_rows())
        .map(|row| nulls.iter().all(|column| column[row]))
        .collect();
    lookers
        .par_iter_mut()
        .zip(&arrays)
        .zip(&nulls)
        .enumerate()
        .for_each(|(column, ((looker, array), nulls))| {
            looker.to_the_minute |= has_minutes(window.column(column), looker.kind);
            looker.has_nulls |= nulls
                .iter()
                .zip(&blank)
                .any(|(missing, blank)| *missing && !blank);
            looker.remember(array, nulls);
        });
    Ok(())
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

impl Looker {
    fn new(kind: ColumnKind) -> Looker {
        let matters = matches!(kind, ColumnKind::Int | ColumnKind::Text);
        Looker {
            kind,
            has_nulls: false,
            to_the_minute: false,
            seen: matters.then(HashSet::new),
            hasher: RandomState::new(),
        }
    }

    fn remember(&mut self, array: &ArrayRef, missing: &[bool]) {
        let Some(seen) = &mut self.seen else {
            return;
        };
        let hash = |row: usize| match self.kind {
            ColumnKind::Int => self
                .hasher
                .hash_one(array.as_primitive::<Int64Type>().value(row)),
            _ => self.hasher.hash_one(array.as_string_view().value(row)),
        };
        let mut rows = (0..array.len()).filter(|row| !missing[*row]);
        if !rows.all(|row| seen.insert(hash(row))) {
            self.seen = None;
        }
    }

    fn facts(&self) -> ColumnFacts {
        ColumnFacts {
            kind: self.kind,
            has_nulls: self.has_nulls,
            to_the_minute: self.to_the_minute,
            all_unique: self.seen.is_some(),
        }
    }
}

const _: fn() = || {
    fn is_send<T: Send + Sync>() {}
    is_send::<Arc<Job>>();
};
