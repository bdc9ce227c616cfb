//! `uniqueKeys`: further fields that together occur once.

use super::RuleDoc;

pub(in crate::validate) const DOC: RuleDoc = RuleDoc {
    key: "uniqueKeys",
    code: "row/duplicate",
    what: "No earlier row, rejected rows included, has the same values in these fields. Rows that lack one of them are \
           not compared, as in SQL.",
    why: "One price for each item and day.",
    example: "uniqueKeys: [[item, valid_from]]",
};
