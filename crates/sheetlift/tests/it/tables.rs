//! Contracts as tables of SQLite, and tables of SQLite as contracts.

use crate::common::{contract, dirty};
use rusqlite::Connection;
use serde_json::json;
use sheetlift::{
    Contract, FromTable, Job, LoadOptions, connect, contract_ddl, contract_from_table,
};
use tempfile::TempDir;

/// A database with what these statements make of it, and its address.
fn database(sql: &str) -> (TempDir, Connection, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("inventory.db");
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(sql).unwrap();
    let address = format!("sqlite:{}", path.display());
    (dir, conn, address)
}

const EVERYTHING: &str = r#"
name: it"em
schema:
  fields:
  - {name: sku, description: "our\nnumber; -- not SQL", constraints: {pattern: "[A-Z]{2}", minLength: 2, maxLength: 4}}
  - {name: select, title: Unit, constraints: {required: true, enum: [pcs, "it's"]}}
  - {name: qty, type: integer, constraints: {minimum: 1, exclusiveMaximum: 10}}
  - {name: price, type: number, constraints: {exclusiveMinimum: 0, maximum: 99.5}, sheetlift: {check: {scale: 2, precision: 5}}}
  - {name: active, type: boolean}
  - {name: day, type: date, format: "%d.%m.%Y", constraints: {minimum: "01.02.2024", maximum: "31.12.2024"}}
  - {name: at, type: datetime, constraints: {minimum: "2024-01-01T00:00:00.5"}}
  - {name: clock, type: time, constraints: {maximum: "18:30:00"}}
  - {name: note, constraints: {maxLength: 3}, sheetlift: {check: {maxBytes: 4}, levels: {maxLength: warning}}}
  - {name: gtin, constraints: {unique: true}, sheetlift: {check: {checkDigit: gtin8}}}
  primaryKey: sku
  uniqueKeys: [[day, clock]]
sheetlift:
  rules: [{id: r, assert: "qty > 1", when: "active"}, {id: w, assert: "qty > 2", level: warning}]
"#;

#[test]
fn a_table_refuses_what_its_contract_refuses() {
    let contract: Contract = EVERYTHING.parse().unwrap();
    let ddl = contract_ddl(&contract, None).unwrap();
    let (_dir, conn, _) = database(&ddl);
    let good = [
        "'AB'",
        "'pcs'",
        "9",
        "99.5",
        "1",
        "'2024-02-01'",
        "'2024-01-01T00:00:00.500'",
        "'18:30:00'",
        "'abcd'",
        "'x'",
    ];
    let insert = |values: &[&str]| {
        let sql = format!("INSERT INTO \"it\"\"em\" VALUES ({})", values.join(", "));
        conn.execute(&sql, [])
    };
    insert(&good).unwrap();
    // What is not there keeps every check.
    insert(&[
        "'CD'", "'it''s'", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL",
    ])
    .unwrap();
    for (column, bad) in [
        (0, "'A'"),
        (0, "'ABCDE'"),
        (0, "NULL"),
        (0, "'CD'"),
        (1, "'kg'"),
        (1, "NULL"),
        (2, "0"),
        (2, "10"),
        (3, "0.0"),
        (3, "99.6"),
        (3, "1.005"),
        (4, "2"),
        (5, "'2024-01-31'"),
        (5, "'2025-01-01'"),
        (6, "'2024-01-01T00:00:00'"),
        (7, "'18:30:01'"),
        (8, "'äää'"),
        (9, "'x'"),
    ] {
        let mut row = good;
        row[0] = "'EF'";
        row[5] = "'2024-03-01'";
        row[9] = "'y'";
        row[column] = bad;
        assert!(insert(&row).is_err(), "{bad} in column {column}");
    }
    let mut row = good;
    row[0] = "'EF'";
    row[9] = "'y'";
    assert!(insert(&row).is_err(), "the key of day and clock");
    row[5] = "'2024-03-01'";
    insert(&row).unwrap();

    let lines: Vec<&str> = ddl.lines().collect();
    assert!(lines.contains(&"  -- our number; -- not SQL"), "{ddl}");
    let remarks: Vec<&&str> = lines.iter().filter(|line| line.starts_with("--")).collect();
    assert_eq!(
        remarks,
        [
            &"-- Not asked for here, but by the contract:",
            &"-- sku: pattern [A-Z]{2}",
            &"-- price: precision 5",
            &"-- gtin: checkDigit gtin8",
            &"-- rule r: qty > 1 when active",
        ]
    );
}

#[test]
fn rows_are_loaded_into_a_table_that_was_made_before() {
    let options = LoadOptions::default();
    let ddl = contract_ddl(&contract(), None).unwrap();
    let (_dir, conn, address) = database(&ddl);
    let sink = connect(&address).unwrap();
    let report = dirty().load(&*sink, &options).unwrap();
    let load = report.load.unwrap();
    assert_eq!((load.inserted, load.rejected, load.conflicts), (200, 40, 0));
    let table = contract().load.and_then(|load| load.table).unwrap();
    let count: i64 = conn
        .query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(count, 200);
}

#[test]
fn a_table_needs_a_name() {
    let contract: Contract = "fields: [{name: a}]".parse().unwrap();
    assert_eq!(
        contract_ddl(&contract, None).unwrap_err().code(),
        "usage/table-name"
    );
    let ddl = contract_ddl(&contract, Some("a; drop \"table\"")).unwrap();
    assert_eq!(
        ddl,
        "CREATE TABLE \"a; drop \"\"table\"\"\" (\n  \"a\" TEXT\n);\n"
    );
    database(&ddl);
}

fn from_table(sql: &str, table: &str) -> FromTable {
    let (_dir, _conn, address) = database(sql);
    contract_from_table(&address, table).unwrap()
}

#[test]
fn a_contract_says_what_a_table_says() {
    let found = from_table(
        "CREATE TABLE supplier (id INTEGER PRIMARY KEY);
         CREATE TABLE \"an \"\"odd\"\" Item\" (
            \"select\" VARCHAR(12) NOT NULL PRIMARY KEY,
            \"unit price\" DECIMAL(10, 2) NOT NULL DEFAULT 1.5 CHECK (\"unit price\" >= 0),
            qty INT DEFAULT 0, weight DOUBLE, active BOOLEAN NOT NULL, day DATE, at TIMESTAMP, clock TIME, anything, picture BLOB,
            gtin TEXT UNIQUE, double AS (qty * 2), kept TEXT GENERATED ALWAYS AS (gtin || 'x') STORED,
            supplier INTEGER REFERENCES supplier (id),
            UNIQUE (day, clock), UNIQUE (gtin, picture), CHECK (qty < 10));
         CREATE UNIQUE INDEX partly ON \"an \"\"odd\"\" Item\" (at) WHERE at IS NOT NULL;
         CREATE UNIQUE INDEX computed ON \"an \"\"odd\"\" Item\" (lower(gtin));",
        "AN \"ODD\" item",
    );
    let expected = json!({
        "name": "an \"odd\" Item",
        "schema": {
            "fields": [
                {"name": "select", "type": "string", "description": "VARCHAR(12)", "constraints": {"maxLength": 12}},
                {
                    "name": "unit price", "type": "number", "description": "DECIMAL(10, 2), default 1.5",
                    "constraints": {"required": true}, "sheetlift": {"check": {"precision": 10, "scale": 2}},
                },
                {"name": "qty", "type": "integer", "description": "INT, default 0"},
                {"name": "weight", "type": "number", "description": "DOUBLE"},
                {"name": "active", "type": "boolean", "description": "BOOLEAN", "constraints": {"required": true}},
                {"name": "day", "type": "date", "description": "DATE"},
                {"name": "at", "type": "datetime", "description": "TIMESTAMP"},
                {"name": "clock", "type": "time", "description": "TIME"},
                {"name": "anything", "type": "any"},
                {"name": "gtin", "type": "string", "description": "TEXT", "constraints": {"unique": true}},
                {"name": "supplier", "type": "integer", "description": "INTEGER"},
            ],
            "primaryKey": ["select"],
            "uniqueKeys": [["day", "clock"]],
            "fieldsMatch": "equal",
        },
        "sheetlift": {"load": {"table": "an \"odd\" Item"}},
    });
    assert_eq!(found.contract.to_json(), expected);
    assert_eq!(
        found.notes,
        [
            "column \"unit price\" has a default: take it out of the contract, or give each row a value",
            "column \"picture\" is not in the contract: it holds bytes",
            "column \"double\" is not in the contract: the database computes it",
            "column \"kept\" is not in the contract: the database computes it",
            "the unique key (gtin, picture) is not in the contract: column \"picture\" is not",
            "2 CHECK constraints are not in the contract: say them with constraints or rules",
            "1 foreign key is not in the contract: the database checks it when rows are loaded",
        ]
    );
}

#[test]
fn tables_of_every_kind_are_described() {
    let sql = "CREATE TABLE plain (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE pairs (a TEXT, b TEXT, n INT, PRIMARY KEY (b, a)) WITHOUT ROWID;
        CREATE TABLE firm (a ANY, n INT PRIMARY KEY) STRICT;
        CREATE VIEW seen AS SELECT name, id + 1 AS next FROM plain;";
    let plain = from_table(sql, "plain");
    assert_eq!(plain.contract.primary_key, [0]);
    assert_eq!(
        plain.notes,
        [
            "the database numbers rows in \"id\": take it out of the contract if the file has no such column"
        ]
    );
    let pairs = from_table(sql, "pairs");
    assert_eq!(pairs.contract.primary_key, [1, 0]);
    assert_eq!(pairs.notes, Vec::<String>::new());
    let firm = from_table(sql, "firm");
    let types: Vec<&str> = firm
        .contract
        .fields
        .iter()
        .map(|field| field.field_type.name())
        .collect();
    assert_eq!(types, ["any", "integer"]);
    let seen = from_table(sql, "seen");
    assert_eq!(seen.contract.fields.len(), 2);
    assert_eq!(seen.contract.load, None);
    assert_eq!(
        seen.notes,
        ["\"seen\" is a view: no rows can be loaded into it"]
    );
}

#[test]
fn rows_are_loaded_under_the_contract_of_a_table() {
    let (_dir, conn, address) = database(
        "CREATE TABLE item (sku VARCHAR(12) PRIMARY KEY, price DECIMAL(10, 2) NOT NULL, active BOOLEAN, day DATE, at DATETIME,
            clock TIME, n INT, x, t TEXT) WITHOUT ROWID",
    );
    let found = contract_from_table(&address, "item").unwrap();
    let text = "sku,price,active,day,at,clock,n,x,t\n\
        A,1.25,true,2024-02-29,2024-02-29T18:30:00,18:30:00,7,seven,007\n\
        B,1.255,true,,,,,,\n";
    let job = Job::from_bytes(text, "items.csv")
        .unwrap()
        .with_contract(found.contract);
    let sink = connect(&address).unwrap();
    let load = job
        .load(&*sink, &LoadOptions::default())
        .unwrap()
        .load
        .unwrap();
    assert_eq!((load.inserted, load.rejected, load.conflicts), (1, 1, 0));
    let row: String = conn
        .query_row(
            "SELECT concat_ws('|', sku, price, active, day, at, clock, n, x, t) FROM item",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(
        row,
        "A|1.25|1|2024-02-29|2024-02-29T18:30:00|18:30:00|7|seven|007"
    );
}

#[test]
fn what_is_not_there_is_told() {
    let (dir, _conn, address) = database("CREATE TABLE item (sku TEXT)");
    let error = contract_from_table(&address, "itm").unwrap_err();
    assert_eq!(error.code(), "usage/no-table");
    assert_eq!(error.hint(), Some("the database has \"item\""));
    let missing = format!("sqlite:{}", dir.path().join("none.db").display());
    assert_eq!(
        contract_from_table(&missing, "item").unwrap_err().code(),
        "sink/not-found"
    );
    assert!(!dir.path().join("none.db").exists());
    assert_eq!(
        contract_from_table("oracle://x", "item")
            .unwrap_err()
            .code(),
        "usage/database-address"
    );
    let text = dir.path().join("text.db");
    std::fs::write(
        &text,
        "not a database, but long enough to be taken for one: ".repeat(20),
    )
    .unwrap();
    let error = contract_from_table(&format!("sqlite:{}", text.display()), "item").unwrap_err();
    assert_eq!(error.code(), "sink/not-a-database");
}
