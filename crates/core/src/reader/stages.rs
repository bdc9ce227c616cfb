//! The stages of a read one at a time, for benches and for `sheetlift bench`: the same code as in a real read, run alone.

use std::{
    any::Any,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    options::ReadOptions,
    prepare::{Prepared, prepare},
    workbook::Workbook,
};
use crate::{
    column::piece::Piece,
    error::{Error, Result},
    xlsx::{
        Block, XlsxSheet,
        sheet::{Scanner, SheetContext},
    },
};

/// How long each stage takes on one thread, and what it produced.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct StageTimes {
    /// Inflating the sheet into reused buffers, cutting it at rows, checksum included.
    pub inflate: Duration,
    /// Reading rows and cells of the inflated chunks into packed pieces.
    pub scan: Duration,
    /// Inflating and reading the shared strings.
    pub strings: Duration,
    /// Building the arrays of Arrow from all pieces.
    pub columns: Duration,
    /// Bytes of the sheet once inflated.
    pub sheet_bytes: u64,
    /// Cells with a value, nulls between them included.
    pub cells: u64,
    /// Shared strings.
    pub string_count: u64,
}

/// Runs each stage alone on the sheet that `options` name. Chunks are timed one by one as they pass; the
/// pieces of the whole sheet are held for the last stage.
///
/// # Errors
/// As [`Workbook::rows`].
pub fn stage_times(workbook: &Workbook, options: &ReadOptions) -> Result<StageTimes> {
    let mut sheet = open(workbook, options)?;
    let mut scanner = Scanner::new(sheet.1);
    let mut times = StageTimes::default();
    let mut buf = Vec::new();
    loop {
        let start = Instant::now();
        let chunk = sheet.0.chunks.next(std::mem::take(&mut buf))?;
        times.inflate += start.elapsed();
        let Some(chunk) = chunk else { break };
        times.sheet_bytes += chunk.bytes().len() as u64;
        let start = Instant::now();
        let scanned = scanner.scan(chunk.bytes(), chunk.offset)?;
        times.scan += start.elapsed();
        let slots = |piece: &Piece| piece.slots(&(0..piece.len()));
        times.cells += scanned.pieces.iter().map(slots).sum::<u64>();
        buf = chunk.into_buf();
    }
    let strings = open(workbook, options)?.0.into_strings();
    let mut strings = strings.ok_or_else(|| Error::bug("a reader of the sheet is still there"))?;
    let start = Instant::now();
    let mut block = Block::default();
    while !strings.is_done() {
        strings.advance(&mut block)?;
    }
    times.strings = start.elapsed();
    times.string_count = strings.table().len() as u64;
    drop(strings);
    times.columns = columns_time(workbook, options)?;
    Ok(times)
}

/// The sheet, and what its scanner needs to know.
fn open(workbook: &Workbook, options: &ReadOptions) -> Result<(Box<XlsxSheet>, Arc<SheetContext>)> {
    let Prepared {
        body, selection, ..
    } = prepare(workbook, options, None)?;
    let body: Box<dyn Any> = body;
    let sheet = body.downcast::<XlsxSheet>().map_err(|_| {
        Error::unsupported("only the stages of .xlsx files are measured one by one")
    })?;
    let context = sheet.context(&selection);
    Ok((sheet, context))
}

/// The time for all batches, in the types that hold every cell, once the pieces are there.
fn columns_time(workbook: &Workbook, options: &ReadOptions) -> Result<Duration> {
    let mut options = options.clone();
    options.types.clear(); // with types given, batches would be built while the sheet is read
    let mut table = workbook.table(&options)?;
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let alone =
        alone.map_err(|error| Error::io(io::Error::other(error), "cannot start a thread"))?;
    alone.install(|| {
        let start = Instant::now();
        while table.next_batch()?.is_some() {}
        Ok(start.elapsed())
    })
}
