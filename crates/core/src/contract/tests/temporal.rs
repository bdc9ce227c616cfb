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
        ("24:00:00", &default, None),
        ("9:05", &any, Some(at(9, 5, 0))),
        ("9:05 PM", &any, Some(at(21, 5, 0))),
        ("12:00 am", &any, Some(0)),
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
        ("2024-01-31T09:05:07+02:00", &default, None),
        ("2024-01-31", &default, None),
        ("31.01.2024 09:05", &pattern, Some(base + at(9, 5, 0))),
        ("Jan 31 2024, 9:05pm", &any, Some(base + at(21, 5, 0))),
        ("2024-01-31T09:05:07", &any, Some(base + at(9, 5, 7))),
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
    for (bad, part) in [
        ("%d/%m", Part::Date),
        ("%Q!", Part::Date),
        ("%I:%M", Part::Time),
        ("%Y-%m-%d", Part::DateTime),
        ("x", Part::Date),
        ("%H", Part::Date),
    ] {
        assert!(check_pattern(bad, part).is_err(), "{bad}");
    }
}
