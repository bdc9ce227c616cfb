//! A window: consecutive rows of the selected columns, the unit from which batches and verdicts are made.

use std::{ops::Range, sync::Arc};

use super::{
    cell::{Cell, Tag, TagSet},
    dates::DateSystem,
    piece::{Lane, Piece},
    strings::StringTable,
};
use crate::error::Result;

/// Rows of one sheet, in order, over pieces that are shared and never copied.
#[derive(Debug, Clone)]
pub struct Window {
    parts: Vec<(Arc<Piece>, Range<usize>)>,
    columns: usize,
    rows: usize,
    strings: Arc<StringTable>,
    dates: DateSystem,
}

impl Window {
    pub(crate) fn new(
        parts: Vec<(Arc<Piece>, Range<usize>)>,
        columns: usize,
        strings: Arc<StringTable>,
        dates: DateSystem,
    ) -> Self {
        let rows = parts.iter().map(|(_, range)| range.len()).sum();
        Window {
            parts,
            columns,
            rows,
            strings,
            dates,
        }
    }

    /// Number of rows.
    pub fn num_rows(&self) -> usize {
        self.rows
    }

    /// Number of selected columns.
    pub fn num_columns(&self) -> usize {
        self.columns
    }

    /// Bytes of the shared strings in it, each as often as a cell has it.
    pub(crate) fn text_bytes(&self) -> u64 {
        let lane_bytes = |lane: &Lane, range: &Range<usize>| -> u64 {
            let slots = range.clone().map(|row| lane.slot(row));
            let shared = slots.filter(|(tag, _)| *tag == Tag::Shared);
            shared
                .map(|(_, id)| self.strings.len_of(id as u32) as u64)
                .sum()
        };
        let parts = self.parts.iter();
        let lanes = parts.flat_map(|(piece, range)| piece.lanes.iter().map(move |l| (l.1, range)));
        lanes.map(|(lane, range)| lane_bytes(lane, range)).sum()
    }

    /// Cells that are kept, nulls between them included.
    pub(crate) fn slots(&self) -> u64 {
        self.parts
            .iter()
            .map(|(piece, rows)| piece.slots(rows))
            .sum()
    }

    /// How serial numbers become dates in this workbook.
    pub fn dates(&self) -> DateSystem {
        self.dates
    }

    /// The shared strings of the workbook.
    pub fn strings(&self) -> &Arc<StringTable> {
        &self.strings
    }

    /// Zero-based sheet row of each row of the window.
    pub fn row_numbers(&self) -> Vec<u32> {
        self.parts
            .iter()
            .flat_map(|(piece, range)| piece.rows[range.clone()].iter().copied())
            .collect()
    }

    /// Rows (of the window) of a text file that have another number of cells than its header, and that number.
    pub fn ragged(&self) -> Vec<(u32, u32)> {
        let (mut found, mut start) = (Vec::new(), 0);
        for (piece, range) in &self.parts {
            let rows = &piece.rows[range.clone()];
            for (row, cells) in &piece.ragged {
                if let Ok(at) = rows.binary_search(row) {
                    found.push(((start + at) as u32, *cells));
                }
            }
            start += range.len();
        }
        found
    }

    /// Its first rows, at most so many.
    pub(crate) fn head(&self, rows: usize) -> Window {
        let (mut parts, mut left) = (Vec::new(), rows);
        for (piece, range) in &self.parts {
            let taken = range.len().min(left);
            left -= taken;
            if taken > 0 {
                parts.push((Arc::clone(piece), range.start..range.start + taken));
            }
        }
        let strings = Arc::clone(&self.strings);
        Window::new(parts, self.columns, strings, self.dates)
    }

    /// One column (index among the selected ones).
    pub fn column(&self, column: usize) -> ColumnView<'_> {
        ColumnView {
            window: self,
            column,
            reads_literals: true,
        }
    }
}

/// One column of a window.
#[derive(Debug, Clone, Copy)]
pub struct ColumnView<'a> {
    window: &'a Window,
    column: usize,
    reads_literals: bool,
}

impl<'a> ColumnView<'a> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.window.rows
    }

    /// True when the window has no rows.
    pub fn is_empty(&self) -> bool {
        self.window.rows == 0
    }

    /// Index among the selected columns.
    pub fn index(&self) -> usize {
        self.column
    }

    /// The same column, but what a text file spells is only text in it: `7` of a csv is no number until somebody reads it as
    /// one. For who has rules of his own for that.
    #[must_use]
    pub fn as_spelled(self) -> Self {
        ColumnView {
            reads_literals: false,
            ..self
        }
    }

    /// False after [`Self::as_spelled`].
    pub(crate) fn reads_literals(&self) -> bool {
        self.reads_literals
    }

    /// The window this is a column of.
    pub fn window(&self) -> &'a Window {
        self.window
    }

    /// Tags that occur (perhaps also in rows of the same pieces outside the window).
    pub fn tags(&self) -> TagSet {
        let lanes = self
            .window
            .parts
            .iter()
            .filter_map(|(piece, _)| piece.lanes.get(self.column));
        lanes.fold(TagSet::EMPTY, |tags, lane| tags.union(lane.tags()))
    }

    /// The cell in `row` of the window. For a look at single cells; to visit many use [`Self::for_each`].
    pub fn cell(&self, mut row: usize) -> Cell<'a> {
        for (piece, range) in &self.window.parts {
            if row < range.len() {
                return piece.cell(range.start + row, self.column, &self.window.strings);
            }
            row -= range.len();
        }
        Cell::Null
    }

    /// Visits every cell in order with its row in the window.
    pub fn for_each(&self, mut visit: impl FnMut(usize, Cell<'a>)) {
        let never_fails = self.try_for_each(|row, cell| {
            visit(row, cell);
            Ok(())
        });
        debug_assert!(never_fails.is_ok());
    }

    /// Visits every cell in order until `visit` fails.
    pub(crate) fn try_for_each(
        &self,
        mut visit: impl FnMut(usize, Cell<'a>) -> Result<()>,
    ) -> Result<()> {
        let mut at = 0;
        for (piece, range) in &self.window.parts {
            for row in range.clone() {
                visit(at, piece.cell(row, self.column, &self.window.strings))?;
                at += 1;
            }
        }
        Ok(())
    }

    /// The lanes under this column: piece, lane (`None`: all null) and rows.
    pub(crate) fn lanes(
        &self,
    ) -> impl Iterator<Item = (&'a Piece, Option<&'a Lane>, Range<usize>)> + use<'a> {
        let column = self.column;
        self.window
            .parts
            .iter()
            .map(move |(piece, range)| (&**piece, piece.lanes.get(column), range.clone()))
    }
}

/// Windows for the tests of what comes after.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::column::{
        cell::Tag,
        literal::tag_of,
        piece::{LaneBuilder, span},
        strings::make_view,
    };

    /// A window of these rows, which start at zero-based sheet row `first_row`. Texts without index are stored inline,
    /// texts with an index go to a shared table, where each index must mean one text.
    pub(crate) fn window(first_row: u32, columns: usize, rows: &[Vec<Cell<'_>>]) -> Window {
        tagged(first_row, columns, rows, |_| Tag::Inline)
    }

    /// The same, as it would come from a text file.
    pub(crate) fn spelled(first_row: u32, columns: usize, rows: &[Vec<Cell<'_>>]) -> Window {
        tagged(first_row, columns, rows, tag_of)
    }

    fn tagged(
        first_row: u32,
        columns: usize,
        rows: &[Vec<Cell<'_>>],
        tag_of: impl Fn(&str) -> Tag,
    ) -> Window {
        let mut lanes: Vec<LaneBuilder> = (0..columns).map(|_| LaneBuilder::default()).collect();
        let (mut text, mut shared) = (Vec::new(), Vec::<&str>::new());
        for (row, cells) in rows.iter().enumerate() {
            for (lane, cell) in lanes.iter_mut().zip(cells) {
                let mut inline = |string: &str| {
                    let at = span(text.len(), string.len());
                    text.extend_from_slice(string.as_bytes());
                    at
                };
                let bits = match *cell {
                    Cell::Null => continue,
                    Cell::Bool(value) => u64::from(value),
                    Cell::Int(value) => value as u64,
                    Cell::Float(v)
                    | Cell::Date(v)
                    | Cell::DateTime(v)
                    | Cell::Time(v)
                    | Cell::Duration(v) => v.to_bits(),
                    Cell::Text(string, None) | Cell::Error(string) => inline(string),
                    Cell::Text(string, Some(id)) => {
                        shared.resize(shared.len().max(id as usize + 1), "");
                        shared[id as usize] = string;
                        u64::from(id)
                    }
                    Cell::BadString(id) => u64::from(id),
                };
                let tag = match *cell {
                    Cell::Text(string, None) => tag_of(string),
                    _ => cell.tag(),
                };
                lane.push(row, tag, bits);
            }
        }
        let mut strings = StringTable::default();
        let block: Vec<u8> = shared.concat().into_bytes();
        let mut offset = 0;
        let views: Vec<u128> = shared
            .iter()
            .map(|string| {
                let view = make_view(string.as_bytes(), 0, offset);
                offset += string.len() as u32;
                view
            })
            .collect();
        strings.push_block(block, &views);
        let piece = Piece {
            rows: (first_row..).take(rows.len()).collect(),
            next_row: first_row + rows.len() as u32,
            lanes: lanes
                .iter_mut()
                .enumerate()
                .map(|(at, lane)| (at as u16, lane.finish()))
                .collect(),
            text: text.into(),
            ..Piece::default()
        };
        let parts = vec![(Arc::new(piece), 0..rows.len())];
        Window::new(parts, columns, Arc::new(strings), DateSystem::Y1900)
    }

    #[test]
    fn gives_back_its_cells() {
        let rows = [
            vec![Cell::Text("a", Some(0)), Cell::Int(1), Cell::Null],
            vec![Cell::Null, Cell::Float(1.5), Cell::Text("inline", None)],
            vec![Cell::BadString(7), Cell::Null, Cell::Error("#N/A")],
        ];
        let window = window(4, 3, &rows);
        for (row, cells) in rows.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                assert_eq!(window.column(column).cell(row), *cell);
                window
                    .column(column)
                    .for_each(|at, found| assert!(at != row || found == *cell));
            }
        }
        assert_eq!(window.row_numbers(), [4, 5, 6]);
        assert!(window.column(1).tags().contains(Tag::Float));
    }
}
