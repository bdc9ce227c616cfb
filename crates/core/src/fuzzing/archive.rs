//! Containers: the archive, and what is inflated from it.

use std::sync::Arc;

use super::{limits, sound};
use crate::{
    cancel::CancelToken,
    error::Result,
    inflate::{HISTORY, twin},
    limits::Budget,
    source::Source,
    zip::{Archive, EntryReader},
};

/// `data` is a DEFLATE stream: ours gives the bytes of zlib-rs or fails with it, whatever the size of the pieces.
pub fn inflate(data: &[u8]) {
    let expected = twin::zlib(data);
    // Each piece moves 32 KiB, so that tiny ones are for little data.
    let small = if data.len() < 100 { 1 } else { 200 };
    for room in [small + data.len() % 90, 5000] {
        let found = sound(twin::ours(data, room));
        assert!(
            found == expected,
            "in pieces of {room}: {:?} bytes, zlib-rs {:?}",
            found.map(|bytes| bytes.len()),
            expected.map(|bytes| bytes.len())
        );
    }
}

/// `data` is a file: every entry is the same read whole and read in pieces, and has the length and CRC-32 it should have.
pub fn archive(data: &[u8]) {
    let limits = limits();
    let Some(source) = sound(Source::from_bytes(data.to_vec(), &limits)) else {
        return;
    };
    let Some(archive) = sound(Archive::open(source, &limits)) else {
        return;
    };
    for entry in archive.entries() {
        let open = || {
            let budget = Arc::new(Budget::new(limits.clone(), CancelToken::new()));
            EntryReader::new(&archive, entry, budget)
        };
        let whole = sound(open().and_then(EntryReader::read_small));
        let pieces = sound(open().and_then(|reader| in_pieces(reader, 1 + data.len() % 3000)));
        assert!(whole == pieces, "{:?} differs in pieces", entry.name);
        if let Some(bytes) = whole {
            assert_eq!(bytes.len() as u64, entry.inflated_bytes);
            assert_eq!(crc32fast::hash(&bytes), entry.crc32);
        }
        assert!(archive.entry(&entry.name).is_some());
    }
}

/// All bytes of an entry, `room` of them at a time.
fn in_pieces(mut reader: EntryReader, room: usize) -> Result<Vec<u8>> {
    let mut buf = vec![0; HISTORY + room];
    let mut bytes = Vec::new();
    loop {
        let len = reader.fill(&mut buf, HISTORY)?;
        bytes.extend_from_slice(&buf[HISTORY..HISTORY + len]);
        if len < room {
            return Ok(bytes);
        }
        buf.copy_within(len.., 0);
    }
}
