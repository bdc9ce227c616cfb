//! What validation costs beside building the columns, which every reader has to do.
//!
//! `cargo test --release -p sheetlift-core --lib speed -- --ignored --nocapture`

use std::time::{Duration, Instant};

use super::*;
use crate::column::{ColumnView, Repair, TextRepr, build_column};

const WINDOWS: u32 = 16;
const ROWS: u32 = 65_536;

const YAML: &str = "
fields:
  - {name: sku, constraints: {pattern: 'SKU-[0-9]{7}', minLength: 3}}
  - {name: name, constraints: {required: true, maxLength: 80}}
  - {name: unit, constraints: {enum: [pcs, kg, m, box]}}
  - {name: site, constraints: {pattern: '[A-Z]{3}'}}
  - {name: note}
  - {name: quantity, type: integer, constraints: {minimum: 0, maximum: 100000}}
  - {name: batch, type: integer, constraints: {required: true}}
  - {name: price, type: number, constraints: {minimum: 0}}
  - {name: weight, type: number, constraints: {exclusiveMinimum: 0, maximum: 1000}}
  - {name: sold, type: date, constraints: {minimum: 2000-01-01}}
  - {name: seen, type: datetime}
  - {name: active, type: boolean}
primaryKey: sku";

#[test]
#[ignore = "takes a while, and says nothing in a debug build"]
fn speed() {
    let contract = contract(YAML);
    let names: Vec<&str> = contract.fields.iter().map(|field| &*field.name).collect();
    let mut validator = Validator::new(&contract, &header(&names)).unwrap();
    let (mut build, mut check) = (Duration::ZERO, Duration::ZERO);
    // One table of strings for the whole workbook, as in life: windows of it differ in their rows only.
    let skus: Vec<String> = (0..WINDOWS * ROWS).map(|n| format!("SKU-{n:07}")).collect();
    for index in 0..WINDOWS {
        let rows: Vec<_> = (index * ROWS..(index + 1) * ROWS)
            .map(|n| row(n, &skus[n as usize]))
            .collect();
        let window = window(1 + index * ROWS, names.len(), &rows);
        let start = Instant::now();
        let arrays: Vec<_> = contract
            .fields
            .par_iter()
            .enumerate()
            .map(|(at, field)| plain(window.column(at), field))
            .collect();
        build += start.elapsed();
        drop(arrays);
        let start = Instant::now();
        let checked = validator.check(&window).unwrap();
        check += start.elapsed();
        assert_eq!(
            checked.accepted.num_rows(),
            ROWS as usize,
            "{:?}",
            checked.findings.first()
        );
    }
    let rows = WINDOWS * ROWS;
    println!(
        "{rows} rows x {}: build {build:?}, build and validate {check:?}",
        names.len()
    );
}

fn plain(column: ColumnView<'_>, field: &crate::contract::Field) -> arrow_array::ArrayRef {
    build_column(
        column,
        field.field_type.kind(),
        TextRepr::View,
        &mut |_, _| Ok(Repair::Null),
    )
    .unwrap()
}

fn row(n: u32, sku: &str) -> Vec<Cell<'_>> {
    const UNITS: [&str; 4] = ["pcs", "kg", "m", "box"];
    const NAMES: [&str; 3] = [
        "a screw, 5 x 40 mm, zinc plated",
        "a nut, M8",
        "a washer, 8 mm, stainless",
    ];
    let pick = n.wrapping_mul(2_654_435_761) >> 7;
    // Windows made for tests have a table of their own: ids start anew.
    let id = n % ROWS + 16;
    vec![
        Cell::Text(sku, Some(id)),
        Cell::Text(NAMES[pick as usize % 3], Some(pick % 3)),
        Cell::Text(UNITS[pick as usize % 4], Some(4 + pick % 4)),
        Cell::Text("BER", Some(8)),
        if pick.is_multiple_of(3) {
            Cell::Null
        } else {
            Cell::Text("x", Some(9))
        },
        Cell::Int(i64::from(pick % 1000)),
        Cell::Int(i64::from(n)),
        if pick.is_multiple_of(4) {
            Cell::Int(i64::from(pick % 100))
        } else {
            Cell::Float(f64::from(pick % 10_000) / 100.0)
        },
        Cell::Float(f64::from(pick % 10_000) / 10.0 + 0.05),
        Cell::Date(f64::from(40_000 + pick % 5000)),
        Cell::DateTime(f64::from(pick % 5000) + 40_000.25),
        Cell::Bool(pick.is_multiple_of(2)),
    ]
}
