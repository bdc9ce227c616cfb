//! Copies with marks: what of which file is in them.

use std::io::Cursor;

use crate::common::{dirty, job};
use sheetlift::{Annotated, Cell, Contract, Job, Password, Report, SheetRef, Workbook};
use sheetlift_core::{cell_name, cell_text};
use sheetlift_fixtures::{Expect, Fixture, manifest, protected};

fn copy(job: &Job, report: &Report) -> (sheetlift::Annotated, Workbook) {
    let mut out = Cursor::new(Vec::new());
    let annotated = job.annotate(report, &mut out).unwrap();
    (annotated, Workbook::from_bytes(out.into_inner()).unwrap())
}

/// Cells of a sheet: place and value in words, which are the same for an error and a text that looks like one.
fn cells(workbook: &Workbook, sheet: usize) -> Vec<String> {
    let mut cells = Vec::new();
    let options = sheetlift::ReadOptions::default().with_sheet(SheetRef::Index(sheet));
    let visited = workbook.cells(&options, &mut |cell| {
        let text = match cell.cell {
            Cell::Error(literal) => Some(literal.to_owned()),
            cell => cell_text(cell, workbook.dates()),
        };
        cells.push(format!("{} {text:?}", cell_name(cell.row, cell.column)));
        Ok(())
    });
    visited.unwrap();
    cells
}

#[test]
fn findings_that_were_not_kept_are_said() {
    let job = dirty().with_max_findings(2);
    let report = job.validate().unwrap();
    let (annotated, _) = copy(&job, &report);
    assert_eq!((annotated.filled, annotated.listed), (2, 2));
    let omitted = report.findings_omitted;
    assert_eq!(
        annotated.notes,
        [format!("{omitted} findings were not kept")]
    );
    let all = job.with_all_findings_kept(true);
    let report = all.validate().unwrap();
    let (annotated, _) = copy(&all, &report);
    assert_eq!(annotated.listed, report.counts.errors);
    assert_eq!(annotated.notes, [""; 0]);
}

#[test]
fn a_report_without_a_sheet_cannot_be_shown() {
    let job = dirty();
    let error = job.annotate(&Report::default(), Cursor::new(Vec::new()));
    assert_eq!(error.unwrap_err().code(), "report/no-sheet");
}

/// Every fixture of another format: its copy has the values that a reader has to find in it.
#[test]
fn values_of_other_formats_are_those_of_the_file() {
    let contract: Contract = "fields: [{name: none}]\nfieldsMatch: subset\n"
        .parse()
        .unwrap();
    let (mut copied, mut formats) = (0, std::collections::BTreeSet::new());
    for fixture in manifest() {
        if fixture.extension == "xlsx" || !matches!(fixture.expect, Expect::Sheets(_)) {
            continue;
        }
        let Some((found, expected)) = both(&fixture, &contract) else {
            continue;
        };
        assert_eq!(found, expected, "{}", fixture.name);
        formats.insert(fixture.extension);
        copied += 1;
    }
    assert!(copied > 40, "{copied}");
    for format in ["xls", "xlsb", "ods", "csv"] {
        assert!(formats.contains(format), "{format}");
    }
}

#[test]
fn a_copy_of_values_has_no_password() {
    let notes = |bytes: Vec<u8>, password: &str| {
        let job = Job::from_bytes(bytes, "a.xls").unwrap();
        let job = job.with_password(Password::new(password));
        let mut report = Report::default();
        report.sheet = Some(job.workbook().unwrap().sheets()[0].name.clone());
        copy(&job, &report).0.notes
    };
    for protected in protected() {
        let found = notes((protected.bytes)(), protected.password);
        assert_eq!(found[1..], [Annotated::NO_PASSWORD], "{}", protected.name);
        let found = notes((protected.plain)(), protected.password);
        assert_eq!(found.len(), 1, "{}: {found:?}", protected.name);
    }
}

/// The cells of the copy, and those of the file.
fn both(fixture: &Fixture, contract: &Contract) -> Option<(Vec<String>, Vec<String>)> {
    let job = Job::from_bytes((fixture.bytes)(), fixture.file_name()).unwrap();
    let job = job.with_contract(contract.clone());
    let workbook = job.workbook().ok()?;
    let sheet = workbook.sheet(&SheetRef::First).ok()?.name.clone();
    let place = workbook.sheets().iter().position(|s| s.name == sheet)?;
    let mut report = Report::default();
    report.sheet = Some(sheet);
    let (annotated, made) = copy(&job, &report);
    assert!(annotated.notes[0].starts_with("values only"));
    Some((cells(&made, 0), cells(&workbook, place)))
}

#[test]
fn rows_are_shown_in_the_first_column_with_a_field() {
    let rows = "<row r=\"1\"><c r=\"B1\" t=\"inlineStr\"><is><t>b</t></is></c><c r=\"C1\" t=\"inlineStr\"><is><t>c</t></is></c></row>\
        <row r=\"2\"><c r=\"B2\"><v>2</v></c><c r=\"C2\"><v>1</v></c></row>";
    let contract: Contract = "schema: {fields: [{name: b, type: integer}, {name: c, type: integer}]}\nsheetlift: {rules: [{id: order, assert: b < c}]}"
        .parse()
        .unwrap();
    let book = sheetlift_fixtures::Book::new().sheet("a", rows).build();
    let job = job(book).with_contract(contract);
    let report = job.validate().unwrap();
    assert_eq!(report.counts.errors, 1, "{report:?}");
    assert_eq!(report.findings[0].column_index, None);
    let mut out = Cursor::new(Vec::new());
    let annotated = job.annotate(&report, &mut out).unwrap();
    assert_eq!((annotated.filled, annotated.commented), (1, 1));
}

#[test]
fn a_text_file_is_marked_whatever_it_is_called() {
    let name = format!("{}.csv", "items [2025] ".repeat(4));
    let contract: Contract = "fields: [{name: qty, type: integer}]".parse().unwrap();
    let job = Job::from_bytes(b"qty\n1\ntwo\n".to_vec(), name).unwrap();
    let job = job.with_contract(contract);
    let (annotated, made) = copy(&job, &job.validate().unwrap());
    assert_eq!((annotated.filled, annotated.commented), (1, 1));
    let names: Vec<&str> = made.sheets().iter().map(|sheet| &*sheet.name).collect();
    assert_eq!(names, ["items _2025_ items _2025_ items", "Findings"]);
}
