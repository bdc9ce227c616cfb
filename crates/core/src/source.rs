//! Where bytes come from: the only I/O seam. A workbook is read by random access, so its bytes are either in memory or in
//! a mapped file.
#![allow(unsafe_code)]

use std::{fs::File, ops::Range, path::Path, sync::Arc};

use bytes::Bytes;
use memmap2::Mmap;

use crate::{
    error::{Error, Result},
    limits::{Limits, check},
};

/// Random-access bytes. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Source {
    bytes: Bytes,
    /// The mapping under `bytes`, where there is one.
    map: Option<Arc<Mmap>>,
    name: Option<String>,
}

impl Source {
    /// Maps a file into memory.
    ///
    /// The file must not be truncated or overwritten while it is read: write a new file and rename it over the old one.
    ///
    /// # Errors
    /// `Io` when the file cannot be opened, `Limit` when it is larger than `max_file_bytes`.
    pub fn from_path(path: impl AsRef<Path>, limits: &Limits) -> Result<Self> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let open = || -> std::io::Result<(File, std::fs::Metadata)> {
            let file = File::open(path)?;
            let metadata = file.metadata()?;
            Ok((file, metadata))
        };
        let (file, metadata) = open()
            .map_err(|error| Error::unreadable(error, "cannot open the file").in_file(&name))?;
        if metadata.is_dir() {
            return Err(Error::usage("file/is-a-directory", "this is a directory").in_file(name));
        }
        check("max_file_bytes", limits.max_file_bytes, metadata.len())
            .map_err(|error| error.in_file(&name))?;
        // A pipe has no length, and a small file is read sooner than it is mapped.
        let (bytes, map) = if metadata.is_file() && metadata.len() > SMALL_FILE_BYTES {
            // SAFETY: the mapping is private and read-only. Rust's aliasing rules ask that nobody changes the file
            // meanwhile; that is documented above, as for every reader that maps files. A change can give wrong cells
            // (or a bus error on truncation) but every read is bounds-checked against the length of the mapping.
            let map = unsafe { Mmap::map(&file) }
                .map_err(|error| Error::unreadable(error, "cannot map the file").in_file(&name))?;
            let map = Arc::new(map);
            (Bytes::from_owner(Mapped(Arc::clone(&map))), Some(map))
        } else {
            let read = read_all(file, limits.max_file_bytes);
            (
                Bytes::from(read.map_err(|error| error.in_file(&name))?),
                None,
            )
        };
        Ok(Source {
            bytes,
            map,
            name: Some(name),
        })
    }

    /// Takes bytes that are in memory.
    ///
    /// # Errors
    /// `Limit` when there are more than `max_file_bytes`.
    pub fn from_bytes(bytes: impl Into<Bytes>, limits: &Limits) -> Result<Self> {
        let bytes = bytes.into();
        check("max_file_bytes", limits.max_file_bytes, bytes.len() as u64)?;
        Ok(Source {
            bytes,
            map: None,
            name: None,
        })
    }

    /// Gives the source a name for messages, such as the name of an uploaded file.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Its path or name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// All bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Some bytes, or `None` when they lie beyond the end.
    pub(crate) fn slice(&self, range: Range<u64>) -> Option<Bytes> {
        let (start, end) = (
            usize::try_from(range.start).ok()?,
            usize::try_from(range.end).ok()?,
        );
        (start <= end && end <= self.bytes.len()).then(|| self.bytes.slice(start..end))
    }

    /// Says that these bytes will not be read again soon, so that a mapped file does not fill memory as it passes.
    pub(crate) fn release(&self, range: Range<u64>) {
        #[cfg(unix)]
        if let Some(map) = &self.map {
            let (start, len) = (range.start as usize, (range.end - range.start) as usize);
            // SAFETY: dropping pages of a read-only mapping of a file changes nothing that can be read: the next look at them
            // brings the same bytes back from the file.
            // That it may fail (an odd file system) does not matter: it is about memory alone.
            let _ = unsafe {
                map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, start, len)
            };
        }
    }

    /// Adds the name to an error.
    pub(crate) fn locate(&self, error: Error) -> Error {
        match &self.name {
            Some(name) => error.in_file(name),
            None => error,
        }
    }
}

/// Bytes up to which a file is read into memory.
const SMALL_FILE_BYTES: u64 = 256 << 10;

/// A shared mapping as an owner of bytes.
struct Mapped(Arc<Mmap>);

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn read_all(file: File, limit: u64) -> Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| Error::unreadable(error, "cannot read the file"))?;
    check("max_file_bytes", limit, bytes.len() as u64)?;
    Ok(bytes)
}
