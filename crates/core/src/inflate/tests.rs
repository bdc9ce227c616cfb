//! Ours against zlib-rs: the same bytes, the same verdict.

use flate2::{Compression, write::DeflateEncoder};
use proptest::prelude::*;
use std::io::Write;

use super::twin::{ours, zlib};

fn deflate(data: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// Data like XML: words that repeat at all distances, runs, and noise.
fn data() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        "<row r=\"[0-9]{1,4}\">",
        "<c r=\"[A-Z][0-9]{1,4}\" s=\"1\"><v>[0-9]{1,9}</v></c>",
        "a{1,300}",
        "(ab|abc|abcdefg){1,90}",
    ];
    let bytes = prop_oneof![
        6 => word.prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..400),
    ];
    prop::collection::vec(bytes, 0..80).prop_map(|words| {
        let mut data = words.concat();
        // Matches beyond the first chunk and up to the far end of the history.
        while !data.is_empty() && data.len() < 40_000 && data[0] & 1 == 0 {
            data.extend_from_within(..);
        }
        data
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn inflates_what_was_deflated(data in data(), level in 0u32..10, room in 1usize..5000) {
        let input = deflate(&data, level);
        prop_assert!(ours(&input, room).unwrap() == data, "room {}", room);
        prop_assert!(ours(&input, 1 << 20).unwrap() == data);
    }

    #[test]
    fn same_verdict_on_damage(data in data(), level in 1u32..10, at in any::<prop::sample::Index>(), bit in 0u8..8, cut in any::<bool>(), room in 1usize..3000) {
        let mut input = deflate(&data, level);
        let at = at.index(input.len());
        if cut { input.truncate(at) } else { input[at] ^= 1 << bit }
        prop_assert_eq!(ours(&input, room).ok(), zlib(&input));
    }

    #[test]
    fn same_verdict_on_noise(input in prop::collection::vec(any::<u8>(), 0..300), kind in 0u8..8) {
        // The first bits choose the block: half of all noise would be refused at once.
        let mut input = input;
        if let Some(first) = input.first_mut() { *first = *first & !7 | kind }
        prop_assert_eq!(ours(&input, 700).ok(), zlib(&input));
    }
}

/// Short texts get the fixed codes, long ones codes of their own.
#[test]
fn blocks_of_all_kinds_follow_each_other() {
    let long: String = (0..5_000).map(|n| (n * n).to_string()).collect();
    let (mut input, mut data) = (Vec::new(), Vec::new());
    for text in ["a", "b", &long, "c", &long, &long, "d", "e"] {
        let mut stream = flate2::Compress::new(Compression::new(6), false);
        let mut block = Vec::with_capacity(text.len() + 100);
        let flush = flate2::FlushCompress::Full;
        stream
            .compress_vec(text.as_bytes(), &mut block, flush)
            .unwrap();
        input.extend(block);
        data.extend(text.as_bytes());
    }
    input.extend([1, 0, 0, 0xff, 0xff]);
    assert!(ours(&input, 700).unwrap() == data);
    assert!(ours(&input, 1 << 20).unwrap() == data);
    assert_eq!(zlib(&input), Some(data));
}

#[test]
fn nothing_before_the_first_byte_can_be_reached() {
    // Fixed codes: a match of length 3 and distance 1 at the very start.
    let input = [0x03, 0x02, 0x00];
    assert!(ours(&input, 100).is_err());
    assert_eq!(zlib(&input), None);
}
