//! The symbols of a compressed block.

use super::{
    Damage, Inflater,
    bits::BitReader,
    huffman::{
        DISTANCE_BITS, DistanceTable, END_OF_BLOCK, EXCEPTIONAL, INVALID, LENGTH_BITS, LITERAL,
        LengthTable,
    },
};

const MAX_MATCH: usize = 258;
/// Room the fast loop wants: three literals, the longest match, and what a copy by words may write beyond its end.
const FAST_ROOM: usize = MAX_MATCH + 3 + 16;
/// Input the fast loop wants: what three refills may take.
const FAST_INPUT: usize = 3 * 8 + 8;
const LENGTH_MASK: u64 = (1 << LENGTH_BITS) - 1;
const DISTANCE_MASK: u64 = (1 << DISTANCE_BITS) - 1;

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

/// [`decode_fast_portable`], compiled for what the processor has: shifts by a variable number of bits, of which the loop is
/// made, are half as many instructions with BMI2.
fn decode_fast(
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
        fn decode_fast_bmi2(
            state: &mut BitReader,
            input: &[u8],
            buf: &mut [u8],
            at: usize,
            history: usize,
            lengths: &LengthTable,
            distances: &DistanceTable,
        ) -> Result<(usize, bool), Damage> {
            decode_fast_portable(state, input, buf, at, history, lengths, distances)
        }
        if is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("bmi2") {
            // SAFETY: the processor has what the function was compiled for.
            #[allow(unsafe_code)]
            return unsafe { decode_fast_bmi2(state, input, buf, at, history, lengths, distances) };
        }
    }
    decode_fast_portable(state, input, buf, at, history, lengths, distances)
}

/// Decodes while there is input for several refills and room for any symbol.
///
/// The entry of the next symbol is looked up before the match in hand is copied, so that the two overlap. No look-up has to
/// check how many bits are left: a refill leaves 56; two literals of the main table take 22 at most, a length with its
/// extra bits 20, and the buffer is filled once more before a distance, which takes 28.
#[inline(always)]
fn decode_fast_portable(
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
        input.len().checked_sub(FAST_INPUT),
    ) else {
        return Ok((at, false));
    };
    if at >= stop || state.position >= last {
        return Ok((at, false));
    }
    let mut bits = *state;
    bits.refill_fast(input);
    let mut entry = lengths.0[(bits.buffer & LENGTH_MASK) as usize];
    while at < stop && bits.position < last {
        let mut saved = bits.buffer;
        bits.drop_bits(entry & 0xff);
        if entry & LITERAL != 0 {
            buf[at] = (entry >> 16) as u8;
            at += 1;
            entry = lengths.0[(bits.buffer & LENGTH_MASK) as usize];
            saved = bits.buffer;
            bits.drop_bits(entry & 0xff);
            if entry & LITERAL != 0 {
                buf[at] = (entry >> 16) as u8;
                at += 1;
                entry = lengths.0[(bits.buffer & LENGTH_MASK) as usize];
                saved = bits.buffer;
                bits.drop_bits(entry & 0xff);
                if entry & LITERAL != 0 {
                    buf[at] = (entry >> 16) as u8;
                    at += 1;
                    bits.refill_fast(input);
                    entry = lengths.0[(bits.buffer & LENGTH_MASK) as usize];
                    continue;
                }
            }
        }
        if entry & EXCEPTIONAL != 0 {
            if entry & (END_OF_BLOCK | INVALID) == 0 {
                entry = lengths.0[subtable_slot(entry, bits.buffer)];
                saved = bits.buffer;
                bits.drop_bits(entry & 0xff);
                if entry & LITERAL != 0 {
                    buf[at] = (entry >> 16) as u8;
                    at += 1;
                    bits.refill_fast(input);
                    entry = lengths.0[(bits.buffer & LENGTH_MASK) as usize];
                    continue;
                }
            }
            if entry & INVALID != 0 && entry & EXCEPTIONAL != 0 {
                return Err(Damage::Symbol);
            }
            if entry & EXCEPTIONAL != 0 {
                *state = bits;
                return Ok((at, true));
            }
        }
        let length = value(entry, saved);
        bits.refill_fast(input);
        entry = distances.0[(bits.buffer & DISTANCE_MASK) as usize];
        if entry & EXCEPTIONAL != 0 {
            bits.drop_bits(entry & 0xff);
            if entry & INVALID != 0 {
                return Err(Damage::Symbol);
            }
            entry = distances.0[subtable_slot(entry, bits.buffer)];
            if entry & EXCEPTIONAL != 0 {
                return Err(Damage::Symbol);
            }
        }
        let distance = value(entry, bits.buffer);
        bits.drop_bits(entry & 0xff);
        if distance > at - history {
            return Err(Damage::Distance);
        }
        bits.refill_fast(input);
        entry = lengths.0[(bits.buffer & LENGTH_MASK) as usize];
        copy_match(buf, at, length, distance);
        at += length;
    }
    *state = bits;
    Ok((at, false))
}

/// Where the entry behind a subtable pointer stands.
#[inline(always)]
fn subtable_slot(entry: u32, buffer: u64) -> usize {
    let mask = (1u64 << (entry >> 8 & 0xf)) - 1;
    (entry >> 16) as usize + (buffer & mask) as usize
}

/// Base value and extra bits of an entry, whose code is at the bottom of `buffer`.
#[inline(always)]
fn value(entry: u32, buffer: u64) -> usize {
    let all = buffer & ((1u64 << (entry & 0xff)) - 1);
    (entry >> 16) as usize + (all >> (entry >> 8 & 0xf)) as usize
}

/// Copies a match, for which there is room and 16 bytes more.
#[inline(always)]
fn copy_match(buf: &mut [u8], at: usize, length: usize, distance: usize) {
    let from = at - distance;
    let window = &mut buf[from..at + length + 16];
    if distance >= 16 {
        let mut i = 0;
        loop {
            let word: [u8; 16] = window[i..i + 16].try_into().unwrap_or_default();
            window[distance + i..distance + i + 16].copy_from_slice(&word);
            i += 16;
            if i >= length {
                break;
            }
        }
    } else if distance >= 8 {
        let mut i = 0;
        loop {
            let word: [u8; 8] = window[i..i + 8].try_into().unwrap_or_default();
            window[distance + i..distance + i + 8].copy_from_slice(&word);
            i += 8;
            if i >= length {
                break;
            }
        }
    } else if distance == 1 {
        let byte = window[0];
        window[1..1 + length].fill(byte);
    } else {
        for i in 0..length {
            window[distance + i] = window[i];
        }
    }
}
