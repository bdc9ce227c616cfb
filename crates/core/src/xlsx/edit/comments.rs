//! The comments of a sheet (ECMA-376 part 1, 18.7): those that are there, and those of the findings between them.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
};

use super::{
    draft::{Draft, Element, XML, push_text},
    marks::{Comment, SheetMarks},
};
use crate::{
    a1::{cell_name, parse_cell},
    error::Result,
    limits::Limits,
};

/// Who comments.
const AUTHOR: &str = "sheetlift";
/// Characters of a comment.
const MAX_TEXT: usize = 4_000;

/// Where a comment is that does not say it.
const NOWHERE: (u32, u32) = (u32::MAX, u32::MAX);

/// What was made of the comments of a sheet.
pub(super) struct Commented {
    pub(super) part: (String, Vec<u8>),
    /// Cells that have a comment now and had none: they need a shape. In order.
    pub(super) new: Vec<(u32, u32)>,
    /// Cells whose comment says more now.
    pub(super) joined: u64,
    /// Cells with a conversation, which is left alone.
    pub(super) left: u64,
}

/// A part without comments.
pub(super) fn empty(name: &str, namespace: &str) -> Draft {
    Draft::new(
        name,
        format!(
            "{XML}<comments xmlns=\"{namespace}\"><authors></authors><commentList></commentList></comments>"
        ),
    )
}

/// A comment that is there.
struct Known {
    at: (u32, u32),
    author: Option<usize>,
    /// Where it begins, and where its text may go on.
    start: usize,
    text: Option<Place>,
}

/// Where a text goes on.
enum Place {
    At(usize),
    /// In this element, which is one tag.
    In(Element),
}

/// Adds the comments of the marks.
pub(super) fn write(draft: Draft, marks: &SheetMarks, limits: &Limits) -> Result<Commented> {
    let mut draft = draft.with_open_root(limits)?;
    let mut seen = Vec::new();
    let elements = draft.outline(limits, |tag, depth| {
        let name = tag.name();
        if depth == 3 && name == "comment" {
            let author = tag.attribute("authorId")?;
            let at = tag.attribute("ref")?;
            seen.push((
                at.and_then(|at| parse_cell(at.trim())).unwrap_or(NOWHERE),
                author.and_then(|id| id.trim().parse::<usize>().ok()),
            ));
        }
        Ok(match depth {
            2 => true,
            3 => matches!(name, "author" | "comment"),
            4 => name == "text",
            5 => matches!(name, "rPh" | "phoneticPr"),
            _ => false,
        })
    })?;
    let known = known(&elements, seen);
    let authors: Vec<&Element> = elements.iter().filter(|e| e.name == "author").collect();
    let is_conversation = |known: &Known| {
        let author = known.author.and_then(|author| authors.get(author));
        let text = author.map(|author| &draft.bytes()[author.start.end..author.end.start]);
        text.is_some_and(|text| text.starts_with(b"tc="))
    };
    let conversations: HashSet<(u32, u32)> = known
        .iter()
        .filter(|known| is_conversation(known))
        .map(|known| known.at)
        .collect();
    let x = elements[0].prefix.clone();
    let by_place: HashMap<(u32, u32), &Known> =
        known.iter().map(|known| (known.at, known)).collect();
    let (mut new, mut joined, mut left) = (Vec::new(), 0, 0);
    let mut inserts: Vec<(usize, String)> = Vec::new();
    let mut rest = String::new();
    let mut next = known.iter().peekable();
    let mut empty_texts: Vec<(&Element, String)> = Vec::new();
    for (&at, comment) in marks.comments() {
        let text = text_of(comment);
        if let Some(known) = by_place.get(&at) {
            let run =
                |text: &str| format!("<{x}r><{x}t xml:space=\"preserve\">{text}</{x}t></{x}r>");
            match &known.text {
                _ if conversations.contains(&at) => left += 1,
                Some(Place::At(place)) => {
                    inserts.push((*place, run(&format!("\n\n{AUTHOR}:\n{text}"))));
                    joined += 1;
                }
                Some(Place::In(element)) => {
                    empty_texts.push((element, run(&text)));
                    joined += 1;
                }
                None => left += 1,
            }
            continue;
        }
        let markup = format!(
            "<{x}comment ref=\"{}\" authorId=\"{}\" shapeId=\"0\"><{x}text><{x}t xml:space=\"preserve\">{text}</{x}t></{x}text></{x}comment>",
            cell_name(at.0, at.1),
            authors.len()
        );
        while next.peek().is_some_and(|known| known.at < at) {
            next.next();
        }
        match next.peek() {
            Some(known) => inserts.push((known.start, markup)),
            None => rest += &markup,
        }
        new.push(at);
    }
    for (element, run) in empty_texts {
        draft.append(element, run, &[])?;
    }
    for (at, markup) in inserts {
        draft.insert(at, markup);
    }
    let section = |name: &str| elements.iter().find(|e| e.depth == 2 && e.name == name);
    let (root, list) = (&elements[0], section("commentList"));
    let author = format!("<{x}author>{AUTHOR}</{x}author>");
    match (section("authors"), list) {
        (Some(authors), _) => draft.append(authors, author, &[])?,
        (None, Some(list)) => {
            draft.insert(
                list.start.start,
                format!("<{x}authors>{author}</{x}authors>"),
            );
        }
        (None, None) => draft.append(root, format!("<{x}authors>{author}</{x}authors>"), &[])?,
    }
    match list {
        Some(list) => draft.append(list, rest, &[])?,
        None => draft.append(
            root,
            format!("<{x}commentList>{rest}</{x}commentList>"),
            &[],
        )?,
    }
    Ok(Commented {
        part: (draft.name.clone(), draft.finish()),
        new,
        joined,
        left,
    })
}

/// The comments of an outline, with what their tags say.
fn known(elements: &[Element], seen: Vec<((u32, u32), Option<usize>)>) -> Vec<Known> {
    let mut seen = seen.into_iter();
    let mut known: Vec<Known> = Vec::new();
    for element in elements {
        match (element.depth, &*element.name) {
            (3, "comment") => {
                let (at, author) = seen.next().unwrap_or_default();
                known.push(Known {
                    at,
                    author,
                    start: element.start.start,
                    text: None,
                });
            }
            (4, "text") => {
                if let Some(last) = known.last_mut() {
                    last.text.get_or_insert(match element.end.is_empty() {
                        true => Place::In(element.clone()),
                        false => Place::At(element.end.start),
                    });
                }
            }
            // Hints at the pronunciation come behind the text.
            (5, _) => {
                if let Some(Place::At(at)) = known.last_mut().and_then(|k| k.text.as_mut()) {
                    *at = (*at).min(element.start.start);
                }
            }
            _ => {}
        }
    }
    known
}

/// What a comment says, as markup.
fn text_of(comment: &Comment) -> String {
    let mut text = comment.lines.join("\n");
    if comment.more > 0 {
        let _ = write!(text, "\n… and {} more", comment.more);
    }
    let mut markup = String::new();
    push_text(&mut markup, &text, MAX_TEXT);
    markup
}

#[cfg(test)]
mod tests {
    use super::{super::marks::tests::marks_of, *};

    fn written(xml: &str, cells: &[(u32, u32)]) -> (Commented, String) {
        let draft = Draft::new("comments", xml);
        let written = write(draft, &marks_of(cells, "a < b"), &Limits::default()).unwrap();
        let xml = String::from_utf8(written.part.1.clone()).unwrap();
        (written, xml)
    }

    #[test]
    fn new_comments_stand_in_order_between_those_there_are() {
        let xml = "<c:comments xmlns:c='m'><c:authors><c:author>me</c:author></c:authors><c:commentList>\
            <c:comment ref='B2' authorId='0'><c:text><c:t>mine</c:t></c:text></c:comment>\
            <c:comment ref='B9' authorId='0'><c:text/></c:comment></c:commentList></c:comments>";
        let (commented, xml) = written(xml, &[(0, 0), (1, 1), (4, 0), (8, 1), (9, 0)]);
        assert_eq!(commented.new, [(0, 0), (4, 0), (9, 0)]);
        assert_eq!((commented.joined, commented.left), (2, 0));
        let refs: Vec<&str> = xml
            .split(" ref=")
            .skip(1)
            .map(|rest| &rest[1..rest[1..].find(['"', '\'']).unwrap() + 1])
            .collect();
        assert_eq!(refs, ["A1", "B2", "A5", "B9", "A10"]);
        assert!(xml.contains("<c:author>me</c:author><c:author>sheetlift</c:author></c:authors>"));
        assert!(xml.contains("<c:t>mine</c:t><c:r><c:t xml:space=\"preserve\">\n\nsheetlift:\na &lt; b</c:t></c:r></c:text>"), "{xml}");
        assert!(
            xml.contains("<c:text><c:r><c:t xml:space=\"preserve\">a &lt; b</c:t></c:r></c:text>"),
            "{xml}"
        );
        assert_eq!(xml.matches("authorId=\"1\"").count(), 3);
    }

    #[test]
    fn conversations_are_left_alone() {
        let xml = "<comments><authors><author>tc={1}</author></authors><commentList>\
            <comment ref=\"B2\" authorId=\"0\"><text><t>[Threaded comment]</t></text></comment></commentList></comments>";
        let (commented, xml) = written(xml, &[(1, 1), (1, 2)]);
        assert_eq!((commented.new, commented.left), (vec![(1, 2)], 1));
        assert!(
            xml.contains("<text><t>[Threaded comment]</t></text>"),
            "{xml}"
        );
    }

    #[test]
    fn lists_are_made_where_there_are_none() {
        for xml in [
            "<comments/>",
            "<comments><authors/></comments>",
            "<comments><commentList/></comments>",
        ] {
            let (_, xml) = written(xml, &[(1, 1)]);
            assert_eq!(
                xml,
                "<comments><authors><author>sheetlift</author></authors><commentList><comment ref=\"B2\" authorId=\"0\" shapeId=\"0\"><text><t xml:space=\"preserve\">a &lt; b</t></text></comment></commentList></comments>"
            );
        }
    }
}
