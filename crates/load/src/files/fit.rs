//! The columns of a plan as files hold them, and the rows that they cannot hold.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};

use super::Format;
use crate::cells::{Cells, Value};
use crate::class::Class;
use crate::error::{Error, Result};
use crate::format;
use crate::plan::Plan;

/// A column of the import.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) class: Class,
    pub(super) is_key: bool,
    nullable: bool,
    /// The type in the files.
    written: DataType,
}

/// A row that does not go into the files, by its place in the batch.
#[derive(Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) reason: String,
}

/// The columns of a plan; types that no sink takes are refused by name.
pub(super) fn columns(plan: &Plan) -> Result<Vec<Column>> {
    let column = |field: &Arc<Field>| {
        let (name, data_type) = (field.name().clone(), field.data_type());
        let Some(class) = Class::of(data_type) else {
            return Err(Error::usage(
                "usage/column-type",
                format!("column {name:?} is {data_type}, which the files sink does not write"),
            )
            .with_hint(
                "leave the column out, or turn it into text (such as JSON) before loading",
            ));
        };
        let is_key = plan.matched_key().contains(&name);
        Ok(Column {
            class,
            is_key,
            nullable: field.is_nullable() && !is_key,
            written: written(class, data_type),
            name,
        })
    };
    plan.schema.fields().iter().map(column).collect()
}

/// One type for what other readers would tell apart by accident; none of them loses a value.
fn written(class: Class, data_type: &DataType) -> DataType {
    match (class, data_type) {
        (Class::Text, _) => DataType::Utf8,
        (Class::Bytes, _) => DataType::Binary,
        (Class::Date, _) => DataType::Date32,
        (_, DataType::Float16) => DataType::Float32,
        (_, DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale)) => {
            DataType::Decimal128(*precision, *scale)
        }
        // Parquet has no seconds.
        (_, DataType::Time32(_)) => DataType::Time32(TimeUnit::Millisecond),
        (_, DataType::Timestamp(TimeUnit::Second, zone)) => {
            DataType::Timestamp(TimeUnit::Millisecond, zone.clone())
        }
        _ => data_type.clone(),
    }
}

/// The schema of the files. Metadata stays behind: it has no order, and the bytes of a file would have none.
pub(super) fn schema(columns: &[Column]) -> SchemaRef {
    let field = |column: &Column| Field::new(&column.name, column.written.clone(), column.nullable);
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// Turns a batch of the plan into arrays of the files' types. Rows that these cannot hold are listed, by row and the first
/// column that refuses; what the arrays hold in such a row is of no meaning.
pub(super) fn fit(
    batch: &RecordBatch,
    columns: &[Column],
    format: Format,
) -> Result<(Vec<ArrayRef>, Vec<Refusal>)> {
    let mut refusals: Vec<Refusal> = Vec::new();
    let mut fitted = Vec::with_capacity(columns.len());
    for (place, (column, array)) in columns.iter().zip(batch.columns()).enumerate() {
        let array_fitted = cast(array, &column.written)?;
        for (row, reason) in misfits(column, array, &array_fitted, format)? {
            let reason = format!("column {:?} {reason}", column.name);
            refusals.push(Refusal {
                row,
                column: place,
                reason,
            });
        }
        fitted.push(array_fitted);
    }
    refusals.sort_by_key(|refusal| refusal.row); // stable: the first column speaks
    refusals.dedup_by_key(|refusal| refusal.row);
    Ok((fitted, refusals))
}

/// A cast that leaves nothing where a value does not fit.
fn cast(array: &ArrayRef, into: &DataType) -> Result<ArrayRef> {
    if array.data_type() == into {
        return Ok(Arc::clone(array));
    }
    let options = CastOptions {
        safe: true,
        ..CastOptions::default()
    };
    cast_with_options(array, into, &options)
        .map_err(|e| Error::bug("a cast between types of one class failed").with_source(e))
}

fn misfits(
    column: &Column,
    array: &ArrayRef,
    fitted: &ArrayRef,
    format: Format,
) -> Result<Vec<(usize, String)>> {
    let mut found = Vec::new();
    if !column.nullable && array.logical_null_count() > 0 {
        let nulls = array.logical_nulls();
        let is_empty = |row: &usize| nulls.as_ref().is_some_and(|nulls| nulls.is_null(*row));
        let what = if column.is_key {
            "is empty, and in the key"
        } else {
            "is empty, and must not be"
        };
        found.extend(
            (0..array.len())
                .filter(is_empty)
                .map(|row| (row, what.to_owned())),
        );
    }
    if may_lose(column.class) && array.data_type() != fitted.data_type() {
        let back = cast(fitted, array.data_type())?;
        if array != &back {
            let lost = (0..array.len()).filter(|&row| array.slice(row, 1) != back.slice(row, 1));
            found.extend(lost.map(|row| (row, format!("holds what {} cannot", column.written))));
        }
    }
    if format.is_text() && has_odd_values(column.class) {
        let values = Cells::new(fitted)
            .ok_or_else(|| Error::bug(format!("column {:?} cannot be read", column.name)))?;
        let odd = (0..fitted.len())
            .filter_map(|row| Some((row, odd(values.value(row), format)?.to_owned())));
        found.extend(odd);
    }
    Ok(found)
}

/// Classes whose types differ in what they can hold.
fn may_lose(class: Class) -> bool {
    !matches!(
        class,
        Class::Text | Class::Bytes | Class::Boolean | Class::Null
    )
}

/// Classes with values that a text cannot hold.
fn has_odd_values(class: Class) -> bool {
    matches!(
        class,
        Class::Real | Class::Date | Class::Time | Class::Timestamp { .. }
    )
}

/// What is odd about a value, for a text file.
fn odd(value: Value<'_>, format: Format) -> Option<&'static str> {
    let mut scratch = Vec::with_capacity(40);
    let is_fine = match value {
        Value::Real(value) if !value.is_finite() && format == Format::NdJson => {
            return Some("is not a number that JSON has");
        }
        Value::Date(days) => format::date(i64::from(days), &mut scratch),
        Value::Timestamp(value, per_second) => {
            format::timestamp(value, per_second, false, &mut scratch)
        }
        Value::Time(value, per_second) => {
            if format::time(value, per_second, &mut scratch) {
                return None;
            }
            return Some("is not a time of a day");
        }
        _ => true,
    };
    (!is_fine).then_some("has a year outside of 0000 to 9999")
}
