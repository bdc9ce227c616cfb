//! A contract proposed from a table that is good: what its columns are today, to be edited by somebody who knows.

use std::{collections::HashSet, sync::Arc};

use super::{
    blank::Blank,
    check::Checks,
    field::{FALSE_VALUES, TRUE_VALUES},
    levels::Levels,
    model::{
        Constraints, Contract, Field, FieldType, FieldsMatch, Locate, NumberFormat, StringFormat,
        TemporalFormat,
    },
    read::Reading,
};
use crate::{
    column::ColumnKind,
    header::{Header, HeaderRow, SheetRef},
};

/// What is known of a whole column: every row was seen, none guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnFacts {
    /// The narrowest type that holds every cell.
    pub kind: ColumnKind,
    /// Some row has no value.
    pub has_nulls: bool,
    /// No value occurs twice.
    pub all_unique: bool,
    /// Some text is a time to the minute (`18:30`), which the standard's default format does not read, but `any` does.
    pub to_the_minute: bool,
}

impl Contract {
    /// Proposes a contract for the table with this header; `facts` follow its columns.
    ///
    /// Fields are called by their header in lower case with underscores (`Unit Price` becomes `unit_price`) and keep the
    /// header as alias. Columns without gaps are required. Whole numbers and texts without gaps or repetition are unique;
    /// other types are not, where this would be chance. Texts stay texts, whatever they look like: `00123` is no number.
    pub fn infer(header: &Header, facts: &[ColumnFacts]) -> Contract {
        let mut taken = HashSet::new();
        let fields = header.columns.iter().zip(facts).map(|(column, facts)| {
            let name = unique(field_name(&column.name), &mut taken);
            let aliases = if name == *column.name {
                Vec::new()
            } else {
                vec![column.name.to_string()]
            };
            let keeps_apart = matches!(facts.kind, ColumnKind::Int | ColumnKind::Text);
            let constraints = Constraints {
                required: !facts.has_nulls && facts.kind != ColumnKind::Null,
                unique: facts.all_unique && !facts.has_nulls && keeps_apart,
                ..Constraints::default()
            };
            Field {
                name: Arc::from(name),
                title: None,
                description: None,
                field_type: field_type(facts),
                constraints,
                categories: Vec::new(),
                missing_values: None,
                aliases,
                reading: Reading::default(),
                checks: Checks::default(),
                blank: Blank::default(),
                levels: Levels::default(),
                array_item: None,
            }
        });
        Contract {
            name: Some(field_name(&header.sheet)),
            fields_match: FieldsMatch::Equal,
            locate: Locate {
                sheet: match &*header.sheet {
                    "" => SheetRef::First,
                    name => SheetRef::Name(name.to_owned()),
                },
                header: if header.row.is_some() {
                    HeaderRow::First
                } else {
                    HeaderRow::None
                },
                ..Locate::default()
            },
            ..Contract::of_fields(fields.collect())
        }
    }
}

fn field_type(facts: &ColumnFacts) -> FieldType {
    let clock = match facts.to_the_minute {
        true => TemporalFormat::Any,
        false => TemporalFormat::Default,
    };
    match facts.kind {
        ColumnKind::Null => FieldType::Any,
        ColumnKind::Bool => FieldType::Boolean {
            true_values: TRUE_VALUES.map(str::to_owned).to_vec(),
            false_values: FALSE_VALUES.map(str::to_owned).to_vec(),
        },
        ColumnKind::Int => FieldType::Integer(NumberFormat::default()),
        ColumnKind::Float | ColumnKind::Decimal { .. } => {
            FieldType::Number(NumberFormat::default())
        }
        ColumnKind::Date => FieldType::Date(TemporalFormat::Default),
        ColumnKind::Timestamp => FieldType::DateTime(clock),
        ColumnKind::Time => FieldType::Time(clock),
        ColumnKind::Duration => FieldType::Duration,
        ColumnKind::Text => FieldType::String(StringFormat::Default),
    }
}

/// `Unit Price (€)` becomes `unit_price`.
fn field_name(label: &str) -> String {
    let mut name = String::with_capacity(label.len());
    for c in label.chars() {
        if c.is_alphanumeric() {
            name.extend(c.to_lowercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    let name = name.trim_end_matches('_');
    if name.is_empty() {
        "field".to_owned()
    } else {
        name.to_owned()
    }
}

fn unique(wanted: String, taken: &mut HashSet<String>) -> String {
    let mut name = wanted.clone();
    let mut n = 1;
    while !taken.insert(name.clone()) {
        n += 1;
        name = format!("{wanted}_{n}");
    }
    name
}
