//! The archive: central directory to entries, entries to bytes. Has never heard of spreadsheets.
//!
//! Formats: APPNOTE.TXT 6.3.10, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.14-16 (end records).

mod directory;
mod entry;
mod read;
mod write;

pub(crate) use directory::Archive;
pub(crate) use entry::EntryReader;
pub(crate) use read::{PartRead, part_error};
pub(crate) use write::ZipWriter;
