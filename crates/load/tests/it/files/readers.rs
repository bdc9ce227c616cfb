//! Reads what the sink wrote as others would: by the manifests, and with the readers of each format.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;

use arrow_array::{Array, RecordBatch, StringArray};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

pub(super) type Files = BTreeMap<String, Vec<u8>>;
pub(super) type Rows = Vec<Vec<Option<String>>>;

/// The manifests of a table with the paths of their folders, in the order of the commits.
pub(super) fn manifests(files: &Files, table: &str) -> Vec<(String, Value)> {
    let mut found: Vec<(String, Value)> = Vec::new();
    for (path, bytes) in files {
        if let Some((folder, name)) = path.split_once("/_sheetlift/")
            && name.ends_with(".json")
        {
            let manifest: Value = serde_json::from_slice(bytes).unwrap();
            assert_eq!(manifest["format_version"], 1);
            if manifest["table"] == table {
                found.push((folder.to_owned(), manifest));
            }
        }
    }
    found.sort_by_key(|(_, manifest)| {
        manifest["committed_at"]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .unwrap()
    });
    found
}

/// The rows of a table, after every file of it has been compared with its manifest.
pub(super) fn rows(files: &Files, table: &str, columns: &[&str]) -> Rows {
    let mut all = Vec::new();
    for (folder, manifest) in manifests(files, table) {
        for part in manifest["parts"].as_array().unwrap() {
            let path = format!("{folder}/{}", part["path"].as_str().unwrap());
            let bytes = files
                .get(&path)
                .unwrap_or_else(|| panic!("{path} is missing in {:?}", files.keys()));
            assert_eq!(part["bytes"], bytes.len());
            assert_eq!(part["blake3"], blake3::hash(bytes).to_hex().as_str());
            let (names, rows) = decode(manifest["format"].as_str().unwrap(), bytes);
            assert_eq!(part["rows"], rows.len());
            let schema = manifest["schema"].as_array().unwrap().iter();
            let expected: Vec<&str> = schema
                .map(|column| column["name"].as_str().unwrap())
                .collect();
            assert_eq!(names, expected);
            let places = columns
                .iter()
                .map(|name| names.iter().position(|n| n == name).unwrap());
            let places: Vec<usize> = places.collect();
            all.extend(
                rows.iter()
                    .map(|row| places.iter().map(|&place| row[place].clone()).collect()),
            );
        }
    }
    all
}

/// The names and values of a file.
pub(super) fn decode(format: &str, bytes: &[u8]) -> (Vec<String>, Rows) {
    match format {
        "parquet" => {
            let reader =
                ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(bytes)).unwrap();
            batches(reader.build().unwrap().map(Result::unwrap))
        }
        "arrow" => {
            let reader = arrow_ipc::reader::FileReader::try_new(Cursor::new(bytes), None).unwrap();
            batches(reader.map(Result::unwrap))
        }
        "csv" => csv(bytes),
        "ndjson" => ndjson(bytes),
        other => panic!("unknown format {other}"),
    }
}

fn batches(batches: impl Iterator<Item = RecordBatch>) -> (Vec<String>, Rows) {
    let (mut names, mut rows) = (Vec::new(), Vec::new());
    let options = FormatOptions::default();
    for batch in batches {
        names = batch
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        let columns = batch
            .columns()
            .iter()
            .map(|array| (array, ArrayFormatter::try_new(array, &options).unwrap()));
        let columns: Vec<_> = columns.collect();
        for row in 0..batch.num_rows() {
            let cell = |(array, text): &(&Arc<dyn Array>, ArrayFormatter<'_>)| {
                (!array.is_null(row) && array.data_type() != &DataType::Null)
                    .then(|| text.value(row).to_string())
            };
            rows.push(columns.iter().map(cell).collect());
        }
    }
    (names, rows)
}

/// By hand, since readers of Arrow do not tell an empty text from none; apart from that they have to agree.
fn csv(bytes: &[u8]) -> (Vec<String>, Rows) {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.ends_with("\r\n"));
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), None::<String>);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                let value = field.get_or_insert_default();
                assert!(value.is_empty());
                loop {
                    match chars.next().expect("a quote is closed") {
                        '"' if chars.peek() == Some(&'"') => value.push(chars.next().unwrap()),
                        '"' => break,
                        c => value.push(c),
                    }
                }
            }
            ',' => record.push(field.take()),
            '\r' => {
                assert_eq!(chars.next(), Some('\n'));
                record.push(field.take());
                records.push(std::mem::take(&mut record));
            }
            c => field.get_or_insert_default().push(c),
        }
    }
    let names: Vec<String> = records.remove(0).into_iter().map(Option::unwrap).collect();
    assert_eq!(
        arrow_csv_rows(bytes, &names),
        records
            .iter()
            .map(|row| row
                .iter()
                .map(|cell| cell.clone().unwrap_or_default())
                .collect())
            .collect::<Vec<Vec<_>>>()
    );
    (names, records)
}

fn arrow_csv_rows(bytes: &[u8], names: &[String]) -> Vec<Vec<String>> {
    let fields = names
        .iter()
        .map(|name| Field::new(name, DataType::Utf8, true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let reader = arrow_csv::ReaderBuilder::new(schema)
        .with_header(true)
        .build(Cursor::new(bytes))
        .unwrap();
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch.unwrap();
        let columns: Vec<&StringArray> = batch
            .columns()
            .iter()
            .map(|array| array.as_any().downcast_ref().unwrap())
            .collect();
        let cell = |column: &&StringArray, row| {
            if column.is_null(row) {
                String::new()
            } else {
                column.value(row).to_owned()
            }
        };
        rows.extend(
            (0..batch.num_rows())
                .map(|row| columns.iter().map(|column| cell(column, row)).collect()),
        );
    }
    rows
}

fn ndjson(bytes: &[u8]) -> (Vec<String>, Rows) {
    let (mut names, mut rows) = (Vec::new(), Vec::new());
    for line in std::str::from_utf8(bytes).unwrap().split_terminator('\n') {
        let object: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
        names = object.keys().cloned().collect();
        let cell = |value: &Value| match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        rows.push(object.values().map(cell).collect());
    }
    (names, rows)
}
