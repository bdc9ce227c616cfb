//! `sheetlift.locate.sheets`: what it can say, and what it cannot.

use super::super::{Contract, Sheets};
use crate::header::SheetRef;

fn read(extension: &str) -> Result<Contract, String> {
    format!("schema: {{fields: [{{name: n, type: integer}}]}}\nsheetlift: {extension}")
        .parse()
        .map_err(|error: crate::Error| error.to_string())
}

#[test]
fn several_sheets_are_named_in_three_ways() {
    let listed = vec![SheetRef::from("May"), SheetRef::Index(1)];
    for (text, expected) in [
        ("all", Sheets::All),
        ("{matching: '^20'}", Sheets::Matching("^20".to_owned())),
        ("[May, 2]", Sheets::Listed(listed)),
        ("[all]", Sheets::Listed(vec![SheetRef::from("all")])),
    ] {
        let contract = read(&format!("{{locate: {{sheets: {text}}}}}")).unwrap();
        assert_eq!(contract.locate.sheets.as_ref(), Some(&expected), "{text}");
        let again: Contract = contract.to_json().to_string().parse().unwrap();
        assert_eq!(again, contract);
        assert_ne!(again.hash(), read("{}").unwrap().hash());
    }
    let contract: Contract =
        "dialect: {sheetName: May}\nschema: {fields: [{name: n}]}\nsheetlift: {locate: {sheets: all}}"
            .parse()
            .unwrap();
    assert_eq!(contract.locate.sheet, SheetRef::First); // the more exact word counts
}

#[test]
fn what_is_no_choice_of_sheets_is_refused() {
    for (text, words) in [
        (
            "{locate: {sheets: May}}",
            "all, a list of sheets or {matching",
        ),
        ("{locate: {sheets: []}}", "no sheet is named"),
        ("{locate: {sheets: [0]}}", "expected a whole number from 1"),
        ("{locate: {sheets: ['']}}", "sheets/0"),
        (
            "{locate: {sheets: {matching: '('}}}",
            "no regular expression",
        ),
        ("{locate: {sheets: {}}}", "matching"),
        ("{locate: {sheets: {like: May}}}", "like"),
        (
            "{locate: {sheets: all, sheet: May}}",
            "both say which sheet",
        ),
        (
            "{locate: {sheets: all, table: t}}",
            "`table` is on one sheet",
        ),
        (
            "{locate: {sheets: all}, tableRules: [{id: sum, total: {field: n, cell: B1}}]}",
            "`sheets` names several",
        ),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(words), "{text}: {error}");
    }
}
