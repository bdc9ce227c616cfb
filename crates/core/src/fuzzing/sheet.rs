//! The rows of a sheet: the fast scanner against the tolerant one, at several chunk sizes.

use std::{ops::RangeInclusive, sync::Arc};

use super::{
    limits,
    package::{MAIN, WHOLE, cuts_are_safe, package, wrap},
    sound,
};
use crate::{
    a1::MAX_ROWS,
    book::Selection,
    column::{DateSystem, StringTable},
    error::{Error, Result},
    xlsx::{
        Package, read_formats,
        sheet::{ChunkReader, Scanner, SheetContext},
    },
};

const PART: &str = "sheet.xml";
const STYLES: &str = "styles.xml";
/// Cell formats 0 to 4: number, date, date and time, time, elapsed time.
const STYLES_XML: &[u8] = b"<styleSheet><cellXfs><xf/><xf numFmtId=\"14\"/><xf numFmtId=\"22\"/>\
    <xf numFmtId=\"20\"/><xf numFmtId=\"46\"/></cellXfs></styleSheet>";
const CHUNK_BYTES: [usize; 5] = [1, 11, 40, 150, 600];

/// Row, lane, and the cell as text.
type Cells = Vec<(u32, usize, String)>;

/// `data` is what stands in `<sheetData>`: both scanners give the same cells, or both an error, wherever chunks are cut and
/// whichever cells are selected.
pub fn sheet(data: &[u8]) {
    let root = format!("<worksheet xmlns=\"{MAIN}\">");
    let part = wrap(&root, "sheetData", data, "</worksheet>");
    let Some(package) = sound(package(&[(PART, &part), (STYLES, STYLES_XML)])) else {
        return;
    };
    let every = selection(0..=MAX_ROWS - 1, (0..100).collect());
    let cells = sound(read(&package, &every, WHOLE, false));
    let fast = sound(read(&package, &every, WHOLE, true));
    assert_eq!(fast, cells, "fast, then slow");

    let lanes = vec![0, Selection::SKIP, 1, Selection::SKIP, 2];
    let some = selection(1..=40, lanes.clone());
    let selected = sound(read(&package, &some, WHOLE, false));
    let fast = sound(read(&package, &some, WHOLE, true));
    assert_eq!(fast, selected, "fast, then slow, selected cells");
    // A cell that is not read need not hold a value of its type, so there may be cells where there is an error above.
    if let Some(cells) = &cells {
        let cells = cells.iter().filter(|(row, ..)| some.rows.contains(row));
        let cells = cells.filter_map(|(row, column, text)| {
            let lane = lanes
                .get(*column)
                .filter(|&&lane| lane != Selection::SKIP)?;
            Some((*row, usize::from(*lane), text.clone()))
        });
        assert_eq!(selected, Some(cells.collect()), "selected cells, then all");
    }

    let safe = cuts_are_safe(data, "sheetData", "row");
    for chunk_bytes in CHUNK_BYTES {
        let cut = sound(read(&package, &every, chunk_bytes, true));
        if safe || cut.is_some() {
            assert_eq!(cut, cells, "chunks of {chunk_bytes}, then whole");
        }
    }
}

fn selection(rows: RangeInclusive<u32>, lanes: Vec<u16>) -> Selection {
    let mut selection = Selection::new(rows, lanes);
    selection.blank_rows = true;
    selection
}

/// The cells of the sheet, cut into chunks of about `chunk_bytes`, with or without the fast scanner.
fn read(package: &Package, selection: &Selection, chunk_bytes: usize, fast: bool) -> Result<Cells> {
    let limits = limits();
    let reader = package.reader(PART)?;
    let (row, prologue) = (limits.max_row_bytes, limits.max_small_part_bytes);
    let (chunks, prologue) = ChunkReader::open(reader, "sheetData", "row", row, prologue)?;
    let mut chunks = chunks.with_chunk_bytes(chunk_bytes);
    assert!(prologue.plain && prologue.has_content);
    let mut scanner = Scanner::new(Arc::new(SheetContext {
        selection: selection.clone(),
        formats: Arc::new(read_formats(package, Some(STYLES))?),
        budget: Arc::clone(package.budget()),
        dates: DateSystem::Y1900,
        limits,
        plain: true,
        prefixes: prologue.prefixes,
    }));
    let strings = StringTable::default();
    let (mut cells, mut base) = (Cells::new(), 0);
    while let Some(chunk) = chunks.next(Vec::new())? {
        let scanned = scanner.scan_with(chunk.bytes(), chunk.offset, fast)?;
        for piece in scanned.pieces {
            let first = if piece.relative { base } else { 0 };
            for (at, row) in piece.rows.iter().enumerate() {
                let row = first + row;
                if !selection.rows.contains(&row) {
                    continue;
                }
                for (lane, cell) in piece.lanes.iter() {
                    if cell.slot(at).0 != crate::column::Tag::Null {
                        let cell = piece.lane_cell(cell, at, &strings);
                        cells.push((row, lane, format!("{cell:?}")));
                    }
                }
            }
            base = first + piece.next_row;
        }
        if scanned.ended {
            return Ok(cells);
        }
    }
    // As the pipeline has it: a sheet whose data do not end was cut off.
    Err(Error::malformed("the sheet data do not end"))
}
