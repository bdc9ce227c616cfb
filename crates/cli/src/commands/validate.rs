//! `sheetlift validate`

use sheetlift::{Limits, Result};

use crate::{
    annotated::AnnotatedFile,
    args::ValidateArgs,
    exit::Status,
    interrupt,
    output::keep_apart,
    progress::ProgressLine,
    read,
    rejects::Rejects,
    reports::{self, Reports},
    summary,
};

pub(crate) fn run(args: &ValidateArgs, limits: &Limits) -> Result<Status> {
    let written = reports::paths(&args.report).chain(args.rejects.as_deref());
    keep_apart(written, [&*args.file, &*args.contract])?;
    let files = Reports::create(&args.report)?;
    if args.compat.is_some() {
        files.need_json()?;
    }
    let rejects = args.rejects.as_deref().map(Rejects::create).transpose()?;
    let read = [&*args.file, &*args.contract];
    keep_apart(
        reports::paths(&args.report).chain(args.annotated.as_deref()),
        read,
    )?;
    let job = read::job_with_contract(
        &args.file,
        &args.contract,
        args.resource.as_deref(),
        &args.open,
        limits,
        interrupt::token(),
    )?;
    let mut job = files.attach(job)?;
    if let Some(rejects) = &rejects {
        job = rejects.attach(job);
    }
    let (job, line) = ProgressLine::watch(job, "checking");
    let report = job.validate()?;
    drop(line);
    match args.compat {
        Some(_) => files.write_as_frictionless(&report, &job)?,
        None => files.write(&report)?,
    }
    if let Some(rejects) = rejects {
        rejects.write(&job, &report)?;
    let files = Reports::create(&args.report)?;
    let copy = args.annotated.as_deref();
    let copy = copy
        .map(|path| AnnotatedFile::create(path, &job, &args.report))
        .transpose()?;
    let job = files.attach(job)?;
    let job = match copy {
        Some(_) => job.with_all_findings_kept(true),
        None => job,
    };
    files.write(&report)?;
    if let Some(copy) = copy {
        copy.write(&job, &report)?;
    }
    summary::print(&report, &args.report)?;
    Ok(Status::of(&report))
}
