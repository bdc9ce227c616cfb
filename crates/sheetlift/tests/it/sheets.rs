//! Sheets of every shape: inferred contracts, no header, rows out of order, many windows.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::common::{contract, job};
use arrow_array::RecordBatch;
use sheetlift::{HeaderRow, Job, ReadOptions};
use sheetlift_fixtures::{Book, inventory};

#[test]
fn an_inferred_contract_accepts_its_own_sheet() {
    let clean = job(inventory::clean_inventory());
    let contract = clean.infer_contract().unwrap();
    assert_eq!(contract.primary_key, [0]);
    let report = clean
        .clone()
        .with_contract(contract.clone())
        .validate()
        .unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!(report.rows.accepted, 240);
    let read_back: sheetlift::Contract = contract.to_json().to_string().parse().unwrap();
    assert_eq!(read_back.hash(), contract.hash());
}

#[test]
fn an_inferred_contract_accepts_its_own_text_file() {
    let text = "n,f,b,d,t,at,s\n1,1.0,true,2024-02-29,18:30,2024-02-29T18:30,007\n\
                -2,1e3,FALSE,2023-01-01,18:30:15.5,2024-02-29 18:30:00,tRue\n";
    let file = Job::from_bytes(text.as_bytes().to_vec(), "items.csv").unwrap();
    let contract = file.infer_contract().unwrap();
    let types: Vec<&str> = contract
        .fields
        .iter()
        .map(|field| field.field_type.name())
        .collect();
    assert_eq!(
        types,
        [
            "integer", "number", "boolean", "date", "time", "datetime", "string"
        ]
    );
    let report = file.with_contract(contract).validate().unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!(report.rows.accepted, 2);
}

#[test]
fn without_a_header_columns_are_taken_in_order() {
    let contract: sheetlift::Contract =
        "schema: {fields: [{name: a, type: integer}, {name: b, type: string}, {name: c, type: integer}]}".parse().unwrap();
    // Column B is blank: it must not move C.
    let bytes = Book::new()
        .sheet(
            "Sheet1",
            r#"<row r="1"><c r="A1"><v>1</v></c><c r="C1"><v>3</v></c></row>"#,
        )
        .build();
    let mut rows = Vec::new();
    job(bytes)
        .with_contract(contract)
        .with_read(ReadOptions::default().with_header(HeaderRow::None))
        .validate_to(|batch: &RecordBatch, _: &[u32]| {
            rows.push(format!("{:?}", batch.column(2)));
            Ok(())
        })
        .unwrap();
    assert_eq!(rows.len(), 1);
    assert!(rows[0].contains("3,"), "{rows:?}");
}

#[test]
fn rows_of_a_small_file_may_stand_in_any_order() {
    let contract: sheetlift::Contract = "schema: {fields: [{name: a, type: integer}]}"
        .parse()
        .unwrap();
    let row = |r: u32, value: &str| format!(r#"<row r="{r}"><c r="A{r}" {value}</c></row>"#);
    let label = r#"t="inlineStr"><is><t>a</t></is>"#;
    let rows =
        row(1, label) + &row(9, "><v>9</v>") + &row(3, "><v>3</v>") + &row(4, r#"t="b"><v>1</v>"#);
    let bytes = Book::new().sheet("Sheet1", &rows).build();
    let report = job(bytes).with_contract(contract).validate().unwrap();
    assert_eq!((report.rows.read, report.rows.rejected), (3, 1));
    assert_eq!(report.findings[0].address(), "Sheet1!A4");
}

#[test]
fn a_header_may_come_last_in_a_small_file_and_is_an_error_in_a_large_one() {
    let contract: sheetlift::Contract = "schema: {fields: [{name: a, type: integer}]}"
        .parse()
        .unwrap();
    let book = |rows: u32| {
        // Numbers that do not compress well.
        let number = |row: u32| row.wrapping_mul(2_654_435_761);
        let row = |r| format!(r#"<row r="{r}"><c r="A{r}"><v>{}</v></c></row>"#, number(r));
        let mut sheet: String = (2..rows + 2).map(row).collect();
        sheet += r#"<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>"#;
        let bytes = Book::new().sheet("Sheet1", &sheet).build();
        job(bytes).with_contract(contract.clone())
    };
    let report = book(10_000).validate().unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!(report.rows.accepted, 10_000);
    let error = book(60_000).validate().unwrap_err();
    assert_eq!(error.code(), "sheet/out-of-order", "{error}");
}

#[test]
fn a_large_file_is_checked_as_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("large.xlsx");
    sheetlift_fixtures::bench::inventory(&file, 20_000).unwrap();
    let job = Job::from_path(&file).unwrap().with_contract(contract());
    let windows = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&windows);
    let streamed = job
        .clone()
        .with_read(ReadOptions::default().with_batch_rows(1_000))
        .with_progress(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        })
        .validate()
        .unwrap();
    assert_eq!(
        (streamed.rows.read, windows.load(Ordering::Relaxed)),
        (20_000, 20)
    );
    assert_eq!(
        streamed.clone().without_timings().to_json(),
        job.validate().unwrap().without_timings().to_json()
    );
}
