//! A part in chunks that start at an element of a given name: whole rows, whole shared strings. Memory is bounded by the
//! chunk, whatever the size of the part (an element of that name inside a foreign element would be cut at too, and end in
//! an error; the schema has no place for one); a single row that is larger makes its chunk grow, up to `max_row_bytes`.

use std::collections::VecDeque;

use memchr::{memchr, memchr_iter, memmem};

use crate::{
    book::Lines,
    error::{Error, Result},
    inflate::HISTORY,
    limits::check,
    xml::{Token, Tokens, foreign_encoding, to_utf8},
    zip::EntryReader,
};

/// Bytes of a full-size chunk: small enough for two of them to stay in the second-level cache. Debug builds use tiny ones,
/// so that every test crosses borders.
pub(crate) const CHUNK_BYTES: usize = if cfg!(debug_assertions) {
    2 << 10
} else {
    512 << 10
};
/// Bytes of the first chunk; sizes double from here, so that a look at the first rows is cheap.
pub(crate) const FIRST_BYTES: usize = if cfg!(debug_assertions) {
    1 << 10
} else {
    32 << 10
};

/// Inflated bytes that start at an element and end before one.
pub(crate) struct Chunk {
    buf: Vec<u8>,
    start: usize,
    end: usize,
    /// Place in the part.
    pub(crate) offset: u64,
}

impl Chunk {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buf[self.start..self.end]
    }

    /// The buffer, to be used again.
    pub(crate) fn into_buf(self) -> Vec<u8> {
        self.buf
    }
}

/// Cuts a part.
pub(crate) struct ChunkReader {
    reader: EntryReader,
    /// `<row`, with the prefix of the document.
    tag: Vec<u8>,
    /// `</sheetData`, likewise.
    end_tag: Vec<u8>,
    /// The last bytes of the part that were inflated, at least as many as matches may reach back.
    tail: Vec<u8>,
    /// How many of them lie behind the last cut and belong to the next chunk.
    carry: usize,
    /// Chunks that were looked at and come again.
    unread: VecDeque<Chunk>,
    offset: u64,
    size: usize,
    max_size: usize,
    ended: bool,
    max_row_bytes: u64,
    keeps_rest: bool,
    rest: Vec<u8>,
    max_rest: u64,
}

/// What stands before the elements of interest.
pub(crate) struct Prologue {
    /// The elements of interest have no prefix.
    pub(crate) plain: bool,
    /// Prefixes bound to SpreadsheetML.
    pub(crate) prefixes: Vec<String>,
    /// The element around them is there at all and is not empty.
    pub(crate) has_content: bool,
    /// `ref` of `<dimension>`: what the writer thought, never to be trusted.
    pub(crate) dimension: Option<String>,
    /// Columns that are hidden.
    pub(crate) hidden_columns: Lines,
}

impl ChunkReader {
    /// Opens a part: reads up to the start tag of `parent`, and will cut at elements named `child`.
    pub(crate) fn open(
        mut reader: EntryReader,
        parent: &str,
        child: &str,
        max_row_bytes: u64,
        max_prologue_bytes: u64,
    ) -> Result<(Self, Prologue)> {
        let mut bytes = Vec::new();
        let (mut ended, mut is_converted) = (false, false);
        let (found, at) = loop {
            let start = bytes.len();
            let room = start.max(reader.first_room(FIRST_BYTES));
            bytes.resize(start + room, 0);
            let read = reader.fill(&mut bytes, start)?;
            bytes.truncate(start + read);
            ended |= read < room;
            check(
                "max_small_part_bytes",
                max_prologue_bytes,
                bytes.len() as u64,
            )
            .map_err(|error| error.in_part(reader.part()))?;
            if !is_converted && foreign_encoding(&bytes).is_some() {
                reader = reader.converted(std::mem::take(&mut bytes), to_utf8)?;
                (ended, is_converted) = (false, true);
                continue;
            }
            let bom = if bytes.starts_with(b"\xef\xbb\xbf") {
                3
            } else {
                0
            };
            match find_parent(&bytes[bom..], parent) {
                Ok(Some((found, at))) => break (found, bom + at),
                // What looks damaged may just be cut.
                Ok(None) | Err(_) if !ended => {}
                // A sheet without cells.
                Ok(None) => break (Parent::default(), bytes.len()),
                Err(error) => return Err(error.in_part(reader.part())),
            }
        };
        let prologue = Prologue {
            plain: found.prefix.is_empty(),
            prefixes: found.prefixes,
            has_content: found.open,
            dimension: found.dimension,
            hidden_columns: found.hidden_columns,
        };
        let chunks = ChunkReader {
            reader,
            tag: format!("<{}{child}", found.prefix).into_bytes(),
            end_tag: format!("</{}{parent}", found.prefix).into_bytes(),
            tail: bytes[bytes.len().saturating_sub(HISTORY).min(at)..].to_vec(),
            carry: bytes.len() - at,
            unread: VecDeque::new(),
            keeps_rest: false,
            rest: Vec::new(),
            max_rest: max_prologue_bytes,
            offset: at as u64,
            size: FIRST_BYTES,
            max_size: CHUNK_BYTES,
            ended,
            max_row_bytes,
        };
        Ok((chunks, prologue))
    }

    /// Cuts chunks of about this size from the first one on, so that tests see every border, or none.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn with_chunk_bytes(mut self, bytes: usize) -> Self {
        (self.size, self.max_size) = (bytes, bytes);
        self
    }

    /// Name of the part, for errors.
    pub(crate) fn part(&self) -> &str {
        self.reader.part()
    }

    /// Bytes of the compressed part.
    pub(crate) fn compressed_len(&self) -> u64 {
        self.reader.compressed_len()
    }

    /// Puts chunks back: they will be the next ones.
    pub(crate) fn unread(&mut self, chunks: Vec<Chunk>) {
        self.unread = chunks.into();
    }

    /// Keeps what follows the rows, for [`Self::take_rest`].
    pub(crate) fn keep_rest(&mut self) {
        self.keeps_rest = true;
    }

    /// What follows the rows, once the last chunk was given.
    pub(crate) fn take_rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.rest)
    }

    /// The next chunk, in a buffer that is used again; `None` at the end of the part.
    pub(crate) fn next(&mut self, mut buf: Vec<u8>) -> Result<Option<Chunk>> {
        if let Some(chunk) = self.unread.pop_front() {
            return Ok(Some(chunk));
        }
        // The buffer: history that matches reach back to, what the last chunk left, new bytes.
        let mut have = self.tail.len();
        let start = have - self.carry;
        self.size = (self.size * 2).min(self.max_size);
        let mut room = have + if self.ended { 0 } else { self.size };
        if buf.len() < room {
            buf.resize(room, 0);
        }
        buf[..have].copy_from_slice(&self.tail);
        let end = loop {
            if !self.ended {
                let read = self.reader.fill(&mut buf[..room], have)?;
                self.ended = read < room - have;
                have += read;
            }
            if self.ended {
                self.keep(&buf[start..have])?;
                break have;
            }
            if let Some(cut) = last_start(&buf[start..have], &self.tag) {
                break start + cut;
            }
            // What follows the rows (merged cells, links) may be larger than any row, and is not cut.
            if let Some(end) = end_of_parent(&buf[start..have], &self.end_tag) {
                self.keep(&buf[start..have])?;
                self.drain(&buf[..have])?;
                have = start + end;
                break have;
            }
            check("max_row_bytes", self.max_row_bytes, (have - start) as u64)
                .map_err(|error| error.in_part(self.reader.part()).at_byte(self.offset))?;
            room = have + (have - start);
            if buf.len() < room {
                buf.resize(room, 0);
            }
        };
        if start == end {
            return Ok(None);
        }
        self.carry = have - end;
        self.tail.clear();
        self.tail
            .extend_from_slice(&buf[have.saturating_sub(HISTORY).min(end)..have]);
        let offset = self.offset;
        self.offset += (end - start) as u64;
        Ok(Some(Chunk {
            buf,
            start,
            end,
            offset,
        }))
    }

    /// Reads the rest of the part for its checksum alone.
    fn drain(&mut self, so_far: &[u8]) -> Result<()> {
        let history = &so_far[so_far.len().saturating_sub(HISTORY)..];
        let mut scratch = vec![0; 2 * HISTORY];
        scratch[HISTORY - history.len()..HISTORY].copy_from_slice(history);
        loop {
            let read = self.reader.fill(&mut scratch, HISTORY)?;
            if self.keeps_rest {
                self.extend_rest(&scratch[HISTORY..HISTORY + read])?;
            }
            if read < HISTORY {
                break;
            }
            scratch.copy_within(HISTORY.., 0);
        }
        self.ended = true;
        Ok(())
    }

    /// Keeps what follows the end of the parent in these bytes, if that is wanted.
    fn keep(&mut self, bytes: &[u8]) -> Result<()> {
        match memmem::rfind(bytes, &self.end_tag) {
            Some(at) if self.keeps_rest => self.extend_rest(&bytes[at..]),
            _ => Ok(()),
        }
    }

    fn extend_rest(&mut self, bytes: &[u8]) -> Result<()> {
        let len = (self.rest.len() + bytes.len()) as u64;
        check("max_small_part_bytes", self.max_rest, len)
            .map_err(|error| error.in_part(self.reader.part()))?;
        self.rest.extend_from_slice(bytes);
        Ok(())
    }
}

/// SpreadsheetML, transitional and strict.
const NAMESPACES: [&str; 2] = [
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
];

#[derive(Default)]
struct Parent {
    prefix: String,
    prefixes: Vec<String>,
    open: bool,
    dimension: Option<String>,
    hidden_columns: Lines,
}

/// The start tag of `parent` and the place behind it; `None` where a worksheet has none.
///
/// # Errors
/// `Malformed` when the document is cut off, or is another one than that of a `parent`.
fn find_parent(bytes: &[u8], parent: &str) -> Result<Option<(Parent, usize)>> {
    let mut tokens = Tokens::new(bytes, 64);
    let mut found = Parent::default();
    let (mut is_root, mut is_worksheet) = (true, false);
    loop {
        let tag = match tokens.next()? {
            Token::Open(tag) => tag,
            Token::End => {
                tokens.check_document()?;
                return match is_worksheet {
                    true => Ok(None),
                    false => Err(Error::malformed(format!("there is no <{parent}> in it"))),
                };
            }
            Token::Close | Token::Text(_) => continue,
        };
        tag.bound_prefixes(&NAMESPACES, &mut found.prefixes);
        let (prefix, name) = tag.split_name();
        is_worksheet |= is_root && name == "worksheet" && parent == "sheetData";
        if std::mem::take(&mut is_root) && found.prefixes.is_empty() {
            found.prefixes.push(prefix.to_owned()); // a writer that knows no namespaces
        }
        if !found.prefixes.iter().any(|known| known == prefix) {
            tokens.skip_element()?;
        } else if name == parent {
            let at = tokens.position() as usize;
            let colon = if prefix.is_empty() { "" } else { ":" };
            found.prefix = format!("{prefix}{colon}");
            found.open = !bytes[..at].ends_with(b"/>");
            return Ok(Some((found, at)));
        } else if name == "dimension" {
            found.dimension = tag.attribute("ref")?;
        } else if name == "col" && tag.flag("hidden")? {
            // Counted from 1 (18.3.1.13).
            let number = |name: &str| -> Result<Option<u32>> {
                Ok(tag.attribute(name)?.and_then(|n| n.trim().parse().ok()))
            };
            if let (Some(min @ 1..), Some(max @ 1..)) = (number("min")?, number("max")?) {
                found.hidden_columns.push(min - 1..=max - 1);
            }
        }
    }
}

/// Place of the last element named `tag` that is not the very first byte.
fn last_start(bytes: &[u8], tag: &[u8]) -> Option<usize> {
    if has_markup(bytes) {
        return last_start_outside_markup(bytes, tag);
    }
    memmem::rfind_iter(bytes, tag).find(|&at| at > 0 && ends_name(bytes, at + tag.len()))
}

/// The place behind the end tag of the parent, where there is no doubt that it is one.
fn end_of_parent(bytes: &[u8], end_tag: &[u8]) -> Option<usize> {
    if has_markup(bytes) {
        return None;
    }
    let mut tags = memmem::find_iter(bytes, end_tag);
    let name_end = tags.find(|&at| ends_name(bytes, at + end_tag.len()))? + end_tag.len();
    let close = name_end + memchr(b'>', &bytes[name_end..])?;
    let is_plain = bytes[name_end..close].iter().all(u8::is_ascii_whitespace);
    is_plain.then_some(close + 1)
}

/// A tag name ends here. At the very end of the bytes that is not known.
fn ends_name(bytes: &[u8], at: usize) -> bool {
    matches!(
        bytes.get(at),
        Some(b' ' | b'>' | b'/' | b'\t' | b'\r' | b'\n')
    )
}

/// Comments, CDATA or processing instructions, in which a start tag means nothing.
fn has_markup(bytes: &[u8]) -> bool {
    memchr::memchr2_iter(b'!', b'?', bytes).any(|at| at > 0 && bytes[at - 1] == b'<')
}

fn last_start_outside_markup(bytes: &[u8], tag: &[u8]) -> Option<usize> {
    let mut last = None;
    let mut at = 0;
    while let Some(next) = memchr(b'<', &bytes[at..]) {
        at += next;
        let rest = &bytes[at..];
        const MARKUP: [(&[u8], &[u8]); 3] =
            [(b"<!--", b"-->"), (b"<![CDATA[", b"]]>"), (b"<?", b"?>")];
        let markup = MARKUP.iter().find(|(start, _)| rest.starts_with(start));
        match markup {
            // The end does not overlap the start: `<!-->` goes on.
            Some((start, end)) => match memmem::find(&rest[start.len()..], end) {
                Some(len) => at += start.len() + len + end.len(),
                None => break,
            },
            None => {
                // `<!--` or `<![CDATA[` may be cut at the end: nothing behind here is certain.
                if rest.len() < 9 && memchr_iter(b'!', rest).next().is_some() {
                    break;
                }
                if at > 0 && rest.starts_with(tag) && ends_name(bytes, at + tag.len()) {
                    last = Some(at);
                }
                at += 1;
            }
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_at_the_last_row() {
        let cut = |text: &str| last_start(text.as_bytes(), b"<row");
        assert_eq!(cut("<row r=\"1\"/><row r=\"2\"/>"), Some(12));
        assert_eq!(cut("<row r=\"1\"/>"), None);
        assert_eq!(cut("<row/><rowBreaks/>"), None);
        assert_eq!(cut("<row/><row"), None);
        assert_eq!(cut("<row/><row/><!-- <row/> -->"), Some(6));
        assert_eq!(cut("<row/><row/><!-- <row/> "), Some(6));
        assert_eq!(cut("<row/><c><![CDATA[<row >]]></c><row/>"), Some(31));
        assert_eq!(cut("<row/><?x <row/>?>"), None);
        assert_eq!(cut("<row/><t>what? no!</t><row/>"), Some(22));
        assert_eq!(cut("<row/><!--><row/>--><row/>"), Some(20));
        assert_eq!(cut("<row/><!--><row/>"), None);
    }

    #[test]
    fn ends_at_the_end_of_the_parent() {
        let end = |text: &str| end_of_parent(text.as_bytes(), b"</sheetData");
        assert_eq!(end("<row/></sheetData><mergeCells/>"), Some(18));
        assert_eq!(end("<row/></sheetData >"), Some(19));
        assert_eq!(
            end("<a><sheetDataX></sheetDataX></a></sheetData>"),
            Some(44)
        );
        assert_eq!(end("<a><sheetDataX></sheetDataX></a>"), None);
        assert_eq!(end("<row/></sheetData"), None);
        // An end tag with something in it is for the tolerant scanner to refuse.
        assert_eq!(end("<row/></sheetData :<c/>"), None);
    }
}
