//! Rows against a contract: every window of a sheet becomes accepted rows as Arrow, rejected rows as their author sees
//! them, and findings that say why.
//!
//! The work is done column by column, on all cores: a column is built in the type of its field, texts that mean a value
//! are converted on the way, and rules are asked of whole columns (numbers) or of distinct texts (strings). What needs
//! other rows comes after: blank rows, required values, keys. Words are made last, and only for faults.

mod blank;
mod cells;
mod column;
mod convert;
mod defaults;
mod expectations;
mod explain;
mod fault;
mod header_map;
mod key;
mod keys;
mod levels;
mod missing;
mod places;
mod raw;
mod report;
mod rewrite;
mod row_rules;
mod rules;
mod stop;
mod survey;
mod table;
#[cfg(test)]
mod tests;
mod text;

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use ahash::AHashMap;
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow_buffer::BooleanBuffer;
use arrow_schema::{Field as ArrowField, Schema, SchemaRef};
use arrow_select::filter::FilterBuilder;

use blank::blank_rows;
use column::ColumnCheck;
pub use expectations::{Expectation, expectations};
use explain::{Scene, code_and_rule};
use fault::{Fault, What};
use header_map::HeaderMap;
pub(crate) use header_map::fields_found;
use key::Key;
use levels::RowLevels;
use places::RowPlaces;
pub use raw::RawRow;
pub use report::{Checked, FoundBy, Mapped, RejectedRow, Summary};
pub use rules::{RuleDoc, rule_docs};
use stop::StopRule;
pub use survey::Survey;
use table::TableCheck;

use crate::{
    a1::column_name,
    column::Window,
    contract::{Blank, Contract, RowRule},
    error::{Error, Result},
    finding::{Finding, Level},
    header::Header,
    parallel,
};

/// Checks the windows of one sheet, in order, against a contract; or those of several, one sheet after the other
/// ([`Validator::next_sheet`]).
///
/// Values that have to be unique are remembered over all windows. The first row with a value keeps it, later ones are
/// rejected, and rows that are rejected for another reason count as well: a file whose values occur twice does not become
/// good by a second fault.
#[derive(Debug)]
pub struct Validator {
    header: Header,
    header_findings: Vec<Finding>,
    mapping: Vec<Mapped>,
    schema: SchemaRef,
    columns: Vec<ColumnCheck>,
    keys: Vec<Key>,
    primary_key: Vec<usize>,
    levels: RowLevels,
    rules: Vec<RowRule>,
    stop: Option<StopRule>,
    table: TableCheck,
    places: RowPlaces,
    summary: Summary,
    findings_left: usize,
    infos_left: usize,
    wants_rejected: bool,
}

impl Validator {
    /// Finds the column of each field: by exact name, by alias, then by name or alias with letter case and separators
    /// aside; without a header row columns are taken in order. What does not fit is in [`Validator::header_findings`].
    ///
    /// # Errors
    /// `Contract` when a pattern of the contract cannot be used.
    pub fn new(contract: &Contract, header: &Header) -> Result<Validator> {
        let map = HeaderMap::new(contract, header);
        let checks = map.places.iter().enumerate();
        let columns = checks
            .map(|(index, &place)| ColumnCheck::new(contract, index, place))
            .collect::<Result<Vec<_>>>()?;
        let found = map.places.iter().zip(&map.methods).enumerate();
        let mapping = found.filter_map(|(field, (place, method))| {
            let (column, (method, score)) = (&header.columns[(*place)?], (*method)?);
            Some(Mapped {
                sheet: None,
                field: Arc::clone(&contract.fields[field].name),
                column: column_name(column.index),
                label: column.label.clone(),
                method,
                score,
            })
        });
        let mapping = mapping.collect();
        let mut summary = Summary::default();
        for finding in &map.findings {
            summary.count(
                finding.level,
                &finding.code,
                &finding.rule,
                finding.field.as_deref(),
                1,
            );
        }
        Ok(Validator {
            header: header.clone(),
            header_findings: map.findings,
            mapping,
            schema: schema_of(contract, &columns),
            columns,
            keys: Key::all(contract),
            primary_key: contract.primary_key.clone(),
            levels: RowLevels::new(contract),
            rules: contract.rules.clone(),
            stop: StopRule::new(&contract.locate.stop)?,
            table: TableCheck::new(contract),
            places: RowPlaces::new(Arc::clone(&header.sheet)),
            summary,
            findings_left: usize::MAX,
            infos_left: usize::MAX,
            wants_rejected: true,
        })
    }

    /// Makes at most this many findings about rows, the first ones, and as many of level `info` besides; totals count the others.
    /// Unlimited by default.
    #[must_use]
    pub fn with_max_findings(mut self, max: usize) -> Validator {
        (self.findings_left, self.infos_left) = (max, max);
        self
    }

    /// Whether [`Checked::rejected`] is wanted. Default true: without, no words are made for rows beyond the findings that are, and
    /// a file with millions of faults costs little more than a good one.
    #[must_use]
    pub fn with_rejected(mut self, wanted: bool) -> Validator {
        self.wants_rejected = wanted;
        self
    }

    /// Takes in rows of the table that a foreign key (an index in [`Contract::foreign_keys`]) refers to: its columns, in the order
    /// of the key and in the types of [`Contract::of_foreign_key`]. Before the first window, all of them. A table of the database is
    /// not looked at ([`Contract::database_table_of`]).
    pub fn take_in_reference(&mut self, foreign_key: usize, columns: &[ArrayRef]) {
        let mut keys = self.keys.iter_mut();
        if let Some(key) = keys.find(|key| key.is_foreign(foreign_key)) {
            key.take_in(columns);
        }
    }

    /// Adds a finding about the header, such as where else it could be; an error blocks the rows.
    #[must_use]
    pub fn with_header_finding(mut self, finding: Finding) -> Validator {
        let field = finding.field.as_deref();
        self.summary
            .count(finding.level, &finding.code, &finding.rule, field, 1);
        self.header_findings.push(finding);
        self
    }

    /// Goes on with another sheet of the same table: `next` was made for its header, by the same contract. Keys, totals and the
    /// number of findings that are made are those of the table, as they were set for its first sheet. A table can be on
    /// [`MAX_SHEETS_OF_A_TABLE`](crate::MAX_SHEETS_OF_A_TABLE) sheets.
    ///
    /// What there is to say about its header was counted before the first row, by [`Validator::count_header_findings`].
    pub fn next_sheet(&mut self, next: Validator) {
        self.places.push(Arc::clone(&next.header.sheet));
        *self = Validator {
            keys: std::mem::take(&mut self.keys),
            table: std::mem::take(&mut self.table),
            places: self.places.clone(),
            summary: std::mem::take(&mut self.summary),
            findings_left: self.findings_left,
            infos_left: self.infos_left,
            wants_rejected: self.wants_rejected,
            ..next
        };
    }

    /// Counts what there is to say about the header of another sheet of the table.
    pub fn count_header_findings(&mut self, findings: &[Finding]) {
        for finding in findings {
            let field = finding.field.as_deref();
            self.summary
                .count(finding.level, &finding.code, &finding.rule, field, 1);
        }
    }

    /// What there is to say about the header.
    pub fn header_findings(&self) -> &[Finding] {
        &self.header_findings
    }

    /// Which column each field was found in, and how; fields without a column are left out.
    pub fn mapping(&self) -> &[Mapped] {
        &self.mapping
    }

    /// True when the header has an error: no row can be accepted, and [`Validator::check`] refuses to try.
    pub fn is_blocked(&self) -> bool {
        self.header_findings
            .iter()
            .any(|finding| finding.level == Level::Error)
    }

    /// True once the table has ended before its sheet (`sheetlift.locate.stop`): further windows have no row of it.
    pub fn has_ended(&self) -> bool {
        self.stop.as_ref().is_some_and(StopRule::has_ended)
    }

    /// Schema of accepted rows: one column for each field, in the order of the contract; nullable unless a value is
    /// required (an error, not a warning). The metadata of a column says the type of its field (`sheetlift.type`), and
    /// `sheetlift.blank: keep_existing` where null means that the target keeps what it has.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Zero-based sheet columns that hold a field, ascending. Cells of other columns are only needed for rejected rows
    /// (`raw`) and to tell blank rows from rows with a note beside the table.
    pub fn projection(&self) -> Vec<u32> {
        let places = self.columns.iter().filter_map(|column| column.place);
        let mut columns: Vec<u32> = places
            .map(|place| self.header.columns[place].index)
            .collect();
        columns.sort_unstable();
        columns
    }

    /// Totals over everything checked so far.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Checks the next window. Its columns are those of the header, in order. Blank rows are passed over.
    ///
    /// # Errors
    /// `Usage` when the header has an error ([`Validator::is_blocked`]).
    pub fn check(&mut self, window: &Window) -> Result<Checked> {
        if self.is_blocked() {
            return Err(Error::usage(
                "header/blocked",
                "the header has errors: no row can be checked",
            ));
        }
        let window = match &mut self.stop {
            Some(stop) => stop.cut(window),
            None => Cow::Borrowed(window),
        };
        let window = &*window;
        let sheet_rows = window.row_numbers();
        let numbers: Cow<'_, [u32]> = match self.places.offset() {
            0 => Cow::Borrowed(&sheet_rows),
            offset => sheet_rows
                .iter()
                .map(|row| row.wrapping_add(offset))
                .collect(),
        };
        let shared_out = parallel::is_worth_it(window);
        let built = parallel::map_mut(shared_out, &mut self.columns, |column| column.check(window));
        let built = built.into_iter().collect::<Result<Vec<_>>>()?;
        let (mut arrays, mut faults): (Vec<ArrayRef>, Vec<Vec<Fault>>) = built
            .into_iter()
            .map(|column| (column.array, column.faults))
            .unzip();
        let blank = blank_rows(window, &arrays, &self.header);
        defaults::fill(&self.columns, &mut arrays, blank.as_ref(), &mut faults)?;
        self.require(&arrays, blank.as_ref(), &mut faults);
        let filled = blank.as_ref().map(|blank| !blank);
        faults.extend(parallel::map_mut(shared_out, &mut self.keys, |key| {
            key.check(&arrays, filled.as_ref(), &numbers)
        }));
        faults.push(self.table.take_in(&arrays, filled.as_ref(), &numbers));
        drop(numbers);
        faults.push(self.ragged(window));
        if !self.rules.is_empty() {
            let (rules, rows) = (&self.rules, window.num_rows());
            faults.push(row_rules::broken(rules, &arrays, filled.as_ref(), rows));
        }
        let faults = self.in_reading_order(faults);

        let mut keep = filled;
        if !faults.is_empty() {
            let mut bits: Vec<bool> = keep.map_or_else(
                || vec![true; sheet_rows.len()],
                |keep| keep.iter().collect(),
            );
            let errors = faults
                .iter()
                .filter(|fault| self.level(fault) == Level::Error);
            errors.for_each(|fault| bits[fault.row as usize] = false);
            keep = Some(BooleanBuffer::from(bits));
        }
        let num_rows = sheet_rows.len();
        let num_blank = blank.map_or(0, |blank| blank.count_set_bits());
        let told = self.worth_words(&faults);
        let (rejected, findings) = self.explain(&told, window, &sheet_rows);
        let (accepted, accepted_rows) = self.accept(arrays, keep, sheet_rows)?;
        self.count(
            &faults,
            accepted_rows.len(),
            num_rows - accepted_rows.len() - num_blank,
            num_blank,
        );
        Ok(Checked {
            sheet: Arc::clone(&self.header.sheet),
            accepted,
            accepted_rows,
            rejected,
            findings,
        })
    }

    /// What there is to say of the table as a whole, once its last window was checked: rules about it, and thresholds. An error
    /// means that nothing of it is to be loaded. Counted in [`Validator::summary`]. Of a table on several sheets they name the first.
    pub fn finish(&mut self) -> Vec<Finding> {
        let findings = self.table.finish(&self.summary, self.places.first());
        for finding in &findings {
            let field = finding.field.as_deref();
            self.summary
                .count(finding.level, &finding.code, &finding.rule, field, 1);
        }
        findings
    }

    /// Says what stands in the cell that the total of a table rule (an index in [`Contract::table_rules`]) is compared with.
    pub fn set_total(&mut self, rule: usize, number: Option<f64>) {
        self.table.set_total(rule, number);
    }

    /// The faults that words are made of. What is only told must not take the room of what is wrong.
    fn worth_words<'f>(&mut self, faults: &'f [Fault]) -> Cow<'f, [Fault]> {
        let is_info = |fault: &Fault| self.level(fault) == Level::Info;
        let infos = match self.infos_left {
            usize::MAX => 0,
            _ => faults.iter().filter(|fault| is_info(fault)).count(),
        };
        if infos <= self.infos_left {
            self.infos_left -= infos;
            return Cow::Borrowed(faults);
        }
        let mut room = self.infos_left;
        let mut fits = |fault: &&Fault| match is_info(fault) {
            true => room.checked_sub(1).map(|left| room = left).is_some(),
            false => true,
        };
        let told = faults.iter().filter(|fault| fits(fault)).copied().collect();
        self.infos_left = 0;
        Cow::Owned(told)
    }

    fn level(&self, fault: &Fault) -> Level {
        level(fault, &self.columns, &self.keys, &self.levels)
    }

    /// Adds a fault for each value that is missing where one has to be; not where the cell has an error already.
    fn require(
        &self,
        arrays: &[ArrayRef],
        blank: Option<&BooleanBuffer>,
        faults: &mut [Vec<Fault>],
    ) {
        for (index, column) in self.columns.iter().enumerate() {
            let is_key = self.primary_key.contains(&index);
            let is_error = column.levels.required == Level::Error;
            let what = match column.field.constraints.required {
                true if is_error || !is_key => What::Required,
                _ if is_key => What::KeyNull,
                _ => continue,
            };
            let Some(nulls) = arrays[index].nulls().filter(|nulls| nulls.null_count() > 0) else {
                continue;
            };
            let mut known = faults[index]
                .iter()
                .filter(|fault| self.level(fault) == Level::Error)
                .map(|fault| fault.row)
                .collect::<Vec<u32>>()
                .into_iter()
                .peekable();
            for row in (0..nulls.len())
                .filter(|&row| nulls.is_null(row) && blank.is_none_or(|blank| !blank.value(row)))
            {
                while known.next_if(|&fault| (fault as usize) < row).is_some() {}
                if known.peek() != Some(&(row as u32)) {
                    faults[index].push(Fault {
                        row: row as u32,
                        field: index as u16,
                        what,
                    });
                }
            }
        }
    }

    /// Rows of a text file that are longer or shorter than its header.
    fn ragged(&self, window: &Window) -> Vec<Fault> {
        let width = self.header.width();
        let fault = |(row, cells)| Fault {
            row,
            field: 0,
            what: match cells > width {
                true => What::ExtraCells(cells),
                false => What::MissingCells(cells),
            },
        };
        window.ragged().into_iter().map(fault).collect()
    }

    /// All faults by row, then by sheet column; those of rows last.
    fn in_reading_order(&self, faults: Vec<Vec<Fault>>) -> Vec<Fault> {
        let mut faults: Vec<Fault> = faults.concat();
        faults.sort_by_key(|fault| {
            let field = fault.field(&self.keys);
            let place = field.and_then(|field| self.columns[field].place);
            (fault.row, place.unwrap_or(usize::MAX), fault.what.kind())
        });
        faults
    }

    fn explain(
        &mut self,
        faults: &[Fault],
        window: &Window,
        sheet_rows: &[u32],
    ) -> (Vec<RejectedRow>, Vec<Finding>) {
        const ROWS_AT_A_TIME: usize = 2_048;
        let scene = Scene {
            header: &self.header,
            columns: &self.columns,
            keys: &self.keys,
            primary_key: &self.primary_key,
            levels: &self.levels,
            rules: &self.rules,
            table: &self.table,
            places: &self.places,
            wants_rejected: self.wants_rejected,
            window,
            sheet_rows,
        };
        let mut rows: Vec<&[Fault]> = faults.chunk_by(|a, b| a.row == b.row).collect();
        if !self.wants_rejected && self.findings_left < faults.len() {
            let mut room = self.findings_left;
            rows.retain(|faults| {
                let is_info = |fault: &&Fault| self.level(fault) == Level::Info;
                let infos = faults.iter().filter(is_info).count();
                let is_told = room > 0 || infos > 0;
                room = room.saturating_sub(faults.len() - infos);
                is_told
            });
        }
        let has_room_for_all = self.findings_left >= faults.len();
        let mut fits = |finding: &Finding| match finding.level {
            Level::Info => true, // as many as there is room for were explained
            _ => {
                let left = self.findings_left.checked_sub(1);
                left.map(|left| self.findings_left = left).is_some()
            }
        };
        // A window can have hundred thousands of findings: they get the room they need, and few are in memory twice.
        let mut told = Vec::with_capacity(if has_room_for_all { faults.len() } else { 0 });
        let mut rejected = Vec::new();
        for rows in rows.chunks(ROWS_AT_A_TIME) {
            let explained = parallel::map(parallel::is_worth_it(window), rows, |_, faults| {
                scene.explain_row(faults)
            });
            for (row, findings) in explained {
                rejected.extend(row);
                told.extend(findings.into_iter().filter(|finding| fits(finding)));
            }
        }
        (rejected, told)
    }

    fn accept(
        &self,
        arrays: Vec<ArrayRef>,
        keep: Option<BooleanBuffer>,
        rows: Vec<u32>,
    ) -> Result<(RecordBatch, Vec<u32>)> {
        let (arrays, rows) = match keep {
            None => (arrays, rows),
            Some(keep) => {
                let kept = rows
                    .iter()
                    .zip(keep.iter())
                    .filter(|(_, keep)| *keep)
                    .map(|(&row, _)| row)
                    .collect();
                let filter = FilterBuilder::new(&BooleanArray::new(keep, None))
                    .optimize()
                    .build();
                let shared_out = rows.len() * arrays.len() >= parallel::WORTH_IT;
                let filtered = parallel::map(shared_out, &arrays, |_, array| filter.filter(array));
                let filtered = filtered.into_iter().collect::<Result<_, _>>();
                (
                    filtered.map_err(|error| Error::bug(format!("filter: {error}")))?,
                    kept,
                )
            }
        };
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch = RecordBatch::try_new_with_options(self.schema(), arrays, &options);
        Ok((
            batch.map_err(|error| Error::bug(format!("accepted rows: {error}")))?,
            rows,
        ))
    }

    fn count(&mut self, faults: &[Fault], accepted: usize, rejected: usize, blank: usize) {
        self.summary.rows_read += (accepted + rejected) as u64;
        self.summary.rows_accepted += accepted as u64;
        self.summary.rows_rejected += rejected as u64;
        self.summary.rows_blank += blank as u64;
        let mut times: AHashMap<(u16, u32), (&Fault, u64)> = AHashMap::new();
        for fault in faults {
            times
                .entry((fault.field, fault.what.kind()))
                .or_insert((fault, 0))
                .1 += 1;
        }
        for (fault, times) in times.into_values() {
            let (code, rule) =
                code_and_rule(fault, &self.columns, &self.keys, &self.rules, &self.table);
            let field = fault.field(&self.keys);
            let field = field.map(|field| &*self.columns[field].field.name);
            let level = self.level(fault);
            self.summary.count(level, code, &rule, field, times);
        }
    }
}

/// How much a fault matters.
fn level(fault: &Fault, columns: &[ColumnCheck], keys: &[Key], rows: &RowLevels) -> Level {
    match fault.what {
        What::RowRule(rule) => rows.of_rule(rule),
        What::Dependency { rule, .. } => rows.of_table_rule(rule),
        What::ExtraCells(_) => rows.extra_cells,
        What::MissingCells(_) => rows.missing_cells,
        What::KeyTaken { key, .. } | What::NotFound { key } => keys[usize::from(key)].level,
        what => columns[usize::from(fault.field)].levels.of(what),
    }
}

fn schema_of(contract: &Contract, columns: &[ColumnCheck]) -> SchemaRef {
    let fields = contract.fields.iter().enumerate().map(|(index, field)| {
        let is_key = contract.primary_key.contains(&index);
        let is_needed =
            contract.is_required(index) && columns[index].levels.required == Level::Error;
        let mut metadata = HashMap::from([(
            "sheetlift.type".to_owned(),
            field.field_type.name().to_owned(),
        )]);
        if field.blank == Blank::KeepExisting {
            metadata.insert("sheetlift.blank".to_owned(), "keep_existing".to_owned());
        }
        ArrowField::new(
            &*field.name,
            field.field_type.data_type(),
            !(is_key || is_needed),
        )
        .with_metadata(metadata)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
