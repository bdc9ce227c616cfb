//! Everything that can be wrong before a row is checked: a message, advice, and the code that says who can change it.

use crate::common::Desk;
use sheetlift_fixtures::{Book, Expect, forge::pack, manifest, zip::ZipStyle};

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
        let in_words = ran.stderr.starts_with(&format!("error: {name}: "))
            && ran.stderr.contains(&format!("  [{code}]\nhint: "));
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
        let Expect::Sheets(sheets) = &fixture.expect else {
            continue;
        };
        let name = format!("good.{}", fixture.extension);
        desk.put(&name, &(fixture.bytes)());
        for words in [
            format!("inspect {name} --json --full"),
            format!("convert {name} -o out.parquet"),
        ] {
            let ran = desk.run(&words);
            if ran.code != 0 {
                wrong.push(format!("{} {words}: {}", fixture.name, ran.stderr));
            }
        }
        // A contract that is printed is one; of a sheet without a cell there is none.
        let ran = desk.run(&format!("contract infer {name}"));
        let is_empty = sheets.first().is_none_or(|sheet| sheet.cells.is_empty());
        if is_empty && ran.code == 2 && ran.stderr.contains("[sheet/empty]") {
            continue;
        }
        desk.put("found.json", &ran.stdout);
        let checked = desk.run("contract check found.json");
        if ran.code != 0 || checked.code != 0 {
            wrong.push(format!(
                "{}: {}{}",
                fixture.name, ran.stderr, checked.stderr
            ));
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
    let ran = desk.run(&format!("{load} --to oracle://user:secret@host/db"));
    ran.fails(2, "sqlite");
    assert!(!ran.stderr.contains("secret"), "{ran:?}");
    let ran = desk.run(&format!("{load} --to sqlite:empty.db"));
    ran.fails(2, "CREATE TABLE \"inventory\" (");
    assert!(ran.stderr.contains("--create-table"), "{ran:?}");
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
    let ran = desk.run("load clean.xlsx --contract other.yaml --create-table --report r.json");
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

#[test]
fn what_is_no_workbook_is_named_and_the_advice_fits_it() {
    let desk = Desk::new();
    for (bytes, what, advice) in [
        (&b""[..], "the file is empty", "copy it"),
        (
            b"\x89PNG\r\n",
            "this is a picture, not a workbook",
            "give a workbook",
        ),
        (
            b"SQLite format 3\0",
            "this is an SQLite database, not a workbook",
            "give a workbook",
        ),
        (
            b"MZ\x90",
            "this is a program, not a workbook",
            "give a workbook",
        ),
        (
            b"7z\xbc\xaf\x27\x1c",
            "this is a 7-Zip archive, not a workbook",
            "unpack it",
        ),
        (
            b"Rar!",
            "this is a RAR archive, not a workbook",
            "unpack it",
        ),
        (
            b"\x1f\x8b\x08",
            "this is a gzip archive, not a workbook",
            "unpack it",
        ),
    ] {
        desk.put("a.xlsx", bytes);
        let ran = desk.run("inspect a.xlsx");
        ran.fails(
            3,
            &format!("error: a.xlsx: {what}  [file/not-a-workbook]\n"),
        );
        assert!(ran.stderr.contains(advice), "{ran:?}");
        assert!(!ran.stderr.contains("spreadsheet program"), "{ran:?}");
    }
}

#[test]
fn packages_and_archives_of_other_things_are_named() {
    let desk = Desk::new();
    let of = |names: &[&str]| {
        let parts = names.iter().map(|name| ((*name).to_owned(), b"x".to_vec()));
        pack(&parts.collect::<Vec<_>>(), ZipStyle::default())
    };
    let document = |main: &str| {
        let relationships = format!(
            "<Relationships><Relationship Id=\"a\" Type=\"x/officeDocument\" Target=\"{main}\"/></Relationships>"
        );
        let parts = [
            ("_rels/.rels".to_owned(), relationships.into_bytes()),
            (main.to_owned(), b"<document/>".to_vec()),
        ];
        pack(&parts, ZipStyle::default())
    };
    for (bytes, words) in [
        (
            of(&["a/items.xlsx", "b.txt"]),
            "a zip archive that holds \"a/items.xlsx\", not",
        ),
        (
            of(&["b.txt", "a.CSV", "b.xls"]),
            "holds \"a.CSV\" and 1 more, not a workbook",
        ),
        (of(&["b.txt"]), "there is no workbook in it"),
        (
            document("word/document.xml"),
            "this is a Word document, not a workbook",
        ),
        (
            document("ppt/presentation.xml"),
            "this is a presentation, not a workbook",
        ),
        (
            document("other/thing.xml"),
            "this is not a SpreadsheetML workbook",
        ),
    ] {
        desk.put("a.xlsx", &bytes);
        let ran = desk.run("inspect a.xlsx");
        ran.fails(3, words);
        assert_eq!(
            ran.stderr.contains("hint: unpack it"),
            words.contains("holds"),
            "{ran:?}"
        );
    }
}

#[test]
fn only_a_value_may_have_been_meant() {
    let desk = Desk::new();
    let contract =
        b"schema: {fields: [{name: sku, type: string, constraints: {enum: [bolt, nut]}}]}\n";
    desk.put("c.yaml", contract);
    desk.put("a.csv", b"sku\nbolr\n");
    let ran = desk.run("validate a.csv --contract c.yaml");
    assert!(ran.text().contains("did you mean bolt?\n"), "{ran:?}");
    desk.put("a.csv", b"sku,colour\nbolt,red\n");
    let ran = desk.run("validate a.csv --contract c.yaml");
    assert!(ran.text().contains(" delete the column, or set"), "{ran:?}");
    assert!(!ran.text().contains("did you mean"), "{ran:?}");
}

#[test]
fn a_shared_string_that_is_not_there_is_said_with_the_table() {
    let desk = Desk::new();
    let cells = "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row><row r=\"2\"><c r=\"A2\" t=\"s\"><v>7</v></c></row>";
    let book = Book::new().strings(&["sku", "bolt"]).sheet("Items", cells);
    desk.put("a.xlsx", &book.build());
    desk.put("c.yaml", b"schema: {fields: [{name: sku, type: string}]}\n");
    let ran = desk.run("validate a.xlsx --contract c.yaml");
    let words = "sku refers to shared string 7, which is outside the table of 2";
    assert!(
        ran.text().contains(words) && !ran.text().contains("did you mean"),
        "{ran:?}"
    );
}
