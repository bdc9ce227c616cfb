//! `maxLength`: the most characters a text may have.

use super::{Measure, Rule, RuleDoc};

pub(super) const DOC: RuleDoc = RuleDoc {
    key: "maxLength",
    code: "cell/max-length",
    what: "The text has at most this many characters (Unicode code points, not bytes), the list or array as many items, \
           the object as many keys.",
    why: "The column of the database ends there.",
    example: "constraints: {maxLength: 40}",
};

#[derive(Debug)]
pub(super) struct MaxLength(pub(super) u32, pub(super) Measure);

impl Rule for MaxLength {
    fn code(&self) -> &'static str {
        DOC.code
    }

    fn text(&self) -> String {
        format!("maxLength: {}", self.0)
    }

    fn expected(&self) -> String {
        self.1.expected("at most", self.0)
    }

    fn holds_text(&self, value: &str) -> bool {
        self.1.is_at_most(value, self.0 as usize)
    }
}
