//! What is expected of a field, in the words of findings, for those who say it before there is a finding.

use super::rules;
use crate::{
    contract::{Contract, Field, FieldType},
    error::Result,
    finding::Level,
};

/// One thing that is expected of the values of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expectation {
    /// The key of the contract that asks for it: `type`, `minimum`.
    pub key: String,
    /// Its words: `a whole number`, `at least 0`.
    pub text: String,
    /// How much it matters.
    pub level: Level,
}

/// What is expected of the values of a field: its type, then its rules, then that it has a value and that none comes twice.
///
/// ```
/// use sheetlift_core::{Contract, expectations};
/// let contract: Contract = "fields: [{name: qty, type: integer, constraints: {required: true, minimum: 0}}]".parse().unwrap();
/// let words: Vec<String> = expectations(&contract, 0)?.into_iter().map(|expected| expected.text).collect();
/// assert_eq!(words, ["a whole number", "at least 0", "there in every row"]);
/// # Ok::<(), sheetlift_core::Error>(())
/// ```
///
/// # Errors
/// `Contract` when a pattern cannot be used, which contracts that were read do not have.
pub fn expectations(contract: &Contract, index: usize) -> Result<Vec<Expectation>> {
    let field: &Field = &contract.fields[index];
    let expectation = |key: &str, text: String| Expectation {
        level: contract.level_of(field, key),
        key: key.to_owned(),
        text,
    };
    let mut found = vec![expectation("type", field.field_type.expected())];
    for rule in rules::of_field(field)? {
        let text = rule.text();
        let key = text.split(':').next().unwrap_or_default();
        // The type says its format.
        if !(key == "format" && matches!(field.field_type, FieldType::String(_))) {
            found.push(expectation(key, rule.expected()));
        }
    }
    if contract.is_required(index) {
        let mut needed = expectation("required", "there in every row".to_owned());
        if contract.primary_key.contains(&index) {
            needed.level = Level::Error;
        }
        found.push(needed);
    }
    if contract.primary_key == [index] || field.constraints.unique {
        found.push(expectation("unique", "different in every row".to_owned()));
    }
    Ok(found)
}
