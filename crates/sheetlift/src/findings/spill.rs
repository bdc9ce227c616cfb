//! Findings in a file without a name, which is gone with the process: an Arrow stream. What findings of a kind have in common is
//! kept once, in memory.

use std::{
    fs::File,
    io::{BufReader, BufWriter, Seek, SeekFrom},
    sync::Arc,
};

use arrow_array::{
    Array, ArrayRef, Float64Array, RecordBatch, StringArray, UInt32Array,
    cast::AsArray,
    types::{Float64Type, UInt32Type},
};
use arrow_ipc::{reader::StreamReader, writer::StreamWriter};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use sheetlift_core::Finding;

use super::{Kind, Kinds};
use crate::error::{Error, Result};

/// Findings of a batch: a window can have some hundred thousand, which are not to be in memory twice.
const BATCH: usize = 8_192;

/// Findings on their way to the file.
pub(crate) struct Spill {
    kinds: Kinds,
    out: StreamWriter<BufWriter<File>>,
}

impl Spill {
    /// Opens a file where temporary ones go (`TMPDIR`).
    pub(crate) fn new() -> Result<Spill> {
        let file = tempfile::tempfile().map_err(|error| failed(error.into()))?;
        let out = StreamWriter::try_new(BufWriter::new(file), &schema()).map_err(failed)?;
        Ok(Spill {
            kinds: Kinds::default(),
            out,
        })
    }

    pub(crate) fn add(&mut self, findings: &[Finding]) -> Result<()> {
        findings
            .chunks(BATCH)
            .try_for_each(|batch| self.add_batch(batch))
    }

    fn add_batch(&mut self, findings: &[Finding]) -> Result<()> {
        let kinds: Vec<u32> = findings
            .iter()
            .map(|finding| self.kinds.number(finding) as u32)
            .collect();
        let texts = |text: fn(&Finding) -> Option<&str>| -> ArrayRef {
            Arc::new(findings.iter().map(text).collect::<StringArray>())
        };
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt32Array::from(kinds)),
            Arc::new(
                findings
                    .iter()
                    .map(|finding| finding.row)
                    .collect::<UInt32Array>(),
            ),
            texts(|finding| finding.row_key.as_deref()),
            texts(|finding| finding.value.as_deref()),
            texts(|finding| Some(&finding.message)),
            texts(|finding| finding.suggestion.as_deref()),
            Arc::new(
                findings
                    .iter()
                    .map(|finding| finding.score)
                    .collect::<Float64Array>(),
            ),
        ];
        let batch = RecordBatch::try_new(schema(), columns).map_err(failed)?;
        self.out.write(&batch).map_err(failed)
    }

    /// The findings, to be read any number of times.
    pub(crate) fn finish(mut self) -> Result<Spilled> {
        self.out.finish().map_err(failed)?;
        let out = self.out.into_inner().map_err(failed)?;
        let file = out
            .into_inner()
            .map_err(|error| failed(error.into_error().into()))?;
        Ok(Spilled {
            kinds: self.kinds.all.into(),
            file,
        })
    }
}

/// Findings in a file.
#[derive(Debug)]
pub(crate) struct Spilled {
    kinds: Arc<[Kind]>,
    file: File,
}

impl Spilled {
    /// Reads them from the first on. Readers of one file share its position: one at a time.
    pub(crate) fn read(&self) -> Result<SpillReader> {
        let mut file = self
            .file
            .try_clone()
            .map_err(|error| failed(error.into()))?;
        file.seek(SeekFrom::Start(0))
            .map_err(|error| failed(error.into()))?;
        let batches = StreamReader::try_new(BufReader::new(file), None).map_err(failed)?;
        Ok(SpillReader {
            kinds: Arc::clone(&self.kinds),
            batches,
            batch: RecordBatch::new_empty(schema()),
            row: 0,
        })
    }
}

/// Reads findings back.
pub(crate) struct SpillReader {
    kinds: Arc<[Kind]>,
    batches: StreamReader<BufReader<File>>,
    batch: RecordBatch,
    row: usize,
}

impl Iterator for SpillReader {
    type Item = Result<Finding>;

    fn next(&mut self) -> Option<Result<Finding>> {
        while self.row == self.batch.num_rows() {
            match self.batches.next()? {
                Ok(batch) => (self.batch, self.row) = (batch, 0),
                Err(error) => return Some(Err(failed(error))),
            }
        }
        let row = self.row;
        self.row += 1;
        let column = |at: usize| self.batch.column(at);
        let text = |at: usize| {
            let texts = column(at).as_string::<i32>();
            texts.is_valid(row).then(|| texts.value(row).to_owned())
        };
        let rows = column(1).as_primitive::<UInt32Type>();
        let scores = column(6).as_primitive::<Float64Type>();
        let kind = column(0).as_primitive::<UInt32Type>().value(row) as usize;
        let kind = self.kinds[kind].clone();
        Some(Ok(Finding {
            level: kind.level,
            code: kind.code,
            rule: kind.rule,
            sheet: kind.sheet,
            row: rows.is_valid(row).then(|| rows.value(row)),
            column_index: kind.column_index,
            column: kind.column,
            field: kind.field,
            row_key: text(2),
            value: text(3),
            expected: kind.expected,
            message: text(4).unwrap_or_default(),
            suggestion: text(5),
            score: scores.is_valid(row).then(|| scores.value(row)),
        }))
    }
}

fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        Field::new("kind", DataType::UInt32, false),
        Field::new("row", DataType::UInt32, true),
        text("row_key"),
        text("value"),
        text("message"),
        text("suggestion"),
        Field::new("score", DataType::Float64, true),
    ]))
}

fn failed(error: ArrowError) -> Error {
    const WHAT: &str = "cannot keep the findings in a temporary file";
    match error {
        ArrowError::IoError(_, error) => Error::io(error, WHAT),
        error => Error::io(std::io::Error::other(error), WHAT),
    }
}

#[cfg(test)]
mod tests {
    use sheetlift_core::Level;

    use super::*;

    #[test]
    fn gives_back_what_it_was_given() {
        let findings: Vec<Finding> = (0..3 * BATCH as u32)
            .map(|at| Finding {
                level: if at % 2 == 0 {
                    Level::Error
                } else {
                    Level::Info
                },
                code: if at % 3 == 0 {
                    "cell/enum"
                } else {
                    "row/rule-failed"
                }
                .into(),
                rule: format!("rule {}", at % 5),
                sheet: "Items".into(),
                row: (at % 7 != 0).then_some(at),
                column_index: (at % 3 == 0).then_some(at % 4),
                column: (at % 3 == 0).then(|| "a".into()),
                field: None,
                row_key: (at % 11 == 0).then(|| at.to_string()),
                value: (at % 13 != 0).then(|| format!("value {at}")),
                expected: String::new(),
                message: format!("message {at}"),
                suggestion: (at % 17 == 0).then(|| "a".to_owned()),
                score: (at % 17 == 0).then_some(0.5),
            })
            .collect();
        let mut spill = Spill::new().unwrap();
        let (few, many) = findings.split_at(700);
        for part in [few, &many[..BATCH], &many[BATCH..]] {
            spill.add(part).unwrap();
        }
        spill.add(&[]).unwrap();
        let spilled = spill.finish().unwrap();
        for _ in 0..2 {
            let back: Vec<Finding> = spilled.read().unwrap().collect::<Result<_>>().unwrap();
            assert_eq!(back, findings);
        }
        let none = Spill::new().unwrap().finish().unwrap();
        assert_eq!(none.read().unwrap().count(), 0);
    }
}
