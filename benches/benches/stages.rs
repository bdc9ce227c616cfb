//! The stages of a read, each alone on one thread: `cargo bench -p sheetlift-benches --bench stages`.
//!
//! Every measurement checks what the stage produced.

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sheetlift::{Job, StageTimes};
use sheetlift_fixtures::bench::{inline, inventory, numeric};

/// Rows of each file: large enough for full-size chunks, small enough for many rounds.
const ROWS: u32 = 50_000;

type Stage = (&'static str, fn(&StageTimes) -> Duration);

fn stages(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for (name, cells) in [("inventory", 12), ("numeric", 20), ("inline", 12)] {
        let path = folder.path().join(name);
        match name {
            "inventory" => inventory(&path, ROWS),
            "numeric" => numeric(&path, ROWS, 20),
            _ => inline(&path, ROWS, 12),
        }
        .expect("a file");
        let job = Job::from_path(&path).expect("a workbook");
        let run = || {
            let times = job.stage_times().expect("a good file");
            // Empty cells at the end of a column are not kept.
            let all = u64::from(ROWS) * cells;
            assert!(
                (all * 9 / 10..=all).contains(&times.cells),
                "{}",
                times.cells
            );
            times
        };
        let stages: [Stage; 4] = [
            ("inflate", |times| times.inflate),
            ("scan", |times| times.scan),
            ("strings", |times| times.strings),
            ("columns", |times| times.columns),
        ];
        let bytes = run().sheet_bytes;
        let mut group = criterion.benchmark_group(name);
        group.sample_size(20).throughput(Throughput::Bytes(bytes));
        for (stage, time) in stages {
            group.bench_function(stage, |bencher| {
                bencher.iter_custom(|rounds| (0..rounds).map(|_| time(&run())).sum());
            });
        }
        group.finish();
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
