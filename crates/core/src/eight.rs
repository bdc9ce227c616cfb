//! Eight bytes at a time: digits, and text up to the next tag. The bytes of a word are in the order of the file, the first
//! one lowest. Loops over single bytes say the same in the tests.

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);

/// The eight bytes at `at`.
#[inline(always)]
pub(crate) fn load(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// How many digits a word starts with.
#[inline(always)]
pub(crate) fn digit_count(word: u64) -> usize {
    let value = word ^ (ONES * u64::from(b'0'));
    // The high bit is set for 10 and more: by the sum, or because it was.
    let others = ((value & !HIGHS) + ONES * (0x80 - 10)) | value;
    ((others & HIGHS).trailing_zeros() / 8) as usize
}

/// The number that the first `count` bytes of a word are, all of them digits; `count` is 1 to 8.
#[inline(always)]
pub(crate) fn digits_value(word: u64, count: usize) -> u64 {
    // Leading zeros before, whatever follows out at the top.
    let digits = (word ^ (ONES * u64::from(b'0'))) << (((8 - count) * 8) & 63);
    let pairs = digits.wrapping_mul(10 << 8 | 1) >> 8 & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100 << 16 | 1) >> 16 & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000 << 32 | 1) >> 32
}

/// Powers of ten up to 10^16.
const POWERS: [u64; 17] = {
    let mut powers = [1; 17];
    let mut i = 1;
    while i < powers.len() {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

/// `value` with `count` digits (16 at most) behind it: the new value must fit.
#[inline(always)]
pub(crate) fn append(value: u64, digits: u64, count: usize) -> u64 {
    value.wrapping_mul(POWERS[count]).wrapping_add(digits)
}

/// The number that starts at `at`, and how many digits it has: 0 to 15. `None` for more, or near the end of the bytes.
#[inline(always)]
pub(crate) fn number(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let word = load(bytes, at)?;
    match digit_count(word) {
        0 => Some((0, 0)),
        8 => {
            let high = digits_value(word, 8);
            let word = load(bytes, at + 8)?;
            match digit_count(word) {
                0 => Some((high, 8)),
                8 => None,
                count => Some((append(high, digits_value(word, count), count), 8 + count)),
            }
        }
        count => Some((digits_value(word, count), count)),
    }
}

/// The place of the next `<` from `at` on, and whether what stands before it is the text it looks like: ASCII without an
/// entity, a carriage return or an underscore (which may start `_xHHHH_`). `None` near the end of the bytes.
#[inline(always)]
pub(crate) fn text_end(bytes: &[u8], mut at: usize) -> Option<(usize, bool)> {
    let mut special = 0;
    loop {
        let word = load(bytes, at)?;
        let equal = |byte: u8| zeros(word ^ (ONES * u64::from(byte)));
        let odd = (word | equal(b'&') | equal(b'\r') | equal(b'_')) & HIGHS;
        let tags = equal(b'<');
        if tags != 0 {
            let before = (tags & tags.wrapping_neg()) - 1; // all bits below the first one
            return Some((
                at + (tags.trailing_zeros() / 8) as usize,
                special | odd & before == 0,
            ));
        }
        special |= odd;
        at += 8;
    }
}

/// The place of the next `"` from `at` on. `None` where something before it is not ASCII, and near the end of the bytes.
#[inline(always)]
pub(crate) fn quote_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let word = load(bytes, at)?;
        let quotes = zeros(word ^ (ONES * u64::from(b'"')));
        let before = quotes.wrapping_sub(1) & !quotes; // all bits below the first one
        if word & HIGHS & before != 0 {
            return None;
        }
        if quotes != 0 {
            return Some(at + (quotes.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
}

/// The high bit of each byte that is zero. Bytes above the first one may be wrong.
#[inline(always)]
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn padded(text: &[u8]) -> Vec<u8> {
        [text, &b"<.......<......."[..]].concat()
    }

    proptest! {
        #[test]
        fn numbers_are_those_of_single_bytes(text in "[0-9]{0,18}[./:<;a\u{e9}][0-9]{0,9}") {
            let bytes = padded(text.as_bytes());
            let count = bytes.iter().position(|b| !b.is_ascii_digit()).unwrap();
            let expected = (count < 16).then(|| (text[..count].parse().unwrap_or(0), count));
            prop_assert_eq!(number(&bytes, 0), expected);
            if (1..=8).contains(&count) {
                let word = load(&bytes, 0).unwrap();
                prop_assert_eq!(digit_count(word), count);
                prop_assert_eq!(digits_value(word, count), expected.unwrap().0);
            }
        }

        #[test]
        fn texts_are_those_of_single_bytes(text in prop::collection::vec(prop_oneof![
            any::<u8>(), 0x20u8..0x7f, Just(b'&'), Just(b'_'), Just(b'<'), Just(b'\r'),
        ], 0..40)) {
            let bytes = padded(&text);
            let end = bytes.iter().position(|b| *b == b'<').unwrap();
            let odd = |b: &u8| !b.is_ascii() || matches!(b, b'&' | b'\r' | b'_');
            let plain = !bytes[..end].iter().any(odd);
            prop_assert_eq!(text_end(&bytes, 0), Some((end, plain)));
        }

        #[test]
        fn quotes_are_those_of_single_bytes(text in prop::collection::vec(prop_oneof![
            any::<u8>(), 0x20u8..0x7f, 0x20u8..0x7f, Just(b'"'), 0x20u8..0x24,
        ], 0..40)) {
            let bytes = [&text[..], b"\".......\"......."].concat();
            let end = bytes.iter().position(|b| *b == b'"').unwrap();
            let expected = bytes[..end].is_ascii().then_some(end);
            prop_assert_eq!(quote_end(&bytes, 0), expected);
        }
    }
}
