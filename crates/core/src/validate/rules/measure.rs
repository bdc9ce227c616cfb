//! What `minLength` and `maxLength` count.

use crate::contract::{Field, FieldType};

/// Characters of a text, items of a list or array, keys of an object.
#[derive(Debug)]
pub(super) struct Measure(FieldType);

impl Measure {
    pub(super) fn of(field: &Field) -> Measure {
        Measure(field.field_type.clone())
    }

    pub(super) fn count(&self, text: &str) -> usize {
        match self.0.is_structured() {
            true => self.0.count_parts(text).unwrap_or(0),
            false => text.chars().count(),
        }
    }

    pub(super) fn is_at_most(&self, text: &str, most: usize) -> bool {
        // A text has no more characters than bytes.
        let is_short = text.len() <= most && !self.0.is_structured();
        is_short || self.count(text) <= most
    }

    /// To follow "has to be": `at least 3 characters long`.
    pub(super) fn expected(&self, bound: &str, n: u32) -> String {
        let s = if n == 1 { "" } else { "s" };
        match self.0 {
            FieldType::List(_) => format!("a list of {bound} {n} item{s}"),
            FieldType::Array => format!("an array of {bound} {n} item{s}"),
            FieldType::Object => format!("an object of {bound} {n} key{s}"),
            _ => format!("{bound} {n} characters long"),
        }
    }
}
