//! A table of Arrow batches, handed over through the PyCapsule interface without a copy.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchReader, StructArray};
use arrow_schema::{Field, SchemaRef};
use pyo3::{
    exceptions::{PyImportError, PyModuleNotFoundError},
    prelude::*,
    types::PyCapsule,
};
use pyo3_arrow::{
    error::PyArrowResult,
    ffi::{ArrayIterator, to_schema_pycapsule, to_stream_pycapsule},
};

use crate::arguments::Keywords;

/// Rows and columns in memory, in Arrow's layout.
///
/// Anything that speaks the Arrow PyCapsule interface takes it as it is: ``polars.DataFrame(table)``,
/// ``pyarrow.table(table)``, ``duckdb.sql("select * from table")``, ``pandas.DataFrame.from_arrow(table)``.
#[pyclass(frozen, module = "sheetlift")]
pub(crate) struct Table {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    /// Error cells (``#N/A``, ...) of the sheet; they are null here.
    #[pyo3(get)]
    error_cells: u64,
}

impl Table {
    pub(crate) fn new(schema: SchemaRef, batches: Vec<RecordBatch>, error_cells: u64) -> Table {
        Table {
            schema,
            batches,
            error_cells,
        }
    }
}

#[pymethods]
impl Table {
    /// Names and types of the columns.
    #[getter]
    fn schema(&self) -> Schema {
        Schema(Arc::clone(&self.schema))
    }

    /// Number of rows.
    #[getter]
    fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Number of columns.
    #[getter]
    fn num_columns(&self) -> usize {
        self.schema.fields().len()
    }

    /// Names of the columns.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        names(&self.schema)
    }

    /// As a ``polars.DataFrame``; keywords are those of its constructor.
    #[pyo3(signature = (**options))]
    fn to_polars<'py>(
        slf: &Bound<'py, Self>,
        options: Option<Keywords<'_, 'py>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        needed(slf.py(), "to_polars", "polars")?.call_method("DataFrame", (slf,), options)
    }

    /// As a ``pandas.DataFrame``, through pyarrow; keywords are those of ``pyarrow.Table.to_pandas``.
    #[pyo3(signature = (**options))]
    fn to_pandas<'py>(
        slf: &Bound<'py, Self>,
        options: Option<Keywords<'_, 'py>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        needed(slf.py(), "to_pandas", "pandas")?;
        let pyarrow = needed(slf.py(), "to_pandas", "pyarrow")?;
        pyarrow
            .call_method1("table", (slf,))?
            .call_method("to_pandas", (), options)
    }

    /// As a ``pyarrow.Table``.
    fn to_pyarrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        needed(slf.py(), "to_pyarrow", "pyarrow")?.call_method1("table", (slf,))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyArrowResult<Bound<'py, PyCapsule>> {
        let batches = self.batches.clone().into_iter().map(Ok);
        let reader = arrow_array::RecordBatchIterator::new(batches, Arc::clone(&self.schema));
        stream(py, reader, requested_schema)
    }

    fn __len__(&self) -> usize {
        self.num_rows()
    }

    fn __repr__(&self) -> String {
        let (rows, columns) = (self.num_rows(), self.num_columns());
        format!(
            "<sheetlift.Table {rows} x {columns}: {}>",
            listed(&self.schema)
        )
    }
}

/// Names and types of columns. ``pyarrow.schema(schema)`` and others take it as it is.
#[pyclass(frozen, eq, module = "sheetlift")]
#[derive(PartialEq)]
pub(crate) struct Schema(pub(crate) SchemaRef);

#[pymethods]
impl Schema {
    /// Names of the columns.
    #[getter]
    fn names(&self) -> Vec<String> {
        names(&self.0)
    }

    /// Arrow types of the columns, in words.
    #[getter]
    fn types(&self) -> Vec<String> {
        let types = self.0.fields().iter();
        types.map(|field| field.data_type().to_string()).collect()
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyArrowResult<Bound<'py, PyCapsule>> {
        to_schema_pycapsule(py, self.0.as_ref())
    }

    fn __len__(&self) -> usize {
        self.0.fields().len()
    }

    fn __repr__(&self) -> String {
        format!("<sheetlift.Schema {}>", listed(&self.0))
    }
}

/// Batches as an Arrow C stream.
pub(crate) fn stream<'py>(
    py: Python<'py>,
    reader: impl RecordBatchReader + Send + 'static,
    requested_schema: Option<Bound<'py, PyCapsule>>,
) -> PyArrowResult<Bound<'py, PyCapsule>> {
    let schema = reader.schema();
    let row = Field::new_struct("", schema.fields().clone(), false);
    let row = row.with_metadata(schema.metadata().clone());
    let arrays = reader.map(|batch| Ok(Arc::new(StructArray::from(batch?)) as ArrayRef));
    let arrays = Box::new(ArrayIterator::new(arrays, row.into()));
    to_stream_pycapsule(py, arrays, requested_schema)
}

pub(crate) fn names(schema: &SchemaRef) -> Vec<String> {
    schema
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect()
}

pub(crate) fn listed(schema: &SchemaRef) -> String {
    let fields = schema.fields().iter();
    let fields = fields.map(|field| format!("{} {}", field.name(), field.data_type()));
    fields.collect::<Vec<_>>().join(", ")
}

/// A module that only this method needs.
fn needed<'py>(py: Python<'py>, method: &str, module: &str) -> PyResult<Bound<'py, PyModule>> {
    py.import(module).map_err(|error| {
        if !error.is_instance_of::<PyModuleNotFoundError>(py) {
            return error;
        }
        let text = format!("{method} needs {module}, which is not installed: pip install {module}");
        let clear = PyImportError::new_err(text);
        clear.set_cause(py, Some(error));
        clear
    })
}
