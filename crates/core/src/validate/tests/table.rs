//! Rules about the table as a whole, over two windows.

use super::*;

const FIELDS: &str =
    "fields: [{name: zip}, {name: town}, {name: qty, type: integer}, {name: price, type: number}]";

/// `code: message` of each finding, of rows and of the table.
fn findings(extension: &str, rows: &[Vec<Cell<'_>>], totals: &[Option<f64>]) -> Vec<String> {
    let contract = contract(&format!("{FIELDS}\nsheetlift: {extension}"));
    let again: Contract = contract.to_json().to_string().parse().unwrap();
    assert_eq!(again, contract, "{extension}");
    let mut validator =
        Validator::new(&contract, &header(&["zip", "town", "qty", "price"])).unwrap();
    for (rule, total) in totals.iter().enumerate() {
        validator.set_total(rule, *total);
    }
    let middle = rows.len() / 2;
    let mut found = Vec::new();
    for (first, rows) in [(1, &rows[..middle]), (1 + middle as u32, &rows[middle..])] {
        let checked = validator.check(&window(first, 4, rows)).unwrap();
        found.extend(checked.findings);
    }
    let of_rows = found.len();
    found.extend(validator.finish());
    assert!(found[of_rows..].iter().all(|finding| finding.row.is_none()));
    assert_eq!(validator.summary().errors as usize, found.len());
    let line = |finding: &Finding| {
        let row = finding
            .row
            .map_or(String::new(), |row| format!("row {row} "));
        format!("{row}{}: {}", finding.code, finding.message)
    };
    found.iter().map(line).collect()
}

fn row<'a>(zip: &'a str, town: &'a str, qty: i64, price: f64) -> Vec<Cell<'a>> {
    let text = |text: &'a str| {
        if text.is_empty() {
            Cell::Null
        } else {
            Cell::Text(text, None)
        }
    };
    vec![text(zip), text(town), Cell::Int(qty), Cell::Float(price)]
}

#[test]
fn rows_are_counted() {
    let rows = [
        row("1", "A", 1, 0.1),
        vec![Cell::Null; 4],
        row("2", "B", 2, 0.2),
        row("3", "C", 3, 0.3),
    ];
    for (rule, message) in [
        ("{minimum: 3}", ""),
        ("{maximum: 3}", ""),
        (
            "{minimum: 4}",
            "table/row-count: the table has 3 rows, but has to have at least 4 rows",
        ),
        (
            "{maximum: 2}",
            "table/row-count: the table has 3 rows, but has to have at most 2 rows",
        ),
        (
            "{minimum: 5, maximum: 9}",
            "table/row-count: the table has 3 rows, but has to have 5 to 9 rows",
        ),
    ] {
        let found = findings(
            &format!("{{tableRules: [{{id: n, rowCount: {rule}}}]}}"),
            &rows,
            &[],
        );
        assert_eq!(found.join("|"), message, "{rule}");
    }
}

#[test]
fn totals_are_compared() {
    let mut rows: Vec<_> = (0..10).map(|n| row("1", "A", n, 0.1)).collect();
    rows.push(vec![
        Cell::Text("1", None),
        Cell::Text("A", None),
        Cell::Null,
        Cell::Null,
    ]);
    for (rule, cell, message) in [
        ("{field: qty, equals: 45}", None, ""),
        (
            "{field: qty, equals: 44}",
            None,
            "table/total-mismatch: the values of qty come to 45, but have to come to 44",
        ),
        ("{field: qty, equals: 44, tolerance: 1}", None, ""),
        ("{field: price, equals: 1}", None, ""),
        (
            "{field: price, equals: 1.5}",
            None,
            "table/total-mismatch: the values of price come to 1, but have to come to 1.5",
        ),
        ("{field: qty, cell: F2}", Some(45.0), ""),
        (
            "{field: qty, cell: F2}",
            Some(46.0),
            "table/total-mismatch: the values of qty come to 45, but have to come to 46",
        ),
        (
            "{field: qty, cell: F2}",
            None,
            "table/total-mismatch: the values of qty come to 45, and F2 holds no number to compare with",
        ),
    ] {
        let extension = format!("{{tableRules: [{{id: t, total: {rule}}}]}}");
        let totals = if rule.contains("cell") {
            vec![cell]
        } else {
            Vec::new()
        };
        assert_eq!(
            findings(&extension, &rows, &totals).join("|"),
            message,
            "{rule}"
        );
    }
}

#[test]
fn what_follows_from_a_value_is_the_same_everywhere() {
    let rows = [
        row("1", "A", 1, 0.0),
        row("2", "B", 1, 0.0),
        row("1", "A", 2, 0.0),
        row("1", "", 2, 0.0),
        row("", "Z", 2, 0.0),
        row("1", "C", 2, 0.0),
    ];
    assert_eq!(
        findings(
            "{tableRules: [{id: d, dependency: {from: zip, to: town}}]}",
            &rows,
            &[]
        ),
        [
            r#"row 7 table/dependency: zip "1" stands with town "C" here, and with something else in row 2"#
        ]
    );
    let both = "{tableRules: [{id: d, dependency: {from: [zip, qty], to: [town, price]}}]}";
    assert_eq!(findings(both, &rows, &[]).len(), 1);
}

#[test]
fn rows_that_are_the_same_are_told() {
    let rows = [
        row("1", "", 1, 0.5),
        row("1", "A", 1, 0.5),
        vec![Cell::Null; 4],
        row("1", "", 1, 0.5),
        vec![Cell::Null; 4],
        row("1", "A", 1, 0.25),
        vec![Cell::Null, Cell::Null, Cell::Int(1), Cell::Null],
        vec![Cell::Null, Cell::Null, Cell::Int(1), Cell::Null],
    ];
    assert_eq!(
        findings("{tableRules: [{id: d, duplicates: true}]}", &rows, &[]),
        [
            "row 5 row/duplicate: the row is the same as row 2",
            "row 9 row/duplicate: the row is the same as row 8"
        ]
    );
}

#[test]
fn too_many_rejected_rows_are_too_many() {
    let bad = || {
        vec![
            Cell::Text("1", None),
            Cell::Null,
            Cell::Text("x", None),
            Cell::Null,
        ]
    };
    let rows = [row("1", "A", 1, 0.5), bad(), row("1", "A", 1, 0.5), bad()];
    for (limits, is_passed) in [
        ("{rejected: 2}", false),
        ("{rejected: 1}", true),
        ("{ratio: 0.5}", false),
        ("{ratio: 0.49}", true),
        ("{rejected: 9, ratio: 0.1}", true),
        ("{rejected: 0, ratio: 1}", true),
    ] {
        let found = findings(&format!("{{thresholds: {limits}}}"), &rows, &[]);
        assert_eq!(
            found.len(),
            2 + usize::from(is_passed),
            "{limits}: {found:?}"
        );
        assert!(!is_passed || found[2].starts_with("table/threshold: 2 of 4 rows were rejected"));
    }
}

#[test]
fn no_value_is_no_twin_of_zero() {
    let contract = contract(
        "fieldsMatch: subset\nfields: [{name: n, type: integer, missingValues: ['', '-99']}]\nsheetlift: {tableRules: [{id: d, duplicates: true}]}",
    );
    let mut validator = Validator::new(&contract, &header(&["n", "note"])).unwrap();
    let row = |n: Cell<'static>| vec![n, Cell::Text("x", None)];
    let rows = [
        row(Cell::Int(0)),
        row(Cell::Null),
        row(Cell::Int(-99)),
        row(Cell::Null),
        row(Cell::Int(0)),
    ];
    let found = validator.check(&window(1, 2, &rows)).unwrap().findings;
    assert_eq!(short(&found), ["A6 row/duplicate"]);
}
