//! `primaryKey`: fields that together identify a row.

use super::RuleDoc;

pub(in crate::validate) const DOC: RuleDoc = RuleDoc {
    key: "primaryKey",
    code: "row/primary-key",
    what: "Every field of the key has a value, and no earlier row, rejected rows included, has the same values.",
    why: "A row that cannot be told from another cannot be updated, retried or undone.",
    example: "primaryKey: [order, line]",
};
