//! `maxBytes`: the most bytes a text may have.

use super::{Rule, RuleDoc};

pub(super) const DOC: RuleDoc = RuleDoc {
    key: "maxBytes",
    code: "cell/max-length",
    what: "The text has at most this many bytes in UTF-8.",
    why: "Some databases count bytes: `ü` takes two places there.",
    example: "sheetlift: {check: {maxBytes: 40}}",
};

#[derive(Debug)]
pub(super) struct MaxBytes(pub(super) u32);

impl Rule for MaxBytes {
    fn code(&self) -> &'static str {
        DOC.code
    }

    fn text(&self) -> String {
        format!("maxBytes: {}", self.0)
    }

    fn expected(&self) -> String {
        format!("at most {} bytes long in UTF-8", self.0)
    }

    fn holds_text(&self, value: &str) -> bool {
        value.len() <= self.0 as usize
    }
}
