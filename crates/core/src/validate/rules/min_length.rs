//! `minLength`: the fewest characters a text may have.

use super::{Rule, RuleDoc};

pub(super) const DOC: RuleDoc = RuleDoc {
    key: "minLength",
    code: "cell/min-length",
    what: "The text has at least this many characters (Unicode code points, not bytes).",
    why: "A code that lost a digit is shorter than it should be.",
    example: "constraints: {minLength: 3}",
};

#[derive(Debug)]
pub(super) struct MinLength(pub(super) u32);

impl Rule for MinLength {
    fn code(&self) -> &'static str {
        DOC.code
    }

    fn text(&self) -> String {
        format!("minLength: {}", self.0)
    }

    fn expected(&self) -> String {
        format!("at least {} characters long", self.0)
    }

    fn holds_text(&self, value: &str) -> bool {
        value.chars().count() >= self.0 as usize
    }
}
