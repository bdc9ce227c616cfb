//! Dates, times, durations in texts.

use super::super::{lexical::Misfit, model::TemporalFormat, temporal::*};

const DAY: i64 = 86_400_000_000;

#[test]
fn counts_days() {
    assert_eq!(unix_days(1970, 1, 1), Some(0));
    assert_eq!(unix_days(2000, 2, 29), Some(11_016));
    assert_eq!(unix_days(1, 1, 1), Some(-719_162));
    assert_eq!(unix_days(9999, 12, 31), Some(2_932_896));
    assert_eq!(unix_days(1900, 2, 29), None);
    assert_eq!(unix_days(2024, 13, 1), None);
    assert_eq!(unix_days(2024, 4, 31), None);
}

#[test]
fn reads_dates() {
    let (default, any) = (TemporalFormat::Default, TemporalFormat::Any);
    let pattern = TemporalFormat::Pattern("%d/%m/%Y".into());
    let day = unix_days(2024, 1, 31).unwrap();
    for (text, format, expected) in [
        ("2024-01-31", &default, Ok(day)),
        ("2024-1-31", &default, Err(Misfit::DateInvalid)),
        ("2024-02-30", &default, Err(Misfit::DateInvalid)),
        ("31/01/2024", &default, Err(Misfit::DateInvalid)),
        ("31/01/2024", &pattern, Ok(day)),
        ("01/31/2024", &pattern, Err(Misfit::DateInvalid)),
        ("31/01/2024 x", &pattern, Err(Misfit::DateInvalid)),
        ("2024-01-31", &any, Ok(day)),
        ("2024/1/31", &any, Ok(day)),
        ("20240131", &any, Ok(day)),
        ("31.1.2024", &any, Ok(day)),
        ("31/1/2024", &any, Ok(day)),
        ("1/31/2024", &any, Ok(day)),
        ("31 Jan 2024", &any, Ok(day)),
        ("January 31, 2024", &any, Ok(day)),
        ("2024-Jan-31", &any, Ok(day)),
        ("02/03/2024", &any, Err(Misfit::DateAmbiguous)),
        ("02/02/2024", &any, Ok(day + 2)),
        ("02.03.2024", &any, Ok(day + 31)),
        ("1/2/24", &any, Err(Misfit::DateAmbiguous)),
        ("Wed, 31st January 2024", &any, Ok(day)),
        ("wednesday 31 jan 2024", &any, Ok(day)),
        ("Thu, 31st January 2024", &any, Err(Misfit::DateInvalid)),
        ("Thu. 31.01.2024", &any, Err(Misfit::DateInvalid)),
        ("3. 2. 2024", &any, Ok(day + 3)),
        ("03.02.2024.", &any, Ok(day + 3)),
        ("3.2/2024", &any, Err(Misfit::DateAmbiguous)),
        ("03/02/2024.", &any, Err(Misfit::DateAmbiguous)),
        (".03/02/2024", &any, Err(Misfit::DateAmbiguous)),
        // Both 3 February and 2 March 2024 are Saturdays; of 2 October and 10 February one is a Wednesday.
        ("Sat. 03/02/2024", &any, Err(Misfit::DateAmbiguous)),
        ("Wed. 02/10/2024", &any, Ok(day + 245)),
        ("Sat. 02/10/2024", &any, Ok(day + 10)),
        ("Sun. 03/02/2024", &any, Err(Misfit::DateInvalid)),
        ("31xx Jan 2024", &any, Err(Misfit::DateInvalid)),
        ("2024 Jan 31 2024", &any, Err(Misfit::DateInvalid)),
        ("tomorrow", &any, Err(Misfit::DateInvalid)),
        ("31 Foo 2024", &any, Err(Misfit::DateInvalid)),
        ("", &any, Err(Misfit::DateInvalid)),
    ] {
        assert_eq!(date(text, format), expected, "{text:?} as {format:?}");
    }
}

#[test]
fn reads_times_and_moments() {
    let (default, any) = (TemporalFormat::Default, TemporalFormat::Any);
    let at = |h: i64, m: i64, s: i64| ((h * 60 + m) * 60 + s) * 1_000_000;
    for (text, format, expected) in [
        ("09:05:07", &default, Some(at(9, 5, 7))),
        ("09:05:07.25", &default, Some(at(9, 5, 7) + 250_000)),
        ("09:05", &default, None),
        ("24:00:00", &default, Some(0)),
        ("24:00:01", &default, None),
        ("09:05:07,5", &default, Some(at(9, 5, 7) + 500_000)),
        ("09:05:07Z", &default, Some(at(9, 5, 7))),
        ("09:05:07+02:00", &default, Some(at(7, 5, 7))),
        ("01:00:00+02:00", &default, Some(at(23, 0, 0))),
        ("09:05:07+2", &default, None),
        ("09:05:07+24:00", &default, None),
        ("9:05 pm -0130", &any, Some(at(22, 35, 0))),
        ("9:05", &any, Some(at(9, 5, 0))),
        ("9:05 PM", &any, Some(at(21, 5, 0))),
        ("12:00 am", &any, Some(0)),
        ("9 pm", &any, Some(at(21, 0, 0))),
        ("11AM", &any, Some(at(11, 0, 0))),
        ("9", &any, None),
        ("pm", &any, None),
        ("123 pm", &any, None),
        ("13:00 pm", &any, None),
        ("é:05", &any, None),
    ] {
        assert_eq!(time(text, format).ok(), expected, "{text:?} as {format:?}");
    }
    let base = i64::from(unix_days(2024, 1, 31).unwrap()) * DAY;
    let pattern = TemporalFormat::Pattern("%d.%m.%Y %H:%M".into());
    for (text, format, expected) in [
        ("2024-01-31T09:05:07Z", &default, Some(base + at(9, 5, 7))),
        ("2024-01-31 09:05:07", &default, Some(base + at(9, 5, 7))),
        (
            "2024-01-31T09:05:07+02:00",
            &default,
            Some(base + at(7, 5, 7)),
        ),
        (
            "2024-01-31T01:05:07+02",
            &default,
            Some(base - at(0, 54, 53)),
        ),
        ("2024-01-31T24:00:00", &default, Some(base + DAY)),
        ("2024-01-31T24:00:00+", &default, None),
        ("0001-01-01T00:00:00+01:00", &default, None),
        (
            "2024-01-31 09:05:07-01:30",
            &any,
            Some(base + at(10, 35, 7)),
        ),
        ("2024-01-31", &default, None),
        ("31.01.2024 09:05", &pattern, Some(base + at(9, 5, 0))),
        ("Jan 31 2024, 9:05pm", &any, Some(base + at(21, 5, 0))),
        ("2024-01-31T09:05:07", &any, Some(base + at(9, 5, 7))),
        ("31st Jan 2024 9 am", &any, Some(base + at(9, 0, 0))),
        ("31 Jan 2024 12pm", &any, Some(base + at(12, 0, 0))),
        ("am", &any, None),
        ("2024-01-31", &any, Some(base)),
        ("é:", &any, None),
        ("é1:00", &any, None),
    ] {
        assert_eq!(
            date_time(text, format).ok(),
            expected,
            "{text:?} as {format:?}"
        );
    }
}

#[test]
fn reads_durations_years_and_months() {
    assert_eq!(duration("P1DT2H30M"), Ok(DAY + 9_000_000_000));
    assert_eq!(duration("-PT1.5S"), Ok(-1_500_000));
    assert_eq!(duration("P2W"), Ok(14 * DAY));
    for bad in [
        "P1Y", "P1M", "P", "PT", "1D", "PT1H1H", "PT1M1H", "P1.5D", "PT5", "PTS",
    ] {
        assert!(duration(bad).is_err(), "{bad}");
    }
    assert_eq!(year("2024"), Ok(2024));
    assert_eq!(year("-0044"), Ok(-44));
    assert!(year("24").is_err() && year("20240").is_err());
    assert_eq!(year_month("2024-03"), Ok((2024, 3)));
    assert!(year_month("2024-13").is_err() && year_month("2024/03").is_err());
}

#[test]
fn checks_patterns() {
    assert!(check_pattern("%d/%m/%Y", Part::Date).is_ok());
    assert!(check_pattern("%d %b %y", Part::Date).is_ok());
    assert!(check_pattern("%H:%M", Part::Time).is_ok());
    assert!(check_pattern("%I:%M %p", Part::Time).is_ok());
    assert!(check_pattern("%Y-%m-%dT%H:%M:%S%.f", Part::DateTime).is_ok());
    assert!(check_pattern("%Y-%m-%d", Part::DateTime).is_ok());
    assert!(check_pattern("%Y", Part::Date).is_ok());
    assert!(check_pattern("%G-W%V-%u", Part::Date).is_ok());
    assert!(check_pattern("100%% %F", Part::Date).is_ok());
    for (bad, part) in [
        ("%d/%m", Part::Date),
        ("%Q!", Part::Date),
        ("%I:%M", Part::Time),
        ("x", Part::Date),
        ("%H", Part::Date),
        ("%Y %H", Part::Date),
        ("%H %Y", Part::Time),
        ("%d/%Y", Part::Date),
        ("%Y %V", Part::Date),
        ("%Y-%m-%d %Y", Part::Date),
        ("%d %e %m %Y", Part::Date),
        ("%I %p %H", Part::Time),
        ("%", Part::Time),
        ("%.x", Part::Time),
    ] {
        assert!(check_pattern(bad, part).is_err(), "{bad}");
    }
}

#[test]
fn patterns_are_short() {
    let long = |length: usize| format!("{}%Y", "x".repeat(length));
    assert!(check_pattern(&long(198), Part::Date).is_ok());
    let error = check_pattern(&long(199), Part::Date).unwrap_err();
    assert!(error.contains("200"), "{error}");
    // One literal is as good as many: none takes room on the stack.
    let (pattern, text) = (long(100_000), format!("{}2024", "X".repeat(100_000)));
    let format = TemporalFormat::Pattern(pattern);
    assert_eq!(date(&text, &format), Ok(unix_days(2024, 1, 1).unwrap()));
}

#[test]
fn reads_patterns_as_python_does() {
    let day = |year, month, day| unix_days(year, month, day);
    for (pattern, text, expected) in [
        ("%Y", "2024", day(2024, 1, 1)),
        ("%Y", "206", None),
        ("%Y", "20240", None),
        ("%m/%y", "03/24", day(2024, 3, 1)),
        ("%m/%y", "3/69", day(1969, 3, 1)),
        ("%Y%m%d", "20240131", day(2024, 1, 31)),
        ("%Y%m%d", "2024 131", None),
        ("%Y%m%d", "2024131", day(2024, 1, 31)),
        ("%d%m%Y", "112024", day(2024, 1, 1)),
        ("%d %m %Y", "1   2\t2024", day(2024, 2, 1)),
        ("%d %m %Y", "12 2024", None),
        ("%d %b %Y", "1 JAN 2024", day(2024, 1, 1)),
        ("%d %b %Y", "1 January 2024", None),
        ("%d %B %Y", "1 january 2024", day(2024, 1, 1)),
        ("%d. %B %Y", "1. May 2024", day(2024, 5, 1)),
        ("%d %B %Y", "30 February 2024", None),
        ("%A %d %B %Y", "Friday 1 March 2024", day(2024, 3, 1)),
        ("%Y-%j", "2024-366", day(2024, 12, 31)),
        ("%Y-%j", "2023-366", None),
        ("%G-W%V-%u", "2020-W53-7", day(2021, 1, 3)),
        ("%G-W%V-%u", "2021-W53-1", None),
        ("%G-W%V-%u", "2020-W53-0", None), // days of a week are counted from 1
        ("%Y %U %w", "2024 00 1", day(2024, 1, 1)),
        ("%Y %W %a", "2024 01 sun", day(2024, 1, 7)),
        ("%Y %W %a", "2024 00 sun", None),
        ("%Fx", "2024-01-31X", day(2024, 1, 31)),
        ("%d/%m/%Y", "31/01/2024\n", None),
        ("%dé%m%%%Y", "31É01%2024", day(2024, 1, 31)),
        ("%d", "", None),
    ] {
        let format = TemporalFormat::Pattern(pattern.into());
        assert_eq!(date(text, &format).ok(), expected, "{text:?} as {pattern}");
    }
    let at = |h: i64, m: i64, s: i64| ((h * 60 + m) * 60 + s) * 1_000_000;
    for (pattern, text, expected) in [
        ("%H:%M", "9:05", Some(at(9, 5, 0))),
        ("%H:%M", "09:60", None),
        ("%I%p", "12am", Some(0)),
        ("%I %p", "1 PM", Some(at(13, 0, 0))),
        ("%S.%f", "46.5", Some(at(0, 0, 46) + 500_000)),
        ("%S.%f", "46", None),
        ("%T%.f", "01:02:03", Some(at(1, 2, 3))),
        ("%T%.f", "01:02:03.1234567", Some(at(1, 2, 3) + 123_456)),
        ("%H:%M%z", "09:05+0130", Some(at(7, 35, 0))),
        ("%H:%M %Z", "09:05 GMT", Some(at(9, 5, 0))),
        ("%H%M%S", "1234", Some(at(12, 3, 4))),
    ] {
        let format = TemporalFormat::Pattern(pattern.into());
        assert_eq!(time(text, &format).ok(), expected, "{text:?} as {pattern}");
    }
    let base = i64::from(unix_days(2024, 1, 31).unwrap()) * DAY;
    for (pattern, text, expected) in [
        ("%d/%m/%Y", "31/01/2024", Some(base)),
        (
            "%Y-%m-%dT%H:%M:%S%z",
            "2024-01-31T00:30:00+01:00",
            Some(base - at(0, 30, 0)),
        ),
        (
            "%Y-%m-%dT%H:%M:%S%z",
            "2024-01-31T00:30:00Z",
            Some(base + at(0, 30, 0)),
        ),
        ("%d.%m.%Y %H:%M", "31.01.2024 24:00", None),
    ] {
        let format = TemporalFormat::Pattern(pattern.into());
        assert_eq!(
            date_time(text, &format).ok(),
            expected,
            "{text:?} as {pattern}"
        );
    }
}
