//! A worksheet part before it is read: what stands before its rows, a look at the first of them, and the start of the workers.

use std::sync::Arc;

use super::{
    package::Package,
    sheet::{Chunk, ChunkReader, Scanner, SheetContext, chunks::Prologue},
    strings::{KnownTable, SharedStrings, TableOrChunks},
};
use crate::{
    a1::MAX_ROWS,
    book::{CellFormats, Lines, PieceStream, Selection, SheetBody, Strings},
    column::{DateSystem, StringTable},
    error::Result,
    limits::Budget,
    reader::{Collector, Part, Pipeline},
};

/// A sheet of a package.
pub(crate) struct XlsxSheet {
    pub(crate) chunks: ChunkReader,
    strings: TableOrChunks,
    prologue: Prologue,
    formats: Arc<CellFormats>,
    dates: DateSystem,
    budget: Arc<Budget>,
    /// Number of the first row of the next chunk, for rows that do not say theirs.
    next_row: u32,
}

impl XlsxSheet {
    pub(super) fn open(
        package: &Package,
        part: &str,
        strings: (Option<&str>, &KnownTable),
        formats: Arc<CellFormats>,
        dates: DateSystem,
    ) -> Result<Self> {
        let limits = &package.budget().limits;
        let (max_row, max_prologue) = (limits.max_row_bytes, limits.max_small_part_bytes);
        let reader = package.reader(part)?;
        let (chunks, prologue) =
            ChunkReader::open(reader, "sheetData", "row", max_row, max_prologue)?;
        Ok(XlsxSheet {
            chunks,
            strings: TableOrChunks::open(package, strings.0, strings.1)?,
            prologue,
            formats,
            dates,
            budget: Arc::clone(package.budget()),
            next_row: 0,
        })
    }

    /// The shared strings alone, unless their table is known already.
    pub(crate) fn into_strings(self) -> Option<SharedStrings> {
        self.strings.chunks
    }

    /// What workers need to know to read these cells.
    pub(crate) fn context(&self, selection: &Selection) -> Arc<SheetContext> {
        let formats = match selection.display_text {
            true => Arc::new(self.formats.with_identifiers()),
            false => Arc::clone(&self.formats),
        };
        Arc::new(SheetContext {
            selection: selection.clone(),
            formats,
            dates: self.dates,
            limits: self.budget.limits.clone(),
            budget: Arc::clone(&self.budget),
            plain: self.prologue.plain,
            prefixes: self.prologue.prefixes.clone(),
        })
    }
}

impl SheetBody for XlsxSheet {
    fn hidden_columns(&self) -> &Lines {
        &self.prologue.hidden_columns
    }

    fn declared_dimension(&self) -> Option<&str> {
        self.prologue.dimension.as_deref()
    }

    fn size(&self) -> u64 {
        self.chunks.compressed_len()
    }

    fn peek(&mut self, selection: &Selection, rows: usize) -> Result<Vec<Part>> {
        let mut parts = Vec::new();
        if !self.prologue.has_content {
            return Ok(parts);
        }
        if selection.merges {
            self.chunks.keep_rest(); // a look at a small sheet goes to its end
        }
        let mut scanner = Scanner::new(self.context(selection));
        let mut collector =
            Collector::uncounted(selection, self.next_row, MAX_ROWS, &self.budget.limits);
        let mut again: Vec<Chunk> = Vec::new();
        while let Some(chunk) = self.chunks.next(Vec::new())? {
            let scanned = scanner
                .scan(chunk.bytes(), chunk.offset)
                .map_err(|error| error.in_part(self.chunks.part()))?;
            for piece in scanned.pieces {
                collector.push(piece, &mut parts)?;
            }
            // Chunks before the first row of interest are done with.
            if parts.is_empty() && !scanned.ended {
                self.next_row = collector.next_row();
                continue;
            }
            again.push(chunk);
            if scanned.ended || collector.rows() >= rows as u64 {
                break;
            }
        }
        self.chunks.unread(again);
        Ok(parts)
    }

    fn strings_to(&mut self, len: usize) -> Result<&StringTable> {
        self.strings.read_to(len)
    }

    fn start(
        self: Box<Self>,
        selection: &Selection,
        strings: Strings,
        threads: usize,
    ) -> Result<Box<dyn PieceStream>> {
        let context = self.context(selection);
        Ok(Box::new(Pipeline::start(
            &context,
            self.chunks,
            self.strings,
            strings,
            self.next_row,
            self.prologue.has_content,
            threads,
        )))
    }
}
