//! The plan's columns, checked for this database, and the table they would make.

use crate::error::{Error, ErrorKind, Result};
use crate::plan::Plan;

use super::fit::{self, Fit};
use super::names::{list, quote, same};
use crate::class::Class;

/// SQLite takes 2,000 columns per table, and staging adds two.
const MAX_COLUMNS: usize = 1_998;

/// The metadata of a field whose nulls leave what is there.
const BLANK: &str = "sheetlift.blank";
const KEEP_EXISTING: &str = "keep_existing";

/// A column of the import.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) class: Class,
    pub(super) nullable: bool,
    pub(super) is_key: bool,
    /// A row without a value leaves the one that is there (`sheetlift.blank` of the field).
    pub(super) keeps_existing: bool,
    /// How its values enter the target; plain until the target is known.
    pub(super) fit: Fit,
}

/// The columns of a plan; types and names the database cannot take are refused by name.
pub(super) fn columns(plan: &Plan) -> Result<Vec<Column>> {
    let fields = plan.schema.fields();
    if fields.len() > MAX_COLUMNS {
        let (limit, actual) = (MAX_COLUMNS as u64, fields.len() as u64);
        return Err(Error::new(
            ErrorKind::Limit {
                name: "columns",
                limit,
                actual,
            },
            "limit/columns",
            format!("{actual} columns are more than the {limit} that SQLite can load"),
        ));
    }
    if plan.table.to_ascii_lowercase().starts_with("sqlite_") {
        return Err(Error::usage(
            "usage/table-name",
            format!("table {:?} is reserved by SQLite", plan.table),
        ));
    }
    let mut columns: Vec<Column> = Vec::with_capacity(fields.len());
    for field in fields {
        if let Some(twin) = columns
            .iter()
            .find(|column| same(&column.name, field.name()))
        {
            return Err(Error::usage(
                "usage/column-name",
                format!(
                    "columns {:?} and {:?} are the same to SQLite",
                    twin.name,
                    field.name()
                ),
            ));
        }
        let Some(class) = Class::of(field.data_type()) else {
            return Err(Error::usage(
                "usage/column-type",
                format!(
                    "column {:?} is {}, which SQLite cannot store",
                    field.name(),
                    field.data_type()
                ),
            )
            .with_hint(
                "leave the column out, or turn it into text (such as JSON) before loading",
            ));
        };
        let name = field.name().clone();
        let is_key = plan.matched_key().contains(&name);
        let nullable = field.is_nullable() && !plan.key.contains(&name);
        columns.push(Column {
            name,
            class,
            nullable,
            is_key,
            keeps_existing: field
                .metadata()
                .get(BLANK)
                .is_some_and(|word| word == KEEP_EXISTING),
            fit: Fit::Plain,
        });
    }
    Ok(columns)
}

/// The statement that creates the target.
pub(super) fn create_table(plan: &Plan, columns: &[Column]) -> String {
    let mut parts: Vec<String> = columns.iter().map(declaration).collect();
    parts.extend(keys(plan));
    format!("CREATE TABLE {} ({})", quote(&plan.table), parts.join(", "))
}

/// A column of it.
pub(super) fn declaration(column: &Column) -> String {
    let not_null = if column.nullable { "" } else { " NOT NULL" };
    let (name, declared) = (quote(&column.name), fit::declared(column.class));
    format!("{name} {declared}{not_null}")
}

/// Its keys.
pub(super) fn keys(plan: &Plan) -> impl Iterator<Item = String> {
    let names = |key: &[String]| list(key.iter().map(String::as_str));
    let primary = Some(&plan.key).filter(|key| !key.is_empty());
    let primary = primary.map(|key| format!("PRIMARY KEY ({})", names(key)));
    let unique = plan.unique_keys.iter();
    primary
        .into_iter()
        .chain(unique.map(move |key| format!("UNIQUE ({})", names(key))))
}
