//! The part of a sheet, written again as it is read: cells with marks get another format, cells that are missing are put in, and the
//! drawing of the comments is named at its end. Everything else stays as it is, byte for byte.
//!
//! Rows without marks pass through; a row with marks is held until its end, for only then is it known which cells are missing.

use std::{collections::BTreeSet, io::Write};

use super::{
    draft::in_utf8,
    marks::{Mark, SheetMarks},
    parts::{Dialect, MAIN, relationship_id},
    styles::Styles,
};
use crate::{
    a1::{MAX_COLUMNS, MAX_ROWS, cell_name, parse_cell},
    error::{Error, Result},
    limits::{Limits, check},
    xml::{Document, PieceKind, Pieces, Tag},
};

/// Elements of a sheet that come behind `legacyDrawing` (ECMA-376 part 1, 18.3.1.99). Alternatives are those of objects and controls.
const BEHIND: [&str; 8] = [
    "legacyDrawingHF",
    "picture",
    "oleObjects",
    "controls",
    "webPublishItems",
    "tableParts",
    "extLst",
    "AlternateContent",
];

/// What is known of a sheet once it was written.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Cells that show their level.
    pub(super) filled: u64,
    /// Cells that do not, for there are too many formats.
    pub(super) unfilled: u64,
    /// The relationship to the drawing that the sheet had, if there is such a drawing.
    pub(super) drawing: Option<String>,
}

/// Writes a sheet again.
pub(super) struct SheetEdit<'a> {
    pub(super) marks: &'a SheetMarks,
    pub(super) styles: &'a mut Styles,
    pub(super) dialect: Dialect,
    /// The relationship to a drawing that the sheet gets unless it has one.
    pub(super) drawing: Option<&'a str>,
    /// Relationships to drawings that are there. A sheet that names another gets ours.
    pub(super) drawings: &'a [&'a str],
    pub(super) limits: &'a Limits,
}

/// What is known of a sheet under way.
#[derive(Default)]
struct Progress {
    /// Prefixes bound to SpreadsheetML; other elements are not ours.
    prefixes: Vec<String>,
    /// Prefix of the root.
    prefix: String,
    /// The attribute by which our drawing is named, made when the root was met; nothing without one.
    drawing: String,
    columns: Columns,
    in_rows: bool,
    /// Number of the next row, should it not say its own.
    next_row: u32,
    /// Number of the row below all that were met.
    below: u32,
    row: Option<Row>,
    has_drawing: bool,
    written: Written,
}

/// Formats of columns: of what is said about one, the first counts.
#[derive(Default)]
struct Columns {
    /// By column, made when the first is said.
    styles: Vec<Option<u32>>,
    /// Columns about which nothing was said: each is looked at once, however many entries overlap.
    free: BTreeSet<u32>,
}

impl Columns {
    fn set(&mut self, first: u32, last: u32, style: u32) {
        if self.styles.is_empty() {
            self.styles = vec![None; MAX_COLUMNS as usize];
            self.free = (0..MAX_COLUMNS).collect();
        }
        while let Some(&column) = self.free.range(first..).next()
            && column <= last
        {
            self.free.remove(&column);
            self.styles[column as usize] = Some(style);
        }
    }

    fn style(&self, column: u32) -> Option<u32> {
        self.styles.get(column as usize).copied().flatten()
    }
}

/// A row under way.
struct Row {
    number: u32,
    next_column: u32,
    /// What cells of it have that the file does not have.
    style: Option<u32>,
    /// Prefix of the document, with its colon.
    prefix: String,
    /// Set where the row has marks.
    held: Option<Held>,
    /// A cell says that it is on another row, or the row comes behind one that stands below it, or once more: where a cell is missing
    /// is not to be told.
    is_torn: bool,
}

/// A row that is held back.
struct Held {
    /// Its start tag as it is, and as it is with more cells.
    tag: Vec<u8>,
    widened: Vec<u8>,
    body: Vec<u8>,
    /// Columns of its cells and where they begin in the body.
    cells: Vec<(u32, usize)>,
}

impl SheetEdit<'_> {
    /// Reads a sheet and writes it.
    ///
    /// # Errors
    /// `Malformed` where it is not well formed; `Limit`; `Io` when `out` fails.
    pub(super) fn write<R: Document>(
        mut self,
        mut pieces: Pieces<R>,
        out: &mut dyn Write,
    ) -> Result<Written> {
        let mut sheet = Progress::default();
        loop {
            let piece = pieces.next()?;
            let (bytes, depth) = (piece.bytes, piece.depth);
            match piece.kind {
                PieceKind::End => return Ok(sheet.written),
                PieceKind::Declaration => put(out, &in_utf8(bytes))?,
                PieceKind::Open(tag) if depth == 1 => {
                    self.begin(&tag, &mut sheet);
                    put(out, bytes)?;
                }
                PieceKind::Open(tag) | PieceKind::Empty(tag) if depth == 2 => {
                    let mended = self.section(&tag, &mut sheet, out)?;
                    let is_open = !bytes.ends_with(b"/>");
                    sheet.in_rows = is_open && is_ours(&tag, &sheet) && tag.name() == "sheetData";
                    match mended {
                        Some(mended) => {
                            put(out, mended.as_bytes())?;
                            put(out, if is_open { b">" } else { b"/>" })?;
                        }
                        None => put(out, bytes)?,
                    }
                }
                PieceKind::Open(tag) | PieceKind::Empty(tag)
                    if depth == 3
                        && sheet.in_rows
                        && is_ours(&tag, &sheet)
                        && tag.name() == "row" =>
                {
                    let is_empty = bytes.ends_with(b"/>");
                    self.begin_row(&tag, bytes, is_empty, &mut sheet, out)?;
                }
                PieceKind::Open(tag) | PieceKind::Empty(tag)
                    if depth == 4
                        && sheet.row.is_some()
                        && is_ours(&tag, &sheet)
                        && tag.name() == "c" =>
                {
                    self.cell(&tag, bytes, &mut sheet, out)?;
                }
                PieceKind::Close if depth == 3 && sheet.row.is_some() => {
                    self.end_row(bytes, &mut sheet, out)?;
                }
                PieceKind::Close if depth == 1 => {
                    self.name_drawing(&mut sheet, out)?;
                    put(out, bytes)?;
                }
                PieceKind::Open(tag) | PieceKind::Empty(tag) => {
                    if depth == 3 && is_ours(&tag, &sheet) && tag.name() == "col" {
                        column(&tag, &mut sheet)?;
                    }
                    self.pass(bytes, &mut sheet, out)?;
                }
                PieceKind::Close | PieceKind::Other => {
                    if depth == 2 && matches!(piece.kind, PieceKind::Close) {
                        sheet.in_rows = false;
                    }
                    self.pass(bytes, &mut sheet, out)?;
                }
            }
        }
    }

    fn begin(&mut self, tag: &Tag<'_>, sheet: &mut Progress) {
        tag.bound_prefixes(&MAIN, &mut sheet.prefixes);
        let (prefix, _) = tag.split_name();
        if sheet.prefixes.is_empty() {
            sheet.prefixes.push(prefix.to_owned()); // a writer that knows no namespaces
        }
        sheet.prefix = prefix.to_owned();
        if let Some(id) = self.drawing {
            sheet.drawing = relationship_id(tag, self.dialect, id);
        }
    }

    /// A section of the sheet begins. If its tag has to be another one, this is that without its end.
    fn section(
        &mut self,
        tag: &Tag<'_>,
        sheet: &mut Progress,
        out: &mut dyn Write,
    ) -> Result<Option<String>> {
        tag.bound_prefixes(&MAIN, &mut sheet.prefixes);
        match tag.name() {
            "legacyDrawing" if !sheet.has_drawing => {
                sheet.has_drawing = true;
                let id = tag.prefixed_attribute("id")?;
                sheet.written.drawing = id.filter(|id| self.drawings.contains(&&**id));
                let is_lost = sheet.written.drawing.is_none() && !sheet.drawing.is_empty();
                Ok(is_lost.then(|| self.mended(tag, sheet)))
            }
            name if BEHIND.contains(&name) => {
                self.name_drawing(sheet, out)?;
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// The tag of a drawing that is not there, with the name of ours.
    fn mended(&self, tag: &Tag<'_>, sheet: &Progress) -> String {
        let (prefix, _) = tag.split_name();
        let colon = if prefix.is_empty() { "" } else { ":" };
        // What was declared in the tag itself goes with it.
        let namespace = match prefix == sheet.prefix {
            true => String::new(),
            false => format!(" xmlns{colon}{prefix}=\"{}\"", self.dialect.main),
        };
        format!("<{}{namespace} {}", tag.full_name(), sheet.drawing)
    }

    fn name_drawing(&mut self, sheet: &mut Progress, out: &mut dyn Write) -> Result<()> {
        if !std::mem::replace(&mut sheet.has_drawing, true) && !sheet.drawing.is_empty() {
            let colon = if sheet.prefix.is_empty() { "" } else { ":" };
            let (prefix, id) = (&sheet.prefix, &sheet.drawing);
            put(
                out,
                format!("<{prefix}{colon}legacyDrawing {id}/>").as_bytes(),
            )?;
        }
        Ok(())
    }

    fn begin_row(
        &mut self,
        tag: &Tag<'_>,
        bytes: &[u8],
        is_empty: bool,
        sheet: &mut Progress,
        out: &mut dyn Write,
    ) -> Result<()> {
        let number = number(tag, "r")?.and_then(|row| row.checked_sub(1));
        let number = number.filter(|row| *row < MAX_ROWS);
        let number = number.unwrap_or(sheet.next_row);
        let is_torn = number < sheet.below;
        sheet.next_row = number.saturating_add(1);
        sheet.below = sheet.below.max(sheet.next_row);
        let style = match tag.flag("customFormat")? {
            true => self::number(tag, "s")?,
            false => None,
        };
        let held = (!self.marks.of_row(number).is_empty()).then(|| Held {
            tag: bytes.to_vec(),
            widened: tag.changed(&[], &["spans"]),
            body: Vec::new(),
            cells: Vec::new(),
        });
        if held.is_none() {
            put(out, bytes)?;
        }
        let (prefix, _) = tag.split_name();
        sheet.row = Some(Row {
            number,
            next_column: 0,
            style,
            prefix: match prefix {
                "" => String::new(),
                prefix => format!("{prefix}:"),
            },
            held,
            is_torn,
        });
        match is_empty {
            true => self.end_row(b"", sheet, out),
            false => Ok(()),
        }
    }

    fn cell(
        &mut self,
        tag: &Tag<'_>,
        bytes: &[u8],
        sheet: &mut Progress,
        out: &mut dyn Write,
    ) -> Result<()> {
        let Some(row) = &mut sheet.row else {
            return Ok(());
        };
        let place = tag.attribute("r")?;
        let place = place.and_then(|place| parse_cell(place.trim()));
        let (number, column) = place.unwrap_or((row.number, row.next_column));
        if number != row.number {
            // The cell knows better than its row, as readers see it too.
            row.is_torn = true;
            row.number = number;
            sheet.next_row = number.saturating_add(1);
            sheet.below = sheet.below.max(sheet.next_row);
        }
        row.next_column = column.saturating_add(1);
        if let Some(held) = &mut row.held {
            held.cells.push((column, held.body.len()));
        }
        let marks = self.marks.of_row(number);
        let mark = marks.binary_search_by_key(&column, |mark| u32::from(mark.column));
        let Ok(mark) = mark else {
            return self.pass(bytes, sheet, out);
        };
        let style = self::number(tag, "s")?.unwrap_or(0);
        let Some(style) = self.styles.filled(style, marks[mark].level) else {
            sheet.written.unfilled += 1;
            return self.pass(bytes, sheet, out);
        };
        sheet.written.filled += 1;
        let mut changed = tag.changed(&[("s", &style.to_string())], &[]);
        let end: &[u8] = if bytes.ends_with(b"/>") { b"/>" } else { b">" };
        changed.extend(end);
        self.pass(&changed, sheet, out)
    }

    /// Bytes go to where the row is, or out.
    fn pass(&mut self, bytes: &[u8], sheet: &mut Progress, out: &mut dyn Write) -> Result<()> {
        match sheet.row.as_mut().and_then(|row| row.held.as_mut()) {
            Some(held) => {
                let len = (held.body.len() + bytes.len()) as u64;
                check("max_row_bytes", self.limits.max_row_bytes, len)?;
                held.body.extend(bytes);
                Ok(())
            }
            None => put(out, bytes),
        }
    }

    /// A row ends, with this tag if it is more than one.
    fn end_row(&mut self, end: &[u8], sheet: &mut Progress, out: &mut dyn Write) -> Result<()> {
        let Some(mut row) = sheet.row.take() else {
            return Ok(());
        };
        let Some(held) = row.held.take() else {
            return put(out, end);
        };
        let mut columns: Vec<u32> = held.cells.iter().map(|(column, _)| *column).collect();
        columns.sort_unstable();
        let is_missing = |mark: &&Mark| columns.binary_search(&u32::from(mark.column)).is_err();
        let missing: Vec<Mark> = match row.is_torn {
            true => Vec::new(),
            false => {
                let marks = self.marks.of_row(row.number).iter();
                marks.filter(is_missing).copied().collect()
            }
        };
        if missing.is_empty() {
            put(out, &held.tag)?;
            put(out, &held.body)?;
            return put(out, end);
        }
        put(out, &held.widened)?;
        put(out, b">")?;
        let mut at = 0;
        // Each goes before the first cell that is to the right of it.
        let mut cells = held.cells.iter().peekable();
        for mark in missing {
            let column = u32::from(mark.column);
            while cells.peek().is_some_and(|(other, _)| *other < column) {
                cells.next();
            }
            let place = cells.peek().map_or(held.body.len(), |(_, place)| *place);
            put(out, &held.body[at..place])?;
            at = place;
            self.put_missing(&row, mark, sheet, out)?;
        }
        put(out, &held.body[at..])?;
        match end.is_empty() {
            true => put(out, format!("</{}row>", row.prefix).as_bytes()),
            false => put(out, end),
        }
    }

    /// A cell that the file does not have, in the format that it would have had.
    fn put_missing(
        &mut self,
        row: &Row,
        mark: Mark,
        sheet: &mut Progress,
        out: &mut dyn Write,
    ) -> Result<()> {
        let column = u32::from(mark.column);
        let base = row.style.or_else(|| sheet.columns.style(column));
        let base = base.unwrap_or(0);
        let Some(style) = self.styles.filled(base, mark.level) else {
            sheet.written.unfilled += 1;
            return Ok(());
        };
        sheet.written.filled += 1;
        let name = cell_name(mark.row, column);
        put(
            out,
            format!("<{}c r=\"{name}\" s=\"{style}\"/>", row.prefix).as_bytes(),
        )
    }
}

fn is_ours(tag: &Tag<'_>, sheet: &Progress) -> bool {
    let (prefix, _) = tag.split_name();
    sheet.prefixes.iter().any(|known| known == prefix)
}

/// The format of columns (18.3.1.13), which are counted from 1.
fn column(tag: &Tag<'_>, sheet: &mut Progress) -> Result<()> {
    let (min, max) = (number(tag, "min")?, number(tag, "max")?);
    if let (Some(min @ 1..), Some(max @ 1..), Some(style)) = (min, max, number(tag, "style")?) {
        sheet.columns.set(min - 1, max - 1, style);
    }
    Ok(())
}

fn number(tag: &Tag<'_>, name: &str) -> Result<Option<u32>> {
    let value = tag.attribute(name)?;
    Ok(value.and_then(|value| value.trim().parse().ok()))
}

pub(super) fn put(out: &mut dyn Write, bytes: &[u8]) -> Result<()> {
    out.write_all(bytes)
        .map_err(|error| Error::io(error, "cannot write the workbook"))
}

#[cfg(test)]
mod tests;
