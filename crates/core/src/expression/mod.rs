//! Row rules: a part of the Common Expression Language (cel.dev), over the fields of a contract.
//!
//! An expression is parsed and its kinds are checked once, when the contract is read; what it cannot do is refused there, with
//! the character. It is asked of whole columns then. A value that is not there makes what is asked of it unknown, in the
//! three-valued logic of SQL, and what is unknown breaks no rule.

mod eval;
mod lower;
mod parse;
#[cfg(test)]
mod tests;
mod truth;
mod values;

use std::{fmt, sync::Arc};

use arrow_array::ArrayRef;
use regex::Regex;

use crate::contract::{Field, FieldType};

/// A checked expression that is true, false or unknown of a row.
#[derive(Clone)]
pub struct Expression {
    text: String,
    node: Arc<Node>,
    fields: Vec<usize>,
}

impl Expression {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The fields it asks about, as indexes in the contract, ascending.
    pub fn fields(&self) -> &[usize] {
        &self.fields
    }

    /// Parses expressions over these fields; an error has the place of the expression in the list.
    pub(crate) fn parse_all(
        texts: &[&str],
        fields: &[Field],
    ) -> Result<Vec<Expression>, (usize, Refusal)> {
        parse::parse_all(texts, fields)
    }

    /// Asks it of each row; `arrays` are the columns of the fields.
    pub(crate) fn ask(&self, arrays: &[ArrayRef], rows: usize) -> truth::Truth {
        eval::truth(&self.node, arrays, rows)
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({:?})", self.text)
    }
}

/// Why an expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The character where it is wrong, from 1.
    pub(crate) at: usize,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

/// What a part of an expression is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Int,
    Float,
    Text,
    /// Days since 1970-01-01.
    Date,
    /// Microseconds since midnight.
    Time,
    /// Microseconds since 1970-01-01T00:00:00.
    DateTime,
    /// Microseconds.
    Duration,
    /// No value, of any kind.
    Null,
}

impl Kind {
    fn of(field_type: &FieldType) -> Kind {
        match field_type {
            FieldType::String(_)
            | FieldType::YearMonth
            | FieldType::Any
            | FieldType::List(_)
            | FieldType::Array
            | FieldType::Object
            | FieldType::GeoPoint(_)
            | FieldType::GeoJson(_) => Kind::Text,
            FieldType::Number(_) => Kind::Float,
            FieldType::Integer(_) | FieldType::Year => Kind::Int,
            FieldType::Boolean { .. } => Kind::Bool,
            FieldType::Date(_) => Kind::Date,
            FieldType::Time(_) => Kind::Time,
            FieldType::DateTime(_) => Kind::DateTime,
            FieldType::Duration => Kind::Duration,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Bool => "true or false",
            Kind::Int => "a whole number",
            Kind::Float => "a number",
            Kind::Text => "a text",
            Kind::Date => "a date",
            Kind::Time => "a time of day",
            Kind::DateTime => "a date and time",
            Kind::Duration => "a duration",
            Kind::Null => "null",
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Kind::Int | Kind::Float)
    }
}

/// One value in an expression.
#[derive(Debug, Clone, PartialEq)]
enum Scalar {
    Bool(bool),
    /// Also dates, times and durations.
    Int(i64),
    Float(f64),
    Text(String),
    Null,
}

/// An expression whose kinds fit.
#[derive(Debug)]
enum Node {
    Field(usize),
    Scalar(Scalar),
    Not(Box<Node>),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    /// Condition, then, else.
    If(Box<[Node; 3]>),
    Compare(Order, Box<[Node; 2]>),
    IsNull(Box<Node>),
    Math(Operator, Box<[Node; 2]>),
    In(Box<Node>, Vec<Scalar>),
    Text(TextTest, Box<Node>),
    /// Characters of a text.
    Size(Box<Node>),
    ToFloat(Box<Node>),
    ToInt(Box<Node>),
    /// Midnight of a date.
    ToDateTime(Box<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Debug)]
enum TextTest {
    StartsWith(String),
    EndsWith(String),
    Contains(String),
    Matches(Regex),
}
