//! What the tables of MySQL make of an import, and what is left of it.
#![cfg(feature = "mysql")]

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array, TimestampSecondArray};
use arrow_schema::{DataType, Field};
use sheetlift_load::{
    Missing, Mode, Outcome, Plan, Reference, Reject,
    conformance::{self, Database},
};

use crate::mysql::{MySql, batch, texts};

/// A table with a column that the server changes, and one that is called as the statements of an import call the target.
#[test]
fn an_undo_touches_only_what_the_import_wrote() {
    let db = MySql::new();
    db.execute(
        "CREATE TABLE items (sku varchar(20) PRIMARY KEY, t varchar(20), n int DEFAULT 7, color text, weight float,
             seen timestamp(6) NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP(6), flags bit(9), kind enum('a','b'), photo blob,
             twice int AS (n * 2));
         INSERT INTO items (sku, t, color, weight, flags, kind, photo) VALUES ('root', NULL, 'x', 0.1, b'100000001', 'b', x'00ff'),
             ('kid', 'root', NULL, 16777216, NULL, NULL, NULL), ('late', 'root', 'y', -1.5e-20, b'0', 'a', x'')",
    );
    let look = || {
        db.sql("SELECT sku, t, n, color, weight + 0e0, seen, hex(flags), kind, hex(photo) FROM items ORDER BY sku").unwrap()
    };
    let rows = batch(vec![
        texts("sku", &["kid", "late", "new"].map(Some)),
        texts("color", &[Some("red"), Some("Y"), None]),
    ]);
    let before = look();
    let plan = conformance::plan("upsert", &rows).with_mode(Mode::Upsert);
    let outcome = conformance::load(&*db.sink(), &plan, &rows);
    assert_eq!(
        (outcome.inserted, outcome.updated, outcome.unchanged),
        (1, 2, 0)
    );
    let undone = db.sink().undo(&outcome.import_id, false).unwrap();
    assert_eq!((undone.deleted, undone.restored, undone.kept), (1, 2, 0));
    assert_eq!(look(), before);

    let plan = conformance::plan("sync", &rows)
        .with_mode(Mode::Sync)
        .with_missing(Missing::Delete);
    let outcome = conformance::load(&*db.sink(), &plan, &rows);
    assert_eq!((outcome.inserted, outcome.removed), (1, 1));
    db.execute("UPDATE items SET weight = 2 WHERE sku = 'late'");
    let undone = db.sink().undo(&outcome.import_id, false).unwrap();
    assert_eq!(
        (
            undone.deleted,
            undone.restored,
            undone.reinserted,
            undone.kept
        ),
        (1, 1, 1, 1)
    );
    assert_eq!(undone.kept_keys, ["late"]);
    let rows = db.sql("SELECT sku, color FROM items ORDER BY sku").unwrap();
    assert_eq!(rows, "kid\tNULL\nlate\tY\nroot\tx\n");
}

#[test]
fn rows_without_a_key_are_known_by_their_numbers() {
    let db = MySql::new();
    db.execute("CREATE TABLE items (id int AUTO_INCREMENT PRIMARY KEY, sku varchar(20)); INSERT INTO items (sku) VALUES ('a'), ('b')");
    db.execute("CREATE TABLE loose (sku varchar(20))");
    let rows = batch(vec![texts("sku", &["a", "a", "c"].map(Some))]);
    let append = |name: &str, table: &str| {
        let mut plan = conformance::plan(name, &rows)
            .with_key([""; 0])
            .with_mode(Mode::Append);
        plan.table = table.to_owned();
        conformance::load(&*db.sink(), &plan, &rows).import_id
    };
    let (first, second) = (append("one", "items"), append("two", "items"));
    db.execute("INSERT INTO items (sku) VALUES ('mine'); DELETE FROM items WHERE id = 4");
    let undone = db.sink().undo(&first, false).unwrap();
    assert_eq!(
        (undone.deleted, undone.kept, undone.kept_keys),
        (2, 1, vec!["4".to_owned()])
    );
    assert_eq!(db.sink().undo(&second, false).unwrap().deleted, 3);
    assert_eq!(
        db.sql("SELECT sku FROM items ORDER BY id").unwrap(),
        "a\nb\nmine\n"
    );
    // Where there is nothing to know them by, they stay.
    let error = db
        .sink()
        .undo(&append("three", "loose"), false)
        .unwrap_err();
    assert_eq!(error.code(), "usage/undo");
    assert_eq!(db.sql("SELECT count(*) FROM loose").unwrap(), "3\n");
}

/// Tables and columns come to be outside of any transaction: a rehearsal, and a load that fails, leave none.
#[test]
fn what_is_not_loaded_leaves_no_table_and_no_column() {
    let db = MySql::new();
    let rows = conformance::items([("a", Some(1)), ("b", None)]);
    let numbers = conformance::numbers(&rows);
    let tables = || db.sql("SHOW TABLES").unwrap();
    let ledger = "_sheetlift_before\n_sheetlift_imports\n_sheetlift_keys\n_sheetlift_outcomes\n_sheetlift_rejects\n";
    let plan = conformance::plan("new", &rows);
    let mut import = conformance::claim(&*db.sink(), &plan);
    import.stage(&rows, &numbers).unwrap();
    assert_eq!(import.commit(true).unwrap().inserted, 2);
    assert_eq!(tables(), ledger);
    // A sync of rejected rows ends after the table was made.
    let sync = conformance::plan("sync", &rows)
        .with_mode(Mode::Sync)
        .with_missing(Missing::Delete);
    let mut import = conformance::claim(&*db.sink(), &sync);
    import.stage(&rows, &numbers).unwrap();
    let reject = Reject {
        row: 7,
        codes: vec![],
        reason: String::new(),
        raw: String::new(),
    };
    import.reject(&[reject]).unwrap();
    assert_eq!(
        import.commit(false).unwrap_err().code(),
        "limit/sync-rejected"
    );
    assert_eq!(tables(), ledger);

    // A copy to rehearse on lacks what only the table has, and what others have of it.
    for (table, extra) in [
        (
            "loud",
            "CREATE TRIGGER loud BEFORE INSERT ON loud FOR EACH ROW SET NEW.sku = upper(NEW.sku)",
        ),
        (
            "parent",
            "CREATE TABLE child (sku varchar(50) PRIMARY KEY, FOREIGN KEY (sku) REFERENCES parent (sku))",
        ),
        ("child", "SELECT 1"),
    ] {
        if table != "child" {
            db.execute(&format!(
                "CREATE TABLE {table} (sku varchar(50) PRIMARY KEY)"
            ));
        }
        db.execute(extra);
        let mut plan = conformance::plan(table, &rows).with_add_columns(true);
        plan.table = table.to_owned();
        let mut import = conformance::claim(&*db.sink(), &plan);
        import.stage(&rows, &numbers).unwrap();
        let error = import.commit(true).unwrap_err();
        assert_eq!(error.code(), "usage/not-supported", "{table}");
        let columns = db.sql(&format!("SHOW COLUMNS FROM {table}")).unwrap();
        assert_eq!(columns.lines().count(), 1);
    }
    // An engine without transactions cannot keep the promise.
    db.execute("CREATE TABLE old (sku varchar(50) PRIMARY KEY, stock bigint) ENGINE = MyISAM");
    let mut plan = conformance::plan("old", &rows);
    plan.table = "old".to_owned();
    let error = db.sink().begin(&plan).unwrap_err();
    assert_eq!(
        (error.code(), error.ddl()),
        ("target/engine", Some("ALTER TABLE `old` ENGINE = InnoDB;"))
    );
}

/// Different files for one table at the same time: all of them get in, one after the other.
#[test]
fn imports_into_one_table_wait_for_each_other() {
    let db = MySql::new();
    db.execute("CREATE TABLE items (sku varchar(50) PRIMARY KEY, stock bigint)");
    let loaders: Vec<_> = (0..6)
        .map(|loader: i64| {
            let sink = db.sink();
            std::thread::spawn(move || {
                let skus: Vec<String> = (0..300)
                    .map(|row| format!("k{}", row * 7 % (100 + loader)))
                    .collect();
                let rows = conformance::items(skus.iter().map(|sku| (sku.as_str(), Some(loader))));
                let plan = conformance::plan(&format!("{loader}"), &rows).with_mode(Mode::Upsert);
                conformance::load(&*sink, &plan, &rows)
            })
        })
        .collect();
    let outcomes: Vec<Outcome> = loaders
        .into_iter()
        .map(|loader| loader.join().unwrap())
        .collect();
    let inserted: u64 = outcomes.iter().map(|outcome| outcome.inserted).sum();
    assert_eq!(inserted, 104);
    assert_eq!(db.sql("SELECT count(*) FROM items").unwrap(), "104\n");
}

/// Keys are what the collation of their column makes of them; other texts are what they are.
#[test]
fn texts_are_keys_by_collation_and_values_by_their_bytes() {
    let db = MySql::new();
    db.execute(
        "CREATE TABLE items (sku varchar(20) COLLATE utf8mb4_general_ci PRIMARY KEY, note text COLLATE utf8mb4_general_ci);
         INSERT INTO items VALUES ('Ä', 'same'), ('b', 'Other'), ('c ', 'x')",
    );
    let rows = batch(vec![
        texts("sku", &["a", "B", "C", "c", "d", "D "].map(Some)),
        texts("note", &["same", "other", "x ", "y", "z", "z"].map(Some)),
    ]);
    let plan = conformance::plan("x", &rows).with_mode(Mode::Upsert);
    let outcome = conformance::load(&*db.sink(), &plan, &rows);
    assert_eq!(
        (
            outcome.inserted,
            outcome.updated,
            outcome.unchanged,
            outcome.conflict_total
        ),
        (1, 2, 1, 2)
    );
    let twins: Vec<_> = outcome.conflicts.iter().map(|c| (c.row, &*c.key)).collect();
    assert_eq!(twins, [(3, "c"), (5, "D ")]);
    let found = db
        .query(&["sku", "note"], "FROM items ORDER BY BINARY sku")
        .unwrap();
    let row = |row: &Vec<Option<String>>| row.iter().flatten().cloned().collect();
    let found: Vec<Vec<String>> = found.iter().map(row).collect();
    let expected: [Vec<&str>; 4] = [
        vec!["b", "other"],
        vec!["c ", "x "],
        vec!["d", "z"],
        vec!["Ä", "same"],
    ];
    assert_eq!(found, expected);
    let undone = db.sink().undo(&outcome.import_id, false).unwrap();
    assert_eq!((undone.deleted, undone.restored, undone.kept), (1, 2, 0));
}

/// Rows of a table without texts to compare are marked by a word for what is false.
#[test]
fn rows_are_marked_by_words_of_their_columns() {
    let db = MySql::new();
    db.execute(
        "CREATE TABLE items (sku varchar(20) PRIMARY KEY, active boolean, note varchar(9) COLLATE utf8mb4_general_ci, seen date, code bit(4));
         INSERT INTO items VALUES ('a', 1, 'Gone', '2024-01-01', 3), ('b', 1, 'x', NULL, 1), ('c', 0, 'x', '2024-02-02', 1)",
    );
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true, false]));
    let rows = batch(vec![
        texts("sku", &["b", "c"].map(Some)),
        (Field::new("active", DataType::Boolean, true), flags),
    ]);
    for (column, value, expected) in [
        ("active", Some("false"), "0\tGone\t2024-01-01\t3\n"),
        ("active", Some("false"), "0\tGone\t2024-01-01\t3\n"),
        ("note", Some("gone"), "0\tgone\t2024-01-01\t3\n"),
        ("seen", Some("2024-03-01"), "0\tgone\t2024-03-01\t3\n"),
        ("code", Some("5"), "0\tgone\t2024-03-01\t5\n"),
        ("note", None, "0\tNULL\t2024-03-01\t5\n"),
    ] {
        let before = db
            .sql("SELECT count(*) FROM _sheetlift_imports")
            .unwrap_or_default();
        let missing = Missing::Set {
            column: column.to_owned(),
            value: value.map(str::to_owned),
        };
        let plan = conformance::plan(&format!("{column} {value:?} {before}"), &rows)
            .with_mode(Mode::Sync)
            .with_missing(missing);
        let was = db
            .sql("SELECT active, note, seen, code + 0 FROM items WHERE sku = 'a'")
            .unwrap();
        let outcome = conformance::load(&*db.sink(), &plan, &rows);
        assert_eq!(
            outcome.removed,
            u64::from(was != expected),
            "{column} {value:?}"
        );
        let is = db
            .sql("SELECT active, note, seen, code + 0 FROM items WHERE sku = 'a'")
            .unwrap();
        assert_eq!(is, expected);
    }
}

#[test]
fn references_are_compared_as_the_other_table_does() {
    let db = MySql::new();
    db.execute(
        "CREATE TABLE same (code varchar(20) COLLATE utf8mb4_general_ci PRIMARY KEY);
         CREATE TABLE strict (code varchar(20) COLLATE utf8mb4_bin PRIMARY KEY);
         CREATE TABLE latin (code varchar(20) CHARACTER SET latin1 PRIMARY KEY);
         INSERT INTO same VALUES ('acme'), ('größe'); INSERT INTO strict SELECT * FROM same; INSERT INTO latin SELECT * FROM same;
         CREATE TABLE items (sku varchar(20) PRIMARY KEY, supplier varchar(20) COLLATE utf8mb4_general_ci)",
    );
    let rows = batch(vec![
        texts("sku", &["a", "b", "c", "d", "e"].map(Some)),
        texts(
            "supplier",
            &[Some("acme"), Some("ACME"), Some("größe"), Some("漢"), None],
        ),
    ]);
    for (table, missing) in [
        ("same", vec![3]),
        ("strict", vec![1, 3]),
        ("latin", vec![1, 3]),
    ] {
        let plan = conformance::plan(table, &rows)
            .with_mode(Mode::Upsert)
            .with_reference(Reference::new("supplier", table, "code"));
        let outcome = conformance::load(&*db.sink(), &plan, &rows);
        let found: Vec<u32> = outcome
            .conflicts
            .iter()
            .map(|conflict| conflict.row)
            .collect();
        assert_eq!(found, missing, "{table}");
    }
}

#[test]
fn conflicts_and_rejected_rows_name_their_part() {
    let db = MySql::new();
    let rows = batch(vec![texts("sku", &["a", "b", "a"].map(Some))]);
    let plan = conformance::plan("parts", &rows).with_parts(["Größe", "it's; --"]);
    let mut import = conformance::claim(&*db.sink(), &plan);
    let second = Plan::PART_ROWS;
    import.stage(&rows, &[4, second, second + 7]).unwrap();
    let reject = Reject {
        row: second + 9,
        codes: vec!["cell/type".to_owned()],
        reason: "no\0number".to_owned(),
        raw: "{}".to_owned(),
    };
    import.reject(&[reject]).unwrap();
    let outcome = import.commit(false).unwrap();
    let conflict = &outcome.conflicts[0];
    assert_eq!(
        (conflict.part.as_deref(), conflict.row),
        (Some("it's; --"), 7)
    );
    let mut quarantined = Vec::new();
    let each =
        &mut |row: sheetlift_load::Quarantined| quarantined.push((row.part, row.row, row.reason));
    db.sink().quarantined(&outcome.import_id, each).unwrap();
    assert_eq!(
        quarantined,
        [(Some("it's; --".to_owned()), 9, "no\0number".to_owned())]
    );
}

#[test]
fn what_no_table_can_have_is_said() {
    let db = MySql::new();
    let begin_and_commit = |names: &[String]| {
        let columns = names.iter().map(|name| texts(name, &[Some("a")])).collect();
        let rows = batch(columns);
        let plan = conformance::plan(&names[1], &rows).with_key([names[0].as_str()]);
        let mut import = db.sink().begin(&plan).map(|begun| match begun {
            sheetlift_load::Begin::Claimed(import) => import,
            done => panic!("{done:?}"),
        })?;
        import.stage(&rows, &[0])?;
        import.commit(false)
    };
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|&name| name.to_owned())
            .collect::<Vec<String>>()
    };
    let many: Vec<String> = (0..1_016).map(|at| format!("c{at}")).collect();
    for (names, expected) in [
        (names(&["a", "A"]), "usage/column-name"),
        (many.clone(), "limit/columns"),
        (many[..400].to_vec(), "target/row-size"),
    ] {
        let error = begin_and_commit(&names).unwrap_err();
        assert_eq!(error.code(), expected, "{error:?}");
    }
    assert_eq!(begin_and_commit(&many[..180]).unwrap().inserted, 1);
    assert!(!db.sql("SHOW TABLES").unwrap().contains("stage"));
}

/// Values that the server would put in the place of others, if it were let.
#[test]
fn nothing_is_filled_in() {
    let db = MySql::new();
    db.execute(
        "SET sql_mode = 'ANSI_QUOTES';
         CREATE TABLE items (id int AUTO_INCREMENT PRIMARY KEY, sku varchar(20), seen timestamp NOT NULL, since date);
         INSERT INTO items VALUES (7, 'old', '2024-01-01', '0000-00-00')",
    );
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![0, 1, 7]));
    let seen = TimestampSecondArray::from(vec![Some(1_700_000_000), None, Some(1_700_000_000)]);
    let seen: ArrayRef = Arc::new(seen.with_timezone("UTC"));
    let rows = batch(vec![
        (Field::new("id", DataType::Int64, false), ids),
        (Field::new("seen", seen.data_type().clone(), true), seen),
        texts("sku", &[Some("zero"), Some("empty"), None]),
    ]);
    let plan = conformance::plan("x", &rows)
        .with_key(["id"])
        .with_mode(Mode::Upsert);
    let look = || db.sql("SELECT * FROM items ORDER BY id").unwrap();
    let before = look();
    let outcome = conformance::load(&*db.sink(), &plan, &rows);
    assert_eq!((outcome.inserted, outcome.updated), (1, 1));
    let conflict = &outcome.conflicts[0];
    assert_eq!(
        (conflict.row, &*conflict.reason),
        (1, "column \"seen\" is empty")
    );
    assert_eq!(
        look(),
        "0\tzero\t2023-11-14 22:13:20\tNULL\n7\tNULL\t2023-11-14 22:13:20\t0000-00-00\n"
    );
    db.sink().undo(&outcome.import_id, false).unwrap();
    assert_eq!(look(), before);
}

/// A lease that is over lets others sweep what was staged under it, whether or not they want the import.
#[test]
fn what_was_swept_is_not_missed_by_the_others() {
    let db = MySql::new();
    let rows = conformance::items([("a", Some(1))]);
    let slow = conformance::plan("slow", &rows).with_lease_ms(50);
    let mut import = conformance::claim(&*db.sink(), &slow);
    import.stage(&rows, &[0]).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(100));
    let other = conformance::plan("other", &rows);
    assert_eq!(conformance::load(&*db.sink(), &other, &rows).inserted, 1);
    let error = import.commit(false).unwrap_err();
    assert_eq!(error.code(), "busy/taken-over", "{error:?}");
    let outcome = conformance::load(&*db.sink(), &slow, &rows);
    assert_eq!(outcome.unchanged, 1);
}
