//! `type`: the value is one of the field's type.

use super::{Rule, RuleDoc};
use crate::contract::FieldType;

pub(super) const DOC: RuleDoc = RuleDoc {
    key: "type",
    code: "cell/type",
    what: "The cell holds a value of the field's type, or a text that means one. Dates have codes of their own \
           (cell/date-invalid, cell/date-ambiguous), as have numbers in the writing of another country \
           (cell/number-locale) or with too many digits (cell/precision), and cells that show an error \
           (cell/formula-error).",
    why: "A text in a number column is lost, or stops the import, later on.",
    example: "{name: price, type: number}",
};

/// Cells of a year column are whole numbers; years have four digits.
#[derive(Debug)]
pub(super) struct YearRange;

impl Rule for YearRange {
    fn code(&self) -> &'static str {
        DOC.code
    }

    fn text(&self) -> String {
        "type: year".to_owned()
    }

    fn expected(&self) -> String {
        "a year of four digits".to_owned()
    }

    fn is_type(&self) -> bool {
        true
    }

    fn holds_int(&self, value: i64) -> bool {
        (-9999..=9999).contains(&value)
    }
}

/// Lists, JSON and points: the column holds the text, which has to be readable as what it is.
#[derive(Debug)]
pub(super) struct Structured(pub(super) FieldType);

impl Rule for Structured {
    fn code(&self) -> &'static str {
        DOC.code
    }

    fn text(&self) -> String {
        format!("type: {}", self.0.name())
    }

    fn expected(&self) -> String {
        self.0.expected()
    }

    fn is_type(&self) -> bool {
        true
    }

    fn holds_text(&self, value: &str) -> bool {
        self.0.parse(value).is_ok()
    }
}
