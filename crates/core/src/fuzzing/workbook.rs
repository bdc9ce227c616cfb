//! Whole workbooks of each format.

use super::{
    books::{File, check},
    package::{Part, zip},
};

/// Before the name of each part.
const MARK: &[u8] = b"=== ";

/// What stands for parts that the input does not have.
const XLSX: [Part<'static>; 3] = [
    (
        "_rels/.rels",
        b"<Relationships><Relationship Id=\"a\" Type=\"/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>",
    ),
    (
        "xl/workbook.xml",
        b"<workbook><sheets><sheet name=\"Sheet1\" r:id=\"a\"/></sheets></workbook>",
    ),
    (
        "xl/_rels/workbook.xml.rels",
        b"<Relationships><Relationship Id=\"a\" Type=\"/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
            <Relationship Id=\"b\" Type=\"/sharedStrings\" Target=\"sharedStrings.xml\"/>\
            <Relationship Id=\"c\" Type=\"/styles\" Target=\"styles.xml\"/></Relationships>",
    ),
];

const ODS: [Part<'static>; 2] = [
    (
        "mimetype",
        b"application/vnd.oasis.opendocument.spreadsheet",
    ),
    ("META-INF/manifest.xml", b"<manifest/>"),
];

/// `data` is a list of parts, each behind a line `=== name`.
pub fn workbook(data: &[u8]) {
    check(File {
        name: "fuzzed.xlsx",
        bytes: &zip(&parts(data, &XLSX)),
    });
}

/// `data` is a list of parts, each behind a line `=== name`.
pub fn xlsb(data: &[u8]) {
    check(File {
        name: "fuzzed.xlsb",
        bytes: &zip(&parts(data, &[])),
    });
}

/// `data` is a list of parts, each behind a line `=== name`.
pub fn ods(data: &[u8]) {
    check(File {
        name: "fuzzed.ods",
        bytes: &zip(&parts(data, &ODS)),
    });
}

/// `data` is a file, records with a container around them or without.
pub fn xls(data: &[u8]) {
    check(File {
        name: "fuzzed.xls",
        bytes: data,
    });
}

/// `data` is a file.
pub fn csv(data: &[u8]) {
    check(File {
        name: "fuzzed.csv",
        bytes: data,
    });
}

/// The parts of the input, each name once (the last one counts), and those that it lacks.
fn parts<'a>(data: &'a [u8], defaults: &[Part<'static>]) -> Vec<Part<'a>> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    let marks = memchr::memmem::find_iter(data, MARK).map(|at| at + MARK.len());
    let marks: Vec<usize> = marks.collect();
    for (index, &start) in marks.iter().enumerate() {
        let end = marks
            .get(index + 1)
            .map_or(data.len(), |next| next - MARK.len());
        let part = &data[start..end];
        let line = memchr::memchr(b'\n', part).unwrap_or(part.len());
        let Ok(name) = std::str::from_utf8(&part[..line]) else {
            continue;
        };
        parts.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        parts.push((name, part.get(line + 1..).unwrap_or_default()));
    }
    for default in defaults {
        if parts
            .iter()
            .all(|(name, _)| !name.eq_ignore_ascii_case(default.0))
        {
            parts.push(*default);
        }
    }
    parts
}
