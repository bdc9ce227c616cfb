//! A part as a reader of the standard library, for parsers that take one.

use std::io::{self, BufRead, Read};

use super::EntryReader;
use crate::{
    error::{Error, Result},
    inflate::HISTORY,
};

/// Bytes inflated at once.
const WINDOW: usize = 64 << 10;

/// Reads a part from start to end in bounded memory. Its errors carry those of the part.
#[derive(Clone)]
pub(crate) struct PartRead {
    reader: EntryReader,
    /// What was inflated last, and the history that matches reach back to before it.
    buf: Vec<u8>,
    start: usize,
    end: usize,
}

impl PartRead {
    pub(crate) fn new(reader: EntryReader) -> Self {
        PartRead {
            reader,
            buf: vec![0; HISTORY + WINDOW],
            start: 0,
            end: 0,
        }
    }

    /// Name of the part, for errors.
    pub(crate) fn part(&self) -> &str {
        self.reader.part()
    }

    /// What is left of the bytes that were inflated last; nothing does not mean the end.
    pub(crate) fn buffered(&self) -> &[u8] {
        &self.buf[self.start..self.end]
    }

    fn refill(&mut self) -> Result<()> {
        let history = self.end.min(HISTORY);
        self.buf.copy_within(self.end - history..self.end, 0);
        let read = self.reader.fill(&mut self.buf, history)?;
        (self.start, self.end) = (history, history + read);
        Ok(())
    }
}

impl Read for PartRead {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let len = bytes.len().min(out.len());
        out[..len].copy_from_slice(&bytes[..len]);
        self.consume(len);
        Ok(len)
    }
}

impl BufRead for PartRead {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.refill().map_err(io::Error::other)?;
        }
        Ok(self.buffered())
    }

    fn consume(&mut self, amount: usize) {
        self.start = self.end.min(self.start + amount);
    }
}

/// The error of a part in one of the standard library, or one that says what could not be read.
pub(crate) fn part_error(error: io::Error) -> Error {
    if error.get_ref().is_some_and(|inner| inner.is::<Error>()) {
        let inner = error
            .into_inner()
            .and_then(|inner| inner.downcast::<Error>().ok());
        return inner.map_or_else(|| Error::bug("an error was lost"), |error| *error);
    }
    Error::malformed(format!("the part is damaged: {error}"))
}
