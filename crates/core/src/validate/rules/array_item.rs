//! `arrayItem` (of Frictionless): what each item of an array has to be like.

use serde_json::Value as Json;

use super::{Rule, RuleDoc, of_field};
use crate::{
    contract::{Field, FieldType, NumberFormat, Value, json},
    error::Result,
};

pub(super) const DOC: RuleDoc = RuleDoc {
    key: "arrayItem",
    code: "cell/type",
    what: "Each item of the array is a value of this type, and keeps these constraints.",
    why: "A list of sizes in which one is a word is no list of sizes.",
    example: "{name: sizes, type: array, arrayItem: {type: number, constraints: {minimum: 0}}}",
};

#[derive(Debug)]
pub(super) struct Items {
    item: Field,
    /// The type of items that are JSON numbers, whose writing is that of JSON whatever texts have.
    of_numbers: FieldType,
    rules: Vec<Box<dyn Rule>>,
}

impl Items {
    pub(super) fn new(item: &Field) -> Result<Items> {
        let of_numbers = match &item.field_type {
            FieldType::Number(_) => FieldType::Number(NumberFormat::default()),
            FieldType::Integer(_) => FieldType::Integer(NumberFormat::default()),
            other => other.clone(),
        };
        Ok(Items {
            of_numbers,
            item: item.clone(),
            rules: of_field(item)?,
        })
    }

    fn holds(&self, item: &Json) -> bool {
        let field_type = &self.item.field_type;
        let is_number = matches!(
            field_type,
            FieldType::Number(_) | FieldType::Integer(_) | FieldType::Year
        );
        let is_any = *field_type == FieldType::Any;
        let text = match item {
            Json::Null => return !self.item.constraints.required,
            Json::String(text) => text.clone(),
            Json::Number(_) if is_number || is_any => item.to_string(),
            Json::Bool(_) if is_any || matches!(field_type, FieldType::Boolean { .. }) => {
                item.to_string()
            }
            Json::Array(_) | Json::Object(_) if is_any || field_type.is_structured() => {
                item.to_string()
            }
            _ => return false,
        };
        let written_as = match item {
            Json::Number(_) => &self.of_numbers,
            _ => field_type,
        };
        match written_as.parse(&text) {
            Err(_) => false,
            Ok(Value::Text(_)) => self.rules.iter().all(|rule| rule.holds_text(&text)),
            Ok(Value::Float(value)) => self.rules.iter().all(|rule| rule.holds_float(value)),
            Ok(Value::Int(value)) => self.rules.iter().all(|rule| rule.holds_int(value)),
            Ok(Value::Bool(value)) => {
                let value = i64::from(value);
                self.rules.iter().all(|rule| rule.holds_int(value))
            }
        }
    }
}

impl Rule for Items {
    fn code(&self) -> &'static str {
        DOC.code
    }

    fn text(&self) -> String {
        format!("arrayItem: {}", self.item.field_type.name())
    }

    fn expected(&self) -> String {
        let rules = self.rules.iter().map(|rule| rule.expected());
        let all: Vec<String> = [self.item.field_type.expected()]
            .into_iter()
            .chain(rules)
            .collect();
        format!("an array whose every item is {}", all.join(", "))
    }

    fn holds_text(&self, value: &str) -> bool {
        match json(value) {
            Some(Json::Array(items)) => items.iter().all(|item| self.holds(item)),
            _ => false,
        }
    }
}
