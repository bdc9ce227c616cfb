//! Comments and their drawings.

use sheetlift_fixtures::{Book, forge};

use super::support::{annotated, changes, part, relationships};

pub(crate) const VML: &str = "<xml xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" \
    xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><o:shapelayout v:ext=\"edit\"><o:idmap v:ext=\"edit\" data=\"1\"/></o:shapelayout>\
    <v:shape id=\"_x0000_s1025\" type=\"#_x0000_t201\"><x:ClientData ObjectType=\"Button\"/></v:shape></xml>";
pub(crate) const COMMENTS: &str = "<comments xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">\
    <authors><author>me</author><author>tc={0}</author></authors><commentList>\
    <comment ref=\"A1\" authorId=\"0\"><text><t>mine</t></text></comment>\
    <comment ref=\"B1\" authorId=\"1\"><text><t>[Threaded comment]</t></text></comment></commentList></comments>";

/// A book with comments, a conversation and a button.
pub(crate) fn commented(vml: &str) -> Book {
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
}

#[test]
fn comments_join_those_there_are() {
    let bytes = commented(VML).build();
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
    let bytes = commented("<xml><br></xml>").build();
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
