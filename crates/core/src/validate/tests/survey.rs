//! The order of dates, found out from the whole column.

use super::*;

/// The field `f` after a survey of these windows: findings of the column, then a value or codes for each row.
fn surveyed(field: &str, windows: &[&[Cell<'_>]]) -> (Vec<String>, Vec<String>) {
    let contract = contract(&format!(
        "fields: [{{name: f, {field}}}, {{name: n, type: integer}}]"
    ));
    let header = header(&["f", "n"]);
    let windows: Vec<Window> = (0..)
        .zip(windows)
        .map(|(number, cells)| {
            let rows: Vec<Vec<Cell<'_>>> =
                cells.iter().map(|&cell| vec![cell, Cell::Int(1)]).collect();
            window(1 + 100 * number, 2, &rows)
        })
        .collect();
    assert!(Survey::is_needed(&contract));
    let mut survey = Survey::new(&contract, &header).unwrap();
    assert_eq!(survey.projection(), [0]);
    windows.iter().for_each(|window| survey.add(window));
    let mut validator = Validator::new(&contract, &header)
        .unwrap()
        .with_survey(&survey);
    let column: Vec<String> = validator
        .header_findings()
        .iter()
        .map(|finding| {
            assert_eq!(
                (&*finding.code, finding.level),
                ("cell/date-ambiguous", Level::Warning)
            );
            format!("{}: {}", finding.address(), finding.message)
        })
        .collect();
    assert_eq!(validator.summary().warnings as usize, column.len());
    assert!(!validator.is_blocked());
    let mut rows = Vec::new();
    for window in &windows {
        let checked = validator.check(window).unwrap();
        for row in window.row_numbers() {
            let mut found = checked
                .findings
                .iter()
                .filter(|finding| finding.row == Some(row + 1));
            rows.push(
                match checked.accepted_rows.iter().position(|at| *at == row) {
                    Some(at) => value(&checked.accepted, 0, at),
                    None => found.next().unwrap().code.to_string(),
                },
            );
        }
    }
    (column, rows)
}

const INFER: &str = "type: date, sheetlift: {read: {dateOrder: infer}}";

#[test]
fn the_order_of_dates_is_that_of_the_whole_column() {
    let day = |day: i32| format!("day {day}");
    // The proof comes after the dates it decides, in another window, as a shared string.
    let (column, rows) = surveyed(
        INFER,
        &[
            &[
                text("03/04/2024"),
                Cell::Null,
                Cell::Date(45_658.0),
                text("05/05/2024"),
            ],
            &[
                Cell::Text("3/4/2024", Some(0)),
                Cell::Text("3/4/2024", Some(0)),
                Cell::Text("13/04/2024", Some(1)),
                text("2024-04-03"),
            ],
        ],
    );
    assert_eq!(column, [""; 0]);
    assert_eq!(
        rows,
        [
            day(19_816),
            "null".to_owned(),
            day(20_089),
            day(19_848),
            day(19_816),
            day(19_816),
            day(19_826),
            day(19_816)
        ]
    );
    let (column, rows) = surveyed(INFER, &[&[text("03/04/2024"), text("04/13/2024")]]);
    assert_eq!((column.len(), rows), (0, vec![day(19_786), day(19_826)]));
    let (column, rows) = surveyed(
        INFER,
        &[&[
            text("24/04/03"),
            text("24/12/13"),
            text("03/04/30"),
            text("45/01/02"),
        ]],
    );
    assert_eq!(column, [""; 0]);
    assert_eq!(rows[0], day(19_816));
    // With times of day.
    let date_time = "type: datetime, sheetlift: {read: {dateOrder: infer}}";
    let (column, rows) = surveyed(
        date_time,
        &[&[text("01/02/1970 00:00"), text("13/02/1970 00:00")]],
    );
    assert_eq!((column.len(), rows[0].as_str()), (0, "2678400000000"));
    // The point of a fraction, and one behind the date or a weekday, says nothing about day and month.
    for (field, date) in [
        (date_time, "03/04/2024 10:00:00.000"),
        (INFER, "03/04/2024."),
        (INFER, "Sat. 03/02/2024"),
    ] {
        let (column, rows) = surveyed(field, &[&[text(date)]]);
        assert_eq!((column.len(), rows[0].as_str()), (1, "cell/date-ambiguous"));
    }
    let (column, rows) = surveyed(
        date_time,
        &[&[text("01/02/1970 00:00:00.5"), text("01/13/1970 00:00:00.0")]],
    );
    assert_eq!((column.len(), rows[0].as_str()), (0, "86400500000"));
    // Points between the numbers do, and a year in front has nothing to prove.
    let (column, rows) = surveyed(INFER, &[&[text("03/04/2024"), text("03.04.2024")]]);
    assert_eq!((column.len(), rows), (0, vec![day(19_816), day(19_816)]));
    let (column, _) = surveyed(INFER, &[&[text("03/04/2024"), text("2024.04.03")]]);
    assert_eq!(column.len(), 1);
    // Nothing to decide, and nothing at all.
    let (column, rows) = surveyed(
        INFER,
        &[&[text("2024-04-03"), text("soon"), text("05/05/2024")], &[]],
    );
    assert_eq!(column, [""; 0]);
    assert_eq!(
        rows,
        [day(19_816), "cell/date-invalid".to_owned(), day(19_848)]
    );
}

#[test]
fn a_column_that_contradicts_itself_is_refused() {
    let (column, rows) = surveyed(
        INFER,
        &[
            &[text("03/04/2024"), text("31/12/2024"), text("30/12/2024")],
            &[Cell::Text("12/31/2024", Some(0)), text("2024-04-03")],
        ],
    );
    assert_eq!(
        column,
        [
            "Items!A:A: it cannot be told whether f has the day or the month first: \
        A3 (\"31/12/2024\") has the day first, A102 (\"12/31/2024\") the month first"
        ]
    );
    assert_eq!(
        rows,
        [
            "cell/date-ambiguous",
            "day 20088",
            "day 20087",
            "day 20088",
            "day 19816"
        ]
    );
    // Points are a proof as well.
    let (column, _) = surveyed(INFER, &[&[text("03.04.2024"), text("12/31/2024")]]);
    assert!(
        column[0]
            .contains("A2 (\"03.04.2024\") has the day first, A3 (\"12/31/2024\") the month first"),
        "{column:?}"
    );
}

#[test]
fn a_column_that_says_nothing_is_refused() {
    let (column, rows) = surveyed(
        INFER,
        &[
            &[text("05/05/2024"), text("03/04/2024")],
            &[text("05/06/2024")],
        ],
    );
    assert_eq!(
        column,
        [
            "Items!A:A: it cannot be told whether f has the day or the month first: \
        A3 (\"03/04/2024\") can be read in two ways, and no date of the column says which"
        ]
    );
    assert_eq!(
        rows,
        ["day 19848", "cell/date-ambiguous", "cell/date-ambiguous"]
    );
    // What means no value, or something else, says nothing.
    let field = "type: date, missingValues: ['13/01/2024'], sheetlift: {read: {dateOrder: infer, map: {14/01/2024: 2024-01-14}}}";
    let (column, _) = surveyed(
        field,
        &[&[text("13/01/2024"), text("14/01/2024"), text("03/04/2024")]],
    );
    assert_eq!(column.len(), 1);
}

#[test]
fn without_a_survey_each_date_has_to_be_clear_by_itself() {
    let (checked, _) = check(
        &format!("fields: [{{name: f, {INFER}}}]"),
        &[vec![text("03/04/2024")], vec![text("13/04/2024")]],
    );
    assert_eq!(short(&checked.findings), ["A2 cell/date-ambiguous"]);
}
