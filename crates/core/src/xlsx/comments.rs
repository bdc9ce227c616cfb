//! The comments of a sheet (ECMA-376 part 1, 18.7), and the conversations that newer programs write beside them
//! ([MS-XLSX] 2.6.205): a small reader for those who want to know what is said about a few rows.

use std::ops::RangeInclusive;

use super::package::Package;
use crate::{
    a1,
    book::CellComment,
    error::Result,
    limits::Limits,
    xlsx::sheet::rich_text,
    xml::{Tag, Token, Tokens},
};

/// Bytes of a comment beside its text.
const BYTES_EACH: u64 = 64;

/// The comments of cells in these rows of the sheet in `part`, one a cell at most.
pub(super) fn read_comments(
    package: &Package,
    part: &str,
    rows: &RangeInclusive<u32>,
) -> Result<Vec<CellComment>> {
    let mut found = Found {
        rows,
        limits: &package.budget().limits,
        comments: Vec::new(),
        held: 0,
    };
    let mut parts = package.relationships(part)?;
    parts.retain(|r| ["comments", "threadedComment"].contains(&&*r.kind) && package.has(&r.target));
    // A conversation stands for the comment of its cell, which only says that there is one.
    parts.sort_by_key(|r| r.kind != "comments");
    parts.dedup_by(|one, other| one.target == other.target);
    for part in &parts {
        package.parse(&part.target, |tokens| match &*part.kind {
            "comments" => found.read_notes(tokens),
            _ => found.read_conversations(tokens),
        })?;
    }
    // The last one of a cell counts.
    let mut comments = found.comments;
    comments.reverse();
    comments.sort_by_key(|comment| (comment.row, comment.column));
    comments.dedup_by_key(|comment| (comment.row, comment.column));
    Ok(comments)
}

struct Found<'a> {
    rows: &'a RangeInclusive<u32>,
    limits: &'a Limits,
    comments: Vec<CellComment>,
    held: u64,
}

impl Found<'_> {
    fn read_notes(&mut self, tokens: &mut Tokens<'_>) -> Result<()> {
        let mut authors: Vec<String> = Vec::new();
        // The author of the comment that was begun.
        let mut begun: Option<usize> = None;
        loop {
            match tokens.next()? {
                Token::Open(tag) => match tag.name() {
                    "author" => {
                        let author = tokens.element_text()?;
                        self.hold(author.len())?;
                        authors.push(author);
                    }
                    "comment" => {
                        let author = tag.attribute("authorId")?;
                        let author = author.and_then(|id| id.trim().parse().ok());
                        begun = self.begin(&tag)?.then(|| author.unwrap_or(usize::MAX));
                    }
                    "text" => {
                        if let Some(author) = begun.take() {
                            let text = rich_text(tokens)?;
                            self.end(without_author(&text, authors.get(author)))?;
                        }
                    }
                    _ => {}
                },
                Token::End => return Ok(()),
                _ => {}
            }
        }
    }

    fn read_conversations(&mut self, tokens: &mut Tokens<'_>) -> Result<()> {
        let mut has_begun = false;
        loop {
            match tokens.next()? {
                Token::Open(tag) => match tag.name() {
                    "threadedComment" => {
                        let is_answer = tag.attribute("parentId")?.is_some();
                        has_begun = !is_answer && self.begin(&tag)?;
                    }
                    "text" if has_begun => {
                        let text = tokens.element_text()?;
                        self.end(&text)?;
                        has_begun = false;
                    }
                    _ => {}
                },
                Token::End => return Ok(()),
                _ => {}
            }
        }
    }

    /// Begins a comment if its cell is in the rows that are wanted.
    fn begin(&mut self, tag: &Tag<'_>) -> Result<bool> {
        let cell = tag.attribute("ref")?;
        let cell = cell.and_then(|cell| a1::parse_cell(cell.trim()));
        let Some((row, column)) = cell.filter(|(row, _)| self.rows.contains(row)) else {
            return Ok(false);
        };
        self.hold(0)?;
        self.comments.push(CellComment {
            row,
            column,
            text: String::new(),
        });
        Ok(true)
    }

    fn end(&mut self, text: &str) -> Result<()> {
        self.hold(text.len())?;
        if let Some(comment) = self.comments.last_mut() {
            comment.text = text.to_owned();
        }
        Ok(())
    }

    fn hold(&mut self, bytes: usize) -> Result<()> {
        self.held += BYTES_EACH + bytes as u64;
        self.limits.check_held(self.held)
    }
}

/// Spreadsheet programs write the name of the author into the text, before a colon.
fn without_author<'t>(text: &'t str, author: Option<&String>) -> &'t str {
    let author = author.map_or("", |author| author.trim());
    let rest = text.trim_start().strip_prefix(author);
    let rest = rest.and_then(|rest| rest.strip_prefix(':'));
    match rest.filter(|_| !author.is_empty()) {
        Some(rest) => rest.trim_start(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use sheetlift_fixtures::Book;

    use crate::{Limits, OpenOptions, SheetRef, Source, Workbook};

    const RELATIONSHIPS: &str = r#"<Relationships>
        <Relationship Id="a" Type="http://schemas.microsoft.com/office/2017/10/relationships/threadedComment" Target="../threadedComments/threadedComment1.xml"/>
        <Relationship Id="b" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/comments" Target="../comments1.xml"/>
        <Relationship Id="c" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/comments" Target="../gone.xml"/>
        </Relationships>"#;
    const NOTES: &str = r#"<comments><authors><author>Ann Lee</author><author/></authors><commentList>
        <comment ref="A1" authorId="0"><text><r><rPr><b/></rPr><t>Ann Lee:</t></r><r><t xml:space="preserve">
 our number, _x0041_ &amp; B</t></r><rPh><t>no</t></rPh></text></comment>
        <comment ref="B1" authorId="1"><text><t>:as it is</t></text></comment>
        <comment ref="C1" authorId="7"><text><t>[Threaded comment]</t></text></comment>
        <comment ref="A2" authorId="0"><text><t>not the header</t></text></comment>
        <comment ref="??" authorId="0"><text><t>nowhere</t></text></comment>
        </commentList></comments>"#;
    const CONVERSATIONS: &str = r#"<ThreadedComments>
        <threadedComment ref="C1" id="1"><text>in EUR</text></threadedComment>
        <threadedComment ref="C1" id="2" parentId="1"><text>really?</text></threadedComment>
        </ThreadedComments>"#;

    fn comments(notes: &str, limits: Limits) -> crate::Result<Vec<(u32, u32, String)>> {
        let bytes = Book::new()
            .sheet("a", "<row r=\"1\"/>")
            .part("xl/worksheets/_rels/sheet1.xml.rels", None, RELATIONSHIPS)
            .part("xl/comments1.xml", None, notes)
            .part(
                "xl/threadedComments/threadedComment1.xml",
                None,
                CONVERSATIONS,
            )
            .build();
        let source = Source::from_bytes(bytes, &limits)?;
        let workbook = Workbook::open(source, OpenOptions::default().with_limits(limits))?;
        let comments = workbook.comments(&SheetRef::First, 0..=0)?.into_iter();
        Ok(comments.map(|c| (c.row, c.column, c.text)).collect())
    }

    #[test]
    fn reads_what_is_said_about_a_row() {
        let expected = [
            (0, 0, "our number, A & B"),
            (0, 1, ":as it is"),
            (0, 2, "in EUR"),
        ];
        let expected = expected.map(|(row, column, text)| (row, column, text.to_owned()));
        assert_eq!(comments(NOTES, Limits::default()).unwrap(), expected);
    }

    #[test]
    fn what_is_held_is_limited() {
        let limits = Limits {
            max_held_bytes: 2_000,
            max_size_ratio: 0,
            ..Limits::default()
        };
        assert!(comments(NOTES, limits.clone()).is_ok());
        let long = format!(
            "<comments><comment ref=\"A1\"><text><t>{}</t></text></comment></comments>",
            "x".repeat(2_000)
        );
        let error = comments(&long, limits).unwrap_err();
        assert!(error.message().contains("max_held_bytes"), "{error}");
    }

    #[test]
    fn a_damaged_part_is_an_error() {
        let error = comments("<comments><comment ref=\"A1\"><text>", Limits::default());
        let error = error.unwrap_err();
        assert_eq!(
            error.location().part.as_deref(),
            Some("xl/comments1.xml"),
            "{error}"
        );
    }
}
