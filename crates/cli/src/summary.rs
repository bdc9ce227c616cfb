//! A report for people.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use sheetlift::{FindingGroup, LoadReport, LoadState, Report, Result};

use crate::{
    exit::is_broken_pipe,
    numbers::{count, grouped},
    output::{self, is_stdout},
    paint::Paint,
};

/// Groups of findings that are shown.
const SHOWN: usize = 50;
/// Places of a group that are shown.
const PLACES: usize = 3;
/// Prints the summary: to standard output, unless the report itself went there.
pub(crate) fn print(report: &Report, report_files: &[PathBuf]) -> Result<()> {
    let report_file = report_files.first().map(PathBuf::as_path);
    if report_files.iter().any(|path| is_stdout(path)) {
        output::note(describe(report, Paint::stderr(), report_file).trim_end());
        return Ok(());
    }
    match output::print(&describe(report, Paint::stdout(), report_file)) {
        // The work is done: the exit code says how it went, heard or not.
        Err(error) if is_broken_pipe(&error) => Ok(()),
        printed => printed,
    }
}

/// Prints the summary beside an output that is not for people, when there is something to say.
pub(crate) fn note_rejected(report: &Report) {
    if !report.is_clean() || report.blocked {
        output::note(describe(report, Paint::stderr(), None).trim_end());
    }
}

fn describe(report: &Report, paint: Paint, report_file: Option<&Path>) -> String {
    let mut out = String::new();
    headline(&mut out, report, paint);
    match &report.load {
        Some(load) => load_numbers(&mut out, report, load, paint),
        None => {
            let rows = &report.rows;
            numbers(
                &mut out,
                &[
                    ("read", rows.read),
                    ("accepted", rows.accepted),
                    ("rejected", rows.rejected),
                ],
            );
        }
    }
    if report.blocked {
        let _ = writeln!(
            out,
            "\n{}",
            paint.red("the header does not fit the contract: no row was checked")
        );
    }
    by_code(&mut out, report, paint);
    repairs(&mut out, report, paint, report_file);
    out
}

fn headline(out: &mut String, report: &Report, paint: Paint) {
    let file = report.file.as_deref().unwrap_or("workbook");
    let _ = write!(out, "{}", paint.bold(file));
    if let Some(sheet) = &report.sheet {
        let _ = write!(out, ", sheet {sheet:?}");
    }
    if let [first, .., last] = &report.sheets[..] {
        let sheets = count(report.sheets.len() as u64, "sheet");
        let _ = write!(out, ", {sheets} from {first:?} to {last:?}");
    }
    if let Some(name) = &report.contract.name {
        let _ = write!(out, ", contract {name:?}");
    }
    if let Some(load) = &report.load {
        let _ = write!(
            out,
            " -> table {:?} in {}, {}",
            load.target, load.database, load.mode
        );
    }
    out.push('\n');
}

fn load_numbers(out: &mut String, report: &Report, load: &LoadReport, paint: Paint) {
    let id = &load.import_id;
    let line = match load.state {
        LoadState::Committed => format!(
            "loaded as {id}: {} changed",
            count(report.rows_changed(), "row")
        ),
        LoadState::AlreadyLoaded => {
            format!("already loaded as {id}: 0 rows changed; these are the numbers of that load")
        }
        LoadState::DryRun => "dry run: 0 rows changed; a load would give these numbers".to_owned(),
        _ => "not loaded: 0 rows changed".to_owned(),
    };
    let _ = writeln!(out, "{}", paint.green(line));
    let mut rows = vec![
        ("read", load.read),
        ("inserted", load.inserted),
        ("updated", load.updated),
        ("unchanged", load.unchanged),
        ("rejected", load.rejected),
    ];
    if load.removed > 0 {
        rows.push(("removed", load.removed));
    }
    if load.conflicts > 0 {
        rows.push(("conflicts", load.conflicts));
    }
    numbers(out, &rows);
    if load.state == LoadState::AlreadyLoaded && load.rejected > 0 {
        let _ = writeln!(
            out,
            "\n{}",
            paint.dim("the findings of rejected rows: sheetlift validate")
        );
    }
}

fn numbers(out: &mut String, rows: &[(&str, u64)]) {
    out.push('\n');
    for (name, number) in rows {
        let _ = writeln!(out, "  {name:<10} {:>12}", grouped(*number));
    }
}

fn by_code(out: &mut String, report: &Report, paint: Paint) {
    if report.counts.by_code.is_empty() {
        return;
    }
    let mut codes: Vec<(&String, &u64)> = report.counts.by_code.iter().collect();
    codes.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let _ = writeln!(out, "\n{}", paint.bold("findings by code"));
    let width = codes.iter().map(|(code, _)| code.len()).max().unwrap_or(0);
    for (code, number) in codes {
        let _ = writeln!(
            out,
            "  {code:<width$} {:>12}",
            grouped(*number),
            width = width.max(24)
        );
    }
}

fn repairs(out: &mut String, report: &Report, paint: Paint, report_file: Option<&Path>) {
    if report.groups.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint.bold("what to correct"));
    let shown = &report.groups[..report.groups.len().min(SHOWN)];
    let places: Vec<String> = shown.iter().map(places).collect();
    let width = places
        .iter()
        .map(|place| place.chars().count())
        .max()
        .unwrap_or(0);
    for (group, place) in shown.iter().zip(&places) {
        let padding = " ".repeat(width - place.chars().count());
        let line = one_line(group);
        let _ = writeln!(out, "  {}{padding}  {line}", paint.cyan(place));
        if let Some(advice) = advice(group) {
            let _ = writeln!(out, "  {}  {}", " ".repeat(width), paint.dim(advice));
        }
    }
    let all = report.counts.errors + report.counts.warnings + report.counts.infos;
    let more = all.saturating_sub(shown.iter().map(|group| group.count).sum());
    if more > 0 {
        let more = count(more, "more finding");
        let hint = match report_file {
            Some(path) if !is_stdout(path) => format!("{more} in {}", path.display()),
            Some(_) => format!("{more} in the report"),
            None => format!("{more}; --report FILE.html or .csv has all of them"),
        };
        let _ = writeln!(out, "  {}", paint.dim(hint));
    }
}

/// Where the findings of a group are: `Items!G5, G9 and 40 more`.
fn places(group: &FindingGroup) -> String {
    let mut places = String::new();
    for address in group.first.iter().take(PLACES) {
        let cell = match address.rsplit_once('!') {
            Some((_, cell)) if !places.is_empty() => cell,
            _ => address,
        };
        let comma = if places.is_empty() { "" } else { ", " };
        let _ = write!(places, "{comma}{cell}");
    }
    let more = group.count - group.first.len().min(PLACES) as u64;
    if more > 0 {
        let _ = write!(places, " and {} more", grouped(more));
    }
    places
}

/// Value, expectation, code. The value of a row that the target refused is not known.
fn one_line(group: &FindingGroup) -> String {
    let is_of_target = group.code.starts_with("load/");
    if group.column.is_none() || group.expected.is_empty() || is_of_target {
        return format!("{}  [{}]", cut(&group.message, 120), group.code);
    }
    let value = match &group.value {
        Some(value) => format!("{:?}", cut(value, 40)),
        None => "no value".to_owned(),
    };
    let expected = cut(&group.expected, 80);
    format!("{value}, expected {expected}  [{}]", group.code)
}

/// The suggestion: a value that may have been meant, or what to do.
fn advice(group: &FindingGroup) -> Option<String> {
    let suggestion = group.suggestion.as_ref()?;
    Some(match group.score {
        Some(_) => format!("did you mean {suggestion}?"),
        None => suggestion.clone(),
    })
}

/// The first characters of a text; the report has all of them.
fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(max - 1).collect();
    short.push('…');
    short
}
