//! Windows to Arrow batches.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, RecordBatchReader};
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};

use super::{options::ReadOptions, rows::RowReader};
use crate::{
    a1::cell_name,
    column::{Cell, ColumnKind, Repair, TextRepr, Window, build_column, display::write_cell},
    error::{Error, Result},
    header::Header,
    parallel,
};

/// A sheet as Arrow batches: an iterator and a [`RecordBatchReader`].
pub struct TableReader {
    rows: RowReader,
    kinds: Vec<ColumnKind>,
    text: TextRepr,
    schema: SchemaRef,
    error_cells: u64,
}

/// A whole sheet.
#[derive(Debug, Clone)]
pub struct Table {
    /// Names and types of the columns.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
}

impl Table {
    /// Number of rows.
    pub fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

impl TableReader {
    pub(crate) fn new(mut rows: RowReader, options: &ReadOptions) -> Result<Self> {
        let known = |rows: &RowReader| -> Vec<Option<ColumnKind>> {
            let columns = rows.header().columns.iter();
            let given = |name: &str| options.types.iter().find(|(n, _)| n == name).map(|t| t.1);
            columns.map(|column| given(&column.name)).collect()
        };
        let given = known(&rows);
        let kinds: Vec<ColumnKind> = if !given.is_empty() && given.iter().all(Option::is_some) {
            given.into_iter().flatten().collect()
        } else {
            let narrowest = rows.hold()?;
            let given = known(&rows);
            narrowest
                .into_iter()
                .zip(given)
                .map(|(kind, given)| given.unwrap_or(kind))
                .collect()
        };
        let header = rows.header();
        if let Some((name, _)) = options
            .types
            .iter()
            .find(|(n, _)| header.columns.iter().all(|c| *c.name != **n))
        {
            let names: Vec<&str> = header.columns.iter().map(|column| &*column.name).collect();
            let error = Error::usage(
                "header/missing-field",
                format!("there is no column {name:?}"),
            )
            .with_hint(format!("the columns are {}", names.join(", ")));
            return Err(rows.locate(error));
        }
        let schema = schema(header, &kinds, options.text);
        Ok(TableReader {
            rows,
            kinds,
            text: options.text,
            schema,
            error_cells: 0,
        })
    }

    /// Gives columns other types, by their names: wider ones, or a cell will not fit.
    #[must_use]
    pub fn with_kinds(mut self, kind: impl Fn(&str) -> Option<ColumnKind>) -> Self {
        for (known, column) in self.kinds.iter_mut().zip(&self.rows.header().columns) {
            *known = kind(&column.name).unwrap_or(*known);
        }
        self.schema = schema(self.rows.header(), &self.kinds, self.text);
        self
    }

    /// The columns and the header row.
    pub fn header(&self) -> &Header {
        self.rows.header()
    }

    /// The types of the columns.
    pub fn kinds(&self) -> &[ColumnKind] {
        &self.kinds
    }

    /// True when a column is known to hold an integer beyond 2^53, which no float can hold.
    pub fn has_wide_ints(&self, column: usize) -> bool {
        self.rows.has_wide_ints(column)
    }

    /// Error cells (`#N/A`, ...) met so far; they are null in the batches.
    pub fn error_cells(&self) -> u64 {
        self.error_cells
    }

    /// The next batch; `None` at the end.
    ///
    /// # Errors
    /// `Malformed`, `Limit`, `Io`; `Usage` when a cell does not fit the type its column was given.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        let Some(window) = self.rows.next_window()? else {
            return Ok(None);
        };
        self.batch(&window).map(Some)
    }

    /// The next batch, and the row of the spreadsheet (from 1) that each of its rows was; `None` at the end.
    ///
    /// # Errors
    /// As [`Self::next_batch`].
    pub fn next_batch_with_rows(&mut self) -> Result<Option<(RecordBatch, Vec<u32>)>> {
        let Some(window) = self.rows.next_window()? else {
            return Ok(None);
        };
        let rows = window.row_numbers().into_iter().map(|row| row + 1);
        Ok(Some((self.batch(&window)?, rows.collect())))
    }

    /// All batches that are left.
    ///
    /// # Errors
    /// As [`Self::next_batch`].
    pub fn read_all(mut self) -> Result<Table> {
        let mut batches = Vec::new();
        while let Some(batch) = self.next_batch()? {
            batches.push(batch);
        }
        Ok(Table {
            schema: self.schema,
            batches,
        })
    }

    fn batch(&mut self, window: &Window) -> Result<RecordBatch> {
        let build = |column: usize, &kind: &ColumnKind| -> Result<(ArrayRef, u64)> {
            let mut errors = 0;
            let array = build_column(window.column(column), kind, self.text, &mut |row, cell| {
                if let Cell::Error(_) = cell {
                    errors += 1;
                    return Ok(Repair::Null);
                }
                Err(self.misfit(window, column, row, cell))
            })?;
            Ok((array, errors))
        };
        let shared_out = self.rows.threads() > 1 && parallel::is_worth_it(window);
        let columns = parallel::map(shared_out, &self.kinds, build).into_iter();
        let columns: Result<Vec<(ArrayRef, u64)>> = columns.collect();
        let (arrays, errors): (Vec<_>, Vec<_>) = columns?.into_iter().unzip();
        self.error_cells += errors.iter().sum::<u64>();
        let options = RecordBatchOptions::new().with_row_count(Some(window.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)
            .map_err(|error| Error::bug(error.to_string()))
    }

    fn misfit(&self, window: &Window, column: usize, row: usize, cell: Cell<'_>) -> Error {
        let header = &self.header().columns[column];
        let error = match cell {
            Cell::BadString(id) => Error::bad_string(id, window.strings().len()),
            cell => {
                let mut text = Vec::new();
                write_cell(&mut text, cell, window.dates());
                let (text, kind) = (String::from_utf8_lossy(&text), self.kinds[column].name());
                Error::usage("cell/type", format!("{text:?} is not of type {kind}"))
                    .with_hint(format!("give column {:?} the type text", header.name))
            }
        };
        self.rows
            .locate(error.at_cell(cell_name(window.row_numbers()[row], header.index)))
    }
}

fn schema(header: &Header, kinds: &[ColumnKind], text: TextRepr) -> SchemaRef {
    let fields = header.columns.iter().zip(kinds);
    let fields = fields.map(|(column, kind)| Field::new(&*column.name, kind.data_type(text), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

impl Iterator for TableReader {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().map_err(ArrowError::from).transpose()
    }
}

impl RecordBatchReader for TableReader {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
