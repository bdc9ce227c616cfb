//! The central directory.

use std::collections::HashMap;

use bytes::Bytes;

use super::entry::{Entry, Method};
use crate::{
    error::{Error, Result},
    limits::{Limits, check},
    source::Source,
};

const END_SIGNATURE: &[u8; 4] = b"PK\x05\x06";
const END_LEN: usize = 22;
const END64_LOCATOR_SIGNATURE: u32 = 0x0706_4b50;
const END64_LOCATOR_LEN: usize = 20;
const END64_SIGNATURE: u32 = 0x0606_4b50;
const END64_LEN: u64 = 56;
const CENTRAL_SIGNATURE: u32 = 0x0201_4b50;
const CENTRAL_LEN: usize = 46;
const LOCAL_SIGNATURE: u32 = 0x0403_4b50;
const LOCAL_LEN: u64 = 30;
const MAX_COMMENT: usize = 65_535;

/// An archive whose directory has been read.
#[derive(Debug)]
pub(crate) struct Archive {
    source: Source,
    entries: Vec<Entry>,
    by_name: HashMap<String, usize>,
    /// Where the local headers of all entries are, ascending.
    offsets: Vec<u64>,
    /// Where the directory is, counted as offsets are: no entry reaches beyond.
    directory_offset: u64,
    /// Bytes before the archive (a self-extractor, say); added to every declared offset.
    shift: u64,
}

impl Archive {
    pub(crate) fn open(source: Source, limits: &Limits) -> Result<Self> {
        let end = End::find(&source)?;
        check("max_entries", limits.max_entries, end.entries)?;
        let (entries, shift) = read_directory(&source, &end, limits)?;
        let mut offsets: Vec<u64> = entries.iter().map(|entry| entry.local_offset).collect();
        offsets.sort_unstable();
        let mut by_name = HashMap::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            // Names are compared without case, as consumers of OPC packages do (ECMA-376 part 2, 6.2.2.3).
            if by_name
                .insert(entry.name.to_ascii_lowercase(), index)
                .is_some()
            {
                return Err(Error::malformed(format!(
                    "two entries are named {:?}",
                    entry.name
                )));
            }
        }
        Ok(Archive {
            source,
            entries,
            by_name,
            offsets,
            directory_offset: end.directory_offset,
            shift,
        })
    }

    pub(crate) fn entry(&self, name: &str) -> Option<&Entry> {
        self.by_name
            .get(&name.to_ascii_lowercase())
            .map(|&index| &self.entries[index])
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// The compressed bytes of an entry, found through its local header, and their place in the file. Everybody has to see the
    /// same entry there: the header has the same name, and no byte belongs to another entry as well.
    pub(super) fn compressed(&self, entry: &Entry) -> Result<(u64, Bytes)> {
        let fail = |what: &str| Error::malformed(what).in_part(&entry.name);
        if entry.encrypted {
            return Err(Error::encrypted("the entry is encrypted").in_part(&entry.name));
        }
        let outside = || fail("the local header lies outside the file");
        let start = self
            .shift
            .checked_add(entry.local_offset)
            .ok_or_else(outside)?;
        let local = self
            .source
            .slice(start..start.saturating_add(LOCAL_LEN))
            .ok_or_else(outside)?;
        let mut fields = Fields(&local);
        if fields.u32() != LOCAL_SIGNATURE {
            return Err(fail("there is no local header where the directory says"));
        }
        fields.skip(22);
        let (name_len, extra_len) = (u64::from(fields.u16()), u64::from(fields.u16()));
        let name = start + LOCAL_LEN..start + LOCAL_LEN + name_len;
        let data = name.end + extra_len;
        let name = self.source.slice(name).ok_or_else(outside)?;
        if part_name(&name) != entry.name {
            return Err(fail("the local header has another name than the directory"));
        }
        let end = data.saturating_add(entry.compressed_bytes);
        let bytes = self.source.slice(data..end);
        let bytes =
            bytes.ok_or_else(|| fail("the compressed data reaches beyond the end of the file"))?;
        if self.is_shared(entry.local_offset, end - self.shift) {
            return Err(fail(
                "the entry shares bytes with another entry or the directory",
            ));
        }
        Ok((data, bytes))
    }

    /// True when more than one entry starts between these offsets, or the directory does.
    fn is_shared(&self, start: u64, end: u64) -> bool {
        let first = self.offsets.partition_point(|&offset| offset < start);
        let next = self.offsets.get(first + 1);
        end > self.directory_offset || next.is_some_and(|&next| next < end)
    }
}

/// What the end record says of the directory.
struct End {
    position: u64,
    entries: u64,
    directory_bytes: u64,
    directory_offset: u64,
}

impl End {
    /// Looks for the end record from the end of the file. Only one whose comment ends with the file counts: a comment may
    /// hold a signature of its own.
    fn find(source: &Source) -> Result<End> {
        let bytes = source.bytes();
        let from = bytes.len().saturating_sub(END_LEN + MAX_COMMENT);
        let tail = &bytes[from..];
        for at in memchr::memmem::rfind_iter(tail, END_SIGNATURE) {
            if at + END_LEN > tail.len() {
                continue;
            }
            let mut fields = Fields(&tail[at + 4..]);
            let (disk, directory_disk) = (fields.u16(), fields.u16());
            fields.skip(2);
            let entries = u64::from(fields.u16());
            let directory_bytes = u64::from(fields.u32());
            let directory_offset = u64::from(fields.u32());
            let comment = usize::from(fields.u16());
            if at + END_LEN + comment > tail.len() {
                continue;
            }
            let position = (from + at) as u64;
            let end = End {
                position,
                entries,
                directory_bytes,
                directory_offset,
            };
            if let Some(end64) = end.find_zip64(source)? {
                return Ok(end64);
            }
            if disk != 0 || directory_disk != 0 {
                return Err(Error::unsupported(
                    "the archive is split over several files",
                ));
            }
            return Ok(end);
        }
        Err(Error::malformed("the end of the archive is missing")
            .with_hint("the file is truncated or was damaged on its way: get it again"))
    }

    fn find_zip64(&self, source: &Source) -> Result<Option<End>> {
        let Some(at) = self.position.checked_sub(END64_LOCATOR_LEN as u64) else {
            return Ok(None);
        };
        let Some(locator) = source.slice(at..self.position) else {
            return Ok(None);
        };
        let mut fields = Fields(&locator);
        if fields.u32() != END64_LOCATOR_SIGNATURE {
            return Ok(None);
        }
        fields.skip(4);
        let declared = fields.u64();
        // The record lies directly before its locator, unless it carries extensible data; try both places.
        for position in [declared, at.saturating_sub(END64_LEN)] {
            let Some(record) = source.slice(position..position.saturating_add(END64_LEN)) else {
                continue;
            };
            let mut fields = Fields(&record);
            if fields.u32() != END64_SIGNATURE {
                continue;
            }
            fields.skip(8 + 2 + 2 + 4 + 4 + 8);
            let (entries, directory_bytes, directory_offset) =
                (fields.u64(), fields.u64(), fields.u64());
            return Ok(Some(End {
                position,
                entries,
                directory_bytes,
                directory_offset,
            }));
        }
        Err(Error::malformed("the zip64 end record is missing"))
    }
}

fn read_directory(source: &Source, end: &End, limits: &Limits) -> Result<(Vec<Entry>, u64)> {
    let outside = || Error::malformed("the central directory lies outside the file");
    // The directory ends where the end record starts; what is missing before it shifts every offset.
    let start = end
        .position
        .checked_sub(end.directory_bytes)
        .ok_or_else(outside)?;
    let shift = start
        .checked_sub(end.directory_offset)
        .ok_or_else(outside)?;
    let directory = source.slice(start..end.position).ok_or_else(outside)?;
    let mut entries = Vec::new();
    let mut fields = Fields(&directory);
    while !fields.0.is_empty() {
        check("max_entries", limits.max_entries, entries.len() as u64 + 1)?;
        entries.push(read_entry(&mut fields)?);
    }
    if entries.len() as u64 != end.entries && entries.len() as u64 & 0xffff != end.entries {
        return Err(Error::malformed(format!(
            "the directory holds {} entries, its end record says {}",
            entries.len(),
            end.entries
        )));
    }
    Ok((entries, shift))
}

fn read_entry(fields: &mut Fields<'_>) -> Result<Entry> {
    let broken = || Error::malformed("the central directory is damaged");
    if fields.0.len() < CENTRAL_LEN || fields.u32() != CENTRAL_SIGNATURE {
        return Err(broken());
    }
    fields.skip(4);
    let flags = fields.u16();
    let method = Method::from_number(fields.u16());
    fields.skip(4);
    let crc32 = fields.u32();
    let mut compressed_bytes = u64::from(fields.u32());
    let mut inflated_bytes = u64::from(fields.u32());
    let (name, extra, comment) = (
        usize::from(fields.u16()),
        usize::from(fields.u16()),
        usize::from(fields.u16()),
    );
    fields.skip(2 + 2 + 4);
    let mut local_offset = u64::from(fields.u32());
    if fields.0.len() < name + extra + comment {
        return Err(broken());
    }
    let name = part_name(fields.take(name));
    let mut extra = Fields(fields.take(extra));
    fields.skip(comment);
    // Zip64 extended information (4.5.3): only the fields that are saturated above, in this order.
    while extra.0.len() >= 4 {
        let (id, len) = (extra.u16(), usize::from(extra.u16()));
        let mut field = Fields(extra.take(len.min(extra.0.len())));
        if id == 1 {
            for value in [
                &mut inflated_bytes,
                &mut compressed_bytes,
                &mut local_offset,
            ] {
                if *value == u64::from(u32::MAX) && field.0.len() >= 8 {
                    *value = field.u64();
                }
            }
        }
    }
    Ok(Entry {
        name,
        method,
        crc32,
        compressed_bytes,
        inflated_bytes,
        local_offset,
        encrypted: flags & 1 != 0,
    })
}

/// The name of an entry: some writers separate folders by backslashes.
fn part_name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\\', "/")
}

/// A cursor over little-endian fields. Callers check the length first; beyond the end it reads zeros.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (head, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        head
    }

    fn skip(&mut self, len: usize) {
        self.take(len);
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let head = self.take(N);
        array[..head.len()].copy_from_slice(head);
        array
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }
}
