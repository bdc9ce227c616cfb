//! DEFLATE (RFC 1951) from a slice into bounded pieces of output, at the speed of decoders that need all output at once.
//!
//! The compressed bytes are whole in memory and only the output is bounded, so there is no streaming input to care for: the
//! decoder keeps a position in a slice. The caller keeps the last 32 KiB of output before the place where the next piece
//! goes, so a match is a copy within one buffer. State between pieces is a bit buffer, the tables of the block in hand and
//! perhaps the rest of a match.
//!
//! The design is that of libdeflate: a 64-bit bit buffer that is refilled without a branch, one table look-up for a symbol
//! with its extra bits, copies by words. `fast.rs` has the loop for nearly all of it, `decode.rs` the careful one for the
//! last bytes of input and output; both are held to `zlib-rs` (same bytes, same verdict on damaged input) by the tests.

mod bits;
mod decode;
mod fast;
mod huffman;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod twin;

use bits::BitReader;
use huffman::{DistanceTable, LengthTable, read_tables};

use crate::error::{Error, Result};

/// Bytes of output that matches may reach back.
pub(crate) const HISTORY: usize = 32 << 10;

/// Inflates one entry.
pub(crate) struct Inflater {
    bits: BitReader,
    block: Block,
    last_block: bool,
    lengths: Box<LengthTable>,
    distances: Box<DistanceTable>,
    /// The tables are those of the fixed codes, so that blocks of nothing cost next to nothing.
    fixed: bool,
    /// The rest of a match that did not fit: length and distance.
    pending: (usize, usize),
    /// Bytes written so far.
    total_out: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Header,
    Stored(usize),
    Compressed,
    Done,
}

/// Why the data is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Damage {
    EndsEarly,
    BlockType,
    StoredLength,
    CodeLengths,
    Symbol,
    Distance,
}

impl From<Damage> for Error {
    fn from(damage: Damage) -> Self {
        Error::malformed(match damage {
            Damage::EndsEarly => "the compressed data ends too early",
            Damage::BlockType => "the compressed data is damaged (block type)",
            Damage::StoredLength => "the compressed data is damaged (length of a stored block)",
            Damage::CodeLengths => "the compressed data is damaged (code lengths)",
            Damage::Symbol => "the compressed data is damaged (code)",
            Damage::Distance => "the compressed data is damaged (distance)",
        })
    }
}

impl Inflater {
    pub(crate) fn new() -> Self {
        Inflater {
            bits: BitReader::default(),
            block: Block::Header,
            last_block: false,
            lengths: Box::default(),
            distances: Box::default(),
            fixed: false,
            pending: (0, 0),
            total_out: 0,
        }
    }

    /// Fills `buf` from `start` on and gives the number of bytes written: fewer than there is room for only at the end of the
    /// stream. Before `start` must stand the last [`HISTORY`] bytes of output, or all if there were fewer. `input` is the
    /// whole compressed entry, the same on every call.
    pub(crate) fn fill(&mut self, input: &[u8], buf: &mut [u8], start: usize) -> Result<usize> {
        // What lies before the first byte of output is none of ours.
        let known = usize::try_from(self.total_out).map_or(start, |total| total.min(start));
        let history = start - known;
        let mut at = start;
        while at < buf.len() && self.block != Block::Done {
            at = self.step(input, buf, at, history)?;
        }
        self.total_out += (at - start) as u64;
        Ok(at - start)
    }

    /// True once the stream has ended.
    pub(crate) fn is_done(&self) -> bool {
        self.block == Block::Done
    }

    /// Compressed bytes used so far.
    pub(crate) fn consumed(&self) -> u64 {
        self.bits.consumed() as u64
    }

    /// Reads a block header, or part of a block; gives the new place in `buf`.
    fn step(
        &mut self,
        input: &[u8],
        buf: &mut [u8],
        at: usize,
        history: usize,
    ) -> Result<usize, Damage> {
        match self.block {
            Block::Header => {
                self.block = self.read_header(input)?;
                Ok(at)
            }
            Block::Stored(left) => {
                let len = left.min(buf.len() - at);
                self.bits.copy_bytes(input, &mut buf[at..at + len])?;
                self.block = match left - len {
                    0 => self.after_block(),
                    left => Block::Stored(left),
                };
                Ok(at + len)
            }
            Block::Compressed => {
                let (at, ended) = self.decode(input, buf, at, history)?;
                if ended {
                    self.block = self.after_block();
                }
                Ok(at)
            }
            Block::Done => Ok(at),
        }
    }

    fn after_block(&self) -> Block {
        if self.last_block {
            Block::Done
        } else {
            Block::Header
        }
    }

    /// RFC 1951, 3.2.3.
    fn read_header(&mut self, input: &[u8]) -> Result<Block, Damage> {
        self.last_block = self.bits.take(input, 1)? == 1;
        match self.bits.take(input, 2)? {
            0 => {
                self.bits.align();
                let len = self.bits.take(input, 16)?;
                let complement = self.bits.take(input, 16)?;
                if len != !complement & 0xffff {
                    return Err(Damage::StoredLength);
                }
                Ok(if len == 0 {
                    self.after_block()
                } else {
                    Block::Stored(len as usize)
                })
            }
            1 => {
                if !std::mem::replace(&mut self.fixed, true) {
                    huffman::fixed_tables(&mut self.lengths, &mut self.distances);
                }
                Ok(Block::Compressed)
            }
            2 => {
                self.fixed = false;
                read_tables(
                    &mut self.bits,
                    input,
                    &mut self.lengths,
                    &mut self.distances,
                )?;
                Ok(Block::Compressed)
            }
            _ => Err(Damage::BlockType),
        }
    }
}

#[cfg(test)]
mod tests;
