//! `minLength`: the fewest characters a text may have.

use super::{Measure, Rule, RuleDoc};

pub(super) const DOC: RuleDoc = RuleDoc {
    key: "minLength",
    code: "cell/min-length",
    what: "The text has at least this many characters (Unicode code points, not bytes), the list or array as many items, \
           the object as many keys.",
    why: "A code that lost a digit is shorter than it should be.",
    example: "constraints: {minLength: 3}",
};

#[derive(Debug)]
pub(super) struct MinLength(pub(super) u32, pub(super) Measure);

impl Rule for MinLength {
    fn code(&self) -> &'static str {
        DOC.code
    }

    fn text(&self) -> String {
        format!("minLength: {}", self.0)
    }

    fn expected(&self) -> String {
        self.1.expected("at least", self.0)
    }

    fn holds_text(&self, value: &str) -> bool {
        self.1.count(value) >= self.0 as usize
    }
}
