//! Arrow batches into a database, exactly once.
//!
//! In come a [`Plan`] (which table, which key, which [`Mode`]) and record batches; out comes an [`Outcome`] with exact
//! counts, and the rows in the database. The crate has never heard of spreadsheets: a row is a number the caller gave it.
//!
//! An import is named by its [`ImportKey`], a hash over everything that decides its effect. The ledger of imports lives in the
//! target database and is written in the same transaction as the rows, so a retry, a duplicate event, two workers or a
//! crash never load a row twice or lose one:
//!
//! 1. [`Sink::begin`] claims the key. Already committed: the stored outcome comes back. Live elsewhere: [`ErrorKind::Busy`].
//! 2. [`Import::stage`] and [`Import::reject`] move rows and refusals out of sight of every other connection.
//! 3. [`Import::commit`] merges, records and publishes in one transaction; a dry run is the same path rolled back.
//!    Dropping an import instead leaves nothing behind.
//!
//! ```
//! use std::sync::Arc;
//! use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
//! use sheetlift_load::{Begin, ImportKey, KeyParts, Mode, Plan, State, connect};
//!
//! let skus: ArrayRef = Arc::new(StringArray::from(vec!["A-1", "A-2"]));
//! let stock: ArrayRef = Arc::new(Int64Array::from(vec![12, 7]));
//! let batch = RecordBatch::try_from_iter([("sku", skus), ("stock", stock)])?;
//!
//! let key = ImportKey::of(&KeyParts { content: b"the file", target: "items", ..KeyParts::default() });
//! let plan = Plan::new(key, "items", batch.schema())
//!     .with_key(["sku"])
//!     .with_mode(Mode::InsertMissing)
//!     .with_source_name("items.xlsx");
//!
//! # let dir = tempfile::tempdir()?;
//! # let url = format!("sqlite:{}", dir.path().join("inventory.db").display());
//! let sink = connect(&url)?; // such as "sqlite:inventory.db"
//! let Begin::Claimed(mut import) = sink.begin(&plan)? else { panic!("loaded before") };
//! import.stage(&batch, &[1, 2])?; // row numbers in the source, zero-based
//! let outcome = import.commit(false)?;
//! assert_eq!((outcome.state, outcome.inserted), (State::Committed, 2));
//!
//! let Begin::Done(again) = sink.begin(&plan)? else { panic!("not loaded before") };
//! assert_eq!((again.state, again.inserted), (State::AlreadyLoaded, 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Features: `sqlite` (default) is the SQLite sink, `postgres` the PostgreSQL sink, `mysql` that for MySQL and MariaDB, `dynamodb` the DynamoDB sink; `files` writes Parquet,
//! Arrow IPC, CSV and NDJSON into directories, `s3` into buckets as well; `conformance` exports the test suite that every sink has to
//! pass.

#[cfg(any(
    feature = "sqlite",
    feature = "postgres",
    feature = "mysql",
    feature = "dynamodb",
    feature = "files"
))]
mod cells;
#[cfg(any(
    feature = "sqlite",
    feature = "postgres",
    feature = "mysql",
    feature = "dynamodb",
    feature = "files"
))]
mod class;
#[cfg(any(
    feature = "sqlite",
    feature = "postgres",
    feature = "mysql",
    feature = "dynamodb",
    feature = "files"
))]
mod format;
mod history;
mod key;
mod mode;
mod plan;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod relational;
mod rules;

mod outcome;
mod sink;

mod connect;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod describe;
#[cfg(feature = "dynamodb")]
pub mod dynamodb;
#[cfg(feature = "files")]
pub mod files;
#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
pub mod sqlite;

#[cfg(feature = "conformance")]
pub mod conformance;

mod error;

pub use connect::connect;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub use connect::describe_table;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub use describe::{ColumnDescription, TableDescription};
pub use error::{Error, ErrorKind, Result};
pub use history::{ImportRecord, MAX_LISTED_KEPT, Undone};
pub use key::{ImportKey, KeyParts};
pub use mode::Mode;
pub use outcome::{
    MAX_LISTED_CONFLICTS, Outcome, Quarantined, Reject, RowConflict, RowFate, State,
};
pub use plan::Plan;
pub use rules::{Missing, Reference};
pub use sink::{Begin, Import, Origin, RawRows, RawRowsAgain, Sink, Tell, Told};
