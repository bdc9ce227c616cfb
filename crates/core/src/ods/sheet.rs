//! The rows of one table.

use std::sync::Arc;

use super::{
    CONTENT,
    cell::{OdsCell, Value, begin},
    listing::{Listing, count, is_hidden},
};
use crate::{
    a1::{CellRange, MAX_COLUMNS, MAX_ROWS, cell_name},
    book::{CellFormats, Lines, Merge, PieceStream, RowSink, Selection, SheetBody, Strings},
    column::{StringTable, Tag, piece::Piece},
    error::{Error, Result},
    limits::{Budget, check},
    reader::{Part, first_parts},
    xlsx::Package,
    xml::{StreamTokens, Token},
};

/// A table before it is read.
pub(super) struct OdsSheet {
    package: Package,
    listing: Arc<Listing>,
    place: usize,
    strings: Arc<StringTable>,
}

impl OdsSheet {
    pub(super) fn new(package: Package, listing: Arc<Listing>, place: usize) -> Self {
        OdsSheet {
            package,
            listing,
            place,
            strings: Arc::default(),
        }
    }

    fn stream(&self, selection: &Selection) -> Result<OdsStream> {
        let table = self.listing.tables_before[self.place];
        let tokens = self.listing.marks.open(&self.package, table)?;
        Ok(OdsStream {
            outside: tokens.depth() - 1,
            tokens: Some(tokens),
            row: 0,
            sink: RowSink::new(selection),
            selection: selection.clone(),
            strings: Arc::clone(&self.strings),
            merges: Vec::new(),
            repeat: None,
            repeated: 0,
            budget: Arc::clone(self.package.budget()),
        })
    }
}

impl SheetBody for OdsSheet {
    fn hidden_columns(&self) -> &Lines {
        &self.listing.hidden_columns[self.place]
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

/// Reads the rows of a table, some at a time.
struct OdsStream {
    /// `None` behind the table.
    tokens: Option<StreamTokens>,
    /// Open elements outside the table.
    outside: u64,
    /// The row that comes next.
    row: u32,
    sink: RowSink,
    selection: Selection,
    strings: Arc<StringTable>,
    merges: Vec<Merge>,
    /// A row that is to be put once more, so often.
    repeat: Option<(Row, u32)>,
    /// Cells that were made of others so far.
    repeated: u64,
    budget: Arc<Budget>,
}

/// The cells of a row that have a value, with the column of each.
struct Row {
    cells: Vec<(u32, OdsCell)>,
    is_hidden: bool,
}

impl Row {
    /// Bytes of the texts that its cells have.
    fn text_bytes(&self) -> u64 {
        let bytes = |(_, cell): &(u32, OdsCell)| text_len(cell) * u64::from(cell.repeated);
        self.cells.iter().map(bytes).sum()
    }
}

fn text_len(cell: &OdsCell) -> u64 {
    match &cell.value {
        Value::Text(text) | Value::Error(text) => text.len() as u64,
        Value::Slot(..) | Value::None => 0,
    }
}

/// What comes next in a table.
enum Step {
    /// A row: how often, and whether it is hidden.
    Row(u32, bool),
    Other,
    Close,
    End,
    Nothing,
}

/// Bytes of XML, and rows, that are read between two looks at the clock.
const BATCH_BYTES: u64 = 1 << 20;
const BATCH_ROWS: u32 = 4_096;

impl PieceStream for OdsStream {
    fn next(&mut self) -> Result<Option<Vec<Piece>>> {
        let Some(mut tokens) = self.tokens.take() else {
            return Ok(None);
        };
        let budget = Arc::clone(&self.budget);
        budget.timed(|| {
            let ended = self
                .read(&mut tokens)
                .map_err(|error| error.in_part(CONTENT).at_byte(tokens.position()))?;
            if !ended {
                self.tokens = Some(tokens);
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

impl OdsStream {
    /// Reads a batch of rows; true at the end of the table.
    fn read(&mut self, tokens: &mut StreamTokens) -> Result<bool> {
        let start = tokens.position();
        let mut rows = 0;
        loop {
            if let Some((row, times)) = self.repeat.take() {
                let most = BATCH_BYTES / row.text_bytes().max(1);
                let now = times.min(BATCH_ROWS).min(most.max(1) as u32);
                for _ in 0..now {
                    self.put_row(&row)?;
                }
                rows += now;
                if times > now {
                    self.repeat = Some((row, times - now));
                    return Ok(false);
                }
            }
            if rows >= BATCH_ROWS || tokens.position() - start > BATCH_BYTES {
                return Ok(false);
            }
            let step = match tokens.step()? {
                Some(Token::Open(tag)) => match tag.name() {
                    "table-row" => {
                        Step::Row(count(&tag, "number-rows-repeated")?, is_hidden(&tag)?)
                    }
                    // Groups of rows; everything else has no rows of this table.
                    "table-header-rows" | "table-rows" | "table-row-group" => Step::Nothing,
                    _ => Step::Other,
                },
                Some(Token::End) => Step::End,
                Some(Token::Close) => Step::Close,
                _ => Step::Nothing,
            };
            match step {
                Step::Row(times, is_hidden) => {
                    let row = self.read_row(tokens, is_hidden)?;
                    if row.cells.is_empty() {
                        self.pass_rows(times, is_hidden);
                    } else {
                        self.spend(&row, times)?;
                        self.repeat = Some((row, times));
                    }
                }
                Step::Other => tokens.skip_element()?,
                Step::Close if tokens.depth() <= self.outside => return Ok(true),
                Step::End => return Err(tokens.ended_early()),
                Step::Close | Step::Nothing => {}
            }
        }
    }

    fn read_row(&mut self, tokens: &mut StreamTokens, is_hidden: bool) -> Result<Row> {
        let outside = tokens.depth().saturating_sub(1);
        let budget = Arc::clone(&self.budget);
        let limits = &budget.limits;
        let mut cells = Vec::new();
        let mut column = 0u32;
        while tokens.depth() > outside {
            let pending = match tokens.step()? {
                Some(Token::Open(tag)) => match tag.name() {
                    "table-cell" | "covered-table-cell" => Some(begin(&tag)?),
                    _ => None,
                },
                Some(Token::End) => return Err(tokens.ended_early()),
                _ => continue,
            };
            let Some(pending) = pending else {
                tokens.skip_element()?;
                continue;
            };
            let name = |error: Error| error.at_cell(cell_name(self.row, column));
            let cell = pending
                .finish(tokens, self.selection.display_text, limits)
                .map_err(name)?;
            let end = column.saturating_add(cell.repeated);
            if cell.spans != (1, 1) && self.row < MAX_ROWS && column < MAX_COLUMNS {
                self.merges.push(Merge(CellRange {
                    rows: self.row..=self.row.saturating_add(cell.spans.1 - 1),
                    columns: column..=column.saturating_add(cell.spans.0 - 1),
                }));
            }
            if cell.value != Value::None {
                if end > MAX_COLUMNS {
                    return Err(name(Error::malformed("the row has more than 16,384 cells")));
                }
                check("max_columns", limits.max_columns, u64::from(end))?;
                cells.push((column, cell));
            }
            column = end;
        }
        Ok(Row { cells, is_hidden })
    }

    /// Counts what is repeated before it takes memory.
    fn spend(&mut self, row: &Row, times: u32) -> Result<()> {
        if u64::from(self.row) + u64::from(times) > u64::from(MAX_ROWS) {
            return Err(Error::malformed(format!(
                "the sheet has more than {MAX_ROWS} rows"
            )));
        }
        // A text is as much as all the cells that take as many bytes.
        let cost = |cell: &OdsCell| 1 + text_len(cell) / 16;
        let cells = row.cells.iter().map(|(_, cell)| cell);
        let written: u64 = cells.clone().map(cost).sum();
        let made: u64 = cells
            .map(|cell| cost(cell).saturating_mul(u64::from(cell.repeated)))
            .sum();
        let added = made.saturating_mul(u64::from(times)) - written;
        self.repeated = self.repeated.saturating_add(added);
        let most = self.budget.limits.max_repeated_cells;
        check("max_repeated_cells", most, self.repeated)
    }

    /// Rows without a value. Of those that are hidden it is said that they are, so that they are not filled in as blank ones.
    fn pass_rows(&mut self, times: u32, are_hidden: bool) {
        let end = self.row.saturating_add(times);
        if are_hidden && self.selection.skip_hidden_rows {
            for row in self.row..end.min(MAX_ROWS) {
                self.sink.begin_row(Some(row));
                self.sink.hide_row();
            }
        }
        self.row = end;
    }

    fn put_row(&mut self, row: &Row) -> Result<()> {
        self.sink.begin_row(Some(self.row));
        if row.is_hidden {
            self.sink.hide_row();
        }
        self.row += 1;
        for (first, cell) in &row.cells {
            for column in *first..first + cell.repeated {
                let Some(lane) = self.selection.lane(column) else {
                    continue;
                };
                match &cell.value {
                    Value::None => continue,
                    Value::Slot(tag, bits) => self.sink.push(lane, *tag, *bits),
                    Value::Text(text) => self.sink.push_text(lane, Tag::Inline, text.as_bytes())?,
                    Value::Error(text) => self.sink.push_text(lane, Tag::Error, text.as_bytes())?,
                }
                self.sink
                    .note(lane, CellFormats::NONE, || cell.formula.clone());
            }
        }
        Ok(())
    }
}
