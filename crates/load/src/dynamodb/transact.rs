//! Transactions, and what may become of them.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};

use super::fault::{RETRY_AFTER_MS, fault, is_throttle, is_unclear};
use super::session::Session;
use crate::error::{Error, ErrorKind, Result};

/// The most actions of a transaction.
pub(super) const MAX_ACTIONS: usize = 100;

/// The refusal of one action of a transaction.
#[derive(Debug, Clone)]
pub(super) enum Refused {
    /// Its condition did not hold.
    Condition,
    /// The item cannot be stored, in the words of the service.
    Invalid(String),
}

/// What became of a transaction. It is in whole or not at all.
pub(super) enum Attempt {
    Done,
    /// Nothing is in; for each action whether it was at fault.
    Refused(Vec<Option<Refused>>),
    /// Nothing is in: others were at the same items, or the capacity is used up.
    Crowded(Error),
    /// It may be in or not.
    Unclear(Error),
}

/// Sends a transaction, which the SDK repeats as it is while the service is out of reach.
pub(super) async fn transact(
    session: &Session,
    actions: impl IntoIterator<Item = TransactWriteItem>,
) -> Result<Attempt> {
    let doing = "writing to";
    let request = session.client.transact_write_items();
    let request = request.set_transact_items(Some(actions.into_iter().collect()));
    let Err(error) = request.send().await else {
        return Ok(Attempt::Done);
    };
    if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.as_service_error()
    {
        let reasons = cancelled.cancellation_reasons().iter();
        let reasons: Vec<_> = reasons
            .map(|reason| match reason.code() {
                // Emulators shorten the name.
                Some("ConditionalCheckFailed") => Some(Refused::Condition),
                Some("ValidationError" | "ItemCollectionSizeLimitExceeded") => {
                    let said = reason.message().unwrap_or("the item is not valid");
                    Some(Refused::Invalid(said.to_owned()))
                }
                _ => None,
            })
            .collect();
        if reasons.iter().any(Option::is_some) {
            return Ok(Attempt::Refused(reasons));
        }
        return Ok(Attempt::Crowded(crowded(session)));
    }
    let in_progress = error
        .as_service_error()
        .is_some_and(|e| e.is_transaction_in_progress_exception());
    if in_progress {
        return Ok(Attempt::Crowded(crowded(session)));
    }
    let (unclear, throttled) = (is_unclear(&error), is_throttle(error.code()));
    let error = fault(&session.name, doing, error);
    Ok(match (throttled, unclear) {
        (true, _) => Attempt::Crowded(error),
        (_, true) => Attempt::Unclear(error),
        _ => return Err(error),
    })
}

/// The error of a patience that has ended.
pub(super) fn crowded(session: &Session) -> Error {
    Error::new(
        ErrorKind::Busy {
            retry_after_ms: RETRY_AFTER_MS,
        },
        "busy/contended",
        format!(
            "others kept writing the same items of {}, or its capacity is used up",
            session.name
        ),
    )
    .with_hint("load again later: what is written stays, and the rest follows")
}

/// Growing waits with jitter, for as long as it makes sense.
pub(super) struct Patience {
    since: Instant,
    wait: Duration,
}

const FIRST_WAIT: Duration = Duration::from_millis(25);
const MAX_WAIT: Duration = Duration::from_secs(2);
const MAX_PATIENCE: Duration = Duration::from_secs(120);

impl Patience {
    pub(super) fn new() -> Patience {
        Patience {
            since: Instant::now(),
            wait: FIRST_WAIT,
        }
    }

    /// Waits, or gives up with the error.
    pub(super) async fn wait_or(&mut self, error: Error) -> Result<()> {
        if self.since.elapsed() > MAX_PATIENCE {
            return Err(error);
        }
        let part = 500 + random() % 500;
        tokio::time::sleep(self.wait * part as u32 / 1_000).await;
        self.wait = (self.wait * 2).min(MAX_WAIT);
        Ok(())
    }
}

/// A random number. The keys of the standard library's hash tables come from the system's source.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

pub(super) fn put(put: Put) -> TransactWriteItem {
    TransactWriteItem::builder().put(put).build()
}

pub(super) fn update(update: Update) -> TransactWriteItem {
    TransactWriteItem::builder().update(update).build()
}

pub(super) fn delete(delete: Delete) -> TransactWriteItem {
    TransactWriteItem::builder().delete(delete).build()
}

pub(super) fn check(check: ConditionCheck) -> TransactWriteItem {
    TransactWriteItem::builder().condition_check(check).build()
}

/// For builders that fail only when something that is always set is not.
pub(super) fn built<T, E>(built: std::result::Result<T, E>) -> Result<T> {
    built.map_err(|_| Error::bug("a request was not complete"))
}
