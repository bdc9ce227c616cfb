//! How each class of values meets each type of column: what is staged, and what the target makes of it.

use crate::class::Class;

/// The type of a column, as far as it decides what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    /// Bytes: 2, 4 or 8.
    Integer(u8),
    Float4,
    Float8,
    /// Digits in all and behind the point, where they are declared.
    Numeric(Option<(u16, i16)>),
    /// Characters, where they are declared.
    Text(Option<u32>),
    Bytes,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Interval,
    /// A type whose values are written as text: enums, uuid, json, network addresses, citext and others.
    Written,
}

impl Kind {
    /// Of a type by its oid in `pg_type` (fixed for types of the server itself), and its modifier.
    pub(super) fn of(oid: u32, modifier: i32) -> Kind {
        match oid {
            16 => Kind::Bool,
            21 => Kind::Integer(2),
            23 => Kind::Integer(4),
            20 => Kind::Integer(8),
            700 => Kind::Float4,
            701 => Kind::Float8,
            1700 if modifier < 4 => Kind::Numeric(None),
            1700 => {
                let modifier = modifier - 4;
                let scale = (modifier & 0x7ff) as i16;
                let scale = if scale > 1000 { scale - 2048 } else { scale }; // negative ones since version 15
                Kind::Numeric(Some(((modifier >> 16) as u16, scale)))
            }
            25 => Kind::Text(None),
            1042 | 1043 => Kind::Text((modifier >= 4).then(|| (modifier - 4) as u32)),
            17 => Kind::Bytes,
            1082 => Kind::Date,
            1083 => Kind::Time,
            1114 => Kind::Timestamp,
            1184 => Kind::TimestampTz,
            1186 => Kind::Interval,
            _ => Kind::Written,
        }
    }

    /// The type of the column in which values are staged. It takes every value that is sent, so that one bad row does not end
    /// the others' COPY.
    pub(super) fn staged(self) -> &'static str {
        match self {
            Kind::Bool => "boolean",
            Kind::Integer(2) => "smallint",
            Kind::Integer(4) => "integer",
            Kind::Integer(_) => "bigint",
            Kind::Float4 => "real",
            Kind::Float8 => "double precision",
            Kind::Numeric(_) => "numeric",
            Kind::Text(_) | Kind::Written => "text",
            Kind::Bytes => "bytea",
            Kind::Date => "date",
            Kind::Time => "time",
            Kind::Timestamp => "timestamp",
            Kind::TimestampTz => "timestamptz",
            Kind::Interval => "interval",
        }
    }

    /// Whether a class of values enters such a column without a change.
    pub(super) fn takes(self, class: Class) -> bool {
        match class {
            Class::Null => true,
            Class::Boolean => matches!(self, Kind::Bool | Kind::Text(_)),
            Class::Integer => matches!(
                self,
                Kind::Integer(_) | Kind::Numeric(_) | Kind::Float4 | Kind::Float8 | Kind::Text(_)
            ),
            Class::Real => matches!(
                self,
                Kind::Float4 | Kind::Float8 | Kind::Numeric(_) | Kind::Integer(_) | Kind::Text(_)
            ),
            Class::Decimal { .. } => {
                matches!(self, Kind::Numeric(_) | Kind::Integer(_) | Kind::Text(_))
            }
            Class::Text => matches!(self, Kind::Text(_) | Kind::Written),
            Class::Bytes => self == Kind::Bytes,
            Class::Date => matches!(self, Kind::Date | Kind::Timestamp | Kind::Text(_)),
            Class::Time => matches!(self, Kind::Time | Kind::Text(_)),
            Class::Timestamp { utc: false } => matches!(self, Kind::Timestamp | Kind::Text(_)),
            Class::Timestamp { utc: true } => matches!(self, Kind::TimestampTz | Kind::Text(_)),
            Class::Duration(_) => matches!(self, Kind::Interval | Kind::Integer(8) | Kind::Text(_)),
        }
    }
}

/// The declared type in a new table.
pub(super) fn declared(class: Class) -> &'static str {
    match class {
        Class::Null | Class::Text => "text",
        Class::Boolean => "boolean",
        Class::Integer => "bigint",
        Class::Real => "double precision",
        Class::Bytes => "bytea",
        Class::Date => "date",
        Class::Time => "time",
        Class::Timestamp { utc: false } => "timestamp",
        Class::Timestamp { utc: true } => "timestamptz",
        Class::Duration(_) => "interval",
        Class::Decimal { .. } => "numeric",
    }
}
