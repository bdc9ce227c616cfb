//! One function for each verb of a job. Their signatures and their documentation are in `python/sheetlift/_api.py`.

use std::path::PathBuf;

use pyo3::prelude::*;
use sheetlift::{
    CancelToken, Error, InferOptions, Job, LoadOptions, Report, ReportFormat, Result, connect,
    import_json, parse_missing,
};

use crate::{
    arguments::{Arguments, ContractFrom, Keywords},
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
    let files = ReportFiles::of(py, &mut arguments)?;
    arguments.finish()?;
    let (found, table) = run_over(py, &cancel, job, move |job| {
        files.spare(&contract)?;
        let job = files.attach(contract.put_on(job)?);
        if !accepted {
            let report = job.validate()?;
            files.write(&job, &report)?;
            return Ok((report, None));
        }
        let mut check = job.check()?;
        let (schema, mut batches) = (check.schema(), Vec::new());
        while let Some(checked) = check.next_window()? {
            batches.push(checked.accepted);
        }
        let report = check.finish()?;
        files.write(&job, &report)?;
        Ok((report, Some(Table::new(schema, batches, 0))))
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
    let files = ReportFiles::of(py, &mut arguments)?;
    arguments.finish()?;
    let loaded = run(py, &cancel, move || {
        files.spare(&contract)?;
        let job = files.attach(contract.put_on(job)?);
        let sink = connect(&to)?;
        let report = job.load(&*sink, &options)?;
        files.write(&job, &report)?;
        Ok(report)
    })?;
    report(py, &loaded, None)
}

#[pyfunction]
#[pyo3(signature = (to, limit))]
pub(crate) fn history(py: Python<'_>, to: String, limit: usize) -> PyResult<Bound<'_, PyAny>> {
    let text = run(py, &CancelToken::new(), move || {
        let imports = sheetlift::history(&to, limit)?;
        let imports: Vec<_> = imports.iter().map(import_json).collect();
        serde_json::to_string(&imports).map_err(|error| Error::bug(error.to_string()))
    })?;
    loads(py, &text)
}

#[pyfunction]
#[pyo3(signature = (import_id, contract, *, to, **options))]
pub(crate) fn replay<'py>(
    import_id: String,
    contract: &Bound<'py, PyAny>,
    to: String,
    options: Option<Keywords<'_, 'py>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = contract.py();
    let mut arguments = Arguments::new(py, "replay", options)?;
    let contract = arguments.contract(contract)?;
    let options = load_options(py, &mut arguments)?;
    let files = ReportFiles::of(py, &mut arguments)?;
    arguments.finish()?;
    let cancel = CancelToken::new();
    let token = cancel.clone();
    let replayed = run(py, &cancel, move || {
        files.spare(&contract)?;
        let (folder, contract) = (contract.folder(), contract.read()?);
        let sink = connect(&to)?;
        let Some(job) = Job::from_quarantine(&*sink, &import_id, contract)? else {
            return Ok(None);
        };
        let job = files.attach(job.with_references(folder).with_cancel(token));
        let report = job.load(&*sink, &options)?;
        files.write(&job, &report)?;
        Ok(Some(report))
    })?;
    let replayed = replayed.map(|replayed| report(py, &replayed, None));
    replayed.transpose()
}

#[pyfunction]
#[pyo3(signature = (import_id, to, dry_run))]
pub(crate) fn undo(
    py: Python<'_>,
    import_id: String,
    to: String,
    dry_run: bool,
) -> PyResult<Bound<'_, PyAny>> {
    let text = run(py, &CancelToken::new(), move || {
        let undone = sheetlift::undo(&import_id, &to, dry_run)?;
        serde_json::to_string(&undone).map_err(|error| Error::bug(error.to_string()))
    })?;
    loads(py, &text)
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
    if let Some(missing) = arguments.take::<String>("missing")? {
        options.missing = Some(parse_missing(&missing).map_err(|error| raise(py, &error))?);
    }
    options.max_missing_ratio = arguments.take("max_missing")?;
    options.undo = arguments.take("undo")?.unwrap_or(true);
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

/// Files that a report is written to, beside being returned.
struct ReportFiles(Vec<(ReportFormat, PathBuf)>);

impl ReportFiles {
    fn of(py: Python<'_>, arguments: &mut Arguments<'_>) -> PyResult<ReportFiles> {
        let mut files = Vec::new();
        for path in arguments
            .take::<Vec<PathBuf>>("reports")?
            .unwrap_or_default()
        {
            let format = ReportFormat::of_path(&path).ok_or_else(|| {
                let message = format!("{} is no name for a report", path.display());
                let error = Error::usage("usage/report", message);
                raise(
                    py,
                    &error.with_hint(
                        "name it .json, .html, .csv, .parquet, .ndjson, .xml (JUnit) or .sarif",
                    ),
                )
            })?;
            files.push((format, path));
        }
        for (format, name) in [
            (ReportFormat::Rejects, "rejects"),
            (ReportFormat::Annotated, "annotated"),
        ] {
            if let Some(path) = arguments.take(name)? {
                files.push((format, path));
            }
        }
        if let Some(at) =
            (1..files.len()).find(|&at| files[..at].iter().any(|(_, path)| *path == files[at].1))
        {
            let message = format!("{} is given twice", files[at].1.display());
            let error = Error::usage("usage/output", message);
            return Err(raise(py, &error.with_hint("write to another file")));
        }
        Ok(ReportFiles(files))
    }

    /// Refuses to write over the contract.
    fn spare(&self, contract: &ContractFrom) -> Result<()> {
        let Some(contract) = contract.path().and_then(|path| path.canonicalize().ok()) else {
            return Ok(());
        };
        let is_it = |path: &PathBuf| path.canonicalize().is_ok_and(|path| path == contract);
        match self.0.iter().find(|(_, path)| is_it(path)) {
            Some((_, path)) => {
                let message = format!("{} cannot be written: it is read", path.display());
                Err(Error::usage("usage/output", message).with_hint("write to another file"))
            }
            None => Ok(()),
        }
    }

    fn attach(&self, job: Job) -> Job {
        let keeps = self.0.iter().any(|(format, _)| format.needs_all_findings());
        job.with_all_findings_kept(keeps)
    }

    fn write(&self, job: &Job, report: &Report) -> Result<()> {
        let mut files = self.0.iter();
        files.try_for_each(|(format, path)| job.write_report_file(report, *format, path))
    }
}
