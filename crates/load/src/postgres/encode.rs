//! Cells as COPY takes them in its binary form (<https://www.postgresql.org/docs/current/sql-copy.html>): each the number of its
//! bytes and the bytes, in the order of the network.

use std::io::Write as _;

use super::fit::Kind;
use crate::cells::Value;
use crate::class::Class;
use crate::format;

/// What stands before the first row.
pub(super) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What stands behind the last one.
pub(super) const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// Days and microseconds are counted from 2000-01-01.
const EPOCH_DAYS: i64 = 10_957;
const EPOCH_MICROS: i64 = EPOCH_DAYS * 86_400_000_000;
/// Days that a date can be, as the server counts them: 4713 BC to 5874897.
const DATES: std::ops::RangeInclusive<i64> = -2_451_545..=2_145_031_948;
/// Microseconds that a timestamp can be: 4713 BC to 294276.
const TIMESTAMPS: std::ops::Range<i64> = -211_813_488_000_000_000..9_223_371_331_200_000_000;
/// Integers that doubles and floats hold, all of them.
const DOUBLE_EXACT: u64 = 1 << 53;
const FLOAT_EXACT: u64 = 1 << 24;

/// How the values of a column are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Encoder {
    pub(super) kind: Kind,
    pub(super) class: Class,
}

/// Writes the number of bytes that `write` writes, and these.
fn field<E>(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out)?;
    let len = (out.len() - at - 4) as i32;
    out[at..at + 4].copy_from_slice(&len.to_be_bytes());
    Ok(())
}

#[inline]
fn fixed<const N: usize>(out: &mut Vec<u8>, bytes: [u8; N]) -> Result<(), String> {
    out.extend_from_slice(&(N as i32).to_be_bytes());
    out.extend_from_slice(&bytes);
    Ok(())
}

/// A number for the caller's own columns.
pub(super) fn bigint(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(&8_i32.to_be_bytes());
    out.extend_from_slice(&value.to_be_bytes());
}

/// A text for them.
pub(super) fn text(out: &mut Vec<u8>, value: Option<&str>) {
    let Some(value) = value else {
        return out.extend_from_slice(&(-1_i32).to_be_bytes());
    };
    let len = value.len().min(i32::MAX as usize) as i32;
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(&value.as_bytes()[..len as usize]);
}

impl Encoder {
    /// Appends a cell; an error says why the column cannot hold it. What was written of it then has to be taken back.
    #[inline]
    pub(super) fn write(&self, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), String> {
        match value {
            Value::Null => {
                out.extend_from_slice(&(-1_i32).to_be_bytes());
                Ok(())
            }
            Value::Boolean(value) => match self.kind {
                Kind::Bool => fixed(out, [u8::from(value)]),
                _ => self.plain(if value { b"true" } else { b"false" }, out),
            },
            Value::Integer(value) => self.integer(value, out),
            Value::Unsigned(value) => match self.kind {
                Kind::Numeric(_) | Kind::Text(_) | Kind::Padded(_) => {
                    self.digits(&value.to_string(), out)
                }
                _ => Err(format!("{value} is past the largest integer of the column")),
            },
            Value::Real(value) => self.real(value, out),
            Value::Text(value) => self.plain(value, out),
            Value::Bytes(value) => field(out, |out| {
                out.extend_from_slice(value);
                Ok(())
            }),
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
        let too_large = || format!("{value} is outside the range of the column");
        match (self.kind, self.class) {
            (Kind::Interval, Class::Duration(unit)) => {
                let per_second: i64 = match unit {
                    arrow_schema::TimeUnit::Second => 1,
                    arrow_schema::TimeUnit::Millisecond => 1_000,
                    arrow_schema::TimeUnit::Microsecond => 1_000_000,
                    arrow_schema::TimeUnit::Nanosecond => 1_000_000_000,
                };
                let micros = micros(value, per_second).ok_or_else(too_large)?;
                let mut bytes = [0; 16];
                bytes[..8].copy_from_slice(&micros.to_be_bytes());
                fixed(out, bytes)
            }
            (Kind::Integer(2), _) => fixed(
                out,
                i16::try_from(value).map_err(|_| too_large())?.to_be_bytes(),
            ),
            (Kind::Integer(4), _) => fixed(
                out,
                i32::try_from(value).map_err(|_| too_large())?.to_be_bytes(),
            ),
            (Kind::Integer(_), _) => fixed(out, value.to_be_bytes()),
            (Kind::Float8, _) if value.unsigned_abs() <= DOUBLE_EXACT => {
                fixed(out, (value as f64).to_be_bytes())
            }
            (Kind::Float4, _) if value.unsigned_abs() <= FLOAT_EXACT => {
                fixed(out, (value as f32).to_be_bytes())
            }
            (Kind::Float4 | Kind::Float8, _) => {
                Err(format!("the column cannot hold {value} exactly"))
            }
            _ => self.digits(&value.to_string(), out),
        }
    }

    fn real(&self, value: f64, out: &mut Vec<u8>) -> Result<(), String> {
        match self.kind {
            Kind::Float8 => fixed(out, value.to_be_bytes()),
            Kind::Float4 => {
                let narrow = value as f32;
                match f64::from(narrow) == value || value.is_nan() {
                    true => fixed(out, narrow.to_be_bytes()),
                    false => Err(format!(
                        "a column of single precision cannot hold {value} exactly"
                    )),
                }
            }
            Kind::Numeric(_) if value.is_nan() => fixed(out, [0, 0, 0, 0, 0xc0, 0, 0, 0]),
            Kind::Text(_) | Kind::Padded(_) if !value.is_finite() => {
                let word = if value.is_nan() {
                    "NaN"
                } else if value > 0.0 {
                    "Infinity"
                } else {
                    "-Infinity"
                };
                self.plain(word.as_bytes(), out)
            }
            _ if !value.is_finite() => Err(format!("the column cannot hold {value}")),
            Kind::Integer(_) => {
                let whole = value as i64;
                match whole as f64 == value && whole.unsigned_abs() <= DOUBLE_EXACT {
                    true => self.integer(whole, out),
                    false => Err(format!("{value} is no whole number of the column's range")),
                }
            }
            _ => {
                let mut digits = Vec::with_capacity(24);
                let _ = write!(digits, "{value}"); // the fewest digits that are this number, without an exponent
                self.digits(std::str::from_utf8(&digits).unwrap_or_default(), out)
            }
        }
    }

    /// A number by its decimal digits.
    fn digits(&self, digits: &str, out: &mut Vec<u8>) -> Result<(), String> {
        match self.kind {
            Kind::Numeric(declared) => numeric(digits, declared, out),
            Kind::Integer(_) => {
                let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
                let value = whole.parse::<i64>();
                match (fraction.bytes().all(|digit| digit == b'0'), value) {
                    (true, Ok(value)) => self.integer(value, out),
                    _ => Err(format!("{digits} is no whole number of the column's range")),
                }
            }
            _ => self.plain(digits.as_bytes(), out),
        }
    }

    fn plain(&self, value: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        if memchr::memchr(0, value).is_some() {
            return Err("the text has a NUL character, which PostgreSQL cannot hold".to_owned());
        }
        if matches!(self.kind, Kind::Padded(_)) && value.ends_with(b" ") {
            return Err("the column drops the blanks at the end of the text".to_owned());
        }
        if let Kind::Text(Some(most)) | Kind::Padded(most) = self.kind
            && value.len() > most as usize
        {
            let characters = value.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
            if characters > most as usize {
                return Err(format!(
                    "{characters} characters are more than the {most} of the column"
                ));
            }
        }
        if value.len() > MAX_TEXT {
            return Err(format!(
                "{} bytes are more than a value can have",
                value.len()
            ));
        }
        out.extend_from_slice(&(value.len() as i32).to_be_bytes());
        out.extend_from_slice(value);
        Ok(())
    }

    fn date(&self, days: i64, out: &mut Vec<u8>) -> Result<(), String> {
        let from_2000 = days - EPOCH_DAYS;
        let outside = || "outside the range of dates".to_owned();
        match self.kind {
            Kind::Date if DATES.contains(&from_2000) => {
                fixed(out, (from_2000 as i32).to_be_bytes())
            }
            Kind::Timestamp(_) => {
                let micros = from_2000
                    .checked_mul(86_400_000_000)
                    .filter(|micros| TIMESTAMPS.contains(micros));
                fixed(out, micros.ok_or_else(outside)?.to_be_bytes())
            }
            Kind::Text(_) | Kind::Padded(_) => self.written(out, |text| format::date(days, text)),
            _ => Err(outside()),
        }
    }

    fn time(&self, value: i64, per_second: i64, out: &mut Vec<u8>) -> Result<(), String> {
        let Kind::Time(digits) = self.kind else {
            return self.written(out, |text| format::time(value, per_second, text));
        };
        match micros(value, per_second) {
            Some(micros @ 0..86_400_000_000) => {
                check_digits(micros, digits)?;
                fixed(out, micros.to_be_bytes())
            }
            Some(_) => Err("outside a day".to_owned()),
            None => Err("a time has microseconds at most".to_owned()),
        }
    }

    fn timestamp(&self, value: i64, per_second: i64, out: &mut Vec<u8>) -> Result<(), String> {
        let (Kind::Timestamp(digits) | Kind::TimestampTz(digits)) = self.kind else {
            let utc = matches!(self.class, Class::Timestamp { utc: true });
            return self.written(out, |text| format::timestamp(value, per_second, utc, text));
        };
        let micros = micros(value, per_second).ok_or("a timestamp has microseconds at most")?;
        check_digits(micros, digits)?;
        match micros.checked_sub(EPOCH_MICROS) {
            Some(micros) if TIMESTAMPS.contains(&micros) => fixed(out, micros.to_be_bytes()),
            _ => Err("outside the range of timestamps".to_owned()),
        }
    }

    fn written(
        &self,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>) -> bool,
    ) -> Result<(), String> {
        let mut text = Vec::with_capacity(32);
        match write(&mut text) {
            true => self.plain(&text, out),
            false => Err("outside the range of ISO dates".to_owned()),
        }
    }
}

/// Bytes that a text can have: a gigabyte less what the server needs itself.
const MAX_TEXT: usize = (1 << 30) - 1024;

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

/// A number in base 10,000: how many digits, the weight of the first, sign, digits behind the point, digits (`numeric_send`).
fn numeric(digits: &str, declared: Option<(u16, i16)>, out: &mut Vec<u8>) -> Result<(), String> {
    let (sign, unsigned) = match digits.strip_prefix('-') {
        Some(rest) => (0x4000_u16, rest),
        None => (0, digits),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let whole = whole.trim_start_matches('0');
    if let Some((precision, scale)) = declared {
        let used = fraction.trim_end_matches('0').len() as i32;
        if used > i32::from(scale.max(0)) {
            return Err(format!("{digits} has more than {} decimals", scale.max(0)));
        }
        if whole.len() as i32 > i32::from(precision) - i32::from(scale) {
            return Err(format!(
                "{digits} has more than {} digits before the point",
                i32::from(precision) - i32::from(scale)
            ));
        }
    }
    if whole.len() > 131_072 || fraction.len() > 16_383 {
        return Err(format!("a number of {} digits is too long", unsigned.len()));
    }
    let groups_of_whole = whole.len().div_ceil(4);
    let mut groups: Vec<u16> = Vec::with_capacity(groups_of_whole + fraction.len().div_ceil(4));
    let number = |digits: &[u8]| {
        digits
            .iter()
            .fold(0, |all, digit| all * 10 + u16::from(digit - b'0'))
    };
    let head = whole.len() % 4;
    if head > 0 {
        groups.push(number(&whole.as_bytes()[..head]));
    }
    groups.extend(whole.as_bytes()[head..].chunks(4).map(number));
    for group in fraction.as_bytes().chunks(4) {
        let missing = 4 - group.len() as u32;
        groups.push(number(group) * 10_u16.pow(missing));
    }
    let mut weight = groups_of_whole as i16 - 1;
    let zeros = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..zeros);
    weight -= zeros as i16;
    while groups.last() == Some(&0) {
        groups.pop();
    }
    let is_zero = groups.is_empty();
    let header = [
        groups.len() as u16,
        if is_zero { 0 } else { weight as u16 },
        if is_zero { 0 } else { sign },
        fraction.len() as u16,
    ];
    out.extend_from_slice(&(8 + 2 * groups.len() as i32).to_be_bytes());
    for part in header.iter().chain(&groups) {
        out.extend_from_slice(&part.to_be_bytes());
    }
    Ok(())
}
