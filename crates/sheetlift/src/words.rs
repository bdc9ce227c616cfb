//! Options as people write them: on a command line, in a query string, in a form.

use bytesize::ByteSize;
use sheetlift_core::{ColumnKind, HeaderRow, Limits, MAX_ROWS, MergedCells, TextRepr};
use sheetlift_load::Missing;

use crate::error::{Error, Result};

/// What becomes of rows that the file lacks: `keep`, `delete`, or a column and the value it gets, such as `active=false`; `null` is
/// no value.
///
/// # Errors
/// `Usage` for anything else.
///
/// ```
/// use sheetlift::{Missing, parse_missing};
/// let mark = Missing::Set { column: "active".into(), value: Some("false".into()) };
/// assert_eq!(parse_missing("active=false").unwrap(), mark);
/// ```
pub fn parse_missing(text: &str) -> Result<Missing> {
    match (text.trim(), text.split_once('=')) {
        ("keep", _) => Ok(Missing::Keep),
        ("delete", _) => Ok(Missing::Delete),
        (_, Some((column, value))) if !column.trim().is_empty() => Ok(Missing::Set {
            column: column.trim().to_owned(),
            value: Some(value.to_owned()).filter(|value| value != "null"),
        }),
        _ => {
            let message = format!("{text:?} is nothing that can be done about missing rows");
            Err(Error::usage("usage/missing", message).with_hint(
                "write `keep`, `delete`, or a column and its value such as active=false",
            ))
        }
    }
}

/// `first`, `none`, the row as the spreadsheet shows it, or several rows such as `1-2`.
///
/// # Errors
/// `Usage` for anything else.
///
/// ```
/// use sheetlift::{HeaderRow, parse_header};
/// assert_eq!(parse_header("3").unwrap(), HeaderRow::At(2));
/// ```
pub fn parse_header(text: &str) -> Result<HeaderRow> {
    match (text.trim(), text.trim().parse::<u32>()) {
        ("first" | "auto", _) => Ok(HeaderRow::First),
        ("none", _) => Ok(HeaderRow::None),
        (_, Ok(row)) if (1..=MAX_ROWS).contains(&row) => Ok(HeaderRow::At(row - 1)),
        (rows, _) => header_rows(rows).ok_or_else(|| {
            Error::usage("usage/header", format!("{text:?} is not a header row"))
                .with_hint("write `first`, `none`, a row number such as 3, or rows such as 1-2")
        }),
    }
}

fn header_rows(text: &str) -> Option<HeaderRow> {
    let (first, last) = text.split_once('-')?;
    let row = |text: &str| {
        let row = text.trim().parse::<u32>().ok();
        row.filter(|row| (1..=MAX_ROWS).contains(row))
    };
    let (first, last) = (row(first)? - 1, row(last)? - 1);
    (first <= last).then_some(HeaderRow::Rows { first, last })
}

/// Which hidden lines to leave out: `rows`, `columns` or `all`. Gives whether rows and whether columns are.
///
/// # Errors
/// `Usage` for anything else.
pub fn parse_skip_hidden(text: &str) -> Result<(bool, bool)> {
    match text.trim() {
        "rows" => Ok((true, false)),
        "columns" => Ok((false, true)),
        "all" => Ok((true, true)),
        _ => Err(
            Error::usage("usage/skip-hidden", format!("{text:?} is nothing to skip"))
                .with_hint("write `rows`, `columns` or `all`"),
        ),
    }
}

/// Where the value of merged cells goes: `down`, `right` or `all`.
///
/// # Errors
/// `Usage` for anything else.
pub fn parse_fill_merged(text: &str) -> Result<MergedCells> {
    match text.trim() {
        "down" => Ok(MergedCells::Down),
        "right" => Ok(MergedCells::Right),
        "all" => Ok(MergedCells::All),
        _ => Err(
            Error::usage("usage/fill-merged", format!("{text:?} is no direction"))
                .with_hint("write `down`, `right` or `all`"),
        ),
    }
}

/// What parts the fields of a text file: one character, or `tab`.
///
/// # Errors
/// `Usage` for anything else.
pub fn parse_delimiter(text: &str) -> Result<u8> {
    match text.as_bytes() {
        b"tab" | b"\\t" | b"\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() => Ok(*byte),
        _ => Err(
            Error::usage("usage/delimiter", format!("{text:?} does not part fields"))
                .with_hint("write one character such as `;`, or `tab`"),
        ),
    }
}

/// `view`, `utf8` or `dictionary`.
///
/// # Errors
/// `Usage` for anything else.
pub fn parse_strings(text: &str) -> Result<TextRepr> {
    match text.trim() {
        "view" => Ok(TextRepr::View),
        "utf8" => Ok(TextRepr::Utf8),
        "dictionary" => Ok(TextRepr::Dictionary),
        _ => Err(Error::usage(
            "usage/strings",
            format!("{text:?} is no representation of texts"),
        )
        .with_hint("write `view`, `utf8` or `dictionary`")),
    }
}

/// Names of columns, separated by commas.
///
/// # Errors
/// `Usage` when a name is empty.
pub fn parse_columns(text: &str) -> Result<Vec<String>> {
    let names = text.split(',').map(|name| name.trim().to_owned());
    let names: Vec<String> = names.collect();
    if names.iter().any(String::is_empty) {
        return Err(Error::usage(
            "usage/columns",
            format!("{text:?} has a column without a name"),
        )
        .with_hint("write names or letters separated by commas, such as sku,price or A,C"));
    }
    Ok(names)
}

/// Types of columns: `sku=text,qty=int,price=decimal(12,2)`.
///
/// # Errors
/// `Usage` with the types there are.
///
/// ```
/// use sheetlift::{ColumnKind, parse_types};
/// let types = parse_types("sku=text, qty=int").unwrap();
/// assert_eq!(types[1], ("qty".to_owned(), ColumnKind::Int));
/// ```
pub fn parse_types(text: &str) -> Result<Vec<(String, ColumnKind)>> {
    let mut in_digits = false; // the comma of `decimal(12,2)` parts nothing
    let is_comma = |c| {
        in_digits = (in_digits || c == '(') && c != ')';
        c == ',' && !in_digits
    };
    text.split(is_comma).map(parse_type).collect()
}

fn parse_type(pair: &str) -> Result<(String, ColumnKind)> {
    // A name may hold an equals sign, a type cannot.
    let Some((name, kind)) = pair.rsplit_once('=') else {
        return Err(
            Error::usage("usage/types", format!("{pair:?} gives no type to a column"))
                .with_hint("write NAME=TYPE, such as sku=text"),
        );
    };
    let kind = kind.trim();
    let Some(known) = ColumnKind::from_name(kind).filter(|kind| *kind != ColumnKind::Null) else {
        return Err(
            Error::usage("usage/types", format!("there is no type {kind:?}")).with_hint(
                "the types are bool, int, float, decimal(PRECISION,SCALE), date, timestamp, time, duration and text",
            ),
        );
    };
    Ok((name.trim().to_owned(), known))
}

/// A limit by its name, with KiB, MiB or GiB for bytes: `max_rows=100000`, `max_part_bytes=64MiB`.
///
/// # Errors
/// `Usage` with the limits there are.
///
/// ```
/// use sheetlift::parse_limit;
/// assert_eq!(parse_limit("max_part_bytes=64MiB").unwrap(), ("max_part_bytes".to_owned(), 64 << 20));
/// ```
pub fn parse_limit(text: &str) -> Result<(String, u64)> {
    let Some((name, value)) = text.split_once('=') else {
        return Err(
            Error::usage("usage/limit", format!("{text:?} sets no limit"))
                .with_hint("write NAME=VALUE, such as max_rows=100000"),
        );
    };
    let (name, value) = (name.trim(), value.trim());
    let number = value.parse::<ByteSize>().map_err(|_| {
        Error::usage("usage/limit", format!("{value:?} is no value for {name}"))
            .with_hint("write a whole number, or one with KiB, MiB or GiB")
    })?;
    Limits::default().set(name, number.0)?;
    Ok((name.to_owned(), number.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_understood() {
        for header in ["", "0", "-1", "1048577", "second"] {
            assert!(
                parse_header(header).unwrap_err().hint().is_some(),
                "{header}"
            );
        }
        assert_eq!(parse_header("none").unwrap(), HeaderRow::None);
        let rows = HeaderRow::Rows { first: 0, last: 1 };
        assert_eq!(parse_header("1-2").unwrap(), rows);
        assert!(parse_header("2-1").is_err());
        assert_eq!(parse_skip_hidden("rows").unwrap(), (true, false));
        assert!(parse_skip_hidden("").is_err());
        assert_eq!(parse_fill_merged("down").unwrap(), MergedCells::Down);
        assert!(parse_fill_merged("up").is_err());
        assert_eq!(parse_delimiter("tab").unwrap(), b'\t');
        assert!(parse_delimiter("ab").is_err());
        assert_eq!(parse_strings("utf8").unwrap(), TextRepr::Utf8);
        assert!(parse_strings("utf-16").is_err());
        assert_eq!(parse_columns("sku, C").unwrap(), ["sku", "C"]);
        assert!(parse_columns("sku,,C").is_err());
        assert_eq!(parse_types("a=decimal(12,2),b=int").unwrap().len(), 2);
        assert_eq!(
            parse_types("a=b=text").unwrap(),
            [("a=b".to_owned(), ColumnKind::Text)]
        );
        for limit in ["max_rows", "max_rows=", "max_rows=-1", "max_row=3"] {
            assert!(parse_limit(limit).unwrap_err().hint().is_some(), "{limit}");
        }
        for types in ["sku", "sku=varchar", "sku=null", "sku=text,"] {
            assert!(parse_types(types).is_err(), "{types}");
        }
    }
}
