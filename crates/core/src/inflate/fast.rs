//! The fast loop over the symbols of a compressed block, which does nearly all of the work.
//!
//! Two things make it fast. The chain from symbol to symbol is short: the entry of the next symbol is looked up before the
//! bit buffer is filled again and before the match in hand is copied, so that all of it overlaps. And nothing is checked
//! within the loop that the room demanded at its head makes true: that is worth 6 to 11 % of inflating a sheet (bench
//! `stages`), and is why this file may use `unsafe`. The tests of `inflate` run every kind of block through it.
#![allow(unsafe_code)]

use std::ptr;

use super::{
    Damage,
    bits::BitReader,
    decode::{DISTANCE_MASK, LENGTH_MASK, subtable_slot, value},
    huffman::{
        DISTANCE_BITS, DistanceTable, END_OF_BLOCK, EXCEPTIONAL, INVALID, LENGTH_BITS, LITERAL,
        LengthTable,
    },
};

const MAX_MATCH: usize = 258;
/// Bytes copied at once; a copy may write all but one of them beyond the end of the match.
const STRIDE: usize = 32;
/// Room for one turn of the loop: three literals, the longest match, and what its copy writes beyond.
pub(super) const FAST_ROOM: usize = 3 + MAX_MATCH + STRIDE;
/// Input for one turn: three refills, each of which reads eight bytes and takes at most seven.
const FAST_INPUT: usize = 2 * 7 + 8;
/// Bits of a distance of the main table with its extra ones, and of the look-up that follows.
const DISTANCE_AND_NEXT: u8 = (DISTANCE_BITS + 13 + LENGTH_BITS) as u8;

/// Decodes while there is input and room for any symbol; gives the place in the buffer and whether the block ended.
/// `history` is where the oldest byte stands that a match may reach.
///
/// Compiled for what the processor has: shifts by a variable number of bits, of which the loop is made, are half as many
/// instructions with BMI2.
pub(super) fn decode_fast(
    state: &mut BitReader,
    input: &[u8],
    buf: &mut [u8],
    at: usize,
    history: usize,
    lengths: &LengthTable,
    distances: &DistanceTable,
) -> Result<(usize, bool), Damage> {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "bmi1,bmi2")]
        fn decode_bmi2(
            state: &mut BitReader,
            input: &[u8],
            buf: &mut [u8],
            at: usize,
            history: usize,
            lengths: &LengthTable,
            distances: &DistanceTable,
        ) -> Result<(usize, bool), Damage> {
            decode(state, input, buf, at, history, lengths, distances)
        }
        if is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("bmi2") {
            // SAFETY: the processor has what the function was compiled for.
            return unsafe { decode_bmi2(state, input, buf, at, history, lengths, distances) };
        }
    }
    decode(state, input, buf, at, history, lengths, distances)
}

/// Bits: a refill leaves 56 or more. Two literals take 22 at most, a length with its extra bits 20, which leaves the 8 that
/// a distance is looked up by; three literals leave the 11 of the next look-up.
#[inline(always)]
fn decode(
    state: &mut BitReader,
    input: &[u8],
    buf: &mut [u8],
    mut at: usize,
    history: usize,
    lengths: &LengthTable,
    distances: &DistanceTable,
) -> Result<(usize, bool), Damage> {
    let (Some(stop), Some(last)) = (
        buf.len().checked_sub(FAST_ROOM),
        input.len().checked_sub(FAST_INPUT + 7),
    ) else {
        return Ok((at, false));
    };
    if at >= stop || state.position >= last || history > at {
        return Ok((at, false));
    }
    let mut bits = Bits {
        buffer: state.buffer,
        count: state.count,
        position: state.position,
    };
    let result = 'block: {
        // SAFETY: `position < last` here and at the head of each turn, and `last` leaves room for one refill more than
        // a turn has.
        unsafe { bits.refill(input) };
        let mut entry = lengths.0[(bits.buffer & LENGTH_MASK) as usize];
        while at < stop && bits.position < last {
            let mut saved = bits.buffer;
            bits.drop_entry(entry);
            if entry & LITERAL != 0 {
                // SAFETY: `at < stop`, and a turn writes three literals at most before it asks again; so for all of these.
                unsafe { *buf.get_unchecked_mut(at) = (entry >> 16) as u8 };
                at += 1;
                entry = lengths.0[(bits.buffer & LENGTH_MASK) as usize];
                saved = bits.buffer;
                bits.drop_entry(entry);
                if entry & LITERAL != 0 {
                    // SAFETY: as above.
                    unsafe { *buf.get_unchecked_mut(at) = (entry >> 16) as u8 };
                    at += 1;
                    entry = lengths.0[(bits.buffer & LENGTH_MASK) as usize];
                    saved = bits.buffer;
                    bits.drop_entry(entry);
                    if entry & LITERAL != 0 {
                        // SAFETY: as above; this is the first refill of the turn.
                        unsafe { *buf.get_unchecked_mut(at) = (entry >> 16) as u8 };
                        at += 1;
                        entry = lengths.0[(bits.buffer & LENGTH_MASK) as usize];
                        unsafe { bits.refill(input) };
                        continue;
                    }
                }
            }
            if entry & EXCEPTIONAL != 0 {
                if entry & (END_OF_BLOCK | INVALID) == 0 {
                    entry = lengths.0[subtable_slot(entry, bits.buffer)];
                    saved = bits.buffer;
                    bits.drop_entry(entry);
                    if entry & LITERAL != 0 {
                        // SAFETY: as above.
                        unsafe { *buf.get_unchecked_mut(at) = (entry >> 16) as u8 };
                        at += 1;
                        entry = lengths.0[(bits.buffer & LENGTH_MASK) as usize];
                        unsafe { bits.refill(input) };
                        continue;
                    }
                }
                if entry & EXCEPTIONAL != 0 {
                    break 'block match entry & INVALID {
                        0 => Ok((at, true)),
                        _ => Err(Damage::Symbol),
                    };
                }
            }
            let length = value(entry, saved);
            entry = distances.0[(bits.buffer & DISTANCE_MASK) as usize];
            if entry & EXCEPTIONAL != 0 {
                // SAFETY: the first refill of the turn, here or below.
                unsafe { bits.refill(input) };
                bits.drop_entry(entry);
                if entry & INVALID != 0 {
                    break 'block Err(Damage::Symbol);
                }
                entry = distances.0[subtable_slot(entry, bits.buffer)];
                if entry & EXCEPTIONAL != 0 {
                    break 'block Err(Damage::Symbol);
                }
            } else if (bits.count as u8) < DISTANCE_AND_NEXT {
                unsafe { bits.refill(input) };
            }
            let distance = value(entry, bits.buffer);
            bits.drop_entry(entry);
            entry = lengths.0[(bits.buffer & LENGTH_MASK) as usize];
            // SAFETY: the second refill of the turn.
            unsafe { bits.refill(input) };
            if distance > at - history {
                break 'block Err(Damage::Distance);
            }
            // SAFETY: the match starts at `history` or later, and `stop` leaves room for its end and `STRIDE` bytes more.
            unsafe { copy_match(buf, at, length, distance) };
            at += length;
        }
        Ok((at, false))
    };
    *state = BitReader {
        buffer: bits.buffer,
        count: bits.count & 0xff,
        position: bits.position,
    };
    result
}

/// A [`BitReader`] whose count is in its low byte only: what is above comes from entries and is never looked at.
struct Bits {
    buffer: u64,
    count: u32,
    position: usize,
}

impl Bits {
    /// Fills the buffer to at least 56 bits.
    ///
    /// # Safety
    /// Eight bytes of input must be there.
    #[inline(always)]
    unsafe fn refill(&mut self, input: &[u8]) {
        debug_assert!(self.position + 8 <= input.len());
        // SAFETY: the caller's promise.
        let word = unsafe {
            input
                .as_ptr()
                .add(self.position)
                .cast::<u64>()
                .read_unaligned()
        };
        self.buffer |= u64::from_le(word) << (self.count & 63);
        self.position += 7 - (self.count >> 3 & 7) as usize;
        self.count |= 56;
    }

    /// Drops the bits of an entry, which are in the buffer.
    #[inline(always)]
    fn drop_entry(&mut self, entry: u32) {
        self.buffer >>= entry & 63;
        self.count = self.count.wrapping_sub(entry);
    }
}

/// Copies a match. Nearly all are shorter than [`STRIDE`]: one that is not costs a branch that was guessed wrong.
///
/// # Safety
/// `distance <= at`, and `at + length + STRIDE` must be within the buffer.
#[inline(always)]
unsafe fn copy_match(buf: &mut [u8], at: usize, length: usize, distance: usize) {
    debug_assert!(distance <= at && at + length + STRIDE <= buf.len());
    // SAFETY: the caller's promise. At a distance of 16 or more, 16 bytes do not overlap with where they go to, and what
    // they hold was written before.
    unsafe {
        let mut to = buf.as_mut_ptr().add(at);
        let mut from = to.sub(distance);
        let end = to.add(length);
        if distance >= 16 {
            loop {
                ptr::copy_nonoverlapping(from, to, 16);
                ptr::copy_nonoverlapping(from.add(16), to.add(16), 16);
                (from, to) = (from.add(STRIDE), to.add(STRIDE));
                if to >= end {
                    break;
                }
            }
        } else if distance == 1 {
            ptr::write_bytes(to, *from, length);
        } else {
            for i in 0..length {
                *to.add(i) = *from.add(i);
            }
        }
    }
}
