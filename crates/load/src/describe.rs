//! A table as its database has it, for those who want to make a contract of it.

use crate::error::Error;

/// A table or a view.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableDescription {
    /// Its name, as the database spells it.
    pub name: String,
    /// It is a view: there are no keys, and no rows can be loaded into it.
    pub is_view: bool,
    /// Its columns, in their order.
    pub columns: Vec<ColumnDescription>,
    /// The columns of the primary key, in the order of the key.
    pub primary_key: Vec<String>,
    /// The columns of each other key whose values no two rows share. Those that hold for some rows only, or for
    /// expressions, are none.
    pub unique_keys: Vec<Vec<String>>,
    /// CHECK constraints, of the table and of its columns.
    pub checks: usize,
    /// Keys of other tables that it refers to.
    pub foreign_keys: usize,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ColumnDescription {
    /// Its name.
    pub name: String,
    /// Its type as it was declared, such as `VARCHAR(20)`; empty without one.
    pub declared: String,
    /// What the database keeps: `INTEGER`, `TEXT`, `BLOB`, `REAL` or `NUMERIC`; dates, times, booleans and all that is written as text
    /// are `TEXT` or `NUMERIC`, and `declared` says what they are.
    pub affinity: &'static str,
    /// It cannot be NULL.
    pub is_required: bool,
    /// The expression of its default.
    pub default: Option<String>,
    /// The database computes it.
    pub is_generated: bool,
    /// The database numbers rows in it where no value is given.
    pub is_numbered: bool,
}

/// Tables that are named where one is not found.
const LISTED: usize = 20;

/// The error for a table that is not there.
pub(crate) fn no_table(database: &str, table: &str, names: &[String]) -> Error {
    let shown = names.iter().take(LISTED).map(|name| format!("{name:?}"));
    let shown = shown.collect::<Vec<_>>().join(", ");
    let hint = match names.len().saturating_sub(LISTED) {
        0 if names.is_empty() => "the database has no table".to_owned(),
        0 => format!("the database has {shown}"),
        more => format!("the database has {shown} and {more} more"),
    };
    let message = format!("{database}: there is no table {table:?}");
    Error::usage("usage/no-table", message).with_hint(hint)
}
