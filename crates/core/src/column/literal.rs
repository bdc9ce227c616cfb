//! Texts that are values: what a text file can only spell. A cell keeps its text, so that a column that turns out to be text
//! has every character; its tag says what else it can be read as.

use super::{cell::Tag, dates::DateSystem};
use crate::book::{
    iso,
    number::{Number, parse},
};

/// The tag of a text. Only what can be written in no other way is a whole number (`7`, not `007`, `+7` or `7.0`); decimal
/// numbers have a point; dates and times are ISO 8601; truth is `true` and `false` in any letter case.
pub(crate) fn tag_of(text: &str) -> Tag {
    let bytes = text.as_bytes();
    let Some(first) = bytes.first() else {
        return Tag::Inline;
    };
    match first {
        b'0'..=b'9' | b'-' | b'.' => number_or_date(text),
        b't' | b'T' if text.eq_ignore_ascii_case("true") => Tag::BoolText,
        b'f' | b'F' if text.eq_ignore_ascii_case("false") => Tag::BoolText,
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

fn date_or_time(text: &str) -> Tag {
    let bytes = text.as_bytes();
    let has = |at: usize, mark: u8| bytes.get(at) == Some(&mark);
    let looks_right = has(4, b'-') && has(7, b'-') || has(2, b':');
    // A time zone would be lost, so it stays a text.
    if !looks_right || !bytes.last().is_some_and(u8::is_ascii_digit) || bytes.len() > 32 {
        return Tag::Inline;
    }
    match iso::parse(text, DateSystem::Y1900) {
        Some((Tag::Date, serial)) if DateSystem::Y1900.knows(serial) => Tag::DateText,
        Some((Tag::DateTime, serial)) if DateSystem::Y1900.knows(serial) => {
            let has_zone = text[10..].contains(['+', '-']);
            if has_zone {
                Tag::Inline
            } else {
                Tag::DateTimeText
            }
        }
        Some((Tag::Time, _)) => Tag::TimeText,
        _ => Tag::Inline,
    }
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
            ("yes", Tag::Inline),
            ("2024-02-29", Tag::DateText),
            ("2023-02-29", Tag::Inline),
            ("1815-06-18", Tag::Inline),
            ("2024-02-29T18:00:00", Tag::DateTimeText),
            ("2024-02-29 18:00:00.25", Tag::DateTimeText),
            ("2024-02-29T18:00:00Z", Tag::Inline),
            ("2024-02-29T18:00:00+01", Tag::Inline),
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
