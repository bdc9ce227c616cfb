//! Files, locks, leases and limits of the SQLite sink.

use std::fs;
use std::sync::Arc;

use crate::common::{Sqlite, dump, one, read};
use arrow_array::*;
use arrow_schema::{DataType, Field, Schema};
use sheetlift_load::conformance::{Database, claim, items, load, numbers, plan};
use sheetlift_load::sqlite::SqliteSink;
use sheetlift_load::{Begin, Error, ErrorKind, Import, Mode, Outcome, Plan, Sink, State, connect};

#[test]
fn a_dry_run_leaves_no_trace() {
    let batch = items([("a", Some(1)), ("a", Some(2))]);
    let rehearse = |db: &Sqlite, commit: Option<bool>| {
        let mut import = claim(&db.open(), &plan("x", &batch));
        import.stage(&batch, &[0, 1]).unwrap();
        match commit {
            Some(dry_run) => assert_eq!(import.commit(dry_run).unwrap().state, State::DryRun),
            None => drop(import),
        }
    };
    for commit in [Some(true), None] {
        let db = Sqlite::new();
        rehearse(&db, commit);
        assert_eq!(
            fs::read_dir(db.dir()).unwrap().count(),
            0,
            "no file, no journal"
        );

        fs::write(db.path(), "").unwrap();
        rehearse(&db, commit);
        assert_eq!(
            fs::metadata(db.path()).unwrap().len(),
            0,
            "a file that was there stays"
        );

        let setups = [
            "CREATE TABLE other (a); INSERT INTO other VALUES (1)",
            "CREATE TABLE items (sku TEXT UNIQUE, stock INT)",
        ];
        for setup in setups {
            db.execute(setup);
            let before = db.dump();
            rehearse(&db, commit);
            assert_eq!(db.dump(), before);
        }
        let other = items([("z", None)]);
        load(&db.open(), &plan("other", &other), &other);
        let before = db.dump();
        rehearse(&db, commit);
        assert_eq!(db.dump(), before);
    }
}

#[test]
fn journal_mode_stays_as_it_was() {
    for mode in ["wal", "delete"] {
        let db = Sqlite::new();
        let conn = db.connection();
        conn.query_row(&format!("PRAGMA journal_mode = {mode}"), [], |_| Ok(()))
            .unwrap();
        conn.execute_batch("CREATE TABLE other (a)").unwrap();
        let batch = items([("a", Some(1))]);
        let plan = plan("x", &batch);
        let mut import = claim(&db.open(), &plan);
        import.stage(&batch, &[0]).unwrap();
        conn.execute_batch("INSERT INTO other VALUES (1)")
            .expect("staging locks nobody out");
        assert_eq!(import.commit(false).unwrap().inserted, 1);
        let found: String = conn
            .query_row("PRAGMA journal_mode", [], |row| row.get(0))
            .unwrap();
        assert_eq!(found, mode);
    }
}

#[test]
fn a_done_import_is_found_while_another_connection_writes() {
    let db = Sqlite::new();
    let batch = items([("a", Some(1))]);
    load(&db.open(), &plan("x", &batch), &batch);
    let writer = db.connection();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(
        db.open().begin(&plan("x", &batch)).unwrap(),
        Begin::Done(_)
    ));
    let error = db.open().begin(&plan("y", &batch)).unwrap_err();
    assert_eq!(error.code(), "busy/locked");
    assert!(error.retry_after_ms().is_some());
}

#[test]
fn addresses_and_files_that_are_no_database_are_explained() {
    let db = Sqlite::new();
    let address = |rest: &str| format!("{}/{rest}", db.dir().display());
    let text = "just some text, and more than the hundred bytes of a header: ".repeat(20);
    fs::write(address("text.db"), text).unwrap();
    fs::create_dir(address("dir.db")).unwrap();
    for (url, code) in [
        (address("text.db"), "sink/not-a-database"),
        (address("dir.db"), "sink/not-a-database"),
        (address("no/such/dir.db"), "sink/unwritable"),
        (
            format!("sqlite:{}", address("text.db")),
            "sink/not-a-database",
        ),
        ("sqlite:".to_owned(), "usage/database-address"),
        ("sqlite::memory:".to_owned(), "usage/database-address"),
        ("sqlite:a.db?mode=rw".to_owned(), "usage/database-options"),
        ("oracle://u:p@h/db".to_owned(), "usage/database-address"),
        ("items.csv".to_owned(), "usage/database-address"),
    ] {
        let error = connect(&url).map(|sink| sink.name()).unwrap_err();
        assert_eq!(error.code(), code, "{url}: {error}");
        assert!(
            error.to_string().starts_with(|c: char| !c.is_uppercase()),
            "{error}"
        );
    }
    for url in [
        address("a.db"),
        format!("sqlite:{}", address("a.db")),
        format!("sqlite://{}", address("a.db")),
    ] {
        assert!(connect(&url).unwrap().name().ends_with("a.db"));
    }
    assert!(
        !db.dir().join("a.db").exists(),
        "connecting creates nothing"
    );
    assert!(SqliteSink::open(db.dir().join("file:odd.db")).is_ok());
}

#[test]
fn batches_that_do_not_match_the_plan_are_refused() {
    let db = Sqlite::new();
    let batch = items([("a", Some(1))]);
    let mut import = claim(&db.open(), &plan("x", &batch));
    let other = one("stock", Arc::new(Int64Array::from(vec![1])));
    for (batch, rows) in [(&batch, &[0, 1][..]), (&other, &[0][..])] {
        assert_eq!(import.stage(batch, rows).unwrap_err().code(), "usage/batch");
    }
    let narrow = RecordBatch::try_from_iter_with_nullable([
        (
            "sku",
            Arc::new(StringViewArray::from(vec!["a"])) as ArrayRef,
            false,
        ),
        (
            "stock",
            Arc::new(Int8Array::from(vec![1])) as ArrayRef,
            true,
        ),
    ])
    .unwrap();
    import
        .stage(&narrow, &[0])
        .expect("the class counts, not the width");
    assert_eq!(import.commit(false).unwrap().inserted, 1);
}

#[test]
fn plans_that_make_no_sense_are_refused() {
    let db = Sqlite::new();
    let batch = items([("a", Some(1))]);
    let good = plan("x", &batch);
    let named =
        |table: &str| Plan::new(good.import_key, table, good.schema.clone()).with_key(["sku"]);
    let twins = Schema::new(vec![
        Field::new("sku", DataType::Utf8, false),
        Field::new("SKU", DataType::Utf8, false),
    ]);
    for (plan, code) in [
        (named(""), "usage/table-name"),
        (named("a\0b"), "usage/table-name"),
        (named("_sheetlift_imports"), "usage/table-name"),
        (named("sqlite_master"), "usage/table-name"),
        (good.clone().with_key(["nope"]), "usage/key-columns"),
        (good.clone().with_key(["sku", "sku"]), "usage/key-columns"),
        (good.clone().with_unique_key([""; 0]), "usage/key-columns"),
        (
            good.clone().with_max_rejected_ratio(f64::NAN),
            "usage/ratio",
        ),
        (
            Plan::new(good.import_key, "t", Arc::new(twins)).with_key(["sku"]),
            "usage/column-name",
        ),
        (
            Plan::new(good.import_key, "t", Arc::new(Schema::empty())).with_mode(Mode::Insert),
            "usage/no-columns",
        ),
    ] {
        assert_eq!(db.open().begin(&plan).unwrap_err().code(), code);
    }
    assert!(!db.path().exists());
}

#[test]
fn column_limit_is_exact() {
    let wide = |columns: usize| {
        let fields: Vec<_> = (0..columns)
            .map(|i| Field::new(format!("c{i}"), DataType::Int8, true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let arrays = (0..columns)
            .map(|_| Arc::new(Int8Array::from(vec![1])) as ArrayRef)
            .collect();
        RecordBatch::try_new(schema, arrays).unwrap()
    };
    for setup in ["", "CREATE TABLE other (a)"] {
        let db = Sqlite::new();
        db.execute(setup);
        let batch = wide(1_998);
        let plan = plan("x", &batch).with_mode(Mode::Insert).with_key([""; 0]);
        assert_eq!(load(&db.open(), &plan, &batch).inserted, 1);
    }
    let batch = wide(1_999);
    let plan = plan("x", &batch).with_mode(Mode::Insert).with_key([""; 0]);
    let kind = Sqlite::new().open().begin(&plan).unwrap_err().kind();
    assert_eq!(
        kind,
        ErrorKind::Limit {
            name: "columns",
            limit: 1_998,
            actual: 1_999
        }
    );
}

#[test]
fn the_list_of_conflicts_is_bounded_and_the_total_exact() {
    let db = Sqlite::new();
    let batch = items((0..3_000).map(|i| ("a", Some(i))));
    let outcome = load(&db.open(), &plan("x", &batch), &batch);
    assert_eq!(
        (outcome.conflict_total, outcome.conflicts.len()),
        (2_999, 1_000)
    );
    assert_eq!(outcome.conflicts[999].row, 1_000);
    let stored = read(
        &db.connection(),
        "SELECT count(*), count(DISTINCT row) FROM _sheetlift_outcomes",
    );
    assert_eq!(
        stored[0],
        [Some("2999".to_owned()), Some("2999".to_owned())]
    );
}

#[test]
fn a_lease_of_a_dead_process_is_taken_over_at_once() {
    let db = Sqlite::new();
    let seed = items([("a", Some(1))]);
    load(&db.open(), &plan("seed", &seed), &seed);
    let batch = items([("b", Some(1))]);
    let import = claim(&db.open(), &plan("x", &batch));
    let leases =
        "UPDATE _sheetlift_imports SET owner_started = owner_started - 1 WHERE state = 'running'";
    db.execute(leases);
    std::mem::forget(import); // as if the process were gone
    if cfg!(target_os = "linux") {
        assert_eq!(load(&db.open(), &plan("x", &batch), &batch).inserted, 1);
        let fence = read(
            &db.connection(),
            "SELECT fence FROM _sheetlift_imports WHERE source_name = 'x'",
        );
        assert_eq!(fence[0][0].as_deref(), Some("2"));
    }
}

#[test]
fn two_threads_load_one_import_once() {
    for setup in ["", "CREATE TABLE items (sku TEXT PRIMARY KEY, stock INT)"] {
        let db = Sqlite::new();
        db.execute(setup);
        let skus: Vec<String> = (0..500).map(|i| i.to_string()).collect();
        let batch = items(skus.iter().map(|sku| (sku.as_str(), Some(1))));
        let plan = plan("x", &batch).with_mode(Mode::Insert);
        let worker = || -> Outcome {
            loop {
                match db.open().begin(&plan) {
                    Ok(Begin::Done(outcome)) => return outcome,
                    Ok(Begin::Claimed(mut import)) => {
                        import.stage(&batch, &numbers(&batch)).unwrap();
                        return import.commit(false).unwrap();
                    }
                    Err(error) => assert!(error.retry_after_ms().is_some(), "{error:?}"),
                }
            }
        };
        let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..4).map(|_| scope.spawn(worker)).collect();
            workers
                .into_iter()
                .map(|worker| worker.join().unwrap())
                .collect()
        });
        let committed = outcomes
            .iter()
            .filter(|o| o.state == State::Committed)
            .count();
        assert_eq!(committed, 1);
        assert!(
            outcomes
                .iter()
                .all(|outcome| outcome.inserted == 500 && outcome.conflict_total == 0)
        );
        assert_eq!(
            dump(&db.connection())
                .iter()
                .filter(|line| line.starts_with("items: "))
                .count(),
            500
        );
    }
}

#[test]
fn imports_can_move_between_threads() {
    fn send<T: Send>() {}
    fn shared<T: Send + Sync>() {}
    send::<Box<dyn Import>>();
    shared::<SqliteSink>();
    shared::<Error>();
}
