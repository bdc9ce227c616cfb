//! `sheetlift cells`, and what a range that names its sheet means in every command.

use crate::common::Desk;
use sheetlift_fixtures::Book;

/// Two sheets of numbers, and a name for cells of the second one.
fn desk() -> Desk {
    let desk = Desk::new();
    let rows = |first: u32| {
        let row = |row: u32| {
            let (a, b) = (first + row * 10, first + row * 10 + 1);
            format!(
                "<row r=\"{row}\"><c r=\"A{row}\"><v>{a}</v></c><c r=\"B{row}\"><v>{b}</v></c></row>"
            )
        };
        row(1) + &row(2) + &row(3)
    };
    let names =
        "<definedNames><definedName name=\"Prices\">Two!$A$2:$B$3</definedName></definedNames>";
    let book = Book::new()
        .sheet("One", &rows(100))
        .sheet("Two", &rows(200))
        .after_sheets(names);
    desk.put("two.xlsx", &book.build());
    desk
}

/// Sheets and references of the cells, as they come.
fn places(text: &str) -> Vec<String> {
    let place = |line: &str| {
        let cell: serde_json::Value = serde_json::from_str(line).unwrap();
        format!(
            "{}!{}",
            cell["sheet"].as_str().unwrap(),
            cell["ref"].as_str().unwrap()
        )
    };
    text.lines().map(place).collect()
}

#[test]
fn cells_have_the_sheet_they_are_on() {
    let desk = desk();
    for range in [
        "Two!A2:B3",
        "two!A2:B3",
        "Prices",
        "Prices --sheet Two",
        "A2:B3 --sheet 2",
    ] {
        let ran = desk.run(&format!("cells two.xlsx --range {range}"));
        let expected = ["Two!A2", "Two!B2", "Two!A3", "Two!B3"];
        assert_eq!(places(ran.text()), expected, "{range}: {ran:?}");
    }
    let ran = desk.run("cells two.xlsx --range B3");
    assert_eq!(places(ran.text()), ["One!B3", "Two!B3"], "{ran:?}");
}

#[test]
fn a_sheet_and_a_range_of_another_one_are_refused() {
    let desk = desk();
    for range in ["Two!A2:B3", "Prices"] {
        for command in [
            "cells two.xlsx",
            "convert two.xlsx -o a.csv",
            "bench two.xlsx",
        ] {
            let ran = desk.run(&format!("{command} --sheet One --range {range}"));
            let words = format!("the range {range:?} is on sheet \"Two\", not on \"One\"");
            ran.fails(2, &words);
        }
    }
    assert!(!desk.path("a.csv").exists());
}
