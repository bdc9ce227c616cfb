//! Keyword arguments to options. Every call shares them, and their words are those of the command line.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    types::{PyBool, PyDict, PyString, PyType},
};
use sheetlift::{
    ColumnKind, Contract, CsvOptions, Error, HeaderRow, Job, Limits, Password, ReadOptions, Result,
    SheetRef, parse_columns, parse_delimiter, parse_fill_merged, parse_header, parse_skip_hidden,
    parse_strings, parse_types,
};

use crate::error::raise;

/// The keyword arguments of a call, as Python hands them over.
pub(crate) type Keywords<'a, 'py> = &'a Bound<'py, PyDict>;

/// The keyword arguments of one call. Each is taken once; what is left over was never one.
pub(crate) struct Arguments<'py> {
    py: Python<'py>,
    function: &'static str,
    given: HashMap<String, Bound<'py, PyAny>>,
}

impl<'py> Arguments<'py> {
    pub(crate) fn new(
        py: Python<'py>,
        function: &'static str,
        given: Option<Keywords<'_, 'py>>,
    ) -> PyResult<Self> {
        Ok(Arguments {
            py,
            function,
            given: given
                .map(|given| given.extract())
                .transpose()?
                .unwrap_or_default(),
        })
    }

    /// The argument of this name; `None` when it was left out or is `None`.
    pub(crate) fn take<T: for<'a> FromPyObject<'a, 'py>>(
        &mut self,
        name: &str,
    ) -> PyResult<Option<T>> {
        let Some(value) = self.given.remove(name).filter(|value| !value.is_none()) else {
            return Ok(None);
        };
        value.extract().map(Some).map_err(|error: T::Error| {
            let error: PyErr = error.into();
            let text = format!(
                "{}() argument '{name}': {}",
                self.function,
                error.value(self.py)
            );
            if error.is_instance_of::<PyTypeError>(self.py) {
                PyTypeError::new_err(text)
            } else {
                raise(self.py, &Error::usage("usage/argument", text)) // a number out of range
            }
        })
    }

    /// The same as text that `parse` understands.
    fn parsed<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T>) -> PyResult<Option<T>> {
        let text: Option<String> = self.take(name)?;
        let parsed = text.map(|text| parse(&text)).transpose();
        parsed.map_err(|error| raise(self.py, &error))
    }

    /// A job with what is said of its file: its password, and how text is read. What is not said stays as it is.
    pub(crate) fn open(&mut self, mut job: Job) -> PyResult<Job> {
        if let Some(password) = self.take::<String>("password")? {
            job = job.with_password(Password::new(password));
        }
        let mut csv = CsvOptions::default();
        csv.encoding = self.take("encoding")?;
        csv.delimiter = self.parsed("delimiter", parse_delimiter)?;
        Ok(match csv == CsvOptions::default() {
            true => job,
            false => job.with_csv(csv),
        })
    }

    /// Refuses what was not taken.
    pub(crate) fn finish(self) -> PyResult<()> {
        match self.given.into_keys().min() {
            Some(name) => Err(PyTypeError::new_err(format!(
                "{}() got an unexpected keyword argument '{name}'",
                self.function
            ))),
            None => Ok(()),
        }
    }

    /// What to read of a sheet, and how.
    pub(crate) fn read(&mut self) -> PyResult<ReadOptions> {
        let mut read = self.place()?;
        read.types = self.types()?;
        if let Some(text) = self.parsed("strings", parse_strings)? {
            read.text = text;
        }
        if let Some(keep) = self.take("blank_rows")? {
            read.blank_rows = keep;
        }
        Ok(read)
    }

    /// Where the table is. The types of its columns are not asked: a contract says them.
    pub(crate) fn place(&mut self) -> PyResult<ReadOptions> {
        let mut read = ReadOptions::default();
        if let Some(sheet) = self.sheet()? {
            read = read.with_sheet(sheet);
        }
        if let Some(cells) = self.take::<String>("range")? {
            read = read.with_cells(&cells);
        }
        if let Some((rows, columns)) = self.parsed("skip_hidden", parse_skip_hidden)? {
            read = read.with_skip_hidden(rows, columns);
        }
        if let Some(merged) = self.parsed("fill_merged", parse_fill_merged)? {
            read.merged = merged;
        }
        read.display_text = self.take("display_text")?.unwrap_or(false);
        read.columns = match self.given.get("columns") {
            Some(text) if text.is_instance_of::<PyString>() => {
                self.parsed("columns", parse_columns)?
            }
            _ => self.take("columns")?,
        };
        read.header = self.header()?;
        read.limit = self.take("n_rows")?;
        if let Some(rows) = self.take("batch_rows")? {
            read = read.with_batch_rows(rows);
        }
        if let Some(threads) = self.take("threads")? {
            read = read.with_threads(threads);
        }
        Ok(read)
    }

    /// By name, or by its place counted from 0 as sequences are in Python.
    fn sheet(&mut self) -> PyResult<Option<SheetRef>> {
        match self.given.get("sheet") {
            Some(name) if name.is_instance_of::<PyString>() => {
                Ok(self.take("sheet")?.map(SheetRef::Name))
            }
            _ => Ok(self.take("sheet")?.map(SheetRef::Index)),
        }
    }

    /// `"first"`, a row as the spreadsheet shows it, the first and the last of several, or `None` (and `False`) for no header.
    fn header(&mut self) -> PyResult<HeaderRow> {
        let header = match self.given.remove("header") {
            None => return Ok(HeaderRow::First),
            Some(header) if header.is_none() => return Ok(HeaderRow::None),
            Some(header) => header,
        };
        if header.is_instance_of::<PyBool>() {
            let first: bool = header.extract()?;
            return Ok(if first {
                HeaderRow::First
            } else {
                HeaderRow::None
            });
        }
        if let Ok((first, last)) = header.extract::<(u32, u32)>() {
            let rows = parse_header(&format!("{first}-{last}"));
            return rows.map_err(|error| raise(self.py, &error));
        }
        parse_header(header.str()?.to_str()?).map_err(|error| raise(self.py, &error))
    }

    /// A dictionary of names and types, or the text the command line takes.
    fn types(&mut self) -> PyResult<Vec<(String, ColumnKind)>> {
        match self.given.get("types") {
            Some(text) if text.is_instance_of::<PyString>() => {
                Ok(self.parsed("types", parse_types)?.unwrap_or_default())
            }
            _ => {
                let types: Option<Bound<'py, PyDict>> = self.take("types")?;
                let types = types.iter().flat_map(|types| types.iter());
                types
                    .map(|(name, kind)| Ok((name.extract()?, self.kind(&kind)?)))
                    .collect()
            }
        }
    }

    /// A type by its name, or by the Python type of its values.
    fn kind(&self, kind: &Bound<'py, PyAny>) -> PyResult<ColumnKind> {
        let name = match kind.cast::<PyType>() {
            Ok(class) => class.name()?.to_string(),
            Err(_) => kind.extract::<String>()?,
        };
        let name = match &*name {
            "str" => "text",
            "datetime" => "timestamp",
            "timedelta" => "duration",
            name => name,
        };
        let parsed = parse_types(&format!("column={name}"));
        let parsed = parsed.map_err(|error| raise(self.py, &error))?;
        Ok(parsed[0].1)
    }

    /// A dictionary of limits; `None` as a value removes one.
    pub(crate) fn limits(&mut self) -> PyResult<Option<Limits>> {
        let Some(given) = self.take::<HashMap<String, Option<u64>>>("limits")? else {
            return Ok(None);
        };
        let mut limits = Limits::default();
        for (name, value) in given {
            limits
                .set(&name, value.unwrap_or(Limits::NONE))
                .map_err(|error| raise(self.py, &error.into()))?;
        }
        Ok(Some(limits))
    }

    /// The contract and which of its resources.
    pub(crate) fn contract(&mut self, contract: &Bound<'py, PyAny>) -> PyResult<ContractFrom> {
        Ok(ContractFrom {
            place: ContractPlace::of(contract)?,
            resource: self.take("resource")?,
        })
    }
}

/// Where a contract is; read where the work is done.
pub(crate) struct ContractFrom {
    place: ContractPlace,
    resource: Option<String>,
}

enum ContractPlace {
    Path(PathBuf),
    Text(String),
}

impl ContractPlace {
    /// A dictionary, a path, or the JSON or YAML itself: text that starts with a brace or has several lines.
    fn of(contract: &Bound<'_, PyAny>) -> PyResult<ContractPlace> {
        let py = contract.py();
        if contract.is_instance_of::<PyDict>() {
            // Dates and decimals of Python are written as texts, which is how contracts write them.
            let options = PyDict::new(py);
            options.set_item("default", py.get_type::<PyString>())?;
            let text = py
                .import("json")?
                .call_method("dumps", (contract,), Some(&options))?;
            return Ok(ContractPlace::Text(text.extract()?));
        }
        if let Ok(text) = contract.cast::<PyString>() {
            let text = text.to_str()?;
            if text.trim_start().starts_with('{') || text.contains('\n') {
                return Ok(ContractPlace::Text(text.to_owned()));
            }
        }
        contract.extract().map(ContractPlace::Path).map_err(|_| {
            PyTypeError::new_err("a contract is a dict, a path, or JSON or YAML as text")
        })
    }
}

impl ContractFrom {
    /// The job under this contract; files that it refers to are those beside it, or, where the program says the contract itself,
    /// in the working directory.
    pub(crate) fn put_on(self, job: Job) -> Result<Job> {
        let folder = self.folder();
        Ok(job.with_contract(self.read()?).with_references(folder))
    }

    /// The folder of files that it refers to.
    pub(crate) fn folder(&self) -> PathBuf {
        let folder = self.path().and_then(Path::parent);
        folder.map(Path::to_owned).unwrap_or_default()
    }

    /// The file it is in, where it is in one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.place {
            ContractPlace::Path(path) => Some(path),
            ContractPlace::Text(_) => None,
        }
    }

    pub(crate) fn read(self) -> Result<Contract> {
        Ok(match (self.place, &self.resource) {
            (ContractPlace::Path(path), None) => Contract::from_path(path)?,
            (ContractPlace::Path(path), Some(name)) => Contract::from_path_named(path, name)?,
            (ContractPlace::Text(text), None) => text.parse()?,
            (ContractPlace::Text(text), Some(name)) => Contract::from_str_named(&text, name)?,
        })
    }
}
