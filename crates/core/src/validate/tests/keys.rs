//! Unique values and keys, against a plain map.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

#[test]
fn first_occurrence_keeps_the_value() {
    use Cell::*;
    let yaml = "
fields: [{name: id, type: integer}, {name: code, constraints: {unique: true}}, {name: price, type: number}]
primaryKey: id
uniqueKeys: [[code, price]]";
    let (checked, summary) = check(
        yaml,
        &[
            vec![Int(1), Text("a", Some(0)), Text("x", None)], // rejected for its price, yet id and code are taken
            vec![Int(1), Text("b", Some(1)), Int(1)],
            vec![Float(2.0), Text("a", Some(2)), Int(1)], // another index, the same text
            vec![Int(3), Text("a", None), Int(1)],
            vec![Text("3", None), Null, Int(1)],
            vec![Null, Text("", None), Int(1)],
            vec![Error("#N/A"), Null, Int(1)],
            vec![Int(4), Null, Int(1)],
            vec![Int(5), Int(7), Int(1)],
            vec![Int(6), Text("7", None), Int(1)],
        ],
    );
    let expected = [
        "C2 cell/type",
        "A3 row/primary-key",
        "B4 cell/unique",
        "B5 cell/unique",
        "row 5 row/duplicate",
        "A6 row/primary-key",
        "A7 row/primary-key",
        "A8 cell/formula-error",
        "B11 cell/unique",
        "row 11 row/duplicate",
    ];
    assert_eq!(short(&checked.findings), expected);
    assert_eq!(
        checked.findings[1].message,
        "id is 1, which row 2 has already"
    );
    assert_eq!(checked.findings[1].row_key.as_deref(), Some("1"));
    assert_eq!(
        checked.findings[4].message,
        "code \"a\" and price 1: row 4 has the same already"
    );
    assert_eq!(checked.findings[4].value.as_deref(), Some("a, 1"));
    assert_eq!(
        checked.findings[6].message,
        "id is empty, but it is part of the primary key"
    );
    assert_eq!(checked.accepted_rows, [8, 9]);
    assert_eq!(summary.by_rule["primaryKey: id"], 3);
    assert_eq!(summary.by_rule["uniqueKeys: [code, price]"], 2);
}

#[test]
fn keys_of_several_columns() {
    use Cell::*;
    let yaml = "
fields: [{name: a}, {name: b, type: boolean}, {name: c, type: date}]
primaryKey: [a, b, c]";
    let row = |a, b, day| vec![Text(a, None), Bool(b), Date(day)];
    let (checked, _) = check(
        yaml,
        &[
            row("x", true, 1.0),
            row("x", true, 2.0),
            row("x", false, 1.0),
            row("a text of more than twelve bytes", true, 1.0),
            row("a text of more than twelve bytes", true, 1.0),
            row("a text of more than twelve bytez", true, 1.0),
            row("x", true, 2.0),
            vec![Text("x", None), Null, Date(1.0)],
        ],
    );
    assert_eq!(
        short(&checked.findings),
        [
            "row 6 row/primary-key",
            "row 8 row/primary-key",
            "B9 row/primary-key"
        ]
    );
    assert_eq!(
        checked.findings[1].message,
        "a \"x\" and b TRUE and c 1900-01-02: row 3 has the same already"
    );
    assert_eq!(
        checked.findings[1].row_key.as_deref(),
        Some("x, TRUE, 1900-01-02")
    );
    assert_eq!(checked.findings[2].row_key, None);
}

#[test]
fn one_key_is_watched_once() {
    let yaml = "
fields: [{name: a, type: integer, constraints: {unique: true}}]
primaryKey: a
uniqueKeys: [[a]]";
    let (checked, _) = check(yaml, &[vec![Cell::Int(1)], vec![Cell::Int(1)]]);
    assert_eq!(short(&checked.findings), ["A3 row/primary-key"]);
}

/// Texts of both lengths, numbers that are equal as numbers, nulls.
fn cells() -> impl Strategy<Value = (u8, u8)> {
    (0..40u8, 0..4u8)
}

proptest! {
    #[test]
    fn agrees_with_a_map(rows in prop::collection::vec((cells(), 0..6i64), 1..300), window_rows in 1..100usize) {
        let texts: Vec<String> = (0..40).map(|n| if n % 3 == 0 { format!("{n}") } else { format!("a longer text, number {n}") }).collect();
        let contract = contract("---\n{fields: [{name: t, constraints: {unique: true}}, {name: n, type: integer}], uniqueKeys: [[n, t]]}");
        let mut validator = Validator::new(&contract, &header(&["t", "n"])).unwrap();
        let cells: Vec<Vec<Cell<'_>>> = rows.iter().map(|&((text, how), n)| {
            let id = u32::from(text);
            let string = texts[usize::from(text)].as_str();
            let cell = match how {
                0 => Cell::Null,
                1 => Cell::Text(string, None),
                2 => Cell::Text(string, Some(id)),
                _ => Cell::Text(string, Some(id + 40)), // the same text again in the table
            };
            vec![cell, if n == 0 { Cell::Null } else { Cell::Int(n) }]
        }).collect();
        let mut found = Vec::new();
        for (index, rows) in cells.chunks(window_rows).enumerate() {
            let checked = validator.check(&window((index * window_rows) as u32, 2, rows)).unwrap();
            found.extend(checked.findings.iter().map(|finding| (finding.row.unwrap(), finding.code.to_string(), finding.message.clone())));
        }
        let (mut single, mut double) = (HashMap::new(), HashMap::new());
        let mut expected = Vec::new();
        for (row, &((text, how), n)) in rows.iter().enumerate() {
            let row = row as u32 + 1;
            if how == 0 {
                continue;
            }
            let first = *single.entry(text).or_insert(row);
            if first != row {
                expected.push((row, "cell/unique".to_owned(), first));
            }
            let first = *double.entry((text, n)).or_insert(row);
            if n != 0 && first != row {
                expected.push((row, "row/duplicate".to_owned(), first));
            }
        }
        prop_assert_eq!(found.len(), expected.len());
        for ((row, code, message), (expected_row, expected_code, first)) in found.iter().zip(&expected) {
            prop_assert_eq!((row, code), (expected_row, expected_code));
            prop_assert!(message.contains(&format!("row {first} ")), "{} does not name row {}", message, first);
        }
    }
}

#[test]
fn many_keys_grow_the_table() {
    let contract = contract(
        "---\n{fields: [{name: a, type: integer}, {name: b}], primaryKey: a, uniqueKeys: [[b]]}",
    );
    let mut validator = Validator::new(&contract, &header(&["a", "b"])).unwrap();
    let texts: Vec<String> = (0..20_000).map(|n| format!("{n:x}")).collect();
    for round in 0..2 {
        let rows: Vec<Vec<Cell<'_>>> = (0..20_000)
            .map(|n| {
                vec![
                    Cell::Int(n * 7 - 1000),
                    Cell::Text(&texts[n as usize], None),
                ]
            })
            .collect();
        let checked = validator.check(&window(round * 20_000, 2, &rows)).unwrap();
        assert_eq!(
            checked.accepted.num_rows(),
            if round == 0 { 20_000 } else { 0 }
        );
        assert_eq!(checked.findings.len(), if round == 0 { 0 } else { 40_000 });
    }
}
