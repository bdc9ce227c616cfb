//! The shared strings part (ECMA-376 part 1, 18.4), read chunk by chunk beside the sheet.

use memchr::memchr;

use super::{
    Package,
    sheet::{ChunkReader, decode, rich_text, skip_blanks},
};
use crate::{
    column::{StringTable, strings::make_view},
    error::Result,
    limits::{Limits, check},
    xml::{Token, Tokens},
};

/// Shared strings on their way into the table.
pub(crate) struct SharedStrings {
    chunks: Option<ChunkReader>,
    table: StringTable,
    buf: Vec<u8>,
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
        let block = self.table.next_block();
        let read = read_chunk(chunk.bytes(), block, &self.limits)
            .map_err(|error| error.shift_byte(chunk.offset).in_part(chunks.part()))?;
        self.table.push_block(read.text, &read.views);
        let limit = self.limits.max_shared_string_bytes;
        check("max_shared_string_bytes", limit, self.table.size() as u64)
            .map_err(|error| error.in_part(chunks.part()))?;
        if read.ended {
            self.chunks = None;
        }
        self.buf = chunk.into_buf();
        Ok(())
    }
}

struct Block {
    text: Vec<u8>,
    views: Vec<u128>,
    ended: bool,
}

impl Block {
    fn push(&mut self, text: &str, block: u32, limits: &Limits) -> Result<()> {
        check("max_cell_bytes", limits.max_cell_bytes, text.len() as u64)?;
        self.views
            .push(make_view(text.as_bytes(), block, self.text.len() as u32));
        if text.len() > 12 {
            self.text.extend_from_slice(text.as_bytes());
        }
        Ok(())
    }
}

fn read_chunk(bytes: &[u8], number: u32, limits: &Limits) -> Result<Block> {
    let mut block = Block {
        text: Vec::new(),
        views: Vec::new(),
        ended: false,
    };
    let mut at = 0;
    loop {
        at = skip_blanks(bytes, at);
        if at == bytes.len() {
            break;
        }
        if let Some((text, next)) = plain_string(bytes, at) {
            block.push(&text, number, limits)?;
            at = next;
            continue;
        }
        let mut tokens = Tokens::new(&bytes[at..], limits.max_xml_depth);
        let place = |error: crate::Error| error.shift_byte(at as u64);
        match tokens.next().map_err(place)? {
            Token::Open(tag) if tag.name() == "si" => {
                let text = rich_text(&mut tokens).map_err(place)?;
                block
                    .push(&text, number, limits)
                    .map_err(|error| error.at_byte(at as u64))?;
            }
            Token::Open(_) => tokens.skip_element().map_err(place)?,
            Token::Close => {
                block.ended = true;
                break;
            }
            Token::End => break,
            Token::Text(_) => {}
        }
        at += tokens.position() as usize;
    }
    block.text.shrink_to_fit();
    Ok(block)
}

/// `<si><t>text</t></si>`, by far the most common; anything else is left to XML tokens.
fn plain_string(bytes: &[u8], at: usize) -> Option<(std::borrow::Cow<'_, str>, usize)> {
    let rest = &bytes[at..];
    let start = [&b"<si><t>"[..], b"<si><t xml:space=\"preserve\">"]
        .iter()
        .find(|tag| rest.starts_with(tag))?
        .len();
    let len = memchr(b'<', &rest[start..])?;
    let end = start + len;
    if !rest[end..].starts_with(b"</t></si>") {
        return None;
    }
    Some((decode(&rest[start..end])?, at + end + 9))
}
