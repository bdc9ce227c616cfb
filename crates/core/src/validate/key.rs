//! The keys of a contract: primary key, unique fields, unique keys. What they share is in [`super::keys`].

use arrow_array::ArrayRef;
use arrow_buffer::BooleanBuffer;

use super::{
    fault::{Fault, What},
    keys::KeySet,
    rules::{self, RuleDoc},
};
use crate::{contract::Contract, finding::Level};

/// One key and the values it had so far.
#[derive(Debug)]
pub(super) struct Key {
    doc: &'static RuleDoc,
    number: u16,
    pub(super) fields: Vec<usize>,
    /// As the contract states it: `primaryKey: [order, line]`.
    pub(super) rule: String,
    pub(super) level: Level,
    set: KeySet,
}

impl Key {
    /// The keys of a contract. Where two would watch the same fields the first of them is enough.
    pub(super) fn all(contract: &Contract) -> Vec<Key> {
        let mut keys: Vec<Key> = Vec::new();
        let mut add = |doc: &'static RuleDoc, fields: Vec<usize>| {
            if fields.is_empty() || keys.iter().any(|key| key.fields == fields) {
                return;
            }
            let names: Vec<&str> = fields
                .iter()
                .map(|&field| &*contract.fields[field].name)
                .collect();
            let rule = match (doc.key, &names[..]) {
                ("unique", _) => "unique: true".to_owned(),
                (key, [name]) => format!("{key}: {name}"),
                (key, names) => format!("{key}: [{}]", names.join(", ")),
            };
            let types: Vec<_> = fields
                .iter()
                .map(|&field| contract.fields[field].field_type.data_type())
                .collect();
            let own = match (doc.key, &fields[..]) {
                ("unique", [field]) => contract.fields[*field].levels.get(doc.key, doc.code),
                _ => None,
            };
            let level = own.or_else(|| contract.levels.get(doc.key, doc.code));
            keys.push(Key {
                doc,
                level: level.unwrap_or(Level::Error),
                number: keys.len() as u16,
                fields,
                rule,
                set: KeySet::new(&types),
            });
        };
        add(&rules::PRIMARY_KEY, contract.primary_key.clone());
        for (index, field) in contract.fields.iter().enumerate() {
            if field.constraints.unique {
                add(&rules::UNIQUE, vec![index]);
            }
        }
        for fields in &contract.unique_keys {
            add(&rules::UNIQUE_KEYS, fields.clone());
        }
        keys
    }

    pub(super) fn code(&self) -> &'static str {
        self.doc.code
    }

    /// Takes in a window; returns the rows whose key occurred before.
    pub(super) fn check(
        &mut self,
        arrays: &[ArrayRef],
        usable: Option<&BooleanBuffer>,
        sheet_rows: &[u32],
    ) -> Vec<Fault> {
        let (number, field) = (self.number, self.fields[0] as u16);
        let columns: Vec<&ArrayRef> = self.fields.iter().map(|&field| &arrays[field]).collect();
        let mut faults = Vec::new();
        self.set.insert(&columns, usable, sheet_rows, |row, first| {
            faults.push(Fault {
                row: row as u32,
                field,
                what: What::KeyTaken { key: number, first },
            });
        });
        faults
    }
}
