//! What a caller can say of a load.

use sheetlift_load::{Missing, Mode};

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
    /// Create the table when it is missing. Default false: a missing table is an error that holds the statement for it.
    pub create_table: bool,
    /// Add columns that the table lacks. Default false: a missing column is an error that holds the statement for it.
    pub add_columns: bool,
    /// What becomes of rows of the table that the file lacks, in [`Mode::Sync`]. Default: what the contract says
    /// (`sheetlift.load.missing`), or else they stay.
    pub missing: Option<Missing>,
    /// The largest share of the table's rows, from 0 to 1, that the file may lack where `missing` deletes or marks them; with more,
    /// the load ends with a `Limit` error. Default: what the contract says (`sheetlift.load.maxMissing`), or else 0.5.
    pub max_missing_ratio: Option<f64>,
    /// Keep in the database what taking the import back needs ([`undo`](crate::undo)). Default true.
    pub undo: bool,
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
            create_table: false,
            add_columns: false,
            missing: None,
            max_missing_ratio: None,
            undo: true,
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

    /// Sets [`Self::add_columns`].
    #[must_use]
    pub fn with_add_columns(mut self, add: bool) -> Self {
        self.add_columns = add;
        self
    }

    /// Sets [`Self::missing`].
    #[must_use]
    pub fn with_missing(mut self, missing: Missing) -> Self {
        self.missing = Some(missing);
        self
    }

    /// Sets [`Self::max_missing_ratio`].
    #[must_use]
    pub fn with_max_missing_ratio(mut self, ratio: f64) -> Self {
        self.max_missing_ratio = Some(ratio);
        self
    }

    /// Sets [`Self::undo`].
    #[must_use]
    pub fn with_undo(mut self, undo: bool) -> Self {
        self.undo = undo;
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
