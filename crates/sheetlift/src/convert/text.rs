//! CSV and newline-delimited JSON.

use std::io::{BufWriter, Write};

use arrow_array::RecordBatch;
use arrow_json::{LineDelimitedWriter, writer::LineDelimited};
use arrow_schema::{ArrowError, SchemaRef};

use super::BatchWriter;

pub(super) struct Csv<W: Write>(arrow_csv::Writer<W>);

impl<W: Write> Csv<W> {
    /// Writes the header at once: a sheet without rows has its columns all the same.
    pub(super) fn new(out: W, schema: &SchemaRef) -> Result<Self, ArrowError> {
        let mut writer = arrow_csv::Writer::new(out);
        writer.write(&RecordBatch::new_empty(schema.clone()))?;
        Ok(Csv(writer))
    }
}

impl<W: Write + Send> BatchWriter for Csv<W> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        self.0.write(batch)
    }

    fn finish(self: Box<Self>) -> Result<(), ArrowError> {
        Ok(self.0.into_inner().flush()?)
    }
}

pub(super) struct NdJson<W: Write>(arrow_json::writer::Writer<BufWriter<W>, LineDelimited>);

impl<W: Write> NdJson<W> {
    pub(super) fn new(out: W) -> Self {
        let builder = arrow_json::WriterBuilder::new().with_explicit_nulls(true);
        let writer: LineDelimitedWriter<_> = builder.build(BufWriter::new(out));
        NdJson(writer)
    }
}

impl<W: Write + Send> BatchWriter for NdJson<W> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        self.0.write(batch)
    }

    fn finish(mut self: Box<Self>) -> Result<(), ArrowError> {
        self.0.finish()?;
        Ok(self.0.into_inner().flush()?)
    }
}
