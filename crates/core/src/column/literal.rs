//! Texts that are values: what a text file can only spell. A cell keeps its text, so that a column that turns out to be text
//! has every character; its tag says what else it can be read as.

use super::{cell::Tag, dates::DateSystem};
use crate::book::{
    iso,
    number::{Number, parse},
};

/// The tag of a text. Only what can be written in no other way is a whole number (`7`, not `007`, `+7` or `7.0`); decimal
/// numbers have a point; dates and times are ISO 8601, to the minute at least; truth is `true`, `True`, `TRUE` and so on. A field of
/// a contract reads no less (of a date or time: in its format `any`).
pub(crate) fn tag_of(text: &str) -> Tag {
    let bytes = text.as_bytes();
    let Some(first) = bytes.first() else {
        return Tag::Inline;
    };
    match first {
        b'0'..=b'9' | b'-' | b'.' => number_or_date(text),
        b't' | b'T' if ["true", "True", "TRUE"].contains(&text) => Tag::BoolText,
        b'f' | b'F' if ["false", "False", "FALSE"].contains(&text) => Tag::BoolText,
        _ => Tag::Inline,
    }
}

fn number_or_date(text: &str) -> Tag {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    // Zeros in front belong to an identifier.
    if !is_digit(digits.first()) || digits[0] == b'0' && is_digit(digits.get(1)) {
        return date_or_time(text);
    }
    if digits.iter().all(u8::is_ascii_digit) {
        return match text.parse::<i64>() {
            Ok(0) if digits.len() < text.len() => Tag::Inline, // -0
            Ok(int) if int.unsigned_abs() <= 1 << 53 => Tag::IntText,
            Ok(_) => Tag::WideIntText,
            Err(_) => Tag::Inline, // no double has all these digits
        };
    }
    let is_decimal = digits
        .iter()
        .all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    match is_decimal && is_digit(digits.last()) && parse(text.as_bytes()).is_some() {
        true => Tag::FloatText,
        false => date_or_time(text),
    }
}

/// A time zone would be lost, a leap second become another one, so these stay texts.
fn date_or_time(text: &str) -> Tag {
    let bytes = text.as_bytes();
    let tag = match bytes.split_at_checked(10) {
        Some((date, [])) if is_date(date) => Tag::DateText,
        Some((date, [b'T' | b' ', clock @ ..])) if is_date(date) && is_clock(clock) => {
            Tag::DateTimeText
        }
        _ if is_clock(bytes) => Tag::TimeText,
        _ => return Tag::Inline,
    };
    match iso::parse(text, DateSystem::Y1900) {
        Some((Tag::Time, _)) => tag,
        Some((_, serial)) if DateSystem::Y1900.knows(serial) => tag,
        _ => Tag::Inline,
    }
}

/// `YYYY-MM-DD`, whether or not there is such a day.
fn is_date(text: &[u8]) -> bool {
    let is_right = |(at, byte): (usize, &u8)| match at {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 10 && text.iter().enumerate().all(is_right)
}

/// `hh:mm`, with seconds or not, with a fraction of up to nine digits or not.
fn is_clock(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    let two = |text: &[u8]| text.len() == 2 && digits(text);
    let mut parts = text.splitn(3, |byte| *byte == b':');
    let (hour, minute) = (parts.next(), parts.next());
    let is_second = |text: &[u8]| match text {
        [b'0'..=b'5', b'0'..=b'9'] => true,
        [b'0'..=b'5', b'0'..=b'9', b'.', fraction @ ..] => {
            (1..=9).contains(&fraction.len()) && digits(fraction)
        }
        _ => false,
    };
    hour.is_some_and(two) && minute.is_some_and(two) && parts.next().is_none_or(is_second)
}

/// The value that a text with this tag is: tag and bits as of a cell of a workbook.
pub(crate) fn value(tag: Tag, text: &str) -> Option<(Tag, u64)> {
    Some(match tag {
        Tag::BoolText => (Tag::Bool, u64::from(text.eq_ignore_ascii_case("true"))),
        Tag::IntText | Tag::WideIntText => (Tag::Int, text.parse::<i64>().ok()? as u64),
        Tag::FloatText => match parse(text.as_bytes())? {
            Number::Int(int) => (Tag::Int, int as u64),
            Number::Float(float) => (Tag::Float, float.to_bits()),
        },
        _ => {
            let (tag, serial) = iso::parse(text, DateSystem::Y1900)?;
            (tag, serial.to_bits())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certain_is_a_value() {
        for (text, tag) in [
            ("7", Tag::IntText),
            ("-7", Tag::IntText),
            ("0", Tag::IntText),
            ("9007199254740993", Tag::WideIntText),
            ("007", Tag::Inline),
            ("+7", Tag::Inline),
            ("-0", Tag::Inline),
            ("99999999999999999999", Tag::Inline),
            ("7.10", Tag::FloatText),
            ("0.5", Tag::FloatText),
            ("00.5", Tag::Inline),
            (".5", Tag::Inline),
            ("7.", Tag::Inline),
            ("1e5", Tag::FloatText),
            ("1e999", Tag::Inline),
            ("1.2.3", Tag::Inline),
            ("1,5", Tag::Inline),
            ("12-34", Tag::Inline),
            ("true", Tag::BoolText),
            ("FALSE", Tag::BoolText),
            ("tRue", Tag::Inline),
            ("yes", Tag::Inline),
            ("2024-02-29", Tag::DateText),
            ("2023-02-29", Tag::Inline),
            ("1815-06-18", Tag::Inline),
            ("2024-02-29T18:00:00", Tag::DateTimeText),
            ("2024-02-29 18:00:00.25", Tag::DateTimeText),
            ("2024-02-29T18:00:00Z", Tag::Inline),
            ("2024-02-29T18:00:00+01", Tag::Inline),
            ("2024-02-29T18:00:00-01:30", Tag::Inline),
            ("2024-02-29T18:00:00,5", Tag::Inline),
            ("2024-02-29T23:59:60", Tag::Inline),
            ("2024-02-29T18:00", Tag::DateTimeText),
            ("2024-02-29T18", Tag::Inline),
            ("18:30", Tag::TimeText),
            ("18:30:15+01:00", Tag::Inline),
            ("18:30:15-01", Tag::Inline),
            ("18:30:15", Tag::TimeText),
            ("29.02.2024", Tag::Inline),
            ("02/03/2024", Tag::Inline),
            ("NaN", Tag::Inline),
            ("", Tag::Inline),
        ] {
            assert_eq!(tag_of(text), tag, "{text}");
            assert!(!tag.is_literal() || value(tag, text).is_some(), "{text}");
        }
    }
}
