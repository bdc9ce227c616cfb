//! What becomes of single rows: values at their limits, keys of all kinds, items that hold more than the import knows.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BinaryArray, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray,
};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, KeyType, ScalarAttributeType};
use sheetlift_load::conformance::{Database, claim, items, load, numbers, plan};
use sheetlift_load::{Begin, Mode, Outcome, Reject, Sink, State};

use super::database::{Dynamo, text};
use super::scenario::as_first;
use super::target::{attribute, create, key};

fn with_ids(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let ids = (0..columns[0].1.len() as i64).collect::<Vec<_>>();
    let ids: ArrayRef = Arc::new(Int64Array::from(ids));
    let all = std::iter::once(("id", ids)).chain(columns);
    RecordBatch::try_from_iter_with_nullable(all.map(|(name, array)| (name, array, name != "id")))
        .unwrap()
}

fn refused(outcome: &Outcome) -> Vec<(u32, &str)> {
    let conflicts = outcome.conflicts.iter();
    conflicts
        .inspect(|conflict| assert!(!conflict.reason.is_empty()))
        .map(|conflict| (conflict.row, conflict.code.as_str()))
        .collect()
}

const CONSTRAINT: &str = "load/target-constraint";

#[test]
fn numbers_are_exact_or_conflicts() {
    let db = Dynamo::new();
    let most = 99_999_999_999_999_999_999_999_999_999_999_999_999_i128; // 38 digits
    let decimals = Decimal128Array::from(vec![
        Some(most),
        Some(-150),
        None,
        Some(0),
        Some(5),
        Some(7),
    ]);
    let decimals = decimals.with_precision_and_scale(38, 2).unwrap();
    let doubles = Float64Array::from(vec![0.1, -0.0, 1e125, f64::NAN, 1e126, f64::MIN_POSITIVE]);
    let batch = with_ids(vec![
        ("decimal", Arc::new(decimals)),
        ("double", Arc::new(doubles)),
    ]);
    let plan = plan("one", &batch).with_key(["id"]);
    let outcome = load(&db.open(), &plan, &batch);
    assert_eq!(outcome.inserted, 3);
    assert_eq!(
        refused(&outcome),
        [(3, CONSTRAINT), (4, CONSTRAINT), (5, CONSTRAINT)]
    );
    assert!(
        outcome.conflicts[0]
            .reason
            .starts_with("column \"double\": NaN")
    );
    let expected = [
        [
            Some("0"),
            Some("999999999999999999999999999999999999.99"),
            Some("0.1"),
        ],
        [Some("1"), Some("-1.5"), Some("0")],
        [Some("2"), None, Some("1E+125")],
    ];
    let found = db.rows("items", &["id", "decimal", "double"]);
    let found: Vec<_> = found
        .iter()
        .map(|row| [0, 1, 2].map(|at| row[at].as_deref()))
        .collect();
    let same = |ours: Option<&str>, theirs: Option<&str>| {
        // The emulator writes large numbers out.
        ours == theirs || theirs.is_some_and(|text| text.len() > 100)
    };
    for (found, expected) in found.iter().zip(expected) {
        assert!((0..3).all(|at| same(expected[at], found[at])), "{found:?}");
    }
}

#[test]
fn keys_and_items_that_are_too_large_are_conflicts() {
    let db = Dynamo::new();
    create(&db, ScalarAttributeType::S, Some(ScalarAttributeType::S));
    let long = |bytes| "k".repeat(bytes);
    let skus = StringArray::from(vec![
        long(2_048),
        long(2_049),
        String::new(),
        "d".into(),
        "e".into(),
        "f".into(),
    ]);
    let stock = StringArray::from(vec!["a", "b", "c", "", "e", "f"]); // the key of an index
    let large = 400 * 1024 - "sku".len() - "stock".len() - "text".len() - 2;
    let texts = vec![
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        long(large),
        long(large + 1),
    ];
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        ("sku", Arc::new(skus), false),
        ("stock", Arc::new(stock), true),
        ("text", Arc::new(StringArray::from(texts)), true),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let plan = plan("one", &batch);
    let mut import = claim(&db.open(), &plan);
    import.stage(&batch, &numbers(&batch)).unwrap();
    let rehearsed = import.commit(true).unwrap();
    let outcome = load(&db.open(), &plan, &batch);
    assert_eq!(
        refused(&outcome),
        [
            (1, CONSTRAINT),
            (2, CONSTRAINT),
            (3, CONSTRAINT),
            (5, CONSTRAINT)
        ]
    );
    assert_eq!(outcome.inserted, 2);
    assert_eq!(
        (rehearsed.inserted, rehearsed.conflicts),
        (outcome.inserted, outcome.conflicts)
    );
}

#[test]
fn keys_of_two_columns_and_of_every_type() {
    let db = Dynamo::new();
    let table = db.client.create_table().table_name("items");
    let table = table
        .billing_mode(aws_sdk_dynamodb::types::BillingMode::PayPerRequest)
        .attribute_definitions(attribute("price", ScalarAttributeType::N))
        .attribute_definitions(attribute("mark", ScalarAttributeType::B))
        .key_schema(key("price", KeyType::Hash))
        .key_schema(key("mark", KeyType::Range));
    db.wait(table.send()).unwrap();
    let price = |text: &str| AttributeValue::N(text.to_owned());
    let mark = |byte: u8| AttributeValue::B(Blob::new([byte]));
    db.put(
        "items",
        &[
            ("price", price("1.50")),
            ("mark", mark(1)),
            ("id", price("9")),
        ],
    );
    let prices = Decimal128Array::from(vec![150, 150, 200, 150]);
    let prices = prices.with_precision_and_scale(10, 2).unwrap();
    let marks = BinaryArray::from(vec![&[1u8][..], &[2], &[1], &[2]]);
    let batch = with_ids(vec![("price", Arc::new(prices)), ("mark", Arc::new(marks))]);
    // The order of the plan's key does not matter for a table that is there.
    let plan = plan("one", &batch)
        .with_key(["mark", "price"])
        .with_mode(Mode::Upsert);
    let outcome = load(&db.open(), &plan, &batch);
    assert_eq!((outcome.inserted, outcome.updated), (2, 1));
    assert_eq!(outcome.conflicts[0].key, "02, 1.5");
    assert_eq!(refused(&outcome), [(3, "load/key-exists")]);
    assert_eq!(db.scan("items").len(), 3);
}

#[test]
fn an_upsert_leaves_what_it_does_not_know() {
    let db = Dynamo::new();
    create(&db, ScalarAttributeType::S, None);
    let note = AttributeValue::S("theirs".to_owned());
    let number = |text: &str| AttributeValue::N(text.to_owned());
    let sku = |text: &str| AttributeValue::S(text.to_owned());
    db.put(
        "items",
        &[
            ("sku", sku("a")),
            ("stock", number("1.0")),
            ("note", note.clone()),
        ],
    );
    db.put(
        "items",
        &[
            ("sku", sku("b")),
            ("stock", number("1")),
            ("note", note.clone()),
        ],
    );
    db.put(
        "items",
        &[
            ("sku", sku("c")),
            ("stock", sku("1")),
            ("note", note.clone()),
        ],
    );
    db.put(
        "items",
        &[
            ("sku", sku("d")),
            ("stock", AttributeValue::Null(true)),
            ("note", note.clone()),
        ],
    );
    let batch = items([("a", Some(1)), ("b", None), ("c", Some(1)), ("d", None)]);
    let outcome = load(
        &db.open(),
        &plan("one", &batch).with_mode(Mode::Upsert),
        &batch,
    );
    assert_eq!((outcome.updated, outcome.unchanged), (2, 2));
    let found = db.rows("items", &["sku", "stock", "note"]);
    let stock: Vec<_> = found.iter().map(|row| row[1].as_deref()).collect();
    assert_eq!(stock, [Some("1"), None, Some("1"), None]);
    assert!(found.iter().all(|row| row[2] == text(&note)));
}

/// More than a transaction takes: the chunk goes in several.
#[test]
fn large_items_are_updated_in_pieces() {
    let db = Dynamo::new();
    create(&db, ScalarAttributeType::S, None);
    let sku = |i: usize| format!("{i:03}");
    for i in 0..30 {
        let (sku, blob) = (
            AttributeValue::S(sku(i)),
            AttributeValue::B(Blob::new(vec![7; 250_000])),
        );
        db.put("items", &[("sku", sku), ("blob", blob)]);
    }
    let skus: Vec<String> = (0..90).map(sku).collect();
    let batch = items(skus.iter().map(|sku| (sku.as_str(), Some(1))));
    let outcome = load(
        &db.open(),
        &plan("one", &batch).with_mode(Mode::Upsert),
        &batch,
    );
    assert_eq!((outcome.updated, outcome.inserted), (30, 60));
    let found = db.scan("items");
    assert_eq!(found.len(), 90);
    assert!(
        found
            .iter()
            .all(|item| item["stock"] == AttributeValue::N("1".to_owned()))
    );
    assert_eq!(
        found
            .iter()
            .filter(|item| item.contains_key("blob"))
            .count(),
        30
    );
    let chunks = db.entries("chunk#");
    assert_eq!(chunks.len(), 1);
    assert_eq!(text(&chunks[0]["done"]).unwrap(), "90");
}

#[test]
fn rejects_and_conflicts_name_their_part() {
    let db = Dynamo::new();
    let batch = items([("a", Some(1)), ("a", Some(2)), ("b", Some(3))]);
    let plan = plan("one", &batch).with_parts(["north", "south"]);
    let second = sheetlift_load::Plan::PART_ROWS;
    let mut import = claim(&db.open(), &plan);
    import.stage(&batch, &[7, second + 3, second + 4]).unwrap();
    let raw = "é".repeat(300_000);
    let reject = |row, raw: &str| Reject {
        row,
        codes: vec!["cell/type".to_owned(), "cell/required".to_owned()],
        reason: "no".to_owned(),
        raw: raw.to_owned(),
    };
    import
        .reject(&[reject(second + 5, "{}"), reject(second + 5, &raw)])
        .unwrap();
    let outcome = import.commit(false).unwrap();
    assert_eq!(
        (outcome.inserted, outcome.rejected, outcome.conflict_total),
        (2, 2, 1)
    );
    let conflict = &outcome.conflicts[0];
    assert_eq!((conflict.part.as_deref(), conflict.row), (Some("south"), 3));
    let rejects = db.rows(
        "_sheetlift_rejects",
        &["row", "part", "codes", "raw", "raw_bytes"],
    );
    let [whole, cut] = &rejects[..] else {
        panic!("{}", rejects.len())
    };
    let expected =
        ["5", "south", "cell/type,cell/required", "{}"].map(|text| Some(text.to_owned()));
    assert_eq!(whole[..4], expected);
    assert_eq!(cut[3].as_ref().map(String::len), Some(256 << 10));
    assert_eq!(cut[4].as_deref(), Some("600000"));
    let Begin::Done(again) = db.open().begin(&plan).unwrap() else {
        panic!("not done")
    };
    assert_eq!(
        (again.state, as_first(again.clone())),
        (State::AlreadyLoaded, outcome)
    );
}

#[test]
fn the_conflicts_listed_are_the_first_in_every_telling() {
    let db = Dynamo::new();
    let skus: Vec<String> = (0..1_500).map(|i| format!("{:04}", i / 2 * 2)).collect();
    let batch = items(skus.iter().chain(&skus).map(|sku| (sku.as_str(), Some(1))));
    let plan = plan("one", &batch);
    let outcome = load(&db.open(), &plan, &batch);
    assert_eq!((outcome.inserted, outcome.conflict_total), (750, 2_250));
    let rows: Vec<u32> = outcome
        .conflicts
        .iter()
        .map(|conflict| conflict.row)
        .collect();
    let expected: Vec<u32> = (1..1_500).step_by(2).chain(1_500..1_750).collect();
    assert_eq!(rows, expected);
    let Begin::Done(again) = db.open().begin(&plan).unwrap() else {
        panic!("not done")
    };
    assert_eq!(
        (again.state, as_first(again.clone())),
        (State::AlreadyLoaded, outcome)
    );
}

/// Two imports that bring the same new keys: each is inserted by one of them.
#[test]
fn imports_that_meet_share_the_keys() {
    let db = Dynamo::new();
    create(&db, ScalarAttributeType::S, None);
    let skus: Vec<String> = (0..600).map(|i| format!("{i:04}")).collect();
    let batch = |value| items(skus.iter().map(move |sku| (sku.as_str(), Some(value))));
    drop(claim(&db.open(), &plan("ledger", &batch(0))));
    let together = std::sync::Barrier::new(3);
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let loads: Vec<_> = (1..=3)
            .map(|value| {
                let (batch, sink, together) = (batch(value), db.open(), &together);
                let plan = plan(&format!("import {value}"), &batch).with_mode(Mode::Insert);
                scope.spawn(move || {
                    let mut import = claim(&sink, &plan);
                    import.stage(&batch, &numbers(&batch)).unwrap();
                    together.wait();
                    import.commit(false).unwrap()
                })
            })
            .collect();
        loads.into_iter().map(|load| load.join().unwrap()).collect()
    });
    let inserted: u64 = outcomes.iter().map(|outcome| outcome.inserted).sum();
    assert_eq!(inserted, 600);
    for (value, outcome) in (1..=3).zip(&outcomes) {
        assert_eq!(outcome.inserted + outcome.conflict_total, 600);
        let found = db.scan("items");
        let mine = found
            .iter()
            .filter(|item| item["stock"] == AttributeValue::N(value.to_string()));
        assert_eq!(mine.count() as u64, outcome.inserted);
    }
}

/// Somebody deletes items between the look at them and the update: none comes back in parts.
#[test]
fn an_item_is_there_as_a_whole_or_not_at_all() {
    let db = Dynamo::new();
    create(&db, ScalarAttributeType::S, None);
    let skus: Vec<String> = (0..490).map(|i| format!("{i:03}")).collect();
    let batch = |stock: i64| {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("sku", Arc::new(StringArray::from_iter_values(&skus))),
            (
                "stock",
                Arc::new(Int64Array::from_iter_values(skus.iter().map(|_| stock))),
            ),
            ("name", Arc::new(StringArray::from_iter_values(&skus))),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    };
    load(&db.open(), &plan("seed", &batch(1)), &batch(1));
    let (sink, update) = (db.open(), batch(2));
    let outcome = std::thread::scope(|scope| {
        let plan = plan("update", &update).with_mode(Mode::Upsert);
        let update = scope.spawn(move || load(&sink, &plan, &update));
        for sku in skus.iter().rev().cycle() {
            if update.is_finished() {
                break;
            }
            let away = db.client.delete_item().table_name("items");
            db.wait(away.key("sku", AttributeValue::S(sku.clone())).send())
                .unwrap();
        }
        update.join().unwrap()
    });
    assert_eq!(outcome.updated + outcome.inserted, 490);
    assert!(outcome.inserted > 0, "nothing was deleted in time");
    for item in db.scan("items") {
        assert_eq!(item.len(), 3, "{item:?}");
    }
}
