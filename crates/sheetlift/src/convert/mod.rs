//! A sheet as a file for other programs: Parquet, Arrow IPC, CSV, newline-delimited JSON. Batch by batch: reading and
//! writing overlap, and memory is bounded by the batches in between.

mod format;
mod ipc;
mod many;
mod parquet;
mod text;

use std::{
    io::{self, Write},
    sync::mpsc::{SyncSender, sync_channel},
    thread,
};

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType, Schema, SchemaRef};
use sheetlift_core::TextRepr;

use crate::{
    check::{Check, Wants},
    error::{Error, ErrorKind, Result},
    job::Job,
    progress::Progress,
    report::Report,
};
pub use format::{Compression, Format};
pub use many::convert_many;

/// Batches that wait for the writer.
const BATCHES_IN_FLIGHT: usize = 2;

/// What a conversion wrote.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Converted {
    /// Names and types of the columns.
    pub schema: SchemaRef,
    /// Rows written.
    pub rows: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Error cells (`#N/A`, ...), which became null.
    pub error_cells: u64,
    /// The verdict, when there was a contract: rows that it rejects were not written.
    pub report: Option<Report>,
}

/// What every format has to do.
pub(crate) trait BatchWriter: Send {
    /// Writes a batch of the schema that the writer was made with.
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError>;

    /// Writes what is left, and flushes.
    fn finish(self: Box<Self>) -> Result<(), ArrowError>;
}

impl Job {
    /// Writes the sheet to `out`. With a contract only accepted rows are written, in its types, and the report says why
    /// others were not; without, every row is, in the narrowest types that hold all of its cells.
    ///
    /// Text columns follow [`ReadOptions::text`](crate::ReadOptions::text), with one exception: see
    /// [`Format::ArrowFile`]. Nothing is closed but what was begun: when this fails, `out` holds half a file.
    ///
    /// ```
    /// use sheetlift::{Format, Job};
    /// # let bytes = sheetlift_fixtures::inventory::clean_inventory();
    /// let mut csv = Vec::new();
    /// let done = Job::from_bytes(bytes, "items.xlsx")?.convert(Format::Csv, &mut csv)?;
    /// assert_eq!(done.rows, 240);
    /// assert!(csv.starts_with(b"Item Code,name,category,supplier,price"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Job::table`] or [`Job::validate`]; `Io` when `out` fails; `Cancelled`.
    pub fn convert(&self, format: Format, out: impl Write + Send) -> Result<Converted> {
        if self.contract.is_some() {
            self.convert_accepted(format, out)
        } else {
            self.convert_all(format, out)
        }
    }

    fn convert_all(&self, format: Format, out: impl Write + Send) -> Result<Converted> {
        let mut table = self.table()?;
        let schema = arrow_array::RecordBatchReader::schema(&table);
        let mut rows = 0;
        let bytes = write_all(format, &schema, out, |send| {
            loop {
                self.cancel.check()?;
                let Some(batch) = table.next_batch()? else {
                    return Ok(());
                };
                rows += batch.num_rows() as u64;
                if send.send(batch).is_err() {
                    return Ok(());
                }
                self.tell(Progress {
                    rows_read: rows,
                    ..Progress::default()
                });
            }
        })?;
        Ok(Converted {
            schema,
            rows,
            bytes,
            error_cells: table.error_cells(),
            report: None,
        })
    }

    fn convert_accepted(&self, format: Format, out: impl Write + Send) -> Result<Converted> {
        let mut check = Check::new(self, Wants::Report)?;
        let schema = with_texts(&check.schema(), self.read.text);
        let mut rows = 0;
        let bytes = write_all(format, &schema, out, |send| {
            while let Some(checked) = check.next_window()? {
                rows += checked.accepted.num_rows() as u64;
                let batch = cast(&checked.accepted, &schema)
                    .map_err(|error| Error::bug(error.to_string()))?;
                if send.send(batch).is_err() {
                    break;
                }
            }
            Ok(())
        })?;
        Ok(Converted {
            schema: schema.clone(),
            rows,
            bytes,
            error_cells: 0,
            report: Some(check.finish()?),
        })
    }
}

/// Runs `feed` here and the writer over there; gives the bytes written.
pub(crate) fn write_all(
    format: Format,
    schema: &SchemaRef,
    out: impl Write + Send,
    feed: impl FnOnce(&SyncSender<RecordBatch>) -> Result<()>,
) -> Result<u64> {
    let mut out = Watched {
        out,
        bytes: 0,
        failed: None,
    };
    let (send, batches) = sync_channel::<RecordBatch>(BATCHES_IN_FLIGHT);
    let watched = &mut out;
    let (fed, written) = thread::scope(|scope| {
        let writer = thread::Builder::new()
            .name("sheetlift-writer".into())
            .spawn_scoped(scope, move || {
                let mut writer = format.writer(watched, schema)?;
                for batch in batches {
                    writer.write(&batch)?;
                }
                writer.finish()
            });
        let writer = writer.map_err(|error| Error::io(error, "cannot start a thread"))?;
        let fed = feed(&send);
        drop(send);
        Ok::<_, Error>((fed, writer.join()))
    })?;
    match written {
        Err(_) => return Err(Error::bug(format!("the {format} writer panicked"))),
        Ok(Err(error)) => return Err(out.explain(format, &error)),
        Ok(Ok(())) => fed?,
    }
    Ok(out.bytes)
}

/// Counts bytes, and remembers why a write failed: the formats' own errors keep the words only.
struct Watched<W> {
    out: W,
    bytes: u64,
    failed: Option<io::Error>,
}

impl<W> Watched<W> {
    fn explain(self, format: Format, error: &ArrowError) -> Error {
        match self.failed {
            Some(error) => Error::io(error, format_args!("cannot write {format}")),
            None => Error::new(
                ErrorKind::Usage,
                "usage/format",
                format!("cannot write this as {format}: {error}"),
            )
            .with_hint("choose another format"),
        }
    }

    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            if error.kind() == io::ErrorKind::Interrupted {
                return error;
            }
            let copy = io::Error::new(error.kind(), error.to_string());
            self.failed.get_or_insert(error);
            copy
        })
    }
}

impl<W: Write> Write for Watched<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let result = self.out.write(buf);
        let written = self.note(result)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.out.flush();
        self.note(result)
    }
}

/// The schema with its texts in this representation.
fn with_texts(schema: &SchemaRef, text: TextRepr) -> SchemaRef {
    let wanted = sheetlift_core::ColumnKind::Text.data_type(text);
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8View => field.as_ref().clone().with_data_type(wanted.clone()),
        _ => field.as_ref().clone(),
    });
    Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()).into()
}

/// The batch in the types of the schema.
fn cast(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| {
        if column.data_type() == field.data_type() {
            Ok(column.clone())
        } else {
            arrow_cast::cast(column, field.data_type())
        }
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options)
}
