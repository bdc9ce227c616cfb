//! What changes from one contract to another, and what of it can turn a good file into a bad one.

use std::fmt::Debug;

use serde_json::Value as Json;

use super::{
    keys, levels,
    lexical::BoundCheck,
    load::Load,
    model::{Constraints, Contract, Field, Literal},
};
use crate::finding::Level;

/// One difference between two contracts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Change {
    /// What it is about, such as `/schema/fields/price/constraints/minimum`; fields are called by their names.
    pub pointer: String,
    /// What is different: `0 -> 1`, `added`, `removed`.
    pub what: String,
    /// True when a file that is good under the old contract may be bad under the new one, or accepted rows have other columns
    /// or go somewhere else.
    pub breaking: bool,
}

impl Contract {
    /// What is different in `newer`, in the order of its parts.
    ///
    /// ```
    /// use sheetlift_core::Contract;
    /// let old: Contract = "fields: [{name: price, type: number, constraints: {minimum: 0}}]".parse().unwrap();
    /// let new: Contract = "fields: [{name: price, type: number, constraints: {minimum: 1}}]".parse().unwrap();
    /// let changes = old.diff(&new);
    /// assert_eq!(changes[0].pointer, "/schema/fields/price/constraints/minimum");
    /// assert_eq!((&*changes[0].what, changes[0].breaking), ("0 -> 1", true));
    /// ```
    pub fn diff(&self, newer: &Contract) -> Vec<Change> {
        let mut diff = Diff(Vec::new());
        diff.prose("/name", &self.name, &newer.name);
        diff.prose("/title", &self.title, &newer.title);
        diff.prose("/description", &self.description, &newer.description);
        diff.value("/dialect", &self.csv, &newer.csv, true);
        for field in &self.fields {
            let pointer = format!("/schema/fields/{}", field.name);
            match newer.field_index(&field.name) {
                Some(at) => diff.field(&pointer, field, &newer.fields[at]),
                None => diff.push(pointer, "removed", true),
            }
        }
        for (at, field) in newer.fields.iter().enumerate() {
            if self.field_index(&field.name).is_none() {
                let is_needed = newer.is_required(at) || newer.fields_match.needs_every_field();
                diff.push(format!("/schema/fields/{}", field.name), "added", is_needed);
            }
        }
        let kept = |contract: &Contract, other: &Contract| -> Vec<String> {
            let names = contract.fields.iter().map(|field| field.name.to_string());
            names
                .filter(|name| other.field_index(name).is_some())
                .collect()
        };
        if kept(self, newer) != kept(newer, self) {
            diff.push("/schema/fields".to_owned(), "in another order", true);
        }
        let (old, new) = (self.fields_match, newer.fields_match);
        let is_stricter = new.needs_every_field() && !old.needs_every_field()
            || new.needs_every_column() && !old.needs_every_column()
            || new == super::FieldsMatch::Exact;
        diff.words("/schema/fieldsMatch", old.name(), new.name(), is_stricter);
        let names = |contract: &Contract, key: &[usize]| -> Vec<String> {
            let names = key
                .iter()
                .map(|&field| contract.fields[field].name.to_string());
            names.collect()
        };
        let (old, new) = (
            names(self, &self.primary_key),
            names(newer, &newer.primary_key),
        );
        diff.words("/schema/primaryKey", &old.join(", "), &new.join(", "), true);
        let keys = |contract: &Contract| -> Vec<Vec<String>> {
            let keys = contract.unique_keys.iter();
            keys.map(|key| names(contract, key)).collect()
        };
        diff.list("/schema/uniqueKeys", &keys(self), &keys(newer), true, false);
        let foreign_keys = |contract: &Contract| -> Vec<String> {
            let keys = contract.foreign_keys.iter().map(|key| {
                let own = names(contract, &key.fields).join(", ");
                let there = key.resource.as_deref().unwrap_or("this table");
                format!("{own} in {there} ({})", key.columns.join(", "))
            });
            keys.collect()
        };
        diff.list(
            "/schema/foreignKeys",
            &foreign_keys(self),
            &foreign_keys(newer),
            true,
            false,
        );
        let (old, new) = (&self.table_rules, &newer.table_rules);
        diff.list("/sheetlift/tableRules", old, new, true, false);
        let (old, new) = (&self.thresholds, &newer.thresholds);
        diff.value("/sheetlift/thresholds", old, new, true);
        diff.value(
            "/sheetlift/references",
            &self.references,
            &newer.references,
            true,
        );
        diff.list(
            "/schema/missingValues",
            &self.missing_values,
            &newer.missing_values,
            true,
            true,
        );
        diff.value("/sheetlift/locate", &self.locate, &newer.locate, true);
        diff.value("/sheetlift/match", &self.matching, &newer.matching, true);
        for rule in &self.rules {
            let pointer = format!("/sheetlift/rules/{}", rule.id);
            match newer.rules.iter().find(|other| other.id == rule.id) {
                Some(other) if other == rule => {}
                Some(other) => {
                    let is_reworded = rule.assert == other.assert
                        && rule.when == other.when
                        && rule.level >= other.level;
                    diff.push(
                        pointer,
                        "changed",
                        !is_reworded && other.level == Level::Error,
                    );
                }
                None => diff.push(pointer, "removed", false),
            }
        }
        for rule in &newer.rules {
            if !self.rules.iter().any(|other| other.id == rule.id) {
                let pointer = format!("/sheetlift/rules/{}", rule.id);
                diff.push(pointer, "added", rule.level == Level::Error);
            }
        }
        diff.levels("/sheetlift/levels", &self.levels, &newer.levels);
        match (&self.load, &newer.load) {
            (Some(old), Some(new)) => diff.load(old, new),
            (old, new) => diff.value("/sheetlift/load", old, new, true),
        }
        diff.0
    }
}

struct Diff(Vec<Change>);

impl Diff {
    fn push(&mut self, pointer: String, what: impl Into<String>, breaking: bool) {
        self.0.push(Change {
            pointer,
            what: what.into(),
            breaking,
        });
    }

    fn words(&mut self, pointer: &str, old: &str, new: &str, breaking: bool) {
        if old != new {
            let shown = |text: &str| {
                if text.is_empty() {
                    "none".to_owned()
                } else {
                    text.to_owned()
                }
            };
            let what = format!("{} -> {}", shown(old), shown(new));
            self.push(pointer.to_owned(), what, breaking);
        }
    }

    fn prose(&mut self, pointer: &str, old: &Option<String>, new: &Option<String>) {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        self.words(pointer, &text(old), &text(new), false);
    }

    fn value<T: PartialEq + Debug>(&mut self, pointer: &str, old: &T, new: &T, breaking: bool) {
        if old != new {
            self.push(pointer.to_owned(), "changed", breaking);
        }
    }

    /// Items that are gone, and items that are new.
    fn list<T: PartialEq + Debug>(
        &mut self,
        pointer: &str,
        old: &[T],
        new: &[T],
        added_breaks: bool,
        removed_breaks: bool,
    ) {
        for item in old.iter().filter(|item| !new.contains(item)) {
            self.push(
                pointer.to_owned(),
                format!("{item:?} removed"),
                removed_breaks,
            );
        }
        for item in new.iter().filter(|item| !old.contains(item)) {
            self.push(pointer.to_owned(), format!("{item:?} added"), added_breaks);
        }
    }

    fn levels(&mut self, pointer: &str, old: &levels::Levels, new: &levels::Levels) {
        let of = |levels: &levels::Levels, name: &str| {
            let level = levels.get(name, name);
            level.unwrap_or_else(|| levels::default_of(name))
        };
        let mut names: Vec<&str> = old.iter().chain(new.iter()).map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let (before, now) = (of(old, name), of(new, name));
            let pointer = format!("{pointer}/{name}");
            let breaks = now == Level::Error;
            self.words(&pointer, before.name(), now.name(), breaks);
        }
    }

    fn load(&mut self, old: &Load, new: &Load) {
        let share = |load: &Load| load.max_missing.unwrap_or(Load::MAX_MISSING);
        let (old_json, new_json) = (old.to_json(), new.to_json());
        for key in keys::LOAD {
            let [old_text, new_text] = [&old_json, &new_json].map(|json| match json.get(key) {
                Some(Json::String(text)) => text.clone(),
                Some(value) => value.to_string(),
                None => String::new(),
            });
            let breaks = match *key {
                "version" | "immutable" => !new_text.is_empty(),
                "maxMissing" => share(new) < share(old),
                _ => true,
            };
            let pointer = format!("/sheetlift/load/{key}");
            self.words(&pointer, &old_text, &new_text, breaks);
        }
    }

    fn field(&mut self, pointer: &str, old: &Field, new: &Field) {
        self.prose(&format!("{pointer}/title"), &old.title, &new.title);
        self.prose(
            &format!("{pointer}/description"),
            &old.description,
            &new.description,
        );
        self.list(
            &format!("{pointer}/examples"),
            &old.examples,
            &new.examples,
            false,
            false,
        );
        if old.field_type.name() != new.field_type.name() {
            let (old, new) = (old.field_type.name(), new.field_type.name());
            self.words(&format!("{pointer}/type"), old, new, true);
            return; // nothing else can be compared
        }
        self.value(
            &format!("{pointer}/format"),
            &old.field_type,
            &new.field_type,
            true,
        );
        self.constraints(
            &format!("{pointer}/constraints"),
            &old.constraints,
            &new.constraints,
        );
        self.value(
            &format!("{pointer}/arrayItem"),
            &old.array_item,
            &new.array_item,
            true,
        );
        self.values(
            &format!("{pointer}/categories"),
            &old.categories,
            &new.categories,
        );
        self.value(
            &format!("{pointer}/missingValues"),
            &old.missing_values,
            &new.missing_values,
            true,
        );
        let aliases = format!("{pointer}/sheetlift/match/aliases");
        self.list(&aliases, &old.aliases, &new.aliases, false, true);
        let reading = format!("{pointer}/sheetlift/read");
        self.value(&reading, &old.reading, &new.reading, true);
        let blank = format!("{pointer}/sheetlift/blank");
        self.value(&blank, &old.blank, &new.blank, true);
        if old.checks != new.checks {
            let is_gone = new.checks == Default::default();
            let what = if is_gone { "removed" } else { "changed" };
            self.push(format!("{pointer}/sheetlift/check"), what, !is_gone);
        }
        self.levels(
            &format!("{pointer}/sheetlift/levels"),
            &old.levels,
            &new.levels,
        );
    }

    /// Values that are allowed; none means all.
    fn values(&mut self, pointer: &str, old: &[Literal], new: &[Literal]) {
        let texts = |values: &[Literal]| -> Vec<String> {
            values.iter().map(|value| value.text.clone()).collect()
        };
        match (old, new) {
            ([], []) => {}
            ([], _) => self.push(pointer.to_owned(), "added", true),
            (_, []) => self.push(pointer.to_owned(), "removed", false),
            _ => self.list(pointer, &texts(old), &texts(new), false, true),
        }
    }

    fn constraints(&mut self, pointer: &str, old: &Constraints, new: &Constraints) {
        for (name, old, new) in [
            ("required", old.required, new.required),
            ("unique", old.unique, new.unique),
        ] {
            let (old, new, pointer) = (
                old.to_string(),
                new.to_string(),
                format!("{pointer}/{name}"),
            );
            self.words(&pointer, &old, &new, new == "true");
        }
        let is_lower = |bound: &Literal, other: &Literal| other.value.exceeds(&bound.value, false);
        let is_higher = |bound: &Literal, other: &Literal| bound.value.exceeds(&other.value, false);
        for (name, old, new, is_wider) in [
            (
                "minimum",
                &old.minimum,
                &new.minimum,
                &is_lower as &dyn Fn(&Literal, &Literal) -> bool,
            ),
            ("maximum", &old.maximum, &new.maximum, &is_higher),
            (
                "exclusiveMinimum",
                &old.exclusive_minimum,
                &new.exclusive_minimum,
                &is_lower,
            ),
            (
                "exclusiveMaximum",
                &old.exclusive_maximum,
                &new.exclusive_maximum,
                &is_higher,
            ),
        ] {
            let text =
                |bound: &Option<Literal>| bound.as_ref().map_or(String::new(), |b| b.text.clone());
            let breaks = match (old, new) {
                (_, None) => false,
                (None, Some(_)) => true,
                (Some(old), Some(new)) => !is_wider(new, old) && new.value != old.value,
            };
            self.words(&format!("{pointer}/{name}"), &text(old), &text(new), breaks);
        }
        let text = |count: Option<u32>| count.map_or(String::new(), |count| count.to_string());
        let (before, now) = (old.min_length, new.min_length);
        let breaks = now > before;
        self.words(
            &format!("{pointer}/minLength"),
            &text(before),
            &text(now),
            breaks,
        );
        let (before, now) = (old.max_length, new.max_length);
        let breaks = now.is_some_and(|now| before.is_none_or(|before| now < before));
        self.words(
            &format!("{pointer}/maxLength"),
            &text(before),
            &text(now),
            breaks,
        );
        let breaks = new.json_schema.is_some();
        self.value(
            &format!("{pointer}/jsonSchema"),
            &old.json_schema,
            &new.json_schema,
            breaks,
        );
        let pattern = |pattern: &Option<String>| pattern.clone().unwrap_or_default();
        let breaks = new.pattern.is_some();
        let (before, now) = (pattern(&old.pattern), pattern(&new.pattern));
        self.words(&format!("{pointer}/pattern"), &before, &now, breaks);
        self.values(
            &format!("{pointer}/enum"),
            &old.enumeration,
            &new.enumeration,
        );
    }
}
