//! One cell as the file states it, before anybody decided the type of its column.

use super::strings::StringId;

/// What a cell holds. Its discriminant is the tag stored beside every cell of a mixed lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Tag {
    /// No value.
    Null = 0,
    /// `TRUE` or `FALSE`.
    Bool,
    /// A number written without fraction that fits an `i64`.
    Int,
    /// Any other number.
    Float,
    /// A serial number shown as a date, without a time of day.
    Date,
    /// A serial number shown as date and time (or as a date, with a time of day in it).
    DateTime,
    /// A serial number in `0..1` shown as a time of day.
    Time,
    /// A serial number shown as elapsed time (`[h]:mm`).
    Duration,
    /// A shared string, known by its index.
    Shared,
    /// A text that stands in the cell.
    Inline,
    /// An error literal such as `#N/A`.
    Error,
    /// A text of a text file that is a whole number, as it stands.
    IntText,
    /// One beyond 2^53.
    WideIntText,
    /// A text that is a decimal number.
    FloatText,
    /// `true` or `false`, also in capitals or with one.
    BoolText,
    /// A text that is an ISO 8601 date.
    DateText,
    /// One with a time of day.
    DateTimeText,
    /// A text that is a time of day.
    TimeText,
}

impl Tag {
    /// Every tag, in the order of the discriminants.
    pub const ALL: [Tag; 18] = [
        Tag::Null,
        Tag::Bool,
        Tag::Int,
        Tag::Float,
        Tag::Date,
        Tag::DateTime,
        Tag::Time,
        Tag::Duration,
        Tag::Shared,
        Tag::Inline,
        Tag::Error,
        Tag::IntText,
        Tag::WideIntText,
        Tag::FloatText,
        Tag::BoolText,
        Tag::DateText,
        Tag::DateTimeText,
        Tag::TimeText,
    ];

    /// The tag with this discriminant. Panics on others: tags are only ever written by us.
    pub fn from_u8(tag: u8) -> Tag {
        Tag::ALL[usize::from(tag)]
    }

    /// True when the bits are a place in the text of the piece.
    pub(crate) const fn is_span(self) -> bool {
        matches!(self, Tag::Error) || self.is_inline()
    }

    /// True for texts that stand in the cell.
    pub(crate) const fn is_inline(self) -> bool {
        matches!(self, Tag::Inline) || self.is_literal()
    }

    /// True for texts that can be read as something else.
    pub(crate) const fn is_literal(self) -> bool {
        self as u8 > Tag::Error as u8
    }

    /// This tag alone, as a set.
    pub const fn mask(self) -> TagSet {
        TagSet(1 << self as u32)
    }
}

/// Which tags occur in a lane or column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TagSet(pub u32);

impl TagSet {
    /// Nothing but null.
    pub const EMPTY: TagSet = TagSet(0);

    /// Adds every tag of `other`.
    pub fn insert(&mut self, other: TagSet) {
        self.0 |= other.0;
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: TagSet) -> TagSet {
        TagSet(self.0 | other.0)
    }

    /// True when every tag of this set is in `other`.
    pub const fn within(self, other: TagSet) -> bool {
        self.0 & !other.0 == 0
    }

    /// True when `tag` is in the set.
    pub const fn contains(self, tag: Tag) -> bool {
        self.0 & tag.mask().0 != 0
    }
}

/// A cell, borrowed. Serial numbers keep the bits of the file; [`DateSystem`](super::DateSystem) turns them into dates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// `TRUE` or `FALSE`.
    Bool(bool),
    /// A number written without fraction that fits an `i64`.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Serial of a date without time of day.
    Date(f64),
    /// Serial of a date with time of day.
    DateTime(f64),
    /// Fraction of a day, `0.0..1.0`.
    Time(f64),
    /// Elapsed days.
    Duration(f64),
    /// A text; with its index where it is a shared string, so that work is done once per distinct string.
    Text(&'a str, Option<StringId>),
    /// An error literal.
    Error(&'a str),
    /// A shared string whose index is outside the table: no text, and never another string.
    BadString(StringId),
}

impl Cell<'_> {
    /// Its tag.
    pub fn tag(&self) -> Tag {
        match self {
            Cell::Null => Tag::Null,
            Cell::Bool(_) => Tag::Bool,
            Cell::Int(_) => Tag::Int,
            Cell::Float(_) => Tag::Float,
            Cell::Date(_) => Tag::Date,
            Cell::DateTime(_) => Tag::DateTime,
            Cell::Time(_) => Tag::Time,
            Cell::Duration(_) => Tag::Duration,
            Cell::Text(_, Some(_)) | Cell::BadString(_) => Tag::Shared,
            Cell::Text(_, None) => Tag::Inline,
            Cell::Error(_) => Tag::Error,
        }
    }
}
