//! A contract file as a tree whose every node knows its line and column. Knows nothing of contracts.
//!
//! JSON is read as JSON and YAML as YAML 1.2 (core schema), so that each is as strict as its standard: numbers keep their
//! digits, a key that occurs twice is an error, and anchors, aliases and custom tags have no place in a contract.

use std::fmt;

use super::{json, yaml};
use crate::error::{Error, Result};

/// Nesting beyond this is no contract.
pub(super) const MAX_DEPTH: usize = 64;

/// A place in a text file, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A value and where it starts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) mark: Mark,
    pub(super) data: Data,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    Null,
    Bool(bool),
    /// Digits as they were written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    pub(super) mark: Mark,
    pub(super) text: String,
}

impl Data {
    /// What it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Data::Null => "null",
            Data::Bool(_) => "a boolean",
            Data::Number(_) => "a number",
            Data::Text(_) => "a string",
            Data::List(_) => "a list",
            Data::Map(_) => "an object",
        }
    }
}

/// Reads JSON when the text starts like JSON, YAML otherwise.
pub(super) fn parse(text: &str) -> Result<Node> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.trim_start().as_bytes().first() {
        Some(b'{' | b'[') => json::parse(text),
        Some(_) => yaml::parse(text),
        None => Err(Error::contract("the file is empty")),
    }
}

/// Adds an entry to a map; a key may occur once.
pub(super) fn insert(entries: &mut Vec<(Key, Node)>, key: Key, node: Node) -> Result<()> {
    if let Some((first, _)) = entries.iter().find(|(other, _)| other.text == key.text) {
        let (name, again, before) = (&key.text, key.mark, first.mark);
        return Err(fault(
            again,
            format!("key `{name}` occurs twice (first in {before})"),
        ));
    }
    entries.push((key, node));
    Ok(())
}

/// A contract error with its place in the file.
pub(super) fn fault(mark: Mark, message: impl fmt::Display) -> Error {
    Error::contract(format!("{message} ({mark})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(node: &Node) -> serde_json::Value {
        match &node.data {
            Data::Null => serde_json::Value::Null,
            Data::Bool(value) => (*value).into(),
            Data::Number(digits) => format!("#{digits}").into(),
            Data::Text(text) => text.clone().into(),
            Data::List(items) => items.iter().map(strip).collect(),
            Data::Map(entries) => serde_json::Value::Object(
                entries
                    .iter()
                    .map(|(k, v)| (k.text.clone(), strip(v)))
                    .collect(),
            ),
        }
    }

    #[test]
    fn json_and_yaml_agree() {
        let json = "{\n\t\"a\": [1, -2.50, 1e3, \"x\\ud83d\\ude00\\n\"],\n\t\"b\": {\"c\": null, \"d\": true}, \"e\": []\n}";
        let yaml =
            "# comment\na: [1, -2.50, 1e3, \"x\u{1f600}\\n\"]\nb:\n  c: ~\n  d: true\ne: []\n";
        assert_eq!(strip(&parse(json).unwrap()), strip(&parse(yaml).unwrap()));
    }

    #[test]
    fn knows_places() {
        for text in [
            "{\n  \"é\": 1,\n  \"b\": {\"c\": 2}\n}",
            "é: 1\n\nb: {c: 2}\n",
        ] {
            let node = parse(text).unwrap();
            let Data::Map(entries) = &node.data else {
                panic!()
            };
            assert_eq!(entries[1].0.mark.line, 3, "{text}");
            let Data::Map(inner) = &entries[1].1.data else {
                panic!()
            };
            assert_eq!(inner[0].0.text, "c");
            assert_eq!(
                inner[0].0.mark.column,
                if text.starts_with('{') { 9 } else { 5 },
                "{text}"
            );
        }
    }

    #[test]
    fn resolves_plain_scalars_as_the_core_schema_does() {
        let node = parse("[~, null, true, yes, 007, 0x1F, '12', 1.5, 2024-01-31, .inf, !!str 12]")
            .unwrap_err();
        assert!(node.message().contains("expected"), "{node}"); // starts like JSON, so it is read as JSON
        let node = parse("- ~\n-\n- true\n- yes\n- 007\n- '12'\n- 1.5\n- 2024-01-31\n- !!str 12\n")
            .unwrap();
        let expected = serde_json::json!([
            null,
            null,
            true,
            "yes",
            "#007",
            "12",
            "#1.5",
            "2024-01-31",
            "12"
        ]);
        assert_eq!(strip(&node), expected);
    }

    #[test]
    fn rejects_what_is_not_a_contract_file() {
        for (text, part) in [
            ("", "empty"),
            (
                "{\"a\": 1, \"a\": 2}",
                "`a` occurs twice (first in line 1, column 2) (line 1, column 10)",
            ),
            (
                "a: 1\nb: 2\na: 3\n",
                "`a` occurs twice (first in line 1, column 1) (line 3, column 1)",
            ),
            ("{\"a\": 1,}", "line 1"),
            ("{\"a\": 01}", "line 1"),
            ("a: [1\n", "line"),
            ("a: &x 1\nb: *x\n", "anchors and aliases"),
            ("a: !custom 1\n", "tag"),
            ("? [a]\n: 1\n", "key"),
            ("a: 1\n---\nb: 2\n", "more than one document"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text:?}: {error}");
        }
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert!(parse(&deep).unwrap_err().to_string().contains("nested"));
        assert!(
            parse(&format!("a: {deep}"))
                .unwrap_err()
                .to_string()
                .contains("nested")
        );
    }
}
