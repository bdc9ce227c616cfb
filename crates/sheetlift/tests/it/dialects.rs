//! What the dialect of a contract, and its `locate`, do to a file.

use std::sync::{Arc, Mutex};

use crate::common::job;
use arrow_array::{Array, RecordBatch, cast::AsArray};
use sheetlift::{Contract, Job, Result};
use sheetlift_fixtures::{Book, forge::worksheet};

/// The accepted rows of a file under a contract whose fields are texts: row of the sheet, and values.
fn rows(job: Job, contract: &str) -> Result<Vec<String>> {
    let contract: Contract = contract
        .parse()
        .unwrap_or_else(|error| panic!("{contract}: {error}"));
    let found = Arc::new(Mutex::new(Vec::new()));
    let report =
        job.with_contract(contract)
            .validate_to(|batch: &RecordBatch, numbers: &[u32]| {
                for (row, number) in numbers.iter().enumerate() {
                    let values = batch.columns().iter().map(|column| {
                        let texts = column.as_string_view();
                        if texts.is_null(row) {
                            "null"
                        } else {
                            texts.value(row)
                        }
                    });
                    let values: Vec<&str> = values.collect();
                    let line = format!("{}: {}", number + 1, values.join("|"));
                    found.lock().unwrap().push(line);
                }
                Ok(())
            })?;
    assert!(report.is_clean(), "{:?}", report.findings);
    let found = found.lock().unwrap().clone();
    Ok(found)
}

fn text(dialect: &str, bytes: impl AsRef<[u8]>) -> Vec<String> {
    let contract = format!("---\n{{schema: {{fields: [{{name: a}}, {{name: b}}]}}, {dialect}}}");
    let job = Job::from_bytes(bytes.as_ref().to_vec(), "items.csv").unwrap();
    rows(job, &contract).unwrap_or_else(|error| panic!("{dialect}: {error}"))
}

#[test]
fn a_text_file_is_read_in_the_dialect_of_its_contract() {
    for (dialect, bytes, expected) in [
        (
            "dialect: {delimiter: ';'}",
            "a;b\nx,1;y,2\nz,3;w,4\n",
            &["2: x,1|y,2", "3: z,3|w,4"][..],
        ),
        ("dialect: {delimiter: '#'}", "a#b\nx#y\n", &["2: x|y"]),
        (
            "dialect: {quoteChar: \"'\"}",
            "a,b\n'x, 1',\"y\n",
            &["2: x, 1|\"y"],
        ),
        (
            "dialect: {quoteChar: ''}",
            "a,b\n\"x,y\"\n",
            &["2: \"x|y\""],
        ),
        (
            "dialect: {doubleQuote: false, escapeChar: '\\'}",
            "a,b\n\"x\\\"\",y\\,z\n",
            &["2: x\"|y,z"],
        ),
        (
            "dialect: {skipInitialSpace: true}",
            "a, b\nx, \"y, z\"\n",
            &["2: x|y, z"],
        ),
        (
            "dialect: {commentChar: '#'}",
            "# by, \"hand\na,b\n#x,y\nz,w\n\nv,u\n",
            &["4: z|w", "6: v|u"],
        ),
        (
            "dialect: {nullSequence: '\\N'}",
            "a,b\nx,\\N\n",
            &["2: x|null"],
        ),
        (
            "dialect: {commentRows: [2, 5]}",
            "a,b\nremark\nx,y\nz,w\nremark,\nv,u\n",
            &["3: x|y", "4: z|w", "6: v|u"],
        ),
        (
            "dialect: {header: false}",
            "x,y\nz,w\n",
            &["1: x|y", "2: z|w"],
        ),
        (
            "dialect: {headerRows: [2]}",
            "title,\na,b\nx,y\n",
            &["3: x|y"],
        ),
        (
            "dialect: {headerRows: [1, 3]}",
            "a,b\nremark,remark\n,\nx,y\n",
            &["4: x|y"],
        ),
        ("encoding: utf-8", "a,b\nx,y\n", &["2: x|y"]),
    ] {
        assert_eq!(text(dialect, bytes), expected, "{dialect}");
    }
    assert_eq!(text("encoding: windows-1252", b"a,b\n\xdc,y\n"), ["2: Ü|y"]);
    assert_eq!(text("encoding: cp1251", b"a,b\n\xdc,y\n"), ["2: Ь|y"]);
}

#[test]
fn labels_are_joined_as_the_contract_says() {
    let job = Job::from_bytes(&b"cost,,id\nnet,gross,\n1,2,3\n"[..], "items.csv").unwrap();
    let fields = "{name: cost:net}, {name: cost:gross}, {name: id}";
    let dialect = "{headerRows: [1, 2], headerJoin: ':'}";
    let contract = format!("---\n{{schema: {{fields: [{fields}]}}, dialect: {dialect}}}");
    assert_eq!(rows(job, &contract).unwrap(), ["3: 1|2|3"]);
}

#[test]
fn what_a_caller_says_of_a_text_file_wins() {
    let mut csv = sheetlift::CsvOptions::default();
    csv.delimiter = Some(b';');
    let job = Job::from_bytes(&b"a;b\nx;y\n"[..], "items.csv").unwrap();
    let contract = "{schema: {fields: [{name: a}, {name: b}]}, dialect: {delimiter: ','}}";
    let rows = rows(job.with_csv(csv), &format!("---\n{contract}")).unwrap();
    assert_eq!(rows, ["2: x|y"]);
}

#[test]
fn records_have_as_many_cells_as_the_header() {
    let check = |levels: &str| {
        let contract = format!(
            "---\n{{schema: {{fields: [{{name: a}}, {{name: b}}]}}, sheetlift: {{levels: {{{levels}}}}}}}"
        );
        let long = "x,y\n".repeat(2_000);
        let bytes = format!("a,b\n1,2,3\n4\n5,6,\n7,8,,,9\n,,\n{long}z\n");
        let job = Job::from_bytes(bytes.into_bytes(), "items.csv").unwrap();
        let report = job
            .with_contract(contract.parse::<Contract>().unwrap())
            .validate()
            .unwrap();
        let said = report.findings.iter().map(|finding| {
            let level = format!("{:?}", finding.level);
            format!("{level} {}: {}", finding.address(), finding.message)
        });
        (said.collect::<Vec<_>>(), report.rows.accepted)
    };
    let (said, accepted) = check("");
    assert_eq!(
        said,
        [
            "Error items!2:2: the row has 3 cells, more than the header: values may stand in the wrong columns",
            "Warning items!3:3: the row has 1 cell, fewer than the header: the last ones are empty",
            "Error items!5:5: the row has 5 cells, more than the header: values may stand in the wrong columns",
            "Warning items!2007:2007: the row has 1 cell, fewer than the header: the last ones are empty",
        ]
    );
    assert_eq!(accepted, 2_003);
    let (said, accepted) = check("row/extra-cell: info, row/missing-cell: error");
    assert!(said[0].starts_with("Info items!2:2"), "{said:?}");
    assert_eq!((said.len(), accepted), (4, 2_003));
}

/// Rows of texts, each with what its element says besides; blank texts are no cells.
fn sheet(rows: &[(&str, &[&str])]) -> String {
    let mut xml = String::new();
    for (at, (attributes, texts)) in rows.iter().enumerate() {
        let row = at + 1;
        xml += &format!("<row r=\"{row}\" {attributes}>");
        for (text, column) in texts.iter().zip('A'..).filter(|(text, _)| !text.is_empty()) {
            xml += &format!("<c r=\"{column}{row}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
        }
        xml += "</row>";
    }
    xml
}

#[test]
fn a_sheet_is_read_where_its_contract_says() {
    let located = |more: &str, rest: &str, rows_of: &[(&str, &[&str])]| {
        let fields = "schema: {fields: [{name: a}, {name: b}]}";
        let xml = worksheet(&sheet(rows_of));
        let xml = xml.replace("</sheetData>", &format!("</sheetData>{rest}"));
        let book = Book::new().sheet_xml("Items", &xml);
        rows(job(book.build()), &format!("---\n{{{fields}, {more}}}"))
            .unwrap_or_else(|error| panic!("{more}: {error}"))
    };
    let plain: &[(&str, &[&str])] = &[
        ("", &["remark"]),
        ("", &["a", "b"]),
        ("", &["x", "y"]),
        ("", &["remark"]),
        ("", &["z", "w"]),
        ("", &[]),
        ("", &["v", "u"]),
    ];
    assert_eq!(
        located("dialect: {commentRows: [1, 4]}", "", plain),
        ["3: x|y", "5: z|w", "7: v|u"]
    );
    let hidden: &[(&str, &[&str])] = &[
        ("", &["a", "b"]),
        ("hidden=\"1\"", &["x", "y"]),
        ("", &["z", "w"]),
    ];
    assert_eq!(
        located("sheetlift: {locate: {hidden: {rows: skip}}}", "", hidden),
        ["3: z|w"]
    );
    let merged: &[(&str, &[&str])] = &[("", &["a", "b"]), ("", &["x", "y"]), ("", &["", "w"])];
    let merges = "<mergeCells count=\"1\"><mergeCell ref=\"A2:A3\"/></mergeCells>";
    assert_eq!(
        located("sheetlift: {locate: {merged: down}}", merges, merged),
        ["2: x|y", "3: x|w"]
    );
    assert_eq!(
        located("dialect: {excel: {fillMergedCells: true}}", merges, merged),
        ["2: x|y", "3: x|w"]
    );
}

#[test]
fn a_table_is_found_by_its_name() {
    let fixtures = sheetlift_fixtures::manifest();
    let file = fixtures.iter().find(|file| file.name == "excel_table");
    let job = job((file.unwrap().bytes)());
    let fields = "{name: sku}, {name: name}, {name: quantity}";
    let contract =
        format!("---\n{{schema: {{fields: [{fields}]}}, sheetlift: {{locate: {{table: items}}}}}}");
    assert_eq!(
        rows(job.clone(), &contract).unwrap(),
        ["4: 001|bolt|5", "5: 002|nut|7"]
    );
    let unknown = contract.replace("table: items", "table: Item");
    let error = rows(job, &unknown).unwrap_err();
    assert!(error.to_string().contains("Item"), "{error}");
}

#[test]
fn comments_of_a_workbook_have_to_be_rows() {
    let book = Book::new().sheet("Items", &sheet(&[("", &["a"]), ("", &["x"])]));
    let contract = "---\n{schema: {fields: [{name: a}]}, dialect: {commentChar: '#'}}";
    let error = rows(job(book.build()), contract).unwrap_err();
    assert_eq!(error.code(), "contract/invalid");
    assert!(error.hint().unwrap().contains("commentRows"), "{error}");
}
