//! Options of a request: the words of the command line, in the query or in a part of the form.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use sheetlift::{
    CellRange, Format, Job, LoadOptions, ReadOptions, Result, parse_columns, parse_header,
    parse_strings, parse_types,
};
use utoipa::{IntoParams, openapi::path::Parameter};

use crate::problem::Problem;

const DEFAULT_FINDINGS: usize = 1_000;

/// How the file is called.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FileWords {
    /// Name of the file, for messages and reports; the name in the form wins.
    pub(crate) filename: Option<String>,
}

/// How to inspect.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct InspectWords {
    /// Read every row, to count them and to know the types for certain.
    pub(crate) full: bool,
}

/// What to read, and as what.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReadWords {
    /// Sheet, by name or by its place counted from 1.
    sheet: Option<String>,
    /// Cells: `B2:F100`, `B:F`, `2:100`, or `B2:` to the end.
    range: Option<String>,
    /// Columns, by name or letter, separated by commas.
    columns: Option<String>,
    /// Rows to read at most.
    limit: Option<u64>,
    /// Where the names of the columns are: `first`, `none`, or a row number.
    header: Option<String>,
}

/// How cells are represented.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConvertWords {
    /// Format of the result: `parquet`, `arrow`, `arrows`, `csv` or `ndjson`. Without it `Accept` decides.
    pub(crate) format: Option<String>,
    /// Types of columns: `sku=text,qty=int`; bool, int, float, date, timestamp, time, duration, text.
    types: Option<String>,
    /// How texts are represented in Arrow and Parquet: `view`, `utf8` or `dictionary`.
    strings: Option<String>,
}

/// What rows are held to.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ContractWords {
    /// Name of a contract that the service has; one that is sent with the file needs no name.
    pub(crate) contract: Option<String>,
    /// Findings to list in the report; the others are counted. Default 1,000.
    max_findings: Option<usize>,
}

/// How to load.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct LoadWords {
    /// Target table; default what the contract says.
    table: Option<String>,
    /// How rows meet those that are there: `insert`, `insert_missing` or `upsert`; default what the contract says.
    mode: Option<String>,
    /// Do everything but keep nothing: the numbers are those of a real load.
    dry_run: bool,
}

/// What is asked of the file; decides which words are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Inspect,
    Convert,
    Validate,
    Load,
}

/// All words of a request.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) file: FileWords,
    pub(crate) inspect: InspectWords,
    pub(crate) read: ReadWords,
    pub(crate) convert: ConvertWords,
    pub(crate) contract: ContractWords,
    pub(crate) load: LoadWords,
}

/// Pairs of a query.
pub(crate) type Pairs = Vec<(String, String)>;

impl Verb {
    /// The words it understands, as they are documented.
    fn parameters(self) -> Vec<Parameter> {
        let query = || None;
        let mut known = FileWords::into_params(query);
        if self == Verb::Inspect {
            known.extend(InspectWords::into_params(query));
        } else {
            known.extend(ReadWords::into_params(query));
            known.extend(ContractWords::into_params(query));
        }
        match self {
            Verb::Convert => known.extend(ConvertWords::into_params(query)),
            Verb::Load => known.extend(LoadWords::into_params(query)),
            Verb::Inspect | Verb::Validate => {}
        }
        known
    }
}

impl Words {
    pub(crate) fn parse(verb: Verb, pairs: &Pairs) -> Result<Words, Problem> {
        let known: Vec<String> = verb
            .parameters()
            .into_iter()
            .map(|known| known.name)
            .collect();
        if let Some((word, _)) = pairs.iter().find(|(word, _)| !known.contains(word)) {
            let detail = format!("there is no option {word:?} here");
            return Err(Problem::bad_request("usage/option", detail)
                .with_hint(format!("the options are {}", known.join(", "))));
        }
        let query = serde_urlencoded::to_string(pairs).map_err(Problem::defect)?;
        Ok(Words {
            file: group(&query)?,
            inspect: group(&query)?,
            read: group(&query)?,
            convert: group(&query)?,
            contract: group(&query)?,
            load: group(&query)?,
        })
    }

    pub(crate) fn read_options(&self, job: &Job, threads: usize) -> Result<ReadOptions> {
        let (read, convert) = (&self.read, &self.convert);
        let mut options = ReadOptions::default().with_threads(threads);
        options.limit = read.limit;
        options.range = read.range.as_deref().map(CellRange::parse).transpose()?;
        options.columns = read.columns.as_deref().map(parse_columns).transpose()?;
        if let Some(header) = &read.header {
            options.header = parse_header(header)?;
        }
        if let Some(types) = &convert.types {
            options.types = parse_types(types)?;
        }
        if let Some(strings) = &convert.strings {
            options.text = parse_strings(strings)?;
        }
        if let Some(sheet) = &read.sheet {
            options.sheet = job.sheet_called(sheet)?;
        }
        Ok(options)
    }

    pub(crate) fn load_options(&self) -> Result<LoadOptions> {
        let mut options = LoadOptions::default().with_dry_run(self.load.dry_run);
        options.table.clone_from(&self.load.table);
        options.mode = self.load.mode.as_deref().map(str::parse).transpose()?;
        Ok(options)
    }

    pub(crate) fn max_findings(&self, most: usize) -> usize {
        self.contract
            .max_findings
            .unwrap_or(DEFAULT_FINDINGS)
            .min(most)
    }

    /// The format that was asked for by name, or the first one among those that are accepted.
    pub(crate) fn format(&self, accept: Option<&str>) -> Result<Format, Problem> {
        if let Some(name) = &self.convert.format {
            return Ok(name.parse::<Format>()?);
        }
        let known = ["parquet", "arrow", "arrows", "csv", "ndjson"];
        let known: Vec<Format> = known
            .into_iter()
            .filter_map(|name| name.parse().ok())
            .collect();
        let essence = |media: &str| {
            media
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase()
        };
        let accept = accept.unwrap_or("*/*");
        for wanted in accept.split(',').map(essence) {
            let is_wanted = |format: &&Format| {
                let media = essence(format.media_type());
                wanted == "*/*"
                    || wanted == media
                    || media.starts_with(wanted.strip_suffix('*').unwrap_or("-"))
            };
            if let Some(format) = known.iter().find(is_wanted) {
                return Ok(*format);
            }
        }
        let media: Vec<String> = known
            .iter()
            .map(|format| essence(format.media_type()))
            .collect();
        let status = axum::http::StatusCode::NOT_ACCEPTABLE;
        Err(Problem::new(
            status,
            "usage/format",
            format!("there is no format for {accept:?}"),
        )
        .with_hint(format!(
            "accept one of {}, or ask for ?format=",
            media.join(", ")
        )))
    }
}

/// Pairs of the query.
pub(crate) fn from_query(query: Option<&str>) -> Result<Pairs, Problem> {
    serde_urlencoded::from_str(query.unwrap_or_default()).map_err(|error| {
        Problem::bad_request("usage/query", format!("the query cannot be read: {error}"))
    })
}

/// Pairs of a JSON object: numbers and lists as they would stand in the query.
pub(crate) fn from_json(text: &str) -> Result<Pairs, Problem> {
    let refuse = |why: String| {
        Problem::bad_request(
            "usage/options",
            format!("the part `options` cannot be read: {why}"),
        )
        .with_hint(r#"write a JSON object such as {"sheet": "Items", "columns": ["sku", "price"]}"#)
    };
    let object: serde_json::Map<String, Value> =
        serde_json::from_str(text).map_err(|error| refuse(error.to_string()))?;
    let mut pairs = Pairs::new();
    for (key, value) in object {
        let value = match &value {
            Value::Null => continue,
            Value::Array(values) => values
                .iter()
                .map(scalar)
                .collect::<Option<Vec<_>>>()
                .map(|words| words.join(",")),
            Value::Object(values) => {
                let pair = |(key, value)| Some(format!("{key}={}", scalar(value)?));
                values
                    .iter()
                    .map(pair)
                    .collect::<Option<Vec<_>>>()
                    .map(|words| words.join(","))
            }
            value => scalar(value),
        };
        let value = value.ok_or_else(|| refuse(format!("{key} is nested too deep")))?;
        pairs.push((key, value));
    }
    Ok(pairs)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

fn group<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    serde_urlencoded::from_str(query).map_err(|error| {
        Problem::bad_request("usage/option", format!("an option cannot be read: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(verb: Verb, query: &str) -> Result<Words, Problem> {
        Words::parse(verb, &from_query(Some(query))?)
    }

    #[test]
    fn words_mean_the_same_in_a_query_and_in_json() {
        let query = from_query(Some(
            "sheet=A%20%26%20B&columns=sku,price&limit=3&dry_run=true",
        ))
        .unwrap();
        let json = r#"{"sheet": "A & B", "columns": ["sku", "price"], "limit": 3, "dry_run": true, "mode": null}"#;
        assert_eq!(from_json(json).unwrap(), query);
        let words = Words::parse(Verb::Load, &query).unwrap();
        assert_eq!(words.read.limit, Some(3));
        assert!(words.load_options().unwrap().dry_run);
        assert_eq!(
            from_json(r#"{"types": {"sku": "text"}}"#).unwrap()[0].1,
            "sku=text"
        );
        for wrong in ["", "[]", r#"{"columns": [["sku"]]}"#] {
            assert!(from_json(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn unknown_words_are_refused() {
        for (verb, query) in [
            (Verb::Inspect, "sheet=A"),
            (Verb::Validate, "dry_run=true"),
            (Verb::Convert, "target=sqlite:a.db"),
            (Verb::Load, "limit=-1"),
            (Verb::Load, "limit=1&limit=2"),
            (Verb::Load, "dry_run=perhaps"),
        ] {
            assert!(words(verb, query).is_err(), "{query}");
        }
    }

    #[test]
    fn accept_chooses_the_format() {
        let format = |query: &str, accept| {
            words(Verb::Convert, query)
                .unwrap()
                .format(accept)
                .map(|format| format.to_string())
                .ok()
        };
        let is = |name: &str| Some(name.to_owned());
        assert_eq!(format("", None), is("parquet"));
        assert_eq!(format("", Some("*/*")), is("parquet"));
        assert_eq!(format("", Some("text/csv;q=0.9")), is("csv"));
        assert_eq!(format("", Some("text/html, text/*")), is("csv"));
        assert_eq!(
            format("", Some("application/vnd.apache.arrow.stream")),
            is("arrows")
        );
        assert_eq!(format("", Some("image/png")), None);
        assert_eq!(format("format=ndjson", Some("text/csv")), is("ndjson"));
        assert_eq!(format("format=xlsx", None), None);
    }
}
