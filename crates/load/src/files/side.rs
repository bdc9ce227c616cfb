//! Files of lines beside the parts: rows that were refused, and why.

use serde::Serialize;

use super::manifest::FileEntry;
use super::names::Layout;
use super::upload::{Upload, Uploader, Whole};
use crate::error::{Error, Result};
use crate::plan::Plan;

/// The media type of lines of JSON.
const MEDIA_TYPE: &str = "application/x-ndjson";

/// A file of lines that is begun by its first.
#[derive(Debug)]
pub(super) struct Side {
    name: &'static str,
    upload: Option<Upload>,
    rows: u64,
}

/// A row and why it is not in the parts.
#[derive(Debug, Serialize)]
pub(super) struct Line<'a> {
    pub(super) import_id: &'a str,
    /// The part of the source that the row is in, where the plan names several.
    pub(super) part: Option<&'a str>,
    /// The zero-based row number in the source, or in that part of it.
    pub(super) row: u32,
    pub(super) codes: &'a [String],
    /// The column that a conflict is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<&'a str>,
    pub(super) reason: &'a str,
    /// The row as it was read, for a reject; its key, for a conflict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) raw: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<&'a str>,
}

impl Side {
    pub(super) fn new(name: &'static str) -> Side {
        Side {
            name,
            upload: None,
            rows: 0,
        }
    }

    pub(super) fn write(
        &mut self,
        uploader: &mut Uploader,
        layout: &Layout,
        line: &Line<'_>,
    ) -> Result<()> {
        let mut text = serde_json::to_vec(line)
            .map_err(|e| Error::bug("a line cannot be written").with_source(e))?;
        text.push(b'\n');
        if self.upload.is_none() {
            self.upload = Some(uploader.open(layout.file(self.name), MEDIA_TYPE)?);
        }
        if let Some(upload) = &mut self.upload {
            uploader.write(upload, &text)?;
        }
        self.rows += 1;
        Ok(())
    }

    /// Ends the file, if there is one.
    pub(super) fn finish(
        &mut self,
        uploader: &mut Uploader,
        layout: &Layout,
    ) -> Result<Option<(Whole, FileEntry)>> {
        let Some(upload) = self.upload.take() else {
            return Ok(None);
        };
        let (whole, digest) = uploader.finish(upload)?;
        let entry = FileEntry {
            path: layout.relative(self.name),
            rows: self.rows,
            digest,
        };
        Ok(Some((whole, entry)))
    }

    /// What there is, to be thrown away.
    pub(super) fn take_unfinished(&mut self) -> Option<Whole> {
        self.upload.take().map(Upload::into_unfinished)
    }
}

/// A row number as people are told it: the part it is in, and the row inside of that.
pub(super) fn place(plan: &Plan, row: u32) -> (Option<&str>, u32) {
    if plan.parts.is_empty() {
        return (None, row);
    }
    let part = plan.parts.get((row / Plan::PART_ROWS) as usize);
    (part.map(String::as_str), row % Plan::PART_ROWS)
}
