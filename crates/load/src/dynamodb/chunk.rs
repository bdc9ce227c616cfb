//! A chunk of rows into the table, and how far it got into the ledger: both in the same transactions.
//!
//! A chunk has at most [`MAX_ROWS`] rows, so that one transaction takes it whole, beside the check of the lane and the record
//! of progress. Where large items have to be updated it takes several, each with the next rows of the chunk. Whatever dies
//! when, a row is written exactly when its chunk says so.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};

use super::held::Held;
use super::items::{Item, number, text};
use super::ledger::{self, LEDGER};
use super::merge::{Rules, Step};
use super::progress::{Progress, place};
use super::reads;
use super::session::Session;
use super::spool::{Content, Row, TARGET_CONSTRAINT};
use super::transact::{Attempt, MAX_ACTIONS, Patience, Refused, built, crowded, put, transact};
use crate::error::{Error, ErrorKind, Result};
use crate::outcome::Reject;
use crate::plan::Plan;

/// The most rows of a chunk: the actions of a transaction without the check of the lane and the record of progress.
pub(super) const MAX_ROWS: usize = MAX_ACTIONS - 2;
/// A chunk ends with the row that passes this; DynamoDB takes 4 MB per transaction.
pub(super) const MAX_BYTES: usize = 2 << 20;
/// The most bytes of items in one transaction, as far as they are known.
const MAX_TRANSACTION_BYTES: usize = 3 << 20;
/// The most rejects of a transaction: its actions without the check of the lane.
pub(super) const MAX_REJECTS: usize = MAX_ACTIONS - 1;
/// The most bytes of a rejected row that are kept.
const MAX_RAW_BYTES: usize = 256 << 10;

/// What all chunks of an import share.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) session: Session,
    pub(super) plan: Plan,
    pub(super) rules: Rules,
    pub(super) held: Held,
    /// Whether the table is there to be read.
    pub(super) has_table: bool,
    pub(super) dry_run: bool,
}

/// Rows that follow one another.
#[derive(Debug)]
pub(super) struct Chunk {
    /// From 1.
    pub(super) number: usize,
    /// A hash of the rows: the next run has to bring the same.
    pub(super) digest: String,
    pub(super) rows: Vec<Row>,
}

/// Loads a chunk, or the rest of it.
pub(super) async fn load(work: Arc<Work>, lane: usize, chunk: Chunk) -> Result<Progress> {
    let mut progress = match work.held.resumes() {
        true => recorded(&work, &chunk).await?.unwrap_or_default(),
        false => Progress::default(),
    };
    let mut invalid = HashMap::new();
    let mut patience = Patience::new();
    while progress.done < chunk.rows.len() {
        let piece = plan_piece(&work, lane, &chunk, &progress, &invalid).await?;
        if work.dry_run {
            progress = piece.after;
            continue;
        }
        match transact(&work.session, piece.actions).await? {
            Attempt::Done => {
                progress = piece.after;
                patience = Patience::new();
            }
            Attempt::Refused(reasons) if reasons.first().is_some_and(Option::is_some) => {
                return Err(work.held.taken_over());
            }
            Attempt::Refused(reasons) => {
                // Somebody wrote one of the items, or one is not valid: look again. Or an answer got lost.
                for (row, reason) in piece.rows.iter().zip(reasons.into_iter().skip(2)) {
                    if let Some(Refused::Invalid(reason)) = reason {
                        invalid.insert(*row, reason);
                    }
                }
                patience.wait_or(crowded(&work.session)).await?;
                progress = recorded(&work, &chunk).await?.unwrap_or_default();
            }
            Attempt::Crowded(error) | Attempt::Unclear(error) => {
                patience.wait_or(error).await?;
                progress = recorded(&work, &chunk).await?.unwrap_or_default();
            }
        }
    }
    Ok(progress)
}

/// The next rows of a chunk as one transaction.
struct Piece {
    /// The check of the lane, the record of progress, then the rows.
    actions: Vec<TransactWriteItem>,
    /// The places in the chunk of the rows that have an action, in order.
    rows: Vec<usize>,
    after: Progress,
}

async fn plan_piece(
    work: &Work,
    lane: usize,
    chunk: &Chunk,
    progress: &Progress,
    invalid: &HashMap<usize, String>,
) -> Result<Piece> {
    let rules = &work.rules;
    let rest = || chunk.rows.iter().enumerate().skip(progress.done);
    let keys = rest().filter_map(|(_, row)| match &row.content {
        Content::Cells(cells) => Some(rules.key(cells)),
        Content::Refused(_) => None,
    });
    let found = match work.has_table {
        true => reads::items(&work.session, rules, keys.collect()).await?,
        false => HashMap::new(),
    };
    let (mut after, mut rows, mut actions) = (progress.clone(), Vec::new(), Vec::new());
    let mut bytes = 0;
    for (at, row) in rest() {
        let (step, action) = match &row.content {
            Content::Refused(refusal) => (Step::Refuse(refusal.clone()), None),
            Content::Cells(cells) => {
                let found = found.get(&rules.key_of_cells(cells));
                let step = match invalid.get(&at) {
                    Some(reason) => Step::Refuse(rules.refusal(cells, TARGET_CONSTRAINT, reason)),
                    None => rules.step(cells, found),
                };
                let action = match work.dry_run {
                    true => None,
                    false => rules.action(cells, &step)?,
                };
                if action.is_some() {
                    bytes += rules.bytes(cells) + found.map_or(0, |there| there.bytes);
                }
                (step, action)
            }
        };
        if let Some(action) = action {
            if bytes > MAX_TRANSACTION_BYTES && !rows.is_empty() {
                break;
            }
            rows.push(at);
            actions.push(action);
        }
        after.add(row.number, step);
    }
    let record = after.record(&work.plan, &work.held.import_id, chunk, progress)?;
    let mut all = vec![work.held.lane_check(lane)?, record];
    all.append(&mut actions);
    Ok(Piece {
        actions: all,
        rows,
        after,
    })
}

/// How far the chunk is according to the ledger.
async fn recorded(work: &Work, chunk: &Chunk) -> Result<Option<Progress>> {
    let entry = Progress::entry(chunk.number);
    let item = ledger::read(&work.session, &work.held.import_id, &entry).await?;
    let Some(item) = item else { return Ok(None) };
    let (progress, digest) = Progress::read(&item, &work.plan);
    if digest == chunk.digest {
        return Ok(Some(progress));
    }
    Err(Error::new(
        ErrorKind::Sink,
        "sink/other-rows",
        format!(
            "import {} was begun with other rows in its chunk {}: the same source was read differently then",
            work.held.import_id, chunk.number
        ),
    )
    .with_hint(format!(
        "finish it with the version that began it, or give it up: delete the items of that import_id from {LEDGER} and load again"
    )))
}

/// Writes rejects into the ledger. To write one again changes nothing.
pub(super) async fn write_rejects(
    work: Arc<Work>,
    lane: usize,
    first: usize,
    rejects: Vec<Reject>,
) -> Result<Progress> {
    let mut actions = vec![work.held.lane_check(lane)?];
    for (at, reject) in rejects.iter().enumerate() {
        let mut item = ledger::key(&work.held.import_id, format!("reject#{:010}", first + at));
        item.extend(reject_item(&work.plan, reject));
        let reject = Put::builder().table_name(LEDGER).set_item(Some(item));
        actions.push(put(built(reject.build())?));
    }
    let mut patience = Patience::new();
    loop {
        match transact(&work.session, actions.clone()).await? {
            Attempt::Done => return Ok(Progress::default()),
            Attempt::Refused(reasons) if reasons.first().is_some_and(Option::is_some) => {
                return Err(work.held.taken_over());
            }
            Attempt::Refused(_) => return Err(Error::bug("a reject was refused by the ledger")),
            Attempt::Crowded(error) | Attempt::Unclear(error) => patience.wait_or(error).await?,
        }
    }
}

fn reject_item(plan: &Plan, reject: &Reject) -> Item {
    let mut item = place(plan, reject.row);
    let mut raw = reject.raw.as_str();
    if raw.len() > MAX_RAW_BYTES {
        let end = (0..=MAX_RAW_BYTES)
            .rev()
            .find(|&end| raw.is_char_boundary(end));
        raw = &raw[..end.unwrap_or(0)];
        item.insert("raw_bytes".to_owned(), number(reject.raw.len()));
    }
    let reason: String = reject.reason.chars().take(10_000).collect();
    let codes: String = reject.codes.join(",").chars().take(10_000).collect();
    for (name, value) in [("codes", codes.as_str()), ("reason", &reason), ("raw", raw)] {
        item.insert(name.to_owned(), text(value));
    }
    item
}
