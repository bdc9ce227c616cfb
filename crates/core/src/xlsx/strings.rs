//! The shared strings part (ECMA-376 part 1, 18.4), read chunk by chunk beside the sheet.

use std::borrow::Cow;

use memchr::memchr;

use super::{
    Package,
    eight::text_end,
    sheet::{ChunkReader, decode, rich_text, skip_blanks},
};
use crate::{
    column::{StringTable, strings::make_view_in},
    error::Result,
    limits::{Limits, check},
    xml::{Token, Tokens},
};

/// Shared strings on their way into the table.
pub(crate) struct SharedStrings {
    chunks: Option<ChunkReader>,
    table: StringTable,
    buf: Vec<u8>,
    block: Block,
    limits: Limits,
}

impl SharedStrings {
    /// Opens the part; without one the table is empty.
    pub(crate) fn open(package: &Package, part: Option<&str>) -> Result<Self> {
        let limits = package.budget().limits.clone();
        let chunks = match part {
            Some(part) => {
                let reader = package.reader(part)?;
                let prologue_limit = limits.max_small_part_bytes;
                let (chunks, prologue) =
                    ChunkReader::open(reader, "sst", "si", limits.max_row_bytes, prologue_limit)?;
                prologue.has_content.then_some(chunks)
            }
            None => None,
        };
        Ok(SharedStrings {
            chunks,
            table: StringTable::default(),
            buf: Vec::new(),
            block: Block::default(),
            limits,
        })
    }

    /// The strings read so far.
    pub(crate) fn table(&self) -> &StringTable {
        &self.table
    }

    /// All strings read so far, at the end.
    pub(crate) fn into_table(self) -> StringTable {
        self.table
    }

    /// True when every string has been read.
    pub(crate) fn is_done(&self) -> bool {
        self.chunks.is_none()
    }

    /// Reads until the table has `len` strings, or all there are.
    pub(crate) fn read_to(&mut self, len: usize) -> Result<()> {
        while self.table.len() < len && !self.is_done() {
            self.advance()?;
        }
        Ok(())
    }

    /// Reads one chunk.
    pub(crate) fn advance(&mut self) -> Result<()> {
        let Some(chunks) = &mut self.chunks else {
            return Ok(());
        };
        let Some(chunk) = chunks.next(std::mem::take(&mut self.buf))? else {
            self.chunks = None;
            return Ok(());
        };
        let block = &mut self.block;
        block.clear(self.table.next_block());
        let ended = read_chunk(chunk.bytes(), block, &self.limits)
            .map_err(|error| error.shift_byte(chunk.offset).in_part(chunks.part()))?;
        self.table.push_block(&block.text, &block.views);
        let limit = self.limits.max_shared_string_bytes;
        check("max_shared_string_bytes", limit, self.table.size() as u64)
            .map_err(|error| error.in_part(chunks.part()))?;
        if ended {
            self.chunks = None;
        }
        self.buf = chunk.into_buf();
        Ok(())
    }
}

/// The strings of one chunk; its memory serves the next one.
#[derive(Default)]
struct Block {
    number: u32,
    text: Vec<u8>,
    views: Vec<u128>,
}

impl Block {
    fn clear(&mut self, number: u32) {
        self.number = number;
        self.text.clear();
        self.views.clear();
    }

    /// Adds the text `bytes[at..end]`, which is UTF-8.
    #[inline(always)]
    fn push(&mut self, bytes: &[u8], at: usize, end: usize, limits: &Limits) -> Result<()> {
        let len = end - at;
        check("max_cell_bytes", limits.max_cell_bytes, len as u64)?;
        let offset = self.text.len() as u32;
        self.views
            .push(make_view_in(bytes, at, end, self.number, offset));
        if len > 12 {
            self.text.extend_from_slice(&bytes[at..end]);
        }
        Ok(())
    }
}

/// Reads a chunk into `block`; true when the strings have ended.
fn read_chunk(bytes: &[u8], block: &mut Block, limits: &Limits) -> Result<bool> {
    let mut at = 0;
    loop {
        if let Some((start, end)) = plain_string(bytes, at) {
            block.push(bytes, start, end, limits)?;
            at = end + SI_END.len();
            continue;
        }
        at = skip_blanks(bytes, at);
        if at == bytes.len() {
            return Ok(false);
        }
        if let Some((text, next)) = decoded_string(bytes, at) {
            block.push(text.as_bytes(), 0, text.len(), limits)?;
            at = next;
            continue;
        }
        let mut tokens = Tokens::new(&bytes[at..], limits.max_xml_depth);
        let place = |error: crate::Error| error.shift_byte(at as u64);
        match tokens.next().map_err(place)? {
            Token::Open(tag) if tag.name() == "si" => {
                let text = rich_text(&mut tokens).map_err(place)?;
                block
                    .push(text.as_bytes(), 0, text.len(), limits)
                    .map_err(|error| error.at_byte(at as u64))?;
            }
            Token::Open(_) => tokens.skip_element().map_err(place)?,
            Token::Close => return Ok(true),
            Token::End => return Ok(false),
            Token::Text(_) => {}
        }
        at += tokens.position() as usize;
    }
}

const SI_END: &[u8] = b"</t></si>";

/// Where the text of `<si><t>text</t></si>` is, by far the most common, if it stands for itself.
#[inline(always)]
fn plain_string(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    if bytes.get(at..at + 7)? != b"<si><t>" {
        return None;
    }
    let (end, plain) = text_end(bytes, at + 7)?;
    (plain && bytes.get(end..end + SI_END.len())? == SI_END).then_some((at + 7, end))
}

/// The same with entities, letters beyond ASCII or blanks to keep; anything else is left to XML tokens.
fn decoded_string(bytes: &[u8], at: usize) -> Option<(Cow<'_, str>, usize)> {
    let rest = &bytes[at..];
    let start = [&b"<si><t>"[..], b"<si><t xml:space=\"preserve\">"]
        .iter()
        .find(|tag| rest.starts_with(tag))?
        .len();
    let end = start + memchr(b'<', &rest[start..])?;
    if !rest[end..].starts_with(SI_END) {
        return None;
    }
    Some((decode(&rest[start..end])?, at + end + SI_END.len()))
}
