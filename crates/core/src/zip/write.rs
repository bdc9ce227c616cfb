//! Writing an archive: entries of another one as they are, still compressed, and new ones.
//!
//! Sizes and checksums stand in the local headers, as in files of spreadsheet programs (no descriptors); those of an entry that is
//! written as a stream are put there afterwards, which is why the writer has to seek. Memory does not grow with the entries but for
//! the directory. Every entry has the same date, so that the same input gives the same bytes.

use std::io::{self, Seek, SeekFrom, Write};

use flate2::{Compression, write::DeflateEncoder};

use super::{
    Archive,
    entry::{Entry, Method},
};
use crate::error::{Error, Result};

/// A size or an offset that stands in an extra field of zip64 (APPNOTE 4.5.3).
const SATURATED: u32 = u32::MAX;
/// Level of compression: a third of the time of the default one, a tenth more bytes.
const LEVEL: u32 = 3;
/// Names are in UTF-8 (4.4.4).
const UTF8: u16 = 1 << 11;
/// 1980-01-01, the first date there is (4.4.6).
const DATE: u16 = 0x21;
/// A streamed entry may be larger than it was expected to be by this much.
const GROWTH: u64 = 1 << 30;

/// Writes one archive.
pub(crate) struct ZipWriter<W> {
    out: W,
    /// Where the archive begins.
    start: u64,
    /// Bytes written since.
    at: u64,
    directory: Vec<u8>,
    entries: u64,
}

/// What the headers of an entry say.
struct Header<'a> {
    name: &'a str,
    method: Method,
    crc32: u32,
    compressed: u64,
    inflated: u64,
    offset: u64,
    /// Sizes stand in an extra field, whatever they are.
    wide: bool,
}

impl<W: Write + Seek> ZipWriter<W> {
    /// Starts an archive where `out` stands.
    pub(crate) fn new(mut out: W) -> Result<Self> {
        let start = out.stream_position().map_err(failed)?;
        Ok(ZipWriter {
            out,
            start,
            at: 0,
            directory: Vec::new(),
            entries: 0,
        })
    }

    /// Copies an entry without unpacking it: it is as good or as damaged as it was.
    ///
    /// # Errors
    /// `Malformed` or `Encrypted` where the entry cannot be found; `Io`.
    pub(crate) fn copy(&mut self, archive: &Archive, entry: &Entry) -> Result<()> {
        let (_, bytes) = archive.compressed(entry)?;
        let header = Header {
            name: &entry.name,
            method: entry.method,
            crc32: entry.crc32,
            compressed: entry.compressed_bytes,
            inflated: entry.inflated_bytes,
            offset: self.at,
            wide: is_wide(entry.compressed_bytes) || is_wide(entry.inflated_bytes),
        };
        self.put(&header.local())?;
        self.put(&bytes)?;
        self.list(&header);
        Ok(())
    }

    /// Writes an entry of these bytes.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn write(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.stream(name, bytes.len() as u64, |out| {
            out.write_all(bytes).map_err(failed)
        })
    }

    /// Writes an entry as it is made. It will have about `expected` bytes.
    ///
    /// # Errors
    /// Those of `make`; `Io`; `Unsupported` when the entry becomes larger than 4 GiB and that was not expected.
    pub(crate) fn stream<T>(
        &mut self,
        name: &str,
        expected: u64,
        make: impl FnOnce(&mut dyn Write) -> Result<T>,
    ) -> Result<T> {
        let mut header = Header {
            name,
            method: Method::Deflated,
            crc32: 0,
            compressed: 0,
            inflated: 0,
            offset: self.at,
            wide: is_wide(expected.saturating_add(GROWTH)),
        };
        self.put(&header.local())?;
        let made = {
            let mut body = Body {
                encoder: DeflateEncoder::new(&mut self.out, Compression::new(LEVEL)),
                crc: crc32fast::Hasher::new(),
                bytes: 0,
            };
            let made = make(&mut body)?;
            body.encoder.try_finish().map_err(failed)?;
            header.crc32 = body.crc.clone().finalize();
            header.inflated = body.bytes;
            header.compressed = body.encoder.total_out();
            made
        };
        if !header.wide && (is_wide(header.compressed) || is_wide(header.inflated)) {
            let error = Error::unsupported("the part has become larger than 4 GiB");
            return Err(error.in_part(name));
        }
        self.at += header.compressed;
        self.seek(header.offset)?;
        self.out.write_all(&header.local()).map_err(failed)?;
        self.seek(self.at)?;
        self.list(&header);
        Ok(made)
    }

    /// Writes the directory.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn finish(mut self) -> Result<W> {
        let offset = self.at;
        let directory = std::mem::take(&mut self.directory);
        self.put(&directory)?;
        let end = end_records(self.entries, directory.len() as u64, offset, self.at);
        self.put(&end)?;
        self.out.flush().map_err(failed)?;
        Ok(self.out)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes).map_err(failed)
    }

    fn seek(&mut self, at: u64) -> Result<()> {
        let place = self.out.seek(SeekFrom::Start(self.start + at));
        place.map(drop).map_err(failed)
    }

    fn list(&mut self, header: &Header<'_>) {
        self.directory.extend(header.central());
        self.entries += 1;
    }
}

/// The bytes of an entry on their way.
struct Body<W: Write> {
    encoder: DeflateEncoder<W>,
    crc: crc32fast::Hasher,
    bytes: u64,
}

impl<W: Write> Write for Body<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.encoder.write(bytes)?;
        self.crc.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(()) // a flush would only end a block of the entry
    }
}

impl Header<'_> {
    /// Local file header (4.3.7).
    fn local(&self) -> Vec<u8> {
        let mut extra = Vec::new();
        if self.wide {
            extra = zip64_extra(&[self.inflated, self.compressed]);
        }
        let mut bytes = b"PK\x03\x04".to_vec();
        self.common(&mut bytes, extra.len());
        bytes.extend(self.name.as_bytes());
        bytes.extend(extra);
        bytes
    }

    /// Its entry in the directory (4.3.12).
    fn central(&self) -> Vec<u8> {
        let mut saturated = Vec::new();
        if self.wide {
            saturated.extend([self.inflated, self.compressed]);
        }
        let mut offset = self.offset as u32;
        if is_wide(self.offset) {
            saturated.push(self.offset);
            offset = SATURATED;
        }
        let extra = match saturated.is_empty() {
            true => Vec::new(),
            false => zip64_extra(&saturated),
        };
        let mut bytes = b"PK\x01\x02".to_vec();
        bytes.extend(self.version().to_le_bytes()); // made by
        self.common(&mut bytes, extra.len());
        bytes.extend([0; 2 + 2 + 2 + 4]); // comment, disk, attributes
        bytes.extend(offset.to_le_bytes());
        bytes.extend(self.name.as_bytes());
        bytes.extend(extra);
        bytes
    }

    /// The fields that both have, from the version needed on.
    fn common(&self, bytes: &mut Vec<u8>, extra: usize) {
        let flags = if self.name.is_ascii() { 0 } else { UTF8 };
        let (compressed, inflated) = match self.wide {
            true => (SATURATED, SATURATED),
            false => (self.compressed as u32, self.inflated as u32),
        };
        for field in [self.version(), flags, self.method.number(), 0, DATE] {
            bytes.extend(field.to_le_bytes());
        }
        for field in [self.crc32, compressed, inflated] {
            bytes.extend(field.to_le_bytes());
        }
        // A name came from an archive, or is ours: it fits.
        bytes.extend((self.name.len() as u16).to_le_bytes());
        bytes.extend((extra as u16).to_le_bytes());
    }

    /// Version needed to extract (4.4.3): 2.0 for deflate, 4.5 for zip64.
    fn version(&self) -> u16 {
        match self.wide || is_wide(self.offset) {
            true => 45,
            false => 20,
        }
    }
}

fn is_wide(value: u64) -> bool {
    value >= u64::from(SATURATED)
}

fn zip64_extra(values: &[u64]) -> Vec<u8> {
    let mut extra = 1u16.to_le_bytes().to_vec();
    extra.extend((values.len() as u16 * 8).to_le_bytes());
    values
        .iter()
        .for_each(|value| extra.extend(value.to_le_bytes()));
    extra
}

/// End of central directory (4.3.16), with the records of zip64 before it where they are needed (4.3.14, 4.3.15).
fn end_records(entries: u64, directory: u64, offset: u64, at: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let wide = entries >= 0xffff || is_wide(directory) || is_wide(offset);
    if wide {
        bytes.extend(b"PK\x06\x06");
        bytes.extend(44u64.to_le_bytes());
        bytes.extend(45u16.to_le_bytes());
        bytes.extend(45u16.to_le_bytes());
        bytes.extend([0; 8]); // disks
        for field in [entries, entries, directory, offset] {
            bytes.extend(field.to_le_bytes());
        }
        bytes.extend(b"PK\x06\x07\0\0\0\0");
        bytes.extend(at.to_le_bytes());
        bytes.extend(1u32.to_le_bytes());
    }
    let short = |value: u64| value.min(0xffff) as u16;
    let long = |value: u64| value.min(u64::from(SATURATED)) as u32;
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(short(entries).to_le_bytes());
    bytes.extend(short(entries).to_le_bytes());
    bytes.extend(long(directory).to_le_bytes());
    bytes.extend(long(offset).to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}

fn failed(error: io::Error) -> Error {
    Error::io(error, "cannot write the workbook")
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        io::{Cursor, Read},
        sync::Arc,
    };

    use sheetlift_fixtures::{Expect, Fixture, manifest};

    use super::*;
    use crate::{
        cancel::CancelToken,
        limits::{Budget, Limits},
        source::Source,
        zip::EntryReader,
    };

    /// Names and unpacked bytes as another reader sees them.
    fn entries(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut entries = BTreeMap::new();
        for place in 0..archive.len() {
            let mut entry = archive.by_index(place).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            entries.insert(entry.name().unwrap().replace('\\', "/"), bytes);
        }
        entries
    }

    fn archive(bytes: &[u8]) -> Archive {
        let limits = Limits::default();
        let source = Source::from_bytes(bytes.to_vec(), &limits).unwrap();
        Archive::open(source, &limits).unwrap()
    }

    fn copy(bytes: &[u8]) -> Vec<u8> {
        let archive = archive(bytes);
        let mut writer = ZipWriter::new(Cursor::new(Vec::new())).unwrap();
        for entry in archive.entries() {
            writer.copy(&archive, entry).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn good_workbooks() -> impl Iterator<Item = Fixture> {
        let good = |fixture: &Fixture| matches!(fixture.expect, Expect::Sheets(_));
        let is_zip = |fixture: &Fixture| fixture.extension == "xlsx";
        manifest().into_iter().filter(good).filter(is_zip)
    }

    #[test]
    fn a_copy_has_the_same_entries() {
        let mut copied = 0;
        for fixture in good_workbooks() {
            let bytes = (fixture.bytes)();
            if !bytes.starts_with(b"PK") {
                continue; // protected, or with something before it that other readers stumble over
            }
            assert_eq!(entries(&copy(&bytes)), entries(&bytes), "{}", fixture.name);
            copied += 1;
        }
        assert!(copied > 50, "{copied}");
    }

    #[test]
    fn entries_that_are_written_can_be_read() {
        let long: Vec<u8> = (0..300_000u32).flat_map(|n| n.to_le_bytes()).collect();
        let mut out = Cursor::new(b"before".to_vec());
        out.set_position(6);
        let mut writer = ZipWriter::new(out).unwrap();
        writer.write("a/é.xml", b"<a/>").unwrap();
        let made = writer.stream("b", u64::from(u32::MAX), |out| {
            long.chunks(1_000)
                .try_for_each(|chunk| out.write_all(chunk).map_err(failed))
        });
        made.unwrap();
        writer.write("empty", b"").unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        let archive = archive(&bytes);
        let budget = Arc::new(Budget::new(Limits::default(), CancelToken::new()));
        let ours = |name: &str| {
            let entry = archive.entry(name).unwrap();
            let reader = EntryReader::new(&archive, entry, Arc::clone(&budget));
            reader.unwrap().read_small().unwrap()
        };
        let others = entries(&bytes);
        for (name, expected) in [("a/é.xml", &b"<a/>"[..]), ("b", &long), ("empty", b"")] {
            assert_eq!(ours(name), expected);
            assert_eq!(others[name], expected);
        }
    }

    #[test]
    fn many_entries_need_zip64() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new())).unwrap();
        for number in 0..70_000 {
            writer.write(&number.to_string(), b"").unwrap();
        }
        let bytes = writer.finish().unwrap().into_inner();
        let limits = Limits {
            max_entries: 70_000,
            ..Limits::default()
        };
        let source = Source::from_bytes(bytes.clone(), &limits).unwrap();
        let archive = Archive::open(source, &limits).unwrap();
        assert_eq!(archive.entries().len(), 70_000);
        assert_eq!(entries(&bytes).len(), 70_000);
    }
}
