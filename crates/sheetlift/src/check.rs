//! The rows of a sheet against a contract, window by window.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use sheetlift_core::{
    Cell, CellRange, Checked, Contract, Field, Finding, Header, HeaderRow, HeaderSearch, Level,
    Mapped, ReadOptions, RejectedRow, RowReader, SheetRef, StringTable, TableQuestion, Total,
    Validator, Window, Workbook, cell_name, column_name,
};

use crate::{
    error::{Error, Result},
    findings::Listing,
    job::Job,
    progress::Progress,
    references,
    replay::layout::Layout,
    report::{Report, Timings},
    sheets::Sheet,
};

/// A file up to here is read whole before its first window, so that rows may stand in any order. Debug builds read most files
/// as they go, so that tests do.
const SMALL_FILE_BYTES: usize = if cfg!(debug_assertions) {
    256 << 10
} else {
    4 << 20
};

/// Hears of each window of checked rows, in order.
///
/// A closure over accepted rows is one: `|batch: &RecordBatch, rows: &[u32]| ...`.
pub trait Verdicts {
    /// Rows without error, as one column for each field of the contract, and the zero-based sheet row of each.
    ///
    /// # Errors
    /// Any error stops the job and comes back from it.
    fn accepted(&mut self, batch: &RecordBatch, rows: &[u32]) -> Result<()>;

    /// The sheet that the rows are on which follow, before the first of them and where it changes.
    ///
    /// # Errors
    /// As [`Verdicts::accepted`].
    fn sheet(&mut self, name: &Arc<str>) -> Result<()> {
        let _ = name;
        Ok(())
    }

    /// Rows with errors.
    ///
    /// # Errors
    /// As [`Verdicts::accepted`].
    fn rejected(&mut self, rows: &[RejectedRow]) -> Result<()> {
        let _ = rows;
        Ok(())
    }

    /// All findings, those about the header first.
    ///
    /// # Errors
    /// As [`Verdicts::accepted`].
    fn findings(&mut self, findings: &[Finding]) -> Result<()> {
        let _ = findings;
        Ok(())
    }
}

impl<F: FnMut(&RecordBatch, &[u32]) -> Result<()>> Verdicts for F {
    fn accepted(&mut self, batch: &RecordBatch, rows: &[u32]) -> Result<()> {
        self(batch, rows)
    }
}

impl Job {
    /// Holds all rows to the contract.
    ///
    /// ```
    /// use sheetlift::{Contract, Job};
    /// # use sheetlift_fixtures::inventory::{contract_json, dirty_inventory};
    /// let contract: Contract = contract_json().parse()?;
    /// let report = Job::from_bytes(dirty_inventory(), "items.xlsx")?.with_contract(contract).validate()?;
    /// assert_eq!((report.rows.accepted, report.rows.rejected), (200, 40));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// `Usage` without a contract or when the sheet is not there; `Malformed`, `Limit`, `Io`, `Cancelled`.
    pub fn validate(&self) -> Result<Report> {
        let mut check = Check::new(self, Wants::Report)?;
        while check.next_window()?.is_some() {}
        check.finish()
    }

    /// Holds all rows to the contract, and hands them over as they are checked.
    ///
    /// ```
    /// use sheetlift::{Contract, Job};
    /// # use sheetlift_fixtures::inventory::{contract_json, dirty_inventory};
    /// # let contract: Contract = contract_json().parse()?;
    /// # let job = Job::from_bytes(dirty_inventory(), "items.xlsx")?.with_contract(contract);
    /// let mut good = 0;
    /// job.validate_to(|batch: &arrow_array::RecordBatch, _rows: &[u32]| {
    ///     good += batch.num_rows();
    ///     Ok(())
    /// })?;
    /// assert_eq!(good, 200);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Job::validate`], and whatever `verdicts` returns.
    pub fn validate_to(&self, mut verdicts: impl Verdicts) -> Result<Report> {
        let mut check = Check::new(self, Wants::Everything)?;
        verdicts.findings(check.header_findings())?;
        let mut sheet = None;
        while let Some(checked) = check.next_window()? {
            if sheet.as_ref() != Some(&checked.sheet) {
                verdicts.sheet(sheet.insert(Arc::clone(&checked.sheet)))?;
            }
            verdicts.accepted(&checked.accepted, &checked.accepted_rows)?;
            verdicts.rejected(&checked.rejected)?;
            verdicts.findings(&checked.findings)?;
        }
        verdicts.findings(&check.finish_table()?)?;
        check.finish()
    }

    /// As [`Job::validate_to`], for a caller that would rather pull.
    ///
    /// # Errors
    /// As [`Job::validate`].
    pub fn check(&self) -> Result<Check> {
        Check::new(self, Wants::Everything)
    }
}

/// What the caller looks at, beside accepted rows and the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    /// Nothing.
    Report,
    /// Rejected rows, and a database is there.
    Load,
    /// Rejected rows and every finding.
    Everything,
}

/// Rows on their way through the contract; see [`Job::check`].
pub struct Check {
    job: Job,
    rows: RowReader,
    validator: Validator,
    workbook: Workbook,
    /// Further sheets of the table.
    next_sheets: VecDeque<Sheet>,
    /// What texts refer to: the next sheet of an xlsx file has the same, as long as somebody keeps them.
    strings: Option<Arc<StringTable>>,
    header_findings: Vec<Finding>,
    report: Report,
    rows_expected: Option<u64>,
    started: Instant,
    /// There are no more windows.
    has_ended: bool,
    /// What there is to say of the table as a whole was said.
    is_finished: bool,
    /// The sheet that is being read, counted from 0 among those of the table.
    pub(crate) sheet_number: u32,
    pub(crate) listing: Listing,
    /// What the ledger keeps of the file.
    pub(crate) layout: Layout,
}

impl Check {
    pub(crate) fn new(job: &Job, wants: Wants) -> Result<Check> {
        let started = Instant::now();
        let contract = job.checked_contract()?;
        let workbook = job.workbook()?;
        if contract.csv.comment.is_some() && workbook.text_format().is_none() {
            let message = "comments (`commentChar`) are known in text files only";
            let error = Error::usage("contract/invalid", message);
            return Err(job.locate(error.with_hint("name their rows in `commentRows`")));
        }
        let all = wants == Wants::Everything || job.findings_to.is_some() || job.keeps_all_findings;
        let mut sheets = VecDeque::from(job.look_at_sheets(&workbook, &contract)?);
        let is_blocked = sheets.iter().any(Sheet::is_blocked);
        let mut report = Report::new(job.source.name(), job.needed_contract()?);
        report.take_sheets(&sheets);
        report.blocked = is_blocked;
        let found = sheets.iter().map(|sheet| &sheet.header_findings[..]);
        let mut header_findings = found.collect::<Vec<_>>().concat();
        let headers = sheets.iter().map(|sheet| &sheet.header);
        let is_text = workbook.text_format().is_some();
        let layout = Layout::new(workbook.dates(), is_text, headers, &contract);
        let rows_expected = match &job.progress {
            Some(_) => {
                let rows = sheets
                    .iter()
                    .map(|sheet| rows_expected(&workbook, &sheet.options, &sheet.header));
                let rows: Option<u64> = rows.sum();
                rows.map(|rows| job.read.limit.map_or(rows, |limit| rows.min(limit)))
            }
            None => None,
        };
        let first = sheets.pop_front();
        let first = first.ok_or_else(|| Error::bug("the table is on no sheet"))?;
        let (rows, mut validator) = first.open(job, &workbook)?;
        for sheet in &sheets {
            validator.count_header_findings(&sheet.header_findings);
        }
        if !all {
            validator = validator.with_max_findings(job.max_findings);
        }
        validator = validator.with_rejected(wants != Wants::Report);
        if !is_blocked {
            references::take_in(job, &contract, &mut validator)?;
            control_totals(&workbook, &contract, &rows.header().sheet, &mut validator)?;
            if wants != Wants::Load {
                let unseen = references::left_to_the_database(&contract, &rows.header().sheet);
                validator.count_header_findings(&unseen);
                header_findings.extend(unseen);
            }
        }
        let mut check = Check {
            job: job.clone(),
            rows,
            validator,
            workbook,
            next_sheets: sheets,
            strings: None,
            header_findings,
            report,
            rows_expected,
            started,
            has_ended: false,
            is_finished: false,
            sheet_number: 0,
            listing: Listing::new(job)?,
            layout,
        };
        check.listing.add(&check.header_findings)?;
        Ok(check)
    }

    /// The columns of the sheet that is being read.
    pub fn header(&self) -> &Header {
        self.rows.header()
    }

    /// Which column was taken for which field, on every sheet of the table.
    pub(crate) fn mapping(&self) -> &[Mapped] {
        &self.report.mapping
    }

    /// Schema of accepted rows: one column for each field of the contract.
    pub fn schema(&self) -> SchemaRef {
        self.validator.schema()
    }

    /// True when the header does not fit the contract, so that there are no windows.
    pub fn is_blocked(&self) -> bool {
        self.report.blocked
    }

    /// What there is to say about the header; where the table is on several sheets, about all of them.
    pub fn header_findings(&self) -> &[Finding] {
        &self.header_findings
    }

    /// The next window of rows; `None` at the end, or at once when the header is blocked.
    ///
    /// # Errors
    /// `Malformed`, `Limit`, `Io`, `Cancelled`.
    pub fn next_window(&mut self) -> Result<Option<Checked>> {
        self.job.cancel.check()?;
        if self.is_blocked() || self.has_ended {
            return Ok(None);
        }
        let Some(window) = self.next_rows()? else {
            self.has_ended = true;
            return Ok(None);
        };
        let checked = self
            .validator
            .check(&window)
            .map_err(|error| self.job.locate(error))?;
        self.listing.add(&checked.findings)?;
        let summary = self.validator.summary();
        self.job.tell(Progress {
            rows_read: summary.rows_read,
            rows_rejected: summary.rows_rejected,
            rows_expected: self.rows_expected,
        });
        Ok(Some(checked))
    }

    /// The next rows, of the next sheet where one has ended.
    fn next_rows(&mut self) -> Result<Option<Window>> {
        loop {
            if !self.validator.has_ended()
                && let Some(window) = self.rows.next_window()?
            {
                if !self.next_sheets.is_empty() {
                    self.strings = Some(Arc::clone(window.strings()));
                }
                return Ok(Some(window));
            }
            let Some(next) = self.next_sheets.pop_front() else {
                return Ok(None);
            };
            self.sheet_number += 1;
            let (mut rows, validator) = next.open(&self.job, &self.workbook)?;
            rows.continue_after(&self.rows);
            self.rows = rows;
            self.validator.next_sheet(validator);
        }
    }

    /// What there is to say of the table as a whole, once all its windows were checked: rules about it, and thresholds. An error
    /// among it means that nothing is to be loaded. Empty before the last window, and the second time.
    ///
    /// # Errors
    /// `Io` when the findings cannot be written.
    pub fn finish_table(&mut self) -> Result<Vec<Finding>> {
        if !self.has_ended || std::mem::replace(&mut self.is_finished, true) {
            return Ok(Vec::new());
        }
        let findings = self.validator.finish();
        self.listing.add(&findings)?;
        Ok(findings)
    }

    /// The report over what was checked so far.
    ///
    /// # Errors
    /// `Io` when the findings cannot be written.
    pub fn finish(self) -> Result<Report> {
        let (started, mut report) = (self.started, self.into_report()?);
        report.1.finish();
        report.0.flush_findings()?;
        report.1.timings = Some(Timings::since(started, report.1.rows.read));
        Ok(report.1)
    }

    /// The report with its counts, still open for what a sink has to add.
    pub(crate) fn into_report(mut self) -> Result<(Job, Report)> {
        self.finish_table()?;
        self.report.take_summary(self.validator.summary());
        self.listing.finish(&mut self.report)?;
        Ok((self.job, self.report))
    }
}

/// The rows of the table, and what holds them to the contract. Where nobody said which row is the header, and the first one is
/// not, it is looked for; then `options` name it.
pub(crate) fn open_table(
    job: &Job,
    workbook: &Workbook,
    contract: &Contract,
    options: &mut ReadOptions,
) -> Result<(RowReader, Validator)> {
    let open = |options: &ReadOptions| -> Result<(RowReader, Validator)> {
        let rows = open_rows(job, workbook, options)?;
        let validator = Validator::new(contract, rows.header());
        Ok((rows, validator.map_err(|error| job.locate(error))?))
    };
    let (mut rows, mut validator) = open(options)?;
    if options.header != HeaderRow::First {
        return Ok((rows, validator));
    }
    let is_doubtful = |validator: &Validator| {
        validator.is_blocked() || validator.mapping().len() * 2 < contract.fields.len()
    };
    if is_doubtful(&validator) {
        match workbook.find_header(contract, options)? {
            HeaderSearch::Found(header) => {
                options.header = header;
                (rows, validator) = open(options)?;
            }
            HeaderSearch::Unclear(candidates) => {
                let finding = unclear_header(&candidates, &rows.header().sheet);
                validator = validator.with_header_finding(finding);
            }
            _ => {}
        }
    }
    // Rows above what was taken for the header may come later in the file; that they do is what is wrong then.
    if validator.is_blocked() && rows.header().row.is_some_and(|row| row > 0) {
        while rows.next_window()?.is_some() {
            job.cancel.check()?;
        }
    }
    Ok((rows, validator))
}

/// Reads the cells that totals are compared with.
fn control_totals(
    workbook: &Workbook,
    contract: &Contract,
    sheet: &str,
    validator: &mut Validator,
) -> Result<()> {
    for (number, rule) in contract.table_rules.iter().enumerate() {
        let TableQuestion::Total {
            equals: Total::Cell(row, column),
            ..
        } = rule.asks
        else {
            continue;
        };
        let place = cell_name(row, column);
        let mut cell = ReadOptions::default().with_sheet(SheetRef::Name(sheet.to_owned()));
        cell.range = CellRange::parse(&format!("{place}:{place}")).ok();
        let mut found = None;
        workbook.cells(&cell, &mut |info| {
            if (info.row, info.column) == (row, column) {
                found = match info.cell {
                    Cell::Int(value) => Some(value as f64),
                    Cell::Float(value) => Some(value),
                    Cell::Text(text, _) => text.trim().parse().ok(),
                    _ => None,
                };
            }
            Ok(())
        })?;
        validator.set_total(number, found);
    }
    Ok(())
}

/// The error for rows of which any could be the header.
fn unclear_header(rows: &[u32], sheet: &Arc<str>) -> Finding {
    let rows: Vec<String> = rows.iter().map(|row| (row + 1).to_string()).collect();
    let message = format!(
        "rows {} could all be the header: each has as many of the fields",
        rows.join(" and ")
    );
    let suggestion = format!("say which in the contract: locate: {{header: {}}}", rows[0]);
    Finding {
        expected: "one row with the names of the fields".to_owned(),
        message,
        suggestion: Some(suggestion),
        ..Finding::about(Level::Error, "header/ambiguous-match", Arc::clone(sheet))
    }
}

/// The rows, of a small file all of them at once.
pub(crate) fn open_rows(
    job: &Job,
    workbook: &Workbook,
    options: &ReadOptions,
) -> Result<RowReader> {
    Ok(match job.source.bytes().len() <= SMALL_FILE_BYTES {
        true => held_rows(workbook, options)?,
        false => workbook.rows(options)?,
    })
}

/// All rows, in order, of the columns with a label.
fn held_rows(workbook: &Workbook, options: &ReadOptions) -> sheetlift_core::Result<RowReader> {
    let hold = |mut rows: RowReader| {
        let columns = rows.header().columns.iter();
        let columns: Vec<u32> = columns.map(|column| column.index).collect();
        rows.project(&columns)?;
        rows.hold()?;
        Ok(rows)
    };
    match workbook.rows(options).and_then(hold) {
        Err(error) if error.code() == "sheet/out-of-order" => {
            hold(workbook.rows_in_any_order(options)?)
        }
        rows => rows,
    }
}

/// Without a header row fields are taken from the columns in order, from the first one of the range: a blank column in
/// between must not move the others.
pub(crate) fn read_options(job: &Job, contract: &Contract) -> ReadOptions {
    let mut options = job.located();
    let has_identifiers = |field: &Field| field.reading.identifier.is_some();
    options.display_text |= contract.fields.iter().any(has_identifiers);
    if options.header == HeaderRow::None && options.columns.is_none() {
        let first = options
            .range
            .as_ref()
            .map_or(0, |range| *range.columns.start());
        let columns = first..first + contract.fields.len() as u32;
        options.columns = Some(columns.map(column_name).collect());
    }
    options
}

/// Rows below the header, as the sheet declares them.
pub(crate) fn rows_expected(
    workbook: &Workbook,
    options: &ReadOptions,
    header: &Header,
) -> Option<u64> {
    let declared = workbook.declared_dimension(&options.sheet).ok()??;
    let declared = CellRange::parse(&declared).ok()?;
    let range = options.range.clone().unwrap_or_else(CellRange::all);
    let end = u64::from(*declared.rows.end().min(range.rows.end())) + 1;
    let first = header.row.map_or(*range.rows.start(), |row| row + 1);
    let rows = end.checked_sub(u64::from(first))?;
    Some(options.limit.map_or(rows, |limit| rows.min(limit)))
}
