//! The non-empty cells of a workbook, in the words of the fixture manifest.
#![allow(dead_code, unreachable_pub)] // each test file uses its own part

use arrow_array::{
    Array,
    cast::AsArray,
    types::{Date32Type, Float64Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType},
};
use arrow_schema::DataType;
use sheetlift_core::{
    Cell, DateSystem, Error, HeaderRow, OpenOptions, ReadOptions, Result, SheetKind, SheetRef,
    Source, Table, Visibility, Workbook, cell_name, duration_micros, time_micros,
};
use sheetlift_fixtures::{Expect, Fixture, Value};

/// Sheet, address, value.
pub type Cells = Vec<(String, String, Value)>;

/// Opens the bytes of a fixture under the name of its file.
pub fn open(fixture: &Fixture) -> Result<Workbook> {
    let options = OpenOptions::default();
    let source = Source::from_bytes((fixture.bytes)(), &options.limits)?;
    Workbook::open(source.with_name(fixture.file_name()), options)
}

pub fn expected_cells(expect: &Expect) -> Cells {
    expect
        .cells()
        .map(|(sheet, at, value)| (sheet.into(), at.into(), value.clone()))
        .collect()
}

/// All cells of the visible worksheets, by row, then column.
pub fn cells_of(workbook: &Workbook, threads: usize) -> Result<Cells> {
    let mut cells = Cells::new();
    for (index, sheet) in workbook.sheets().iter().enumerate() {
        if sheet.visibility != Visibility::Visible || sheet.kind != SheetKind::Worksheet {
            continue;
        }
        let options = ReadOptions::default()
            .with_sheet(SheetRef::Index(index))
            .with_header(HeaderRow::None)
            .with_blank_rows(false)
            .with_threads(threads);
        let mut rows = workbook.rows(&options)?;
        rows.hold()?;
        while let Some(window) = rows.next_window()? {
            let columns: Vec<u32> = rows.header().columns.iter().map(|c| c.index).collect();
            for (row, number) in window.row_numbers().into_iter().enumerate() {
                for (column, index) in columns.iter().enumerate() {
                    let at = cell_name(number, *index);
                    let cell = window.column(column).cell(row);
                    if let Some(value) = value_of(cell, window.dates(), &at)? {
                        cells.push((sheet.name.clone(), at, value));
                    }
                }
            }
        }
    }
    Ok(cells)
}

/// Columns as `name: values`, null as `-`.
pub fn shown(table: &Table) -> Vec<String> {
    let fields = table.schema.fields().iter().enumerate();
    let columns = fields.map(|(index, field)| {
        let arrays = table.batches.iter().map(|batch| batch.column(index));
        let values: Vec<String> = arrays
            .flat_map(|array| (0..array.len()).map(move |row| shown_value(array, row)))
            .collect();
        format!("{}: {}", field.name(), values.join(" "))
    });
    columns.collect()
}

fn shown_value(array: &dyn Array, row: usize) -> String {
    if array.is_null(row) || *array.data_type() == DataType::Null {
        return "-".to_owned();
    }
    let moment = |micros| {
        let (y, m, d, h, mi, s, _) = civil(micros);
        let at = |value: u32| value as i8;
        jiff::civil::datetime(y as i16, at(m), at(d), at(h), at(mi), at(s), 0)
    };
    match array.data_type() {
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Date32 => {
            let days = i64::from(array.as_primitive::<Date32Type>().value(row));
            moment(days * 86_400_000_000).date().to_string()
        }
        DataType::Time64(_) => {
            let micros = array.as_primitive::<Time64MicrosecondType>().value(row);
            moment(micros).time().to_string()
        }
        DataType::Timestamp(..) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            moment(micros).to_string()
        }
        DataType::Utf8View => array.as_string_view().value(row).to_owned(),
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        other => other.to_string(),
    }
}

fn value_of(cell: Cell<'_>, dates: DateSystem, at: &str) -> Result<Option<Value>> {
    Ok(Some(match cell {
        Cell::Null => return Ok(None),
        Cell::Text("", _) => return Ok(None),
        Cell::Bool(value) => Value::Bool(value),
        Cell::Int(value) => Value::Int(value),
        Cell::Float(value) => Value::Float(value),
        Cell::Text(text, _) => Value::Text(text.to_owned()),
        Cell::Error(literal) => Value::Error(literal.to_owned()),
        Cell::Date(serial) => {
            let (y, m, d, ..) = civil(dates.unix_micros(serial).unwrap());
            Value::Date(y, m, d)
        }
        Cell::DateTime(serial) => {
            let (y, m, d, h, mi, s, ms) = civil(dates.unix_micros(serial).unwrap());
            Value::DateTime(y, m, d, h, mi, s, ms)
        }
        Cell::Time(fraction) => {
            let (.., h, mi, s, ms) = civil(time_micros(fraction).unwrap());
            Value::Time(h, mi, s, ms)
        }
        Cell::Duration(days) => Value::Duration(duration_micros(days).unwrap() / 1000),
        Cell::BadString(id) => {
            return Err(Error::malformed(format!("shared string {id}")).at_cell(at));
        }
    }))
}

fn civil(unix_micros: i64) -> (i32, u32, u32, u32, u32, u32, u32) {
    use jiff::ToSpan;
    let at = jiff::civil::datetime(1970, 1, 1, 0, 0, 0, 0) + unix_micros.microseconds();
    (
        i32::from(at.year()),
        at.month() as u32,
        at.day() as u32,
        at.hour() as u32,
        at.minute() as u32,
        at.second() as u32,
        at.millisecond() as u32,
    )
}
