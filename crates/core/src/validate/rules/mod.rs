//! Rules: what a value has to be like, one file each. A rule is made once for a field and then asked about values of its
//! column type; it never sees cells, rows or other columns. Keys (`unique`, `primaryKey`, `uniqueKeys`) and `required`
//! look at more than one value, so only their documentation is here; `validate::keys` and `validate::mod` apply them.

mod array_item;
mod check_digit;
mod decimals;
mod enumeration;
mod foreign_key;
mod format;
mod formula;
mod identifier;
mod json_schema;
mod max_bytes;
mod max_length;
mod maximum;
mod measure;
mod min_length;
mod minimum;
mod not_pattern;
mod pattern;
mod primary_key;
mod required;
mod types;
mod unique;
mod unique_keys;

use std::fmt;

use crate::{
    contract::{Field, FieldType},
    error::{Error, Result},
};

/// The documentation of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleDoc {
    /// The key of the contract that asks for it.
    pub key: &'static str,
    /// The code of its findings.
    pub code: &'static str,
    /// What it checks.
    pub what: &'static str,
    /// Why one wants it.
    pub why: &'static str,
    /// How it stands in a contract (YAML).
    pub example: &'static str,
}

pub(super) use foreign_key::DOC as FOREIGN_KEY;
use measure::Measure;
pub(super) use primary_key::DOC as PRIMARY_KEY;
pub(super) use required::DOC as REQUIRED;
pub(super) use unique::DOC as UNIQUE;
pub(super) use unique_keys::DOC as UNIQUE_KEYS;

/// Every rule, in the order of the documentation.
static DOCS: [RuleDoc; 25] = [
    types::DOC,
    format::DOC,
    required::DOC,
    unique::DOC,
    minimum::DOC,
    minimum::EXCLUSIVE_DOC,
    maximum::DOC,
    maximum::EXCLUSIVE_DOC,
    min_length::DOC,
    max_length::DOC,
    pattern::DOC,
    enumeration::DOC,
    json_schema::DOC,
    array_item::DOC,
    decimals::PRECISION,
    decimals::SCALE,
    decimals::MULTIPLE_OF,
    not_pattern::DOC,
    check_digit::DOC,
    max_bytes::DOC,
    formula::DOC,
    identifier::DOC,
    primary_key::DOC,
    unique_keys::DOC,
    foreign_key::DOC,
];

/// The documentation of every rule.
pub fn rule_docs() -> &'static [RuleDoc] {
    &DOCS
}

/// A rule made for one field. Only the question about the field's own type is ever asked.
pub(super) trait Rule: fmt::Debug + Send + Sync {
    /// The code of its findings.
    fn code(&self) -> &'static str;

    /// As the contract states it: `minimum: 0`.
    fn text(&self) -> String;

    /// What a value has to be, to follow "has to be": `at least 0`.
    fn expected(&self) -> String;

    /// A likely correction of a value that broke the rule, and how likely it is, 0 to 1.
    fn suggestion(&self, _value: &str) -> Option<(String, f64)> {
        None
    }

    /// True for the rule that a value is one of the field's type: what breaks it is asked nothing else, and is no value.
    fn is_type(&self) -> bool {
        false
    }

    /// True when a text keeps it.
    fn holds_text(&self, _value: &str) -> bool {
        true
    }

    /// True when a whole number (days, microseconds, 0 or 1) keeps it.
    fn holds_int(&self, _value: i64) -> bool {
        true
    }

    /// True when a number keeps it.
    fn holds_float(&self, _value: f64) -> bool {
        true
    }

    /// True when all of these keep it. No early way out, so that the loop becomes vector instructions; it is compiled
    /// once for each rule, with its `holds_int` inlined.
    fn all_ints(&self, values: &[i64]) -> bool {
        values
            .iter()
            .fold(true, |ok, &value| ok & self.holds_int(value))
    }

    /// As `all_ints`, for numbers.
    fn all_floats(&self, values: &[f64]) -> bool {
        values
            .iter()
            .fold(true, |ok, &value| ok & self.holds_float(value))
    }
}

/// The rules that one value of `field` can break, in the order of the documentation. [`MAX_RULES`] at most.
pub(super) fn of_field(field: &Field) -> Result<Vec<Box<dyn Rule>>> {
    let constraints = &field.constraints;
    let mut rules: Vec<Box<dyn Rule>> = Vec::new();
    if let FieldType::String(format) = field.field_type
        && format != Default::default()
    {
        rules.push(Box::new(format::Format(format)));
    }
    if field.field_type.is_structured() {
        rules.push(Box::new(types::Structured(field.field_type.clone())));
    }
    if field.field_type == FieldType::Year {
        rules.push(Box::new(types::YearRange));
    }
    for (bound, exclusive) in [
        (&constraints.minimum, false),
        (&constraints.exclusive_minimum, true),
    ] {
        rules.extend(
            bound
                .as_ref()
                .map(|bound| Box::new(minimum::Minimum::new(bound, exclusive)) as _),
        );
    }
    for (bound, exclusive) in [
        (&constraints.maximum, false),
        (&constraints.exclusive_maximum, true),
    ] {
        rules.extend(
            bound
                .as_ref()
                .map(|bound| Box::new(maximum::Maximum::new(bound, exclusive)) as _),
        );
    }
    rules.extend(
        constraints
            .min_length
            .map(|n| Box::new(min_length::MinLength(n, Measure::of(field))) as _),
    );
    rules.extend(
        constraints
            .max_length
            .map(|n| Box::new(max_length::MaxLength(n, Measure::of(field))) as _),
    );
    if let Some(pattern) = &constraints.pattern {
        rules.push(Box::new(pattern::Pattern::new(pattern)?));
    }
    for (key, values) in [
        ("enum", &constraints.enumeration),
        ("categories", &field.categories),
    ] {
        if !values.is_empty() {
            let rule = enumeration::Enumeration::new(key, values, &field.field_type);
            rules.push(Box::new(rule));
        }
    }
    if let Some(schema) = &constraints.json_schema {
        rules.push(Box::new(json_schema::Schema(schema.clone())));
    }
    if let Some(item) = &field.array_item {
        rules.push(Box::new(array_item::Items::new(item)?));
    }
    let checks = &field.checks;
    if let Some(digits) = checks.precision {
        let scale = checks.scale;
        rules.push(Box::new(decimals::Precision { digits, scale }));
    }
    rules.extend(checks.scale.map(|n| Box::new(decimals::Scale(n)) as _));
    let multiple_of = checks.multiple_of;
    rules.extend(multiple_of.map(|of| Box::new(decimals::MultipleOf(of)) as _));
    if let Some(pattern) = &checks.not_pattern {
        rules.push(Box::new(not_pattern::NotPattern::new(pattern)?));
    }
    let digit = checks.check_digit;
    rules.extend(digit.map(|digit| Box::new(check_digit::CheckDigitRule(digit)) as _));
    let max_bytes = checks.max_bytes;
    rules.extend(max_bytes.map(|n| Box::new(max_bytes::MaxBytes(n)) as _));
    if checks.no_formula {
        rules.push(Box::new(formula::NoFormula));
    }
    let identifier = field.reading.identifier;
    rules.extend(identifier.map(|length| Box::new(identifier::Identifier(length)) as _));
    match rules.len() {
        ..=MAX_RULES => Ok(rules),
        count => Err(Error::bug(format!("{count} rules for one field"))),
    }
}

/// Rules of one field, as many as a verdict on a text has room for.
pub(super) const MAX_RULES: usize = 13;
