//! Texts to values of a field's type (the lexical rules of Table Schema v2), and what to say when that fails.

use super::{
    model::{FieldType, GeoJsonFormat, GeoPointFormat, NumberFormat, TemporalFormat, Value},
    temporal,
};

/// Why a value does not fit its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// Something else altogether.
    Type,
    /// A number in the writing of another country (`12,50` where `12.50` is meant).
    NumberLocale,
    /// A number with more digits than the type holds.
    Precision,
    /// Not a date or time, or a day that does not exist.
    DateInvalid,
    /// A date that can be understood in two ways.
    DateAmbiguous,
    /// A duration in years or months, which have no fixed length.
    Calendar,
}

impl Misfit {
    /// All, in the order of their discriminants.
    pub(crate) const ALL: [Misfit; 6] = [
        Misfit::Type,
        Misfit::NumberLocale,
        Misfit::Precision,
        Misfit::DateInvalid,
        Misfit::DateAmbiguous,
        Misfit::Calendar,
    ];
}

/// Comparison of bounds.
pub(super) trait BoundCheck {
    /// True when `self` is larger than `other`, or equal where `or_equal`.
    fn exceeds(&self, other: &Self, or_equal: bool) -> bool;
}

impl BoundCheck for Value {
    fn exceeds(&self, other: &Self, or_equal: bool) -> bool {
        let order = match (self, other) {
            (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
            (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            _ => None,
        };
        order.is_some_and(|order| order.is_gt() || (or_equal && order.is_eq()))
    }
}

impl FieldType {
    /// The value that `text` means in a field of this type. White space around it is ignored except in texts.
    pub(crate) fn parse(&self, text: &str) -> Result<Value, Misfit> {
        let trimmed = text.trim();
        match self {
            FieldType::String(format) if format.holds(text) => Ok(Value::Text(text.to_owned())),
            FieldType::String(_) => Err(Misfit::Type),
            FieldType::Any => Ok(Value::Text(text.to_owned())),
            FieldType::Number(format) => format.parse_float(trimmed).map(Value::Float),
            FieldType::Integer(format) => format.parse_int(trimmed).map(Value::Int),
            FieldType::Boolean {
                true_values,
                false_values,
            } => {
                let is_in = |values: &[String]| {
                    values.iter().any(|value| value == text || value == trimmed)
                };
                match (is_in(true_values), is_in(false_values)) {
                    (true, _) => Ok(Value::Bool(true)),
                    (_, true) => Ok(Value::Bool(false)),
                    _ => Err(Misfit::Type),
                }
            }
            FieldType::Date(format) => {
                temporal::date(trimmed, format).map(|days| Value::Int(days.into()))
            }
            FieldType::Time(format) => temporal::time(trimmed, format).map(Value::Int),
            FieldType::DateTime(format) => temporal::date_time(trimmed, format).map(Value::Int),
            FieldType::Duration => temporal::duration(trimmed).map(Value::Int),
            FieldType::Year => temporal::year(trimmed).map(Value::Int),
            FieldType::YearMonth => temporal::year_month(trimmed)
                .map(|(year, month)| Value::Text(format!("{year:04}-{month:02}"))),
            FieldType::List(_)
            | FieldType::Array
            | FieldType::Object
            | FieldType::GeoPoint(_)
            | FieldType::GeoJson(_) => {
                let canonical = self.canonical(text);
                canonical.map(Value::Text).ok_or(Misfit::Type)
            }
        }
    }

    /// What a text that is no date of this field may have meant, written as the field has it, and how likely that is: a date
    /// that can be understood in one way only, or one whose day and month are in each other's place.
    pub(crate) fn date_meant(&self, text: &str) -> Option<(String, f64)> {
        let FieldType::Date(format) = self else {
            return None;
        };
        let text = text.trim();
        let swapped = || {
            let (year, rest) = text.split_once('-')?;
            let (day, month) = rest.split_once('-')?;
            temporal::date(&format!("{year}-{month}-{day}"), &TemporalFormat::Default).ok()
        };
        let (days, score) = match temporal::date(text, &TemporalFormat::Any) {
            Ok(days) => (days, 0.9),
            Err(_) => (swapped()?, 0.7),
        };
        let meant = temporal::write_date(days, format)?;
        self.parse(&meant).is_ok().then_some((meant, score))
    }

    /// What a text that is a number in another writing may have meant, and how likely that is.
    pub(crate) fn number_meant(&self, text: &str) -> Option<(String, f64)> {
        let (FieldType::Number(format) | FieldType::Integer(format)) = self else {
            return None;
        };
        format
            .meant(text)
            .filter(|(meant, _)| self.parse(meant).is_ok())
    }

    /// What a cell should hold, in words for the author of the file.
    pub(crate) fn expected(&self) -> String {
        let number = |what: &str, format: &NumberFormat| match format.group {
            Some(group) => format!("{what} ({group:?} may separate thousands)"),
            None => what.to_owned(),
        };
        match self {
            FieldType::String(format) => format.expected().to_owned(),
            FieldType::Number(format) if format.decimal != '.' => number(
                &format!(
                    "a number written with {:?} before the decimals",
                    format.decimal
                ),
                format,
            ),
            FieldType::Number(format) => number("a number", format),
            FieldType::Integer(format) => number("a whole number", format),
            FieldType::Boolean {
                true_values,
                false_values,
            } => {
                let words: Vec<&str> = true_values
                    .iter()
                    .chain(false_values)
                    .map(String::as_str)
                    .collect();
                format!("yes or no, as one of {}", words.join(", "))
            }
            FieldType::Date(format) => format!("a date{}", format.written("YYYY-MM-DD")),
            FieldType::Time(format) => format!("a time of day{}", format.written("hh:mm:ss")),
            FieldType::DateTime(format) => {
                format!("a date and time{}", format.written("YYYY-MM-DD hh:mm:ss"))
            }
            FieldType::Duration => "a duration, or a text such as P1DT2H30M".to_owned(),
            FieldType::Year => "a year of four digits".to_owned(),
            FieldType::YearMonth => "a year and month, as YYYY-MM".to_owned(),
            FieldType::Any => "a value".to_owned(),
            FieldType::List(format) => format!(
                "a list of items of type {} with {:?} between them",
                format.item.name(),
                format.delimiter
            ),
            FieldType::Array => "a JSON array, such as [1, 2]".to_owned(),
            FieldType::Object => "a JSON object, such as {\"a\": 1}".to_owned(),
            FieldType::GeoPoint(format) => {
                let example = match format {
                    GeoPointFormat::Default => "90.5, 45.5",
                    GeoPointFormat::Array => "[90.5, 45.5]",
                    GeoPointFormat::Object => "{\"lon\": 90.5, \"lat\": 45.5}",
                };
                format!("longitude and latitude in degrees, as {example}")
            }
            FieldType::GeoJson(GeoJsonFormat::Default) => "a GeoJSON object".to_owned(),
            FieldType::GeoJson(GeoJsonFormat::TopoJson) => "a TopoJSON object".to_owned(),
        }
    }
}
