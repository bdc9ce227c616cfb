//! How fast a million keyed rows of 12 columns enter SQLite, by either route. Run it with `--release`.
//!
//! `cargo run --release -p sheetlift-load --example million_rows [rows]`

use std::sync::Arc;
use std::time::Instant;

use arrow_array::*;
use sheetlift_load::sqlite::SqliteSink;
use sheetlift_load::{Begin, ImportKey, KeyParts, Mode, Plan, Sink};

const BATCH_ROWS: usize = 65_536;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows: usize = std::env::args()
        .nth(1)
        .map_or(Ok(1_000_000), |rows| rows.parse())?;
    let batches: Vec<RecordBatch> = (0..rows)
        .step_by(BATCH_ROWS)
        .map(|start| batch(start, BATCH_ROWS.min(rows - start)))
        .collect();
    let dir = tempfile::tempdir()?;
    let sink = SqliteSink::open(dir.path().join("inventory.db"))?;
    for (name, table, mode) in [
        (
            "direct, new table in a new database",
            "a",
            Mode::InsertMissing,
        ),
        ("staged, new table beside others", "b", Mode::InsertMissing),
        ("staged, every key is there", "b", Mode::InsertMissing),
        ("staged, every key is there, upsert", "b", Mode::Upsert),
    ] {
        let parts = KeyParts {
            content: name.as_bytes(),
            ..KeyParts::default()
        };
        let plan = Plan::new(ImportKey::of(&parts), table, batches[0].schema())
            .with_key(["sku"])
            .with_mode(mode);
        let started = Instant::now();
        let Begin::Claimed(mut import) = sink.begin(&plan)? else {
            unreachable!("a new database")
        };
        let mut row = 0;
        for batch in &batches {
            let numbers: Vec<u32> = (row..row + batch.num_rows() as u32).collect();
            row += batch.num_rows() as u32;
            import.stage(batch, &numbers)?;
        }
        let staged = started.elapsed();
        let outcome = import.commit(false)?;
        let total = started.elapsed();
        let rate = rows as f64 / total.as_secs_f64();
        println!("{name}: {total:.2?} (staged after {staged:.2?}), {rate:.0} rows/s");
        assert_eq!(outcome.inserted + outcome.unchanged, rows as u64);
    }
    Ok(())
}

fn batch(start: usize, rows: usize) -> RecordBatch {
    let all = || start..start + rows;
    let texts = |f: fn(usize) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(all().map(f)))
    };
    let integers =
        |f: fn(usize) -> i64| -> ArrayRef { Arc::new(Int64Array::from_iter_values(all().map(f))) };
    let reals = |f: fn(usize) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(all().map(f)))
    };
    // A multiplication by an odd number visits every key once, in no order a B-tree would like.
    let sku = |i: usize| format!("SKU-{:010}", (i as u32).wrapping_mul(2_654_435_761));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("sku", texts(sku)),
        (
            "name",
            texts(|i| format!("Item number {i} of the catalogue")),
        ),
        ("brand", texts(|i| format!("Brand {}", i % 500))),
        ("category", texts(|i| format!("Category {}", i % 40))),
        ("stock", integers(|i| (i % 1_000) as i64)),
        ("reserved", integers(|i| (i % 7) as i64)),
        ("price", reals(|i| i as f64 * 0.01)),
        ("weight", reals(|i| i as f64 * 0.37)),
        (
            "active",
            Arc::new(BooleanArray::from_iter(all().map(|i| Some(i % 3 > 0)))),
        ),
        (
            "since",
            Arc::new(Date32Array::from_iter_values(
                all().map(|i| (i % 20_000) as i32),
            )),
        ),
        (
            "updated",
            Arc::new(TimestampMillisecondArray::from_iter_values(
                all().map(|i| 1_700_000_000_000 + i as i64 * 1_000),
            )),
        ),
        ("ean", integers(|i| 4_000_000_000_000 + i as i64)),
    ];
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}
