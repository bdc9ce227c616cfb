//! Rows of a quarantine to a file that is read as the one they came from.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
};

use serde_json::{Map, Value as Json, json};
use sheetlift_core::{HeldCell, HeldRow, HeldWriter, RejectedRow};
use sheetlift_load::Quarantined;

use super::layout::{ColumnLayout, Layout, SheetLayout};
use crate::error::{Error, Result};

/// The member of a raw row that says what JSON does not tell of its cells.
pub(crate) const MORE: &str = "sheetlift:more";

/// A row as the quarantine has it.
pub(crate) fn raw_json(
    mut cells: Map<String, Json>,
    kinds: Map<String, Json>,
    repeats: bool,
    width: Option<u32>,
) -> String {
    let mut more = Map::new();
    if !kinds.is_empty() {
        more.insert("kinds".to_owned(), Json::Object(kinds));
    }
    if repeats {
        more.insert("repeats".to_owned(), json!(true));
    }
    if let Some(width) = width {
        more.insert("width".to_owned(), json!(width));
    }
    if !more.is_empty() {
        cells.insert(MORE.to_owned(), Json::Object(more));
    }
    Json::Object(cells).to_string()
}

/// The same of a row that was rejected.
pub(crate) fn raw_of(row: RejectedRow) -> String {
    raw_json(row.raw, row.kinds, row.repeats, row.width)
}

/// Rows in the order in which they come, in a file without a name; where they are is held.
pub(crate) struct Spool {
    out: BufWriter<File>,
    places: Vec<Place>,
    /// The sheets of the layout by their names.
    sheets: HashMap<String, u32>,
    end: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    sheet: u32,
    row: u32,
    at: u64,
    bytes: u32,
    /// The target found that an earlier row of the file has its key.
    is_twin: bool,
}

impl Spool {
    pub(crate) fn new(layout: &Layout) -> Result<Spool> {
        let names = layout.sheets.iter().map(|sheet| sheet.name.clone());
        Ok(Spool {
            out: BufWriter::new(tempfile::tempfile().map_err(failed)?),
            places: Vec::new(),
            sheets: names.zip(0..).collect(),
            end: 0,
        })
    }

    pub(crate) fn push(&mut self, row: &Quarantined, is_twin: bool) -> Result<()> {
        let sheet = match &row.part {
            None => Some(0),
            Some(part) => self.sheets.get(part).copied(),
        };
        let sheet = sheet.filter(|_| !self.sheets.is_empty());
        let sheet = sheet.ok_or_else(|| damaged("a row is on a sheet that was not loaded"))?;
        let bytes = u32::try_from(row.raw.len()).map_err(|_| damaged("a row is too long"))?;
        self.out.write_all(row.raw.as_bytes()).map_err(failed)?;
        self.places.push(Place {
            sheet,
            row: row.row,
            at: self.end,
            bytes,
            is_twin,
        });
        self.end += u64::from(bytes);
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Writes them sheet by sheet, each under the header that it had. With `leaves_repeats`, rows that repeat what earlier ones have are
    /// left out; gives the sheets that have a row, by their places in the layout, and the number of rows that were left out.
    pub(crate) fn write(
        mut self,
        layout: &Layout,
        leaves_repeats: bool,
        out: impl Write,
    ) -> Result<(Vec<usize>, u64)> {
        let mut file = self
            .out
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        self.places.sort_unstable();
        let mut held = HeldWriter::new(out, layout.dates(), layout.is_text).map_err(failed)?;
        let (mut sheets, mut left_out, mut raw) = (Vec::new(), 0, Vec::new());
        let mut last = None;
        for place in &self.places {
            let at = place.sheet as usize;
            let sheet = &layout.sheets[at];
            if sheets.last() != Some(&at) {
                sheets.push(at);
                held.sheet(&sheet.name).map_err(failed)?;
                if let Some(header) = header(sheet) {
                    held.row(&header).map_err(failed)?;
                }
            }
            if last == Some((place.sheet, place.row)) {
                return Err(damaged("a row is in it twice"));
            }
            last = Some((place.sheet, place.row));
            raw.resize(place.bytes as usize, 0);
            file.seek(SeekFrom::Start(place.at)).map_err(failed)?;
            file.read_exact(&mut raw).map_err(failed)?;
            match row_of(place.row, &raw, sheet)? {
                (_, repeats) if leaves_repeats && (repeats || place.is_twin) => left_out += 1,
                (row, _) => held.row(&row).map_err(failed)?,
            }
        }
        held.finish().map_err(failed)?;
        Ok((sheets, left_out))
    }
}

/// The row of the labels.
fn header(sheet: &SheetLayout) -> Option<HeldRow> {
    let labels = sheet
        .columns
        .iter()
        .filter_map(|ColumnLayout(at, _, label)| Some((*at, HeldCell::Text(label.clone()?))));
    Some(HeldRow {
        row: sheet.header?,
        width: None,
        cells: labels.collect(),
    })
}

/// A row out of its JSON, and whether it repeats what an earlier one has.
fn row_of(row: u32, raw: &[u8], sheet: &SheetLayout) -> Result<(HeldRow, bool)> {
    let raw: Map<String, Json> = serde_json::from_slice(raw)
        .map_err(|error| damaged(&format!("row {} is no object: {error}", u64::from(row) + 1)))?;
    let more = raw.get(MORE).and_then(Json::as_object);
    let say = |what: &str| more.and_then(|more| more.get(what));
    let kinds = say("kinds").and_then(Json::as_object);
    let cells = sheet
        .columns
        .iter()
        .filter_map(|ColumnLayout(at, name, _)| {
            let kind = kinds.and_then(|kinds| kinds.get(name));
            Some((*at, cell(raw.get(name)?, kind)?))
        });
    let width = say("width").and_then(Json::as_u64);
    let held = HeldRow {
        row,
        width: width.and_then(|width| u32::try_from(width).ok()),
        cells: cells.collect(),
    };
    Ok((held, say("repeats") == Some(&Json::Bool(true))))
}

fn cell(value: &Json, kind: Option<&Json>) -> Option<HeldCell> {
    let kind = kind.and_then(Json::as_array);
    let word = kind.and_then(|kind| kind.first()?.as_str());
    let number = kind.and_then(|kind| kind.get(1)?.as_f64());
    let number = number.map(f64::to_bits);
    let cell = match (word, number) {
        (Some("date"), Some(bits)) => HeldCell::Date(bits),
        (Some("datetime"), Some(bits)) => HeldCell::DateTime(bits),
        (Some("time"), Some(bits)) => HeldCell::Time(bits),
        (Some("duration"), Some(bits)) => HeldCell::Duration(bits),
        (Some("broken"), Some(bits)) => HeldCell::BadString(f64::from_bits(bits) as u32),
        (Some("error"), _) => HeldCell::Error(text(value)),
        _ => match value {
            Json::Null => return None,
            Json::Bool(value) => HeldCell::Bool(*value),
            Json::Number(value) => match (value.as_i64(), value.as_f64()) {
                (Some(value), _) => HeldCell::Int(value),
                (None, value) => HeldCell::Float(value?.to_bits()),
            },
            value => HeldCell::Text(text(value)),
        },
    };
    Some(cell)
}

fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(super) fn damaged(why: &str) -> Error {
    let message = format!("the quarantine cannot be read: {why}");
    Error::usage("usage/quarantine", message)
        .with_hint("rows of the ledger were changed by others; load the file again")
}

pub(super) fn failed(error: io::Error) -> Error {
    Error::io(error, "cannot hold the rows of the quarantine")
}
