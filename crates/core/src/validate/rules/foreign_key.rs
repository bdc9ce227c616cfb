//! `foreignKeys`: values that have to be in another table, or in another row of this one.

use super::RuleDoc;

pub(in crate::validate) const DOC: RuleDoc = RuleDoc {
    key: "foreignKeys",
    code: "ref/not-found",
    what: "The values are those of a row of the table that is referred to, compared as values of the fields. A row in which none \
           of the fields has a value refers to nothing.",
    why: "An item of a supplier nobody knows cannot be ordered.",
    example: "foreignKeys: [{fields: supplier, reference: {resource: suppliers, fields: name}}]",
};
