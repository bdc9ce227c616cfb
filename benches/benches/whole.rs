//! Whole jobs on every core: `cargo bench -p sheetlift-benches --bench whole`.
//!
//! Every measurement checks its answer.

use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sheetlift::{Compression, Contract, Format, Job, ReadOptions};
use sheetlift_fixtures::bench;

const ROWS: u32 = 50_000;
const SMALL_FILES: u32 = 100;

fn rows_of(path: &Path, options: ReadOptions) -> usize {
    let job = Job::from_path(path).expect("a workbook").with_read(options);
    let table = job.table().and_then(|table| Ok(table.read_all()?));
    table.expect("a good file").num_rows()
}

fn reads(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("inventory.xlsx");
    bench::inventory(&path, ROWS).expect("a file");
    let mut group = criterion.benchmark_group("read");
    group
        .sample_size(20)
        .throughput(Throughput::Elements(u64::from(ROWS)));
    let two = || {
        let mut options = ReadOptions::default();
        options.columns = Some(vec!["sku".to_owned(), "price".to_owned()]);
        options
    };
    for (name, options, rows) in [
        ("all", ReadOptions::default(), ROWS as usize),
        (
            "one thread",
            ReadOptions::default().with_threads(1),
            ROWS as usize,
        ),
        ("2 of 12 columns", two(), ROWS as usize),
        ("10 rows", ReadOptions::default().with_limit(10), 10),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| assert_eq!(rows_of(&path, options.clone()), rows));
        });
    }
    group.finish();

    let small = folder.path().join("small");
    bench::small(&small, SMALL_FILES).expect("files");
    let files = small.read_dir().expect("a directory");
    let files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    let mut group = criterion.benchmark_group("small files");
    group.throughput(Throughput::Elements(u64::from(SMALL_FILES)));
    group.bench_function("one thread", |bencher| {
        bencher.iter(|| {
            for file in &files {
                let rows = rows_of(file, ReadOptions::default().with_threads(1));
                assert_eq!(rows, bench::SMALL_ROWS);
            }
        });
    });
    group.finish();
}

fn jobs(criterion: &mut Criterion) {
    let contract: Contract = include_str!("../contract.yaml")
        .parse()
        .expect("a contract");
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("inventory.xlsx");
    bench::inventory(&path, ROWS).expect("a file");
    let job = Job::from_path(&path).expect("a workbook");
    let checked = job.clone().with_contract(contract);
    let mut group = criterion.benchmark_group("job");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(u64::from(ROWS)));
    group.bench_function("validate", |bencher| {
        bencher.iter(|| {
            let report = checked.validate().expect("a good file");
            assert_eq!(report.rows.accepted, u64::from(ROWS));
        });
    });
    for format in [
        Format::ArrowFile,
        Format::Parquet(Compression::Zstd),
        Format::Csv,
    ] {
        group.bench_function(format!("convert to {format}"), |bencher| {
            bencher.iter(|| {
                let done = job.convert(format, std::io::sink()).expect("a good file");
                assert_eq!(done.rows, u64::from(ROWS));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, reads, jobs);
criterion_main!(benches);
