//! `pattern`: a regular expression for the whole text.

use std::sync::OnceLock;

use regex::Regex;
use regex_automata::{
    Anchored, Input,
    dfa::{
        Automaton, StartKind,
        dense::{Config, DFA},
    },
};

use super::{Rule, RuleDoc};
use crate::{
    contract::compile_pattern,
    error::{Error, Result},
};

pub(super) const DOC: RuleDoc = RuleDoc {
    key: "pattern",
    code: "cell/pattern",
    what: "The whole text matches the regular expression (syntax of Rust's regex crate: linear time, no look-around or \
           back-references).",
    why: "Article numbers have a form, and what lacks it is something else.",
    example: "constraints: {pattern: '[A-Z]{2}-[0-9]{4}'}",
};

#[derive(Debug)]
pub(super) struct Pattern {
    written: String,
    regex: Regex,
    /// Made for the first text: a contract is often read for its fields alone.
    table: OnceLock<Option<DFA<Vec<u32>>>>,
}

/// Bytes of a state table, and of the work to make it: codes and numbers need a few kilobytes, and a pattern with classes of
/// all of Unicode gives up within a millisecond.
const TABLE_BYTES: usize = 64 << 10;

/// The pattern as a table of states, one look for each byte: a million distinct texts cost half of what the lazy automata of
/// `regex` take, most of which is getting ready for each text. `None` for what such a table cannot hold; the regular
/// expression answers then.
fn state_table(pattern: &str) -> Option<DFA<Vec<u32>>> {
    let config = Config::new()
        .start_kind(StartKind::Anchored)
        .dfa_size_limit(Some(TABLE_BYTES))
        .determinize_size_limit(Some(TABLE_BYTES));
    let whole = format!(r"(?:{pattern})\z");
    DFA::builder().configure(config).build(&whole).ok()
}

impl Pattern {
    pub(super) fn new(pattern: &str) -> Result<Self> {
        let regex = compile_pattern(pattern).map_err(|error| Error::contract(error.to_string()))?;
        Ok(Pattern {
            written: pattern.to_owned(),
            regex,
            table: OnceLock::new(),
        })
    }
}

impl Rule for Pattern {
    fn code(&self) -> &'static str {
        DOC.code
    }

    fn text(&self) -> String {
        format!("pattern: {}", self.written)
    }

    fn expected(&self) -> String {
        format!("a text that matches {}", self.written)
    }

    fn holds_text(&self, value: &str) -> bool {
        let input = Input::new(value).anchored(Anchored::Yes);
        let table = self.table.get_or_init(|| state_table(&self.written));
        let found = table.as_ref().map(|table| table.try_search_fwd(&input));
        match found {
            Some(Ok(end)) => end.is_some(),
            _ => self.regex.is_match(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// With and without a table; anchors, empty branches, letters beyond ASCII, what `.` leaves out.
    const PATTERNS: [&str; 14] = [
        "[A-Za-z0-9._-]+",
        "[0-9]{8,14}",
        "[A-Z]{2}-[0-9]{4}|X",
        "(?i)ab*",
        "a|",
        "",
        ".*",
        r"\d+",
        r"^a$|^b$",
        "(?s).a",
        "[äé]+|ß",
        r"\ba\b",
        r"\w{1,30} \w+",
        "(?m)^a$",
    ];

    #[test]
    fn codes_have_a_table_and_unicode_classes_do_not() {
        assert!(state_table("[A-Z]{2}-[0-9]{4}").is_some());
        assert!(state_table(r"\w{1,30} \w+").is_none());
        assert!(state_table(r"\ba\b").is_none());
    }

    proptest! {
        #[test]
        fn the_table_says_what_the_regular_expression_says(
            texts in prop::collection::vec("[A-Ca-b0-2äéß\n .-]{0,12}|[A-Z]{2}-[0-9]{4}|[0-9]{7,15}|\\PC{0,8}", 20)
        ) {
            for written in PATTERNS {
                let pattern = Pattern::new(written).unwrap();
                for text in &texts {
                    prop_assert_eq!(pattern.holds_text(text), pattern.regex.is_match(text), "{} {:?}", written, text);
                }
            }
        }
    }
}
