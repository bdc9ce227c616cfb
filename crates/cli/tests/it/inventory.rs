//! The sample inventory through the commands: every planted fault, and a load that happens once.

use std::fs;

use crate::common::{Desk, rows};
use sheetlift_fixtures::inventory::{ROWS, planted};

const LOAD: &str = "load dirty.xlsx --contract items.contract.json --create-table";

#[test]
fn every_planted_fault_is_found_at_its_cell_and_nothing_else() {
    let desk = Desk::new();
    let ran = desk.run("validate dirty.xlsx --contract items.contract.json --report report.json");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(ran.stderr, "", "silent in a pipe");
    let report = desk.json("report.json");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let found: Vec<_> = report["findings"].as_array().unwrap().iter().collect();
    assert!(found.iter().all(|finding| finding["level"] == "error"));
    let places: Vec<_> = found
        .iter()
        .map(|f| {
            (
                text(&f["cell"]),
                text(&f["address"]),
                text(&f["field"]),
                text(&f["code"]),
                text(&f["value"]),
            )
        })
        .collect();
    let expected: Vec<_> = planted()
        .iter()
        .map(|fault| {
            let address = format!("Items!{}", fault.cell);
            (
                fault.cell.clone(),
                address,
                fault.field.to_owned(),
                fault.code.to_owned(),
                fault.value.clone(),
            )
        })
        .collect();
    assert_eq!(places, expected);
    assert_eq!(report["rows"]["read"], ROWS);
    assert_eq!(report["rows"]["rejected"], 40);
    assert_eq!(report["counts"]["errors"], planted().len());
    assert!(
        ran.text()
            .contains("Items!G5         \"twelve\", expected a whole number  [cell/type]"),
        "{}",
        ran.text()
    );
    for fault in planted() {
        // The sheet is named once for the cells of a group.
        let (first, other) = (
            format!("Items!{} ", fault.cell),
            format!(", {} ", fault.cell),
        );
        let is_shown = |text: &str| text.contains(&first) || text.contains(&other);
        let is_first_of_several = ran.text().contains(&format!("Items!{},", fault.cell));
        assert!(
            is_shown(ran.text()) || is_first_of_several,
            "{first} is not in\n{}",
            ran.text()
        );
    }
}

#[test]
fn a_report_in_lines_has_the_same_findings() {
    let desk = Desk::new();
    desk.run("validate dirty.xlsx --contract items.contract.json --report report.json");
    desk.run("validate dirty.xlsx --contract items.contract.json --report report.ndjson");
    let lines = fs::read_to_string(desk.path("report.ndjson")).unwrap();
    let mut lines: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for (at, line) in (1..).zip(&mut lines) {
        let line = line.as_object_mut().unwrap();
        assert_eq!(line.shift_remove("seq"), Some(at.into()));
        assert_eq!(
            line.shift_remove("import_id"),
            Some(serde_json::Value::Null)
        );
    }
    assert_eq!(
        &lines,
        desk.json("report.json")["findings"].as_array().unwrap()
    );
}

#[test]
fn the_findings_of_a_load_name_the_import_in_every_file() {
    let desk = Desk::new();
    let reports = ["r.json", "r.ndjson", "r.csv"].map(|name| format!(" --report {name}"));
    let ran = desk.run(&format!("{LOAD}{}", reports.concat()));
    assert_eq!(ran.code, 1, "{ran:?}");
    let report = desk.json("r.json");
    let import = report["load"]["import_id"].as_str().unwrap();
    let lines = fs::read_to_string(desk.path("r.ndjson")).unwrap();
    let mut imports = lines.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["import_id"].as_str().unwrap().to_owned()
    });
    assert!(imports.all(|found| found == import));
    assert_eq!(lines.lines().count(), planted().len());
    let mut records = csv::Reader::from_path(desk.path("r.csv")).unwrap();
    assert!(
        records
            .records()
            .all(|record| &record.unwrap()[0] == import)
    );
}

#[test]
fn a_report_can_look_as_that_of_frictionless() {
    let desk = Desk::new();
    let validate = "validate dirty.xlsx --contract items.contract.json --compat frictionless";
    let ran = desk.run(&format!(
        "{validate} --report theirs.json --report page.html"
    ));
    assert_eq!(ran.code, 1, "{ran:?}");
    desk.run("validate dirty.xlsx --contract items.contract.json --report ours.json");
    let (theirs, ours) = (desk.json("theirs.json"), desk.json("ours.json"));
    assert_eq!(theirs["valid"], false);
    assert_eq!(theirs["stats"]["errors"], ours["counts"]["errors"]);
    let first = &theirs["tasks"][0]["errors"][0];
    let finding = &ours["findings"][0];
    assert_eq!(
        (&first["rowNumber"], &first["fieldName"]),
        (&finding["row"], &finding["field"])
    );
    assert_eq!(first["cells"][0], finding["row_key"], "{first}");
    desk.run(&format!("{validate} --report page.html"))
        .fails(2, "--compat is about .json reports");
    assert_eq!(desk.run(validate).code, 2);
}

#[test]
fn a_clean_sheet_is_clean() {
    let desk = Desk::new();
    let ran = desk.run("validate clean.xlsx --contract items.contract.json --report -");
    assert_eq!(ran.code, 0, "{ran:?}");
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(report["findings"], serde_json::json!([]));
    assert!(
        ran.stderr.contains("accepted"),
        "the summary moves aside: {ran:?}"
    );
}

#[test]
fn a_load_happens_once() {
    let desk = Desk::new();
    let database = desk.path("inventory.db");
    let ran = desk.run(&format!("{LOAD} --dry-run"));
    assert_eq!(ran.code, 1);
    assert!(
        ran.text().contains("dry run: 0 rows changed"),
        "{}",
        ran.text()
    );
    assert!(!database.exists());

    let first = desk.run(LOAD);
    assert_eq!(first.code, 1, "{first:?}");
    assert!(
        first.text().contains(": 200 rows changed"),
        "{}",
        first.text()
    );
    for line in [
        "read                240",
        "inserted            200",
        "rejected             40",
        "cell/enum",
    ] {
        assert!(first.text().contains(line), "{line}: {}", first.text());
    }
    let table = rows(&database, "SELECT * FROM inventory ORDER BY sku");
    assert_eq!(table.len(), 200);
    let rejects = rows(&database, "SELECT row FROM _sheetlift_rejects");
    assert_eq!(rejects.len(), 40);

    let again = desk.run(&format!("{LOAD} --report again.json"));
    assert_eq!(again.code, 1, "rejected rows are still not loaded");
    assert!(
        again.text().contains("already loaded") && again.text().contains("0 rows changed"),
        "{}",
        again.text()
    );
    assert_eq!(desk.json("again.json")["load"]["state"], "already_loaded");
    assert_eq!(
        rows(&database, "SELECT * FROM inventory ORDER BY sku"),
        table
    );
    assert_eq!(
        rows(&database, "SELECT row FROM _sheetlift_rejects"),
        rejects
    );
}

#[test]
fn modes_and_tables_can_be_chosen() {
    let desk = Desk::new();
    let load = "load clean.xlsx --contract items.contract.json --to sqlite:other.db --table stock --create-table";
    assert_eq!(desk.run(load).code, 0);
    let ran = desk.run(&format!("{load} --mode upsert"));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.text().contains("unchanged           240"),
        "{}",
        ran.text()
    );
    let ran = desk.run(&format!("{load} --mode insert"));
    assert_eq!(ran.code, 1, "every key is there: {ran:?}");
    assert!(
        ran.text().contains("conflicts           240") && ran.text().contains("load/key-exists"),
        "{}",
        ran.text()
    );
    assert_eq!(
        rows(&desk.path("other.db"), "SELECT 1 FROM stock").len(),
        240
    );
}

#[test]
fn an_inferred_contract_loads_its_sheet() {
    let desk = Desk::new();
    let ran = desk.run("contract infer clean.xlsx -o new.contract.json");
    assert_eq!((ran.code, ran.stdout.len()), (0, 0), "{ran:?}");
    assert!(
        ran.stderr.contains("12 fields, primary key item_code"),
        "{ran:?}"
    );
    let printed = desk.run("contract infer clean.xlsx");
    assert_eq!(
        printed.stdout,
        fs::read(desk.path("new.contract.json")).unwrap()
    );
    let ran = desk.run("load clean.xlsx --contract new.contract.json --create-table");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.text().contains("inserted            240"),
        "{}",
        ran.text()
    );
}

#[test]
fn a_workbook_is_described() {
    let desk = Desk::new();
    let ran = desk.run("inspect clean.xlsx");
    assert_eq!(ran.code, 0);
    for line in [
        "2 sheets",
        "Items  240 rows, 12 columns",
        "  price          float",
        "Notes",
    ] {
        assert!(ran.text().contains(line), "{line}: {}", ran.text());
    }
    for flags in ["--json", "--json --full"] {
        let ran = desk.run(&format!("inspect clean.xlsx {flags}"));
        let json: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
        let sheet = &json["sheets"][0];
        assert_eq!(
            (&sheet["rows"], &sheet["rows_are"]),
            (&240.into(), &"counted".into())
        );
        assert_eq!(
            sheet["fields"][9],
            serde_json::json!({"name": "received", "type": "date"})
        );
    }
}

#[test]
fn a_large_sheet_is_described_from_its_beginning() {
    let desk = Desk::new();
    sheetlift_fixtures::bench::inventory(&desk.path("large.xlsx"), 5_000).unwrap();
    let sheet = |flags: &str| {
        let ran = desk.run(&format!("inspect large.xlsx --json {flags}"));
        serde_json::from_slice::<serde_json::Value>(&ran.stdout).unwrap()["sheets"][0].clone()
    };
    let quick = sheet("");
    assert_eq!(
        (&quick["rows"], &quick["rows_are"]),
        (&5_000.into(), &"declared".into())
    );
    assert_eq!(quick["fields_from"], "first_rows");
    let full = sheet("--full");
    assert_eq!(
        (&full["rows"], &full["rows_are"]),
        (&5_000.into(), &"counted".into())
    );
    assert_eq!(full["fields_from"], "all_rows");
}
