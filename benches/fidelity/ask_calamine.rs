//! calamine, asked in Rust: `ask_calamine FILE [SHEET...]` prints the lines that `probe.py` describes. Not through its
//! Python binding, which gives errors as empty text.
//!
//! Its cell reader where the format has one (xlsx, xlsb), because a range is a dense grid; ranges of xls and ods. Without
//! sheets: every visible worksheet. Exit 0: answered; 3: refused, the reason on stderr.

use std::{env, error::Error, io::Write, path::Path, process::ExitCode};

use calamine::{Data, Ods, Reader, SheetType, SheetVisible, Xls, Xlsb, Xlsx, open_workbook};
use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn Error>>;
type File = std::io::BufReader<std::fs::File>;
type Cells = Vec<((u32, u32), Data)>;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let Some((file, sheets)) = args.split_first() else {
        eprintln!("give a file");
        return ExitCode::from(2);
    };
    match ask(file, sheets) {
        Ok(lines) => {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let written = std::io::stdout().write_all(text.as_bytes());
            ExitCode::from(u8::from(written.is_err()))
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(3)
        }
    }
}

fn ask(file: &str, sheets: &[String]) -> Outcome<Vec<Value>> {
    let extension = Path::new(file).extension().unwrap_or_default();
    match extension.to_ascii_lowercase().to_str() {
        Some("xls" | "xla") => answer(open_workbook::<Xls<_>, _>(file)?, sheets, used_cells),
        Some("ods") => answer(open_workbook::<Ods<_>, _>(file)?, sheets, used_cells),
        Some("xlsb") => answer(open_workbook::<Xlsb<_>, _>(file)?, sheets, |book, sheet| {
            let (mut reader, mut cells) = (book.worksheet_cells_reader(sheet)?, Cells::new());
            while let Some(cell) = reader.next_cell()? {
                cells.push((cell.get_position(), cell.get_value().clone().into()));
            }
            Ok(cells)
        }),
        _ => answer(open_workbook::<Xlsx<_>, _>(file)?, sheets, |book, sheet| {
            let (mut reader, mut cells) = (book.worksheet_cells_reader(sheet)?, Cells::new());
            while let Some(cell) = reader.next_cell()? {
                cells.push((cell.get_position(), cell.get_value().clone().into()));
            }
            Ok(cells)
        }),
    }
}

fn answer<R: Reader<File>>(
    mut book: R,
    sheets: &[String],
    read: impl Fn(&mut R, &str) -> Outcome<Cells>,
) -> Outcome<Vec<Value>> {
    let visible = || {
        let all = book.sheets_metadata().iter();
        let shown =
            all.filter(|s| s.visible == SheetVisible::Visible && s.typ == SheetType::WorkSheet);
        shown.map(|sheet| sheet.name.clone()).collect()
    };
    let sheets = if sheets.is_empty() {
        visible()
    } else {
        sheets.to_vec()
    };
    let mut lines = Vec::new();
    for sheet in &sheets {
        lines.push(json!(["table", sheet, 0, 0]));
        let cells = read(&mut book, sheet)?;
        lines.extend(
            cells
                .iter()
                .filter_map(|(at, value)| line(sheet, *at, value)),
        );
    }
    Ok(lines)
}

fn used_cells<R: Reader<File>>(book: &mut R, sheet: &str) -> Outcome<Cells>
where
    R::Error: Error + 'static,
{
    let range = book.worksheet_range(sheet)?;
    let (first_row, first_column) = range.start().unwrap_or_default();
    let cells = range.used_cells().map(|(row, column, value)| {
        let at = (first_row + row as u32, first_column + column as u32);
        (at, value.clone())
    });
    Ok(cells.collect())
}

fn line(sheet: &str, (row, column): (u32, u32), value: &Data) -> Option<Value> {
    let (kind, content) = match value {
        Data::Empty => return None,
        Data::String(text) if text.is_empty() => return None,
        Data::String(text) => ("text", json!(text)),
        // ISO text marked as a date or a duration: its text says all of it.
        Data::DateTimeIso(text) | Data::DurationIso(text) => ("text", json!(text)),
        Data::Int(int) => ("int", json!(int)),
        Data::Float(float) => ("float", json!(float)),
        Data::Bool(bool) => ("bool", json!(bool)),
        Data::Error(error) => ("error", json!(error.to_string())),
        Data::DateTime(serial) if serial.is_duration() => {
            ("duration", json!(serial.as_f64() * 86_400_000.0))
        }
        Data::DateTime(serial) if serial.as_f64() > 0.0 && serial.as_f64() < 1.0 => {
            ("time", json!(serial.as_f64() * 86_400_000.0))
        }
        Data::DateTime(serial) => {
            let (year, month, day, hour, minute, second, milli) = serial.to_ymd_hms_milli();
            let clock =
                ((u64::from(hour) * 60 + u64::from(minute)) * 60 + u64::from(second)) * 1000;
            (
                "moment",
                json!([year, month, day, clock + u64::from(milli)]),
            )
        }
    };
    Some(json!(["cell", sheet, row, column, kind, content]))
}
