//! How each class of values meets a column of the target.

use crate::class::Class;

/// The declared type in a new table; exactly one of SQLite's own, so that the affinity cannot surprise.
pub(super) fn declared(class: Class) -> &'static str {
    match class {
        Class::Integer | Class::Boolean | Class::Duration(_) => "INTEGER",
        Class::Real => "REAL",
        Class::Bytes => "BLOB",
        Class::Null
        | Class::Text
        | Class::Date
        | Class::Time
        | Class::Timestamp { .. }
        | Class::Decimal { .. } => "TEXT",
    }
}

/// What SQLite does to values stored in a column (<https://www.sqlite.org/datatype3.html>, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
}

impl Affinity {
    pub(super) fn of(declared: &str, strict: bool) -> Affinity {
        let declared = declared.to_ascii_uppercase();
        let has = |parts: &[&str]| parts.iter().any(|part| declared.contains(part));
        match () {
            () if strict && declared == "ANY" => Affinity::Blob,
            () if has(&["INT"]) => Affinity::Integer,
            () if has(&["CHAR", "CLOB", "TEXT"]) => Affinity::Text,
            () if declared.is_empty() || has(&["BLOB"]) => Affinity::Blob,
            () if has(&["REAL", "FLOA", "DOUB"]) => Affinity::Real,
            () => Affinity::Numeric,
        }
    }

    /// What the manual calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Affinity::Integer => "INTEGER",
            Affinity::Text => "TEXT",
            Affinity::Blob => "BLOB",
            Affinity::Real => "REAL",
            Affinity::Numeric => "NUMERIC",
        }
    }
}

/// How values are handed over so that the column's affinity leaves them as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// As they are.
    Plain,
    /// Integers for a column that stores doubles: exact up to 2^53.
    IntegerAsReal,
    /// Decimals for a column that may store doubles: exact up to 15 digits.
    DecimalAsNumber,
    /// Numbers for a text column: SQLite would keep 15 digits, the shortest text that reads back has up to 17.
    RealAsText,
}

impl Fit {
    /// How values of a class enter a column; none if the column would change them.
    pub(super) fn of(class: Class, declared: &str, strict: bool) -> Option<Fit> {
        use Affinity::{Blob, Integer, Numeric, Real, Text};
        let affinity = Affinity::of(declared, strict);
        // In a strict table the declared type is a check, not a preference.
        let strict_blob = strict && declared.eq_ignore_ascii_case("BLOB");
        let strict_text = strict && affinity == Text;
        match (class, affinity) {
            (Class::Null, _) => Some(Fit::Plain),
            (Class::Bytes, Blob) => Some(Fit::Plain),
            (Class::Bytes, Text) if !strict_text => Some(Fit::Plain),
            (Class::Bytes, _) => None,
            (_, Blob) if strict_blob => None,
            (Class::Integer | Class::Duration(_), Real) => Some(Fit::IntegerAsReal),
            (Class::Integer | Class::Boolean | Class::Duration(_), _) => Some(Fit::Plain),
            (Class::Real, Text) => Some(Fit::RealAsText),
            (Class::Real, _) => Some(Fit::Plain),
            (Class::Decimal { .. }, Integer | Numeric | Real) => Some(Fit::DecimalAsNumber),
            (_, Text | Blob) => Some(Fit::Plain),
            // DATE and DATETIME are numeric to SQLite, yet ISO text is no number and stays what it is.
            (Class::Date | Class::Time | Class::Timestamp { .. }, Numeric) => {
                let declared = declared.to_ascii_uppercase();
                (declared.contains("DATE") || declared.contains("TIME")).then_some(Fit::Plain)
            }
            (Class::Text | Class::Date | Class::Time | Class::Timestamp { .. }, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn affinities_follow_the_manual() {
        for (declared, expected) in [
            ("INT", Affinity::Integer),
            ("VARCHAR(20)", Affinity::Text),
            ("", Affinity::Blob),
            ("DOUBLE PRECISION", Affinity::Real),
            ("FLOATING POINT", Affinity::Integer),
            ("DECIMAL(10,2)", Affinity::Numeric),
            ("STRING", Affinity::Numeric),
        ] {
            assert_eq!(Affinity::of(declared, false), expected, "{declared}");
        }
        assert_eq!(Affinity::of("ANY", true), Affinity::Blob);
    }

    #[test]
    fn text_never_enters_a_column_that_would_read_it_as_a_number() {
        for (class, declared, expected) in [
            (Class::Text, "STRING", None),
            (Class::Text, "INTEGER", None),
            (Class::Text, "VARCHAR(9)", Some(Fit::Plain)),
            (Class::Date, "DATE", Some(Fit::Plain)),
            (Class::Timestamp { utc: true }, "DATETIME", Some(Fit::Plain)),
            (Class::Date, "INTEGER", None),
            (
                Class::Decimal { scale: 2 },
                "DECIMAL(10,2)",
                Some(Fit::DecimalAsNumber),
            ),
            (Class::Decimal { scale: 2 }, "TEXT", Some(Fit::Plain)),
            (Class::Integer, "REAL", Some(Fit::IntegerAsReal)),
            (Class::Real, "TEXT", Some(Fit::RealAsText)),
            (Class::Bytes, "INTEGER", None),
        ] {
            assert_eq!(
                Fit::of(class, declared, false),
                expected,
                "{class:?} {declared}"
            );
        }
    }
}
