//! The Python module: arguments in, one [`Job`](sheetlift::Job), a table, a report or an exception out.
//!
//! Values of Python exist here only, and nothing here knows how a spreadsheet works. `python/sheetlift` is the package that
//! users import; it holds what is better said in Python: the exceptions, the report, the type stubs.

mod source;

mod arguments;

mod scan;
mod table;
mod workbook;

mod verbs;

mod error;
mod run;

use pyo3::prelude::*;

/// The compiled part of `sheetlift`.
#[pymodule]
mod _sheetlift {
    use super::PyResult;
    #[pymodule_export]
    use crate::{
        scan::{Batches, Scan},
        table::{Schema, Table},
        verbs::{history, infer_contract, inspect, load, open, read, replay, undo, validate},
        workbook::Workbook,
    };

    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_init]
    fn init() -> PyResult<()> {
        crate::run::remember_process();
        Ok(())
    }
}
