//! Findings, copies, and what is in them.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

use sheetlift_core::{
    Annotated, Finding, FormulaText, Level, Marks, ReadOptions, Result, SheetKind, SheetRef,
    Workbook, cell_name, parse_cell,
};
use sheetlift_fixtures::{Book, forge};

/// A finding of a cell (`B2`).
pub(crate) fn finding(cell: &str, level: Level, message: &str) -> Finding {
    let (row, column) = parse_cell(cell).unwrap();
    Finding {
        level,
        code: "cell/type".into(),
        rule: "type: integer".to_owned(),
        sheet: "Items".into(),
        row: Some(row + 1),
        column_index: Some(column),
        column: Some("qty".into()),
        field: Some("qty".into()),
        row_key: None,
        value: Some("=1+1".to_owned()),
        expected: "a whole number".to_owned(),
        message: message.to_owned(),
        suggestion: Some("2".to_owned()),
        score: Some(0.9),
    }
}

pub(crate) fn errors(cells: &[&str]) -> Vec<Finding> {
    let findings = cells.iter();
    findings
        .map(|cell| finding(cell, Level::Error, &format!("{cell} is <wrong> & \"bad\"")))
        .collect()
}

/// The same finding on a sheet.
pub(crate) fn on(sheet: &str, finding: &Finding) -> Finding {
    Finding {
        sheet: sheet.into(),
        ..finding.clone()
    }
}

/// A copy with these findings marked on the sheets.
pub(crate) fn annotate_sheets(
    workbook: &Workbook,
    sheets: &[SheetRef],
    findings: &[Finding],
) -> Result<(Annotated, Vec<u8>)> {
    let mut marks = Marks::new(None);
    findings.iter().for_each(|finding| marks.add(finding));
    let mut out = Cursor::new(Vec::new());
    let annotated = workbook.annotate(sheets, marks, findings.iter().cloned(), &mut out)?;
    Ok((annotated, out.into_inner()))
}

/// A copy with these findings marked on the first sheet, whatever sheet they say they are of.
pub(crate) fn annotate(workbook: &Workbook, findings: &[Finding]) -> Result<(Annotated, Vec<u8>)> {
    let sheet = &workbook.sheet(&SheetRef::First)?.name;
    let findings: Vec<Finding> = findings.iter().map(|finding| on(sheet, finding)).collect();
    annotate_sheets(workbook, &[SheetRef::First], &findings)
}

pub(crate) fn annotated(bytes: &[u8], cells: &[&str]) -> (Annotated, Vec<u8>) {
    let workbook = Workbook::from_bytes(bytes.to_vec()).unwrap();
    annotate(&workbook, &errors(cells)).unwrap()
}

/// Parts by name, as another reader unpacks them.
pub(crate) fn parts(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut parts = BTreeMap::new();
    for place in 0..archive.len() {
        let mut entry = archive.by_index(place).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        assert!(
            parts
                .insert(entry.name().unwrap().replace('\\', "/"), bytes)
                .is_none(),
            "two parts have one name"
        );
    }
    parts
}

pub(crate) fn part(bytes: &[u8], name: &str) -> String {
    let part = parts(bytes).remove(name);
    String::from_utf8(part.unwrap_or_else(|| panic!("there is no {name}"))).unwrap()
}

/// Parts that differ between a workbook and its copy, and those that are new.
pub(crate) fn changes(before: &[u8], after: &[u8]) -> (Vec<String>, Vec<String>) {
    let (before, after) = (parts(before), parts(after));
    let lost: Vec<&String> = before
        .keys()
        .filter(|name| !after.contains_key(*name))
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
    let new = after.keys().filter(|name| !before.contains_key(*name));
    let changed = before
        .iter()
        .filter(|(name, bytes)| after[*name] != **bytes);
    (
        changed.map(|(name, _)| name.clone()).collect(),
        new.cloned().collect(),
    )
}

/// Every cell of the sheets that a workbook had before: place, value, number format, formula.
pub(crate) fn all_cells(workbook: &Workbook, sheets: usize) -> Vec<String> {
    let mut cells = Vec::new();
    for sheet in 0..sheets {
        if workbook.sheets()[sheet].kind != SheetKind::Worksheet {
            continue;
        }
        let options = ReadOptions::default().with_sheet(SheetRef::Index(sheet));
        let visited = workbook.cells(&options, &mut |cell| {
            let formula = match cell.formula {
                FormulaText::Text(text) => text,
                FormulaText::Untold => "?",
                FormulaText::None => "",
            };
            cells.push(format!(
                "{}!{} {:?} {:?} {formula}",
                cell.sheet,
                cell_name(cell.row, cell.column),
                cell.cell,
                cell.format
            ));
            Ok(())
        });
        visited.unwrap();
    }
    cells
}

/// A book with most of what a copy has to keep.
pub(crate) fn rich() -> Book {
    let sheet = forge::worksheet(
        "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c></row>\
         <row r=\"2\" hidden=\"1\"><c r=\"A2\" s=\"1\"><v>45000</v></c><c r=\"B2\"><f>A2*2</f><v>90000</v></c></row>\
         <row r=\"3\" spans=\"1:1\"><c r=\"A3\" s=\"1\"><v>45001</v></c></row>",
    );
    let tail = "<conditionalFormatting sqref=\"A1:B3\"><cfRule type=\"duplicateValues\" dxfId=\"0\" priority=\"1\"/></conditionalFormatting>\
        <tableParts count=\"1\"><tablePart r:id=\"rId1\"/></tableParts></worksheet>";
    let table = "<table xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" id=\"1\" name=\"T\" displayName=\"T\" ref=\"A1:B3\">\
        <tableColumns count=\"2\"><tableColumn id=\"1\" name=\"day\"/><tableColumn id=\"2\" name=\"qty\"/></tableColumns>\
        <tableStyleInfo name=\"TableStyleMedium2\" showRowStripes=\"1\"/></table>";
    Book::new()
        .strings(&["day", "qty"])
        .formats(&[forge::Format::Builtin(14)])
        .sheet_xml("Items", &sheet.replace("</worksheet>", tail))
        .sheet("findings", "<row><c><v>1</v></c></row>")
        .part(
            "xl/tables/table1.xml",
            Some("application/vnd.openxmlformats-officedocument.spreadsheetml.table+xml"),
            table,
        )
        .part(
            "xl/worksheets/_rels/sheet1.xml.rels",
            None,
            relationships("<Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/table\" Target=\"../tables/table1.xml\"/>"),
        )
        .after_sheets("<definedNames><definedName name=\"days\" localSheetId=\"0\">Items!$A$2:$A$3</definedName></definedNames>")
}

pub(crate) fn relationships(inside: &str) -> String {
    format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{inside}</Relationships>"
    )
}
