//! The author's own file with its faults marked: cells in the colour of their level, comments, and a sheet that lists all findings.

use std::{
    io::{Seek, Write},
    iter,
    sync::Arc,
};

use sheetlift_core::{Annotated, Finding, Marks, SheetRef, Workbook, parse_column};

use super::{
    Report,
    values::{Renamed, Values},
};
use crate::{
    error::{Error, Result},
    findings::AllFindings,
    job::Job,
};

impl Job {
    /// Writes a copy of the workbook that shows the findings of `report`, which is one of this job. A workbook of SpreadsheetML keeps
    /// everything else it has (see [`Workbook::annotate`]); of other files (xls, xlsb, ods, csv) the copy has the values and number
    /// formats of the sheets that were checked. [`Annotated::notes`] says what was left out. Findings about whole rows are shown in
    /// the first column that has a field.
    ///
    /// Let the job keep all findings ([`Job::with_all_findings_kept`]): without, only those that the report lists are marked.
    ///
    /// ```
    /// use std::io::Cursor;
    /// use sheetlift::{Contract, Job};
    /// # let bytes = sheetlift_fixtures::inventory::dirty_inventory();
    /// # let contract: Contract = sheetlift_fixtures::inventory::contract_json().parse()?;
    /// let job = Job::from_bytes(bytes, "items.xlsx")?.with_contract(contract).with_all_findings_kept(true);
    /// let report = job.validate()?;
    /// let mut copy = Cursor::new(Vec::new());
    /// let annotated = job.annotate(&report, &mut copy)?;
    /// assert_eq!(annotated.listed, report.counts.errors);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Job::workbook`]; `Usage` for a report on an import that was loaded before, for which no row was read; `Io` when `out` or a
    /// temporary file fails, or the findings that were kept cannot be read; `Limit`; `Cancelled`.
    pub fn annotate(&self, report: &Report, out: impl Write + Seek) -> Result<Annotated> {
        let sheets = sheets_of(report).into_iter().map(SheetRef::Name);
        let sheets: Vec<SheetRef> = sheets.collect();
        if sheets.is_empty() {
            let error = Error::usage("report/no-sheet", "the report is not about a sheet");
            return Err(error.with_hint("annotate the report of `validate`"));
        }
        let workbook = self.workbook()?;
        let mut annotated = match workbook.annotated_extension()? {
            Some(_) => mark(&workbook, &sheets, &Renamed::new(), report, out)?,
            None => {
                let values = Values::of(self, &workbook, &sheets)?;
                let copied = 0..values.workbook.sheets().len();
                let copied: Vec<SheetRef> = copied.map(SheetRef::Index).collect();
                let (workbook, renamed) = (&values.workbook, &values.renamed);
                let mut annotated = mark(workbook, &copied, renamed, report, out)?;
                annotated.notes.splice(..0, values.notes);
                annotated
            }
        };
        if report.spilled.is_none() && report.findings_omitted > 0 {
            let note = format!("{} findings were not kept", report.findings_omitted);
            annotated.notes.push(note);
        }
        Ok(annotated)
    }

    /// What the name of the copy has to end in: a spreadsheet program refuses one of another kind.
    ///
    /// # Errors
    /// As [`Job::workbook`].
    pub fn annotated_extension(&self) -> Result<&'static str> {
        Ok(self.workbook()?.annotated_extension()?.unwrap_or("xlsx"))
    }
}

/// Names of the sheets that a report is about.
fn sheets_of(report: &Report) -> Vec<String> {
    report.sheets.iter().chain(&report.sheet).cloned().collect()
}

/// Marks sheets, some of which have another name here than in the report.
fn mark(
    workbook: &Workbook,
    sheets: &[SheetRef],
    renamed: &Renamed,
    report: &Report,
    out: impl Write + Seek,
) -> Result<Annotated> {
    let as_here = |mut finding: Finding| {
        if let Some(name) = renamed.get(&*finding.sheet) {
            finding.sheet = Arc::clone(name);
        }
        finding
    };
    let columns = report.mapping.iter();
    let mut marks = Marks::new(columns.filter_map(|m| parse_column(&m.column)).min());
    for finding in report.all_findings()? {
        marks.add(&as_here(finding?));
    }
    let mut failed = None;
    let findings = until_failed(report.all_findings()?, &mut failed).map(as_here);
    let annotated = workbook.annotate(sheets, marks, findings, out);
    match failed {
        Some(error) => Err(error),
        None => Ok(annotated?),
    }
}

/// The findings up to one that cannot be read; what was wrong with it goes to `failed`.
fn until_failed<'a>(
    mut findings: AllFindings<'a>,
    failed: &'a mut Option<Error>,
) -> impl Iterator<Item = Finding> + 'a {
    iter::from_fn(move || match findings.next()? {
        Ok(finding) => Some(finding),
        Err(error) => {
            *failed = Some(error);
            None
        }
    })
}
