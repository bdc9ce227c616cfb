//! Parquet, as `sheetlift convert` writes it.

use arrow_schema::{ArrowError, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::Encoder;
use crate::files::cut::Unit;

/// Rows of a row group; it ends with the unit that reaches this, or [`GROUP_BYTES`].
const GROUP_ROWS: usize = 131_072;
/// Bytes of a row group before they are encoded, as units weigh them. Encoded pages of one group wait in memory.
const GROUP_BYTES: u64 = 32 << 20;

pub(super) struct Parquet {
    writer: ArrowWriter<Vec<u8>>,
    rows: usize,
    bytes: u64,
}

impl Parquet {
    pub(super) fn new(schema: &SchemaRef) -> Result<Parquet, ArrowError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_created_by(concat!("sheetlift version ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        Ok(Parquet {
            writer: ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties))?,
            rows: 0,
            bytes: 0,
        })
    }
}

impl Encoder for Parquet {
    fn write(&mut self, unit: &Unit) -> Result<(), ArrowError> {
        self.writer.write(&unit.rows)?;
        self.rows += unit.rows.num_rows();
        self.bytes += unit.bytes;
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
            self.writer.flush()?;
            (self.rows, self.bytes) = (0, 0);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ArrowError> {
        Ok(self.writer.finish().map(drop)?)
    }

    fn encoded(&mut self) -> &mut Vec<u8> {
        // The writer counts what it has written by itself, so that it may be taken away.
        self.writer.inner_mut()
    }
}
