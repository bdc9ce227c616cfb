//! Pieces of chunks to the rows of a table: relative row numbers resolved, unselected rows left out, blank rows filled in,
//! limits asked.

use std::{ops::Range, sync::Arc};

use crate::{
    book::{PieceStream, Selection},
    column::piece::{LaneBuilder, Piece, is_wide_int, span, span_bytes},
    column::{Tag, TagSet},
    error::{Error, Result},
    limits::{Limits, check},
};

/// Some rows of a piece.
pub(crate) type Part = (Arc<Piece>, Range<usize>);

/// Puts pieces in order.
pub(crate) struct Collector {
    first_row: u32,
    last_row: u32,
    /// The last row of the header, if the order of rows matters to it.
    header: Option<u32>,
    /// It was met, or a row below it.
    header_passed: bool,
    blank_rows: bool,
    /// Number of the row after the last one met.
    next_row: u32,
    max_rows: u32,
    /// The row after the last one collected.
    expected: u32,
    rows: u64,
    cells: u64,
    hidden_rows: u64,
    /// Rows that are not filled in.
    left_out: Vec<u32>,
    /// Rows that are left out, ascending.
    omitted: Vec<u32>,
    limits: Limits,
    late_row: Option<u32>,
}

impl Collector {
    /// `next_row` is the number of the first row of the first piece, should it not say its own; `max_rows` how many there
    /// can be in such a file.
    pub(crate) fn new(selection: &Selection, next_row: u32, max_rows: u32, limits: Limits) -> Self {
        let (first_row, last_row) = (selection.first_row(), *selection.rows.end());
        Collector {
            header: selection.header.filter(|_| !selection.any_order),
            header_passed: false,
            first_row,
            last_row,
            blank_rows: selection.blank_rows,
            next_row,
            max_rows,
            expected: first_row,
            rows: 0,
            cells: 0,
            hidden_rows: 0,
            left_out: Vec::new(),
            omitted: selection.omitted.clone(),
            limits,
            late_row: None,
        }
    }

    /// One that asks no limits: for rows that come again, and are counted then.
    pub(crate) fn uncounted(
        selection: &Selection,
        next_row: u32,
        max_rows: u32,
        limits: &Limits,
    ) -> Self {
        let uncounted = Limits {
            max_rows: Limits::NONE,
            max_cells: Limits::NONE,
            ..limits.clone()
        };
        Collector::new(selection, next_row, max_rows, uncounted)
    }

    /// Adds a piece to `parts`.
    ///
    /// # Errors
    /// `sheet/out-of-order` for a row that belongs to the header, or stands above it, and comes late.
    pub(crate) fn push(&mut self, mut piece: Piece, parts: &mut Vec<Part>) -> Result<()> {
        let base = if piece.relative { self.next_row } else { 0 };
        self.next_row = base.saturating_add(piece.next_row);
        if self.next_row > self.max_rows {
            return Err(Error::malformed(format!(
                "the sheet has more than {} rows",
                self.max_rows
            )));
        }
        if piece.relative {
            piece.shift_rows(base);
        }
        self.hidden_rows += piece.hidden_rows;
        self.left_out.append(&mut piece.left_out);
        if let (Some(header), Some(&first), Some(&last)) =
            (self.header, piece.rows.first(), piece.rows.last())
        {
            if self.header_passed && first <= header {
                return Err(Error::out_of_order(first));
            }
            self.header_passed |= last >= header;
        }
        let start = piece.rows.partition_point(|&row| row < self.first_row);
        let end = piece.rows.partition_point(|&row| row <= self.last_row);
        if start >= end {
            return Ok(());
        }
        let first = piece.rows[start];
        if first < self.expected {
            self.late_row.get_or_insert(first);
        } else if self.blank_rows && first > self.expected {
            let blank = self.blank_piece(self.expected..first);
            let len = blank.len();
            if len > 0 {
                self.count(&blank, &(0..len))?;
                parts.push((Arc::new(blank), 0..len));
            }
        }
        self.expected = self.expected.max(piece.rows[end - 1] + 1);
        let kept = kept(&piece.rows, start..end, &self.omitted);
        let piece = Arc::new(piece);
        for rows in kept {
            self.count(&piece, &rows)?;
            parts.push((Arc::clone(&piece), rows));
        }
        Ok(())
    }

    fn blank_piece(&self, rows: Range<u32>) -> Piece {
        let is_out = |row: &u32| {
            self.left_out.binary_search(row).is_ok() || self.omitted.binary_search(row).is_ok()
        };
        Piece {
            next_row: rows.end,
            rows: rows.filter(|row| !is_out(row)).collect(),
            ..Piece::default()
        }
    }

    /// Counts these rows of a piece.
    fn count(&mut self, piece: &Piece, rows: &Range<usize>) -> Result<()> {
        self.rows += rows.len() as u64;
        // Columns without a cell are left out in the end, so that a lone cell far to the right costs nothing.
        self.cells += piece.slots(rows).max(rows.len() as u64);
        check("max_rows", self.limits.max_rows, self.rows)?;
        check("max_cells", self.limits.max_cells, self.cells)
    }

    /// Number of the row after the last one met.
    pub(crate) fn next_row(&self) -> u32 {
        self.next_row
    }

    /// Rows collected so far.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Hidden rows met so far.
    pub(crate) fn hidden_rows(&self) -> u64 {
        self.hidden_rows
    }

    /// Rows that are not filled in, ascending.
    pub(crate) fn left_out(&self) -> Vec<u32> {
        let mut rows = [&self.left_out[..], &self.omitted].concat();
        rows.sort_unstable();
        rows
    }

    /// The first row that came after one with a larger number, or twice.
    pub(crate) fn late_row(&self) -> Option<u32> {
        self.late_row
    }
}

/// The first rows of a stream that have a cell: as many as asked for, or more, or all.
pub(crate) fn first_parts(
    stream: &mut dyn PieceStream,
    selection: &Selection,
    rows: usize,
    limits: &Limits,
) -> Result<Vec<Part>> {
    let (first_row, max_rows) = (stream.first_row(), stream.max_rows());
    let mut collector = Collector::uncounted(selection, first_row, max_rows, limits);
    let mut parts = Vec::new();
    while collector.rows() < rows as u64
        && let Some(pieces) = stream.next()?
    {
        for piece in pieces {
            collector.push(piece, &mut parts)?;
        }
    }
    Ok(parts)
}

/// Bytes of the pieces under these parts. The parts of one piece follow one another.
pub(crate) fn held_bytes(parts: &[Part]) -> u64 {
    let pieces = parts.chunk_by(|(a, _), (b, _)| Arc::ptr_eq(a, b));
    pieces.map(|parts| parts[0].0.held_bytes()).sum()
}

/// What remains of these places of `rows` without the omitted rows; both are ascending.
fn kept(rows: &[u32], places: Range<usize>, omitted: &[u32]) -> Vec<Range<usize>> {
    let (mut kept, mut start) = (Vec::new(), places.start);
    for row in omitted {
        if let Ok(at) = rows[start..places.end].binary_search(row) {
            kept.push(start..start + at);
            start += at + 1;
        }
    }
    kept.push(start..places.end);
    kept.retain(|places| !places.is_empty());
    kept
}

/// Sorts rows that came out of order and joins rows that came twice; where both have a value in a cell, the later one
/// counts. Blank rows are filled in from the first selected row on, but for those left out. Files like that are rare, so this
/// copies everything.
///
/// # Errors
/// `Limit` when the rows from the first to the last have more cells than a table may have.
pub(crate) fn reorder(
    parts: &[Part],
    left_out: &[u32],
    selection: &Selection,
    limits: &Limits,
) -> Result<Vec<Part>> {
    let mut order: Vec<(u32, usize, usize)> = Vec::new();
    for (index, (piece, range)) in parts.iter().enumerate() {
        // Rows that were filled in are not in the file; they are filled in once more below.
        if piece.lanes.width() > 0 {
            order.extend(range.clone().map(|row| (piece.rows[row], index, row)));
        }
    }
    order.sort();
    let lanes = parts
        .iter()
        .map(|(piece, _)| piece.lanes.width())
        .max()
        .unwrap_or(0);
    let first = match selection.blank_rows {
        true => selection.first_row(),
        false => order.first().map_or(0, |first| first.0),
    };
    let rows = match (selection.blank_rows, order.last()) {
        (true, Some(last)) => u64::from(last.0.saturating_sub(first)) + 1,
        _ => order.len() as u64,
    };
    let mut is_used = vec![false; lanes];
    for (piece, _) in parts {
        piece
            .lanes
            .iter()
            .for_each(|(lane, _)| is_used[lane] = true);
    }
    let cells = rows * is_used.iter().filter(|is_used| **is_used).count() as u64;
    check("max_cells", limits.max_cells, cells)?;
    let held = held_bytes(parts);
    let sorted = order.len() * size_of::<(u32, usize, usize)>();
    limits.check_held(held + sorted as u64 + cells * 9)?;
    let mut builders: Vec<LaneBuilder> = (0..lanes).map(|_| LaneBuilder::default()).collect();
    let (mut rows, mut text): (Vec<u32>, Vec<u8>) = (Vec::new(), Vec::new());
    let mut expected = selection.first_row();
    for (number, index, row) in order {
        if number >= expected {
            let first = if selection.blank_rows {
                expected
            } else {
                number
            };
            rows.extend((first..number).filter(|row| left_out.binary_search(row).is_err()));
            rows.push(number);
            expected = number + 1;
        }
        let piece = &parts[index].0;
        for (column, lane) in piece.lanes.iter() {
            let builder = &mut builders[column];
            let (tag, mut bits) = lane.slot(row);
            if tag == Tag::Null {
                continue;
            }
            if tag.is_span() {
                let bytes = span_bytes(bits, &piece.text);
                bits = span(text.len(), bytes.len());
                text.extend_from_slice(bytes);
                if u32::try_from(text.len()).is_err() {
                    return Err(Error::unsupported(
                        "rows are out of order and hold more than 4 GiB of text",
                    ));
                }
            }
            builder.push(rows.len() - 1, tag, bits);
        }
    }
    let next_row = rows.last().map_or(0, |&last| last + 1);
    let len = rows.len();
    let lanes = builders.iter_mut().enumerate();
    let lanes = lanes.map(|(column, lane)| (column as u16, lane.finish()));
    let lanes = lanes.filter(|(_, lane)| lane.len() > 0).collect();
    let piece = Piece {
        rows,
        next_row,
        lanes,
        text: text.into(),
        ..Piece::default()
    };
    Ok(vec![(Arc::new(piece), 0..len)])
}

/// What is known of the cells of one lane over all parts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LaneFacts {
    pub(crate) tags: TagSet,
    pub(crate) wide_ints: bool,
}

/// The facts of every lane, of the rows that are in the parts.
pub(crate) fn lane_facts(parts: &[Part]) -> Vec<LaneFacts> {
    let mut facts: Vec<LaneFacts> = Vec::new();
    for (piece, rows) in parts {
        if facts.len() < piece.lanes.width() {
            facts.resize(piece.lanes.width(), LaneFacts::default());
        }
        let is_whole = *rows == (0..piece.len());
        for (column, lane) in piece.lanes.iter() {
            let facts = &mut facts[column];
            if is_whole {
                facts.tags.insert(lane.tags());
                facts.wide_ints |= lane.has_wide_ints();
            } else {
                // Rows that are left out, a header say, may be of another type.
                for row in rows.clone() {
                    let (tag, bits) = lane.slot(row);
                    facts.tags.insert(tag.mask());
                    facts.wide_ints |= tag == Tag::Int && is_wide_int(bits);
                }
            }
        }
    }
    for facts in &mut facts {
        facts.wide_ints |= facts.tags.contains(Tag::WideIntText);
    }
    facts
}
