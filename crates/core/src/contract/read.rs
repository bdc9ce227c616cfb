//! `sheetlift.read`: how values are read, beside what Table Schema says of their type. What a contract says for all its fields is
//! put into the fields it has a meaning for, as far as they do not say otherwise themselves.

use std::collections::BTreeMap;

use super::{
    document::Data,
    keys,
    local_number::{self, Percent},
    model::{DateOrder, FieldType, NumberFormat, TemporalFormat},
    place::{Keys, Place},
};
use crate::error::Result;

/// What is done to a value before its type and its rules are asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Reading {
    /// White space around texts is cut off. Texts that mean a value of another type are always read without it.
    pub trim: bool,
    /// The Unicode form texts are brought into.
    pub unicode: Option<UnicodeForm>,
    /// The letter case texts are brought into.
    pub case: Option<LetterCase>,
    /// Texts, and those they are replaced by.
    pub map: BTreeMap<String, String>,
    /// A cell that shows an error has no value; otherwise it is a fault.
    pub errors_are_null: bool,
    /// How many digits a number has, zeros in front included: `42` has lost some.
    pub identifier: Option<u8>,
}

/// A normalisation form of Unicode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnicodeForm {
    /// Letters and their accents together: `e` and U+0301 are `é`.
    Nfc,
    /// The same, and what only looks different is made equal: `ﬁ` is `fi`, `²` is `2`, a no-break space a blank.
    Nfkc,
}

/// Upper or lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterCase {
    /// `ABC`
    Upper,
    /// `abc`
    Lower,
}

pub(super) const UNICODE: [(&str, Option<UnicodeForm>); 3] = [
    ("keep", None),
    ("nfc", Some(UnicodeForm::Nfc)),
    ("nfkc", Some(UnicodeForm::Nfkc)),
];

pub(super) const CASE: [(&str, Option<LetterCase>); 3] = [
    ("keep", None),
    ("upper", Some(LetterCase::Upper)),
    ("lower", Some(LetterCase::Lower)),
];

pub(super) const DATE_ORDER: [(&str, DateOrder); 4] = [
    ("dmy", DateOrder::DayFirst),
    ("mdy", DateOrder::MonthFirst),
    ("ymd", DateOrder::YearFirst),
    ("infer", DateOrder::Inferred),
];

/// `read` as it was written, of a contract or of a field.
#[derive(Debug, Default)]
pub(super) struct Written {
    trim: Option<bool>,
    unicode: Option<Option<UnicodeForm>>,
    case: Option<Option<LetterCase>>,
    map: Option<BTreeMap<String, String>>,
    errors_are_null: Option<bool>,
    identifier: Option<u8>,
    date_order: Option<DateOrder>,
    number: Option<NumberFormat>,
    true_values: Option<Vec<String>>,
    false_values: Option<Vec<String>>,
}

impl Written {
    fn read(keys: &Keys<'_>) -> Result<Written> {
        Ok(Written {
            trim: keys.read("trim", Place::bool)?,
            unicode: keys.read("unicode", |place| place.choice(&UNICODE))?,
            case: keys.read("case", |place| place.choice(&CASE))?,
            map: keys.read("map", map)?,
            errors_are_null: keys.read("errors", errors)?,
            identifier: keys.read("identifier", identifier)?,
            date_order: keys.read("dateOrder", |place| place.choice(&DATE_ORDER))?,
            number: keys.read("number", local_number::read)?,
            true_values: keys.read("trueValues", Place::texts)?,
            false_values: keys.read("falseValues", Place::texts)?,
        })
    }
}

/// What the `sheetlift` object of a contract says for all fields.
pub(super) fn defaults(extension: &Place<'_>) -> Result<Written> {
    let Some(place) = extension.map()?.get("read") else {
        return Ok(Written::default());
    };
    let keys = place.map()?;
    keys.only("read", keys::READ, &[])?;
    let written = Written::read(&keys)?;
    let overlap = |values: &[String]| {
        values
            .iter()
            .find(|value| is_false(&written, value))
            .cloned()
    };
    if let Some(both) = written.true_values.as_deref().and_then(overlap) {
        return Err(place.error(format!("{both:?} is in both trueValues and falseValues")));
    }
    Ok(written)
}

fn is_false(written: &Written, value: &String) -> bool {
    let values = written.false_values.as_ref();
    values.is_some_and(|values| values.contains(value))
}

/// How a field is read; what belongs to its type is put there.
pub(super) fn of_field(
    field: &Keys<'_>,
    own: Option<&Place<'_>>,
    defaults: &Written,
    field_type: &mut FieldType,
) -> Result<Reading> {
    let written = match own {
        Some(place) => {
            let keys = place.map()?;
            keys.only("read of a field", keys::FIELD_READ, &[])?;
            refuse_what_has_no_meaning(&keys, field, field_type)?;
            Written::read(&keys)?
        }
        None => Written::default(),
    };
    let is_integer = matches!(field_type, FieldType::Integer(_));
    match field_type {
        FieldType::Number(format) | FieldType::Integer(format) => {
            let has_own = field.get("decimalChar").is_some() || field.get("groupChar").is_some();
            let default = defaults.number.as_ref().filter(|_| !has_own);
            if let Some(number) = written.number.as_ref().or(default) {
                *format = NumberFormat {
                    bare: format.bare,
                    ..number.clone()
                };
            }
            // A whole number has no use for fractions that are meant for other fields.
            if let Some(local) = format.local.as_mut().filter(|_| is_integer) {
                local.percent = local.percent.filter(|percent| *percent == Percent::Number);
            }
        }
        FieldType::Date(format) | FieldType::DateTime(format) => {
            let has_own = field.get("format").is_some() && *format != TemporalFormat::Any;
            let default = defaults.date_order.filter(|_| !has_own);
            if let Some(order) = written.date_order.or(default) {
                *format = TemporalFormat::InOrder(order);
            }
        }
        FieldType::Boolean {
            true_values,
            false_values,
        } if field.get("trueValues").is_none() && field.get("falseValues").is_none() => {
            if let Some(words) = &defaults.true_values {
                true_values.clone_from(words);
            }
            if let Some(words) = &defaults.false_values {
                false_values.clone_from(words);
            }
            if let Some(both) = true_values
                .iter()
                .find(|value| false_values.contains(value))
            {
                let message = format!("{both:?} is in both trueValues and falseValues");
                return Err(field.place().error(message));
            }
        }
        _ => {}
    }
    let is_text = is_text(field_type);
    let map = written.map.as_ref().or(defaults.map.as_ref());
    Ok(Reading {
        trim: is_text && written.trim.or(defaults.trim).unwrap_or(false),
        unicode: written
            .unicode
            .or(defaults.unicode)
            .flatten()
            .filter(|_| is_text),
        case: written.case.or(defaults.case).flatten().filter(|_| is_text),
        map: map.cloned().unwrap_or_default(),
        errors_are_null: written
            .errors_are_null
            .or(defaults.errors_are_null)
            .unwrap_or(false),
        identifier: written.identifier,
    })
}

fn is_text(field_type: &FieldType) -> bool {
    matches!(field_type, FieldType::String(_) | FieldType::Any)
}

fn refuse_what_has_no_meaning(
    keys: &Keys<'_>,
    field: &Keys<'_>,
    field_type: &FieldType,
) -> Result<()> {
    let is_number = matches!(field_type, FieldType::Number(_) | FieldType::Integer(_));
    let is_date = matches!(field_type, FieldType::Date(_) | FieldType::DateTime(_));
    let is_text = is_text(field_type);
    for (key, applies) in [
        ("trim", is_text),
        ("unicode", is_text),
        ("case", is_text),
        ("identifier", is_text),
        ("number", is_number),
        ("dateOrder", is_date),
    ] {
        if let Some(place) = keys.get(key)
            && !applies
        {
            let name = field_type.name();
            return Err(place.error(format!("`{key}` has no meaning in a field of type {name}")));
        }
    }
    if let Some(place) = keys.get("dateOrder")
        && field.get("format").is_some()
        && let FieldType::Date(format) | FieldType::DateTime(format) = field_type
        && *format != TemporalFormat::Any
    {
        let message = "`format` says in which order day, month and year stand";
        return Err(place
            .error(message)
            .with_hint("leave one of them out, or say format: any"));
    }
    let Some(number) = keys.get("number") else {
        return Ok(());
    };
    for (key, standard) in [("decimal", "decimalChar"), ("group", "groupChar")] {
        if let Some(place) = number.map()?.get(key)
            && field.get(standard).is_some()
        {
            return Err(place.error(format!("`{key}` and `{standard}` say the same thing")));
        }
    }
    if field.get("decimalChar").is_some() || field.get("groupChar").is_some() {
        let message = "the characters of numbers are told in two places";
        return Err(number
            .error(message)
            .with_hint("move decimalChar and groupChar here, as decimal and group"));
    }
    let local = local_number::read(&number)?.local;
    if matches!(field_type, FieldType::Integer(_))
        && local.is_some_and(|local| local.percent == Some(Percent::Fraction))
    {
        return Err(number.error("a percentage is no whole number as a fraction"));
    }
    Ok(())
}

/// Text to text. Numbers and booleans on the right are taken as they are written: they may be values of the field.
fn map(place: &Place<'_>) -> Result<BTreeMap<String, String>> {
    let keys = place.map()?;
    let entries = keys.entries().map(|(from, place)| {
        let to = match place.data() {
            Data::Number(digits) => digits.clone(),
            Data::Bool(value) => value.to_string(),
            _ => place.text()?.to_owned(),
        };
        Ok((from.to_owned(), to))
    });
    entries.collect()
}

/// `error` or `null`; YAML has a null of its own.
fn errors(place: &Place<'_>) -> Result<bool> {
    match place.data() {
        Data::Null => Ok(true),
        _ => place.choice(&[("error", false), ("null", true)]),
    }
}

fn identifier(place: &Place<'_>) -> Result<u8> {
    let keys = place.map()?;
    keys.only("identifier", keys::IDENTIFIER, &[])?;
    let place = keys.required("length")?;
    match place.count(1)? {
        length @ 1..=64 => Ok(length as u8),
        _ => Err(place.expected("a whole number from 1 to 64")),
    }
}
