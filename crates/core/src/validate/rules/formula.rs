//! `formula`: texts that a spreadsheet program would take for a formula.

use super::{Rule, RuleDoc};
use crate::finding::looks_like_a_formula;

pub(super) const DOC: RuleDoc = RuleDoc {
    key: "formula",
    code: "cell/formula-text",
    what: "With `reject`, the text does not start with = + - @, a tab or a line end, unless it is a number.",
    why: "Exported to csv and opened again, such a text runs as a formula.",
    example: "sheetlift: {check: {formula: reject}}",
};

#[derive(Debug)]
pub(super) struct NoFormula;

impl Rule for NoFormula {
    fn code(&self) -> &'static str {
        DOC.code
    }

    fn text(&self) -> String {
        "formula: reject".to_owned()
    }

    fn expected(&self) -> String {
        "a text that no spreadsheet program takes for a formula (it starts with = + - @)".to_owned()
    }

    fn holds_text(&self, value: &str) -> bool {
        !looks_like_a_formula(value)
    }
}
