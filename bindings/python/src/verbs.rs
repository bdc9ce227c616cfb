//! The functions of the module, one for each verb of a job.

use pyo3::prelude::*;
use sheetlift::{CancelToken, Error, Job, LoadOptions, Report, Result, connect};

use crate::{
    arguments::{Arguments, Keywords},
    error::raise,
    run::run,
    source::job,
    table::Table,
    workbook::{self, Workbook},
};

/// Opens a workbook: its directory and its list of sheets, no more.
///
/// ``src`` is a path, bytes, or a binary file object, which is read to its end. ``name`` is what messages and reports call
/// bytes. ``limits`` is a dict such as ``{"max_rows": 100_000}``; ``None`` as a value removes a limit. A file that is opened by
/// its path is mapped into memory: replace such a file, do not overwrite it in place while it is read.
#[pyfunction]
#[pyo3(signature = (src, **options), text_signature = "(src, *, limits=None, name=None)")]
pub(crate) fn open(
    src: &Bound<'_, PyAny>,
    options: Option<Keywords<'_, '_>>,
) -> PyResult<Workbook> {
    let mut arguments = Arguments::new(src.py(), "open", options)?;
    let job = job(src, &mut arguments)?;
    arguments.finish()?;
    Workbook::open(src.py(), job)
}

/// Reads one sheet as a ``Table``.
///
/// * ``sheet``: its name, or its place counted from 0. Default: the first visible worksheet.
/// * ``range``: cells such as ``"B2:F100"``, ``"B:F"``, ``"2:100"``, ``"B2:"``.
/// * ``columns``: names or letters of columns.
/// * ``header``: ``"first"`` (the first row with a value), a row number as the spreadsheet shows it, or ``None``.
/// * ``types``: types of columns by name: ``bool``, ``int``, ``float``, ``date``, ``timestamp``, ``time``, ``duration``,
///   ``text``, or the Python types. Other columns get the narrowest type that holds all their cells.
/// * ``n_rows``: rows to read at most.
/// * ``strings``: ``"view"`` (Arrow's string view, no copy per cell), ``"utf8"`` or ``"dictionary"``.
/// * ``batch_rows``, ``threads``: how it is read; 0 threads are one for each core.
/// * ``blank_rows``: keep rows without a value between others.
/// * ``limits``, ``name``: see ``open``.
#[pyfunction]
#[pyo3(
    signature = (src, **options),
    text_signature = "(src, *, sheet=None, range=None, columns=None, header='first', types=None, n_rows=None, strings='view', batch_rows=65536, threads=0, blank_rows=True, limits=None, name=None)"
)]
pub(crate) fn read(src: &Bound<'_, PyAny>, options: Option<Keywords<'_, '_>>) -> PyResult<Table> {
    let mut arguments = Arguments::new(src.py(), "read", options)?;
    let job = job(src, &mut arguments)?;
    workbook::read(src.py(), job, arguments)
}

/// Says what is in a workbook: sheets, rows, columns and their types, Excel tables, defined names; as a dict.
///
/// Looks at the first 1,000 rows of each sheet, or at all with ``full=True``. ``range`` and ``header`` hold for every sheet.
#[pyfunction]
#[pyo3(
    signature = (src, *, full=false, **options),
    text_signature = "(src, *, full=False, range=None, header='first', threads=0, limits=None, name=None)"
)]
pub(crate) fn inspect<'py>(
    src: &Bound<'py, PyAny>,
    full: bool,
    options: Option<Keywords<'_, 'py>>,
) -> PyResult<Bound<'py, PyAny>> {
    let (py, mut arguments) = (src.py(), Arguments::new(src.py(), "inspect", options)?);
    let (job, cancel) = placed(src, &mut arguments)?;
    arguments.finish()?;
    let text = run(py, &cancel, move || {
        let inspection = job.inspect(full)?;
        serde_json::to_string(&inspection).map_err(|error| Error::bug(error.to_string()))
    })?;
    loads(py, &text)
}

/// Proposes a contract for a sheet that is good, as a dict to be edited. Every row is looked at.
#[pyfunction]
#[pyo3(
    signature = (src, **options),
    text_signature = "(src, *, sheet=None, range=None, header='first', n_rows=None, threads=0, limits=None, name=None)"
)]
pub(crate) fn infer_contract<'py>(
    src: &Bound<'py, PyAny>,
    options: Option<Keywords<'_, 'py>>,
) -> PyResult<Bound<'py, PyAny>> {
    let (py, mut arguments) = (
        src.py(),
        Arguments::new(src.py(), "infer_contract", options)?,
    );
    let (job, cancel) = placed(src, &mut arguments)?;
    arguments.finish()?;
    let text = run(py, &cancel, move || {
        Ok(job.infer_contract()?.to_json().to_string())
    })?;
    loads(py, &text)
}

/// Holds every row of a sheet to a contract, and gives the ``Report``. Bad rows are findings in it, never exceptions.
///
/// ``contract`` is a path, a dict, or JSON or YAML as text; ``resource`` names one of a package with several. With
/// ``accepted=True`` the rows without error are in ``report.accepted``, a ``Table``. A report lists ``max_findings`` findings
/// (default 1,000) and counts all. ``sheet``, ``range``, ``header`` and the others are as for ``read``; where they are left
/// out, the contract says where the table is.
#[pyfunction]
#[pyo3(
    signature = (src, contract, *, accepted=false, **options),
    text_signature = "(src, contract, *, accepted=False, max_findings=1000, resource=None, sheet=None, range=None, columns=None, header='first', n_rows=None, batch_rows=65536, threads=0, limits=None, name=None)"
)]
pub(crate) fn validate<'py>(
    src: &Bound<'py, PyAny>,
    contract: &Bound<'py, PyAny>,
    accepted: bool,
    options: Option<Keywords<'_, 'py>>,
) -> PyResult<Bound<'py, PyAny>> {
    let (py, mut arguments) = (src.py(), Arguments::new(src.py(), "validate", options)?);
    let (job, cancel) = placed(src, &mut arguments)?;
    let contract = arguments.contract(contract)?;
    arguments.finish()?;
    let (found, table) = run(py, &cancel, move || {
        let job = job.with_contract(contract.read()?);
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

/// Loads the rows that a contract accepts into a database, exactly once, and gives the ``Report``.
///
/// ``to`` is the address of the database, such as ``sqlite:inventory.db``. The same file under the same contract into the same
/// table is loaded once, however often this is called; ``report.load["state"]`` says which call it was. ``mode`` is
/// ``insert``, ``insert_missing`` (default) or ``upsert``; ``table`` overrides the one that the contract names. ``dry_run=True``
/// does all of it and rolls it back. More than ``max_rejected`` rejected rows, or a share of more than ``max_rejected_ratio``,
/// end the import with a ``LimitError`` and nothing loaded. The rest is as for ``validate``.
#[pyfunction]
#[pyo3(
    signature = (src, contract, *, to, dry_run=false, **options),
    text_signature = "(src, contract, *, to, mode=None, dry_run=False, table=None, create_table=True, max_rejected=None, max_rejected_ratio=None, max_findings=1000, resource=None, sheet=None, range=None, columns=None, header='first', n_rows=None, batch_rows=65536, threads=0, limits=None, name=None)"
)]
pub(crate) fn load<'py>(
    src: &Bound<'py, PyAny>,
    contract: &Bound<'py, PyAny>,
    to: String,
    dry_run: bool,
    options: Option<Keywords<'_, 'py>>,
) -> PyResult<Bound<'py, PyAny>> {
    let (py, mut arguments) = (src.py(), Arguments::new(src.py(), "load", options)?);
    let (job, cancel) = placed(src, &mut arguments)?;
    let contract = arguments.contract(contract)?;
    let options = load_options(py, &mut arguments)?.with_dry_run(dry_run);
    arguments.finish()?;
    let report_of_load = run(py, &cancel, move || {
        let job = job.with_contract(contract.read()?);
        let sink = connect(&to)?;
        job.load(&*sink, &options)
    })?;
    report(py, &report_of_load, None)
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
