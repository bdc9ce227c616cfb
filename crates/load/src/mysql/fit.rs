//! How each class of values meets each type of column: what is staged, and what the target makes of it.

use std::sync::Arc;

use arrow_schema::DataType;

use crate::class::Class;

/// The type of a column, as far as it decides what is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Integer {
        min: i64,
        max: u64,
        /// `tinyint(1)`, which is what `boolean` is.
        is_flag: bool,
    },
    /// So many bits.
    Bits(u8),
    Float4,
    Float8,
    /// Digits in all, and behind the point.
    Decimal(u8, u8),
    Text(Text),
    /// One of these (`enum`), or some of them (`set`).
    Choice(Arc<[String]>),
    Choices(Arc<[String]>),
    /// A type of its own; MariaDB has JSON as text with a check.
    Json,
    Uuid,
    Inet4,
    Inet6,
    Bytes {
        most: u64,
        /// Filled up with zeros: shorter values would be others.
        is_padded: bool,
    },
    Date,
    /// Digits behind the seconds.
    Time(u8),
    Datetime(u8),
    /// Seconds since 1970, until 2038 or 2106.
    Timestamp(u8),
    Year,
    /// A type that would change values without a word, such as `float(7,2)`, or of which nothing is known.
    Careless,
}

/// A column of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) most: Length,
    /// Filled up with blanks: blanks at the end of a value would be lost.
    pub(super) is_padded: bool,
}

/// How long a text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    Characters(u64),
    Bytes(u64),
}

/// How the texts of a column are written and compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Collation {
    pub(super) charset: String,
    pub(super) name: String,
}

impl Collation {
    /// Whether the column holds every text, byte by byte as it is staged.
    pub(super) fn is_utf8(&self) -> bool {
        self.charset == "utf8mb4"
    }
}

/// What `information_schema.columns` says of a type.
#[derive(Debug, Clone, Default)]
pub(super) struct Declared {
    /// Such as `varchar`.
    pub(super) base: String,
    /// Such as `varchar(20)`, `enum('a','b')`.
    pub(super) whole: String,
    pub(super) characters: Option<u64>,
    pub(super) bytes: Option<u64>,
    pub(super) precision: Option<u64>,
    pub(super) scale: Option<u64>,
    pub(super) fraction: Option<u64>,
}

const LONG: u64 = u32::MAX as u64;

impl Kind {
    pub(super) fn of(declared: &Declared) -> Kind {
        let whole = declared.whole.to_ascii_lowercase();
        let is_unsigned = whole.contains("unsigned");
        let integer = |bits: u32| Kind::Integer {
            min: if is_unsigned {
                0
            } else {
                i64::MIN >> (64 - bits)
            },
            max: match is_unsigned {
                true => u64::MAX >> (64 - bits),
                false => u64::MAX >> (65 - bits),
            },
            is_flag: whole.starts_with("tinyint(1)"),
        };
        let digits = u8::try_from(declared.fraction.unwrap_or(0))
            .unwrap_or(6)
            .min(6);
        let text = |is_padded| {
            Kind::Text(Text {
                most: Length::Characters(declared.characters.unwrap_or(LONG)),
                is_padded,
            })
        };
        match declared.base.to_ascii_lowercase().as_str() {
            "tinyint" => integer(8),
            "smallint" => integer(16),
            "mediumint" => integer(24),
            "int" => integer(32),
            "bigint" => integer(64),
            "bit" => Kind::Bits(u8::try_from(declared.precision.unwrap_or(1)).unwrap_or(64)),
            // With digits behind the point they round.
            "float" | "double" if declared.scale.is_some() => Kind::Careless,
            "float" => Kind::Float4,
            "double" => Kind::Float8,
            "decimal" => {
                let number = |found: Option<u64>| found.and_then(|n| u8::try_from(n).ok());
                match (number(declared.precision), number(declared.scale)) {
                    (Some(precision), Some(scale)) => Kind::Decimal(precision, scale),
                    _ => Kind::Careless,
                }
            }
            "varchar" => text(false),
            "char" => text(true),
            "tinytext" | "text" | "mediumtext" | "longtext" => Kind::Text(Text {
                most: Length::Bytes(declared.bytes.unwrap_or(LONG)),
                is_padded: false,
            }),
            "enum" => Kind::Choice(choices(&declared.whole)),
            "set" => Kind::Choices(choices(&declared.whole)),
            "json" => Kind::Json,
            "uuid" => Kind::Uuid,
            "inet4" => Kind::Inet4,
            "inet6" => Kind::Inet6,
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => {
                Kind::Bytes {
                    most: declared.bytes.unwrap_or(LONG),
                    is_padded: declared.base.eq_ignore_ascii_case("binary"),
                }
            }
            "date" => Kind::Date,
            "time" => Kind::Time(digits),
            "datetime" => Kind::Datetime(digits),
            "timestamp" => Kind::Timestamp(digits),
            "year" => Kind::Year,
            _ => Kind::Careless,
        }
    }

    /// The type of the column in which values are staged: it takes every value that is sent, unchanged. Columns of a key are such
    /// that an index can have them.
    pub(super) fn staged(&self, is_key: bool, collation: Option<&Collation>) -> String {
        let text = |characters: u64| {
            let base = match is_key && characters <= 768 {
                true => format!("VARCHAR({characters})"),
                false => "LONGTEXT".to_owned(),
            };
            // In the collation of the target, so that equal keys are equal here.
            let collation = collation.filter(|collation| collation.is_utf8());
            let collation = collation.map_or("utf8mb4_bin", |collation| &collation.name);
            format!("{base} CHARACTER SET utf8mb4 COLLATE {collation}")
        };
        match self {
            Kind::Integer { min: 0, .. } | Kind::Bits(_) => "BIGINT UNSIGNED".to_owned(),
            Kind::Integer { .. } => "BIGINT".to_owned(),
            Kind::Float4 => "FLOAT".to_owned(),
            Kind::Float8 => "DOUBLE".to_owned(),
            Kind::Decimal(precision, scale) => format!("DECIMAL({precision},{scale})"),
            Kind::Text(Text {
                most: Length::Characters(most),
                ..
            }) => text(*most),
            Kind::Choice(_) => text(255),
            // What is sent would be read as their bytes.
            Kind::Uuid | Kind::Inet4 | Kind::Inet6 => "VARCHAR(64)".to_owned(),
            Kind::Text(_) | Kind::Choices(_) | Kind::Json | Kind::Careless => text(LONG),
            Kind::Bytes { most, .. } if is_key && *most <= 3_072 => format!("VARBINARY({most})"),
            Kind::Bytes { .. } => "LONGBLOB".to_owned(),
            Kind::Date => "DATE".to_owned(),
            Kind::Time(digits) => format!("TIME({digits})"),
            Kind::Datetime(digits) | Kind::Timestamp(digits) => format!("DATETIME({digits})"),
            Kind::Year => "SMALLINT".to_owned(),
        }
    }

    /// Whether texts are written to the column, in a character set.
    pub(super) fn is_text(&self) -> bool {
        matches!(self, Kind::Text(_) | Kind::Choice(_) | Kind::Choices(_))
    }

    /// Whether a class of values enters such a column without a change.
    pub(super) fn takes(&self, class: Class) -> bool {
        let is_text = matches!(self, Kind::Text(_));
        match class {
            _ if *self == Kind::Careless => false,
            Class::Null => true,
            Class::Text => {
                self.is_text()
                    || matches!(self, Kind::Json | Kind::Uuid | Kind::Inet4 | Kind::Inet6)
            }
            Class::Bytes => matches!(self, Kind::Bytes { .. }),
            _ if is_text => true,
            Class::Boolean => matches!(self, Kind::Integer { is_flag: true, .. } | Kind::Bits(1)),
            Class::Integer => matches!(
                self,
                Kind::Integer { .. }
                    | Kind::Decimal(..)
                    | Kind::Float4
                    | Kind::Float8
                    | Kind::Bits(_)
                    | Kind::Year
            ),
            Class::Real => matches!(
                self,
                Kind::Integer { .. } | Kind::Decimal(..) | Kind::Float4 | Kind::Float8
            ),
            Class::Decimal { .. } => matches!(self, Kind::Decimal(..) | Kind::Integer { .. }),
            Class::Date => matches!(self, Kind::Date | Kind::Datetime(_)),
            Class::Time => matches!(self, Kind::Time(_)),
            Class::Timestamp { utc: false } => matches!(self, Kind::Datetime(_)),
            // Instants are written in UTC, as what reads a column of `datetime` has to know.
            Class::Timestamp { utc: true } => {
                matches!(self, Kind::Timestamp(_) | Kind::Datetime(_))
            }
            Class::Duration(_) => matches!(self, Kind::Integer { min: i64::MIN, .. }),
        }
    }
}

/// The values of `enum('a','it''s')`. The server writes control characters and backslashes with a backslash in front.
fn choices(declared: &str) -> Arc<[String]> {
    let (mut all, mut rest) = (Vec::new(), declared.chars().peekable());
    while rest.any(|c| c == '\'') {
        let mut value = String::new();
        while let Some(c) = rest.next() {
            match c {
                '\'' if rest.next_if_eq(&'\'').is_none() => break,
                '\\' => value.extend(rest.next().map(|c| match c {
                    '0' => '\0',
                    'n' => '\n',
                    'r' => '\r',
                    'Z' => '\u{1a}',
                    c => c,
                })),
                c => value.push(c),
            }
        }
        all.push(value);
    }
    all.into()
}

/// The declared type in a new table; a text or bytes of a key have this length.
pub(super) fn declared(data_type: &DataType, class: Class, key: Option<u64>) -> String {
    let fixed = match class {
        Class::Null | Class::Text => match key {
            Some(length) => return format!("VARCHAR({length})"),
            None => "LONGTEXT",
        },
        Class::Bytes => match key {
            Some(length) => return format!("VARBINARY({length})"),
            None => "LONGBLOB",
        },
        Class::Decimal { scale } => {
            let (precision, scale) = decimal(data_type, scale);
            return format!("DECIMAL({precision},{scale})");
        }
        Class::Boolean => "TINYINT(1)",
        Class::Integer | Class::Duration(_) => "BIGINT",
        Class::Real => "DOUBLE",
        Class::Date => "DATE",
        Class::Time => "TIME(6)",
        // A `timestamp` ends in 2038.
        Class::Timestamp { .. } => "DATETIME(6)",
    };
    fixed.to_owned()
}

/// The kind of a column that is declared for a class.
pub(super) fn new_kind(data_type: &DataType, class: Class, key: Option<u64>) -> Kind {
    let long = match key {
        Some(length) => Length::Characters(length),
        None => Length::Bytes(LONG),
    };
    match class {
        Class::Null | Class::Text => Kind::Text(Text {
            most: long,
            is_padded: false,
        }),
        Class::Boolean => Kind::Integer {
            min: i64::from(i8::MIN),
            max: i8::MAX as u64,
            is_flag: true,
        },
        Class::Integer | Class::Duration(_) => Kind::Integer {
            min: i64::MIN,
            max: i64::MAX as u64,
            is_flag: false,
        },
        Class::Real => Kind::Float8,
        Class::Bytes => Kind::Bytes {
            most: key.unwrap_or(LONG),
            is_padded: false,
        },
        Class::Date => Kind::Date,
        Class::Time => Kind::Time(6),
        Class::Timestamp { .. } => Kind::Datetime(6),
        Class::Decimal { scale } => {
            let (precision, scale) = decimal(data_type, scale);
            Kind::Decimal(precision, scale)
        }
    }
}

/// Digits in all and behind the point for every decimal of a type.
fn decimal(data_type: &DataType, scale: i8) -> (u8, u8) {
    let precision = match data_type {
        DataType::Decimal32(precision, _)
        | DataType::Decimal64(precision, _)
        | DataType::Decimal128(precision, _) => *precision,
        _ => 38,
    };
    match u8::try_from(scale) {
        Ok(scale) => (precision.max(scale).max(1), scale),
        Err(_) => (
            precision.saturating_add(scale.unsigned_abs()).clamp(1, 65),
            0,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(base: &str, whole: &str) -> Kind {
        Kind::of(&Declared {
            base: base.to_owned(),
            whole: whole.to_owned(),
            ..Declared::default()
        })
    }

    #[test]
    fn integers_have_their_range() {
        for (base, whole, expected) in [
            ("tinyint", "tinyint(4)", (-128, 127, false)),
            ("tinyint", "tinyint(1)", (-128, 127, true)),
            ("tinyint", "tinyint(3) unsigned", (0, 255, false)),
            ("mediumint", "mediumint(9)", (-8_388_608, 8_388_607, false)),
            ("bigint", "bigint(20)", (i64::MIN, i64::MAX as u64, false)),
            (
                "bigint",
                "bigint(20) unsigned zerofill",
                (0, u64::MAX, false),
            ),
        ] {
            let (min, max, is_flag) = expected;
            assert_eq!(
                kind(base, whole),
                Kind::Integer { min, max, is_flag },
                "{whole}"
            );
        }
    }

    #[test]
    fn choices_are_those_of_the_declaration() {
        let all = |whole: &str| choices(whole).to_vec();
        assert_eq!(all("enum('a','it''s','','b,c')"), ["a", "it's", "", "b,c"]);
        assert_eq!(all(r"set('a\\b','n\n')"), ["a\\b", "n\n"]);
    }

    #[test]
    fn decimals_fit_their_type() {
        assert_eq!(decimal(&DataType::Decimal128(12, 2), 2), (12, 2));
        assert_eq!(decimal(&DataType::Decimal128(9, -3), -3), (12, 0));
        assert_eq!(decimal(&DataType::Decimal128(38, -100), -100), (65, 0));
        assert_eq!(decimal(&DataType::Decimal128(9, 9), 9), (9, 9));
    }
}
