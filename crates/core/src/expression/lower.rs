//! From the tree of the parser to one whose kinds fit, or a refusal with the character.

use cel::common::ast::{CallExpr, Expr, IdedExpr, ListExpr, LiteralValue, SelectExpr, operators};

use super::{Kind, Node, Operator, Order, Refusal, Scalar, TextTest};
use crate::{
    contract::{Field, FieldType, TemporalFormat, Value, compile_search},
    suggest,
};

/// Levels of the tree: a chain of a hundred additions is as deep.
const MAX_LEVELS: usize = 100;

/// The node of an expression that is true or false, and the fields in it.
pub(super) fn lower(
    tree: &IdedExpr,
    fields: &[Field],
    place: &dyn Fn(u64) -> usize,
) -> Result<(Node, Vec<usize>), Refusal> {
    let mut lowering = Lowering {
        fields,
        place,
        used: Vec::new(),
        level: 0,
    };
    let (node, kind) = lowering.node(tree)?;
    if kind != Kind::Bool {
        let message = format!("it is {}, but a rule is true or false", kind.name());
        return lowering.refuse(tree, message);
    }
    lowering.used.sort_unstable();
    lowering.used.dedup();
    Ok((node, lowering.used))
}

struct Lowering<'a> {
    fields: &'a [Field],
    place: &'a dyn Fn(u64) -> usize,
    used: Vec<usize>,
    level: usize,
}

type Lowered = Result<(Node, Kind), Refusal>;

impl Lowering<'_> {
    fn refuse<T>(&self, at: &IdedExpr, message: impl Into<String>) -> Result<T, Refusal> {
        Err(Refusal {
            at: (self.place)(at.id),
            message: message.into(),
            hint: None,
        })
    }

    fn node(&mut self, tree: &IdedExpr) -> Lowered {
        self.level += 1;
        if self.level > MAX_LEVELS {
            return self.refuse(tree, format!("it is nested more than {MAX_LEVELS} deep"));
        }
        let lowered = match &tree.expr {
            Expr::Literal(literal) => self.literal(tree, literal),
            Expr::Ident(name) => self.field(tree, name),
            Expr::Select(select) => self.select(tree, select),
            Expr::Call(call) => self.call(tree, call),
            Expr::List(_) => self.refuse(tree, "a list can only follow `in`"),
            Expr::Comprehension(_) => self.refuse(tree, "macros over lists are not supported"),
            Expr::Map(_) => self.refuse(tree, "maps are not supported"),
            Expr::Struct(_) => self.refuse(tree, "messages are not supported"),
            Expr::Unspecified => self.refuse(tree, "there is no expression"),
        };
        self.level -= 1;
        lowered
    }

    fn literal(&self, tree: &IdedExpr, literal: &LiteralValue) -> Lowered {
        let (scalar, kind) = match literal {
            LiteralValue::Boolean(value) => (Scalar::Bool(*value.inner()), Kind::Bool),
            LiteralValue::Int(value) => (Scalar::Int(*value.inner()), Kind::Int),
            LiteralValue::Double(value) => (Scalar::Float(*value.inner()), Kind::Float),
            LiteralValue::String(text) => (Scalar::Text(text.inner().to_owned()), Kind::Text),
            LiteralValue::Null => (Scalar::Null, Kind::Null),
            LiteralValue::UInt(_) => return self.refuse(tree, "write the number without `u`"),
            LiteralValue::Bytes(_) => return self.refuse(tree, "bytes are not supported"),
        };
        Ok((Node::Scalar(scalar), kind))
    }

    fn field(&mut self, tree: &IdedExpr, name: &str) -> Lowered {
        let Some(at) = self.fields.iter().position(|field| &*field.name == name) else {
            let names = self.fields.iter().map(|field| &*field.name);
            let near = suggest::nearest(name, names);
            return Err(Refusal {
                at: (self.place)(tree.id),
                message: format!("no field is called `{name}`"),
                hint: near.map(|near| format!("did you mean `{near}`?")),
            });
        };
        self.used.push(at);
        Ok((Node::Field(at), Kind::of(&self.fields[at].field_type)))
    }

    /// `row.name`, and `has(row.name)`.
    fn select(&mut self, tree: &IdedExpr, select: &SelectExpr) -> Lowered {
        if !matches!(&select.operand.expr, Expr::Ident(name) if name == "row") {
            return self.refuse(tree, "only `row` has fields");
        }
        let (node, kind) = self.field(tree, &select.field)?;
        Ok(match select.test {
            true => (not(Node::IsNull(Box::new(node))), Kind::Bool),
            false => (node, kind),
        })
    }

    fn call(&mut self, tree: &IdedExpr, call: &CallExpr) -> Lowered {
        let name = call.func_name.as_str();
        match (name, &call.target, &call.args[..]) {
            (operators::INDEX, None, [row, label]) => match (&row.expr, &label.expr) {
                (Expr::Ident(row), Expr::Literal(LiteralValue::String(name))) if row == "row" => {
                    self.field(tree, name.inner())
                }
                _ => self.refuse(tree, "only `row[\"name\"]` is supported"),
            },
            (operators::LOGICAL_NOT, None, [one]) => Ok((not(self.truth(one)?), Kind::Bool)),
            (operators::LOGICAL_AND, None, [a, b]) => {
                let both = Box::new([self.truth(a)?, self.truth(b)?]);
                Ok((Node::And(both), Kind::Bool))
            }
            (operators::LOGICAL_OR, None, [a, b]) => {
                let both = Box::new([self.truth(a)?, self.truth(b)?]);
                Ok((Node::Or(both), Kind::Bool))
            }
            (operators::CONDITIONAL, None, [condition, then, otherwise]) => {
                let condition = self.truth(condition)?;
                let (then, otherwise, kind) = self.alike(tree, then, otherwise)?;
                Ok((Node::If(Box::new([condition, then, otherwise])), kind))
            }
            (operators::NEGATE, None, [one]) => self.negate(one),
            (operators::IN, None, [one, list]) => self.is_in(one, list),
            (_, None, [a, b]) if order(name).is_some() => self.compare(tree, name, a, b),
            (_, None, [a, b]) if operator(name).is_some() => self.math(tree, name, a, b),
            ("size", None, [text]) => self.size(text),
            ("size", Some(text), []) => self.size(text),
            _ => self.function(tree, call),
        }
    }

    fn truth(&mut self, tree: &IdedExpr) -> Result<Node, Refusal> {
        self.of_kind(tree, Kind::Bool)
    }

    fn of_kind(&mut self, tree: &IdedExpr, wanted: Kind) -> Result<Node, Refusal> {
        let (node, kind) = self.node(tree)?;
        match kind == wanted {
            true => Ok(node),
            false => self.refuse(
                tree,
                format!("this is {}, but has to be {}", kind.name(), wanted.name()),
            ),
        }
    }

    /// Two parts of one kind: whole numbers beside numbers become such, null is of every kind.
    fn alike(
        &mut self,
        tree: &IdedExpr,
        a: &IdedExpr,
        b: &IdedExpr,
    ) -> Result<(Node, Node, Kind), Refusal> {
        let ((a, kind_a), (b, kind_b)) = (self.node(a)?, self.node(b)?);
        Ok(match (kind_a, kind_b) {
            _ if kind_a == kind_b => (a, b, kind_a),
            (Kind::Null, kind) | (kind, Kind::Null) => (a, b, kind),
            (Kind::Int, Kind::Float) => (to_float(a), b, Kind::Float),
            (Kind::Float, Kind::Int) => (a, to_float(b), Kind::Float),
            (Kind::Date, Kind::DateTime) => (to_date_time(a), b, Kind::DateTime),
            (Kind::DateTime, Kind::Date) => (a, to_date_time(b), Kind::DateTime),
            _ => {
                let (a, b) = (kind_a.name(), kind_b.name());
                let mut refusal = Refusal {
                    at: (self.place)(tree.id),
                    message: format!("{a} and {b} do not go together"),
                    hint: None,
                };
                if kind_a == Kind::Text || kind_b == Kind::Text {
                    let other = if kind_a == Kind::Text { kind_b } else { kind_a };
                    refusal.hint = match other {
                        Kind::Date => Some("write date(\"2024-12-31\")".to_owned()),
                        Kind::DateTime => {
                            Some("write timestamp(\"2024-12-31T18:00:00\")".to_owned())
                        }
                        Kind::Time => Some("write time(\"18:00:00\")".to_owned()),
                        Kind::Duration => Some("write duration(\"PT2H30M\")".to_owned()),
                        _ => None,
                    };
                }
                return Err(refusal);
            }
        })
    }

    fn compare(&mut self, tree: &IdedExpr, name: &str, a: &IdedExpr, b: &IdedExpr) -> Lowered {
        let is_null = |tree: &IdedExpr| matches!(tree.expr, Expr::Literal(LiteralValue::Null));
        let order = order(name).unwrap_or(Order::Equal);
        let is_equality = matches!(order, Order::Equal | Order::Unequal);
        if is_null(a) || is_null(b) {
            if !is_equality {
                return self.refuse(tree, "null is neither more nor less than anything");
            }
            let (node, _) = self.node(if is_null(a) { b } else { a })?;
            let node = Node::IsNull(Box::new(node));
            let node = if order == Order::Equal {
                node
            } else {
                not(node)
            };
            return Ok((node, Kind::Bool));
        }
        let (a, b, kind) = self.alike(tree, a, b)?;
        if kind == Kind::Bool && !is_equality {
            return self.refuse(tree, "true is neither more nor less than false");
        }
        Ok((Node::Compare(order, Box::new([a, b])), Kind::Bool))
    }

    fn negate(&mut self, tree: &IdedExpr) -> Lowered {
        let (node, kind) = self.node(tree)?;
        let zero = match (node, kind) {
            (Node::Scalar(Scalar::Int(value)), Kind::Int) => {
                let negated = Scalar::Int(value.wrapping_neg());
                return Ok((Node::Scalar(negated), kind));
            }
            (Node::Scalar(Scalar::Float(value)), _) => {
                return Ok((Node::Scalar(Scalar::Float(-value)), kind));
            }
            (node, Kind::Float) => [Node::Scalar(Scalar::Float(-0.0)), node],
            (node, Kind::Int | Kind::Duration) => [Node::Scalar(Scalar::Int(0)), node],
            (_, kind) => {
                return self.refuse(tree, format!("{} has no sign", kind.name()));
            }
        };
        Ok((Node::Math(Operator::Subtract, Box::new(zero)), kind))
    }

    fn math(&mut self, tree: &IdedExpr, name: &str, a: &IdedExpr, b: &IdedExpr) -> Lowered {
        use Kind::*;
        use Operator::*;
        let operator = operator(name).unwrap_or(Add);
        let ((a, kind_a), (b, kind_b)) = (self.node(a)?, self.node(b)?);
        let (a, b, kind) = match (operator, kind_a, kind_b) {
            (_, Int, Int) => (a, b, Int),
            (Add | Subtract | Multiply | Divide, _, _)
                if kind_a.is_number() && kind_b.is_number() =>
            {
                let float = |node, kind| if kind == Int { to_float(node) } else { node };
                (float(a, kind_a), float(b, kind_b), Float)
            }
            (Add, Text, Text) => (a, b, Text),
            (Add | Subtract, Duration, Duration) => (a, b, Duration),
            (Subtract, DateTime, DateTime) => (a, b, Duration),
            (Subtract, Date | DateTime, Date | DateTime) => {
                let time = |node, kind| {
                    if kind == Date {
                        to_date_time(node)
                    } else {
                        node
                    }
                };
                (time(a, kind_a), time(b, kind_b), Duration)
            }
            (Add | Subtract, DateTime, Duration) => (a, b, DateTime),
            (Add | Subtract, Date, Duration) => (to_date_time(a), b, DateTime),
            (Add, Duration, DateTime) => (a, b, DateTime),
            (Add, Duration, Date) => (a, to_date_time(b), DateTime),
            _ => {
                let sign = name.trim_matches('_');
                let (a, b) = (kind_a.name(), kind_b.name());
                return self.refuse(tree, format!("there is no {a} {sign} {b}"));
            }
        };
        Ok((Node::Math(operator, Box::new([a, b])), kind))
    }

    fn is_in(&mut self, one: &IdedExpr, list: &IdedExpr) -> Lowered {
        let (node, kind) = self.node(one)?;
        let Expr::List(ListExpr { elements, .. }) = &list.expr else {
            return self.refuse(list, "`in` is followed by a list, such as [\"kg\", \"m\"]");
        };
        let mut scalars = Vec::with_capacity(elements.len());
        for element in elements {
            let (item, item_kind) = self.node(element)?;
            scalars.push(match (item, item_kind, kind) {
                (Node::Scalar(scalar), item_kind, kind) if item_kind == kind => scalar,
                (Node::Scalar(Scalar::Int(value)), Kind::Int, Kind::Float) => {
                    Scalar::Float(value as f64)
                }
                (Node::Scalar(_), ..) => {
                    let (item, kind) = (item_kind.name(), kind.name());
                    return self.refuse(element, format!("{item} is never {kind}"));
                }
                _ => return self.refuse(element, "the list has to be of values, not of fields"),
            });
        }
        Ok((Node::In(Box::new(node), scalars), Kind::Bool))
    }

    fn size(&mut self, text: &IdedExpr) -> Lowered {
        let text = self.of_kind(text, Kind::Text)?;
        Ok((Node::Size(Box::new(text)), Kind::Int))
    }

    fn function(&mut self, tree: &IdedExpr, call: &CallExpr) -> Lowered {
        let literal = |tree: &IdedExpr| match &tree.expr {
            Expr::Literal(LiteralValue::String(text)) => Some(text.inner().to_owned()),
            _ => None,
        };
        let name = call.func_name.as_str();
        match (name, &call.target, &call.args[..]) {
            ("startsWith" | "endsWith" | "contains" | "matches", Some(target), [argument]) => {
                let node = self.of_kind(target, Kind::Text)?;
                let Some(text) = literal(argument) else {
                    return self.refuse(argument, format!("`{name}` takes a text in quotes"));
                };
                let test = match name {
                    "startsWith" => TextTest::StartsWith(text),
                    "endsWith" => TextTest::EndsWith(text),
                    "contains" => TextTest::Contains(text),
                    // Anywhere in the text, as CEL has it.
                    _ => match compile_search(&text) {
                        Ok(regex) => TextTest::Matches(regex),
                        Err(_) => {
                            let message = format!("{text:?} is no regular expression we can use");
                            return self.refuse(argument, message);
                        }
                    },
                };
                Ok((Node::Text(test, Box::new(node)), Kind::Bool))
            }
            ("int", None, [one]) => match self.node(one)? {
                (node, Kind::Int) => Ok((node, Kind::Int)),
                (node, Kind::Float) => Ok((Node::ToInt(Box::new(node)), Kind::Int)),
                (_, kind) => self.refuse(one, format!("{} is no number", kind.name())),
            },
            ("double", None, [one]) => match self.node(one)? {
                (node, Kind::Float) => Ok((node, Kind::Float)),
                (node, Kind::Int) => Ok((to_float(node), Kind::Float)),
                (_, kind) => self.refuse(one, format!("{} is no number", kind.name())),
            },
            ("date" | "time" | "timestamp" | "duration", None, [argument]) => {
                let (field_type, kind) = match name {
                    "date" => (FieldType::Date(TemporalFormat::Default), Kind::Date),
                    "time" => (FieldType::Time(TemporalFormat::Default), Kind::Time),
                    "duration" => (FieldType::Duration, Kind::Duration),
                    _ => (FieldType::DateTime(TemporalFormat::Default), Kind::DateTime),
                };
                match literal(argument).map(|text| field_type.parse(&text)) {
                    Some(Ok(Value::Int(value))) => Ok((Node::Scalar(Scalar::Int(value)), kind)),
                    Some(_) => {
                        let expected = field_type.expected();
                        self.refuse(argument, format!("this has to be {expected}"))
                    }
                    None => self.refuse(argument, format!("`{name}` takes a text in quotes")),
                }
            }
            _ => self.refuse(tree, format!("`{name}` is not supported")),
        }
    }
}

fn not(node: Node) -> Node {
    Node::Not(Box::new(node))
}

fn to_float(node: Node) -> Node {
    match node {
        Node::Scalar(Scalar::Int(value)) => Node::Scalar(Scalar::Float(value as f64)),
        node => Node::ToFloat(Box::new(node)),
    }
}

fn to_date_time(node: Node) -> Node {
    Node::ToDateTime(Box::new(node))
}

fn order(name: &str) -> Option<Order> {
    Some(match name {
        operators::EQUALS => Order::Equal,
        operators::NOT_EQUALS => Order::Unequal,
        operators::LESS => Order::Less,
        operators::LESS_EQUALS => Order::LessOrEqual,
        operators::GREATER => Order::Greater,
        operators::GREATER_EQUALS => Order::GreaterOrEqual,
        _ => return None,
    })
}

fn operator(name: &str) -> Option<Operator> {
    Some(match name {
        operators::ADD => Operator::Add,
        operators::SUBSTRACT => Operator::Subtract,
        operators::MULTIPLY => Operator::Multiply,
        operators::DIVIDE => Operator::Divide,
        operators::MODULO => Operator::Remainder,
        _ => return None,
    })
}
