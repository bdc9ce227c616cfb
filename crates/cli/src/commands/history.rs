//! `sheetlift history`

use std::fmt::Write;

use sheetlift::{ImportRecord, Result, history, import_json};

use crate::{args::HistoryArgs, exit::Status, numbers::grouped, output::print, paint::Paint};

pub(crate) fn run(args: &HistoryArgs) -> Result<Status> {
    let imports = history(&args.to, args.limit)?;
    let text = if args.json {
        let imports: Vec<_> = imports.iter().map(import_json).collect();
        format!("{:#}\n", serde_json::Value::Array(imports))
    } else {
        describe(&imports, Paint::stdout())
    };
    print(&text)?;
    Ok(Status::Clean)
}

fn describe(imports: &[ImportRecord], paint: Paint) -> String {
    if imports.is_empty() {
        return "nothing was loaded yet\n".to_owned();
    }
    let titles = ["import", "when", "source", "table", "mode", "state", "rows"];
    let mut lines = vec![titles.map(str::to_owned)];
    lines.extend(imports.iter().map(line));
    let width = |column: usize| {
        let lengths = lines.iter().map(|line| line[column].chars().count());
        lengths.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..titles.len()).map(width).collect();
    let mut out = String::new();
    for (at, line) in lines.iter().enumerate() {
        let mut text = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            let _ = write!(text, "{cell:<width$}  ");
        }
        let text = text.trim_end();
        let _ = match at {
            0 => writeln!(out, "{}", paint.bold(text)),
            _ => writeln!(out, "{text}"),
        };
    }
    out
}

fn line(import: &ImportRecord) -> [String; 7] {
    let when = [&import.undone_at, &import.committed_at];
    let when = when.into_iter().flatten().next();
    [
        import.import_id.clone(),
        to_the_second(when.unwrap_or(&import.started_at)),
        match import.replay_of {
            Some(_) => format!("{} (replay)", plain(&import.source_name)),
            None => plain(&import.source_name),
        },
        plain(&import.table),
        import.mode.clone(),
        import.state.clone(),
        import.counts.map(counts).unwrap_or_default(),
    ]
}

/// `2026-11-29 23:02:44Z` of what has more digits.
fn to_the_second(moment: &str) -> String {
    let seconds = moment.split(['.', 'Z']).next().unwrap_or(moment);
    format!("{}Z", seconds.replacen('T', " ", 1))
}

/// What there is of each kind: `200 inserted, 40 rejected`.
fn counts(
    [
        read,
        inserted,
        updated,
        unchanged,
        conflicts,
        rejected,
        removed,
    ]: [u64; 7],
) -> String {
    let all = [
        (inserted, "inserted"),
        (updated, "updated"),
        (unchanged, "unchanged"),
        (removed, "removed"),
        (conflicts, "conflicts"),
        (rejected, "rejected"),
    ];
    let said = all.iter().filter(|(number, _)| *number > 0);
    let said: Vec<String> = said
        .map(|(number, what)| format!("{} {what}", grouped(*number)))
        .collect();
    match said.is_empty() {
        true => format!("{} read", grouped(read)),
        false => said.join(", "),
    }
}

/// A name of somebody else's on a terminal: a line end or an escape code in it does nothing.
fn plain(name: &str) -> String {
    let is_odd = |c: char| c.is_control();
    name.replace(is_odd, "\u{fffd}")
}
