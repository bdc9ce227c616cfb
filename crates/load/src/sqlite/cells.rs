//! The hot loop's view of a batch: each column downcast once, each cell handed to SQLite without an allocation.

use std::io::Write;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, LargeBinaryArray, LargeStringArray, StringArray,
    StringViewArray,
};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_cast::cast;
use arrow_schema::{DataType, TimeUnit};
use rusqlite::types::ValueRef;

use super::fit::{Class, Fit};
use super::format;
use crate::error::{Error, Result};

/// The largest integer up to which a double holds every integer.
const DOUBLE_EXACT: u64 = 1 << 53;

/// A column of a batch, ready to be read cell by cell.
pub(super) struct Cells<'a> {
    nulls: Option<NullBuffer>,
    values: Values<'a>,
    fit: Fit,
}

enum Values<'a> {
    Null,
    Boolean(&'a BooleanBuffer),
    I8(&'a [i8]),
    I16(&'a [i16]),
    I32(&'a [i32]),
    I64(&'a [i64]),
    U8(&'a [u8]),
    U16(&'a [u16]),
    U32(&'a [u32]),
    U64(&'a [u64]),
    F32(&'a [f32]),
    F64(&'a [f64]),
    Text(Texts<'a>),
    Dictionary {
        keys: Vec<usize>,
        values: Texts<'a>,
    },
    Binary(&'a BinaryArray),
    LargeBinary(&'a LargeBinaryArray),
    BinaryView(&'a BinaryViewArray),
    Date(&'a [i32]),
    Time32(&'a [i32], i64),
    Time64(&'a [i64], i64),
    Timestamp {
        values: &'a [i64],
        per_second: i64,
        utc: bool,
    },
    Decimal {
        values: &'a [i128],
        scale: i8,
    },
}

enum Texts<'a> {
    Small(&'a StringArray),
    Large(&'a LargeStringArray),
    View(&'a StringViewArray),
}

/// Turns rare types into the ones read below; the usual ones pass as they are.
pub(super) fn normalised(array: &ArrayRef) -> Result<ArrayRef> {
    let into = match array.data_type() {
        DataType::Float16 => DataType::Float32,
        DataType::Date64 => DataType::Date32,
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::FixedSizeBinary(_) => DataType::Binary,
        _ => return Ok(array.clone()),
    };
    cast(array, &into).map_err(|e| Error::bug("a lossless cast failed").with_source(e))
}

impl<'a> Cells<'a> {
    /// Downcasts a [`normalised`] column; none if its type is not one of the sink's.
    pub(super) fn new(array: &'a ArrayRef, fit: Fit) -> Option<Cells<'a>> {
        let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
        Some(Cells {
            nulls,
            values: Values::new(array)?,
            fit,
        })
    }

    #[inline]
    pub(super) fn is_null(&self, row: usize) -> bool {
        matches!(self.values, Values::Null)
            || self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// The value of a cell, perhaps written into the scratch buffer; an error says why the column cannot hold it.
    #[inline]
    pub(super) fn value<'s>(
        &'s self,
        row: usize,
        scratch: &'s mut Vec<u8>,
    ) -> Result<ValueRef<'s>, String> {
        if self.is_null(row) {
            return Ok(ValueRef::Null);
        }
        match &self.values {
            Values::Null => Ok(ValueRef::Null),
            Values::Boolean(values) => Ok(ValueRef::Integer(i64::from(values.value(row)))),
            Values::I8(values) => self.integer(i64::from(values[row])),
            Values::I16(values) => self.integer(i64::from(values[row])),
            Values::I32(values) => self.integer(i64::from(values[row])),
            Values::I64(values) => self.integer(values[row]),
            Values::U8(values) => self.integer(i64::from(values[row])),
            Values::U16(values) => self.integer(i64::from(values[row])),
            Values::U32(values) => self.integer(i64::from(values[row])),
            Values::U64(values) => match i64::try_from(values[row]) {
                Ok(value) => self.integer(value),
                Err(_) => Err(format!(
                    "{} is past the largest integer of SQLite",
                    values[row]
                )),
            },
            Values::F32(values) => self.real(f64::from(values[row]), scratch),
            Values::F64(values) => self.real(values[row], scratch),
            Values::Text(values) => Ok(ValueRef::Text(values.bytes(row))),
            Values::Dictionary { keys, values } => Ok(ValueRef::Text(values.bytes(keys[row]))),
            Values::Binary(values) => Ok(ValueRef::Blob(values.value(row))),
            Values::LargeBinary(values) => Ok(ValueRef::Blob(values.value(row))),
            Values::BinaryView(values) => Ok(ValueRef::Blob(values.value(row))),
            Values::Date(values) => {
                scratch.clear();
                written(format::date(i64::from(values[row]), scratch), scratch)
            }
            Values::Time32(values, per_second) => {
                scratch.clear();
                written(
                    format::time(i64::from(values[row]), *per_second, scratch),
                    scratch,
                )
            }
            Values::Time64(values, per_second) => {
                scratch.clear();
                written(format::time(values[row], *per_second, scratch), scratch)
            }
            Values::Timestamp {
                values,
                per_second,
                utc,
            } => {
                scratch.clear();
                written(
                    format::timestamp(values[row], *per_second, *utc, scratch),
                    scratch,
                )
            }
            Values::Decimal { values, scale } => self.decimal(values[row], *scale, scratch),
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

impl<'a> Values<'a> {
    fn new(array: &'a ArrayRef) -> Option<Values<'a>> {
        Some(match array.data_type() {
            DataType::Null => Values::Null,
            DataType::Boolean => Values::Boolean(array.as_boolean().values()),
            DataType::Int8 => Values::I8(array.as_primitive::<Int8Type>().values()),
            DataType::Int16 => Values::I16(array.as_primitive::<Int16Type>().values()),
            DataType::Int32 => Values::I32(array.as_primitive::<Int32Type>().values()),
            DataType::Int64 => Values::I64(array.as_primitive::<Int64Type>().values()),
            DataType::UInt8 => Values::U8(array.as_primitive::<UInt8Type>().values()),
            DataType::UInt16 => Values::U16(array.as_primitive::<UInt16Type>().values()),
            DataType::UInt32 => Values::U32(array.as_primitive::<UInt32Type>().values()),
            DataType::UInt64 => Values::U64(array.as_primitive::<UInt64Type>().values()),
            DataType::Float32 => Values::F32(array.as_primitive::<Float32Type>().values()),
            DataType::Float64 => Values::F64(array.as_primitive::<Float64Type>().values()),
            DataType::Dictionary(_, _) => {
                let array = array.as_any_dictionary();
                let values = Texts::new(array.values())?;
                let none = array.values().is_empty();
                Values::Dictionary {
                    keys: if none {
                        Vec::new()
                    } else {
                        array.normalized_keys()
                    },
                    values,
                }
            }
            DataType::Binary => Values::Binary(array.as_binary()),
            DataType::LargeBinary => Values::LargeBinary(array.as_binary()),
            DataType::BinaryView => Values::BinaryView(array.as_binary_view()),
            DataType::Date32 => Values::Date(array.as_primitive::<Date32Type>().values()),
            DataType::Time32(TimeUnit::Second) => {
                Values::Time32(array.as_primitive::<Time32SecondType>().values(), 1)
            }
            DataType::Time32(_) => Values::Time32(
                array.as_primitive::<Time32MillisecondType>().values(),
                1_000,
            ),
            DataType::Time64(TimeUnit::Microsecond) => Values::Time64(
                array.as_primitive::<Time64MicrosecondType>().values(),
                1_000_000,
            ),
            DataType::Time64(_) => Values::Time64(
                array.as_primitive::<Time64NanosecondType>().values(),
                1_000_000_000,
            ),
            DataType::Timestamp(unit, zone) => {
                let (values, per_second): (&[i64], i64) = match unit {
                    TimeUnit::Second => (array.as_primitive::<TimestampSecondType>().values(), 1),
                    TimeUnit::Millisecond => (
                        array.as_primitive::<TimestampMillisecondType>().values(),
                        1_000,
                    ),
                    TimeUnit::Microsecond => (
                        array.as_primitive::<TimestampMicrosecondType>().values(),
                        1_000_000,
                    ),
                    TimeUnit::Nanosecond => (
                        array.as_primitive::<TimestampNanosecondType>().values(),
                        1_000_000_000,
                    ),
                };
                Values::Timestamp {
                    values,
                    per_second,
                    utc: zone.is_some(),
                }
            }
            DataType::Duration(unit) => Values::I64(match unit {
                TimeUnit::Second => array.as_primitive::<DurationSecondType>().values(),
                TimeUnit::Millisecond => array.as_primitive::<DurationMillisecondType>().values(),
                TimeUnit::Microsecond => array.as_primitive::<DurationMicrosecondType>().values(),
                TimeUnit::Nanosecond => array.as_primitive::<DurationNanosecondType>().values(),
            }),
            DataType::Decimal128(_, scale) => Values::Decimal {
                values: array.as_primitive::<Decimal128Type>().values(),
                scale: *scale,
            },
            _ => return Texts::new(array).map(Values::Text),
        })
    }
}

impl<'a> Texts<'a> {
    fn new(array: &'a ArrayRef) -> Option<Texts<'a>> {
        Some(match array.data_type() {
            DataType::Utf8 => Texts::Small(array.as_string()),
            DataType::LargeUtf8 => Texts::Large(array.as_string()),
            DataType::Utf8View => Texts::View(array.as_string_view()),
            _ => return None,
        })
    }

    #[inline]
    fn bytes(&self, index: usize) -> &'a [u8] {
        match self {
            Texts::Small(array) => array.value(index).as_bytes(),
            Texts::Large(array) => array.value(index).as_bytes(),
            Texts::View(array) => array.value(index).as_bytes(),
        }
    }
}

/// Whether a batch's column may stand for a plan's column.
pub(super) fn is_of(class: Class, data_type: &DataType) -> bool {
    Class::of(data_type) == Some(class)
}
