//! `identifier`: numbers with zeros in front, which a spreadsheet program likes to drop.

use super::{Rule, RuleDoc};

pub(super) const DOC: RuleDoc = RuleDoc {
    key: "identifier",
    code: "cell/leading-zero-lost",
    what: "A number has as many digits as the identifiers of the field, zeros in front included: 42 has lost some. A number whose format shows the zeros (`00000000`) has them.",
    why: "A postal code without its zero is another place, and a GTIN without it another item.",
    example: "sheetlift: {read: {identifier: {length: 8}}}",
};

/// How likely it is that zeros are what is missing.
const SCORE: f64 = 0.9;

#[derive(Debug)]
pub(super) struct Identifier(pub(super) u8);

impl Identifier {
    fn is_short(&self, value: &str) -> bool {
        !value.is_empty()
            && value.len() < usize::from(self.0)
            && value.bytes().all(|byte| byte.is_ascii_digit())
    }
}

impl Rule for Identifier {
    fn code(&self) -> &'static str {
        DOC.code
    }

    fn text(&self) -> String {
        format!("identifier: {{length: {}}}", self.0)
    }

    fn expected(&self) -> String {
        format!("a number of {} digits, zeros in front included", self.0)
    }

    fn suggestion(&self, value: &str) -> Option<(String, f64)> {
        let padded = || format!("{value:0>width$}", width = usize::from(self.0));
        self.is_short(value).then(|| (padded(), SCORE))
    }

    fn holds_text(&self, value: &str) -> bool {
        !self.is_short(value)
    }
}
