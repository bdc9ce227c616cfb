//! Foreign keys: to another sheet, to files beside the contract, to the table itself.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use sheetlift::{Contract, Job, Report};
use sheetlift_fixtures::Book;

const ITEMS: &str = "sku,supplier,number\nA1,Acme,1\nA2,Acne,2\nA3,,\nA4,Bolts & Co,1\nA5,Acme,\n";

fn fields(key: &str, extension: &str) -> String {
    format!(
        "schema:\n  fields: [{{name: sku}}, {{name: supplier}}, {{name: number, type: integer}}]\n  foreignKeys: {key}\nsheetlift: {extension}"
    )
}

fn validate(text: &str, contract: &str, folder: Option<&std::path::Path>) -> Report {
    let contract: Contract = contract.parse().unwrap();
    let again: Contract = contract.to_json().to_string().parse().unwrap();
    assert_eq!(again, contract);
    let mut job = Job::from_bytes(text.as_bytes().to_vec(), "items.csv")
        .unwrap()
        .with_contract(contract);
    if let Some(folder) = folder {
        job = job.with_references(folder);
    }
    job.validate().unwrap()
}

/// `B3 ref/not-found`, for each finding.
fn found(report: &Report) -> Vec<String> {
    let of_rows = report
        .findings
        .iter()
        .filter(|finding| !finding.code.contains("header") && !finding.code.starts_with("info/"));
    of_rows
        .map(|finding| {
            format!(
                "{} {}",
                finding
                    .cell()
                    .unwrap_or_else(|| format!("row {}", finding.row.unwrap())),
                finding.code
            )
        })
        .collect()
}

#[test]
fn values_of_a_file_beside_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("s.csv"),
        "title\nid;name\n1;Acme\n2;Bolts & Co\n",
    )
    .unwrap();
    let names: ArrayRef = Arc::new(StringArray::from(vec!["Acme", "Bolts & Co"]));
    let ids: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
    let batch = RecordBatch::try_from_iter([("name", names), ("id", ids)]).unwrap();
    let file = std::fs::File::create(folder.path().join("s.parquet")).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    for (path, header) in [("s.csv", ", header: 2"), ("s.csv", ""), ("./s.parquet", "")] {
        let extension = format!("{{references: {{suppliers: {{path: {path}{header}}}}}}}");
        let one = fields(
            "[{fields: supplier, reference: {resource: suppliers, fields: name}}]",
            &extension,
        );
        let report = validate(ITEMS, &one, Some(folder.path()));
        assert_eq!(found(&report), ["B3 ref/not-found"], "{path}");
        let finding = &report.findings[0];
        assert_eq!(
            finding.message,
            "supplier is \"Acne\" is not in suppliers (name)".replace("is \"", "\"")
        );
        assert_eq!(
            (finding.suggestion.as_deref(), finding.score),
            (Some("Acme"), Some(0.75))
        );
        assert_eq!(finding.rule, "foreignKeys: supplier in suppliers (name)");
        let both = fields(
            "[{fields: [supplier, number], reference: {resource: suppliers, fields: [name, id]}}]",
            &extension,
        );
        // Without any value it refers to nothing; with one of two it refers to what is not there.
        let report = validate(ITEMS, &both, Some(folder.path()));
        assert_eq!(
            found(&report),
            [
                "row 3 ref/not-found",
                "row 5 ref/not-found",
                "row 6 ref/not-found"
            ]
        );
    }
}

#[test]
fn nothing_outside_the_folder_is_opened() {
    let key = "[{fields: supplier, reference: {resource: s, fields: name}}]";
    let folder = tempfile::tempdir().unwrap();
    for (path, folder, why) in [
        ("s.csv", None, "no files can here"),
        ("../s.csv", Some(folder.path()), "only files in the folder"),
        (
            "/etc/passwd",
            Some(folder.path()),
            "only files in the folder",
        ),
        (
            "https://example.org/s.csv",
            Some(folder.path()),
            "only files in the folder",
        ),
        ("s.csv", Some(folder.path()), "s.csv"),
    ] {
        let contract: Contract = fields(key, &format!("{{references: {{s: {{path: '{path}'}}}}}}"))
            .parse()
            .unwrap();
        let mut job = Job::from_bytes(ITEMS.as_bytes().to_vec(), "items.csv")
            .unwrap()
            .with_contract(contract);
        if let Some(folder) = folder {
            job = job.with_references(folder);
        }
        let error = job.validate().unwrap_err();
        assert!(error.to_string().contains(why), "{path}: {error}");
    }
}

#[test]
fn values_of_another_sheet() {
    let text = |at: &str, text: &str| format!(r#"<c r="{at}" t="str"><v>{text}</v></c>"#);
    let row = |number: u32, cells: &[&str]| {
        let cells = cells
            .iter()
            .zip('A'..)
            .map(|(cell, column)| text(&format!("{column}{number}"), cell));
        format!(r#"<row r="{number}">{}</row>"#, cells.collect::<String>())
    };
    let items = row(1, &["sku", "supplier", "number"])
        + &row(2, &["A1", "Acme", "1"])
        + &row(3, &["A2", "Acne", "2"]);
    let suppliers = row(1, &["Name"]) + &row(2, &["Acme"]);
    let bytes = Book::new()
        .sheet("Items", &items)
        .sheet("Suppliers", &suppliers)
        .build();
    for sheet in ["Suppliers", "2"] {
        let contract = fields(
            "[{fields: [supplier], reference: {resource: s, fields: [name]}}]",
            &format!("{{references: {{s: {{sheet: {sheet}}}}}, locate: {{sheet: Items}}}}"),
        );
        let contract: Contract = contract.parse().unwrap();
        let job = Job::from_bytes(bytes.clone(), "items.xlsx")
            .unwrap()
            .with_contract(contract);
        assert_eq!(
            found(&job.validate().unwrap()),
            ["B3 ref/not-found"],
            "{sheet}"
        );
    }
    let contract = fields(
        "[{fields: supplier, reference: {resource: s, fields: nome}}]",
        "{references: {s: {sheet: Suppliers}}}",
    );
    let job = Job::from_bytes(bytes, "items.xlsx")
        .unwrap()
        .with_contract(contract.parse::<Contract>().unwrap());
    let error = job.validate().unwrap_err();
    assert_eq!(error.code(), "header/missing-field", "{error}");
}

#[test]
fn a_table_may_refer_to_itself() {
    let text = "Id;Parent\n1;\n2;3\n3;1\n4;9\n5;x\n";
    let contract = "schema:\n  fields: [{name: id, type: integer}, {name: parent, type: integer}]\n  foreignKeys: [{fields: parent, reference: {fields: id}}]";
    // A row may refer to one below it.
    assert_eq!(
        found(&validate(text, contract, None)),
        ["B5 ref/not-found", "B6 cell/type"]
    );
    let warned = contract.to_owned() + "\nsheetlift: {levels: {foreignKeys: warning}}";
    let report = validate(text, &warned, None);
    assert_eq!((report.rows.accepted, report.counts.warnings), (4, 1));
}

#[test]
fn a_package_says_where_its_resources_are() {
    let folder = tempfile::tempdir().unwrap();
    let package = r#"{"resources": [
        {"name": "items", "path": "items.csv", "schema": {"fields": [{"name": "sku"}, {"name": "supplier"}, {"name": "number", "type": "integer"}],
            "foreignKeys": [{"fields": "supplier", "reference": {"resource": "suppliers", "fields": "name"}}]}},
        {"name": "suppliers", "path": "suppliers.csv", "schema": {"fields": [{"name": "name"}]}}]}"#;
    std::fs::write(
        folder.path().join("suppliers.csv"),
        "name\nAcme\nBolts & Co\n",
    )
    .unwrap();
    let contract = Contract::from_str_named(package, "items").unwrap();
    assert_eq!(
        contract.references["suppliers"].path.as_deref(),
        Some("suppliers.csv")
    );
    let job = Job::from_bytes(ITEMS.as_bytes().to_vec(), "items.csv")
        .unwrap()
        .with_contract(contract);
    let report = job.with_references(folder.path()).validate().unwrap();
    assert_eq!(found(&report), ["B3 ref/not-found"]);
}

#[test]
fn a_row_that_is_not_there_in_the_end_is_referred_to_in_vain() {
    let contract = "schema:\n  fields: [{name: id, sheetlift: {read: {case: upper}}}, {name: parent}, {name: price, type: number}]\n  foreignKeys: [{fields: parent, reference: {fields: id}}]";
    // What is compared is what is loaded: A1, whatever was written; and the first row is rejected.
    let text = "id,parent,price\nz0,,abc\na1,,1\nb1,A1,2\nc1,a1,3\nd1,Z0,4\n";
    assert_eq!(
        found(&validate(text, contract, None)),
        ["C2 cell/type", "B5 ref/not-found", "B6 ref/not-found"]
    );
    let other = "schema:\n  fields: [{name: id, type: integer}, {name: parent}]\n  foreignKeys: [{fields: parent, reference: {fields: id}}]";
    let error = other.parse::<Contract>().unwrap_err();
    assert!(error.to_string().contains("of other types"), "{error}");
}

#[test]
fn a_fraction_in_parquet_is_no_whole_number() {
    let folder = tempfile::tempdir().unwrap();
    let ids: ArrayRef = Arc::new(arrow_array::Float64Array::from(vec![1.5, 2.0]));
    let batch = RecordBatch::try_from_iter([("id", ids)]).unwrap();
    let file = std::fs::File::create(folder.path().join("s.parquet")).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let contract = |field: &str| {
        fields(
            &format!("[{{fields: {field}, reference: {{resource: s, fields: id}}}}]"),
            "{references: {s: {path: s.parquet}}}",
        )
    };
    let report = validate(ITEMS, &contract("number"), Some(folder.path()));
    assert_eq!(found(&report), ["C2 ref/not-found", "C5 ref/not-found"]);
    let contract: Contract = contract("sku").parse().unwrap();
    let job = Job::from_bytes(ITEMS.as_bytes().to_vec(), "items.csv").unwrap();
    let error = job
        .with_contract(contract)
        .with_references(folder.path())
        .validate()
        .unwrap_err();
    assert!(error.to_string().contains("id is Float64"), "{error}");
}

#[test]
fn a_resource_is_read_by_its_dialect_or_not_at_all() {
    let package = |other: &str| {
        format!(
            "resources:\n- {{name: items, schema: {{fields: [{{name: sku}}, {{name: supplier}}, {{name: number}}], foreignKeys: [{{fields: supplier, reference: {{resource: s, fields: name}}}}]}}}}\n- {{name: s, {other}}}"
        )
    };
    let of = |other: &str| Contract::from_str_named(&package(other), "items");
    let reference =
        of("path: b.xlsx, dialect: {sheetNumber: 2, headerRows: [3]}, encoding: utf-8").unwrap();
    let reference = &reference.references["s"];
    assert_eq!(reference.sheet, sheetlift::SheetRef::Index(1));
    assert_eq!(reference.header, sheetlift::HeaderRow::At(2));
    let reference = of("path: b.csv, dialect: {delimiter: ';'}").unwrap();
    assert_eq!(reference.references["s"].delimiter, Some(b';'));
    let again: Contract = reference.to_json().to_string().parse().unwrap();
    assert_eq!(again.references, reference.references);
    for other in [
        "path: [a.csv, b.csv]",
        "path: b.csv, dialect: {commentChar: '#'}",
        "path: b.csv, dialect: {header: false}",
        "path: b.csv, dialect: {headerRows: [1, 2]}",
    ] {
        assert!(of(other).is_err(), "{other}");
    }
}

#[test]
fn a_table_of_the_database_is_looked_at_when_rows_are_loaded() {
    let contract = fields(
        "[{fields: supplier, reference: {resource: s, fields: name}}, {fields: sku, reference: {resource: t, fields: sku}}]",
        "{references: {s: {table: suppliers}, t: {path: skus.csv}}, load: {table: items, key: sku}}",
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("skus.csv"), "sku\nA1\nA2\nA3\nA4\n").unwrap();
    let report = validate(ITEMS, &contract, Some(folder.path()));
    // The other foreign key is still the one that it is.
    assert_eq!(found(&report), ["A6 ref/not-found"]);
    let unseen: Vec<_> = report
        .findings
        .iter()
        .filter(|finding| finding.code == "info/reference-not-checked")
        .collect();
    assert_eq!(unseen.len(), 1);
    assert_eq!(
        unseen[0].message,
        "whether supplier is in the table suppliers (name) of the database is seen when the rows are loaded"
    );
    assert_eq!(report.counts.by_code["info/reference-not-checked"], 1);

    let path = folder.path().join("inventory.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute_batch("CREATE TABLE suppliers (name TEXT PRIMARY KEY); INSERT INTO suppliers VALUES ('Acme'), ('Bolts & Co')")
        .unwrap();
    let job = Job::from_bytes(ITEMS.as_bytes().to_vec(), "items.csv")
        .unwrap()
        .with_references(folder.path())
        .with_contract(contract.parse::<Contract>().unwrap());
    let sink = sheetlift::connect(path.to_str().unwrap()).unwrap();
    let options = sheetlift::LoadOptions::default().with_create_table(true);
    let report = job.load(&*sink, &options).unwrap();
    assert!(
        !report
            .counts
            .by_code
            .contains_key("info/reference-not-checked")
    );
    assert_eq!(report.counts.by_code["load/reference-missing"], 1);
    let load = report.load.unwrap();
    // A3 refers to nothing, and A5 was rejected.
    assert_eq!((load.inserted, load.conflicts, load.rejected), (3, 1, 1));
}
