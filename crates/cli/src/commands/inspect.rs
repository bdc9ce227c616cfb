//! `sheetlift inspect`

use std::fmt::Write;

use sheetlift::{
    InferredFrom, InspectedSheet, Inspection, Limits, Result, RowsAre, SheetKind, TextFormat,
    Visibility,
};

use crate::{
    args::InspectArgs,
    exit::Status,
    interrupt,
    numbers::{bytes, count, grouped},
    output::print,
    paint::Paint,
    progress::ProgressLine,
    read,
};

/// Characters to which names are filled up, so that their types stand below one another.
const WIDEST_NAME: usize = 60;

pub(crate) fn run(args: &InspectArgs, limits: &Limits) -> Result<Status> {
    let (job, line) = ProgressLine::watch(
        read::job(&args.file, &args.open, limits, interrupt::token())?,
        "reading",
    );
    let inspection = job.inspect(args.full)?;
    drop(line);
    let text = if args.json {
        let json = serde_json::to_value(&inspection).unwrap_or_default(); // text keys only: never fails
        format!("{json:#}\n")
    } else {
        describe(&inspection, Paint::stdout())
    };
    print(&text)?;
    Ok(Status::Clean)
}

fn describe(inspection: &Inspection, paint: Paint) -> String {
    let mut out = String::new();
    let file = inspection.file.as_deref().unwrap_or("workbook");
    let what = match &inspection.text {
        Some(TextFormat {
            encoding,
            delimiter,
            ..
        }) => format!("{encoding} text, delimiter {delimiter:?}"),
        None => count(inspection.sheets.len() as u64, "sheet"),
    };
    let size = bytes(inspection.bytes);
    let _ = writeln!(out, "{}  {size}, {what}", paint.bold(file));
    for sheet in &inspection.sheets {
        describe_sheet(&mut out, sheet, paint);
    }
    if !inspection.tables.is_empty() {
        let _ = writeln!(out, "\n{}", paint.bold("tables"));
        for table in &inspection.tables {
            let _ = writeln!(out, "  {}  {}!{}", table.name, table.sheet, table.range);
        }
    }
    if !inspection.defined_names.is_empty() {
        let _ = writeln!(out, "\n{}", paint.bold("names"));
        for name in &inspection.defined_names {
            let _ = writeln!(out, "  {}  {}", name.name, name.refers_to);
        }
    }
    out
}

fn describe_sheet(out: &mut String, sheet: &InspectedSheet, paint: Paint) {
    let hidden = match sheet.visibility {
        Visibility::Visible => "",
        Visibility::Hidden => " (hidden)",
        Visibility::VeryHidden => " (very hidden)",
    };
    let _ = write!(out, "\n{}{hidden}  ", paint.bold(&sheet.name));
    if sheet.kind != SheetKind::Worksheet {
        let _ = writeln!(out, "no cells");
        return;
    }
    let rows = match sheet.rows_are {
        RowsAre::Counted => count(sheet.rows, "row"),
        RowsAre::Declared => format!("{} (declared)", count(sheet.rows, "row")),
        _ => format!("{} rows or more", grouped(sheet.rows)),
    };
    let _ = write!(out, "{rows}, {}", count(sheet.columns as u64, "column"));
    if sheet.hidden_rows > 0 {
        let _ = write!(out, ", {} hidden", count(sheet.hidden_rows, "row"));
    }
    if let Some(merged @ 1..) = sheet.merged_ranges {
        let _ = write!(out, ", {} merged", count(merged, "range"));
    }
    out.push('\n');
    let width = sheet
        .fields
        .iter()
        .map(|field| field.name.chars().count())
        .max()
        .unwrap_or(0)
        .min(WIDEST_NAME);
    for field in &sheet.fields {
        let padding = " ".repeat(width.saturating_sub(field.name.chars().count()));
        let hidden = if field.hidden { " (hidden)" } else { "" };
        let kind = paint.cyan(field.kind);
        let _ = writeln!(out, "  {}{padding}  {kind}{hidden}", field.name);
    }
    if sheet.fields_from == InferredFrom::FirstRows {
        let _ = writeln!(
            out,
            "  {}",
            paint.dim("types are those of the first 1,000 rows; --full reads all")
        );
    }
}
