//! What a contract demands of a column, asked by those who say it in another language: JSON Schema, SQL, a spreadsheet.

use super::{Contract, Field, Literal};
use crate::finding::Level;

/// The codes of the rules of a field, by their keys.
const CODES: [(&str, &str); 22] = [
    ("type", "cell/type"),
    ("format", "cell/type"),
    ("required", "cell/required"),
    ("unique", "cell/unique"),
    ("minimum", "cell/minimum"),
    ("exclusiveMinimum", "cell/minimum"),
    ("maximum", "cell/maximum"),
    ("exclusiveMaximum", "cell/maximum"),
    ("minLength", "cell/min-length"),
    ("maxLength", "cell/max-length"),
    ("pattern", "cell/pattern"),
    ("enum", "cell/enum"),
    ("precision", "cell/precision"),
    ("scale", "cell/precision"),
    ("multipleOf", "cell/multiple-of"),
    ("notPattern", "cell/pattern"),
    ("checkDigit", "cell/check-digit"),
    ("maxBytes", "cell/max-length"),
    ("formula", "cell/formula-text"),
    ("identifier", "cell/leading-zero-lost"),
    ("jsonSchema", "cell/json-schema"),
    ("arrayItem", "cell/type"),
];

impl Contract {
    /// How much it matters that a value of this field breaks the rule of this key (`minimum`, `checkDigit`).
    ///
    /// ```
    /// use sheetlift_core::{Contract, Level};
    /// let contract: Contract = "fields: [{name: a, sheetlift: {levels: {pattern: warning}}}]".parse().unwrap();
    /// assert_eq!(contract.level_of(&contract.fields[0], "pattern"), Level::Warning);
    /// assert_eq!(contract.level_of(&contract.fields[0], "enum"), Level::Error);
    /// ```
    pub fn level_of(&self, field: &Field, key: &str) -> Level {
        let code = CODES.iter().find(|(known, _)| *known == key);
        let code = code.map_or(key, |(_, code)| code);
        let own = field.levels.get(key, code);
        let level = own.or_else(|| self.levels.get(key, code));
        level.unwrap_or(Level::Error)
    }

    /// True when no row is accepted without a value in this field.
    pub fn is_never_null(&self, index: usize) -> bool {
        let is_needed = || self.level_of(&self.fields[index], "required") == Level::Error;
        self.primary_key.contains(&index) || self.is_required(index) && is_needed()
    }

    /// What rows are refused for as a whole, beside the primary key and unique keys: rules, references, and what is asked of the
    /// table, a line for each.
    ///
    /// ```
    /// use sheetlift_core::Contract;
    /// let contract: Contract = "
    /// fields: [{name: a, type: integer}]
    /// sheetlift: {rules: [{id: r, assert: a > 1}]}
    /// ".parse().unwrap();
    /// assert_eq!(contract.demands_of_rows(), ["rule r: a > 1"]);
    /// ```
    pub fn demands_of_rows(&self) -> Vec<String> {
        let mut said: Vec<String> = Vec::new();
        for key in &self.foreign_keys {
            let table = key.resource.as_deref().unwrap_or("this table");
            let columns = key.columns.join(", ");
            said.push(format!(
                "foreign key {}: {columns} of {table}",
                self.names(&key.fields)
            ));
        }
        for rule in self.rules.iter().filter(|rule| rule.level == Level::Error) {
            let when = rule
                .when
                .as_ref()
                .map(|when| format!(" when {}", when.text()));
            let when = when.unwrap_or_default();
            said.push(format!("rule {}: {}{when}", rule.id, rule.assert.text()));
        }
        let rules = self.table_rules.iter();
        let rules = rules.filter(|rule| rule.level == Level::Error);
        said.extend(rules.map(|rule| format!("table rule {}", rule.id)));
        said
    }

    /// The names of the fields of a key.
    pub(super) fn names(&self, key: &[usize]) -> String {
        let names = key.iter().map(|&index| &*self.fields[index].name);
        names.collect::<Vec<_>>().join(", ")
    }

    /// What the column of a field is called in a new sheet: its title, if that is one of its aliases, or else its name.
    ///
    /// ```
    /// use sheetlift_core::Contract;
    /// let contract: Contract = "
    /// fields:
    /// - {name: unit_price, title: Unit Price, sheetlift: {match: {aliases: [Price, Unit Price]}}}
    /// - {name: qty, title: How many?}
    /// ".parse().unwrap();
    /// assert_eq!((contract.label(0), contract.label(1)), ("Unit Price", "qty"));
    /// ```
    pub fn label(&self, index: usize) -> &str {
        let field = &self.fields[index];
        let is_alias = |field: &Field, label: &String| field.aliases.contains(label);
        let is_ours = |label: &&String| {
            let mut others = self
                .fields
                .iter()
                .enumerate()
                .filter(|(at, _)| *at != index);
            let is_taken =
                others.any(|(_, other)| *other.name == **label || is_alias(other, label));
            is_alias(field, label) && !is_taken
        };
        let title = field.title.as_ref().filter(is_ours);
        title.map_or(&field.name, String::as_str)
    }
}

impl Field {
    /// The values that are allowed, where the field says so: those of `enum`, or else of `categories`, which hold all of them.
    pub fn allowed_values(&self) -> &[Literal] {
        match &self.constraints.enumeration[..] {
            [] => &self.categories,
            values => values,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_rules() {
        for doc in crate::validate::rule_docs() {
            match CODES.iter().find(|(key, _)| *key == doc.key) {
                Some((key, code)) => assert_eq!(*code, doc.code, "{key}"),
                // About several fields, or the table.
                None => assert!(!doc.code.starts_with("cell/"), "{}", doc.key),
            }
        }
    }

    #[test]
    fn a_label_is_found_as_its_field_and_as_no_other() {
        let contract: Contract = "
fields:
- {name: a, title: A, sheetlift: {match: {aliases: [A]}}}
- {name: b, title: C, sheetlift: {match: {aliases: [C]}}}
- {name: C, title: See, sheetlift: {match: {aliases: [sea, See]}}}
- {name: d, title: D}
- {name: e}
"
        .parse()
        .unwrap();
        let labels: Vec<&str> = (0..5).map(|index| contract.label(index)).collect();
        assert_eq!(labels, ["A", "b", "See", "d", "e"]);
    }

    #[test]
    fn allowed_are_the_values_of_the_shorter_list() {
        let contract: Contract =
            "fields: [{name: a, categories: [x, y], constraints: {enum: [y]}}, {name: b, categories: [x]}, {name: c}]"
                .parse()
                .unwrap();
        let allowed = |at: usize| -> Vec<&str> {
            let values = contract.fields[at].allowed_values().iter();
            values.map(|value| value.text.as_str()).collect()
        };
        assert_eq!(
            (allowed(0), allowed(1), allowed(2)),
            (vec!["y"], vec!["x"], vec![])
        );
    }
}
