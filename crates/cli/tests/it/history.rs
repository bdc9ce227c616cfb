//! What was loaded, and how it is taken back.

use crate::common::{Desk, rows};

const LOAD: &str = "load dirty.xlsx --contract items.contract.json --create-table";

#[test]
fn loads_are_listed_and_taken_back() {
    let desk = Desk::new();
    assert_eq!(desk.run(LOAD).code, 1);
    let update = "load clean.xlsx --contract items.contract.json --mode upsert";
    assert_eq!(desk.run(update).code, 0);
    let database = desk.path("inventory.db");

    let ran = desk.run("history");
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines: Vec<&str> = ran.text().lines().collect();
    assert_eq!(lines.len(), 3, "{}", ran.text());
    assert!(lines[0].starts_with("import "), "{}", ran.text());
    assert!(lines[1].contains("clean.xlsx") && lines[1].contains("upsert"));
    assert!(
        lines[2].ends_with("200 inserted, 40 rejected"),
        "{}",
        lines[2]
    );
    let ran = desk.run("history --json --limit 1");
    let listed: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["state"], "committed");
    assert_eq!(listed[0]["counts"]["read"], 240);
    let id = listed[0]["import_id"].as_str().unwrap();

    // Somebody else changes a row that the second load had changed, or added.
    let table = "SELECT * FROM inventory ORDER BY sku";
    let connection = rusqlite::Connection::open(&database).unwrap();
    let added: String = connection
        .query_row("SELECT max(sku) FROM inventory", [], |row| row.get(0))
        .unwrap();
    let before = rows(&database, table);
    let dry = desk.run(&format!("undo {id} --dry-run"));
    assert_eq!(dry.code, 0, "{dry:?}");
    assert!(dry.text().contains("dry run"), "{}", dry.text());
    assert_eq!(rows(&database, table), before);
    connection
        .execute(
            "UPDATE inventory SET quantity = -7 WHERE sku = ?1",
            [&added],
        )
        .unwrap();
    let ran = desk.run(&format!("undo {id}"));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.text().contains("taken back"), "{}", ran.text());
    let again = desk.run(&format!("undo {id}"));
    again.fails(2, id);
    let ran = desk.run("history");
    assert!(ran.text().contains("undone"), "{}", ran.text());
    // It can be loaded again.
    let ran = desk.run(update);
    assert!(ran.text().contains("loaded as"), "{}", ran.text());
}

#[test]
fn rows_that_others_changed_are_kept_and_named() {
    let desk = Desk::new();
    assert_eq!(desk.run(LOAD).code, 1);
    let connection = rusqlite::Connection::open(desk.path("inventory.db")).unwrap();
    let changed = connection.execute(
        "UPDATE inventory SET quantity = quantity + 1 WHERE sku IN (SELECT sku FROM inventory ORDER BY sku LIMIT 30)",
        [],
    );
    assert_eq!(changed.unwrap(), 30);
    let listed = desk.run("history --json");
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let id = listed[0]["import_id"].as_str().unwrap();
    let json = desk.run(&format!("undo {id} --dry-run --json"));
    let undone: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        (&undone["deleted"], &undone["kept"]),
        (&170.into(), &30.into())
    );
    assert_eq!(undone["kept_keys"].as_array().unwrap().len(), 30);
    let ran = desk.run(&format!("undo {id}"));
    for words in [
        "deleted             170",
        "kept                 30",
        "10 more rows",
    ] {
        assert!(ran.text().contains(words), "{words}: {}", ran.text());
    }
    let first = undone["kept_keys"][0].as_str().unwrap();
    assert!(ran.text().contains(first), "{first}: {}", ran.text());
    assert_eq!(
        rows(&desk.path("inventory.db"), "SELECT sku FROM inventory").len(),
        30
    );
}

#[test]
fn what_cannot_be_taken_back_says_so() {
    let desk = Desk::new();
    let ran = desk.run(&format!("{LOAD} --no-undo"));
    assert_eq!(ran.code, 1);
    let listed = desk.run("history --json");
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let id = listed[0]["import_id"].as_str().unwrap();
    desk.run(&format!("undo {id}")).fails(2, id);
    desk.run("undo nothing-like-it").fails(2, "nothing-like-it");
    let ran = desk.run("history --to oracle://u:secret@h/d");
    ran.fails(2, "oracle");
    assert!(!ran.stderr.contains("secret"));
}

#[test]
fn rows_that_the_file_lacks_are_removed_when_asked() {
    let desk = Desk::new();
    assert_eq!(
        desk.run("load clean.xlsx --contract items.contract.json --create-table")
            .code,
        0
    );
    let connection = rusqlite::Connection::open(desk.path("inventory.db")).unwrap();
    connection
        .execute_batch("CREATE TEMP TABLE t AS SELECT * FROM inventory LIMIT 2; UPDATE t SET sku = substr(sku, 1, 10) || '9', ean = NULL; INSERT INTO inventory SELECT * FROM t")
        .unwrap();
    let sync = "load clean.xlsx --contract items.contract.json --mode sync";
    desk.run(&format!("{sync} --missing delete --max-missing 0.001"))
        .fails(4, "max_missing_ratio");
    let ran = desk.run(&format!("{sync} --missing delete"));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.text().contains("removed               2"),
        "{}",
        ran.text()
    );
    desk.run("load clean.xlsx --contract items.contract.json --missing delete")
        .fails(2, "only sync");
    let ran = desk.run(&format!("{sync} --missing drop"));
    assert_eq!(ran.code, 2, "{ran:?}");
}
