//! The one mapping from errors to exceptions; the classes are in `python/sheetlift/_errors.py`.

use pyo3::{prelude::*, types::PyDict};
use sheetlift::{Error, ErrorKind, parts::CoreError};

/// The exception for an error.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    exception(py, error).unwrap_or_else(|failed| failed)
}

/// The same for an error of the core.
pub(crate) fn raise_core(py: Python<'_>, error: CoreError) -> PyErr {
    raise(py, &error.into())
}

fn exception(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let class = match error.kind() {
        ErrorKind::Usage | ErrorKind::Target => "UsageError",
        ErrorKind::Contract => "ContractError",
        ErrorKind::Malformed => "MalformedError",
        ErrorKind::Unsupported => "UnsupportedError",
        ErrorKind::Encrypted => "EncryptedError",
        ErrorKind::Limit { .. } => "LimitError",
        ErrorKind::Io => match error.io_error().map(std::io::Error::kind) {
            Some(std::io::ErrorKind::NotFound) => "SourceNotFoundError",
            Some(std::io::ErrorKind::PermissionDenied) => "SourcePermissionError",
            _ => "SheetliftIoError",
        },
        ErrorKind::Sink | ErrorKind::Busy { .. } => "SheetliftIoError",
        ErrorKind::Cancelled => "SheetliftError",
        _ => "InternalError",
    };
    let more = PyDict::new(py);
    more.set_item("code", error.code())?;
    more.set_item("location", location(py, error)?)?;
    more.set_item("hint", error.hint())?;
    if let ErrorKind::Limit {
        name,
        limit,
        actual,
    } = error.kind()
    {
        more.set_item("name", name)?;
        more.set_item("limit", limit)?;
        more.set_item("actual", actual)?;
    }
    if let Some(ddl) = error.ddl() {
        more.set_item("ddl", ddl)?;
    }
    if let Some(wait) = error.retry_after_ms() {
        more.set_item("retry_after_ms", wait)?;
    }
    if let Some(errno) = error.io_error().and_then(std::io::Error::raw_os_error) {
        more.set_item("errno", errno)?;
    }
    let class = py.import("sheetlift._errors")?.getattr(class)?;
    let exception = class.call((error.to_string(),), Some(&more))?;
    Ok(PyErr::from_value(exception))
}

/// What is known of the place.
fn location<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyDict>> {
    let (at, place) = (error.location(), PyDict::new(py));
    let texts = [
        ("file", &at.file),
        ("part", &at.part),
        ("sheet", &at.sheet),
        ("cell", &at.cell),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            place.set_item(name, text)?;
        }
    }
    if let Some(byte) = at.byte {
        place.set_item("byte", byte)?;
    }
    Ok(place)
}
