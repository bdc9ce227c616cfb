//! Identifiers, texts and types of every kind.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::*;
use arrow_schema::{DataType, Field, Schema};

use super::{Database, load, plan};
use crate::{ImportKey, KeyParts, Mode, Plan};

pub(super) fn odd_identifiers<D: Database>(db: &D) {
    let names = [
        "order",
        "a\"b",
        "'); DROP TABLE x; --",
        "größe 寸",
        "a b.c",
        "?1",
        "rowid2",
        "%s",
    ];
    for (table, key) in [
        ("group", "select"),
        ("t\"; --", "k\"\"'"),
        ("表", "ключ"),
        ("main.x", ":a"),
    ] {
        let columns: Vec<ArrayRef> = (0..=names.len())
            .map(|i| Arc::new(StringArray::from(vec![format!("v{i}")])) as ArrayRef)
            .collect();
        let all: Vec<&str> = std::iter::once(key).chain(names).collect();
        let fields: Vec<_> = all
            .iter()
            .map(|n| Field::new(*n, DataType::Utf8, true))
            .collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
        for name in ["new", "there"] {
            let content = format!("{table} {name}");
            let parts = KeyParts {
                content: content.as_bytes(),
                ..KeyParts::default()
            };
            let plan = Plan::new(ImportKey::of(&parts), table, batch.schema())
                .with_key([key])
                .with_source_name("'; --")
                .with_mode(Mode::Upsert);
            if !db.takes_table(table) {
                let error = db.sink().begin(&plan).unwrap_err();
                assert!(error.to_string().contains(&format!("{table:?}")), "{error}");
                continue;
            }
            let outcome = load(&*db.sink(), &plan, &batch);
            assert_eq!(outcome.inserted + outcome.unchanged, 1, "{table}");
        }
        if !db.takes_table(table) {
            continue;
        }
        let rows = db.rows(table, &all);
        let expected: Vec<_> = (0..=names.len()).map(|i| Some(format!("v{i}"))).collect();
        assert_eq!(rows, [expected]);
    }
}

pub(super) fn odd_texts<D: Database>(db: &D) {
    let long = "x".repeat(db.max_text_bytes());
    let texts = [
        "",
        " ",
        "a'b\"c\\",
        "\u{1F980} é\n\t",
        "007",
        "1e3",
        "NULL",
        &long,
        "0x10",
    ];
    let ids: Vec<i64> = (0..texts.len() as i64).collect();
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("text", DataType::Utf8, true),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(ids)),
        Arc::new(StringArray::from(texts.to_vec())),
    ];
    let batch = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    for name in ["new", "there"] {
        let plan = plan(name, &batch).with_key(["id"]).with_mode(Mode::Upsert);
        let outcome = load(&*db.sink(), &plan, &batch);
        assert_eq!(outcome.inserted + outcome.unchanged, texts.len() as u64);
    }
    let found: Vec<_> = db
        .rows("items", &["id", "text"])
        .into_iter()
        .map(|row| row[1].clone())
        .collect();
    assert_eq!(found, texts.map(|text| Some(text.to_owned())));
}

pub(super) fn every_type<D: Database>(db: &D) {
    let batch = to_the_microsecond(&all_types());
    for name in ["new", "there"] {
        let plan = plan(name, &batch).with_key(["id"]).with_mode(Mode::Upsert);
        let outcome = load(&*db.sink(), &plan, &batch);
        assert_eq!(
            outcome.inserted + outcome.unchanged,
            2,
            "{name}: {outcome:?}"
        );
    }
    for field in batch
        .schema()
        .fields()
        .iter()
        .filter(|field| field.name() != "id")
    {
        let rows = db.rows("items", &["id", field.name()]);
        let is_there = field.data_type() != &DataType::Null;
        assert_eq!(rows[0][1].is_some(), is_there, "{}", field.name());
        assert_eq!(rows[1][1], None, "{}", field.name());
    }
    let lists = Schema::new(vec![Field::new_list(
        "l",
        Field::new_list_field(DataType::Int8, true),
        true,
    )]);
    let refused = Plan::new(
        ImportKey::of(&KeyParts::default()),
        "lists",
        Arc::new(lists),
    );
    match db.sink().begin(&refused.with_mode(Mode::Insert)) {
        Err(error) => assert!(error.to_string().contains("\"l\""), "{error}"),
        Ok(_) => println!("conformance: the sink takes lists"),
    }
}

/// The same with values that databases can keep which count microseconds; what they do with others is their own.
fn to_the_microsecond(batch: &RecordBatch) -> RecordBatch {
    let columns = batch.schema_ref().fields().iter().zip(batch.columns());
    let columns = columns.map(|(field, array)| -> ArrayRef {
        match field.name().as_str() {
            "ts_ns" => Arc::new(TimestampNanosecondArray::from(vec![Some(-1_000), None])),
            "t_ns" => Arc::new(Time64NanosecondArray::from(vec![Some(1_000), None])),
            _ => Arc::clone(array),
        }
    });
    RecordBatch::try_new(batch.schema(), columns.collect()).expect("the same types")
}

/// Two rows, the first with a value of every type a sink has to take, the second with nulls; the key is `id`.
pub fn all_types() -> RecordBatch {
    let dictionary: DictionaryArray<Int32Type> = [Some("d"), None].into_iter().collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from(vec![1, 2]))),
        ("null", Arc::new(NullArray::new(2))),
        ("bool", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("i8", Arc::new(Int8Array::from(vec![Some(i8::MIN), None]))),
        (
            "i16",
            Arc::new(Int16Array::from(vec![Some(i16::MIN), None])),
        ),
        (
            "i32",
            Arc::new(Int32Array::from(vec![Some(i32::MIN), None])),
        ),
        (
            "i64",
            Arc::new(Int64Array::from(vec![Some(i64::MIN), None])),
        ),
        ("u8", Arc::new(UInt8Array::from(vec![Some(u8::MAX), None]))),
        (
            "u16",
            Arc::new(UInt16Array::from(vec![Some(u16::MAX), None])),
        ),
        (
            "u32",
            Arc::new(UInt32Array::from(vec![Some(u32::MAX), None])),
        ),
        (
            "u64",
            Arc::new(UInt64Array::from(vec![Some(i64::MAX as u64), None])),
        ),
        ("f32", Arc::new(Float32Array::from(vec![Some(0.5), None]))),
        ("f64", Arc::new(Float64Array::from(vec![Some(0.1), None]))),
        ("utf8", Arc::new(StringArray::from(vec![Some("s"), None]))),
        (
            "large_utf8",
            Arc::new(LargeStringArray::from(vec![Some("l"), None])),
        ),
        (
            "utf8_view",
            Arc::new(StringViewArray::from(vec![
                Some("a view of a text that is long"),
                None,
            ])),
        ),
        ("dictionary", Arc::new(dictionary)),
        (
            "binary",
            Arc::new(BinaryArray::from(vec![Some(&[0u8, 255][..]), None])),
        ),
        (
            "date32",
            Arc::new(Date32Array::from(vec![Some(20_484), None])),
        ),
        (
            "ts_s",
            Arc::new(TimestampSecondArray::from(vec![Some(1_769_848_200), None])),
        ),
        (
            "ts_ms",
            Arc::new(TimestampMillisecondArray::from(vec![
                Some(1_769_848_200_250),
                None,
            ])),
        ),
        (
            "ts_us",
            Arc::new(TimestampMicrosecondArray::from(vec![Some(1), None])),
        ),
        (
            "ts_ns",
            Arc::new(TimestampNanosecondArray::from(vec![Some(-1), None])),
        ),
        (
            "ts_utc",
            Arc::new(TimestampSecondArray::from(vec![Some(0), None]).with_timezone("+02:00")),
        ),
        (
            "t_s",
            Arc::new(Time32SecondArray::from(vec![Some(30_600), None])),
        ),
        (
            "t_ms",
            Arc::new(Time32MillisecondArray::from(vec![Some(30_600_500), None])),
        ),
        (
            "t_us",
            Arc::new(Time64MicrosecondArray::from(vec![Some(0), None])),
        ),
        (
            "t_ns",
            Arc::new(Time64NanosecondArray::from(vec![Some(1), None])),
        ),
        (
            "duration",
            Arc::new(DurationMillisecondArray::from(vec![Some(1_500), None])),
        ),
        (
            "decimal",
            Arc::new(
                Decimal128Array::from(vec![
                    Some(-12_345_678_901_234_567_890_123_456_789_i128),
                    None,
                ])
                .with_precision_and_scale(38, 4)
                .expect("a valid decimal type"),
            ),
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, array)| (name, array, name != "id")),
    )
    .expect("columns of two rows")
}
