//! Files that are cut off somewhere: an error, or every cell all the same. Never some of the cells.

use std::io::{Cursor, Read, Write};

use crate::common::{Cells, cells_of};
use sheetlift_core::{Error, Workbook};
use sheetlift_fixtures::manifest;
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

fn bytes(name: &str) -> Vec<u8> {
    let found = manifest().into_iter().find(|fixture| fixture.name == name);
    let fixture = found.unwrap_or_else(|| panic!("no fixture {name}"));
    (fixture.bytes)()
}

fn read(bytes: Vec<u8>) -> Result<Cells, Error> {
    cells_of(&Workbook::from_bytes(bytes)?, 1)
}

/// The parts of an archive.
fn parts(bytes: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let entries = 0..archive.len();
    let part = |index| {
        let mut entry = archive.by_index(index).unwrap();
        let mut body = Vec::new();
        entry.read_to_end(&mut body).unwrap();
        (entry.name().unwrap().into_owned(), body)
    };
    entries.map(part).collect()
}

fn archive(parts: &[(String, Vec<u8>)], cut: usize, len: usize) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (index, (name, body)) in parts.iter().enumerate() {
        let len = if index == cut { len } else { body.len() };
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(&body[..len]).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Lengths to cut to: all of a short part, some of a long one.
fn lengths(len: usize) -> impl Iterator<Item = usize> {
    let step = (len / 250).max(1);
    (0..len).step_by(step)
}

#[test]
fn a_part_that_is_cut_off_loses_nothing_silently() {
    for name in [
        "merged_cells",
        "excel_table",
        "date_formats_thai",
        "xlsb_merged_cells",
        "xlsb_identifiers_by_format",
        "ods_merged_cells",
    ] {
        let whole = bytes(name);
        let expected = read(whole.clone()).unwrap();
        let parts = parts(whole);
        for (index, (part, body)) in parts.iter().enumerate() {
            for len in lengths(body.len()) {
                if let Ok(cells) = read(archive(&parts, index, len)) {
                    assert_eq!(cells, expected, "{name}: {part} cut to {len} bytes");
                }
            }
        }
    }
}

#[test]
fn a_stream_that_is_cut_off_loses_nothing_silently() {
    for name in [
        "xls_dates",
        "xls_numbers",
        "xls_rich_strings",
        "xls_merged_cells",
    ] {
        let whole = bytes(name);
        let expected = read(whole.clone()).unwrap();
        for len in 0..whole.len() {
            if let Ok(cells) = read(whole[..len].to_vec()) {
                assert_eq!(cells, expected, "{name} cut to {len} bytes");
            }
        }
    }
}
