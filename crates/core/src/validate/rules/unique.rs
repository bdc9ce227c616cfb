//! `unique`: no value occurs twice in the column.

use super::RuleDoc;

pub(in crate::validate) const DOC: RuleDoc = RuleDoc {
    key: "unique",
    code: "cell/unique",
    what: "The value does not occur in an earlier row, rejected rows included. Empty cells are not compared; texts are \
           compared letter by letter, numbers as numbers. The first row keeps the value, later ones are rejected.",
    why: "Two items with one barcode: the scanner finds one of them.",
    example: "constraints: {unique: true}",
};
