//! Rejected rows go back to their author in the shape they came in, and come in again.

use std::io::Cursor;

use crate::common::job;
use sheetlift::{Contract, Job, Report};
use sheetlift_fixtures::{Book, Format};

/// The rejected rows of a workbook as a workbook, and the verdict on them.
fn round(bytes: Vec<u8>, contract: &str) -> (Vec<u8>, Report) {
    let contract: Contract = contract.parse().unwrap();
    let job = job(bytes)
        .with_contract(contract.clone())
        .with_all_findings_kept(true);
    let report = job.validate().unwrap();
    let mut file = Cursor::new(Vec::new());
    let rows = job.write_rejects(&report, &mut file).unwrap();
    assert_eq!(rows, report.rows.rejected);
    let file = file.into_inner();
    let again = Job::from_bytes(file.clone(), "rejects.xlsx").unwrap();
    let again = again.with_contract(contract).validate().unwrap();
    assert_eq!(
        (again.rows.read, again.rows.rejected),
        (rows, rows),
        "{again:?}"
    );
    let codes = |report: &Report| report.counts.by_code.clone();
    let of_rows = |mut codes: std::collections::BTreeMap<String, u64>| {
        codes.retain(|code, _| !code.starts_with("header/") && !code.starts_with("info/"));
        codes
    };
    assert_eq!(of_rows(codes(&again)), of_rows(codes(&report)));
    (file, again)
}

/// Every cell of every sheet, as `sheetlift cells` shows it.
fn cells(file: Vec<u8>) -> Vec<(String, String, serde_json::Value, Option<String>)> {
    let mut lines = Vec::new();
    Job::from_bytes(file, "rejects.xlsx")
        .unwrap()
        .cells(&mut lines)
        .unwrap();
    let lines = String::from_utf8(lines).unwrap();
    let text = |line: &serde_json::Value, key: &str| line[key].as_str().map(str::to_owned);
    lines
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let at = format!(
                "{}!{}",
                text(&line, "sheet").unwrap(),
                text(&line, "ref").unwrap()
            );
            (
                at,
                text(&line, "type").unwrap(),
                line["value"].clone(),
                text(&line, "format"),
            )
        })
        .collect()
}

fn values(file: Vec<u8>) -> Vec<String> {
    let cells = cells(file).into_iter();
    cells
        .map(|(at, kind, value, _)| format!("{at} {kind} {value}"))
        .collect()
}

const AMOUNTS: &str =
    "schema: {fields: [{name: a}, {name: n, type: integer, constraints: {maximum: 9}}]}";

#[test]
fn cells_stay_what_they_are() {
    let bytes = Book::new()
        .sheet(
            "S",
            r#"<row r="1"><c r="A1" t="str"><v>a</v></c><c r="B1" t="str"><v>n</v></c><c r="D1" t="str"><v>beside</v></c></row>
               <row r="2"><c r="A2" t="str"><v>good</v></c><c r="B2"><v>1</v></c></row>
               <row r="4"><c r="A4" t="str"><v>=1+1</v></c><c r="B4"><v>10</v></c><c r="D4" t="b"><v>1</v></c><c r="E4"><v>7</v></c></row>
               <row r="5"><c r="A5"><v>1.5</v></c><c r="B5" t="e"><v>#REF!</v></c></row>
               <row r="6"><c r="A6"><v>9007199254740993</v></c><c r="B6"><v>0.1</v></c></row>"#,
        )
        .build();
    let amounts = AMOUNTS.replace("{fields", "{fieldsMatch: subset, fields");
    let (file, _) = round(
        bytes,
        &format!("{amounts}\nsheetlift: {{locate: {{header: 1}}}}"),
    );
    let found = values(file);
    // The column of reasons follows the last label; what stands beside the table has made room.
    let found: Vec<&str> = found
        .iter()
        .map(String::as_str)
        .filter(|line| !line.contains("row "))
        .collect();
    assert_eq!(
        found,
        [
            r#"S!A1 text "a""#,
            r#"S!B1 text "n""#,
            r#"S!D1 text "beside""#,
            r#"S!E1 text "sheetlift: reason""#,
            r#"S!A2 text "=1+1""#,
            "S!B2 int 10",
            "S!D2 bool true",
            "S!F2 int 7",
            "S!A3 float 1.5",
            r##"S!B3 error "#REF!""##,
            r#"S!A4 text "9007199254740993""#,
            "S!B4 float 0.1",
        ]
    );
}

#[test]
fn dates_of_1904_keep_their_day_and_their_format() {
    let bytes = Book::new()
        .date_1904()
        .formats(&[Format::Builtin(14), Format::Code("dd/mm/yyyy hh:mm")])
        .sheet(
            "S",
            r#"<row r="1"><c r="A1" t="str"><v>d</v></c><c r="B1" t="str"><v>n</v></c></row>
               <row r="2"><c r="A2" s="1"><v>0</v></c><c r="B2" t="str"><v>x</v></c></row>
               <row r="3"><c r="A3" s="2"><v>40000.5</v></c><c r="B3" t="str"><v>x</v></c></row>"#,
        )
        .build();
    let contract = "schema: {fields: [{name: d, type: any}, {name: n, type: integer}]}";
    let before: Vec<_> = cells(bytes.clone())
        .into_iter()
        .filter(|cell| cell.0.contains("!A"))
        .collect();
    let (file, _) = round(bytes, contract);
    let after: Vec<_> = cells(file)
        .into_iter()
        .filter(|cell| cell.0.contains("!A"))
        .collect();
    assert_eq!(after, before);
}

#[test]
fn rows_in_any_order_are_sorted() {
    let bytes = Book::new()
        .sheet(
            "S",
            r#"<row r="3"><c r="A3" t="str"><v>third</v></c><c r="B3"><v>30</v></c></row>
               <row r="1"><c r="A1" t="str"><v>a</v></c><c r="B1" t="str"><v>n</v></c></row>
               <row r="2"><c r="A2" t="str"><v>second</v></c><c r="B2"><v>20</v></c></row>"#,
        )
        .build();
    let (file, _) = round(bytes, AMOUNTS);
    let found = values(file);
    assert!(
        found.contains(&r#"S!A2 text "second""#.to_owned()),
        "{found:?}"
    );
    assert!(
        found.contains(&r#"S!A3 text "third""#.to_owned()),
        "{found:?}"
    );
}

#[test]
fn the_contract_finds_the_table_again() {
    let rows = r#"<row r="1"><c r="A1" t="str"><v>Title</v></c></row>
        <row r="3"><c r="B3" t="str"><v>a</v></c><c r="C3" t="str"><v>n</v></c></row>
        <row r="4"><c r="B4" t="str"><v>x</v></c><c r="C4"><v>1</v></c></row>
        <row r="5"><c r="A5" t="str"><v>note</v></c><c r="B5" t="str"><v>y</v></c><c r="C5"><v>10</v></c></row>"#;
    let named = Book::new()
        .sheet("Cover", "")
        .sheet("Stock & more", rows)
        .after_sheets("<definedNames><definedName name=\"items\">'Stock &amp; more'!$B$3:$C$5</definedName></definedNames>")
        .build();
    for locate in [
        "{sheet: Stock & more, header: 3}",
        "{sheet: 2, header: 3, range: 'B:C'}",
        "{sheet: 2, range: 'B3:C5'}",
        "{table: items}",
    ] {
        let (file, again) = round(
            named.clone(),
            &format!("{AMOUNTS}\nsheetlift:\n  locate: {locate}"),
        );
        assert_eq!(
            again.findings.last().unwrap().address(),
            "'Stock & more'!C4",
            "{locate}"
        );
        let found = values(file);
        assert!(
            found.contains(&r#"Stock & more!A1 text "Title""#.to_owned()),
            "{found:?}"
        );
    }
}

#[test]
fn a_table_without_a_header_has_no_label_for_the_reasons() {
    let rows = r#"<row r="1"><c r="A1" t="str"><v>x</v></c><c r="B1"><v>10</v></c></row>
        <row r="2"><c r="A2" t="str"><v>y</v></c><c r="B2"><v>1</v></c></row>"#;
    let contract = format!("{AMOUNTS}\nsheetlift: {{locate: {{header: false}}}}");
    let (file, _) = round(Book::new().sheet("S", rows).build(), &contract);
    assert_eq!(values(file)[..2], [r#"S!A1 text "x""#, "S!B1 int 10"]);
}

#[test]
fn a_row_that_was_emptied_is_blank_whatever_its_reason() {
    let bytes = Book::new()
        .sheet(
            "S",
            r#"<row r="1"><c r="A1" t="str"><v>a</v></c><c r="B1" t="str"><v>n</v></c><c r="C1" t="str"><v>sheetlift: reason</v></c></row>
               <row r="2"><c r="C2" t="str"><v>row 9: is gone</v></c></row>"#,
        )
        .build();
    let contract = "schema: {fieldsMatch: exact, fields: [{name: a, constraints: {required: true}}, {name: n}]}";
    let report = job(bytes)
        .with_contract(contract.parse::<Contract>().unwrap())
        .validate()
        .unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!((report.rows.read, report.rows.blank), (0, 1));
}

#[test]
fn rows_are_not_left_out_because_findings_were() {
    let contract: Contract = AMOUNTS.parse().unwrap();
    let text = format!("a,n\n{}", "x,10\n".repeat(5));
    let job = Job::from_bytes(text.into_bytes(), "a.csv")
        .unwrap()
        .with_contract(contract)
        .with_max_findings(2);
    let report = job.validate().unwrap();
    let mut out = Vec::new();
    let error = job.write_rejects_as_text(&report, &mut out).unwrap_err();
    assert_eq!(error.code(), "usage/rejects");
    let job = job.with_all_findings_kept(true);
    let rows = job
        .write_rejects_as_text(&job.validate().unwrap(), &mut out)
        .unwrap();
    assert_eq!(rows, 5);
    assert_eq!(String::from_utf8(out).unwrap().lines().count(), 6);
}

#[test]
fn what_the_table_refused_is_in_it_too() {
    let contract: Contract = "schema: {fields: [{name: a}, {name: n, type: integer}], primaryKey: a}\nsheetlift: {load: {table: t, mode: insert}}".parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let sink =
        sheetlift::connect(&format!("sqlite:{}", folder.path().join("t.db").display())).unwrap();
    let load = |text: &str| {
        let job = Job::from_bytes(text.as_bytes().to_vec(), "a.csv")
            .unwrap()
            .with_contract(contract.clone())
            .with_all_findings_kept(true);
        let report = job
            .load(
                &*sink,
                &sheetlift::LoadOptions::default().with_create_table(true),
            )
            .unwrap();
        let mut out = Vec::new();
        job.write_rejects_as_text(&report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert_eq!(load("a,n\nx,1\n").lines().count(), 1);
    let refused = load("a,n\nw,one\nx,1\ny,2\nz,three\n");
    let keys: Vec<&str> = refused
        .lines()
        .map(|line| line.split(',').next().unwrap())
        .collect();
    assert_eq!(keys, ["a", "w", "x", "z"], "{refused}");
}

#[test]
fn what_calls_itself_an_error_becomes_no_formula() {
    let bytes = Book::new()
        .sheet(
            "S",
            r#"<row r="1"><c r="A1" t="str"><v>a</v></c><c r="B1" t="str"><v>n</v></c></row>
               <row r="2"><c r="A2" t="str"><v>x</v></c><c r="B2" t="e"><v>HYPERLINK("http://example.org","x")</v></c></row>"#,
        )
        .build();
    let contract: Contract = AMOUNTS.parse().unwrap();
    let job = job(bytes)
        .with_contract(contract)
        .with_all_findings_kept(true);
    let mut file = Cursor::new(Vec::new());
    let rows = job
        .write_rejects(&job.validate().unwrap(), &mut file)
        .unwrap();
    assert_eq!(rows, 1);
    let mut lines = Vec::new();
    let job = Job::from_bytes(file.into_inner(), "rejects.xlsx").unwrap();
    job.cells(&mut lines).unwrap();
    let lines = String::from_utf8(lines).unwrap();
    assert!(
        lines.contains("HYPERLINK") && !lines.contains("\"formula\""),
        "{lines}"
    );
}
