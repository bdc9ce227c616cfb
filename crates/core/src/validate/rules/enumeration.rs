//! `enum` (and `categories`): the values there are.

use ahash::AHashSet;

use super::{Rule, RuleDoc};
use crate::{
    contract::{FieldType, Literal, Value},
    suggest,
};

pub(super) const DOC: RuleDoc = RuleDoc {
    key: "enum",
    code: "cell/enum",
    what: "The value is one of those listed; texts letter by letter, or with `sheetlift.check.enumIgnoreCase` in any letter case. `categories` is checked in the same way.",
    why: "`pcs`, `Pcs.` and `pieces` are three units to a computer.",
    example: "constraints: {enum: [pcs, kg, m]}",
};

/// Values named in a message before it says how many more there are.
const SHOWN: usize = 12;

#[derive(Debug)]
pub(super) struct Enumeration {
    key: &'static str,
    written: Vec<String>,
    texts: AHashSet<String>,
    ints: AHashSet<i64>,
    /// Bits, with one zero only.
    floats: AHashSet<u64>,
    /// How texts are read that mean the same thing in several ways.
    structured: Option<FieldType>,
}

impl Enumeration {
    pub(super) fn new(key: &'static str, values: &[Literal], field_type: &FieldType) -> Self {
        let mut rule = Enumeration {
            key,
            written: values.iter().map(|value| value.text.clone()).collect(),
            texts: AHashSet::new(),
            ints: AHashSet::new(),
            floats: AHashSet::new(),
            structured: Some(field_type.clone()).filter(FieldType::is_structured),
        };
        for literal in values {
            match &literal.value {
                Value::Text(value) => drop(rule.texts.insert(value.clone())),
                Value::Int(value) => drop(rule.ints.insert(*value)),
                Value::Bool(value) => drop(rule.ints.insert(i64::from(*value))),
                Value::Float(value) => drop(rule.floats.insert((value + 0.0).to_bits())),
            }
        }
        rule
    }

    fn listed(&self) -> String {
        let mut listed = self
            .written
            .iter()
            .take(SHOWN)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        if self.written.len() > SHOWN {
            listed.push_str(&format!(" and {} more", self.written.len() - SHOWN));
        }
        listed
    }
}

impl Rule for Enumeration {
    fn code(&self) -> &'static str {
        DOC.code
    }

    fn text(&self) -> String {
        format!("{}: [{}]", self.key, self.listed())
    }

    fn expected(&self) -> String {
        format!("one of {}", self.listed())
    }

    fn suggestion(&self, value: &str) -> Option<(String, f64)> {
        let written = self.written.iter().map(String::as_str);
        let (near, score) = suggest::nearest_scored(value, written)?;
        Some((near.to_owned(), score))
    }

    fn holds_text(&self, value: &str) -> bool {
        match self.structured.as_ref().map(|it| it.parse(value)) {
            None => self.texts.contains(value),
            Some(Ok(Value::Text(canonical))) => self.texts.contains(&canonical),
            Some(_) => false,
        }
    }

    fn holds_int(&self, value: i64) -> bool {
        self.ints.contains(&value)
    }

    fn holds_float(&self, value: f64) -> bool {
        self.floats.contains(&(value + 0.0).to_bits())
    }
}
