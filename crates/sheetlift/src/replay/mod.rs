//! Rows of a quarantine, once more: they are read, checked and loaded as the file was that they came from.

pub(crate) mod layout;
pub(crate) mod rows;

use std::{io::BufWriter, sync::Arc};

use sheetlift_core::{
    Contract, HeaderRow, Limits, Locate, ReadOptions, SheetRef, Source, TableQuestion, column_name,
};
use sheetlift_load::{ImportRecord, Sink};
use tempfile::NamedTempFile;

use crate::{
    error::{Error, Result},
    job::Job,
};

use layout::{ColumnLayout, Layout, SheetLayout, unique};
use rows::{Spool, damaged, failed};

/// What a job knows of the quarantine that its rows come from.
pub(crate) struct Replay {
    /// The import whose quarantine it is.
    pub(crate) import_id: String,
    /// Replays of it before this one.
    pub(crate) attempt: u64,
    /// Its table was on several sheets.
    pub(crate) has_parts: bool,
    /// Rows that are left out, for earlier ones have their keys.
    left_out: u64,
    /// Sheets that have a row.
    sheets: Vec<SheetLayout>,
    /// The rows, until the last job over them is gone.
    _rows: NamedTempFile,
}

impl Job {
    /// A job over the rows in quarantine of an import: those that it rejected, or that its target refused, and that no replay has loaded
    /// since. They are held to a contract, most often one that was mended, as the file would be, and [`Job::load`] into the same database
    /// lets those leave the quarantine that enter the table; the others stay, with the reason of now. `None` when there is none.
    ///
    /// Rows are where they were, so that findings name the cells of the file. What a contract asks of the table as a whole is not asked of
    /// some of its rows: row counts, totals, dependencies and thresholds, and where the table is and ends. A row whose key an earlier row
    /// has is left out, and stays, as long as the contract has the keys that it had.
    ///
    /// ```
    /// use sheetlift::{Contract, Job, LoadOptions, connect};
    /// # use sheetlift_fixtures::inventory::{contract_json, dirty_inventory};
    /// # let dir = tempfile::tempdir()?;
    /// # let database = format!("sqlite:{}", dir.path().join("inventory.db").display());
    /// # let contract: Contract = contract_json().parse()?;
    /// let sink = connect(&database)?;
    /// let options = LoadOptions::default().with_create_table(true);
    /// # let job = Job::from_bytes(dirty_inventory(), "items.xlsx")?.with_contract(contract.clone());
    /// let loaded = job.load(&*sink, &options)?.load.unwrap();
    ///
    /// let job = Job::from_quarantine(&*sink, &loaded.import_id, contract)?.unwrap();
    /// let again = job.load(&*sink, &options)?;
    /// assert_eq!(again.load.unwrap().inserted, 0); // for it is the same contract
    /// assert_eq!(again.findings[0].address(), "Items!G5");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// `Usage` for an import that is not there, that is not committed, or whose rows are not kept well enough, and where there is no
    /// quarantine; `Sink` when the database fails; `Io` when there is no room for temporary files.
    pub fn from_quarantine(
        sink: &dyn Sink,
        import_id: &str,
        contract: impl Into<Arc<Contract>>,
    ) -> Result<Option<Job>> {
        let contract = contract.into();
        let layout = sink.layout(import_id)?;
        let history = sink.history(usize::MAX)?;
        let mut imports = history.iter();
        let import = imports.find(|import| import.import_id == import_id);
        let import = import.ok_or_else(|| damaged("its import is gone"))?;
        check(import)?;
        let Some(layout) = layout.as_deref().and_then(Layout::read) else {
            let mut rows = 0;
            sink.quarantined(import_id, &mut |_| rows += 1)?;
            return match rows {
                0 => Ok(None),
                rows => Err(unknown_layout(import_id, rows)),
            };
        };
        let (mut spool, mut spooled) = (Spool::new(&layout)?, Ok(()));
        sink.quarantined(import_id, &mut |row| {
            if spooled.is_ok() {
                // In other modes a row of the table is no reason: it was an earlier row of the file that had the key.
                let is_twin = row.codes == "load/key-exists" && import.mode != "insert";
                spooled = spool.push(&row, is_twin);
            }
        })?;
        spooled?;
        if spool.is_empty() {
            return Ok(None);
        }
        let mut file = NamedTempFile::new().map_err(failed)?;
        let has_same_keys = layout.unique == unique(&contract);
        let out = BufWriter::new(file.as_file_mut());
        let (sheets, left_out) = spool.write(&layout, has_same_keys, out)?;
        let mut limits = Limits::default();
        limits.max_file_bytes = Limits::NONE;
        let source = Source::from_path(file.path(), &limits)?;
        let source = source.with_name(&import.source_name);
        let of_this = |other: &&ImportRecord| {
            other.replay_of.as_deref() == Some(import_id) && other.state != "running"
        };
        let mut job = Job::new(source).with_contract(Arc::clone(&contract));
        job.replay = Some(Arc::new(Replay {
            import_id: import_id.to_owned(),
            attempt: history.iter().filter(of_this).count() as u64,
            has_parts: layout.sheets.len() > 1,
            left_out,
            sheets: sheets.iter().map(|&at| layout.sheets[at].clone()).collect(),
            _rows: file,
        }));
        Ok(Some(job))
    }

    /// Rows of the quarantine that are left out, for earlier rows have their keys; none for a job over a file.
    pub fn left_in_quarantine(&self) -> u64 {
        self.replay.as_ref().map_or(0, |replay| replay.left_out)
    }

    /// What rows are held to: of a contract, what can be asked of some of its rows.
    pub(crate) fn checked_contract(&self) -> Result<Arc<Contract>> {
        let contract = self.needed_contract()?;
        Ok(match &self.replay {
            None => Arc::clone(contract),
            Some(_) => Arc::new(of_some_rows(contract)),
        })
    }
}

impl Replay {
    /// What is read: of each sheet what was its table.
    pub(crate) fn read(&self, sheet: usize) -> ReadOptions {
        // Most rows of the file are not here.
        let mut options = ReadOptions::default().with_blank_rows(false);
        let Some(sheet) = self.sheets.get(sheet) else {
            return options;
        };
        options.sheet = SheetRef::Name(sheet.name.clone());
        match sheet.header {
            Some(row) => options.header = HeaderRow::At(row),
            None => {
                let columns = sheet.columns.iter();
                let letters = columns.map(|ColumnLayout(at, ..)| column_name(*at));
                options.header = HeaderRow::None;
                options.columns = Some(letters.collect());
            }
        }
        options
    }

    /// The places of its sheets.
    pub(crate) fn sheets(&self) -> std::ops::Range<usize> {
        0..self.sheets.len()
    }
}

/// Whether there can be something to replay.
fn check(import: &ImportRecord) -> Result<()> {
    let (id, state) = (&import.import_id, &import.state);
    if let Some(replayed) = &import.replay_of {
        let message = format!("{id} is itself a replay, of {replayed}");
        return Err(Error::usage("usage/replay", message).with_hint(format!(
            "what it did not load is still in the quarantine of {replayed}: replay that"
        )));
    }
    if state != "committed" {
        let message = format!("import {id} is {state}, so that nothing of it waits in quarantine");
        return Err(Error::usage("usage/replay", message)
            .with_hint("load the file itself, with the contract of now"));
    }
    Ok(())
}

/// The error for rows of which nobody told where they were.
fn unknown_layout(import_id: &str, rows: u64) -> Error {
    let message = format!(
        "of import {import_id} there are {rows} rows in quarantine, but the layout of their file was not kept"
    );
    Error::usage("usage/replay", message)
        .with_hint("load the file itself, with the contract of now")
}

/// The contract without what it says of the table as a whole.
fn of_some_rows(contract: &Contract) -> Contract {
    let mut some = contract.clone();
    some.locate = Locate::default();
    some.thresholds = Default::default();
    some.csv = Default::default();
    some.table_rules
        .retain(|rule| matches!(rule.asks, TableQuestion::Duplicates));
    some
}
