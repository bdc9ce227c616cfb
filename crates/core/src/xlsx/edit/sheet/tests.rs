//! Sheets with marks, as text.

use super::{
    super::{
        draft::Draft,
        marks::tests::marks_of,
        parts::{self, Dialect},
    },
    *,
};

const MAIN: &str = parts::MAIN[0];
const STYLES: &str = "<styleSheet><cellXfs><xf/><xf/><xf/><xf/><xf/></cellXfs></styleSheet>";

/// A sheet with marks on these cells; the first format that is made has number 5.
fn edited(xml: &str, cells: &[&str], drawing: Option<&str>) -> (Written, String) {
    let limits = Limits::default();
    let cells: Vec<(u32, u32)> = cells.iter().map(|cell| parse_cell(cell).unwrap()).collect();
    let marks = marks_of(&cells, "x");
    let mut styles = Styles::new(Draft::new("styles", STYLES), &limits).unwrap();
    let workbook = Draft::new("workbook", format!("<workbook xmlns=\"{MAIN}\"/>"));
    let edit = SheetEdit {
        marks: &marks,
        styles: &mut styles,
        dialect: Dialect::of(&workbook, &limits).unwrap(),
        drawing,
        drawings: &["rId3"],
        limits: &limits,
    };
    let mut out = Vec::new();
    let pieces = Pieces::new(xml.as_bytes(), &limits);
    let written = edit.write(pieces, &mut out).unwrap();
    (written, String::from_utf8(out).unwrap())
}

fn sheet(rows: &str) -> String {
    format!(
        "<worksheet xmlns=\"{MAIN}\"><cols><col min=\"3\" max=\"4\" style=\"2\"/></cols><sheetData>{rows}</sheetData></worksheet>"
    )
}

fn rows(rows: &str, cells: &[&str]) -> (u64, String) {
    let (written, xml) = edited(&sheet(rows), cells, None);
    let (_, inside) = xml.split_once("<sheetData>").unwrap();
    let (inside, _) = inside.split_once("</sheetData>").unwrap();
    (written.filled, inside.to_owned())
}

#[test]
fn without_marks_every_byte_stays() {
    let xml = "<?xml version='1.0'?>\r\n<!-- c --><x:worksheet xmlns:x='http://schemas.openxmlformats.org/spreadsheetml/2006/main' >\
        <x:sheetData  ><x:row\tr='1' spans = \"1:2\"><x:c r='A1' t=\"s\" ><x:v>0</x:v></x:c ></x:row><x:row/></x:sheetData>\
        <x:extLst><![CDATA[<row r=\"1\">]]>&amp;</x:extLst></x:worksheet>\n";
    assert_eq!(edited(xml, &[], None).1, xml);
    assert_eq!(edited(xml, &["A9", "B8"], None).1, xml);
}

#[test]
fn only_the_format_of_a_marked_cell_changes() {
    let found = rows(
        "<row r=\"1\" spans=\"1:2\"><c r=\"A1\" s=\"3\" t='s'><v>0</v></c><c r=\"B1\"/></row><row r=\"2\"><c r=\"A2\"/></row>",
        &["A1", "B1"],
    );
    assert_eq!(
        found,
        (2, "<row r=\"1\" spans=\"1:2\"><c r=\"A1\" t=\"s\" s=\"5\"><v>0</v></c><c r=\"B1\" s=\"6\"/></row><row r=\"2\"><c r=\"A2\"/></row>".to_owned())
    );
}

#[test]
fn rows_and_cells_may_not_say_where_they_are() {
    let found = rows(
        "<row r=\"3\"><c/><c/></row><row><c/><c><v>1</v></c></row>",
        &["B4", "A3"],
    );
    assert_eq!(
        found,
        (
            2,
            "<row r=\"3\"><c s=\"5\"/><c/></row><row><c/><c s=\"5\"><v>1</v></c></row>".to_owned()
        )
    );
}

#[test]
fn missing_cells_are_put_in_with_the_format_they_would_have() {
    let found = rows(
        "<row r=\"2\" spans=\"2:2\"><c r=\"B2\"/></row><row r=\"3\" s=\"4\" customFormat=\"1\"/>",
        &["A2", "C2", "B2", "F2", "A3"],
    );
    let expected = "<row r=\"2\"><c r=\"A2\" s=\"5\"/><c r=\"B2\" s=\"5\"/><c r=\"C2\" s=\"6\"/><c r=\"F2\" s=\"5\"/></row>\
        <row r=\"3\" s=\"4\" customFormat=\"1\"><c r=\"A3\" s=\"7\"/></row>";
    // The first format that is made is that of the cell that was met first.
    assert_eq!(found, (5, expected.to_owned()));
}

#[test]
fn of_formats_of_columns_the_first_counts() {
    let column = |min: u32, max: u32, style: u32| {
        format!("<col min=\"{min}\" max=\"{max}\" style=\"{style}\"/>")
    };
    let all = column(2, 2, 1)
        + &column(9, 3, 4)
        + &column(1, MAX_COLUMNS - 1, 2).repeat(MAX_COLUMNS as usize)
        + &column(2, u32::MAX, 3);
    let xml = format!(
        "<worksheet xmlns=\"{MAIN}\"><cols>{all}</cols><sheetData><row r=\"1\"><c r=\"D1\"/></row></sheetData></worksheet>"
    );
    let (_, found) = edited(&xml, &["A1", "B1", "C1", "D1", "XFD1"], None);
    // A format that is made has the next number: D has that of cells without one, B the first of its own, XFD the last.
    let cells = "<c r=\"A1\" s=\"6\"/><c r=\"B1\" s=\"7\"/><c r=\"C1\" s=\"6\"/><c r=\"D1\" s=\"5\"/><c r=\"XFD1\" s=\"8\"/>";
    assert!(found.contains(cells), "{}", &found[found.len() - 300..]);
}

#[test]
fn cells_that_stand_on_another_row_are_found_there() {
    let found = rows(
        "<row r=\"2\"><c r=\"A2\"/><c r=\"A7\"/></row><row><c/></row>",
        &["A7", "A8", "B2"],
    );
    assert_eq!(
        found,
        (
            2,
            "<row r=\"2\"><c r=\"A2\"/><c r=\"A7\" s=\"5\"/></row><row><c s=\"5\"/></row>"
                .to_owned()
        )
    );
}

#[test]
fn nothing_is_put_into_rows_that_come_again_or_too_late() {
    let again = "<row r=\"4\"><c r=\"A4\"/></row><row r=\"4\"><c r=\"B4\"/></row><row r=\"2\"><c r=\"B2\"/></row>";
    let found = rows(again, &["A4", "A2"]);
    let expected = again.replacen("<c r=\"A4\"/>", "<c r=\"A4\" s=\"5\"/>", 1);
    assert_eq!(found, (1, expected));
}

#[test]
fn the_drawing_is_named_where_it_belongs() {
    let of = |tail: &str| {
        let xml = format!("<worksheet xmlns=\"{MAIN}\"><sheetData/>{tail}</worksheet>");
        let (written, xml) = edited(&xml, &[], Some("id1"));
        let (_, tail) = xml.split_once("<sheetData/>").unwrap();
        (written.drawing, tail.replace("</worksheet>", ""))
    };
    const DRAWING: &str = "<legacyDrawing xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" r:id=\"id1\"/>";
    assert_eq!(of(""), (None, DRAWING.to_owned()));
    for behind in ["<tableParts/>", "<picture/><extLst></extLst>"] {
        let found = of(&format!("<drawing/>{behind}"));
        assert_eq!(found, (None, format!("<drawing/>{DRAWING}{behind}")));
    }
    let there = "<legacyDrawing r:id=\"rId3\"/><tableParts/>";
    assert_eq!(of(there), (Some("rId3".to_owned()), there.to_owned()));
    // What was named is not there.
    for lost in [
        "<legacyDrawing r:id=\"rId4\"/>",
        "<legacyDrawing xmlns:r='x' r:id='rId4' />",
        "<legacyDrawing/>",
    ] {
        let found = of(&format!("{lost}<tableParts/>"));
        assert_eq!(found, (None, format!("{DRAWING}<tableParts/>")), "{lost}");
    }
    let lost = of("<x:legacyDrawing xmlns:x='http' r:id=\"rId4\"></x:legacyDrawing>");
    let mended = DRAWING.replace(
        "<legacyDrawing",
        &format!("<x:legacyDrawing xmlns:x=\"{MAIN}\""),
    );
    let mended = mended.replace("/>", "></x:legacyDrawing>");
    assert_eq!(lost, (None, mended));
}
