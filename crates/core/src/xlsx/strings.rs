//! The shared strings part (ECMA-376 part 1, 18.4), read chunk by chunk beside the sheet.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use memchr::memchr;

use super::{
    Package,
    sheet::{Chunk, ChunkReader, decode, rich_text, skip_blanks},
};
use crate::{
    column::{StringTable, strings::make_view_in},
    eight::text_end,
    error::{Error, Result},
    limits::{Limits, check},
    xml::{Token, Tokens},
};

/// Shared strings on their way into the table. Chunks are taken in order, may be read side by side, and are put back in any
/// order; each becomes one block of the table.
pub(crate) struct SharedStrings {
    chunks: Option<ChunkReader>,
    part: String,
    /// Chunks taken so far.
    taken: u32,
    table: StringTable,
    /// Chunks that were read before those in front of them.
    waiting: BTreeMap<u32, Result<Block>>,
    /// Bytes of the strings in them.
    waiting_bytes: usize,
    failed: Option<Error>,
    /// The end of the strings was met, or there are none.
    complete: bool,
    limits: Limits,
}

/// The table of a workbook, while some reader has it: sheets that are read one after the other read it once.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownTable(Arc<Mutex<Weak<StringTable>>>);

impl KnownTable {
    fn get(&self) -> Option<Arc<StringTable>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.upgrade()
    }

    pub(crate) fn set(&self, table: &Arc<StringTable>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(table);
    }
}

/// The strings of a sheet: all of them, or what they are read from.
pub(crate) struct TableOrChunks {
    pub(crate) table: Option<Arc<StringTable>>,
    pub(crate) chunks: Option<SharedStrings>,
    pub(crate) known: KnownTable,
}

impl TableOrChunks {
    /// The table if it is known, or else the part opened.
    pub(super) fn open(package: &Package, part: Option<&str>, known: &KnownTable) -> Result<Self> {
        let table = known.get();
        let chunks = match table {
            Some(_) => None,
            None => Some(SharedStrings::open(package, part)?),
        };
        Ok(TableOrChunks {
            table,
            chunks,
            known: known.clone(),
        })
    }

    /// The table with its first `len` strings at least, or all there are.
    pub(super) fn read_to(&mut self, len: usize) -> Result<&StringTable> {
        match (&self.table, &mut self.chunks) {
            (Some(table), _) => Ok(table),
            (None, Some(chunks)) => {
                chunks.read_to(len)?;
                Ok(chunks.table())
            }
            (None, None) => Err(Error::bug("strings without a table")),
        }
    }
}

/// A chunk to be read.
pub(crate) struct StringsChunk {
    number: u32,
    chunk: Chunk,
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
        let complete = chunks.is_none();
        let name = chunks.as_ref().map(|chunks| chunks.part().to_owned());
        Ok(SharedStrings {
            chunks,
            part: name.unwrap_or_default(),
            taken: 0,
            table: StringTable::default(),
            waiting: BTreeMap::new(),
            waiting_bytes: 0,
            failed: None,
            complete,
            limits,
        })
    }

    /// Cuts chunks of about this size.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn with_chunk_bytes(mut self, bytes: usize) -> Self {
        self.chunks = self.chunks.map(|chunks| chunks.with_chunk_bytes(bytes));
        self
    }

    /// The strings read so far.
    pub(crate) fn table(&self) -> &StringTable {
        &self.table
    }

    /// All strings read so far, at the end.
    ///
    /// # Errors
    /// That of the first chunk that could not be read; `Malformed` when the part was cut off.
    pub(crate) fn into_table(self) -> Result<StringTable> {
        let all = self.is_done() && self.failed.is_none();
        if all && !self.complete {
            let error = Error::malformed("the part ends before </sst>: strings are missing");
            return Err(error.in_part(self.part));
        }
        self.failed.map_or(Ok(self.table), Err)
    }

    /// True when there is no chunk left to be taken.
    pub(crate) fn is_taken(&self) -> bool {
        self.chunks.is_none()
    }

    /// True when every string has been read.
    pub(crate) fn is_done(&self) -> bool {
        self.is_taken() && (self.failed.is_some() || self.table.next_block() == self.taken)
    }

    /// Reads until the table has `len` strings, or all there are.
    pub(crate) fn read_to(&mut self, len: usize) -> Result<()> {
        let mut block = Block::default();
        while self.table.len() < len && !self.is_done() {
            self.advance(&mut block)?;
        }
        Ok(())
    }

    /// Reads one chunk by way of `block`.
    pub(crate) fn advance(&mut self, block: &mut Block) -> Result<()> {
        if let Some(chunk) = self.take(block.take_buf()) {
            let read = chunk.read(block, &self.limits);
            self.put(&chunk, read, block);
            block.keep_buf(chunk.into_buf());
        }
        self.failed.take().map_or(Ok(()), Err)
    }

    /// Inflates the next chunk into a buffer that is used again; `None` at the end, or when that failed.
    pub(crate) fn take(&mut self, buf: Vec<u8>) -> Option<StringsChunk> {
        let next = self.chunks.as_mut()?.next(buf);
        let number = self.taken;
        match next {
            Ok(Some(chunk)) => {
                self.taken += 1;
                Some(StringsChunk { number, chunk })
            }
            ended => {
                self.chunks = None;
                if let Err(error) = ended {
                    self.taken += 1;
                    self.put_number(number, Err(error));
                }
                None
            }
        }
    }

    /// Takes in what was read of a chunk: at once when it is its turn.
    pub(crate) fn put(&mut self, chunk: &StringsChunk, read: Result<()>, block: &mut Block) {
        let read = match read {
            Ok(()) if chunk.number == self.table.next_block() => {
                self.push(block);
                return self.put_waiting();
            }
            Ok(()) => Ok(std::mem::take(block)),
            Err(error) => {
                let error = error.shift_byte(chunk.chunk.offset);
                Err(error.in_part(&self.part))
            }
        };
        self.put_number(chunk.number, read);
    }

    fn put_number(&mut self, number: u32, read: Result<Block>) {
        self.waiting_bytes += read.as_ref().map_or(0, Block::size);
        self.waiting.insert(number, read);
        self.put_waiting();
        self.check_size();
    }

    fn put_waiting(&mut self) {
        while self.failed.is_none()
            && let Some(read) = self.waiting.remove(&self.table.next_block())
        {
            match read {
                Ok(mut block) => {
                    self.waiting_bytes -= block.size();
                    self.push(&mut block);
                }
                Err(error) => self.fail(error),
            }
        }
    }

    fn push(&mut self, block: &mut Block) {
        let text = std::mem::take(&mut block.text);
        self.table.push_block(text, &block.views);
        self.check_size();
        if self.failed.is_none() && block.ended {
            // What follows the end of the strings is none of ours.
            self.complete = true;
            self.chunks = None;
            self.taken = self.table.next_block();
            self.waiting.clear();
            self.waiting_bytes = 0;
        }
    }

    fn check_size(&mut self) {
        let limit = self.limits.max_shared_string_bytes;
        let size = (self.table.size() + self.waiting_bytes) as u64;
        let checked = check("max_shared_string_bytes", limit, size);
        if let Err(error) = checked.and_then(|()| self.limits.check_held(size)) {
            self.fail(error.in_part(&self.part));
        }
    }

    fn fail(&mut self, error: Error) {
        self.chunks = None;
        self.failed.get_or_insert(error);
    }
}

impl StringsChunk {
    /// Reads the chunk into `block`.
    pub(crate) fn read(&self, block: &mut Block, limits: &Limits) -> Result<()> {
        block.number = self.number;
        block.views.clear();
        // The table keeps it as it is: whoever puts chunks into it holds up the others.
        block.text = Vec::with_capacity(self.chunk.bytes().len());
        block.ended = read_chunk(self.chunk.bytes(), block, limits)?;
        block.text.shrink_to_fit();
        Ok(())
    }

    /// The buffer, to be used again.
    pub(crate) fn into_buf(self) -> Vec<u8> {
        self.chunk.into_buf()
    }
}

/// The strings of one chunk; its memory serves the next one.
#[derive(Default)]
pub(crate) struct Block {
    number: u32,
    text: Vec<u8>,
    views: Vec<u128>,
    /// The strings end in this chunk.
    ended: bool,
    /// For the next chunk.
    buf: Vec<u8>,
}

impl Block {
    /// A buffer for the next chunk.
    pub(crate) fn take_buf(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.buf)
    }

    /// Keeps a buffer for the next chunk.
    pub(crate) fn keep_buf(&mut self, buf: Vec<u8>) {
        self.buf = buf;
    }

    /// Bytes of its strings, as the table counts them.
    fn size(&self) -> usize {
        self.views.len() * 16 + self.text.len()
    }

    /// Adds the text `bytes[at..end]`, which is UTF-8.
    #[inline(always)]
    fn push(&mut self, bytes: &[u8], at: usize, end: usize, limits: &Limits) -> Result<()> {
        let len = end - at;
        check("max_cell_bytes", limits.max_cell_bytes, len as u64)?;
        let offset = u32::try_from(self.text.len())
            .map_err(|_| Error::unsupported("more than 4 GiB of shared strings in one chunk"))?;
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

#[cfg(test)]
mod tests {
    use sheetlift_fixtures::Book;

    use super::*;
    use crate::{cancel::CancelToken, limits::Budget, source::Source};

    /// While the first chunk is read slowly, others are done with what follows it.
    #[test]
    fn strings_that_wait_for_their_turn_count() {
        let texts = ["a string of more than twelve letters"; 10_000];
        let bytes = Book::new().sheet("a", "").strings(&texts).build();
        let fails = |limit: u64| {
            let limits = Limits {
                max_shared_string_bytes: limit,
                ..Limits::default()
            };
            let source = Source::from_bytes(bytes.clone(), &limits).unwrap();
            let budget = Arc::new(Budget::new(limits.clone(), CancelToken::new()));
            let package = Package::open(source, budget).unwrap();
            let mut strings = SharedStrings::open(&package, Some("xl/sharedStrings.xml")).unwrap();
            let _first = strings.take(Vec::new()).unwrap();
            let second = strings.take(Vec::new()).unwrap();
            let mut block = Block::default();
            let read = second.read(&mut block, &limits);
            let size = block.size() as u64;
            strings.put(&second, read, &mut block);
            (size, strings.into_table().err())
        };
        let (size, error) = fails(Limits::NONE);
        assert!(size > 0 && error.is_none());
        assert!(fails(size).1.is_none());
        let error = fails(size - 1).1.unwrap();
        assert!(
            error.message().contains("max_shared_string_bytes"),
            "{error}"
        );
    }
}
