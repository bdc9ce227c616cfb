//! The rows of one sheet, as windows.

use std::{collections::VecDeque, sync::Arc};

use super::{
    collect::{Collector, LaneFacts, Part, held_bytes, lane_facts, reorder},
    fill::fill_merged,
    options::{MergedCells, ReadOptions},
    prepare::{Prepared, lanes_of},
};
use crate::{
    book::{Lines, PieceStream, Selection, Strings},
    column::{ColumnKind, DateSystem, StringTable, Tag, Window},
    error::{Error, Result},
    header::Header,
    limits::{Limits, check},
    parallel,
};

/// Limits up to here are read without threads and without reading all strings.
const SMALL_LIMIT: u64 = 10_000;
/// Compressed bytes of a sheet below which one thread is enough. Debug builds use threads for all, so that every test does.
const SMALL_PART_BYTES: u64 = if cfg!(debug_assertions) { 1 } else { 256 << 10 };

/// Cells of a window, nulls included: a sheet of 16,384 columns comes in windows of 256 rows.
const WINDOW_SLOTS: usize = 1 << 22;

/// Reads the rows of one sheet, window by window. Nothing is read before the first window is asked for.
pub struct RowReader {
    header: Header,
    file: Option<String>,
    batch_rows: usize,
    limit: u64,
    threads: usize,
    dates: DateSystem,
    state: State,
    /// Columns that hold an integer beyond 2^53, once everything was read.
    wide_ints: Vec<bool>,
    rows_given: u64,
    /// Cells given that have a value, at least so many.
    slots_given: u64,
    /// Bytes of the shared strings in them, as far as they were counted.
    text_given: u64,
    limits: Limits,
    hidden_rows: u64,
    hidden_columns: Lines,
}

enum State {
    Prepared(Box<Prepared>),
    /// Everything is read; what is given is let go.
    Held {
        parts: VecDeque<Part>,
        strings: Arc<StringTable>,
    },
    /// Read as it is given.
    Live(Box<Live>),
    Failed,
}

struct Live {
    stream: Box<dyn PieceStream>,
    collector: Collector,
    parts: VecDeque<Part>,
    strings: Arc<StringTable>,
    ended: bool,
}

impl RowReader {
    pub(crate) fn new(prepared: Prepared, options: &ReadOptions, file: Option<&str>) -> Self {
        let small = prepared.body.size() < SMALL_PART_BYTES
            || options.limit.is_some_and(|limit| limit <= SMALL_LIMIT);
        let threads = match options.threads {
            _ if small => 1,
            0 => parallel::cores(),
            threads => threads,
        };
        RowReader {
            header: prepared.header.clone(),
            file: file.map(str::to_owned),
            batch_rows: options.batch_rows.max(1),
            limit: options.limit.unwrap_or(u64::MAX),
            threads,
            dates: prepared.dates,
            limits: prepared.limits.clone(),
            hidden_columns: prepared.body.hidden_columns().clone(),
            state: State::Prepared(Box::new(prepared)),
            wide_ints: Vec::new(),
            rows_given: 0,
            slots_given: 0,
            text_given: 0,
            hidden_rows: 0,
        }
    }

    /// True when this column is known to hold an integer beyond 2^53.
    pub(crate) fn has_wide_ints(&self, column: usize) -> bool {
        self.wide_ints.get(column).copied().unwrap_or_default()
    }

    /// The columns. Before [`Self::hold`], those of the header row; afterwards also columns without a label that have cells.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How serial numbers become dates in this workbook.
    pub fn dates(&self) -> DateSystem {
        self.dates
    }

    /// Threads it reads with.
    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    /// Rows with a cell that are hidden in the sheet, among those read so far; they are left out or not as the options say.
    pub fn hidden_rows(&self) -> u64 {
        match &self.state {
            State::Live(live) => live.collector.hidden_rows(),
            _ => self.hidden_rows,
        }
    }

    /// True when this sheet column (counted from 0) is hidden; it is left out or not as the options say.
    pub fn is_column_hidden(&self, column: u32) -> bool {
        self.hidden_columns.contains(column)
    }

    /// Rows given so far.
    pub fn rows_given(&self) -> u64 {
        self.rows_given
    }

    /// Counts the rows and cells that another reader has given as its own: the sheets of both are one table, for which limits and
    /// the number of rows to read hold.
    pub fn continue_after(&mut self, other: &RowReader) {
        self.rows_given += other.rows_given;
        self.slots_given += other.slots_given;
        self.text_given += other.text_given;
    }

    /// Reads only these columns (zero-based sheet columns) from now on. The header keeps all its columns; those that are not
    /// read are null.
    ///
    /// # Errors
    /// `Bug` when reading has begun.
    pub fn project(&mut self, columns: &[u32]) -> Result<()> {
        let header = self.header.columns.clone();
        let prepared = self.prepared()?;
        let mut lanes = lanes_of(&header);
        for (column, lane) in lanes.iter_mut().enumerate() {
            if !columns.contains(&(column as u32)) {
                *lane = Selection::SKIP;
            }
        }
        prepared.selection.lanes = lanes;
        prepared.open_ended = false;
        Ok(())
    }

    /// Reads the whole sheet, and gives the narrowest type of each column of [`Self::header`] that holds all its cells.
    ///
    /// # Errors
    /// `Malformed`, `Limit`, `Io`.
    pub fn hold(&mut self) -> Result<Vec<ColumnKind>> {
        let prepared = self.take_prepared()?;
        self.read_all(prepared).map_err(|error| self.locate(error))
    }

    fn read_all(&mut self, prepared: Prepared) -> Result<Vec<ColumnKind>> {
        let open_ended = prepared.open_ended;
        let first_column = prepared.first_column;
        let (mut parts, strings) = self.collect(prepared)?;
        let facts = lane_facts(&parts);
        if open_ended {
            self.keep_used_columns(&facts, first_column, &mut parts);
        }
        let facts = lane_facts(&parts);
        self.wide_ints = facts.iter().map(|facts| facts.wide_ints).collect();
        let kinds = (0..self.header.columns.len()).map(|lane| {
            let facts = facts.get(lane).copied().unwrap_or_default();
            ColumnKind::of(facts.tags, facts.wide_ints)
        });
        let kinds = kinds.collect();
        let rows = parts.iter().map(|(_, range)| range.len() as u64).sum();
        let slots = parts.iter().map(|(piece, rows)| piece.slots(rows)).sum();
        let columns = self.header.columns.len();
        self.limits.check_table(rows, columns, slots)?;
        self.state = State::Held {
            parts: parts.into(),
            strings,
        };
        Ok(kinds)
    }

    /// All parts, as far as the limit asks for, in order.
    fn collect(&mut self, prepared: Prepared) -> Result<(Vec<Part>, Arc<StringTable>)> {
        let Prepared {
            body,
            selection,
            merged,
            limits,
            ..
        } = prepared;
        let limited = self.limit <= SMALL_LIMIT;
        let fills = merged != MergedCells::First;
        let mut stream = body.start(&selection, Strings::Beside, self.threads)?;
        let mut collector = Collector::new(
            &selection,
            stream.first_row(),
            stream.max_rows(),
            limits.clone(),
        );
        let (mut parts, mut held) = (Vec::new(), 0);
        // What is merged is known at the end.
        while (fills || collector.rows() < self.limit)
            && let Some(pieces) = stream.next()?
        {
            for piece in pieces {
                let known = parts.len();
                collector.push(piece, &mut parts)?;
                held += held_bytes(&parts[known..]);
                limits.check_held(held)?;
            }
        }
        let merges = stream.merges()?;
        self.hidden_rows = collector.hidden_rows();
        let strings = if limited && !fills {
            truncate(&mut parts, self.limit);
            stream.strings_to(strings_needed(&parts))?
        } else {
            stream.strings()?
        };
        limits.check_held(held + strings.size() as u64)?;
        if collector.late_row().is_some() {
            parts = reorder(&parts, &collector.left_out(), &selection, &limits)?;
        }
        if fills {
            parts = fill_merged(parts, &merges, merged, &selection, &limits)?;
        }
        Ok((parts, strings))
    }

    /// Columns are those with a label or a cell; lanes are put in their order.
    fn keep_used_columns(&mut self, facts: &[LaneFacts], first: u32, parts: &mut [Part]) {
        let old = std::mem::take(&mut self.header.columns);
        let last_label = old.last().map_or(0, |column| column.index + 1);
        let end = last_label.max(first + facts.len() as u32);
        let mut lanes = Vec::new();
        let mut labels = Vec::new();
        for index in first..end {
            let lane = (index - first) as usize;
            let label = old
                .iter()
                .find(|column| column.index == index)
                .and_then(|c| c.label.clone());
            let used = facts
                .get(lane)
                .is_some_and(|facts| facts.tags.0 & !Tag::Null.mask().0 != 0);
            if used || label.is_some() {
                lanes.push(lane);
                labels.push((index, label.map(|label| label.to_string())));
            }
        }
        self.header = Header::new(Arc::clone(&self.header.sheet), self.header.row, labels);
        if lanes.iter().enumerate().any(|(to, &from)| to != from) {
            for shared in parts.chunk_by_mut(|(a, _), (b, _)| Arc::ptr_eq(a, b)) {
                let mut piece = std::mem::take(&mut shared[0].0);
                shared.iter_mut().for_each(|part| part.0 = Arc::default());
                if let Some(piece) = Arc::get_mut(&mut piece) {
                    piece.lanes.select(&lanes);
                }
                shared
                    .iter_mut()
                    .for_each(|part| part.0 = Arc::clone(&piece));
            }
        }
    }

    /// The next window of at most `batch_rows` rows; `None` at the end. Without [`Self::hold`], rows are read as they are
    /// asked for and memory stays bounded, and columns without a label are left out.
    ///
    /// # Errors
    /// `Malformed`, `Limit`, `Io`.
    pub fn next_window(&mut self) -> Result<Option<Window>> {
        if let State::Prepared(_) = self.state {
            let prepared = self.take_prepared()?;
            self.go_live(prepared).map_err(|error| self.locate(error))?;
        }
        self.try_next_window().map_err(|error| {
            self.state = State::Failed;
            self.locate(error)
        })
    }

    fn go_live(&mut self, mut prepared: Prepared) -> Result<()> {
        if prepared.open_ended {
            prepared.selection.lanes = lanes_of(&self.header.columns);
        }
        if self.limit <= SMALL_LIMIT || prepared.merged != MergedCells::First {
            let (parts, strings) = self.collect(prepared)?;
            self.state = State::Held {
                parts: parts.into(),
                strings,
            };
            return Ok(());
        }
        let (selection, limits) = (prepared.selection, prepared.limits);
        let mut stream = prepared
            .body
            .start(&selection, Strings::First, self.threads)?;
        let (first_row, max_rows) = (stream.first_row(), stream.max_rows());
        let collector = Collector::new(&selection, first_row, max_rows, limits);
        let strings = stream.strings()?;
        let parts = VecDeque::new();
        self.state = State::Live(Box::new(Live {
            stream,
            collector,
            parts,
            strings,
            ended: false,
        }));
        Ok(())
    }

    fn try_next_window(&mut self) -> Result<Option<Window>> {
        let columns = self.header.columns.len().max(1);
        let batch_rows = self.batch_rows.min((WINDOW_SLOTS / columns).max(1));
        let wanted = (self.limit - self.rows_given).min(batch_rows as u64) as usize;
        let (parts, strings) = match &mut self.state {
            State::Held { parts, strings } => (parts, &*strings),
            State::Live(live) => {
                live.read(wanted)?;
                (&mut live.parts, &live.strings)
            }
            State::Prepared(_) | State::Failed => {
                return Err(Error::bug("reading went on after an error"));
            }
        };
        let taken = take_rows(parts, wanted);
        if taken.is_empty() {
            return Ok(None);
        }
        let columns = self.header.columns.len();
        let window = Window::new(taken, columns, Arc::clone(strings), self.dates);
        self.rows_given += window.num_rows() as u64;
        self.slots_given += window.slots();
        self.limits
            .check_table(self.rows_given, columns, self.slots_given)?;
        // Strings are looked at one by one only where a few long ones could come to too much.
        let longest = window.strings().longest() as u64;
        if longest.saturating_mul(self.slots_given) > self.limits.max_text_bytes {
            self.text_given += window.text_bytes();
            let most = self.limits.max_text_bytes;
            check("max_text_bytes", most, self.text_given)?;
        }
        Ok(Some(window))
    }

    fn prepared(&mut self) -> Result<&mut Prepared> {
        match &mut self.state {
            State::Prepared(prepared) => Ok(prepared),
            _ => Err(Error::bug("reading has begun already")),
        }
    }

    fn take_prepared(&mut self) -> Result<Prepared> {
        match std::mem::replace(&mut self.state, State::Failed) {
            State::Prepared(prepared) => Ok(*prepared),
            other => {
                self.state = other;
                Err(Error::bug("reading has begun already"))
            }
        }
    }

    /// Names file, sheet and column in an error.
    pub(crate) fn locate(&self, error: Error) -> Error {
        let error = error.in_sheet(&*self.header.sheet);
        match &self.file {
            Some(file) => error.in_file(file),
            None => error,
        }
    }
}

impl Live {
    /// Reads until `rows` rows are there, or all.
    fn read(&mut self, rows: usize) -> Result<()> {
        let mut have: usize = self.parts.iter().map(|(_, range)| range.len()).sum();
        while have < rows && !self.ended {
            let Some(pieces) = self.stream.next()? else {
                self.ended = true;
                break;
            };
            let mut parts = Vec::new();
            for piece in pieces {
                self.collector.push(piece, &mut parts)?;
            }
            if let Some(row) = self.collector.late_row() {
                return Err(Error::out_of_order(row));
            }
            have += parts.iter().map(|(_, range)| range.len()).sum::<usize>();
            self.parts.extend(parts);
        }
        Ok(())
    }
}

/// Cuts the parts to `limit` rows.
fn truncate(parts: &mut Vec<Part>, limit: u64) {
    let mut left = limit as usize;
    parts.retain_mut(|(_, range)| {
        range.end = range.end.min(range.start + left);
        left -= range.len();
        range.start < range.end
    });
}

/// Shared strings that must be read for these rows.
fn strings_needed(parts: &[Part]) -> usize {
    let mut needed = 0;
    for (piece, range) in parts {
        for (_, lane) in piece.lanes.iter() {
            for row in range.clone() {
                if let (Tag::Shared, id) = lane.slot(row) {
                    needed = needed.max(id as usize + 1);
                }
            }
        }
    }
    needed
}

/// Takes at most `wanted` rows from the front.
fn take_rows(parts: &mut VecDeque<Part>, mut wanted: usize) -> Vec<Part> {
    let mut taken = Vec::new();
    while wanted > 0
        && let Some((piece, range)) = parts.front_mut()
    {
        if range.len() > wanted {
            taken.push((Arc::clone(piece), range.start..range.start + wanted));
            range.start += wanted;
            break;
        }
        wanted -= range.len();
        taken.extend(parts.pop_front());
    }
    taken
}
