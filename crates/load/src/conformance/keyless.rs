//! The checks for sinks that keep every row and know no keys, such as files.

use std::sync::{Arc, Barrier};
use std::thread;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};

use super::{all_types, claim, counts, items, load, numbers};
use crate::{
    Begin, ErrorKind, ImportKey, KeyParts, Mode, Outcome, Plan, Reference, Reject, Sink, State,
};

/// Loaders that race on one import.
const RACERS: usize = 4;

/// A place for one check: empty at first, gone when dropped.
pub trait Shelf: Sync {
    /// A sink into it. Two sinks are two workers.
    fn sink(&self) -> Box<dyn Sink>;

    /// All committed rows of a table as text, import by import as they were committed, in the order of the rows; nothing if there is
    /// no such table.
    fn rows(&self, table: &str, columns: &[&str]) -> Vec<Vec<Option<String>>>;

    /// Everything there is, committed or not, in any words: equal lists are equal places.
    fn traces(&self) -> Vec<String>;
}

/// A sentence and the function that puts it to the test.
type Check<S> = (&'static str, fn(&S));

/// Runs every check against a place of its own, and panics at the first that fails, after printing its name.
pub fn run_keyless<S: Shelf>(make: impl Fn() -> S) {
    let checks: [Check<S>; 12] = [
        ("loads rows and says what it did", loads),
        ("loads an import once", reload_changes_nothing),
        ("keeps every row", keeps_every_row),
        ("loads in pieces of any size", any_batches),
        ("modes that need keys are refused", modes),
        ("rows that cannot be are conflicts", refused_rows),
        ("a dry run counts like a commit and leaves nothing", dry_run),
        ("an import that is dropped leaves nothing", dropped),
        ("of two loaders one wins, and the other is told", race),
        ("too many rejects load nothing", thresholds),
        ("any identifier and any text will do", odd_words),
        ("every type arrives", every_type),
    ];
    for (name, check) in checks {
        println!("conformance: {name}");
        check(&make());
    }
}

fn plan(name: &str, batch: &RecordBatch) -> Plan {
    super::plan(name, batch).with_mode(Mode::Insert)
}

fn stocks<S: Shelf>(shelf: &S) -> Vec<(String, Option<i64>)> {
    let rows = shelf.rows("items", &["sku", "stock"]).into_iter();
    rows.map(|row| {
        let stock = row[1]
            .as_ref()
            .map(|text| text.parse().expect("stock is an integer"));
        (row[0].clone().expect("sku is there"), stock)
    })
    .collect()
}

fn expect<S: Shelf>(shelf: &S, rows: &[(&str, Option<i64>)]) {
    let rows: Vec<_> = rows
        .iter()
        .map(|(sku, stock)| ((*sku).to_owned(), *stock))
        .collect();
    assert_eq!(stocks(shelf), rows);
}

fn reject(row: u32) -> Reject {
    Reject {
        row,
        codes: vec!["cell/type".into(), "cell/required".into()],
        reason: "stock: expected an integer, got \"many\"".into(),
        raw: "{\"stock\":\"many\"}".into(),
    }
}

fn loads<S: Shelf>(shelf: &S) {
    let batch = items([("b", Some(1)), ("a", None)]);
    let plan = plan("one", &batch);
    let mut import = claim(&*shelf.sink(), &plan);
    assert_eq!(import.import_id(), plan.import_key.import_id());
    import.stage(&batch, &[5, 7]).unwrap();
    import.reject(&[reject(6)]).unwrap();
    assert_eq!(stocks(shelf), [], "nothing is visible before the commit");
    let outcome = import.commit(false).unwrap();
    assert_eq!(
        (outcome.state, outcome.read, outcome.rejected),
        (State::Committed, 3, 1)
    );
    assert_eq!(counts(&outcome), [2, 0, 0, 0]);
    expect(shelf, &[("b", Some(1)), ("a", None)]);
    let json = serde_json::to_string(&outcome).unwrap();
    assert_eq!(serde_json::from_str::<Outcome>(&json).unwrap(), outcome);
}

fn reload_changes_nothing<S: Shelf>(shelf: &S) {
    let batch = items([("a", Some(1))]);
    let plan = plan("one", &batch);
    let first = load(&*shelf.sink(), &plan, &batch);
    let before = shelf.traces();
    let Begin::Done(again) = shelf.sink().begin(&plan).unwrap() else {
        panic!("loaded twice")
    };
    let expected = Outcome {
        state: State::AlreadyLoaded,
        ..first
    };
    assert_eq!(again, expected);
    assert_eq!(shelf.traces(), before);
    expect(shelf, &[("a", Some(1))]);
}

fn keeps_every_row<S: Shelf>(shelf: &S) {
    let batch = items([("a", Some(1)), ("a", Some(1)), ("b", None)]);
    for name in ["one", "two"] {
        assert_eq!(
            counts(&load(&*shelf.sink(), &plan(name, &batch), &batch)),
            [3, 0, 0, 0]
        );
    }
    let three = [("a", Some(1)), ("a", Some(1)), ("b", None)];
    expect(shelf, &[three, three].concat());
}

fn any_batches<S: Shelf>(shelf: &S) {
    let skus: Vec<String> = (0..1_000).map(|i| format!("{i:04}")).collect();
    let batch = items(skus.iter().map(|sku| (sku.as_str(), Some(1))));
    let mut import = claim(&*shelf.sink(), &plan("pieces", &batch));
    let mut start = 0;
    for length in [0, 1, 2, 500, 497] {
        let rows: Vec<u32> = (start as u32..(start + length) as u32).collect();
        import.stage(&batch.slice(start, length), &rows).unwrap();
        start += length;
    }
    assert_eq!(import.commit(false).unwrap().inserted, 1_000);
    let found: Vec<_> = stocks(shelf).into_iter().map(|(sku, _)| sku).collect();
    assert_eq!(found, skus);
    let nothing = plan("nothing", &batch);
    assert_eq!(
        claim(&*shelf.sink(), &nothing).commit(false).unwrap().read,
        0
    );
    assert!(matches!(
        shelf.sink().begin(&nothing).unwrap(),
        Begin::Done(_)
    ));
}

fn modes<S: Shelf>(shelf: &S) {
    let batch = items([("a", Some(1))]);
    for mode in Mode::ALL {
        if matches!(mode, Mode::Insert | Mode::Append) {
            continue;
        }
        let error = shelf
            .sink()
            .begin(&plan("one", &batch).with_mode(mode))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.to_string().contains(mode.as_str()), "{error}");
        assert!(
            error.hint().is_some_and(|hint| hint.contains("insert")),
            "{error:?}"
        );
    }
    let reference = Reference::new("sku", "skus", "sku");
    let referring = plan("two", &batch).with_reference(reference);
    let error = shelf.sink().begin(&referring).unwrap_err();
    assert!(
        error.kind() == ErrorKind::Usage && error.to_string().contains("\"skus\""),
        "{error:?}"
    );
    let keyless = plan("two", &batch).with_key([""; 0]);
    assert_eq!(load(&*shelf.sink(), &keyless, &batch).inserted, 1);
    let appended = plan("three", &batch).with_mode(Mode::Append);
    assert_eq!(load(&*shelf.sink(), &appended, &batch).inserted, 1);
    expect(shelf, &[("a", Some(1)), ("a", Some(1))]);
}

fn refused_rows<S: Shelf>(shelf: &S) {
    let batch = items([
        ("a", Some(1)),
        ("b", None),
        ("c", Some(300)),
        ("d", Some(4)),
    ]);
    let nullable = |name: &str, data_type| Field::new(name, data_type, true);
    let strict = Schema::new(vec![
        nullable("sku", DataType::Utf8),
        Field::new("stock", DataType::Int8, false),
    ]);
    let plan = Plan::new(plan("x", &batch).import_key, "items", Arc::new(strict))
        .with_mode(Mode::Insert)
        .with_key(["sku"]);
    let mut import = claim(&*shelf.sink(), &plan);
    import.stage(&batch, &[0, 1, 2, 3]).unwrap();
    let outcome = import.commit(false).unwrap();
    assert_eq!(counts(&outcome), [2, 0, 0, 2]);
    assert!(
        outcome
            .conflicts
            .iter()
            .all(|conflict| conflict.column.as_deref() == Some("stock"))
    );
    let told: Vec<_> = outcome
        .conflicts
        .iter()
        .map(|c| (c.row, c.code.as_str(), c.key.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (1, "load/target-constraint", "b"),
            (2, "load/target-constraint", "c")
        ]
    );
    assert!(
        outcome
            .conflicts
            .iter()
            .all(|conflict| conflict.reason.contains("stock"))
    );
    expect(shelf, &[("a", Some(1)), ("d", Some(4))]);
}

fn dry_run<S: Shelf>(shelf: &S) {
    let batch = items([("b", Some(2)), ("c", Some(3)), ("c", Some(4))]);
    for name in ["new table", "table that is there"] {
        let plan = plan(name, &batch);
        let before = shelf.traces();
        let rehearse = || {
            let mut import = claim(&*shelf.sink(), &plan);
            import.stage(&batch, &numbers(&batch)).unwrap();
            import.reject(&[reject(9)]).unwrap();
            import.commit(true).unwrap()
        };
        let rehearsed = [rehearse(), rehearse()];
        assert_eq!(rehearsed[0], rehearsed[1]);
        assert_eq!(rehearsed[0].state, State::DryRun);
        assert_eq!(shelf.traces(), before);
        let mut import = claim(&*shelf.sink(), &plan);
        import.stage(&batch, &numbers(&batch)).unwrap();
        import.reject(&[reject(9)]).unwrap();
        let [rehearsed, _] = rehearsed;
        let expected = Outcome {
            state: State::Committed,
            ..rehearsed
        };
        assert_eq!(import.commit(false).unwrap(), expected);
    }
}

fn dropped<S: Shelf>(shelf: &S) {
    for name in ["new table", "table that is there"] {
        let batch = items([(name, Some(2))]);
        let plan = plan(name, &batch);
        let before = shelf.traces();
        for _ in 0..2 {
            let mut import = claim(&*shelf.sink(), &plan);
            import.stage(&batch, &[0]).unwrap();
            import.reject(&[reject(1)]).unwrap();
            drop(import);
            assert_eq!(shelf.traces(), before);
        }
        assert_eq!(load(&*shelf.sink(), &plan, &batch).inserted, 1);
    }
}

fn race<S: Shelf>(shelf: &S) {
    let batch = items([("a", Some(1)), ("b", Some(2))]);
    let (sink, one) = (shelf.sink(), plan("one", &batch));
    let staged = || {
        let mut import = claim(&*sink, &one);
        import.stage(&batch, &[0, 1]).unwrap();
        import
    };
    let [first, second, rehearsal, dropped] = [staged(), staged(), staged(), staged()];
    assert_eq!(first.commit(false).unwrap().state, State::Committed);
    let committed = shelf.rows("items", &["sku"]);
    let told = second.commit(false).unwrap();
    assert_eq!(
        (told.state, counts(&told)),
        (State::AlreadyLoaded, [2, 0, 0, 0])
    );
    rehearsal.commit(true).unwrap();
    drop(dropped);
    assert_eq!(
        shelf.rows("items", &["sku"]),
        committed,
        "nobody takes anything away from a committed import"
    );

    let two = plan("two", &batch);
    let start = Barrier::new(RACERS);
    let states: Vec<State> = thread::scope(|scope| {
        let racer = || {
            let mut import = claim(&*shelf.sink(), &two);
            start.wait();
            import.stage(&batch, &[0, 1]).unwrap();
            import.commit(false).unwrap().state
        };
        let racers: Vec<_> = (0..RACERS).map(|_| scope.spawn(racer)).collect();
        racers
            .into_iter()
            .map(|racer| racer.join().expect("a racer comes home"))
            .collect()
    });
    assert_eq!(
        states
            .iter()
            .filter(|state| **state == State::Committed)
            .count(),
        1,
        "{states:?}"
    );
    assert!(
        states
            .iter()
            .all(|state| matches!(state, State::Committed | State::AlreadyLoaded)),
        "{states:?}"
    );
    let both = [("a", Some(1)), ("b", Some(2))];
    expect(shelf, &[both, both].concat());
}

fn thresholds<S: Shelf>(shelf: &S) {
    let batch = items([("a", Some(1))]);
    let commit = |plan: Plan| {
        let mut import = claim(&*shelf.sink(), &plan);
        import.stage(&batch, &[0]).unwrap();
        import.reject(&[reject(1)]).unwrap();
        import.commit(false)
    };
    let before = shelf.traces();
    for plan in [
        plan("one", &batch).with_max_rejected(0),
        plan("one", &batch).with_max_rejected_ratio(0.4),
    ] {
        let error = commit(plan).unwrap_err();
        assert!(
            matches!(
                error.kind(),
                ErrorKind::Limit {
                    actual: 1,
                    limit: 0,
                    ..
                }
            ),
            "{error:?}"
        );
    }
    assert_eq!(shelf.traces(), before);
    let fine = plan("one", &batch)
        .with_max_rejected(1)
        .with_max_rejected_ratio(0.5);
    assert_eq!(commit(fine).unwrap().rejected, 1);
}

fn odd_words<S: Shelf>(shelf: &S) {
    let long = "x".repeat(1 << 20);
    let texts = [
        "",
        " ",
        "a'b\"c\\",
        "\u{1F980} é\n\t",
        "007",
        "1e3",
        "NULL",
        "a,b\r\n",
        "\0",
        "\u{feff}x",
        "null",
        "\"\"",
    ];
    let names = [
        "order",
        "a\"b",
        "'); DROP TABLE x; --",
        "größe 寸",
        "a b.c",
        "?1",
        "%s",
        "a,b",
        "a\nb",
    ];
    let tables = [
        "group",
        "t\"; --",
        "表",
        "main.x",
        "../up",
        "/etc",
        "..",
        "A",
        "a",
        ".",
        "a/b",
        "a\\b",
        "con",
        &long[..300],
    ];
    for table in tables {
        let column: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        let batch = RecordBatch::try_from_iter_with_nullable(
            names.map(|name| (name, Arc::clone(&column), true)),
        );
        let batch = batch.expect("columns of one length");
        let parts = KeyParts {
            content: table.as_bytes(),
            ..KeyParts::default()
        };
        let plan = Plan::new(ImportKey::of(&parts), table, batch.schema())
            .with_mode(Mode::Insert)
            .with_source_name("'; --");
        assert_eq!(
            load(&*shelf.sink(), &plan, &batch).inserted,
            texts.len() as u64,
            "{table}"
        );
        let expected = texts.map(|text| vec![Some(text.to_owned()); names.len()]);
        assert_eq!(shelf.rows(table, &names), expected, "{table}");
    }
    let batch = items([(long.as_str(), Some(1)), ("b", None)]);
    load(&*shelf.sink(), &plan("long", &batch), &batch);
    assert!(stocks(shelf) == [(long, Some(1)), ("b".to_owned(), None)]);
}

fn every_type<S: Shelf>(shelf: &S) {
    let batch = all_types();
    let plan = plan("types", &batch).with_key(["id"]);
    assert_eq!(counts(&load(&*shelf.sink(), &plan, &batch)), [2, 0, 0, 0]);
    for field in batch
        .schema()
        .fields()
        .iter()
        .filter(|field| field.name() != "id")
    {
        let rows = shelf.rows("items", &["id", field.name()]);
        let is_there = field.data_type() != &DataType::Null;
        assert_eq!(rows[0][1].is_some(), is_there, "{}", field.name());
        assert_eq!(rows[1][1], None, "{}", field.name());
    }
    let list = Field::new_list("l", Field::new_list_field(DataType::Int8, true), true);
    let lists = Plan::new(
        ImportKey::of(&KeyParts::default()),
        "lists",
        Arc::new(Schema::new(vec![list])),
    );
    match shelf.sink().begin(&lists.with_mode(Mode::Insert)) {
        Err(error) => assert!(error.to_string().contains("\"l\""), "{error}"),
        Ok(_) => println!("conformance: the sink takes lists"),
    }
    let ints: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let other = RecordBatch::try_from_iter([("id", ints)]).expect("one column");
    let mut import = claim(
        &*shelf.sink(),
        &super::plan("other", &batch)
            .with_key(["id"])
            .with_mode(Mode::Insert),
    );
    assert_eq!(
        import.stage(&other, &[0]).unwrap_err().code(),
        "usage/batch"
    );
}
