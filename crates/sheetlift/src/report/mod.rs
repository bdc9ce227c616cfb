//! What a job has to say: stable JSON, the same at every face; and files for people and for other programs.

mod annotated;
mod format;
mod frictionless;
mod html;
mod junit;
mod sarif;
mod table;
mod values;

pub use format::ReportFormat;

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::Arc,
    time::Instant,
};

use serde::{Serialize, Serializer, ser::SerializeSeq};
use sheetlift_core::{Contract, Finding, Level, Mapped, Summary, parse_column};
use sheetlift_load::{Outcome, RowConflict, State};

use crate::{
    error::{Error, Result},
    findings::{AllFindings, FindingGroup, Source, Spilled},
    sheets::Sheet,
};

/// The verdict on one sheet, and what became of its rows.
///
/// Totals are exact however many findings are listed: `counts` covers all of them, `findings` holds the first ones and
/// `findings_omitted` says how many more there were.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Report {
    /// Name or path of the file.
    pub file: Option<String>,
    /// Name of the sheet; `None` when the import was loaded before and the file was not read again, or there are several.
    pub sheet: Option<String>,
    /// Names of the sheets, where the table is on several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sheets: Vec<String>,
    /// What it was held to.
    pub contract: ContractName,
    /// True when the header does not fit the contract: no row was checked and nothing was loaded.
    pub blocked: bool,
    /// Which column was taken for which field; fields without a column are left out.
    pub mapping: Vec<Mapped>,
    /// Rows by verdict.
    pub rows: Rows,
    /// All findings, counted.
    pub counts: Counts,
    /// The first findings: about the header, then by row, then column; conflicts with the target come last.
    #[serde(serialize_with = "cited")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Cited<'static>>))]
    pub findings: Vec<Finding>,
    /// Findings that are counted but not listed here.
    pub findings_omitted: u64,
    /// Findings by what repairs them, the largest groups first, up to 1,000: all findings where all were made (streamed, or kept),
    /// else those that are listed.
    pub groups: Vec<FindingGroup>,
    /// What was loaded; `None` when nothing was to be.
    pub load: Option<LoadReport>,
    /// How long it took. The one part that differs from run to run; see [`Report::without_timings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timings: Option<Timings>,
    /// All findings, where they are kept.
    #[serde(skip)]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub(crate) spilled: Option<Arc<Spilled>>,
}

/// The contract of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct ContractName {
    /// Its name.
    pub name: Option<String>,
    /// [`Contract::hash`].
    pub hash: String,
}

/// Rows by verdict: `read = accepted + rejected`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Rows {
    /// Rows with a value.
    pub read: u64,
    /// Rows without error.
    pub accepted: u64,
    /// Rows with errors.
    pub rejected: u64,
    /// Rows without any value, which were passed over.
    pub blank: u64,
}

/// Findings, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Counts {
    /// Findings of level `error`, conflicts with the target included.
    pub errors: u64,
    /// Findings of level `warning`.
    pub warnings: u64,
    /// Findings of level `info`.
    pub infos: u64,
    /// By code. Of conflicts with the target, those that the sink lists.
    pub by_code: BTreeMap<String, u64>,
    /// By rule, as the contract states it.
    pub by_rule: BTreeMap<String, u64>,
    /// By field. Of conflicts with the target, those that the sink lists and that are about one.
    pub by_field: BTreeMap<String, u64>,
}

/// What became of the accepted rows: `read = inserted + updated + unchanged + conflicts + rejected`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct LoadReport {
    /// The name of the import in the ledger of the target.
    pub import_id: String,
    /// How it ended.
    pub state: LoadState,
    /// How rows met those that were there.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub mode: sheetlift_load::Mode,
    /// The table.
    pub target: String,
    /// The database, without a password.
    pub database: String,
    /// Rows accepted and rejected.
    pub read: u64,
    /// Rows that are new in the target.
    pub inserted: u64,
    /// Rows of the target that changed.
    pub updated: u64,
    /// Rows that were there already.
    pub unchanged: u64,
    /// Rows that the target did not let in.
    pub conflicts: u64,
    /// Rows that the contract did not let through.
    pub rejected: u64,
    /// Rows of the table that the file lacks and that were deleted or marked, in the modes `replace` and `sync`.
    pub removed: u64,
    /// True when nothing was to be written.
    pub dry_run: bool,
}

/// How a load ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LoadState {
    /// The rows are in the target.
    Committed,
    /// They were there already: the numbers are those of the import that put them there, nothing changed now.
    AlreadyLoaded,
    /// The numbers are what a commit would have given; nothing was written.
    DryRun,
    /// The header does not fit the contract, or the table as a whole is wrong; nothing was written.
    Blocked,
}

/// How long it took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Timings {
    /// From begin to end, in milliseconds.
    pub total_ms: u64,
    /// Rows read in a second.
    pub rows_per_second: u64,
    /// Of a load: from the begin until the last row was checked and sent; what is left of the total is the database's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staged_ms: Option<u64>,
}

impl Report {
    pub(crate) fn new(file: Option<&str>, contract: &Contract) -> Report {
        Report {
            file: file.map(str::to_owned),
            contract: ContractName {
                name: contract.name.clone(),
                hash: contract.hash(),
            },
            ..Report::default()
        }
    }

    /// Says where the table is, and which columns were taken for its fields.
    pub(crate) fn take_sheets(&mut self, sheets: &VecDeque<Sheet>) {
        let has_several = sheets.len() > 1;
        let mut names = sheets.iter().map(|sheet| sheet.header.sheet.to_string());
        match has_several {
            true => self.sheets = names.collect(),
            false => self.sheet = names.next(),
        }
        let mapped = sheets.iter().flat_map(|sheet| {
            let name = has_several.then(|| Arc::clone(&sheet.header.sheet));
            let mapped = sheet.mapping.iter().cloned();
            mapped.map(move |mut mapped| {
                mapped.sheet = name.clone();
                mapped
            })
        });
        self.mapping = mapped.collect();
    }

    /// True when every row was accepted and none was refused by the target.
    ///
    /// An import that was loaded before is judged by what it did then: rows that were rejected are still not loaded.
    pub fn is_clean(&self) -> bool {
        self.counts.errors == 0
            && self.rows.rejected == 0
            && self.load.as_ref().is_none_or(|load| load.conflicts == 0)
    }

    /// Rows of the target that this run changed; 0 for a dry run, a blocked header and an import that was there already.
    pub fn rows_changed(&self) -> u64 {
        match &self.load {
            Some(load) if load.state == LoadState::Committed => load.inserted + load.updated,
            _ => 0,
        }
    }

    /// The same without what differs from run to run.
    #[must_use]
    pub fn without_timings(mut self) -> Report {
        self.timings = None;
        self
    }

    /// Every finding, in order: those that are listed, and where the job kept all
    /// ([`Job::with_all_findings_kept`](crate::Job::with_all_findings_kept)) the others too. One iterator at a time.
    ///
    /// # Errors
    /// `Io` when the temporary file cannot be read; so do its items.
    pub fn all_findings(&self) -> Result<AllFindings<'_>> {
        Ok(AllFindings(match &self.spilled {
            Some(spilled) => Source::Spilled(Box::new(spilled.read()?)),
            None => Source::Listed(self.findings.iter()),
        }))
    }

    /// The import, where something was to be loaded.
    fn import_id(&self) -> Option<&str> {
        self.load.as_ref().map(|load| &*load.import_id)
    }

    /// As JSON.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default() // maps with text keys and finite numbers only: never fails
    }

    /// Writes [`to_json`](Report::to_json), indented, without making it: however many findings are listed, they are in memory once.
    /// `out` gets small pieces, and is better buffered.
    ///
    /// # Errors
    /// `Io` when `out` fails.
    pub fn write_json(&self, mut out: impl io::Write) -> Result<()> {
        serde_json::to_writer_pretty(&mut out, self)
            .map_err(io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
            .map_err(|error| Error::io(error, "cannot write the report"))
    }

    pub(crate) fn take_summary(&mut self, summary: &Summary) {
        self.rows = Rows {
            read: summary.rows_read,
            accepted: summary.rows_accepted,
            rejected: summary.rows_rejected,
            blank: summary.rows_blank,
        };
        self.counts = Counts {
            errors: summary.errors,
            warnings: summary.warnings,
            infos: summary.infos,
            by_code: summary.by_code.clone(),
            by_rule: summary.by_rule.clone(),
            by_field: summary.by_field.clone(),
        };
    }

    /// Counts conflicts: all of them as errors, those that are listed by their code too.
    pub(crate) fn count_conflicts(&mut self, outcome: &Outcome) {
        self.counts.errors += outcome.conflict_total;
        for conflict in &outcome.conflicts {
            *self
                .counts
                .by_code
                .entry(conflict.code.clone())
                .or_default() += 1;
            if let Some(field) = &conflict.column {
                *self.counts.by_field.entry(field.clone()).or_default() += 1;
            }
        }
    }

    /// Says how many findings are not listed, once all are counted.
    pub(crate) fn finish(&mut self) {
        let all = self.counts.errors + self.counts.warnings + self.counts.infos;
        self.findings_omitted = all.saturating_sub(self.findings.len() as u64);
    }
}

impl LoadReport {
    pub(crate) fn new(plan: &sheetlift_load::Plan, database: String, dry_run: bool) -> LoadReport {
        LoadReport {
            import_id: plan.import_key.import_id(),
            state: LoadState::Blocked,
            mode: plan.mode,
            target: plan.table.clone(),
            database,
            read: 0,
            inserted: 0,
            updated: 0,
            unchanged: 0,
            conflicts: 0,
            rejected: 0,
            removed: 0,
            dry_run,
        }
    }

    pub(crate) fn take_outcome(&mut self, outcome: &Outcome) {
        self.state = match outcome.state {
            State::AlreadyLoaded => LoadState::AlreadyLoaded,
            State::DryRun => LoadState::DryRun,
            _ => LoadState::Committed,
        };
        self.read = outcome.read;
        self.inserted = outcome.inserted;
        self.updated = outcome.updated;
        self.unchanged = outcome.unchanged;
        self.conflicts = outcome.conflict_total;
        self.rejected = outcome.rejected;
        self.removed = outcome.removed;
    }
}

impl Timings {
    pub(crate) fn since(started: Instant, rows: u64) -> Timings {
        let elapsed = started.elapsed();
        Timings {
            total_ms: elapsed.as_millis() as u64,
            rows_per_second: (rows as f64 / elapsed.as_secs_f64().max(1e-6)) as u64,
            staged_ms: None,
        }
    }
}

/// A row that the target did not let in, as a finding about that row, or about its cell where the target says which column it minds.
/// The value is not told: the target has it, not the sheet.
pub(crate) fn conflict_finding(conflict: &RowConflict, sheet: &str, mapping: &[Mapped]) -> Finding {
    let field = conflict.column.as_deref();
    let mapped = mapping.iter().find(|mapped| {
        let is_there =
            mapped.sheet.is_none() || mapped.sheet.as_deref() == conflict.part.as_deref();
        Some(&*mapped.field) == field && is_there
    });
    let expected = match conflict.code.as_str() {
        "load/key-exists" => "a key that is not in the target yet",
        "load/key-missing" => "a key that is in the target",
        "load/reference-missing" => "a value that the other table has",
        "load/immutable" => "the value that is there",
        "load/stale-version" => "a version that is newer than the one that is there",
        _ => "a row that the target accepts",
    };
    Finding {
        row: Some(conflict.row.saturating_add(1)),
        row_key: Some(conflict.key.clone()).filter(|key| !key.is_empty()),
        expected: expected.to_owned(),
        field: field.map(Arc::from),
        column_index: mapped.and_then(|mapped| parse_column(&mapped.column)),
        column: mapped.and_then(|mapped| mapped.label.clone()),
        message: conflict.reason.clone(),
        ..Finding::about(
            Level::Error,
            conflict.code.clone(),
            conflict.part.as_deref().unwrap_or(sheet).into(),
        )
    }
}

/// Writes a finding as one line of JSON: as it stands in a report, after the import it is of (`None` where nothing was loaded) and
/// its number, counted from 1.
///
/// # Errors
/// Whatever `out` returns.
pub fn write_finding(
    mut out: impl io::Write,
    import_id: Option<&str>,
    seq: u64,
    finding: &Finding,
) -> io::Result<()> {
    let line = Line {
        import_id,
        seq,
        finding: Cited::of(finding),
    };
    serde_json::to_writer(&mut out, &line)?;
    out.write_all(b"\n")
}

/// A finding where it stands alone.
#[derive(Serialize)]
struct Line<'a> {
    import_id: Option<&'a str>,
    seq: u64,
    #[serde(flatten)]
    finding: Cited<'a>,
}

/// A finding with its address in words.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct Cited<'a> {
    /// The cell in A1 form.
    cell: Option<String>,
    /// The cell, row, column or sheet: `Items!C17`.
    address: String,
    #[serde(flatten)]
    finding: &'a Finding,
    /// Id of the group it belongs to; `groups` has the first 1,000 of them.
    group: String,
}

impl<'a> Cited<'a> {
    fn of(finding: &'a Finding) -> Cited<'a> {
        Cited {
            cell: finding.cell(),
            address: finding.address(),
            finding,
            group: FindingGroup::id_of(finding),
        }
    }
}

fn cited<S: Serializer>(
    findings: &[Finding],
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(findings.len()))?;
    for finding in findings {
        list.serialize_element(&Cited::of(finding))?;
    }
    list.end()
}
