//! Cells as LOAD DATA takes them: fields parted by tabs, rows ended by line feeds, `\N` for null, and a backslash in front of what would
//! be mistaken for one of these (<https://dev.mysql.com/doc/refman/8.4/en/load-data.html>).
//!
//! LOAD DATA LOCAL makes do with values that do not fit, and only warns: so all that is sent fits.

use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::fit::{Kind, Length, Text};
use crate::cells::Value;
use crate::class::Class;
use crate::format;

/// 0001-01-01 and 9999-12-31, in days since 1970-01-01.
const DATES: std::ops::RangeInclusive<i64> = -719_162..=2_932_896;
const MICROS_PER_DAY: i64 = 86_400_000_000;
/// Integers that doubles and floats hold, all of them.
const DOUBLE_EXACT: u64 = 1 << 53;
const FLOAT_EXACT: u64 = 1 << 24;

/// How the values of a column are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Encoder<'a> {
    pub(super) kind: &'a Kind,
    pub(super) class: Class,
    /// What is staged is, byte by byte, what the column holds.
    pub(super) is_utf8: bool,
}

/// Writes what stands for no value.
pub(super) fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\\N");
}

/// Writes bytes, so that they come back as they are.
pub(super) fn escaped(bytes: &[u8], out: &mut Vec<u8>) {
    let mut start = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let instead = match byte {
            0 => b'0',
            b'\\' => b'\\',
            b'\t' => b't',
            b'\n' => b'n',
            _ => continue,
        };
        out.extend_from_slice(&bytes[start..at]);
        out.extend_from_slice(&[b'\\', instead]);
        start = at + 1;
    }
    out.extend_from_slice(&bytes[start..]);
}

/// The values of a row; none for null.
type Fields = Vec<Option<Vec<u8>>>;

/// The fields of the first row, and what follows it: the way back, for servers that do not take LOAD DATA LOCAL.
pub(super) fn row(mut rest: &[u8]) -> Option<(Fields, &[u8])> {
    let (mut fields, mut field, mut is_null) = (Vec::new(), Vec::new(), false);
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'\t' | b'\n' => {
                fields.push((!is_null).then(|| std::mem::take(&mut field)));
                is_null = false;
                if byte == b'\n' {
                    return Some((fields, rest));
                }
            }
            b'\\' => {
                let (&byte, after) = rest.split_first()?;
                rest = after;
                match byte {
                    b'N' => is_null = true,
                    b'0' => field.push(0),
                    b't' => field.push(b'\t'),
                    b'n' => field.push(b'\n'),
                    byte => field.push(byte),
                }
            }
            byte => field.push(byte),
        }
    }
}

impl Encoder<'_> {
    /// Appends a cell; an error says why the column cannot hold it. What was written of it then has to be taken back.
    #[inline]
    pub(super) fn write(&self, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), String> {
        match value {
            Value::Null => {
                null(out);
                Ok(())
            }
            Value::Boolean(value) => match self.kind {
                Kind::Text(_) => self.text(if value { b"true" } else { b"false" }, out),
                _ => plain(u8::from(value), out),
            },
            Value::Integer(value) => self.integer(value, out),
            Value::Unsigned(value) => self.unsigned(value, out),
            Value::Real(value) => self.real(value, out),
            Value::Text(value) => self.text(value, out),
            Value::Bytes(value) => self.bytes(value, out),
            Value::Date(days) => self.date(i64::from(days), out),
            Value::Time(value, per_second) => self.time(value, per_second, out),
            Value::Timestamp(value, per_second) => self.timestamp(value, per_second, out),
            Value::Decimal(value, scale) => {
                let mut digits = Vec::with_capacity(48);
                format::decimal(value, scale, &mut digits);
                self.digits(std::str::from_utf8(&digits).unwrap_or_default(), out)
            }
        }
    }

    fn integer(&self, value: i64, out: &mut Vec<u8>) -> Result<(), String> {
        let too_large = || Err(format!("{value} is outside the range of the column"));
        match self.kind {
            Kind::Integer { min, .. } if value < 0 => match value >= *min {
                true => plain(value, out),
                false => too_large(),
            },
            Kind::Integer { .. } | Kind::Bits(_) => match u64::try_from(value) {
                Ok(value) => self.unsigned(value, out),
                Err(_) => too_large(),
            },
            Kind::Year => match value {
                0 | 1901..=2155 => plain(value, out),
                _ => Err(format!("{value} is no year from 1901 to 2155")),
            },
            Kind::Float8 if value.unsigned_abs() <= DOUBLE_EXACT => plain(value, out),
            Kind::Float4 if value.unsigned_abs() <= FLOAT_EXACT => plain(value, out),
            Kind::Float4 | Kind::Float8 => Err(format!("the column cannot hold {value} exactly")),
            _ => self.digits(&value.to_string(), out),
        }
    }

    fn unsigned(&self, value: u64, out: &mut Vec<u8>) -> Result<(), String> {
        let fits = match self.kind {
            Kind::Integer { max, .. } => value <= *max,
            Kind::Bits(bits) => value <= u64::MAX >> (64 - u32::from(*bits).clamp(1, 64)),
            Kind::Decimal(..) | Kind::Text(_) => return self.digits(&value.to_string(), out),
            _ => false,
        };
        match fits {
            true => plain(value, out),
            false => Err(format!("{value} is outside the range of the column")),
        }
    }

    fn real(&self, value: f64, out: &mut Vec<u8>) -> Result<(), String> {
        match self.kind {
            Kind::Text(_) if !value.is_finite() => {
                let word: &[u8] = match value {
                    _ if value.is_nan() => b"NaN",
                    _ if value > 0.0 => b"Infinity",
                    _ => b"-Infinity",
                };
                self.text(word, out)
            }
            _ if !value.is_finite() => Err(format!("the column cannot hold {value}")),
            Kind::Float4 if f64::from(value as f32) != value => Err(format!(
                "a column of single precision cannot hold {value} exactly"
            )),
            // The fewest digits that are this number.
            Kind::Float4 | Kind::Float8 => plain(format_args!("{value:e}"), out),
            Kind::Integer { .. } => {
                let whole = value as i64;
                match whole as f64 == value && whole.unsigned_abs() <= DOUBLE_EXACT {
                    true => self.integer(whole, out),
                    false => Err(format!("{value} is no whole number of the column's range")),
                }
            }
            _ => self.digits(&value.to_string(), out),
        }
    }

    /// A number by its decimal digits.
    fn digits(&self, digits: &str, out: &mut Vec<u8>) -> Result<(), String> {
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        match self.kind {
            Kind::Decimal(precision, scale) => {
                let used = fraction.trim_end_matches('0');
                if used.len() > usize::from(*scale) {
                    return Err(format!("{digits} has more than {scale} decimals"));
                }
                let most = usize::from(precision.saturating_sub(*scale));
                let before = whole.trim_start_matches('-').trim_start_matches('0');
                if before.len() > most {
                    return Err(format!(
                        "{digits} has more than {most} digits before the point"
                    ));
                }
                match used {
                    "" => plain(whole, out),
                    used => plain(format_args!("{whole}.{used}"), out),
                }
            }
            Kind::Integer { .. } => {
                let is_whole = fraction.bytes().all(|digit| digit == b'0');
                match (is_whole, whole.parse::<i64>(), whole.parse::<u64>()) {
                    (true, Ok(value), _) => self.integer(value, out),
                    (true, _, Ok(value)) => self.unsigned(value, out),
                    _ => Err(format!("{digits} is no whole number of the column's range")),
                }
            }
            _ => self.text(digits.as_bytes(), out),
        }
    }

    fn text(&self, value: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        match self.kind {
            Kind::Text(kind) => self.check_length(kind, value)?,
            Kind::Choice(choices) if !choices.iter().any(|choice| choice.as_bytes() == value) => {
                return Err(format!("{:?} is none of its values", shown(value)));
            }
            Kind::Choices(choices) => check_set(choices, value)?,
            Kind::Uuid if !is_uuid(value) => {
                return Err(format!("{:?} is no UUID", shown(value)));
            }
            Kind::Inet4 | Kind::Inet6 => {
                let found = std::str::from_utf8(value).unwrap_or_default();
                let is_one = match self.kind {
                    Kind::Inet4 => found.parse::<Ipv4Addr>().is_ok(),
                    _ => found.parse::<Ipv6Addr>().is_ok(),
                };
                if !is_one {
                    return Err(format!("{:?} is no such address", shown(value)));
                }
            }
            _ => {}
        }
        escaped(value, out);
        Ok(())
    }

    fn check_length(&self, kind: &Text, value: &[u8]) -> Result<(), String> {
        if kind.is_padded && value.ends_with(b" ") {
            return Err("the column drops the blanks at the end of the text".to_owned());
        }
        match kind.most {
            Length::Characters(most) if value.len() as u64 > most => {
                let characters = value.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
                match characters as u64 > most {
                    true => Err(format!(
                        "{characters} characters are more than the {most} of the column"
                    )),
                    false => Ok(()),
                }
            }
            // In another character set there are more or less of them.
            Length::Bytes(most) if self.is_utf8 && value.len() as u64 > most => Err(format!(
                "{} bytes are more than the {most} of the column",
                value.len()
            )),
            _ => Ok(()),
        }
    }

    fn bytes(&self, value: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let Kind::Bytes { most, is_padded } = self.kind else {
            return Err("the column holds no bytes".to_owned());
        };
        let len = value.len() as u64;
        if len > *most {
            return Err(format!(
                "{len} bytes are more than the {most} of the column"
            ));
        }
        if *is_padded && len < *most {
            return Err(format!(
                "{len} bytes would be filled up to the {most} of the column"
            ));
        }
        escaped(value, out);
        Ok(())
    }

    fn date(&self, days: i64, out: &mut Vec<u8>) -> Result<(), String> {
        if matches!(self.kind, Kind::Text(_)) {
            return self.written(out, |text| format::date(days, text));
        }
        if !DATES.contains(&days) {
            return Err("outside the range of dates".to_owned());
        }
        format::date(days, out);
        if matches!(self.kind, Kind::Datetime(_)) {
            out.extend_from_slice(b" 00:00:00");
        }
        Ok(())
    }

    fn time(&self, value: i64, per_second: i64, out: &mut Vec<u8>) -> Result<(), String> {
        let Kind::Time(digits) = self.kind else {
            return self.written(out, |text| format::time(value, per_second, text));
        };
        let micros = micros(value, per_second).ok_or("a time has microseconds at most")?;
        check_digits(micros, *digits)?;
        match format::time(value, per_second, out) {
            true => Ok(()),
            false => Err("outside a day".to_owned()),
        }
    }

    fn timestamp(&self, value: i64, per_second: i64, out: &mut Vec<u8>) -> Result<(), String> {
        let (Kind::Datetime(digits) | Kind::Timestamp(digits)) = self.kind else {
            let utc = matches!(self.class, Class::Timestamp { utc: true });
            return self.written(out, |text| format::timestamp(value, per_second, utc, text));
        };
        let micros = micros(value, per_second).ok_or("a timestamp has microseconds at most")?;
        check_digits(micros, *digits)?;
        let is_in = match self.kind {
            // The first second stands for no date at all; where the last one is, the server says.
            Kind::Timestamp(_) => micros >= 1_000_000,
            _ => true,
        };
        if !is_in || !DATES.contains(&micros.div_euclid(MICROS_PER_DAY)) {
            return Err("outside the range of timestamps".to_owned());
        }
        format::timestamp(value, per_second, false, out);
        Ok(())
    }

    fn written(
        &self,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>) -> bool,
    ) -> Result<(), String> {
        let mut text = Vec::with_capacity(32);
        match write(&mut text) {
            true => self.text(&text, out),
            false => Err("outside the range of ISO dates".to_owned()),
        }
    }
}

/// What needs no backslash.
fn plain(value: impl std::fmt::Display, out: &mut Vec<u8>) -> Result<(), String> {
    write!(out, "{value}").map_err(|error| error.to_string())
}

/// A value for people.
fn shown(value: &[u8]) -> String {
    String::from_utf8_lossy(value).chars().take(60).collect()
}

/// Values of a set have an order, in which the server gives them back.
fn check_set(choices: &[String], value: &[u8]) -> Result<(), String> {
    let mut left = choices.iter();
    let is_in = |part: &[u8]| left.any(|choice| choice.as_bytes() == part);
    match value.is_empty() || value.split(|&byte| byte == b',').all(is_in) {
        true => Ok(()),
        false => Err(format!(
            "{:?} is not some of its values, in their order",
            shown(value)
        )),
    }
}

/// With hyphens or without, as the server writes it.
fn is_uuid(value: &[u8]) -> bool {
    let is_digit = |(at, byte): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    value.len() == 36 && value.iter().enumerate().all(is_digit)
}

/// Whether so many digits behind the seconds are enough: the column would round.
fn check_digits(micros: i64, digits: u8) -> Result<(), String> {
    let unit = 10_i64.pow(6 - u32::from(digits.min(6)));
    match micros % unit {
        0 => Ok(()),
        _ => Err(format!(
            "the column has {digits} digits behind the seconds, and the value more"
        )),
    }
}

/// Microseconds, where the value is a whole number of them.
fn micros(value: i64, per_second: i64) -> Option<i64> {
    match per_second {
        1_000_000_000 => (value % 1_000 == 0).then_some(value / 1_000),
        per_second => value.checked_mul(1_000_000 / per_second),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were() {
        let all: Vec<u8> = (0..=255).collect();
        let fields: [Option<&[u8]>; 5] = [Some(&all), None, Some(b""), Some(b"\\N"), Some(b"N")];
        let mut out = Vec::new();
        for field in fields {
            match field {
                Some(field) => escaped(field, &mut out),
                None => null(&mut out),
            }
            out.push(b'\t');
        }
        *out.last_mut().unwrap() = b'\n';
        let (found, rest) = row(&out).unwrap();
        let found: Vec<_> = found.iter().map(|field| field.as_deref()).collect();
        assert_eq!((found.as_slice(), rest), (&fields[..], &b""[..]));
        for end in 0..out.len() {
            assert!(row(&out[..end]).is_none());
        }
    }

    #[test]
    fn sets_keep_their_order() {
        let choices = ["a", "b", "c"].map(str::to_owned);
        for (value, fits) in [
            ("", true),
            ("a,c", true),
            ("c,a", false),
            ("a,a", false),
            ("d", false),
        ] {
            assert_eq!(
                check_set(&choices, value.as_bytes()).is_ok(),
                fits,
                "{value}"
            );
        }
    }
}
