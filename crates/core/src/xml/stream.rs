//! Tokens of a part that is too large to be held: the same, from a reader.

use std::io::{self, BufRead, Read};

use quick_xml::Reader;

use super::{Nesting, Token, configure, ill_formed};
use crate::{
    error::{Error, Result},
    limits::{Limits, check},
    zip::{PartRead, part_error},
};

/// Tokens of a part. No token may be longer than `max_row_bytes`. A clone goes on from the same place.
#[derive(Clone)]
pub(crate) struct StreamTokens {
    reader: Reader<Capped>,
    buf: Vec<u8>,
    nesting: Nesting,
    max_attributes: u64,
}

impl StreamTokens {
    pub(crate) fn new(part: PartRead, limits: &Limits) -> Self {
        let mut reader = Reader::from_reader(Capped::new(part, limits));
        configure(reader.config_mut());
        StreamTokens {
            reader,
            buf: Vec::new(),
            nesting: Nesting::new(limits.max_xml_depth),
            max_attributes: limits.max_attributes,
        }
    }

    /// One step: the next token, or `None` for what means nothing (a comment, say) and has been passed.
    pub(crate) fn step(&mut self) -> Result<Option<Token<'_>>> {
        self.buf.clear();
        self.reader.get_mut().restart();
        let start = self.reader.buffer_position();
        let event = match self.reader.read_event_into(&mut self.buf) {
            Ok(event) => event,
            Err(error) => {
                let part = self.reader.get_ref().part.part();
                let error = event_error(error, start, self.reader.error_position());
                return Err(error.in_part(part));
            }
        };
        let part = self.reader.get_ref().part.part();
        let token = self.nesting.token(event, start);
        let token = token.map_err(|error| error.in_part(part))?;
        if let Some(Token::Open(tag)) = &token {
            tag.check_attributes(self.max_attributes)
                .map_err(|error| error.in_part(part).at_byte(start))?;
        }
        Ok(token)
    }

    /// Elements that are open.
    pub(crate) fn depth(&self) -> u64 {
        self.nesting.depth
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> u64 {
        self.reader.buffer_position()
    }

    /// Skips to the end of the element whose start tag was the last token.
    pub(crate) fn skip_element(&mut self) -> Result<()> {
        let outside = self.depth().saturating_sub(1);
        while self.depth() > outside {
            if let Some(Token::End) = self.step()? {
                return Err(self.ended_early());
            }
        }
        Ok(())
    }

    /// The error for a part that ends inside an element.
    pub(crate) fn ended_early(&self) -> Error {
        let error = Error::malformed("the XML ends inside an element").at_byte(self.position());
        error.in_part(self.reader.get_ref().part.part())
    }
}

/// What went wrong with an event that began at `start`: that of the part below, or of its XML at `at`.
pub(super) fn event_error(error: quick_xml::Error, start: u64, at: u64) -> Error {
    match error {
        quick_xml::Error::Io(error) => match io_error(&error) {
            Some(error) => part_error(error),
            None => Error::malformed(error.to_string()).at_byte(start),
        },
        error => ill_formed(error, at),
    }
}

/// The error of a part in one that is shared, if it is one.
fn io_error(error: &io::Error) -> Option<io::Error> {
    let error = error.get_ref()?.downcast_ref::<Shared>()?;
    let mut kept = error.0.lock().ok()?;
    kept.take()
}

/// An error that can be taken out of where it is only lent.
#[derive(Debug)]
struct Shared(std::sync::Mutex<Option<io::Error>>);

impl std::fmt::Display for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the part cannot be read")
    }
}

impl std::error::Error for Shared {}

/// A part that ends in an error when one token takes too much of it.
#[derive(Clone)]
pub(crate) struct Capped {
    part: PartRead,
    taken: u64,
    max: u64,
}

impl Capped {
    pub(crate) fn new(part: PartRead, limits: &Limits) -> Self {
        Capped {
            part,
            taken: 0,
            max: limits.max_row_bytes,
        }
    }

    /// A token begins.
    pub(super) fn restart(&mut self) {
        self.taken = 0;
    }
}

impl Read for Capped {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let len = bytes.len().min(out.len());
        out[..len].copy_from_slice(&bytes[..len]);
        self.consume(len);
        Ok(len)
    }
}

impl BufRead for Capped {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let share = |error| io::Error::other(Shared(std::sync::Mutex::new(Some(error))));
        if let Err(error) = check("max_row_bytes", self.max, self.taken) {
            return Err(share(io::Error::other(error)));
        }
        self.part.fill_buf().map_err(share)
    }

    fn consume(&mut self, amount: usize) {
        self.taken += amount as u64;
        self.part.consume(amount);
    }
}
