//! The hot loop: rows of a batch into the stage, or straight into a new table.

use arrow_array::{ArrayRef, RecordBatch};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection};

use super::cells::Entering;
use super::fault::{is_key_taken, is_row_refused, reason};
use super::names::{in_main, joined, list};
use super::schema::Column;
use super::scratch::{KEY_EXISTS, MAX_KEY_CHARS, STAGE, TARGET_CONSTRAINT, except};
use crate::cells::{Cells, is_of};
use crate::error::{Error, Result};
use crate::plan::Plan;

/// Checks that a batch is what the plan promised.
pub(super) fn check(batch: &RecordBatch, rows: &[u32], columns: &[Column]) -> Result<()> {
    let mismatch = |message: String| Err(Error::usage("usage/batch", message));
    if batch.num_rows() != rows.len() {
        let (batch, rows) = (batch.num_rows(), rows.len());
        return mismatch(format!(
            "a batch of {batch} rows came with {rows} row numbers"
        ));
    }
    if batch.num_columns() != columns.len() {
        let (found, expected) = (batch.num_columns(), columns.len());
        return mismatch(format!(
            "a batch has {found} columns, and the plan has {expected}"
        ));
    }
    for (field, column) in batch.schema_ref().fields().iter().zip(columns) {
        if field.name() != &column.name {
            return mismatch(format!(
                "a batch has column {:?} where the plan has {:?}",
                field.name(),
                column.name
            ));
        }
        if !is_of(column.class, field.data_type()) {
            return mismatch(format!(
                "column {:?} of a batch is {}, and the plan expects {}",
                column.name,
                field.data_type(),
                column.class.name()
            ));
        }
    }
    Ok(())
}

/// The statement that stages a row: one parameter per column, then the row number.
pub(super) fn stage_sql(columns: usize) -> String {
    let parameters = joined((1..=columns).map(|i| format!("?{i}")), ", ");
    format!(
        "INSERT INTO {STAGE} VALUES (?{}, {parameters})",
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
pub(super) fn unless_key_exists(plan: &Plan) -> String {
    if plan.key.is_empty() {
        return String::new();
    }
    format!(
        " ON CONFLICT ({}) DO NOTHING",
        list(plan.key.iter().map(String::as_str))
    )
}

/// Why a row did not enter.
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) reason: String,
}

impl Refusal {
    pub(super) fn key_exists() -> Refusal {
        Refusal {
            code: KEY_EXISTS,
            reason: "the key exists already".to_owned(),
        }
    }

    fn unfit(reason: String) -> Refusal {
        Refusal {
            code: TARGET_CONSTRAINT,
            reason,
        }
    }
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
pub(super) fn refusal(conn: &Connection, error: rusqlite::Error) -> rusqlite::Result<Refusal> {
    if !is_row_refused(&error) || conn.is_autocommit() {
        return Err(error);
    }
    let code = if is_key_taken(&error) {
        KEY_EXISTS
    } else {
        TARGET_CONSTRAINT
    };
    Ok(Refusal {
        code,
        reason: reason(&error),
    })
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
            Some(Refusal { code, reason }) => {
                except(conn, row, code, &reason, &key_text(&cells, &key, index))?;
            }
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
        let reason = format!("key column {:?} is empty", columns[empty].name);
        return Ok(Some(Refusal::unfit(reason)));
    }
    for (place, cell) in cells.iter().enumerate() {
        let value = match cell.value(index, scratch) {
            Ok(value) => value,
            Err(reason) => {
                let reason = format!("column {:?}: {reason}", columns[place].name);
                return Ok(Some(Refusal::unfit(reason)));
            }
        };
        match statement.raw_bind_parameter(place + 1, ToSqlOutput::Borrowed(value)) {
            Ok(()) => {}
            Err(error) if is_row_refused(&error) => {
                let reason = format!("column {:?}: {}", columns[place].name, reason(&error));
                return Ok(Some(Refusal::unfit(reason)));
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
