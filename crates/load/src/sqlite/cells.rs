//! Cells as SQLite takes them.

use std::io::Write;

use rusqlite::types::ValueRef;

use super::fit::Fit;
use crate::cells::{Cells, Value};
use crate::class::Class;
use crate::format;

/// The largest integer up to which a double holds every integer.
const DOUBLE_EXACT: u64 = 1 << 53;

/// A column of a batch, and how its values enter the target.
pub(super) struct Entering<'a> {
    pub(super) cells: Cells<'a>,
    pub(super) fit: Fit,
    pub(super) class: Class,
}

impl Entering<'_> {
    /// The value of a cell, perhaps written into the scratch buffer; an error says why the column cannot hold it.
    #[inline]
    pub(super) fn value<'s>(
        &'s self,
        row: usize,
        scratch: &'s mut Vec<u8>,
    ) -> Result<ValueRef<'s>, String> {
        match self.cells.value(row) {
            Value::Null => Ok(ValueRef::Null),
            Value::Boolean(value) => Ok(ValueRef::Integer(i64::from(value))),
            Value::Integer(value) => self.integer(value),
            Value::Unsigned(value) => Err(format!("{value} is past the largest integer of SQLite")),
            Value::Real(value) => self.real(value, scratch),
            Value::Text(value) => Ok(ValueRef::Text(value)),
            Value::Bytes(value) => Ok(ValueRef::Blob(value)),
            Value::Date(days) => {
                scratch.clear();
                written(format::date(i64::from(days), scratch), scratch)
            }
            Value::Time(value, per_second) => {
                scratch.clear();
                written(format::time(value, per_second, scratch), scratch)
            }
            Value::Timestamp(value, per_second) => {
                let utc = matches!(self.class, Class::Timestamp { utc: true });
                scratch.clear();
                written(format::timestamp(value, per_second, utc, scratch), scratch)
            }
            Value::Decimal(value, scale) => self.decimal(value, scale, scratch),
        }
    }

    #[inline]
    fn integer<'s>(&self, value: i64) -> Result<ValueRef<'s>, String> {
        if self.fit == Fit::IntegerAsReal && value.unsigned_abs() > DOUBLE_EXACT {
            return Err(format!("a column of reals cannot hold {value} exactly"));
        }
        Ok(ValueRef::Integer(value))
    }

    #[inline]
    fn real<'s>(&self, value: f64, scratch: &'s mut Vec<u8>) -> Result<ValueRef<'s>, String> {
        if value.is_nan() {
            return Err("SQLite cannot hold NaN".to_owned());
        }
        if self.fit != Fit::RealAsText {
            return Ok(ValueRef::Real(value));
        }
        scratch.clear();
        written(write!(scratch, "{value:?}").is_ok(), scratch)
    }

    fn decimal<'s>(
        &self,
        value: i128,
        scale: i8,
        scratch: &'s mut Vec<u8>,
    ) -> Result<ValueRef<'s>, String> {
        scratch.clear();
        format::decimal(value, scale, scratch);
        if self.fit == Fit::DecimalAsNumber && !format::fits_double(value) {
            let value = String::from_utf8_lossy(scratch);
            return Err(format!(
                "a numeric column of SQLite cannot hold {value} exactly"
            ));
        }
        Ok(ValueRef::Text(scratch))
    }
}

fn written(fits: bool, scratch: &[u8]) -> Result<ValueRef<'_>, String> {
    if fits {
        Ok(ValueRef::Text(scratch))
    } else {
        Err("outside the range of ISO dates".to_owned())
    }
}
