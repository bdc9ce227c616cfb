//! What columns hold, as far as databases are concerned.

use arrow_schema::{DataType, TimeUnit};

/// What a column holds, as far as a database is concerned. Batches may use any Arrow type of the same class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Null,
    Integer,
    Boolean,
    Real,
    Text,
    Bytes,
    Date,
    Time,
    Timestamp { utc: bool },
    Duration(TimeUnit),
    Decimal { scale: i8 },
}

impl Class {
    /// The class of an Arrow type, none for types that no sink takes.
    pub(crate) fn of(data_type: &DataType) -> Option<Class> {
        Some(match data_type {
            DataType::Null => Class::Null,
            DataType::Boolean => Class::Boolean,
            t if t.is_integer() => Class::Integer,
            t if t.is_floating() => Class::Real,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Class::Text,
            DataType::Dictionary(_, value) if Class::of(value) == Some(Class::Text) => Class::Text,
            DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_) => Class::Bytes,
            DataType::Date32 | DataType::Date64 => Class::Date,
            DataType::Time32(_) | DataType::Time64(_) => Class::Time,
            DataType::Timestamp(_, zone) => Class::Timestamp {
                utc: zone.is_some(),
            },
            DataType::Duration(unit) => Class::Duration(*unit),
            DataType::Decimal32(_, scale)
            | DataType::Decimal64(_, scale)
            | DataType::Decimal128(_, scale) => Class::Decimal { scale: *scale },
            _ => return None,
        })
    }

    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Class::Null => "empty values",
            Class::Integer => "integers",
            Class::Boolean => "booleans",
            Class::Real => "numbers",
            Class::Text => "text",
            Class::Bytes => "bytes",
            Class::Date => "dates",
            Class::Time => "times",
            Class::Timestamp { .. } => "timestamps",
            Class::Duration(_) => "durations",
            Class::Decimal { .. } => "decimals",
        }
    }
}
