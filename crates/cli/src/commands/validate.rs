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
    let (rejects, copy) = (args.rejects.as_deref(), args.annotated.as_deref());
    let written = reports::paths(&args.report).chain(rejects).chain(copy);
    keep_apart(written, [&*args.file, &*args.contract])?;
    let files = Reports::create(&args.report)?;
    if args.compat.is_some() {
        files.need_json()?;
    }
    let rejects = rejects.map(Rejects::create).transpose()?;
    let job = read::job_with_contract(
        &args.file,
        &args.contract,
        args.resource.as_deref(),
        &args.open,
        limits,
        interrupt::token(),
    )?;
    rejects.iter().try_for_each(|rejects| rejects.check(&job))?;
    let copy = copy
        .map(|path| AnnotatedFile::create(path, &job, &args.report))
        .transpose()?;
    let mut job = files.attach(job)?;
    if rejects.is_some() || copy.is_some() {
        job = job.with_all_findings_kept(true);
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
    }
    if let Some(copy) = copy {
        copy.write(&job, &report)?;
    }
    summary::print(&report, &args.report)?;
    Ok(Status::of(&report))
}
