//! `sheetlift convert`

use std::{io, path::PathBuf, time::Instant};

use sheetlift::{Converted, Error, Format, Job, Limits, Result, convert_many};

use crate::{
    args::ConvertArgs,
    exit::Status,
    interrupt,
    numbers::{bytes, count, grouped},
    output::{Output, is_stdout, keep_apart, note},
    progress::ProgressLine,
    read,
    reports::{self, Reports},
    summary,
};

pub(crate) fn run(args: &ConvertArgs, limits: &Limits) -> Result<Status> {
    let started = Instant::now();
    let format = format(args)?;
    let read = || {
        args.files
            .iter()
            .chain(&args.contract)
            .map(PathBuf::as_path)
    };
    keep_apart([&*args.output], read())?;
    keep_apart(reports::paths(&args.report), read().chain([&*args.output]))?;
    let mut jobs = jobs(args, limits)?;
    if is_stdout(&args.output) && args.report.iter().any(|path| is_stdout(path)) {
        let error = "the rows and the report cannot both go to standard output";
        return Err(Error::usage("usage/report", error).with_hint("write one of them to a file"));
    }
    let reports = Reports::create(&args.report)?;
    let (first, line) = ProgressLine::watch(reports.attach(jobs[0].clone())?, "reading");
    jobs[0] = first;
    if is_stdout(&args.output) {
        let done = convert(&jobs, args, format, io::stdout())?;
        drop(line);
        return finish(&done, reports);
    }
    let output = Output::create(&args.output)?;
    let done = convert(&jobs, args, format, output.writer()?)?;
    output.publish()?;
    drop(line);
    note(&format!(
        "{}: {}, {}, {} in {:.2} s",
        args.output.display(),
        count(done.rows, "row"),
        count(done.schema.fields().len() as u64, "column"),
        bytes(done.bytes),
        started.elapsed().as_secs_f64()
    ));
    finish(&done, reports)
}

/// One job for each sheet; there is at least one.
fn jobs(args: &ConvertArgs, limits: &Limits) -> Result<Vec<Job>> {
    let mut jobs = Vec::with_capacity(args.files.len());
    for file in &args.files {
        let job = match &args.contract {
            Some(contract) => read::job_with_contract(
                file,
                contract,
                args.resource.as_deref(),
                &args.read.open,
                limits,
                interrupt::token(),
            )?,
            None => read::job(file, &args.read.open, limits, interrupt::token())?,
        };
        let options = args.read.options(&job)?;
        if args.all_sheets {
            for sheet in read::visible_sheets(&job)? {
                let options = options.clone().with_sheet(sheet);
                jobs.push(job.clone().with_read(options));
            }
        } else {
            jobs.push(job.with_read(options));
        }
    }
    if jobs.is_empty() {
        return Err(
            Error::usage("sheet/none", "there is no visible sheet of cells")
                .with_hint("name one with --sheet; `sheetlift inspect` lists them"),
        );
    }
    Ok(jobs)
}

fn convert(
    jobs: &[Job],
    args: &ConvertArgs,
    format: Format,
    out: impl io::Write + Send,
) -> Result<Converted> {
    match jobs {
        [job] if !args.with_source => job.convert(format, out),
        jobs => convert_many(jobs, args.with_source, format, out),
    }
}

/// Says what is not in the output, and gives the status.
fn finish(done: &Converted, reports: Reports) -> Result<Status> {
    warn(done);
    let Some(report) = &done.report else {
        return Ok(Status::Clean);
    };
    reports.write(report)?;
    summary::note_rejected(report);
    Ok(Status::of(report))
}

/// A pipe gets Arrow as a stream, a file gets it as a file.
fn format(args: &ConvertArgs) -> Result<Format> {
    let format = match &args.format {
        Some(format) => format.parse()?,
        None if is_stdout(&args.output) => {
            return Err(Error::usage(
                "usage/format",
                "standard output has no name that tells the format",
            )
            .with_hint("add --format parquet, arrow, csv or ndjson"));
        }
        None => Format::from_extension(&args.output)?,
    };
    match format {
        Format::ArrowFile if is_stdout(&args.output) => Ok(Format::ArrowStream),
        format => Ok(format),
    }
}

fn warn(done: &Converted) {
    if done.error_cells > 0 {
        note(&format!(
            "warning: {} (#N/A, #DIV/0!, ...) became null",
            match done.error_cells {
                1 => "1 error cell".to_owned(),
                cells => format!("{} error cells", grouped(cells)),
            }
        ));
    }
}
