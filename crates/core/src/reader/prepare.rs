//! What has to be known before the rows of a sheet can be read: its header, and which columns go to which lane.

use std::{collections::HashSet, sync::Arc};

use super::{collect::Collector, options::ReadOptions, workbook::Workbook};
use crate::{
    a1::{CellRange, MAX_COLUMNS, cell_name, column_name, parse_column},
    column::{Cell, DateSystem, display::write_cell, piece::Piece},
    error::{Error, Result},
    header::{Header, HeaderColumn, HeaderRow},
    limits::Limits,
    xlsx::{
        SharedStrings, SheetInfo,
        sheet::{ChunkReader, Scanner, Selection, SheetContext, chunks::Prologue},
    },
};

/// A sheet that is ready to be read.
pub(crate) struct Prepared {
    pub(crate) chunks: ChunkReader,
    pub(crate) strings: SharedStrings,
    pub(crate) context: Arc<SheetContext>,
    pub(crate) header: Header,
    /// Columns without a label are read too, where they have cells.
    pub(crate) open_ended: bool,
    /// Number of the first row of the next chunk, for rows that do not say theirs.
    pub(crate) next_row: u32,
    pub(crate) dates: DateSystem,
    pub(crate) limits: Limits,
    pub(crate) has_rows: bool,
}

pub(crate) fn declared_dimension(workbook: &Workbook, sheet: &SheetInfo) -> Result<Option<String>> {
    Ok(open_chunks(workbook, sheet)?.1.dimension)
}

fn open_chunks(workbook: &Workbook, sheet: &SheetInfo) -> Result<(ChunkReader, Prologue)> {
    let limits = &workbook.package().budget().limits;
    let reader = workbook.package().reader(&sheet.part)?;
    ChunkReader::open(
        reader,
        "sheetData",
        "row",
        limits.max_row_bytes,
        limits.max_small_part_bytes,
    )
}

pub(crate) fn prepare(workbook: &Workbook, options: &ReadOptions) -> Result<Prepared> {
    let limits = workbook.package().budget().limits.clone();
    let sheet = workbook.sheet(&options.sheet)?;
    let (mut chunks, prologue) = open_chunks(workbook, sheet)?;
    let mut strings = SharedStrings::open(workbook.package(), workbook.part().strings.as_deref())?;
    let range = options.range.clone().unwrap_or_else(CellRange::all);
    let mut context = SheetContext {
        selection: Selection {
            rows: range.rows.clone(),
            lanes: all_lanes(&range),
            blank_rows: options.blank_rows,
        },
        styles: workbook.styles()?,
        dates: workbook.part().dates,
        limits: limits.clone(),
        plain: prologue.plain,
        prefixes: prologue.prefixes,
    };
    let mut labels = Vec::new();
    let mut header_row = None;
    let mut next_row = 0;
    if options.header != HeaderRow::None && prologue.has_content {
        let found = find_header(
            &mut chunks,
            &mut strings,
            &context,
            options.header,
            &mut next_row,
        )
        .map_err(|error| error.in_sheet(&sheet.name))?;
        if let Some((row, found)) = found {
            header_row = Some(row);
            labels = found;
        } else if let HeaderRow::At(row) = options.header {
            header_row = Some(row);
        }
    }
    if let Some(row) = header_row {
        let first = (*range.rows.start()).max(row.saturating_add(1));
        context.selection.rows = first..=*range.rows.end();
    }
    let mut header = Header::new(Arc::from(sheet.name.as_str()), header_row, labels);
    let open_ended = match &options.columns {
        Some(columns) => {
            header.columns = choose(&header, columns, &range)?;
            context.selection.lanes = lanes_of(&header.columns);
            false
        }
        None => true,
    };
    Ok(Prepared {
        chunks,
        strings,
        dates: context.dates,
        context: Arc::new(context),
        header,
        open_ended,
        next_row,
        limits,
        has_rows: prologue.has_content,
    })
}

/// Every column of the range gets a lane, counted from its first column.
fn all_lanes(range: &CellRange) -> Vec<u16> {
    let first = *range.columns.start();
    let lane = |column: u32| {
        if range.columns.contains(&column) {
            (column - first) as u16
        } else {
            Selection::SKIP
        }
    };
    (0..MAX_COLUMNS.min(range.columns.end() + 1))
        .map(lane)
        .collect()
}

/// The lane map of chosen columns.
pub(crate) fn lanes_of(columns: &[HeaderColumn]) -> Vec<u16> {
    let len = columns
        .iter()
        .map(|column| column.index + 1)
        .max()
        .unwrap_or(0);
    let mut lanes = vec![Selection::SKIP; len as usize];
    for (lane, column) in columns.iter().enumerate() {
        lanes[column.index as usize] = lane as u16;
    }
    lanes
}

/// Sheet columns and their labels.
type Labels = Vec<(u32, Option<String>)>;

/// Reads to the header row; gives its number and its labels. The chunk that holds it comes again.
fn find_header(
    chunks: &mut ChunkReader,
    strings: &mut SharedStrings,
    context: &SheetContext,
    header: HeaderRow,
    next_row: &mut u32,
) -> Result<Option<(u32, Labels)>> {
    let mut context = context.clone();
    context.selection.blank_rows = false;
    if let HeaderRow::At(row) = header {
        if !context.selection.rows.contains(&row) {
            return Err(Error::usage(
                "header/not-found",
                "the header row is outside the range",
            ));
        }
        context.selection.rows = row..=*context.selection.rows.end();
    }
    let context = Arc::new(context);
    let mut scanner = Scanner::new(Arc::clone(&context));
    // Rows are counted when they are read.
    let (max_rows, max_cells) = (Limits::NONE, Limits::NONE);
    let uncounted = Limits {
        max_rows,
        max_cells,
        ..context.limits.clone()
    };
    let mut collector = Collector::new(&context.selection, *next_row, uncounted);
    while let Some(chunk) = chunks.next(Vec::new())? {
        let before = collector.next_row();
        let scanned = scanner
            .scan(chunk.bytes(), chunk.offset)
            .map_err(|error| error.in_part(chunks.part()))?;
        let mut parts = Vec::new();
        for piece in scanned.pieces {
            collector.push(piece, &mut parts)?;
        }
        if let Some((piece, range)) = parts.first() {
            let row = piece.rows[range.start];
            *next_row = before;
            chunks.unread(chunk);
            // The row asked for may be blank.
            if matches!(header, HeaderRow::At(wanted) if wanted != row) {
                return Ok(None);
            }
            return labels(piece, range.start, strings, &context).map(|labels| Some((row, labels)));
        }
        if scanned.ended {
            chunks.unread(chunk);
            break;
        }
    }
    Ok(None)
}

/// The labels of a row, from its first cell to its last.
fn labels(
    piece: &Piece,
    row: usize,
    strings: &mut SharedStrings,
    context: &SheetContext,
) -> Result<Labels> {
    let needed = piece.lanes.iter().map(|(_, lane)| match lane.slot(row) {
        (crate::column::Tag::Shared, id) => id as usize + 1,
        _ => 0,
    });
    strings.read_to(needed.max().unwrap_or(0))?;
    let lanes = &context.selection.lanes;
    let first = lanes
        .iter()
        .position(|&lane| lane != Selection::SKIP)
        .unwrap_or(0) as u32;
    let mut cells = Vec::with_capacity(piece.lanes.width());
    for lane in 0..piece.lanes.width() {
        let column = first + lane as u32;
        let label = match piece.cell(row, lane, strings.table()) {
            Cell::Error(literal) => Some(literal.to_owned()),
            Cell::BadString(id) => {
                let len = strings.table().len();
                return Err(Error::bad_string(id, len).at_cell(cell_name(piece.rows[row], column)));
            }
            cell => {
                let mut text = Vec::new();
                write_cell(&mut text, cell, context.dates)
                    .then(|| String::from_utf8_lossy(&text).into_owned())
            }
        };
        cells.push((column, label));
    }
    // A table that starts further right has no columns before its first label.
    let start = cells
        .iter()
        .position(|(_, label)| label.is_some())
        .unwrap_or(0);
    Ok(cells[start..].to_vec())
}

/// The columns asked for, in sheet order.
fn choose(header: &Header, wanted: &[String], range: &CellRange) -> Result<Vec<HeaderColumn>> {
    let mut chosen: Vec<HeaderColumn> = Vec::new();
    let mut seen = HashSet::new();
    for name in wanted {
        let by_name = header.columns.iter().find(|column| *column.name == **name);
        let column = by_name.cloned().or_else(|| {
            // Letters are a column only where there is one: a mistyped name is not column SKU.
            let upper = name.bytes().all(|b| b.is_ascii_uppercase());
            let index =
                parse_column(name).filter(|index| upper && range.columns.contains(index))?;
            let known = header.columns.iter().find(|column| column.index == index);
            if header.row.is_some() && known.is_none() {
                return None;
            }
            Some(known.cloned().unwrap_or_else(|| HeaderColumn {
                index,
                label: None,
                name: Arc::from(format!("column_{}", column_name(index))),
            }))
        });
        let column = column.ok_or_else(|| {
            let names: Vec<&str> = header.columns.iter().map(|column| &*column.name).collect();
            Error::usage(
                "header/missing-field",
                format!("there is no column {name:?}"),
            )
            .in_sheet(&*header.sheet)
            .with_hint(format!("the columns are {}", names.join(", ")))
        })?;
        if seen.insert(column.index) {
            chosen.push(column);
        }
    }
    chosen.sort_by_key(|column| column.index);
    Ok(chosen)
}
