//! The sheet that lists the findings.

use std::io::Cursor;

use sheetlift_core::{Finding, Level, Marks, ReadOptions, SheetRef, Workbook, cell_name};
use sheetlift_fixtures::Book;

use super::support::{annotate, errors, finding, on, part};

/// The sheet of findings as text.
pub(crate) fn list(copy: &[u8]) -> String {
    part(copy, "xl/worksheets/sheetlift_findings1.xml")
}

#[test]
fn the_list_has_links_and_no_formulas() {
    let bytes = Book::new().sheet("It's", "<row><c/></row>").build();
    let mut findings = errors(&["A1"]);
    findings.push(Finding {
        row: None,
        column_index: None,
        message: "=cmd|' /C calc'!A0 \u{1}_x0041_".to_owned(),
        ..findings[0].clone()
    });
    let workbook = Workbook::from_bytes(bytes.clone()).unwrap();
    let (annotated, copy) = annotate(&workbook, &findings).unwrap();
    assert_eq!((annotated.filled, annotated.listed), (1, 2));
    let list = list(&copy);
    assert!(list.contains("<hyperlink ref=\"A2\" location=\"'It''s'!A1\"/><hyperlink ref=\"A3\" location=\"'It''s'!A1\"/>"), "{list}");
    assert!(
        !list.contains("<f>")
            && list.matches(" t=\"inlineStr\"").count() == list.matches("<c ").count()
    );
    // The texts are what they were, to a reader.
    let again = Workbook::from_bytes(copy.clone()).unwrap();
    let mut texts = Vec::new();
    let options = ReadOptions::default().with_sheet(SheetRef::Index(1));
    again
        .cells(&options, &mut |cell| {
            texts.push(format!(
                "{} {:?}",
                cell_name(cell.row, cell.column),
                cell.cell
            ));
            Ok(())
        })
        .unwrap();
    let has = |start: &str, text: &str| {
        texts
            .iter()
            .any(|found| found.starts_with(start) && found.contains(text))
    };
    assert!(
        has("E2 ", "=1+1") && has("G3 ", "=cmd|' /C calc'!A0 \\u{1}_x0041_"),
        "{texts:#?}"
    );
    // Each text is in a format that says so.
    let styles = part(&copy, &part_of_styles(&copy));
    let formats: Vec<&str> = styles
        .split("<cellXfs")
        .nth(1)
        .unwrap()
        .split("<xf ")
        .skip(1)
        .collect();
    let cell = list.split("<c r=\"E2\" s=\"").nth(1).unwrap();
    let number: usize = cell[..cell.find('"').unwrap()].parse().unwrap();
    assert!(formats[number].contains("quotePrefix=\"1\""), "{styles}");
}

/// The styles part of a workbook that had none.
fn part_of_styles(copy: &[u8]) -> String {
    let name = "xl/styles.xml".to_owned();
    let types = part(copy, "[Content_Types].xml");
    assert!(types.contains(&format!("PartName=\"/{name}\"")), "{types}");
    name
}

#[test]
fn more_findings_than_a_sheet_has_links_for() {
    let bytes = Book::new().sheet("a", "<row><c/></row>").build();
    let workbook = Workbook::from_bytes(bytes).unwrap();
    let one = on("a", &finding("A1", Level::Info, "x"));
    let mut marks = Marks::new(None);
    let all = 65_003;
    (0..all).for_each(|_| marks.add(&one));
    let mut out = Cursor::new(Vec::new());
    let findings = (0..all).map(|_| one.clone());
    let annotated = workbook
        .annotate(&[SheetRef::First], marks, findings, &mut out)
        .unwrap();
    assert_eq!((annotated.listed, annotated.filled), (65_000, 1));
    assert_eq!(annotated.notes, ["3 findings are not in the list"]);
    let list = list(out.get_ref());
    assert_eq!(list.matches("<hyperlink ").count(), 65_000);
    assert!(list.contains("… and 3 more"));
}
