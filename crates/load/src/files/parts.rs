//! The parts of an import: units go into the part that is open, and a part that is full is followed by the next.

use arrow_schema::{ArrowError, SchemaRef};

use super::Format;
use super::cut::Unit;
use super::encode::{Encoder, encoder};
use super::fit::Column;
use super::manifest::FileEntry;
use super::names::Layout;
use super::upload::{Upload, Uploader, Whole};
use crate::error::{Error, Result};

/// Rows of a part; it ends with the unit that reaches this, or [`PART_BYTES`].
const PART_ROWS: u64 = 1 << 20;
/// Bytes of a part before they are encoded, as units weigh them.
const PART_BYTES: u64 = 1 << 30;

/// Writes the parts of one import.
pub(super) struct Parts {
    format: Format,
    open: Option<Open>,
    whole: Vec<Whole>,
    entries: Vec<FileEntry>,
}

struct Open {
    encoder: Box<dyn Encoder>,
    upload: Upload,
    name: String,
    rows: u64,
    bytes: u64,
}

impl Parts {
    pub(super) fn new(format: Format) -> Parts {
        Parts {
            format,
            open: None,
            whole: Vec::new(),
            entries: Vec::new(),
        }
    }

    pub(super) fn write(
        &mut self,
        unit: &Unit,
        schema: &SchemaRef,
        columns: &[Column],
        uploader: &mut Uploader,
        layout: &Layout,
    ) -> Result<()> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.begin(schema, columns, uploader, layout)?,
        };
        let encoded = open
            .encoder
            .write(unit)
            .map_err(unencoded)
            .and_then(|()| open.send(uploader));
        open.rows += unit.rows.num_rows() as u64;
        open.bytes += unit.bytes;
        let is_full = open.rows >= PART_ROWS || open.bytes >= PART_BYTES;
        self.open = Some(open);
        encoded?;
        if is_full {
            self.end(uploader, layout)
        } else {
            Ok(())
        }
    }

    fn begin(
        &self,
        schema: &SchemaRef,
        columns: &[Column],
        uploader: &Uploader,
        layout: &Layout,
    ) -> Result<Open> {
        let name = format!("part-{:05}.{}", self.entries.len(), self.format);
        Ok(Open {
            encoder: encoder(self.format, schema, columns).map_err(unencoded)?,
            upload: uploader.open(layout.file(&name), self.format.media_type())?,
            name,
            rows: 0,
            bytes: 0,
        })
    }

    fn end(&mut self, uploader: &mut Uploader, layout: &Layout) -> Result<()> {
        let Some(mut open) = self.open.take() else {
            return Ok(());
        };
        if let Err(error) = open
            .encoder
            .finish()
            .map_err(unencoded)
            .and_then(|()| open.send(uploader))
        {
            self.open = Some(open);
            return Err(error);
        }
        let (whole, digest) = uploader.finish(open.upload)?;
        self.whole.push(whole);
        self.entries.push(FileEntry {
            path: layout.relative(&open.name),
            rows: open.rows,
            digest,
        });
        Ok(())
    }

    /// Ends the last part and gives all of them.
    pub(super) fn finish(
        &mut self,
        uploader: &mut Uploader,
        layout: &Layout,
    ) -> Result<(Vec<Whole>, Vec<FileEntry>)> {
        self.end(uploader, layout)?;
        Ok((
            std::mem::take(&mut self.whole),
            std::mem::take(&mut self.entries),
        ))
    }

    /// What there is, to be thrown away.
    pub(super) fn take_unfinished(&mut self) -> Vec<Whole> {
        let open = self.open.take().map(|open| open.upload.into_unfinished());
        self.whole.drain(..).chain(open).collect()
    }
}

impl Open {
    fn send(&mut self, uploader: &mut Uploader) -> Result<()> {
        let encoded = std::mem::take(self.encoder.encoded());
        uploader.write(&mut self.upload, &encoded)
    }
}

/// Every value was fitted before.
fn unencoded(error: ArrowError) -> Error {
    Error::bug("rows cannot be encoded").with_source(error)
}
