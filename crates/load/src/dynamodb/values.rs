//! Cells as attribute values, and what DynamoDB makes of them: spellings, sizes, equality.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ScalarAttributeType};

use super::number;
use crate::cells::Value;
use crate::class::Class;
use crate::format;

/// The most bytes an item may have, names included: 400 KB.
pub(super) const MAX_ITEM_BYTES: usize = 400 * 1024;

/// The attribute of a cell; none where there is no value. `Err` says why it cannot be one.
pub(super) fn attribute(value: Value<'_>, class: Class) -> Result<Option<AttributeValue>, String> {
    let mut text = Vec::new();
    let within = |fits: bool| {
        if fits {
            Ok(())
        } else {
            Err("the year is outside of 0000 to 9999".to_owned())
        }
    };
    match value {
        Value::Null => return Ok(None),
        Value::Boolean(value) => return Ok(Some(AttributeValue::Bool(value))),
        Value::Integer(value) => return number(&value.to_string()),
        Value::Unsigned(value) => return number(&value.to_string()),
        Value::Real(value) if !value.is_finite() => {
            return Err(format!("{value} is no number that DynamoDB keeps"));
        }
        Value::Real(value) => return number(&format!("{value:e}")),
        Value::Decimal(value, scale) => {
            format::decimal(value, scale, &mut text);
            return number(&String::from_utf8_lossy(&text));
        }
        Value::Text(value) => text.extend_from_slice(value),
        Value::Bytes(value) => return Ok(Some(AttributeValue::B(Blob::new(value)))),
        Value::Date(days) => within(format::date(i64::from(days), &mut text))?,
        Value::Time(value, per_second) => {
            if !format::time(value, per_second, &mut text) {
                return Err("the time is outside of a day".to_owned());
            }
        }
        Value::Timestamp(value, per_second) => {
            let utc = matches!(class, Class::Timestamp { utc: true });
            within(format::timestamp(value, per_second, utc, &mut text))?;
        }
    }
    let text = String::from_utf8(text).map_err(|_| "the text is not UTF-8".to_owned())?;
    Ok(Some(AttributeValue::S(text)))
}

fn number(text: &str) -> Result<Option<AttributeValue>, String> {
    match number::canonical(text) {
        Ok(text) => Ok(Some(AttributeValue::N(text))),
        Err(why) => Err(format!("{text} {why}")),
    }
}

/// The type that a key column of a class has; none for classes that cannot be keys.
pub(super) fn key_type(class: Class) -> Option<ScalarAttributeType> {
    match class {
        Class::Integer | Class::Real | Class::Decimal { .. } | Class::Duration(_) => {
            Some(ScalarAttributeType::N)
        }
        Class::Text | Class::Date | Class::Time | Class::Timestamp { .. } => {
            Some(ScalarAttributeType::S)
        }
        Class::Bytes => Some(ScalarAttributeType::B),
        Class::Null | Class::Boolean => None,
    }
}

/// Whether the item holds this already; a null and an attribute that is not there are the same.
pub(super) fn same(ours: Option<&AttributeValue>, theirs: Option<&AttributeValue>) -> bool {
    match (ours, theirs) {
        (None, None | Some(AttributeValue::Null(_))) => true,
        (Some(AttributeValue::N(ours)), Some(AttributeValue::N(theirs))) => {
            number::canonical(theirs).is_ok_and(|theirs| theirs == *ours)
        }
        (ours, theirs) => ours == theirs,
    }
}

/// The bytes that an attribute takes in an item, without its name, as published for capacity planning.
pub(super) fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(text) => number::size(text),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::Ns(texts) => texts.iter().map(|text| number::size(text)).sum(),
        AttributeValue::Bs(values) => values.iter().map(|bytes| bytes.as_ref().len()).sum(),
        AttributeValue::L(values) => 3 + values.iter().map(|value| size(value) + 1).sum::<usize>(),
        AttributeValue::M(values) => {
            let entry = |(name, value): (&String, &AttributeValue)| name.len() + size(value) + 1;
            3 + values.iter().map(entry).sum::<usize>()
        }
        _ => 1,
    }
}

/// The bytes of a key column by which its keys are told apart.
pub(super) fn key_bytes(value: &AttributeValue, out: &mut Vec<u8>) {
    let canonical;
    let (kind, bytes): (u8, &[u8]) = match value {
        AttributeValue::S(text) => (b'S', text.as_bytes()),
        AttributeValue::B(bytes) => (b'B', bytes.as_ref()),
        AttributeValue::N(text) => {
            canonical = number::canonical(text).unwrap_or_else(|_| text.clone());
            (b'N', canonical.as_bytes())
        }
        _ => (b'?', &[]),
    };
    out.push(kind);
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// A value for people.
pub(super) fn shown(value: &AttributeValue) -> String {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.clone(),
        AttributeValue::B(bytes) => bytes.as_ref().iter().map(|b| format!("{b:02X}")).collect(),
        AttributeValue::Bool(value) => value.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(value: Value<'_>, class: Class) -> String {
        match attribute(value, class) {
            Ok(Some(AttributeValue::N(text))) => format!("N {text}"),
            Ok(Some(AttributeValue::S(text))) => format!("S {text}"),
            Ok(other) => format!("{other:?}"),
            Err(reason) => reason,
        }
    }

    #[test]
    fn numbers_are_exact_or_refused() {
        let decimal =
            |value, scale| text_of(Value::Decimal(value, scale), Class::Decimal { scale });
        assert_eq!(decimal(12_345, 2), "N 123.45");
        assert_eq!(decimal(-5, 2), "N -0.05");
        assert_eq!(decimal(12, -2), "N 1200");
        assert_eq!(
            decimal(i128::MAX, 0),
            "170141183460469231731687303715884105727 has more than the 38 significant digits that DynamoDB keeps"
        );
        let real = |value| text_of(Value::Real(value), Class::Real);
        assert_eq!(real(0.1), "N 0.1");
        assert_eq!(real(-0.0), "N 0");
        assert_eq!(real(f64::NAN), "NaN is no number that DynamoDB keeps");
        assert!(
            real(1e200)
                .ends_with("outside of the numbers that DynamoDB keeps, 1E-130 to 9.99E+125")
        );
        assert_eq!(
            text_of(Value::Unsigned(u64::MAX), Class::Integer),
            "N 18446744073709551615"
        );
        assert_eq!(text_of(Value::Date(20_484), Class::Date), "S 2026-01-31");
        assert_eq!(
            text_of(Value::Timestamp(0, 1), Class::Timestamp { utc: true }),
            "S 1970-01-01T00:00:00+00:00"
        );
        assert_eq!(
            text_of(Value::Date(i32::MAX), Class::Date),
            "the year is outside of 0000 to 9999"
        );
    }

    #[test]
    fn compares_numbers_by_value_and_blanks_by_absence() {
        let number = |text: &str| AttributeValue::N(text.to_owned());
        assert!(same(Some(&number("1.5")), Some(&number("1.50"))));
        assert!(!same(
            Some(&number("1.5")),
            Some(&AttributeValue::S("1.5".to_owned()))
        ));
        assert!(same(None, Some(&AttributeValue::Null(true))) && same(None, None));
        assert!(!same(None, Some(&number("0"))) && !same(Some(&number("0")), None));
    }
}
