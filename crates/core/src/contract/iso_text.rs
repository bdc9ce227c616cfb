//! Values as text: numbers as short as can be, dates and times in ISO 8601.

use jiff::{Span, civil};

use super::{
    model::{FieldType, Literal, TemporalFormat, Value},
    temporal,
};

impl FieldType {
    /// The value as text, the same whatever the field's own writing is; `None` for what no calendar has.
    ///
    /// ```
    /// use sheetlift_core::{FieldType, TemporalFormat, Value};
    /// let date = FieldType::Date(TemporalFormat::default());
    /// assert_eq!(date.iso_text(&Value::Int(19_722)).as_deref(), Some("2023-12-31"));
    /// ```
    pub fn iso_text(&self, value: &Value) -> Option<String> {
        Some(match (self, value) {
            (_, Value::Text(text)) => text.clone(),
            (_, Value::Bool(value)) => value.to_string(),
            (_, Value::Float(float)) => match value.as_number() {
                Some(number) => number.to_string(),
                None => float.to_string(),
            },
            (FieldType::Date(_), Value::Int(days)) => {
                temporal::write_date(i32::try_from(*days).ok()?, &TemporalFormat::Default)?
            }
            (FieldType::DateTime(_), Value::Int(micros)) => {
                let epoch = civil::date(1970, 1, 1).at(0, 0, 0, 0);
                let span = Span::new().try_microseconds(*micros).ok()?;
                epoch.checked_add(span).ok()?.to_string()
            }
            (FieldType::Time(_), Value::Int(micros)) => {
                let span = Span::new().try_microseconds(*micros).ok()?;
                civil::Time::midnight().checked_add(span).ok()?.to_string()
            }
            (FieldType::Duration, Value::Int(micros)) => duration(*micros),
            (_, Value::Int(int)) => int.to_string(),
        })
    }

    /// A value as a contract writes it, where it reads back as the same.
    pub(super) fn literal_of(&self, value: &Value) -> Option<Literal> {
        let text = self.iso_text(value)?;
        let is_same = self.parse(&text).as_ref() == Ok(value);
        is_same.then(|| Literal {
            text,
            value: value.clone(),
        })
    }
}

/// `P1DT2H3M4.5S`
fn duration(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let part = |count: u64, unit: char| match count {
        0 => String::new(),
        count => format!("{count}{unit}"),
    };
    let days = part(seconds / 86_400, 'D');
    let mut clock = part(seconds / 3_600 % 24, 'H') + &part(seconds / 60 % 60, 'M');
    clock += &match fraction {
        0 => part(seconds % 60, 'S'),
        fraction => {
            let digits = format!("{fraction:06}");
            format!("{}.{}S", seconds % 60, digits.trim_end_matches('0'))
        }
    };
    match (days.as_str(), clock.as_str()) {
        ("", "") => "PT0S".to_owned(),
        (days, "") => format!("{sign}P{days}"),
        (days, clock) => format!("{sign}P{days}T{clock}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn reads_back_as_the_same(micros in -60_000_000_000_000_000..200_000_000_000_000_000_i64, float in proptest::num::f64::NORMAL) {
            let plain = TemporalFormat::Default;
            let time = micros.rem_euclid(86_400_000_000);
            for (field_type, value) in [
                (FieldType::DateTime(plain.clone()), Value::Int(micros)),
                (FieldType::Date(plain.clone()), Value::Int(micros / 86_400_000_000)),
                (FieldType::Time(plain.clone()), Value::Int(time)),
                (FieldType::Duration, Value::Int(micros)),
                (FieldType::Integer(Default::default()), Value::Int(micros)),
                (FieldType::Number(Default::default()), Value::Float(float)),
            ] {
                let literal = field_type.literal_of(&value);
                proptest::prop_assert_eq!(literal.map(|literal| literal.value), Some(value));
            }
        }
    }

    #[test]
    fn is_what_people_write() {
        let duration = |micros| FieldType::Duration.iso_text(&Value::Int(micros)).unwrap();
        assert_eq!(duration(0), "PT0S");
        assert_eq!(duration(93_784_500_000), "P1DT2H3M4.5S");
        assert_eq!(duration(-86_400_000_000), "-P1D");
        assert_eq!(duration(500), "PT0.0005S");
        let time = FieldType::Time(TemporalFormat::Default);
        assert_eq!(
            time.iso_text(&Value::Int(30_600_000_000)).as_deref(),
            Some("08:30:00")
        );
        let at = FieldType::DateTime(TemporalFormat::Default);
        assert_eq!(
            at.iso_text(&Value::Int(-1)).as_deref(),
            Some("1969-12-31T23:59:59.999999")
        );
        // Beyond the calendar.
        assert_eq!(at.iso_text(&Value::Int(i64::MAX)), None);
        assert_eq!(
            FieldType::Integer(Default::default()).literal_of(&Value::Float(0.5)),
            None
        );
    }
}
