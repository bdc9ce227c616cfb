//! Which cells of a sheet are wanted.

use std::ops::RangeInclusive;

/// What to read of a sheet: the selection every worker shares.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    /// Zero-based first and last row.
    pub(crate) rows: RangeInclusive<u32>,
    /// The last row of the header: it and those above it are read to see that they stand there, and are no rows of the table.
    pub(crate) header: Option<u32>,
    /// Rows may come in any order: which are the header is known.
    pub(crate) any_order: bool,
    /// Lane of each sheet column, [`Selection::SKIP`] for those not read; columns beyond the end are not read either.
    pub(crate) lanes: Vec<u16>,
    /// Keep rows without any value between rows that have one.
    pub(crate) blank_rows: bool,
    /// Leave hidden rows out.
    pub(crate) skip_hidden_rows: bool,
    /// Rows that are left out too, ascending.
    pub(crate) omitted: Vec<u32>,
    /// Numbers whose format makes them identifiers become the text that is shown.
    pub(crate) display_text: bool,
    /// Cells of the header of a text file, where records that have another number of them are to be told.
    pub(crate) width: Option<u32>,
    /// Keep the format and the formula of each cell.
    pub(crate) notes: bool,
    /// Say which cells are merged, at the end.
    pub(crate) merges: bool,
}

impl Selection {
    pub(crate) const SKIP: u16 = u16::MAX;

    /// These rows, of the columns that `lanes` has.
    pub(crate) fn new(rows: RangeInclusive<u32>, lanes: Vec<u16>) -> Self {
        Selection {
            rows,
            header: None,
            any_order: false,
            lanes,
            blank_rows: false,
            skip_hidden_rows: false,
            omitted: Vec::new(),
            width: None,
            display_text: false,
            notes: false,
            merges: false,
        }
    }

    /// The first row of the table.
    pub(crate) fn first_row(&self) -> u32 {
        let below = self.header.map_or(0, |header| header.saturating_add(1));
        below.max(*self.rows.start())
    }

    /// The lane of `column`.
    #[inline]
    pub(crate) fn lane(&self, column: u32) -> Option<usize> {
        match self.lanes.get(column as usize) {
            Some(&lane) if lane != Self::SKIP => Some(usize::from(lane)),
            _ => None,
        }
    }
}

/// Rows or columns, as ranges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lines(Vec<RangeInclusive<u32>>);

impl Lines {
    pub(crate) const NONE: &Lines = &Lines(Vec::new());
    /// Ranges kept: writers give a few, and a file with more has adjacent ones at best.
    const MAX: usize = 16_384;

    /// Adds a range, unless there are very many already.
    pub(crate) fn push(&mut self, lines: RangeInclusive<u32>) {
        let is_full = self.0.len() == Self::MAX;
        match self.0.last_mut() {
            Some(last) if last.end().checked_add(1) == Some(*lines.start()) => {
                *last = *last.start()..=*lines.end();
            }
            _ if is_full => {}
            _ => self.0.push(lines),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &RangeInclusive<u32>> {
        self.0.iter()
    }

    pub(crate) fn contains(&self, line: u32) -> bool {
        self.0.iter().any(|lines| lines.contains(&line))
    }
}
