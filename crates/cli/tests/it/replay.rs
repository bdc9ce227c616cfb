//! Rows that were not loaded, once more; and what became of each row.

use crate::common::{Desk, rows};

const ROWS: &str = "sku,kind,supplier\nA1,book,X\nA2,film,X\nA3,book,Z\nA4,tape,X\n";

fn contract(kinds: &str) -> String {
    format!(
        "name: items\nschema:\n  fields: [{{name: sku}}, {{name: kind, constraints: {{enum: [{kinds}]}}}}, {{name: supplier}}]\n  primaryKey: sku\n  foreignKeys: [{{fields: supplier, reference: {{resource: suppliers, fields: code}}}}]\nsheetlift: {{references: {{suppliers: {{table: suppliers}}}}}}\n"
    )
}

/// A file of which one row is loaded, two are rejected, and one is refused by the table.
fn desk() -> (Desk, rusqlite::Connection, String) {
    let desk = Desk::new();
    desk.put("items.csv", ROWS.as_bytes());
    desk.put("c1.yaml", contract("book").as_bytes());
    desk.put("c2.yaml", contract("book, film").as_bytes());
    let connection = rusqlite::Connection::open(desk.path("inventory.db")).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE suppliers (code TEXT PRIMARY KEY); INSERT INTO suppliers VALUES ('X')",
        )
        .unwrap();
    let load = "load items.csv --contract c1.yaml --create-table";
    let dry = desk.run(&format!("{load} --dry-run --outcomes dry.csv"));
    assert_eq!(dry.code, 1, "{dry:?}");
    let ran = desk.run(&format!("{load} --outcomes wet.csv --report report.json"));
    assert_eq!(ran.code, 1, "{ran:?}");
    let report = desk.json("report.json");
    let id = report["load"]["import_id"].as_str().unwrap().to_owned();
    (desk, connection, id)
}

fn skus(desk: &Desk) -> Vec<String> {
    let found = rows(
        &desk.path("inventory.db"),
        "SELECT sku FROM items ORDER BY 1",
    );
    let text = |row: &Vec<rusqlite::types::Value>| match &row[0] {
        rusqlite::types::Value::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    found.iter().map(text).collect()
}

#[test]
fn rows_that_pass_now_are_loaded_once_and_taken_back() {
    let (desk, connection, id) = desk();
    assert_eq!(skus(&desk), ["A1"]);
    let held = "SELECT row, codes FROM _sheetlift_rejects WHERE replayed_by IS NULL ORDER BY row";
    let database = desk.path("inventory.db");
    let quarantine = || rows(&database, held);
    let before = quarantine();
    assert_eq!(before.len(), 3);
    let replay = format!("replay {id} --contract c2.yaml");

    let dry = desk.run(&format!("{replay} --dry-run"));
    assert_eq!(dry.code, 1, "{dry:?}");
    assert!(
        dry.text().contains("inserted              1"),
        "{}",
        dry.text()
    );
    assert!(
        dry.text().contains("items.csv, sheet \"items\""),
        "{}",
        dry.text()
    );
    assert_eq!(
        (skus(&desk), quarantine()),
        (vec!["A1".to_owned()], before.clone())
    );

    let ran = desk.run(&format!("{replay} --outcomes again.ndjson"));
    assert_eq!(ran.code, 1, "{ran:?}");
    // Places are those of the file.
    assert!(ran.text().contains("items!B5"), "{}", ran.text());
    assert_eq!(skus(&desk), ["A1", "A2"]);
    assert_eq!(quarantine().len(), 2);
    let lines = std::fs::read_to_string(desk.path("again.ndjson")).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(
        lines[0],
        r#"{"sheet":"items","row":3,"key":"A2","outcome":"created"}"#
    );
    assert!(
        lines[1]
            .contains(r#""row":4,"key":"A3","outcome":"conflict","code":"load/reference-missing""#)
    );
    assert!(lines[2].contains(r#""row":5,"key":"A4","outcome":"rejected","code":"cell/enum""#));

    // The same once more loads nothing; a supplier that comes lets a row in under the same contract.
    let again = desk.run(&format!("{replay} --json"));
    assert_eq!(again.code, 1, "{again:?}");
    let report: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(report["load"]["inserted"], 0, "{report}");
    assert_eq!(skus(&desk), ["A1", "A2"]);
    connection
        .execute("INSERT INTO suppliers VALUES ('Z')", [])
        .unwrap();
    let ran = desk.run(&replay);
    assert!(
        ran.text().contains("inserted              1"),
        "{}",
        ran.text()
    );
    assert_eq!(skus(&desk), ["A1", "A2", "A3"]);

    let listed = desk.run("history --json");
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed[0]["replay_of"], id.as_str());
    assert!(desk.run("history").text().contains("items.csv (replay)"));
    desk.run(&format!("undo {id}"))
        .fails(2, "out of its quarantine");
    for import in listed.as_array().unwrap() {
        if import["replay_of"] == id.as_str() {
            let undo = format!("undo {}", import["import_id"].as_str().unwrap());
            assert_eq!(desk.run(&undo).code, 0);
        }
    }
    assert_eq!(skus(&desk), ["A1"]);
    assert_eq!(quarantine().len(), 3);

    desk.put("c3.yaml", contract("book, film, tape").as_bytes());
    let ran = desk.run(&format!("replay {id} --contract c3.yaml"));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(skus(&desk), ["A1", "A2", "A3", "A4"]);
    let ran = desk.run(&format!("replay {id} --contract c3.yaml --json"));
    assert_eq!((ran.code, ran.text()), (0, "null\n"));
    let ran = desk.run(&format!("replay {id} --contract c3.yaml"));
    assert_eq!(
        (ran.code, ran.text()),
        (0, &*format!("nothing is in the quarantine of {id}\n"))
    );
}

#[test]
fn what_cannot_be_replayed_says_so() {
    let (desk, _connection, id) = desk();
    desk.run("replay imp_0 --contract c2.yaml")
        .fails(2, "has no import \"imp_0\"");
    desk.run(&format!("replay {id} --contract none.yaml"))
        .fails(5, "none.yaml");
    desk.run(&format!(
        "replay {id} --contract c2.yaml --to file:out?format=csv"
    ))
    .fails(2, "quarantine");
    desk.run(&format!("replay {id} --contract c2.yaml --mode replace"))
        .fails(2, "replay");
    assert_eq!(desk.run(&format!("undo {id}")).code, 0);
    desk.run(&format!("replay {id} --contract c2.yaml"))
        .fails(2, "is undone");
}

#[test]
fn outcomes_are_a_file() {
    let (desk, _connection, _) = desk();
    let read = |name: &str| std::fs::read_to_string(desk.path(name)).unwrap();
    assert_eq!(read("dry.csv"), read("wet.csv"));
    let lines: Vec<String> = read("wet.csv").lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[0], "sheet,row,key,outcome,code,reason");
    assert_eq!(lines[1], "items,2,A1,created,,");
    assert!(
        lines[2].starts_with("items,3,A2,rejected,cell/enum,"),
        "{lines:?}"
    );
    assert!(
        lines[3].starts_with("items,4,A3,conflict,load/reference-missing,"),
        "{lines:?}"
    );

    let load = "load items.csv --contract c1.yaml";
    let ran = desk.run(&format!("{load} --outcomes late.csv"));
    assert!(ran.stderr.contains("late.csv was not written"), "{ran:?}");
    desk.run(&format!("{load} --outcomes rows.txt"))
        .fails(2, "rows.txt");
    desk.run(&format!("{load} --outcomes items.csv"))
        .fails(2, "items.csv");
    assert_eq!(read("items.csv"), ROWS);
    let files = desk.files();
    assert!(!files.contains(&"late.csv".to_owned()), "{files:?}");
}
