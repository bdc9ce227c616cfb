//! OLE containers ([MS-CFB]), around workbooks up to Excel 2003 and around encrypted ones: names to bytes. A container is a file system: sectors, a table
//! that chains them to files, and a directory.
//!
//! ```text
//! header | sector 0 | sector 1 | ...          a sector has 512 or 4,096 bytes; the header fills one
//! table: sector -> next sector                its own sectors are listed in the header and in a chain of further lists
//! small files: parts of 64 bytes in one file, the mini stream, with a table of its own
//! ```
//!
//! Tolerant, because many programs write tables that are wrong beyond the end of the file: only what leads to a wanted file
//! is looked at. No chain has a sector twice, no file is longer than the container, so circles end and
//! nothing is reserved by a number the container declares. (The crate `cfb` refuses such tables, and reads a sector as often
//! as a hostile list names it; it is the peer in the tests.)

use std::ops::Range;

use crate::error::{Error, Result};

/// The first bytes of every container.
const MAGIC: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
const HEADER: usize = 512;
/// Sectors of the table that the header lists.
const LISTED_IN_HEADER: Range<usize> = 76..HEADER;
const ENTRY: usize = 128;
/// Files below this size are in the mini stream, in parts of `MINI` bytes.
const MINI_CUTOFF: usize = 4096;
const MINI: usize = 64;
/// Ends a chain; beyond every file.
const END: u32 = 0xffff_fffe;

/// True when the bytes begin like a container.
pub(crate) fn is_ole(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// A container whose header is sound.
pub(crate) struct Container<'a> {
    bytes: &'a [u8],
    sector_shift: u32,
    /// Sectors of the table, as many as a container of this length can use.
    table: Vec<u32>,
    /// Sectors of the directory.
    directory: Vec<u32>,
}

/// Where a file is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stream {
    start: u32,
    len: usize,
}

impl<'a> Container<'a> {
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self> {
        if bytes.len() < HEADER || !bytes.starts_with(&MAGIC) {
            return Err(Error::malformed("it does not begin like an OLE container"));
        }
        let sector_shift = u32::from(bytes[30]);
        if ![9, 12].contains(&sector_shift) {
            let message = format!(
                "an OLE container has sectors of 2^9 or 2^12 bytes, not of 2^{sector_shift}"
            );
            return Err(Error::malformed(message).at_byte(30));
        }
        let mut container = Container {
            bytes,
            sector_shift,
            table: Vec::new(),
            directory: Vec::new(),
        };
        container.table = container.table();
        container.directory = container.chain(container.header(48), usize::MAX);
        Ok(container)
    }

    /// The file of this name in the root of the container. Names compare without case ([MS-CFB] 2.6.4).
    pub(crate) fn find(&self, name: &str) -> Option<Stream> {
        const STREAM: u8 = 2;
        let wide: Vec<u8> = name
            .encode_utf16()
            .chain([0])
            .flat_map(u16::to_le_bytes)
            .collect();
        // Siblings are a search tree. All of it is looked at, since not every writer sorts it; a circle ends by the count.
        let mut left = self.directory.len() * (self.sector_len() / ENTRY);
        let mut open = vec![word(self.entry(0)?, 76)];
        while let Some(id) = open.pop() {
            let Some(entry) = self.entry(id) else {
                continue;
            };
            if entry[66] == STREAM && entry[..wide.len().min(64)].eq_ignore_ascii_case(&wide) {
                return Some(self.stream(entry));
            }
            left = left.checked_sub(1)?;
            open.extend([word(entry, 68), word(entry, 72)]);
        }
        None
    }

    /// The bytes of a file, in pieces; fewer than its length when the container is cut off.
    pub(crate) fn pieces(&self, stream: Stream) -> Vec<&'a [u8]> {
        let ranges = if stream.len < MINI_CUTOFF {
            self.mini_ranges(stream)
        } else {
            let sectors = stream.len.div_ceil(self.sector_len());
            let sectors = self.chain(stream.start, sectors);
            joined(sectors.into_iter().filter_map(|id| self.sector(id)))
        };
        let mut left = stream.len;
        let piece = |range: Range<usize>| {
            let piece = &self.bytes[range];
            let piece = &piece[..left.min(piece.len())];
            left -= piece.len();
            piece
        };
        ranges.into_iter().map(piece).collect()
    }

    /// Ranges of a file in the mini stream.
    fn mini_ranges(&self, stream: Stream) -> Vec<Range<usize>> {
        let Some(root) = self.entry(0).map(|entry| self.stream(entry)) else {
            return Vec::new();
        };
        let mini_stream = self.chain(root.start, usize::MAX);
        let mini_table = self.chain(self.header(60), usize::MAX);
        let mut id = stream.start;
        let parts = (0..stream.len.div_ceil(MINI)).map_while(|_| {
            let at = offset(id, MINI)?;
            let sector = self.sector(*mini_stream.get(at >> self.sector_shift)?)?;
            let start = sector.start + at % self.sector_len();
            id = self.next_in(&mini_table, id).unwrap_or(END);
            (start < sector.end).then(|| start..sector.end.min(start + MINI))
        });
        joined(parts)
    }

    /// The sectors of the table.
    fn table(&self) -> Vec<u32> {
        let listed = self.sector_len() / 4;
        let wanted = (self.bytes.len() >> self.sector_shift).div_ceil(listed);
        let mut table: Vec<u32> = words(&self.bytes[LISTED_IN_HEADER]).take(wanted).collect();
        let mut list = self.header(68);
        while table.len() < wanted
            && let Some(sector) = self.sector(list)
            && sector.len() == self.sector_len()
        {
            // The last word of a list names the next list.
            let sector = &self.bytes[sector];
            let room = wanted - table.len();
            table.extend(words(sector).take(room.min(listed - 1)));
            list = word(sector, sector.len() - 4);
        }
        table
    }

    /// The sectors that follow one another from `start` on, `at_most` so many.
    fn chain(&self, start: u32, at_most: usize) -> Vec<u32> {
        let at_most = at_most.min(self.bytes.len() >> self.sector_shift);
        let mut chain = Vec::new();
        let mut met = vec![false; (self.bytes.len() >> self.sector_shift) + 1];
        let mut id = start;
        // A chain that comes back to a sector ends there, as if it were cut off.
        while chain.len() < at_most && self.sector(id).is_some() {
            let is_met = met.get_mut(id as usize);
            if is_met.is_none_or(|is_met| std::mem::replace(is_met, true)) {
                break;
            }
            chain.push(id);
            id = self.next_in(&self.table, id).unwrap_or(END);
        }
        chain
    }

    /// What the table in these sectors says of `id`.
    fn next_in(&self, table: &[u32], id: u32) -> Option<u32> {
        let at = offset(id, 4)?;
        let sector = self.sector(*table.get(at >> self.sector_shift)?)?;
        let at = at % self.sector_len();
        Some(word(self.bytes[sector].get(at..at + 4)?, 0))
    }

    /// Where a sector is; the last may be cut off.
    fn sector(&self, id: u32) -> Option<Range<usize>> {
        let start = usize::try_from((u64::from(id) + 1) << self.sector_shift).ok()?;
        (start < self.bytes.len()).then(|| start..self.bytes.len().min(start + self.sector_len()))
    }

    fn sector_len(&self) -> usize {
        1 << self.sector_shift
    }

    fn entry(&self, id: u32) -> Option<&'a [u8]> {
        let at = offset(id, ENTRY)?;
        let sector = self.sector(*self.directory.get(at >> self.sector_shift)?)?;
        let at = at % self.sector_len();
        self.bytes[sector].get(at..at + ENTRY)
    }

    fn stream(&self, entry: &[u8]) -> Stream {
        // The upper half of the length is noise where sectors are small.
        let high = if self.sector_shift == 9 {
            0
        } else {
            u64::from(word(entry, 124))
        };
        let len = (high << 32) | u64::from(word(entry, 120));
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        Stream {
            start: word(entry, 116),
            len: len.min(self.bytes.len()),
        }
    }

    fn header(&self, at: usize) -> u32 {
        word(self.bytes, at)
    }
}

/// Where item `id` of a list is.
fn offset(id: u32, item_len: usize) -> Option<usize> {
    (id as usize).checked_mul(item_len)
}

/// Neighbours become one range.
fn joined(ranges: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => joined.push(range),
        }
    }
    joined
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.chunks_exact(4).map(|bytes| word(bytes, 0))
}

/// Little endian. Callers measured before.
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests;
