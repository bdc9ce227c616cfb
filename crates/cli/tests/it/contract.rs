//! `sheetlift contract check` and `contract diff`.

use crate::common::Desk;

#[test]
fn check_says_everything_that_is_wrong() {
    let desk = Desk::new();
    let ran = desk.run("contract check items.contract.json");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.text()
            .starts_with("items.contract.json: 12 fields, 0 rules, "),
        "{ran:?}"
    );
    desk.put(
        "bad.yaml",
        b"schema:\n  fields:\n  - {name: a, type: integr}\nsheetlift: {lod: {}}\n",
    );
    let ran = desk.run("contract check bad.yaml");
    ran.fails(2, "unknown key `lod`");
    for part in [
        "bad.yaml: /schema/fields/0/type: expected one of string",
        "did you mean `integer`?",
        "bad.yaml: /sheetlift/lod: unknown key `lod`",
        "did you mean `load`?",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {ran:?}");
    }
    desk.run("contract check none.yaml").fails(5, "none.yaml");
    desk.put(
        "package.json",
        br#"{"resources": [{"name": "x", "schema": {"fields": [{"name": "a"}]}}, {"name": "y", "schema": {"fields": [{"name": "b"}]}}]}"#,
    );
    desk.run("contract check package.json")
        .fails(2, "several resources: x, y");
    assert_eq!(desk.run("contract check package.json --resource y").code, 0);
}

#[test]
fn diff_exits_with_one_where_a_good_file_may_be_bad() {
    let desk = Desk::new();
    desk.put(
        "a.yaml",
        b"fields: [{name: a, type: integer, constraints: {minimum: 1}}]",
    );
    desk.put("b.yaml", b"fields: [{name: a, type: integer, title: A}]");
    let ran = desk.run("contract diff a.yaml b.yaml");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(
        ran.text(),
        "compatible  /schema/fields/a/title  none -> A\ncompatible  /schema/fields/a/constraints/minimum  1 -> none\n"
    );
    let ran = desk.run("contract diff b.yaml a.yaml --json");
    assert_eq!(ran.code, 1, "{ran:?}");
    let changes: serde_json::Value = serde_json::from_str(ran.text()).unwrap();
    assert_eq!(
        changes[0]["pointer"],
        "/schema/fields/a/constraints/minimum"
    );
    assert_eq!(changes[0]["breaking"], true);
    assert_eq!(
        desk.run("contract diff a.yaml a.yaml").text(),
        "no difference\n"
    );
}

#[test]
fn a_package_has_a_contract_for_each_of_its_files() {
    let desk = Desk::new();
    desk.put("one.csv", b"a\n1\n");
    desk.put("two.csv", b"b\nx\n");
    desk.put(
        "datapackage.json",
        br#"{"resources": [{"name": "x", "path": "one.csv", "schema": {"fields": [{"name": "a", "type": "integer"}]}},
            {"name": "y", "path": "two.csv", "schema": {"fields": [{"name": "b"}]}}]}"#,
    );
    assert_eq!(
        desk.run("validate one.csv --contract datapackage.json")
            .code,
        0
    );
    assert_eq!(
        desk.run("validate two.csv --contract datapackage.json")
            .code,
        0
    );
    let other = desk.run("validate two.csv --contract datapackage.json --resource x");
    assert_eq!(other.code, 1, "{other:?}");
    desk.put("three.csv", b"a\n1\n");
    desk.run("validate three.csv --contract datapackage.json")
        .fails(2, "several resources");
}

#[test]
fn infer_says_where_the_table_is() {
    let desk = Desk::new();
    desk.put("t.csv", b"about the table,\nn,s\n5,x\n-7,y\n");
    let ran = desk.run("contract infer t.csv --header 2 --ranges -o t.json");
    assert_eq!(ran.code, 0, "{ran:?}");
    let contract = desk.json("t.json");
    assert_eq!(contract["sheetlift"]["locate"]["header"], 2);
    let constraints = &contract["schema"]["fields"][0]["constraints"];
    assert_eq!(
        (&constraints["minimum"], &constraints["maximum"]),
        (&(-7).into(), &5.into())
    );
    assert_eq!(desk.run("validate t.csv --contract t.json").code, 0);
    desk.run("contract infer clean.xlsx --sheet Nowhere")
        .fails(2, "there is no sheet \"Nowhere\"");
}

#[test]
fn export_says_a_contract_in_other_languages() {
    let desk = Desk::new();
    let ran = desk.run("contract export items.contract.json --to json-schema");
    assert_eq!(ran.code, 0, "{ran:?}");
    let schema: serde_json::Value = serde_json::from_str(ran.text()).unwrap();
    assert_eq!(schema["properties"]["quantity"]["maximum"], 100_000);

    let ran = desk.run("contract export items.contract.json --to ddl --table stock -o stock.sql");
    assert_eq!((ran.code, ran.text()), (0, ""), "{ran:?}");
    let sql = std::fs::read_to_string(desk.path("stock.sql")).unwrap();
    assert!(sql.starts_with("CREATE TABLE \"stock\" (\n"), "{sql}");

    desk.run("contract export items.contract.json --to template.xlsx")
        .fails(2, "a workbook is not printed");
    let ran = desk.run("contract export items.contract.json --to template.xlsx -o t.xlsx");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(
        desk.run("validate t.xlsx --contract items.contract.json")
            .code,
        0
    );
    let error = desk.run("contract export items.contract.json --to ddl -o items.contract.json");
    error.fails(2, "which is read");
}

#[test]
fn from_table_makes_a_contract_of_a_table() {
    let desk = Desk::new();
    let loaded =
        desk.run("load clean.xlsx --contract items.contract.json --to sqlite:a.db --create-table");
    assert_eq!(loaded.code, 0, "{loaded:?}");
    let ran = desk.run("contract from-table sqlite:a.db inventory");
    assert_eq!(ran.code, 0, "{ran:?}");
    let contract: serde_json::Value = serde_json::from_str(ran.text()).unwrap();
    assert_eq!(contract["schema"]["primaryKey"], serde_json::json!(["sku"]));
    assert_eq!(contract["sheetlift"]["load"]["table"], "inventory");
    desk.run("contract from-table sqlite:a.db inventry")
        .fails(2, "there is no table \"inventry\"");
    desk.run("contract from-table sqlite:b.db inventory")
        .fails(5, "there is no file");
}
