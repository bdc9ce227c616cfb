//! The claim on an import: taken, renewed, checked by every transaction, and given up or turned into a commit.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};

use super::fault::fault;
use super::items::{Item, item, number, number_of, text, text_of};
use super::ledger::{
    COMMITTED, Found, IMPORT, IMPORT_ID, LANES, LEDGER, RUNNING, find, key, missing,
};
use super::session::Session;
use super::transact::{Attempt, Patience, built, check, delete, put, random, transact, update};
use crate::error::{Error, ErrorKind, Result};
use crate::outcome::Outcome;
use crate::plan::Plan;

/// The longest advice to wait: the owner may finish long before its lease does.
const MAX_RETRY_AFTER_MS: u64 = 5_000;

/// A claim that holds until somebody else raises the fence.
#[derive(Debug, Clone)]
pub(super) struct Held {
    session: Session,
    pub(super) import_id: String,
    fence: u64,
    /// Random per claim: even a fence that was set back cannot be mistaken.
    claim: String,
    lease_ms: u64,
    /// The item as the claim found it, to be put back when the claim is given up.
    previous: Option<Item>,
}

/// What a claim found.
pub(super) enum Claim {
    Committed(Item),
    Held(Held),
}

/// Claims an import; the ledger is there.
pub(super) async fn claim(session: &Session, plan: &Plan) -> Result<Claim> {
    let import_id = plan.import_key.import_id();
    let mut patience = Patience::new();
    loop {
        let previous = match find(session, &import_id).await? {
            Found::Committed(item) => return Ok(Claim::Committed(item)),
            Found::NoLedger => return Err(missing(session)),
            Found::Nothing => None,
            Found::Running(item) => {
                refuse_if_live(&item)?;
                Some(item)
            }
        };
        let held = Held {
            session: session.clone(),
            import_id: import_id.clone(),
            fence: previous
                .as_ref()
                .map_or(1, |item| number_of(item, "fence") + 1),
            claim: format!("{:016x}{:016x}", random(), random()),
            lease_ms: plan.lease_ms,
            previous,
        };
        match transact(session, held.claiming(plan)?).await? {
            Attempt::Done => return Ok(Claim::Held(held)),
            // Somebody was faster: the next look says what it is about.
            Attempt::Refused(_) => patience.wait_or(held.taken_over()).await?,
            Attempt::Crowded(error) => patience.wait_or(error).await?,
            Attempt::Unclear(error) => match find(session, &import_id).await? {
                Found::Running(item) if held.is_claim_of(&item) => return Ok(Claim::Held(held)),
                _ => patience.wait_or(error).await?,
            },
        }
    }
}

fn refuse_if_live(item: &Item) -> Result<()> {
    let left_ms = number_of(item, "lease_until_ms").saturating_sub(now_ms());
    if left_ms == 0 {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Busy {
            retry_after_ms: left_ms.min(MAX_RETRY_AFTER_MS),
        },
        "busy/lease",
        format!(
            "the import is under way on {}, whose lease runs for another {left_ms} ms",
            text_of(item, "owner")
        ),
    )
    .with_hint("try again later: the outcome is returned once the other worker is done"))
}

impl Held {
    /// Whether rows may have been written under a claim before this one.
    pub(super) fn resumes(&self) -> bool {
        self.previous.is_some()
    }

    fn is_claim_of(&self, item: &Item) -> bool {
        text_of(item, "claim") == self.claim
    }

    fn claiming(&self, plan: &Plan) -> Result<Vec<TransactWriteItem>> {
        let mut import = key(&self.import_id, IMPORT);
        import.extend(item([
            ("import_key", text(plan.import_key.to_hex())),
            ("source_name", text(&plan.source_name)),
            ("target_table", text(&plan.table)),
            ("mode", text(plan.mode.as_str())),
            ("state", text(RUNNING)),
            ("fence", number(self.fence)),
            ("claim", text(&self.claim)),
            ("lease_until_ms", number(self.lease_end())),
            ("owner", text(owner())),
            ("started_at", text(now_text())),
        ]));
        let claim = Put::builder().table_name(LEDGER).set_item(Some(import));
        let claim = match &self.previous {
            None => claim
                .condition_expression("attribute_not_exists(#id)")
                .expression_attribute_names("#id", IMPORT_ID),
            // A renewal in between makes another lease of it.
            Some(previous) => claim
                .condition_expression("#claim = :claim AND #state = :running AND #lease = :lease")
                .expression_attribute_names("#claim", "claim")
                .expression_attribute_names("#state", "state")
                .expression_attribute_names("#lease", "lease_until_ms")
                .expression_attribute_values(":claim", text(text_of(previous, "claim")))
                .expression_attribute_values(":running", text(RUNNING))
                .expression_attribute_values(
                    ":lease",
                    number(number_of(previous, "lease_until_ms")),
                ),
        };
        let mut actions = vec![put(built(claim.build())?)];
        for lane in 0..LANES {
            let mut item = key(&self.import_id, lane_entry(lane));
            item.insert("claim".to_owned(), text(&self.claim));
            let lane = Put::builder().table_name(LEDGER).set_item(Some(item));
            actions.push(put(built(lane.build())?));
        }
        Ok(actions)
    }

    /// The action that lets a transaction pass only while the claim stands.
    pub(super) fn lane_check(&self, lane: usize) -> Result<TransactWriteItem> {
        let condition = ConditionCheck::builder()
            .table_name(LEDGER)
            .set_key(Some(key(&self.import_id, lane_entry(lane))))
            .condition_expression("#claim = :claim")
            .expression_attribute_names("#claim", "claim")
            .expression_attribute_values(":claim", text(&self.claim));
        Ok(check(built(condition.build())?))
    }

    /// Pushes the end of the lease away.
    pub(super) async fn renew(&self) -> Result<()> {
        let session = &self.session;
        let request = session.client.update_item().table_name(LEDGER);
        let request = request
            .set_key(Some(key(&self.import_id, IMPORT)))
            .update_expression("SET #lease = :lease")
            .condition_expression("#claim = :claim AND #state = :running")
            .expression_attribute_names("#lease", "lease_until_ms")
            .expression_attribute_names("#claim", "claim")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":lease", number(self.lease_end()))
            .expression_attribute_values(":claim", text(&self.claim))
            .expression_attribute_values(":running", text(RUNNING));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_conditional_check_failed_exception()) =>
            {
                Err(self.taken_over())
            }
            Err(error) => Err(fault(&session.name, "writing the ledger of", error)),
        }
    }

    /// Marks the import as committed: the last thing that happens to it.
    pub(super) async fn finish(&self, outcome: &Outcome) -> Result<()> {
        let numbers = [
            ("#read", "rows_read", outcome.read),
            ("#inserted", "inserted", outcome.inserted),
            ("#updated", "updated", outcome.updated),
            ("#unchanged", "unchanged", outcome.unchanged),
            ("#conflicts", "conflicts", outcome.conflict_total),
            ("#rejected", "rejected", outcome.rejected),
            ("#lease", "lease_until_ms", 0),
        ];
        let mut sets = "SET #state = :state, #at = :at".to_owned();
        let mut commit = self.guarded_update()?;
        for (place, (short, name, value)) in numbers.into_iter().enumerate() {
            sets.push_str(&format!(", {short} = :n{place}"));
            commit = commit
                .expression_attribute_names(short, name)
                .expression_attribute_values(format!(":n{place}"), number(value));
        }
        let commit = commit
            .update_expression(sets)
            .expression_attribute_names("#at", "committed_at")
            .expression_attribute_values(":state", text(COMMITTED))
            .expression_attribute_values(":at", text(now_text()));
        let mut actions = vec![update(built(commit.build())?)];
        actions.extend(self.lanes_away()?);
        let mut patience = Patience::new();
        loop {
            let error = match transact(&self.session, actions.clone()).await? {
                Attempt::Done => return Ok(()),
                Attempt::Crowded(error) | Attempt::Unclear(error) => error,
                Attempt::Refused(_) => self.taken_over(),
            };
            // An answer that got lost is looked up.
            match find(&self.session, &self.import_id).await? {
                Found::Committed(item) if self.is_claim_of(&item) => return Ok(()),
                Found::Running(item) if self.is_claim_of(&item) => patience.wait_or(error).await?,
                _ => return Err(self.taken_over()),
            }
        }
    }

    /// Gives the claim up. An import that wrote nothing leaves the ledger as it found it; of another the progress stays, and
    /// the next one may go on at once.
    pub(super) async fn release(&self, wrote: bool) -> Result<()> {
        let import = if wrote {
            let release = self
                .guarded_update()?
                .update_expression("SET #lease = :none")
                .expression_attribute_names("#lease", "lease_until_ms")
                .expression_attribute_values(":none", number(0));
            update(built(release.build())?)
        } else if let Some(previous) = &self.previous {
            let back = Put::builder()
                .table_name(LEDGER)
                .set_item(Some(previous.clone()))
                .condition_expression("#claim = :claim AND #state = :running")
                .set_expression_attribute_names(Some(guard_names()))
                .set_expression_attribute_values(Some(self.guard_values()));
            put(built(back.build())?)
        } else {
            let away = Delete::builder()
                .table_name(LEDGER)
                .set_key(Some(key(&self.import_id, IMPORT)))
                .condition_expression("#claim = :claim AND #state = :running")
                .set_expression_attribute_names(Some(guard_names()))
                .set_expression_attribute_values(Some(self.guard_values()));
            delete(built(away.build())?)
        };
        let mut actions = vec![import];
        actions.extend(self.lanes_away()?);
        // Refused means somebody else's by now; if it fails otherwise the lease expires by itself.
        transact(&self.session, actions).await.map(|_| ())
    }

    /// An update of the import that only its holder can make.
    fn guarded_update(&self) -> Result<UpdateBuilder> {
        Ok(Update::builder()
            .table_name(LEDGER)
            .set_key(Some(key(&self.import_id, IMPORT)))
            .condition_expression("#claim = :claim AND #state = :running")
            .set_expression_attribute_names(Some(guard_names()))
            .set_expression_attribute_values(Some(self.guard_values())))
    }

    fn guard_values(&self) -> Item {
        item([(":claim", text(&self.claim)), (":running", text(RUNNING))])
    }

    /// Without lanes no transaction passes any more that is still on its way.
    fn lanes_away(&self) -> Result<Vec<TransactWriteItem>> {
        let lane = |lane| {
            let away = Delete::builder()
                .table_name(LEDGER)
                .set_key(Some(key(&self.import_id, lane_entry(lane))));
            Ok(delete(built(away.build())?))
        };
        (0..LANES).map(lane).collect()
    }

    fn lease_end(&self) -> u64 {
        now_ms().saturating_add(self.lease_ms)
    }

    pub(super) fn taken_over(&self) -> Error {
        Error::new(
            ErrorKind::Busy {
                retry_after_ms: MAX_RETRY_AFTER_MS,
            },
            "busy/taken-over",
            format!(
                "import {} was taken over by another worker: the lease of {} ms had expired",
                self.import_id, self.lease_ms
            ),
        )
        .with_hint("begin again: it waits for the other worker, or returns what that one loaded")
    }
}

fn guard_names() -> HashMap<String, String> {
    [("#claim", "claim"), ("#state", "state")]
        .map(|(short, name)| (short.to_owned(), name.to_owned()))
        .into()
}

fn lane_entry(lane: usize) -> String {
    format!("lane#{lane}")
}

/// Who is at work, for people.
fn owner() -> String {
    let host = std::env::var("AWS_LAMBDA_FUNCTION_NAME")
        .or_else(|_| std::fs::read_to_string("/proc/sys/kernel/hostname"))
        .unwrap_or_default();
    format!("{} process {}", host.trim(), std::process::id())
}

fn now_ms() -> u64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn now_text() -> String {
    jiff::Timestamp::now().to_string()
}
