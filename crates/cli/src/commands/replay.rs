//! `sheetlift replay`

use std::path::{Path, PathBuf};

use sheetlift::{Contract, Job, Limits, LoadOptions, Result, connect};

use crate::{
    args::ReplayArgs,
    exit::Status,
    interrupt,
    numbers::count,
    outcomes::Outcomes,
    output::{keep_apart, note, print},
    progress::ProgressLine,
    reports::{self, Reports},
    summary,
};

pub(crate) fn run(args: &ReplayArgs, limits: &Limits) -> Result<Status> {
    let mut reported = args.report.clone();
    if args.json {
        reported.push(PathBuf::from("-"));
    }
    let written = reports::paths(&args.report).chain(args.outcomes.as_deref());
    keep_apart(written, [&*args.contract])?;
    let files = Reports::create(&reported)?;
    let outcomes = args.outcomes.as_deref().map(Outcomes::create).transpose()?;
    let contract = match &args.resource {
        Some(name) => Contract::from_path_named(&args.contract, name)?,
        None => Contract::from_path(&args.contract)?,
    };
    let sink = connect(&args.to)?;
    let Some(job) = Job::from_quarantine(&*sink, &args.import_id, contract)? else {
        print(&match args.json {
            true => "null\n".to_owned(),
            false => format!("nothing is in the quarantine of {}\n", args.import_id),
        })?;
        return Ok(Status::Clean);
    };
    let mut options = LoadOptions::default()
        .with_create_table(args.create_table)
        .with_add_columns(args.evolve.is_some())
        .with_undo(!args.no_undo)
        .with_dry_run(args.dry_run);
    options.table.clone_from(&args.table);
    options.mode = args.mode;
    let folder = args.contract.parent().unwrap_or(Path::new(""));
    let job = job
        .with_limits(limits.clone())
        .with_cancel(interrupt::token())
        .with_references(folder);
    let mut job = files.attach(job)?;
    if let Some(outcomes) = &outcomes {
        job = outcomes.attach(job)?;
    }
    let (job, line) = ProgressLine::watch(job, "loading");
    let report = job.load(&*sink, &options)?;
    drop(line);
    files.write(&report)?;
    summary::print(&report, &reported)?;
    let left = job.left_in_quarantine();
    if left > 0 {
        note(&format!(
            "{} with the key of an earlier row of the file stay in quarantine",
            count(left, "row")
        ));
    }
    if let Some(outcomes) = outcomes {
        outcomes.write(&report)?;
    }
    Ok(match (left, Status::of(&report)) {
        (0, status) => status,
        _ => Status::Rejected,
    })
}
