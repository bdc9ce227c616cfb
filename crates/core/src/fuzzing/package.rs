//! Packages around fuzzed parts, so that mutation reaches the XML and not the container.

use std::sync::Arc;

use super::limits;
use crate::{
    cancel::CancelToken,
    error::Result,
    limits::Budget,
    source::Source,
    xlsx::{Package, sheet::chunks::FIRST_BYTES},
    xml::{Token, Tokens},
};

pub(super) const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

/// More bytes than an input may have (`-max_len` in run.sh): a chunk that holds all of a part.
pub(super) const WHOLE: usize = 64 << 10;

/// A part's name and bytes.
pub(super) type Part<'a> = (&'a str, &'a [u8]);

/// The parts as a zip archive, stored, with the right checksums (APPNOTE 4.3.7, 4.3.12, 4.3.16).
pub(super) fn zip(parts: &[Part<'_>]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in parts {
        let offset = out.len() as u32;
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        common.extend(crc32fast::hash(bytes).to_le_bytes());
        common.extend((bytes.len() as u32).to_le_bytes());
        common.extend((bytes.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(*bytes);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, entries) = (out.len() as u32, parts.len() as u16);
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(entries.to_le_bytes());
    out.extend(entries.to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// A package of these parts.
pub(super) fn package(parts: &[Part<'_>]) -> Result<Package> {
    let limits = limits();
    let source = Source::from_bytes(zip(parts), &limits)?;
    Package::open(source, Arc::new(Budget::new(limits, CancelToken::new())))
}

/// `content` in an element `parent`, with `before` in front and `after` behind it. The first look at a part takes all that
/// stands before the content, so that chunks are cut from the content alone.
pub(super) fn wrap(before: &str, parent: &str, content: &[u8], after: &str) -> Vec<u8> {
    let start = format!("{before}<{parent} xmlns=\"{MAIN}\" xmlns:x=\"{MAIN}\" xmlns:y=\"other\">");
    let mut part = format!("<!--{}-->", " ".repeat(FIRST_BYTES - 7 - start.len())).into_bytes();
    part.extend_from_slice(start.as_bytes());
    part.extend_from_slice(content);
    part.extend_from_slice(format!("</{parent}>{after}").as_bytes());
    part
}

/// True when cutting `content` at each element `child` cuts no element in two: none of them (nor a `parent`) lies deeper,
/// in an attribute, an end tag or a DTD, where the schema has no place for one.
pub(super) fn cuts_are_safe(content: &[u8], parent: &str, child: &str) -> bool {
    let mut tokens = Tokens::new(content, limits().max_xml_depth);
    let mut depth = 0;
    loop {
        match tokens.next() {
            Ok(Token::Open(tag)) => {
                let is_named = [parent, child].contains(&tag.full_name());
                if tag.raw().contains('<') || is_named && (depth > 0 || tag.full_name() == parent) {
                    return false;
                }
                depth += 1;
            }
            Ok(Token::Close) if depth == 0 => break,
            Ok(Token::Close) => depth -= 1,
            Ok(Token::Text(_)) => {}
            Ok(Token::End) => break,
            Err(_) => return false,
        }
    }
    let is_plain = |start: usize| {
        let rest = content[start + 2..].iter();
        let mut rest = rest.skip_while(|b| b.is_ascii_alphanumeric() || b":_-.".contains(b));
        rest.find(|b| !b.is_ascii_whitespace()) == Some(&b'>')
    };
    let mut ends = memchr::memmem::find_iter(content, b"</");
    ends.all(is_plain) && memchr::memmem::find(content, b"<!D").is_none()
}
