//! `sheetlift load`

use sheetlift::{Limits, LoadOptions, Result, connect};

use crate::{
    args::LoadArgs,
    exit::Status,
    interrupt,
    outcomes::Outcomes,
    output::keep_apart,
    progress::ProgressLine,
    read,
    rejects::Rejects,
    reports::{self, Reports},
    summary,
};

pub(crate) fn run(args: &LoadArgs, limits: &Limits) -> Result<Status> {
    let written = reports::paths(&args.report)
        .chain(args.rejects.as_deref())
        .chain(args.outcomes.as_deref());
    keep_apart(written, [&*args.file, &*args.contract])?;
    let files = Reports::create(&args.report)?;
    let rejects = args.rejects.as_deref().map(Rejects::create).transpose()?;
    let outcomes = args.outcomes.as_deref().map(Outcomes::create).transpose()?;
    let job = read::job_with_contract(
        &args.file,
        &args.contract,
        args.resource.as_deref(),
        &args.open,
        limits,
        interrupt::token(),
    )?;
    let sink = connect(&args.to)?;
    let mut options = LoadOptions::default()
        .with_create_table(args.create_table)
        .with_add_columns(args.evolve.is_some())
        .with_undo(!args.no_undo)
        .with_dry_run(args.dry_run);
    options.missing.clone_from(&args.missing);
    options.max_missing_ratio = args.max_missing;
    options.table.clone_from(&args.table);
    options.mode = args.mode;
    let mut job = files.attach(job)?;
    if let Some(rejects) = &rejects {
        rejects.check(&job)?;
        job = job.with_all_findings_kept(true);
    }
    if let Some(outcomes) = &outcomes {
        job = outcomes.attach(job)?;
    }
    let (job, line) = ProgressLine::watch(job, "loading");
    let report = job.load(&*sink, &options)?;
    drop(line);
    files.write(&report)?;
    // The rows are loaded, whatever becomes of the file: that is said first.
    summary::print(&report, &args.report)?;
    if let Some(outcomes) = outcomes {
        outcomes.write(&report)?;
    }
    if let Some(rejects) = rejects {
        rejects.write(&job, &report)?;
    }
    Ok(Status::of(&report))
}
