//! `maximum` and `exclusiveMaximum`: the largest value there may be.

use super::{Rule, RuleDoc};
use crate::contract::{Literal, Value};

pub(super) const DOC: RuleDoc = RuleDoc {
    key: "maximum",
    code: "cell/maximum",
    what: "The value is this or smaller; dates: this or earlier. Not-a-number is neither.",
    why: "A million pieces of one item are a barcode in the wrong column.",
    example: "constraints: {maximum: 10000}",
};

pub(super) const EXCLUSIVE_DOC: RuleDoc = RuleDoc {
    key: "exclusiveMaximum",
    code: "cell/maximum",
    what: "The value is smaller than this; dates: earlier.",
    why: "A discount of one is a gift.",
    example: "constraints: {exclusiveMaximum: 1}",
};

#[derive(Debug)]
pub(super) struct Maximum {
    written: String,
    exclusive: bool,
    /// Largest whole number that is allowed; wide, because the one before the smallest is none.
    int: i128,
    float: f64,
    text: String,
}

impl Maximum {
    pub(super) fn new(bound: &Literal, exclusive: bool) -> Self {
        let written = bound.text.clone();
        let mut rule = Maximum {
            written,
            exclusive,
            int: 0,
            float: 0.0,
            text: String::new(),
        };
        match &bound.value {
            Value::Int(value) => rule.int = i128::from(*value) - i128::from(exclusive),
            Value::Float(value) => rule.float = *value,
            Value::Text(value) => rule.text.clone_from(value),
            Value::Bool(_) => {} // booleans have no order; the contract refuses the bound
        }
        rule
    }
}

impl Rule for Maximum {
    fn code(&self) -> &'static str {
        DOC.code
    }

    fn text(&self) -> String {
        let key = if self.exclusive {
            EXCLUSIVE_DOC.key
        } else {
            DOC.key
        };
        format!("{key}: {}", self.written)
    }

    fn expected(&self) -> String {
        format!(
            "{} {}",
            if self.exclusive {
                "less than"
            } else {
                "at most"
            },
            self.written
        )
    }

    fn holds_text(&self, value: &str) -> bool {
        if self.exclusive {
            value < self.text.as_str()
        } else {
            value <= self.text.as_str()
        }
    }

    fn holds_int(&self, value: i64) -> bool {
        i128::from(value) <= self.int
    }

    fn holds_float(&self, value: f64) -> bool {
        if self.exclusive {
            value < self.float
        } else {
            value <= self.float
        }
    }

    fn all_ints(&self, values: &[i64]) -> bool {
        let Ok(most) = i64::try_from(self.int) else {
            return values.is_empty();
        };
        values.iter().fold(true, |ok, &value| ok & (value <= most))
    }
}
