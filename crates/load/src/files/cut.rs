//! From batches of any size to units that are the same however the caller cut the batches.
//!
//! A unit ends with the row that fills it: its 8,192nd, or the one that takes its texts to 8 MiB. What is written depends on units
//! only, so that the same rows give the same bytes; and a unit is all that waits in memory.

use std::mem;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, SchemaRef};
use arrow_select::concat::concat_batches;

use crate::cells::{Cells, Value, arrays};
use crate::error::{Error, Result};

/// Rows of a unit.
pub(super) const UNIT_ROWS: usize = 8_192;
/// Bytes of a unit, as [`weights`] counts them; the row that reaches it is the last.
pub(super) const UNIT_BYTES: u64 = 8 << 20;
/// Bytes of the largest cell: the offsets of text in a unit count to 2 GiB.
const MAX_CELL_BYTES: usize = 1 << 30;
/// What a cell weighs beside its text.
const CELL_BYTES: u64 = 8;

/// Gathers rows until they make a unit.
#[derive(Debug)]
pub(super) struct Cutter {
    schema: SchemaRef,
    pending: Vec<RecordBatch>,
    rows: usize,
    bytes: u64,
}

/// Rows that belong together, and what they weigh.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) rows: RecordBatch,
    pub(super) bytes: u64,
}

impl Cutter {
    pub(super) fn new(schema: SchemaRef) -> Cutter {
        Cutter {
            schema,
            pending: Vec::new(),
            rows: 0,
            bytes: 0,
        }
    }

    /// Takes rows of the schema and gives the units that they complete.
    pub(super) fn push(&mut self, batch: &RecordBatch) -> Result<Vec<Unit>> {
        let weights = weights(batch.columns());
        let (mut units, mut start) = (Vec::new(), 0);
        for (row, weight) in weights.into_iter().enumerate() {
            self.rows += 1;
            self.bytes += weight;
            if self.rows == UNIT_ROWS || self.bytes >= UNIT_BYTES {
                self.pending.push(batch.slice(start, row + 1 - start));
                start = row + 1;
                units.extend(self.take()?);
            }
        }
        if start < batch.num_rows() {
            self.pending
                .push(batch.slice(start, batch.num_rows() - start));
        }
        Ok(units)
    }

    /// The rows that are left, if there are any.
    pub(super) fn take(&mut self) -> Result<Option<Unit>> {
        let pending = mem::take(&mut self.pending);
        let (rows, bytes) = (mem::take(&mut self.rows), mem::take(&mut self.bytes));
        if rows == 0 {
            return Ok(None);
        }
        let rows = concat_batches(&self.schema, &pending)
            .map_err(|e| Error::bug("rows of one schema cannot be joined").with_source(e))?;
        Ok(Some(Unit { rows, bytes }))
    }
}

/// What each row of fitted columns weighs: its texts, and eight bytes for every cell.
fn weights(columns: &[ArrayRef]) -> Vec<u64> {
    let rows = columns.first().map_or(0, |column| column.len());
    let mut weights = vec![columns.len() as u64 * CELL_BYTES; rows];
    for column in columns {
        let offsets = match column.data_type() {
            DataType::Utf8 => column.as_string::<i32>().value_offsets(),
            DataType::Binary => column.as_binary::<i32>().value_offsets(),
            _ => continue,
        };
        for (row, (weight, ends)) in weights.iter_mut().zip(offsets.windows(2)).enumerate() {
            if column.is_valid(row) {
                *weight += (ends[1] - ends[0]) as u64;
            }
        }
    }
    weights
}

/// What to take of a batch at a time, so that texts which lie once in memory and are referred to by many rows do not all become
/// texts of their own at once.
#[derive(Debug, PartialEq)]
pub(super) enum Bite {
    Rows(Range<usize>),
    /// A row with a cell beyond any measure: the column, and its bytes.
    TooLarge {
        row: usize,
        column: usize,
        bytes: usize,
    },
}

/// Bites of about a unit.
pub(super) fn bites(batch: &RecordBatch) -> Result<Vec<Bite>> {
    let arrays = arrays(batch)?;
    let mut cells = Vec::new();
    for (column, array) in arrays.iter().enumerate() {
        if !matches!(array.data_type(), DataType::Null)
            && !array.data_type().is_primitive()
            && array.data_type() != &DataType::Boolean
        {
            let read =
                Cells::new(array).ok_or_else(|| Error::bug("a column of texts cannot be read"))?;
            cells.push((column, read));
        }
    }
    let (mut bites, mut start, mut bytes) = (Vec::new(), 0, 0);
    for row in 0..batch.num_rows() {
        let mut largest = (0, 0);
        for (column, cells) in &cells {
            let length = match cells.value(row) {
                Value::Text(value) | Value::Bytes(value) => value.len(),
                _ => 0,
            };
            bytes += length as u64;
            if length > largest.1 {
                largest = (*column, length);
            }
        }
        if largest.1 > MAX_CELL_BYTES {
            bites.extend((start < row).then_some(Bite::Rows(start..row)));
            let (column, bytes_of_cell) = largest;
            bites.push(Bite::TooLarge {
                row,
                column,
                bytes: bytes_of_cell,
            });
            (start, bytes) = (row + 1, 0);
        } else if bytes >= UNIT_BYTES {
            bites.push(Bite::Rows(start..row + 1));
            (start, bytes) = (row + 1, 0);
        }
    }
    bites.extend((start < batch.num_rows()).then_some(Bite::Rows(start..batch.num_rows())));
    Ok(bites)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{StringArray, StringViewArray};

    use super::*;

    fn texts(lengths: &[usize]) -> RecordBatch {
        let texts = lengths.iter().map(|length| "x".repeat(*length));
        let array: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
        RecordBatch::try_from_iter([("text", array)]).unwrap()
    }

    fn units(batches: &[RecordBatch]) -> Vec<(usize, u64)> {
        let mut cutter = Cutter::new(batches[0].schema());
        let mut units = Vec::new();
        for batch in batches {
            units.extend(cutter.push(batch).unwrap());
        }
        units.extend(cutter.take().unwrap());
        assert!(cutter.take().unwrap().is_none());
        units
            .iter()
            .map(|unit| (unit.rows.num_rows(), unit.bytes))
            .collect()
    }

    #[test]
    fn units_do_not_depend_on_batches() {
        let lengths: Vec<usize> = (0..20_000)
            .map(|i| if i % 1_000 == 7 { 3 << 20 } else { i % 5 })
            .collect();
        let whole = texts(&lengths);
        let expected = units(std::slice::from_ref(&whole));
        assert!(
            expected
                .iter()
                .all(|(rows, bytes)| *rows <= UNIT_ROWS && *bytes < UNIT_BYTES + (4 << 20))
        );
        assert!(expected.len() > 3);
        for step in [1_000, 1_001, 8_192, 19_999] {
            let pieces: Vec<_> = (0..lengths.len())
                .step_by(step)
                .map(|at| whole.slice(at, step.min(lengths.len() - at)))
                .collect();
            assert_eq!(units(&pieces), expected, "{step}");
        }
    }

    #[test]
    fn one_text_that_many_rows_share_is_taken_bit_by_bit() {
        let shared = "x".repeat(1 << 20);
        let array: ArrayRef = Arc::new(StringViewArray::from_iter_values(std::iter::repeat_n(
            &shared, 100,
        )));
        let batch = RecordBatch::try_from_iter([("text", array)]).unwrap();
        let bites = bites(&batch).unwrap();
        assert_eq!(bites.len(), 13);
        assert_eq!(
            (&bites[0], &bites[12]),
            (&Bite::Rows(0..8), &Bite::Rows(96..100))
        );
        assert_eq!(super::bites(&batch.slice(0, 0)).unwrap(), []);
    }
}
