//! Several sheets of one workbook.

use sheetlift_core::{Annotated, Finding, Level, SheetRef, Workbook};
use sheetlift_fixtures::{Book, forge};

use super::{
    comments::{COMMENTS, VML, commented},
    list::list,
    support::{all_cells, annotate_sheets, changes, finding, on, part, parts, relationships, rich},
};

const ROWS: &str = "<row r=\"1\"><c r=\"A1\"><v>1</v></c><c r=\"B1\"><v>2</v></c></row>";

/// A copy of a book with findings on sheets of which each is marked.
fn copy(bytes: &[u8], sheets: &[&str], findings: &[Finding]) -> (Annotated, Vec<u8>) {
    let workbook = Workbook::from_bytes(bytes.to_vec()).unwrap();
    let sheets: Vec<SheetRef> = sheets.iter().map(|name| SheetRef::from(*name)).collect();
    annotate_sheets(&workbook, &sheets, findings).unwrap()
}

/// An error in a cell of a sheet, which says where it is.
fn error(sheet: &str, cell: &str) -> Finding {
    on(
        sheet,
        &finding(cell, Level::Error, &format!("{sheet}!{cell}")),
    )
}

/// Links of a list: the cell that one is on, and where it leads to.
fn links(copy: &[u8]) -> Vec<(String, String)> {
    let list = list(copy);
    let links = list.split("<hyperlink ref=\"").skip(1);
    links
        .map(|link| {
            let mut texts = link.split('"');
            let place = texts.next().unwrap().to_owned();
            (place, texts.nth(1).unwrap().to_owned())
        })
        .collect()
}

/// Texts of a row of the list, by column; `None` where there is no cell.
fn listed(copy: &[u8], row: usize) -> Vec<Option<String>> {
    let list = list(copy);
    let text = |column: char| {
        let cell = list.split(&format!("<c r=\"{column}{row}\"")).nth(1)?;
        let (_, text) = cell.split_once("<t xml:space=\"preserve\">")?;
        Some(text[..text.find('<').unwrap()].to_owned())
    };
    ('A'..='C').map(text).collect()
}

fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned())).collect()
}

#[test]
fn each_sheet_has_comments_and_a_drawing_of_its_own() {
    let bytes = Book::new().sheet("a", ROWS).sheet("b", ROWS).build();
    let findings = [error("a", "A1"), error("b", "A1"), error("b", "B1")];
    let (annotated, copy) = copy(&bytes, &["a", "b"], &findings);
    assert_eq!(
        (annotated.filled, annotated.commented, annotated.listed),
        (3, 3, 3)
    );
    assert_eq!(annotated.notes, [""; 0]);
    let (changed, new) = changes(&bytes, &copy);
    assert_eq!(
        changed,
        [
            "[Content_Types].xml",
            "xl/_rels/workbook.xml.rels",
            "xl/workbook.xml",
            "xl/worksheets/sheet1.xml",
            "xl/worksheets/sheet2.xml",
        ]
    );
    assert_eq!(
        new,
        [
            "xl/drawings/sheetlift_vml1.vml",
            "xl/drawings/sheetlift_vml2.vml",
            "xl/sheetlift_comments1.xml",
            "xl/sheetlift_comments2.xml",
            "xl/styles.xml",
            "xl/worksheets/_rels/sheet1.xml.rels",
            "xl/worksheets/_rels/sheet2.xml.rels",
            "xl/worksheets/sheetlift_findings1.xml",
        ]
    );
    let types = part(&copy, "[Content_Types].xml");
    for (number, cells, shapes) in [(1, &["A1"][..], "1"), (2, &["A1", "B1"], "2")] {
        let named = part(
            &copy,
            &format!("xl/worksheets/_rels/sheet{number}.xml.rels"),
        );
        let comments = format!("xl/sheetlift_comments{number}.xml");
        let drawing = format!("xl/drawings/sheetlift_vml{number}.vml");
        for target in [&comments, &drawing] {
            assert!(named.contains(&format!("Target=\"/{target}\"")), "{named}");
        }
        assert_eq!(named.matches("<Relationship ").count(), 2, "{named}");
        assert_eq!(
            types.matches(&format!("\"/{comments}\"")).count(),
            1,
            "{types}"
        );
        let comments = part(&copy, &comments);
        assert_eq!(comments.matches("<comment ").count(), cells.len());
        for cell in cells {
            let sheet = if number == 1 { "a" } else { "b" };
            assert!(
                comments.contains(&format!("{sheet}!{cell}\n")),
                "{comments}"
            );
        }
        // No id of a shape is that of another.
        let drawing = part(&copy, &drawing);
        assert!(drawing.contains(&format!("data=\"{shapes}\"")), "{drawing}");
        assert_eq!(drawing.matches("<v:shape ").count(), cells.len());
        let sheet = part(&copy, &format!("xl/worksheets/sheet{number}.xml"));
        assert_eq!(sheet.matches("r:id=\"sheetlift1\"").count(), 1, "{sheet}");
    }
    let again = Workbook::from_bytes(copy).unwrap();
    let workbook = Workbook::from_bytes(bytes).unwrap();
    assert_eq!(all_cells(&again, 2), all_cells(&workbook, 2));
}

#[test]
fn comments_that_are_there_are_joined_beside_new_ones() {
    let bytes = commented(VML).sheet("b", ROWS).build();
    let findings = [error("Items", "A1"), error("Items", "C1"), error("b", "A1")];
    // The order in which sheets are asked for does not matter, nor does it that one is asked for twice.
    let (annotated, copy) = copy(&bytes, &["b", "Items", "b"], &findings);
    assert_eq!((annotated.filled, annotated.commented), (3, 3));
    assert_eq!(annotated.notes, [""; 0]);
    let (changed, new) = changes(&bytes, &copy);
    assert!(!changed.contains(&"xl/drawings/header.vml".to_owned()));
    assert_eq!(
        new,
        [
            "xl/drawings/sheetlift_vml1.vml",
            "xl/sheetlift_comments1.xml",
            "xl/styles.xml",
            "xl/worksheets/_rels/sheet2.xml.rels",
            "xl/worksheets/sheetlift_findings1.xml",
        ]
    );
    let joined = part(&copy, "xl/comments1.xml");
    assert!(joined.contains("<t>mine</t><r>"), "{joined}");
    assert!(joined.contains("Items!A1") && joined.contains("Items!C1"));
    assert!(!joined.contains("b!A1"), "{joined}");
    let made = part(&copy, "xl/sheetlift_comments1.xml");
    assert!(made.contains("b!A1") && !made.contains("Items!"), "{made}");
    // The blocks of the author's drawings (1), of what is added to one of them, and of the new drawing.
    assert!(part(&copy, "xl/drawings/vmlDrawing1.vml").contains("data=\"1,2\""));
    assert!(part(&copy, "xl/drawings/sheetlift_vml1.vml").contains("data=\"3\""));
}

#[test]
fn a_sheet_that_is_not_asked_for_is_listed_and_not_marked() {
    let bytes = Book::new().sheet("a", ROWS).sheet("b", ROWS).build();
    let findings = [error("b", "B1"), error("a", "A1"), error("gone", "A1")];
    let (annotated, copy) = copy(&bytes, &["a"], &findings);
    assert_eq!((annotated.filled, annotated.listed), (1, 3));
    let note = "2 cells are not marked, for they are on other sheets";
    assert_eq!(annotated.notes, [note]);
    let (changed, _) = changes(&bytes, &copy);
    assert!(!changed.contains(&"xl/worksheets/sheet2.xml".to_owned()));
    assert_eq!(listed(&copy, 1), some(&["Sheet", "Cell", "Level"]));
    assert_eq!(listed(&copy, 2), some(&["b", "B1", "error"]));
    assert_eq!(listed(&copy, 4), some(&["gone", "A1", "error"]));
    // A link to a sheet that is not there would lead nowhere.
    let expected = [("B2", "'b'!B1"), ("B3", "'a'!A1")];
    let expected = expected.map(|(place, to)| (place.to_owned(), to.to_owned()));
    assert_eq!(links(&copy), expected);
}

#[test]
fn a_list_about_one_sheet_does_not_name_it() {
    let bytes = Book::new().sheet("a", ROWS).sheet("b", ROWS).build();
    let (_, one) = copy(&bytes, &["b"], &[error("b", "B1")]);
    assert_eq!(listed(&one, 2), some(&["B1", "error", "cell/type"]));
    assert_eq!(links(&one), [("A2".to_owned(), "'b'!B1".to_owned())]);
    // Of two sheets, one may have no findings.
    let (_, two) = copy(&bytes, &["a", "b"], &[error("b", "B1")]);
    assert_eq!(listed(&two, 2), some(&["b", "B1", "error"]));
    assert_eq!(links(&two), [("B2".to_owned(), "'b'!B1".to_owned())]);
    let (changed, _) = changes(&bytes, &two);
    assert!(!changed.contains(&"xl/worksheets/sheet1.xml".to_owned()));
}

#[test]
fn cells_of_one_name_are_told_apart() {
    let bytes = Book::new().sheet("a", ROWS).sheet("b", ROWS).build();
    let warning = on("b", &finding("A1", Level::Warning, "only this"));
    let (annotated, copy) = copy(&bytes, &["a", "b"], &[error("a", "A1"), warning]);
    assert_eq!((annotated.filled, annotated.commented), (2, 2));
    let style = |number: u8| {
        let sheet = part(&copy, &format!("xl/worksheets/sheet{number}.xml"));
        let (_, rest) = sheet.split_once("<c r=\"A1\" s=\"").unwrap();
        rest[..rest.find('"').unwrap()].parse::<usize>().unwrap()
    };
    let styles = part(&copy, "xl/styles.xml");
    let formats: Vec<&str> = styles
        .split("<cellXfs")
        .nth(1)
        .unwrap()
        .split("<xf ")
        .collect();
    let fill = |number: u8| {
        let format = formats[style(number) + 1];
        let (_, fill) = format.split_once("fillId=\"").unwrap();
        fill[..1].parse::<usize>().unwrap()
    };
    // Levels are in order: a warning comes before an error.
    assert_eq!(fill(1), fill(2) + 1, "{styles}");
    let said = |number: u8| part(&copy, &format!("xl/sheetlift_comments{number}.xml"));
    assert!(said(1).contains("a!A1") && !said(1).contains("only this"));
    assert!(said(2).contains("only this") && !said(2).contains("a!A1"));
}

#[test]
fn links_lead_to_the_sheet_of_their_finding() {
    let sheets = ["Bob's items", "1<2", "'", "plain"];
    let book = sheets
        .iter()
        .fold(Book::new(), |book, name| book.sheet(name, ROWS));
    let mut findings: Vec<Finding> = sheets.iter().map(|name| error(name, "B1")).collect();
    (findings[3].row, findings[3].column_index) = (None, None);
    let (annotated, copy) = copy(&book.build(), &sheets, &findings);
    assert_eq!((annotated.filled, annotated.listed), (3, 4));
    let expected = [
        ("B2", "'Bob''s items'!B1"),
        ("B3", "'1&lt;2'!B1"),
        ("B4", "''''!B1"),
        ("B5", "'plain'!A1"),
    ];
    let expected = expected.map(|(place, to)| (place.to_owned(), to.to_owned()));
    assert_eq!(links(&copy), expected);
    assert_eq!(listed(&copy, 2), some(&["Bob's items", "B1", "error"]));
    assert_eq!(listed(&copy, 5), some(&["plain", "plain", "error"]));
}

#[test]
fn other_sheets_and_their_parts_stay_as_they_are() {
    let rel = |id: &str, kind: &str, target: &str| {
        format!(
            "<Relationship Id=\"{id}\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}\" Target=\"{target}\"/>"
        )
    };
    let own =
        rel("rId1", "vmlDrawing", "../drawings/own.vml") + &rel("rId2", "comments", "../own.xml");
    let commented = forge::worksheet(ROWS)
        .replace("</worksheet>", "<legacyDrawing r:id=\"rId1\"/></worksheet>");
    // The sheets of this book are Items and findings, which get marks, and the one that is added here.
    let bytes = rich()
        .sheet_xml("with comments", &commented)
        .part(
            "xl/worksheets/_rels/sheet3.xml.rels",
            None,
            relationships(&own),
        )
        .part("xl/drawings/own.vml", None, VML)
        .part("xl/own.xml", None, COMMENTS)
        .build();
    let findings = [error("Items", "B2"), error("findings", "A1")];
    let (annotated, copy) = copy(&bytes, &["Items", "findings"], &findings);
    assert_eq!((annotated.filled, annotated.commented), (2, 2));
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
            "xl/worksheets/sheet2.xml",
        ]
    );
    assert_eq!(new.len(), 6, "{new:?}");
    // Nobody uses a block of ids that is that of the author's drawing.
    for number in [1, 2] {
        let drawing = part(&copy, &format!("xl/drawings/sheetlift_vml{number}.vml"));
        assert!(
            drawing.contains(&format!("data=\"{}\"", number + 1)),
            "{drawing}"
        );
    }
}

#[test]
fn what_two_sheets_share_is_changed_for_one() {
    let named = part(
        &commented(VML).build(),
        "xl/worksheets/_rels/sheet1.xml.rels",
    );
    let sheet = part(&commented(VML).build(), "xl/worksheets/sheet1.xml");
    let bytes = commented(VML)
        .sheet_xml("b", &sheet)
        .part("xl/worksheets/_rels/sheet2.xml.rels", None, named)
        .build();
    let findings = [error("Items", "A1"), error("b", "C1")];
    let (annotated, copy) = copy(&bytes, &["Items", "b"], &findings);
    assert_eq!((annotated.filled, annotated.commented), (2, 1));
    let note = "no comments on the sheet \"b\": its comments or its drawings are those of another sheet too";
    assert_eq!(annotated.notes, [note]);
    assert_eq!(parts(&copy).len(), parts(&bytes).len() + 2);
    assert!(!part(&copy, "xl/comments1.xml").contains("b!C1"));
}

#[test]
fn sheets_that_are_not_there_are_refused() {
    let bytes = Book::new().sheet("a", ROWS).build();
    let workbook = Workbook::from_bytes(bytes.clone()).unwrap();
    let sheets = [SheetRef::from("a"), SheetRef::from("b")];
    let error = annotate_sheets(&workbook, &sheets, &[]).unwrap_err();
    assert_eq!(error.code(), "sheet/not-found");
    // A list alone is a copy too.
    let (annotated, copy) = copy(&bytes, &[], &[self::error("a", "A1")]);
    assert_eq!((annotated.filled, annotated.listed), (0, 1));
    let (changed, new) = changes(&bytes, &copy);
    assert!(!changed.contains(&"xl/worksheets/sheet1.xml".to_owned()));
    assert_eq!(
        new,
        ["xl/styles.xml", "xl/worksheets/sheetlift_findings1.xml"]
    );
    assert_eq!(links(&copy).len(), 1);
}
