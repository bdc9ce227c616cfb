//! A text file in chunks of whole records, in UTF-8.

use bytes::Bytes;
use encoding_rs::{Decoder, DecoderResult, UTF_8};

use super::{
    detect::{Dialect, not_utf8},
    records::{End, Marks},
};
use crate::{
    error::{Error, Result},
    limits::check,
};

/// Bytes of a chunk. Debug builds use tiny ones, so that every test crosses borders.
const CHUNK_BYTES: usize = if cfg!(debug_assertions) {
    1 << 10
} else {
    1 << 20
};

/// Cuts a file, decoding it on the way where it is not UTF-8.
pub(super) struct Chunks {
    bytes: Bytes,
    at: usize,
    marks: Marks,
    /// Decodes what is not UTF-8; what it gave beyond the last cut.
    decoder: Option<(Decoder, Vec<u8>)>,
    ended: bool,
    max_record_bytes: u64,
}

impl Chunks {
    pub(super) fn new(bytes: Bytes, dialect: Dialect, max_record_bytes: u64) -> Self {
        let decoder = (dialect.encoding != UTF_8).then(|| {
            (
                dialect.encoding.new_decoder_without_bom_handling(),
                Vec::new(),
            )
        });
        Chunks {
            ended: dialect.start >= bytes.len(),
            bytes,
            at: dialect.start,
            marks: dialect.marks,
            decoder,
            max_record_bytes,
        }
    }

    /// The next chunk; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>> {
        match self.decoder.take() {
            None => self.next_slice(),
            Some((mut decoder, left)) => {
                let (chunk, left) = self.decode(&mut decoder, left)?;
                self.decoder = Some((decoder, left));
                Ok((!chunk.is_empty()).then(|| chunk.into()))
            }
        }
    }

    /// A slice of the file.
    fn next_slice(&mut self) -> Result<Option<Bytes>> {
        if self.ended {
            return Ok(None);
        }
        let rest = &self.bytes[self.at..];
        let cut = cut(rest, self.marks, self.max_record_bytes, true)
            .map_err(|error| error.shift_byte(self.at as u64))?;
        let end = self.at + cut.unwrap_or(rest.len());
        let chunk = self.bytes.slice(self.at..end);
        std::str::from_utf8(&chunk).map_err(|error| not_utf8(&chunk, self.at, error))?;
        self.at = end;
        self.ended = end == self.bytes.len();
        Ok(Some(chunk))
    }

    /// A chunk in a buffer of its own, and what was decoded beyond it.
    fn decode(&mut self, decoder: &mut Decoder, mut text: Vec<u8>) -> Result<(Vec<u8>, Vec<u8>)> {
        loop {
            if text.len() >= CHUNK_BYTES || self.ended {
                let cut = cut(&text, self.marks, self.max_record_bytes, self.ended)?;
                let end = match cut {
                    Some(end) => end,
                    None if self.ended => text.len(),
                    None => 0,
                };
                if end > 0 || self.ended {
                    let left = text.split_off(end);
                    return Ok((text, left));
                }
            }
            let input = &self.bytes[self.at..];
            let input = &input[..input.len().min(CHUNK_BYTES)];
            let is_last = self.at + input.len() == self.bytes.len();
            let start = text.len();
            let room = decoder
                .max_utf8_buffer_length_without_replacement(input.len())
                .unwrap_or(input.len() * 3 + 16);
            text.resize(start + room, 0);
            let (result, read, written) =
                decoder.decode_to_utf8_without_replacement(input, &mut text[start..], is_last);
            text.truncate(start + written);
            self.at += read;
            if let DecoderResult::Malformed(bad, after) = result {
                let at = self.at - usize::from(bad) - usize::from(after);
                let encoding = decoder.encoding().name().to_ascii_lowercase();
                return Err(Error::malformed(format!("the text is not in {encoding}"))
                    .at_byte(at as u64)
                    .with_hint("give its encoding, or save it as UTF-8"));
            }
            self.ended = is_last && result == DecoderResult::InputEmpty;
        }
    }
}

/// Where to cut, behind the record in which the size of a chunk is reached; `None` when these bytes end before. Only those of
/// `is_last` may end in a quoted field: others go on.
fn cut(bytes: &[u8], marks: Marks, max_record: u64, is_last: bool) -> Result<Option<usize>> {
    let mut at = 0;
    while at < bytes.len() {
        match marks.record_end(bytes, at) {
            End::At(_, next) => {
                check("max_row_bytes", max_record, (next - at) as u64)
                    .map_err(|error| error.at_byte(at as u64))?;
                at = next;
            }
            End::Open => {
                check("max_row_bytes", max_record, (bytes.len() - at) as u64)
                    .map_err(|error| error.at_byte(at as u64))?;
                return Ok(None);
            }
            End::InQuotes(quote) if is_last => {
                return Err(Error::malformed("the quote that opens here is not closed")
                    .at_byte(quote as u64)
                    .with_hint("close it, or double it where it belongs to the text"));
            }
            End::InQuotes(_) => {
                check("max_row_bytes", max_record, (bytes.len() - at) as u64)
                    .map_err(|error| error.at_byte(at as u64))?;
                return Ok(None);
            }
        }
        if at >= CHUNK_BYTES {
            return Ok(Some(at));
        }
    }
    Ok(Some(at).filter(|at| *at > 0))
}
