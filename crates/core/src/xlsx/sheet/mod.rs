//! A worksheet part: chunks of whole rows, each read into pieces by the fast scanner or the tolerant one.

pub(crate) mod chunks;
mod fast;
mod shape;
mod slow;
pub(crate) mod text;
mod value;

use std::sync::Arc;

pub(crate) use chunks::{Chunk, ChunkReader};
pub(crate) use fast::{decode, skip_blanks};
pub(crate) use slow::rich_text;

use self::{shape::Shapes, value::ValueReader};
use crate::{
    book::{CellFormats, RowSink, Selection},
    column::{DateSystem, piece::Piece},
    error::Result,
    limits::{Budget, Limits},
};

/// What workers need to know to read any chunk of one sheet.
#[derive(Debug, Clone)]
pub(crate) struct SheetContext {
    pub(crate) selection: Selection,
    pub(crate) formats: Arc<CellFormats>,
    pub(crate) dates: DateSystem,
    pub(crate) limits: Limits,
    pub(crate) budget: Arc<Budget>,
    /// Rows have no prefix, so that the fast scanner can know them.
    pub(crate) plain: bool,
    /// Prefixes bound to SpreadsheetML; elements with any other are not ours.
    pub(crate) prefixes: Vec<String>,
}

/// Reads chunks. One for each worker: its buffers are reused.
pub(crate) struct Scanner {
    context: Arc<SheetContext>,
    rows: RowSink,
    shapes: Shapes,
}

/// What a chunk held.
pub(crate) struct Scanned {
    pub(crate) pieces: Vec<Piece>,
    /// `</sheetData>` was met: there are no more rows.
    pub(crate) ended: bool,
}

impl Scanner {
    pub(crate) fn new(context: Arc<SheetContext>) -> Self {
        let rows = RowSink::new(&context.selection);
        Scanner {
            context,
            rows,
            shapes: Shapes::default(),
        }
    }

    /// Reads a chunk, which starts at a row (or at what lies between rows). `offset` is its place in the part.
    pub(crate) fn scan(&mut self, chunk: &[u8], offset: u64) -> Result<Scanned> {
        let fast = self.context.plain && !self.context.selection.notes;
        let scanned = self.scan_with(chunk, offset, fast);
        if scanned.is_err() {
            self.rows = RowSink::new(&self.context.selection); // half a row is in the old one
        }
        scanned
    }

    /// Reads a chunk; without `fast` by the tolerant scanner alone, which is the specification.
    pub(crate) fn scan_with(&mut self, chunk: &[u8], offset: u64, fast: bool) -> Result<Scanned> {
        let values = ValueReader::new(&self.context);
        let mut at = 0;
        let mut ended = false;
        while !ended && at < chunk.len() {
            if fast {
                match fast::scan(chunk, at, &mut self.rows, &mut self.shapes, &values) {
                    fast::Stop::Surprise(position) => at = position,
                    fast::Stop::End => break,
                    fast::Stop::SheetEnd => {
                        ended = true;
                        break;
                    }
                }
                if at == chunk.len() {
                    break;
                }
            }
            let step = slow::step(&chunk[at..], &mut self.rows, &values, &self.context.limits)
                .map_err(|error| error.shift_byte(offset + at as u64))?;
            ended = step.ended;
            at += step.consumed;
        }
        let pieces = self.rows.finish();
        Ok(Scanned { pieces, ended })
    }
}

#[cfg(test)]
mod tests;
