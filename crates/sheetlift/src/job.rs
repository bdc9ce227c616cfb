//! A job: one workbook, and everything that says how it is to be handled.

use std::{
    fmt,
    io::Write,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use sheetlift_core::{
    CancelToken, Contract, CsvOptions, Finding, HeaderRow, Limits, Locate, MergedCells,
    OpenOptions, Password, ReadOptions, SheetRef, Source, StageTimes, TableReader, Workbook,
};

use crate::{
    error::{Error, Result},
    load::OutcomesTo,
    progress::Progress,
    replay::Replay,
    report::write_finding,
};

/// One workbook and what is to be done with it.
///
/// Setters first, then one of the verbs, any number of times: [`inspect`](Job::inspect), [`convert`](Job::convert),
/// [`infer_contract`](Job::infer_contract), [`validate`](Job::validate), [`load`](Job::load). All of them block, and none
/// keeps anything open afterwards. Clones are cheap and share the progress callback, the token and the findings writer.
///
/// ```
/// use sheetlift::{Job, ReadOptions};
/// # let bytes = sheetlift_fixtures::inventory::clean_inventory();
/// let job = Job::from_bytes(bytes, "items.xlsx")?.with_read(ReadOptions::default().with_limit(10));
/// let table = job.table()?.read_all()?;
/// assert_eq!(table.num_rows(), 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Job {
    pub(crate) source: Source,
    pub(crate) limits: Limits,
    pub(crate) password: Option<Password>,
    pub(crate) csv: CsvOptions,
    pub(crate) contract: Option<Arc<Contract>>,
    pub(crate) read: ReadOptions,
    pub(crate) max_findings: usize,
    pub(crate) cancel: CancelToken,
    pub(crate) progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
    pub(crate) keeps_all_findings: bool,
    pub(crate) findings_to: Option<Arc<Mutex<dyn Write + Send>>>,
    /// The import that lines of findings are about, once it is known.
    pub(crate) import_id: Option<Arc<str>>,
    pub(crate) references: Option<Arc<Path>>,
    pub(crate) outcomes_to: Option<OutcomesTo>,
    /// The rows are those of a quarantine.
    pub(crate) replay: Option<Arc<Replay>>,
}

impl Job {
    /// A job over any source.
    pub fn new(source: Source) -> Job {
        Job {
            source,
            limits: Limits::default(),
            password: None,
            csv: CsvOptions::default(),
            contract: None,
            read: ReadOptions::default(),
            max_findings: 1_000,
            cancel: CancelToken::new(),
            progress: None,
            keeps_all_findings: false,
            findings_to: None,
            import_id: None,
            references: None,
            outcomes_to: None,
            replay: None,
        }
    }

    /// A job over a file, which is mapped into memory with default [`Limits`].
    ///
    /// # Errors
    /// `Io` when it cannot be opened, `Limit` when it is too large.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Job> {
        Ok(Job::new(Source::from_path(path, &Limits::default())?))
    }

    /// A job over bytes in memory, with default [`Limits`]; `name` is what messages and reports call them.
    ///
    /// # Errors
    /// `Limit` when there are too many.
    pub fn from_bytes(bytes: impl Into<bytes::Bytes>, name: impl Into<String>) -> Result<Job> {
        Ok(Job::new(
            Source::from_bytes(bytes, &Limits::default())?.with_name(name),
        ))
    }

    /// Sets what the file may ask of us. Its size was asked when the [`Source`] was made.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Job {
        self.limits = limits;
        self
    }

    /// Sets the password of a protected workbook. It is never printed.
    #[must_use]
    pub fn with_password(mut self, password: Password) -> Job {
        self.password = Some(password);
        self
    }

    /// Sets how a text file is read; what is not said is detected.
    #[must_use]
    pub fn with_csv(mut self, csv: CsvOptions) -> Job {
        self.csv = csv;
        self
    }

    /// Sets what the rows are held to. Where the table is (`sheetlift.locate`) is taken from it as well, unless
    /// [`Job::with_read`] says otherwise.
    #[must_use]
    pub fn with_contract(mut self, contract: impl Into<Arc<Contract>>) -> Job {
        self.contract = Some(contract.into());
        self
    }

    /// Sets what to read. What differs from its default wins over what the contract says of the same; types
    /// and the representation of texts do not concern rows that are held to a contract.
    #[must_use]
    pub fn with_read(mut self, read: ReadOptions) -> Job {
        self.read = read;
        self
    }

    /// Calls `progress` after each window of rows, on the thread that runs the job.
    #[must_use]
    pub fn with_progress(mut self, progress: impl Fn(Progress) + Send + Sync + 'static) -> Job {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// Stops the job when this token is pulled.
    #[must_use]
    pub fn with_cancel(mut self, cancel: CancelToken) -> Job {
        self.cancel = cancel;
        self
    }

    /// Sets how many findings a report lists; the others are counted. Default 1,000.
    #[must_use]
    pub fn with_max_findings(mut self, max: usize) -> Job {
        self.max_findings = max;
        self
    }

    /// Keeps every finding for [`Report::all_findings`], in a temporary file once there are many, and groups them all.
    ///
    /// [`Report::all_findings`]: crate::Report::all_findings
    #[must_use]
    pub fn with_all_findings_kept(mut self, kept: bool) -> Job {
        self.keeps_all_findings = kept;
        self
    }

    /// Writes every finding as a line of JSON ([`write_finding`](crate::write_finding)), however many there are, in the memory of
    /// one window.
    #[must_use]
    pub fn with_findings_to(mut self, out: impl Write + Send + 'static) -> Job {
        self.findings_to = Some(Arc::new(Mutex::new(out)));
        self
    }

    /// Opens the files that the foreign keys of the contract name, in this folder: that of the contract. Default: none may be
    /// opened, for a contract can come from anybody.
    #[must_use]
    pub fn with_references(mut self, folder: impl AsRef<Path>) -> Job {
        self.references = Some(folder.as_ref().into());
        self
    }

    /// The file.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// What to read.
    pub fn read(&self) -> &ReadOptions {
        &self.read
    }

    /// The contract, where there is one.
    pub fn contract(&self) -> Option<&Contract> {
        self.contract.as_deref()
    }

    /// Opens the workbook: its directory and its list of sheets.
    ///
    /// # Errors
    /// `Malformed`, `Unsupported` or `Encrypted` when it is no workbook we read; `Limit`.
    pub fn workbook(&self) -> Result<Workbook> {
        let mut options = OpenOptions::default()
            .with_limits(self.limits.clone())
            .with_cancel(self.cancel.clone())
            .with_held(self.replay.is_some())
            .with_csv(match &self.contract {
                Some(contract) => self.csv.clone().or(&contract.csv),
                None => self.csv.clone(),
            });
        options.password.clone_from(&self.password);
        Ok(Workbook::open(self.source.clone(), options)?)
    }

    /// The sheet as Arrow batches in the types of its cells, not held to a contract.
    ///
    /// # Errors
    /// As [`Job::workbook`], and `Usage` when a sheet or column is not there.
    pub fn table(&self) -> Result<TableReader> {
        Ok(self.workbook()?.table(&self.located())?)
    }

    /// How long each stage of reading the sheet takes on one thread, each run alone.
    ///
    /// # Errors
    /// As [`Job::table`].
    pub fn stage_times(&self) -> Result<StageTimes> {
        Ok(sheetlift_core::stage_times(
            &self.workbook()?,
            &self.located(),
        )?)
    }

    /// The sheet that a person calls `text`: by its name, or by its place counted from 1 when no sheet has that name.
    ///
    /// # Errors
    /// `sheet/not-found` with the names there are.
    pub fn sheet_called(&self, text: &str) -> Result<SheetRef> {
        let workbook = self.workbook()?;
        let named = workbook.sheet(&SheetRef::Name(text.to_owned()));
        let count = workbook.sheets().len();
        match (named, text.parse::<usize>()) {
            (Ok(sheet), _) => Ok(SheetRef::Name(sheet.name.clone())),
            (Err(_), Ok(place)) if (1..=count).contains(&place) => {
                let sheet = workbook.sheet(&SheetRef::Index(place - 1))?;
                Ok(SheetRef::Name(sheet.name.clone()))
            }
            (Err(error), _) => Err(error.into()),
        }
    }

    /// The contract, or an error that asks for one.
    pub(crate) fn needed_contract(&self) -> Result<&Arc<Contract>> {
        self.contract.as_ref().ok_or_else(|| {
            Error::usage("contract/missing", "no contract was given")
                .with_hint("`sheetlift contract infer FILE` proposes one to edit")
        })
    }

    /// The options of the read, with the place of the table from the contract where the caller left it open.
    pub(crate) fn located(&self) -> ReadOptions {
        if let Some(replay) = &self.replay {
            return replay.read(0);
        }
        let mut read = self.read.clone();
        let Some(contract) = &self.contract else {
            return read;
        };
        let locate: &Locate = &contract.locate;
        if read.range.is_none() && read.area.is_none() {
            read.range.clone_from(&locate.range);
            if read.sheet == SheetRef::First {
                read.area.clone_from(&locate.area);
            }
        }
        if read.sheet == SheetRef::First && (read.area.is_none() || read.area == locate.area) {
            read.sheet = locate.sheet.clone();
        }
        if read.header == HeaderRow::First {
            read.header = locate.header;
        }
        if let Some(join) = &locate.header_join
            && read.header_join == ReadOptions::default().header_join
        {
            read.header_join.clone_from(join);
        }
        if read.omit_rows.is_empty() {
            read.omit_rows.clone_from(&locate.omit_rows);
        }
        read.skip_hidden_rows |= locate.skip_hidden_rows;
        read.skip_hidden_columns |= locate.skip_hidden_columns;
        if read.merged == MergedCells::First {
            read.merged = locate.merged;
        }
        read
    }

    pub(crate) fn tell(&self, progress: Progress) {
        if let Some(hear) = &self.progress {
            hear(progress);
        }
    }

    /// Writes findings where all of them are wanted; so many came before.
    pub(crate) fn write_findings(&self, before: u64, findings: &[Finding]) -> Result<()> {
        let Some(out) = &self.findings_to else {
            return Ok(());
        };
        let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
        let mut write = || {
            (before + 1..).zip(findings).try_for_each(|(seq, finding)| {
                write_finding(&mut *out, self.import_id.as_deref(), seq, finding)
            })
        };
        write().map_err(|error| Error::io(error, "cannot write the findings"))
    }

    /// Flushes them.
    pub(crate) fn flush_findings(&self) -> Result<()> {
        let Some(out) = &self.findings_to else {
            return Ok(());
        };
        let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
        out.flush()
            .map_err(|error| Error::io(error, "cannot write the findings"))
    }

    /// Names the file in an error.
    pub(crate) fn locate(&self, error: impl Into<Error>) -> Error {
        match self.source.name() {
            Some(name) => error.into().in_file(name),
            None => error.into(),
        }
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("file", &self.source.name())
            .field("bytes", &self.source.bytes().len())
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}
