//! A contract proposed from a table that is good: what its columns are today, to be edited by somebody who knows.

use std::{collections::HashSet, sync::Arc};

use super::{
    blank::Blank,
    check::Checks,
    facts::{ColumnFacts, MAX_DISTINCT, MAX_VALUES, TableFacts},
    field::{FALSE_VALUES, TRUE_VALUES},
    levels::Levels,
    model::{
        Constraints, Contract, Field, FieldType, FieldsMatch, Literal, Locate, NumberFormat,
        StringFormat, TemporalFormat, Value,
    },
    read::Reading,
};
use crate::{
    column::ColumnKind,
    finding::Level,
    header::{Header, HeaderRow, SheetRef},
};

/// A text field may be some more characters longer than what was seen: the next of these that leaves a quarter of room.
const LENGTHS: [u32; 5] = [50, 100, 255, 1_000, 4_000];
/// Values of a field are named where each occurs so often on average.
const ROWS_A_VALUE: u64 = 10;

/// What is proposed beside what always is.
///
/// ```
/// let options = sheetlift_core::InferOptions::default().with_ranges(true);
/// assert!(options.ranges);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct InferOptions {
    /// The smallest and the largest value that were seen, as `minimum` and `maximum`. Default false: only that numbers are
    /// not below 0, where none is.
    pub ranges: bool,
}

impl InferOptions {
    /// Sets [`Self::ranges`].
    #[must_use]
    pub fn with_ranges(mut self, ranges: bool) -> Self {
        self.ranges = ranges;
        self
    }
}

impl Contract {
    /// Proposes a contract for the table with this header.
    ///
    /// * Fields are called by their header in lower case with underscores (`Unit Price` becomes `unit_price`) and keep the
    ///   header as title and alias. Columns without a label are left out, unless none has one.
    /// * Columns without gaps are required. Whole numbers and texts without gaps or repetition are unique; other types are
    ///   not, where this would be chance.
    /// * Texts stay texts, whatever they look like: `00123` is no number, and gets a pattern; where all have as many digits it is
    ///   an identifier, whose lost zeros are told. Codes that all have one of three shapes at most (`ABC-0012345`) get a pattern too. 20 different texts at most that come up again and again are an `enum`; texts that
    ///   are all e-mail addresses, web addresses or UUIDs have that format, and others a `maxLength` with some room.
    /// * Numbers have the `minimum` 0 where none is below.
    /// * The description is what the author says (the comment of the header cell), or else what was seen.
    /// * Where a column shows errors of formulas, these are warnings; and so are records that are too long, where there are
    ///   some.
    pub fn infer(header: &Header, facts: &TableFacts, options: &InferOptions) -> Contract {
        let has_labels = header.row.is_some();
        let columns = header.columns.iter().zip(&facts.columns);
        let columns = columns.filter(|(column, _)| !has_labels || column.label.is_some());
        let columns: Vec<_> = columns.collect();
        let labels = columns.iter().map(|(column, _)| &*column.name);
        let names = field_names(&labels.collect::<Vec<_>>());
        let fields = columns.iter().zip(names).map(|((column, facts), name)| {
            let is_renamed = name != *column.name;
            let label = is_renamed.then(|| column.name.to_string());
            let field_type = field_type(facts);
            Field {
                constraints: constraints(facts, &field_type, options),
                name: Arc::from(name),
                title: label.clone(),
                description: Some(facts.description(&field_type)),
                examples: Vec::new(),
                field_type,
                categories: Vec::new(),
                missing_values: None,
                aliases: label.into_iter().collect(),
                reading: Reading {
                    identifier: facts.texts.identifier(),
                    ..Reading::default()
                },
                checks: Checks::default(),
                blank: Blank::default(),
                levels: match facts.errors {
                    0 => Levels::default(),
                    _ => Levels::one("cell/formula-error", Level::Warning),
                },
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
            levels: match facts.has_long_rows {
                false => Levels::default(),
                true => Levels::one("row/extra-cell", Level::Warning),
            },
            ..Contract::of_fields(fields.collect())
        }
    }
}

fn constraints(facts: &ColumnFacts, field_type: &FieldType, options: &InferOptions) -> Constraints {
    let keeps_apart = matches!(facts.kind, ColumnKind::Int | ColumnKind::Text);
    let has_gaps = facts.missing > 0 || facts.rows == 0;
    let mut constraints = Constraints {
        required: !has_gaps && facts.kind != ColumnKind::Null,
        unique: facts.all_unique && !has_gaps && keeps_apart,
        ..Constraints::default()
    };
    if let Some((least, most)) = &facts.range {
        let is_number = matches!(facts.kind, ColumnKind::Int | ColumnKind::Float);
        let zero = match least {
            Value::Float(least) if *least >= 0.0 => Some(Value::Float(0.0)),
            Value::Int(0..) => Some(Value::Int(0)),
            _ => None,
        };
        let least = match options.ranges {
            true => Some(least),
            false => zero.as_ref().filter(|_| is_number),
        };
        let most = options.ranges.then_some(most);
        constraints.minimum = least.and_then(|value| field_type.literal_of(value));
        constraints.maximum = most.and_then(|value| field_type.literal_of(value));
    }
    if matches!(field_type, FieldType::String(_)) {
        about_texts(facts, field_type, &mut constraints);
    }
    constraints
}

/// An enum, a pattern or a length, the first that says something.
fn about_texts(facts: &ColumnFacts, field_type: &FieldType, constraints: &mut Constraints) {
    let texts = &facts.texts;
    let valued = facts.rows - facts.missing;
    let often = |values: usize| valued >= ROWS_A_VALUE * values as u64;
    if let Some(values) = texts.values().filter(|values| often(values.len())) {
        let literals = values.iter().map(|text| Literal {
            text: text.clone(),
            value: Value::Text(text.clone()),
        });
        constraints.enumeration = literals.collect();
        return;
    }
    let are_many = facts
        .distinct
        .is_none_or(|distinct| distinct > MAX_VALUES as u64);
    constraints.pattern = texts.pattern(are_many);
    let has_fixed_length = *field_type == FieldType::String(StringFormat::Uuid);
    if constraints.pattern.is_none() && !has_fixed_length {
        let longest = texts.lengths().map_or(0, |(_, most)| u64::from(most));
        let room = |most: &u32| longest > 0 && longest * 5 <= u64::from(*most) * 4;
        constraints.max_length = LENGTHS.into_iter().find(room);
    }
}

impl ColumnFacts {
    /// `240 rows, 12 values, 3 to 60 characters`, or what the author says.
    fn description(&self, field_type: &FieldType) -> String {
        if let Some(note) = &self.note {
            return note.clone();
        }
        let mut said = vec![count(self.rows, "row")];
        match self.missing {
            0 => {}
            missing if missing == self.rows => said.push("none with a value".to_owned()),
            missing => said.push(format!("{missing} without a value")),
        }
        match self.distinct {
            Some(0) => {}
            Some(distinct) => said.push(count(distinct, "value")),
            None => said.push(format!("more than {MAX_DISTINCT} values")),
        }
        if self.errors > 0 {
            said.push(count(self.errors, "error of a formula"));
        }
        let between = |least: String, most: String| match least == most {
            true => least,
            false => format!("{least} to {most}"),
        };
        if let Some((least, most)) = &self.range {
            let ends = [least, most].map(|value| field_type.iso_text(value));
            if let [Some(least), Some(most)] = ends {
                said.push(between(least, most));
            }
        }
        if let Some((least, most)) = self.texts.lengths() {
            let plural = if most == 1 { "" } else { "s" };
            let lengths = between(least.to_string(), most.to_string());
            said.push(format!("{lengths} character{plural}"));
        }
        said.join(", ")
    }
}

/// `1 row`, `2 rows`, `3 errors of a formula`
fn count(number: u64, what: &str) -> String {
    let (word, rest) = what
        .split_once(' ')
        .map_or((what, ""), |(word, _)| (word, &what[word.len()..]));
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {word}{plural}{rest}")
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
        ColumnKind::Text => FieldType::String(facts.texts.format()),
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

/// The names of the fields with these labels. A label that is a name keeps it: `unit_price` is not renamed for the sake of a
/// `Unit Price` before it.
fn field_names(labels: &[&str]) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut names: Vec<Option<String>> = labels
        .iter()
        .map(|label| {
            let is_name = field_name(label) == *label && taken.insert((*label).to_owned());
            is_name.then(|| (*label).to_owned())
        })
        .collect();
    for (name, label) in names.iter_mut().zip(labels) {
        if name.is_none() {
            *name = Some(unique(field_name(label), &mut taken));
        }
    }
    names.into_iter().flatten().collect()
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
