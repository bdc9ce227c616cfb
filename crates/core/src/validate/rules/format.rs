//! `format` of a string: e-mail address, URI, UUID, base64.

use super::{Rule, RuleDoc};
use crate::contract::StringFormat;

pub(super) const DOC: RuleDoc = RuleDoc {
    key: "format",
    code: "cell/type",
    what: "The text has the shape of an e-mail address, a URI, a UUID or bytes in base64. Whether an address exists is \
           not asked.",
    why: "Half an e-mail address is of no use to anybody.",
    example: "{name: contact, type: string, format: email}",
};

#[derive(Debug)]
pub(super) struct Format(pub(super) StringFormat);

impl Rule for Format {
    fn code(&self) -> &'static str {
        DOC.code
    }

    fn text(&self) -> String {
        format!("format: {}", self.0.name())
    }

    fn expected(&self) -> String {
        self.0.expected().to_owned()
    }

    fn holds_text(&self, value: &str) -> bool {
        self.0.holds(value)
    }
}
