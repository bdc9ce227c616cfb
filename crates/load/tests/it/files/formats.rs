//! What every format holds, and that the same rows give the same bytes.

use std::sync::Arc;

use arrow_array::*;
use arrow_schema::{DataType, Field, Schema};
use sheetlift_load::conformance::{
    Shelf, all_types, claim, items, load, numbers, plan, run_keyless,
};
use sheetlift_load::files::Format;
use sheetlift_load::{Mode, Outcome, Plan};

use super::readers::{Files, manifests};
use super::shelf::Directory;

#[test]
fn parquet_conforms() {
    run_keyless(|| Directory::new(Format::Parquet));
}

#[test]
fn arrow_conforms() {
    run_keyless(|| Directory::new(Format::Arrow));
}

#[test]
fn csv_conforms() {
    run_keyless(|| Directory::new(Format::Csv));
}

#[test]
fn ndjson_conforms() {
    run_keyless(|| Directory::new(Format::NdJson));
}

fn insert(name: &str, batch: &RecordBatch) -> Plan {
    plan(name, batch).with_mode(Mode::Insert).with_key([""; 0])
}

/// Loads in pieces of a size.
fn in_pieces(shelf: &Directory, plan: &Plan, batch: &RecordBatch, rows: usize) -> Outcome {
    let mut import = claim(&shelf.open(), plan);
    let all = numbers(batch);
    for start in (0..batch.num_rows()).step_by(rows) {
        let length = rows.min(batch.num_rows() - start);
        import
            .stage(&batch.slice(start, length), &all[start..start + length])
            .unwrap();
    }
    import.commit(false).unwrap()
}

fn parts(shelf: &Directory) -> Files {
    shelf
        .files()
        .into_iter()
        .filter(|(path, _)| !path.contains("/_sheetlift/"))
        .collect()
}

#[test]
fn every_value_is_exact_in_text() {
    let batch = all_types();
    for (format, expected) in [
        (
            Format::Csv,
            "1,,true,-128,-32768,-2147483648,-9223372036854775808,255,65535,4294967295,9223372036854775807,0.5,0.1,s,l,\
             a view of a text that is long,d,00ff,2026-01-31,2026-01-31T08:30:00,2026-01-31T08:30:00.250,1970-01-01T00:00:00.000001,\
             1969-12-31T23:59:59.999999999,1970-01-01T00:00:00+00:00,08:30:00,08:30:00.500,00:00:00,00:00:00.000000001,1500,\
             -1234567890123456789012345.6789\r\n2,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\r\n",
        ),
        (
            Format::NdJson,
            "{\"id\":1,\"null\":null,\"bool\":true,\"i8\":-128,\"i16\":-32768,\"i32\":-2147483648,\"i64\":-9223372036854775808,\"u8\":255,\
             \"u16\":65535,\"u32\":4294967295,\"u64\":9223372036854775807,\"f32\":0.5,\"f64\":0.1,\"utf8\":\"s\",\"large_utf8\":\"l\",\
             \"utf8_view\":\"a view of a text that is long\",\"dictionary\":\"d\",\"binary\":\"00ff\",\"date32\":\"2026-01-31\",\
             \"ts_s\":\"2026-01-31T08:30:00\",\"ts_ms\":\"2026-01-31T08:30:00.250\",\"ts_us\":\"1970-01-01T00:00:00.000001\",\
             \"ts_ns\":\"1969-12-31T23:59:59.999999999\",\"ts_utc\":\"1970-01-01T00:00:00+00:00\",\"t_s\":\"08:30:00\",\"t_ms\":\"08:30:00.500\",\
             \"t_us\":\"00:00:00\",\"t_ns\":\"00:00:00.000000001\",\"duration\":1500,\"decimal\":\"-1234567890123456789012345.6789\"}\n",
        ),
    ] {
        let shelf = Directory::new(format);
        load(&shelf.open(), &insert("x", &batch), &batch);
        let files = parts(&shelf);
        let text = std::str::from_utf8(files.values().next().unwrap()).unwrap();
        let body = if format == Format::Csv {
            text.split_once("\r\n").unwrap().1
        } else {
            text
        };
        assert!(body.starts_with(expected), "{body}\n{expected}");
    }
}

#[test]
fn every_value_is_exact_in_columns() {
    let batch = all_types();
    for format in [Format::Parquet, Format::Arrow] {
        let shelf = Directory::new(format);
        load(&shelf.open(), &insert("x", &batch), &batch);
        for (name, expected) in [
            ("u64", "9223372036854775807"),
            ("f32", "0.5"),
            ("f64", "0.1"),
            ("dictionary", "d"),
            ("binary", "00ff"),
            ("ts_s", "2026-01-31T08:30:00"),
            ("ts_ns", "1969-12-31T23:59:59.999999999"),
            ("ts_utc", "1970-01-01T02:00:00+02:00"),
            ("t_ns", "00:00:00.000000001"),
            ("duration", "PT1.5S"),
            ("decimal", "-1234567890123456789012345.6789"),
        ] {
            assert_eq!(
                shelf.rows("items", &[name]),
                [vec![Some(expected.to_owned())], vec![None]],
                "{format} {name}"
            );
        }
    }
}

#[test]
fn what_a_format_lacks_is_a_conflict() {
    let far = Arc::new(Date32Array::from(vec![0, 10_000_000, -800_000])) as ArrayRef;
    let odd = Arc::new(Float64Array::from(vec![f64::NAN, f64::NEG_INFINITY, 1e300])) as ArrayRef;
    let batch = RecordBatch::try_from_iter([("day", far), ("number", odd)]).unwrap();
    for (format, expected) in [
        (Format::Parquet, &[][..]),
        (Format::Arrow, &[]),
        (Format::Csv, &[1, 2]),
        (Format::NdJson, &[0, 1, 2]),
    ] {
        let shelf = Directory::new(format);
        let outcome = load(&shelf.open(), &insert("x", &batch), &batch);
        let refused: Vec<u32> = outcome
            .conflicts
            .iter()
            .map(|conflict| conflict.row)
            .collect();
        assert_eq!(
            (&refused[..], outcome.conflict_total),
            (expected, expected.len() as u64),
            "{format}"
        );
        assert_eq!(
            shelf.rows("items", &["day", "number"]).len(),
            3 - expected.len()
        );
        let conflicts = shelf
            .files()
            .into_iter()
            .find(|(path, _)| path.ends_with("/_conflicts.ndjson"));
        assert_eq!(
            conflicts.map_or(0, |(_, lines)| lines.split(|b| *b == b'\n').count() - 1),
            expected.len()
        );
    }
}

#[test]
fn types_of_the_plan_decide_and_lose_nothing() {
    let plan_of = |data_type: DataType| {
        let schema = Schema::new(vec![Field::new("v", data_type, true)]);
        let batch = RecordBatch::new_empty(Arc::new(schema));
        insert("x", &batch)
    };
    let cases: [(DataType, ArrayRef, &[u32]); 5] = [
        (
            DataType::Int8,
            Arc::new(Int64Array::from(vec![Some(127), Some(128), None])),
            &[1],
        ),
        (
            DataType::Float32,
            Arc::new(Float64Array::from(vec![Some(0.5), Some(0.1), None])),
            &[1],
        ),
        (
            DataType::UInt64,
            Arc::new(Int64Array::from(vec![0, -1, i64::MAX])),
            &[1],
        ),
        (
            DataType::Timestamp(arrow_schema::TimeUnit::Millisecond, None),
            Arc::new(TimestampNanosecondArray::from(vec![
                1_000_000, 1, -1_000_000,
            ])),
            &[1],
        ),
        (
            DataType::Decimal128(4, 2),
            Arc::new(
                Decimal128Array::from(vec![9_999, 10_000, -9_999])
                    .with_precision_and_scale(20, 2)
                    .unwrap(),
            ),
            &[1],
        ),
    ];
    for (data_type, array, expected) in cases {
        for format in Format::ALL {
            let shelf = Directory::new(format);
            let batch = RecordBatch::try_from_iter_with_nullable([("v", Arc::clone(&array), true)])
                .unwrap();
            let outcome = load(&shelf.open(), &plan_of(data_type.clone()), &batch);
            let refused: Vec<u32> = outcome
                .conflicts
                .iter()
                .map(|conflict| conflict.row)
                .collect();
            assert_eq!(refused, expected, "{data_type} {format}");
            assert_eq!(shelf.rows("items", &["v"]).len(), 2);
        }
    }
}

#[test]
fn a_csv_of_one_column_has_a_line_for_every_row() {
    let shelf = Directory::new(Format::Csv);
    let column: ArrayRef = Arc::new(StringArray::from(vec![None, Some("a"), Some("")]));
    let batch = RecordBatch::try_from_iter_with_nullable([("v", column, true)]).unwrap();
    load(&shelf.open(), &insert("x", &batch), &batch);
    assert_eq!(
        parts(&shelf).values().next().unwrap(),
        b"v\r\n\"\"\r\na\r\n\"\"\r\n"
    );
}

#[test]
fn batches_of_any_size_give_the_same_bytes() {
    let rows = 20_000;
    let texts = (0..rows).map(|i| (i % 3 > 0).then(|| format!("text {}", i * 7919 % 1_000)));
    let views = StringViewArray::from_iter((0..rows).map(|i| {
        Some(if i % 100 == 0 {
            "long text, shared by many".repeat(2_000)
        } else {
            String::new()
        })
    }));
    // Values under nulls that no two batches agree on.
    let garbage = Int32Array::new(
        (0..rows).collect::<Vec<i32>>().into(),
        Some((0..rows).map(|i| i % 5 != 0).collect::<Vec<bool>>().into()),
    );
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("text", Arc::new(texts.collect::<StringArray>())),
        ("view", Arc::new(views)),
        ("number", Arc::new(garbage)),
        (
            "flag",
            Arc::new(
                (0..rows)
                    .map(|i| (i % 7 > 0).then_some(i % 2 == 0))
                    .collect::<BooleanArray>(),
            ),
        ),
        (
            "refused",
            Arc::new(Float64Array::from_iter_values((0..rows).map(|i| {
                if i % 1_000 == 3 {
                    f64::NAN
                } else {
                    f64::from(i)
                }
            }))),
        ),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap();
    for format in Format::ALL {
        let whole = Directory::new(format);
        let outcome = in_pieces(&whole, &insert("x", &batch), &batch, rows as usize);
        for step in [997, 8_192, 13_000] {
            let pieces = Directory::new(format);
            assert_eq!(
                in_pieces(&pieces, &insert("x", &batch), &batch, step),
                outcome
            );
            assert!(
                parts(&pieces) == parts(&whole),
                "{format} in pieces of {step}"
            );
        }
    }
}

#[test]
fn parts_end_where_their_rows_do() {
    let rows = 1_060_000_i64;
    let batch = RecordBatch::try_from_iter([(
        "n",
        Arc::new(Int64Array::from_iter_values(0..rows)) as ArrayRef,
    )])
    .unwrap();
    let shelf = Directory::new(Format::Arrow);
    assert_eq!(
        in_pieces(&shelf, &insert("x", &batch), &batch, 300_000).inserted,
        rows as u64
    );
    let (_, manifest) = manifests(&shelf.files(), "items").remove(0);
    let listed = manifest["parts"].as_array().unwrap();
    let listed: Vec<_> = listed
        .iter()
        .map(|part| {
            (
                part["path"].as_str().unwrap().rsplit('/').next().unwrap(),
                part["rows"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        listed,
        [
            ("part-00000.arrow", 1 << 20),
            ("part-00001.arrow", rows - (1 << 20))
        ]
    );
    let found = shelf.rows("items", &["n"]);
    assert!(
        found
            .iter()
            .enumerate()
            .all(|(at, row)| row[0].as_deref() == Some(at.to_string().as_str()))
    );
}

#[test]
fn conflicts_and_rejects_tell_their_sheet() {
    let shelf = Directory::new(Format::Csv);
    let batch = items([("a", Some(1))]);
    let strict = Schema::new(vec![
        Field::new("sku", DataType::Utf8, false),
        Field::new("stock", DataType::Int64, false),
    ]);
    let empty = items([("b", None)]);
    let plan = Plan::new(insert("x", &batch).import_key, "items", Arc::new(strict))
        .with_mode(Mode::Insert)
        .with_parts(["Jan", "Feb"]);
    let mut import = claim(&shelf.open(), &plan);
    import.stage(&empty, &[Plan::PART_ROWS + 7]).unwrap();
    import.stage(&batch, &[3]).unwrap();
    let reject = sheetlift_load::Reject {
        row: Plan::PART_ROWS + 9,
        codes: vec!["cell/type".into()],
        reason: "no".into(),
        raw: "{\"sku\":1}".into(),
    };
    import.reject(&[reject]).unwrap();
    let outcome = import.commit(false).unwrap();
    assert_eq!(
        (
            outcome.conflicts[0].part.as_deref(),
            outcome.conflicts[0].row
        ),
        (Some("Feb"), 7)
    );
    let files = shelf.files();
    let line = |name: &str| -> serde_json::Value {
        let (_, bytes) = files.iter().find(|(path, _)| path.ends_with(name)).unwrap();
        serde_json::from_slice(bytes).unwrap()
    };
    let id = &outcome.import_id;
    let expected = serde_json::json!({"import_id": id, "part": "Feb", "row": 9, "codes": ["cell/type"], "reason": "no", "raw": "{\"sku\":1}"});
    assert_eq!(line("/_rejects.ndjson"), expected);
    let conflict = line("/_conflicts.ndjson");
    assert_eq!(
        (&conflict["part"], &conflict["row"], &conflict["codes"][0]),
        (&"Feb".into(), &7.into(), &"load/target-constraint".into())
    );
}
