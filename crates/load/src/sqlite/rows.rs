//! The hot loop: rows of a batch into the stage, or straight into a new table.

use arrow_array::ArrayRef;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection};

use super::cells::Entering;
use super::fault::{is_key_taken, is_row_refused, reason};
use super::names::{in_main, joined, list};
use super::schema::Column;
use super::scratch::{STAGE, except};
use crate::cells::Cells;
use crate::error::Result;
use crate::plan::Plan;
use crate::relational::{KEY_EXISTS, MAX_KEY_CHARS, Refusal, TARGET_CONSTRAINT};

/// The statement that stages a row: one parameter per column, then the row number.
pub(super) fn stage_sql(columns: usize) -> String {
    let parameters = joined((1..=columns).map(|i| format!("?{i}")), ", ");
    format!(
        "INSERT INTO {STAGE} VALUES (NULL, ?{}, {parameters})",
        columns + 1
    )
}

/// The statement that inserts a row into the target unless its key is taken: one parameter per column.
pub(super) fn insert_sql(plan: &Plan, columns: &[Column]) -> String {
    let parameters = joined((1..=columns.len()).map(|i| format!("?{i}")), ", ");
    let names = list(columns.iter().map(|column| column.name.as_str()));
    // OR ABORT overrules conflict clauses of the table, such as one that would replace rows.
    format!(
        "INSERT OR ABORT INTO {} ({names}) VALUES ({parameters}){}",
        in_main(&plan.table),
        unless_key_exists(plan)
    )
}

/// The clause that turns a taken key into nothing done.
fn unless_key_exists(plan: &Plan) -> String {
    if plan.matched_key().is_empty() {
        return String::new();
    }
    format!(
        " ON CONFLICT ({}) DO NOTHING",
        list(plan.key.iter().map(String::as_str))
    )
}

/// Runs an insert whose parameters are bound. `Ok(None)` means the row is in.
#[inline]
pub(super) fn insert(
    conn: &Connection,
    statement: &mut CachedStatement<'_>,
) -> rusqlite::Result<Option<Refusal>> {
    match statement.raw_execute() {
        Ok(0) => Ok(Some(Refusal::key_exists())),
        Ok(_) => Ok(None),
        Err(error) => refusal(conn, error).map(Some),
    }
}

/// The row's refusal, if the statement failed because of the row and left the transaction alive.
fn refusal(conn: &Connection, error: rusqlite::Error) -> rusqlite::Result<Refusal> {
    match is_row_refused(&error) && !conn.is_autocommit() {
        true => Ok(refusal_of(&error, reason(&error))),
        false => Err(error),
    }
}

/// What a row's error says.
pub(super) fn refusal_of(error: &rusqlite::Error, reason: String) -> Refusal {
    let code = match is_key_taken(error) {
        true => KEY_EXISTS,
        false => TARGET_CONSTRAINT,
    };
    // `NOT NULL constraint failed: items.stock`, `UNIQUE constraint failed: items.a, items.b`
    let column = ["NOT NULL constraint failed: ", "UNIQUE constraint failed: "]
        .iter()
        .find_map(|words| reason.strip_prefix(words))
        .and_then(|names| names.split(", ").next()?.split_once('.'))
        .map(|(_, column)| column.to_owned());
    Refusal {
        code,
        reason,
        column,
    }
}

fn unfit(column: &str, reason: String) -> Refusal {
    Refusal::new(TARGET_CONSTRAINT, reason).of_column(column)
}

/// Runs the statement for every row of a batch and returns how many rows went in; the others are noted as exceptions.
pub(super) fn write(
    conn: &Connection,
    sql: &str,
    columns: &[Column],
    arrays: &[ArrayRef],
    rows: &[u32],
) -> Result<u64, WriteError> {
    let mut cells = Vec::with_capacity(columns.len());
    for (column, array) in columns.iter().zip(arrays) {
        let Some(column_cells) = Cells::new(array) else {
            return Err(WriteError::Type(column.name.clone()));
        };
        cells.push(Entering {
            cells: column_cells,
            fit: column.fit,
            class: column.class,
        });
    }
    let key: Vec<usize> = (0..columns.len()).filter(|&i| columns[i].is_key).collect();
    let mut statement = conn.prepare_cached(sql)?;
    let with_row_number = statement.parameter_count() > columns.len();
    let mut scratch = Vec::with_capacity(64);
    let mut written = 0;
    for (index, &row) in rows.iter().enumerate() {
        let bound = bind(&mut statement, columns, &cells, &key, index, &mut scratch)?;
        let refusal = match bound {
            Some(refusal) => Some(refusal),
            None => {
                if with_row_number {
                    statement.raw_bind_parameter(columns.len() + 1, row)?;
                }
                insert(conn, &mut statement)?
            }
        };
        match refusal {
            None => written += 1,
            Some(refusal) => except(conn, row, &refusal, &key_text(&cells, &key, index))?,
        }
    }
    Ok(written)
}

/// Why a batch could not be written.
pub(super) enum WriteError {
    Database(rusqlite::Error),
    /// A column passed the checks and still has a type that nobody reads.
    Type(String),
}

impl From<rusqlite::Error> for WriteError {
    fn from(error: rusqlite::Error) -> WriteError {
        WriteError::Database(error)
    }
}

#[inline]
fn bind(
    statement: &mut CachedStatement<'_>,
    columns: &[Column],
    cells: &[Entering<'_>],
    key: &[usize],
    index: usize,
    scratch: &mut Vec<u8>,
) -> rusqlite::Result<Option<Refusal>> {
    // SQLite would number an empty INTEGER PRIMARY KEY and take any number of empty values in other keys.
    if let Some(&empty) = key.iter().find(|&&i| cells[i].cells.is_null(index)) {
        let column = &columns[empty].name;
        let reason = format!("key column {column:?} is empty");
        return Ok(Some(unfit(column, reason)));
    }
    for (place, cell) in cells.iter().enumerate() {
        let value = match cell.value(index, scratch) {
            Ok(value) => value,
            Err(reason) => {
                let column = &columns[place].name;
                return Ok(Some(unfit(column, format!("column {column:?}: {reason}"))));
            }
        };
        match statement.raw_bind_parameter(place + 1, ToSqlOutput::Borrowed(value)) {
            Ok(()) => {}
            Err(error) if is_row_refused(&error) => {
                let column = &columns[place].name;
                let reason = format!("column {column:?}: {}", reason(&error));
                return Ok(Some(unfit(column, reason)));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// The key for people; the twin of the SQL in the merge.
fn key_text(cells: &[Entering<'_>], key: &[usize], index: usize) -> String {
    let mut scratch = Vec::new();
    let mut part = |&i: &usize| match cells[i].value(index, &mut scratch) {
        Ok(ValueRef::Integer(value)) => value.to_string(),
        Ok(ValueRef::Real(value)) => format!("{value:?}"),
        Ok(ValueRef::Text(value)) => String::from_utf8_lossy(value).into_owned(),
        Ok(ValueRef::Blob(value)) => value.iter().map(|byte| format!("{byte:02X}")).collect(),
        Ok(ValueRef::Null) | Err(_) => String::new(),
    };
    let text = key.iter().map(&mut part).collect::<Vec<_>>().join(", ");
    text.chars().take(MAX_KEY_CHARS).collect()
}
