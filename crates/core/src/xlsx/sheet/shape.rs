//! How the cells of a column look. From row to row only the row number and the value change, so most cells are known by
//! comparing them with what the cell above looked like: three loads instead of a walk over the attributes.

use super::value::CellType;
use crate::eight::load;

/// Columns A to ZZ: the letters of others do not fit beside `<c r="`.
const MAX_SHAPES: usize = 702;
/// Bytes of the attributes behind `r`, and of the `>`.
const MAX_TAIL: usize = 16;
/// Bytes looked at: `<c r="AB`, a row number and its quote, the tail, and some of what follows.
const MAX_HEAD: usize = 48;

/// The digits of a row number and the quote behind them, as eight bytes to compare with.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowDigits {
    key: u64,
    mask: u64,
    pub(super) len: usize,
}

impl RowDigits {
    /// At most seven digits; without any nothing is equal to them.
    pub(super) fn new(digits: &[u8]) -> Self {
        let mut key = [0; 8];
        key[..digits.len()].copy_from_slice(digits);
        key[digits.len()] = b'"';
        RowDigits {
            key: u64::from_le_bytes(key),
            mask: u64::MAX >> (56 - 8 * digits.len()),
            len: digits.len(),
        }
    }

    #[inline(always)]
    pub(super) fn equal(&self, word: u64) -> bool {
        word & self.mask == self.key && self.len > 0
    }
}

/// What stands between the tags of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// `<v>`
    Value,
    /// `<is><t>`
    Inline,
    /// Nothing: the tag closes itself.
    Empty,
}

/// A cell of one column without its row and its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    head: u64,
    head_mask: u64,
    head_len: usize,
    tail: u128,
    tail_mask: u128,
    tail_len: usize,
    pub(super) content: Content,
    pub(super) cell_type: CellType,
    pub(super) style: u32,
}

impl Shape {
    /// The place behind the tag of the cell at `at`, if it looks like this one.
    #[inline(always)]
    fn end(&self, bytes: &[u8], at: usize, digits: RowDigits) -> Option<usize> {
        let window: &[u8; MAX_HEAD] = bytes.get(at..)?.first_chunk()?;
        let head = load(window, 0)?;
        let number = load(window, self.head_len)?;
        let tail = self.head_len + digits.len + 1;
        let tail_bytes = u128::from_le_bytes(*window.get(tail..)?.first_chunk()?);
        let same = head & self.head_mask == self.head
            && digits.equal(number)
            && tail_bytes & self.tail_mask == self.tail;
        same.then_some(at + tail + self.tail_len)
    }
}

/// The shapes of the columns of one sheet, as they were met last.
#[derive(Debug, Default)]
pub(super) struct Shapes(Vec<Option<Shape>>);

impl Shapes {
    /// The shape of the cell at `at` and the place behind its tag, if it is one of `column` and looks like the last one.
    #[inline(always)]
    pub(super) fn find(
        &self,
        bytes: &[u8],
        at: usize,
        column: u32,
        digits: RowDigits,
    ) -> Option<(&Shape, usize)> {
        let shape = self.0.get(column as usize)?.as_ref()?;
        Some((shape, shape.end(bytes, at, digits)?))
    }

    /// Remembers the cell whose tag is `tag`, from its `<` to its `>`, and whose first attribute is `r`.
    pub(super) fn learn(
        &mut self,
        tag: &[u8],
        column: u32,
        digits: RowDigits,
        content: Content,
        cell_type: CellType,
        style: u32,
    ) {
        let head_len = if column < 26 { 7 } else { 8 };
        let tail = &tag[(head_len + digits.len + 1).min(tag.len())..];
        let column = column as usize;
        if column >= MAX_SHAPES || tail.is_empty() || tail.len() > MAX_TAIL {
            return;
        }
        let mut head = [0; 8];
        head[..head_len].copy_from_slice(&tag[..head_len]);
        let mut padded = [0; MAX_TAIL];
        padded[..tail.len()].copy_from_slice(tail);
        if self.0.len() <= column {
            self.0.resize(column + 1, None);
        }
        self.0[column] = Some(Shape {
            head: u64::from_le_bytes(head),
            head_mask: u64::MAX >> (64 - 8 * head_len),
            head_len,
            tail: u128::from_le_bytes(padded),
            tail_mask: u128::MAX >> (128 - 8 * tail.len()),
            tail_len: tail.len(),
            content,
            cell_type,
            style,
        });
    }
}
