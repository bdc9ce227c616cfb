//! One field: its type with the options of that type, its constraints, its missing values.

use super::{
    blank::{self, BlankWord},
    check::{self, Checks},
    constraints,
    document::Data,
    keys,
    levels::{self, Levels},
    model::{
        Field, FieldType, GeoJsonFormat, GeoPointFormat, ItemType, ListFormat, Literal,
        NumberFormat, StringFormat, TemporalFormat,
    },
    place::{Keys, Place, did_you_mean},
    read::{self, Written},
    temporal::{self, Part},
};
use crate::error::Result;

/// What a contract says for all its fields.
#[derive(Debug, Default)]
pub(super) struct Defaults {
    pub(super) reading: Written,
    pub(super) blank: Option<BlankWord>,
}

const TYPES: [&str; 16] = [
    "string",
    "number",
    "integer",
    "boolean",
    "date",
    "time",
    "datetime",
    "duration",
    "year",
    "yearmonth",
    "any",
    "list",
    "array",
    "object",
    "geopoint",
    "geojson",
];

/// Options that only some types have.
const OPTIONS: [(&str, &[&str]); 10] = [
    ("decimalChar", &["number"]),
    ("groupChar", &["number", "integer"]),
    ("bareNumber", &["number", "integer"]),
    ("trueValues", &["boolean"]),
    ("falseValues", &["boolean"]),
    ("categories", &["string", "integer"]),
    ("categoriesOrdered", &["string", "integer"]),
    ("delimiter", &["list"]),
    ("itemType", &["list"]),
    ("arrayItem", &["array"]),
];

/// Reads a field; `defaults` are those of `sheetlift.read` and `sheetlift.blank` of its contract.
pub(super) fn read(place: &Place<'_>, defaults: &Defaults) -> Result<Field> {
    let keys = place.map()?;
    keys.no_misspelling("a field", keys::FIELD, &[])?;
    if let Some((key, place)) = keys::CONSTRAINTS
        .iter()
        .find_map(|key| Some((key, keys.get(key)?)))
    {
        return Err(place.error(format!("`{key}` belongs into the constraints of the field")));
    }
    let name = keys.required("name")?.non_empty_text()?;
    read_named(&keys, name, defaults)
}

fn read_named(keys: &Keys<'_>, name: &str, defaults: &Defaults) -> Result<Field> {
    let mut field_type = read_type(keys)?;
    let extension = keys.read("sheetlift", Place::map)?;
    let own = |key: &str| extension.as_ref().and_then(|keys| keys.get(key));
    let reading = read::of_field(
        keys,
        own("read").as_ref(),
        &defaults.reading,
        &mut field_type,
    )?;
    let mut constraints = keys
        .read("constraints", |place| constraints::read(place, &field_type))?
        .unwrap_or_default();
    let blank = blank::of_field(
        extension.as_ref(),
        defaults.blank,
        &field_type,
        &mut constraints,
    )?;
    let categories = keys.read("categories", |place| categories(place, &field_type))?;
    let categories = categories.unwrap_or_default();
    let is_category = |literal: &Literal| categories.iter().any(|it| it.value == literal.value);
    if !categories.is_empty()
        && let Some(other) = constraints.enumeration.iter().find(|it| !is_category(it))
    {
        let place = keys.required("constraints")?.map()?.required("enum")?;
        return Err(place.error(format!("{:?} is none of the categories", other.text)));
    }
    let checks = match own("check") {
        Some(place) => {
            let checks = check::read(&place, &field_type)?;
            if checks.enum_ignore_case {
                let values = constraints.enumeration.iter().chain(&categories);
                check::values_differ(&place, values)?;
            }
            checks
        }
        None => Checks::default(),
    };
    Ok(Field {
        name: name.into(),
        title: keys.text("title")?,
        description: keys.text("description")?,
        examples: examples(keys),
        categories,
        constraints,
        missing_values: keys.read("missingValues", missing_values)?,
        aliases: extension
            .as_ref()
            .map(aliases)
            .transpose()?
            .unwrap_or_default(),
        blank,
        reading,
        checks,
        levels: match extension.as_ref().and_then(|keys| keys.get("levels")) {
            Some(place) => levels::read(&place, false)?,
            None => Levels::default(),
        },
        array_item: keys.read("arrayItem", array_item)?,
        field_type,
    })
}

/// What each item of an array has to be like. It has no column, so nothing that is about one.
fn array_item(place: &Place<'_>) -> Result<Box<Field>> {
    let keys = place.map()?;
    keys.no_misspelling("arrayItem", keys::FIELD, &[])?;
    let constraints = keys.read("constraints", Place::map)?;
    let unique = constraints.and_then(|keys| keys.get("unique"));
    let own = ["arrayItem", "missingValues", "sheetlift"].map(|key| keys.get(key));
    if let Some(place) = unique.into_iter().chain(own.into_iter().flatten()).next() {
        return Err(place.error("this has no meaning for the items of an array"));
    }
    read_named(&keys, "item", &Defaults::default()).map(Box::new)
}

fn read_type(keys: &Keys<'_>) -> Result<FieldType> {
    // The standard's default; plain schemas leave it out.
    let name = keys.read("type", Place::text)?.unwrap_or("string");
    for (option, types) in OPTIONS {
        if let Some(place) = keys.get(option)
            && !types.contains(&name)
        {
            return Err(place.error(format!(
                "`{option}` has no meaning in a field of type {name}"
            )));
        }
    }
    let temporal = |part| {
        keys.read("format", |place| temporal_format(place, part))
            .map(Option::unwrap_or_default)
    };
    let field_type = match name {
        "string" => {
            let format = keys.read("format", |place| {
                use StringFormat::*;
                place.choice(
                    &[Default, Email, Uri, Uuid, Binary].map(|format| (format.name(), format)),
                )
            })?;
            return Ok(FieldType::String(format.unwrap_or_default()));
        }
        "date" => return Ok(FieldType::Date(temporal(Part::Date)?)),
        "time" => return Ok(FieldType::Time(temporal(Part::Time)?)),
        "datetime" => return Ok(FieldType::DateTime(temporal(Part::DateTime)?)),
        "number" => FieldType::Number(number_format(keys)?),
        "integer" => FieldType::Integer(number_format(keys)?),
        "boolean" => {
            let values = |key, default: &[&str]| {
                let own = keys.read(key, Place::texts)?;
                Ok::<_, crate::Error>(
                    own.unwrap_or_else(|| default.iter().map(|&value| value.to_owned()).collect()),
                )
            };
            let true_values = values("trueValues", &TRUE_VALUES)?;
            let false_values = values("falseValues", &FALSE_VALUES)?;
            if let Some(both) = true_values
                .iter()
                .find(|value| false_values.contains(value))
            {
                return Err(keys
                    .place()
                    .error(format!("{both:?} is in both trueValues and falseValues")));
            }
            FieldType::Boolean {
                true_values,
                false_values,
            }
        }
        "duration" => FieldType::Duration,
        "year" => FieldType::Year,
        "yearmonth" => FieldType::YearMonth,
        "any" => FieldType::Any,
        "list" => FieldType::List(list_format(keys)?),
        "array" => FieldType::Array,
        "object" => FieldType::Object,
        "geopoint" => {
            let format = keys.read("format", |place| place.choice(&GeoPointFormat::CHOICES))?;
            return Ok(FieldType::GeoPoint(format.unwrap_or_default()));
        }
        "geojson" => {
            let format = keys.read("format", |place| place.choice(&GeoJsonFormat::CHOICES))?;
            return Ok(FieldType::GeoJson(format.unwrap_or_default()));
        }
        other => {
            let place = keys.required("type")?;
            let error = place.expected(format!("a type, one of {}", TYPES.join(", ")));
            return Err(did_you_mean(error, other, TYPES));
        }
    };
    match keys.get("format") {
        Some(place) if place.text()? != "default" => {
            Err(place.expected(format!("default for type {name}")))
        }
        _ => Ok(field_type),
    }
}

pub(super) const TRUE_VALUES: [&str; 4] = ["true", "True", "TRUE", "1"];
pub(super) const FALSE_VALUES: [&str; 4] = ["false", "False", "FALSE", "0"];

fn number_format(keys: &Keys<'_>) -> Result<NumberFormat> {
    let mut format = NumberFormat::default();
    if let Some(decimal) = keys.read("decimalChar", separator)? {
        format.decimal = decimal;
    }
    let has_group = |place: &Place<'_>| place.text().map(|text| !text.is_empty());
    if keys.read("groupChar", has_group)? == Some(true) {
        format.group = keys.read("groupChar", separator)?;
    }
    format.bare = keys.read("bareNumber", Place::bool)?.unwrap_or(true);
    if format.group == Some(format.decimal) {
        let place = keys.required("groupChar")?;
        return Err(place
            .error("groupChar and decimalChar are the same")
            .with_hint("set decimalChar"));
    }
    Ok(format)
}

fn list_format(keys: &Keys<'_>) -> Result<ListFormat> {
    let mut format = ListFormat::default();
    if let Some(place) = keys.get("delimiter") {
        format.delimiter = match place.text()? {
            "" => return Err(place.error("the delimiter of a list must not be empty")),
            delimiter => delimiter.to_owned(),
        };
    }
    if let Some(item) = keys.read("itemType", |place| place.choice(&ItemType::CHOICES))? {
        format.item = item;
    }
    Ok(format)
}

pub(super) fn separator(place: &Place<'_>) -> Result<char> {
    let mut chars = place.text()?.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) if !c.is_ascii_digit() && !"+-eE".contains(c) => Ok(c),
        _ => Err(place.expected("one character that is not part of a number")),
    }
}

fn temporal_format(place: &Place<'_>, part: Part) -> Result<TemporalFormat> {
    let text = place.text()?;
    // A mark of the first version of the standard.
    Ok(match text.strip_prefix("fmt:").unwrap_or(text) {
        "default" => TemporalFormat::Default,
        "any" => TemporalFormat::Any,
        pattern => {
            temporal::check_pattern(pattern, part).map_err(|why| {
                let shown: String = pattern.chars().take(200).collect();
                place
                    .error(format!("{shown:?} is no usable format: {why}"))
                    .with_hint("such as %d/%m/%Y or %H:%M:%S")
            })?;
            TemporalFormat::Pattern(pattern.to_owned())
        }
    })
}

/// One example, or several, or both. They are for people, so that none is held to anything, and what is no text, number or
/// boolean is passed over.
fn examples(keys: &Keys<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for place in ["example", "examples"]
        .iter()
        .filter_map(|key| keys.get(key))
    {
        let items = place.list().unwrap_or_else(|_| vec![place.clone()]);
        found.extend(items.iter().filter_map(|item| match item.data() {
            Data::Text(text) | Data::Number(text) => Some(text.clone()),
            Data::Bool(value) => Some(value.to_string()),
            _ => None,
        }));
    }
    found
}

/// Texts, or `{value, label}` objects; the labels are for people.
pub(super) fn missing_values(place: &Place<'_>) -> Result<Vec<String>> {
    let items = place.list()?;
    items
        .iter()
        .map(|item| labelled("a missing value", item)?.text().map(str::to_owned))
        .collect()
}

fn categories(place: &Place<'_>, field_type: &FieldType) -> Result<Vec<Literal>> {
    let items = place.list()?;
    items
        .iter()
        .map(|item| constraints::literal(&labelled("a category", item)?, field_type))
        .collect()
}

fn labelled<'a>(what: &str, item: &Place<'a>) -> Result<Place<'a>> {
    if !matches!(item.data(), Data::Map(_)) {
        return Ok(item.clone());
    }
    let keys = item.map()?;
    keys.only(what, &["value", "label"], &[])?;
    keys.text("label")?;
    keys.required("value")
}

fn aliases(object: &Keys<'_>) -> Result<Vec<String>> {
    object.only("sheetlift", keys::FIELD_SHEETLIFT, &[])?;
    let Some(matching) = object.get("match") else {
        return Ok(Vec::new());
    };
    let matching = matching.map()?;
    matching.only("match of a field", keys::FIELD_MATCH, &[])?;
    let Some(aliases) = matching.get("aliases") else {
        return Ok(Vec::new());
    };
    aliases
        .list()?
        .iter()
        .map(|alias| alias.non_empty_text().map(str::to_owned))
        .collect()
}
