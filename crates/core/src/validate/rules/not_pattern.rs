//! `notPattern`: a regular expression that no text matches.

use super::{Rule, RuleDoc, pattern::Pattern};
use crate::error::Result;

pub(super) const DOC: RuleDoc = RuleDoc {
    key: "notPattern",
    code: "cell/pattern",
    what: "The whole text does not match the regular expression.",
    why: "TBD, test and xxx are no names.",
    example: "sheetlift: {check: {notPattern: '(?i)tbd|test|x+'}}",
};

#[derive(Debug)]
pub(super) struct NotPattern {
    written: String,
    pattern: Pattern,
}

impl NotPattern {
    pub(super) fn new(pattern: &str) -> Result<Self> {
        Ok(NotPattern {
            written: pattern.to_owned(),
            pattern: Pattern::new(pattern)?,
        })
    }
}

impl Rule for NotPattern {
    fn code(&self) -> &'static str {
        DOC.code
    }

    fn text(&self) -> String {
        format!("notPattern: {}", self.written)
    }

    fn expected(&self) -> String {
        format!("a text that does not match {}", self.written)
    }

    fn holds_text(&self, value: &str) -> bool {
        !self.pattern.holds_text(value)
    }
}
