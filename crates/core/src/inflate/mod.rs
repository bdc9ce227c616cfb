//! DEFLATE (RFC 1951) from a slice into bounded pieces of output.

use flate2::{Decompress, FlushDecompress, Status};

use crate::error::{Error, Result};

/// Inflates one entry. The compressed bytes are in memory; output comes as much at a time as the caller has room for.
pub(crate) struct Inflater {
    stream: Decompress,
    done: bool,
}

impl Inflater {
    pub(crate) fn new() -> Self {
        Inflater {
            stream: Decompress::new(false),
            done: false,
        }
    }

    /// Fills `out` from the start and gives the number of bytes written: fewer than asked for only at the end of the
    /// stream. `input` is the whole compressed entry, the same on every call.
    pub(crate) fn fill(&mut self, input: &[u8], out: &mut [u8]) -> Result<usize> {
        let mut written = 0;
        while !self.done && written < out.len() {
            let (before_in, before_out) = (self.stream.total_in(), self.stream.total_out());
            let status = self
                .stream
                .decompress(
                    &input[before_in as usize..],
                    &mut out[written..],
                    FlushDecompress::None,
                )
                .map_err(|error| {
                    Error::malformed(format!("the compressed data is damaged ({error})"))
                })?;
            written += (self.stream.total_out() - before_out) as usize;
            let stuck =
                self.stream.total_in() == before_in && self.stream.total_out() == before_out;
            match status {
                Status::StreamEnd => self.done = true,
                _ if stuck => return Err(Error::malformed("the compressed data ends too early")),
                _ => {}
            }
        }
        Ok(written)
    }

    /// True once the stream has ended.
    pub(crate) fn is_done(&self) -> bool {
        self.done
    }

    /// Compressed bytes used so far.
    pub(crate) fn consumed(&self) -> u64 {
        self.stream.total_in()
    }
}
