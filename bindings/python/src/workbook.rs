//! An open workbook.

use std::sync::{Mutex, PoisonError};

use pyo3::{prelude::*, types::PyTuple};
use sheetlift::{CancelToken, Error, Job, Result};

use crate::{
    arguments::{Arguments, Keywords},
    error::raise,
    run::run_over,
    scan::Scan,
    table::Table,
};

/// An open workbook: its sheets, and what can be read from them.
///
/// A context manager, as files are: at its end the file is let go.
#[pyclass(frozen, module = "sheetlift")]
pub(crate) struct Workbook {
    job: Mutex<Option<Job>>,
    name: Option<String>,
    /// JSON of sheets, Excel tables and defined names.
    parts: [String; 3],
}

impl Workbook {
    pub(crate) fn open(py: Python<'_>, job: Job) -> PyResult<Workbook> {
        let cancel = CancelToken::new();
        let name = job.source().name().map(str::to_owned);
        let opened = job.clone().with_cancel(cancel.clone());
        let parts = run_over(py, &cancel, opened, |job| parts(&job))?;
        Ok(Workbook {
            job: Mutex::new(Some(job)),
            name,
            parts,
        })
    }

    /// The job over it, unless it is closed.
    pub(crate) fn job(&self, py: Python<'_>) -> PyResult<Job> {
        let job = self.job.lock().unwrap_or_else(PoisonError::into_inner);
        job.clone()
            .ok_or_else(|| raise(py, &Error::usage("usage/closed", "the workbook is closed")))
    }

    fn list<'py>(&self, py: Python<'py>, part: usize, class: &str) -> PyResult<Bound<'py, PyAny>> {
        let of_json = py.import("sheetlift._values")?.getattr("of_json")?;
        of_json.call1((class, &self.parts[part]))
    }
}

#[pymethods]
impl Workbook {
    /// All sheets, in the order of the tabs: ``Sheet(name, visibility, kind)``.
    #[getter]
    fn sheets<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.list(py, 0, "Sheet")
    }

    /// The Excel tables: ``ExcelTable(name, sheet, range)``.
    #[getter]
    fn tables<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.list(py, 1, "ExcelTable")
    }

    /// All defined names but hidden ones: ``DefinedName(name, refers_to, sheet)``.
    #[getter]
    fn defined_names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.list(py, 2, "DefinedName")
    }

    /// Reads a sheet as a ``Table``; see ``sheetlift.read`` for the options.
    #[pyo3(
        signature = (**options),
        text_signature = "(self, *, sheet=None, range=None, columns=None, header='first', skip_hidden=None, fill_merged=None, display_text=False, types=None, n_rows=None, strings='view', batch_rows=65536, threads=0, blank_rows=True)"
    )]
    fn read(&self, py: Python<'_>, options: Option<Keywords<'_, '_>>) -> PyResult<Table> {
        let arguments = Arguments::new(py, "read", options)?;
        read(py, self.job(py)?, arguments)
    }

    /// Reads a sheet while it is consumed, as a ``Scan``; see ``sheetlift.read`` for the options.
    #[pyo3(
        signature = (**options),
        text_signature = "(self, *, sheet=None, range=None, columns=None, header='first', skip_hidden=None, fill_merged=None, display_text=False, types=None, n_rows=None, strings='view', batch_rows=65536, threads=0, blank_rows=True)"
    )]
    fn scan(&self, py: Python<'_>, options: Option<Keywords<'_, '_>>) -> PyResult<Scan> {
        let mut arguments = Arguments::new(py, "scan", options)?;
        let read = arguments.read()?;
        arguments.finish()?;
        Ok(Scan::new(self.job(py)?.with_read(read)))
    }

    /// Lets the file go. Tables that were read stay.
    fn close(&self) {
        self.job
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_raised))]
    fn __exit__(&self, _raised: &Bound<'_, PyTuple>) {
        self.close();
    }

    fn __repr__(&self) -> String {
        format!(
            "<sheetlift.Workbook {}>",
            self.name.as_deref().unwrap_or("in memory")
        )
    }
}

fn parts(job: &Job) -> Result<[String; 3]> {
    let workbook = job.workbook()?;
    let json = [
        serde_json::to_string(workbook.sheets()),
        serde_json::to_string(&workbook.tables()?),
        serde_json::to_string(workbook.defined_names()),
    ];
    Ok(json.map(Result::unwrap_or_default)) // names and texts only: never fails
}

/// Reads the sheet that the arguments name.
pub(crate) fn read(py: Python<'_>, job: Job, mut arguments: Arguments<'_>) -> PyResult<Table> {
    let read = arguments.read()?;
    arguments.finish()?;
    let cancel = CancelToken::new();
    let stop = cancel.clone();
    let job = job.with_read(read).with_cancel(cancel.clone());
    run_over(py, &cancel, job, move |job| {
        let mut reader = job.table()?;
        let mut batches = Vec::new();
        while let Some(batch) = reader.next_batch()? {
            batches.push(batch);
            if stop.is_cancelled() {
                return Err(Error::cancelled());
            }
        }
        let schema = arrow_array::RecordBatchReader::schema(&reader);
        Ok(Table::new(schema, batches, reader.error_cells()))
    })
}
