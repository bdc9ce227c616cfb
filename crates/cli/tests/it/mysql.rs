//! Loading into MariaDB: a real server, which the tests start.

use sheetlift_fixtures::servers::MariaDb;

use crate::common::Desk;

const LOAD: &str = "load dirty.xlsx --contract items.contract.json";

/// By a user who may do what docs/loading.md says, and nothing else.
#[test]
fn the_inventory_is_loaded_once_listed_and_taken_back() {
    let (server, desk) = (MariaDb::shared(), Desk::new());
    let database = server.database();
    let run = |sql: &str| server.sql(&database, sql).unwrap();
    let count = || run("SELECT count(*) FROM inventory");
    run(&format!(
        "GRANT CREATE, DROP, ALTER, INDEX, SELECT, INSERT, UPDATE, DELETE, LOCK TABLES ON {database}.* TO locked"
    ));
    let to = format!("--to {}", server.address_as("locked:dekcol", &database));

    let ran = desk.run(&format!("{LOAD} {to}"));
    ran.fails(2, "CREATE TABLE `inventory` (");
    assert!(ran.stderr.contains("--create-table"), "{ran:?}");
    let load = format!("{LOAD} {to} --create-table");
    let dry = desk.run(&format!("{load} --dry-run"));
    assert_eq!(dry.code, 1, "{dry:?}");
    let told = dry.text();
    assert!(told.contains("dry run: 0 rows changed"), "{told}");
    assert!(told.contains("inserted            200"), "{told}");
    assert!(server.sql(&database, "SELECT 1 FROM inventory").is_err());

    let first = desk.run(&load);
    assert_eq!(first.code, 1, "{first:?}");
    assert!(
        first.text().contains(": 200 rows changed"),
        "{}",
        first.text()
    );
    assert_eq!(count(), "200\n");
    let again = desk.run(&load);
    let again = again.text();
    assert!(
        again.contains("already loaded") && again.contains("0 rows changed"),
        "{again}"
    );
    assert_eq!(count(), "200\n");

    let listed = desk.run(&format!("history {to} --json"));
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    let id = listed[0]["import_id"].as_str().unwrap();
    let sku = run("SELECT min(sku) FROM inventory");
    run(&format!(
        "UPDATE inventory SET quantity = quantity + 1 WHERE sku = '{}'",
        sku.trim()
    ));
    let dry = desk.run(&format!("undo {id} {to} --dry-run"));
    assert!(
        dry.text().contains("deleted             199"),
        "{}",
        dry.text()
    );
    assert_eq!(count(), "200\n");
    let ran = desk.run(&format!("undo {id} {to}"));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.text().contains("kept                  1"),
        "{}",
        ran.text()
    );
    assert!(ran.text().contains(sku.trim()), "{sku}: {}", ran.text());
    assert_eq!(count(), "1\n");

    for mode in ["upsert", "sync --missing delete --max-missing 1"] {
        let ran = desk.run(&format!(
            "load clean.xlsx --contract items.contract.json {to} --mode {mode}"
        ));
        assert_eq!(ran.code, 0, "{mode}: {ran:?}");
    }
}

#[test]
fn who_is_not_let_in_or_finds_nobody_says_so_without_the_password() {
    let (server, desk) = (MariaDb::shared(), Desk::new());
    let database = server.database();
    let wrong = server.address_as("locked:secret", &database);
    let nobody = "mysql://tester:secret@127.0.0.1:1/items?ssl-mode=disabled&connect_timeout=5";
    for to in [wrong.as_str(), nobody] {
        for command in [LOAD, "history", "undo some-import"] {
            let ran = desk.run(&format!("{command} --to {to}"));
            assert!(ran.stderr.contains("\nhint: "), "{ran:?}");
            assert_eq!(ran.code, 5, "{command}: {ran:?}");
            assert!(!ran.stderr.contains("secret"), "{command}: {ran:?}");
        }
    }
}

#[test]
fn a_table_makes_a_contract_and_gets_columns_if_asked() {
    let (server, desk) = (MariaDb::shared(), Desk::new());
    let database = server.database();
    let address = server.address(&database);
    let table = "CREATE TABLE items (sku varchar(8) PRIMARY KEY, price numeric(8,2) NOT NULL, seen datetime, photo blob, is_new boolean,
         size enum('S','datetime'), pieces int(5) unsigned)";
    server.sql(&database, table).unwrap();
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
        r#""is_new" "boolean""#,
        r#""size" "string""#,
        r#""pieces" "integer""#,
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
    ran.fails(2, "ADD COLUMN `note`");
    assert!(ran.stderr.contains("--evolve add"), "{ran:?}");
    let ran = desk.run(&format!("{load} --evolve add"));
    assert_eq!(ran.code, 0, "{ran:?}");
    let found = server.sql(&database, "SELECT sku, price, note FROM items");
    assert_eq!(found.unwrap(), "A\t1.50\tnew\n");
}
