//! What has to be known before the rows of a sheet can be read: its header, and which columns go to which lane.

use std::{collections::HashSet, ops::RangeInclusive, sync::Arc};

use super::{
    area,
    options::{MergedCells, ReadOptions},
    workbook::Workbook,
};
use crate::{
    a1::{CellRange, MAX_COLUMNS, MAX_ROWS, cell_name, column_name, parse_column},
    book::{Lines, Selection, SheetBody},
    column::{Cell, DateSystem, StringTable, Tag, display::write_cell, piece::Piece},
    error::{Error, Result},
    header::{Header, HeaderColumn, HeaderRow},
    limits::Limits,
};

/// A sheet that is ready to be read.
pub(crate) struct Prepared {
    pub(crate) body: Box<dyn SheetBody>,
    pub(crate) selection: Selection,
    pub(crate) header: Header,
    /// Columns without a label are read too, where they have cells.
    pub(crate) open_ended: bool,
    /// The sheet column of the first lane, as long as the selection is open-ended.
    pub(crate) first_column: u32,
    pub(crate) merged: MergedCells,
    pub(crate) dates: DateSystem,
    pub(crate) limits: Limits,
}

/// Prepares a sheet; with `header` when that is known already.
pub(crate) fn prepare(
    workbook: &Workbook,
    options: &ReadOptions,
    header: Option<FoundHeader>,
) -> Result<Prepared> {
    let given = options;
    let options = &area::resolve(workbook, options)?;
    let limits = workbook.limits().clone();
    let (place, sheet) = workbook.find_sheet(&options.sheet)?;
    let mut body = workbook.book().open(place)?;
    let range = options.range.clone().unwrap_or_else(CellRange::all);
    let hidden = match options.skip_hidden_columns {
        true => body.hidden_columns().clone(),
        false => Lines::default(),
    };
    let mut selection = Selection::new(all_rows(&range), all_lanes(&range, &hidden));
    selection.skip_hidden_rows = options.skip_hidden_rows;
    selection.omitted.clone_from(&options.omit_rows);
    selection.omitted.sort_unstable();
    selection.display_text = options.display_text;
    selection.merges = options.merged != MergedCells::First;
    let mut any_order = header.is_some();
    let found = match header {
        Some(header) => header,
        None if options.header == HeaderRow::None => FoundHeader::default(),
        None => {
            let dates = workbook.book().dates();
            let found = match find_header(&mut *body, &selection, options, dates, &limits) {
                Err(error) if error.is_out_of_order() => {
                    any_order = true;
                    find_in_any_order(workbook, given)
                }
                found => found,
            };
            found.map_err(|error| error.in_sheet(&sheet.name))?
        }
    };
    (selection.header, selection.any_order) = (found.row, any_order);
    selection.blank_rows = options.blank_rows;
    let mut header = Header::new(Arc::from(sheet.name.as_str()), found.row, found.labels);
    let open_ended = match &options.columns {
        Some(columns) => {
            header.columns = choose(&header, columns, &range)?;
            selection.lanes = lanes_of(&header.columns);
            false
        }
        None => true,
    };
    // Cells beside a range, or in columns that were not chosen, are nobody's business. Without a header row the columns that are
    // chosen are all there are.
    let is_whole = options.range.is_none() && (options.columns.is_none() ^ header.row.is_none());
    if options.tell_ragged && is_whole {
        selection.width = Some(header.width());
    }
    Ok(Prepared {
        body,
        selection,
        header,
        open_ended,
        first_column: *range.columns.start(),
        merged: options.merged,
        dates: workbook.book().dates(),
        limits,
    })
}

/// The rows of a range. One that goes to the end of a sheet goes on: a text file may be longer.
pub(super) fn all_rows(range: &CellRange) -> RangeInclusive<u32> {
    let end = match *range.rows.end() {
        end if end == MAX_ROWS - 1 => u32::MAX - 1,
        end => end,
    };
    *range.rows.start()..=end
}

/// Every column of the range gets a lane, counted from its first column; hidden ones keep theirs empty.
pub(super) fn all_lanes(range: &CellRange, hidden: &Lines) -> Vec<u16> {
    let (first, end) = (
        *range.columns.start(),
        MAX_COLUMNS.min(range.columns.end() + 1),
    );
    let mut lanes = vec![Selection::SKIP; end as usize];
    for column in first..end {
        lanes[column as usize] = (column - first) as u16;
    }
    for columns in hidden.iter() {
        let columns = *columns.start()..end.min(columns.end().saturating_add(1));
        columns.for_each(|column| lanes[column as usize] = Selection::SKIP);
    }
    lanes
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
pub(super) type Labels = Vec<(u32, Option<String>)>;

/// A label is held in the header, as its name, in the schema, and by what is made of them.
const COPIES_OF_A_LABEL: u64 = 8;

/// A header: its (last) row, and the labels of columns.
#[derive(Default)]
pub(crate) struct FoundHeader {
    row: Option<u32>,
    labels: Labels,
}

/// The rows of a header, where the options name them.
fn rows_asked_for(header: HeaderRow) -> Option<(u32, u32)> {
    match header {
        HeaderRow::First | HeaderRow::None => None,
        HeaderRow::At(row) => Some((row, row)),
        HeaderRow::Rows { first, last } => Some((first, last)),
    }
}

/// Looks for the header in the first rows of the file.
///
/// # Errors
/// `sheet/out-of-order` when these are not the first ones of the sheet.
fn find_header(
    body: &mut dyn SheetBody,
    selection: &Selection,
    options: &ReadOptions,
    dates: DateSystem,
    limits: &Limits,
) -> Result<FoundHeader> {
    let mut selection = selection.clone();
    let asked = rows_asked_for(options.header);
    if let Some((first, last)) = asked {
        if !selection.rows.contains(&first) || !selection.rows.contains(&last) || first > last {
            return Err(Error::usage(
                "header/not-found",
                "the header row is outside the range",
            ));
        }
        selection.rows = first..=*selection.rows.end();
    }
    let rows = asked.map_or(1, |(first, last)| (last - first + 1) as usize);
    let parts = body.peek(&selection, rows)?;
    let found = parts
        .iter()
        .flat_map(|(piece, range)| range.clone().map(move |row| (piece, row)));
    let found: Vec<(&Arc<Piece>, usize)> = found.take(rows).collect();
    let last = match (asked, found.first()) {
        (Some((first, _)), None) => return Err(beyond_the_end(first)),
        (Some((_, last)), _) => last,
        (None, Some((piece, row))) => piece.rows[*row],
        (None, None) => return Ok(FoundHeader::default()),
    };
    let mut is_passed = false;
    for (piece, range) in &parts {
        for &row in &piece.rows[range.clone()] {
            if is_passed && row <= last {
                return Err(Error::out_of_order(row));
            }
            is_passed |= row >= last;
        }
    }
    // Rows asked for may be blank.
    let wanted = found.iter().filter(|(piece, row)| piece.rows[*row] <= last);
    let width = wanted.clone().map(|(piece, _)| piece.lanes.width()).max();
    let mut levels = Vec::new();
    for (piece, row) in wanted {
        let strings = body.strings_to(strings_needed(piece, *row))?;
        let lanes = selection.lanes.iter().enumerate();
        let lanes = lanes.filter(|(_, lane)| usize::from(**lane) < width.unwrap_or(0));
        let cells = lanes.map(|(column, lane)| {
            let cell = piece.cell(*row, usize::from(*lane), strings);
            (column as u32, cell)
        });
        levels.push(labels(piece.rows[*row], cells, strings, dates, limits)?);
    }
    joined(last, levels, options, limits)
}

/// The error for a header row behind the last row.
fn beyond_the_end(row: u32) -> Error {
    let message = format!(
        "the sheet has no row {}, which should be its header",
        row + 1
    );
    Error::usage("header/not-found", message)
}

/// The header that the labels of its rows make.
fn joined(
    row: u32,
    levels: Vec<Labels>,
    options: &ReadOptions,
    limits: &Limits,
) -> Result<FoundHeader> {
    let mut labels = join(levels, &options.header_join, limits)?;
    // A table that starts further right has no columns before its first label.
    let start = labels.iter().position(|(_, label)| label.is_some());
    labels.drain(..start.unwrap_or(labels.len()));
    Ok(FoundHeader {
        row: Some(row),
        labels,
    })
}

/// Looks for the header in all rows, whatever their order in the file: reads the whole table once for it.
pub(crate) fn find_in_any_order(workbook: &Workbook, options: &ReadOptions) -> Result<FoundHeader> {
    let mut all = options.clone();
    (all.header, all.columns, all.limit, all.blank_rows) = (HeaderRow::None, None, None, false);
    let mut rows = workbook.rows(&all)?;
    rows.hold()?;
    let (limits, columns) = (workbook.limits(), rows.header().columns.clone());
    let mut asked = rows_asked_for(options.header);
    let mut levels = Vec::new();
    while let Some(window) = rows.next_window()? {
        for (at, row) in window.row_numbers().into_iter().enumerate() {
            let (first, last) = *asked.get_or_insert((row, row));
            if row > last {
                return joined(last, levels, options, limits);
            }
            if row >= first {
                let cells = columns.iter().enumerate();
                let cells =
                    cells.map(|(lane, column)| (column.index, window.column(lane).cell(at)));
                levels.push(labels(
                    row,
                    cells,
                    window.strings(),
                    window.dates(),
                    limits,
                )?);
            }
        }
    }
    match asked {
        Some((first, _)) if levels.is_empty() => Err(beyond_the_end(first)),
        Some((_, last)) => joined(last, levels, options, limits),
        None => Ok(FoundHeader::default()),
    }
}

/// What the cells of a row say, each with its column.
pub(super) fn labels<'a>(
    row: u32,
    cells: impl Iterator<Item = (u32, Cell<'a>)>,
    strings: &StringTable,
    dates: DateSystem,
    limits: &Limits,
) -> Result<Labels> {
    let (mut labels, mut held) = (Labels::new(), 0);
    for (column, cell) in cells {
        let label = match cell {
            Cell::Error(literal) => Some(literal.to_owned()),
            Cell::BadString(id) => {
                let error = Error::bad_string(id, strings.len());
                return Err(error.at_cell(cell_name(row, column)));
            }
            cell => {
                let mut text = Vec::new();
                write_cell(&mut text, cell, dates)
                    .then(|| String::from_utf8_lossy(&text).into_owned())
            }
        };
        held += label.as_ref().map_or(0, String::len) as u64;
        limits.check_held(COPIES_OF_A_LABEL * held)?;
        labels.push((column, label));
    }
    Ok(labels)
}

/// How many shared strings have to be read for a row.
fn strings_needed(piece: &Piece, row: usize) -> usize {
    let needed = piece.lanes.iter().map(|(_, lane)| match lane.slot(row) {
        (Tag::Shared, id) => id as usize + 1,
        _ => 0,
    });
    needed.max().unwrap_or(0)
}

/// One label for each column out of several rows. A label above the last row holds for the columns to its right too, up to
/// the next one: it is the first of merged cells.
pub(super) fn join(levels: Vec<Labels>, between: &str, limits: &Limits) -> Result<Labels> {
    let mut levels = levels.into_iter().rev();
    let mut joined = levels.next().unwrap_or_default();
    for level in levels {
        let (mut above, mut held): (Option<String>, _) = (None, 0);
        for ((_, upper), (_, lower)) in level.into_iter().zip(&mut joined) {
            above = upper.or(above);
            *lower = match (above.as_deref(), lower.take()) {
                (Some(upper), Some(lower)) => Some(format!("{upper}{between}{lower}")),
                (upper, lower) => lower.or_else(|| upper.map(str::to_owned)),
            };
            held += lower.as_ref().map_or(0, String::len) as u64;
            limits.check_held(COPIES_OF_A_LABEL * held)?;
        }
    }
    Ok(joined)
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
