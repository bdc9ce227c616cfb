//! Rows under construction: cells go to lanes, rows of a chunk to pieces.

use super::{CellFormats, Selection, number::Number, plain};
use crate::{
    column::{
        Tag,
        piece::{Formula, LaneBuilder, Note, Piece, span, span_bytes},
    },
    error::{Error, Result},
};

/// Slots (rows times lanes) after which a piece is finished, so that lanes padded with nulls stay small however the cells
/// of a hostile sheet are spread.
const MAX_SLOTS: usize = 1 << 21;
/// Nulls above cells that a piece may be padded with.
const MAX_PADDED: usize = 1 << 21;
/// Blank rows that are filled in within a piece; larger gaps lie between pieces, where they cost nothing.
const MAX_GAP: u32 = 256;

/// Pieces that the cells of one chunk may make by saying that they are in other rows than the one they stand in.
const MAX_PIECES: usize = 1 << 16;

/// Collects the cells of a chunk.
pub(crate) struct RowSink {
    blank_rows: bool,
    skip_hidden: bool,
    keep_notes: bool,
    first_row: u32,
    last_row: u32,
    /// Rows above belong to the header.
    table_row: u32,
    lanes: Vec<LaneBuilder>,
    /// Lanes that have a cell in the piece in hand.
    touched: Vec<u16>,
    rows: Vec<u32>,
    /// Rows that are left out (hidden ones, comments), where rows are filled in between others: these are not.
    left_out: Vec<u32>,
    text: Vec<u8>,
    /// Hidden rows of the table in the piece in hand that have a cell.
    hidden_rows: u64,
    notes: Vec<Note>,
    /// Rows with another number of cells than the header, and that number.
    ragged: Vec<(u32, u32)>,
    padded: usize,
    /// Row numbers count from the start of the chunk, as long as no row said its number.
    relative: bool,
    next_row: u32,
    row: u32,
    /// The current row has a place in `rows` (it has a cell).
    placed: bool,
    /// The current row is outside the selection.
    outside: bool,
    /// The current row is hidden.
    is_hidden: bool,
    /// The next `begin_row` is the current row once more.
    again: bool,
    done: Vec<Piece>,
}

impl RowSink {
    pub(crate) fn new(selection: &Selection) -> Self {
        RowSink {
            blank_rows: selection.blank_rows,
            skip_hidden: selection.skip_hidden_rows,
            keep_notes: selection.notes,
            first_row: *selection.rows.start(),
            last_row: *selection.rows.end(),
            table_row: selection.first_row(),
            lanes: Vec::new(),
            touched: Vec::new(),
            rows: Vec::new(),
            left_out: Vec::new(),
            text: Vec::new(),
            hidden_rows: 0,
            notes: Vec::new(),
            ragged: Vec::new(),
            padded: 0,
            relative: true,
            next_row: 0,
            row: 0,
            placed: false,
            outside: false,
            is_hidden: false,
            again: false,
            done: Vec::new(),
        }
    }

    /// Starts a row: the one with this zero-based number, or the next one.
    pub(crate) fn begin_row(&mut self, number: Option<u32>) {
        self.is_hidden = false;
        if std::mem::take(&mut self.again) {
            return;
        }
        if let Some(number) = number {
            // A piece has ascending rows of one kind of numbering.
            if (self.relative && self.next_row > 0) || number < self.next_row {
                self.finish_piece();
            }
            self.relative = false;
            self.next_row = number;
        }
        self.row = self.next_row;
        self.next_row += 1;
        self.placed = false;
        self.outside = !self.relative && !(self.first_row..=self.last_row).contains(&self.row);
    }

    /// Says that the row just begun is hidden.
    pub(crate) fn hide_row(&mut self) {
        self.is_hidden = true;
        // A row may be begun twice.
        let is_known = self.left_out.last() == Some(&self.row);
        if self.skip_hidden && self.blank_rows && !self.outside && !is_known {
            self.left_out.push(self.row);
        }
    }

    /// Leaves the row just begun out: it is none of the table.
    pub(crate) fn leave_row_out(&mut self) {
        if self.blank_rows && !self.outside {
            self.left_out.push(self.row);
        }
        self.outside = true;
    }

    /// A cell says that the row in hand is this one. Where that was known nothing changes.
    ///
    /// # Errors
    /// `Malformed` where the cells of a row jump to and fro, since each jump makes a piece.
    pub(crate) fn move_to_row(&mut self, number: u32) -> Result<()> {
        if self.relative || number != self.row {
            if self.done.len() >= MAX_PIECES {
                return Err(Error::malformed(
                    "the cells of a row say again and again that they are in other rows",
                ));
            }
            let is_hidden = self.is_hidden;
            self.begin_row(Some(number));
            if is_hidden {
                self.hide_row();
            }
        }
        Ok(())
    }

    /// The row in hand will be read from its start once more, by the tolerant scanner.
    pub(crate) fn repeat_row(&mut self) {
        self.again = true;
    }

    /// Puts a cell into the row in hand.
    #[inline(always)]
    pub(crate) fn push(&mut self, lane: usize, tag: Tag, bits: u64) {
        if !self.placed && !self.place_row() {
            return;
        }
        let row = self.rows.len() - 1;
        match self.lanes.get_mut(lane) {
            Some(builder) if builder.len() == row && row > 0 => builder.push(row, tag, bits),
            _ => self.push_far(lane, tag, bits),
        }
    }

    /// Puts the first cell of a lane, or a cell below nulls (or over another one of its row). Many nulls above the first cells of a row are not kept: the
    /// row starts a piece of its own.
    #[inline(never)]
    fn push_far(&mut self, lane: usize, tag: Tag, bits: u64) {
        if self.lanes.len() <= lane {
            self.lanes.resize_with(lane + 1, LaneBuilder::default);
        }
        if self.lanes[lane].len() == 0 {
            self.touched.push(lane as u16);
        }
        let row = self.rows.len() - 1;
        self.padded += row.saturating_sub(self.lanes[lane].len());
        if self.padded > MAX_PADDED && row > 0 {
            let bits = self.restart_row(tag, bits);
            self.touched.push(lane as u16);
            self.lanes[lane].push(0, tag, bits);
        } else {
            self.lanes[lane].push(row, tag, bits);
        }
    }

    /// Finishes the rows above the one in hand, which becomes the first of the next piece; gives `bits` anew, for texts have
    /// moved with it.
    fn restart_row(&mut self, tag: Tag, bits: u64) -> u64 {
        let row = self.rows.len() - 1;
        let text = self.text.clone();
        let mut cells = Vec::new();
        for &lane in &self.touched {
            let cell = self.lanes[usize::from(lane)].take_last(row);
            cells.extend(cell.map(|cell| (lane, cell)));
        }
        self.rows.truncate(row);
        let in_hand = self.row;
        let notes = self.notes.partition_point(|note| note.row < in_hand);
        let notes = self.notes.split_off(notes);
        self.finish_rows(self.rows[row - 1] + 1);
        self.rows.push(self.row);
        let row = self.row;
        self.notes
            .extend(notes.into_iter().map(|note| Note { row, ..note }));
        let mut moved = |tag: Tag, bits: u64| match tag.is_span() {
            true => {
                let bytes = span_bytes(bits, &text);
                let offset = self.text.len();
                self.text.extend_from_slice(bytes);
                span(offset, bytes.len())
            }
            false => bits,
        };
        for (lane, (tag, bits)) in cells {
            self.touched.push(lane);
            self.lanes[usize::from(lane)].push(0, tag, moved(tag, bits));
        }
        moved(tag, bits)
    }

    /// Puts a text (or the literal of an error), which is UTF-8.
    pub(crate) fn push_text(&mut self, lane: usize, tag: Tag, text: &[u8]) -> Result<()> {
        // Placing the row may start a new piece, with a text of its own.
        if !self.placed && !self.place_row() {
            return Ok(());
        }
        let offset = self.text.len();
        if u32::try_from(offset + text.len()).is_err() {
            return Err(Error::malformed(
                "more than 4 GiB of text between two row numbers",
            ));
        }
        self.text.extend_from_slice(text);
        self.push(lane, tag, span(offset, text.len()));
        Ok(())
    }

    /// Puts a number, as what its format makes of it.
    pub(crate) fn push_number(
        &mut self,
        lane: usize,
        number: Number,
        format: u32,
        formats: &CellFormats,
    ) -> Result<()> {
        let (tag, bits) = match formats.slot(number, format) {
            Some(slot) => slot,
            None => match formats.shown(number, format) {
                Some(text) => return self.push_text(lane, Tag::Inline, text.as_bytes()),
                None => plain(number),
            },
        };
        self.push(lane, tag, bits);
        Ok(())
    }

    /// Keeps the format and the formula of a cell that was put, where they are wanted.
    pub(crate) fn note(&mut self, lane: usize, format: u32, formula: impl FnOnce() -> Formula) {
        if self.keep_notes && self.placed {
            self.notes.push(Note {
                row: self.row,
                lane: lane as u16,
                is_hidden: self.is_hidden,
                format,
                formula: formula(),
            });
        }
    }

    /// Says, behind its last cell, that the row in hand has another number of cells than the header.
    pub(crate) fn note_ragged(&mut self, cells: u32) {
        if self.placed {
            self.ragged.push((self.row, cells));
        }
    }

    /// Gives the row in hand a place; false when it is not selected.
    #[inline(never)]
    fn place_row(&mut self) -> bool {
        if self.outside {
            return false;
        }
        if self.is_hidden {
            self.hidden_rows += u64::from(self.relative || self.row >= self.table_row);
            if self.skip_hidden {
                self.outside = true;
                return false;
            }
        }
        if let Some(&last) = self.rows.last() {
            let gap = self.row - last - 1;
            let slots = self.rows.len() * self.lanes.len();
            if gap > MAX_GAP || slots > MAX_SLOTS {
                self.finish_rows(last + 1);
            } else if self.blank_rows {
                let left_out = |row: &u32| self.left_out.binary_search(row).is_ok();
                self.rows
                    .extend((last + 1..self.row).filter(|row| !left_out(row)));
            }
        }
        self.rows.push(self.row);
        self.placed = true;
        true
    }

    /// Finishes the piece in hand, and all that the chunk holds.
    pub(crate) fn finish(&mut self) -> Vec<Piece> {
        self.finish_piece();
        self.relative = true;
        self.next_row = 0;
        self.again = false;
        std::mem::take(&mut self.done)
    }

    fn finish_piece(&mut self) {
        if self.next_row > 0 {
            self.finish_rows(self.next_row);
        }
    }

    fn finish_rows(&mut self, next_row: u32) {
        self.padded = 0;
        self.touched.sort_unstable();
        self.touched.dedup();
        let lanes = self
            .touched
            .drain(..)
            .map(|at| (at, self.lanes[usize::from(at)].finish()));
        let lanes = lanes.filter(|(_, lane)| lane.len() > 0).collect();
        self.done.push(Piece {
            rows: std::mem::take(&mut self.rows),
            left_out: std::mem::take(&mut self.left_out),
            relative: self.relative,
            next_row,
            lanes,
            text: std::mem::take(&mut self.text).into(),
            hidden_rows: std::mem::take(&mut self.hidden_rows),
            notes: std::mem::take(&mut self.notes),
            ragged: std::mem::take(&mut self.ragged),
        });
        if self.relative {
            // What follows counts on from this piece.
            self.next_row -= next_row;
            self.row = self.row.wrapping_sub(next_row);
        }
    }
}
