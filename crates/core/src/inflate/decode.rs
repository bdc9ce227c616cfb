//! The symbols of a compressed block: the careful loop, which is also what the fast one is tested against.

use super::{
    Damage, Inflater,
    fast::{FAST_ROOM, decode_fast},
    huffman::{DISTANCE_BITS, END_OF_BLOCK, EXCEPTIONAL, INVALID, LENGTH_BITS, LITERAL},
};

pub(super) const LENGTH_MASK: u64 = (1 << LENGTH_BITS) - 1;
pub(super) const DISTANCE_MASK: u64 = (1 << DISTANCE_BITS) - 1;

impl Inflater {
    /// Decodes until the buffer is full or the block ends; gives the place in the buffer and whether the block ended.
    pub(super) fn decode(
        &mut self,
        input: &[u8],
        buf: &mut [u8],
        mut at: usize,
        history: usize,
    ) -> Result<(usize, bool), Damage> {
        let (length, distance) = std::mem::take(&mut self.pending);
        if length > 0 {
            at = self.copy_some(buf, at, length, distance);
        }
        let mut bits = self.bits;
        let fast = decode_fast(
            &mut bits,
            input,
            buf,
            at,
            history,
            &self.lengths,
            &self.distances,
        );
        self.bits = bits;
        let (at, ended) = fast?;
        if ended {
            Ok((at, true))
        } else {
            self.decode_careful(input, buf, at, history)
        }
    }

    /// One symbol at a time, each bit and byte checked: the last bytes of input or output.
    fn decode_careful(
        &mut self,
        input: &[u8],
        buf: &mut [u8],
        mut at: usize,
        history: usize,
    ) -> Result<(usize, bool), Damage> {
        let stop = at + FAST_ROOM;
        while at < buf.len() {
            // Back to the fast loop when there is room again: only short input keeps us here.
            if at >= stop {
                return Ok((at, false));
            }
            self.bits.refill(input);
            let mut entry = self.lengths.0[(self.bits.buffer & LENGTH_MASK) as usize];
            if entry & EXCEPTIONAL != 0 && entry & (END_OF_BLOCK | INVALID) == 0 {
                self.bits.try_drop(entry & 0xff)?;
                entry = self.lengths.0[subtable_slot(entry, self.bits.buffer)];
            }
            if entry & LITERAL != 0 {
                self.bits.try_drop(entry & 0xff)?;
                buf[at] = (entry >> 16) as u8;
                at += 1;
                continue;
            }
            if entry & INVALID != 0 && entry & EXCEPTIONAL != 0 {
                return Err(self.bad_code(entry));
            }
            let saved = self.bits.buffer;
            self.bits.try_drop(entry & 0xff)?;
            if entry & EXCEPTIONAL != 0 {
                return Ok((at, true));
            }
            let length = value(entry, saved);
            self.bits.refill(input);
            let mut entry = self.distances.0[(self.bits.buffer & DISTANCE_MASK) as usize];
            if entry & EXCEPTIONAL != 0 && entry & INVALID == 0 {
                self.bits.try_drop(entry & 0xff)?;
                entry = self.distances.0[subtable_slot(entry, self.bits.buffer)];
            }
            if entry & EXCEPTIONAL != 0 {
                return Err(self.bad_code(entry));
            }
            let saved = self.bits.buffer;
            self.bits.try_drop(entry & 0xff)?;
            let distance = value(entry, saved);
            if distance > at - history {
                return Err(Damage::Distance);
            }
            at = self.copy_some(buf, at, length, distance);
        }
        Ok((at, false))
    }

    /// No code starts with these bits; or there are no more bits, and nobody can say.
    fn bad_code(&self, entry: u32) -> Damage {
        if self.bits.count < (entry & 0xff).max(1) {
            Damage::EndsEarly
        } else {
            Damage::Symbol
        }
    }

    /// Copies as much of a match as there is room for, and remembers the rest.
    fn copy_some(&mut self, buf: &mut [u8], at: usize, length: usize, distance: usize) -> usize {
        let end = buf.len().min(at + length);
        for i in at..end {
            buf[i] = buf[i - distance];
        }
        self.pending = (at + length - end, distance);
        end
    }
}

/// Where the entry behind a subtable pointer stands.
#[inline(always)]
pub(super) fn subtable_slot(entry: u32, buffer: u64) -> usize {
    let mask = (1u64 << (entry >> 8 & 0xf)) - 1;
    (entry >> 16) as usize + (buffer & mask) as usize
}

/// Base value and extra bits of an entry, whose code is at the bottom of `buffer`.
#[inline(always)]
pub(super) fn value(entry: u32, buffer: u64) -> usize {
    let all = buffer & ((1u64 << (entry & 0xff)) - 1);
    (entry >> 16) as usize + (all >> (entry >> 8 & 0xf)) as usize
}
