//! Typed access to a contract file: every value knows its JSON pointer, every error names it with line and column.

use std::fmt;

use super::document::{Data, Key, Node, fault};
use crate::{
    error::{Error, Result},
    suggest,
};

/// A node and how one gets there.
#[derive(Debug, Clone)]
pub(super) struct Place<'a> {
    node: &'a Node,
    pointer: String,
}

impl<'a> Place<'a> {
    pub(super) fn root(node: &'a Node) -> Self {
        Place {
            node,
            pointer: String::new(),
        }
    }

    fn child(&self, key: impl fmt::Display, node: &'a Node) -> Place<'a> {
        let key = key.to_string().replace('~', "~0").replace('/', "~1");
        Place {
            node,
            pointer: format!("{}/{key}", self.pointer),
        }
    }

    /// The JSON pointer from the top of the file.
    pub(super) fn pointer(&self) -> &str {
        &self.pointer
    }

    pub(super) fn data(&self) -> &'a Data {
        &self.node.data
    }

    /// An error about this value.
    pub(super) fn error(&self, message: impl fmt::Display) -> Error {
        let error = fault(self.node.mark, message);
        if self.pointer.is_empty() {
            error
        } else {
            error.in_part(self.pointer.as_str())
        }
    }

    /// An error that says what was expected here.
    pub(super) fn expected(&self, what: impl fmt::Display) -> Error {
        self.error(format!("expected {what}, found {}", self.shown()))
    }

    fn shown(&self) -> String {
        match &self.node.data {
            Data::Text(text) => format!("{text:?}"),
            Data::Number(digits) => digits.clone(),
            Data::Bool(value) => value.to_string(),
            data => data.kind().to_owned(),
        }
    }

    pub(super) fn text(&self) -> Result<&'a str> {
        match &self.node.data {
            Data::Text(text) => Ok(text),
            Data::Number(_) | Data::Bool(_) => {
                Err(self.expected("a string").with_hint("put it in quotes"))
            }
            _ => Err(self.expected("a string")),
        }
    }

    pub(super) fn non_empty_text(&self) -> Result<&'a str> {
        let text = self.text()?;
        if text.trim().is_empty() {
            Err(self.error("must not be empty"))
        } else {
            Ok(text)
        }
    }

    pub(super) fn bool(&self) -> Result<bool> {
        match self.node.data {
            Data::Bool(value) => Ok(value),
            _ => Err(self.expected("true or false")),
        }
    }

    /// A whole number from `at_least`.
    pub(super) fn count(&self, at_least: u32) -> Result<u32> {
        let digits = match &self.node.data {
            Data::Number(digits) => digits.parse::<u32>().ok(),
            _ => None,
        };
        digits
            .filter(|&n| n >= at_least)
            .ok_or_else(|| self.expected(format!("a whole number from {at_least}")))
    }

    pub(super) fn number(&self) -> Result<f64> {
        let number = match &self.node.data {
            Data::Number(digits) => digits.parse::<f64>().ok(),
            _ => None,
        };
        number
            .filter(|number| number.is_finite())
            .ok_or_else(|| self.expected("a number"))
    }

    /// A share.
    pub(super) fn ratio(&self) -> Result<f64> {
        let ratio = self.number()?;
        match (0.0..=1.0).contains(&ratio) {
            true => Ok(ratio),
            false => Err(self.expected("a number from 0 to 1")),
        }
    }

    pub(super) fn list(&self) -> Result<Vec<Place<'a>>> {
        match &self.node.data {
            Data::List(items) => Ok(items
                .iter()
                .enumerate()
                .map(|(i, node)| self.child(i, node))
                .collect()),
            _ => Err(self.expected("a list")),
        }
    }

    pub(super) fn texts(&self) -> Result<Vec<String>> {
        self.list()?
            .iter()
            .map(|item| item.text().map(str::to_owned))
            .collect()
    }

    /// A string, or a list of strings with at least one element.
    pub(super) fn one_or_more(&self) -> Result<Vec<Place<'a>>> {
        match &self.node.data {
            Data::Text(_) => Ok(vec![self.clone()]),
            Data::List(items) if !items.is_empty() => self.list(),
            _ => Err(self.expected("a name or a list of names")),
        }
    }

    pub(super) fn map(&self) -> Result<Keys<'a>> {
        match &self.node.data {
            Data::Map(entries) => Ok(Keys {
                place: self.clone(),
                entries,
            }),
            _ => Err(self.expected("an object")),
        }
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T> {
        let text = self.text()?;
        let chosen = choices
            .iter()
            .find(|(word, _)| *word == text)
            .map(|&(_, value)| value);
        chosen.ok_or_else(|| {
            let words: Vec<&str> = choices.iter().map(|&(word, _)| word).collect();
            let error = self.expected(format!("one of {}", words.join(", ")));
            did_you_mean(error, text, words)
        })
    }
}

/// The entries of an object.
#[derive(Debug, Clone)]
pub(super) struct Keys<'a> {
    place: Place<'a>,
    entries: &'a [(Key, Node)],
}

impl<'a> Keys<'a> {
    pub(super) fn place(&self) -> &Place<'a> {
        &self.place
    }

    pub(super) fn get(&self, key: &str) -> Option<Place<'a>> {
        let (_, node) = self.entries.iter().find(|(other, _)| other.text == key)?;
        Some(self.place.child(key, node))
    }

    /// The value of `key` as `read` understands it, where there is one.
    pub(super) fn read<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Place<'a>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.get(key).map(|place| read(&place)).transpose()
    }

    /// All entries, as they were written.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, Place<'a>)> {
        let place = self.place.clone();
        self.entries
            .iter()
            .map(move |(key, node)| (key.text.as_str(), place.child(&key.text, node)))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<String>> {
        self.read(key, |place| place.text().map(str::to_owned))
    }

    pub(super) fn flag(&self, key: &str) -> Result<bool> {
        Ok(self.read(key, Place::bool)?.unwrap_or(false))
    }

    pub(super) fn required(&self, key: &str) -> Result<Place<'a>> {
        self.get(key)
            .ok_or_else(|| self.place.error(format!("key `{key}` is missing")))
    }

    /// Refuses keys outside `known`; `what` names the object.
    pub(super) fn only(&self, what: &str, known: &[&str], later: &[&str]) -> Result<()> {
        self.check_keys(what, known, later, true)
    }

    /// Refuses keys that look like a misspelling of a known one; others are custom properties, which the standard allows.
    pub(super) fn no_misspelling(&self, what: &str, known: &[&str], later: &[&str]) -> Result<()> {
        self.check_keys(what, known, later, false)
    }

    fn check_keys(&self, what: &str, known: &[&str], later: &[&str], strict: bool) -> Result<()> {
        for (key, node) in self.entries {
            let text = key.text.as_str();
            let place = self.place.child(text, node);
            let at_key = |message: String| fault(key.mark, message).in_part(place.pointer.as_str());
            if later.contains(&text) {
                return Err(at_key(format!("`{text}` in {what} is not supported yet")));
            }
            let all = || known.iter().chain(later).copied();
            let is_odd = || strict || is_misspelt(text, all());
            if !known.contains(&text) && is_odd() {
                return Err(did_you_mean(
                    at_key(format!("unknown key `{text}` in {what}")),
                    text,
                    all(),
                ));
            }
        }
        Ok(())
    }
}

/// True for a word that is one slip away from another one, or two if it is long.
fn is_misspelt<'w>(word: &str, words: impl IntoIterator<Item = &'w str>) -> bool {
    let slips = match word.chars().count() {
        ..4 => return false,
        4..8 => 1,
        8.. => 2,
    };
    suggest::nearest(word, words).is_some_and(|near| {
        strsim::osa_distance(&word.to_lowercase(), &near.to_lowercase()) <= slips
    })
}

pub(super) fn did_you_mean<'w>(
    error: Error,
    word: &str,
    words: impl IntoIterator<Item = &'w str>,
) -> Error {
    match suggest::nearest(word, words) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error,
    }
}
