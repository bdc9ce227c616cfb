//! The header of a table that does not start with it: the row, or two of them, in which a contract finds most of its fields.

use std::sync::Arc;

use super::{
    options::ReadOptions,
    prepare::{Labels, join, labels},
    workbook::Workbook,
};
use crate::{
    contract::Contract,
    error::Result,
    header::{Header, HeaderRow},
    matching::{Ignored, loose},
    validate::fields_found,
};

/// Rows that are looked at: titles, dates and remarks above a table take fewer.
const ROWS: u64 = 50;
/// Fields that two rows have to find together beyond those that one of them finds: below, the second is the first of the data.
const GAIN_OF_A_SECOND_ROW: f64 = 0.9;
/// Fields by which the best row has to be ahead of another one.
const LEAD: f64 = 0.25;
/// And ahead of the first row, which is the header of most tables.
const LEAD_OVER_FIRST: f64 = 0.5;

/// Where the header is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderSearch {
    /// In these rows.
    Found(HeaderRow),
    /// In one of these rows (zero-based), which find the fields equally well.
    Unclear(Vec<u32>),
    /// Nowhere in the first 50 rows: none finds half of the fields.
    NotFound,
}

/// Rows that may be the header.
struct Candidate {
    rows: HeaderRow,
    last: u32,
    labels: Vec<Option<String>>,
    found: f64,
}

impl Workbook {
    /// Looks for the header of the table that `contract` describes in the first 50 rows: the row in which it finds most fields,
    /// or two neighbours whose labels joined find more than each of them. It has to find half of the fields, and to be ahead of
    /// every other row; a header that is repeated further down is the upper one.
    ///
    /// # Errors
    /// As [`Self::rows`].
    pub fn find_header(&self, contract: &Contract, options: &ReadOptions) -> Result<HeaderSearch> {
        let mut top = options
            .clone()
            .with_header(HeaderRow::None)
            .with_limit(ROWS);
        (top.columns, top.blank_rows, top.tell_ragged) = (None, false, false);
        let mut rows = self.rows(&top)?;
        let read = rows.hold().and_then(|_| rows.next_window());
        let window = match read {
            Ok(Some(window)) => window,
            Ok(None) => return Ok(HeaderSearch::NotFound),
            Err(error) if error.is_out_of_order() => return Ok(HeaderSearch::NotFound),
            Err(error) => return Err(error),
        };
        let columns = &rows.header().columns;
        let mut levels: Vec<(u32, Labels)> = Vec::new();
        for (at, row) in window.row_numbers().into_iter().enumerate() {
            let cells = columns.iter().enumerate();
            let cells = cells.map(|(lane, column)| (column.index, window.column(lane).cell(at)));
            let found = labels(row, cells, window.strings(), window.dates(), self.limits())?;
            levels.push((row, found));
        }
        let sheet = &rows.header().sheet;
        let candidate = |rows, last, labels: Labels| {
            let header = Header::new(Arc::clone(sheet), Some(last), labels.clone());
            Candidate {
                rows,
                last,
                labels: labels.into_iter().map(|(_, label)| plain(label)).collect(),
                found: fields_found(contract, &header),
            }
        };
        let mut candidates = Vec::new();
        for (row, found) in &levels {
            candidates.push(candidate(HeaderRow::At(*row), *row, found.clone()));
        }
        for (at, pair) in levels.windows(2).enumerate() {
            let ((first, upper), (last, lower)) = (&pair[0], &pair[1]);
            let both = vec![upper.clone(), lower.clone()];
            let joined = join(both, &options.header_join, self.limits())?;
            let alone = candidates[at].found.max(candidates[at + 1].found);
            let (first, last) = (*first, *last);
            let mut both = candidate(HeaderRow::Rows { first, last }, last, joined);
            if last == first + 1 && both.found >= alone + GAIN_OF_A_SECOND_ROW {
                // They are one candidate, not three.
                (candidates[at].found, candidates[at + 1].found) = (0.0, 0.0);
                std::mem::swap(&mut candidates[at + 1], &mut both);
            }
        }
        Ok(choose(candidates, contract.fields.len()))
    }
}

/// A label with letter case and separators aside: the same labels again further down are the same header.
fn plain(label: Option<String>) -> Option<String> {
    label.map(|label| loose(&label, Ignored::default()))
}

fn choose(candidates: Vec<Candidate>, fields: usize) -> HeaderSearch {
    let best = candidates
        .iter()
        .map(|candidate| candidate.found)
        .fold(0.0, f64::max);
    if best == 0.0 || best < fields as f64 / 2.0 {
        return HeaderSearch::NotFound;
    }
    // The first row is the header unless another one is better by more than its letter case.
    if let Some(first) = candidates
        .first()
        .filter(|first| first.found > best - LEAD_OVER_FIRST)
    {
        return HeaderSearch::Found(first.rows);
    }
    let mut near = candidates
        .iter()
        .filter(|candidate| candidate.found > best - LEAD);
    let Some(first) = near.next() else {
        return HeaderSearch::NotFound;
    };
    let others: Vec<u32> = near
        .filter(|other| other.labels != first.labels)
        .map(|other| other.last)
        .collect();
    match others.is_empty() {
        true => HeaderSearch::Found(first.rows),
        false => HeaderSearch::Unclear([vec![first.last], others].concat()),
    }
}
