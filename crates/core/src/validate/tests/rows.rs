//! Rows: blank, accepted, rejected; totals.

use super::*;
use crate::contract::{OF_FIELDS, OF_ROWS};

const YAML: &str = "
fields:
  - {name: id, type: integer, constraints: {required: true}}
  - {name: name, missingValues: ['', n/a]}
  - {name: price, type: number, constraints: {minimum: 0}}";

#[test]
fn passes_over_blank_rows() {
    use Cell::*;
    let (checked, summary) = check(
        YAML,
        &[
            vec![Null, Null, Null],
            vec![Int(1), Null, Null],
            vec![Text("  ", None), Text("", Some(0)), Null],
            vec![Null, Text("n/a", None), Null],
            vec![Null, Null, Error("#N/A")],
            vec![Null, Null, Null],
        ],
    );
    assert_eq!(checked.accepted_rows, [2]);
    assert_eq!(
        short(&checked.findings),
        [
            "A5 cell/required",
            "A6 cell/required",
            "C6 cell/formula-error"
        ]
    );
    assert_eq!(
        (
            summary.rows_read,
            summary.rows_accepted,
            summary.rows_rejected,
            summary.rows_blank
        ),
        (3, 1, 2, 3)
    );
}

#[test]
fn a_note_beside_the_table_is_no_blank_row() {
    let contract = contract(
        "---\n{fieldsMatch: subset, fields: [{name: id, type: integer, constraints: {required: true}}]}",
    );
    let mut validator = Validator::new(&contract, &header(&["id", "note"])).unwrap();
    let rows = [
        vec![Cell::Null, Cell::Text("total below", None)],
        vec![Cell::Null, Cell::Null],
        vec![Cell::Int(1), Cell::Null],
    ];
    let checked = validator.check(&window(1, 2, &rows)).unwrap();
    assert_eq!(short(&checked.findings), ["A2 cell/required"]);
    assert_eq!(checked.accepted_rows, [3]);
}

#[test]
fn rejects_rows_and_counts_everything() {
    use Cell::*;
    let (checked, summary) = check(
        YAML,
        &[
            vec![Int(1), Text("a", Some(0)), Float(1.5)],
            vec![Text("x", None), Text("b", Some(1)), Float(-1.0)],
            vec![Int(3), Text("n/a", None), Int(2)],
            vec![Int(4), Int(5), Float(-2.0)],
        ],
    );
    assert_eq!(
        short(&checked.findings),
        ["A3 cell/type", "C3 cell/minimum", "C5 cell/minimum"]
    );
    assert_eq!(checked.accepted_rows, [1, 3]);
    let accepted: Vec<String> = (0..2)
        .map(|row| {
            (0..3)
                .map(|column| value(&checked.accepted, column, row))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    assert_eq!(accepted, ["1 \"a\" 1.5", "3 null 2.0"]);
    assert_eq!(
        checked
            .rejected
            .iter()
            .map(|row| row.row)
            .collect::<Vec<_>>(),
        [2, 4]
    );
    let json = serde_json::to_value(&summary).unwrap();
    assert_eq!(
        json["by_code"],
        serde_json::json!({"cell/minimum": 2, "cell/type": 1})
    );
    assert_eq!(
        json["by_rule"],
        serde_json::json!({"minimum: 0": 2, "type: integer": 1})
    );
    assert_eq!(json["by_field"], serde_json::json!({"id": 1, "price": 2}));
    assert_eq!((summary.errors, summary.rows_rejected), (3, 2));
}

#[test]
fn caps_findings_and_counts_on() {
    let contract = contract(YAML);
    let bad = vec![vec![Cell::Int(1), Cell::Null, Cell::Int(-1)]; 2];
    for wants_rejected in [true, false] {
        let mut validator = Validator::new(&contract, &header(&["id", "name", "price"]))
            .unwrap()
            .with_max_findings(3)
            .with_rejected(wants_rejected);
        let mut found = Vec::new();
        for n in 0..3 {
            let checked = validator.check(&window(n * 2, 3, &bad)).unwrap();
            assert_eq!(checked.rejected.len(), if wants_rejected { 2 } else { 0 });
            found.push(checked.findings.len());
        }
        assert_eq!(found, [2, 1, 0]);
        let summary = validator.summary();
        assert_eq!((summary.errors, summary.rows_rejected), (6, 6));
        assert_eq!((summary.rows_read, summary.rows_accepted), (6, 0));
    }
}

#[test]
fn cuts_long_values() {
    let long = "ä".repeat(500);
    let (checked, _) = check(
        "fields: [{name: a, constraints: {maxLength: 3}}]",
        &[vec![Cell::Text(&long, None)]],
    );
    let finding = &checked.findings[0];
    assert_eq!(finding.value.as_ref().unwrap().chars().count(), 200);
    assert!(finding.message.chars().count() < 140, "{}", finding.message);
    assert_eq!(checked.rejected[0].raw["a"], long);
}

#[test]
fn windows_without_rows_or_columns_are_fine() {
    let (checked, _) = check(YAML, &[]);
    assert_eq!(
        (checked.accepted.num_rows(), checked.findings.len()),
        (0, 0)
    );
    let contract = contract("---\n{fieldsMatch: superset, fields: [{name: a}, {name: b}]}");
    let mut validator = Validator::new(&contract, &header(&["b"])).unwrap();
    let checked = validator
        .check(&window(0, 1, &[vec![Cell::Null], vec![Cell::Int(1)]]))
        .unwrap();
    assert_eq!(checked.accepted_rows, [1]);
}

#[test]
fn verdicts_do_not_leak_from_one_workbook_to_the_next() {
    let contract =
        contract("fields: [{name: a, constraints: {enum: [x]}}, {name: n, type: integer}]");
    let mut validator = Validator::new(&contract, &header(&["a", "n"])).unwrap();
    for (text, number, findings) in [("x", "1", 0), ("y", "z", 2), ("x", "2", 0)] {
        let rows = [vec![Cell::Text(text, Some(0)), Cell::Text(number, Some(1))]];
        assert_eq!(
            validator
                .check(&window(0, 2, &rows))
                .unwrap()
                .findings
                .len(),
            findings
        );
    }
}

#[test]
fn only_errors_reject_a_row() {
    let contract = contract(
        "
schema:
  fields:
    - {name: id, constraints: {required: true, unique: true}, sheetlift: {levels: {unique: warning}}}
    - {name: price, type: number, constraints: {required: true, minimum: 0}, sheetlift: {levels: {cell/minimum: info}}}
    - {name: sold, type: date, constraints: {required: true}, sheetlift: {levels: {required: warning}}}
  uniqueKeys: [[id, price]]
sheetlift: {levels: {type: warning, row/duplicate: info}}",
    );
    let mut validator = Validator::new(&contract, &header(&["id", "price", "sold"])).unwrap();
    let text = |text| Cell::Text(text, None);
    let day = Cell::Date(45_658.0);
    let rows = [
        vec![text("A"), Cell::Float(1.0), day],
        vec![text("A"), Cell::Float(1.0), day],
        vec![text("B"), Cell::Float(-1.0), text("soon")],
        vec![text("C"), text("cheap"), Cell::Null],
        vec![Cell::Null, Cell::Float(-1.0), day],
        vec![text("D"), Cell::Float(4.0), Cell::Null],
    ];
    let checked = validator.check(&window(1, 3, &rows)).unwrap();
    let said: Vec<String> = checked
        .findings
        .iter()
        .map(|finding| format!("{:?} {} {}", finding.level, finding.address(), finding.code))
        .collect();
    assert_eq!(
        said,
        [
            "Warning Items!A3 cell/unique",
            "Info Items!3:3 row/duplicate",
            "Info Items!B4 cell/minimum",
            // `type` is a key of the contract, and the code of a date that is none is another one.
            "Warning Items!C4 cell/date-invalid",
            "Warning Items!C4 cell/required",
            "Warning Items!B5 cell/type",
            "Error Items!B5 cell/required",
            "Warning Items!C5 cell/required",
            "Error Items!A6 cell/required",
            "Info Items!B6 cell/minimum",
            "Warning Items!C7 cell/required",
        ]
    );
    assert_eq!(checked.accepted_rows, [1, 2, 3, 6]);
    assert_eq!(value(&checked.accepted, 2, 2), "null");
    let rejected: Vec<_> = checked
        .rejected
        .iter()
        .map(|row| (row.row, &row.codes[..], row.reason.contains("cheap")))
        .collect();
    assert_eq!(
        rejected,
        [
            (4, &["cell/required"][..], true),
            (5, &["cell/required"][..], false)
        ]
    );
    let nullable: Vec<bool> = validator
        .schema()
        .fields()
        .iter()
        .map(|field| field.is_nullable())
        .collect();
    assert_eq!(nullable, [false, false, true]);
    let summary = validator.summary();
    assert_eq!((summary.errors, summary.warnings, summary.infos), (2, 6, 3));
    assert_eq!((summary.rows_accepted, summary.rows_rejected), (4, 2));
}

#[test]
fn a_key_without_value_is_always_an_error() {
    let contract = contract(
        "
schema: {fields: [{name: id, constraints: {required: true}}, {name: n, type: integer}], primaryKey: id}
sheetlift: {levels: {required: info}}",
    );
    let mut validator = Validator::new(&contract, &header(&["id", "n"])).unwrap();
    let checked = validator
        .check(&window(1, 2, &[vec![Cell::Null, Cell::Int(1)]]))
        .unwrap();
    assert_eq!(short(&checked.findings), ["A2 row/primary-key"]);
    assert_eq!(checked.rejected.len(), 1);
}

#[test]
fn levels_are_given_for_what_there_is() {
    let known = |name: &str| {
        let misfits = [
            "cell/number-locale",
            "cell/precision",
            "cell/date-invalid",
            "cell/date-ambiguous",
            "cell/formula-error",
        ];
        let docs = rule_docs().iter();
        misfits.contains(&name)
            || ["row/extra-cell", "row/missing-cell"].contains(&name)
            || docs.clone().any(|doc| doc.key == name || doc.code == name)
            || name == "categories"
    };
    for name in OF_FIELDS.into_iter().chain(OF_ROWS) {
        assert!(known(name), "{name}");
    }
    for doc in rule_docs() {
        let is_listed = |name| OF_FIELDS.contains(&name) || OF_ROWS.contains(&name);
        let is_key = doc.key == "primaryKey";
        assert_eq!(is_listed(doc.key), !is_key, "{}", doc.key);
        assert_eq!(is_listed(doc.code), !is_key, "{}", doc.code);
    }
}

#[test]
fn rules_about_rows() {
    let contract = contract(
        "
schema: {fields: [{name: price, type: number}, {name: cost, type: number}, {name: unit}, {name: note}]}
sheetlift:
  rules:
    - {id: margin, assert: price >= cost}
    - {id: note, when: 'unit == \"kg\"', assert: note != null, level: warning, message: 'a note is missing for {price} {unit}'}",
    );
    let mut validator =
        Validator::new(&contract, &header(&["price", "cost", "unit", "note"])).unwrap();
    let text = |text| Cell::Text(text, None);
    let rows = [
        vec![Cell::Float(2.0), Cell::Int(1), text("kg"), text("a")],
        vec![Cell::Float(1.0), Cell::Int(2), text("kg"), Cell::Null],
        vec![Cell::Float(1.0), Cell::Null, text("m"), Cell::Null],
        vec![Cell::Null, Cell::Null, Cell::Null, Cell::Null],
        vec![text("cheap"), Cell::Int(2), text("m"), text("b")],
    ];
    let checked = validator.check(&window(1, 4, &rows)).unwrap();
    let said: Vec<String> = checked
        .findings
        .iter()
        .map(|finding| {
            format!(
                "{:?} {} {}: {}",
                finding.level,
                finding.address(),
                finding.rule,
                finding.message
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            "Error Items!3:3 margin: price >= cost: price is 1, cost is 2: price >= cost does not hold",
            "Warning Items!3:3 note: note != null: a note is missing for 1 kg",
            "Error Items!A6 type: number: price is \"cheap\", but has to be a number",
        ]
    );
    assert_eq!(checked.findings[0].code, "row/rule-failed");
    assert_eq!(checked.findings[0].value.as_deref(), Some("1, 2"));
    assert_eq!(checked.accepted_rows, [1, 3]);
    assert_eq!(validator.summary().by_rule["margin: price >= cost"], 1);
}

#[test]
fn a_table_may_end_before_its_sheet() {
    use Cell::*;
    let rule = |stop: &str| {
        let yaml =
            format!("fields: [{{name: a}}, {{name: b}}]\nsheetlift: {{locate: {{stop: {stop}}}}}");
        Validator::new(&contract(&yaml), &header(&["a", "b"])).unwrap()
    };
    // Two windows, with a blank row at the end of the first and one at the start of the second.
    let first = window(1, 2, &[vec![Text("x", None), Null], vec![Null, Null]]);
    let second = window(
        3,
        2,
        &[
            vec![Null, Text("", None)],
            vec![Null, Text("Total 7", Some(0))],
            vec![Int(7), Null],
        ],
    );
    for (stop, rows) in [
        ("{blankRows: 1}", vec![1]),
        ("{blankRows: 2}", vec![1]),
        ("{blankRows: 3}", vec![1, 4, 5]),
        ("{matching: ^Total}", vec![1]),
        ("{matching: '^7$'}", vec![1, 4]),
        ("{matching: total}", vec![1, 4, 5]),
        ("{blankRows: 9, matching: '(?i)total'}", vec![1]),
    ] {
        let mut validator = rule(stop);
        let mut accepted = validator.check(&first).unwrap().accepted_rows;
        accepted.extend(validator.check(&second).unwrap().accepted_rows);
        assert_eq!(accepted, rows, "{stop}");
        assert_eq!(validator.has_ended(), rows.last() != Some(&5), "{stop}");
        assert_eq!(validator.summary().rows_read, rows.len() as u64, "{stop}");
        assert!(
            !validator.has_ended() || validator.check(&second).unwrap().accepted_rows.is_empty()
        );
    }
}
