//! `required`: a value has to be there.

use super::RuleDoc;

pub(in crate::validate) const DOC: RuleDoc = RuleDoc {
    key: "required",
    code: "cell/required",
    what: "The cell is not empty and does not hold a text that means \"no value\" (missingValues).",
    why: "An item without name or number cannot be found again.",
    example: "constraints: {required: true}",
};
