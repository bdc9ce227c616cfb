//! Exact decimal numbers, where they are asked for: a double counts as its shortest text that reads back as the same double.

use std::sync::Arc;

use arrow_array::{ArrayRef, Decimal128Array};

use super::{
    build::{Misfit, Repair},
    cell::Tag,
    piece::span_text,
    window::ColumnView,
};
use crate::error::{Error, Result};

/// Builds `column` as `Decimal128(precision, scale)`. What has more digits is a misfit, never rounded.
pub(super) fn build(
    column: ColumnView<'_>,
    precision: u8,
    scale: i8,
    misfit: &mut Misfit<'_>,
) -> Result<ArrayRef> {
    let bound = 10_i128
        .checked_pow(u32::from(precision))
        .unwrap_or(i128::MAX);
    let mut values: Vec<Option<i128>> = Vec::with_capacity(column.len());
    for (piece, lane, rows) in column.lanes() {
        for row in rows {
            let (tag, bits) = lane.map_or((Tag::Null, 0), |lane| lane.slot(row));
            let value = match tag {
                Tag::Null => None,
                Tag::Int => scaled(i128::from(bits as i64), 0, scale),
                Tag::Float => parse(&format!("{}", f64::from_bits(bits)), scale),
                tag if tag.is_literal() && column.reads_literals() => {
                    parse(span_text(bits, &piece.text), scale)
                }
                _ => None,
            };
            let value = value.filter(|value| -bound < *value && *value < bound);
            if value.is_none()
                && tag != Tag::Null
                && let Some(lane) = lane
            {
                let cell = piece.lane_cell(lane, row, column.window().strings());
                let Repair::Null = misfit(values.len(), cell)? else {
                    return Err(Error::bug("a decimal column takes no repairs"));
                };
            }
            values.push(value);
        }
    }
    let array = Decimal128Array::from(values).with_precision_and_scale(precision, scale);
    Ok(Arc::new(
        array.map_err(|error| Error::bug(error.to_string()))?,
    ))
}

/// The number that a text is, counted in units of 10^-scale; `None` when it is none or has more digits.
fn parse(text: &str, scale: i8) -> Option<i128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}").parse::<i128>().ok()?;
    scaled(
        digits,
        exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?,
        scale,
    )
}

/// `digits * 10^exponent` in units of 10^-scale, if that is a whole number.
fn scaled(digits: i128, exponent: i32, scale: i8) -> Option<i128> {
    let shift = exponent.checked_add(i32::from(scale))?;
    let factor = 10_i128.checked_pow(shift.unsigned_abs());
    match shift {
        0.. => digits.checked_mul(factor?),
        _ if digits == 0 => Some(0),
        _ => factor
            .filter(|factor| digits % factor == 0)
            .map(|factor| digits / factor),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::{Cell, ColumnKind, TextRepr, build_column, window::testing::window};

    #[test]
    fn decimals_are_exact_or_misfits() {
        for (text, scale, value) in [
            ("0.1", 2, Some(10)),
            ("-12.34", 2, Some(-1234)),
            ("12.340", 2, Some(1234)),
            ("12.345", 2, None),
            ("1e3", 2, Some(100_000)),
            ("1.5E-1", 2, Some(15)),
            ("1200", -2, Some(12)),
            ("1234", -2, None),
            ("0", -2, Some(0)),
            ("abc", 2, None),
            ("99999999999999999999999999999999999999999", 2, None),
        ] {
            assert_eq!(parse(text, scale), value, "{text} with scale {scale}");
        }
        let cells = [
            Cell::Float(0.1),
            Cell::Int(7),
            Cell::Null,
            Cell::Float(0.125),
            Cell::Int(1_000),
        ];
        let rows: Vec<_> = cells.iter().map(|cell| vec![*cell]).collect();
        let window = window(0, 1, &rows);
        let mut misfits = Vec::new();
        let kind = ColumnKind::Decimal {
            precision: 4,
            scale: 2,
        };
        let array = build_column(window.column(0), kind, TextRepr::View, &mut |row, _| {
            misfits.push(row);
            Ok(Repair::Null)
        });
        let array = array.unwrap();
        let array: &Decimal128Array = array.as_any().downcast_ref().unwrap();
        let values: Vec<_> = array.iter().collect();
        assert_eq!(values, [Some(10), Some(700), None, None, None]);
        assert_eq!(misfits, [3, 4]);
    }
}
