//! PostgreSQL 13 and later, and what speaks its protocol (Aurora, RDS).
//!
//! Rows are staged by binary COPY into an unlogged table of the import and merged by one set of statements in the transaction that
//! also records outcomes and marks the import as committed. No temporary tables and no settings of the session: proxies that share
//! connections can stand in between.
//!
//! A table that the import creates is filled by COPY itself, and gets its key and its name at the end.
//!
//! # The ledger
//!
//! `_sheetlift_imports`, `_sheetlift_rejects` and `_sheetlift_outcomes` are in the schema of the target. Times are those of the server.
//! `_sheetlift_before` and `_sheetlift_keys` hold what an undo needs; a row of an import may be deleted from them at any time, which
//! only means that it cannot be taken back any more. Whether a row is as the import left it, the server's own `xmin` tells: rows that
//! others have written to since have another one, whatever they wrote.

mod client;
mod describe;
mod direct;
mod encode;
mod fault;
mod fit;
mod history;
mod import;
mod ledger;
mod names;
mod new_table;
mod record;
mod settings;
mod stage;
mod target;
mod undo;
mod words;

pub use settings::PasswordProvider;

use crate::error::Result;
use crate::history::{ImportRecord, Undone};
use crate::outcome::Quarantined;
use crate::plan::Plan;
use crate::sink::{Begin, Sink};
use settings::Settings;

/// A PostgreSQL database.
///
/// ```no_run
/// use sheetlift_load::{Sink, postgres::PostgresSink};
/// let sink = PostgresSink::open("postgres://loader@db.example.com/inventory?sslmode=verify-full&schema=stock")?;
/// assert_eq!(sink.name(), "inventory at db.example.com:5432");
/// # Ok::<(), sheetlift_load::Error>(())
/// ```
#[derive(Clone)]
pub struct PostgresSink {
    settings: Settings,
}

impl PostgresSink {
    /// Reads an address, as libpq has it, with `sslmode` up to `verify-full`, `sslrootcert` and `schema`. The password may be in it,
    /// in `PGPASSWORD`, or come from [`with_password`](Self::with_password). Nothing is connected yet.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) for an address that cannot be read; no message repeats it.
    pub fn open(address: &str) -> Result<PostgresSink> {
        Ok(PostgresSink {
            settings: Settings::read(address)?,
        })
    }

    /// Asks for the password each time a connection is made, such as for an IAM token that is good for minutes.
    #[must_use]
    pub fn with_password(mut self, password: PasswordProvider) -> PostgresSink {
        self.settings.password = Some(password);
        self
    }
}

impl Sink for PostgresSink {
    fn name(&self) -> String {
        self.settings.shown.clone()
    }

    fn begin(&self, plan: &Plan) -> Result<Begin> {
        import::begin(&self.settings, plan)
    }

    fn history(&self, limit: usize) -> Result<Vec<ImportRecord>> {
        history::read(&self.settings, limit)
    }

    fn quarantined(&self, import_id: &str, each: &mut dyn FnMut(Quarantined)) -> Result<()> {
        history::quarantined(&self.settings, import_id, each)
    }

    fn layout(&self, import_id: &str) -> Result<Option<String>> {
        history::layout(&self.settings, import_id)
    }

    fn undo(&self, import_id: &str, dry_run: bool) -> Result<Undone> {
        undo::undo(&self.settings, import_id, dry_run)
    }
}
