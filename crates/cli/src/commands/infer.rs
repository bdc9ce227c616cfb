//! `sheetlift contract infer`

use std::path::Path;

use sheetlift::{InferOptions, Limits, Result};

use crate::{
    args::{InferArgs, ReadArgs},
    exit::Status,
    interrupt,
    numbers::count,
    output::{is_stdout, keep_apart, note, write_text},
    progress::ProgressLine,
    read,
};

pub(crate) fn run(args: &InferArgs, limits: &Limits) -> Result<Status> {
    keep_apart(args.output.as_deref(), [&*args.file])?;
    let job = read::job(&args.file, &args.open, limits, interrupt::token())?;
    let place = ReadArgs {
        sheet: args.sheet.clone(),
        range: args.range.clone(),
        header: args.header.clone(),
        ..ReadArgs::default()
    };
    let options = place.options(&job)?;
    let (job, line) = ProgressLine::watch(job.with_read(options), "reading");
    let contract = job.infer_contract_with(&InferOptions::default().with_ranges(args.ranges))?;
    drop(line);
    let path = args.output.as_deref().unwrap_or(Path::new("-"));
    write_text(path, &format!("{:#}\n", contract.to_json()))?;
    if !is_stdout(path) {
        let key = contract
            .primary_key
            .first()
            .map(|&index| contract.fields[index].name.as_ref());
        note(&format!(
            "{}: {}, {}; what is true today may not be a rule: look it over",
            path.display(),
            count(contract.fields.len() as u64, "field"),
            match key {
                Some(key) => format!("primary key {key}"),
                None => "no primary key".to_owned(),
            },
        ));
    }
    Ok(Status::Clean)
}
