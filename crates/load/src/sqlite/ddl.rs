//! The statement that creates the table of a plan, for people: a line for each column, with checks and comments.

use std::fmt::Write;

use arrow_schema::{DataType, Field, TimeUnit};

use super::names::quote;
use super::schema;
use crate::error::{Error, Result};
use crate::format;
use crate::plan::Plan;

/// What is said about the columns of a new table beside what its plan says. Columns are called by their names; what is said of
/// others is an error.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableWords {
    /// Conditions that the values of a column keep. A value that is not there keeps them all.
    pub checks: Vec<(String, ColumnCheck)>,
    /// What a column is about; line breaks become blanks.
    pub comments: Vec<(String, String)>,
    /// Lines behind the statement.
    pub remarks: Vec<String>,
}

/// A condition that the values of a column keep.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ColumnCheck {
    /// Not below.
    AtLeast(Scalar),
    /// Not above.
    AtMost(Scalar),
    /// Above.
    Above(Scalar),
    /// Below.
    Below(Scalar),
    /// One of these.
    OneOf(Vec<Scalar>),
    /// A text of so many characters at least.
    MinLength(u32),
    /// A text of so many characters at most.
    MaxLength(u32),
    /// A text of so many bytes in UTF-8 at most.
    MaxBytes(u32),
    /// A number with so many decimals at most.
    Decimals(u8),
}

/// A value as its Arrow column has it: dates are days, times and timestamps a count of their unit, booleans 0 or 1.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A whole number.
    Int(i64),
    /// A number; it is finite.
    Float(f64),
    /// A text.
    Text(String),
}

/// The statement that creates the table of a plan as an import would, and with these words. It ends with a semicolon and a line
/// break.
///
/// ```
/// use std::sync::Arc;
/// use arrow_schema::{DataType, Field, Schema};
/// use sheetlift_load::{ImportKey, KeyParts, Mode, Plan};
/// use sheetlift_load::sqlite::{ColumnCheck, Scalar, TableWords, table_ddl};
///
/// let schema = Schema::new(vec![Field::new("sku", DataType::Utf8, false), Field::new("price", DataType::Float64, true)]);
/// let plan = Plan::new(ImportKey::of(&KeyParts::default()), "item", Arc::new(schema)).with_key(["sku"]);
/// let mut words = TableWords::default();
/// words.checks.push(("price".to_owned(), ColumnCheck::AtLeast(Scalar::Float(0.0))));
/// let ddl = table_ddl(&plan, &words)?;
/// assert_eq!(ddl, "\
/// CREATE TABLE \"item\" (
///   \"sku\" TEXT NOT NULL,
///   \"price\" REAL CHECK (\"price\" >= 0.0),
///   PRIMARY KEY (\"sku\")
/// );
/// ");
/// # Ok::<(), sheetlift_load::Error>(())
/// ```
///
/// # Errors
///
/// [`Usage`](crate::ErrorKind::Usage) for names and types that SQLite cannot take, and for words about a column that is not there.
pub fn table_ddl(plan: &Plan, words: &TableWords) -> Result<String> {
    plan.check()?;
    let columns = schema::columns(plan)?;
    let names = words.checks.iter().map(|(name, _)| name);
    let names = names.chain(words.comments.iter().map(|(name, _)| name));
    for name in names {
        if !columns.iter().any(|column| column.name == *name) {
            let message = format!("there is no column {name:?} to say something about");
            return Err(Error::usage("usage/column-name", message));
        }
    }
    let mut lines: Vec<String> = Vec::new();
    for (column, field) in columns.iter().zip(plan.schema.fields()) {
        let mut line = String::new();
        let comments = words
            .comments
            .iter()
            .filter(|(name, _)| *name == column.name);
        for (_, comment) in comments {
            let _ = writeln!(line, "-- {}", one_line(comment)); // a string takes any text
            line += "  ";
        }
        line += &schema::declaration(column);
        for (_, check) in words.checks.iter().filter(|(name, _)| *name == column.name) {
            let _ = write!(line, " CHECK ({})", condition(field, check)?);
        }
        lines.push(line);
    }
    lines.extend(schema::keys(plan));
    let mut ddl = format!(
        "CREATE TABLE {} (\n  {}\n);\n",
        quote(&plan.table),
        lines.join(",\n  ")
    );
    for remark in &words.remarks {
        let _ = writeln!(ddl, "-- {}", one_line(remark));
    }
    Ok(ddl)
}

/// A comment ends with its line, and a statement with a NUL.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

fn condition(field: &Field, check: &ColumnCheck) -> Result<String> {
    let name = quote(field.name());
    let literal = |scalar: &Scalar| literal(field, scalar);
    Ok(match check {
        ColumnCheck::AtLeast(scalar) => format!("{name} >= {}", literal(scalar)?),
        ColumnCheck::AtMost(scalar) => format!("{name} <= {}", literal(scalar)?),
        ColumnCheck::Above(scalar) => format!("{name} > {}", literal(scalar)?),
        ColumnCheck::Below(scalar) => format!("{name} < {}", literal(scalar)?),
        ColumnCheck::OneOf(scalars) => {
            let values: Result<Vec<String>> = scalars.iter().map(literal).collect();
            format!("{name} IN ({})", values?.join(", "))
        }
        ColumnCheck::MinLength(length) => format!("length({name}) >= {length}"),
        ColumnCheck::MaxLength(length) => format!("length({name}) <= {length}"),
        ColumnCheck::MaxBytes(bytes) => format!("length(CAST({name} AS BLOB)) <= {bytes}"),
        ColumnCheck::Decimals(decimals) => format!("round({name}, {decimals}) = {name}"),
    })
}

/// A value as an import stores it.
fn literal(field: &Field, scalar: &Scalar) -> Result<String> {
    let mut out = Vec::new();
    let is_written = match (field.data_type(), scalar) {
        (DataType::Date32, Scalar::Int(days)) => format::date(*days, &mut out),
        (DataType::Time32(unit) | DataType::Time64(unit), Scalar::Int(time)) => {
            format::time(*time, per_second(*unit), &mut out)
        }
        (DataType::Timestamp(unit, zone), Scalar::Int(instant)) => {
            format::timestamp(*instant, per_second(*unit), zone.is_some(), &mut out)
        }
        (_, Scalar::Int(int)) => return Ok(int.to_string()),
        (_, Scalar::Float(float)) if float.is_finite() => return Ok(format!("{float:?}")),
        (_, Scalar::Float(_)) => false,
        (_, Scalar::Text(text)) => return Ok(text_literal(text)),
    };
    match is_written {
        true => Ok(text_literal(&String::from_utf8_lossy(&out))),
        false => Err(Error::usage(
            "usage/column-check",
            format!("column {:?} never holds {scalar:?}", field.name()),
        )),
    }
}

fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// No statement can hold a NUL.
fn text_literal(text: &str) -> String {
    if !text.contains('\0') {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let hex = text.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    format!("CAST(x'{hex}' AS TEXT)")
}
