//! The target table: types, affinities, collations, constraints, and what does not fit.

use std::sync::Arc;

use crate::common::{Sqlite, by_id, one, read, refusal};
use arrow_array::*;
use sheetlift_load::conformance::{Database, all_types, claim, items, load, numbers, plan};
use sheetlift_load::{ErrorKind, Mode, Plan, Sink};

#[test]
fn values_that_would_change_become_conflicts() {
    let conflict = |db: &Sqlite, array: ArrayRef| -> Vec<String> {
        let batch = one("v", array);
        let outcome = load(&db.open(), &by_id("x", &batch), &batch);
        assert_eq!(
            outcome.inserted + outcome.conflict_total,
            batch.num_rows() as u64
        );
        outcome
            .conflicts
            .iter()
            .map(|c| format!("{} {}: {}", c.row, c.code, c.reason))
            .collect()
    };
    let there = |declared: &str| {
        let db = Sqlite::new();
        db.execute(&format!(
            "CREATE TABLE items (id INTEGER PRIMARY KEY, v {declared})"
        ));
        db
    };
    let code = "load/target-constraint: column \"v\"";
    assert_eq!(
        conflict(
            &Sqlite::new(),
            Arc::new(UInt64Array::from(vec![1, 1 << 63]))
        ),
        [format!(
            "1 {code}: 9223372036854775808 is past the largest integer of SQLite"
        )]
    );
    assert_eq!(
        conflict(
            &Sqlite::new(),
            Arc::new(Float64Array::from(vec![f64::NAN, f64::INFINITY]))
        ),
        [format!("0 {code}: SQLite cannot hold NaN")]
    );
    assert_eq!(
        conflict(
            &Sqlite::new(),
            Arc::new(Date32Array::from(vec![i32::MAX, 0]))
        ),
        [format!("0 {code}: outside the range of ISO dates")]
    );
    assert_eq!(
        conflict(
            &there("REAL"),
            Arc::new(Int64Array::from(vec![1 << 53, (1 << 53) + 1]))
        ),
        [format!(
            "1 {code}: a column of reals cannot hold 9007199254740993 exactly"
        )]
    );
    let decimals = Decimal128Array::from(vec![150, 1_234_567_890_123_456_i128]);
    let decimals = decimals.with_precision_and_scale(20, 2).unwrap();
    let db = there("DECIMAL(20,2)");
    assert_eq!(
        conflict(&db, Arc::new(decimals)),
        [format!(
            "1 {code}: a numeric column of SQLite cannot hold 12345678901234.56 exactly"
        )]
    );
    assert_eq!(db.rows("items", &["id", "v"])[0][1].as_deref(), Some("1.5"));
    let db = there("TEXT");
    conflict(&db, Arc::new(Float64Array::from(vec![0.1 + 0.2])));
    assert_eq!(
        db.rows("items", &["id", "v"])[0][1].as_deref(),
        Some("0.30000000000000004")
    );
}

#[test]
fn a_target_that_does_not_fit_is_named_before_data_moves() {
    let batch = one("name", Arc::new(StringArray::from(vec!["a"])));
    for (ddl, code, message, mend) in [
        (
            "CREATE TABLE \"items\" (\"id\" INTEGER PRIMARY KEY)",
            "target/missing-column",
            "table \"items\" has no column \"name\"",
            Some("ALTER TABLE \"items\" ADD COLUMN \"name\" TEXT;"),
        ),
        (
            "CREATE TABLE items (id INTEGER, name TEXT)",
            "target/key-not-unique",
            "table \"items\" does not keep the key id unique",
            Some("CREATE UNIQUE INDEX \"items_id\" ON \"items\" (\"id\");"),
        ),
        (
            "CREATE TABLE items (id INTEGER PRIMARY KEY, name STRING)",
            "target/column-type",
            "column \"name\" of table \"items\" is STRING, which would change text",
            None,
        ),
        (
            "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, price REAL NOT NULL)",
            "target/required-column",
            "column \"price\" of table \"items\" needs a value, and the import has no such column",
            None,
        ),
        (
            "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT AS ('x'))",
            "target/generated-column",
            "column \"name\" of table \"items\" is computed by the database",
            None,
        ),
        (
            "CREATE VIEW items AS SELECT 1 AS id, 'x' AS name",
            "target/not-a-table",
            "\"items\" is a view, and rows can only be loaded into a table",
            None,
        ),
    ] {
        let db = Sqlite::new();
        db.execute(ddl);
        let error = refusal(&db, &by_id("x", &batch));
        assert_eq!(
            (error.code(), error.to_string().as_str(), error.ddl()),
            (code, message, mend)
        );
        assert_eq!(error.kind(), ErrorKind::Target);
        if let Some(mend) = mend {
            db.execute(mend);
            assert_eq!(load(&db.open(), &by_id("x", &batch), &batch).inserted, 1);
        }
    }
}

#[test]
fn columns_the_import_does_not_name_are_left_alone() {
    let db = Sqlite::new();
    db.execute(
        "CREATE TABLE Items (nr INTEGER PRIMARY KEY NOT NULL, SKU TEXT UNIQUE, stock INT, note TEXT NOT NULL DEFAULT 'n');
         INSERT INTO items VALUES (7, 'a', 1, 'mine')",
    );
    let batch = items([("a", Some(2)), ("b", Some(3))]);
    let outcome = load(
        &db.open(),
        &plan("x", &batch).with_mode(Mode::Upsert),
        &batch,
    );
    assert_eq!((outcome.inserted, outcome.updated), (1, 1));
    let found = db.rows("items", &["nr", "sku", "stock", "note"]);
    let row = |values: [&str; 4]| values.map(|value| Some(value.to_owned())).to_vec();
    assert_eq!(
        found,
        [row(["7", "a", "2", "mine"]), row(["8", "b", "3", "n"])]
    );
}

#[test]
fn a_missing_table_is_created_only_if_asked() {
    let db = Sqlite::new();
    let batch = items([("a", Some(1))]);
    let plan = plan("x", &batch).with_create_table(false);
    let ddl =
        "CREATE TABLE \"items\" (\"sku\" TEXT NOT NULL, \"stock\" INTEGER, PRIMARY KEY (\"sku\"));";
    let error = db.open().begin(&plan).unwrap_err();
    assert_eq!(
        (error.code(), error.ddl()),
        ("target/missing-table", Some(ddl))
    );
    assert!(
        !db.path().exists(),
        "a refused import must not create the file"
    );
    db.execute("CREATE TABLE other (a)");
    assert_eq!(refusal(&db, &plan).ddl(), Some(ddl));
}

#[test]
fn unique_keys_of_the_plan_hold_in_a_new_table() {
    for other in ["", "CREATE TABLE other (a)"] {
        let db = Sqlite::new();
        db.execute(other);
        let batch = items([("a", Some(1)), ("b", Some(1)), ("c", Some(2))]);
        let outcome = load(
            &db.open(),
            &plan("x", &batch).with_unique_key(["stock"]),
            &batch,
        );
        assert_eq!(outcome.inserted, 2);
        assert_eq!(outcome.conflicts[0].code, "load/target-constraint");
        assert_eq!(
            (outcome.conflicts[0].row, outcome.conflicts[0].key.as_str()),
            (1, "b")
        );
    }
}

#[test]
fn collations_of_the_key_decide_what_is_the_same() {
    let db = Sqlite::new();
    db.execute("CREATE TABLE items (sku TEXT COLLATE NOCASE PRIMARY KEY, stock INT, name TEXT COLLATE NOCASE)");
    db.execute("INSERT INTO items VALUES ('a', 1, 'x')");
    let batch = items([("A", Some(2)), ("b", Some(3)), ("B", Some(4))]);
    let outcome = load(&db.open(), &plan("x", &batch), &batch);
    assert_eq!(
        (outcome.inserted, outcome.unchanged, outcome.conflict_total),
        (1, 1, 1)
    );
    assert_eq!(outcome.conflicts[0].key, "B");

    let names = RecordBatch::try_from_iter([
        ("sku", Arc::new(StringArray::from(vec!["A"])) as ArrayRef),
        ("name", Arc::new(StringArray::from(vec!["X"])) as ArrayRef),
    ])
    .unwrap();
    let outcome = load(
        &db.open(),
        &plan("y", &names).with_mode(Mode::Upsert),
        &names,
    );
    assert_eq!(outcome.updated, 1, "x and X are different values");
}

#[test]
fn conflict_clauses_and_triggers_of_the_table_cannot_lose_rows() {
    let db = Sqlite::new();
    db.execute(
        "CREATE TABLE items (sku TEXT PRIMARY KEY ON CONFLICT REPLACE, stock INT UNIQUE ON CONFLICT REPLACE,
         CHECK (stock <> 5) ON CONFLICT IGNORE);
         CREATE TRIGGER no_nine BEFORE INSERT ON items WHEN new.stock = 9 BEGIN SELECT RAISE(ABORT, 'no nine'); END;
         INSERT INTO items VALUES ('a', 1)",
    );
    let batch = items([
        ("a", Some(2)),
        ("b", Some(1)),
        ("c", Some(9)),
        ("d", Some(5)),
        ("e", Some(6)),
    ]);
    let outcome = load(
        &db.open(),
        &plan("x", &batch).with_mode(Mode::Insert),
        &batch,
    );
    let found: Vec<_> = outcome
        .conflicts
        .iter()
        .map(|c| (c.row, c.code.as_str(), c.reason.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (0, "load/key-exists", "the key exists already"),
            (
                1,
                "load/target-constraint",
                "UNIQUE constraint failed: items.stock"
            ),
            (2, "load/target-constraint", "no nine"),
            (
                3,
                "load/target-constraint",
                "CHECK constraint failed: stock <> 5"
            ),
        ]
    );
    assert_eq!(outcome.inserted, 1);
}

#[test]
fn foreign_keys_are_checked_row_by_row() {
    let ddl = |when: &str| {
        format!(
            "CREATE TABLE brands (name TEXT PRIMARY KEY);
             CREATE TABLE items (sku TEXT PRIMARY KEY, stock INT REFERENCES brands (rowid) {when});"
        )
    };
    let ddl = |when: &str| {
        ddl(when)
            .replace("(name TEXT PRIMARY KEY)", "(id INTEGER PRIMARY KEY)")
            .replace("(rowid)", "(id)")
    };
    let batch = items([("a", Some(1)), ("b", Some(2)), ("c", None)]);
    let db = Sqlite::new();
    db.execute(&ddl(""));
    db.execute("INSERT INTO brands VALUES (1)");
    let outcome = load(&db.open(), &plan("x", &batch), &batch);
    assert_eq!((outcome.inserted, outcome.conflicts[0].row), (2, 1));
    assert_eq!(outcome.conflicts[0].reason, "FOREIGN KEY constraint failed");

    let db = Sqlite::new();
    db.execute(&ddl("DEFERRABLE INITIALLY DEFERRED"));
    db.execute("INSERT INTO brands VALUES (1)");
    let before = db.dump();
    for dry_run in [true, false] {
        let mut import = claim(&db.open(), &plan("x", &batch));
        import.stage(&batch, &numbers(&batch)).unwrap();
        assert_eq!(
            import.commit(dry_run).unwrap_err().code(),
            "target/foreign-key"
        );
        assert_eq!(db.dump(), before);
    }
}

#[test]
fn empty_keys_are_conflicts() {
    for ddl in ["", "CREATE TABLE items (id INTEGER PRIMARY KEY, v TEXT)"] {
        let db = Sqlite::new();
        db.execute(ddl);
        let batch = RecordBatch::try_from_iter_with_nullable([
            (
                "id",
                Arc::new(Int64Array::from(vec![None, Some(1)])) as ArrayRef,
                true,
            ),
            (
                "v",
                Arc::new(StringArray::from(vec!["a", "b"])) as ArrayRef,
                true,
            ),
        ])
        .unwrap();
        let outcome = load(&db.open(), &by_id("x", &batch), &batch);
        assert_eq!((outcome.inserted, outcome.conflict_total), (1, 1));
        assert_eq!(outcome.conflicts[0].reason, "key column \"id\" is empty");
    }
}

#[test]
fn types_are_stored_as_documented() {
    let db = Sqlite::new();
    let batch = all_types();
    load(&db.open(), &by_id("all", &batch), &batch);
    let columns = "id, \"null\", bool, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, utf8, large_utf8,
        utf8_view, dictionary, binary, date32, ts_s, ts_ms, ts_us, ts_ns, ts_utc, t_s, t_ms, t_us, t_ns, duration, decimal";
    let found = read(
        &db.connection(),
        &format!("SELECT {columns} FROM items WHERE id = 1"),
    );
    let expected = [
        "1",
        "",
        "1",
        "-128",
        "-32768",
        "-2147483648",
        "-9223372036854775808",
        "255",
        "65535",
        "4294967295",
        "9223372036854775807",
        "0.5",
        "0.1",
        "s",
        "l",
        "a view of a text that is long",
        "d",
        "[00, ff]",
        "2026-01-31",
        "2026-01-31T08:30:00",
        "2026-01-31T08:30:00.250",
        "1970-01-01T00:00:00.000001",
        "1969-12-31T23:59:59.999999999",
        "1970-01-01T00:00:00+00:00",
        "08:30:00",
        "08:30:00.500",
        "00:00:00",
        "00:00:00.000000001",
        "1500",
        "-1234567890123456789012345.6789",
    ];
    let found: Vec<_> = found[0]
        .iter()
        .map(|text| text.as_deref().unwrap_or(""))
        .collect();
    assert_eq!(found, expected);
    let sql = read(
        &db.connection(),
        "SELECT sql FROM sqlite_master WHERE name = 'items'",
    );
    let sql = sql[0][0].clone().unwrap();
    assert!(sql.contains("\"id\" INTEGER NOT NULL"), "{sql}");
    assert!(
        sql.contains("\"f64\" REAL, ") && sql.contains("PRIMARY KEY (\"id\")"),
        "{sql}"
    );
}

#[test]
fn texts_keep_their_nul() {
    let db = Sqlite::new();
    let batch = one("text", Arc::new(StringArray::from(vec!["a\0b", "\0"])));
    for name in ["new", "there"] {
        load(
            &db.open(),
            &by_id(name, &batch).with_mode(Mode::Upsert),
            &batch,
        );
    }
    let found = db.rows("items", &["id", "text"]);
    assert_eq!(found[0][1].as_deref(), Some("a\0b"));
    assert_eq!(found[1][1].as_deref(), Some("\0"));
}

#[test]
fn a_ledger_from_before_rows_had_parts_is_gone_on_with() {
    let db = Sqlite::new();
    let batch = items([("a", Some(1)), ("a", Some(2))]);
    load(&db.open(), &plan("before", &batch), &batch);
    db.execute(
        "ALTER TABLE _sheetlift_rejects DROP COLUMN part; ALTER TABLE _sheetlift_outcomes DROP COLUMN part",
    );
    let parts = plan("parts", &batch).with_parts(["May", "June"]);
    let mut import = claim(&db.open(), &parts);
    import.stage(&batch, &[3, Plan::PART_ROWS + 4]).unwrap();
    let outcome = import.commit(false).unwrap();
    assert_eq!((outcome.unchanged, outcome.conflict_total), (1, 1));
    let conflict = &outcome.conflicts[0];
    assert_eq!((conflict.part.as_deref(), conflict.row), (Some("June"), 4));
    let listed = db.rows("_sheetlift_outcomes", &["row", "part"]);
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        listed,
        [vec![text("1"), None], vec![text("4"), text("June")]]
    );
}

#[test]
fn an_undo_finds_the_rows_of_all_ranges() {
    const ROWS: i64 = 25_000;
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(
        (0..ROWS).map(|n| n * 1_000_003 - 7_000_000_000),
    ));
    let texts = |take: i64| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(
            (0..ROWS).map(|n| format!("{}", n / take)),
        ))
    };
    // Keys that are the numbers of rows, with gaps; and columns that are called as those are.
    for names in [vec!["v"], vec!["rowid"], vec!["rowid", "_rowid_", "oid"]] {
        let columns = names.iter().map(|&name| (name, texts(2), true));
        let columns: Vec<_> = [("id", Arc::clone(&ids), false)]
            .into_iter()
            .chain(columns)
            .collect();
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        for is_new in [true, false] {
            let db = Sqlite::new();
            if !is_new {
                let first = batch.slice(0, 3);
                load(&db.open(), &by_id("first", &first), &first);
                db.execute("DELETE FROM items WHERE id > -7000000000");
            }
            let plan = by_id("all", &batch);
            let outcome = load(&db.open(), &plan, &batch);
            let added = ROWS as u64 - u64::from(!is_new);
            assert_eq!(outcome.inserted, added, "{names:?} {is_new}");
            let last = names[0];
            db.execute(&format!(
                "UPDATE items SET \"{last}\" = 'x' WHERE id > 17000000000"
            ));
            let edited = (0..ROWS).filter(|n| n * 1_000_003 - 7_000_000_000 > 17_000_000_000);
            let kept = edited.count() as u64;
            let undone = db.open().undo(&outcome.import_id, false).unwrap();
            let found = (undone.deleted, undone.kept);
            assert_eq!(found, (added - kept, kept), "{names:?} {is_new}");
        }
    }
}
