//! `sheetlift undo`

use std::fmt::Write;

use sheetlift::{Error, Result, Undone, undo};

use crate::{
    args::UndoArgs,
    exit::Status,
    numbers::{count, grouped},
    output::print,
    paint::Paint,
};

/// Keys of rows that were kept, for people.
const SHOWN: usize = 20;

pub(crate) fn run(args: &UndoArgs) -> Result<Status> {
    let undone = undo(&args.import_id, &args.to, args.dry_run)?;
    let text = if args.json {
        let json = serde_json::to_value(&undone).map_err(|error| Error::bug(error.to_string()))?;
        format!("{json:#}\n")
    } else {
        describe(&undone, Paint::stdout())
    };
    print(&text)?;
    Ok(Status::Clean)
}

fn describe(undone: &Undone, paint: Paint) -> String {
    let mut out = String::new();
    let id = &undone.import_id;
    let line = match undone.dry_run {
        true => format!("dry run: {id} is as it was; an undo would give these numbers"),
        false => format!("{id} was taken back; the same file can be loaded again"),
    };
    let _ = writeln!(out, "{}\n", paint.green(line));
    for (name, number) in [
        ("deleted", undone.deleted),
        ("restored", undone.restored),
        ("reinserted", undone.reinserted),
        ("kept", undone.kept),
    ] {
        let _ = writeln!(out, "  {name:<10} {:>12}", grouped(number));
    }
    if undone.kept > 0 {
        let title = "kept as they are: others changed them since";
        let _ = writeln!(out, "\n{}", paint.bold(title));
        let shown = &undone.kept_keys[..undone.kept_keys.len().min(SHOWN)];
        for key in shown {
            let is_odd = |c: char| c.is_control();
            let _ = writeln!(out, "  {}", key.replace(is_odd, "\u{fffd}"));
        }
        let more = undone.kept - shown.len() as u64;
        if more > 0 {
            let more = format!("{}; --json has the first 1,000", count(more, "more row"));
            let _ = writeln!(out, "  {}", paint.dim(more));
        }
    }
    out
}
