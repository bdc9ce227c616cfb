//! A small part that is edited: its text, an outline of its elements, and changes to it. What is not changed stays as it is.

use std::{borrow::Cow, ops::Range};

use super::super::package::Package;
use crate::{
    error::{Error, Result},
    limits::Limits,
    xml::{PieceKind, Pieces, Tag},
};

/// The declaration of a part that is written.
pub(super) const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

/// Bytes that an element in an outline takes.
const HELD: u64 = 160;

/// A part under edit, in UTF-8.
pub(super) struct Draft {
    pub(super) name: String,
    bytes: Vec<u8>,
    edits: Vec<(Range<usize>, Vec<u8>)>,
}

/// An element of a part and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Element {
    /// Local name.
    pub(super) name: String,
    /// Prefix with its colon, or nothing.
    pub(super) prefix: String,
    /// Its start tag.
    pub(super) start: Range<usize>,
    /// Its end tag; that of an element which is one tag lies behind that.
    pub(super) end: Range<usize>,
    pub(super) depth: u64,
}

impl Element {
    /// All of it.
    pub(super) fn range(&self) -> Range<usize> {
        self.start.start..self.end.end
    }

    fn is_empty(&self) -> bool {
        self.end.is_empty()
    }
}

impl Draft {
    pub(super) fn read(package: &Package, name: &str) -> Result<Draft> {
        let mut bytes = package.read(name)?;
        bytes.drain(..marks_at_start(&bytes));
        let end = memchr::memmem::find(&bytes, b"?>").map(|at| at + 2);
        if let (true, Some(end)) = (bytes.starts_with(b"<?xml"), end) {
            let declaration = in_utf8(&bytes[..end]).into_owned();
            bytes.splice(..end, declaration);
        }
        Ok(Draft::new(name, bytes))
    }

    pub(super) fn new(name: &str, bytes: impl Into<Vec<u8>>) -> Draft {
        Draft {
            name: name.to_owned(),
            bytes: bytes.into(),
            edits: Vec::new(),
        }
    }

    /// The same, with a root that has a start and an end tag.
    pub(super) fn with_open_root(mut self, limits: &Limits) -> Result<Draft> {
        let root = self.outline(limits, |_, _| Ok(false))?.remove(0);
        if root.is_empty() {
            self.append(&root, "", &[])?;
            let name = std::mem::take(&mut self.name);
            return Ok(Draft::new(&name, self.finish()));
        }
        Ok(self)
    }

    /// As it was before the changes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The elements that `see` wants, in the order of their start tags. The root comes first, wanted or not.
    ///
    /// # Errors
    /// `Malformed` where the part is not well formed; `Limit`; those of `see`.
    pub(super) fn outline(
        &self,
        limits: &Limits,
        mut see: impl FnMut(&Tag<'_>, u64) -> Result<bool>,
    ) -> Result<Vec<Element>> {
        self.outlined(limits, &mut see)
            .map_err(|error| error.in_part(&self.name))
    }

    fn outlined(
        &self,
        limits: &Limits,
        see: &mut dyn FnMut(&Tag<'_>, u64) -> Result<bool>,
    ) -> Result<Vec<Element>> {
        let mut pieces = Pieces::new(&*self.bytes, limits);
        let mut elements: Vec<Element> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        let mut at = 0;
        loop {
            limits.check_held(elements.len() as u64 * HELD)?;
            let piece = pieces.next()?;
            let (depth, span) = (piece.depth, at..at + piece.bytes.len());
            at = span.end;
            match piece.kind {
                PieceKind::Open(tag) if see(&tag, depth)? || depth == 1 => {
                    open.push(elements.len());
                    elements.push(element(&tag, span, depth));
                }
                PieceKind::Empty(tag) if see(&tag, depth)? || depth == 1 => {
                    elements.push(element(&tag, span, depth));
                }
                PieceKind::Close => {
                    if let Some(&last) = open.last()
                        && elements[last].depth == depth
                    {
                        open.pop();
                        elements[last].end = span;
                    }
                }
                PieceKind::End if elements.is_empty() => {
                    return Err(Error::malformed("there is no XML element in it"));
                }
                PieceKind::End => return Ok(elements),
                _ => {}
            }
        }
    }

    /// The start tag of an element, for a look at its attributes.
    pub(super) fn tag<T>(
        &self,
        element: &Element,
        look: impl FnOnce(&Tag<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut pieces = Pieces::new(&self.bytes[element.start.clone()], &Limits::default());
        match pieces.next()?.kind {
            PieceKind::Open(tag) | PieceKind::Empty(tag) => {
                look(&tag).map_err(|error| error.in_part(&self.name))
            }
            _ => Err(Error::bug("an element without its tag").in_part(&self.name)),
        }
    }

    /// Puts these bytes at this place.
    pub(super) fn insert(&mut self, at: usize, bytes: impl Into<Vec<u8>>) {
        self.edits.push((at..at, bytes.into()));
    }

    /// Puts these bytes in the place of others.
    pub(super) fn replace(&mut self, range: Range<usize>, bytes: impl Into<Vec<u8>>) {
        self.edits.push((range, bytes.into()));
    }

    /// Adds to the end of an element, and sets attributes of it.
    pub(super) fn append(
        &mut self,
        element: &Element,
        inside: impl Into<Vec<u8>>,
        set: &[(&str, &str)],
    ) -> Result<()> {
        let mut inside = inside.into();
        if !set.is_empty() || element.is_empty() {
            let mut start = self.tag(element, |tag| Ok(tag.changed(set, &[])))?;
            start.push(b'>');
            if element.is_empty() {
                start.append(&mut inside);
                start.extend(format!("</{}{}>", element.prefix, element.name).into_bytes());
                self.edits.push((element.start.clone(), start));
                return Ok(());
            }
            self.edits.push((element.start.clone(), start));
        }
        self.insert(element.end.start, inside);
        Ok(())
    }

    /// The part with its changes. Those at the same place come in the order in which they were made.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.edits
            .sort_by_key(|(range, _)| (range.start, range.end));
        let mut out = Vec::with_capacity(self.bytes.len() + 1_024);
        let mut at = 0;
        for (range, new) in self.edits {
            out.extend(&self.bytes[at..range.start.max(at)]);
            out.extend(new);
            at = at.max(range.end);
        }
        out.extend(&self.bytes[at..]);
        out
    }
}

/// Bytes of the byte order marks that a text starts with.
fn marks_at_start(bytes: &[u8]) -> usize {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    bytes
        .chunks_exact(3)
        .take_while(|chunk| *chunk == MARK)
        .count()
        * 3
}

fn element(tag: &Tag<'_>, span: Range<usize>, depth: u64) -> Element {
    let (prefix, name) = tag.split_name();
    Element {
        name: name.to_owned(),
        prefix: match prefix {
            "" => String::new(),
            prefix => format!("{prefix}:"),
        },
        end: span.end..span.end,
        start: span,
        depth,
    }
}

/// A declaration (`<?xml ..?>`) of the same document in UTF-8.
pub(super) fn in_utf8(declaration: &[u8]) -> Cow<'_, [u8]> {
    let lower = declaration.to_ascii_lowercase();
    let has = |word: &[u8]| memchr::memmem::find(&lower, word).is_some();
    match has(b"encoding") && !has(b"utf-8") {
        true => Cow::Borrowed(XML.trim_end().as_bytes()),
        false => Cow::Borrowed(declaration),
    }
}

/// Characters of a text, cut to `most`, as character data or the value of an attribute in double quotes. What XML cannot hold
/// becomes `_xHHHH_`, as spreadsheets have it (ECMA-376 part 1, 22.9.2.19).
pub(super) fn push_text(out: &mut String, text: &str, most: usize) {
    let mut chars = text.char_indices();
    for (at, c) in chars.by_ref().take(most) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            // A text that looks like an escape.
            '_' if is_escape(&text[at..]) => out.push_str("_x005F_"),
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => {
                out.push_str(&format!("_x{:04X}_", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    if chars.next().is_some() {
        out.push('…');
    }
}

fn is_escape(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 7
        && bytes.starts_with(b"_x")
        && bytes[2..6].iter().all(u8::is_ascii_hexdigit)
        && bytes[6] == b'_'
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sheetlift_fixtures::Book;

    use super::*;
    use crate::{CancelToken, Source, limits::Budget, xlsx::sheet::text::unescape};

    #[test]
    fn changes_keep_the_rest() {
        let text = "<?xml version='1.0'?><r a='1'> <b/><c x=\"2\">t<d/></c><!-- e --></r>";
        let mut draft = Draft::new("part", text);
        let elements = draft.outline(&Limits::default(), |_, depth| Ok(depth == 2));
        let elements = elements.unwrap();
        let names: Vec<&str> = elements.iter().map(|element| &*element.name).collect();
        assert_eq!(names, ["r", "b", "c"]);
        draft.append(&elements[0], "<end/>", &[]).unwrap();
        draft.append(&elements[1], "<f/>", &[("n", "1")]).unwrap();
        draft.append(&elements[2], "<g/>", &[("x", "3")]).unwrap();
        draft.insert(elements[2].start.start, "<first/>");
        assert_eq!(
            String::from_utf8(draft.finish()).unwrap(),
            "<?xml version='1.0'?><r a='1'> <b n=\"1\"><f/></b><first/><c x=\"3\">t<d/><g/></c><!-- e --><end/></r>"
        );
    }

    #[test]
    fn byte_order_marks_are_taken_off_at_once() {
        let mut text = "\u{feff}".repeat(2 << 20);
        text += "<r/>";
        let bytes = Book::new().part("part.xml", None, text).build();
        let limits = Limits {
            max_inflate_ratio: Limits::NONE,
            ..Limits::default()
        };
        let source = Source::from_bytes(bytes, &limits).unwrap();
        let budget = Budget::new(limits, CancelToken::new());
        let package = Package::open(source, Arc::new(budget)).unwrap();
        let draft = Draft::read(&package, "part.xml").unwrap();
        assert_eq!(draft.bytes(), b"<r/>");
        assert_eq!(marks_at_start(b"\xef\xbb\xbf\xef\xbb"), 3);
    }

    #[test]
    fn texts_come_back() {
        for text in [
            "plain",
            "a < b && \"c\" > d",
            "\u{1}\r\t_x0041_ _x004",
            "é\u{1f600}\nb",
            "__x0041__x0041_",
        ] {
            let mut escaped = String::new();
            push_text(&mut escaped, text, 100);
            let plain = quick_xml::escape::unescape(&escaped).unwrap();
            assert_eq!(unescape(&plain), text, "{escaped}");
        }
        let mut cut = String::new();
        push_text(&mut cut, "abcdef", 3);
        assert_eq!(cut, "abc…");
    }

    #[test]
    fn declarations_are_those_of_utf8() {
        let of = |text: &'static str| String::from_utf8(in_utf8(text.as_bytes()).into()).unwrap();
        for same in [
            "<?xml version=\"1.0\"?>",
            "<?xml version='1.0' encoding='utf-8'?>",
        ] {
            assert_eq!(of(same), same);
        }
        assert_eq!(
            of("<?xml version=\"1.0\" encoding=\"UTF-16\"?>"),
            XML.trim_end()
        );
    }
}
