//! The records of a text file to rows.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use rayon::prelude::*;

use super::{
    chunks::Chunks,
    detect::Dialect,
    records::{End, Fields},
};
use crate::{
    a1::MAX_COLUMNS,
    book::{CellFormats, PieceStream, RowSink, Selection, SheetBody, Strings},
    column::{
        StringTable,
        literal::tag_of,
        piece::{Formula, Piece},
    },
    error::{Error, Result},
    limits::{Budget, Limits, check},
    reader::{Part, first_parts},
};

/// A text file before it is read.
pub(super) struct CsvSheet {
    bytes: Bytes,
    dialect: Dialect,
    strings: Arc<StringTable>,
    budget: Arc<Budget>,
}

impl CsvSheet {
    pub(super) fn new(bytes: Bytes, dialect: Dialect, budget: Arc<Budget>) -> Self {
        CsvSheet {
            bytes,
            dialect,
            strings: Arc::default(),
            budget,
        }
    }

    fn stream(&self, selection: &Selection, threads: usize) -> CsvStream {
        let max_record = self.budget.limits.max_row_bytes;
        CsvStream {
            chunks: Chunks::new(self.bytes.clone(), self.dialect, max_record),
            dialect: self.dialect,
            selection: selection.clone(),
            threads: threads.max(1),
            strings: Arc::clone(&self.strings),
            ready: VecDeque::new(),
            budget: Arc::clone(&self.budget),
        }
    }
}

impl SheetBody for CsvSheet {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn peek(&mut self, selection: &Selection, rows: usize) -> Result<Vec<Part>> {
        let limits = &self.budget.limits;
        first_parts(&mut self.stream(selection, 1), selection, rows, limits)
    }

    fn strings_to(&mut self, _: usize) -> Result<&StringTable> {
        Ok(&self.strings)
    }

    fn start(
        self: Box<Self>,
        selection: &Selection,
        _: Strings,
        threads: usize,
    ) -> Result<Box<dyn PieceStream>> {
        Ok(Box::new(self.stream(selection, threads)))
    }
}

/// Reads chunks: cut one after the other, read side by side.
struct CsvStream {
    chunks: Chunks,
    dialect: Dialect,
    selection: Selection,
    threads: usize,
    strings: Arc<StringTable>,
    /// What was read of the chunks that come next.
    ready: VecDeque<Result<Vec<Piece>>>,
    budget: Arc<Budget>,
}

impl PieceStream for CsvStream {
    fn max_rows(&self) -> u32 {
        u32::MAX - 1
    }

    fn next(&mut self) -> Result<Option<Vec<Piece>>> {
        if self.ready.is_empty() {
            self.read()?;
        }
        self.ready.pop_front().transpose()
    }

    fn strings(&mut self) -> Result<Arc<StringTable>> {
        Ok(Arc::clone(&self.strings))
    }

    fn strings_to(self: Box<Self>, _: usize) -> Result<Arc<StringTable>> {
        Ok(self.strings)
    }
}

impl CsvStream {
    /// Reads as many chunks as there are threads.
    fn read(&mut self) -> Result<()> {
        let mut chunks = Vec::with_capacity(self.threads);
        let budget = Arc::clone(&self.budget);
        // What is wrong with a chunk is told after what is wrong with those before it, however many are read at once.
        let mut broken = None;
        while chunks.len() < self.threads {
            match budget.timed(|| self.chunks.next()) {
                Ok(Some(chunk)) => chunks.push(chunk),
                Ok(None) => break,
                Err(error) => {
                    broken = Some(Err(error));
                    break;
                }
            }
        }
        let read = |chunk: &Bytes| {
            self.budget
                .timed(|| read_chunk(chunk, self.dialect, &self.selection, &self.budget.limits))
        };
        self.ready = match &chunks[..] {
            [] => VecDeque::new(),
            [chunk] => [read(chunk)].into(),
            chunks => chunks.par_iter().map(read).collect::<Vec<_>>().into(),
        };
        self.ready.extend(broken);
        Ok(())
    }
}

/// The rows of a chunk. Their numbers count on from those of the chunk before.
fn read_chunk(
    bytes: &[u8],
    dialect: Dialect,
    selection: &Selection,
    limits: &Limits,
) -> Result<Vec<Piece>> {
    let mut sink = RowSink::new(selection);
    let mut fields = Fields::new(dialect.marks);
    let mut at = 0;
    while at < bytes.len() {
        let (end, next) = match dialect.marks.record_end(bytes, at) {
            End::At(end, next) => (end, next),
            End::Open | End::InQuotes(_) => (bytes.len(), bytes.len()),
        };
        sink.begin_row(None);
        if dialect.marks.is_comment(&bytes[at..end]) {
            sink.leave_row_out();
            at = next;
            continue;
        }
        if end > at {
            let (mut cells, mut filled) = (0, 0);
            fields.visit(&bytes[at..end], |column, field| {
                cells = column as u32 + 1;
                filled = if field.is_empty() { filled } else { cells };
                if field.is_empty() {
                    return Ok(());
                }
                if column >= MAX_COLUMNS as usize {
                    return Err(Error::malformed("a record has more than 16,384 fields"));
                }
                check("max_columns", limits.max_columns, column as u64 + 1)?;
                check("max_cell_bytes", limits.max_cell_bytes, field.len() as u64)?;
                let Some(lane) = selection.lane(column as u32) else {
                    return Ok(());
                };
                let text = std::str::from_utf8(field)
                    .map_err(|_| Error::bug("a field is cut within a character"))?;
                sink.push_text(lane, tag_of(text), field)?;
                sink.note(lane, CellFormats::NONE, || Formula::None);
                Ok(())
            })?;
            // A delimiter at the end of a line is no cell too many.
            if let Some(width) = selection.width
                && (filled > width || cells < width)
            {
                sink.note_ragged(if filled > width { filled } else { cells });
            }
        }
        at = next;
    }
    Ok(sink.finish())
}
