//! One function for each verb of a job. Their signatures and their documentation are in `python/sheetlift/_api.py`.

use pyo3::prelude::*;
use sheetlift::{CancelToken, Error, InferOptions, Job, LoadOptions, Report, Result, connect};

use crate::{
    arguments::{Arguments, Keywords},
    error::raise,
    run::{run, run_over},
    source::job,
    table::Table,
    workbook::{self, Workbook},
};

#[pyfunction]
#[pyo3(signature = (src, **options))]
pub(crate) fn open(
    src: &Bound<'_, PyAny>,
    options: Option<Keywords<'_, '_>>,
) -> PyResult<Workbook> {
    let mut arguments = Arguments::new(src.py(), "open", options)?;
    let job = job(src, &mut arguments)?;
    arguments.finish()?;
    Workbook::open(src.py(), job)
}

#[pyfunction]
#[pyo3(signature = (src, **options))]
pub(crate) fn read(src: &Bound<'_, PyAny>, options: Option<Keywords<'_, '_>>) -> PyResult<Table> {
    let mut arguments = Arguments::new(src.py(), "read", options)?;
    let job = job(src, &mut arguments)?;
    workbook::read(src.py(), job, arguments)
}

#[pyfunction]
#[pyo3(signature = (src, **options))]
pub(crate) fn inspect<'py>(
    src: &Bound<'py, PyAny>,
    options: Option<Keywords<'_, 'py>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = src.py();
    let mut arguments = Arguments::new(py, "inspect", options)?;
    let (job, cancel) = placed(src, &mut arguments)?;
    let full = arguments.take("full")?.unwrap_or(false);
    arguments.finish()?;
    let text = run_over(py, &cancel, job, move |job| {
        let inspection = job.inspect(full)?;
        serde_json::to_string(&inspection).map_err(|error| Error::bug(error.to_string()))
    })?;
    loads(py, &text)
}

#[pyfunction]
#[pyo3(signature = (src, **options))]
pub(crate) fn infer_contract<'py>(
    src: &Bound<'py, PyAny>,
    options: Option<Keywords<'_, 'py>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = src.py();
    let mut arguments = Arguments::new(py, "infer_contract", options)?;
    let (job, cancel) = placed(src, &mut arguments)?;
    let ranges = arguments.take("ranges")?.unwrap_or(false);
    arguments.finish()?;
    let infer = InferOptions::default().with_ranges(ranges);
    let text = run_over(py, &cancel, job, move |job| {
        Ok(job.infer_contract_with(&infer)?.to_json().to_string())
    })?;
    loads(py, &text)
}

#[pyfunction]
#[pyo3(signature = (src, contract, **options))]
pub(crate) fn validate<'py>(
    src: &Bound<'py, PyAny>,
    contract: &Bound<'py, PyAny>,
    options: Option<Keywords<'_, 'py>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = src.py();
    let mut arguments = Arguments::new(py, "validate", options)?;
    let (job, cancel) = placed(src, &mut arguments)?;
    let contract = arguments.contract(contract)?;
    let accepted = arguments.take("accepted")?.unwrap_or(false);
    arguments.finish()?;
    let (found, table) = run_over(py, &cancel, job, move |job| {
        let job = contract.put_on(job)?;
        if !accepted {
            return Ok((job.validate()?, None));
        }
        let mut check = job.check()?;
        let (schema, mut batches) = (check.schema(), Vec::new());
        while let Some(checked) = check.next_window()? {
            batches.push(checked.accepted);
        }
        Ok((check.finish()?, Some(Table::new(schema, batches, 0))))
    })?;
    report(py, &found, table)
}

#[pyfunction]
#[pyo3(signature = (src, contract, *, to, **options))]
pub(crate) fn load<'py>(
    src: &Bound<'py, PyAny>,
    contract: &Bound<'py, PyAny>,
    to: String,
    options: Option<Keywords<'_, 'py>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = src.py();
    let mut arguments = Arguments::new(py, "load", options)?;
    let (job, cancel) = placed(src, &mut arguments)?;
    let contract = arguments.contract(contract)?;
    let options = load_options(py, &mut arguments)?;
    arguments.finish()?;
    let loaded = run(py, &cancel, move || {
        let job = contract.put_on(job)?;
        let sink = connect(&to)?;
        job.load(&*sink, &options)
    })?;
    report(py, &loaded, None)
}

fn load_options(py: Python<'_>, arguments: &mut Arguments<'_>) -> PyResult<LoadOptions> {
    let mut options = LoadOptions::default();
    options.table = arguments.take("table")?;
    if let Some(mode) = arguments.take::<String>("mode")? {
        let mode: Result<_> = mode.parse().map_err(Error::from);
        options.mode = Some(mode.map_err(|error| raise(py, &error))?);
    }
    if let Some(create) = arguments.take("create_table")? {
        options.create_table = create;
    }
    options.dry_run = arguments.take("dry_run")?.unwrap_or(false);
    options.max_rejected = arguments.take("max_rejected")?;
    options.max_rejected_ratio = arguments.take("max_rejected_ratio")?;
    Ok(options)
}

/// A job that knows where the table is and can be stopped.
fn placed<'py>(
    src: &Bound<'py, PyAny>,
    arguments: &mut Arguments<'py>,
) -> PyResult<(Job, CancelToken)> {
    let cancel = CancelToken::new();
    let mut job = job(src, arguments)?
        .with_read(arguments.place()?)
        .with_cancel(cancel.clone());
    if let Some(max) = arguments.take("max_findings")? {
        job = job.with_max_findings(max);
    }
    Ok((job, cancel))
}

fn report<'py>(
    py: Python<'py>,
    report: &Report,
    accepted: Option<Table>,
) -> PyResult<Bound<'py, PyAny>> {
    let class = py.import("sheetlift._values")?.getattr("Report")?;
    let data = loads(py, &report.to_json().to_string())?;
    class.call1((data, report.is_clean(), accepted))
}

fn loads<'py>(py: Python<'py>, json: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (json,))
}
