//! MySQL 8.0 and MariaDB 10.6, and later ones, and what speaks their protocol (Aurora, RDS).
//!
//! Rows are staged by LOAD DATA LOCAL, out of memory, into a table of the import, or by INSERT where the server has LOAD DATA LOCAL
//! switched off; one set of statements merges them in the transaction that also records outcomes and marks the import as committed.
//!
//! # What is not in the transaction
//!
//! The server commits before and after each statement that creates or alters a table, so that such statements come first: the stage, a
//! target that the import creates, columns that it adds. Until the rows are in it such a table is empty, and such columns have no
//! values; a loader that is killed there leaves them so, and the next run of it goes on. A rehearsal works on a stand-in that is
//! dropped again.
//!
//! # Sessions
//!
//! Statements rely on some settings of the session (strict mode, UTC, utf8mb4) and on a lock by name, by which imports into one table
//! come one after the other. A proxy that shares connections has to keep a session's settings apart, as those for MySQL do.
//!
//! # The ledger
//!
//! `_sheetlift_imports`, `_sheetlift_rejects` and `_sheetlift_outcomes` are in the database of the target. Times are those of the server,
//! in UTC. `_sheetlift_before` and `_sheetlift_keys` hold what an undo needs; a row of an import may be deleted from them at any time,
//! which only means that it cannot be taken back any more. Whether a row is as the import left it, a hash of it tells.

mod buffer;
mod catalogue;
mod client;
mod describe;
mod encode;
mod fault;
mod fit;
mod history;
mod image;
mod import;
mod ledger;
mod lock;
mod merging;
mod names;
mod new_table;
mod record;
mod rehearsal;
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

/// A MySQL or MariaDB database.
///
/// ```no_run
/// use sheetlift_load::{Sink, mysql::MySqlSink};
/// let sink = MySqlSink::open("mysql://loader@db.example.com/inventory?ssl-mode=verify_identity")?;
/// assert_eq!(sink.name(), "inventory at db.example.com:3306");
/// # Ok::<(), sheetlift_load::Error>(())
/// ```
#[derive(Clone)]
pub struct MySqlSink {
    settings: Settings,
}

impl MySqlSink {
    /// Reads an address: `mysql://USER:PASSWORD@HOST:PORT/DATABASE` with the parameters `ssl-mode` (`disabled`, `preferred`, `required`,
    /// `verify_ca`, `verify_identity`), `ssl-ca`, `socket` and `connect_timeout`. The password may be in it, in `MYSQL_PWD`, or come from
    /// [`with_password`](Self::with_password). Nothing is connected yet.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) for an address that cannot be read; no message repeats it.
    pub fn open(address: &str) -> Result<MySqlSink> {
        Ok(MySqlSink {
            settings: Settings::read(address)?,
        })
    }

    /// Asks for the password each time a connection is made, such as for an IAM token that is good for minutes. Where the server wants
    /// it as it is, it gets it only after it has proved who it is (`verify_ca`, `verify_identity`).
    #[must_use]
    pub fn with_password(mut self, password: PasswordProvider) -> MySqlSink {
        self.settings.password_provider = Some(password);
        self
    }
}

impl Sink for MySqlSink {
    fn name(&self) -> String {
        self.settings.shown.clone()
    }

    fn begin(&self, plan: &Plan) -> Result<Begin> {
        import::begin(&self.settings, plan)
    }

    fn history(&self, limit: usize) -> Result<Vec<ImportRecord>> {
        history::read(&self.settings, limit)
    }

    fn layout(&self, import_id: &str) -> Result<Option<String>> {
        history::layout(&self.settings, import_id)
    }

    fn quarantined(&self, import_id: &str, each: &mut dyn FnMut(Quarantined)) -> Result<()> {
        history::quarantined(&self.settings, import_id, each)
    }

    fn undo(&self, import_id: &str, dry_run: bool) -> Result<Undone> {
        undo::undo(&self.settings, import_id, dry_run)
    }
}
