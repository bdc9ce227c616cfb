//! The formats: units of rows in, bytes out. The same units give the same bytes.

mod csv;
mod ipc;
mod ndjson;
mod parquet;
mod text;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, SchemaRef};

use super::Format;
use super::cut::Unit;
use super::fit::Column;

pub(super) use text::key_text;

/// What every format has to do.
pub(super) trait Encoder: Send {
    /// Encodes rows.
    fn write(&mut self, unit: &Unit) -> Result<(), ArrowError>;

    /// Encodes what comes last.
    fn finish(&mut self) -> Result<(), ArrowError>;

    /// What is encoded; whoever takes it empties it.
    fn encoded(&mut self) -> &mut Vec<u8>;
}

/// Begins a file.
pub(super) fn encoder(
    format: Format,
    schema: &SchemaRef,
    columns: &[Column],
) -> Result<Box<dyn Encoder>, ArrowError> {
    Ok(match format {
        Format::Parquet => Box::new(parquet::Parquet::new(schema)?),
        Format::Arrow => Box::new(ipc::Ipc::new(schema)?),
        Format::Csv => Box::new(csv::Csv::new(columns)),
        Format::NdJson => Box::new(ndjson::NdJson::new(columns)),
    })
}

/// The columns of a unit, to be read cell by cell.
fn arrays(rows: &RecordBatch) -> Result<Vec<crate::cells::Cells<'_>>, ArrowError> {
    let cells = rows.columns().iter().map(crate::cells::Cells::new);
    let cells: Option<Vec<_>> = cells.collect();
    cells.ok_or_else(|| ArrowError::InvalidArgumentError("a column cannot be read".to_owned()))
}
