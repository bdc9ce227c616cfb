//! The records of a sheet to rows ([MS-XLSB] 2.1.7.61).

use std::sync::Arc;

use super::{
    records::{Data, Records},
    workbook::{ended_early, records, rich_text},
};
use crate::{
    a1::{CellRange, MAX_COLUMNS, MAX_ROWS, cell_name},
    book::{
        CellFormats, Lines, Merge, PieceStream, RowSink, Selection, SheetBody, Strings,
        number::Number,
    },
    column::{
        StringTable, Tag,
        piece::{Formula, Piece},
    },
    error::{Error, Result},
    limits::{Budget, check},
    reader::{Part, first_parts},
    xls::{error_literal, rk},
    xlsx::Package,
};

/// A sheet before it is read.
pub(super) struct XlsbSheet {
    package: Package,
    part: String,
    formats: Arc<CellFormats>,
    strings: Arc<StringTable>,
    hidden_columns: Lines,
}

impl XlsbSheet {
    pub(super) fn open(
        package: Package,
        part: String,
        formats: Arc<CellFormats>,
        strings: Arc<StringTable>,
    ) -> Result<Self> {
        let mut records = records(&package, &part)?;
        let mut hidden_columns = Lines::default();
        while let Some((id, mut data)) = records.next()? {
            match id {
                60 => {
                    let (first, last) = (data.u32()?, data.u32()?);
                    data.take(8)?;
                    if data.u16()? & 1 != 0 && first <= last {
                        hidden_columns.push(first..=last);
                    }
                }
                145 => break, // here the cells begin
                _ => {}
            }
        }
        Ok(XlsbSheet {
            package,
            part,
            formats,
            strings,
            hidden_columns,
        })
    }

    fn stream(&self, selection: &Selection) -> Result<XlsbStream> {
        let formats = match selection.display_text {
            true => Arc::new(self.formats.with_identifiers()),
            false => Arc::clone(&self.formats),
        };
        Ok(XlsbStream {
            records: Some(records(&self.package, &self.part)?),
            in_cells: false,
            cells_ended: false,
            formats,
            strings: Arc::clone(&self.strings),
            sink: RowSink::new(selection),
            lanes: selection.lanes.clone(),
            row: 0,
            has_row: false,
            waiting: None,
            next_column: 0,
            merges: Vec::new(),
            budget: Arc::clone(self.package.budget()),
        })
    }
}

impl SheetBody for XlsbSheet {
    fn hidden_columns(&self) -> &Lines {
        &self.hidden_columns
    }

    fn size(&self) -> u64 {
        0 // one thread reads it
    }

    fn peek(&mut self, selection: &Selection, rows: usize) -> Result<Vec<Part>> {
        let limits = &self.package.budget().limits;
        first_parts(&mut self.stream(selection)?, selection, rows, limits)
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
        Ok(Box::new(self.stream(selection)?))
    }
}

/// Reads the records of a sheet, some at a time.
struct XlsbStream {
    /// `None` behind the last one.
    records: Option<Records>,
    in_cells: bool,
    cells_ended: bool,
    formats: Arc<CellFormats>,
    strings: Arc<StringTable>,
    sink: RowSink,
    lanes: Vec<u16>,
    row: u32,
    /// A row has begun.
    has_row: bool,
    /// A row that is about to begin: number, and whether it is hidden.
    waiting: Option<(u32, bool)>,
    /// The column of a cell that does not say its own.
    next_column: u32,
    merges: Vec<Merge>,
    budget: Arc<Budget>,
}

/// Number of a row, and whether it is hidden (2.4.741).
fn row_header(data: &mut Data<'_>) -> Result<(u32, bool)> {
    const HIDDEN: u8 = 0x10;
    let row = data.u32()?;
    if row >= MAX_ROWS {
        let what = format!(
            "{} is not a row number (1 to {MAX_ROWS})",
            u64::from(row) + 1
        );
        return Err(Error::malformed(what));
    }
    data.take(7)?;
    Ok((row, data.u8()? & HIDDEN != 0))
}

/// Where a cell goes: its lane (`None` when it is not wanted), and its format.
struct Place {
    lane: Option<usize>,
    format: u32,
}

const ROW: u32 = 0;

/// Bytes of records that are read between two looks at the clock.
const BATCH_BYTES: u64 = 1 << 20;

impl PieceStream for XlsbStream {
    fn next(&mut self) -> Result<Option<Vec<Piece>>> {
        let Some(mut records) = self.records.take() else {
            return Ok(None);
        };
        let budget = Arc::clone(&self.budget);
        budget.timed(|| {
            let start = records.position();
            if let Some(row) = self.waiting.take() {
                self.begin_row(row);
            }
            loop {
                let at = records.position();
                let Some((id, mut data)) = records.next()? else {
                    if !self.cells_ended {
                        return Err(records.locate(ended_early()));
                    }
                    break;
                };
                // Rows are not cut: one that begins again would be out of order.
                let is_full = at - start > BATCH_BYTES && id == ROW && self.in_cells;
                let taken = match is_full {
                    true => row_header(&mut data).map(|row| self.waiting = Some(row)),
                    false => self.take(id, data),
                };
                taken.map_err(|error| records.locate(error.at_byte(at)))?;
                if is_full {
                    self.records = Some(records);
                    break;
                }
            }
            Ok(Some(self.sink.finish()))
        })
    }

    fn strings(&mut self) -> Result<Arc<StringTable>> {
        Ok(Arc::clone(&self.strings))
    }

    fn strings_to(self: Box<Self>, _: usize) -> Result<Arc<StringTable>> {
        Ok(self.strings)
    }

    fn merges(&mut self) -> Result<Vec<Merge>> {
        Ok(std::mem::take(&mut self.merges))
    }
}

impl XlsbStream {
    /// Takes in a record.
    fn take(&mut self, id: u32, mut data: Data<'_>) -> Result<()> {
        match id {
            145 => self.in_cells = true,
            146 => (self.in_cells, self.cells_ended) = (false, true),
            176 => {
                let [top, bottom] = [data.u32()?, data.u32()?];
                let [left, right] = [data.u32()?, data.u32()?];
                self.merges.push(Merge(CellRange {
                    rows: top..=bottom,
                    columns: left..=right,
                }));
            }
            ROW if self.in_cells => self.begin_row(row_header(&mut data)?),
            1..=18 | 62 if self.in_cells => {
                if !self.has_row {
                    return Err(Error::malformed("a cell is in no row"));
                }
                // Cells from 12 on follow the one before them.
                let place = self.place(&mut data, (12..=18).contains(&id))?;
                let formula = match id {
                    8..=11 => Formula::Untold,
                    _ => Formula::None,
                };
                self.cell(id, &place, &mut data, formula)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn begin_row(&mut self, (row, is_hidden): (u32, bool)) {
        (self.row, self.next_column, self.has_row) = (row, 0, true);
        self.sink.begin_row(Some(row));
        if is_hidden {
            self.sink.hide_row();
        }
    }

    fn place(&mut self, data: &mut Data<'_>, follows: bool) -> Result<Place> {
        let column = match follows {
            true => self.next_column,
            false => data.u32()?,
        };
        if column >= MAX_COLUMNS {
            let cell = format!("row {}", self.row + 1);
            return Err(Error::malformed(format!(
                "{cell} has a cell in column {}, beyond the 16,384 there are",
                u64::from(column) + 1
            )));
        }
        let most = self.budget.limits.max_columns;
        check("max_columns", most, u64::from(column) + 1)?;
        self.next_column = column + 1;
        let format = data.u32()? & 0x00ff_ffff;
        let lane = match self.lanes.get(column as usize) {
            Some(&lane) if lane != Selection::SKIP => Some(usize::from(lane)),
            _ => None,
        };
        Ok(Place { lane, format })
    }

    fn cell(
        &mut self,
        id: u32,
        place: &Place,
        data: &mut Data<'_>,
        formula: Formula,
    ) -> Result<()> {
        let Some(lane) = place.lane else {
            return Ok(());
        };
        let sink = &mut self.sink;
        match id {
            2 | 13 => self.number(lane, place, rk(data.u32()?))?,
            5 | 9 | 16 => self.number(lane, place, data.f64()?)?,
            3 | 11 | 14 => {
                let literal = error_literal(data.u8()?);
                sink.push_text(lane, Tag::Error, literal.as_bytes())?;
            }
            4 | 10 | 15 => sink.push(lane, Tag::Bool, u64::from(data.u8()? != 0)),
            7 | 18 => sink.push(lane, Tag::Shared, u64::from(data.u32()?.min(u32::MAX - 1))),
            6 | 8 | 17 | 62 => {
                let text = match id {
                    62 => rich_text(data)?,
                    _ => data.text()?.unwrap_or_default(),
                };
                if text.is_empty() {
                    return Ok(());
                }
                let name = |error: Error| error.at_cell(cell_name(self.row, self.next_column - 1));
                let limit = self.budget.limits.max_cell_bytes;
                check("max_cell_bytes", limit, text.len() as u64).map_err(name)?;
                sink.push_text(lane, Tag::Inline, text.as_bytes())?;
            }
            _ => return Ok(()), // blank
        }
        self.sink.note(lane, place.format, || formula);
        Ok(())
    }

    fn number(&mut self, lane: usize, place: &Place, value: f64) -> Result<()> {
        match Number::of_f64(value) {
            Some(number) => self
                .sink
                .push_number(lane, number, place.format, &self.formats),
            None => self.sink.push_text(lane, Tag::Error, b"#NUM!"),
        }
    }
}
