//! The container against `cfb`, which is another implementation, and against tables that lead in circles.

use std::io::{Cursor, Write};

use proptest::prelude::*;

use super::Container;

fn written(version: cfb::Version, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut ole = cfb::CompoundFile::create_with_version(version, Cursor::new(Vec::new())).unwrap();
    for (name, bytes) in files {
        let mut stream = ole.create_stream(name).unwrap();
        stream.write_all(bytes).unwrap();
        stream.flush().unwrap();
    }
    ole.into_inner().into_inner()
}

fn read(container: &Container<'_>, name: &str) -> Option<Vec<u8>> {
    let stream = container.find(name)?;
    Some(container.pieces(stream).concat())
}

fn numbered(sizes: &[usize]) -> Vec<(String, Vec<u8>)> {
    let bytes =
        |nth: usize, size: usize| (0..size).map(|i| (i * 7 + i / 251 + nth) as u8).collect();
    let file = |(nth, size): (usize, &usize)| (format!("file {nth}"), bytes(nth, *size));
    sizes.iter().enumerate().map(file).collect()
}

fn check(version: cfb::Version, sizes: &[usize]) {
    let files = numbered(sizes);
    let ole = written(version, &files);
    let container = Container::open(&ole).unwrap();
    for (name, bytes) in &files {
        assert!(
            read(&container, name).as_ref() == Some(bytes),
            "{name} of {}",
            bytes.len()
        );
    }
    assert!(container.find("file").is_none());
    assert!(container.find("file 00").is_none());
}

#[test]
fn reads_files_of_every_kind_of_size() {
    let borders = [0, 1, 63, 64, 65, 511, 512, 513, 4095, 4096, 4097, 70_000];
    for version in [cfb::Version::V3, cfb::Version::V4] {
        check(version, &borders);
    }
}

/// Beyond 109 sectors of the table the header has no room: with sectors of 512 bytes that is a file of 7 MB.
#[test]
fn reads_a_container_whose_table_is_listed_in_sectors() {
    check(cfb::Version::V3, &[100, 17_000_000, 5000]);
}

#[test]
fn files_in_folders_are_not_files_of_the_root() {
    let mut ole = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    ole.create_storage("folder").unwrap();
    ole.create_stream("folder/file").unwrap();
    let ole = ole.into_inner().into_inner();
    let container = Container::open(&ole).unwrap();
    assert!(container.find("file").is_none());
    assert!(container.find("folder").is_none());
}

/// Each sector of the table leads to itself, and each list of them to the same list: no sector is read twice.
#[test]
fn circles_end() {
    for version in [cfb::Version::V3, cfb::Version::V4] {
        let mut ole = written(version, &numbered(&[100, 50_000]));
        let sector = 1 << ole[30];
        let table = u32::from_le_bytes(ole[76..80].try_into().unwrap()) as usize;
        for id in 0..ole.len() / sector - 1 {
            let at = (table + 1) * sector + id * 4;
            ole[at..at + 4].copy_from_slice(&(id as u32).to_le_bytes());
        }
        ole[68..72].copy_from_slice(&1u32.to_le_bytes());
        let container = Container::open(&ole).unwrap();
        assert!(container.find("file 2").is_none());
        assert_eq!(read(&container, "file 0").unwrap().len(), 100);
        // It ends where it comes back to itself.
        assert_eq!(read(&container, "file 1").unwrap().len(), sector);
        // Lengths beyond the container.
        for at in 0..ole.len() / 128 - 1 {
            let entry = at * 128;
            if ole[entry..].starts_with(b"f\0i\0l\0e\0") {
                ole[entry + 120..entry + 128].fill(0xff);
            }
        }
        let container = Container::open(&ole).unwrap();
        for name in ["file 0", "file 1"] {
            assert!(read(&container, name).unwrap().len() <= ole.len());
        }
    }
}

/// A directory whose entries are one another's siblings.
#[test]
fn a_circle_of_siblings_ends() {
    let mut ole = written(cfb::Version::V4, &numbered(&[1, 2, 3]));
    for entry in (0..ole.len()).step_by(128) {
        if ole[entry..].starts_with(b"f\0i\0l\0e\0") {
            ole[entry + 68..entry + 76].copy_from_slice(&[1, 0, 0, 0, 2, 0, 0, 0]);
        }
    }
    let container = Container::open(&ole).unwrap();
    assert!(container.find("file 9").is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn reads_what_cfb_wrote(
        small in any::<bool>(),
        sizes in prop::collection::vec(prop_oneof![0usize..200, 0usize..9000, 0usize..60_000], 1..12),
    ) {
        check(if small { cfb::Version::V3 } else { cfb::Version::V4 }, &sizes);
    }

    #[test]
    fn damage_never_panics(
        small in any::<bool>(),
        words in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![0u32..40, any::<u32>()]), 1..20),
        cut in prop::option::weighted(0.3, any::<prop::sample::Index>()),
    ) {
        let version = if small { cfb::Version::V3 } else { cfb::Version::V4 };
        let mut ole = written(version, &numbered(&[10, 500, 4000, 4096, 10_000]));
        for (at, word) in words {
            let at = at.index(ole.len() / 4) * 4;
            ole[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        if let Some(cut) = cut {
            ole.truncate(cut.index(ole.len()));
        }
        if let Ok(container) = Container::open(&ole) {
            for nth in 0..6 {
                let bytes = read(&container, &format!("file {nth}"));
                prop_assert!(bytes.unwrap_or_default().len() <= ole.len());
            }
        }
    }
}
