//! Bytes of a part to tokens. Tolerant: comments, processing instructions, prefixes, CDATA and any attribute order are
//! fine; what is not well formed is an error with its byte. Has never heard of spreadsheets.
//!
//! `quick-xml` does the work. External or declared entities are never resolved (only the five of XML and character
//! references), so there is nothing to expand.

mod raw;
mod stream;

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_xml_entity,
    events::{BytesStart, Event},
    reader::Config,
};

use crate::{
    error::{Error, Result},
    limits::check,
};
pub(crate) use raw::{Document, PieceKind, Pieces};
pub(crate) use stream::{Capped, StreamTokens};

/// Tokens of one part or of a piece of one.
pub(crate) struct Tokens<'a> {
    reader: Reader<&'a [u8]>,
    /// Bytes before those that the reader sees.
    skipped: u64,
    nesting: Nesting,
    has_ended: bool,
}

/// How deep the elements are nested, and may be.
#[derive(Clone)]
struct Nesting {
    depth: u64,
    /// There was an element.
    has_element: bool,
    max_depth: u64,
}

/// What XML says, without what does not matter to its meaning.
pub(crate) enum Token<'a> {
    /// A start tag. Empty elements give `Open` and `Close`.
    Open(Tag<'a>),
    /// An end tag.
    Close,
    /// Character data, entities resolved. One text may come in several tokens.
    Text(Cow<'a, str>),
    /// No bytes are left.
    End,
}

/// A start tag.
pub(crate) struct Tag<'a>(BytesStart<'a>);

impl<'a> Tokens<'a> {
    pub(crate) fn new(bytes: &'a [u8], max_depth: u64) -> Self {
        // The reader would drop one byte order mark and not count it. A piece of a document may start with several, and
        // whoever goes on from a position has to come past them.
        let mut rest = bytes;
        while let Some(behind) = rest.strip_prefix(b"\xef\xbb\xbf") {
            rest = behind;
        }
        let mut reader = Reader::from_reader(rest);
        configure(reader.config_mut());
        Tokens {
            reader,
            skipped: (bytes.len() - rest.len()) as u64,
            nesting: Nesting::new(max_depth),
            has_ended: false,
        }
    }

    /// The next token. (Not an iterator: it borrows nothing from `self` and may fail.)
    pub(crate) fn next(&mut self) -> Result<Token<'a>> {
        loop {
            let start = self.position();
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    let at = self.skipped + self.reader.error_position();
                    return Err(ill_formed(error, at));
                }
            };
            if let Some(token) = self.nesting.token(event, start)? {
                self.has_ended = matches!(token, Token::End);
                return Ok(token);
            }
        }
    }

    /// Skips to the end of the element whose start tag was the last token.
    pub(crate) fn skip_element(&mut self) -> Result<()> {
        let outside = self.nesting.depth.saturating_sub(1);
        while self.nesting.depth > outside {
            if let Token::End = self.next()? {
                return Err(self.ended_early());
            }
        }
        Ok(())
    }

    /// All text of the element whose start tag was the last token, with that of the elements in it.
    pub(crate) fn element_text(&mut self) -> Result<String> {
        let outside = self.nesting.depth.saturating_sub(1);
        let mut text = String::new();
        while self.nesting.depth > outside {
            match self.next()? {
                Token::Text(more) => text.push_str(&more),
                Token::End => return Err(self.ended_early()),
                Token::Open(_) | Token::Close => {}
            }
        }
        Ok(text)
    }

    /// Of a whole document that was read: if that was to its end, every element was closed, and there was one.
    ///
    /// # Errors
    /// `Malformed` when the document was cut off, or is none.
    pub(crate) fn check_document(&self) -> Result<()> {
        match self.has_ended {
            true if self.nesting.depth > 0 => Err(self.ended_early()),
            true if !self.nesting.has_element => {
                Err(Error::malformed("there is no XML element in it"))
            }
            _ => Ok(()),
        }
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> u64 {
        self.skipped + self.reader.buffer_position()
    }

    /// The error for bytes that end inside an element.
    pub(crate) fn ended_early(&self) -> Error {
        Error::malformed("the XML ends inside an element").at_byte(self.position())
    }
}

fn configure(config: &mut Config) {
    config.expand_empty_elements = true;
    // Pieces start inside the document, so the ends of elements around them come unannounced.
    config.allow_unmatched_ends = true;
}

fn ill_formed(error: quick_xml::Error, at: u64) -> Error {
    Error::malformed(format!("the XML is not well formed: {error}")).at_byte(at)
}

impl Nesting {
    fn new(max_depth: u64) -> Self {
        Nesting {
            depth: 0,
            has_element: false,
            max_depth,
        }
    }

    /// The token that an event is, if it means anything. `start` is its place.
    fn token<'a>(&mut self, event: Event<'a>, start: u64) -> Result<Option<Token<'a>>> {
        Ok(Some(match event {
            Event::Start(tag) => {
                self.depth += 1;
                self.has_element = true;
                check("max_xml_depth", self.max_depth, self.depth)
                    .map_err(|error| error.at_byte(start))?;
                Token::Open(Tag(tag))
            }
            Event::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Token::Close
            }
            Event::Text(text) => Token::Text(text.xml10_content()),
            Event::CData(text) => Token::Text(text.xml10_content()),
            Event::GeneralRef(name) => {
                let c = name.resolve_char_ref();
                if let Some(c) = c.map_err(|error| ill_formed(error, start))? {
                    return Ok(Some(Token::Text(c.to_string().into())));
                }
                let name = name.into_inner();
                let known = resolve_xml_entity(&name).ok_or_else(|| {
                    Error::malformed(format!("the entity &{name}; is not defined")).at_byte(start)
                })?;
                Token::Text(known.into())
            }
            Event::Eof => Token::End,
            Event::Empty(_)
            | Event::Comment(_)
            | Event::PI(_)
            | Event::Decl(_)
            | Event::DocType(_) => return Ok(None),
        }))
    }
}

impl Tag<'_> {
    /// Local name: without prefix.
    pub(crate) fn name(&self) -> &str {
        self.split_name().1
    }

    /// Name as written.
    pub(crate) fn full_name(&self) -> &str {
        let raw: &str = &self.0;
        &raw[..raw.len() - self.0.attributes_raw().len()]
    }

    /// Name and attributes as written.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn raw(&self) -> &str {
        &self.0
    }

    /// Prefix and local name.
    pub(crate) fn split_name(&self) -> (&str, &str) {
        self.full_name()
            .rsplit_once(':')
            .unwrap_or(("", self.full_name()))
    }

    /// The attribute with exactly this name, entities resolved.
    pub(crate) fn attribute(&self, name: &str) -> Result<Option<String>> {
        self.find_attribute(name, |key| key == name)
    }

    /// The attribute with this local name and any prefix, such as `r:id`.
    pub(crate) fn prefixed_attribute(&self, name: &str) -> Result<Option<String>> {
        self.find_attribute(name, |key| {
            key.rsplit_once(':').is_some_and(|(_, local)| local == name)
        })
    }

    /// The attribute with this local name, whatever its prefix.
    pub(crate) fn any_attribute(&self, name: &str) -> Result<Option<String>> {
        self.find_attribute(name, |key| {
            key.rsplit_once(':').map_or(key, |(_, local)| local) == name
        })
    }

    /// The attribute with this prefix and local name.
    pub(crate) fn prefixed(&self, prefix: &str, name: &str) -> Result<Option<String>> {
        self.find_attribute(name, |key| key.split_once(':') == Some((prefix, name)))
    }

    /// Adds the prefixes that this tag binds (some of them, if there are absurdly many) to one of `namespaces`; the default namespace has the prefix `""`.
    pub(crate) fn bound_prefixes(&self, namespaces: &[&str], prefixes: &mut Vec<String>) {
        for attribute in self.0.attributes().with_checks(false).flatten() {
            let key: &str = attribute.key.as_ref();
            let prefix = match key.strip_prefix("xmlns") {
                Some("") => "",
                Some(rest) if rest.starts_with(':') => &rest[1..],
                _ => continue,
            };
            let is_known = prefixes.iter().any(|known| known == prefix);
            if !is_known
                && prefixes.len() < MAX_PREFIXES
                && namespaces.contains(&attribute.value.as_ref())
            {
                prefixes.push(prefix.to_owned());
            }
        }
    }

    /// Asks whether the tag has more attributes than it may.
    pub(crate) fn check_attributes(&self, max: u64) -> Result<()> {
        /// Bytes of the shortest attribute there is: ` a=""`.
        const SHORTEST: u64 = 5;
        if self.0.attributes_raw().len() as u64 / SHORTEST <= max {
            return Ok(());
        }
        let count = self.0.attributes().with_checks(false).count() as u64;
        check("max_attributes", max, count)
    }

    fn find_attribute(&self, name: &str, wanted: impl Fn(&str) -> bool) -> Result<Option<String>> {
        for attribute in self.0.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| {
                let tag = self.name();
                Error::malformed(format!(
                    "an attribute of <{tag}> is not well formed: {error}"
                ))
            })?;
            if wanted(attribute.key.as_ref()) {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0);
                let value = value.map_err(|error| {
                    Error::malformed(format!("attribute {name} is not well formed: {error}"))
                })?;
                return Ok(Some(value.into_owned()));
            }
        }
        Ok(None)
    }

    /// True when the attribute is there and true (`1`, `true`, `on`).
    pub(crate) fn flag(&self, name: &str) -> Result<bool> {
        Ok(self.attribute(name)?.is_some_and(|value| is_true(&value)))
    }
}

/// Prefixes of one namespace that are known at a time.
const MAX_PREFIXES: usize = 32;

/// `xsd:boolean`, and the `on` of strict documents.
pub(crate) fn is_true(value: &str) -> bool {
    matches!(value.trim(), "1" | "true" | "on")
}

/// The encoding of a part that begins with these bytes, unless that is UTF-8. Packages should know UTF-8 and UTF-16 only
/// (ECMA-376 part 2, 6.2.5), but writers that declare others mean them.
pub(crate) fn foreign_encoding(start: &[u8]) -> Option<&'static Encoding> {
    match start.get(..4) {
        Some([0xff, 0xfe, ..] | [b'<', 0, _, 0]) => return Some(UTF_16LE),
        Some([0xfe, 0xff, ..] | [0, b'<', 0, _]) => return Some(UTF_16BE),
        _ => {}
    }
    let declaration = start.strip_prefix(b"<?xml")?;
    let declaration = &declaration[..memchr::memmem::find(declaration, b"?>")?];
    let at = memchr::memmem::find(declaration, b"encoding")? + b"encoding".len();
    let label = declaration[at..].trim_ascii_start().strip_prefix(b"=")?;
    let label = label.trim_ascii_start();
    let label = label
        .get(1..)?
        .split(|byte| matches!(byte, b'"' | b'\''))
        .next()?;
    // A declaration in bytes cannot be one of UTF-16.
    Encoding::for_label(label).filter(|encoding| ![UTF_8, UTF_16LE, UTF_16BE].contains(encoding))
}

/// UTF-8 bytes of a whole part, whatever its encoding.
pub(crate) fn to_utf8(bytes: Vec<u8>) -> Result<Vec<u8>> {
    let Some(encoding) = foreign_encoding(&bytes) else {
        return Ok(bytes);
    };
    let (text, had_errors) = encoding.decode_with_bom_removal(&bytes);
    match had_errors {
        true => Err(Error::malformed(format!(
            "the text is not in {}",
            encoding.name()
        ))),
        false => Ok(text.into_owned().into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_limited_at_the_limit_and_not_one_past_it() {
        let depth = |max_depth| {
            let mut tokens = Tokens::new(b"<a><b><c>text</c></b></a>", max_depth);
            loop {
                if let Token::End = tokens.next()? {
                    return Ok(());
                }
            }
        };
        assert!(depth(3).is_ok());
        let error: Error = depth(2).unwrap_err();
        assert!(error.message().contains("max_xml_depth"), "{error}");
    }

    #[test]
    fn encodings_are_those_declared() {
        let wide = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
            let text = "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-16\"?><t>é漢</t>";
            text.encode_utf16().flat_map(unit).collect()
        };
        let declared = |label: &str, text: &[u8]| {
            [
                format!("<?xml version='1.0' encoding='{label}'?>").as_bytes(),
                text,
            ]
            .concat()
        };
        for (bytes, text) in [
            (wide(u16::to_le_bytes), "<t>é漢</t>"),
            (wide(u16::to_be_bytes), "<t>é漢</t>"),
            (declared("ISO-8859-1", b"<t>\xe9</t>"), "<t>é</t>"),
            (declared("Shift_JIS", b"<t>\x8a\xbf</t>"), "<t>漢</t>"),
            (declared("utf-8", "<t>é</t>".as_bytes()), "<t>é</t>"),
            (declared("UTF-16", "<t>é</t>".as_bytes()), "<t>é</t>"),
            ("<t>é</t>".into(), "<t>é</t>"),
        ] {
            let found = String::from_utf8(to_utf8(bytes).unwrap()).unwrap();
            assert!(found.ends_with(text), "{found}");
        }
        assert!(to_utf8(declared("Shift_JIS", b"<t>\xff</t>")).is_err());
    }

    #[test]
    fn byte_order_marks_count_as_bytes() {
        let bytes = "\u{feff}\u{feff}<a/>\u{feff}".as_bytes();
        let mut tokens = Tokens::new(bytes, 9);
        assert!(matches!(tokens.next(), Ok(Token::Open(_))));
        assert!(matches!(tokens.next(), Ok(Token::Close)));
        assert_eq!(tokens.position(), 10);
        let mut tokens = Tokens::new(&bytes[10..], 9);
        assert!(matches!(tokens.next(), Ok(Token::End)));
        assert_eq!(tokens.position(), 3);
        let error = Tokens::new("\u{feff}&x;".as_bytes(), 9)
            .next()
            .err()
            .unwrap();
        assert_eq!(error.location().byte, Some(3));
    }

    #[test]
    fn undefined_entities_are_errors_and_never_resolved() {
        let text = |xml: &str| {
            let mut tokens = Tokens::new(xml.as_bytes(), 9);
            tokens.next()?;
            tokens.element_text()
        };
        assert_eq!(
            text("<t>a&amp;&#66;<![CDATA[<c>]]><!-- no --></t>").unwrap(),
            "a&B<c>"
        );
        assert!(text("<!DOCTYPE t [<!ENTITY e 'x'>]><t>&e;</t>").is_err());
        assert!(text("<t>unfinished").is_err());
    }
}
