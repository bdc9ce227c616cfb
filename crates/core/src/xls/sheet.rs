//! The records of a sheet to rows ([MS-XLS] 2.1.7.20.5).

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;

use super::{
    globals::{BOF, EOF, ended_early},
    records::{Fields, Record, Records},
    text::TextEncoding,
};
use crate::{
    a1::{CellRange, MAX_COLUMNS, cell_name},
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
};

/// A sheet before it is read.
pub(super) struct XlsSheet {
    stream: Bytes,
    /// Where its first record is, behind the one that begins it.
    start: usize,
    text: TextEncoding,
    formats: Arc<CellFormats>,
    strings: Arc<StringTable>,
    hidden_columns: Lines,
    budget: Arc<Budget>,
}

impl XlsSheet {
    pub(super) fn open(
        stream: Bytes,
        offset: usize,
        text: TextEncoding,
        formats: Arc<CellFormats>,
        strings: Arc<StringTable>,
        budget: Arc<Budget>,
    ) -> Result<Self> {
        let mut records = Records::new(&stream, offset);
        if !matches!(records.next()?, Some(record) if record.id == BOF) {
            return Err(
                Error::malformed("there is no sheet where the workbook says")
                    .at_byte(offset as u64),
            );
        }
        let start = records.position();
        let mut hidden_columns = Lines::default();
        // Widths of columns stand before the cells.
        while let Some(mut record) = records.next()? {
            match record.id {
                0x007d => {
                    let (first, last) = (record.data.u16()?, record.data.u16()?);
                    record.data.take(4)?;
                    if record.data.u16()? & 1 != 0 && first <= last {
                        hidden_columns.push(u32::from(first)..=u32::from(last));
                    }
                }
                0x0200 | 0x0208 | EOF => break,
                _ => {}
            }
        }
        Ok(XlsSheet {
            stream,
            start,
            text,
            formats,
            strings,
            hidden_columns,
            budget,
        })
    }

    fn stream(&self, selection: &Selection) -> XlsStream {
        let formats = match selection.display_text {
            true => Arc::new(self.formats.with_identifiers()),
            false => Arc::clone(&self.formats),
        };
        XlsStream {
            stream: self.stream.clone(),
            at: Some(self.start),
            depth: 0,
            text: self.text,
            formats,
            strings: Arc::clone(&self.strings),
            hidden_rows: BTreeSet::new(),
            next_hidden: selection.skip_hidden_rows.then_some(0),
            sink: RowSink::new(selection),
            lanes: selection.lanes.clone(),
            row: None,
            waiting: None,
            merges: Vec::new(),
            budget: Arc::clone(&self.budget),
        }
    }
}

impl SheetBody for XlsSheet {
    fn hidden_columns(&self) -> &Lines {
        &self.hidden_columns
    }

    fn size(&self) -> u64 {
        0 // one thread reads it
    }

    fn peek(&mut self, selection: &Selection, rows: usize) -> Result<Vec<Part>> {
        first_parts(
            &mut self.stream(selection),
            selection,
            rows,
            &self.budget.limits,
        )
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

/// Reads the records of a sheet, some at a time.
struct XlsStream {
    stream: Bytes,
    /// Place of the next record; `None` behind the last one.
    at: Option<usize>,
    /// Charts in the sheet that are not ended.
    depth: u32,
    text: TextEncoding,
    formats: Arc<CellFormats>,
    strings: Arc<StringTable>,
    hidden_rows: BTreeSet<u16>,
    /// Hidden rows from here on are still to be told, so that those without a cell are not filled in as blank ones; `None` where
    /// hidden rows are read as others are.
    next_hidden: Option<u16>,
    sink: RowSink,
    lanes: Vec<u16>,
    row: Option<u16>,
    /// A cell whose formula gave a text, which follows in a record of its own.
    waiting: Option<Place>,
    merges: Vec<Merge>,
    budget: Arc<Budget>,
}

/// Where a cell goes, and its format.
#[derive(Debug, Clone, Copy)]
struct Place {
    row: u16,
    column: u16,
    format: u32,
}

/// Bytes of records that are read between two looks at the clock.
const BATCH_BYTES: usize = 1 << 20;

impl PieceStream for XlsStream {
    fn next(&mut self) -> Result<Option<Vec<Piece>>> {
        let Some(start) = self.at else {
            return Ok(None);
        };
        let budget = Arc::clone(&self.budget);
        let stream = self.stream.clone();
        budget.timed(|| {
            let mut records = Records::new(&stream, start);
            self.at = None;
            loop {
                let record = records.next()?.ok_or_else(|| ended_early(&records))?;
                let place = |error: Error| error.in_part("Workbook").at_byte(record.at as u64);
                if self.take(record, &mut records).map_err(place)? {
                    break;
                }
                if records.position() - start > BATCH_BYTES {
                    self.at = Some(records.position());
                    break;
                }
            }
            self.row = None;
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

impl XlsStream {
    /// Takes in a record; true when the sheet has ended.
    fn take<'a>(&mut self, record: Record<'a>, records: &mut Records<'a>) -> Result<bool> {
        let mut data = record.data;
        match record.id {
            BOF => self.depth += 1,
            EOF if self.depth == 0 => return Ok(true),
            EOF => self.depth -= 1,
            _ if self.depth > 0 => {}
            0x0208 => self.row_info(&mut data)?,
            0x0203 => {
                let place = place(&mut data)?;
                self.number(place, data.f64()?, Formula::None)?;
            }
            0x027e => {
                let place = place(&mut data)?;
                self.number(place, rk(data.u32()?), Formula::None)?;
            }
            0x00bd => {
                let (row, first) = (data.u16()?, data.u16()?);
                // The column of the last one stands behind them.
                for at in 0..data.0.len().saturating_sub(2) / 6 {
                    let (format, value) = (u32::from(data.u16()?), data.u32()?);
                    let column = u16::try_from(usize::from(first) + at)
                        .map_err(|_| Error::malformed("a row of numbers is too long"))?;
                    let place = Place {
                        row,
                        column,
                        format,
                    };
                    self.number(place, rk(value), Formula::None)?;
                }
            }
            0x00fd => {
                let place = place(&mut data)?;
                let index = data.u32()?.min(u32::MAX - 1);
                self.put(place, Tag::Shared, u64::from(index), Formula::None)?;
            }
            // The runs of a rich text follow it.
            0x0204 | 0x00d6 => {
                let place = place(&mut data)?;
                let limits = &self.budget.limits;
                let text = self.text.read_long(data, records, limits)?;
                self.put_text(place, Tag::Inline, &text, Formula::None)?;
            }
            0x0205 => {
                let place = place(&mut data)?;
                match (data.u8()?, data.u8()?) {
                    (value, 0) => {
                        self.put(place, Tag::Bool, u64::from(value != 0), Formula::None)?
                    }
                    (code, _) => self.put_error(place, code, Formula::None)?,
                }
            }
            // The other two are of older versions, and some writers use them still.
            0x0006 | 0x0206 | 0x0406 => self.formula(&mut data)?,
            0x0207 => {
                if let Some(place) = self.waiting.take() {
                    let limits = &self.budget.limits;
                    let text = self.text.read_long(data, records, limits)?;
                    self.put_text(place, Tag::Inline, &text, Formula::Untold)?;
                }
            }
            0x00e5 => {
                for _ in 0..data.u16()? {
                    let [top, bottom] = [data.u16()?, data.u16()?].map(u32::from);
                    let [left, right] = [data.u16()?, data.u16()?].map(u32::from);
                    self.merges.push(Merge(CellRange {
                        rows: top..=bottom,
                        columns: left..=right,
                    }));
                }
            }
            _ => {}
        }
        Ok(false)
    }

    fn row_info(&mut self, data: &mut Fields<'_>) -> Result<()> {
        const HIDDEN: u16 = 0x20;
        let row = data.u16()?;
        data.take(10)?;
        if data.u16()? & HIDDEN != 0 {
            self.hidden_rows.insert(row);
        }
        Ok(())
    }

    /// The cached value of a formula ([MS-XLS] 2.5.133): a double, unless its upper bytes are all ones.
    fn formula(&mut self, data: &mut Fields<'_>) -> Result<()> {
        let place = place(data)?;
        let value = data.take(8)?;
        self.waiting = None;
        if value[6..] != [0xff, 0xff] {
            let value = Fields(value).f64()?;
            return self.number(place, value, Formula::Untold);
        }
        match value[0] {
            0 => self.waiting = Some(place),
            1 => self.put(place, Tag::Bool, u64::from(value[2] != 0), Formula::Untold)?,
            2 => self.put_error(place, value[2], Formula::Untold)?,
            _ => {} // an empty text
        }
        Ok(())
    }

    /// The lane of a cell, in its row.
    fn lane(&mut self, place: Place) -> Result<Option<usize>> {
        if u32::from(place.column) >= MAX_COLUMNS {
            let cell = cell_name(u32::from(place.row), u32::from(place.column));
            return Err(Error::malformed("the row has more than 16,384 cells").at_cell(cell));
        }
        let most = self.budget.limits.max_columns;
        check("max_columns", most, u64::from(place.column) + 1)?;
        if self.row != Some(place.row) {
            if let Some(next) = &mut self.next_hidden
                && *next < place.row
            {
                for &hidden in self.hidden_rows.range(*next..place.row) {
                    self.sink.begin_row(Some(u32::from(hidden)));
                    self.sink.hide_row();
                }
                *next = place.row;
            }
            self.row = Some(place.row);
            self.sink.begin_row(Some(u32::from(place.row)));
            if self.hidden_rows.contains(&place.row) {
                self.sink.hide_row();
            }
        }
        Ok(match self.lanes.get(usize::from(place.column)) {
            Some(&lane) if lane != Selection::SKIP => Some(usize::from(lane)),
            _ => None,
        })
    }

    fn number(&mut self, place: Place, value: f64, formula: Formula) -> Result<()> {
        let Some(lane) = self.lane(place)? else {
            return Ok(());
        };
        let Some(number) = Number::of_f64(value) else {
            return self.put_text(place, Tag::Error, "#NUM!", formula);
        };
        self.sink
            .push_number(lane, number, place.format, &self.formats)?;
        self.sink.note(lane, place.format, || formula);
        Ok(())
    }

    fn put(&mut self, place: Place, tag: Tag, bits: u64, formula: Formula) -> Result<()> {
        if let Some(lane) = self.lane(place)? {
            self.sink.push(lane, tag, bits);
            self.sink.note(lane, place.format, || formula);
        }
        Ok(())
    }

    fn put_text(&mut self, place: Place, tag: Tag, text: &str, formula: Formula) -> Result<()> {
        let limit = self.budget.limits.max_cell_bytes;
        check("max_cell_bytes", limit, text.len() as u64)?;
        if !text.is_empty()
            && let Some(lane) = self.lane(place)?
        {
            self.sink.push_text(lane, tag, text.as_bytes())?;
            self.sink.note(lane, place.format, || formula);
        }
        Ok(())
    }

    fn put_error(&mut self, place: Place, code: u8, formula: Formula) -> Result<()> {
        self.put_text(place, Tag::Error, error_literal(code), formula)
    }
}

fn place(data: &mut Fields<'_>) -> Result<Place> {
    Ok(Place {
        row: data.u16()?,
        column: data.u16()?,
        format: u32::from(data.u16()?),
    })
}

/// A number of 30 bits ([MS-XLS] 2.5.217): the upper ones of a double or an integer, perhaps in hundredths.
pub(crate) fn rk(bits: u32) -> f64 {
    let value = match bits & 2 {
        0 => f64::from_bits(u64::from(bits & !3) << 32),
        _ => f64::from(bits as i32 >> 2),
    };
    if bits & 1 != 0 { value / 100.0 } else { value }
}

/// The literal of an error ([MS-XLS] 2.5.10).
pub(crate) fn error_literal(code: u8) -> &'static str {
    match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0f => "#VALUE!",
        0x17 => "#REF!",
        0x1d => "#NAME?",
        0x24 => "#NUM!",
        0x2a => "#N/A",
        0x2b => "#GETTING_DATA",
        _ => "#ERROR!",
    }
}
