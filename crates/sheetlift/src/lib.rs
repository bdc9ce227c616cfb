//! Spreadsheets into inventory databases: every good row exactly once, every bad cell by its address.
//!
//! A [`Job`] is one workbook and what is to be done with it. It is synchronous, it is `Send`, and every adapter (command
//! line, Python, HTTP, Lambda) is a thin layer over it: options in, a [`Report`] or an [`Error`] out.
//!
//! ```
//! use sheetlift::{Contract, Job, LoadOptions, LoadState, connect};
//!
//! # let dir = tempfile::tempdir()?;
//! # let file = dir.path().join("items.xlsx");
//! # std::fs::write(&file, sheetlift_fixtures::inventory::dirty_inventory())?;
//! # let contract_file = dir.path().join("items.contract.json");
//! # std::fs::write(&contract_file, sheetlift_fixtures::inventory::contract_json())?;
//! # let database = format!("sqlite:{}", dir.path().join("inventory.db").display());
//! let contract = Contract::from_path(&contract_file)?;
//! let job = Job::from_path(&file)?.with_contract(contract);
//!
//! let sink = connect(&database)?; // such as "sqlite:inventory.db"
//! let options = LoadOptions::default().with_create_table(true);
//! let report = job.load(&*sink, &options)?;
//! let load = report.load.as_ref().unwrap();
//! assert_eq!((load.inserted, load.rejected), (200, 40));
//! assert_eq!(report.findings[0].address(), "Items!G5");
//!
//! let again = job.load(&*sink, &options)?;
//! assert_eq!(again.load.unwrap().state, LoadState::AlreadyLoaded);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Bad rows are [`Finding`]s in the report, never errors. An [`Error`] means that the run cannot go on; its
//! [`class`](Error::class) says who can change that, and is what an adapter maps to an exit code, a status or an exception.

mod job;
mod progress;

mod cells;
mod check;
mod findings;
mod history;
mod infer;
mod inspect;
mod load;
mod looker;
mod sheet_names;
mod sheets;
mod survey;

mod convert;

mod excel;
mod exports;
mod report;

mod references;
mod rejects;
mod replay;

mod request;
mod words;

mod error;
mod problem;

pub use check::{Check, Verdicts};
pub use convert::{Compression, Converted, Format, convert_many};
pub use error::{Error, ErrorClass, ErrorKind, Result};
pub use exports::template_xlsx;
#[cfg(feature = "sqlite")]
pub use exports::{FromTable, contract_ddl, contract_from_table};
pub use findings::{AllFindings, FindingGroup};
pub use history::{history, import_json, undo};
pub use inspect::{InferredFrom, InspectedField, InspectedSheet, Inspection, RowsAre};
pub use job::Job;
pub use load::{LoadOptions, OutcomeFormat};
pub use problem::{PassedLimit, Problem};
pub use progress::Progress;
pub use report::{
    ContractName, Counts, LoadReport, LoadState, Report, ReportFormat, Rows, Timings, write_finding,
};
pub use request::{Request, RequestOption, Verb};
pub use words::{
    parse_columns, parse_delimiter, parse_fill_merged, parse_header, parse_limit, parse_missing,
    parse_skip_hidden, parse_strings, parse_types,
};

pub use sheetlift_core::{
    Annotated, Blank, CancelToken, Cell, CellComment, CellInfo, CellRange, Change, CheckDigit,
    Checked, Checks, ColumnFacts, ColumnKind, Constraints, Contract, CsvOptions, DateOrder,
    Decimal, DefinedName, Expectation, Expression, Field, FieldType, FieldsMatch, Finding,
    ForeignKey, FormulaText, FoundBy, Fuzzy, GeoJsonFormat, GeoPointFormat, Grouping, Header,
    HeaderColumn, HeaderRow, HeaderSearch, Ignored, InferOptions, ItemType, JsonSchema, LetterCase,
    Level, Levels, Limits, ListFormat, Literal, Load, LocalNumber, Locate, Location, MAX_DISTINCT,
    Mapped, Matching, MergedCells, Negative, NumberFormat, Password, Percent, REASON_LABEL,
    ReadOptions, Reading, Reference, RejectedRow, RowReader, RowRule, RuleDoc, SheetInfo,
    SheetKind, SheetRef, Sheets, Source, StageTimes, Stop, StringFormat, Summary, Table,
    TableFacts, TableInfo, TableQuestion, TableReader, TableRule, TemporalFormat, TextFacts,
    TextFormat, TextRepr, Thresholds, Total, UnicodeForm, Value, Visibility, Window, Workbook,
    expectations, rule_docs,
};
#[cfg(feature = "mysql")]
pub use sheetlift_load::mysql;
#[cfg(feature = "postgres")]
pub use sheetlift_load::postgres;
#[cfg(feature = "sqlite")]
pub use sheetlift_load::sqlite;
pub use sheetlift_load::{
    Begin, Import, ImportKey, ImportRecord, KeyParts, MAX_LISTED_CONFLICTS, MAX_LISTED_KEPT,
    Missing, Mode, Origin, Outcome, Plan, Quarantined, Reference as DatabaseReference, Reject,
    RowConflict, RowFate, Sink, State, Told, Undone, connect,
};

/// The errors of the crates below, for code that uses their parts on its own. [`Error`] takes both.
pub mod parts {
    pub use sheetlift_core::{Error as CoreError, ErrorKind as CoreErrorKind};
    pub use sheetlift_load::{Error as LoadError, ErrorKind as LoadErrorKind};
}
