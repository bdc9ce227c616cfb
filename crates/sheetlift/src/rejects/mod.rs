//! The rejected rows as a file that their author corrects and sends again: the author's columns, order and formats, and why
//! each row was rejected in a column that is passed over when the file comes back.

mod text;
mod xlsx;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    iter::Peekable,
    sync::Arc,
};

use sheetlift_core::{
    Cell, CellInfo, Finding, Header, HeaderColumn, HeaderRow, Level, REASON_LABEL, ReadOptions,
    SheetRef, Sheets, Workbook,
};

use crate::{
    check::{open_table, read_options},
    error::{Error, Result},
    findings::AllFindings,
    job::Job,
    report::Report,
    sheet_names,
};

use text::TextRows;
use xlsx::Book;

/// What rows are written to, from the top down.
trait Rows {
    /// Starts this row, below the last one.
    fn start(&mut self, row: u32) -> Result<()>;
    /// The next cell of the row, to the right of the last one.
    fn cell(&mut self, column: u32, cell: Cell<'_>, format: Option<&str>) -> Result<()>;
    /// A text of ours, such as a reason.
    fn note(&mut self, column: u32, text: &str) -> Result<()>;
}

impl Job {
    /// Writes the rejected rows of `report`, which came from this job, as an Excel workbook; gives their number. What stands
    /// above the table and its header are in it as they were, at their places, so that the same contract finds the table; a last
    /// column, [`REASON_LABEL`], says what is wrong with each row, and is passed over when the file is read again. Values of
    /// formulas are written, not the formulas. Needs the memory of a row, and a temporary file.
    ///
    /// ```
    /// use sheetlift::{Contract, Job};
    /// # use sheetlift_fixtures::inventory::{contract_json, dirty_inventory};
    /// # let contract: Contract = contract_json().parse()?;
    /// let job = Job::from_bytes(dirty_inventory(), "items.xlsx")?.with_contract(contract.clone()).with_all_findings_kept(true);
    /// let mut file = std::io::Cursor::new(Vec::new());
    /// assert_eq!(job.write_rejects(&job.validate()?, &mut file)?, 40);
    /// let again = Job::from_bytes(file.into_inner(), "rejects.xlsx")?.with_contract(contract);
    /// assert_eq!(again.validate()?.rows.read, 40);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// `Usage` when not all findings were kept ([`Job::with_all_findings_kept`]); `Limit` for more rows or longer texts than
    /// a sheet can have; `Io` when `out` fails; as [`Job::workbook`].
    pub fn write_rejects(
        &self,
        report: &Report,
        out: impl io::Write + io::Seek + Send,
    ) -> Result<u64> {
        let workbook = self.workbook()?;
        let tables = Table::all(self, &workbook, report)?;
        let mut reasons = Reasons::of(report)?;
        let mut book = Book::new();
        let mut written = 0;
        for table in tables {
            let mut sheet = book.sheet(&table, workbook.dates())?;
            let mut rows = self.pass(&workbook, &mut reasons, &table, Order::OfFile, &mut sheet)?;
            if rows.is_none() {
                sheet = book.sheet(&table, workbook.dates())?;
                rows = self.pass(&workbook, &mut reasons, &table, Order::Sorted, &mut sheet)?;
            }
            book.add(sheet)?;
            written += rows.unwrap_or_default();
        }
        book.finish(out)?;
        Ok(written)
    }

    /// As [`Job::write_rejects`], for a text file: written with the delimiter, the quotes and the encoding it was read with, its
    /// fields as they are. (Formula-looking texts are those of the author, and stay what they are.)
    ///
    /// # Errors
    /// `Usage` when the file is no text file, or not all findings were kept; `Io` when `out` fails; as [`Job::workbook`].
    pub fn write_rejects_as_text(&self, report: &Report, out: impl io::Write) -> Result<u64> {
        let workbook = self.workbook()?;
        let format = workbook.text_format().ok_or_else(|| {
            Error::usage(
                "usage/rejects",
                "rows of a workbook cannot be given back as text",
            )
            .with_hint("write the rejected rows to an .xlsx file")
        })?;
        let options = match self.contract() {
            Some(contract) => self.csv.clone().or(&contract.csv),
            None => self.csv.clone(),
        };
        let table = Table::of(self, &workbook, &SheetRef::First)?;
        let mut lines = TextRows::new(out, format.encoding, format.delimiter as u8, &options);
        let mut reasons = Reasons::of(report)?;
        let rows = self.pass(&workbook, &mut reasons, &table, Order::OfFile, &mut lines)?;
        lines.finish()?;
        Ok(rows.unwrap_or_default())
    }

    /// One pass over the sheet; `None` when its rows turn out to be in no order.
    fn pass(
        &self,
        workbook: &Workbook,
        reasons: &mut Reasons<'_>,
        table: &Table,
        order: Order,
        out: &mut dyn Rows,
    ) -> Result<Option<u64>> {
        reasons.enter(&table.header.sheet)?;
        let mut writer = Writer {
            reasons,
            table,
            out,
            current: None,
            next_row: table.first_row,
            written: 0,
        };
        let mut failed = None;
        let mut is_in_order = true;
        let mut last = 0;
        let mut kept = Vec::new();
        let mut visit = |info: CellInfo<'_>| -> Result<()> {
            self.cancel.check()?;
            match order {
                Order::Sorted => kept.push(Kept::of(&info)),
                Order::OfFile if info.row < last => {
                    is_in_order = false;
                    return Err(sheetlift_core::Error::cancelled().into());
                }
                Order::OfFile => {
                    last = info.row;
                    writer.take((info.row, info.column), info.cell, info.format)?;
                }
            }
            Ok(())
        };
        let done = workbook.cells(&table.options, &mut |info| {
            visit(info).map_err(|error| {
                // The error of the visit stops the read; what is told is that of the write.
                failed = Some(error);
                sheetlift_core::Error::cancelled()
            })
        });
        match (is_in_order, failed) {
            (false, _) => return Ok(None),
            (_, Some(error)) => return Err(error),
            (_, None) => done?,
        }
        kept.sort_by_key(|kept| (kept.row, kept.column));
        for kept in &kept {
            let cell = match &kept.value {
                Value::Plain(cell) => *cell,
                Value::Text(text) => Cell::Text(text, None),
                Value::Error(text) => Cell::Error(text),
            };
            writer.take((kept.row, kept.column), cell, kept.format.as_deref())?;
        }
        writer.finish().map(Some)
    }
}

/// How cells come.
#[derive(Clone, Copy)]
enum Order {
    OfFile,
    /// All are held and sorted first: only small files may have rows in any order.
    Sorted,
}

/// Where the table is.
struct Table {
    options: ReadOptions,
    header: Header,
    /// Name of the sheet as Excel takes it.
    name: String,
    /// Zero-based place of the sheet, where the contract counts sheets.
    place: Option<usize>,
    /// Where the contract finds it by the name of an Excel table or a range.
    area: Option<String>,
    /// First row for rejected rows, below the header.
    first_row: u32,
    /// Column of the reasons; columns from here on move to the right.
    reason: u32,
}

impl Table {
    /// Of all sheets that the contract asks for by their names or places; of others only those with a rejected row.
    fn all(job: &Job, workbook: &Workbook, report: &Report) -> Result<Vec<Table>> {
        let named = job.located().sheet;
        let sheets_of = job.needed_contract()?.locate.sheets.as_ref();
        let listed = match sheets_of {
            Some(Sheets::Listed(listed)) if named == SheetRef::First => &listed[..],
            _ => std::slice::from_ref(&named),
        };
        let is_counted = |sheet: &SheetRef| matches!(sheet, SheetRef::Index(_));
        let are_counted = listed.iter().any(is_counted);
        let place = |sheet: &SheetRef| match sheet {
            SheetRef::Index(place) => Some(*place),
            _ => None,
        };
        let mut sheets = job.sheets_of_table(workbook)?;
        if are_counted {
            sheets.sort_by_key(place);
        }
        let is_needed_anyway = sheets.len() == 1 || matches!(sheets_of, Some(Sheets::Listed(_)));
        if !is_needed_anyway {
            let rejected = sheets_with_rejects(report)?;
            let is_rejected = |sheet: &SheetRef| -> Result<bool> {
                Ok(rejected.contains(workbook.sheet(sheet)?.name.as_str()))
            };
            let mut needed = Vec::new();
            for sheet in &sheets {
                if is_rejected(sheet)? {
                    needed.push(sheet.clone());
                }
            }
            // Without any, one with nothing but its header is left.
            sheets.truncate(1);
            if !needed.is_empty() {
                sheets = needed;
            }
        }
        let mut tables = Vec::new();
        for sheet in sheets {
            let mut table = Table::of(job, workbook, &sheet)?;
            table.place = place(&sheet).filter(|_| are_counted);
            tables.push(table);
        }
        let names: Vec<&str> = tables.iter().map(|table| &*table.header.sheet).collect();
        let names = sheet_names::in_excel(&names);
        for (table, name) in tables.iter_mut().zip(names) {
            let is_found = match (&named, sheets_of) {
                _ if *name == *table.header.sheet || workbook.text_format().is_some() => true,
                (SheetRef::Name(_), _) => false,
                (SheetRef::First, Some(sheets @ Sheets::Matching(_))) => sheets.includes(&name)?,
                (SheetRef::First, Some(Sheets::Listed(_))) => are_counted,
                _ => true,
            };
            if !is_found {
                let message = format!(
                    "no sheet of an Excel workbook can be called {:?}, and the contract finds it by its name",
                    table.header.sheet
                );
                return Err(Error::usage("usage/rejects", message)
                    .with_hint("give the sheet a shorter, plainer name"));
            }
            table.name = name;
        }
        Ok(tables)
    }

    fn of(job: &Job, workbook: &Workbook, sheet: &SheetRef) -> Result<Table> {
        let mut options = read_options(job, job.needed_contract()?);
        options.sheet = sheet.clone();
        let (rows, _) = open_table(job, workbook, job.needed_contract()?, &mut options)?;
        let header = rows.header().clone();
        let first_row = match (&header.row, &options.range) {
            (Some(row), _) => row + 1,
            (None, Some(range)) => *range.rows.start(),
            (None, None) => 0,
        };
        let is_used = |column: &&HeaderColumn| header.row.is_none() || column.label.is_some();
        let last = header.columns.iter().rfind(is_used);
        let reason = last.map_or(0, |last| last.index + 1);
        let area = options.area.take();
        if !matches!(options.sheet, SheetRef::Index(_)) {
            options.sheet = SheetRef::Name(header.sheet.to_string());
        }
        options.range = None;
        options.columns = None;
        options.header = HeaderRow::None;
        options.skip_hidden_rows = false;
        options.skip_hidden_columns = false;
        options.display_text = false;
        Ok(Table {
            options,
            name: header.sheet.to_string(),
            header,
            place: None,
            area,
            first_row,
            reason,
        })
    }

    fn has_header(&self) -> bool {
        self.header.row.is_some()
    }
}

/// Puts the rejected rows below the header.
struct Writer<'a, 'r> {
    reasons: &'a mut Reasons<'r>,
    table: &'a Table,
    out: &'a mut dyn Rows,
    /// The row of the sheet that is being written, and the reason that is due in it.
    current: Option<(u32, Option<String>)>,
    next_row: u32,
    written: u64,
}

impl Writer<'_, '_> {
    fn take(
        &mut self,
        (row, column): (u32, u32),
        cell: Cell<'_>,
        format: Option<&str>,
    ) -> Result<()> {
        let is_new = self.current.as_ref().is_none_or(|&(at, _)| at != row);
        if is_new && !self.enter(row)? {
            return Ok(());
        }
        if column < self.table.reason {
            return self.out.cell(column, cell, format);
        }
        self.write_reason()?;
        self.out.cell(column + 1, cell, format)
    }

    /// Starts a row of the sheet; false for one that is left out.
    fn enter(&mut self, row: u32) -> Result<bool> {
        let is_above = row < self.table.first_row;
        if is_above && self.table.has_header() {
            self.write_reason()?;
            self.out.start(row)?;
            let is_label = Some(row) == self.table.header.row;
            self.current = Some((row, is_label.then(|| REASON_LABEL.to_owned())));
            return Ok(true);
        }
        while let Some((due, reason)) = self.reasons.next_up_to(row)? {
            self.write_reason()?;
            self.out.start(self.next_row)?;
            self.next_row = self.next_row.saturating_add(1);
            self.written += 1;
            let reason = format!("row {}: {reason}", u64::from(due) + 1);
            self.current = Some((due, Some(reason)));
            if due == row {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn write_reason(&mut self) -> Result<()> {
        match self.current.as_mut().and_then(|(_, reason)| reason.take()) {
            Some(reason) => self.out.note(self.table.reason, &reason),
            None => Ok(()),
        }
    }

    fn finish(mut self) -> Result<u64> {
        self.enter(u32::MAX)?;
        self.write_reason()?;
        Ok(self.written)
    }
}

/// Names of the sheets that have a rejected row.
fn sheets_with_rejects(report: &Report) -> Result<BTreeSet<Arc<str>>> {
    let mut sheets = BTreeSet::new();
    for finding in report.all_findings()? {
        let finding = finding?;
        if finding.level == Level::Error
            && finding.row.is_some()
            && !sheets.contains(&finding.sheet)
        {
            sheets.insert(finding.sheet);
        }
    }
    Ok(sheets)
}

/// Why each row was rejected, sheet by sheet and by row: what the contract says first, then what the target said of the row.
struct Reasons<'a> {
    report: &'a Report,
    findings: Peekable<AllFindings<'a>>,
    /// The sheet whose rows are asked for.
    sheet: Arc<str>,
    conflicts: BTreeMap<(Arc<str>, u32), String>,
}

impl<'a> Reasons<'a> {
    fn of(report: &'a Report) -> Result<Reasons<'a>> {
        if report.findings_omitted > 0 && report.spilled.is_none() {
            return Err(Error::usage(
                "usage/rejects",
                "the rejected rows are not known: not all findings were kept",
            ));
        }
        Ok(Reasons {
            report,
            conflicts: conflicts(report)?,
            findings: report.all_findings()?.peekable(), // one iterator at a time
            sheet: Arc::default(),
        })
    }

    /// Goes to the rows of a sheet. Findings come sheet by sheet: most often they are what follows.
    fn enter(&mut self, sheet: &Arc<str>) -> Result<()> {
        let is_again = self.sheet == *sheet;
        self.sheet = Arc::clone(sheet);
        if is_again || !self.skip_to_sheet()? {
            self.findings = self.report.all_findings()?.peekable();
            self.skip_to_sheet()?;
        }
        Ok(())
    }

    /// Passes over what is about other sheets; false when nothing is left.
    fn skip_to_sheet(&mut self) -> Result<bool> {
        let sheet = &self.sheet;
        let is_other = |finding: &Result<Finding>| match finding {
            Ok(finding) => finding.sheet != *sheet || !rejects_its_row(finding),
            Err(_) => false,
        };
        while self.findings.next_if(is_other).is_some() {}
        Ok(self.findings.peek().is_some())
    }

    /// The next rejected row of the sheet, if it is this one or above it.
    fn next_up_to(&mut self, row: u32) -> Result<Option<(u32, String)>> {
        self.skip_remarks();
        let found = match self.findings.peek() {
            Some(Ok(finding)) if finding.sheet == self.sheet => {
                finding.row.map_or(u32::MAX, |row| row - 1)
            }
            Some(Err(_)) => match self.findings.next() {
                Some(Err(error)) => return Err(error), // which ends it
                _ => u32::MAX,
            },
            _ => u32::MAX,
        };
        let mut of_sheet = self.conflicts.range((Arc::clone(&self.sheet), 0)..);
        let refused = match of_sheet.next() {
            Some(((sheet, row), _)) if *sheet == self.sheet => *row,
            _ => u32::MAX,
        };
        let next = found.min(refused);
        if next > row || next == u32::MAX {
            return Ok(None);
        }
        let mut messages = Vec::new();
        while let Some(Ok(finding)) = self.findings.next_if(|finding| {
            let is_here =
                |finding: &Finding| finding.sheet == self.sheet && finding.row == Some(next + 1);
            finding.as_ref().is_ok_and(is_here)
        }) {
            if rejects_its_row(&finding) {
                messages.push(message(finding));
            }
        }
        messages.extend(self.conflicts.remove(&(Arc::clone(&self.sheet), next)));
        Ok(Some((next, messages.join("; "))))
    }

    /// Passes over what rejects no row of the sheet.
    fn skip_remarks(&mut self) {
        let sheet = &self.sheet;
        let is_remark = |finding: &Result<Finding>| {
            let finding = finding.as_ref();
            finding.is_ok_and(|finding| finding.sheet == *sheet && !rejects_its_row(finding))
        };
        while self.findings.next_if(is_remark).is_some() {}
    }
}

/// What the target said of rows.
fn conflicts(report: &Report) -> Result<BTreeMap<(Arc<str>, u32), String>> {
    let mut conflicts: BTreeMap<_, String> = BTreeMap::new();
    for finding in report.all_findings()? {
        let finding = finding?;
        let is_one = finding.code.starts_with("load/");
        if let Some(row) = finding.row.filter(|_| is_one) {
            let reasons = conflicts.entry((finding.sheet, row - 1)).or_default();
            if !reasons.is_empty() {
                reasons.push_str("; ");
            }
            reasons.push_str(&finding.message);
        }
    }
    Ok(conflicts)
}

/// Whether a finding of the contract is why its row was rejected.
fn rejects_its_row(finding: &Finding) -> bool {
    let is_of_another_kind = ["load/", "header/"]
        .iter()
        .any(|start| finding.code.starts_with(start));
    finding.level == Level::Error && finding.row.is_some() && !is_of_another_kind
}

/// What it says, with its column.
fn message(finding: Finding) -> String {
    let column = finding.column.as_deref();
    match column.filter(|column| !finding.message.contains(*column)) {
        Some(column) => format!("{column}: {}", finding.message),
        None => finding.message,
    }
}

/// A cell that waits for its turn.
struct Kept {
    row: u32,
    column: u32,
    value: Value,
    format: Option<String>,
}

enum Value {
    Plain(Cell<'static>),
    Text(String),
    Error(String),
}

impl Kept {
    fn of(info: &CellInfo<'_>) -> Kept {
        Kept {
            row: info.row,
            column: info.column,
            value: match info.cell {
                Cell::Text(text, _) => Value::Text(text.to_owned()),
                Cell::Error(text) => Value::Error(text.to_owned()),
                Cell::Bool(value) => Value::Plain(Cell::Bool(value)),
                Cell::Int(value) => Value::Plain(Cell::Int(value)),
                Cell::Float(value) => Value::Plain(Cell::Float(value)),
                Cell::Date(value) => Value::Plain(Cell::Date(value)),
                Cell::DateTime(value) => Value::Plain(Cell::DateTime(value)),
                Cell::Time(value) => Value::Plain(Cell::Time(value)),
                Cell::Duration(value) => Value::Plain(Cell::Duration(value)),
                Cell::Null => Value::Plain(Cell::Null),
                Cell::BadString(id) => Value::Plain(Cell::BadString(id)),
            },
            format: info.format.map(str::to_owned),
        }
    }
}
