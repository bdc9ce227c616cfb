//! `sheetlift validate`

use sheetlift::{Limits, Result};

use crate::{
    args::ValidateArgs,
    exit::Status,
    interrupt,
    output::keep_apart,
    progress::ProgressLine,
    read,
    reports::{self, Reports},
    summary,
};

pub(crate) fn run(args: &ValidateArgs, limits: &Limits) -> Result<Status> {
    keep_apart(reports::paths(&args.report), [&*args.file, &*args.contract])?;
    let job = read::job_with_contract(
        &args.file,
        &args.contract,
        args.resource.as_deref(),
        &args.open,
        limits,
        interrupt::token(),
    )?;
    let files = Reports::create(&args.report)?;
    let (job, line) = ProgressLine::watch(files.attach(job)?, "checking");
    let report = job.validate()?;
    drop(line);
    files.write(&report)?;
    summary::print(&report, &args.report)?;
    Ok(Status::of(&report))
}
