//! `default`: the value that a cell without one is taken for, in rows that have some other value.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, DurationMicrosecondArray, Float64Array, Int64Array,
    Scalar, StringViewArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow_buffer::BooleanBuffer;
use arrow_select::zip::zip;

use super::{
    column::ColumnCheck,
    fault::{Fault, What},
    rules::Rule,
};
use crate::{
    column::ColumnKind,
    contract::{Blank, Field, Value},
    error::{Error, Result},
};

/// A default has to be good in itself.
pub(super) fn check(field: &Field, rules: &[Box<dyn Rule>]) -> Result<()> {
    let Blank::Default(default) = &field.blank else {
        return Ok(());
    };
    let holds = |rule: &dyn Rule| match &default.value {
        Value::Text(text) => rule.holds_text(text),
        Value::Int(int) => rule.holds_int(*int),
        Value::Bool(value) => rule.holds_int(i64::from(*value)),
        Value::Float(float) => rule.holds_float(*float),
    };
    match rules.iter().find(|rule| !holds(&***rule)) {
        None => Ok(()),
        Some(rule) => {
            let (text, expected) = (&default.text, rule.expected());
            let message = format!(
                "the default of {} is {text:?}, but has to be {expected}",
                field.name
            );
            Err(Error::contract(message))
        }
    }
}

/// Puts defaults where a row that is not blank has no value, unless the cell is at fault, and says so.
pub(super) fn fill(
    columns: &[ColumnCheck],
    arrays: &mut [ArrayRef],
    blank: Option<&BooleanBuffer>,
    faults: &mut [Vec<Fault>],
) -> Result<()> {
    for (index, column) in columns.iter().enumerate() {
        let Blank::Default(default) = &column.field.blank else {
            continue;
        };
        let array = &arrays[index];
        let Some(nulls) = array.nulls().filter(|nulls| nulls.null_count() > 0) else {
            continue;
        };
        let mut wanted = !nulls.inner();
        if let Some(blank) = blank {
            wanted = &wanted & &!blank;
        }
        let mut bits: Vec<bool> = wanted.iter().collect();
        for fault in &faults[index] {
            if !is_told(fault.what) {
                bits[fault.row as usize] = false;
            }
        }
        let rows = bits.iter().enumerate().filter(|(_, wanted)| **wanted);
        let defaulted = rows.map(|(row, _)| Fault {
            row: row as u32,
            field: index as u16,
            what: What::Defaulted,
        });
        faults[index].extend(defaulted);
        let value = value(&default.value, column.field.field_type.kind());
        arrays[index] = zip(&BooleanArray::from(bits), &Scalar::new(value), array)
            .map_err(|error| Error::bug(format!("defaults: {error}")))?;
    }
    Ok(())
}

/// True for what is said of a value, as against what is wrong with it.
fn is_told(what: What) -> bool {
    matches!(what, What::Trimmed | What::Mapped)
}

/// One value as a column of this kind has it.
fn value(value: &Value, kind: ColumnKind) -> ArrayRef {
    match (value, kind) {
        (Value::Text(text), _) => Arc::new(StringViewArray::from(vec![text.as_str()])),
        (Value::Bool(value), _) => Arc::new(BooleanArray::from(vec![*value])),
        (Value::Float(float), _) => Arc::new(Float64Array::from(vec![*float])),
        (Value::Int(days), ColumnKind::Date) => Arc::new(Date32Array::from(vec![*days as i32])),
        (Value::Int(micros), ColumnKind::Time) => {
            Arc::new(Time64MicrosecondArray::from(vec![*micros]))
        }
        (Value::Int(micros), ColumnKind::Timestamp) => {
            Arc::new(TimestampMicrosecondArray::from(vec![*micros]))
        }
        (Value::Int(micros), ColumnKind::Duration) => {
            Arc::new(DurationMicrosecondArray::from(vec![*micros]))
        }
        (Value::Int(int), _) => Arc::new(Int64Array::from(vec![*int])),
    }
}
