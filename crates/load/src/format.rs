//! Dates, times and decimals as text, written into a buffer that is used again for the next cell.

use std::io::Write;

const SECONDS_PER_DAY: i64 = 86_400;

/// Writes `2026-01-31`; false for years outside 0000 to 9999, which the format cannot hold.
pub(super) fn date(days: i64, out: &mut Vec<u8>) -> bool {
    let (year, month, day) = civil_from_days(days);
    if !(0..=9_999).contains(&year) {
        return false;
    }
    digits(out, year as u32, 4);
    out.push(b'-');
    digits(out, month, 2);
    out.push(b'-');
    digits(out, day, 2);
    true
}

/// Writes `08:30:00`, followed by a fraction if there is one; false outside a day.
pub(super) fn time(value: i64, per_second: i64, out: &mut Vec<u8>) -> bool {
    let seconds = value.div_euclid(per_second);
    if !(0..SECONDS_PER_DAY).contains(&seconds) {
        return false;
    }
    let seconds = seconds as u32;
    digits(out, seconds / 3_600, 2);
    out.push(b':');
    digits(out, seconds / 60 % 60, 2);
    out.push(b':');
    digits(out, seconds % 60, 2);
    let nanos = value.rem_euclid(per_second) * (1_000_000_000 / per_second);
    fraction(nanos as u32, out);
    true
}

/// Writes date, `T`, time and, for instants, `+00:00`; false for years the format cannot hold.
pub(super) fn timestamp(value: i64, per_second: i64, utc: bool, out: &mut Vec<u8>) -> bool {
    let per_day = SECONDS_PER_DAY * per_second;
    if !date(value.div_euclid(per_day), out) {
        return false;
    }
    out.push(b'T');
    time(value.rem_euclid(per_day), per_second, out);
    if utc {
        out.extend_from_slice(b"+00:00");
    }
    true
}

/// Writes a decimal with all digits of its scale, never an exponent.
pub(super) fn decimal(value: i128, scale: i8, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    let start = out.len();
    let written = write!(out, "{}", value.unsigned_abs());
    debug_assert!(written.is_ok(), "a vector takes any text");
    if scale <= 0 {
        if value != 0 {
            out.resize(out.len() + usize::from(scale.unsigned_abs()), b'0');
        }
        return;
    }
    let scale = usize::from(scale.unsigned_abs());
    while out.len() - start <= scale {
        out.insert(start, b'0');
    }
    out.insert(out.len() - scale, b'.');
}

/// Whether at most 15 significant digits carry the value, so that a double can hold it and give it back.
#[cfg_attr(not(feature = "sqlite"), allow(dead_code))] // nobody else has columns of doubles for decimals
pub(super) fn fits_double(mut value: i128) -> bool {
    const LIMIT: u128 = 1_000_000_000_000_000;
    while value.unsigned_abs() >= LIMIT && value % 10 == 0 {
        value /= 10;
    }
    value.unsigned_abs() < LIMIT
}

/// Three, six or nine digits, the fewest that are exact; none for zero. Texts with and without then sort by time.
fn fraction(nanos: u32, out: &mut Vec<u8>) {
    if nanos == 0 {
        return;
    }
    out.push(b'.');
    match nanos {
        n if n % 1_000_000 == 0 => digits(out, n / 1_000_000, 3),
        n if n % 1_000 == 0 => digits(out, n / 1_000, 6),
        n => digits(out, n, 9),
    }
}

fn digits(out: &mut Vec<u8>, mut value: u32, width: usize) {
    let start = out.len();
    out.resize(start + width, b'0');
    for place in out[start..].iter_mut().rev() {
        *place = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Howard Hinnant's `civil_from_days`: eras of 400 years that begin on the first of March.
fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * of_year + 2) / 153;
    let day = (of_year - (153 * month_index + 2) / 5 + 1) as u32;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    } as u32;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn dates_agree_with_jiff() {
        let epoch = jiff::civil::date(1970, 1, 1);
        for days in (-719_528..2_932_896)
            .step_by(97)
            .chain([-719_528, -1, 0, 59, 60, 2_932_896])
        {
            let expected = epoch
                .checked_add(jiff::Span::new().days(days))
                .unwrap()
                .to_string();
            assert_eq!(text(|out| assert!(date(days, out))), expected);
        }
        assert!(!date(-719_529, &mut Vec::new()) && !date(2_932_897, &mut Vec::new()));
        assert!(!date(i64::MAX, &mut Vec::new()) && !date(i64::MIN, &mut Vec::new()));
    }

    #[test]
    fn times_keep_the_fraction_they_have() {
        for (value, per_second, expected) in [
            (0, 1, "1970-01-01T00:00:00"),
            (-1, 1_000, "1969-12-31T23:59:59.999"),
            (1_769_848_200_250, 1_000, "2026-01-31T08:30:00.250"),
            (1_000_001, 1_000_000, "1970-01-01T00:00:01.000001"),
            (1, 1_000_000_000, "1970-01-01T00:00:00.000000001"),
        ] {
            assert_eq!(
                text(|out| assert!(timestamp(value, per_second, false, out))),
                expected
            );
        }
        assert_eq!(
            text(|out| assert!(timestamp(0, 1, true, out))),
            "1970-01-01T00:00:00+00:00"
        );
        assert!(!time(86_400, 1, &mut Vec::new()) && !time(-1, 1, &mut Vec::new()));
    }

    #[test]
    fn decimals_are_exact() {
        for (value, scale, expected) in [
            (0, 0, "0"),
            (0, 2, "0.00"),
            (5, 2, "0.05"),
            (-5, 2, "-0.05"),
            (12_345, 2, "123.45"),
            (12, -2, "1200"),
            (0, -2, "0"),
            (i128::MIN, 0, "-170141183460469231731687303715884105728"),
        ] {
            assert_eq!(text(|out| decimal(value, scale, out)), expected);
        }
        assert!(fits_double(999_999_999_999_999) && fits_double(1_000_000_000_000_000));
        assert!(!fits_double(1_000_000_000_000_001) && fits_double(-120_000_000_000_000_000_000));
    }
}
