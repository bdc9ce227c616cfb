//! The SQLite sink.
//!
//! # Two routes, one protocol
//!
//! * **Staged.** The claim is committed to the ledger with a lease. Rows go into a *temporary* table: SQLite keeps it in a
//!   private file that the system removes with the process, so a dead import leaves nothing to sweep, and other writers are
//!   not held up while a slow source is read. The commit is one `BEGIN IMMEDIATE` transaction: fence check, merge, rejects,
//!   outcomes, ledger.
//! * **Direct.** When the table is new and the database holds no other tables, there is nobody to hold up: claim, table and
//!   rows are written in one transaction that stays open until the commit. Its write lock is the lease; a killed import
//!   is rolled back by SQLite and can be repeated at once.
//!
//! # Settings of the connection
//!
//! `synchronous = FULL`, `foreign_keys = ON`, `temp_store = FILE`, a page cache of 64 MiB. None of them outlives the
//! connection; `journal_mode`, which would, is left as the owner of the database chose it. Staging needs space in the temporary
//! directory (`SQLITE_TMPDIR`, else `TMPDIR`).
//!
//! # The ledger
//!
//! `_sheetlift_imports` holds a row per import, `_sheetlift_rejects` the rows that did not enter, rejected or refused by the
//! table (with their sheet as `part`, where a table is on several). `_sheetlift_outcomes` holds the
//! *exceptions* only: a row of an import that is in neither of the two was inserted (or, where the mode allows it, updated or
//! left unchanged; the counts are in the import's row). `_sheetlift_before` and `_sheetlift_keys` hold what an undo needs: rows as they
//! were before they were changed or deleted, the keys of new ones, and a hash of each row as the import left it. Rows of an import may
//! be deleted from the two at any time, which only means that it cannot be taken back any more.
//!
//! # Types
//!
//! | Arrow | column of a new table | stored as |
//! | --- | --- | --- |
//! | Int*, UInt*, Boolean | INTEGER | the number, 0 or 1; a UInt64 past 2^63 - 1 becomes a conflict |
//! | Float16/32/64 | REAL | the number; NaN, which SQLite would turn into NULL, becomes a conflict |
//! | Utf8, LargeUtf8, Utf8View, dictionaries of them | TEXT | UTF-8, NUL included |
//! | Decimal32/64/128 | TEXT | exact, all digits of the scale; REAL would round |
//! | Date32, Date64 | TEXT | `2026-01-31` |
//! | Timestamp without zone | TEXT | `2026-01-31T08:30:00`, with `.250` (3, 6 or 9 digits) where there is a fraction |
//! | Timestamp with zone | TEXT | the instant in UTC, `2026-01-31T07:30:00+00:00` (sorts as text, unlike `Z`) |
//! | Time32, Time64 | TEXT | `08:30:00`, with a fraction as above |
//! | Duration | INTEGER | a count of the type's own unit |
//! | Binary, LargeBinary, BinaryView, FixedSizeBinary | BLOB | the bytes |
//! | Null | TEXT | NULL |
//!
//! Lists, structs, maps, unions, intervals and Decimal256 are refused by column name before any row moves. New tables are not
//! `STRICT`, which SQLite before 3.37 cannot read. In a table that exists, a column whose affinity would change the values (text in
//! a numeric column loses its zeros) is refused; a number that such a column cannot hold exactly (more than 15 digits) becomes a
//! conflict.

mod cells;
mod connection;
mod ddl;
mod describe;
mod fault;
mod fit;
mod history;
mod image;
mod import;
mod ledger;
mod names;
mod owner;
mod rows;
mod schema;
mod scratch;
mod target;
mod undo;
mod words;

use std::path::{Path, PathBuf};

pub use crate::describe::{ColumnDescription, TableDescription};
pub use ddl::{ColumnCheck, Scalar, TableWords, table_ddl};

use crate::error::Result;
use crate::history::{ImportRecord, Undone};
use crate::outcome::Quarantined;
use crate::plan::Plan;
use crate::sink::{Begin, Sink};

/// A SQLite database file.
#[derive(Debug, Clone)]
pub struct SqliteSink {
    path: PathBuf,
    shown: String,
    busy_timeout_ms: u64,
}

impl SqliteSink {
    /// The database in a file, which need not exist yet: the first import that commits creates it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Sink`](crate::ErrorKind::Sink) when the path cannot be a database: a directory, inside a directory that
    /// is missing, or a file of another kind.
    pub fn open(path: impl AsRef<Path>) -> Result<SqliteSink> {
        let shown = path.as_ref().display().to_string();
        let path = connection::locate(path.as_ref())?;
        let sink = SqliteSink {
            path,
            shown,
            busy_timeout_ms: 5_000,
        };
        if sink.path.exists() {
            connection::probe(&sink)?;
        }
        Ok(sink)
    }

    /// Sets how many milliseconds to wait for another writer before giving up with
    /// [`ErrorKind::Busy`](crate::ErrorKind::Busy); 5,000 by default. A commit, which has more to lose, waits at least 30,000.
    pub fn with_busy_timeout_ms(mut self, busy_timeout_ms: u64) -> SqliteSink {
        self.busy_timeout_ms = busy_timeout_ms;
        self
    }

    /// The file, as an absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Sink for SqliteSink {
    fn name(&self) -> String {
        self.shown.clone()
    }

    fn begin(&self, plan: &Plan) -> Result<Begin> {
        import::begin(self, plan)
    }

    fn history(&self, limit: usize) -> Result<Vec<ImportRecord>> {
        if !self.path.exists() {
            return Ok(Vec::new());
        }
        let conn = connection::open(self)?;
        history::read(&conn, limit).map_err(fault::fault(&self.shown, "reading the ledger of"))
    }

    fn quarantined(&self, import_id: &str, each: &mut dyn FnMut(Quarantined)) -> Result<()> {
        let unknown = || undo::unknown_import(import_id, &self.shown);
        if !self.path.exists() {
            return Err(unknown());
        }
        let conn = connection::open(self)?;
        let found = history::quarantined(&conn, import_id, each);
        match found.map_err(fault::fault(&self.shown, "reading the ledger of"))? {
            true => Ok(()),
            false => Err(unknown()),
        }
    }

    fn layout(&self, import_id: &str) -> Result<Option<String>> {
        let unknown = || undo::unknown_import(import_id, &self.shown);
        if !self.path.exists() {
            return Err(unknown());
        }
        let conn = connection::open(self)?;
        let found = history::layout(&conn, import_id);
        found
            .map_err(fault::fault(&self.shown, "reading the ledger of"))?
            .ok_or_else(unknown)
    }

    fn undo(&self, import_id: &str, dry_run: bool) -> Result<Undone> {
        undo::undo(self, import_id, dry_run)
    }
}
