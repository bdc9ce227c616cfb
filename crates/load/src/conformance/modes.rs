//! What the modes do with rows whose key is there, and with rows the target refuses.

use super::{Database, claim, conflicts, counts, expect, items, load, numbers, plan, seed, stored};
use crate::Mode;

pub(super) fn insert_mode<D: Database>(db: &D) {
    seed(db);
    let batch = items([("b", Some(9)), ("c", Some(3))]);
    let plan = plan("two", &batch).with_mode(Mode::Insert);
    let outcome = load(&*db.sink(), &plan, &batch);
    assert_eq!(counts(&outcome), [1, 0, 0, 1]);
    assert_eq!(conflicts(&outcome), [(0, "load/key-exists", "b")]);
    expect(db, &[("a", Some(1)), ("b", None), ("c", Some(3))]);
    let listed = db.rows("_sheetlift_outcomes", &["row", "outcome", "key"]);
    assert_eq!(
        listed,
        [["0", "load/key-exists", "b"].map(|text| Some(text.to_owned()))]
    );

    // Without a key in the plan the table's own primary key speaks.
    let batch = items([("c", Some(9)), ("d", Some(4))]);
    let keyless = super::plan("three", &batch)
        .with_mode(Mode::Insert)
        .with_key([""; 0]);
    let outcome = load(&*db.sink(), &keyless, &batch);
    assert_eq!(counts(&outcome), [1, 0, 0, 1]);
    assert_eq!(conflicts(&outcome), [(0, "load/key-exists", "")]);

    for mode in [Mode::InsertMissing, Mode::Upsert] {
        let plan = keyless.clone().with_mode(mode);
        assert_eq!(
            db.sink().begin(&plan).unwrap_err().code(),
            "usage/key-required"
        );
    }
}

pub(super) fn insert_missing_mode<D: Database>(db: &D) {
    seed(db);
    let batch = items([("b", Some(9)), ("c", Some(3)), ("a", None)]);
    let outcome = load(&*db.sink(), &plan("two", &batch), &batch);
    assert_eq!(counts(&outcome), [1, 0, 2, 0]);
    expect(db, &[("a", Some(1)), ("b", None), ("c", Some(3))]);
}

pub(super) fn upsert_mode<D: Database>(db: &D) {
    seed(db);
    let batch = items([("a", Some(1)), ("b", Some(2)), ("c", None)]);
    let outcome = load(
        &*db.sink(),
        &plan("two", &batch).with_mode(Mode::Upsert),
        &batch,
    );
    assert_eq!(counts(&outcome), [1, 1, 1, 0]);
    expect(db, &[("a", Some(1)), ("b", Some(2)), ("c", None)]);
    let batch = items([("a", None), ("b", Some(2)), ("c", None)]);
    let outcome = load(
        &*db.sink(),
        &plan("three", &batch).with_mode(Mode::Upsert),
        &batch,
    );
    assert_eq!(
        counts(&outcome),
        [0, 1, 2, 0],
        "from a value to none is a change, from none to none is not"
    );
    expect(db, &[("a", None), ("b", Some(2)), ("c", None)]);
}

pub(super) fn upsert_that_keeps_what_is_there<D: Database>(db: &D) {
    seed(db);
    let batch = items([("a", None), ("b", Some(2)), ("c", None), ("d", Some(4))]);
    let schema = batch.schema();
    let fields = schema.fields().iter().map(|field| {
        let words = [("sheetlift.blank", "keep_existing")];
        let words = words.map(|(key, word)| (key.to_owned(), word.to_owned()));
        field.as_ref().clone().with_metadata(words.into())
    });
    let schema = arrow_schema::Schema::new(fields.collect::<Vec<_>>());
    let batch = batch.with_schema(schema.into()).expect("the same types");
    let plan = plan("two", &batch).with_mode(Mode::Upsert);
    let outcome = load(&*db.sink(), &plan, &batch);
    assert_eq!(counts(&outcome), [2, 1, 1, 0]);
    let expected = [("a", Some(1)), ("b", Some(2)), ("c", None), ("d", Some(4))];
    expect(db, &expected);
}

pub(super) fn repeated_keys<D: Database>(db: &D) {
    let batch = items([
        ("a", Some(1)),
        ("a", Some(2)),
        ("b", Some(3)),
        ("a", Some(4)),
    ]);
    let outcome = load(&*db.sink(), &plan("new table", &batch), &batch);
    assert_eq!(counts(&outcome), [2, 0, 0, 2]);
    let expected = [(1, "load/key-exists", "a"), (3, "load/key-exists", "a")];
    assert_eq!(conflicts(&outcome), expected);
    expect(db, &[("a", Some(1)), ("b", Some(3))]);
    for (mode, expected) in [
        (Mode::Insert, [1, 0, 0, 4]),
        (Mode::InsertMissing, [1, 0, 1, 3]),
        (Mode::Upsert, [1, 1, 0, 3]),
    ] {
        let sku = format!("c {mode}");
        let batch = items([
            ("a", Some(7)),
            (&sku, Some(1)),
            (&sku, Some(2)),
            ("a", Some(8)),
            ("a", Some(9)),
        ]);
        let outcome = load(&*db.sink(), &plan(&sku, &batch).with_mode(mode), &batch);
        assert_eq!(counts(&outcome), expected, "{mode}");
        let found = stored(db);
        assert!(found.contains(&(sku, Some(1))));
        let stock = if mode == Mode::Upsert { 7 } else { 1 };
        assert!(found.contains(&("a".to_owned(), Some(stock))));
    }
}

pub(super) fn refused_rows<D: Database>(db: &D) {
    if !db.has_constraints() {
        println!("conformance: left out, the database has no constraints");
        return;
    }
    db.execute(
        "CREATE TABLE \"items\" (\"sku\" VARCHAR(50) NOT NULL PRIMARY KEY,
         \"stock\" BIGINT NOT NULL UNIQUE CHECK (\"stock\" >= 0))",
    );
    db.execute("INSERT INTO \"items\" VALUES ('a', 1)");
    let batch = items([
        ("b", None),
        ("c", Some(-1)),
        ("d", Some(1)),
        ("e", Some(5)),
        ("e", Some(6)),
        ("a", Some(7)),
        ("f", Some(5)),
    ]);
    for mode in [Mode::Insert, Mode::InsertMissing, Mode::Upsert] {
        let plan = plan(mode.as_str(), &batch).with_mode(mode);
        let mut import = claim(&*db.sink(), &plan);
        import.stage(&batch, &numbers(&batch)).unwrap();
        let outcome = import.commit(true).unwrap();
        let refused = |row, key| (row, "load/target-constraint", key);
        let mut expected = vec![refused(0, "b"), refused(1, "c"), refused(2, "d")];
        expected.push((4, "load/key-exists", "e"));
        if mode == Mode::Insert {
            expected.push((5, "load/key-exists", "a"));
        }
        expected.push(refused(6, "f"));
        assert_eq!(conflicts(&outcome), expected, "{mode}");
        assert_eq!(outcome.inserted, 1);
        assert!(
            outcome
                .conflicts
                .iter()
                .all(|conflict| !conflict.reason.is_empty())
        );
    }
    expect(db, &[("a", Some(1))]);
    let update = items([("a", Some(-1))]);
    let outcome = load(
        &*db.sink(),
        &plan("update", &update).with_mode(Mode::Upsert),
        &update,
    );
    assert_eq!(conflicts(&outcome), [(0, "load/target-constraint", "a")]);
    expect(db, &[("a", Some(1))]);
}
