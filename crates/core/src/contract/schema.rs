//! The JSON Schema of contracts (`schema.json`, published as `docs/contract.schema.json`), and as much of JSON Schema 2020-12 as it
//! uses. The reader of contracts has better words for a fault, but ends at the first one; this finds them all.

use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::{
    document::{Data, Node},
    place::{Place, did_you_mean},
};
use crate::error::Error;

/// The schema, as text.
pub(crate) const TEXT: &str = include_str!("schema.json");

/// Faults that are listed: a file that is no contract at all has one for each of its keys.
const MAX_FAULTS: usize = 100;

/// What of a contract does not fit the schema, each with its pointer, line and column.
pub(super) fn check(root: &Node) -> Vec<Error> {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    let schema = SCHEMA.get_or_init(|| serde_json::from_str(TEXT).unwrap_or_default());
    let place = Place::root(root);
    // The three kinds of contract are told apart as the reader does it.
    let has = |key: &str| matches!(place.map().map(|keys| keys.get(key).is_some()), Ok(true));
    let kind = match () {
        () if has("resources") => "package",
        () if has("fields") => "schema",
        () => "resource",
    };
    let mut faults = Vec::new();
    Checker { schema }.check(&place, &schema["$defs"][kind], &mut faults);
    faults.truncate(MAX_FAULTS);
    faults
}

struct Checker<'a> {
    schema: &'a Value,
}

impl Checker<'_> {
    fn check(&self, place: &Place<'_>, schema: &Value, faults: &mut Vec<Error>) {
        let Value::Object(schema) = schema else {
            return; // true: anything
        };
        if faults.len() >= MAX_FAULTS {
            return;
        }
        if let Some(Value::String(reference)) = schema.get("$ref") {
            let pointer = reference.trim_start_matches('#');
            let target = self.schema.pointer(pointer).unwrap_or(&Value::Null);
            self.check(place, target, faults);
        }
        if let Some(Value::Array(choices)) = schema.get("anyOf") {
            self.check_any(place, choices, faults);
        }
        if let Some(kind) = schema.get("type")
            && !has_type(place.data(), kind)
        {
            faults.push(place.expected(type_names(kind)));
            return;
        }
        if let Some(Value::Array(words)) = schema.get("enum")
            && !words.iter().any(|word| is_word(place.data(), word))
        {
            faults.push(expected_word(place, words));
        }
        match place.data() {
            Data::Map(_) => self.check_map(place, schema, faults),
            Data::List(_) => self.check_list(place, schema, faults),
            Data::Number(digits) => check_number(place, digits, schema, faults),
            Data::Text(text) => check_text(place, text, schema, faults),
            _ => {}
        }
    }

    /// One of the schemas has to fit; if none does, the faults of the one that comes nearest are told.
    fn check_any(&self, place: &Place<'_>, choices: &[Value], faults: &mut Vec<Error>) {
        let mut nearest: Option<Vec<Error>> = None;
        for choice in choices {
            let mut found = Vec::new();
            self.check(place, choice, &mut found);
            if found.is_empty() {
                return;
            }
            let depth = |faults: &[Error]| {
                let parts = faults
                    .iter()
                    .filter_map(|fault| fault.location().part.as_deref());
                parts
                    .map(|part| part.matches('/').count())
                    .max()
                    .unwrap_or(0)
            };
            if nearest
                .as_ref()
                .is_none_or(|known| depth(&found) > depth(known))
            {
                nearest = Some(found);
            }
        }
        faults.extend(nearest.unwrap_or_default());
    }

    fn check_map(&self, place: &Place<'_>, schema: &Map<String, Value>, faults: &mut Vec<Error>) {
        let Ok(keys) = place.map() else { return };
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object);
        let properties = properties.unwrap_or(&empty);
        for (key, value) in keys.entries() {
            match properties.get(key) {
                Some(schema) => self.check(&value, schema, faults),
                None => match schema.get("additionalProperties") {
                    Some(Value::Bool(false)) => {
                        let error = value.error(format!("unknown key `{key}`"));
                        let known = properties.keys().map(String::as_str);
                        faults.push(did_you_mean(error, key, known));
                    }
                    Some(schema @ Value::Object(_)) => self.check(&value, schema, faults),
                    _ => {}
                },
            }
        }
        for key in texts(schema.get("required")) {
            if keys.get(key).is_none() {
                faults.push(place.error(format!("key `{key}` is missing")));
            }
        }
    }

    fn check_list(&self, place: &Place<'_>, schema: &Map<String, Value>, faults: &mut Vec<Error>) {
        let items = place.list().unwrap_or_default();
        let count = |key: &str| schema.get(key).and_then(Value::as_u64);
        if count("minItems").is_some_and(|least| (items.len() as u64) < least) {
            faults.push(place.error("the list has too few items"));
        }
        if count("maxItems").is_some_and(|most| items.len() as u64 > most) {
            faults.push(place.error("the list has too many items"));
        }
        if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
            for (at, item) in items.iter().enumerate() {
                if items[..at].iter().any(|other| other.data() == item.data()) {
                    faults.push(item.error("occurs twice in the list"));
                }
            }
        }
        if let Some(schema) = schema.get("items") {
            items
                .iter()
                .for_each(|item| self.check(item, schema, faults));
        }
    }
}

fn check_number(
    place: &Place<'_>,
    digits: &str,
    schema: &Map<String, Value>,
    faults: &mut Vec<Error>,
) {
    let number: f64 = digits.parse().unwrap_or(f64::NAN);
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    if let Some(least) = bound("minimum").filter(|least| number < *least) {
        faults.push(place.expected(format!("{least} or more")));
    }
    if let Some(most) = bound("maximum").filter(|most| number > *most) {
        faults.push(place.expected(format!("{most} or less")));
    }
}

fn check_text(place: &Place<'_>, text: &str, schema: &Map<String, Value>, faults: &mut Vec<Error>) {
    let length = text.chars().count() as u64;
    let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
    if bound("minLength").is_some_and(|least| length < least) {
        faults.push(place.error("must not be empty"));
    }
    if let Some(most) = bound("maxLength").filter(|most| length > *most) {
        faults.push(place.expected(format!("at most {most} characters")));
    }
}

fn has_type(data: &Data, kind: &Value) -> bool {
    let is = |kind: &str| match (kind, data) {
        ("object", Data::Map(_))
        | ("array", Data::List(_))
        | ("string", Data::Text(_))
        | ("number", Data::Number(_))
        | ("boolean", Data::Bool(_))
        | ("null", Data::Null) => true,
        ("integer", Data::Number(digits)) => digits
            .parse::<f64>()
            .is_ok_and(|number| number.fract() == 0.0),
        _ => false,
    };
    texts(Some(kind)).any(is)
}

fn type_names(kind: &Value) -> String {
    let names = texts(Some(kind)).map(|kind| match kind {
        "object" => "an object",
        "array" => "a list",
        "string" => "a string",
        "integer" => "a whole number",
        "number" => "a number",
        "null" => "null",
        _ => "true or false",
    });
    names.collect::<Vec<_>>().join(" or ")
}

fn is_word(data: &Data, word: &Value) -> bool {
    match (data, word) {
        (Data::Text(text), Value::String(word)) => text == word,
        (Data::Null, Value::Null) => true,
        _ => false,
    }
}

fn expected_word(place: &Place<'_>, words: &[Value]) -> Error {
    let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
    let error = place.expected(format!("one of {}", words.join(", ")));
    match place.data() {
        Data::Text(text) => did_you_mean(error, text, words),
        _ => error,
    }
}

/// A text, or a list of them.
fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let list = match value {
        Some(Value::Array(items)) => items.as_slice(),
        Some(value) => std::slice::from_ref(value),
        None => &[],
    };
    list.iter().filter_map(Value::as_str)
}
