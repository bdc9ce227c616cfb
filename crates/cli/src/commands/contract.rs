//! `sheetlift contract check` and `sheetlift contract diff`

use sheetlift::{Contract, Result};

use crate::{
    args::{CheckArgs, DiffArgs},
    exit::{Status, complain},
    numbers::count,
    output,
    paint::Paint,
};

/// Every fault is told, as errors are; the last one ends the run.
pub(crate) fn check(args: &CheckArgs) -> Result<Status> {
    match Contract::check_path(&args.contract, args.resource.as_deref()) {
        Ok(contract) => {
            let rules = contract.rules.len() as u64;
            output::print(&format!(
                "{}: {}, {}, {}\n",
                args.contract.display(),
                count(contract.fields.len() as u64, "field"),
                count(rules, "rule"),
                contract.hash()
            ))?;
            Ok(Status::Clean)
        }
        Err(mut faults) => {
            let last = faults.pop();
            faults.into_iter().for_each(|fault| complain(&fault.into()));
            match last {
                Some(fault) => Err(fault.into()),
                None => Ok(Status::Clean),
            }
        }
    }
}

/// What breaks is told first.
pub(crate) fn diff(args: &DiffArgs) -> Result<Status> {
    let read = |path| match &args.resource {
        Some(name) => Contract::from_path_named(path, name),
        None => Contract::from_path(path),
    };
    let mut changes = read(&args.old)?.diff(&read(&args.new)?);
    changes.sort_by_key(|change| !change.breaking);
    let breaks = changes.iter().any(|change| change.breaking);
    if args.json {
        let json = serde_json::to_value(&changes).unwrap_or_default(); // texts and booleans: never fails
        output::print(&format!("{json:#}\n"))?;
    } else {
        let paint = Paint::stdout();
        let mut text = String::new();
        for change in &changes {
            let word = match change.breaking {
                true => paint.red("breaking  "),
                false => paint.green("compatible"),
            };
            text += &format!("{word}  {}  {}\n", paint.bold(&change.pointer), change.what);
        }
        if changes.is_empty() {
            text += "no difference\n";
        }
        output::print(&text)?;
    }
    Ok(if breaks {
        Status::Rejected
    } else {
        Status::Clean
    })
}
