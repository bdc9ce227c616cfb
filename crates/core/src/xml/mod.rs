//! Bytes of a part to tokens. Tolerant: comments, processing instructions, prefixes, CDATA and any attribute order are
//! fine; what is not well formed is an error with its byte. Has never heard of spreadsheets.
//!
//! `quick-xml` does the work. External or declared entities are never resolved (only the five of XML and character
//! references), so there is nothing to expand.

use std::borrow::Cow;

use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_xml_entity,
    events::{BytesStart, Event},
};

use crate::error::{Error, Result};

/// Tokens of one part or of a piece of one.
pub(crate) struct Tokens<'a> {
    reader: Reader<&'a [u8]>,
    /// Bytes before those that the reader sees.
    skipped: u64,
    depth: u64,
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
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        // Pieces start inside the document, so the ends of elements around them come unannounced.
        config.allow_unmatched_ends = true;
        Tokens {
            reader,
            skipped: (bytes.len() - rest.len()) as u64,
            depth: 0,
            max_depth,
        }
    }

    /// The next token. (Not an iterator: it borrows nothing from `self` and may fail.)
    pub(crate) fn next(&mut self) -> Result<Token<'a>> {
        loop {
            let start = self.position();
            let fail = |error: quick_xml::Error, at: u64| {
                Error::malformed(format!("the XML is not well formed: {error}")).at_byte(at)
            };
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    let at = self.skipped + self.reader.error_position();
                    return Err(fail(error, at));
                }
            };
            return Ok(match event {
                Event::Start(tag) => {
                    self.depth += 1;
                    if self.depth > self.max_depth {
                        return Err(Error::limit("max_xml_depth", self.max_depth, self.depth)
                            .at_byte(start));
                    }
                    Token::Open(Tag(tag))
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    Token::Close
                }
                Event::Text(text) => Token::Text(text.xml10_content()),
                Event::CData(text) => Token::Text(text.xml10_content()),
                Event::GeneralRef(name) => {
                    if let Some(c) = name
                        .resolve_char_ref()
                        .map_err(|error| fail(error, start))?
                    {
                        Token::Text(c.to_string().into())
                    } else {
                        let name = name.into_inner();
                        let known = resolve_xml_entity(&name).ok_or_else(|| {
                            Error::malformed(format!("the entity &{name}; is not defined"))
                                .at_byte(start)
                        })?;
                        Token::Text(known.into())
                    }
                }
                Event::Eof => Token::End,
                Event::Empty(_)
                | Event::Comment(_)
                | Event::PI(_)
                | Event::Decl(_)
                | Event::DocType(_) => continue,
            });
        }
    }

    /// Skips to the end of the element whose start tag was the last token.
    pub(crate) fn skip_element(&mut self) -> Result<()> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            if let Token::End = self.next()? {
                return Err(self.ended_early());
            }
        }
        Ok(())
    }

    /// All text of the element whose start tag was the last token, with that of the elements in it.
    pub(crate) fn element_text(&mut self) -> Result<String> {
        let outside = self.depth.saturating_sub(1);
        let mut text = String::new();
        while self.depth > outside {
            match self.next()? {
                Token::Text(more) => text.push_str(&more),
                Token::End => return Err(self.ended_early()),
                Token::Open(_) | Token::Close => {}
            }
        }
        Ok(text)
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

    /// Adds the prefixes that this tag binds to one of `namespaces`; the default namespace has the prefix `""`.
    pub(crate) fn bound_prefixes(&self, namespaces: &[&str], prefixes: &mut Vec<String>) {
        for attribute in self.0.attributes().with_checks(false).flatten() {
            let key: &str = attribute.key.as_ref();
            let prefix = match key.strip_prefix("xmlns") {
                Some("") => "",
                Some(rest) if rest.starts_with(':') => &rest[1..],
                _ => continue,
            };
            if namespaces.contains(&attribute.value.as_ref()) {
                prefixes.push(prefix.to_owned());
            }
        }
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

/// `xsd:boolean`, and the `on` of strict documents.
pub(crate) fn is_true(value: &str) -> bool {
    matches!(value.trim(), "1" | "true" | "on")
}

/// UTF-8 bytes of a whole part: a byte order mark is dropped, UTF-16 is converted.
pub(crate) fn to_utf8(bytes: Vec<u8>) -> Result<Vec<u8>> {
    let wide = match bytes.get(..2) {
        Some([0xff, 0xfe]) => u16::from_le_bytes,
        Some([0xfe, 0xff]) => u16::from_be_bytes,
        _ => return Ok(bytes),
    };
    let units = bytes[2..]
        .chunks_exact(2)
        .map(|pair| wide([pair[0], pair[1]]));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    text.map(String::into_bytes)
        .map_err(|_| Error::malformed("the UTF-16 text is damaged"))
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
