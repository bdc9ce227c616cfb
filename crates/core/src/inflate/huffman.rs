//! Code lengths to look-up tables.
//!
//! An entry says all about a symbol, so that decoding it is one look-up (two for codes longer than the main table):
//!
//! ```text
//! literal       bit 31        23..16 the byte                   7..0 bits of the code
//! length/dist.                31..16 base value   11..8 bits of the code alone   7..0 bits with the extra ones
//! (bit 31 is never set for these: base values are below 32768)
//! exceptional   bit 15: end of block (bit 14), no such code (bit 13), or
//!               a subtable        30..16 where it starts   11..8 its bits   7..0 bits of the main table
//! ```

use super::{Damage, bits::BitReader};

pub(super) const LITERAL: u32 = 1 << 31;
pub(super) const EXCEPTIONAL: u32 = 1 << 15;
pub(super) const END_OF_BLOCK: u32 = 1 << 14;
pub(super) const INVALID: u32 = 1 << 13;

/// Bits looked up at once. The sizes hold any valid set of codes of 15 bits (zlib's `enough`: 288 symbols, 11 bits; 32
/// symbols, 8 bits).
pub(super) const LENGTH_BITS: u32 = 11;
pub(super) const DISTANCE_BITS: u32 = 8;
const PRECODE_BITS: u32 = 7;
const MAX_BITS: usize = 15;

pub(super) type LengthTable = Table<2342>;
pub(super) type DistanceTable = Table<402>;

/// Look-up table of one code.
#[derive(Clone)]
pub(super) struct Table<const N: usize>(pub(super) [u32; N]);

impl<const N: usize> Default for Table<N> {
    fn default() -> Self {
        Table([EXCEPTIONAL | INVALID; N])
    }
}

/// The entry of a symbol without the bits of its code.
type Symbols = fn(usize) -> u32;

/// RFC 1951, 3.2.5: base and extra bits of length symbols 257 to 285.
const LENGTHS: [(u16, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

/// Base and extra bits of distance symbols.
const DISTANCES: [(u16, u8); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];

fn length_symbol(symbol: usize) -> u32 {
    match symbol {
        0..=255 => LITERAL | (symbol as u32) << 16,
        256 => EXCEPTIONAL | END_OF_BLOCK,
        _ => LENGTHS
            .get(symbol - 257)
            .map_or(EXCEPTIONAL | INVALID, value_entry),
    }
}

fn distance_symbol(symbol: usize) -> u32 {
    DISTANCES
        .get(symbol)
        .map_or(EXCEPTIONAL | INVALID, value_entry)
}

fn value_entry(&(base, extra): &(u16, u8)) -> u32 {
    u32::from(base) << 16 | u32::from(extra)
}

fn precode_symbol(symbol: usize) -> u32 {
    (symbol as u32) << 16
}

/// RFC 1951, 3.2.6.
pub(super) fn fixed_tables(lengths: &mut LengthTable, distances: &mut DistanceTable) {
    let mut code_lengths = [8u8; 288];
    code_lengths[144..256].fill(9);
    code_lengths[256..280].fill(7);
    // Both codes are complete, so these cannot fail.
    let _ = build(&mut lengths.0, LENGTH_BITS, &code_lengths, length_symbol);
    let _ = build(&mut distances.0, DISTANCE_BITS, &[5; 32], distance_symbol);
}

/// RFC 1951, 3.2.7: the tables of a block with codes of its own.
pub(super) fn read_tables(
    bits: &mut BitReader,
    input: &[u8],
    lengths: &mut LengthTable,
    distances: &mut DistanceTable,
) -> Result<(), Damage> {
    const ORDER: [usize; 19] = [
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
    ];
    let length_count = bits.take(input, 5)? as usize + 257;
    let distance_count = bits.take(input, 5)? as usize + 1;
    let precode_count = bits.take(input, 4)? as usize + 4;
    if length_count > 286 || distance_count > 30 {
        return Err(Damage::CodeLengths);
    }
    let mut precode = [0u8; 19];
    for &symbol in &ORDER[..precode_count] {
        precode[symbol] = bits.take(input, 3)? as u8;
    }
    let mut table = Table::<128>::default();
    build(&mut table.0, PRECODE_BITS, &precode, precode_symbol)?;
    let mut code_lengths = [0u8; 286 + 30];
    let total = length_count + distance_count;
    let mut at = 0;
    while at < total {
        bits.refill(input);
        let entry = table.0[(bits.buffer & 0x7f) as usize];
        if entry & EXCEPTIONAL != 0 {
            return Err(Damage::CodeLengths);
        }
        bits.try_drop(entry & 0xff)?;
        let (value, repeat) = match entry >> 16 {
            16 if at == 0 => return Err(Damage::CodeLengths),
            16 => (code_lengths[at - 1], 3 + bits.take(input, 2)?),
            17 => (0, 3 + bits.take(input, 3)?),
            18 => (0, 11 + bits.take(input, 7)?),
            length => (length as u8, 1),
        };
        let end = at + repeat as usize;
        code_lengths
            .get_mut(at..end)
            .filter(|_| end <= total)
            .ok_or(Damage::CodeLengths)?
            .fill(value);
        at = end;
    }
    let (length_codes, distance_codes) = code_lengths[..total].split_at(length_count);
    if length_codes[256] == 0 {
        return Err(Damage::CodeLengths); // the block could never end
    }
    build(&mut lengths.0, LENGTH_BITS, length_codes, length_symbol)?;
    build(
        &mut distances.0,
        DISTANCE_BITS,
        distance_codes,
        distance_symbol,
    )
}

/// Fills a table from code lengths. As in zlib, a code has to be complete, but for one that has a single symbol of one bit
/// or (of distances) none at all: blocks of literals only have such.
fn build(
    table: &mut [u32],
    main_bits: u32,
    code_lengths: &[u8],
    symbols: Symbols,
) -> Result<(), Damage> {
    let mut counts = [0u16; MAX_BITS + 1];
    for &length in code_lengths {
        counts[usize::from(length)] += 1;
    }
    counts[0] = 0;
    let mut left = 1i32;
    for &count in &counts[1..] {
        left = left * 2 - i32::from(count);
        if left < 0 {
            return Err(Damage::CodeLengths);
        }
    }
    let used: u16 = counts.iter().sum();
    let is_precode = main_bits == PRECODE_BITS;
    let single = used == 1 && counts[1] == 1 && !is_precode;
    if left > 0 && !(single || used == 0 && main_bits == DISTANCE_BITS) {
        return Err(Damage::CodeLengths);
    }
    let main_len = 1usize << main_bits;
    if left > 0 {
        table[..main_len].fill(EXCEPTIONAL | INVALID);
    }

    // Symbols in the order of their codes: by length, then by value.
    let mut offsets = [0u16; MAX_BITS + 2];
    for length in 1..=MAX_BITS {
        offsets[length + 1] = offsets[length] + counts[length];
    }
    let mut sorted = [0u16; 288];
    for (symbol, &length) in code_lengths.iter().enumerate() {
        if length > 0 {
            let offset = &mut offsets[usize::from(length)];
            sorted[usize::from(*offset)] = symbol as u16;
            *offset += 1;
        }
    }

    // Codes count upwards with their first bit highest, the stream has it lowest: count in reverse.
    let mut code = 0usize;
    let mut next_subtable = main_len;
    let mut subtable = (usize::MAX, 0usize, 0u32); // prefix, start, bits
    let mut at = 0;
    for length in 1..=MAX_BITS as u32 {
        for remaining in (1..=counts[length as usize]).rev() {
            let symbol = usize::from(sorted[at]);
            at += 1;
            let entry = symbols(symbol);
            if length <= main_bits {
                let entry = with_length(entry, length);
                for slot in table[code..main_len].iter_mut().step_by(1 << length) {
                    *slot = entry;
                }
            } else {
                let prefix = code & (main_len - 1);
                if prefix != subtable.0 {
                    // As many bits as it takes to hold the codes that share the prefix.
                    let mut bits = length - main_bits;
                    let mut space = i32::from(remaining);
                    while space < 1 << bits && ((bits + main_bits) as usize) < MAX_BITS {
                        bits += 1;
                        space = space * 2 + i32::from(counts[(bits + main_bits) as usize]);
                    }
                    subtable = (prefix, next_subtable, bits);
                    next_subtable += 1 << bits;
                    if next_subtable > table.len() {
                        return Err(Damage::CodeLengths);
                    }
                    table[prefix] = EXCEPTIONAL | (subtable.1 as u32) << 16 | bits << 8 | main_bits;
                }
                let (_, start, bits) = subtable;
                let entry = with_length(entry, length - main_bits);
                let slots = &mut table[start..start + (1 << bits)];
                for slot in slots[code >> main_bits..]
                    .iter_mut()
                    .step_by(1 << (length - main_bits))
                {
                    *slot = entry;
                }
            }
            code = next_code(code, length);
        }
    }
    Ok(())
}

/// Adds the bits of the code to an entry.
fn with_length(entry: u32, length: u32) -> u32 {
    // The extra bits stand in the low byte already; literals and exceptional entries have none.
    let is_value = entry & (LITERAL | EXCEPTIONAL) == 0;
    (entry + length) | ((u32::from(is_value) * length) << 8)
}

/// The next code of this length, both with their bits reversed.
fn next_code(code: usize, length: u32) -> usize {
    let mut bit = 1usize << (length - 1);
    while code & bit != 0 {
        bit >>= 1;
    }
    if bit == 0 {
        0
    } else {
        (code & (bit - 1)) | bit
    }
}
