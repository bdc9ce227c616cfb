//! `maxLength`: the most characters a text may have.

use super::{Rule, RuleDoc};

pub(super) const DOC: RuleDoc = RuleDoc {
    key: "maxLength",
    code: "cell/max-length",
    what: "The text has at most this many characters (Unicode code points, not bytes).",
    why: "The column of the database ends there.",
    example: "constraints: {maxLength: 40}",
};

#[derive(Debug)]
pub(super) struct MaxLength(pub(super) u32);

impl Rule for MaxLength {
    fn code(&self) -> &'static str {
        DOC.code
    }

    fn text(&self) -> String {
        format!("maxLength: {}", self.0)
    }

    fn expected(&self) -> String {
        format!("at most {} characters long", self.0)
    }

    fn holds_text(&self, value: &str) -> bool {
        value.len() <= self.0 as usize || value.chars().count() <= self.0 as usize
    }
}
