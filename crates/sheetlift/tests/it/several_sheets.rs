//! One table on several sheets: `sheetlift.locate.sheets`.

use crate::common;

use std::{io::Cursor, sync::Arc};

use arrow_array::{RecordBatch, cast::AsArray};
use rust_xlsxwriter::Workbook;
use sheetlift::{
    Contract, Job, Limits, LoadOptions, LoadState, ReadOptions, RejectedRow, Report, Verdicts,
    template_xlsx,
};
use sheetlift_fixtures::{Book, forge_ods::Ods};

const FIELDS: &str = "name: items\nschema:\n  fields: [{name: sku}, {name: qty, type: integer, constraints: {minimum: 0}}]\n  primaryKey: sku\n";

/// Sheets with their rows of texts; a text that is a number is written as one.
fn book(sheets: &[(&str, &str)]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    for (name, rows) in sheets {
        let sheet = workbook.add_worksheet();
        sheet.set_name(name.trim_start_matches('!')).unwrap();
        sheet.set_hidden(name.starts_with('!'));
        for (row, cells) in rows.lines().enumerate() {
            for (column, cell) in cells.split(',').enumerate() {
                let (row, column) = (row as u32, column as u16);
                match cell.parse::<f64>() {
                    Ok(number) => sheet.write_number(row, column, number).unwrap(),
                    Err(_) if cell.is_empty() => continue,
                    Err(_) => sheet.write_string(row, column, cell).unwrap(),
                };
            }
        }
    }
    workbook.save_to_buffer().unwrap()
}

/// Three months: another order of columns, a title above a header, and a sheet that nobody filled in.
fn months() -> Vec<u8> {
    book(&[
        ("May", "sku,qty\nA1,1\nA2,x\nA3,3"),
        ("Empty", ""),
        ("June", "Stock of June\n\nqty,sku\n4,B1\n5,A1\n-6,B3"),
        ("!Old", "sku,qty\nZ1,9"),
        ("July", "sku,qty"),
    ])
}

fn contract(sheets: &str) -> Contract {
    format!("{FIELDS}sheetlift: {{locate: {{sheets: {sheets}}}}}")
        .parse()
        .unwrap()
}

fn job(bytes: Vec<u8>, sheets: &str) -> Job {
    Job::from_bytes(bytes, "stock.xlsx")
        .unwrap()
        .with_contract(contract(sheets))
        .with_all_findings_kept(true)
}

fn told(report: &Report) -> Vec<String> {
    let findings = report.findings.iter();
    let rows = findings.filter(|finding| !finding.code.starts_with("info/"));
    rows.map(|finding| {
        format!(
            "{} {}: {}",
            finding.address(),
            finding.code,
            finding.message
        )
    })
    .collect()
}

/// Keeps what it hears.
#[derive(Default)]
struct Heard {
    lines: Vec<String>,
    sheet: Option<Arc<str>>,
}

impl Verdicts for &mut Heard {
    fn sheet(&mut self, name: &Arc<str>) -> sheetlift::Result<()> {
        self.sheet = Some(Arc::clone(name));
        Ok(())
    }

    fn accepted(&mut self, batch: &RecordBatch, rows: &[u32]) -> sheetlift::Result<()> {
        let skus = batch.column(0).as_string_view();
        let sheet = self.sheet.as_deref().unwrap();
        let line = |(at, row): (usize, &u32)| format!("{sheet}:{} {}", row + 1, skus.value(at));
        self.lines.extend(rows.iter().enumerate().map(line));
        Ok(())
    }

    fn rejected(&mut self, rows: &[RejectedRow]) -> sheetlift::Result<()> {
        let line = |row: &RejectedRow| format!("{}:{} -", row.sheet, row.row + 1);
        self.lines.extend(rows.iter().map(line));
        Ok(())
    }
}

#[test]
fn all_visible_sheets_with_cells_are_one_table() {
    let mut heard = Heard::default();
    let report = job(months(), "all").validate_to(&mut heard).unwrap();
    assert_eq!(
        (report.sheet.as_deref(), &report.sheets[..]),
        (None, &["May", "June", "July"].map(str::to_owned)[..])
    );
    assert_eq!((report.rows.read, report.rows.accepted), (6, 3));
    assert_eq!(
        told(&report),
        [
            "May!B3 cell/type: qty is \"x\", but has to be a whole number",
            "June!B5 row/primary-key: sku is \"A1\", which row 2 of sheet \"May\" has already",
            "June!A6 cell/minimum: qty is -6, but has to be at least 0",
        ]
    );
    heard.lines.sort();
    assert_eq!(
        heard.lines,
        [
            "June:4 B1",
            "June:5 -",
            "June:6 -",
            "May:2 A1",
            "May:3 -",
            "May:4 A3"
        ]
    );
    let mapped: Vec<(&str, &str, &str)> = report
        .mapping
        .iter()
        .map(|m| (m.sheet.as_deref().unwrap(), &*m.field, &*m.column))
        .collect();
    assert_eq!(
        mapped[..3],
        [
            ("May", "sku", "A"),
            ("May", "qty", "B"),
            ("June", "sku", "B")
        ]
    );
}

#[test]
fn sheets_are_chosen_by_pattern_by_list_or_by_the_options() {
    let skus = |job: Job| {
        let mut skus = Vec::new();
        job.validate_to(|batch: &RecordBatch, _: &[u32]| {
            let texts = batch.column(0).as_string_view().iter().flatten();
            skus.extend(texts.map(str::to_owned));
            Ok(())
        })
        .unwrap();
        skus.join(" ")
    };
    assert_eq!(skus(job(months(), "{matching: '^Ju'}")), "B1 A1");
    assert_eq!(skus(job(months(), "[June, Old]")), "B1 A1 Z1"); // hidden, but named
    assert_eq!(skus(job(months(), "[4, 1, may]")), "Z1 A1 A3"); // in the order of the list, each once
    let one = job(months(), "all").with_read(ReadOptions::default().with_sheet("Old"));
    assert_eq!(skus(one), "Z1");
    let text = Job::from_bytes(b"sku,qty\nT1,1\n".to_vec(), "stock.csv").unwrap();
    let text = text.with_contract(contract("{matching: '^Ju'}"));
    assert_eq!(skus(text), "T1"); // a text file has one sheet
}

#[test]
fn no_such_sheet_and_no_sheet_at_all_are_errors() {
    for (sheets, words) in [
        (
            "{matching: '^Aug'}",
            "no visible sheet has \"^Aug\" in its name",
        ),
        ("[June, August]", "there is no sheet \"August\""),
    ] {
        let error = job(months(), sheets).validate().unwrap_err();
        assert_eq!(error.code(), "sheet/not-found");
        assert!(error.to_string().contains(words), "{error}");
        let names = "the workbook has \"May\", \"Empty\", \"June\", \"Old\", \"July\"";
        assert_eq!(error.hint(), Some(names));
    }
}

/// Nothing is half loaded: a header that does not fit blocks all sheets, and each of them says what is wrong.
#[test]
fn a_sheet_that_does_not_fit_blocks_all() {
    let bytes = book(&[
        ("May", "sku,qty\nA1,1"),
        ("Notes", "remember the milk"),
        ("More", "sku,weight\nB1,2"),
    ]);
    let (dir, sink) = common::sink();
    let report = job(bytes, "all")
        .load(&*sink, &LoadOptions::default().with_create_table(true))
        .unwrap();
    assert!(report.blocked);
    assert_eq!(report.rows.read, 0);
    assert_eq!(report.load.as_ref().unwrap().state, LoadState::Blocked);
    let sheets: Vec<&str> = report.findings.iter().map(|f| &*f.sheet).collect();
    assert!(
        sheets.contains(&"Notes") && sheets.contains(&"More"),
        "{sheets:?}"
    );
    let by_code: u64 = report.counts.by_code.values().sum();
    assert_eq!(by_code, report.findings.len() as u64);
    drop(dir);
}

#[test]
fn rules_of_the_table_are_about_all_sheets() {
    let contract: Contract = format!(
        "{FIELDS}sheetlift: {{locate: {{sheets: all}}, tableRules: [{{id: rows, rowCount: {{minimum: 7}}}}, {{id: sum, total: {{field: qty, equals: 7}}}}], thresholds: {{rejected: 2}}}}"
    )
    .parse()
    .unwrap();
    let report = job(months(), "all")
        .with_contract(contract)
        .validate()
        .unwrap();
    let told: Vec<String> = told(&report).into_iter().skip(3).collect();
    assert_eq!(
        told,
        [
            "May table/row-count: the table has 6 rows, but has to have at least 7 rows",
            "May table/threshold: 3 of 6 rows were rejected, but the contract wants at most 2 rejected rows: nothing is loaded",
        ]
    );
}

#[test]
fn rows_of_all_sheets_are_loaded_once_and_their_refusals_name_the_sheet() {
    let (dir, sink) = common::sink();
    let months = months(); // every workbook tells when it was made
    let load = |sheets: &str| {
        let options = LoadOptions::default().with_create_table(true);
        job(months.clone(), sheets).load(&*sink, &options).unwrap()
    };
    let report = load("all");
    let loaded = report.load.as_ref().unwrap();
    assert_eq!((loaded.inserted, loaded.rejected), (3, 3));
    assert_eq!(load("all").load.unwrap().state, LoadState::AlreadyLoaded);
    let path = dir.path().join("inventory.db");
    let database = rusqlite::Connection::open(path).unwrap();
    let rejects: Vec<(String, u32)> = database
        .prepare("SELECT part, row FROM _sheetlift_rejects ORDER BY rowid")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let expected = [("May", 2), ("June", 4), ("June", 5)];
    assert_eq!(rejects, expected.map(|(part, row)| (part.to_owned(), row)));
    // The target refuses a row of the second sheet.
    let insert: Contract =
        format!("{FIELDS}sheetlift: {{locate: {{sheets: [July, June]}}, load: {{mode: insert}}}}")
            .parse()
            .unwrap();
    let report = job(months, "all")
        .with_contract(insert)
        .load(&*sink, &LoadOptions::default().with_create_table(true))
        .unwrap();
    let conflicts: Vec<String> = report
        .findings
        .iter()
        .filter(|finding| finding.code.starts_with("load/"))
        .map(|finding| finding.address())
        .collect();
    assert_eq!(conflicts, ["June!4:4", "June!5:5"]);
}

/// Rejected rows go back on sheets of the same names, and come in again by the same contract.
#[test]
fn rejected_rows_keep_their_sheets() {
    for (sheets, names) in [
        ("all", &["May", "June"][..]),
        ("{matching: '^(Ma|Ju)'}", &["May", "June"]),
        ("[June, May, July]", &["June", "May", "July"]),
        ("[1, 3, 4]", &["May", "(sheet 2)", "June", "Old"]),
    ] {
        let job = job(months(), sheets);
        let report = job.validate().unwrap();
        let mut file = Cursor::new(Vec::new());
        assert_eq!(job.write_rejects(&report, &mut file).unwrap(), 3);
        let again = Job::from_bytes(file.into_inner(), "rejects.xlsx").unwrap();
        let workbook = again.workbook().unwrap();
        let found: Vec<&str> = workbook.sheets().iter().map(|s| s.name.as_str()).collect();
        assert_eq!(found, names, "{sheets}");
        let again = again.with_contract(contract(sheets)).validate().unwrap();
        // The twin of A1 is alone now.
        assert_eq!(
            (again.rows.read, again.rows.rejected),
            (3, 2),
            "{sheets}: {:?}",
            told(&again)
        );
    }
}

#[test]
fn a_foreign_key_to_the_table_itself_sees_all_sheets() {
    let contract: Contract = "schema:\n  fields: [{name: sku}, {name: part_of}]\n  foreignKeys: [{fields: part_of, reference: {fields: sku}}]\nsheetlift: {locate: {sheets: all}}"
        .parse()
        .unwrap();
    let bytes = book(&[
        ("a", "sku,part_of\nA1,B1\nA2,C9"),
        ("b", "sku,part_of\nB1,A2"),
    ]);
    let report = job(bytes, "all")
        .with_contract(contract)
        .validate()
        .unwrap();
    let cells: Vec<String> = report.findings.iter().map(|f| f.address()).collect();
    assert_eq!(cells, ["a!B3"]);
}

/// What the order of days and months is, each sheet tells for itself.
#[test]
fn dates_are_looked_at_sheet_by_sheet() {
    let contract: Contract = "schema: {fields: [{name: day, type: date, sheetlift: {read: {dateOrder: infer}}}]}\nsheetlift: {locate: {sheets: all}}"
        .parse()
        .unwrap();
    let bytes = book(&[
        ("a", "day\n31/12/2024\n01/02/2024"),
        ("b", "day\n12/31/2024\n01/02/2024"),
    ]);
    let mut days = Vec::new();
    let report = job(bytes, "all")
        .with_contract(contract)
        .validate_to(|batch: &RecordBatch, _: &[u32]| {
            let array = batch
                .column(0)
                .as_primitive::<arrow_array::types::Date32Type>();
            days.extend((0..array.len()).map(|at| array.value_as_date(at).unwrap().to_string()));
            Ok(())
        })
        .unwrap();
    assert_eq!(told(&report), [""; 0]);
    assert_eq!(
        days,
        ["2024-12-31", "2024-02-01", "2024-12-31", "2024-01-02"]
    );
}

#[test]
fn a_template_has_the_sheets_of_its_contract() {
    for (sheets, expected) in [
        ("all", Ok(&["items"][..])),
        ("{matching: 'item'}", Ok(&["items", "Instructions"])),
        ("{matching: '.'}", Ok(&["items"])),
        ("[May, June]", Ok(&["May", "June", "Instructions"])),
        (
            "{matching: '^20'}",
            Err("\"items\", which \"^20\" does not match"),
        ),
        ("[1, 2]", Err("numbers its sheets")),
    ] {
        let contract = contract(sheets);
        let made = template_xlsx(&contract);
        match expected {
            Err(words) => {
                let error = made.unwrap_err().to_string();
                assert!(error.contains(words), "{error}");
            }
            Ok(names) => {
                let job = Job::from_bytes(made.unwrap(), "template.xlsx").unwrap();
                let workbook = job.workbook().unwrap();
                let sheets = workbook.sheets().iter();
                let visible = sheets.filter(|s| s.visibility == sheetlift::Visibility::Visible);
                let found: Vec<&str> = visible.map(|s| s.name.as_str()).collect();
                assert_eq!(found, names);
                let report = job.with_contract(contract).validate().unwrap();
                assert!(!report.blocked && report.findings.is_empty(), "{report:?}");
            }
        }
    }
}

#[test]
fn the_name_of_the_table_is_that_of_a_sheet_where_there_is_one() {
    let report = job(months(), "[May]").validate().unwrap();
    assert_eq!(
        (report.sheet.as_deref(), report.sheets.len()),
        (Some("May"), 0)
    );
    assert_eq!(report.mapping[0].sheet, None);
}

/// The rows to read, and what a file may ask of us, are those of all sheets together.
#[test]
fn limits_hold_for_the_table() {
    let read = ReadOptions::default().with_limit(4);
    let job_of = |sheets: &str| job(months(), sheets);
    let report = job_of("all").with_read(read).validate().unwrap();
    assert_eq!((report.rows.read, report.rows.rejected), (4, 1));
    let limits = |rows: u64| {
        let mut limits = Limits::default();
        limits.max_rows = rows;
        limits
    };
    assert!(job_of("all").with_limits(limits(6)).validate().is_ok());
    let error = job_of("all").with_limits(limits(5)).validate().unwrap_err();
    assert!(error.to_string().contains("max_rows"), "{error}");
}

/// The texts of a workbook are read once, however many of its sheets are.
#[test]
fn texts_are_read_once_for_all_sheets() {
    let rows: String = (0..40_000)
        .map(|row| format!("\nitem number {row},1"))
        .collect();
    let rows = format!("sku,qty{rows}");
    let sheets: Vec<(String, String)> = (0..8)
        .map(|at| match at {
            0 => ("s0".to_owned(), rows.clone()),
            _ => (format!("s{at}"), format!("sku,qty\nonly {at},1")),
        })
        .collect();
    let named: Vec<(&str, &str)> = sheets.iter().map(|(n, r)| (&**n, &**r)).collect();
    let bytes = book(&named);
    let mut limits = Limits::default();
    limits.max_total_inflated_bytes = 14 << 20; // one table has 2 MB, the large sheet 4 MB
    let job = job(bytes, "all").with_limits(limits);
    let report = job.validate().unwrap();
    assert_eq!((report.rows.read, report.rows.rejected), (40_007, 0));
}

#[test]
fn two_sheets_of_one_name_are_no_table() {
    let row = "<row><c t=\"inlineStr\"><is><t>sku</t></is></c><c t=\"inlineStr\"><is><t>qty</t></is></c></row>";
    let bytes = Book::new().sheet("May", row).sheet("May", row).build();
    let error = job(bytes, "all").validate().unwrap_err();
    assert_eq!(error.code(), "sheet/ambiguous");
}

/// A copy with marks has a list of findings: no sheet of the table.
#[test]
fn an_annotated_copy_comes_back() {
    let job = job(months(), "all");
    let report = job.validate().unwrap();
    let mut copy = Cursor::new(Vec::new());
    let annotated = job.annotate(&report, &mut copy).unwrap();
    assert_eq!((annotated.listed, annotated.filled), (3, 3));
    let again = Job::from_bytes(copy.into_inner(), "annotated.xlsx").unwrap();
    let again = again.with_contract(contract("all")).validate().unwrap();
    assert_eq!(told(&again), told(&report));
}

#[test]
fn names_that_excel_does_not_take_are_kept_as_far_as_they_can_be() {
    let row = |cells: [&str; 2]| {
        let cell = |text: &str| {
            format!(
                "<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>"
            )
        };
        format!(
            "<table:table-row>{}{}</table:table-row>",
            cell(cells[0]),
            cell(cells[1])
        )
    };
    let rows = format!("{}{}", row(["sku", "qty"]), row(["A", "x"]));
    let (one, two) = (
        "Stock of the first warehouse in May",
        "Stock of the first warehouse in June",
    );
    let bytes = Ods::new()
        .sheet(one, &rows)
        .sheet(two, &rows.replace(">A<", ">B<"))
        .build();
    let write = |sheets: &str| {
        let job = Job::from_bytes(bytes.clone(), "stock.ods").unwrap();
        let job = job
            .with_contract(contract(sheets))
            .with_all_findings_kept(true);
        let report = job.validate().unwrap();
        assert_eq!(report.rows.rejected, 2);
        let mut file = Cursor::new(Vec::new());
        job.write_rejects(&report, &mut file)
            .map(|rows| (rows, file.into_inner()))
    };
    for sheets in ["all", "{matching: '^Stock'}"] {
        let (rows, file) = write(sheets).unwrap();
        assert_eq!(rows, 2);
        let again = Job::from_bytes(file, "rejects.xlsx").unwrap();
        let again = again.with_contract(contract(sheets)).validate().unwrap();
        assert_eq!(again.rows.read, 2);
    }
    let error = write("{matching: '(May|June)$'}").unwrap_err();
    assert_eq!(error.code(), "usage/rejects");
    assert!(
        error.to_string().contains("finds it by its name"),
        "{error}"
    );
}

#[test]
fn frictionless_has_a_task_for_each_sheet() {
    let job = job(months(), "[May, June]");
    let mut out = Vec::new();
    job.validate()
        .unwrap()
        .write_frictionless(&job, &mut out)
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let tasks = report["tasks"].as_array().unwrap();
    let told: Vec<String> = tasks
        .iter()
        .flat_map(|task| {
            let errors = task["errors"].as_array().unwrap().iter();
            errors.map(|error| {
                format!(
                    "{} {} {} {}",
                    task["name"], task["labels"], error["fieldNumber"], error["cells"]
                )
            })
        })
        .collect();
    assert_eq!(
        told,
        [
            r#""items: May" ["sku","qty"] 2 ["A2","x"]"#,
            r#""items: June" ["qty","sku"] null ["5","A1"]"#,
            r#""items: June" ["qty","sku"] 1 ["-6","B3"]"#,
        ]
    );
    assert_eq!(report["stats"]["errors"], 3);
}

/// More findings than are held at once, in sheets that are written in another order than they were read in.
#[test]
fn many_rejected_rows_of_several_sheets_go_back() {
    let rows = |name: &str| -> String {
        let rows =
            (0..7_000).map(|row| format!("\n{name}{row},{}", if row % 7 == 6 { "1" } else { "x" }));
        format!("sku,qty{}", rows.collect::<String>())
    };
    let (a, b, c) = (rows("a"), rows("b"), rows("c"));
    let bytes = book(&[("A", &a), ("B", &b), ("C", &c)]);
    for sheets in ["all", "[3, 1, 2]"] {
        let job = job(bytes.clone(), sheets);
        let report = job.validate().unwrap();
        let mut file = Cursor::new(Vec::new());
        assert_eq!(job.write_rejects(&report, &mut file).unwrap(), 18_000);
        let again = Job::from_bytes(file.into_inner(), "rejects.xlsx").unwrap();
        let again = again.with_contract(contract(sheets)).validate().unwrap();
        assert_eq!(
            (again.rows.read, again.rows.rejected),
            (18_000, 18_000),
            "{sheets}"
        );
    }
}
