//! Validation, in tables of one-line cases.

/// Tests as tables: the options of a field, and what the function that is named first says of each cell.
macro_rules! cases {
    ($look:ident; $($name:ident { $($options:literal: $($cell:expr => $expected:literal),+;)+ })+) => {$(
        #[test]
        fn $name() {
            use Cell::*;
            $($(assert_eq!($look($options, $cell), $expected, "{} {:?}", $options, $cell);)+)+
        }
    )+};
}

mod headers;
mod keys;
mod read;
mod rows;
mod survey;
mod table;
mod values;

use arrow_array::{Array, RecordBatch};

use super::*;
use crate::{
    column::{
        Cell, Window,
        window::testing::{spelled, window},
    },
    finding::Level,
};

pub(super) fn contract(yaml: &str) -> Contract {
    yaml.parse()
        .unwrap_or_else(|error| panic!("{yaml}: {error}"))
}

pub(super) fn text(text: &str) -> Cell<'_> {
    Cell::Text(text, None)
}

pub(super) fn header(labels: &[&str]) -> Header {
    let labels = labels.iter().map(|label| Some((*label).to_owned()));
    Header::new("Items".into(), Some(0), (0..).zip(labels).collect())
}

/// Validates rows that start in the second row of the sheet; the header is made of the names of the fields.
pub(super) fn check(yaml: &str, rows: &[Vec<Cell<'_>>]) -> (Checked, Summary) {
    check_as(window, yaml, rows)
}

/// The same, with texts that come from a text file.
pub(super) fn check_spelled(yaml: &str, rows: &[Vec<Cell<'_>>]) -> (Checked, Summary) {
    check_as(spelled, yaml, rows)
}

type MakeWindow = fn(u32, usize, &[Vec<Cell<'_>>]) -> Window;

fn check_as(make: MakeWindow, yaml: &str, rows: &[Vec<Cell<'_>>]) -> (Checked, Summary) {
    let contract = contract(yaml);
    let names: Vec<&str> = contract.fields.iter().map(|field| &*field.name).collect();
    let mut validator = Validator::new(&contract, &header(&names)).unwrap();
    assert_eq!(validator.header_findings(), []);
    let checked = validator.check(&make(1, names.len(), rows)).unwrap();
    assert_eq!(checked.accepted.schema(), validator.schema());
    assert_eq!(checked.accepted.num_rows(), checked.accepted_rows.len());
    let summary = validator.summary().clone();
    let told = summary.errors + summary.warnings + summary.infos;
    assert_eq!(told as usize, checked.findings.len());
    (checked, summary)
}

/// `A2 cell/minimum`, one for each finding.
pub(super) fn short(findings: &[Finding]) -> Vec<String> {
    let place = |finding: &Finding| match finding.cell() {
        Some(cell) => cell,
        None => finding
            .row
            .map_or("-".to_owned(), |row| format!("row {row}")),
    };
    findings
        .iter()
        .map(|finding| format!("{} {}", place(finding), finding.code))
        .collect()
}

/// A value as text, `null` for none.
pub(super) fn value(batch: &RecordBatch, column: usize, row: usize) -> String {
    use arrow_array::{cast::AsArray, types::*};
    use arrow_schema::DataType;
    let array = batch.column(column);
    if array.is_null(row) {
        return "null".to_owned();
    }
    match array.data_type() {
        DataType::Utf8View => format!("{:?}", array.as_string_view().value(row)),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => format!("{:?}", array.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Date32 => format!("day {}", array.as_primitive::<Date32Type>().value(row)),
        DataType::Timestamp(..) => array
            .as_primitive::<TimestampMicrosecondType>()
            .value(row)
            .to_string(),
        DataType::Time64(_) => array
            .as_primitive::<Time64MicrosecondType>()
            .value(row)
            .to_string(),
        DataType::Duration(_) => array
            .as_primitive::<DurationMicrosecondType>()
            .value(row)
            .to_string(),
        other => panic!("{other}"),
    }
}

#[test]
fn every_rule_is_documented() {
    for doc in rule_docs() {
        assert!(
            !doc.what.is_empty() && !doc.why.is_empty() && doc.example.contains(doc.key),
            "{doc:?}"
        );
    }
    for constraint in [
        "required",
        "unique",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minLength",
        "maxLength",
        "pattern",
        "enum",
        "jsonSchema",
    ] {
        assert!(
            rule_docs().iter().any(|doc| doc.key == constraint),
            "{constraint}"
        );
    }
}

#[test]
fn explains_as_one_would_to_a_colleague() {
    let yaml = "
fields:
  - {name: sku, constraints: {required: true, unique: true}}
  - {name: price, type: number, constraints: {minimum: 0}}
  - {name: unit, constraints: {enum: [pcs, kg, m]}}
  - {name: sold, type: date}";
    let rows = [
        vec![
            Cell::Text("A-1", Some(0)),
            Cell::Float(-4.5),
            Cell::Text("pc", Some(1)),
            Cell::Int(45_000),
        ],
        vec![
            Cell::Text("A-1", Some(0)),
            Cell::Text("12,50", None),
            Cell::Error("#REF!"),
            Cell::Date(45_658.0),
        ],
        vec![
            Cell::Null,
            Cell::Bool(true),
            Cell::BadString(912),
            Cell::Text("31/01/2024", None),
        ],
    ];
    let (checked, _) = check(yaml, &rows);
    let said: Vec<String> = checked
        .findings
        .iter()
        .map(|finding| format!("{}: {}", finding.address(), finding.message))
        .collect();
    assert_eq!(
        said,
        [
            "Items!B2: price is -4.5, but has to be at least 0",
            "Items!C2: unit is \"pc\", but has to be one of pcs, kg, m",
            "Items!D2: sold is 45000 (a number), but has to be a date, as YYYY-MM-DD",
            "Items!A3: sku is \"A-1\", which row 2 has already",
            "Items!B3: price is \"12,50\", but has to be a number",
            "Items!C3: unit shows the error #REF!; correct the formula, or the cells it uses",
            "Items!A4: sku is empty, but a value is required",
            "Items!B4: price is TRUE (true or false), but has to be a number",
            "Items!C4: unit refers to shared string 912, which is outside the table of 2: the file is damaged here",
            "Items!D4: sold is \"31/01/2024\", but has to be a date, as YYYY-MM-DD",
        ]
    );
    let suggestions: Vec<_> = checked
        .findings
        .iter()
        .filter_map(|finding| finding.suggestion.as_deref())
        .collect();
    assert_eq!(
        suggestions,
        [
            "pcs",
            "format the cell as a date",
            "12.50",
            "open the file in a spreadsheet program, look at this cell and save again",
            "2024-01-31"
        ]
    );
    let scores: Vec<_> = checked.findings.iter().filter_map(|f| f.score).collect();
    assert_eq!(scores, [0.67, 0.9, 0.9]);
    assert_eq!(checked.findings[0].rule, "minimum: 0");
    assert_eq!(checked.findings[0].value.as_deref(), Some("-4.5"));
    assert_eq!(
        checked.rejected[0].codes,
        ["cell/minimum", "cell/enum", "cell/date-invalid"]
    );
    assert!(
        checked.rejected[0]
            .reason
            .starts_with("price is -4.5, but has to be at least 0; unit is")
    );
    let raw = serde_json::to_string(&checked.rejected[1].raw).unwrap();
    assert_eq!(
        raw,
        r##"{"sku":"A-1","price":"12,50","unit":"#REF!","sold":"2025-01-01"}"##
    );
    assert!(
        checked
            .findings
            .iter()
            .all(|finding| finding.level == Level::Error)
    );
}
