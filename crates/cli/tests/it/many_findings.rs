//! Every cell of a sheet breaks a rule: totals are exact, no report loses a finding, and memory does not grow with their number.
//!
//! The small sheet is checked in every run. The large one has a million rows, so that its NDJSON takes some 6 GB of disk (`TMPDIR`),
//! and is held to the memory that `docs/performance.md` and `docs/reports.md` publish:
//!
//! ```console
//! cargo build --release -p sheetlift-cli
//! SHEETLIFT_BIN=target/release/sheetlift cargo test -p sheetlift-cli --test it many_findings -- --include-ignored
//! ```
#![cfg(target_os = "linux")] // memory of a process is read from /proc

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::common::process::{self, Taken};
use arrow_array::{Array as _, cast::AsArray as _, types::UInt64Type};
use parquet::{
    arrow::arrow_reader::ParquetRecordBatchReaderBuilder,
    file::reader::{FileReader as _, SerializedFileReader},
};
use serde_json::Value;
use sheetlift_fixtures::{bench, inventory::FIELDS};
use tempfile::TempDir;

/// What the reports of any number of findings may take of memory, for a sheet of a million rows and twelve columns.
const MAX_KIB: u64 = 400 << 10;
const MANY_ROWS: u32 = 1_000_000;
/// Several batches of each table: 60,000 findings, which a binary that is not optimised writes four
/// times in some seconds.
const SOME_ROWS: u32 = 5_000;
/// Findings that a JSON report lists.
const LISTED: u64 = 100_000;

/// No cell is good, and none breaks two rules: what is not there breaks `required`, and nothing else.
const CONTRACT: &str = "
fields:
- {name: sku, constraints: {required: true, pattern: zzz}}
- {name: name, constraints: {required: true, pattern: zzz}}
- {name: category, constraints: {required: true, enum: [zzz]}}
- {name: supplier, constraints: {required: true, maxLength: 1}}
- {name: price, type: number, constraints: {required: true, minimum: 1000000000}}
- {name: cost, type: number, constraints: {required: true, minimum: 1000000000}}
- {name: quantity, type: integer, constraints: {required: true, minimum: 1000000000}}
- {name: reorder_level, type: integer, constraints: {required: true, minimum: 1000000000}}
- {name: active, type: integer, constraints: {required: true}}
- {name: received, type: date, constraints: {required: true, minimum: 2999-01-01}}
- {name: updated_at, type: datetime, constraints: {required: true, minimum: '2999-01-01T00:00:00'}}
- {name: ean, constraints: {required: true, pattern: zzz}}
";

#[test]
fn no_report_loses_a_finding() {
    let desk = Desk::new(SOME_ROWS);
    desk.validate(&["r.json", "r.ndjson", "r.csv", "r.parquet"]);
    let report = desk.json();
    let counts = exact(&report, SOME_ROWS);
    let all = u64::from(SOME_ROWS) * FIELDS.len() as u64;

    let lines = lines(&desk.path("r.ndjson"));
    assert_eq!(lines.len() as u64, all);
    let listed = report["findings"].as_array().unwrap();
    assert_eq!(listed.len(), lines.len());
    for ((seq, finding), line) in (1..).zip(listed).zip(&lines) {
        let found = Found {
            seq: Some(seq),
            ..Found::of_json(finding)
        };
        assert!(found == *line, "{found:?} is not {line:?}");
    }
    let mut by_code = BTreeMap::new();
    for line in &lines {
        *by_code.entry(line.code.clone()).or_insert(0_u64) += 1;
    }
    assert_eq!(by_code, counts);
    // In the order of the sheet, each cell once.
    assert!((1..=all).eq(lines.iter().filter_map(|line| line.seq)));
    let cells = (2..SOME_ROWS + 2).flat_map(|row| ('A'..='L').map(move |c| format!("{c}{row}")));
    assert!(cells.eq(lines.iter().map(|line| line.cell.clone())));

    assert!(records(&desk.path("r.csv")) == lines, "CSV");
    assert!(rows(&desk.path("r.parquet")) == lines, "Parquet");
}

#[test]
#[ignore = "takes minutes where the binary is not optimised, and 6 GB of disk"]
fn twelve_million_findings_take_the_memory_that_is_published() {
    let desk = Desk::new(MANY_ROWS);
    let all = u64::from(MANY_ROWS) * FIELDS.len() as u64;
    let mut peaks = Vec::new();
    for name in ["r.json", "r.parquet", "r.ndjson", "r.csv"] {
        let taken = desk.validate(&[name]);
        println!("{name}: {taken:?}");
        let path = desk.path(name);
        match name {
            "r.json" => drop(exact(&desk.json(), MANY_ROWS)),
            "r.parquet" => {
                let file = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
                assert_eq!(
                    file.metadata().file_metadata().num_rows(),
                    i64::try_from(all).unwrap()
                );
            }
            "r.ndjson" => {
                assert_eq!(count_lines(&path), all);
                let last = Found::of_json(&last_line(&path));
                assert_eq!(
                    (last.seq, last.cell),
                    (Some(all), format!("L{}", MANY_ROWS + 1))
                );
            }
            _ => {
                let mut reader = csv::Reader::from_path(&path).unwrap();
                let mut record = csv::ByteRecord::new();
                let mut records = 0;
                while reader.read_byte_record(&mut record).unwrap() {
                    records += 1;
                }
                assert_eq!(records, all);
            }
        }
        fs::remove_file(path).unwrap();
        peaks.push((name, taken.peak_kib));
    }
    let are_small = peaks.iter().all(|(_, peak)| *peak <= MAX_KIB);
    assert!(are_small, "{MAX_KIB} KiB is published: {peaks:?}");
}

/// A directory with the sheet and the contract.
struct Desk(TempDir);

impl Desk {
    fn new(rows: u32) -> Desk {
        let desk = Desk(tempfile::tempdir().unwrap());
        bench::inventory(&desk.path("many.xlsx"), rows).unwrap();
        fs::write(desk.path("many.yaml"), CONTRACT).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Validates with these reports: the rows are bad, and that is all that is wrong.
    fn validate(&self, reports: &[&str]) -> Taken {
        let mut command = Command::new(process::binary());
        command.args(["validate", "many.xlsx", "--contract", "many.yaml"]);
        for report in reports {
            command.args(["--report", report]);
        }
        let mut child = command
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(self.path("stderr")).unwrap())
            .spawn()
            .unwrap();
        let too_large = |taken: Taken| (taken.peak_kib > 4 * MAX_KIB).then_some(taken);
        let (taken, status) = process::watch(&mut child, too_large);
        let said = fs::read_to_string(self.path("stderr")).unwrap();
        let status = status.unwrap_or_else(|taken| panic!("takes too much memory: {taken:?}"));
        assert_eq!(status.code(), Some(1), "{said}");
        taken
    }

    fn json(&self) -> Value {
        serde_json::from_reader(BufReader::new(File::open(self.path("r.json")).unwrap())).unwrap()
    }
}

/// What is the same in every report; the number is only where all findings are.
#[derive(Debug, PartialEq)]
struct Found {
    seq: Option<u64>,
    code: String,
    cell: String,
    value: Option<String>,
}

impl Found {
    fn of_json(finding: &Value) -> Found {
        let text = |name: &str| finding[name].as_str().map(str::to_owned);
        Found {
            seq: finding["seq"].as_u64(),
            code: text("code").unwrap(),
            cell: text("cell").unwrap(),
            value: text("value"),
        }
    }
}

/// The totals of a report on so many rows are those that they have to be; gives them by code.
fn exact(report: &Value, rows: u32) -> BTreeMap<String, u64> {
    let all = u64::from(rows) * FIELDS.len() as u64;
    let counts = &report["counts"];
    let levels = ["errors", "warnings", "infos"].map(|level| counts[level].as_u64().unwrap());
    assert_eq!(levels, [all, 0, 0]);
    assert_eq!(
        (&report["rows"]["read"], &report["rows"]["rejected"]),
        (&rows.into(), &rows.into())
    );
    for field in FIELDS {
        assert_eq!(counts["by_field"][field], rows, "{field}");
    }
    let listed = report["findings"].as_array().unwrap().len() as u64;
    assert_eq!(listed, all.min(LISTED));
    assert_eq!(report["findings_omitted"], all - listed);
    let by_code = counts["by_code"].as_object().unwrap().iter();
    let by_code: BTreeMap<String, u64> = by_code
        .map(|(code, count)| (code.clone(), count.as_u64().unwrap()))
        .collect();
    assert_eq!(by_code.values().sum::<u64>(), all);
    by_code
}

fn lines(path: &Path) -> Vec<Found> {
    let lines = BufReader::new(File::open(path).unwrap()).lines();
    lines
        .map(|line| Found::of_json(&serde_json::from_str(&line.unwrap()).unwrap()))
        .collect()
}

fn records(path: &Path) -> Vec<Found> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let place = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (seq, code, cell, value) = (place("seq"), place("code"), place("cell"), place("value"));
    let records = reader.records().map(|record| {
        let record = record.unwrap();
        Found {
            seq: record[seq].parse().ok(),
            code: record[code].to_owned(),
            cell: record[cell].to_owned(),
            value: Some(record[value].to_owned()).filter(|value| !value.is_empty()),
        }
    });
    records.collect()
}

fn rows(path: &Path) -> Vec<Found> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let mut found = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let texts = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>();
        let (code, cell, value) = (texts("code"), texts("cell"), texts("value"));
        let seq = batch
            .column_by_name("seq")
            .unwrap()
            .as_primitive::<UInt64Type>();
        found.extend((0..batch.num_rows()).map(|row| Found {
            seq: Some(seq.value(row)),
            code: code.value(row).to_owned(),
            cell: cell.value(row).to_owned(),
            value: value.is_valid(row).then(|| value.value(row).to_owned()),
        }));
    }
    found
}

fn count_lines(path: &Path) -> u64 {
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path).unwrap());
    let (mut lines, mut line) = (0, Vec::new());
    while reader.read_until(b'\n', &mut line).unwrap() > 0 {
        lines += 1;
        line.clear();
    }
    lines
}

fn last_line(path: &Path) -> Value {
    let mut file = File::open(path).unwrap();
    let length = file.metadata().unwrap().len();
    file.seek(SeekFrom::Start(length.saturating_sub(8 << 10)))
        .unwrap();
    let mut end = Vec::new();
    file.read_to_end(&mut end).unwrap();
    let end = end.strip_suffix(b"\n").unwrap();
    serde_json::from_slice(end.rsplit(|byte| *byte == b'\n').next().unwrap()).unwrap()
}
