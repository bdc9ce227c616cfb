//! The text of a cell that is not a text.

use std::io::Write;

use jiff::{ToSpan, civil};

use super::{
    cell::Cell,
    dates::{DateSystem, duration_micros, time_micros},
};

/// Appends the text of `cell` (ASCII, except for texts themselves); false for null, errors and bad string indexes.
///
/// Numbers are the shortest text that reads back as the same number, without exponent from 1e-7 to below 1e21; dates and
/// times are ISO 8601, elapsed time is `h:mm:ss`.
pub(crate) fn write_cell(out: &mut Vec<u8>, cell: Cell<'_>, dates: DateSystem) -> bool {
    // Writing to a Vec cannot fail.
    let _ = match cell {
        Cell::Null | Cell::Error(_) | Cell::BadString(_) => return false,
        Cell::Text(text, _) => out.write_all(text.as_bytes()),
        Cell::Bool(value) => out.write_all(if value { b"TRUE" } else { b"FALSE" }),
        Cell::Int(int) => write!(out, "{int}"),
        Cell::Float(float) => write_float(out, float),
        Cell::Date(serial) => match dates.unix_micros(serial).map(civil_date_time) {
            Some(at) => write!(out, "{}", at.date()),
            None => write_float(out, serial),
        },
        Cell::DateTime(serial) => match dates.unix_micros(serial).map(civil_date_time) {
            Some(at) => write!(out, "{at}"),
            None => write_float(out, serial),
        },
        Cell::Time(fraction) => match time_micros(fraction) {
            Some(micros) => write!(out, "{}", civil_date_time(micros).time()),
            None => write_float(out, fraction),
        },
        Cell::Duration(days) => match duration_micros(days) {
            Some(micros) => write_duration(out, micros),
            None => write_float(out, days),
        },
    };
    true
}

/// The text of a cell: numbers as their shortest exact text, dates and times in ISO 8601, elapsed time as `h:mm:ss`; `None`
/// for null, errors and strings that are not there.
///
/// ```
/// use sheetlift_core::{Cell, DateSystem, cell_text};
/// assert_eq!(cell_text(Cell::Date(45_658.0), DateSystem::Y1900).unwrap(), "2025-01-01");
/// ```
pub fn cell_text(cell: Cell<'_>, dates: DateSystem) -> Option<String> {
    let mut text = Vec::new();
    write_cell(&mut text, cell, dates).then(|| String::from_utf8_lossy(&text).into_owned())
}

fn civil_date_time(unix_micros: i64) -> civil::DateTime {
    const EPOCH: civil::DateTime = civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    EPOCH.saturating_add(unix_micros.microseconds())
}

fn write_float(out: &mut Vec<u8>, float: f64) -> std::io::Result<()> {
    if float == 0.0 {
        write!(out, "0") // no "-0"
    } else if (1e-7..1e21).contains(&float.abs()) {
        write!(out, "{float}")
    } else {
        write!(out, "{float:E}")
    }
}

fn write_duration(out: &mut Vec<u8>, micros: i64) -> std::io::Result<()> {
    let millis = micros.unsigned_abs() / 1000;
    let sign = if micros < 0 { "-" } else { "" };
    let seconds = millis / 1000;
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    write!(out, "{sign}{h}:{m:02}:{s:02}")?;
    match millis % 1000 {
        0 => Ok(()),
        millis => write!(out, ".{millis:03}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_cells() {
        let text = |cell| {
            let mut out = Vec::new();
            write_cell(&mut out, cell, DateSystem::Y1900).then(|| String::from_utf8(out).unwrap())
        };
        for (cell, expected) in [
            (Cell::Int(-7), Some("-7")),
            (Cell::Float(0.1 + 0.2), Some("0.30000000000000004")),
            (Cell::Float(1e20), Some("100000000000000000000")),
            (Cell::Float(1.5e300), Some("1.5E300")),
            (Cell::Float(-0.0), Some("0")),
            (Cell::Date(1.0), Some("1900-01-01")),
            (
                Cell::DateTime(45_658.250_005_787),
                Some("2025-01-01T06:00:00.5"),
            ),
            (Cell::Date(-3.0), Some("-3")),
            (Cell::Time(0.75), Some("18:00:00")),
            (Cell::Duration(1.5), Some("36:00:00")),
            (Cell::Duration(-0.5), Some("-12:00:00")),
            (Cell::Error("#N/A"), None),
            (Cell::Null, None),
        ] {
            assert_eq!(text(cell).as_deref(), expected, "{cell:?}");
        }
    }
}
