//! Records: a type and a length of seven bits a byte, then data ([MS-XLSB] 2.1.4). Read one by one: a part may be large.

use std::{
    io::{BufRead, Read},
    ops::Range,
};

use crate::{
    error::{Error, Result},
    limits::check,
    zip::{PartRead, part_error},
};

/// Walks over the records of a part.
pub(super) struct Records {
    part: PartRead,
    data: Vec<u8>,
    max_bytes: u64,
    at: u64,
    /// Bytes of the last record that are still to be taken from the part, whose buffer they were read in.
    pending: usize,
}

impl Records {
    /// No record may be longer than `max_bytes`.
    pub(super) fn new(part: PartRead, max_bytes: u64) -> Self {
        Records {
            part,
            data: Vec::new(),
            max_bytes,
            at: 0,
            pending: 0,
        }
    }

    /// Type and data of the next record; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u32, Data<'_>)>> {
        let at = self.at;
        self.part.consume(std::mem::take(&mut self.pending));
        // Most records lie in the buffer as a whole, and are read where they are.
        if let Some((id, data)) = whole_record(self.part.buffered()) {
            let len = data.len() as u64;
            let checked = check("max_row_bytes", self.max_bytes, len);
            checked.map_err(|error| self.locate(error.at_byte(at)))?;
            self.pending = data.end;
            self.at += self.pending as u64;
            return Ok(Some((id, Data(&self.part.buffered()[data]))));
        }
        let read = self
            .try_next()
            .map_err(|error| self.locate(error.at_byte(at)))?;
        Ok(read.map(|id| (id, Data(&self.data))))
    }

    /// Names the part in an error.
    pub(super) fn locate(&self, error: Error) -> Error {
        error.in_part(self.part.part())
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> u64 {
        self.at
    }

    fn try_next(&mut self) -> Result<Option<u32>> {
        if self.part.fill_buf().map_err(part_error)?.is_empty() {
            return Ok(None);
        }
        let id = self.number(2)?;
        let len = self.number(4)?;
        check("max_row_bytes", self.max_bytes, u64::from(len))?;
        self.data.clear();
        let read = (&mut self.part)
            .take(u64::from(len))
            .read_to_end(&mut self.data)
            .map_err(part_error)?;
        self.at += read as u64;
        if read < len as usize {
            return Err(Error::malformed(
                "a record reaches beyond the end of the part",
            ));
        }
        Ok(Some(id))
    }

    /// A number of seven bits a byte, in at most `bytes` bytes.
    fn number(&mut self, bytes: u32) -> Result<u32> {
        let mut number = 0;
        for place in 0..bytes {
            let mut byte = [0];
            self.part
                .read_exact(&mut byte)
                .map_err(|error| match error.kind() {
                    std::io::ErrorKind::UnexpectedEof => {
                        Error::malformed("the part ends within a record")
                    }
                    _ => part_error(error),
                })?;
            self.at += 1;
            number |= u32::from(byte[0] & 0x7f) << (7 * place);
            if byte[0] & 0x80 == 0 {
                break;
            }
        }
        Ok(number)
    }
}

/// The record at the start of these bytes, and where its data is; `None` when they do not hold all of it.
fn whole_record(bytes: &[u8]) -> Option<(u32, Range<usize>)> {
    let (id, start) = number(bytes, 0, 2)?;
    let (len, start) = number(bytes, start, 4)?;
    let end = start + len as usize;
    (end <= bytes.len()).then_some((id, start..end))
}

/// A number of seven bits a byte, in at most `most` bytes, and the place behind it.
fn number(bytes: &[u8], start: usize, most: usize) -> Option<(u32, usize)> {
    let mut number = 0;
    for place in 0..most {
        let byte = *bytes.get(start + place)?;
        number |= u32::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((number, start + place + 1));
        }
    }
    Some((number, start + most))
}

/// A cursor over the data of a record. Numbers are little endian.
#[derive(Debug, Clone, Copy)]
pub(super) struct Data<'a>(pub(super) &'a [u8]);

impl<'a> Data<'a> {
    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        if len > self.0.len() {
            return Err(Error::malformed("a record is too short"));
        }
        let (head, rest) = self.0.split_at(len);
        self.0 = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn f64(&mut self) -> Result<f64> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    /// A text of UTF-16 behind its length; `None` where the length says that there is none.
    pub(super) fn text(&mut self) -> Result<Option<String>> {
        let len = self.u32()?;
        if len == u32::MAX {
            return Ok(None);
        }
        let bytes = self.take(usize::try_from(u64::from(len) * 2).unwrap_or(usize::MAX))?;
        let units = bytes
            .as_chunks::<2>()
            .0
            .iter()
            .map(|pair| u16::from_le_bytes(*pair));
        let chars = char::decode_utf16(units);
        Ok(Some(
            chars
                .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect(),
        ))
    }
}
