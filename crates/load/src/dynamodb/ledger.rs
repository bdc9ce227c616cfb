//! The ledger: which imports are under way or done, in a table of its own beside the target.
//!
//! Its items have the key `import_id`, `entry`. Of an import there are
//!
//! * `import`: its state, its lease and its numbers; it becomes `committed` last;
//! * `lane#0` to `lane#7` while somebody holds it: every transaction that writes rows checks one of them for the claim, so that
//!   nobody writes a row after the import was taken over, however late. They are several because transactions that check the
//!   same item refuse each other;
//! * `chunk#00000001` and so on: how far a chunk of rows is, its numbers, and its rows that did not enter;
//! * `reject#0000000001` and so on: the rows that the caller rejected, in their order.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::ScalarAttributeType;

use super::fault::fault;
use super::items::{Item, item, number_of, text, text_of};
use super::session::Session;
use super::tables::TableWords;
use crate::error::{Error, Result};
use crate::outcome::{Outcome, State};

pub(super) const LEDGER: &str = "_sheetlift_imports";
pub(super) const IMPORT_ID: &str = "import_id";
pub(super) const ENTRY: &str = "entry";
pub(super) const IMPORT: &str = "import";
/// How many transactions are under way at a time. Never fewer than in a version before: its holders check lanes of their own.
pub(super) const LANES: usize = 8;

pub(super) const RUNNING: &str = "running";
pub(super) const COMMITTED: &str = "committed";

/// What the ledger knows of an import.
pub(super) enum Found {
    /// There is no ledger.
    NoLedger,
    /// There is no such import.
    Nothing,
    /// Somebody began it: the item.
    Running(Item),
    /// The item of a committed one.
    Committed(Item),
}

/// The words to create the ledger.
pub(super) fn words() -> TableWords {
    let key = [IMPORT_ID, ENTRY].map(|name| (name.to_owned(), ScalarAttributeType::S));
    TableWords {
        table: LEDGER.to_owned(),
        key: key.into(),
    }
}

/// The error of an import without a ledger that is not to be created.
pub(super) fn missing(session: &Session) -> Error {
    let message = format!("the ledger {LEDGER:?} of {} is not there", session.name);
    Error::target("target/missing-ledger", message).with_ddl(words().command())
}

/// The key of an entry.
pub(super) fn key(import_id: &str, entry: impl Into<String>) -> Item {
    item([(IMPORT_ID, text(import_id)), (ENTRY, text(entry))])
}

/// Reads an entry of an import.
pub(super) async fn read(session: &Session, import_id: &str, entry: &str) -> Result<Option<Item>> {
    let request = session.client.get_item().table_name(LEDGER);
    let request = request.set_key(Some(key(import_id, entry)));
    match request.consistent_read(true).send().await {
        Ok(found) => Ok(found.item),
        Err(error) => Err(fault(&session.name, "reading the ledger of", error)),
    }
}

/// What the ledger knows of an import.
pub(super) async fn find(session: &Session, import_id: &str) -> Result<Found> {
    let request = session.client.get_item().table_name(LEDGER);
    let request = request.set_key(Some(key(import_id, IMPORT)));
    let found = match request.consistent_read(true).send().await {
        Ok(found) => found.item,
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_resource_not_found_exception()) =>
        {
            return Ok(Found::NoLedger);
        }
        Err(error) if error.code() == Some("ValidationException") => {
            let message = format!(
                "table {LEDGER:?} of {} has another key than the ledger, which has {IMPORT_ID}, {ENTRY}",
                session.name
            );
            return Err(Error::target("target/ledger", message)
                .with_hint("the name is reserved for the ledger: rename that table"));
        }
        Err(error) => return Err(fault(&session.name, "reading the ledger of", error)),
    };
    Ok(match found {
        None => Found::Nothing,
        Some(item) if text_of(&item, "state") == COMMITTED => Found::Committed(item),
        Some(item) => Found::Running(item),
    })
}

/// The outcome of a committed import, without its conflicts.
pub(super) fn outcome(item: &Item) -> Outcome {
    Outcome {
        import_id: text_of(item, IMPORT_ID).to_owned(),
        state: State::AlreadyLoaded,
        read: number_of(item, "rows_read"),
        inserted: number_of(item, "inserted"),
        updated: number_of(item, "updated"),
        unchanged: number_of(item, "unchanged"),
        conflict_total: number_of(item, "conflicts"),
        conflicts: Vec::new(),
        rejected: number_of(item, "rejected"),
        removed: 0,
    }
}
