//! The keys of a contract: primary key, unique fields, unique keys. What they share is in [`super::keys`].

use arrow_array::ArrayRef;
use arrow_buffer::BooleanBuffer;

use super::{
    fault::{Fault, What},
    keys::KeySet,
    rules::{self, RuleDoc},
};
use crate::{
    contract::{Contract, TableQuestion},
    finding::Level,
    suggest::nearest_scored,
};

/// Values of the other side of a foreign key that are compared for a suggestion.
const MAX_SEARCHED: usize = 10_000;

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
    /// Values have to be in the set, instead of not in it: the foreign key of this number.
    foreign: Option<usize>,
    /// It is a rule of the table that no row is there twice.
    is_of_rows: bool,
}

impl Key {
    /// The keys of a contract. Where two would watch the same fields the first of them is enough.
    pub(super) fn all(contract: &Contract) -> Vec<Key> {
        let mut keys: Vec<Key> = Vec::new();
        let mut add = |doc: &'static RuleDoc, fields: Vec<usize>, foreign: Option<usize>| {
            if fields.is_empty() || foreign.is_none() && keys.iter().any(|key| key.fields == fields)
            {
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
                foreign,
                is_of_rows: false,
            });
        };
        add(&rules::PRIMARY_KEY, contract.primary_key.clone(), None);
        for (index, field) in contract.fields.iter().enumerate() {
            if field.constraints.unique {
                add(&rules::UNIQUE, vec![index], None);
            }
        }
        for fields in &contract.unique_keys {
            add(&rules::UNIQUE_KEYS, fields.clone(), None);
        }
        for (number, key) in contract.foreign_keys.iter().enumerate() {
            if contract.database_table_of(key).is_none() {
                add(&rules::FOREIGN_KEY, key.fields.clone(), Some(number));
            }
        }
        for rule in &contract.table_rules {
            if rule.asks == TableQuestion::Duplicates {
                let types = contract
                    .fields
                    .iter()
                    .map(|field| field.field_type.data_type());
                keys.push(Key {
                    doc: &rules::UNIQUE_KEYS,
                    number: keys.len() as u16,
                    fields: (0..contract.fields.len()).collect(),
                    rule: format!("{}: duplicates", rule.id),
                    level: rule.level,
                    set: KeySet::of_rows(&types.collect::<Vec<_>>()),
                    foreign: None,
                    is_of_rows: true,
                });
            }
        }
        for key in &mut keys {
            let Some(number) = key.foreign else { continue };
            let foreign = &contract.foreign_keys[number];
            let table = foreign.resource.as_deref().unwrap_or("this table");
            key.rule = format!("{} in {table} ({})", key.rule, foreign.columns.join(", "));
        }
        keys
    }

    /// True where whole rows are asked not to be the same.
    pub(super) fn is_of_rows(&self) -> bool {
        self.is_of_rows
    }

    /// True for the foreign key of this number.
    pub(super) fn is_foreign(&self, number: usize) -> bool {
        self.foreign == Some(number)
    }

    /// Takes in values of the other side of a foreign key.
    pub(super) fn take_in(&mut self, columns: &[ArrayRef]) {
        let columns: Vec<&ArrayRef> = columns.iter().collect();
        let rows = vec![0; columns[0].len()];
        self.set.insert(&columns, None, &rows, |_, _| {});
    }

    /// A value of the other side that is much like this one, and how much.
    pub(super) fn nearest(&self, text: &str) -> Option<(String, f64)> {
        if self.set.len() > MAX_SEARCHED {
            return None;
        }
        let found = nearest_scored(text, self.set.texts())?;
        Some((found.0.to_owned(), found.1))
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
        if self.foreign.is_some() {
            self.set.not_found(&columns, usable, |row| {
                faults.push(Fault {
                    row: row as u32,
                    field,
                    what: What::NotFound { key: number },
                });
            });
            return faults;
        }
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
