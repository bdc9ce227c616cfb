//! How far a chunk of rows is: its entry in the ledger.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};

use super::chunk::Chunk;
use super::fault::fault;
use super::items::{Item, item, number, number_of, text, text_of};
use super::ledger::{self, ENTRY, IMPORT_ID, LEDGER};
use super::merge::Step;
use super::session::Session;
use super::spool::{KEY_EXISTS, Refusal, TARGET_CONSTRAINT};
use super::transact::{built, put};
use crate::error::Result;
use crate::outcome::{MAX_LISTED_CONFLICTS, RowConflict};
use crate::plan::Plan;

const PREFIX: &str = "chunk#";

/// What became of the first rows of a chunk, of those that are `done`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Progress {
    pub(super) done: usize,
    pub(super) inserted: u64,
    pub(super) updated: u64,
    pub(super) unchanged: u64,
    pub(super) conflicts: Vec<Conflict>,
}

/// A row that did not enter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Conflict {
    /// The number that the caller gave the row.
    pub(super) number: u32,
    pub(super) refusal: Refusal,
}

impl Progress {
    pub(super) fn entry(chunk: usize) -> String {
        format!("{PREFIX}{chunk:08}")
    }

    /// Counts the next row.
    pub(super) fn add(&mut self, number: u32, step: Step) {
        self.done += 1;
        match step {
            Step::Insert => self.inserted += 1,
            Step::Update(_) => self.updated += 1,
            Step::Leave => self.unchanged += 1,
            Step::Refuse(refusal) => self.conflicts.push(Conflict { number, refusal }),
        }
    }

    /// The action that records this after `before`, and fails where somebody recorded something else.
    pub(super) fn record(
        &self,
        plan: &Plan,
        import_id: &str,
        chunk: &Chunk,
        before: &Progress,
    ) -> Result<TransactWriteItem> {
        let mut entry = ledger::key(import_id, Progress::entry(chunk.number));
        let conflicts = self.conflicts.iter().map(|conflict| conflict.item(plan));
        entry.extend(item([
            ("digest", text(&chunk.digest)),
            ("rows", number(chunk.rows.len())),
            ("done", number(self.done)),
            ("inserted", number(self.inserted)),
            ("updated", number(self.updated)),
            ("unchanged", number(self.unchanged)),
            ("conflicts", AttributeValue::L(conflicts.collect())),
        ]));
        let record = Put::builder().table_name(LEDGER).set_item(Some(entry));
        let record = match before.done {
            0 => record
                .condition_expression("attribute_not_exists(#id)")
                .expression_attribute_names("#id", IMPORT_ID),
            done => record
                .condition_expression("#done = :done")
                .expression_attribute_names("#done", "done")
                .expression_attribute_values(":done", number(done)),
        };
        Ok(put(built(record.build())?))
    }

    /// Reads an entry, and the digest of the rows that it is about.
    pub(super) fn read<'a>(item: &'a Item, plan: &Plan) -> (Progress, &'a str) {
        let conflicts = item.get("conflicts").and_then(|list| list.as_l().ok());
        let conflicts = conflicts.into_iter().flatten();
        let conflicts = conflicts.filter_map(|conflict| conflict.as_m().ok());
        let progress = Progress {
            done: number_of(item, "done") as usize,
            inserted: number_of(item, "inserted"),
            updated: number_of(item, "updated"),
            unchanged: number_of(item, "unchanged"),
            conflicts: conflicts
                .map(|conflict| Conflict::read(conflict, plan))
                .collect(),
        };
        (progress, text_of(item, "digest"))
    }
}

impl Conflict {
    fn item(&self, plan: &Plan) -> AttributeValue {
        let mut item = place(plan, self.number);
        let Refusal { code, key, reason } = &self.refusal;
        for (name, value) in [("outcome", *code), ("key", key), ("reason", reason)] {
            item.insert(name.to_owned(), text(value));
        }
        AttributeValue::M(item)
    }

    fn read(item: &HashMap<String, AttributeValue>, plan: &Plan) -> Conflict {
        let row = number_of(item, "row") as u32;
        let part = text_of(item, "part");
        let part = plan.parts.iter().position(|name| name == part).unwrap_or(0) as u32;
        Conflict {
            number: part * Plan::PART_ROWS + row,
            refusal: Refusal {
                code: match text_of(item, "outcome") {
                    KEY_EXISTS => KEY_EXISTS,
                    _ => TARGET_CONSTRAINT,
                },
                key: text_of(item, "key").to_owned(),
                reason: text_of(item, "reason").to_owned(),
            },
        }
    }

    fn listed(self, plan: &Plan) -> RowConflict {
        let (part, row) = part_and_row(plan, self.number);
        RowConflict {
            part: part.map(str::to_owned),
            row,
            code: self.refusal.code.to_owned(),
            column: None,
            key: self.refusal.key,
            reason: self.refusal.reason,
        }
    }
}

/// The first conflicts of an import, in the order in which they are listed.
pub(super) fn listed(mut conflicts: Vec<Conflict>, plan: &Plan) -> Vec<RowConflict> {
    conflicts.truncate(MAX_LISTED_CONFLICTS);
    conflicts.sort_by_key(|conflict| conflict.number);
    let listed = conflicts.into_iter().map(|conflict| conflict.listed(plan));
    listed.collect()
}

/// The first conflicts of an import that is committed, from its chunks.
pub(super) async fn read_conflicts(
    session: &Session,
    import_id: &str,
    plan: &Plan,
) -> Result<Vec<RowConflict>> {
    let mut conflicts = Vec::new();
    let mut start = None;
    loop {
        let request = session.client.query().table_name(LEDGER);
        let page = request
            .key_condition_expression("#id = :id AND begins_with(#entry, :chunk)")
            .expression_attribute_names("#id", IMPORT_ID)
            .expression_attribute_names("#entry", ENTRY)
            .expression_attribute_values(":id", text(import_id))
            .expression_attribute_values(":chunk", text(PREFIX))
            .set_exclusive_start_key(start)
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault(&session.name, "reading the ledger of", error))?;
        for item in page.items() {
            conflicts.extend(Progress::read(item, plan).0.conflicts);
        }
        start = page.last_evaluated_key;
        if start.is_none() || conflicts.len() >= MAX_LISTED_CONFLICTS {
            return Ok(listed(conflicts, plan));
        }
    }
}

/// Where a row is, as attributes: its row, and its part where the source has several.
pub(super) fn place(plan: &Plan, row: u32) -> Item {
    let (part, row) = part_and_row(plan, row);
    let mut place = item([("row", number(row))]);
    if let Some(part) = part {
        place.insert("part".to_owned(), text(part));
    }
    place
}

fn part_and_row(plan: &Plan, number: u32) -> (Option<&str>, u32) {
    if plan.parts.is_empty() {
        return (None, number);
    }
    let part = plan.parts.get((number / Plan::PART_ROWS) as usize);
    (part.map(String::as_str), number % Plan::PART_ROWS)
}
