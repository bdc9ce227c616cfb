//! Several sheets, of one file or of many, as one table.

use std::{
    cell::Cell,
    collections::{HashMap, HashSet},
    io::Write,
    sync::{Arc, Mutex},
};

use arrow_array::{
    ArrayRef, Int64Array, RecordBatch, RecordBatchOptions, StringViewArray, new_null_array,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use rayon::prelude::*;
use sheetlift_core::{ColumnKind, TableReader, TextRepr};

use super::{Converted, Format, write_all};
use crate::{
    error::{Error, Result},
    job::Job,
    progress::Progress,
};

/// Bytes of files that are read side by side, one thread each, and held until it is their turn to be written.
const GROUP_BYTES: usize = 16 << 20;
/// Bytes of a file that is read on its own, with every thread there is.
const LARGE_FILE_BYTES: usize = 2 << 20;
/// Bytes of all files up to which they are held once they are read: beyond, each is read twice, first for its types.
const HELD_BYTES: usize = 64 << 20;

/// Names of the columns that say where a row is from.
const SOURCE_COLUMNS: [(&str, DataType); 3] = [
    ("source_file", DataType::Utf8View),
    ("source_sheet", DataType::Utf8View),
    ("source_row", DataType::Int64),
];

/// Writes the sheets of all jobs to `out` as one table, in the order of the jobs: columns by their names, in the order in
/// which they were met first, each in the narrowest type that holds the cells of all sheets; a column that a sheet does not
/// have is null there. With `with_source` three columns come first: `source_file`, `source_sheet` and `source_row` (as the
/// spreadsheet counts). Texts are represented as the first job says.
///
/// ```
/// use sheetlift::{Format, Job, convert_many};
/// # let bytes = sheetlift_fixtures::inventory::clean_inventory();
/// let january = Job::from_bytes(bytes.clone(), "january.xlsx")?;
/// let february = Job::from_bytes(bytes, "february.xlsx")?;
/// let mut csv = Vec::new();
/// let done = convert_many(&[january, february], true, Format::Csv, &mut csv)?;
/// assert_eq!(done.rows, 480);
/// assert!(csv.starts_with(b"source_file,source_sheet,source_row,Item Code,"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`Job::convert`], with the name of the file; `Usage` when there is no job, when one has a contract, or when a column is
/// called like one of the three. When one file fails nothing is complete: `out` holds half a table.
pub fn convert_many(
    jobs: &[Job],
    with_source: bool,
    format: Format,
    out: impl Write + Send,
) -> Result<Converted> {
    let Some(first) = jobs.first() else {
        return Err(Error::usage("usage/no-file", "there is no file to convert"));
    };
    if jobs.iter().any(|job| job.contract().is_some()) {
        let error = "several sheets, or rows with their source, are not held to a contract";
        return Err(Error::usage("usage/contract", error)
            .with_hint("convert one sheet, without its source"));
    }
    let mut jobs = jobs.to_vec();
    for job in &mut jobs {
        job.read.text = first.read.text;
        if size(job) <= LARGE_FILE_BYTES {
            job.read.threads = 1;
        }
    }

    let is_held = jobs.iter().map(size).sum::<usize>() <= HELD_BYTES;
    let mut columns = Columns::default();
    let mut readers = Vec::with_capacity(jobs.len());
    for group in groups(&jobs) {
        for reader in side_by_side(group, Job::table)? {
            columns.add(&reader);
            readers.push(Mutex::new(is_held.then_some(reader)));
        }
    }
    let target = Target {
        schema: columns.schema(with_source, first.read.text)?,
        columns,
        with_source,
    };

    let (mut rows, mut error_cells) = (0, 0);
    let bytes = write_all(format, &target.schema, out, |send| {
        let stopped = Cell::new(false); // the writer has failed, and says why
        let mut write = |batch: RecordBatch| {
            first.cancel.check()?;
            rows += batch.num_rows() as u64;
            first.tell(Progress {
                rows_read: rows,
                ..Progress::default()
            });
            stopped.set(send.send(batch).is_err());
            Ok(!stopped.get())
        };
        let mut readers = &readers[..];
        for group in groups(&jobs) {
            if stopped.get() {
                break;
            }
            let (its_readers, rest) = readers.split_at(group.len());
            readers = rest;
            let reader = |at: usize, job: &Job| {
                let held = its_readers[at].lock().map_or(None, |mut held| held.take());
                held.map_or_else(|| job.table(), Ok)
            };
            if let [job] = group {
                error_cells += target.give(job, reader(0, job)?, &mut write)?;
                continue;
            }
            let made = group.par_iter().enumerate().map(|(at, job)| {
                let mut batches = Vec::new();
                let mut keep = |batch| {
                    batches.push(batch);
                    Ok(true)
                };
                let errors = target.give(job, reader(at, job)?, &mut keep)?;
                Ok((batches, errors))
            });
            let made: Vec<Result<_>> = made.collect();
            for made in made {
                let (batches, errors) = made?;
                error_cells += errors;
                for batch in batches {
                    if !write(batch)? {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    })?;
    Ok(Converted {
        schema: target.schema,
        rows,
        bytes,
        error_cells,
        report: None,
    })
}

fn size(job: &Job) -> usize {
    job.source().bytes().len()
}

/// Jobs in order: small files together, large ones alone.
fn groups(jobs: &[Job]) -> Vec<&[Job]> {
    let (mut groups, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (at, job) in jobs.iter().enumerate() {
        let is_large = size(job) > LARGE_FILE_BYTES;
        if at > start && (is_large || bytes + size(job) > GROUP_BYTES) {
            groups.push(&jobs[start..at]);
            (start, bytes) = (at, 0);
        }
        bytes += size(job);
        if is_large {
            groups.push(&jobs[start..=at]);
            (start, bytes) = (at + 1, 0);
        }
    }
    groups.extend((start < jobs.len()).then(|| &jobs[start..]));
    groups
}

/// What `work` makes of each job; the first error in their order counts.
fn side_by_side<T: Send>(
    jobs: &[Job],
    work: impl Fn(&Job) -> Result<T> + Sync + Send,
) -> Result<Vec<T>> {
    match jobs {
        [job] => Ok(vec![work(job)?]),
        jobs => {
            let done: Vec<Result<T>> = jobs.par_iter().map(work).collect();
            done.into_iter().collect()
        }
    }
}

/// The columns of all sheets.
#[derive(Default)]
struct Columns {
    names: Vec<String>,
    kinds: HashMap<String, ColumnKind>,
    /// Columns with an integer that no float can hold.
    wide: HashSet<String>,
}

impl Columns {
    fn add(&mut self, reader: &TableReader) {
        let columns = reader.header().columns.iter().zip(reader.kinds());
        for (at, (column, kind)) in columns.enumerate() {
            let name = column.name.to_string();
            if reader.has_wide_ints(at) {
                self.wide.insert(name.clone());
            }
            let is_wide = self.wide.contains(&name);
            match self.kinds.get_mut(&name) {
                Some(known) => match known.union(*kind) {
                    ColumnKind::Float if is_wide => *known = ColumnKind::Text,
                    union => *known = union,
                },
                None => {
                    self.names.push(name.clone());
                    self.kinds.insert(name, *kind);
                }
            }
        }
    }

    fn schema(&self, with_source: bool, text: TextRepr) -> Result<SchemaRef> {
        let mut fields = Vec::with_capacity(self.names.len() + SOURCE_COLUMNS.len());
        if with_source {
            for (name, kind) in SOURCE_COLUMNS {
                if self.kinds.contains_key(name) {
                    let error = format!("there is a column {name:?} already");
                    return Err(Error::usage("usage/source-columns", error)
                        .with_hint("rename it, or leave the source of the rows out"));
                }
                fields.push(Field::new(name, kind, false));
            }
        }
        fields.extend(self.names.iter().map(|name| {
            let kind = self.kinds[name];
            Field::new(name, kind.data_type(text), true)
        }));
        Ok(Arc::new(Schema::new(fields)))
    }
}

/// The table that all sheets become.
struct Target {
    schema: SchemaRef,
    columns: Columns,
    with_source: bool,
}

impl Target {
    /// Gives the rows of one sheet to `write`, until it returns false; gives the number of error cells.
    fn give(
        &self,
        job: &Job,
        reader: TableReader,
        write: &mut dyn FnMut(RecordBatch) -> Result<bool>,
    ) -> Result<u64> {
        let file = job.source().name().unwrap_or_default();
        let mut reader = reader.with_kinds(|name| self.columns.kinds.get(name).copied());
        while let Some((batch, rows)) = reader.next_batch_with_rows()? {
            let sheet = &reader.header().sheet;
            if !write(self.fit(&batch, file, sheet, &rows)?)? {
                break;
            }
        }
        Ok(reader.error_cells())
    }

    fn fit(
        &self,
        batch: &RecordBatch,
        file: &str,
        sheet: &str,
        rows: &[u32],
    ) -> Result<RecordBatch> {
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        if self.with_source {
            let same = |text: &str| {
                StringViewArray::from_iter_values(std::iter::repeat_n(text, rows.len()))
            };
            columns.push(Arc::new(same(file)));
            columns.push(Arc::new(same(sheet)));
            let rows = rows.iter().map(|row| i64::from(*row));
            columns.push(Arc::new(Int64Array::from_iter_values(rows)));
        }
        let fields = &self.schema.fields()[columns.len()..];
        columns.extend(fields.iter().map(|field| {
            let column = batch.column_by_name(field.name()).cloned();
            column.unwrap_or_else(|| new_null_array(field.data_type(), batch.num_rows()))
        }));
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
            .map_err(|error| Error::bug(error.to_string()))
    }
}
