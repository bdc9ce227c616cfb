//! What is not marked is kept as it is.

use sheetlift_core::{Finding, Level, ReadOptions, Workbook, cell_name};
use sheetlift_fixtures::{Book, Expect, manifest};

use crate::common::{cells_of, expected_cells, open};

use super::support::{all_cells, annotate, annotated, changes, finding, part, parts, rich};

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
