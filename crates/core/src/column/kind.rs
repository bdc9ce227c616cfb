//! The type of a column, and how the tags of its cells decide it.

use arrow_schema::{DataType, TimeUnit};

use super::cell::{Tag, TagSet};

/// The type of a column, independent of how texts are represented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// No cell has a value.
    Null,
    /// `Boolean`
    Bool,
    /// `Int64`
    Int,
    /// `Float64`
    Float,
    /// `Decimal128`: exact, and only where it is asked for.
    Decimal {
        /// Digits in all, 1 to 38.
        precision: u8,
        /// Digits behind the point, at most as many.
        scale: i8,
    },
    /// `Date32`
    Date,
    /// `Timestamp(µs)` without time zone: spreadsheets know none.
    Timestamp,
    /// `Time64(µs)`
    Time,
    /// `Duration(µs)`
    Duration,
    /// Text; see [`TextRepr`].
    Text,
}

/// How text columns are represented in Arrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TextRepr {
    /// `Utf8View` over the shared strings of the workbook: no copy per cell.
    #[default]
    View,
    /// `Utf8`: every text copied.
    Utf8,
    /// `Dictionary(Int32, Utf8)`.
    Dictionary,
}

impl ColumnKind {
    /// The narrowest type that holds every cell of a column without loss. Error cells count as null.
    ///
    /// `wide_ints` says that an integer beyond 2^53 occurs, which no float can hold.
    pub fn of(tags: TagSet, wide_ints: bool) -> ColumnKind {
        const fn set(tags: &[Tag]) -> TagSet {
            let (mut set, mut i) = (TagSet::EMPTY, 0);
            while i < tags.len() {
                set = set.union(tags[i].mask());
                i += 1;
            }
            set
        }
        let valued = TagSet(tags.0 & !set(&[Tag::Null, Tag::Error]).0);
        let only = |tags: &[Tag]| valued.within(set(tags));
        match () {
            () if valued == TagSet::EMPTY => ColumnKind::Null,
            () if only(&[Tag::Shared, Tag::Inline]) => ColumnKind::Text,
            () if only(&[Tag::Int]) => ColumnKind::Int,
            () if only(&[Tag::Int, Tag::Float]) && !wide_ints => ColumnKind::Float,
            () if only(&[Tag::IntText, Tag::WideIntText]) => ColumnKind::Int,
            () if only(&[Tag::IntText, Tag::FloatText]) => ColumnKind::Float,
            () if only(&[Tag::Bool]) || only(&[Tag::BoolText]) => ColumnKind::Bool,
            () if only(&[Tag::Date]) || only(&[Tag::DateText]) => ColumnKind::Date,
            () if only(&[Tag::Date, Tag::DateTime]) => ColumnKind::Timestamp,
            () if only(&[Tag::DateText, Tag::DateTimeText]) => ColumnKind::Timestamp,
            () if only(&[Tag::Time]) || only(&[Tag::TimeText]) => ColumnKind::Time,
            () if only(&[Tag::Time, Tag::Duration]) => ColumnKind::Duration,
            () => ColumnKind::Text,
        }
    }

    /// The narrowest type that holds the values of both, as [`ColumnKind::of`] has it for cells. An integer beyond 2^53 does
    /// not fit the `Float` that it may become.
    ///
    /// ```
    /// use sheetlift_core::ColumnKind;
    /// assert_eq!(ColumnKind::Int.union(ColumnKind::Float), ColumnKind::Float);
    /// assert_eq!(ColumnKind::Int.union(ColumnKind::Date), ColumnKind::Text);
    /// ```
    #[must_use]
    pub fn union(self, other: ColumnKind) -> ColumnKind {
        use ColumnKind::*;
        match (self, other) {
            (Null, kind) | (kind, Null) => kind,
            (left, right) if left == right => left,
            (Int | Float, Int | Float) => Float,
            (Date | Timestamp, Date | Timestamp) => Timestamp,
            (Time | Duration, Time | Duration) => Duration,
            _ => Text,
        }
    }

    /// The Arrow type.
    pub fn data_type(self, text: TextRepr) -> DataType {
        match self {
            ColumnKind::Null => DataType::Null,
            ColumnKind::Bool => DataType::Boolean,
            ColumnKind::Int => DataType::Int64,
            ColumnKind::Float => DataType::Float64,
            ColumnKind::Decimal { precision, scale } => DataType::Decimal128(precision, scale),
            ColumnKind::Date => DataType::Date32,
            ColumnKind::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            ColumnKind::Time => DataType::Time64(TimeUnit::Microsecond),
            ColumnKind::Duration => DataType::Duration(TimeUnit::Microsecond),
            ColumnKind::Text => match text {
                TextRepr::View => DataType::Utf8View,
                TextRepr::Utf8 => DataType::Utf8,
                TextRepr::Dictionary => {
                    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
                }
            },
        }
    }

    /// The name used in options and contracts: `int`, `float`, `text`, ...
    pub fn name(self) -> &'static str {
        match self {
            ColumnKind::Null => "null",
            ColumnKind::Bool => "bool",
            ColumnKind::Int => "int",
            ColumnKind::Float => "float",
            ColumnKind::Decimal { .. } => "decimal",
            ColumnKind::Date => "date",
            ColumnKind::Timestamp => "timestamp",
            ColumnKind::Time => "time",
            ColumnKind::Duration => "duration",
            ColumnKind::Text => "text",
        }
    }

    /// The kind with this [`Self::name`]; a decimal says its digits, as in `decimal(12,2)`.
    ///
    /// ```
    /// use sheetlift_core::ColumnKind;
    /// let price = ColumnKind::Decimal { precision: 12, scale: 2 };
    /// assert_eq!(ColumnKind::from_name("decimal(12,2)"), Some(price));
    /// assert_eq!(ColumnKind::from_name("decimal(2,12)"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<ColumnKind> {
        use ColumnKind::*;
        if let Some(digits) = name.strip_prefix("decimal(") {
            let (precision, scale) = digits.strip_suffix(')')?.split_once(',')?;
            let precision: u8 = precision.trim().parse().ok()?;
            let scale: i8 = scale.trim().parse().ok()?;
            let is_possible =
                (1..=38).contains(&precision) && (0..=precision as i8).contains(&scale);
            return is_possible.then_some(Decimal { precision, scale });
        }
        [
            Null, Bool, Int, Float, Date, Timestamp, Time, Duration, Text,
        ]
        .into_iter()
        .find(|kind| kind.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widens_without_loss() {
        let kind = |tags: &[Tag]| {
            ColumnKind::of(
                tags.iter().fold(TagSet::EMPTY, |s, t| s.union(t.mask())),
                false,
            )
        };
        assert_eq!(kind(&[]), ColumnKind::Null);
        assert_eq!(kind(&[Tag::Null, Tag::Error]), ColumnKind::Null);
        assert_eq!(kind(&[Tag::Int, Tag::Null, Tag::Error]), ColumnKind::Int);
        assert_eq!(kind(&[Tag::Int, Tag::Float]), ColumnKind::Float);
        assert_eq!(kind(&[Tag::Date, Tag::DateTime]), ColumnKind::Timestamp);
        assert_eq!(kind(&[Tag::Int, Tag::Shared]), ColumnKind::Text);
        assert_eq!(kind(&[Tag::Bool, Tag::Int]), ColumnKind::Text);
        assert_eq!(kind(&[Tag::Date, Tag::Int]), ColumnKind::Text);
        let ints_and_floats = Tag::Int.mask().union(Tag::Float.mask());
        assert_eq!(ColumnKind::of(ints_and_floats, true), ColumnKind::Text);
    }
}
