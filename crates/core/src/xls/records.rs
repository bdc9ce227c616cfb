//! Records: two bytes of type, two of length, data. Numbers are little endian. ([MS-XLS] 2.1.4)

use crate::error::{Error, Result};

/// One record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) id: u16,
    pub(super) data: Fields<'a>,
    /// Place of its data in the stream.
    pub(super) at: usize,
}

/// Walks over records.
#[derive(Debug, Clone)]
pub(super) struct Records<'a> {
    stream: &'a [u8],
    at: usize,
}

impl<'a> Records<'a> {
    pub(super) fn new(stream: &'a [u8], at: usize) -> Self {
        Records { stream, at }
    }

    /// The next record; `None` at the end of the stream.
    pub(super) fn next(&mut self) -> Result<Option<Record<'a>>> {
        let rest = self.stream.get(self.at..).unwrap_or_default();
        let mut head = Fields(rest);
        if rest.len() < 4 {
            return Ok(None);
        }
        let (id, len) = (head.u16()?, usize::from(head.u16()?));
        let at = self.at + 4;
        let data = rest.get(4..4 + len).ok_or_else(|| {
            Error::malformed("a record reaches beyond the end of the stream")
                .at_byte(self.at as u64)
        })?;
        self.at = at + len;
        Ok(Some(Record {
            id,
            data: Fields(data),
            at,
        }))
    }

    /// The id of the record that comes next.
    pub(super) fn peek(&self) -> Option<u16> {
        let bytes = self.stream.get(self.at..self.at + 2)?;
        Some(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    /// Place of the next record.
    pub(super) fn position(&self) -> usize {
        self.at
    }
}

/// A cursor over the data of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
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
}
