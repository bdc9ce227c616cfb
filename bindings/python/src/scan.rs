//! A sheet read while it is consumed.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use pyo3::{prelude::*, types::PyCapsule};
use pyo3_arrow::error::PyArrowResult;
use sheetlift::{CancelToken, Job, Result, TableReader};

use crate::{
    run::{guarded, run},
    table::{Schema, Table, listed, names, stream},
};

/// A sheet that is read as it is consumed, by iterating over it or as an Arrow stream; each time anew.
///
/// With a type for every column, memory is bounded by the batches in flight. Without, the types of the columns have to be
/// found first, so the sheet is read whole, into 4 to 9 bytes a cell, and then turned into Arrow batch by batch.
#[pyclass(frozen, module = "sheetlift")]
pub(crate) struct Scan {
    job: Job,
    schema: OnceLock<SchemaRef>,
    /// Opened to tell the schema, and not yet consumed.
    opened: Mutex<Option<TableReader>>,
}

impl Scan {
    pub(crate) fn new(job: Job) -> Scan {
        Scan {
            job,
            schema: OnceLock::new(),
            opened: Mutex::new(None),
        }
    }

    fn open(&self, py: Python<'_>) -> PyResult<TableReader> {
        let opened = self
            .opened
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(reader) = opened {
            return Ok(reader);
        }
        let (job, cancel) = (self.job.clone(), CancelToken::new());
        let job = job.with_cancel(cancel.clone());
        let reader = run(py, &cancel, move || job.table())?;
        self.schema.get_or_init(|| reader.schema());
        Ok(reader)
    }

    fn known_schema(&self, py: Python<'_>) -> PyResult<SchemaRef> {
        if let Some(schema) = self.schema.get() {
            return Ok(Arc::clone(schema));
        }
        let reader = self.open(py)?;
        let schema = reader.schema();
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(reader);
        Ok(schema)
    }
}

#[pymethods]
impl Scan {
    /// Names and types of the columns.
    #[getter]
    fn schema(&self, py: Python<'_>) -> PyResult<Schema> {
        self.known_schema(py).map(Schema)
    }

    /// Names of the columns.
    #[getter]
    fn column_names(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        Ok(names(&self.known_schema(py)?))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyArrowResult<Bound<'py, PyCapsule>> {
        let reader = self.open(py)?;
        stream(py, Live(reader), requested_schema)
    }

    fn __iter__(&self, py: Python<'_>) -> PyResult<Batches> {
        Ok(Batches(Some(self.open(py)?)))
    }

    fn __repr__(&self) -> String {
        match self.schema.get() {
            Some(schema) => format!("<sheetlift.Scan {}>", listed(schema)),
            None => "<sheetlift.Scan not begun>".to_owned(),
        }
    }
}

/// The batches of a scan, each as a table.
#[pyclass(module = "sheetlift")]
pub(crate) struct Batches(Option<TableReader>);

#[pymethods]
impl Batches {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&mut self, py: Python<'_>) -> PyResult<Option<Table>> {
        // An iterator that fails is at its end, as generators are.
        let Some(mut reader) = self.0.take() else {
            return Ok(None);
        };
        let next = run(py, &CancelToken::new(), move || {
            let before = reader.error_cells();
            let batch = reader.next_batch()?;
            Ok((batch, reader.error_cells() - before, reader))
        });
        let (batch, error_cells, reader) = next?;
        Ok(batch.map(|batch| {
            self.0 = Some(reader);
            Table::new(batch.schema(), vec![batch], error_cells)
        }))
    }
}

/// A reader whose panics and odd messages cannot reach C.
struct Live(TableReader);

impl Iterator for Live {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = guarded(|| Ok(self.0.next_batch()?));
        let batch = batch.map_err(|error| {
            let hint = error.hint().map(|hint| format!(" (hint: {hint})"));
            let text = format!("{}: {error}{}", error.code(), hint.unwrap_or_default());
            ArrowError::ExternalError(text.replace('\0', " ").into())
        });
        batch.transpose()
    }
}

impl RecordBatchReader for Live {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }
}
