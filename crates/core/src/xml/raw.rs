//! The markup of a document, piece by piece, with the bytes it stands in: for editors, which keep what they do not change.

use std::io::BufRead;

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use super::{
    Tag,
    stream::{Capped, event_error},
};
use crate::{
    error::{Error, Result},
    limits::{Limits, check},
};

/// Where a document comes from: bytes that are there, or a part that is read.
pub(crate) trait Document: BufRead {
    /// A piece begins: how much it may take is counted from here.
    fn begin_piece(&mut self) {}
}

impl Document for &[u8] {}

impl Document for Capped {
    fn begin_piece(&mut self) {
        self.restart();
    }
}

/// Pieces of a document in UTF-8. A byte order mark is passed over.
pub(crate) struct Pieces<R> {
    reader: Reader<R>,
    buf: Vec<u8>,
    depth: u64,
    max_depth: u64,
    max_attributes: u64,
}

/// One piece of markup, or the text between two.
pub(crate) struct Piece<'a> {
    pub(crate) kind: PieceKind<'a>,
    /// As it stands in the document.
    pub(crate) bytes: &'a [u8],
    /// How deep the element is that begins or ends here, or which holds the rest: that of the root is 1.
    pub(crate) depth: u64,
}

pub(crate) enum PieceKind<'a> {
    /// A start tag.
    Open(Tag<'a>),
    /// A tag that is start and end in one.
    Empty(Tag<'a>),
    /// An end tag.
    Close,
    /// `<?xml ..?>`
    Declaration,
    /// Text, comments, and whatever else an editor leaves alone.
    Other,
    /// No bytes are left.
    End,
}

impl<R: Document> Pieces<R> {
    pub(crate) fn new(reader: R, limits: &Limits) -> Self {
        Pieces {
            reader: Reader::from_reader(reader),
            buf: Vec::new(),
            depth: 0,
            max_depth: limits.max_xml_depth,
            max_attributes: limits.max_attributes,
        }
    }

    /// The next piece.
    ///
    /// # Errors
    /// `Malformed` where the document is not well formed or is cut off; `Limit`.
    pub(crate) fn next(&mut self) -> Result<Piece<'_>> {
        /// What an event is, without what it borrows.
        enum What {
            Open(usize),
            Empty(usize),
            Close,
            Declaration,
            Other,
            End,
        }
        self.buf.clear();
        self.reader.get_mut().begin_piece();
        let start = self.reader.buffer_position();
        let what = match self.reader.read_event_into(&mut self.buf) {
            Ok(Event::Start(tag)) => What::Open(tag.name().as_ref().len()),
            Ok(Event::Empty(tag)) => What::Empty(tag.name().as_ref().len()),
            Ok(Event::End(_)) => What::Close,
            Ok(Event::Decl(_)) => What::Declaration,
            Ok(Event::Eof) => What::End,
            Ok(_) => What::Other,
            Err(error) => return Err(event_error(error, start, self.reader.error_position())),
        };
        let mut depth = self.depth;
        let kind = match what {
            What::Open(name) | What::Empty(name) => {
                let is_empty = matches!(what, What::Empty(_));
                depth += 1;
                check("max_xml_depth", self.max_depth, depth)
                    .map_err(|error| error.at_byte(start))?;
                let tail = if is_empty { b"/>".len() } else { 1 };
                let content = self.buf.get(1..self.buf.len().saturating_sub(tail));
                let content = content.and_then(|content| std::str::from_utf8(content).ok());
                let content = content.ok_or_else(|| Error::bug("a tag without its markup"))?;
                let tag = Tag(BytesStart::from_content(content, name));
                tag.check_attributes(self.max_attributes)
                    .map_err(|error| error.at_byte(start))?;
                match is_empty {
                    true => PieceKind::Empty(tag),
                    false => {
                        self.depth = depth;
                        PieceKind::Open(tag)
                    }
                }
            }
            What::Close => {
                self.depth = depth.saturating_sub(1);
                PieceKind::Close
            }
            What::End if depth > 0 => {
                let error = Error::malformed("the XML ends inside an element");
                return Err(error.at_byte(start));
            }
            What::Declaration => PieceKind::Declaration,
            What::Other => PieceKind::Other,
            What::End => PieceKind::End,
        };
        Ok(Piece {
            kind,
            bytes: &self.buf,
            depth,
        })
    }
}

impl Tag<'_> {
    /// The tag again, with these attributes instead of its own of the same names, and without some. What follows the last attribute
    /// is left to the caller: `>` or `/>`.
    pub(crate) fn changed(&self, set: &[(&str, &str)], without: &[&str]) -> Vec<u8> {
        let mut out = format!("<{}", self.full_name()).into_bytes();
        for attribute in self.0.attributes().with_checks(false).flatten() {
            let key: &str = attribute.key.as_ref();
            if without.contains(&key) || set.iter().any(|(name, _)| *name == key) {
                continue;
            }
            let value: &str = attribute.value.as_ref();
            let quote = if value.contains('"') { '\'' } else { '"' };
            out.extend(format!(" {key}={quote}{value}{quote}").into_bytes());
        }
        for (name, value) in set {
            out.extend(format!(" {name}=\"{value}\"").into_bytes());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = "\u{feff}<?xml version='1.0'?>\n<!-- a > b --><a  x='1\"2' >t&amp;<b/><![CDATA[<c>]]>\r\n<c y = \"2\"></c ></a>\n";

    #[test]
    fn pieces_are_the_document() {
        let limits = Limits::default();
        let mut pieces = Pieces::new(DOCUMENT.as_bytes(), &limits);
        let (mut all, mut depths) = (Vec::new(), Vec::new());
        loop {
            let piece = pieces.next().unwrap();
            all.extend(piece.bytes);
            match piece.kind {
                PieceKind::Open(tag) => depths.push(format!("<{} {}", tag.name(), piece.depth)),
                PieceKind::Empty(tag) => depths.push(format!("<{}/ {}", tag.name(), piece.depth)),
                PieceKind::Close => depths.push(format!("> {}", piece.depth)),
                PieceKind::End => break,
                PieceKind::Declaration | PieceKind::Other => {}
            }
        }
        assert_eq!(String::from_utf8(all).unwrap(), DOCUMENT[3..]);
        assert_eq!(depths, ["<a 1", "<b/ 2", "<c 2", "> 2", "> 1"]);
    }

    #[test]
    fn tags_change_and_keep_the_rest() {
        let limits = Limits::default();
        let mut pieces = Pieces::new(&b"<x:c r='A1' s=\"4\" q='\"'/>"[..], &limits);
        let Piece {
            kind: PieceKind::Empty(tag),
            ..
        } = pieces.next().unwrap()
        else {
            panic!()
        };
        let changed = |set: &[(&str, &str)], without: &[&str]| {
            String::from_utf8(tag.changed(set, without)).unwrap()
        };
        assert_eq!(changed(&[("s", "7")], &[]), "<x:c r=\"A1\" q='\"' s=\"7\"");
        assert_eq!(changed(&[], &["r", "s"]), "<x:c q='\"'");
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        let limits = Limits::default();
        for document in ["<a><b/>", "<a", "<a></b>", "<a>&x"] {
            let mut pieces = Pieces::new(document.as_bytes(), &limits);
            let error = loop {
                match pieces.next() {
                    Ok(Piece {
                        kind: PieceKind::End,
                        ..
                    }) => panic!("{document}"),
                    Ok(_) => {}
                    Err(error) => break error,
                }
            };
            assert_eq!(error.code(), "file/corrupt", "{document}");
        }
    }
}
