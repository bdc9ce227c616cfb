//! Everything that can be wrong before a row is checked: a message, advice, and the code that says who can change it.

mod common;

use common::Desk;
use sheetlift_fixtures::{Expect, manifest};

#[test]
fn every_broken_fixture_ends_in_words() {
    let desk = Desk::new();
    let mut wrong = Vec::new();
    for fixture in manifest() {
        let Expect::Error(code) = fixture.expect else {
            continue;
        };
        let name = format!("broken.{}", fixture.extension);
        desk.put(&name, &(fixture.bytes)());
        let ran = desk.run(&format!("convert {name} -o - --format csv"));
        let expected = match code {
            "file/zip-bomb" | "file/too-large" => 4,
            _ => 3,
        };
        let in_words =
            ran.stderr.starts_with(&format!("error: {name}: ")) && ran.stderr.contains("\nhint: ");
        if ran.code != expected || !in_words {
            wrong.push(format!("{} ({code}): {ran:?}", fixture.name));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_good_fixture_is_described_and_converted() {
    let desk = Desk::new();
    let mut wrong = Vec::new();
    for fixture in manifest() {
        if let Expect::Error(_) = fixture.expect {
            continue;
        }
        let name = format!("good.{}", fixture.extension);
        desk.put(&name, &(fixture.bytes)());
        for words in [
            format!("inspect {name} --json --full"),
            format!("convert {name} -o out.parquet"),
            format!("contract infer {name}"),
        ] {
            let ran = desk.run(&words);
            if ran.code != 0 {
                wrong.push(format!("{} {words}: {}", fixture.name, ran.stderr));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn wrong_names_are_answered_with_right_ones() {
    let desk = Desk::new();
    desk.run("inspect missing.xlsx").fails(5, "missing.xlsx");
    desk.run("convert clean.xlsx -o a.csv --sheet Stock")
        .fails(2, "\"Items\", \"Notes\"");
    desk.run("convert clean.xlsx -o a.csv --sheet 3")
        .fails(2, "\"Items\", \"Notes\"");
    desk.run("convert clean.xlsx -o a.csv --columns item_code")
        .fails(2, "Item Code");
    desk.run("convert clean.xlsx -o a.csv --types sku=text")
        .fails(2, "Item Code");
    desk.run("convert clean.xlsx -o a.csv --types name=varchar")
        .fails(2, "timestamp");
    desk.run("convert clean.xlsx -o a.csv --range F9:B2")
        .fails(2, "B2:F100");
    desk.run("convert clean.xlsx -o a.csv --header zero")
        .fails(2, "`none`");
    desk.run("convert clean.xlsx -o a.xlsx")
        .fails(2, ".parquet");
    desk.run("convert clean.xlsx -o -").fails(2, "--format");
    desk.run("convert clean.xlsx -o no/such/a.csv")
        .fails(5, "no/such/a.csv");
    desk.run("validate clean.xlsx --contract items.contract.json --report a.txt")
        .fails(2, ".ndjson");
    assert_eq!(
        desk.files(),
        ["clean.xlsx", "dirty.xlsx", "items.contract.json"]
    );
}

#[test]
fn a_wrong_contract_is_found_by_its_place() {
    let desk = Desk::new();
    desk.put(
        "bad.yaml",
        b"schema:\n  fields:\n    - {name: sku, type: strin}\n",
    );
    let ran = desk.run("validate clean.xlsx --contract bad.yaml");
    ran.fails(2, "bad.yaml");
    assert!(
        ran.stderr.contains("line 3") && ran.stderr.contains("string"),
        "{ran:?}"
    );
    desk.run("validate clean.xlsx --contract missing.json")
        .fails(5, "missing.json");
}

#[test]
fn a_wrong_target_is_refused() {
    let desk = Desk::new();
    let load = "load clean.xlsx --contract items.contract.json";
    desk.run(&format!("{load} --to postgres://user:secret@host/db"))
        .fails(2, "sqlite");
    desk.run(&format!("{load} --to sqlite:no/such/a.db"))
        .fails(5, "no/such");
    desk.put(
        "text.db",
        b"this is no database, though it is long enough to be looked at twice",
    );
    desk.run(&format!("{load} --to sqlite:text.db"))
        .fails(5, "text.db");
    let conn = rusqlite::Connection::open(desk.path("narrow.db")).unwrap();
    conn.execute_batch("CREATE TABLE inventory (sku TEXT PRIMARY KEY)")
        .unwrap();
    desk.run(&format!("{load} --to sqlite:narrow.db"))
        .fails(2, "ALTER TABLE");
    desk.put(
        "nokey.yaml",
        b"name: items\nschema: {fields: [{name: name}], fieldsMatch: subset}\n",
    );
    desk.run("load clean.xlsx --contract nokey.yaml")
        .fails(2, "primaryKey");
}

#[test]
fn a_header_that_does_not_fit_is_a_finding() {
    let desk = Desk::new();
    desk.put("other.yaml", b"schema: {fields: [{name: sku}, {name: colour}], fieldsMatch: subset, primaryKey: sku}\nname: items\n");
    let ran = desk.run("load clean.xlsx --contract other.yaml --report r.json");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.text().contains("not loaded: 0 rows changed")
            && ran.text().contains("header/missing-field"),
        "{ran:?}"
    );
    let report = desk.json("r.json");
    assert_eq!(
        (&report["blocked"], &report["load"]["state"]),
        (&true.into(), &"blocked".into())
    );
    assert!(!desk.path("inventory.db").exists());
}

#[test]
fn options_that_are_none_are_explained() {
    let desk = Desk::new();
    for words in [
        "",
        "load clean.xlsx",
        "explode clean.xlsx",
        "load a --contract b --mode merge",
    ] {
        let ran = desk.run(words);
        assert_eq!((ran.code, ran.stdout.len()), (2, 0), "{words}: {ran:?}");
    }
    let ran = desk.run("load a --contract b --mode merge");
    assert!(ran.stderr.contains("insert_missing"), "{ran:?}");
    let help = desk.run("--help");
    assert!(help.code == 0 && help.text().contains("Exit codes:"));
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = desk.run(&format!("completions {shell}"));
        assert!(ran.code == 0 && ran.text().contains("sheetlift"), "{shell}");
    }
}

#[test]
fn limits_can_be_set() {
    let desk = Desk::new();
    desk.run("convert clean.xlsx -o a.csv --set-limit max_rows=100")
        .fails(4, "max_rows");
    let ran = desk.run("--set-limit max_rows=240,max_file_bytes=1MiB convert clean.xlsx -o a.csv");
    assert_eq!(ran.code, 0, "{ran:?}");
    for wrong in ["max_row=1", "max_rows", "max_rows=x"] {
        let ran = desk.run(&format!("inspect clean.xlsx --set-limit {wrong}"));
        assert_eq!(ran.code, 2, "{ran:?}");
    }
}
