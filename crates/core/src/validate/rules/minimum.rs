//! `minimum` and `exclusiveMinimum`: the smallest value there may be.

use super::{Rule, RuleDoc};
use crate::contract::{Literal, Value};

pub(super) const DOC: RuleDoc = RuleDoc {
    key: "minimum",
    code: "cell/minimum",
    what: "The value is this or larger; dates: this or later. Not-a-number is neither.",
    why: "A negative price is a slip of the keyboard.",
    example: "constraints: {minimum: 0}",
};

pub(super) const EXCLUSIVE_DOC: RuleDoc = RuleDoc {
    key: "exclusiveMinimum",
    code: "cell/minimum",
    what: "The value is larger than this; dates: later.",
    why: "A weight of nothing was never measured.",
    example: "constraints: {exclusiveMinimum: 0}",
};

#[derive(Debug)]
pub(super) struct Minimum {
    written: String,
    exclusive: bool,
    /// Smallest whole number that is allowed; wide, because the one after the largest is none.
    int: i128,
    float: f64,
    text: String,
}

impl Minimum {
    pub(super) fn new(bound: &Literal, exclusive: bool) -> Self {
        let written = bound.text.clone();
        let mut rule = Minimum {
            written,
            exclusive,
            int: 0,
            float: 0.0,
            text: String::new(),
        };
        match &bound.value {
            Value::Int(value) => rule.int = i128::from(*value) + i128::from(exclusive),
            Value::Float(value) => rule.float = *value,
            Value::Text(value) => rule.text.clone_from(value),
            Value::Bool(_) => {} // booleans have no order; the contract refuses the bound
        }
        rule
    }
}

impl Rule for Minimum {
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
                "more than"
            } else {
                "at least"
            },
            self.written
        )
    }

    fn holds_text(&self, value: &str) -> bool {
        if self.exclusive {
            value > self.text.as_str()
        } else {
            value >= self.text.as_str()
        }
    }

    fn holds_int(&self, value: i64) -> bool {
        i128::from(value) >= self.int
    }

    fn holds_float(&self, value: f64) -> bool {
        if self.exclusive {
            value > self.float
        } else {
            value >= self.float
        }
    }

    fn all_ints(&self, values: &[i64]) -> bool {
        let Ok(least) = i64::try_from(self.int) else {
            return values.is_empty();
        };
        values.iter().fold(true, |ok, &value| ok & (value >= least))
    }
}
