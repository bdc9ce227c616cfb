//! How one row meets the item that is there: what to do about it, and how that counts.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};

use super::items::Item;
use super::schema::{Column, Meeting};
use super::spool::{KEY_EXISTS, Refusal, TARGET_CONSTRAINT};
use super::target::Target;
use super::transact::{built, put, update};
use super::values::{MAX_ITEM_BYTES, key_bytes, same, shown, size};
use crate::error::Result;

/// The most characters of a key, and of a reason, that are kept of a row that does not enter.
const MAX_KEY_CHARS: usize = 200;
const MAX_REASON_CHARS: usize = 300;

/// What is the same for all rows of an import.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) table: String,
    pub(super) meeting: Meeting,
    pub(super) columns: Vec<Column>,
    pub(super) target: Target,
    /// The columns of the plan's key, as conflicts show them.
    pub(super) shown_key: Vec<usize>,
}

/// An item that is there.
#[derive(Debug)]
pub(super) struct There {
    /// Its attributes that the import has columns for.
    item: Item,
    /// The bytes of all of its attributes.
    pub(super) bytes: usize,
}

/// What to do about a row.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// There is no such item: write it.
    Insert,
    /// Write these columns of the item that is there.
    Update(Vec<usize>),
    /// Leave the item that is there.
    Leave,
    Refuse(Refusal),
}

type Cells = [Option<AttributeValue>];

impl Rules {
    /// The first reason why a row cannot enter any table like this one.
    pub(super) fn unfit(&self, cells: &Cells) -> Option<String> {
        for ((column, cell), key_bytes) in
            self.columns.iter().zip(cells).zip(&self.target.key_bytes)
        {
            let Some(most) = key_bytes else { continue };
            let name = &column.name;
            let bytes = match cell {
                Some(AttributeValue::S(text)) => text.len(),
                Some(AttributeValue::B(bytes)) => bytes.as_ref().len(),
                _ => continue,
            };
            if bytes == 0 {
                return Some(format!(
                    "column {name:?} is an empty text, and it is in a key, where DynamoDB takes none"
                ));
            }
            if bytes > *most {
                return Some(format!(
                    "column {name:?} has {bytes} bytes, and it is in a key, where DynamoDB takes {most}"
                ));
            }
        }
        let empty = self
            .target
            .key
            .iter()
            .find(|&&place| cells[place].is_none());
        if let Some(&place) = empty {
            return Some(format!(
                "key column {:?} is empty",
                self.columns[place].name
            ));
        }
        let bytes = self.bytes(cells);
        (bytes > MAX_ITEM_BYTES).then(|| too_large(bytes))
    }

    /// What to do about a row that fits, given the item with its key.
    pub(super) fn step(&self, cells: &Cells, found: Option<&There>) -> Step {
        let Some(found) = found else {
            return Step::Insert;
        };
        match self.meeting {
            Meeting::Insert => {
                Step::Refuse(self.refusal(cells, KEY_EXISTS, "the key exists already"))
            }
            Meeting::InsertMissing => Step::Leave,
            Meeting::Upsert => self.meet(cells, found),
        }
    }

    fn meet(&self, cells: &Cells, found: &There) -> Step {
        let mut changed = Vec::new();
        let mut bytes = found.bytes;
        for (place, (column, cell)) in self.columns.iter().zip(cells).enumerate() {
            let is_kept = cell.is_none() && column.keeps_existing;
            let there = found.item.get(&column.name);
            // The key is the same by its meaning; its spelling cannot be changed.
            if is_kept || self.target.key.contains(&place) || same(cell.as_ref(), there) {
                continue;
            }
            changed.push(place);
            let taken = |value: &AttributeValue| column.name.len() + size(value);
            bytes = bytes.saturating_sub(there.map_or(0, taken)) + cell.as_ref().map_or(0, taken);
        }
        if changed.is_empty() {
            return Step::Leave;
        }
        if bytes > MAX_ITEM_BYTES {
            return Step::Refuse(self.refusal(cells, TARGET_CONSTRAINT, &too_large(bytes)));
        }
        Step::Update(changed)
    }

    /// The action of a step, if it needs one.
    pub(super) fn action(&self, cells: &Cells, step: &Step) -> Result<Option<TransactWriteItem>> {
        match step {
            Step::Insert => self.insert(cells).map(Some),
            Step::Update(changed) => self.update(cells, changed).map(Some),
            Step::Leave | Step::Refuse(_) => Ok(None),
        }
    }

    fn insert(&self, cells: &Cells) -> Result<TransactWriteItem> {
        let columns = self.columns.iter().zip(cells);
        let item: Item = columns
            .filter_map(|(column, cell)| Some((column.name.clone(), cell.clone()?)))
            .collect();
        let insert = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#k)")
            .expression_attribute_names("#k", self.partition());
        Ok(put(built(insert.build())?))
    }

    fn update(&self, cells: &Cells, changed: &[usize]) -> Result<TransactWriteItem> {
        let mut names = HashMap::from([("#k".to_owned(), self.partition().to_owned())]);
        let mut values = HashMap::new();
        let (mut sets, mut removes) = (Vec::new(), Vec::new());
        for &place in changed {
            names.insert(format!("#{place}"), self.columns[place].name.clone());
            match &cells[place] {
                Some(value) => {
                    values.insert(format!(":{place}"), value.clone());
                    sets.push(format!("#{place}=:{place}"));
                }
                None => removes.push(format!("#{place}")),
            }
        }
        let clauses = [("SET", sets), ("REMOVE", removes)].into_iter();
        let clauses = clauses.filter(|(_, parts)| !parts.is_empty());
        let clauses: Vec<_> = clauses
            .map(|(word, parts)| format!("{word} {}", parts.join(",")))
            .collect();
        // Without the condition an item that was deleted meanwhile would come back in parts.
        let change = Update::builder()
            .table_name(&self.table)
            .set_key(Some(self.key(cells)))
            .update_expression(clauses.join(" "))
            .condition_expression("attribute_exists(#k)")
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values).filter(|values| !values.is_empty()));
        Ok(update(built(change.build())?))
    }

    fn partition(&self) -> &str {
        let place = self.target.key.first();
        place.map_or("", |&place| self.columns[place].name.as_str())
    }

    /// The key of a row that fits.
    pub(super) fn key(&self, cells: &Cells) -> Item {
        let places = self.target.key.iter();
        places
            .filter_map(|&place| Some((self.columns[place].name.clone(), cells[place].clone()?)))
            .collect()
    }

    /// The key of a row as bytes by which keys are told apart.
    pub(super) fn key_of_cells(&self, cells: &Cells) -> Vec<u8> {
        let mut bytes = Vec::new();
        let values = self
            .target
            .key
            .iter()
            .filter_map(|&place| cells[place].as_ref());
        values.for_each(|value| key_bytes(value, &mut bytes));
        bytes
    }

    /// The same of an item that is there.
    pub(super) fn key_of_item(&self, item: &Item) -> Vec<u8> {
        let mut bytes = Vec::new();
        let names = self
            .target
            .key
            .iter()
            .map(|&place| &self.columns[place].name);
        let values = names.filter_map(|name| item.get(name));
        values.for_each(|value| key_bytes(value, &mut bytes));
        bytes
    }

    /// What matters of an item that is there: others may have stored a lot in it.
    pub(super) fn there(&self, mut item: Item) -> There {
        let attributes = item.iter();
        let bytes = attributes
            .map(|(name, value)| name.len() + size(value))
            .sum();
        item.retain(|name, _| self.columns.iter().any(|column| column.name == *name));
        There { item, bytes }
    }

    /// The bytes of the item that a row would be.
    pub(super) fn bytes(&self, cells: &Cells) -> usize {
        let columns = self.columns.iter().zip(cells);
        let values =
            columns.filter_map(|(column, cell)| Some(column.name.len() + size(cell.as_ref()?)));
        values.sum()
    }

    pub(super) fn refusal(&self, cells: &Cells, code: &'static str, reason: &str) -> Refusal {
        let cells = self.shown_key.iter().map(|&place| cells[place].as_ref());
        let texts: Vec<String> = cells
            .map(|cell| cell.map(shown).unwrap_or_default())
            .collect();
        Refusal {
            code,
            key: texts.join(", ").chars().take(MAX_KEY_CHARS).collect(),
            reason: reason.chars().take(MAX_REASON_CHARS).collect(),
        }
    }
}

fn too_large(bytes: usize) -> String {
    format!("the item has {bytes} bytes, and DynamoDB takes {MAX_ITEM_BYTES}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::Class;
    use aws_sdk_dynamodb::primitives::Blob;

    fn rules(meeting: Meeting) -> Rules {
        let column = |name: &str, keeps_existing| Column {
            name: name.to_owned(),
            class: Class::Text,
            keeps_existing,
        };
        Rules {
            table: "items".to_owned(),
            meeting,
            columns: vec![
                column("sku", false),
                column("name", false),
                column("note", true),
            ],
            target: Target {
                key: vec![0],
                key_bytes: vec![Some(2_048), None, Some(1_024)],
            },
            shown_key: vec![0],
        }
    }

    fn text(text: &str) -> Option<AttributeValue> {
        Some(AttributeValue::S(text.to_owned()))
    }

    #[test]
    fn keys_and_items_have_limits() {
        let rules = rules(Meeting::Upsert);
        let unfit = |sku: &str, name: &str, note: &str| {
            rules
                .unfit(&[text(sku), text(name), text(note)])
                .unwrap_or_default()
        };
        let long = |bytes: usize| "x".repeat(bytes);
        assert_eq!(unfit(&long(2_048), "", &long(1_024)), "");
        assert!(unfit(&long(2_049), "", "n").contains("2049 bytes"));
        assert!(unfit("a", "", &long(1_025)).contains("\"note\" has 1025 bytes"));
        assert!(unfit("", "", "n").contains("\"sku\" is an empty text"));
        assert_eq!(
            rules.unfit(&[None, None, None]).unwrap(),
            "key column \"sku\" is empty"
        );
        // sku + a, name, note + n
        let names = "sku".len() + "name".len() + "note".len() + 2;
        assert_eq!(unfit("a", &long(MAX_ITEM_BYTES - names), "n"), "");
        assert_eq!(
            unfit("a", &long(MAX_ITEM_BYTES - names + 1), "n"),
            "the item has 409601 bytes, and DynamoDB takes 409600"
        );
    }

    #[test]
    fn an_update_touches_what_differs() {
        let rules = rules(Meeting::Upsert);
        let found = Item::from([
            ("sku".to_owned(), AttributeValue::S("a".to_owned())),
            ("name".to_owned(), AttributeValue::S("n".to_owned())),
            ("note".to_owned(), AttributeValue::S("kept".to_owned())),
            (
                "theirs".to_owned(),
                AttributeValue::B(Blob::new(vec![0; 400_000])),
            ),
        ]);
        let found = rules.there(found);
        assert_eq!(found.item.len(), 3);
        let step = |name, note| rules.step(&[text("a"), name, note], Some(&found));
        assert_eq!(step(text("n"), None), Step::Leave, "a blank keeps the note");
        assert_eq!(step(text("m"), None), Step::Update(vec![1]));
        assert_eq!(step(None, text("new")), Step::Update(vec![1, 2]));
        let long = "x".repeat(10_000);
        assert!(matches!(step(text(&long), None), Step::Refuse(refusal)
            if refusal.code == TARGET_CONSTRAINT && refusal.key == "a"));
        assert_eq!(rules.step(&[text("a"), None, None], None), Step::Insert);
    }

    #[test]
    fn an_item_that_is_there_is_met_by_mode() {
        let found = Item::from([("sku".to_owned(), AttributeValue::S("a".to_owned()))]);
        let cells = [text("a"), text("new"), None];
        let meet = |meeting| {
            let rules = rules(meeting);
            rules.step(&cells, Some(&rules.there(found.clone())))
        };
        assert_eq!(meet(Meeting::InsertMissing), Step::Leave);
        assert_eq!(meet(Meeting::Upsert), Step::Update(vec![1]));
        assert!(
            matches!(meet(Meeting::Insert), Step::Refuse(refusal) if refusal.code == KEY_EXISTS)
        );
    }
}
