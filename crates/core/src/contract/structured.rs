//! Texts with parts: lists, JSON arrays and objects, points and shapes on the earth. Their columns hold the text as it is written,
//! and what is checked is that it can be read. Two texts that read as the same thing have the same canonical text, which `enum`
//! compares.

use serde_json::{Map, Number, Value as Json};

use super::model::{
    FieldType, GeoJsonFormat, GeoPointFormat, ItemType, ListFormat, NumberFormat, StringFormat,
    TemporalFormat, Value,
};
use super::{document::Data, geojson};

impl ItemType {
    pub(super) const CHOICES: [(&'static str, ItemType); 7] = [
        ("string", ItemType::String),
        ("integer", ItemType::Integer),
        ("boolean", ItemType::Boolean),
        ("number", ItemType::Number),
        ("datetime", ItemType::DateTime),
        ("date", ItemType::Date),
        ("time", ItemType::Time),
    ];

    /// Its name in Table Schema.
    pub fn name(self) -> &'static str {
        Self::CHOICES[self as usize].0
    }

    /// The type of a field whose values look as the items do.
    fn field_type(self) -> FieldType {
        match self {
            ItemType::String => FieldType::String(StringFormat::Default),
            ItemType::Integer => FieldType::Integer(NumberFormat::default()),
            ItemType::Boolean => FieldType::Boolean {
                true_values: super::field::TRUE_VALUES.map(str::to_owned).to_vec(),
                false_values: super::field::FALSE_VALUES.map(str::to_owned).to_vec(),
            },
            ItemType::Number => FieldType::Number(NumberFormat::default()),
            ItemType::DateTime => FieldType::DateTime(TemporalFormat::Default),
            ItemType::Date => FieldType::Date(TemporalFormat::Default),
            ItemType::Time => FieldType::Time(TemporalFormat::Default),
        }
    }
}

impl GeoPointFormat {
    pub(super) const CHOICES: [(&'static str, GeoPointFormat); 3] = [
        ("default", GeoPointFormat::Default),
        ("array", GeoPointFormat::Array),
        ("object", GeoPointFormat::Object),
    ];

    /// Its name in Table Schema.
    pub fn name(self) -> &'static str {
        Self::CHOICES[self as usize].0
    }
}

impl GeoJsonFormat {
    pub(super) const CHOICES: [(&'static str, GeoJsonFormat); 2] = [
        ("default", GeoJsonFormat::Default),
        ("topojson", GeoJsonFormat::TopoJson),
    ];

    /// Its name in Table Schema.
    pub fn name(self) -> &'static str {
        Self::CHOICES[self as usize].0
    }
}

impl FieldType {
    /// True for a type whose texts have parts.
    pub(crate) fn is_structured(&self) -> bool {
        matches!(
            self,
            FieldType::List(_)
                | FieldType::Array
                | FieldType::Object
                | FieldType::GeoPoint(_)
                | FieldType::GeoJson(_)
        )
    }

    /// True for a type whose values can be counted by `minLength` and `maxLength`: characters, items or keys.
    pub(super) fn has_length(&self) -> bool {
        use FieldType::*;
        matches!(self, String(_) | List(_) | Array | Object)
    }

    /// How many items or keys a text of this type has; `None` for other types, and what is no such text.
    pub(crate) fn count_parts(&self, text: &str) -> Option<usize> {
        match self {
            FieldType::List(format) => Some(format.items(text).count()),
            FieldType::Array => Some(json(text)?.as_array()?.len()),
            FieldType::Object => Some(json(text)?.as_object()?.len()),
            _ => None,
        }
    }

    /// The canonical text of what `text` means; `None` when it is no text of this type.
    pub(super) fn canonical(&self, text: &str) -> Option<String> {
        match self {
            FieldType::List(format) => format.canonical(text),
            FieldType::Array => json(text).filter(Json::is_array).map(canonical_json),
            FieldType::Object => json(text).filter(Json::is_object).map(canonical_json),
            FieldType::GeoPoint(format) => point(text, *format),
            FieldType::GeoJson(format) => {
                let json = json(text)?;
                let is_valid = match format {
                    GeoJsonFormat::Default => geojson::is_geojson(&json),
                    GeoJsonFormat::TopoJson => geojson::is_topojson(&json),
                };
                is_valid.then(|| canonical_json(json))
            }
            _ => None,
        }
    }

    /// The text of a list or object that stands in a contract as such.
    pub(super) fn text_of_parts(&self, data: &Data) -> Option<String> {
        match (self, data) {
            (FieldType::List(format), Data::List(items)) => {
                let texts = items.iter().map(|item| match &item.data {
                    Data::Text(text) | Data::Number(text) => Some(text.clone()),
                    Data::Bool(value) => Some(value.to_string()),
                    _ => None,
                });
                let texts: Option<Vec<String>> = texts.collect();
                Some(texts?.join(&format.delimiter))
            }
            (FieldType::List(_), _) => None,
            (_, Data::List(_) | Data::Map(_)) if self.is_structured() => {
                Some(data.to_json().to_string())
            }
            _ => None,
        }
    }
}

impl ListFormat {
    fn items<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> {
        text.split(self.delimiter.as_str())
    }

    fn canonical(&self, text: &str) -> Option<String> {
        let item_type = self.item.field_type();
        let items = self.items(text).map(|item| {
            Some(match item_type.parse(item).ok()? {
                Value::Text(text) => Json::String(text),
                Value::Int(int) => int.into(),
                Value::Float(float) => format!("{float:?}").into(), // NaN is no JSON
                Value::Bool(value) => value.into(),
            })
        });
        items
            .collect::<Option<Vec<Json>>>()
            .map(|items| Json::Array(items).to_string())
    }
}

impl Data {
    /// As JSON; a number that is none there (`.inf`) as its text.
    pub(super) fn to_json(&self) -> Json {
        match self {
            Data::Null => Json::Null,
            Data::Bool(value) => (*value).into(),
            Data::Number(digits) => {
                // YAML has `.5` and `+5`, which JSON has not.
                let float = || digits.parse().ok().and_then(Number::from_f64);
                match digits.parse::<Number>().ok().or_else(float) {
                    Some(number) => number.into(),
                    None => digits.as_str().into(),
                }
            }
            Data::Text(text) => text.as_str().into(),
            Data::List(items) => items.iter().map(|item| item.data.to_json()).collect(),
            Data::Map(entries) => {
                let entries = entries.iter();
                let entries = entries.map(|(key, node)| (key.text.clone(), node.data.to_json()));
                Json::Object(entries.collect())
            }
        }
    }
}

/// JSON, nested no deeper than the parser allows (128 levels).
pub(crate) fn json(text: &str) -> Option<Json> {
    serde_json::from_str(text).ok()
}

/// With the keys of objects in order and whole numbers written without a fraction: what is equal looks equal.
fn canonical_json(json: Json) -> String {
    ordered(json).to_string()
}

pub(super) fn ordered(json: Json) -> Json {
    /// Whole numbers up to here are exact as floats.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match json {
        Json::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT => {
                (float as i64).into()
            }
            _ => number.into(),
        },
        Json::Array(items) => items.into_iter().map(ordered).collect(),
        Json::Object(entries) => {
            let mut entries: Vec<(String, Json)> = entries.into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            let entries = entries.into_iter();
            Json::Object(entries.map(|(key, json)| (key, ordered(json))).collect())
        }
        json => json,
    }
}

/// Longitude and latitude in degrees, as `lon,lat`.
fn point(text: &str, format: GeoPointFormat) -> Option<String> {
    let (longitude, latitude) = match format {
        GeoPointFormat::Default => {
            let (longitude, latitude) = text.split_once(',')?;
            let degrees = |text: &str| NumberFormat::default().parse_float(text.trim()).ok();
            (degrees(longitude)?, degrees(latitude)?)
        }
        GeoPointFormat::Array => match json(text)?.as_array()?.as_slice() {
            [longitude, latitude] => (degrees(longitude)?, degrees(latitude)?),
            _ => return None,
        },
        GeoPointFormat::Object => {
            let json = json(text)?;
            let object: &Map<String, Json> = json.as_object().filter(|object| object.len() == 2)?;
            (degrees(object.get("lon")?)?, degrees(object.get("lat")?)?)
        }
    };
    let is_on_earth = longitude.abs() <= 180.0 && latitude.abs() <= 90.0;
    is_on_earth.then(|| format!("{},{}", longitude + 0.0, latitude + 0.0))
}

/// A number, or a text that is one.
fn degrees(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => NumberFormat::default().parse_float(text.trim()).ok(),
        _ => None,
    }
}
