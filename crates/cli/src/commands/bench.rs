//! `sheetlift bench`

use std::{fmt::Write, fs, time::Instant};

use serde_json::{Value, json};
use sheetlift::{Job, Limits, Result, StageTimes};

use crate::{
    args::BenchArgs,
    exit::Status,
    interrupt,
    numbers::{bytes, count, grouped},
    output::print,
    read,
};

/// One read of the file.
struct Run {
    seconds: f64,
    cpu_seconds: Option<f64>,
}

pub(crate) fn run(args: &BenchArgs, limits: &Limits) -> Result<Status> {
    let job = read::job(&args.file, &args.read.open, limits, interrupt::token())?;
    let options = args.read.options(&job)?;
    let job = job.with_read(options);
    let (mut runs, mut rows) = (Vec::new(), 0);
    for _ in 0..args.runs.max(1) {
        let (started, cpu) = (Instant::now(), cpu_seconds());
        rows = read_all(&job)?;
        runs.push(Run {
            seconds: started.elapsed().as_secs_f64(),
            cpu_seconds: cpu_seconds().zip(cpu).map(|(after, before)| after - before),
        });
    }
    let peak = peak_bytes(); // of the reads, not of the stages
    let stages = job.stage_times()?;
    runs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let file_bytes = job.source().bytes().len() as u64;
    let report = Measured {
        file: args.file.display().to_string(),
        file_bytes,
        rows,
        runs,
        peak,
        stages,
    };
    print(&if args.json {
        format!("{:#}\n", report.json())
    } else {
        report.text()
    })?;
    Ok(Status::Clean)
}

/// Every row as Arrow batches in memory; each batch is let go once the next one is there.
fn read_all(job: &Job) -> Result<u64> {
    let mut table = job.table()?;
    let mut rows = 0;
    while let Some(batch) = table.next_batch()? {
        rows += batch.num_rows() as u64;
    }
    Ok(rows)
}

struct Measured {
    file: String,
    file_bytes: u64,
    rows: u64,
    /// The fastest first.
    runs: Vec<Run>,
    peak: Option<u64>,
    stages: StageTimes,
}

impl Measured {
    fn median(&self) -> &Run {
        &self.runs[self.runs.len() / 2]
    }

    fn json(&self) -> Value {
        let run = |run: &Run| json!({"seconds": run.seconds, "cpu_seconds": run.cpu_seconds});
        let stages = &self.stages;
        json!({
            "file": self.file,
            "file_bytes": self.file_bytes,
            "rows": self.rows,
            "cells": stages.cells,
            "runs": self.runs.iter().map(run).collect::<Vec<_>>(),
            "median": run(self.median()),
            "peak_bytes": self.peak,
            "stages": {
                "inflate_seconds": stages.inflate.as_secs_f64(),
                "scan_seconds": stages.scan.as_secs_f64(),
                "strings_seconds": stages.strings.as_secs_f64(),
                "columns_seconds": stages.columns.as_secs_f64(),
            },
            "sheet_bytes": stages.sheet_bytes,
            "strings": stages.string_count,
        })
    }

    fn text(&self) -> String {
        let median = self.median();
        let per_second = |amount: u64| (amount as f64 / median.seconds) as u64;
        let mut out = String::new();
        let _ = writeln!(
            out,
            "{}  {}, {}, {} of sheet XML",
            self.file,
            bytes(self.file_bytes),
            count(self.rows, "row"),
            bytes(self.stages.sheet_bytes)
        );
        let _ = writeln!(
            out,
            "to Arrow    {:.3} s (median of {}, fastest {:.3} s), {} rows/s, {}/s of XML",
            median.seconds,
            self.runs.len(),
            self.runs[0].seconds,
            grouped(per_second(self.rows)),
            bytes(per_second(self.stages.sheet_bytes))
        );
        if let (Some(cpu), Some(peak)) = (median.cpu_seconds, self.peak) {
            let _ = writeln!(
                out,
                "cost        {cpu:.2} CPU seconds, {} at most",
                bytes(peak)
            );
        }
        let stages = &self.stages;
        let _ = writeln!(
            out,
            "one thread  inflate {:.3} s, scan {:.3} s, strings {:.3} s, columns {:.3} s",
            stages.inflate.as_secs_f64(),
            stages.scan.as_secs_f64(),
            stages.strings.as_secs_f64(),
            stages.columns.as_secs_f64()
        );
        out
    }
}

/// CPU time of this process, where the system tells it in a file (`proc(5)`: fields 14 and 15, in ticks of 10 ms).
fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let fields = stat.rsplit_once(')')?.1.split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).flat_map(str::parse).collect();
    Some(ticks.iter().sum::<f64>() / 100.0)
}

/// The most memory this process has held, likewise.
fn peak_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
