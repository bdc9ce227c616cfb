//! Parquet. Columns of a row group are encoded in parallel, so that a wide sheet uses all cores.

use std::{io::Write, sync::Arc};

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, SchemaRef};
use parquet::{
    arrow::{
        ArrowWriter,
        arrow_writer::{
            ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
        },
    },
    basic::{self, ZstdLevel},
    errors::ParquetError,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
};
use rayon::prelude::*;

use super::{BatchWriter, format::Compression};

/// Rows of a row group. Encoded pages of one group wait in memory.
const GROUP_ROWS: usize = 262_144;

pub(super) struct Writer<W: Write + Send> {
    file: SerializedFileWriter<W>,
    groups: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    columns: Vec<ArrowColumnWriter>,
    rows: usize,
    groups_begun: usize,
}

impl<W: Write + Send> Writer<W> {
    pub(super) fn new(
        out: W,
        schema: &SchemaRef,
        compression: Compression,
    ) -> Result<Self, ArrowError> {
        let compression = match compression {
            Compression::Zstd => basic::Compression::ZSTD(ZstdLevel::try_new(1)?),
            Compression::Snappy => basic::Compression::SNAPPY,
        };
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .set_created_by(concat!("sheetlift version ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = ArrowWriter::try_new(out, Arc::clone(schema), Some(properties))?;
        let (file, groups) = writer.into_serialized_writer()?;
        Ok(Writer {
            file,
            groups,
            schema: Arc::clone(schema),
            columns: Vec::new(),
            rows: 0,
            groups_begun: 0,
        })
    }

    fn append(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        if self.columns.is_empty() {
            self.columns = self.groups.create_column_writers(self.groups_begun)?;
            self.groups_begun += 1;
        }
        let fields = self.schema.fields();
        // Every column is flat, and so has one leaf.
        let columns = self
            .columns
            .par_iter_mut()
            .zip(batch.columns())
            .zip(fields.par_iter());
        columns.try_for_each(|((writer, array), field)| {
            compute_leaves(field, array)?
                .iter()
                .try_for_each(|leaf| writer.write(leaf))
        })?;
        self.rows += batch.num_rows();
        Ok(())
    }

    fn end_group(&mut self) -> Result<(), ParquetError> {
        if self.rows == 0 {
            return Ok(());
        }
        let columns = std::mem::take(&mut self.columns);
        let chunks = columns.into_par_iter().map(ArrowColumnWriter::close);
        let chunks: Vec<ArrowColumnChunk> = chunks.collect::<Result<_, _>>()?;
        let mut group = self.file.next_row_group()?;
        for chunk in chunks {
            chunk.append_to_row_group(&mut group)?;
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }
}

impl<W: Write + Send> BatchWriter for Writer<W> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let mut offset = 0;
        while offset < batch.num_rows() {
            let rows = (batch.num_rows() - offset).min(GROUP_ROWS - self.rows);
            self.append(&batch.slice(offset, rows))?;
            offset += rows;
            if self.rows == GROUP_ROWS {
                self.end_group()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), ArrowError> {
        self.end_group()?;
        self.file.finish()?;
        self.file.inner_mut().flush()?;
        Ok(())
    }
}
