//! Findings as lines and as tables: the same record in each, joined to groups and to the import.

use std::collections::{BTreeMap, HashSet};

use crate::common::{Lines, dirty, sink};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value, json};
use sheetlift::{FindingGroup, Format, LoadOptions, Report};

/// Columns of a table of findings, in their order.
const COLUMNS: [&str; 18] = [
    "import_id",
    "seq",
    "level",
    "code",
    "rule",
    "sheet",
    "cell",
    "address",
    "row",
    "column",
    "field",
    "row_key",
    "value",
    "expected",
    "message",
    "suggestion",
    "score",
    "group",
];

fn written(report: &Report, format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    report.write_findings(format, &mut out).unwrap();
    out
}

fn lines(report: &Report) -> Vec<Map<String, Value>> {
    let text = String::from_utf8(written(report, Format::NdJson)).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

#[test]
fn lines_csv_and_parquet_have_the_same_record() {
    let report = dirty().with_all_findings_kept(true).validate().unwrap();
    let lines = lines(&report);
    assert_eq!(lines.len() as u64, report.counts.errors);
    for (at, line) in (1..).zip(&lines) {
        let names: HashSet<&str> = line.keys().map(String::as_str).collect();
        assert_eq!(names, HashSet::from(COLUMNS));
        assert_eq!(
            (&line["seq"], &line["import_id"]),
            (&json!(at), &Value::Null)
        );
    }

    let csv = written(&report, Format::Csv);
    let mut csv = csv::Reader::from_reader(&csv[..]);
    assert_eq!(csv.headers().unwrap(), COLUMNS.as_slice());
    let records: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), lines.len());
    for (record, line) in records.iter().zip(&lines) {
        for (name, cell) in COLUMNS.iter().zip(record) {
            let shown = match &line[*name] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(cell, shown, "{name}");
        }
    }

    let parquet = written(&report, Format::Parquet(Default::default()));
    let parquet = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(parquet)).unwrap();
    let names: Vec<&str> = parquet
        .schema()
        .fields()
        .iter()
        .map(|f| &**f.name())
        .collect();
    assert_eq!(names, COLUMNS);
    let mut rows = arrow_json::LineDelimitedWriter::new(Vec::new());
    for batch in parquet.build().unwrap() {
        rows.write(&batch.unwrap()).unwrap();
    }
    rows.finish().unwrap();
    let rows = String::from_utf8(rows.into_inner()).unwrap();
    let rows: Vec<Map<String, Value>> = rows
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), lines.len());
    for (mut row, line) in rows.into_iter().zip(lines) {
        // Arrow leaves out what is null.
        for name in COLUMNS {
            row.entry(name).or_insert(Value::Null);
        }
        assert_eq!(row, line);
    }
}

#[test]
fn every_finding_names_the_group_of_its_repair() {
    let report = dirty().with_all_findings_kept(true).validate().unwrap();
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    for line in lines(&report) {
        *counted
            .entry(line["group"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    let groups = report.groups.iter();
    let groups: BTreeMap<String, u64> = groups
        .map(|group| (group.id.clone(), group.count))
        .collect();
    assert_eq!(counted, groups);
    for (finding, listed) in report
        .findings
        .iter()
        .zip(report.to_json()["findings"].as_array().unwrap())
    {
        assert_eq!(listed["group"], FindingGroup::id_of(finding));
    }
}

#[test]
fn findings_of_a_load_name_the_import() {
    let (_dir, sink) = sink();
    let streamed = Lines::default();
    let report = dirty()
        .with_all_findings_kept(true)
        .with_findings_to(streamed.clone())
        .load(&*sink, &LoadOptions::default().with_create_table(true))
        .unwrap();
    let import = report.load.as_ref().unwrap().import_id.as_str();
    let lines = lines(&report);
    assert!(lines.iter().all(|line| line["import_id"] == import));
    // What is written as it is found is the same.
    let lines: Vec<Value> = lines.into_iter().map(Value::Object).collect();
    assert_eq!(streamed.json(), lines);

    let csv = written(&report, Format::Csv);
    let mut csv = csv::Reader::from_reader(&csv[..]);
    assert!(csv.records().all(|record| &record.unwrap()[0] == import));
}

#[test]
fn the_documentation_names_every_column_in_its_order() {
    let doc = include_str!("../../../../docs/reports.md");
    let table = doc.split("## A finding").nth(1).unwrap();
    let table = table.split("\n\nIn `report.json`").next().unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let names = rows.flat_map(|row| row.split(" | ").next().unwrap().split(", "));
    let names: Vec<&str> = names.map(|name| name.trim_matches('`')).collect();
    assert_eq!(names, COLUMNS);
}
