//! A copy with marks: the same workbook but for what is marked.

#[path = "it/common/mod.rs"]
mod common;

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

use common::{cells_of, expected_cells, open};
use sheetlift_core::{
    Annotated, Error, Finding, FormulaText, Level, Limits, Marks, OpenOptions, Password,
    ReadOptions, Result, SheetKind, SheetRef, Source, Workbook, cell_name, parse_cell,
};
use sheetlift_fixtures::{Book, Expect, forge, manifest};

/// A finding of a cell (`B2`).
fn finding(cell: &str, level: Level, message: &str) -> Finding {
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

fn errors(cells: &[&str]) -> Vec<Finding> {
    let findings = cells.iter();
    findings
        .map(|cell| finding(cell, Level::Error, &format!("{cell} is <wrong> & \"bad\"")))
        .collect()
}

fn annotate(workbook: &Workbook, findings: &[Finding]) -> Result<(Annotated, Vec<u8>)> {
    let mut marks = Marks::new(None);
    findings.iter().for_each(|finding| marks.add(finding));
    let mut out = Cursor::new(Vec::new());
    let annotated =
        workbook.annotate(&SheetRef::First, marks, findings.iter().cloned(), &mut out)?;
    Ok((annotated, out.into_inner()))
}

fn annotated(bytes: &[u8], cells: &[&str]) -> (Annotated, Vec<u8>) {
    let workbook = Workbook::from_bytes(bytes.to_vec()).unwrap();
    annotate(&workbook, &errors(cells)).unwrap()
}

/// Parts by name, as another reader unpacks them.
fn parts(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
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

fn part(bytes: &[u8], name: &str) -> String {
    let part = parts(bytes).remove(name);
    String::from_utf8(part.unwrap_or_else(|| panic!("there is no {name}"))).unwrap()
}

/// Parts that differ between a workbook and its copy, and those that are new.
fn changes(before: &[u8], after: &[u8]) -> (Vec<String>, Vec<String>) {
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
fn all_cells(workbook: &Workbook, sheets: usize) -> Vec<String> {
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

/// The sheet of findings as text.
fn list(copy: &[u8]) -> String {
    part(copy, "xl/worksheets/sheetlift_findings1.xml")
}

#[test]
fn every_fixture_keeps_its_cells_and_its_other_parts() {
    let mut copied = 0;
    for fixture in manifest() {
        let Expect::Sheets(sheets) = &fixture.expect else {
            continue;
        };
        let bytes = (fixture.bytes)();
        let Ok(workbook) = open(&fixture) else {
            continue; // needs a password
        };
        // A million rows without a cell take long where the reader is not optimised.
        let is_long = fixture.name == "formatted_empty_rows";
        if is_long || workbook.annotated_extension().unwrap().is_none() {
            continue;
        }
        let mut findings: Vec<Finding> = Vec::new();
        let options = ReadOptions::default();
        workbook
            .cells(&options, &mut |cell| {
                let place = cell_name(cell.row, cell.column);
                findings.push(finding(&place, Level::Warning, "x"));
                Ok(())
            })
            .unwrap();
        let marked = findings.len() as u64;
        let (annotated, copy) = annotate(&workbook, &findings)
            .unwrap_or_else(|error| panic!("{}: {error}", fixture.name));
        // A cell that comes twice is marked twice.
        let is_marked = match fixture.name.starts_with("duplicate") {
            true => annotated.filled >= marked,
            false => annotated.filled == marked,
        };
        assert!(is_marked, "{}: {annotated:?}", fixture.name);
        let again = Workbook::from_bytes(copy.clone())
            .unwrap_or_else(|error| panic!("{}: {error}", fixture.name));
        let count = workbook.sheets().len();
        assert_eq!(
            again.sheets()[..count],
            *workbook.sheets(),
            "{}",
            fixture.name
        );
        assert_eq!(
            again.sheets()[count].name,
            annotated.sheet,
            "{}",
            fixture.name
        );
        let found = cells_of(&again, 2).unwrap();
        let expected = expected_cells(&fixture.expect);
        assert_eq!(found[..expected.len()], expected, "{}", fixture.name);
        assert_eq!(
            all_cells(&again, count),
            all_cells(&workbook, count),
            "{}",
            fixture.name
        );
        if bytes.starts_with(b"PK") {
            let (changed, _) = changes(&bytes, &copy);
            assert!(changed.len() <= 6, "{}: {changed:?}", fixture.name);
        }
        assert!(!sheets.is_empty());
        copied += 1;
    }
    assert!(copied > 60, "{copied}");
}

/// A book with most of what a copy has to keep.
fn rich() -> Book {
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

fn relationships(inside: &str) -> String {
    format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{inside}</Relationships>"
    )
}

#[test]
fn what_is_not_marked_is_kept() {
    let bytes = rich().build();
    let (annotated, copy) = annotated(&bytes, &["B2", "B3", "A3"]);
    assert_eq!(
        (annotated.filled, annotated.commented, annotated.listed),
        (3, 3, 3)
    );
    assert_eq!(annotated.sheet, "Findings 2");
    assert_eq!(annotated.notes, [""; 0]);
    let (changed, new) = changes(&bytes, &copy);
    assert_eq!(
        changed,
        [
            "[Content_Types].xml",
            "xl/_rels/workbook.xml.rels",
            "xl/styles.xml",
            "xl/workbook.xml",
            "xl/worksheets/_rels/sheet1.xml.rels",
            "xl/worksheets/sheet1.xml",
        ]
    );
    assert_eq!(
        new,
        [
            "xl/drawings/sheetlift_vml1.vml",
            "xl/sheetlift_comments1.xml",
            "xl/worksheets/sheetlift_findings1.xml",
        ]
    );
    let sheet = part(&copy, "xl/worksheets/sheet1.xml");
    assert!(sheet.contains("<row r=\"2\" hidden=\"1\"><c r=\"A2\" s=\"1\"><v>45000</v></c><c r=\"B2\" s=\"2\"><f>A2*2</f><v>90000</v></c></row>"), "{sheet}");
    assert!(
        sheet.contains(
            "<row r=\"3\"><c r=\"A3\" s=\"3\"><v>45001</v></c><c r=\"B3\" s=\"2\"/></row>"
        ),
        "{sheet}"
    );
    assert!(
        sheet.contains("</conditionalFormatting><legacyDrawing r:id=\"sheetlift1\"/><tableParts"),
        "{sheet}"
    );
    let styles = part(&copy, "xl/styles.xml");
    assert!(styles.contains("<xf numFmtId=\"14\" fontId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" fillId=\"4\" applyFill=\"1\"/>"), "{styles}");
    let workbook = part(&copy, "xl/workbook.xml");
    assert!(
        workbook
            .contains("<sheet name=\"Findings 2\" sheetId=\"3\" r:id=\"sheetlift1\"/></sheets>"),
        "{workbook}"
    );
    let comments = part(&copy, "xl/sheetlift_comments1.xml");
    assert!(comments.contains("<comment ref=\"B2\" authorId=\"0\" shapeId=\"0\"><text><t xml:space=\"preserve\">B2 is &lt;wrong&gt; &amp; &quot;bad&quot;\ndid you mean 2?</t></text></comment>"), "{comments}");
    let again = Workbook::from_bytes(copy).unwrap();
    assert_eq!(again.tables().unwrap().len(), 1);
    assert_eq!(again.defined_names()[0].sheet.as_deref(), Some("Items"));
}

#[test]
fn rows_that_are_not_in_the_file_are_said() {
    let bytes = Book::new().sheet("a", "<row r=\"2\"/>").build();
    let (annotated, copy) = annotated(&bytes, &["A1", "B2", "XFD1048576"]);
    assert_eq!((annotated.filled, annotated.listed), (1, 3));
    let note = "2 cells that have no value are not coloured: their rows are not in the file, or out of order";
    assert_eq!(annotated.notes, [note]);
    let sheet = part(&copy, "xl/worksheets/sheet1.xml");
    assert!(
        sheet.contains("<row r=\"2\"><c r=\"B2\" s=\"1\"/></row>"),
        "{sheet}"
    );
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
    let one = finding("A1", Level::Info, "x");
    let mut marks = Marks::new(None);
    let all = 65_003;
    (0..all).for_each(|_| marks.add(&one));
    let mut out = Cursor::new(Vec::new());
    let findings = (0..all).map(|_| one.clone());
    let annotated = workbook
        .annotate(&SheetRef::First, marks, findings, &mut out)
        .unwrap();
    assert_eq!((annotated.listed, annotated.filled), (65_000, 1));
    assert_eq!(annotated.notes, ["3 findings are not in the list"]);
    let list = list(out.get_ref());
    assert_eq!(list.matches("<hyperlink ").count(), 65_000);
    assert!(list.contains("… and 3 more"));
}

const VML: &str = "<xml xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" \
    xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><o:shapelayout v:ext=\"edit\"><o:idmap v:ext=\"edit\" data=\"1\"/></o:shapelayout>\
    <v:shape id=\"_x0000_s1025\" type=\"#_x0000_t201\"><x:ClientData ObjectType=\"Button\"/></v:shape></xml>";
const COMMENTS: &str = "<comments xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">\
    <authors><author>me</author><author>tc={0}</author></authors><commentList>\
    <comment ref=\"A1\" authorId=\"0\"><text><t>mine</t></text></comment>\
    <comment ref=\"B1\" authorId=\"1\"><text><t>[Threaded comment]</t></text></comment></commentList></comments>";

/// A book with comments, a conversation and a button.
fn commented(vml: &str) -> Vec<u8> {
    let sheet = forge::worksheet("<row r=\"1\"><c r=\"A1\"/><c r=\"B1\"/><c r=\"C1\"/></row>");
    let rel = |id: &str, kind: &str, target: &str| {
        format!(
            "<Relationship Id=\"{id}\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}\" Target=\"{target}\"/>"
        )
    };
    let all = rel("sheetlift1", "vmlDrawing", "../drawings/vmlDrawing1.vml")
        + &rel("rId2", "comments", "../comments1.xml")
        + &rel("rId3", "vmlDrawing", "/xl/drawings/header.vml");
    Book::new()
        .sheet_xml(
            "Items",
            &sheet.replace(
                "</worksheet>",
                "<legacyDrawing r:id=\"sheetlift1\"/><legacyDrawingHF r:id=\"rId3\"/></worksheet>",
            ),
        )
        .part(
            "xl/worksheets/_rels/sheet1.xml.rels",
            None,
            relationships(&all),
        )
        .part(
            "xl/comments1.xml",
            Some("application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"),
            COMMENTS,
        )
        .part(
            "xl/drawings/vmlDrawing1.vml",
            Some("application/vnd.openxmlformats-officedocument.vmlDrawing"),
            vml,
        )
        .part(
            "xl/drawings/header.vml",
            Some("application/vnd.openxmlformats-officedocument.vmlDrawing"),
            VML,
        )
        .build()
}

#[test]
fn comments_join_those_there_are() {
    let bytes = commented(VML);
    let (annotated, copy) = annotated(&bytes, &["A1", "B1", "C1"]);
    assert_eq!((annotated.filled, annotated.commented), (3, 2));
    assert_eq!(annotated.notes.len(), 1, "{:?}", annotated.notes);
    assert!(annotated.notes[0].contains("conversation"));
    let (changed, new) = changes(&bytes, &copy);
    assert!(
        !changed.contains(&"xl/drawings/header.vml".to_owned()),
        "{changed:?}"
    );
    assert_eq!(
        new,
        ["xl/styles.xml", "xl/worksheets/sheetlift_findings1.xml"]
    );
    let comments = part(&copy, "xl/comments1.xml");
    assert!(
        comments.contains("<t>mine</t><r><t xml:space=\"preserve\">\n\nsheetlift:\nA1 is"),
        "{comments}"
    );
    assert!(
        comments.contains(
            "<t>[Threaded comment]</t></text></comment><comment ref=\"C1\" authorId=\"2\""
        ),
        "{comments}"
    );
    let vml = part(&copy, "xl/drawings/vmlDrawing1.vml");
    assert!(
        vml.contains("data=\"1,2\"") && vml.contains("ObjectType=\"Button\"/>"),
        "{vml}"
    );
    assert_eq!(vml.matches("ObjectType=\"Note\"").count(), 1);
    let sheet = part(&copy, "xl/worksheets/sheet1.xml");
    assert_eq!(sheet.matches("<legacyDrawing ").count(), 1);
}

#[test]
fn drawings_of_another_kind_are_left_alone() {
    let bytes = commented("<xml><br></xml>");
    let (annotated, copy) = annotated(&bytes, &["A1", "C1"]);
    assert_eq!((annotated.filled, annotated.commented), (2, 0));
    assert!(
        annotated.notes[0].starts_with("no comments"),
        "{:?}",
        annotated.notes
    );
    let (changed, _) = changes(&bytes, &copy);
    assert!(
        !changed
            .iter()
            .any(|name| name.contains("comments") || name.contains("vml")),
        "{changed:?}"
    );
}

#[test]
fn a_drawing_that_is_not_there_is_replaced() {
    let kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    for lost in [
        format!("Type=\"{kinds}/vmlDrawing\" Target=\"../drawings/none.vml\""),
        format!("Type=\"{kinds}/vmlDrawing\" Target=\"http://a/b.vml\" TargetMode=\"External\""),
        format!("Type=\"{kinds}/image\" Target=\"../media/image1.png\""),
    ] {
        let sheet = forge::worksheet("<row r=\"1\"><c r=\"A1\"/></row>");
        let sheet = sheet.replace("</worksheet>", "<legacyDrawing r:id=\"rId3\"/></worksheet>");
        let lost = format!("<Relationship Id=\"rId3\" {lost}/>");
        let bytes = Book::new()
            .sheet_xml("Items", &sheet)
            .part(
                "xl/worksheets/_rels/sheet1.xml.rels",
                None,
                relationships(&lost),
            )
            .part("xl/media/image1.png", None, "png")
            .build();
        let (annotated, copy) = annotated(&bytes, &["A1"]);
        assert_eq!((annotated.filled, annotated.commented), (1, 1));
        assert_eq!(annotated.notes, [""; 0]);
        let sheet = part(&copy, "xl/worksheets/sheet1.xml");
        assert!(
            sheet.contains("r:id=\"sheetlift1\"/></worksheet>"),
            "{sheet}"
        );
        assert_eq!(sheet.matches("<legacyDrawing ").count(), 1);
        // What else may use the relationship still has it.
        let named = part(&copy, "xl/worksheets/_rels/sheet1.xml.rels");
        assert!(named.contains(&lost), "{named}");
        let ours = format!(
            "<Relationship Id=\"sheetlift1\" Type=\"{kinds}/vmlDrawing\" Target=\"/xl/drawings/sheetlift_vml1.vml\"/>"
        );
        assert!(named.contains(&ours), "{named}");
        part(&copy, "xl/drawings/sheetlift_vml1.vml");
    }
}

#[test]
fn signatures_are_left_out() {
    let bytes = rich()
        .part("_xmlsignatures/origin.sigs", Some("application/vnd.openxmlformats-package.digital-signature-origin"), "")
        .part("_xmlsignatures/sig1.xml", None, "<Signature/>")
        .edit("_rels/.rels", |rels| {
            let signature = "<Relationship Id=\"s\" Type=\"http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin\" Target=\"_xmlsignatures/origin.sigs\"/>";
            rels.replace("</Relationships>", &format!("{signature}</Relationships>")).into()
        })
        .build();
    let (annotated, copy) = annotated(&bytes, &["A2"]);
    assert!(
        annotated.notes[0].contains("signature"),
        "{:?}",
        annotated.notes
    );
    assert!(
        parts(&copy)
            .keys()
            .all(|name| !name.contains("_xmlsignatures"))
    );
    for name in ["_rels/.rels", "[Content_Types].xml"] {
        assert!(!part(&copy, name).contains("signature"));
    }
}

#[test]
fn strict_documents_stay_strict() {
    let strict = |xml: String| {
        xml.replace(
            "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            "http://purl.oclc.org/ooxml/spreadsheetml/main",
        )
        .replace(
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            "http://purl.oclc.org/ooxml/officeDocument/relationships",
        )
        .into_bytes()
    };
    let bytes = Book::new()
        .sheet("Items", "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>")
        .edit("xl/worksheets/sheet1.xml", |xml| {
            xml.replace(
                "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
                "http://purl.oclc.org/ooxml/spreadsheetml/main",
            )
            .replace(
                "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
                "http://purl.oclc.org/ooxml/officeDocument/relationships",
            )
            .into()
        })
        .edit("xl/workbook.xml", |xml| {
            xml.replace(
                "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
                "http://purl.oclc.org/ooxml/spreadsheetml/main",
            )
            .replace(
                "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
                "http://purl.oclc.org/ooxml/officeDocument/relationships",
            )
            .into()
        })
        .edit("xl/_rels/workbook.xml.rels", |xml| {
            xml.replace(
                "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
                "http://purl.oclc.org/ooxml/officeDocument/relationships",
            )
            .into()
        })
        .build();
    let (_, copy) = annotated(&bytes, &["A1"]);
    for (name, bytes) in parts(&copy) {
        if name.starts_with("xl/") && !name.contains("vml") {
            let text = String::from_utf8(bytes).unwrap();
            assert_eq!(
                strict(text.clone()),
                text.clone().into_bytes(),
                "{name}: {text}"
            );
        }
    }
}

#[test]
fn what_is_hostile_ends() {
    let mut copied = 0;
    for file in sheetlift_fixtures::hostile() {
        if file.heavy || !file.file_name.ends_with(".xlsx") {
            continue;
        }
        let Ok(workbook) = Workbook::from_bytes((file.bytes)()) else {
            continue;
        };
        // As good as it gets: a copy that is one, or what is wrong.
        match annotate(&workbook, &errors(&["A1", "B2", "C3"])) {
            Ok((_, copy)) => {
                // What was just within a limit may be beyond it, packed as it is here.
                match Workbook::from_bytes(copy) {
                    Ok(_) => copied += 1,
                    Err(error) => {
                        assert_eq!(error.code(), "file/zip-bomb", "{}: {error}", file.name)
                    }
                }
            }
            Err(error) => assert_ne!(error.code(), "internal/bug", "{}: {error}", file.name),
        }
    }
    assert!(copied > 10, "{copied}");
}

#[test]
fn other_formats_are_refused() {
    let csv = Source::from_bytes(&b"a,b\n1,2\n"[..], &Limits::default()).unwrap();
    let workbook = Workbook::open(csv.with_name("a.csv"), OpenOptions::default()).unwrap();
    assert_eq!(workbook.annotated_extension().unwrap(), None);
    let error: Error = annotate(&workbook, &errors(&["A1"])).unwrap_err();
    assert_eq!(error.code(), "file/unsupported");
    assert!(error.hint().is_some());
}

#[test]
fn a_copy_says_what_it_is_named() {
    let of = |kind: &str| {
        let name = format!("{kind}.main+xml");
        let bytes = Book::new().sheet("a", "").build();
        let mut files = parts(&bytes);
        let types = String::from_utf8(files["[Content_Types].xml"].clone()).unwrap();
        let known = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml";
        assert!(types.contains(known));
        files.insert(
            "[Content_Types].xml".to_owned(),
            types.replace(known, &name).into(),
        );
        let files: Vec<(String, Vec<u8>)> = files.into_iter().collect();
        let bytes = forge::pack(&files, Default::default());
        Workbook::from_bytes(bytes)
            .unwrap()
            .annotated_extension()
            .unwrap()
    };
    assert_eq!(
        of("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        Some("xlsx")
    );
    assert_eq!(
        of("application/vnd.ms-excel.sheet.macroEnabled"),
        Some("xlsm")
    );
    assert_eq!(
        of("application/vnd.openxmlformats-officedocument.spreadsheetml.template"),
        Some("xltx")
    );
    assert_eq!(
        of("application/vnd.ms-excel.template.macroEnabled"),
        Some("xltm")
    );
}

#[test]
fn a_protected_workbook_has_a_copy_without_password() {
    let dir = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/files/encrypted"
    );
    let open = |name: &str| {
        let options = OpenOptions::default().with_password(Password::new("secret"));
        let source = Source::from_path(format!("{dir}/{name}.xlsx"), &options.limits).unwrap();
        Workbook::open(source, options).unwrap()
    };
    let (annotated, copy) = annotate(&open("standard_aes128"), &errors(&["A1"])).unwrap();
    assert_eq!(annotated.notes, [Annotated::NO_PASSWORD]);
    let copy = Workbook::from_bytes(copy).unwrap();
    assert!(!copy.is_encrypted());
    let plain = open("plain");
    let (annotated, _) = annotate(&plain, &errors(&["A1"])).unwrap();
    assert_eq!(annotated.notes, [""; 0]);
    let count = plain.sheets().len();
    assert_eq!(all_cells(&copy, count), all_cells(&plain, count));
}
