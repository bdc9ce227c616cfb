//! `validate --annotated`: a copy of the workbook with its faults marked. (What is in it, openpyxl and LibreOffice tell: `oracle`.)

use std::fs;

use crate::common::Desk;
use sheetlift_fixtures::inventory::planted;

const CHECK: &str = "validate dirty.xlsx --contract items.contract.json";

#[test]
fn the_copy_is_a_workbook_with_one_more_sheet() {
    let desk = Desk::new();
    let ran = desk.run(&format!("{CHECK} --annotated out.xlsx"));
    assert_eq!(ran.code, 1, "{ran:?}");
    let faults = planted().len();
    let said = format!(
        "out.xlsx: {faults} cells coloured, {faults} comments, {faults} findings in the sheet \"Findings\"\n"
    );
    assert_eq!(ran.stderr, said);
    let listed = desk.run("inspect out.xlsx --json");
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let sheets = listed["sheets"].as_array().unwrap();
    assert_eq!(sheets.last().unwrap()["name"], "Findings");
    // The copy is checked as the original was.
    let again = desk.run("validate out.xlsx --contract items.contract.json --report again.json");
    assert_eq!(again.code, 1, "{again:?}");
    desk.run(&format!("{CHECK} --report report.json"));
    let (first, again) = (desk.json("report.json"), desk.json("again.json"));
    assert_eq!(first["findings"], again["findings"]);
    assert_eq!(
        desk.files(),
        [
            "again.json",
            "clean.xlsx",
            "dirty.xlsx",
            "items.contract.json",
            "out.xlsx",
            "report.json"
        ]
    );
}

#[test]
fn the_original_is_never_written_over() {
    let desk = Desk::new();
    let before = fs::read(desk.path("dirty.xlsx")).unwrap();
    for (name, words) in [
        ("dirty.xlsx", "which is read"),
        ("./dirty.xlsx", "which is read"),
        ("out.xlsm", "let it end in .xlsx"),
        ("out.html", "let it end in .xlsx"),
        ("-", "standard output"),
    ] {
        let ran = desk.run(&format!("{CHECK} --annotated {name}"));
        ran.fails(2, words);
    }
    assert_eq!(fs::read(desk.path("dirty.xlsx")).unwrap(), before);
    assert_eq!(desk.files().len(), 3);
}

#[test]
fn a_file_of_another_kind_gives_a_workbook_of_its_values() {
    let desk = Desk::new();
    desk.put("items.csv", b"sku,qty\nA-1,1\nA-2,two\n=1+1,3\n");
    desk.put(
        "c.json",
        br#"{"fields": [{"name": "sku"}, {"name": "qty", "type": "integer"}]}"#,
    );
    let ran = desk.run("validate items.csv --contract c.json --annotated out.xlsx");
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.stderr.contains("1 cell coloured") && ran.stderr.contains("; values only: "),
        "{ran:?}"
    );
    let cells = desk.run("cells out.xlsx --sheet 1");
    let cells: Vec<serde_json::Value> = cells
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let values: Vec<_> = cells.iter().map(|cell| &cell["value"]).collect();
    assert_eq!(
        values,
        ["sku", "qty", "A-1", "1", "A-2", "two", "=1+1", "3"]
    );
    assert!(cells.iter().all(|cell| cell.get("formula").is_none()));
}

#[test]
fn a_clean_sheet_has_a_copy_without_marks() {
    let desk = Desk::new();
    let ran = desk.run("validate clean.xlsx --contract items.contract.json --annotated out.xlsx");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("0 cells coloured"), "{ran:?}");
}
