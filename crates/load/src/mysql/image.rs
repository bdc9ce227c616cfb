//! A row as a text: what is kept of a row that an import changes, and by what a row is known again.
//!
//! An image is a list of values, parted by commas: each the digits, in base 16, of what it is as a text (bytes as they are), or `N`
//! for none. A hash is what another image has by accident only.

use serde::{Deserialize, Serialize};

use super::names::{joined, quote};

/// A column that can be written, as it was or is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WrittenColumn {
    pub(super) name: String,
    /// Its type, such as `varchar(20)`.
    pub(super) declared: String,
    pub(super) collation: Option<String>,
}

/// How a value becomes a text and comes back.
enum Form {
    Text,
    Bytes,
    Real,
    Bits,
    /// A type that a text is cast to, where it is compared.
    Cast(String),
    Plain,
}

impl WrittenColumn {
    fn form(&self) -> Form {
        let declared = self.declared.to_ascii_lowercase();
        let base = declared.split([' ', '(']).next().unwrap_or_default();
        match base {
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum"
            | "set" => Form::Text,
            "float" | "double" => Form::Real,
            "bit" => Form::Bits,
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year" => {
                let is_unsigned = declared.contains("unsigned") || base == "year";
                Form::Cast(if is_unsigned { "UNSIGNED" } else { "SIGNED" }.to_owned())
            }
            "decimal" => {
                let sized = declared
                    .split_once(')')
                    .map_or(declared.as_str(), |(sized, _)| sized);
                Form::Cast(format!("{sized})"))
            }
            "date" | "time" | "datetime" | "uuid" | "inet4" | "inet6" => {
                Form::Cast(declared.clone())
            }
            "timestamp" => Form::Cast(declared.replacen("timestamp", "datetime", 1)),
            "json" => Form::Plain,
            // Bytes, and shapes: what they are made of is taken as it is.
            _ => Form::Bytes,
        }
    }

    /// The value of a row `t` as a part of an image.
    fn part(&self) -> String {
        let value = format!("t.{}", quote(&self.name));
        let text = match self.form() {
            Form::Text => format!("CONVERT({value} USING utf8mb4)"),
            Form::Bytes => value,
            // A sum has all the digits that it takes.
            Form::Real => format!("CAST({value} + 0e0 AS CHAR)"),
            Form::Bits => format!("CAST({value} + 0 AS CHAR)"),
            Form::Cast(_) | Form::Plain => format!("CAST({value} AS CHAR)"),
        };
        format!("coalesce(hex({text}), 'N')")
    }

    /// A part of an image, as the column takes it.
    pub(super) fn value(&self, part: &str) -> String {
        let bytes = format!("unhex(nullif({part}, 'N'))");
        match self.form() {
            Form::Bytes => bytes,
            Form::Bits => format!("CAST({} AS UNSIGNED)", text(&bytes)),
            _ => text(&bytes),
        }
    }

    /// Whether the column of a row `t` is the same key as a part of an image.
    pub(super) fn is(&self, part: &str) -> String {
        let column = format!("t.{}", quote(&self.name));
        let value = self.value(part);
        match self.form() {
            Form::Text => match &self.collation {
                Some(collation) => {
                    let charset = collation.split('_').next().unwrap_or("utf8mb4");
                    format!("{column} = CONVERT({value} USING {charset}) COLLATE {collation}")
                }
                None => format!("{column} = {value}"),
            },
            Form::Real => format!("{column} = {value} + 0e0"),
            Form::Cast(to) => format!("{column} = CAST({value} AS {to})"),
            Form::Bytes | Form::Bits | Form::Plain => format!("{column} = {value}"),
        }
    }

    /// A part of an image, for people.
    pub(super) fn shown(&self, part: &str) -> String {
        if part == "N" || matches!(self.form(), Form::Bytes) {
            return part.to_owned();
        }
        let digits = part.as_bytes().chunks(2);
        let byte = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        let bytes: Option<Vec<u8>> = digits.map(byte).collect();
        bytes.map_or_else(
            || part.to_owned(),
            |bytes| String::from_utf8_lossy(&bytes).into_owned(),
        )
    }
}

fn text(bytes: &str) -> String {
    format!("CONVERT({bytes} USING utf8mb4)")
}

/// The image of a row `t`, as far as these columns go.
pub(super) fn of<'a>(columns: impl Iterator<Item = &'a WrittenColumn>) -> String {
    format!(
        "concat_ws(',', {})",
        joined(columns.map(WrittenColumn::part), ", ")
    )
}

/// One part of an image, counted from 0.
pub(super) fn part(image: &str, at: usize) -> String {
    format!(
        "substring_index(substring_index({image}, ',', {}), ',', -1)",
        at + 1
    )
}

/// The hash of an image.
pub(super) fn hash(image: &str) -> String {
    format!("left(sha2({image}, 256), 16)")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(declared: &str, collation: Option<&str>) -> WrittenColumn {
        WrittenColumn {
            name: "a".to_owned(),
            declared: declared.to_owned(),
            collation: collation.map(str::to_owned),
        }
    }

    #[test]
    fn keys_are_compared_as_their_columns_do() {
        for (declared, collation, expected) in [
            ("bigint(20) unsigned", None, "t.`a` = CAST(x AS UNSIGNED)"),
            (
                "decimal(12,2) unsigned",
                None,
                "t.`a` = CAST(x AS decimal(12,2))",
            ),
            ("timestamp(3)", None, "t.`a` = CAST(x AS datetime(3))"),
            (
                "varchar(9)",
                Some("latin1_bin"),
                "t.`a` = CONVERT(x USING latin1) COLLATE latin1_bin",
            ),
            ("double", None, "t.`a` = x + 0e0"),
        ] {
            let value = "CONVERT(unhex(nullif(p, 'N')) USING utf8mb4)";
            let found = column(declared, collation).is("p").replace(value, "x");
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn parts_are_shown_to_people() {
        assert_eq!(column("varchar(9)", None).shown("C3A4"), "ä");
        assert_eq!(column("varbinary(9)", None).shown("C3A4"), "C3A4");
        assert_eq!(column("int(11)", None).shown("N"), "N");
    }
}
