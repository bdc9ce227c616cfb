//! Modes that remove rows, and rules about rows that meet others.

use super::{Database, claim, conflicts, counts, expect, items, load, numbers, plan, seed};
use crate::{ErrorKind, Missing, Mode, Outcome, Plan, Reference, Reject};

pub(super) fn update_only<D: Database>(db: &D) {
    seed(db);
    let batch = items([("a", Some(1)), ("b", Some(2)), ("c", Some(3)), ("c", None)]);
    let plan = plan("two", &batch).with_mode(Mode::UpdateOnly);
    let outcome = load(&*db.sink(), &plan, &batch);
    assert_eq!(counts(&outcome), [0, 1, 1, 2]);
    let missing = |row| (row, "load/key-missing", "c");
    assert_eq!(conflicts(&outcome), [missing(2), missing(3)]);
    expect(db, &[("a", Some(1)), ("b", Some(2))]);
}

pub(super) fn append<D: Database>(db: &D) {
    db.execute("CREATE TABLE \"items\" (\"sku\" VARCHAR(50), \"stock\" BIGINT)");
    db.execute("INSERT INTO \"items\" VALUES ('a', 1)");
    let batch = items([("a", Some(2)), ("b", Some(3)), ("b", Some(3))]);
    for name in ["one", "two"] {
        let plan = plan(name, &batch).with_mode(Mode::Append);
        let outcome = load(&*db.sink(), &plan, &batch);
        assert_eq!(counts(&outcome), [3, 0, 0, 0]);
    }
    assert_eq!(db.rows("items", &["sku", "stock"]).len(), 7);

    // What the table itself demands is demanded.
    db.execute(
        "CREATE TABLE \"keyed\" (\"sku\" VARCHAR(50) NOT NULL PRIMARY KEY, \"stock\" BIGINT)",
    );
    let mut plan = plan("three", &batch).with_mode(Mode::Append);
    plan.table = "keyed".to_owned();
    let outcome = load(&*db.sink(), &plan, &batch);
    assert_eq!(counts(&outcome), [2, 0, 0, 1]);
    assert_eq!(outcome.conflicts[0].row, 2);
}

pub(super) fn replace<D: Database>(db: &D) {
    seed(db);
    let batch = items([("b", Some(2)), ("c", None), ("c", Some(3))]);
    let plan = plan("two", &batch).with_mode(Mode::Replace);
    let mut import = claim(&*db.sink(), &plan);
    import.stage(&batch, &numbers(&batch)).unwrap();
    assert_eq!(import.commit(true).unwrap().removed, 2);
    expect(db, &[("a", Some(1)), ("b", None)]);
    let outcome = load(&*db.sink(), &plan, &batch);
    assert_eq!((counts(&outcome), outcome.removed), ([2, 0, 0, 1], 2));
    expect(db, &[("b", Some(2)), ("c", None)]);
}

fn sync_plan(name: &str, batch: &arrow_array::RecordBatch, missing: Missing) -> Plan {
    plan(name, batch)
        .with_mode(Mode::Sync)
        .with_missing(missing)
}

fn counts_of_sync(outcome: &Outcome) -> ([u64; 4], u64) {
    (counts(outcome), outcome.removed)
}

pub(super) fn sync<D: Database>(db: &D) {
    let all = items([
        ("a", Some(1)),
        ("b", Some(2)),
        ("c", Some(3)),
        ("d", Some(4)),
    ]);
    load(&*db.sink(), &plan("one", &all), &all);
    let batch = items([
        ("a", Some(1)),
        ("c", Some(5)),
        ("d", Some(4)),
        ("e", Some(6)),
    ]);
    let set = |value: Option<&str>| Missing::Set {
        column: "stock".to_owned(),
        value: value.map(str::to_owned),
    };
    let sync = |missing, name, dry_run| {
        let plan = sync_plan(name, &batch, missing);
        let mut import = claim(&*db.sink(), &plan);
        import.stage(&batch, &numbers(&batch)).unwrap();
        counts_of_sync(&import.commit(dry_run).unwrap())
    };
    assert_eq!(sync(Missing::Keep, "dry", true), ([1, 1, 2, 0], 0));
    assert_eq!(sync(Missing::Delete, "dry", true), ([1, 1, 2, 0], 1));
    assert_eq!(sync(set(Some("0")), "two", false), ([1, 1, 2, 0], 1));
    let rest = [("c", Some(5)), ("d", Some(4)), ("e", Some(6))];
    let with = |b| [("a", Some(1)), ("b", b), rest[0], rest[1], rest[2]];
    expect(db, &with(Some(0)));
    assert_eq!(
        sync(set(Some("0")), "three", false),
        ([0, 0, 4, 0], 0),
        "marked already"
    );
    assert_eq!(sync(set(None), "four", false), ([0, 0, 4, 0], 1));
    expect(db, &with(None));
    assert_eq!(sync(Missing::Delete, "five", false), ([0, 0, 4, 0], 1));
    expect(db, &[("a", Some(1)), rest[0], rest[1], rest[2]]);
}

pub(super) fn sync_of_half_a_source<D: Database>(db: &D) {
    let all = items([("a", Some(1)), ("b", Some(2)), ("c", Some(3))]);
    load(&*db.sink(), &plan("one", &all), &all);
    let before = [("a", Some(1)), ("b", Some(2)), ("c", Some(3))];
    let limit = |error: crate::Error| match error.kind() {
        ErrorKind::Limit { limit, actual, .. } => (limit, actual),
        _ => panic!("{error:?}"),
    };
    let few = items([("a", Some(9)), ("d", Some(4))]);
    let plan = sync_plan("two", &few, Missing::Delete);
    let mut import = claim(&*db.sink(), &plan);
    import.stage(&few, &numbers(&few)).unwrap();
    assert_eq!(limit(import.commit(false).unwrap_err()), (1, 2));
    expect(db, &before);
    // A row that was rejected is in the source.
    let most = items([("a", Some(9)), ("b", Some(2))]);
    let plan = sync_plan("three", &most, Missing::Delete);
    let mut import = claim(&*db.sink(), &plan);
    import.stage(&most, &numbers(&most)).unwrap();
    let reject = Reject {
        row: 2,
        codes: vec![],
        reason: String::new(),
        raw: "{\"sku\":\"c\",\"stock\":\"three\"}".to_owned(),
    };
    import.reject(&[reject]).unwrap();
    assert_eq!(limit(import.commit(false).unwrap_err()), (0, 1));
    expect(db, &before);
    let plan = sync_plan("two", &few, Missing::Delete).with_max_missing_ratio(1.0);
    assert_eq!(
        counts_of_sync(&load(&*db.sink(), &plan, &few)),
        ([1, 1, 0, 0], 2)
    );
    expect(db, &[("a", Some(9)), ("d", Some(4))]);
}

pub(super) fn immutable<D: Database>(db: &D) {
    let seeded = items([("a", Some(1)), ("b", None), ("d", None)]);
    load(&*db.sink(), &plan("one", &seeded), &seeded);
    let batch = items([("a", Some(2)), ("b", None), ("c", Some(3)), ("d", Some(4))]);
    let plan = plan("two", &batch)
        .with_mode(Mode::Upsert)
        .with_immutable(["stock"]);
    let outcome = load(&*db.sink(), &plan, &batch);
    assert_eq!(
        counts(&outcome),
        [1, 1, 1, 1],
        "a value may come where there is none"
    );
    assert_eq!(conflicts(&outcome), [(0, "load/immutable", "a")]);
    assert_eq!(outcome.conflicts[0].column.as_deref(), Some("stock"));
    expect(
        db,
        &[("a", Some(1)), ("b", None), ("c", Some(3)), ("d", Some(4))],
    );
}

pub(super) fn versions<D: Database>(db: &D) {
    let all = items([
        ("a", Some(5)),
        ("b", Some(5)),
        ("c", Some(5)),
        ("d", None),
        ("e", Some(5)),
    ]);
    load(&*db.sink(), &plan("one", &all), &all);
    let batch = items([
        ("a", Some(4)),
        ("b", Some(5)),
        ("c", Some(6)),
        ("d", Some(1)),
        ("e", None),
    ]);
    let plan = plan("two", &batch)
        .with_mode(Mode::Upsert)
        .with_version("stock".to_owned());
    let outcome = load(&*db.sink(), &plan, &batch);
    assert_eq!(counts(&outcome), [0, 2, 1, 2]);
    let stale = |row, key| (row, "load/stale-version", key);
    assert_eq!(conflicts(&outcome), [stale(0, "a"), stale(4, "e")]);
    expect(
        db,
        &[
            ("a", Some(5)),
            ("b", Some(5)),
            ("c", Some(6)),
            ("d", Some(1)),
            ("e", Some(5)),
        ],
    );
}

pub(super) fn references<D: Database>(db: &D) {
    db.execute("CREATE TABLE \"levels\" (\"level\" BIGINT NOT NULL PRIMARY KEY)");
    db.execute("INSERT INTO \"levels\" VALUES (1), (2)");
    let batch = items([
        ("a", Some(1)),
        ("b", Some(3)),
        ("c", None),
        ("b", Some(2)),
        ("b", Some(1)),
    ]);
    let with = |name: &str, mode| {
        plan(name, &batch)
            .with_mode(mode)
            .with_reference(Reference::new("stock", "levels", "level"))
    };
    for (mode, expected) in [
        (Mode::InsertMissing, [3, 0, 0, 2]),
        (Mode::Upsert, [0, 0, 3, 2]),
    ] {
        let outcome = load(&*db.sink(), &with(mode.as_str(), mode), &batch);
        assert_eq!(counts(&outcome), expected);
        let missing = (1, "load/reference-missing", "b");
        assert_eq!(conflicts(&outcome), [missing, (4, "load/key-exists", "b")]);
        assert_eq!(outcome.conflicts[0].column.as_deref(), Some("stock"));
        expect(db, &[("a", Some(1)), ("b", Some(2)), ("c", None)]);
    }
    // A table that is not there, or has no such column, is named before anything is staged.
    for (table, key) in [("nowhere", "level"), ("levels", "depth")] {
        let plan = plan("three", &batch).with_reference(Reference::new("stock", table, key));
        let error = match db.sink().begin(&plan) {
            Err(error) => error,
            Ok(begin) => panic!("{begin:?}"),
        };
        assert_eq!(error.kind(), ErrorKind::Target, "{error:?}");
        assert_eq!(error.code(), "target/reference");
        assert!(error.to_string().contains(table), "{error}");
    }
}

pub(super) fn added_columns<D: Database>(db: &D) {
    db.execute("CREATE TABLE \"items\" (\"sku\" VARCHAR(50) NOT NULL PRIMARY KEY)");
    db.execute("INSERT INTO \"items\" VALUES ('a'), ('b')");
    let batch = items([("a", Some(1)), ("b", None), ("c", Some(3))]);
    let plan = plan("two", &batch).with_mode(Mode::Upsert);
    let error = match db.sink().begin(&plan) {
        Err(error) => error,
        Ok(begin) => panic!("{begin:?}"),
    };
    assert_eq!(error.code(), "target/missing-column");
    assert!(error.ddl().is_some_and(|ddl| ddl.contains("ADD COLUMN")));
    let plan = plan.with_add_columns(true);
    let mut import = claim(&*db.sink(), &plan);
    import.stage(&batch, &numbers(&batch)).unwrap();
    assert_eq!(counts(&import.commit(true).unwrap()), [1, 1, 1, 0]);
    // A dry run leaves the table as it is.
    assert_eq!(
        db.sink()
            .begin(&plan.clone().with_add_columns(false))
            .unwrap_err()
            .code(),
        "target/missing-column"
    );
    let outcome = load(&*db.sink(), &plan, &batch);
    assert_eq!(counts(&outcome), [1, 1, 1, 0]);
    expect(db, &[("a", Some(1)), ("b", None), ("c", Some(3))]);
}
