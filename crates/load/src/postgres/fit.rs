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
    /// Text of so many characters, filled up with blanks: blanks at the end of a value would be lost.
    Padded(u32),
    Bytes,
    Date,
    /// Digits behind the seconds.
    Time(u8),
    Timestamp(u8),
    TimestampTz(u8),
    Interval,
    /// A type whose values are written as text: enums, uuid, json, network addresses, citext and others.
    Written,
    /// A type that would change values without a word, such as an array of rounded numbers.
    Careless,
}

/// Digits behind the seconds where none are declared.
const MICROS: u8 = 6;

impl Kind {
    /// Of a type by its oid in `pg_type` (fixed for types of the server itself), that of its elements, and its modifier.
    pub(super) fn of(oid: u32, element: u32, modifier: i32) -> Kind {
        let digits = u8::try_from(modifier).unwrap_or(MICROS).min(MICROS);
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
            1042 if modifier >= 4 => Kind::Padded((modifier - 4) as u32),
            1042 | 1043 => Kind::Text((modifier >= 4).then(|| (modifier - 4) as u32)),
            17 => Kind::Bytes,
            1082 => Kind::Date,
            1083 => Kind::Time(digits),
            1114 => Kind::Timestamp(digits),
            1184 => Kind::TimestampTz(digits),
            1186 if modifier < 0 => Kind::Interval,
            // `interval(0)`, `name` (63 bytes) and `"char"` (one) cut off.
            1186 | 18 | 19 => Kind::Careless,
            // So do arrays of such, and of numbers with a scale.
            _ if modifier >= 0 && matches!(element, 1083 | 1114 | 1184 | 1186 | 1266 | 1700) => {
                Kind::Careless
            }
            1266 if modifier >= 0 => Kind::Careless, // timetz
            _ if matches!(element, 18 | 19) && oid != 19 => Kind::Careless,
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
            Kind::Text(_) | Kind::Padded(_) | Kind::Written | Kind::Careless => "text",
            Kind::Bytes => "bytea",
            Kind::Date => "date",
            Kind::Time(_) => "time",
            Kind::Timestamp(_) => "timestamp",
            Kind::TimestampTz(_) => "timestamptz",
            Kind::Interval => "interval",
        }
    }

    /// Whether a class of values enters such a column without a change.
    pub(super) fn takes(self, class: Class) -> bool {
        let is_text = matches!(self, Kind::Text(_) | Kind::Padded(_));
        match class {
            _ if self == Kind::Careless => false,
            Class::Null => true,
            Class::Text => is_text || self == Kind::Written,
            Class::Bytes => self == Kind::Bytes,
            _ if is_text => true,
            Class::Boolean => self == Kind::Bool,
            Class::Integer | Class::Real => matches!(
                self,
                Kind::Integer(_) | Kind::Numeric(_) | Kind::Float4 | Kind::Float8
            ),
            Class::Decimal { .. } => matches!(self, Kind::Numeric(_) | Kind::Integer(_)),
            Class::Date => matches!(self, Kind::Date | Kind::Timestamp(_)),
            Class::Time => matches!(self, Kind::Time(_)),
            Class::Timestamp { utc: false } => matches!(self, Kind::Timestamp(_)),
            Class::Timestamp { utc: true } => matches!(self, Kind::TimestampTz(_)),
            Class::Duration(_) => matches!(self, Kind::Interval | Kind::Integer(8)),
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
