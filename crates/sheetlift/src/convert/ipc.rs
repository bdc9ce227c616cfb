//! Arrow IPC, as a file and as a stream.

use std::{io::Write, sync::Arc};

use arrow_array::{Array, ArrayRef, RecordBatch, cast::AsArray};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use arrow_schema::{ArrowError, DataType, Schema, SchemaRef};

use super::{BatchWriter, cast};

pub(super) struct Stream<W: Write>(StreamWriter<W>);

impl<W: Write> Stream<W> {
    pub(super) fn new(out: W, schema: &SchemaRef) -> Result<Self, ArrowError> {
        Ok(Stream(StreamWriter::try_new(out, schema)?))
    }
}

impl<W: Write + Send> BatchWriter for Stream<W> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        self.0.write(&compact(batch)?)
    }

    fn finish(mut self: Box<Self>) -> Result<(), ArrowError> {
        self.0.finish()?;
        self.0.flush()
    }
}

pub(super) struct File<W: Write> {
    writer: FileWriter<W>,
    schema: SchemaRef,
}

impl<W: Write> File<W> {
    pub(super) fn new(out: W, schema: &SchemaRef) -> Result<Self, ArrowError> {
        let fields = schema.fields().iter().map(|field| match field.data_type() {
            DataType::Dictionary(_, values) => field
                .as_ref()
                .clone()
                .with_data_type(values.as_ref().clone()),
            _ => field.as_ref().clone(),
        });
        let schema = Arc::new(Schema::new_with_metadata(
            fields.collect::<Vec<_>>(),
            schema.metadata().clone(),
        ));
        Ok(File {
            writer: FileWriter::try_new(out, &schema)?,
            schema,
        })
    }
}

impl<W: Write + Send> BatchWriter for File<W> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        self.writer.write(&compact(&cast(batch, &self.schema)?)?)
    }

    fn finish(mut self: Box<Self>) -> Result<(), ArrowError> {
        self.writer.finish()?;
        self.writer.flush()
    }
}

/// Views lie over the strings of the whole workbook: copies those that this batch refers to.
fn compact(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns = batch
        .columns()
        .iter()
        .map(|column| match column.data_type() {
            DataType::Utf8View => Arc::new(column.as_string_view().gc()) as ArrayRef,
            _ => Arc::clone(column),
        });
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(batch.schema(), columns.collect(), &options)
}
