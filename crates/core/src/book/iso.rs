//! ISO 8601 dates of `t="d"` cells to serial numbers.

use jiff::civil;

use crate::column::{DateSystem, Tag};

/// Tag and serial of a date, a date and time, or a time of day; `None` for any other text. A trailing `Z` is allowed and
/// means nothing: spreadsheets know no time zones. A time with another offset would be another one without it, and is `None`.
pub(crate) fn parse(text: &str, dates: DateSystem) -> Option<(Tag, f64)> {
    let text = text.trim();
    let text = text.strip_suffix('Z').unwrap_or(text);
    if let Some((date, _)) = text.split_once(['T', ' ']) {
        if text[date.len()..].contains(['+', '-', '[']) {
            return None;
        }
        let at: civil::DateTime = text.parse().ok()?;
        return Some((
            Tag::DateTime,
            serial_of_day(date.parse().ok()?, dates) + fraction(at.time()),
        ));
    }
    if text.contains(':') {
        return Some((Tag::Time, fraction(text.parse().ok()?)));
    }
    Some((Tag::Date, serial_of_day(text.parse().ok()?, dates)))
}

/// True for what has the form of a date, though it may be one that no spreadsheet can count: a year beyond 9999, a time
/// with an offset, February 30.
pub(crate) fn is_like_a_date(text: &str) -> bool {
    let text = text.trim().trim_start_matches(['+', '-']);
    let mut parts = text.split(['T', ' ']).next().unwrap_or_default().split('-');
    let mut is_number = |len: std::ops::RangeInclusive<usize>| {
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        parts
            .next()
            .is_some_and(|part| len.contains(&part.len()) && digits(part))
    };
    is_number(4..=9) && is_number(2..=2) && is_number(2..=2) && parts.next().is_none()
}

fn serial_of_day(date: civil::Date, dates: DateSystem) -> f64 {
    let epoch = match dates {
        DateSystem::Y1900 if date < civil::date(1900, 3, 1) => civil::date(1899, 12, 31),
        DateSystem::Y1900 => civil::date(1899, 12, 30),
        DateSystem::Y1904 => civil::date(1904, 1, 1),
    };
    f64::from((date - epoch).get_days())
}

fn fraction(time: civil::Time) -> f64 {
    let nanos = (time - civil::Time::midnight())
        .total(jiff::Unit::Nanosecond)
        .unwrap_or_default();
    nanos / 86_400e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_dates_and_times() {
        let parse = |text| parse(text, DateSystem::Y1900);
        assert_eq!(parse("2025-01-01"), Some((Tag::Date, 45_658.0)));
        assert_eq!(parse("1900-01-01"), Some((Tag::Date, 1.0)));
        assert_eq!(
            parse("2025-01-01T12:00:00"),
            Some((Tag::DateTime, 45_658.5))
        );
        assert_eq!(
            parse("2025-01-01T06:00:00.000Z"),
            Some((Tag::DateTime, 45_658.25))
        );
        assert_eq!(parse("18:00:00"), Some((Tag::Time, 0.75)));
        for text in [
            "yesterday",
            "10004-01-01",
            "2025-01-01T12:30:15+02:00",
            "2025-02-30",
        ] {
            assert_eq!(parse(text), None, "{text}");
            assert_eq!(is_like_a_date(text), text != "yesterday", "{text}");
        }
        for text in ["2025-1-1", "2025-01", "12-31-2025", "2025-01-01-01", ""] {
            assert!(!is_like_a_date(text), "{text}");
        }
    }
}
