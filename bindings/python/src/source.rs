//! Whatever can be opened, as a job.

use std::path::PathBuf;

use bytes::Bytes;
use pyo3::{exceptions::PyTypeError, prelude::*, pybacked::PyBackedBytes};
use sheetlift::{Error, Job, Limits, Source};

use crate::{
    arguments::Arguments,
    error::{raise, raise_core},
    workbook::Workbook,
};

/// Bytes asked of a file object at a time.
const READ_BYTES: usize = 4 << 20;

/// The job over a path, bytes, a binary file object or an open workbook, with `limits` and `name` from the arguments.
pub(crate) fn job(src: &Bound<'_, PyAny>, arguments: &mut Arguments<'_>) -> PyResult<Job> {
    let limits = arguments.limits()?;
    let name: Option<String> = arguments.take("name")?;
    if let Ok(workbook) = src.cast::<Workbook>() {
        let job = workbook.get().job(src.py())?;
        return arguments.open(match limits {
            Some(limits) => job.with_limits(limits),
            None => job,
        });
    }
    let limits = limits.unwrap_or_default();
    let source = source(src, name, &limits)?;
    arguments.open(Job::new(source).with_limits(limits))
}

fn source(src: &Bound<'_, PyAny>, name: Option<String>, limits: &Limits) -> PyResult<Source> {
    let py = src.py();
    let (bytes, known) = if let Ok(bytes) = src.extract::<PyBackedBytes>() {
        (Bytes::from_owner(bytes), None) // bytes are borrowed, a bytearray is copied
    } else if let Ok(path) = src.extract::<PathBuf>() {
        let opened = py.detach(|| Source::from_path(path, limits));
        return opened.map_err(|error| raise_core(py, error));
    } else if src.hasattr("tobytes")? {
        let copy = src.call_method0("tobytes")?;
        (Bytes::from_owner(copy.extract::<PyBackedBytes>()?), None)
    } else if src.hasattr("read")? {
        let known = src.getattr("name").ok();
        let known = known.and_then(|name| name.extract::<String>().ok());
        (read(src, limits)?, known)
    } else {
        let class = src.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "a workbook is a path, bytes, a binary file object or an open Workbook, not {class}"
        )));
    };
    let source = Source::from_bytes(bytes, limits).map_err(|error| raise_core(py, error))?;
    Ok(match name.or(known) {
        Some(name) => source.with_name(name),
        None => source,
    })
}

/// Reads a file object to its end, or to where it is too large.
fn read(file: &Bound<'_, PyAny>, limits: &Limits) -> PyResult<Bytes> {
    let mut bytes = Vec::new();
    while bytes.len() as u64 <= limits.max_file_bytes {
        let chunk = file.call_method1("read", (READ_BYTES,))?;
        let Ok(chunk) = chunk.extract::<PyBackedBytes>() else {
            let error = Error::usage("usage/text-file", "the file object does not give bytes");
            let error = error.with_hint("open it in binary mode: open(path, 'rb')");
            return Err(raise(file.py(), &error));
        };
        if chunk.is_empty() {
            break;
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.into())
}
