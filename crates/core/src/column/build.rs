//! A column of a window to an Arrow array.
//!
//! Most lanes hold just what their column is, so each builder has a loop for that, and one for everything else that asks
//! about each cell; both give the same array.

use std::{ops::Range, sync::Arc};

use arrow_array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray, NullArray, PrimitiveArray,
    types::{
        Date32Type, DurationMicrosecondType, Float64Type, Int64Type, Time64MicrosecondType,
        TimestampMicrosecondType,
    },
};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, NullBuffer, NullBufferBuilder};

use super::{
    build_decimal, build_text,
    cell::{Cell, Tag},
    dates::{DateSystem, duration_micros, time_micros},
    kind::{ColumnKind, TextRepr},
    literal,
    piece::{Lane, NO_INT, NO_STRING, Packed, span_text},
    window::ColumnView,
};
use crate::error::Result;

/// What becomes of a cell that does not fit the type of its column. It has to be of that type: `Int` for an integer
/// column and so on; anything else is null.
#[derive(Debug, Clone, PartialEq)]
pub enum Repair {
    /// No value.
    Null,
    /// For `Bool` columns.
    Bool(bool),
    /// For `Int` columns.
    Int(i64),
    /// For `Float` columns.
    Float(f64),
    /// For `Date` columns: days since 1970-01-01.
    Days(i32),
    /// For `Timestamp` (since 1970-01-01), `Time` (since midnight) and `Duration` columns.
    Micros(i64),
}

/// Hears of each cell that does not fit: its row in the window, and the cell.
pub(super) type Misfit<'a> = dyn FnMut(usize, Cell<'_>) -> Result<Repair> + 'a;

/// Builds `column` as `kind`. Values that fit are taken over without loss: integers as floats (up to 2^53), floats without
/// fraction as integers, dates as timestamps, and everything as text (a number as its shortest exact text, dates in ISO
/// 8601). Any other cell, an error cell and a bad string index included, goes to `misfit` with its row in the window.
///
/// # Errors
/// Whatever `misfit` returns.
pub fn build_column(
    column: ColumnView<'_>,
    kind: ColumnKind,
    text: TextRepr,
    misfit: &mut dyn FnMut(usize, Cell<'_>) -> Result<Repair>,
) -> Result<ArrayRef> {
    let dates = column.window().dates();
    match kind {
        ColumnKind::Null => {
            column.try_for_each(|row, cell| match cell {
                Cell::Null => Ok(()),
                other => misfit(row, other).map(drop),
            })?;
            Ok(Arc::new(NullArray::new(column.len())))
        }
        ColumnKind::Bool => build_bool(column, misfit),
        ColumnKind::Int => build::<Int>(column, dates, misfit),
        ColumnKind::Float => build::<Float>(column, dates, misfit),
        ColumnKind::Decimal { precision, scale } => {
            build_decimal::build(column, precision, scale, misfit)
        }
        ColumnKind::Date => build::<Date>(column, dates, misfit),
        ColumnKind::Timestamp => build::<Timestamp>(column, dates, misfit),
        ColumnKind::Time => build::<Time>(column, dates, misfit),
        ColumnKind::Duration => build::<Duration>(column, dates, misfit),
        ColumnKind::Text => build_text::build(column, text, misfit),
    }
}

/// A primitive column type.
trait Target {
    type Arrow: ArrowPrimitiveType;

    /// The value of a slot that fits.
    fn fit(tag: Tag, bits: u64, dates: DateSystem) -> Option<Native<Self>>;

    /// The value of a repair of the right type.
    fn repair(repair: Repair) -> Option<Native<Self>>;
}

type Native<T> = <<T as Target>::Arrow as ArrowPrimitiveType>::Native;

fn build<T: Target>(
    column: ColumnView<'_>,
    dates: DateSystem,
    misfit: &mut Misfit<'_>,
) -> Result<ArrayRef> {
    let mut values: Vec<Native<T>> = Vec::with_capacity(column.len());
    let mut nulls = NullBufferBuilder::new(column.len());
    for (piece, lane, rows) in column.lanes() {
        let (full, missing) = split(lane, &rows);
        if let Some(lane) = lane
            && !full.is_empty()
        {
            let start = values.len();
            if append_all::<T>(&mut values, lane.packed(), full.clone(), dates) {
                append_validity(&mut nulls, lane, full);
            } else {
                values.truncate(start);
                for row in full {
                    let value = match lane.slot(row) {
                        (Tag::Null, _) => None,
                        (tag, bits) => match fit::<T>(column, tag, bits, &piece.text) {
                            Some(value) => Some(value),
                            None => {
                                let cell = piece.lane_cell(lane, row, column.window().strings());
                                T::repair(misfit(values.len(), cell)?)
                            }
                        },
                    };
                    nulls.append(value.is_some());
                    values.push(value.unwrap_or_default());
                }
            }
        }
        nulls.append_n_nulls(missing);
        values.resize(values.len() + missing, Default::default());
    }
    Ok(Arc::new(PrimitiveArray::<T::Arrow>::new(
        values.into(),
        nulls.finish(),
    )))
}

/// The value of a slot that fits, also where it is only spelled as a text, unless the column is to be taken as spelled.
fn fit<T: Target>(column: ColumnView<'_>, tag: Tag, bits: u64, text: &[u8]) -> Option<Native<T>> {
    let (tag, bits) = match tag.is_literal() {
        true if column.reads_literals() => literal::value(tag, span_text(bits, text))?,
        true => return None,
        false => (tag, bits),
    };
    T::fit(tag, bits, column.window().dates())
}

/// Appends rows of a lane; false when one of them does not fit, and then what was appended is of no use.
fn append_all<T: Target>(
    values: &mut Vec<Native<T>>,
    lane: &Packed,
    rows: Range<usize>,
    dates: DateSystem,
) -> bool {
    let mut all_fit = true;
    let mut value = |tag: Tag, bits: u64| match T::fit(tag, bits, dates) {
        Some(value) => value,
        None => {
            all_fit &= tag == Tag::Null;
            Default::default()
        }
    };
    match lane {
        Packed::Strings(_) => return false,
        Packed::Ints(ints) => values.extend(ints[rows].iter().map(|&int| match int {
            NO_INT => Default::default(),
            int => value(Tag::Int, i64::from(int) as u64),
        })),
        Packed::Plain(tag, bits) => values.extend(bits[rows].iter().map(|&bits| value(*tag, bits))),
        Packed::Mixed(tags, bits) => {
            let slots = tags[rows.clone()].iter().zip(&bits[rows]);
            values.extend(slots.map(|(&tag, &bits)| value(Tag::from_u8(tag), bits)));
        }
    }
    all_fit
}

/// Appends which rows of a lane have a value.
pub(super) fn append_validity(nulls: &mut NullBufferBuilder, lane: &Lane, rows: Range<usize>) {
    let len = rows.len();
    if !lane.tags().contains(Tag::Null) {
        return nulls.append_n_non_nulls(len);
    }
    let valid = match lane.packed() {
        Packed::Strings(ids) => collect(&ids[rows], |id| *id != NO_STRING),
        Packed::Ints(ints) => collect(&ints[rows], |int| *int != NO_INT),
        Packed::Mixed(tags, _) => collect(&tags[rows], |tag| *tag != Tag::Null as u8),
        Packed::Plain(tag, _) if *tag != Tag::Null => return nulls.append_n_non_nulls(len),
        Packed::Plain(..) => return nulls.append_n_nulls(len),
    };
    nulls.append_buffer(&NullBuffer::new(valid));
}

fn collect<T>(slots: &[T], is_set: impl Fn(&T) -> bool) -> BooleanBuffer {
    BooleanBuffer::collect_bool(slots.len(), |at| is_set(&slots[at]))
}

/// The rows that a lane holds, and how many it lacks.
pub(super) fn split(lane: Option<&Lane>, rows: &Range<usize>) -> (Range<usize>, usize) {
    let end = lane.map_or(0, Lane::len).clamp(rows.start, rows.end);
    (rows.start..end, rows.end - end)
}

struct Int;

impl Target for Int {
    type Arrow = Int64Type;

    #[inline(always)]
    fn fit(tag: Tag, bits: u64, _: DateSystem) -> Option<i64> {
        const END: f64 = 9_223_372_036_854_775_808.0; // 2^63
        match tag {
            Tag::Int => Some(bits as i64),
            Tag::Float => {
                let float = f64::from_bits(bits);
                (float.fract() == 0.0 && (-END..END).contains(&float)).then_some(float as i64)
            }
            _ => None,
        }
    }

    fn repair(repair: Repair) -> Option<i64> {
        if let Repair::Int(int) = repair {
            Some(int)
        } else {
            None
        }
    }
}

struct Float;

/// Integers up to here are exact as floats.
pub(super) const MAX_EXACT_INT: i64 = 1 << 53;

impl Target for Float {
    type Arrow = Float64Type;

    #[inline(always)]
    fn fit(tag: Tag, bits: u64, _: DateSystem) -> Option<f64> {
        let int = bits as i64;
        match tag {
            Tag::Float => Some(f64::from_bits(bits)),
            Tag::Int if int.unsigned_abs() <= MAX_EXACT_INT as u64 => Some(int as f64),
            _ => None,
        }
    }

    fn repair(repair: Repair) -> Option<f64> {
        if let Repair::Float(float) = repair {
            Some(float)
        } else {
            None
        }
    }
}

struct Date;

impl Target for Date {
    type Arrow = Date32Type;

    #[inline(always)]
    fn fit(tag: Tag, bits: u64, dates: DateSystem) -> Option<i32> {
        let serial = f64::from_bits(bits);
        match tag {
            Tag::Date => dates.unix_days(serial),
            Tag::DateTime if serial.fract() == 0.0 => dates.unix_days(serial),
            _ => None,
        }
    }

    fn repair(repair: Repair) -> Option<i32> {
        if let Repair::Days(days) = repair {
            Some(days)
        } else {
            None
        }
    }
}

fn micros(repair: Repair) -> Option<i64> {
    if let Repair::Micros(micros) = repair {
        Some(micros)
    } else {
        None
    }
}

struct Timestamp;

impl Target for Timestamp {
    type Arrow = TimestampMicrosecondType;

    #[inline(always)]
    fn fit(tag: Tag, bits: u64, dates: DateSystem) -> Option<i64> {
        match tag {
            Tag::Date | Tag::DateTime => dates.unix_micros(f64::from_bits(bits)),
            _ => None,
        }
    }

    fn repair(repair: Repair) -> Option<i64> {
        micros(repair)
    }
}

struct Time;

impl Target for Time {
    type Arrow = Time64MicrosecondType;

    #[inline(always)]
    fn fit(tag: Tag, bits: u64, _: DateSystem) -> Option<i64> {
        match tag {
            Tag::Time => time_micros(f64::from_bits(bits)),
            _ => None,
        }
    }

    fn repair(repair: Repair) -> Option<i64> {
        micros(repair)
    }
}

struct Duration;

impl Target for Duration {
    type Arrow = DurationMicrosecondType;

    #[inline(always)]
    fn fit(tag: Tag, bits: u64, _: DateSystem) -> Option<i64> {
        match tag {
            Tag::Time | Tag::Duration => duration_micros(f64::from_bits(bits)),
            _ => None,
        }
    }

    fn repair(repair: Repair) -> Option<i64> {
        micros(repair)
    }
}

fn build_bool(column: ColumnView<'_>, misfit: &mut Misfit<'_>) -> Result<ArrayRef> {
    let mut values = BooleanBufferBuilder::new(column.len());
    let mut nulls = NullBufferBuilder::new(column.len());
    for (piece, lane, rows) in column.lanes() {
        let (full, missing) = split(lane, &rows);
        if let Some(lane) = lane
            && !full.is_empty()
        {
            if let Packed::Plain(Tag::Bool, bits) = lane.packed() {
                values.append_buffer(&collect(&bits[full.clone()], |bits| *bits != 0));
                nulls.append_n_non_nulls(full.len());
            } else {
                for row in full {
                    let value = match lane.slot(row) {
                        (Tag::Null, _) => None,
                        (Tag::Bool, bits) => Some(bits != 0),
                        (Tag::BoolText, bits) if column.reads_literals() => {
                            Some(span_text(bits, &piece.text).eq_ignore_ascii_case("true"))
                        }
                        _ => {
                            let cell = piece.lane_cell(lane, row, column.window().strings());
                            match misfit(values.len(), cell)? {
                                Repair::Bool(value) => Some(value),
                                _ => None,
                            }
                        }
                    };
                    values.append(value.unwrap_or_default());
                    nulls.append(value.is_some());
                }
            }
        }
        values.append_n(missing, false);
        nulls.append_n_nulls(missing);
    }
    Ok(Arc::new(BooleanArray::new(values.finish(), nulls.finish())))
}

#[cfg(test)]
mod tests {
    use arrow_array::{Array, cast::AsArray};

    use super::*;
    use crate::column::window::testing::window;

    /// Builds one column and lists its misfits, which become null.
    fn built(kind: ColumnKind, cells: &[Cell<'_>]) -> (ArrayRef, Vec<usize>) {
        let rows: Vec<_> = cells.iter().map(|&cell| vec![cell]).collect();
        let window = window(0, 1, &rows);
        let mut misfits = Vec::new();
        let array = build_column(window.column(0), kind, TextRepr::View, &mut |row, _| {
            misfits.push(row);
            Ok(Repair::Null)
        });
        (array.unwrap(), misfits)
    }

    fn ints(cells: &[Cell<'_>]) -> (Vec<Option<i64>>, Vec<usize>) {
        let (array, misfits) = built(ColumnKind::Int, cells);
        (array.as_primitive::<Int64Type>().iter().collect(), misfits)
    }

    fn floats(cells: &[Cell<'_>]) -> (Vec<Option<f64>>, Vec<usize>) {
        let (array, misfits) = built(ColumnKind::Float, cells);
        (
            array.as_primitive::<Float64Type>().iter().collect(),
            misfits,
        )
    }

    #[test]
    fn ints_from_every_lane() {
        use Cell::*;
        assert_eq!(ints(&[Int(1), Int(-2)]), (vec![Some(1), Some(-2)], vec![]));
        assert_eq!(
            ints(&[Int(1), Null, Int(3)]),
            (vec![Some(1), None, Some(3)], vec![])
        );
        assert_eq!(
            ints(&[Int(i64::MAX), Null]),
            (vec![Some(i64::MAX), None], vec![])
        );
        assert_eq!(
            ints(&[Int(i64::from(i32::MIN)), Int(1)]).0,
            [Some(-2_147_483_648), Some(1)]
        );
        assert_eq!(
            ints(&[Float(2.0), Float(2.5)]),
            (vec![Some(2), None], vec![1])
        );
        assert_eq!(
            ints(&[Text("7", None), Int(8)]),
            (vec![None, Some(8)], vec![0])
        );
        assert_eq!(ints(&[Error("#N/A"), Null]), (vec![None, None], vec![0]));
    }

    #[test]
    fn floats_keep_only_exact_ints() {
        use Cell::*;
        assert_eq!(
            floats(&[Float(0.1), Int(2)]),
            (vec![Some(0.1), Some(2.0)], vec![])
        );
        assert_eq!(
            floats(&[Float(0.1), Null, Int(2)]).0,
            [Some(0.1), None, Some(2.0)]
        );
        assert_eq!(
            floats(&[Float(0.1), Int((1 << 53) + 1)]),
            (vec![Some(0.1), None], vec![1])
        );
    }

    #[test]
    fn dates_and_times() {
        use Cell::*;
        let (array, misfits) = built(
            ColumnKind::Date,
            &[Date(45_658.0), DateTime(45_658.5), Null],
        );
        assert_eq!(
            array
                .as_primitive::<Date32Type>()
                .iter()
                .collect::<Vec<_>>(),
            [Some(20_089), None, None]
        );
        assert_eq!(misfits, [1]);
        let (array, misfits) = built(
            ColumnKind::Timestamp,
            &[Date(45_658.0), DateTime(45_658.5), Time(0.5)],
        );
        let array = array.as_primitive::<TimestampMicrosecondType>();
        assert_eq!(array.value(1) - array.value(0), 43_200_000_000);
        assert_eq!((array.null_count(), misfits), (1, vec![2]));
    }

    #[test]
    fn repairs_are_of_the_right_type_or_null() {
        let window = window(
            0,
            1,
            &[vec![Cell::Text("x", None)], vec![Cell::Text("y", None)]],
        );
        let mut repairs = [Repair::Bool(true), Repair::Int(1)].into_iter();
        let array = build_column(
            window.column(0),
            ColumnKind::Bool,
            TextRepr::View,
            &mut |_, _| Ok(repairs.next().unwrap()),
        );
        assert_eq!(
            array.unwrap().as_boolean().iter().collect::<Vec<_>>(),
            [Some(true), None]
        );
    }
}
