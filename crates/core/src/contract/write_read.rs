//! `sheetlift.read`, `blank` and `default` of a field, back to JSON.

use serde_json::{Map, Value as Json, json};

use super::{
    blank::Blank,
    local_number::{GROUPING, Grouping, LocalNumber, NEGATIVE, Negative, PERCENT},
    model::{Field, FieldType, NumberFormat, TemporalFormat},
    read::{CASE, DATE_ORDER, UNICODE},
    write::{literal, put},
};

/// How the values of a field are read; `None` where nothing is said.
pub(super) fn reading(field: &Field) -> Option<Json> {
    let mut object = Map::new();
    let reading = &field.reading;
    put(&mut object, "trim", reading.trim.then_some(true));
    put(
        &mut object,
        "unicode",
        word(&UNICODE, &reading.unicode, &None),
    );
    put(&mut object, "case", word(&CASE, &reading.case, &None));
    let map = reading
        .map
        .iter()
        .map(|(from, to)| (from.clone(), to.as_str().into()));
    let map: Map<String, Json> = map.collect();
    put(&mut object, "map", (!map.is_empty()).then_some(map));
    put(
        &mut object,
        "errors",
        reading.errors_are_null.then_some("null"),
    );
    let identifier = reading.identifier.map(|length| json!({ "length": length }));
    put(&mut object, "identifier", identifier);
    match &field.field_type {
        FieldType::Number(format) | FieldType::Integer(format) => {
            let local = format.local.as_ref().map(|local| number(format, local));
            put(&mut object, "number", local);
        }
        FieldType::Date(TemporalFormat::InOrder(order))
        | FieldType::DateTime(TemporalFormat::InOrder(order)) => {
            let order = DATE_ORDER.iter().find(|(_, known)| known == order);
            put(&mut object, "dateOrder", order.map(|(word, _)| *word));
        }
        _ => {}
    }
    (!object.is_empty()).then_some(object.into())
}

fn number(format: &NumberFormat, local: &LocalNumber) -> Json {
    let mut object = Map::new();
    let decimal = Some(format.decimal).filter(|&c| c != '.');
    put(&mut object, "decimal", decimal.map(String::from));
    put(&mut object, "group", format.group.map(String::from));
    let grouping = word(&GROUPING, &local.grouping, &Grouping::Any);
    put(&mut object, "grouping", grouping);
    let negative = word(&NEGATIVE, &local.negative, &Negative::Minus);
    put(&mut object, "negative", negative);
    let percent = PERCENT
        .iter()
        .find(|(_, percent)| Some(*percent) == local.percent);
    put(&mut object, "percent", percent.map(|(word, _)| *word));
    let currency = Some(&local.currency).filter(|currency| !currency.is_empty());
    put(
        &mut object,
        "currency",
        currency.map(|currency| json!(currency)),
    );
    object.into()
}

/// The word of a value that is not the default.
fn word<T: PartialEq>(words: &[(&'static str, T)], value: &T, default: &T) -> Option<&'static str> {
    let found = words.iter().find(|(_, known)| known == value)?;
    (value != default).then_some(found.0)
}

/// `blank` and `default`.
pub(super) fn blank(blank: &Blank, extension: &mut Map<String, Json>) {
    match blank {
        Blank::Null => {}
        Blank::KeepExisting => put(extension, "blank", Some("keep_existing")),
        Blank::Default(value) => put(extension, "default", Some(literal(value))),
    }
}
