//! What a request says about a job, as text: a query string, a form or a JSON object.

use serde_json::Value;
use sheetlift_core::{CsvOptions, Password, ReadOptions};

use crate::{
    convert::Format,
    error::{Error, Result},
    job::Job,
    load::LoadOptions,
    report::ReportFormat,
    words::{
        parse_columns, parse_delimiter, parse_fill_merged, parse_header, parse_missing,
        parse_skip_hidden, parse_strings, parse_types,
    },
};

/// What is asked of a workbook; decides which options are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verb {
    /// [`Job::inspect`].
    Inspect,
    /// [`Job::convert`].
    Convert,
    /// [`Job::validate`].
    Validate,
    /// [`Job::load`].
    Load,
}

/// An option of a request, for help and API descriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestOption {
    /// Its name.
    pub name: &'static str,
    /// Where it is understood.
    pub verbs: &'static [Verb],
    /// What its value is in JSON: `string`, `integer`, `number` or `boolean`.
    pub kind: &'static str,
    /// What it does.
    pub help: &'static str,
}

const fn option(
    name: &'static str,
    verbs: &'static [Verb],
    kind: &'static str,
    help: &'static str,
) -> RequestOption {
    RequestOption {
        name,
        verbs,
        kind,
        help,
    }
}

const ALL: &[Verb] = &[Verb::Inspect, Verb::Convert, Verb::Validate, Verb::Load];
const READ: &[Verb] = &[Verb::Convert, Verb::Validate, Verb::Load];
const CONVERT: &[Verb] = &[Verb::Convert];
const CHECK: &[Verb] = &[Verb::Validate, Verb::Load];
const LOAD: &[Verb] = &[Verb::Load];

/// Every option there is.
#[rustfmt::skip]
const OPTIONS: &[RequestOption] = &[
    option("filename", ALL, "string", "Name of the file, for messages and reports; one that comes with the file wins"),
    option("password", ALL, "string", "Password of a protected workbook"),
    option("encoding", ALL, "string", "Encoding of a text file, such as `windows-1252`; detected when not given"),
    option("delimiter", ALL, "string", "What parts the fields of a text file: one character or `tab`; detected when not given"),
    option("full", &[Verb::Inspect], "boolean", "Read every row, to count them and to know the types for certain"),
    option("sheet", READ, "string", "Sheet, by name or by its place counted from 1"),
    option("range", READ, "string", "Cells: `B2:F100`, `B:F`, `2:100`, `B2:` to the end, or the name of a table or range"),
    option("columns", READ, "string", "Columns, by name or letter, separated by commas"),
    option("limit", READ, "integer", "Rows to read at most"),
    option("header", READ, "string", "Where the names of the columns are: `first`, `none`, a row number, or rows such as `1-2`"),
    option("skip_hidden", READ, "string", "Leave hidden lines out: `rows`, `columns` or `all`"),
    option("fill_merged", READ, "string", "Give the value of merged cells to the others: `down`, `right` or `all`"),
    option("display_text", READ, "boolean", "Read numbers shown as identifiers (`00000`) as the text that is shown"),
    option("format", CONVERT, "string", "Format of the result: `parquet`, `arrow`, `arrows`, `csv` or `ndjson`"),
    option("types", CONVERT, "string", "Types of columns: `sku=text,qty=int`; bool, int, float, decimal(12,2), date, timestamp, time, duration, text"),
    option("strings", CONVERT, "string", "How texts are represented in Arrow and Parquet: `view`, `utf8` or `dictionary`"),
    option("contract", READ, "string", "Name of a contract that is known; one that comes with the file needs no name"),
    option("max_findings", READ, "integer", "Findings to list in the report; the others are counted. Default 1000"),
    option("report", CHECK, "string", "Form of the answer: `json`, `html`, `csv`, `parquet`, `ndjson`, `junit`, `sarif`, `frictionless`, `rejects` (the rejected rows, to be corrected) or `annotated` (the workbook with its faults marked). Default `json`"),
    option("table", LOAD, "string", "Target table; default what the contract says"),
    option("mode", LOAD, "string", "How rows meet those that are there: `insert_missing`, `insert`, `upsert`, `update_only`, `append`, `replace` or `sync`; default what the contract says"),
    option("create_table", LOAD, "boolean", "Create the table when it is missing; default what the service was told, and that is false where it was told nothing"),
    option("missing", LOAD, "string", "What becomes of rows of the table that the file lacks, with mode `sync`: `keep`, `delete`, or a column and its value such as `active=false`; default what the contract says"),
    option("max_missing", LOAD, "number", "The largest share of the table's rows, from 0 to 1, that the file may lack where that deletes or marks them; default what the contract says, or 0.5"),
    option("dry_run", LOAD, "boolean", "Do everything but keep nothing: the numbers are those of a real load"),
];

impl Verb {
    /// The options it understands.
    pub fn options(self) -> impl Iterator<Item = &'static RequestOption> {
        OPTIONS
            .iter()
            .filter(move |option| option.verbs.contains(&self))
    }
}

/// The options of one request, checked as far as they can be without the file.
///
/// ```
/// use sheetlift::{Request, Verb};
/// let request = Request::parse(Verb::Load, [("sheet", "Items"), ("dry_run", "true")])?;
/// assert!(request.load.dry_run);
/// assert!(Request::parse(Verb::Inspect, [("dry_run", "true")]).is_err());
/// # Ok::<(), sheetlift::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Request {
    /// Name of the file.
    pub filename: Option<String>,
    /// For [`Job::inspect`].
    pub full: bool,
    /// For [`Job::convert`].
    pub format: Option<Format>,
    /// Name of a contract.
    pub contract: Option<String>,
    /// For [`Job::write_report`].
    pub report: Option<ReportFormat>,
    /// For [`Job::with_max_findings`].
    pub max_findings: Option<usize>,
    /// For [`Job::load`].
    pub load: LoadOptions,
    password: Option<Password>,
    csv: CsvOptions,
    read: ReadOptions,
    sheet: Option<String>,
}

impl Request {
    /// Reads pairs of names and values. Each name is taken once.
    ///
    /// # Errors
    /// `Usage`, with the options there are or what a value may be.
    pub fn parse<'a>(
        verb: Verb,
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Request> {
        let mut request = Request::default();
        let mut said: Vec<&str> = Vec::new();
        for (name, value) in pairs {
            if !verb.options().any(|option| option.name == name) {
                let known: Vec<&str> = verb.options().map(|option| option.name).collect();
                let error = format!("there is no option {name:?} here");
                return Err(Error::usage("usage/option", error)
                    .with_hint(format!("the options are {}", known.join(", "))));
            }
            if said.contains(&name) {
                let error = format!("the option {name:?} is given twice");
                return Err(Error::usage("usage/option", error).with_hint("give it once"));
            }
            said.push(name);
            request.set(name, value)?;
        }
        Ok(request)
    }

    /// Reads a JSON object: numbers, lists and maps mean what they mean as text (`["sku", "price"]` is `sku,price`), and
    /// null is an option that is not given.
    ///
    /// # Errors
    /// `Usage` when the text is no such object.
    pub fn pairs_of_json(text: &str) -> Result<Vec<(String, String)>> {
        let refuse = |why: &dyn std::fmt::Display| {
            Error::usage(
                "usage/options",
                format!("the options cannot be read: {why}"),
            )
            .with_hint(
                r#"write a JSON object such as {"sheet": "Items", "columns": ["sku", "price"]}"#,
            )
        };
        let object: serde_json::Map<String, Value> =
            serde_json::from_str(text).map_err(|error| refuse(&error))?;
        let mut pairs = Vec::with_capacity(object.len());
        for (name, value) in object {
            let words: Option<Vec<String>> = match &value {
                Value::Null => continue,
                Value::Array(values) => values.iter().map(scalar).collect(),
                Value::Object(values) => values
                    .iter()
                    .map(|(key, value)| Some(format!("{key}={}", scalar(value)?)))
                    .collect(),
                value => scalar(value).map(|word| vec![word]),
            };
            let words = words.ok_or_else(|| refuse(&format!("{name:?} is nested too deep")))?;
            pairs.push((name, words.join(",")));
        }
        Ok(pairs)
    }

    /// The job with what the request says of its file: password, how text is read, and what to read.
    ///
    /// # Errors
    /// `Usage` when the sheet is not there; as [`Job::workbook`].
    pub fn apply(&self, mut job: Job) -> Result<Job> {
        if let Some(password) = &self.password {
            job = job.with_password(password.clone());
        }
        job = job.with_csv(self.csv.clone());
        let mut options = self.read.clone();
        if let Some(sheet) = &self.sheet {
            options.sheet = job.sheet_called(sheet)?;
        }
        Ok(job.with_read(options))
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let text = || Some(value.to_owned());
        match name {
            "filename" => self.filename = text(),
            "full" => self.full = parsed(name, value)?,
            "sheet" => self.sheet = text(),
            "password" => self.password = Some(Password::new(value)),
            "encoding" => self.csv.encoding = text(),
            "delimiter" => self.csv.delimiter = Some(parse_delimiter(value)?),
            "range" => self.read = std::mem::take(&mut self.read).with_cells(value),
            "skip_hidden" => {
                let (rows, columns) = parse_skip_hidden(value)?;
                (self.read.skip_hidden_rows, self.read.skip_hidden_columns) = (rows, columns);
            }
            "fill_merged" => self.read.merged = parse_fill_merged(value)?,
            "display_text" => self.read.display_text = parsed(name, value)?,
            "columns" => self.read.columns = Some(parse_columns(value)?),
            "limit" => self.read.limit = Some(parsed(name, value)?),
            "header" => self.read.header = parse_header(value)?,
            "format" => self.format = Some(value.parse()?),
            "types" => self.read.types = parse_types(value)?,
            "strings" => self.read.text = parse_strings(value)?,
            "contract" => self.contract = text(),
            "max_findings" => self.max_findings = Some(parsed(name, value)?),
            "report" => self.report = Some(value.parse()?),
            "table" => self.load.table = text(),
            "mode" => self.load.mode = Some(value.parse()?),
            "create_table" => self.load.create_table = parsed(name, value)?,
            "missing" => self.load.missing = Some(parse_missing(value)?),
            "max_missing" => self.load.max_missing_ratio = Some(parsed(name, value)?),
            "dry_run" => self.load.dry_run = parsed(name, value)?,
            _ => {
                return Err(Error::bug(format!(
                    "the option {name:?} is documented only"
                )));
            }
        }
        Ok(())
    }
}

fn parsed<T: std::str::FromStr>(name: &str, value: &str) -> Result<T> {
    value.trim().parse().map_err(|_| {
        let kind = OPTIONS.iter().find(|option| option.name == name);
        let hint = match kind.map(|option| option.kind) {
            Some("boolean") => "write true or false",
            Some("number") => "write a number such as 0.5",
            _ => "write a whole number, 0 or more",
        };
        let error = format!("{value:?} is no value for {name}");
        Error::usage("usage/option", error).with_hint(hint)
    })
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorClass;

    fn parse_json(verb: Verb, text: &str) -> Result<Request> {
        let pairs = Request::pairs_of_json(text)?;
        let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
        Request::parse(verb, pairs)
    }

    #[test]
    fn every_option_is_understood() {
        let values = [
            ("full", "true"),
            ("range", "B2:"),
            ("limit", "3"),
            ("header", "none"),
            ("format", "csv"),
            ("report", "html"),
            ("types", "sku=text"),
            ("strings", "utf8"),
            ("max_findings", "0"),
            ("delimiter", ";"),
            ("skip_hidden", "all"),
            ("fill_merged", "down"),
            ("display_text", "true"),
            ("mode", "upsert"),
            ("dry_run", "false"),
            ("create_table", "true"),
            ("missing", "active=false"),
            ("max_missing", "0.25"),
        ];
        for verb in ALL {
            for option in verb.options() {
                let value = values.iter().find(|(name, _)| *name == option.name);
                let value = value.map_or("some", |(_, value)| value);
                Request::parse(*verb, [(option.name, value)]).unwrap();
            }
        }
    }

    #[test]
    fn json_means_what_text_means() {
        let json = r#"{"columns": ["sku", "price"], "limit": 3, "dry_run": true, "mode": null}"#;
        let request = parse_json(Verb::Load, json).unwrap();
        assert_eq!(request.read.columns.unwrap(), ["sku", "price"]);
        assert_eq!(request.read.limit, Some(3));
        assert!(request.load.dry_run && request.load.mode.is_none());
        let request = parse_json(Verb::Convert, r#"{"types": {"sku": "text"}}"#).unwrap();
        assert_eq!(request.read.types[0].0, "sku");
        for wrong in ["", "[]", r#"{"columns": [["sku"]]}"#] {
            let error = parse_json(Verb::Load, wrong).unwrap_err();
            assert_eq!(error.code(), "usage/options", "{wrong}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (verb, pairs) in [
            (Verb::Inspect, &[("sheet", "A")][..]),
            (Verb::Validate, &[("dry_run", "true")]),
            (Verb::Convert, &[("target", "sqlite:a.db")]),
            (Verb::Load, &[("limit", "-1")]),
            (Verb::Load, &[("limit", "1"), ("limit", "2")]),
            (Verb::Load, &[("dry_run", "perhaps")]),
            (Verb::Load, &[("mode", "merge")]),
            (Verb::Load, &[("missing", "drop")]),
            (Verb::Load, &[("max_missing", "half")]),
        ] {
            let error = Request::parse(verb, pairs.iter().copied()).unwrap_err();
            assert_eq!(error.class(), ErrorClass::Caller, "{pairs:?}: {error}");
        }
    }
}
