//! Merged cells filled: the value of the first cell of a range, in its other cells.

use std::{collections::BTreeMap, sync::Arc};

use super::{collect::Part, options::MergedCells};
use crate::{
    book::{Merge, Selection},
    column::{
        Tag,
        piece::{LaneBuilder, Piece, span, span_bytes},
    },
    error::{Error, Result},
    limits::Limits,
};

/// A cell of a piece to be filled: row, lane, and the part and row of the cell its value is from.
struct Fill {
    row: usize,
    lane: usize,
    from: (usize, usize, usize),
}

/// The parts with the cells of merged ranges filled, where they hold nothing. Only rows that are there are filled.
///
/// # Errors
/// `Malformed` when ranges overlap so much that they have more cells than the table.
pub(super) fn fill_merged(
    mut parts: Vec<Part>,
    merges: &[Merge],
    how: MergedCells,
    selection: &Selection,
    limits: &Limits,
) -> Result<Vec<Part>> {
    let rows: u64 = parts.iter().map(|(_, range)| range.len() as u64).sum();
    let mut left = rows * selection.lanes.len() as u64;
    let mut filled_cells = 0;
    let mut fills: BTreeMap<usize, Vec<Fill>> = BTreeMap::new();
    for Merge(range) in merges {
        let (top, first) = (*range.rows.start(), *range.columns.start());
        let bottom = match how {
            MergedCells::First => return Ok(parts),
            MergedCells::Right => top,
            MergedCells::Down | MergedCells::All => *range.rows.end(),
        };
        let last = match how {
            MergedCells::Down => first,
            _ => (*range.columns.end()).min(selection.lanes.len() as u32),
        };
        let (Some((part, row)), Some(lane)) = (place(&parts, top), selection.lane(first)) else {
            continue;
        };
        for (at, target) in rows_between(&parts, top, bottom) {
            left = left
                .checked_sub(u64::from(last.saturating_sub(first)) + 1)
                .ok_or_else(|| Error::malformed("the merged cells of the sheet overlap"))?;
            filled_cells += u64::from(last.saturating_sub(first)) + 1;
            limits.check_held(filled_cells * size_of::<Fill>() as u64)?;
            let lanes = (first..=last).filter_map(|column| selection.lane(column));
            let lanes = lanes.filter(|target_lane| (at, target, *target_lane) != (part, row, lane));
            fills
                .entry(at)
                .or_default()
                .extend(lanes.map(|lane_to| Fill {
                    row: target,
                    lane: lane_to,
                    from: (part, row, lane),
                }));
        }
    }
    for (at, fills) in fills {
        let piece = filled(&parts, at, &fills)?;
        parts[at].0 = Arc::new(piece);
    }
    Ok(parts)
}

/// Part and row (in its piece) of a sheet row.
fn place(parts: &[Part], row: u32) -> Option<(usize, usize)> {
    rows_between(parts, row, row).next()
}

/// Parts and rows (in their pieces) of these sheet rows, as far as they are there.
fn rows_between(parts: &[Part], first: u32, last: u32) -> impl Iterator<Item = (usize, usize)> {
    let last_row = |(piece, range): &Part| piece.rows[range.end - 1];
    let from = parts.partition_point(|part| last_row(part) < first);
    let parts = parts[from..].iter().enumerate();
    let parts = parts.take_while(move |(_, (piece, range))| piece.rows[range.start] <= last);
    parts.flat_map(move |(at, (piece, range))| {
        let rows = &piece.rows[range.clone()];
        let start = range.start + rows.partition_point(|row| *row < first);
        let end = range.start + rows.partition_point(|row| *row <= last);
        (start..end).map(move |row| (from + at, row))
    })
}

/// A copy of the piece of a part, with cells filled.
fn filled(parts: &[Part], at: usize, fills: &[Fill]) -> Result<Piece> {
    let piece = &parts[at].0;
    let mut text = piece.text.to_vec();
    let mut lanes: BTreeMap<usize, BTreeMap<usize, (Tag, u64)>> = BTreeMap::new();
    let mut spans: BTreeMap<(usize, usize, usize), u64> = BTreeMap::new();
    for fill in fills {
        let (part, row, lane) = fill.from;
        let from = &parts[part].0;
        let (tag, mut bits) = match from.lanes.get(lane) {
            Some(lane) => lane.slot(row),
            None => continue,
        };
        let is_free = piece
            .lanes
            .get(fill.lane)
            .is_none_or(|lane| lane.slot(fill.row).0 == Tag::Null);
        if tag == Tag::Null || !is_free {
            continue;
        }
        if tag.is_span() {
            bits = match spans.get(&fill.from) {
                Some(known) => *known,
                None => {
                    let bytes = span_bytes(bits, &from.text);
                    let copied = span(text.len(), bytes.len());
                    text.extend_from_slice(bytes);
                    if u32::try_from(text.len()).is_err() {
                        let error = "merged cells hold more than 4 GiB of text";
                        return Err(Error::unsupported(error));
                    }
                    spans.insert(fill.from, copied);
                    copied
                }
            };
        }
        lanes
            .entry(fill.lane)
            .or_default()
            .insert(fill.row, (tag, bits));
    }
    let width = piece.lanes.width();
    let width = lanes
        .keys()
        .next_back()
        .map_or(width, |last| width.max(last + 1));
    let none = BTreeMap::new();
    let built = (0..width).filter_map(|column| {
        let new = lanes.get(&column).unwrap_or(&none);
        let old = piece.lanes.get(column);
        let mut builder = LaneBuilder::default();
        for row in 0..piece.len() {
            let slot = old.map_or((Tag::Null, 0), |lane| lane.slot(row));
            let (tag, bits) = new.get(&row).copied().unwrap_or(slot);
            if tag != Tag::Null {
                builder.push(row, tag, bits);
            }
        }
        (builder.len() > 0).then(|| (column as u16, builder.finish()))
    });
    Ok(Piece {
        rows: piece.rows.clone(),
        next_row: piece.next_row,
        lanes: built.collect(),
        text: text.into(),
        ..Piece::default()
    })
}
