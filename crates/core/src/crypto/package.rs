//! The two streams of an encrypted workbook.

use crate::{
    error::{Error, Result},
    limits::{Limits, check},
};

use super::{INFO, PACKAGE, primitives::BLOCK};
use crate::ole::Container;

/// An encrypted workbook, and its size.
pub(super) struct Package {
    /// The size as it was written: the integrity check covers it.
    pub(super) size: [u8; 8],
    /// The bytes after it.
    pub(super) data: Vec<u8>,
    workbook_len: usize,
}

impl Package {
    pub(super) fn read(container: &Container<'_>) -> Result<Package> {
        let mut pieces = pieces(container, PACKAGE)?;
        let size = pieces.first().copied().and_then(<[u8]>::split_first_chunk);
        let Some((size, first)) = size else {
            return Err(
                Error::malformed("the workbook is cut off: it has no size").in_part(PACKAGE)
            );
        };
        pieces[0] = first;
        let data = pieces.concat();

        let declared = u64::from_le_bytes(*size);
        let workbook_len = usize::try_from(declared).unwrap_or(usize::MAX);
        let whole = data.len() - data.len() % BLOCK;
        if workbook_len > whole {
            let message = format!(
                "the workbook is cut off: {declared} bytes are promised, {whole} are there"
            );
            return Err(Error::malformed(message).in_part(PACKAGE));
        }
        Ok(Package {
            size: *size,
            data,
            workbook_len,
        })
    }

    /// Bytes of `data` that are to be decrypted: the workbook, padded to whole blocks.
    pub(super) fn padded_len(&self) -> usize {
        self.workbook_len.next_multiple_of(BLOCK)
    }

    /// The workbook, once `data` is decrypted.
    pub(super) fn into_workbook(mut self) -> Vec<u8> {
        self.data.truncate(self.workbook_len);
        self.data
    }
}

/// How the workbook is encrypted.
pub(super) fn read_info(container: &Container<'_>, limits: &Limits) -> Result<Vec<u8>> {
    let pieces = pieces(container, INFO)?;
    let len: usize = pieces.iter().map(|piece| piece.len()).sum();
    check(
        "max_small_part_bytes",
        limits.max_small_part_bytes,
        len as u64,
    )
    .map_err(|error| error.in_part(INFO))?;
    Ok(pieces.concat())
}

fn pieces<'a>(container: &Container<'a>, name: &str) -> Result<Vec<&'a [u8]>> {
    let stream = container.find(name);
    let missing = || Error::malformed("the encrypted workbook has no such stream").in_part(name);
    stream
        .map(|stream| container.pieces(stream))
        .ok_or_else(missing)
}
