//! One entry, and its bytes as a stream of bounded pieces.

use std::sync::Arc;

use bytes::Bytes;

use super::Archive;
use crate::{
    error::{Error, Result},
    inflate::Inflater,
    limits::{Budget, check},
    source::Source,
};

/// What the central directory says of an entry. Sizes are checked against what is found, never trusted.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) method: Method,
    pub(crate) crc32: u32,
    pub(crate) compressed_bytes: u64,
    pub(crate) inflated_bytes: u64,
    pub(crate) local_offset: u64,
    pub(crate) encrypted: bool,
}

/// Compression methods (APPNOTE 4.4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Stored,
    Deflated,
    Other(u16),
}

impl Method {
    pub(super) fn from_number(number: u16) -> Self {
        match number {
            0 => Method::Stored,
            8 => Method::Deflated,
            other => Method::Other(other),
        }
    }

    pub(super) fn number(self) -> u16 {
        match self {
            Method::Stored => 0,
            Method::Deflated => 8,
            Method::Other(number) => number,
        }
    }
}

/// Bytes that may be inflated before the ratio is looked at: tiny parts compress extremely well.
const RATIO_FREE_BYTES: u64 = 1 << 20;

/// Compressed bytes after which mapped pages are let go.
const RELEASE_BYTES: u64 = 4 << 20;

/// Reads an entry from start to end, checking limits on the way and size and CRC at the end.
#[derive(Clone)]
pub(crate) struct EntryReader {
    entry: Entry,
    source: Source,
    /// Place of the compressed bytes in the file.
    start: u64,
    /// Compressed bytes that were given back to the system.
    released: u64,
    compressed: Bytes,
    state: State,
    budget: Arc<Budget>,
    crc: crc32fast::Hasher,
    read: u64,
    done: bool,
    /// The bytes are those of the part in another encoding: size and checksum were those of the part.
    is_converted: bool,
}

#[derive(Clone)]
enum State {
    Stored,
    Deflated(Box<Inflater>),
}

impl EntryReader {
    pub(crate) fn new(archive: &Archive, entry: &Entry, budget: Arc<Budget>) -> Result<Self> {
        let (start, compressed) = archive.compressed(entry)?;
        let state = match entry.method {
            Method::Stored => State::Stored,
            Method::Deflated => State::Deflated(Box::new(Inflater::new())),
            Method::Other(number) => {
                let message = format!("compression method {number} is not used in workbooks");
                return Err(Error::unsupported(message).in_part(&entry.name));
            }
        };
        Ok(EntryReader {
            entry: entry.clone(),
            source: archive.source().clone(),
            start,
            released: 0,
            compressed,
            state,
            budget,
            crc: crc32fast::Hasher::new(),
            read: 0,
            done: false,
            is_converted: false,
        })
    }

    /// Name of the part, for errors.
    pub(crate) fn part(&self) -> &str {
        &self.entry.name
    }

    /// Bytes of the compressed entry.
    pub(crate) fn compressed_len(&self) -> u64 {
        self.compressed.len() as u64
    }

    /// Room for a first look: `most`, or less when the archive says that the part is smaller. One byte more than that shows
    /// its end.
    pub(crate) fn first_room(&self, most: usize) -> usize {
        let declared = usize::try_from(self.entry.inflated_bytes).unwrap_or(most);
        declared.saturating_add(1).min(most)
    }

    /// Fills `buf` from `start` on; fewer bytes than there is room for come only at the end, which is when size and CRC-32
    /// have been checked. Before `start` must stand the last 32 KiB of the part, or all if there were fewer.
    pub(crate) fn fill(&mut self, buf: &mut [u8], start: usize) -> Result<usize> {
        self.try_fill(buf, start)
            .map_err(|error| error.in_part(&self.entry.name))
    }

    fn try_fill(&mut self, buf: &mut [u8], start: usize) -> Result<usize> {
        if self.done {
            return Ok(0);
        }
        let written = match &mut self.state {
            State::Stored => {
                let rest = &self.compressed[self.read as usize..];
                let len = rest.len().min(buf.len() - start);
                buf[start..start + len].copy_from_slice(&rest[..len]);
                self.done = len == rest.len();
                len
            }
            State::Deflated(inflater) => {
                let len = inflater.fill(&self.compressed, buf, start)?;
                self.done = inflater.is_done();
                len
            }
        };
        if self.is_converted {
            self.read += written as u64;
            return Ok(written);
        }
        self.release_behind();
        self.crc.update(&buf[start..start + written]);
        self.read += written as u64;
        self.check_limits(written as u64)?;
        if self.done {
            self.check_end()?;
        }
        Ok(written)
    }

    /// Lets go of mapped pages that were read.
    fn release_behind(&mut self) {
        let used = match &self.state {
            State::Stored => self.read,
            State::Deflated(inflater) => inflater.consumed(),
        };
        if used - self.released >= RELEASE_BYTES {
            self.source
                .release(self.start + self.released..self.start + used);
            self.released = used;
        }
    }

    fn check_limits(&self, written: u64) -> Result<()> {
        let limits = &self.budget.limits;
        check("max_part_bytes", limits.max_part_bytes, self.read)?;
        self.budget.spend_inflated(written)?;
        if let State::Deflated(inflater) = &self.state
            && self.read > RATIO_FREE_BYTES
        {
            let ratio = self.read / inflater.consumed().max(1);
            check("max_inflate_ratio", limits.max_inflate_ratio, ratio)?;
        }
        Ok(())
    }

    fn check_end(&self) -> Result<()> {
        if self.read != self.entry.inflated_bytes {
            return Err(Error::malformed(format!(
                "the part has {} bytes, the archive says {}",
                self.read, self.entry.inflated_bytes
            )));
        }
        let crc32 = self.crc.clone().finalize();
        if crc32 != self.entry.crc32 {
            return Err(Error::malformed(format!(
                "the checksum of the part is {crc32:08x}, the archive says {:08x}",
                self.entry.crc32
            ))
            .with_hint("the file was damaged on its way: get it again"));
        }
        Ok(())
    }

    /// Reads a small part whole.
    pub(crate) fn read_small(mut self) -> Result<Vec<u8>> {
        self.read_rest(Vec::new())
    }

    /// A reader of the same part as `convert` makes it, from its start; `bytes` were read of it so far. The part has to be small.
    pub(crate) fn converted(
        mut self,
        bytes: Vec<u8>,
        convert: impl FnOnce(Vec<u8>) -> Result<Vec<u8>>,
    ) -> Result<Self> {
        let bytes = self.read_rest(bytes)?;
        let bytes = convert(bytes).map_err(|error| error.in_part(&self.entry.name))?;
        self.compressed = bytes.into();
        self.state = State::Stored;
        (self.read, self.done, self.is_converted) = (0, false, true);
        Ok(self)
    }

    fn read_rest(&mut self, mut bytes: Vec<u8>) -> Result<Vec<u8>> {
        let limit = self.budget.limits.max_small_part_bytes;
        let mut room = match bytes.len() {
            0 => self.first_room(16 << 10),
            len => len,
        };
        loop {
            let start = bytes.len();
            bytes.resize(start + room, 0);
            let written = self.fill(&mut bytes, start)?;
            bytes.truncate(start + written);
            check("max_small_part_bytes", limit, bytes.len() as u64)
                .map_err(|error| error.in_part(&self.entry.name))?;
            if written < room {
                return Ok(bytes);
            }
            room = bytes.len();
        }
    }
}
