//! OLE containers ([MS-CFB]): streams by their names. Has not heard of what is in them.

use std::io::{Cursor, Read};

use cfb::CompoundFile;

use crate::error::{Error, Result};

const SIGNATURE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

pub(crate) fn is_ole(bytes: &[u8]) -> bool {
    bytes.starts_with(SIGNATURE)
}

/// An open container.
pub(crate) struct Container<'a> {
    file: CompoundFile<Cursor<&'a [u8]>>,
    len: u64,
}

impl<'a> Container<'a> {
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self> {
        let file = CompoundFile::open(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
        Ok(Container {
            file,
            len: bytes.len() as u64,
        })
    }

    /// True when the root has an entry of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.file.is_stream(name)
    }

    /// A stream of the root whole; `None` when there is none of this name.
    pub(crate) fn stream(&mut self, name: &str) -> Result<Option<Vec<u8>>> {
        if !self.has(name) {
            return Ok(None);
        }
        let stream = self
            .file
            .open_stream(name)
            .map_err(|error| damaged(&error))?;
        let mut bytes = Vec::new();
        // A stream cannot be longer than the file it is in, whatever it says.
        let read = stream.take(self.len + 1).read_to_end(&mut bytes);
        read.map_err(|error| damaged(&error))?;
        if bytes.len() as u64 > self.len {
            return Err(Error::malformed(format!(
                "the stream {name:?} is longer than the file"
            )));
        }
        Ok(Some(bytes))
    }
}

fn damaged(error: &std::io::Error) -> Error {
    Error::malformed(format!("the OLE container is damaged: {error}"))
}
