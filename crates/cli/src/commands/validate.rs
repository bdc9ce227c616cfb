//! `sheetlift validate`

use sheetlift::{Limits, Result};

use crate::{
    args::ValidateArgs,
    exit::Status,
    interrupt,
    output::keep_apart,
    progress::ProgressLine,
    read,
    summary::{self, ReportFile},
};

pub(crate) fn run(args: &ValidateArgs, limits: &Limits) -> Result<Status> {
    keep_apart(args.report.as_deref(), [&*args.file, &*args.contract])?;
    let job = read::job_with_contract(
        &args.file,
        &args.contract,
        args.resource.as_deref(),
        &args.open,
        limits,
        interrupt::token(),
    )?;
    let file = ReportFile::create(args.report.as_deref())?;
    let (job, line) = ProgressLine::watch(file.attach(job)?, "checking");
    let report = job.validate()?;
    drop(line);
    file.write(&report)?;
    summary::print(&report, args.report.as_deref())?;
    Ok(Status::of(&report))
}
