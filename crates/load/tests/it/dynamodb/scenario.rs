//! An import that meets everything: new keys, keys that are there, keys that repeat, rows that are rejected.

use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use sheetlift_load::conformance::{items, load, plan};
use sheetlift_load::{Begin, Error, Import, Mode, Outcome, Reject, Sink, State};

use super::database::{Dynamo, Item, text};

/// 20 chunks of 98 rows.
pub(super) const ROWS: u32 = 1_960;
const BATCH_ROWS: u32 = 100;

/// Items that are there before: some as the import has them, some not.
pub(super) fn seed(db: &Dynamo) {
    let skus: Vec<String> = (0..200).map(|i| format!("sku {:05}", i * 9)).collect();
    let stock = (0..200).map(|i| Some(if i % 2 == 0 { -1 } else { i * 30 }));
    let batch = items(skus.iter().map(String::as_str).zip(stock));
    load(&db.open(), &plan("seed", &batch), &batch);
}

/// Runs it, or finds it done.
pub(super) fn run(sink: &dyn Sink, lease_ms: u64) -> Result<Outcome, Error> {
    match begin(sink, lease_ms)? {
        Begin::Done(outcome) => Ok(outcome),
        Begin::Claimed(import) => fill_and_commit(import),
    }
}

pub(super) fn begin(sink: &dyn Sink, lease_ms: u64) -> Result<Begin, Error> {
    let plan = plan("big", &items([])).with_mode(Mode::Upsert);
    sink.begin(&plan.with_lease_ms(lease_ms))
}

pub(super) fn fill_and_commit(import: Box<dyn Import>) -> Result<Outcome, Error> {
    fill(import)?.commit(false)
}

pub(super) fn fill(mut import: Box<dyn Import>) -> Result<Box<dyn Import>, Error> {
    let mut row = 0;
    while row < ROWS {
        let rows: Vec<u32> = (row..ROWS.min(row + BATCH_ROWS)).collect();
        let skus: Vec<String> = rows
            .iter()
            .map(|row| format!("sku {:05}", row / 2 * 3))
            .collect();
        let stock = rows.iter().map(|row| Some(i64::from(row / 2 * 10)));
        import.stage(&items(skus.iter().map(String::as_str).zip(stock)), &rows)?;
        row += BATCH_ROWS;
    }
    let reject = |row| Reject {
        row,
        codes: vec!["cell/type".to_owned()],
        reason: "no number".to_owned(),
        raw: format!("{{\"row\":{row}}}"),
    };
    import.reject(&(ROWS..ROWS + 25).map(reject).collect::<Vec<_>>())?;
    Ok(import)
}

/// The same by somebody who comes back until it is done.
pub(super) fn run_patiently(sink: &dyn Sink, lease_ms: u64) -> Outcome {
    patiently(|| run(sink, lease_ms))
}

/// Tries again for as long as somebody else is at work.
pub(super) fn patiently<T>(mut attempt: impl FnMut() -> Result<T, Error>) -> T {
    loop {
        match attempt() {
            Ok(done) => return done,
            Err(error) if error.retry_after_ms().is_some() => {
                thread::sleep(Duration::from_millis(50));
            }
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// The items, and the ledger without what differs from run to run.
pub(super) fn everything(db: &Dynamo) -> (Vec<String>, Vec<String>) {
    let shown = |item: &Item, left_out: &[&str]| {
        let mut parts: Vec<String> = item
            .iter()
            .filter(|(name, _)| !left_out.contains(&name.as_str()))
            .map(|(name, value)| format!("{name}={}", text(value).unwrap_or_default()))
            .collect();
        parts.sort();
        parts.join(" ")
    };
    let mut rows: Vec<String> = db
        .scan("items")
        .iter()
        .map(|item| shown(item, &[]))
        .collect();
    rows.sort();
    let run = [
        "fence",
        "claim",
        "owner",
        "started_at",
        "committed_at",
        "conflicts",
    ];
    let entries = db.entries("");
    let ledger = entries.iter().map(|item| {
        let conflicts = item.get("conflicts").and_then(|list| list.as_l().ok());
        let conflicts = conflicts.into_iter().flatten();
        let conflicts: Vec<String> = conflicts
            .map(|one| shown(one.as_m().unwrap(), &[]))
            .collect();
        format!("{} {conflicts:?}", shown(item, &run))
    });
    (rows, ledger.collect())
}

pub(super) type Everything = (Outcome, (Vec<String>, Vec<String>));

/// How it ends, and what is there then, when nothing happens to it.
pub(super) fn undisturbed() -> &'static Everything {
    static UNDISTURBED: OnceLock<Everything> = OnceLock::new();
    UNDISTURBED.get_or_init(|| {
        let db = Dynamo::new();
        seed(&db);
        let outcome = run(&db.open(), 60_000).unwrap();
        let Outcome {
            read,
            inserted,
            updated,
            unchanged,
            conflict_total,
            rejected,
            ..
        } = outcome;
        // 980 keys of two rows each, the first of which counts; 200 of them are there.
        assert_eq!((read, rejected, conflict_total), (1_985, 25, 980));
        assert_eq!((inserted, updated, unchanged), (780, 100, 100));
        (outcome, everything(&db))
    })
}

/// An outcome as the import that did it would have told it.
pub(super) fn as_first(mut outcome: Outcome) -> Outcome {
    outcome.state = State::Committed;
    outcome
}
