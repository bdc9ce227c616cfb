//! One after the other: what two imports look up of a table at the same time, they would hold against each other when they write.

use std::thread;
use std::time::{Duration, Instant};

use super::client::{Client, get};
use super::fault::fault;
use super::settings::Settings;
use crate::error::{Error, ErrorKind, Result};

/// How long another import may take, and how often it is asked whether it is done.
const PATIENCE: Duration = Duration::from_secs(600);
const PAUSE: Duration = Duration::from_millis(50);
const RETRY_AFTER_MS: u64 = 5_000;

/// The turn of a connection to write to a table. It ends with the connection at the latest.
pub(super) struct Turn {
    name: String,
}

impl Turn {
    /// Waits for it, and keeps a claim alive meanwhile.
    pub(super) fn take(
        client: &Client,
        settings: &Settings,
        table: &str,
        keep_alive: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Turn> {
        let fail = fault(&settings.shown, "waiting for other imports into");
        // Such names are of the whole server, and of 64 characters.
        let hash = blake3::hash(format!("{}\0{table}", settings.database).as_bytes()).to_hex();
        let name = format!("sheetlift {}", &hash[..40]);
        let began = Instant::now();
        loop {
            let row = client.row("SELECT get_lock(?, 0)", vec![name.as_str().into()]);
            let row = row.map_err(&fail)?;
            let is_ours: Option<i64> = row.map_or(Ok(None), |row| get(&row, 0)).map_err(&fail)?;
            if is_ours == Some(1) {
                return Ok(Turn { name });
            }
            if began.elapsed() > PATIENCE {
                let kind = ErrorKind::Busy {
                    retry_after_ms: RETRY_AFTER_MS,
                };
                let seconds = PATIENCE.as_secs();
                let message =
                    format!("another import into table {table:?} takes longer than {seconds} s");
                return Err(Error::new(kind, "busy/locked", message));
            }
            keep_alive()?;
            thread::sleep(PAUSE);
        }
    }

    /// Lets others have it.
    pub(super) fn give(self, client: &Client) {
        // Where this fails, the end of the connection does it.
        let _ = client.rows("SELECT release_lock(?)", vec![self.name.into()]);
    }
}
