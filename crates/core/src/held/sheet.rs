//! The rows of a sheet.

use std::sync::Arc;

use bytes::Bytes;

use super::{HeldCell, HeldRow, Line, damaged, parse};
use crate::{
    a1::MAX_COLUMNS,
    book::{CellFormats, PieceStream, RowSink, Selection, SheetBody, Strings},
    column::{
        StringTable, Tag,
        literal::tag_of,
        piece::{Formula, Piece},
    },
    error::{Error, Result},
    limits::{Budget, check},
    reader::{Part, first_parts},
};

/// Bytes that are read at once. Debug builds take few, so that every test crosses borders.
const CHUNK_BYTES: usize = if cfg!(debug_assertions) {
    1 << 10
} else {
    1 << 20
};

/// A sheet before it is read.
pub(super) struct HeldSheet {
    bytes: Bytes,
    is_text: bool,
    strings: Arc<StringTable>,
    budget: Arc<Budget>,
}

impl HeldSheet {
    pub(super) fn new(bytes: Bytes, is_text: bool, budget: Arc<Budget>) -> HeldSheet {
        HeldSheet {
            bytes,
            is_text,
            strings: Arc::default(),
            budget,
        }
    }

    fn stream(&self, selection: &Selection) -> HeldStream {
        HeldStream {
            bytes: self.bytes.clone(),
            at: 0,
            is_text: self.is_text,
            selection: selection.clone(),
            strings: Arc::clone(&self.strings),
            budget: Arc::clone(&self.budget),
        }
    }
}

impl SheetBody for HeldSheet {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn peek(&mut self, selection: &Selection, rows: usize) -> Result<Vec<Part>> {
        let limits = &self.budget.limits;
        first_parts(&mut self.stream(selection), selection, rows, limits)
    }

    fn strings_to(&mut self, _: usize) -> Result<&StringTable> {
        Ok(&self.strings)
    }

    fn start(
        self: Box<Self>,
        selection: &Selection,
        _: Strings,
        _: usize,
    ) -> Result<Box<dyn PieceStream>> {
        Ok(Box::new(self.stream(selection)))
    }
}

struct HeldStream {
    bytes: Bytes,
    at: usize,
    is_text: bool,
    selection: Selection,
    strings: Arc<StringTable>,
    budget: Arc<Budget>,
}

impl PieceStream for HeldStream {
    fn max_rows(&self) -> u32 {
        u32::MAX - 1
    }

    fn next(&mut self) -> Result<Option<Vec<Piece>>> {
        if self.at >= self.bytes.len() {
            return Ok(None);
        }
        let budget = Arc::clone(&self.budget);
        budget.timed(|| self.read()).map(Some)
    }

    fn strings(&mut self) -> Result<Arc<StringTable>> {
        Ok(Arc::clone(&self.strings))
    }

    fn strings_to(self: Box<Self>, _: usize) -> Result<Arc<StringTable>> {
        Ok(self.strings)
    }
}

impl HeldStream {
    /// Reads the next rows.
    fn read(&mut self) -> Result<Vec<Piece>> {
        let bytes = self.bytes.clone();
        let (mut sink, end) = (RowSink::new(&self.selection), self.at + CHUNK_BYTES);
        while self.at < bytes.len().min(end) {
            let rest = &bytes[self.at..];
            let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            self.at += len + 1;
            match parse(&rest[..len])? {
                Line::Row(row) => self.put(&mut sink, row)?,
                _ => return Err(damaged("a row is none")),
            }
        }
        Ok(sink.finish())
    }

    fn put(&self, sink: &mut RowSink, row: HeldRow) -> Result<()> {
        let limits = &self.budget.limits;
        if row.row >= self.max_rows() {
            return Err(damaged("a row is further down than there are rows"));
        }
        sink.begin_row(Some(row.row));
        for (column, cell) in row.cells {
            if column >= MAX_COLUMNS {
                return Err(Error::malformed("a row has more than 16,384 cells"));
            }
            check("max_columns", limits.max_columns, u64::from(column) + 1)?;
            let Some(lane) = self.selection.lane(column) else {
                continue;
            };
            match cell {
                HeldCell::Bool(value) => sink.push(lane, Tag::Bool, u64::from(value)),
                HeldCell::Int(value) => sink.push(lane, Tag::Int, value as u64),
                HeldCell::Float(bits) => sink.push(lane, Tag::Float, bits),
                HeldCell::Date(bits) => sink.push(lane, Tag::Date, bits),
                HeldCell::DateTime(bits) => sink.push(lane, Tag::DateTime, bits),
                HeldCell::Time(bits) => sink.push(lane, Tag::Time, bits),
                HeldCell::Duration(bits) => sink.push(lane, Tag::Duration, bits),
                // The largest stands for no string at all where strings are packed; any other is outside the table as well.
                HeldCell::BadString(id) => {
                    sink.push(lane, Tag::Shared, u64::from(id.min(u32::MAX - 1)));
                }
                HeldCell::Error(text) => sink.push_text(lane, Tag::Error, text.as_bytes())?,
                HeldCell::Text(text) => {
                    check("max_cell_bytes", limits.max_cell_bytes, text.len() as u64)?;
                    let tag = match self.is_text {
                        true => tag_of(&text),
                        false => Tag::Inline,
                    };
                    sink.push_text(lane, tag, text.as_bytes())?;
                }
            }
            sink.note(lane, CellFormats::NONE, || Formula::None);
        }
        if let (Some(width), Some(cells)) = (self.selection.width, row.width)
            && cells != width
        {
            sink.note_ragged(cells);
        }
        Ok(())
    }
}
