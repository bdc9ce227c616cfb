//! What was loaded before, and how it is taken back.

use serde_json::{Map, Value, json};
use sheetlift_load::{ImportRecord, Undone, connect};

use crate::error::Result;

/// The latest imports into the database at an address, at most so many, the newest first.
///
/// ```
/// use sheetlift::{Contract, Job, LoadOptions, connect, history, undo};
/// # use sheetlift_fixtures::inventory::{contract_json, dirty_inventory};
/// # let dir = tempfile::tempdir()?;
/// # let database = format!("sqlite:{}", dir.path().join("inventory.db").display());
/// # let contract: Contract = contract_json().parse()?;
/// # let job = Job::from_bytes(dirty_inventory(), "items.xlsx")?.with_contract(contract);
/// job.load(&*connect(&database)?, &LoadOptions::default().with_create_table(true))?;
/// let imports = history(&database, 10)?;
/// assert_eq!((&*imports[0].table, &*imports[0].state), ("inventory", "committed"));
///
/// let undone = undo(&imports[0].import_id, &database, false)?;
/// assert_eq!((undone.deleted, undone.kept), (200, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`connect`] and [`Sink::history`](crate::Sink::history).
pub fn history(address: &str, limit: usize) -> Result<Vec<ImportRecord>> {
    Ok(connect(address)?.history(limit)?)
}

/// Takes an import into the database at an address back: rows that it added are deleted, rows that it changed or deleted are as they
/// were, rows that others have changed since are left alone. With `dry_run` nothing is written.
///
/// # Errors
/// As [`connect`] and [`Sink::undo`](crate::Sink::undo).
pub fn undo(import_id: &str, address: &str, dry_run: bool) -> Result<Undone> {
    Ok(connect(address)?.undo(import_id, dry_run)?)
}

/// An import of the history as JSON, its counts by name as in [`LoadReport`](crate::LoadReport); null where there are none yet.
pub fn import_json(import: &ImportRecord) -> Value {
    let counts = import.counts.map(|counts| {
        let names = [
            "read",
            "inserted",
            "updated",
            "unchanged",
            "conflicts",
            "rejected",
            "removed",
        ];
        let counts = names.iter().zip(counts);
        counts
            .map(|(name, count)| ((*name).to_owned(), count.into()))
            .collect::<Map<String, Value>>()
    });
    json!({
        "import_id": import.import_id,
        "source_name": import.source_name,
        "table": import.table,
        "mode": import.mode,
        "state": import.state,
        "started_at": import.started_at,
        "committed_at": import.committed_at,
        "undone_at": import.undone_at,
        "replay_of": import.replay_of,
        "counts": counts,
    })
}
