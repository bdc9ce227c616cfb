//! Accepted rows into a database, exactly once. Reading and checking run on the caller's thread, the database on its own.

use std::{
    sync::mpsc::{Receiver, sync_channel},
    thread,
    time::Instant,
};

use arrow_array::RecordBatch;
use serde_json::json;
use sheetlift_core::{
    Contract, CsvOptions, Finding, Header, HeaderRow, Level, MergedCells, RejectedRow, Validator,
};
use sheetlift_load::{Begin, Import, ImportKey, KeyParts, Mode, Outcome, Plan, Reject, Sink};

use crate::{
    check::{Check, Wants},
    error::{Error, Result},
    findings::Listing,
    job::Job,
    report::{LoadReport, Report, Timings, conflict_finding},
};

/// Checked windows that wait for the database.
const WINDOWS_IN_FLIGHT: usize = 2;

/// Where accepted rows go and how.
///
/// ```
/// use sheetlift::{LoadOptions, Mode};
/// let options = LoadOptions::default().with_table("items").with_mode(Mode::Upsert).with_dry_run(true);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LoadOptions {
    /// Target table. Default: what the contract says (`sheetlift.load.table`), or else the name of the contract.
    pub table: Option<String>,
    /// How rows meet those that are there. Default: what the contract says, or else [`Mode::InsertMissing`].
    pub mode: Option<Mode>,
    /// Create the table when it is missing. Default true.
    pub create_table: bool,
    /// Do all of it, then roll it back. Default false.
    pub dry_run: bool,
    /// Rejected rows an import may have; one more ends it with a `Limit` error and nothing is loaded. Default: any number.
    pub max_rejected: Option<u64>,
    /// The same as a share of all rows, from 0 to 1. Default: any.
    pub max_rejected_ratio: Option<f64>,
    /// Milliseconds for which nobody else may take the import over while it waits for one window. Default 60,000.
    pub lease_ms: u64,
}

impl Default for LoadOptions {
    fn default() -> LoadOptions {
        LoadOptions {
            table: None,
            mode: None,
            create_table: true,
            dry_run: false,
            max_rejected: None,
            max_rejected_ratio: None,
            lease_ms: 60_000,
        }
    }
}

impl LoadOptions {
    /// Sets [`Self::table`].
    #[must_use]
    pub fn with_table(mut self, table: impl Into<String>) -> Self {
        self.table = Some(table.into());
        self
    }

    /// Sets [`Self::mode`].
    #[must_use]
    pub fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Sets [`Self::create_table`].
    #[must_use]
    pub fn with_create_table(mut self, create: bool) -> Self {
        self.create_table = create;
        self
    }

    /// Sets [`Self::dry_run`].
    #[must_use]
    pub fn with_dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Sets [`Self::max_rejected`].
    #[must_use]
    pub fn with_max_rejected(mut self, max: u64) -> Self {
        self.max_rejected = Some(max);
        self
    }

    /// Sets [`Self::max_rejected_ratio`].
    #[must_use]
    pub fn with_max_rejected_ratio(mut self, ratio: f64) -> Self {
        self.max_rejected_ratio = Some(ratio);
        self
    }

    /// Sets [`Self::lease_ms`].
    #[must_use]
    pub fn with_lease_ms(mut self, lease_ms: u64) -> Self {
        self.lease_ms = lease_ms;
        self
    }
}

impl Job {
    /// Loads accepted rows, records rejected ones, and does so once: the same file under the same contract into the same
    /// table is [`AlreadyLoaded`](crate::LoadState::AlreadyLoaded) ever after, and its rows are not even read.
    ///
    /// Everything becomes visible in one transaction, or nothing does: after an error, a cancellation or a crash the same
    /// call starts afresh.
    ///
    /// # Errors
    /// As [`Job::validate`]; `Target` when the table does not fit the contract, `Busy` while somebody else loads the same
    /// import, `Limit` when too many rows were rejected, `Sink` when the database fails.
    pub fn load(&self, sink: &dyn Sink, options: &LoadOptions) -> Result<Report> {
        let started = Instant::now();
        let contract = self.needed_contract()?;
        let plan = self.plan(options)?;
        let mut load = LoadReport::new(&plan, sink.name(), options.dry_run);
        let job = Job {
            import_id: Some(load.import_id.as_str().into()),
            ..self.clone()
        };
        let import = match sink.begin(&plan)? {
            Begin::Done(outcome) => return job.already_loaded(load, &outcome, started),
            Begin::Claimed(import) => import,
        };
        let mut check = Check::new(&job, Wants::Rejected)?;
        let outcome = if check.is_blocked() {
            drop(import);
            None
        } else {
            debug_assert_eq!(check.schema(), plan.schema);
            self.stage(&mut check, import, options.dry_run)?
        };
        if let Some(outcome) = &outcome {
            let sheet = check.header().sheet.to_string();
            check.listing.add(&conflicts(outcome, &sheet))?;
        }
        let (_, mut report) = check.into_report()?;
        debug_assert_eq!(report.contract.hash, contract.hash());
        if let Some(outcome) = outcome {
            load.take_outcome(&outcome);
            report.count_conflicts(&outcome);
        }
        report.load = Some(load);
        self.finish(report, started)
    }

    /// What is to be loaded and where.
    ///
    /// # Errors
    /// `Usage` without a contract, a table or a mode that exists; `Malformed` when the file is no workbook.
    pub fn plan(&self, options: &LoadOptions) -> Result<Plan> {
        let contract = self.needed_contract()?;
        let load = contract.load.clone().unwrap_or_default();
        let table = options
            .table
            .clone()
            .or(load.table)
            .or_else(|| contract.name.clone())
            .ok_or_else(|| {
                Error::usage(
                    "usage/table-name",
                    "neither the options nor the contract name a table",
                )
                .with_hint(
                    "name it with the option `table`, or set sheetlift.load.table in the contract",
                )
            })?;
        let mode = match (options.mode, load.mode) {
            (Some(mode), _) => mode,
            (None, Some(mode)) => mode.parse()?,
            (None, None) => Mode::default(),
        };
        let content = content_hash(self.source.bytes());
        let sheets = self.sheet_names(&self.workbook()?)?;
        let (contract_hash, mapping) = (contract.hash(), self.mapping(&sheets));
        let key = ImportKey::of(&KeyParts {
            content: content.as_bytes(),
            contract: contract_hash.as_bytes(),
            mapping: mapping.as_bytes(),
            target: &table,
            mode,
        });
        let schema = Validator::new(contract, &Header::default())?.schema();
        let mut plan = Plan::new(key, table, schema)
            .with_mode(mode)
            .with_create_table(options.create_table)
            .with_lease_ms(options.lease_ms)
            .with_max_rejected(options.max_rejected)
            .with_max_rejected_ratio(options.max_rejected_ratio);
        if let Some(name) = self.source.name() {
            plan = plan.with_source_name(name);
        }
        let (primary, unique) = keys(contract);
        plan = plan.with_key(if load.key.is_empty() {
            primary
        } else {
            load.key
        });
        if sheets.len() > 1 {
            plan = plan.with_parts(sheets);
        }
        Ok(unique.into_iter().fold(plan, Plan::with_unique_key))
    }

    /// What decides which cells become which rows, beside the contract. The sheet is called by its name, so that two ways
    /// to say the same make the same import.
    fn mapping(&self, sheets: &[String]) -> String {
        let read = self.located();
        let header = match read.header {
            HeaderRow::First => json!("first"),
            HeaderRow::None => json!("none"),
            HeaderRow::At(row) => json!(row),
            HeaderRow::Rows { first, last } => json!([first, last, read.header_join]),
        };
        let range = read.range.map(|range| {
            let (rows, columns) = (range.rows, range.columns);
            json!([rows.start(), rows.end(), columns.start(), columns.end()])
        });
        let sheet = match sheets {
            [only] => json!(only),
            several => json!(several),
        };
        let mut mapping = json!({
            "sheet": sheet,
            "header": header,
            "range": range,
            "columns": read.columns,
            "limit": read.limit,
        });
        // What is seldom said is only there when it was: imports of before keep their keys.
        let mut others = serde_json::Map::new();
        let mut say = |name: &str, is_said: bool, value: serde_json::Value| {
            if is_said {
                others.insert(name.to_owned(), value);
            }
        };
        say("area", read.area.is_some(), json!(read.area));
        say("skip_hidden_rows", read.skip_hidden_rows, json!(true));
        say("skip_hidden_columns", read.skip_hidden_columns, json!(true));
        let merged = format!("{:?}", read.merged);
        say("merged", read.merged != MergedCells::First, json!(merged));
        say(
            "omit_rows",
            !read.omit_rows.is_empty(),
            json!(read.omit_rows),
        );
        say("display_text", read.display_text, json!(true));
        let csv = &self.csv;
        say(
            "csv",
            *csv != CsvOptions::default(),
            json!(format!("{csv:?}")),
        );
        if let Some(mapping) = mapping.as_object_mut() {
            mapping.append(&mut others);
        }
        mapping.to_string()
    }

    /// Checks here and stages over there. Whatever fails, the import is dropped and nothing remains of it.
    /// `None` when a rule about the table as a whole is broken, or too many rows were rejected.
    fn stage(
        &self,
        check: &mut Check,
        import: Box<dyn Import>,
        dry_run: bool,
    ) -> Result<Option<Outcome>> {
        let (send, windows) = sync_channel::<CheckedRows>(WINDOWS_IN_FLIGHT);
        thread::scope(|scope| {
            let database = thread::Builder::new()
                .name("sheetlift-load".into())
                .spawn_scoped(scope, move || stage_all(import, &windows))
                .map_err(|error| Error::io(error, "cannot start a thread"))?;
            let checked = send_all(check, |rows| send.send(rows).is_ok());
            drop(send);
            let staged = database
                .join()
                .unwrap_or_else(|_| Err(Error::bug("the sink panicked")));
            // The database failed first when it stopped listening; otherwise the sheet did.
            let import = match (checked, staged) {
                (_, Err(error)) | (Err(error), _) => return Err(error),
                (Ok(()), Ok(import)) => import,
            };
            self.cancel.check()?;
            let about_table = check.finish_table()?;
            if about_table
                .iter()
                .any(|finding| finding.level == Level::Error)
            {
                return Ok(None);
            }
            Ok(Some(import.commit(dry_run)?))
        })
    }

    fn already_loaded(
        &self,
        mut load: LoadReport,
        outcome: &Outcome,
        started: Instant,
    ) -> Result<Report> {
        let mut report = Report::new(self.source.name(), self.needed_contract()?);
        load.take_outcome(outcome);
        report.rows.read = outcome.read;
        report.rows.rejected = outcome.rejected;
        report.rows.accepted = outcome.read.saturating_sub(outcome.rejected);
        let mut listing = Listing::new(self)?;
        listing.add(&conflicts(outcome, ""))?;
        listing.finish(&mut report)?;
        report.count_conflicts(outcome);
        report.load = Some(load);
        self.finish(report, started)
    }

    fn finish(&self, mut report: Report, started: Instant) -> Result<Report> {
        self.flush_findings()?;
        report.finish();
        report.timings = Some(Timings::since(started, report.rows.read));
        Ok(report)
    }
}

/// The rows that the target did not let in, as findings.
fn conflicts(outcome: &Outcome, sheet: &str) -> Vec<Finding> {
    let conflicts = outcome.conflicts.iter();
    conflicts
        .map(|conflict| conflict_finding(conflict, sheet))
        .collect()
}

/// A checked window on its way to the database.
struct CheckedRows {
    accepted: RecordBatch,
    rows: Vec<u32>,
    rejected: Vec<RejectedRow>,
}

/// Checks windows until the end, or until nobody listens.
fn send_all(check: &mut Check, mut send: impl FnMut(CheckedRows) -> bool) -> Result<()> {
    while let Some(mut checked) = check.next_window()? {
        let offset = Plan::PART_ROWS.wrapping_mul(check.sheet_number);
        let rows = checked.accepted_rows.iter_mut();
        rows.for_each(|row| *row = row.wrapping_add(offset));
        let rejected = checked.rejected.iter_mut();
        rejected.for_each(|rejected| rejected.row = rejected.row.wrapping_add(offset));
        let rows = CheckedRows {
            accepted: checked.accepted,
            rows: checked.accepted_rows,
            rejected: checked.rejected,
        };
        if !send(rows) {
            break;
        }
    }
    Ok(())
}

fn stage_all(
    mut import: Box<dyn Import>,
    windows: &Receiver<CheckedRows>,
) -> Result<Box<dyn Import>> {
    for window in windows {
        if !window.rejected.is_empty() {
            let rejects: Vec<Reject> = window.rejected.into_iter().map(reject).collect();
            import.reject(&rejects)?;
        }
        if window.accepted.num_rows() > 0 {
            import.stage(&window.accepted, &window.rows)?;
        }
    }
    Ok(import)
}

fn reject(row: RejectedRow) -> Reject {
    Reject {
        row: row.row,
        codes: row.codes.into_iter().map(str::to_owned).collect(),
        reason: row.reason,
        raw: serde_json::Value::Object(row.raw).to_string(),
    }
}

fn content_hash(bytes: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update_rayon(bytes);
    hasher.finalize()
}

/// The primary key and every other key, by name.
pub(crate) fn keys(contract: &Contract) -> (Vec<String>, Vec<Vec<String>>) {
    let name = |&index: &usize| contract.fields[index].name.to_string();
    let names = |key: &[usize]| key.iter().map(name).collect::<Vec<String>>();
    let primary = names(&contract.primary_key);
    let single = contract
        .fields
        .iter()
        .filter(|field| field.constraints.unique);
    let single = single.map(|field| vec![field.name.to_string()]);
    let mut unique: Vec<Vec<String>> = Vec::new();
    for key in single.chain(contract.unique_keys.iter().map(|key| names(key))) {
        if key != primary && !unique.contains(&key) {
            unique.push(key);
        }
    }
    (primary, unique)
}
