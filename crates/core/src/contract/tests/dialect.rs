//! Table Dialects: what each key becomes, and what is refused.

use std::fs;

use super::parse;
use crate::{
    HeaderRow, SheetRef,
    contract::{Contract, Locate},
    csv::CsvOptions,
    reader::MergedCells,
};

/// A contract with this dialect (YAML flow).
fn with_dialect(dialect: &str) -> crate::Result<Contract> {
    parse(&format!(
        "---\n{{schema: {{fields: [{{name: a}}, {{name: b, missingValues: [x]}}]}}, dialect: {dialect}}}"
    ))
}

#[test]
fn keys_about_text_files() {
    let csv = |change: fn(&mut CsvOptions)| {
        let mut csv = CsvOptions::default();
        change(&mut csv);
        csv
    };
    for (dialect, expected) in [
        ("{}", CsvOptions::default()),
        ("{delimiter: ;}", csv(|csv| csv.delimiter = Some(b';'))),
        (
            "{delimiter: \"\\t\"}",
            csv(|csv| csv.delimiter = Some(b'\t')),
        ),
        ("{quoteChar: \"'\"}", csv(|csv| csv.quote = Some(b'\''))),
        ("{quoteChar: '\"'}", CsvOptions::default()),
        ("{quoteChar: ''}", csv(|csv| csv.no_quotes = true)),
        ("{doubleQuote: true}", CsvOptions::default()),
        (
            "{doubleQuote: false}",
            csv(|csv| csv.double_quote = Some(false)),
        ),
        ("{escapeChar: '\\'}", csv(|csv| csv.escape = Some(b'\\'))),
        ("{escapeChar: ''}", CsvOptions::default()),
        (
            "{skipInitialSpace: true}",
            csv(|csv| csv.skip_initial_space = true),
        ),
        (
            "{commentChar: '#'}",
            csv(|csv| csv.comment = Some("#".into())),
        ),
        ("{commentChar: ''}", CsvOptions::default()),
        ("{lineTerminator: \"\\r\\n\"}", CsvOptions::default()),
        (
            "{csv: {delimiter: ;}}",
            csv(|csv| csv.delimiter = Some(b';')),
        ),
        // Passed over: about other kinds of files, or of versions before.
        (
            "{property: rows, itemType: array, itemKeys: [a], table: t}",
            CsvOptions::default(),
        ),
        (
            "{csvddfVersion: 1.2, caseSensitiveHeader: false, skipBlankRows: true, headerCase: false}",
            CsvOptions::default(),
        ),
        ("{my-own: key}", CsvOptions::default()),
    ] {
        let contract = with_dialect(dialect).unwrap_or_else(|error| panic!("{dialect}: {error}"));
        assert_eq!(contract.csv, expected, "{dialect}");
        assert_eq!(contract.locate, Locate::default(), "{dialect}");
        let again = parse(&contract.to_json().to_string()).unwrap();
        assert_eq!(again, contract, "{dialect}");
        let is_default = contract.csv == CsvOptions::default();
        assert_eq!(
            contract.hash() == with_dialect("{}").unwrap().hash(),
            is_default,
            "{dialect}"
        );
    }
    let contract = with_dialect("{nullSequence: '\\N'}").unwrap();
    assert_eq!(contract.missing_values, ["", "\\N"]);
    assert_eq!(
        contract.missing_values_of(&contract.fields[1]),
        ["x", "\\N"]
    );
}

#[test]
fn keys_about_every_file() {
    let locate = |change: fn(&mut Locate)| {
        let mut locate = Locate::default();
        change(&mut locate);
        locate
    };
    for (dialect, expected) in [
        ("{header: true}", Locate::default()),
        ("{header: false}", locate(|l| l.header = HeaderRow::None)),
        ("{headerRows: []}", locate(|l| l.header = HeaderRow::None)),
        ("{headerRows: [3]}", locate(|l| l.header = HeaderRow::At(2))),
        (
            "{headerRows: [1, 2]}",
            locate(|l| l.header = HeaderRow::Rows { first: 0, last: 1 }),
        ),
        (
            "{headerRows: [1, 3], commentRows: [5]}",
            locate(|l| {
                l.header = HeaderRow::Rows { first: 0, last: 2 };
                l.omit_rows = vec![1, 4];
            }),
        ),
        ("{headerJoin: ' '}", Locate::default()),
        (
            "{headerJoin: _}",
            locate(|l| l.header_join = Some("_".into())),
        ),
        (
            "{commentRows: [3, 1, 3]}",
            locate(|l| l.omit_rows = vec![0, 2]),
        ),
        (
            "{sheetName: Items}",
            locate(|l| l.sheet = SheetRef::Name("Items".into())),
        ),
        ("{sheetNumber: 2}", locate(|l| l.sheet = SheetRef::Index(1))),
        (
            "{excel: {sheet: Items, fillMergedCells: true}}",
            locate(|l| {
                l.sheet = SheetRef::Name("Items".into());
                l.merged = MergedCells::All;
            }),
        ),
        (
            "{excel: {sheet: 2}}",
            locate(|l| l.sheet = SheetRef::Index(1)),
        ),
    ] {
        let contract = with_dialect(dialect).unwrap_or_else(|error| panic!("{dialect}: {error}"));
        assert_eq!(contract.locate, expected, "{dialect}");
        let again = parse(&contract.to_json().to_string()).unwrap();
        assert_eq!(again, contract, "{dialect}");
    }
}

#[test]
fn refuses_what_no_file_is_written_in() {
    for (dialect, part) in [
        ("{delimiter: ''}", "expected one ASCII character"),
        ("{delimiter: '::'}", "expected one ASCII character"),
        ("{delimiter: '§'}", "expected one ASCII character"),
        ("{delimiter: 1}", "expected a string"),
        (
            "{delimiter: ';', quoteChar: ';'}",
            "`quoteChar` and `delimiter` are the same",
        ),
        (
            "{delimiter: ';', csv: {escapeChar: ';'}}",
            "`escapeChar` and `delimiter` are the same",
        ),
        ("{quoteChar: ab}", "expected one ASCII character"),
        ("{doubleQuote: no}", "expected true or false"),
        ("{escapeChar: \"\\n\"}", "expected one ASCII character"),
        ("{skipInitialSpace: 1}", "expected true or false"),
        ("{commentChar: 123456789}", "expected a string"),
        (
            "{commentChar: 'a long remark'}",
            "expected the one to eight characters",
        ),
        ("{lineTerminator: ';'}", "which are all read"),
        ("{nullSequence: 0}", "expected a string"),
        ("{header: 1}", "expected true or false"),
        ("{headerRows: [0]}", "a whole number from 1"),
        ("{headerRows: [2, 1]}", "expected rows from top to bottom"),
        (
            "{headerRows: [1, 1001]}",
            "expected rows from top to bottom",
        ),
        ("{headerJoin: 1}", "expected a string"),
        ("{commentRows: 1}", "expected a list"),
        ("{commentRows: [0]}", "a whole number from 1"),
        ("{sheetNumber: 0}", "a whole number from 1"),
        ("{sheetName: 1}", "expected a string"),
        ("{sheetname: x}", "unknown key `sheetname` in a dialect"),
        ("{excel: {sheet: 0}}", "a whole number from 1"),
        ("{excel: {fillMergedCells: 1}}", "expected true or false"),
        ("dialect.json", "is a file, and this contract is none"),
    ] {
        let error = with_dialect(dialect)
            .err()
            .unwrap_or_else(|| panic!("{dialect} was accepted"));
        assert!(error.message().contains(part), "{dialect}: {error}");
    }
}

#[test]
fn schema_and_dialect_may_be_files_beside_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    };
    write("parts/schema.yaml", "fields: [{name: a}]");
    write("dialect.json", r#"{"delimiter": ";"}"#);
    let resource = write(
        "resource.yaml",
        "schema: parts/schema.yaml\ndialect: ./dialect.json",
    );
    let contract = Contract::from_path(&resource).unwrap();
    assert_eq!(contract.csv.delimiter, Some(b';'));
    assert_eq!(&*contract.fields[0].name, "a");
    write("parts/schema.yaml", "fields: [{name: 7}]");
    let error = Contract::from_path(&resource).unwrap_err();
    let file = error.location().file.clone().unwrap();
    assert!(file.ends_with("parts/schema.yaml"), "{error}");
    fs::remove_file(dir.path().join("dialect.json")).unwrap();
    write("parts/schema.yaml", "fields: [{name: a}]");
    let error = Contract::from_path(&resource).unwrap_err();
    assert!(error.to_string().contains("dialect.json"), "{error}");
}

#[test]
fn encodings_may_have_their_names_of_python() {
    for (label, known) in [
        ("UTF-8", "utf-8"),
        ("utf_8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("cp1252", "cp1252"),
        ("latin1", "latin1"),
    ] {
        let contract = parse(&format!(
            "{{\"encoding\": \"{label}\", \"schema\": {{\"fields\": [{{\"name\": \"a\"}}]}}}}"
        ));
        assert_eq!(
            contract.unwrap().csv.encoding.as_deref(),
            Some(known),
            "{label}"
        );
    }
}

#[test]
fn a_resource_that_is_no_table_has_no_schema() {
    let package = r#"{"resources": [{"name": "a", "path": "a.pdf"}, {"name": "b", "schema": {"fields": [{"name": "x"}]}}]}"#;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("datapackage.json");
    std::fs::write(&file, package).unwrap();
    assert!(crate::Contract::check_path(&file, Some("b")).is_ok());
    let faults = crate::Contract::check_path(&file, Some("a")).unwrap_err();
    assert!(
        faults[0].message().contains("key `schema` is missing"),
        "{faults:?}"
    );
}
