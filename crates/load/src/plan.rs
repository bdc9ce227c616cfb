//! What to load and where: the options of one import.

use std::collections::HashSet;

use arrow_schema::SchemaRef;

use crate::error::{Error, ErrorKind, Result};
use crate::key::ImportKey;
use crate::mode::Mode;
use crate::rules::{self, Missing, Reference};

/// What to load and where.
///
/// Column names come from the schema, which comes from the contract, never from a file. Build one with [`Plan::new`] and the
/// `with_*` setters; [`Sink::begin`](crate::Sink::begin) checks it before anything is touched.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// Names the import.
    pub import_key: ImportKey,
    /// What the ledger calls the source; empty by default.
    pub source_name: String,
    /// The parts of the source that rows come from, such as sheets, where there are several; empty by default.
    pub parts: Vec<String>,
    /// The target table.
    pub table: String,
    /// The columns, in the order of the batches.
    pub schema: SchemaRef,
    /// The columns of the primary key.
    pub key: Vec<String>,
    /// Further keys that are unique, for a table that this import creates.
    pub unique_keys: Vec<Vec<String>>,
    /// How rows meet the rows that are already there.
    pub mode: Mode,
    /// Whether a missing table is created.
    pub create_table: bool,
    /// Whether columns that the table lacks are added to it.
    pub add_columns: bool,
    /// How long the claim on the import lasts unless renewed.
    pub lease_ms: u64,
    /// Columns whose value never changes once it is there.
    pub immutable: Vec<String>,
    /// The column by which a row is newer than another.
    pub version: Option<String>,
    /// What values have to be there in other tables.
    pub references: Vec<Reference>,
    /// What becomes of rows that the source lacks.
    pub missing: Missing,
    /// The largest share of the target's rows that an import may remove, or mark, for the source lacks them.
    pub max_missing_ratio: f64,
    /// The import whose quarantine the rows come from.
    pub replay_of: Option<String>,
    /// Whether what an undo needs is kept.
    pub undo: bool,
    /// The most rejected rows an import may have and still be committed.
    pub max_rejected: Option<u64>,
    /// The largest share of rejected rows, from 0 to 1, an import may have and still be committed.
    pub max_rejected_ratio: Option<f64>,
}

impl Plan {
    /// Rows that a part of a source can have, where there are several: 1,048,576, as a worksheet.
    pub const PART_ROWS: u32 = 1 << 20;

    /// A plan that loads new items into a table, which is created if it is missing.
    pub fn new(import_key: ImportKey, table: impl Into<String>, schema: SchemaRef) -> Plan {
        Plan {
            import_key,
            source_name: String::new(),
            parts: Vec::new(),
            table: table.into(),
            schema,
            key: Vec::new(),
            unique_keys: Vec::new(),
            mode: Mode::default(),
            create_table: true,
            add_columns: false,
            lease_ms: 60_000,
            immutable: Vec::new(),
            version: None,
            references: Vec::new(),
            missing: Missing::Keep,
            max_missing_ratio: 0.5,
            replay_of: None,
            undo: true,
            max_rejected: None,
            max_rejected_ratio: None,
        }
    }

    /// Sets what the ledger calls the source, such as a file name; empty by default.
    pub fn with_source_name(mut self, source_name: impl Into<String>) -> Plan {
        self.source_name = source_name.into();
        self
    }

    /// Says that rows come from several parts of the source: a row of part `p`, counted from 0, then has the number
    /// `p * Plan::PART_ROWS + row`, and is told with the name of its part.
    pub fn with_parts<S: Into<String>>(mut self, parts: impl IntoIterator<Item = S>) -> Plan {
        self.parts = parts.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the columns of the primary key; none by default, which only modes accept that need none ([`Mode::needs_key`]).
    ///
    /// A row without a value in one of them becomes the conflict `load/target-constraint`.
    pub fn with_key<S: Into<String>>(mut self, key: impl IntoIterator<Item = S>) -> Plan {
        self.key = key.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a further unique key, used when this import creates the table; none by default.
    pub fn with_unique_key<S: Into<String>>(mut self, key: impl IntoIterator<Item = S>) -> Plan {
        self.unique_keys
            .push(key.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the mode; [`Mode::InsertMissing`] by default.
    pub fn with_mode(mut self, mode: Mode) -> Plan {
        self.mode = mode;
        self
    }

    /// Sets whether a missing table is created; true by default. With false a missing table is an error.
    pub fn with_create_table(mut self, create_table: bool) -> Plan {
        self.create_table = create_table;
        self
    }

    /// Sets whether columns that the table lacks are added to it, in the same transaction as the rows where the database can do that;
    /// false by default, which makes them an error. Rows that are there have no value in them.
    pub fn with_add_columns(mut self, add_columns: bool) -> Plan {
        self.add_columns = add_columns;
        self
    }

    /// Sets how many milliseconds the claim lasts unless renewed; 60,000 by default. The import renews it at every batch, so
    /// it has to outlast the wait for one batch.
    pub fn with_lease_ms(mut self, lease_ms: u64) -> Plan {
        self.lease_ms = lease_ms;
        self
    }

    /// Sets columns whose value never changes once it is there; none by default. A row that would change one becomes the conflict
    /// `load/immutable`. In modes that update.
    pub fn with_immutable<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Plan {
        self.immutable = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the column by which a row is newer than another, such as a time or a counter; none by default. A row that would
    /// change one that is not older becomes the conflict `load/stale-version`. In modes that update.
    pub fn with_version(mut self, column: impl Into<Option<String>>) -> Plan {
        self.version = column.into();
        self
    }

    /// Adds values that have to be there in another table; none by default. A row that refers to nothing becomes the conflict
    /// `load/reference-missing`.
    pub fn with_reference(mut self, reference: Reference) -> Plan {
        self.references.push(reference);
        self
    }

    /// Sets what becomes of rows that the source lacks, in [`Mode::Sync`]; they stay by default.
    pub fn with_missing(mut self, missing: Missing) -> Plan {
        self.missing = missing;
        self
    }

    /// Sets the largest share of the target's rows, from 0 to 1, that [`Missing`] may be about; half of them by default. With more, the
    /// commit fails with [`ErrorKind::Limit`](crate::ErrorKind::Limit) and nothing is written: half a file is a common accident.
    pub fn with_max_missing_ratio(mut self, ratio: f64) -> Plan {
        self.max_missing_ratio = ratio;
        self
    }

    /// Says that the rows come from the quarantine of another import, and have the same numbers and parts: those that are loaded leave it,
    /// in the same transaction, and those that are rejected again, or are conflicts, stay with their new reasons. The quarantine of the
    /// replay itself is empty. Not in modes that do something about rows that the source lacks: it lacks nearly all of them.
    pub fn with_replay_of(mut self, import_id: impl Into<String>) -> Plan {
        self.replay_of = Some(import_id.into());
        self
    }

    /// Sets whether the ledger keeps what [`Sink::undo`](crate::Sink::undo) needs: the keys of new rows and all of each row that is
    /// changed or deleted; true by default.
    pub fn with_undo(mut self, undo: bool) -> Plan {
        self.undo = undo;
        self
    }

    /// Sets the most rejected rows an import may have; no limit by default. One more and the commit fails with
    /// [`ErrorKind::Limit`](crate::ErrorKind::Limit) and nothing is written.
    pub fn with_max_rejected(mut self, max_rejected: impl Into<Option<u64>>) -> Plan {
        self.max_rejected = max_rejected.into();
        self
    }

    /// Sets the largest share of rejected rows, from 0 to 1, among all rows read; no limit by default.
    pub fn with_max_rejected_ratio(mut self, ratio: impl Into<Option<f64>>) -> Plan {
        self.max_rejected_ratio = ratio.into();
        self
    }

    /// The columns by which rows are matched: none where keys are not looked at.
    #[cfg(any(
        feature = "sqlite",
        feature = "postgres",
        feature = "mysql",
        feature = "files"
    ))]
    pub(crate) fn matched_key(&self) -> &[String] {
        match self.mode {
            Mode::Append => &[],
            _ => &self.key,
        }
    }

    /// Checks what can be checked without a database.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) says what does not fit together.
    pub fn check(&self) -> Result<()> {
        self.check_names()?;
        if self.mode.needs_key() && self.key.is_empty() {
            return Err(Error::usage(
                "usage/key-required",
                format!(
                    "mode {} needs a key, and the plan for {:?} has none",
                    self.mode, self.table
                ),
            )
            .with_hint("name the primaryKey in the contract, or use mode insert"));
        }
        if self.parts.len() as u64 * u64::from(Plan::PART_ROWS) > 1 << 32 {
            return Err(Error::usage(
                "usage/parts",
                format!(
                    "the source has {} parts, and 4,096 can be told apart",
                    self.parts.len()
                ),
            ));
        }
        for key in std::iter::once(&self.key).chain(&self.unique_keys) {
            self.check_key(key)?;
        }
        if self.unique_keys.iter().any(Vec::is_empty) {
            return Err(Error::usage(
                "usage/key-columns",
                "a unique key has no columns",
            ));
        }
        let ratios = [
            ("max_rejected_ratio", self.max_rejected_ratio),
            ("max_missing_ratio", Some(self.max_missing_ratio)),
        ];
        for (name, ratio) in ratios {
            if let Some(ratio) = ratio
                && !(0.0..=1.0).contains(&ratio)
            {
                return Err(Error::usage(
                    "usage/ratio",
                    format!("{name} is {ratio}, expected a number from 0 to 1"),
                ));
            }
        }
        rules::check(self)
    }

    /// Whether so many of the rows may be rejected.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Limit`](crate::ErrorKind::Limit) names the threshold that is passed.
    pub fn check_rejected(&self, rejected: u64, read: u64) -> Result<()> {
        let over = |name, code, limit: u64| {
            Err(Error::new(
                ErrorKind::Limit {
                    name,
                    limit,
                    actual: rejected,
                },
                code,
                format!("{rejected} of {read} rows were rejected, and {name} allows {limit}"),
            )
            .with_hint("nothing was loaded: mend the source, or raise the threshold"))
        };
        if let Some(limit) = self.max_rejected
            && rejected > limit
        {
            return over("max_rejected", "limit/max-rejected", limit);
        }
        if let Some(ratio) = self.max_rejected_ratio
            && rejected as f64 > ratio * read as f64
        {
            let limit = (ratio * read as f64) as u64;
            return over("max_rejected_ratio", "limit/max-rejected-ratio", limit);
        }
        Ok(())
    }

    fn check_names(&self) -> Result<()> {
        let bad = |name: &str| name.is_empty() || name.contains('\0');
        if bad(&self.table) {
            return Err(Error::usage("usage/table-name", "the plan names no table"));
        }
        let folded = self.table.to_ascii_lowercase();
        if folded.starts_with("_sheetlift_") {
            return Err(Error::usage(
                "usage/table-name",
                format!("table {:?} is reserved for the ledger", self.table),
            ));
        }
        if self.schema.fields().is_empty() {
            return Err(Error::usage(
                "usage/no-columns",
                "the schema has no columns",
            ));
        }
        let mut seen = HashSet::new();
        for field in self.schema.fields() {
            if bad(field.name()) {
                return Err(Error::usage(
                    "usage/column-name",
                    "the schema has a column without a name",
                ));
            }
            if !seen.insert(field.name()) {
                return Err(Error::usage(
                    "usage/column-name",
                    format!("the schema has column {:?} twice", field.name()),
                ));
            }
        }
        Ok(())
    }

    fn check_key(&self, key: &[String]) -> Result<()> {
        let mut seen = HashSet::new();
        for name in key {
            if self.schema.index_of(name).is_err() {
                let names: Vec<_> = self
                    .schema
                    .fields()
                    .iter()
                    .map(|f| f.name().as_str())
                    .collect();
                return Err(Error::usage(
                    "usage/key-columns",
                    format!(
                        "key column {name:?} is not among the columns {}",
                        names.join(", ")
                    ),
                ));
            }
            if !seen.insert(name) {
                return Err(Error::usage(
                    "usage/key-columns",
                    format!("a key names {name:?} twice"),
                ));
            }
        }
        Ok(())
    }
}
