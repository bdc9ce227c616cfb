//! Asks an expression of whole columns.

use arrow_array::{
    Array, ArrayRef, StringViewArray,
    cast::AsArray,
    types::{
        Date32Type, DurationMicrosecondType, Float64Type, Int64Type, Time64MicrosecondType,
        TimestampMicrosecondType,
    },
};
use arrow_buffer::{BooleanBuffer, NullBuffer};

use super::{
    Node, Operator, Order, Scalar, TextTest,
    truth::Truth,
    values::{Numbers, Slots, Texts},
};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// What a part of an expression is, of all rows.
enum Value {
    Truth(Truth),
    Ints(Numbers<i64>),
    Floats(Numbers<f64>),
    Texts(Texts),
    /// No value, of any kind.
    Null,
}

/// An expression that is true or false.
pub(super) fn truth(node: &Node, arrays: &[ArrayRef], rows: usize) -> Truth {
    Eval { arrays, rows }.truth(node)
}

struct Eval<'a> {
    arrays: &'a [ArrayRef],
    rows: usize,
}

impl Eval<'_> {
    fn truth(&self, node: &Node) -> Truth {
        match self.value(node) {
            Value::Truth(truth) => truth,
            // Kinds were checked: only null is left.
            _ => Truth::all(None, self.rows),
        }
    }

    fn ints(&self, node: &Node) -> Numbers<i64> {
        match self.value(node) {
            Value::Ints(ints) => ints,
            _ => Numbers::none(self.rows),
        }
    }

    fn floats(&self, node: &Node) -> Numbers<f64> {
        match self.value(node) {
            Value::Floats(floats) => floats,
            _ => Numbers::none(self.rows),
        }
    }

    fn texts(&self, node: &Node) -> Texts {
        match self.value(node) {
            Value::Texts(texts) => texts,
            _ => Texts::One(None),
        }
    }

    fn value(&self, node: &Node) -> Value {
        match node {
            Node::Field(field) => self.field(&self.arrays[*field]),
            Node::Scalar(scalar) => self.scalar(scalar),
            Node::Not(node) => Value::Truth(self.truth(node).not()),
            Node::And(nodes) => Value::Truth(self.truth(&nodes[0]).and(&self.truth(&nodes[1]))),
            Node::Or(nodes) => Value::Truth(self.truth(&nodes[0]).or(&self.truth(&nodes[1]))),
            Node::If(nodes) => self.choose(nodes),
            Node::Compare(order, nodes) => Value::Truth(self.compare(*order, nodes)),
            Node::IsNull(node) => Value::Truth(self.is_null(node)),
            Node::Math(operator, nodes) => self.math(*operator, nodes),
            Node::In(node, scalars) => Value::Truth(self.is_in(node, scalars)),
            Node::Text(test, node) => Value::Truth(self.test(test, node)),
            Node::Size(node) => Value::Ints(self.size(node)),
            Node::ToFloat(node) => {
                Value::Floats(self.ints(node).map(self.rows, |int| Some(int as f64)))
            }
            Node::ToInt(node) => Value::Ints(self.floats(node).map(self.rows, |float| {
                const END: f64 = 9_223_372_036_854_775_808.0; // 2^63
                (-END..END).contains(&float).then_some(float as i64)
            })),
            Node::ToDateTime(node) => {
                let midnight = |day: i64| day.checked_mul(MICROS_PER_DAY);
                Value::Ints(self.ints(node).map(self.rows, midnight))
            }
        }
    }

    fn field(&self, array: &ArrayRef) -> Value {
        let valid = array
            .nulls()
            .filter(|nulls| nulls.null_count() > 0)
            .cloned();
        if let Some(array) = array.as_boolean_opt() {
            return Value::Truth(Truth::new(array.values().clone(), valid.as_ref()));
        }
        if let Some(texts) = array.as_string_view_opt() {
            return Value::Texts(Texts::Many(texts.clone()));
        }
        let micros = None
            .or_else(|| Some(array.as_primitive_opt::<Int64Type>()?.values()))
            .or_else(|| {
                Some(
                    array
                        .as_primitive_opt::<TimestampMicrosecondType>()?
                        .values(),
                )
            })
            .or_else(|| Some(array.as_primitive_opt::<Time64MicrosecondType>()?.values()))
            .or_else(|| {
                Some(
                    array
                        .as_primitive_opt::<DurationMicrosecondType>()?
                        .values(),
                )
            });
        if let Some(values) = micros {
            let slots = Slots::Many(values.clone());
            return Value::Ints(Numbers { slots, valid });
        }
        if let Some(days) = array.as_primitive_opt::<Date32Type>() {
            let days: Vec<i64> = days.values().iter().map(|&day| day.into()).collect();
            let slots = Slots::Many(days.into());
            return Value::Ints(Numbers { slots, valid });
        }
        match array.as_primitive_opt::<Float64Type>() {
            Some(array) => Value::Floats(Numbers {
                slots: Slots::Many(array.values().clone()),
                valid,
            }),
            None => Value::Null,
        }
    }

    fn scalar(&self, scalar: &Scalar) -> Value {
        match scalar {
            Scalar::Bool(value) => Value::Truth(Truth::all(Some(*value), self.rows)),
            Scalar::Int(value) => Value::Ints(Numbers::one(*value)),
            Scalar::Float(value) => Value::Floats(Numbers::one(*value)),
            Scalar::Text(text) => Value::Texts(Texts::One(Some(text.clone()))),
            Scalar::Null => Value::Null,
        }
    }

    fn choose(&self, nodes: &[Node; 3]) -> Value {
        let [condition, then, otherwise] = nodes;
        let condition = self.truth(condition);
        let choice = |row: usize| match (condition.yes.value(row), condition.no.value(row)) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        };
        match (self.value(then), self.value(otherwise)) {
            (Value::Null, Value::Null) => Value::Null,
            (Value::Truth(_), _) | (_, Value::Truth(_)) => {
                Value::Truth(condition.choose(&self.truth(then), &self.truth(otherwise)))
            }
            (Value::Ints(_), _) | (_, Value::Ints(_)) => {
                let (then, otherwise) = (self.ints(then), self.ints(otherwise));
                Value::Ints(then.choose(&otherwise, self.rows, choice))
            }
            (Value::Floats(_), _) | (_, Value::Floats(_)) => {
                let (then, otherwise) = (self.floats(then), self.floats(otherwise));
                Value::Floats(then.choose(&otherwise, self.rows, choice))
            }
            (Value::Texts(_), _) | (_, Value::Texts(_)) => {
                let (then, otherwise) = (self.texts(then), self.texts(otherwise));
                let text = |row| match choice(row)? {
                    true => then.get(row),
                    false => otherwise.get(row),
                };
                Value::Texts(Texts::Many((0..self.rows).map(text).collect()))
            }
        }
    }

    fn compare(&self, order: Order, nodes: &[Node; 2]) -> Truth {
        let rows = self.rows;
        match (self.value(&nodes[0]), self.value(&nodes[1])) {
            (Value::Ints(a), Value::Ints(b)) => compare_numbers(order, &a, &b, rows),
            (Value::Floats(a), Value::Floats(b)) => compare_numbers(order, &a, &b, rows),
            (Value::Texts(a), Value::Texts(b)) => {
                let valid = NullBuffer::union(a.valid(rows).as_ref(), b.valid(rows).as_ref());
                let holds = |row| match (a.get(row), b.get(row)) {
                    (Some(a), Some(b)) => order.holds(&a, &b),
                    _ => false,
                };
                Truth::new(BooleanBuffer::collect_bool(rows, holds), valid.as_ref())
            }
            (Value::Truth(a), Value::Truth(b)) => match order {
                Order::Unequal => a.same(&b).not(),
                _ => a.same(&b),
            },
            _ => Truth::all(None, rows),
        }
    }

    fn is_null(&self, node: &Node) -> Truth {
        let valid = match self.value(node) {
            Value::Truth(truth) => return truth.is_unknown(),
            Value::Ints(ints) => ints.valid,
            Value::Floats(floats) => floats.valid,
            Value::Texts(texts) => texts.valid(self.rows),
            Value::Null => return Truth::all(Some(true), self.rows),
        };
        match valid {
            Some(valid) => Truth::new(valid.inner().clone(), None).not(),
            None => Truth::all(Some(false), self.rows),
        }
    }

    fn math(&self, operator: Operator, nodes: &[Node; 2]) -> Value {
        let rows = self.rows;
        match (self.value(&nodes[0]), self.value(&nodes[1])) {
            (Value::Ints(a), Value::Ints(b)) => {
                Value::Ints(a.zip(&b, rows, |a, b| match operator {
                    Operator::Add => a.checked_add(b),
                    Operator::Subtract => a.checked_sub(b),
                    Operator::Multiply => a.checked_mul(b),
                    Operator::Divide => a.checked_div(b),
                    Operator::Remainder => a.checked_rem(b),
                }))
            }
            (Value::Floats(a), Value::Floats(b)) => {
                Value::Floats(a.zip(&b, rows, |a, b| match operator {
                    Operator::Add => Some(a + b),
                    Operator::Subtract => Some(a - b),
                    Operator::Multiply => Some(a * b),
                    Operator::Divide => (b != 0.0).then(|| a / b),
                    Operator::Remainder => None, // of whole numbers only
                }))
            }
            (Value::Texts(a), Value::Texts(b)) => {
                let joined = |row| Some(format!("{}{}", a.get(row)?, b.get(row)?));
                let joined: StringViewArray = (0..rows).map(joined).collect();
                Value::Texts(Texts::Many(joined))
            }
            _ => Value::Null,
        }
    }

    fn is_in(&self, node: &Node, scalars: &[Scalar]) -> Truth {
        let rows = self.rows;
        match self.value(node) {
            Value::Ints(ints) => {
                let is_in = |int: i64| scalars.contains(&Scalar::Int(int));
                let values = BooleanBuffer::collect_bool(rows, |row| is_in(ints.get(row)));
                Truth::new(values, ints.valid.as_ref())
            }
            Value::Floats(floats) => {
                let is_in = |float: f64| scalars.contains(&Scalar::Float(float));
                let values = BooleanBuffer::collect_bool(rows, |row| is_in(floats.get(row)));
                Truth::new(values, floats.valid.as_ref())
            }
            Value::Texts(texts) => self.ask_texts(&texts, |text| {
                let same = |scalar: &Scalar| matches!(scalar, Scalar::Text(other) if other == text);
                scalars.iter().any(same)
            }),
            Value::Truth(truth) => {
                let equals = |value| match value {
                    &Scalar::Bool(value) => truth.same(&Truth::all(Some(value), rows)),
                    _ => Truth::all(Some(false), rows),
                };
                let no = Truth::all(Some(false), rows);
                scalars.iter().map(equals).fold(no, |all, one| all.or(&one))
            }
            Value::Null => Truth::all(None, rows),
        }
    }

    fn test(&self, test: &TextTest, node: &Node) -> Truth {
        let texts = self.texts(node);
        self.ask_texts(&texts, |text| match test {
            TextTest::StartsWith(start) => text.starts_with(start.as_str()),
            TextTest::EndsWith(end) => text.ends_with(end.as_str()),
            TextTest::Contains(part) => text.contains(part.as_str()),
            TextTest::Matches(regex) => regex.is_match(text),
        })
    }

    fn ask_texts(&self, texts: &Texts, ask: impl Fn(&str) -> bool) -> Truth {
        let holds = |row| texts.get(row).is_some_and(&ask);
        let values = BooleanBuffer::collect_bool(self.rows, holds);
        Truth::new(values, texts.valid(self.rows).as_ref())
    }

    fn size(&self, node: &Node) -> Numbers<i64> {
        let texts = self.texts(node);
        let size = |row| texts.get(row).map_or(0, |text| text.chars().count() as i64);
        let sizes: Vec<i64> = (0..self.rows).map(size).collect();
        Numbers {
            slots: Slots::Many(sizes.into()),
            valid: texts.valid(self.rows),
        }
    }
}

impl Order {
    #[inline]
    fn holds<T: PartialOrd>(self, a: &T, b: &T) -> bool {
        match self {
            Order::Equal => a == b,
            Order::Unequal => a != b,
            Order::Less => a < b,
            Order::LessOrEqual => a <= b,
            Order::Greater => a > b,
            Order::GreaterOrEqual => a >= b,
        }
    }
}

/// The order is asked outside of the loop, so that each loop has one comparison.
fn compare_numbers<T>(order: Order, a: &Numbers<T>, b: &Numbers<T>, rows: usize) -> Truth
where
    T: arrow_array::ArrowNativeTypeOp + arrow_buffer::ArrowNativeType,
{
    let ask = |holds: fn(&T, &T) -> bool| match (&a.slots, &b.slots) {
        (Slots::Many(a), Slots::Many(b)) => {
            BooleanBuffer::collect_bool(rows, |row| holds(&a[row], &b[row]))
        }
        (Slots::Many(a), Slots::One(b)) => {
            BooleanBuffer::collect_bool(rows, |row| holds(&a[row], b))
        }
        _ => BooleanBuffer::collect_bool(rows, |row| holds(&a.get(row), &b.get(row))),
    };
    let values = match order {
        Order::Equal => ask(|a, b| a == b),
        Order::Unequal => ask(|a, b| a != b),
        Order::Less => ask(|a, b| a < b),
        Order::LessOrEqual => ask(|a, b| a <= b),
        Order::Greater => ask(|a, b| a > b),
        Order::GreaterOrEqual => ask(|a, b| a >= b),
    };
    let valid = NullBuffer::union(a.valid.as_ref(), b.valid.as_ref());
    Truth::new(values, valid.as_ref())
}
