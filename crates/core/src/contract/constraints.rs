//! Constraints: each has to make sense for the type of its field, and together they have to leave something possible.

use super::{
    document::Data,
    json_schema, keys,
    lexical::BoundCheck,
    model::{Constraints, FieldType, Literal, NumberFormat, Value},
    place::{Keys, Place},
};
use crate::error::Result;

pub(super) fn read(place: &Place<'_>, field_type: &FieldType) -> Result<Constraints> {
    let keys = place.map()?;
    keys.only("constraints", keys::CONSTRAINTS, &[])?;
    for (key, applies) in [
        ("minimum", is_ordered(field_type)),
        ("maximum", is_ordered(field_type)),
        ("exclusiveMinimum", is_ordered(field_type)),
        ("exclusiveMaximum", is_ordered(field_type)),
        ("minLength", field_type.has_length()),
        ("maxLength", field_type.has_length()),
        ("pattern", matches!(field_type, FieldType::String(_))),
        (
            "jsonSchema",
            matches!(field_type, FieldType::Array | FieldType::Object),
        ),
    ] {
        if let Some(place) = keys.get(key)
            && !applies
        {
            let name = field_type.name();
            return Err(place.error(format!("`{key}` has no meaning in a field of type {name}")));
        }
    }
    let bound = |key| keys.read(key, |place| literal(place, field_type));
    let constraints = Constraints {
        required: keys.flag("required")?,
        unique: keys.flag("unique")?,
        minimum: bound("minimum")?,
        maximum: bound("maximum")?,
        exclusive_minimum: bound("exclusiveMinimum")?,
        exclusive_maximum: bound("exclusiveMaximum")?,
        min_length: keys.read("minLength", |place| place.count(0))?,
        max_length: keys.read("maxLength", |place| place.count(0))?,
        pattern: keys.read("pattern", pattern)?,
        enumeration: keys
            .read("enum", |place| enumeration(place, field_type))?
            .unwrap_or_default(),
        json_schema: keys.read("jsonSchema", json_schema::read)?,
    };
    check_bounds(&keys, &constraints)?;
    Ok(constraints)
}

fn is_ordered(field_type: &FieldType) -> bool {
    let is_unordered = matches!(
        field_type,
        FieldType::String(_) | FieldType::Boolean { .. } | FieldType::Any
    );
    !is_unordered && !field_type.is_structured()
}

/// A value of the field's type, as such (`5`, `true`) or in its lexical form (`"5"`, `"2024-01-31"`).
pub(super) fn literal(place: &Place<'_>, field_type: &FieldType) -> Result<Literal> {
    let plain = |field_type: FieldType, digits: &str| {
        let value = field_type.parse(digits).ok()?;
        Some((value.as_number()?.to_string(), value))
    };
    let parsed = match (place.data(), field_type) {
        (Data::Text(text), _) => field_type
            .parse(text)
            .ok()
            .map(|value| (text.clone(), value)),
        (Data::Number(digits), FieldType::Number(_)) => {
            plain(FieldType::Number(NumberFormat::default()), digits)
        }
        (Data::Number(digits), FieldType::Integer(_) | FieldType::Year) => {
            plain(FieldType::Integer(NumberFormat::default()), digits).or_else(|| whole(digits))
        }
        (Data::Number(digits), FieldType::Any) => {
            Some((digits.clone(), Value::Text(digits.clone())))
        }
        (Data::Bool(value), FieldType::Boolean { .. }) => {
            Some((value.to_string(), Value::Bool(*value)))
        }
        (data, _) => field_type
            .text_of_parts(data)
            .and_then(|text| Some((field_type.parse(&text).ok()?, text)))
            .map(|(value, text)| (text, value)),
    };
    match parsed {
        Some((_, Value::Float(value))) if value.is_nan() => {
            Err(place.error("NaN is equal to no value, and neither above nor below one"))
        }
        Some((text, value)) => Ok(Literal { text, value }),
        None if matches!(
            (place.data(), field_type),
            (Data::Number(_) | Data::Bool(_), FieldType::String(_))
        ) =>
        {
            Err(place.expected("a string").with_hint("put it in quotes"))
        }
        None => Err(place.expected(format!(
            "a value of type {} ({})",
            field_type.name(),
            field_type.expected()
        ))),
    }
}

/// `5.0` and `1e3` are whole numbers too, to a JSON writer.
fn whole(digits: &str) -> Option<(String, Value)> {
    let value: f64 = digits.parse().ok()?;
    let int = (value.fract() == 0.0 && value.abs() < 9e15).then_some(value as i64)?;
    Some((int.to_string(), Value::Int(int)))
}

fn enumeration(place: &Place<'_>, field_type: &FieldType) -> Result<Vec<Literal>> {
    let items = place.list()?;
    if items.is_empty() {
        return Err(place.error("enum must not be empty: no value would be allowed"));
    }
    let mut values: Vec<Literal> = Vec::with_capacity(items.len());
    for item in items {
        let literal = literal(&item, field_type)?;
        if values.iter().any(|other| other.value == literal.value) {
            return Err(item.error(format!("{:?} occurs twice", literal.text)));
        }
        values.push(literal);
    }
    Ok(values)
}

pub(super) fn pattern(place: &Place<'_>) -> Result<String> {
    expression(place, compile_pattern)
}

/// An expression that may match anywhere in a text.
pub(super) fn search(place: &Place<'_>) -> Result<String> {
    expression(place, compile_search)
}

fn expression(
    place: &Place<'_>,
    compile: fn(&str) -> std::result::Result<regex::Regex, regex::Error>,
) -> Result<String> {
    let pattern = place.text()?;
    compile(pattern).map_err(|error| {
        let why = error.to_string();
        let why = why
            .lines()
            .last()
            .unwrap_or_default()
            .trim_start_matches("error: ")
            .to_owned();
        place.error(format!(
            "{pattern:?} is no regular expression we can use: {why}"
        ))
    })?;
    Ok(pattern.to_owned())
}

/// A pattern has to match the whole text, as in XML Schema, whose expressions Table Schema takes over.
pub(crate) fn compile_pattern(pattern: &str) -> std::result::Result<regex::Regex, regex::Error> {
    compile_search(pattern)?; // alone, so that `a)|(b` cannot leave the group
    compile_search(&format!(r"\A(?:{pattern})\z"))
}

/// A pattern that may match anywhere.
pub(crate) fn compile_search(pattern: &str) -> std::result::Result<regex::Regex, regex::Error> {
    compile_within(pattern, 4 << 20)
}

/// As [`compile_search`], with so many bytes for the compiled pattern.
pub(super) fn compile_within(
    pattern: &str,
    bytes: usize,
) -> std::result::Result<regex::Regex, regex::Error> {
    regex::RegexBuilder::new(pattern).size_limit(bytes).build()
}

fn check_bounds(keys: &Keys<'_>, constraints: &Constraints) -> Result<()> {
    let lows = [
        ("minimum", &constraints.minimum, false),
        ("exclusiveMinimum", &constraints.exclusive_minimum, true),
    ];
    let highs = [
        ("maximum", &constraints.maximum, false),
        ("exclusiveMaximum", &constraints.exclusive_maximum, true),
    ];
    for (low_key, low, low_exclusive) in lows {
        for (high_key, high, high_exclusive) in highs {
            if let (Some(low), Some(high)) = (low, high)
                && low
                    .value
                    .exceeds(&high.value, low_exclusive || high_exclusive)
            {
                let message = format!(
                    "no value has {low_key} {} and {high_key} {}",
                    low.text, high.text
                );
                return Err(keys.required(low_key)?.error(message));
            }
        }
    }
    if let (Some(min), Some(max)) = (constraints.min_length, constraints.max_length)
        && min > max
    {
        return Err(keys
            .required("minLength")?
            .error(format!("no value has minLength {min} and maxLength {max}")));
    }
    Ok(())
}
