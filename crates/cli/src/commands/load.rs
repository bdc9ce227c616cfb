//! `sheetlift load`

use sheetlift::{Limits, LoadOptions, Result, connect};

use crate::{
    args::LoadArgs,
    exit::Status,
    interrupt,
    output::keep_apart,
    progress::ProgressLine,
    read,
    reports::{self, Reports},
    summary,
};

pub(crate) fn run(args: &LoadArgs, limits: &Limits) -> Result<Status> {
    keep_apart(reports::paths(&args.report), [&*args.file, &*args.contract])?;
    let job = read::job_with_contract(
        &args.file,
        &args.contract,
        args.resource.as_deref(),
        &args.open,
        limits,
        interrupt::token(),
    )?;
    let sink = connect(&args.to)?;
    let mut options = LoadOptions::default().with_dry_run(args.dry_run);
    options.table.clone_from(&args.table);
    options.mode = args.mode;
    let files = Reports::create(&args.report)?;
    let (job, line) = ProgressLine::watch(files.attach(job)?, "loading");
    let report = job.load(&*sink, &options)?;
    drop(line);
    files.write(&report)?;
    summary::print(&report, &args.report)?;
    Ok(Status::of(&report))
}
