//! Contracts.

use std::sync::OnceLock;

use super::{
    limits,
    package::{MAIN, zip},
    sound,
};
use crate::{
    column::Window,
    contract::Contract,
    header::Header,
    reader::{OpenOptions, ReadOptions, Workbook},
    source::Source,
    validate::{Survey, Validator},
};

/// `data` is the text of a contract: what is written of it is read as the same contract once more, and it can be held
/// against a table.
pub fn contract(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    sound(Contract::from_str_named(text, "items"));
    let Some(contract) = sound(text.parse::<Contract>()) else {
        return;
    };
    let json = contract.to_json();
    for written in [json.to_string(), format!("{json:#}")] {
        let again: Contract = match written.parse() {
            Ok(again) => again,
            Err(error) => panic!("{error}\n{written}"),
        };
        assert_eq!(again, contract, "{written}");
        assert_eq!(again.hash(), contract.hash(), "{written}");
    }
    let (header, window) = table();
    let Some(mut survey) = sound(Survey::new(&contract, header)) else {
        return;
    };
    survey.add(window);
    let Some(validator) = sound(Validator::new(&contract, header)) else {
        return;
    };
    let mut validator = validator.with_survey(&survey);
    if validator.is_blocked() {
        return;
    }
    if let Some(checked) = sound(validator.check(window)) {
        let rows = checked.accepted.num_rows() + checked.rejected.len();
        assert_eq!(checked.accepted.num_rows(), checked.accepted_rows.len());
        assert!(rows <= window.num_rows());
        assert_eq!(validator.summary().rows_read, rows as u64);
        assert_eq!(checked.accepted.schema(), validator.schema());
    }
}

/// Columns `a` to `d` of many kinds of cells, `e` without any.
fn table() -> &'static (Header, Window) {
    static TABLE: OnceLock<(Header, Window)> = OnceLock::new();
    TABLE.get_or_init(|| {
        let sheet = sheet();
        let file = zip(&[
            (
                "xl/workbook.xml",
                b"<workbook><sheet name=\"S\" r:id=\"a\"/></workbook>",
            ),
            (
                "xl/_rels/workbook.xml.rels",
                b"<R><Relationship Id=\"a\" Type=\"/worksheet\" Target=\"s.xml\"/></R>",
            ),
            ("xl/s.xml", sheet.as_bytes()),
        ]);
        let source = Source::from_bytes(file, &limits()).expect("small");
        let workbook = Workbook::open(source, OpenOptions::default().with_limits(limits()))
            .expect("a workbook");
        let mut rows = workbook.rows(&ReadOptions::default()).expect("a sheet");
        rows.hold().expect("rows");
        let window = rows.next_window().expect("rows").expect("a row");
        (rows.header().clone(), window)
    })
}

fn sheet() -> String {
    let text = |text: &str| format!("<c t=\"str\"><v>{text}</v></c>");
    let value = |kind: &str, value: &str| format!("<c t=\"{kind}\"><v>{value}</v></c>");
    let row = |cells: &[String]| format!("<row>{}</row>", cells.concat());
    let none = || "<c/>".to_owned();
    let rows = [
        row(&["a", "b", "c", "d", "e"].map(text)),
        row(&[
            text("x"),
            value("n", "1"),
            value("n", "1.5"),
            text("2024-02-29"),
        ]),
        row(&[
            text("1.234,50 €"),
            value("b", "1"),
            text("12:30:00"),
            value("d", "2024-02-29"),
        ]),
        row(&[
            text("x"),
            value("n", "9007199254740993"),
            text("P1DT2H"),
            text("yes"),
        ]),
        row(&[]),
        row(&[
            none(),
            value("e", "#N/A"),
            value("n", "-1E300"),
            text("29/02/2024 12:30"),
        ]),
        row(&[
            text("x"),
            value("n", "1"),
            value("d", "12:30:00"),
            text("a@b.example"),
        ]),
        row(&[
            text("n/a"),
            text("2024-02"),
            value("d", "2024-02-29T12:30:00"),
            none(),
        ]),
    ];
    format!(
        "<worksheet xmlns=\"{MAIN}\"><sheetData>{}</sheetData></worksheet>",
        rows.concat()
    )
}
