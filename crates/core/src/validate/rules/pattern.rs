//! `pattern`: a regular expression for the whole text.

use regex::Regex;

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
}

impl Pattern {
    pub(super) fn new(pattern: &str) -> Result<Self> {
        let regex = compile_pattern(pattern).map_err(|error| Error::contract(error.to_string()))?;
        Ok(Pattern {
            written: pattern.to_owned(),
            regex,
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
        self.regex.is_match(value)
    }
}
