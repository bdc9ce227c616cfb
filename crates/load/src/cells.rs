//! A batch as databases take it: each column downcast once, each cell a value without an allocation.

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, LargeBinaryArray, LargeStringArray, RecordBatch,
    StringArray, StringViewArray,
};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_cast::cast;
use arrow_schema::{DataType, TimeUnit};

use crate::class::Class;
use crate::error::{Error, Result};

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    /// One beyond the largest [`Value::Integer`].
    Unsigned(u64),
    Real(f64),
    /// UTF-8.
    Text(&'a [u8]),
    Bytes(&'a [u8]),
    /// Days since 1970-01-01.
    Date(i32),
    /// Units since midnight, and how many of them a second has.
    Time(i64, i64),
    /// Units since 1970-01-01, and how many of them a second has.
    Timestamp(i64, i64),
    /// Digits and their scale.
    Decimal(i128, i8),
}

/// A column of a batch, ready to be read cell by cell.
pub(crate) struct Cells<'a> {
    nulls: Option<NullBuffer>,
    values: Values<'a>,
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
    Dictionary { keys: Vec<usize>, values: Texts<'a> },
    Binary(&'a BinaryArray),
    LargeBinary(&'a LargeBinaryArray),
    BinaryView(&'a BinaryViewArray),
    Date(&'a [i32]),
    Time32(&'a [i32], i64),
    Time64(&'a [i64], i64),
    Timestamp(&'a [i64], i64),
    Decimal(&'a [i128], i8),
}

enum Texts<'a> {
    Small(&'a StringArray),
    Large(&'a LargeStringArray),
    View(&'a StringViewArray),
}

/// Turns rare types into the ones read below; the usual ones pass as they are.
fn normalised(array: &ArrayRef) -> Result<ArrayRef> {
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

/// The columns of a batch in the form that [`Cells`] reads.
pub(crate) fn arrays(batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
    batch.columns().iter().map(normalised).collect()
}

impl<'a> Cells<'a> {
    /// Downcasts a column of [`arrays`]; none if its type has no [`Class`].
    pub(crate) fn new(array: &'a ArrayRef) -> Option<Cells<'a>> {
        let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
        Some(Cells {
            nulls,
            values: Values::new(array)?,
        })
    }

    #[inline]
    pub(crate) fn is_null(&self, row: usize) -> bool {
        matches!(self.values, Values::Null)
            || self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    #[inline]
    pub(crate) fn value(&self, row: usize) -> Value<'_> {
        if self.is_null(row) {
            return Value::Null;
        }
        match &self.values {
            Values::Null => Value::Null,
            Values::Boolean(values) => Value::Boolean(values.value(row)),
            Values::I8(values) => Value::Integer(i64::from(values[row])),
            Values::I16(values) => Value::Integer(i64::from(values[row])),
            Values::I32(values) => Value::Integer(i64::from(values[row])),
            Values::I64(values) => Value::Integer(values[row]),
            Values::U8(values) => Value::Integer(i64::from(values[row])),
            Values::U16(values) => Value::Integer(i64::from(values[row])),
            Values::U32(values) => Value::Integer(i64::from(values[row])),
            Values::U64(values) => match i64::try_from(values[row]) {
                Ok(value) => Value::Integer(value),
                Err(_) => Value::Unsigned(values[row]),
            },
            Values::F32(values) => Value::Real(f64::from(values[row])),
            Values::F64(values) => Value::Real(values[row]),
            Values::Text(values) => Value::Text(values.bytes(row)),
            Values::Dictionary { keys, values } => Value::Text(values.bytes(keys[row])),
            Values::Binary(values) => Value::Bytes(values.value(row)),
            Values::LargeBinary(values) => Value::Bytes(values.value(row)),
            Values::BinaryView(values) => Value::Bytes(values.value(row)),
            Values::Date(values) => Value::Date(values[row]),
            Values::Time32(values, per_second) => Value::Time(i64::from(values[row]), *per_second),
            Values::Time64(values, per_second) => Value::Time(values[row], *per_second),
            Values::Timestamp(values, per_second) => Value::Timestamp(values[row], *per_second),
            Values::Decimal(values, scale) => Value::Decimal(values[row], *scale),
        }
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
            DataType::Timestamp(unit, _) => {
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
                Values::Timestamp(values, per_second)
            }
            DataType::Duration(unit) => Values::I64(match unit {
                TimeUnit::Second => array.as_primitive::<DurationSecondType>().values(),
                TimeUnit::Millisecond => array.as_primitive::<DurationMillisecondType>().values(),
                TimeUnit::Microsecond => array.as_primitive::<DurationMicrosecondType>().values(),
                TimeUnit::Nanosecond => array.as_primitive::<DurationNanosecondType>().values(),
            }),
            DataType::Decimal128(_, scale) => {
                Values::Decimal(array.as_primitive::<Decimal128Type>().values(), *scale)
            }
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
pub(crate) fn is_of(class: Class, data_type: &DataType) -> bool {
    Class::of(data_type) == Some(class)
}

/// Checks that a batch is what the plan promised.
pub(crate) fn check_batch<'a>(
    batch: &RecordBatch,
    rows: &[u32],
    columns: impl ExactSizeIterator<Item = (&'a str, Class)>,
) -> Result<()> {
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
    for (field, (name, class)) in batch.schema_ref().fields().iter().zip(columns) {
        if field.name() != name {
            return mismatch(format!(
                "a batch has column {:?} where the plan has {:?}",
                field.name(),
                name
            ));
        }
        if !is_of(class, field.data_type()) {
            return mismatch(format!(
                "column {:?} of a batch is {}, and the plan expects {}",
                name,
                field.data_type(),
                class.name()
            ));
        }
    }
    Ok(())
}
