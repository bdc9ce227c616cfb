//! What became of each row, one line for each: [`Job::with_outcomes_to`].
//!
//! Rows are noted in a file without a name as they are read, with their keys, and once more by the database when it has settled them:
//! two bits for each row, and a line for each that it refused. Memory is a quarter of a byte for a row.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, Write},
    sync::{Arc, Mutex, PoisonError},
};

use arrow_array::Array;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use serde::Serialize;
use sheetlift_core::{Checked, Contract};
use sheetlift_load::{Plan, RowFate, Told};

use super::keys;
use crate::{
    error::{Error, Result},
    job::Job,
};

/// How [`Job::with_outcomes_to`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OutcomeFormat {
    /// CSV with the header `sheet,row,key,outcome,code,reason`.
    Csv,
    /// An object a line, with the same names; those without a value are left out.
    Ndjson,
}

/// Where the lines go.
pub(crate) type OutcomesTo = (Arc<Mutex<dyn Write + Send>>, OutcomeFormat);

impl Job {
    /// Writes what became of every row that is loaded, or would be with a dry run, once that is settled: sheet, row, key, and `created`,
    /// `updated`, `unchanged`, `conflict` or `rejected`, these two with code and reason. Nothing is written for an import that was loaded
    /// before, or of which nothing is loaded. Targets that are no relational databases refuse it.
    #[must_use]
    pub fn with_outcomes_to(
        mut self,
        out: impl Write + Send + 'static,
        format: OutcomeFormat,
    ) -> Job {
        self.outcomes_to = Some((Arc::new(Mutex::new(out)), format));
        self
    }
}

/// The notes of a load.
pub(super) struct Outcomes {
    /// The columns of the key.
    key: Vec<usize>,
    /// The key is that of the contract, which rejected rows tell.
    is_primary: bool,
    /// Names of the sheets, where there are several.
    parts: Vec<String>,
    rows: BufWriter<File>,
    staged: u64,
    fates: Fates,
    told: u64,
    refused: BufWriter<File>,
    failed: Option<io::Error>,
}

impl Outcomes {
    pub(super) fn new(plan: &Plan, contract: &Contract) -> Result<Outcomes> {
        let file = || tempfile::tempfile().map(BufWriter::new).map_err(failed);
        let names = plan.key.iter();
        let key = names.filter_map(|name| plan.schema.index_of(name).ok());
        Ok(Outcomes {
            key: key.collect(),
            is_primary: plan.key == keys(contract).0,
            parts: plan.parts.clone(),
            rows: file()?,
            staged: 0,
            fates: Fates::default(),
            told: 0,
            refused: file()?,
            failed: None,
        })
    }

    /// Notes the rows of a window, whose numbers are those of the import.
    pub(super) fn read(&mut self, checked: &Checked) -> Result<()> {
        let options = FormatOptions::default();
        let columns = self.key.iter().map(|&at| checked.accepted.column(at));
        let columns = columns.map(|column| {
            let shown = ArrayFormatter::try_new(column, &options);
            Ok((
                column,
                shown.map_err(|error| Error::bug(error.to_string()))?,
            ))
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let mut rejected = checked.rejected.iter().peekable();
        let (mut key, rows) = (String::new(), &mut self.rows);
        let reject = |row: &sheetlift_core::RejectedRow, rows: &mut BufWriter<File>| {
            let key = row.row_key.as_deref().filter(|_| self.is_primary);
            put(
                rows,
                row.row,
                true,
                &[key.unwrap_or_default(), &row.codes.join(","), &row.reason],
            )
        };
        for (at, &row) in checked.accepted_rows.iter().enumerate() {
            while let Some(row) = rejected.next_if(|rejected| rejected.row < row) {
                reject(row, rows).map_err(failed)?;
            }
            key.clear();
            for (place, (column, shown)) in columns.iter().enumerate() {
                if place > 0 {
                    key.push_str(", ");
                }
                if !column.is_null(at) {
                    key.push_str(&shown.value(at).to_string());
                }
            }
            put(rows, row, false, &[&key]).map_err(failed)?;
        }
        for row in rejected {
            reject(row, rows).map_err(failed)?;
        }
        self.staged += checked.accepted_rows.len() as u64;
        Ok(())
    }

    /// Notes what became of a row.
    pub(super) fn tell(&mut self, told: Told<'_>) {
        self.told += 1;
        self.fates.set(told.row, told.fate);
        if told.fate == RowFate::Conflict {
            let noted = put(
                &mut self.refused,
                told.row,
                false,
                &[told.code, told.reason],
            );
            self.failed = self.failed.take().or(noted.err());
        }
    }

    /// Writes the lines; rows without the name of a part are on this sheet.
    pub(super) fn write(self, (out, format): &OutcomesTo, sheet: &str) -> Result<()> {
        if let Some(error) = self.failed {
            return Err(failed(error));
        }
        if self.told != self.staged {
            let (told, staged) = (self.told, self.staged);
            return Err(Error::bug(format!("{told} of {staged} rows were told")));
        }
        let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = Lines::new(&mut *out, *format)?;
        let (mut rows, mut refused) = (again(self.rows)?, again(self.refused)?);
        while let Some((row, is_rejected)) = take_row(&mut rows).map_err(failed)? {
            let key = take_text(&mut rows).map_err(failed)?;
            let fate = self.fates.get(row);
            let (mut code, mut reason) = (String::new(), String::new());
            if is_rejected {
                code = take_text(&mut rows).map_err(failed)?;
                reason = take_text(&mut rows).map_err(failed)?;
            } else if fate == RowFate::Conflict {
                if take_row(&mut refused).map_err(failed)?.map(|(row, _)| row) != Some(row) {
                    return Err(Error::bug("conflicts were not told in the order of rows"));
                }
                code = take_text(&mut refused).map_err(failed)?;
                reason = take_text(&mut refused).map_err(failed)?;
            }
            let (sheet, row) = match self.parts.get((row / Plan::PART_ROWS) as usize) {
                Some(part) if self.parts.len() > 1 => (part.as_str(), row % Plan::PART_ROWS),
                _ => (sheet, row),
            };
            out.line(&Line {
                sheet,
                row: u64::from(row) + 1,
                key: Some(&*key).filter(|key| !key.is_empty()),
                outcome: match fate {
                    _ if is_rejected => "rejected",
                    RowFate::Updated => "updated",
                    RowFate::Unchanged => "unchanged",
                    RowFate::Conflict => "conflict",
                    _ => "created",
                },
                code: Some(&*code).filter(|code| !code.is_empty()),
                reason: Some(&*reason).filter(|reason| !reason.is_empty()),
            })?;
        }
        out.finish()
    }
}

/// What became of a row.
#[derive(Serialize)]
struct Line<'a> {
    sheet: &'a str,
    /// As the spreadsheet shows it.
    row: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

enum Lines<'a> {
    Csv(Box<csv::Writer<&'a mut (dyn Write + Send + 'static)>>),
    Ndjson(&'a mut (dyn Write + Send + 'static)),
}

impl<'a> Lines<'a> {
    fn new(out: &'a mut (dyn Write + Send + 'static), format: OutcomeFormat) -> Result<Lines<'a>> {
        Ok(match format {
            OutcomeFormat::Csv => {
                let mut out = csv::Writer::from_writer(out);
                let header = ["sheet", "row", "key", "outcome", "code", "reason"];
                let written = out.write_record(header);
                written.map_err(|error| unwritten(error.into()))?;
                Lines::Csv(Box::new(out))
            }
            OutcomeFormat::Ndjson => Lines::Ndjson(out),
        })
    }

    fn line(&mut self, line: &Line<'_>) -> Result<()> {
        match self {
            Lines::Csv(out) => {
                let Line {
                    sheet,
                    row,
                    key,
                    outcome,
                    code,
                    reason,
                } = *line;
                let row = row.to_string();
                let [key, code, reason] = [key, code, reason].map(Option::unwrap_or_default);
                let written = out.write_record([sheet, &row, key, outcome, code, reason]);
                written.map_err(|error| unwritten(error.into()))
            }
            Lines::Ndjson(out) => {
                let written = serde_json::to_writer(&mut *out, line).map_err(io::Error::from);
                written
                    .and_then(|()| out.write_all(b"\n"))
                    .map_err(unwritten)
            }
        }
    }

    fn finish(self) -> Result<()> {
        match self {
            Lines::Csv(mut out) => out.flush(),
            Lines::Ndjson(out) => out.flush(),
        }
        .map_err(unwritten)
    }
}

/// Two bits for each row, in blocks that are there once a row of them is: rows are far apart where the table is on several sheets.
#[derive(Default)]
struct Fates(BTreeMap<u32, Box<[u8]>>);

impl Fates {
    /// Rows of a block.
    const ROWS: u32 = 1 << 16;

    fn set(&mut self, row: u32, fate: RowFate) {
        let bits = match fate {
            RowFate::Updated => 1,
            RowFate::Unchanged => 2,
            RowFate::Conflict => 3,
            _ => 0,
        };
        let block = self.0.entry(row / Fates::ROWS);
        let block = block.or_insert_with(|| vec![0; Fates::ROWS as usize / 4].into());
        let (at, shift) = Fates::place(row);
        block[at] = (block[at] & !(3 << shift)) | (bits << shift);
    }

    fn get(&self, row: u32) -> RowFate {
        let (at, shift) = Fates::place(row);
        let block = self.0.get(&(row / Fates::ROWS));
        match block.map_or(0, |block| (block[at] >> shift) & 3) {
            1 => RowFate::Updated,
            2 => RowFate::Unchanged,
            3 => RowFate::Conflict,
            _ => RowFate::Inserted,
        }
    }

    fn place(row: u32) -> (usize, u32) {
        let row = row % Fates::ROWS;
        ((row / 4) as usize, row % 4 * 2)
    }
}

/// Writes a note: a row, a mark, and texts behind their lengths.
fn put(out: &mut impl Write, row: u32, mark: bool, texts: &[&str]) -> io::Result<()> {
    out.write_all(&row.to_le_bytes())?;
    out.write_all(&[u8::from(mark)])?;
    for text in texts {
        let bytes = &text.as_bytes()[..text.len().min(u32::MAX as usize)];
        out.write_all(&(bytes.len() as u32).to_le_bytes())?;
        out.write_all(bytes)?;
    }
    Ok(())
}

/// The row and the mark of the next note; none at the end.
fn take_row(notes: &mut impl Read) -> io::Result<Option<(u32, bool)>> {
    let mut start = [0; 5];
    match notes.read_exact(&mut start) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
        Ok(()) => {
            let [a, b, c, d, mark] = start;
            Ok(Some((u32::from_le_bytes([a, b, c, d]), mark == 1)))
        }
    }
}

fn take_text(notes: &mut impl Read) -> io::Result<String> {
    let mut len = [0; 4];
    notes.read_exact(&mut len)?;
    let mut text = vec![0; u32::from_le_bytes(len) as usize];
    notes.read_exact(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The notes from their start.
fn again(notes: BufWriter<File>) -> Result<BufReader<File>> {
    let mut file = notes
        .into_inner()
        .map_err(|error| failed(error.into_error()))?;
    file.rewind().map_err(failed)?;
    Ok(BufReader::new(file))
}

fn failed(error: io::Error) -> Error {
    Error::io(error, "cannot note what became of rows")
}

fn unwritten(error: io::Error) -> Error {
    Error::io(error, "cannot write what became of rows")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_are_kept_apart() {
        let all = [
            RowFate::Inserted,
            RowFate::Updated,
            RowFate::Unchanged,
            RowFate::Conflict,
        ];
        let mut fates = Fates::default();
        let rows = (0..300)
            .chain(65_530..65_545)
            .chain(u32::MAX - 9..=u32::MAX);
        let rows: Vec<u32> = rows.collect();
        for round in 0..4 {
            let fate = |row: u32| all[(row as usize + round) % 4];
            rows.iter().for_each(|&row| fates.set(row, fate(row)));
            assert!(rows.iter().all(|&row| fates.get(row) == fate(row)));
        }
        assert_eq!(fates.get(1 << 30), RowFate::Inserted);
    }
}
