//! A piece: the cells of some rows, column by column, as one worker read them from one chunk of a sheet.
//!
//! A lane (one column of a piece) keeps every cell exactly: nothing is converted, so nothing can be lost by a wrong
//! guess of the column's type. It is built as tag + 64 bits per cell and packed when the piece is finished, because the
//! pieces of a whole table may be held until its types are known.

use std::ops::Range;

use arrow_buffer::Buffer;

use super::{
    cell::{Cell, Tag, TagSet},
    strings::StringTable,
};

/// Null in a lane packed to string indexes.
pub(crate) const NO_STRING: u32 = u32::MAX;
/// Null in a lane packed to small integers.
pub(crate) const NO_INT: i32 = i32::MIN;

/// What memory of its own takes at least, however little is in it.
const ALLOCATION: usize = 48;

/// Cells of some rows; lanes follow the order of the selected columns.
#[derive(Debug, Default)]
pub(crate) struct Piece {
    /// Zero-based sheet rows, ascending; counted from the row after the previous piece when `relative`.
    pub(crate) rows: Vec<u32>,
    /// Rows that are not to be filled in between others, for they are hidden; ascending, counted as `rows` are.
    pub(crate) left_out: Vec<u32>,
    /// True while the place of the first row depends on the pieces before (rows without `r`).
    pub(crate) relative: bool,
    /// Number of the row after the last one met, counted as `rows` are.
    pub(crate) next_row: u32,
    /// Those of the selected columns that have a value.
    pub(crate) lanes: Lanes,
    /// Inline texts and error literals.
    pub(crate) text: Buffer,
    /// Rows with a cell that are hidden, also those left out for it.
    pub(crate) hidden_rows: u64,
    /// What else is known of cells, in the order of the file, where it was asked for.
    pub(crate) notes: Vec<Note>,
    /// Rows of a text file with another number of cells than its header, and that number; ascending, counted as `rows` are.
    pub(crate) ragged: Vec<(u32, u32)>,
}

/// What is known of a cell beside its value.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    /// As in [`Piece::rows`].
    pub(crate) row: u32,
    pub(crate) lane: u16,
    /// Its row is hidden.
    pub(crate) is_hidden: bool,
    /// Index of its number format.
    pub(crate) format: u32,
    pub(crate) formula: Formula,
}

/// Where the value of a cell comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Formula {
    /// The cell itself.
    #[default]
    None,
    /// A formula whose text is not in this cell, or not as text.
    Untold,
    /// This formula.
    Text(Box<str>),
}

impl Piece {
    /// Counts rows from `base` on, where they were relative.
    pub(crate) fn shift_rows(&mut self, base: u32) {
        self.rows.iter_mut().for_each(|row| *row += base);
        self.left_out.iter_mut().for_each(|row| *row += base);
        self.notes.iter_mut().for_each(|note| note.row += base);
        self.ragged.iter_mut().for_each(|(row, _)| *row += base);
        self.relative = false;
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Bytes it takes, about.
    pub(crate) fn held_bytes(&self) -> u64 {
        let numbers = 4 * (self.rows.len() + self.left_out.len()) + 8 * self.ragged.len();
        let lanes: usize = self.lanes.iter().map(|(_, lane)| lane.held_bytes()).sum();
        (size_of::<Piece>() + 6 * ALLOCATION + numbers + lanes + self.text.len()) as u64
    }

    /// Cells kept in these rows, nulls between them included.
    pub(crate) fn slots(&self, rows: &Range<usize>) -> u64 {
        let kept = |lane: &Lane| lane.len().min(rows.end).saturating_sub(rows.start);
        self.lanes.iter().map(|(_, lane)| kept(lane) as u64).sum()
    }

    /// The cell in `row` (index in this piece) of lane `column`.
    pub(crate) fn cell<'a>(
        &'a self,
        row: usize,
        column: usize,
        strings: &'a StringTable,
    ) -> Cell<'a> {
        match self.lanes.get(column) {
            Some(lane) => self.lane_cell(lane, row, strings),
            None => Cell::Null,
        }
    }

    /// The cell in `row` of one of its lanes.
    pub(crate) fn lane_cell<'a>(
        &'a self,
        lane: &Lane,
        row: usize,
        strings: &'a StringTable,
    ) -> Cell<'a> {
        let (tag, bits) = lane.slot(row);
        decode(tag, bits, &self.text, strings)
    }
}

/// The lanes of a piece by the place of their columns, ascending. Columns without a value have none: a piece of a single row
/// takes no more memory than its cells.
#[derive(Debug, Default)]
pub(crate) struct Lanes(Vec<(u16, Lane)>);

impl Lanes {
    /// The lane of a column; `None` when the column has no value in this piece.
    #[inline]
    pub(crate) fn get(&self, column: usize) -> Option<&Lane> {
        match self.0.get(column) {
            // Every column before has a lane, nearly always.
            Some((place, lane)) if usize::from(*place) == column => Some(lane),
            _ => {
                let found = self
                    .0
                    .binary_search_by_key(&column, |(place, _)| usize::from(*place));
                found.ok().map(|at| &self.0[at].1)
            }
        }
    }

    /// Columns up to the last one that has a lane.
    pub(crate) fn width(&self) -> usize {
        self.0
            .last()
            .map_or(0, |(place, _)| usize::from(*place) + 1)
    }

    /// All lanes, with the places of their columns.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Lane)> {
        self.0
            .iter()
            .map(|(place, lane)| (usize::from(*place), lane))
    }

    /// Keeps these columns (ascending), in this order.
    pub(crate) fn select(&mut self, keep: &[usize]) {
        self.0.retain_mut(
            |(place, _)| match keep.binary_search(&usize::from(*place)) {
                Ok(at) => {
                    *place = at as u16;
                    true
                }
                Err(_) => false,
            },
        );
    }
}

impl FromIterator<(u16, Lane)> for Lanes {
    fn from_iter<I: IntoIterator<Item = (u16, Lane)>>(lanes: I) -> Self {
        Lanes(lanes.into_iter().collect())
    }
}

/// Reads a slot back into a cell.
pub(crate) fn decode<'a>(
    tag: Tag,
    bits: u64,
    text: &'a [u8],
    strings: &'a StringTable,
) -> Cell<'a> {
    match tag {
        Tag::Null => Cell::Null,
        Tag::Bool => Cell::Bool(bits != 0),
        Tag::Int => Cell::Int(bits as i64),
        Tag::Float => Cell::Float(f64::from_bits(bits)),
        Tag::Date => Cell::Date(f64::from_bits(bits)),
        Tag::DateTime => Cell::DateTime(f64::from_bits(bits)),
        Tag::Time => Cell::Time(f64::from_bits(bits)),
        Tag::Duration => Cell::Duration(f64::from_bits(bits)),
        Tag::Shared => match strings.get(bits as u32) {
            Some(string) => Cell::Text(string, Some(bits as u32)),
            None => Cell::BadString(bits as u32),
        },
        Tag::Error => Cell::Error(span_text(bits, text)),
        Tag::Inline
        | Tag::IntText
        | Tag::WideIntText
        | Tag::FloatText
        | Tag::BoolText
        | Tag::DateText
        | Tag::DateTimeText
        | Tag::TimeText => Cell::Text(span_text(bits, text), None),
    }
}

/// A place in the text of a piece, packed in 64 bits.
pub(crate) fn span(offset: usize, len: usize) -> u64 {
    (offset as u64) << 32 | len as u64
}

pub(crate) fn span_bytes(bits: u64, text: &[u8]) -> &[u8] {
    let (offset, len) = ((bits >> 32) as usize, bits as u32 as usize);
    &text[offset..offset + len]
}

pub(crate) fn span_text(bits: u64, text: &[u8]) -> &str {
    std::str::from_utf8(span_bytes(bits, text)).unwrap_or_default() // always Ok: checked when the piece was finished
}

/// One column of a piece.
#[derive(Debug)]
pub(crate) struct Lane {
    tags: TagSet,
    wide: bool,
    packed: Packed,
}

/// How a lane is kept. A lane may be shorter than its piece: what is missing is null.
#[derive(Debug)]
pub(crate) enum Packed {
    /// Shared strings; `NO_STRING` is null.
    Strings(Vec<u32>),
    /// Integers of 32 bits; `NO_INT` is null.
    Ints(Vec<i32>),
    /// One tag, no nulls.
    Plain(Tag, Vec<u64>),
    /// Anything.
    Mixed(Vec<u8>, Vec<u64>),
}

impl Lane {
    /// Tags that occur, null included only where a mixed lane stores one.
    pub(crate) fn tags(&self) -> TagSet {
        self.tags
    }

    /// True when it holds an integer beyond 2^53, which no double can hold.
    pub(crate) fn has_wide_ints(&self) -> bool {
        self.wide
    }

    pub(crate) fn packed(&self) -> &Packed {
        &self.packed
    }

    /// Cells kept; the rest of the piece is null.
    pub(crate) fn len(&self) -> usize {
        match &self.packed {
            Packed::Strings(ids) => ids.len(),
            Packed::Ints(ints) => ints.len(),
            Packed::Plain(_, values) | Packed::Mixed(_, values) => values.len(),
        }
    }

    fn held_bytes(&self) -> usize {
        size_of::<(u16, Lane)>()
            + ALLOCATION
            + match &self.packed {
                Packed::Strings(ids) => 4 * ids.len(),
                Packed::Ints(ints) => 4 * ints.len(),
                Packed::Plain(_, values) => 8 * values.len(),
                Packed::Mixed(_, values) => 9 * values.len(),
            }
    }

    /// Tag and bits of the cell in `row`; null beyond the end.
    pub(crate) fn slot(&self, row: usize) -> (Tag, u64) {
        const NULL: (Tag, u64) = (Tag::Null, 0);
        match &self.packed {
            Packed::Strings(ids) => match ids.get(row) {
                Some(&NO_STRING) | None => NULL,
                Some(&id) => (Tag::Shared, u64::from(id)),
            },
            Packed::Ints(ints) => match ints.get(row) {
                Some(&NO_INT) | None => NULL,
                Some(&int) => (Tag::Int, i64::from(int) as u64),
            },
            Packed::Plain(tag, values) => values.get(row).map_or(NULL, |&bits| (*tag, bits)),
            Packed::Mixed(tags, values) => values
                .get(row)
                .map_or(NULL, |&bits| (Tag::from_u8(tags[row]), bits)),
        }
    }
}

/// Builds a lane, cell by cell, rows ascending. As long as all cells have one tag, only their values are kept.
#[derive(Debug, Default)]
pub(crate) struct LaneBuilder {
    /// The tag of all cells, [`MIXED`] once they differ.
    tag: u8,
    /// The tag of each cell, once they differ.
    tags: Vec<u8>,
    values: Vec<u64>,
    seen: TagSet,
    wide_ints: bool,
}

/// No tag of a cell.
const MIXED: u8 = u8::MAX;

impl LaneBuilder {
    /// Puts a cell into `row` (index in the piece). A second cell in the same row replaces the first.
    #[inline(always)]
    pub(crate) fn push(&mut self, row: usize, tag: Tag, bits: u64) {
        debug_assert!(tag != Tag::Null);
        self.wide_ints |= bits as i64 != i64::from(bits as i32) || bits as i32 == NO_INT;
        if self.values.len() == row && self.tag == tag as u8 {
            self.values.push(bits);
        } else {
            self.push_other(row, tag, bits);
        }
    }

    #[inline(never)]
    fn push_other(&mut self, row: usize, tag: Tag, bits: u64) {
        self.seen.insert(tag.mask());
        if row == 0 {
            self.tag = tag as u8;
            self.values.clear();
            self.values.push(bits);
            return;
        }
        if self.tag != MIXED {
            let len = self.values.len();
            if len == 0 {
                self.tag = Tag::Null as u8;
            }
            self.tags.clear();
            self.tags.resize(len, self.tag);
            self.tag = MIXED;
        }
        if self.values.len() <= row {
            if self.values.len() < row {
                self.seen.insert(Tag::Null.mask());
            }
            self.tags.resize(row + 1, Tag::Null as u8);
            self.values.resize(row + 1, 0);
        }
        self.tags[row] = tag as u8;
        self.values[row] = bits;
    }

    /// Cells put so far, nulls between them included.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Takes the cell in `row` back out, if it is the last one.
    pub(crate) fn take_last(&mut self, row: usize) -> Option<(Tag, u64)> {
        if self.values.len() != row + 1 {
            return None;
        }
        let bits = self.values.pop()?;
        let tag = match self.tag {
            MIXED => self.tags.pop()?,
            tag => tag,
        };
        (tag != Tag::Null as u8).then(|| (Tag::from_u8(tag), bits))
    }

    /// Packs what was built, and empties the builder, whose memory serves the next piece.
    pub(crate) fn finish(&mut self) -> Lane {
        const STRINGS: TagSet = Tag::Shared.mask().union(Tag::Null.mask());
        const INTS: TagSet = Tag::Int.mask().union(Tag::Null.mask());
        let seen = self.seen;
        let wide_ints = self.wide_ints && seen.contains(Tag::Int);
        let packed = if self.tag == MIXED {
            let slots = self.tags.iter().zip(&self.values);
            if seen.within(STRINGS) {
                let id =
                    |(&tag, &bits): (&u8, &u64)| if tag == 0 { NO_STRING } else { bits as u32 };
                Packed::Strings(slots.map(id).collect())
            } else if seen.within(INTS) && !wide_ints {
                let int = |(&tag, &bits): (&u8, &u64)| if tag == 0 { NO_INT } else { bits as i32 };
                Packed::Ints(slots.map(int).collect())
            } else {
                Packed::Mixed(self.tags.clone(), self.values.clone())
            }
        } else if seen.within(STRINGS) {
            Packed::Strings(self.values.iter().map(|&bits| bits as u32).collect())
        } else if seen.within(INTS) && !wide_ints {
            Packed::Ints(self.values.iter().map(|&bits| bits as i32).collect())
        } else {
            Packed::Plain(Tag::from_u8(self.tag), self.values.clone())
        };
        let wide = wide_ints && has_wide_ints(&packed);
        self.tag = Tag::Null as u8;
        self.tags.clear();
        self.values.clear();
        self.seen = TagSet::EMPTY;
        self.wide_ints = false;
        Lane {
            tags: seen,
            wide,
            packed,
        }
    }
}

/// True for an integer beyond 2^53.
pub(crate) fn is_wide_int(bits: u64) -> bool {
    (bits as i64).unsigned_abs() > 1 << 53
}

/// True when there is an integer beyond 2^53.
fn has_wide_ints(packed: &Packed) -> bool {
    match packed {
        Packed::Plain(Tag::Int, values) => values.iter().any(|&bits| is_wide_int(bits)),
        Packed::Mixed(tags, values) => {
            let mut slots = tags.iter().zip(values);
            slots.any(|(&tag, &bits)| tag == Tag::Int as u8 && is_wide_int(bits))
        }
        _ => false,
    }
}
