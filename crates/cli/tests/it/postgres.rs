//! Loading into PostgreSQL: a real server, which the tests start.

use sheetlift_fixtures::servers::Postgres;

use crate::common::Desk;

const LOAD: &str = "load dirty.xlsx --contract items.contract.json";

fn count(server: &Postgres, database: &str) -> String {
    let found = server.psql(database, "SELECT count(*) FROM inventory");
    found.unwrap().trim().to_owned()
}

#[test]
fn the_inventory_is_loaded_once_listed_and_taken_back() {
    let (server, desk) = (Postgres::shared(), Desk::new());
    let database = server.database();
    let to = format!("--to {}", server.address(&database));

    let ran = desk.run(&format!("{LOAD} {to}"));
    ran.fails(2, "CREATE TABLE \"inventory\" (");
    assert!(ran.stderr.contains("--create-table"), "{ran:?}");

    let load = format!("{LOAD} {to} --create-table");
    let dry = desk.run(&format!("{load} --dry-run"));
    assert_eq!(dry.code, 1, "{dry:?}");
    assert!(
        dry.text().contains("dry run: 0 rows changed"),
        "{}",
        dry.text()
    );
    assert!(
        dry.text().contains("inserted            200"),
        "{}",
        dry.text()
    );
    assert!(server.psql(&database, "SELECT 1 FROM inventory").is_err());

    let first = desk.run(&load);
    assert_eq!(first.code, 1, "{first:?}");
    assert!(
        first.text().contains(": 200 rows changed"),
        "{}",
        first.text()
    );
    assert_eq!(count(server, &database), "200");
    let again = desk.run(&load);
    assert!(
        again.text().contains("already loaded") && again.text().contains("0 rows changed"),
        "{}",
        again.text()
    );
    assert_eq!(count(server, &database), "200");

    let ran = desk.run(&format!("history {to}"));
    assert!(
        ran.text().contains("200 inserted, 40 rejected"),
        "{}",
        ran.text()
    );
    let listed = desk.run(&format!("history {to} --json"));
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    let id = listed[0]["import_id"].as_str().unwrap();

    let changed = "UPDATE inventory SET quantity = quantity + 1 WHERE sku = (SELECT min(sku) FROM inventory) RETURNING sku";
    let sku = server.psql(&database, changed).unwrap();
    let dry = desk.run(&format!("undo {id} {to} --dry-run"));
    assert!(
        dry.text().contains("deleted             199"),
        "{}",
        dry.text()
    );
    assert_eq!(count(server, &database), "200");
    let ran = desk.run(&format!("undo {id} {to}"));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.text().contains("kept                  1"),
        "{}",
        ran.text()
    );
    assert!(ran.text().contains(sku.trim()), "{sku}: {}", ran.text());
    assert_eq!(count(server, &database), "1");
    let ran = desk.run(&format!("history {to}"));
    assert!(ran.text().contains("undone"), "{}", ran.text());
}

#[test]
fn rows_in_quarantine_are_loaded_once_they_pass() {
    let (server, desk) = (Postgres::shared(), Desk::new());
    let database = server.database();
    let to = format!("--to {}", server.address(&database));
    let contract = |least: i32| {
        format!(
            "name: items\nschema:\n  fields: [{{name: sku}}, {{name: price, type: number, constraints: {{minimum: {least}}}}}, {{name: supplier}}]\n  primaryKey: sku\n  foreignKeys: [{{fields: supplier, reference: {{resource: s, fields: name}}}}]\nsheetlift: {{references: {{s: {{table: suppliers}}}}}}\n"
        )
    };
    desk.put("c1.yaml", contract(5).as_bytes());
    desk.put("c2.yaml", contract(0).as_bytes());
    desk.put(
        "items.csv",
        b"sku,price,supplier\nA,7,Acme\nB,2,Acme\nC,8,Acne\nA,9,Acme\nD,-1,Acme\n",
    );
    let suppliers =
        "CREATE TABLE suppliers (name text PRIMARY KEY); INSERT INTO suppliers VALUES ('Acme')";
    server.psql(&database, suppliers).unwrap();
    let load = format!("load items.csv --contract c1.yaml {to} --create-table");
    assert_eq!(
        desk.run(&format!("{load} --dry-run --outcomes dry.csv"))
            .code,
        1
    );
    let ran = desk.run(&format!("{load} --outcomes wet.csv"));
    assert_eq!(ran.code, 1, "{ran:?}");
    let read = |name: &str| std::fs::read_to_string(desk.path(name)).unwrap();
    assert_eq!(read("dry.csv"), read("wet.csv"));
    assert!(
        read("wet.csv").contains("items,4,C,conflict,load/reference-missing,"),
        "{}",
        read("wet.csv")
    );
    let listed = desk.run(&format!("history {to} --json"));
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let id = listed[0]["import_id"].as_str().unwrap();

    let held = "SELECT string_agg(\"row\" || codes, ' ' ORDER BY \"row\") FROM _sheetlift_rejects WHERE replayed_by IS NULL";
    let held = || server.psql(&database, held).unwrap().trim().to_owned();
    let all = "2cell/minimum 3load/reference-missing 4row/primary-key 5cell/minimum";
    assert_eq!(held(), all);
    let replay = format!("replay {id} --contract c2.yaml {to}");
    assert_eq!(desk.run(&format!("{replay} --dry-run")).code, 1);
    assert_eq!(
        (count_of(server, &database), held()),
        ("1".to_owned(), all.to_owned())
    );
    let ran = desk.run(&replay);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.text().contains("items!C4") && ran.text().contains("items!B6"),
        "{}",
        ran.text()
    );
    assert!(
        ran.stderr.contains("1 row with the key of an earlier row"),
        "{ran:?}"
    );
    assert_eq!(count_of(server, &database), "2");
    server
        .psql(&database, "INSERT INTO suppliers VALUES ('Acne')")
        .unwrap();
    let ran = desk.run(&replay);
    assert!(
        ran.text().contains("inserted              1"),
        "{}",
        ran.text()
    );
    assert_eq!(held(), "4row/primary-key 5cell/minimum");
    let listed = desk.run(&format!("history {to} --json"));
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    for at in 0..2 {
        let replay = listed[at]["import_id"].as_str().unwrap();
        assert_eq!(listed[at]["replay_of"], id);
        desk.run(&format!("undo {id} {to}"))
            .fails(2, "out of its quarantine");
        assert_eq!(desk.run(&format!("undo {replay} {to}")).code, 0);
    }
    assert_eq!(count_of(server, &database), "1");
    assert_eq!(held().split(' ').count(), 4);
}

fn count_of(server: &Postgres, database: &str) -> String {
    let found = server.psql(database, "SELECT count(*) FROM items");
    found.unwrap().trim().to_owned()
}

#[test]
fn a_refused_cell_is_named() {
    let (server, desk) = (Postgres::shared(), Desk::new());
    let database = server.database();
    let to = format!("--to {}", server.address(&database));
    desk.put("first.csv", b"sku,price,supplier\nA,1,Acme\nB,2,Acme\n");
    desk.put(
        "second.csv",
        b"sku,supplier,price\nA,Acme,1\nB,Acme,3\nC,Acne,1\n",
    );
    desk.put(
        "c.yaml",
        b"name: items\nschema:\n  fields: [{name: sku}, {name: price, type: number}, {name: supplier}]\n  primaryKey: sku\n  foreignKeys: [{fields: supplier, reference: {resource: s, fields: name}}]\nsheetlift: {load: {mode: upsert, immutable: price}, references: {s: {table: suppliers}}}\n",
    );
    let suppliers =
        "CREATE TABLE suppliers (name text PRIMARY KEY); INSERT INTO suppliers VALUES ('Acme')";
    server.psql(&database, suppliers).unwrap();
    let ran = desk.run(&format!(
        "load first.csv --contract c.yaml {to} --create-table"
    ));
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = desk.run(&format!(
        "load second.csv --contract c.yaml {to} --report r.json"
    ));
    assert_eq!(ran.code, 1, "{ran:?}");
    let report = desk.json("r.json");
    let found: Vec<_> = report["findings"].as_array().unwrap().iter().collect();
    let places: Vec<String> = found
        .iter()
        .map(|finding| {
            format!(
                "{} {} {}",
                finding["cell"], finding["column"], finding["code"]
            )
        })
        .collect();
    assert_eq!(
        places,
        [
            "\"C3\" \"price\" \"load/immutable\"",
            "\"B4\" \"supplier\" \"load/reference-missing\"",
        ]
    );
    let ran = desk.run("validate second.csv --contract c.yaml");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.text().contains("info/reference-not-checked"),
        "{}",
        ran.text()
    );
}

#[test]
fn who_is_not_let_in_or_finds_nobody_says_so_without_the_password() {
    let (server, desk) = (Postgres::shared(), Desk::new());
    let database = server.database();
    let wrong = server.address_as("locked:secret", &database);
    let right = server.address_as("locked:dekcol", &database);
    let nobody = "postgres://tester:secret@127.0.0.1:1/items?sslmode=disable&connect_timeout=5";
    for to in [wrong.as_str(), nobody] {
        for command in [LOAD, "history", "undo some-import"] {
            let ran = desk.run(&format!("{command} --to {to}"));
            assert!(ran.stderr.contains("\nhint: "), "{ran:?}");
            assert_eq!(ran.code, 5, "{command}: {ran:?}");
            assert!(!ran.stderr.contains("secret"), "{command}: {ran:?}");
        }
    }
    // With the right one it is let in.
    let ran = desk.run(&format!("history --to {right}"));
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn a_table_makes_a_contract_and_gets_columns_if_asked() {
    let (server, desk) = (Postgres::shared(), Desk::new());
    let database = server.database();
    let address = server.address(&database);
    let table = "CREATE TABLE items (sku varchar(8) PRIMARY KEY, price numeric(8,2) NOT NULL, seen timestamp, photo bytea)";
    server.psql(&database, table).unwrap();
    let ran = desk.run(&format!("contract from-table {address} items"));
    assert_eq!(ran.code, 0, "{ran:?}");
    let contract: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    let fields = contract["schema"]["fields"].as_array().unwrap();
    let types: Vec<String> = fields
        .iter()
        .map(|field| format!("{} {}", field["name"], field["type"]))
        .collect();
    let expected = [
        r#""sku" "string""#,
        r#""price" "number""#,
        r#""seen" "datetime""#,
    ];
    assert_eq!(types, expected);
    assert_eq!(fields[0]["constraints"]["maxLength"], 8);
    assert_eq!(fields[1]["sheetlift"]["check"]["scale"], 2);

    desk.put("items.csv", b"sku,price,note\nA,1.5,new\n");
    desk.put(
        "items.yaml",
        b"name: items\nschema:\n  fields: [{name: sku}, {name: price, type: number}, {name: note}]\n  primaryKey: sku\n",
    );
    let load = format!("load items.csv --contract items.yaml --to {address}");
    let ran = desk.run(&load);
    ran.fails(2, "ADD COLUMN \"note\"");
    assert!(ran.stderr.contains("--evolve add"), "{ran:?}");
    let ran = desk.run(&format!("{load} --evolve add"));
    assert_eq!(ran.code, 0, "{ran:?}");
    let found = server.psql(&database, "SELECT sku, price, note FROM items");
    assert_eq!(found.unwrap(), "A|1.50|new\n");
}

#[test]
fn files_are_a_target_too() {
    let desk = Desk::new();
    let ran = desk.run(&format!("{LOAD} --to file:out?format=csv"));
    ran.fails(2, "append");
    let load = format!("{LOAD} --to file:out?format=csv --mode append");
    let ran = desk.run(&load);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.text().contains(": 200 rows changed"), "{}", ran.text());
    let again = desk.run(&load);
    assert!(again.text().contains("already loaded"), "{}", again.text());
}

/// What docs/loading.md says a user has to be allowed.
#[test]
fn the_documented_rights_are_enough() {
    let (server, desk) = (Postgres::shared(), Desk::new());
    let database = server.database();
    let to = format!("--to {}", server.address_as("locked:dekcol", &database));
    let load = "load clean.xlsx --contract items.contract.json";
    let run = |sql: &str| server.psql(&database, sql).unwrap();
    run("GRANT USAGE, CREATE ON SCHEMA public TO locked");
    let missing = desk.run(&format!("{load} {to}"));
    missing.fails(2, "CREATE TABLE");
    run(missing.stderr.split("or run: ").nth(1).unwrap());
    run("GRANT SELECT, INSERT, UPDATE, DELETE ON inventory TO locked");
    for mode in ["upsert", "sync --missing delete"] {
        let ran = desk.run(&format!("{load} {to} --mode {mode}"));
        assert_eq!(ran.code, 0, "{mode}: {ran:?}");
    }
    let listed = desk.run(&format!("history {to} --json"));
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let first = listed[1]["import_id"].as_str().unwrap();
    let ran = desk.run(&format!("undo {first} {to}"));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(count(server, &database), "0");
}
