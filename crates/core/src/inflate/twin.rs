//! Ours and zlib-rs over the same input, for the tests and fuzz targets that hold one to the other.

use flate2::{Decompress, FlushDecompress, Status};

use super::{HISTORY, Inflater};
use crate::error::Result;

/// All output, in pieces of `room` bytes in a buffer that is used as the reader of chunks uses it.
pub(crate) fn ours(input: &[u8], room: usize) -> Result<Vec<u8>> {
    let mut inflater = Inflater::new();
    let mut out = Vec::new();
    let mut buf = vec![0xaa; HISTORY + room];
    loop {
        let written = inflater.fill(input, &mut buf, HISTORY)?;
        out.extend_from_slice(&buf[HISTORY..HISTORY + written]);
        buf.copy_within(written..written + HISTORY, 0);
        if written < room {
            return Ok(out);
        }
    }
}

/// All output of zlib-rs; `None` when it finds the input damaged.
pub(crate) fn zlib(input: &[u8]) -> Option<Vec<u8>> {
    let mut stream = Decompress::new(false);
    let mut out = vec![0; 1 << 16];
    loop {
        let (total_in, total_out) = (stream.total_in() as usize, stream.total_out() as usize);
        if total_out == out.len() {
            out.resize(out.len() * 2, 0);
        }
        let rest = &mut out[total_out..];
        match stream
            .decompress(&input[total_in..], rest, FlushDecompress::None)
            .ok()?
        {
            Status::StreamEnd => {
                out.truncate(stream.total_out() as usize);
                return Some(out);
            }
            _ if stream.total_in() as usize == total_in
                && stream.total_out() as usize == total_out =>
            {
                return None;
            }
            _ => {}
        }
    }
}
