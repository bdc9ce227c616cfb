//! A contract as JSON Schema: an accepted row as an object, as `sheetlift convert --contract` writes it to NDJSON.

use serde_json::{Map, Number, Value as Json, json};

use super::{Contract, Field, FieldType, StringFormat, Value};
use crate::finding::Level;

/// A time of day, as it stands behind a date as well.
const CLOCK: &str = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?";

impl Contract {
    /// A JSON Schema (draft 2020-12) of accepted rows, each an object with the fields as its keys: texts, numbers and booleans as
    /// such, dates and times as texts in ISO 8601.
    ///
    /// What is only a warning is not demanded. What JSON Schema has no word for, such as keys over several rows, is listed in
    /// `$comment`, so that nothing goes unsaid.
    ///
    /// ```
    /// use sheetlift_core::Contract;
    /// let contract: Contract = "
    /// fields: [{name: sku, constraints: {required: true, pattern: '[A-Z]{3}'}}, {name: qty, type: integer}]
    /// primaryKey: sku
    /// ".parse().unwrap();
    /// let schema = contract.row_schema();
    /// assert_eq!(schema["properties"]["sku"]["pattern"], "^(?:[A-Z]{3})$");
    /// assert_eq!(schema["properties"]["qty"]["type"], serde_json::json!(["integer", "null"]));
    /// assert_eq!(schema["$comment"], "not said here: primaryKey sku");
    /// ```
    pub fn row_schema(&self) -> Json {
        let mut schema = Map::new();
        schema.insert(
            "$schema".into(),
            "https://json-schema.org/draft/2020-12/schema".into(),
        );
        let title = self.title.as_deref().or(self.name.as_deref());
        for (key, text) in [
            ("title", title),
            ("description", self.description.as_deref()),
        ] {
            if let Some(text) = text {
                schema.insert(key.into(), text.into());
            }
        }
        put_comment(&mut schema, &self.about_rows());
        schema.insert("type".into(), "object".into());
        let fields = 0..self.fields.len();
        let properties = fields.clone().map(|index| {
            let property = Property::of(self, index);
            (self.fields[index].name.to_string(), property.into_json())
        });
        schema.insert(
            "properties".into(),
            properties.collect::<Map<_, _>>().into(),
        );
        let required = fields.filter(|index| self.is_never_null(*index));
        let required = required.map(|index| Json::from(&*self.fields[index].name));
        let required: Vec<Json> = required.collect();
        if !required.is_empty() {
            schema.insert("required".into(), required.into());
        }
        schema.insert("additionalProperties".into(), false.into());
        schema.into()
    }

    /// What is asked of several fields, or of several rows.
    fn about_rows(&self) -> Vec<String> {
        let mut said = Vec::new();
        if !self.primary_key.is_empty() {
            said.push(format!("primaryKey {}", self.names(&self.primary_key)));
        }
        let keys = self.unique_keys.iter();
        said.extend(keys.map(|key| format!("uniqueKeys {}", self.names(key))));
        said.extend(self.demands_of_rows());
        said
    }
}

fn put_comment(object: &mut Map<String, Json>, left_out: &[String]) {
    if !left_out.is_empty() {
        let comment = format!("not said here: {}", left_out.join("; "));
        object.insert("$comment".into(), comment.into());
    }
}

/// The schema of one field under way.
struct Property<'a> {
    contract: &'a Contract,
    field: &'a Field,
    object: Map<String, Json>,
    left_out: Vec<String>,
}

impl<'a> Property<'a> {
    fn of(contract: &'a Contract, index: usize) -> Property<'a> {
        let field = &contract.fields[index];
        let mut property = Property {
            contract,
            field,
            object: Map::new(),
            left_out: Vec::new(),
        };
        property.say_prose();
        property.say_type(!contract.is_never_null(index));
        property.say_bounds();
        property.say_texts();
        property.say_checks();
        property.say_values(!contract.is_never_null(index));
        if field.constraints.unique {
            property.left_out.push("unique".to_owned());
        }
        property
    }

    fn into_json(mut self) -> Json {
        put_comment(&mut self.object, &self.left_out);
        self.object.into()
    }

    fn put(&mut self, key: &str, value: impl Into<Json>) {
        self.object.insert(key.to_owned(), value.into());
    }

    /// Says a constraint if it is an error to break it and there is a way to say it; lists it otherwise.
    fn say(&mut self, key: &str, shown: &str, keyword: &str, value: Option<Json>) {
        let level = self.contract.level_of(self.field, key);
        match value {
            _ if level != Level::Error => {
                self.left_out
                    .push(format!("{key} {shown} ({})", level.name()));
            }
            Some(value) => self.put(keyword, value),
            None => self.left_out.push(format!("{key} {shown}")),
        }
    }

    fn say_prose(&mut self) {
        let field = self.field;
        for (key, text) in [("title", &field.title), ("description", &field.description)] {
            if let Some(text) = text {
                self.put(key, text.as_str());
            }
        }
        let examples = field.examples.iter().map(|text| {
            let value = field.field_type.parse(text).ok();
            let json = value.and_then(|value| to_json(&field.field_type, &value));
            json.unwrap_or_else(|| text.as_str().into())
        });
        let examples: Vec<Json> = examples.collect();
        if !examples.is_empty() {
            self.put("examples", examples);
        }
    }

    fn say_type(&mut self, is_nullable: bool) {
        let kind = match &self.field.field_type {
            FieldType::Number(_) => "number",
            FieldType::Integer(_) | FieldType::Year => "integer",
            FieldType::Boolean { .. } => "boolean",
            _ => "string",
        };
        match is_nullable {
            true => self.put("type", json!([kind, "null"])),
            false => self.put("type", kind),
        }
        match &self.field.field_type {
            FieldType::String(StringFormat::Binary) => self.put("contentEncoding", "base64"),
            FieldType::String(StringFormat::Default) => {}
            FieldType::String(format) => {
                self.say(
                    "format",
                    format.name(),
                    "format",
                    Some(format.name().into()),
                );
            }
            FieldType::Date(_) => self.put("format", "date"),
            // Formats of JSON Schema ask for a time zone, and there is none.
            FieldType::Time(_) => self.put("pattern", format!("^{CLOCK}$")),
            FieldType::DateTime(_) => {
                self.put(
                    "pattern",
                    format!("^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T{CLOCK}$"),
                );
            }
            FieldType::Duration => self.put("format", "duration"),
            FieldType::YearMonth => self.put("pattern", "^[0-9]{4}-(0[1-9]|1[0-2])$"),
            _ => {}
        }
    }

    fn say_bounds(&mut self) {
        let constraints = &self.field.constraints;
        for (key, bound) in [
            ("minimum", &constraints.minimum),
            ("maximum", &constraints.maximum),
            ("exclusiveMinimum", &constraints.exclusive_minimum),
            ("exclusiveMaximum", &constraints.exclusive_maximum),
        ] {
            if let Some(bound) = bound {
                // Dates and times are texts here, and texts have no order.
                let number = to_json(&self.field.field_type, &bound.value).filter(Json::is_number);
                self.say(key, &bound.text, key, number);
            }
        }
    }

    fn say_texts(&mut self) {
        let constraints = &self.field.constraints;
        for (key, length) in [
            ("minLength", constraints.min_length),
            ("maxLength", constraints.max_length),
        ] {
            if let Some(length) = length {
                let shown = length.to_string();
                // Of lists and objects it is not the characters that count.
                let is_text = matches!(self.field.field_type, FieldType::String(_));
                let length = is_text.then(|| length.into());
                self.say(key, &shown, key, length);
            }
        }
        if let Some(pattern) = &constraints.pattern {
            self.say(
                "pattern",
                pattern,
                "pattern",
                whole_text(pattern).map(Json::from),
            );
        }
    }

    fn say_checks(&mut self) {
        let checks = &self.field.checks;
        if let Some(step) = checks.multiple_of {
            let number = step.text().parse::<Number>().ok().map(Json::Number);
            self.say("multipleOf", &step.text(), "multipleOf", number);
        }
        if let Some(pattern) = &checks.not_pattern {
            let not = whole_text(pattern);
            let not = not.map(|pattern| json!({"type": "string", "pattern": pattern}));
            self.say("notPattern", pattern, "not", not);
        }
        let number = |number: Option<u8>| number.map(|number| number.to_string());
        let json = self.field.constraints.json_schema.as_ref();
        let item = self.field.array_item.as_ref().map(|_| ());
        for (key, shown) in [
            ("precision", number(checks.precision)),
            ("scale", number(checks.scale)),
            (
                "checkDigit",
                checks.check_digit.map(|digit| digit.name().to_owned()),
            ),
            ("maxBytes", checks.max_bytes.map(|bytes| bytes.to_string())),
            ("formula", checks.no_formula.then(|| "reject".to_owned())),
            ("identifier", number(self.field.reading.identifier)),
            (
                "jsonSchema",
                json.map(|schema| schema.to_json().to_string()),
            ),
            (
                "arrayItem",
                item.map(|()| "has rules of its own".to_owned()),
            ),
        ] {
            if let Some(shown) = shown {
                self.say(key, &shown, key, None);
            }
        }
    }

    fn say_values(&mut self, is_nullable: bool) {
        let values = self.field.allowed_values();
        if values.is_empty() {
            return;
        }
        let shown = values.iter().map(|value| value.text.as_str());
        let shown = shown.collect::<Vec<_>>().join(", ");
        let json = values
            .iter()
            .map(|value| to_json(&self.field.field_type, &value.value));
        let json: Option<Vec<Json>> = json.collect();
        let json = json.map(|mut values| {
            values.extend(is_nullable.then_some(Json::Null));
            values.into()
        });
        self.say("enum", &shown, "enum", json);
    }
}

/// The value as it stands in a row.
fn to_json(field_type: &FieldType, value: &Value) -> Option<Json> {
    match (field_type, value) {
        (_, Value::Bool(value)) => Some((*value).into()),
        (FieldType::Number(_) | FieldType::Integer(_) | FieldType::Year, value) => {
            value.as_number().map(Json::Number)
        }
        _ => field_type.iso_text(value).map(Json::from),
    }
}

/// The pattern as it is written in ECMA 262, for a whole text; `None` where the two languages differ.
fn whole_text(pattern: &str) -> Option<String> {
    const SYNTAX: &str = r"^$\.*+?()[]{}|/";
    let mut out = String::from("^(?:");
    let mut chars = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                c if SYNTAX.contains(c) || "dDwWsSnrtfv".contains(c) || c == '-' && in_class => {
                    out.extend(['\\', c]);
                }
                c @ ('b' | 'B') if !in_class && chars.peek() != Some(&'{') => out.extend(['\\', c]),
                c if c.is_ascii_punctuation() && !"<>".contains(c) => out.push(c),
                _ => return None,
            },
            '(' if !in_class => {
                out.push('(');
                if chars.next_if_eq(&'?').is_some() {
                    chars.next_if_eq(&':')?;
                    out.push_str("?:");
                }
            }
            '[' if in_class => return None,
            '[' => {
                in_class = true;
                out.push('[');
                out.extend(chars.next_if_eq(&'^'));
                if chars.next_if_eq(&']').is_some() {
                    out.push_str("\\]");
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            // Sets of sets.
            '&' | '-' | '~' if in_class && chars.peek() == Some(&c) => return None,
            '/' => out.push_str("\\/"),
            c => out.push(c),
        }
    }
    out.push_str(")$");
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_translated_or_left_out() {
        for (pattern, expected) in [
            ("[A-Z]{3}-[0-9]{7}", Some("^(?:[A-Z]{3}-[0-9]{7})$")),
            (r"a|b\#\-\.", Some(r"^(?:a|b#-\.)$")),
            (r"[\-\]a\&]", Some(r"^(?:[\-\]a&])$")),
            ("[]a]", Some(r"^(?:[\]a])$")),
            ("[^]a]", Some(r"^(?:[^\]a])$")),
            ("a/b", Some(r"^(?:a\/b)$")),
            (r"(?:x)(y)\d\b", Some(r"^(?:(?:x)(y)\d\b)$")),
            ("(?i)x", None),
            ("(?P<n>x)", None),
            (r"\p{L}", None),
            (r"\Ax\z", None),
            ("[[:alpha:]]", None),
            ("[a-z&&[^b]]", None),
            (r"\x{41}", None),
            (r"\<a", None),
        ] {
            assert_eq!(whole_text(pattern).as_deref(), expected, "{pattern}");
        }
    }
}
