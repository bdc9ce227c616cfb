//! Serial numbers to dates (ECMA-376 part 1, 18.17.4): days since an epoch, the time of day as fraction.
//!
//! Times are rounded to the millisecond, the precision spreadsheets work with: serial numbers are doubles, and
//! `0.1 s` has no exact one.

/// Days between 1899-12-30 and 1970-01-01.
const UNIX_EPOCH_1900: i32 = 25_569;
/// Days between 1904-01-01 and 1970-01-01.
const UNIX_EPOCH_1904: i32 = 24_107;
/// First serial after 9999-12-31 in the 1900 system.
const END_1900: f64 = 2_958_466.0;
const MILLIS_PER_DAY: f64 = 86_400_000.0;

/// Which day serial 0 is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DateSystem {
    /// Serial 1 is 1900-01-01. Serial 60 is a day that never was (1900-02-29, kept for Lotus 1-2-3); it is read as
    /// 1900-02-28, as openpyxl does.
    #[default]
    Y1900,
    /// Serial 0 is 1904-01-01.
    Y1904,
}

impl DateSystem {
    /// Days since 1970-01-01, or `None` when the serial is outside the years that spreadsheets know (1900 to 9999).
    ///
    /// ```
    /// use sheetlift_core::DateSystem;
    /// assert_eq!(DateSystem::Y1900.unix_days(45_658.0), Some(20_089)); // 2025-01-01
    /// assert_eq!(DateSystem::Y1904.unix_days(0.0), Some(-24_107)); // 1904-01-01
    /// assert_eq!(DateSystem::Y1900.unix_days(-1.0), None);
    /// ```
    pub fn unix_days(self, serial: f64) -> Option<i32> {
        self.unix_micros(serial)
            .map(|micros| micros.div_euclid(86_400_000_000) as i32)
    }

    /// True when the serial is a day of the years that spreadsheets know: what is tagged as a date has to be one.
    #[inline]
    pub(crate) fn knows(self, serial: f64) -> bool {
        let end = match self {
            DateSystem::Y1900 => END_1900,
            DateSystem::Y1904 => END_1900 - 1_462.0,
        };
        (0.0..end).contains(&serial) // not NaN either
    }

    /// Microseconds since 1970-01-01T00:00:00, rounded to the millisecond; `None` as for [`Self::unix_days`].
    pub fn unix_micros(self, serial: f64) -> Option<i64> {
        let epoch = match self {
            DateSystem::Y1900 if serial < 60.0 => UNIX_EPOCH_1900 - 1,
            DateSystem::Y1900 => UNIX_EPOCH_1900,
            DateSystem::Y1904 => UNIX_EPOCH_1904,
        };
        if !self.knows(serial) {
            return None;
        }
        let day = serial as i64;
        let millis = round((serial - day as f64) * MILLIS_PER_DAY);
        Some(((day - i64::from(epoch)) * 86_400_000 + millis) * 1000)
    }
}

/// [`f64::round`] of a small number that is not negative, without a call where the processor has no instruction for it.
fn round(number: f64) -> i64 {
    let whole = number as i64;
    whole + i64::from(number - whole as f64 >= 0.5)
}

/// Microseconds since midnight of a fraction of a day, rounded to the millisecond (the last one of the day where it would
/// be midnight); `None` outside `0..1`.
pub fn time_micros(fraction: f64) -> Option<i64> {
    let millis = (fraction * MILLIS_PER_DAY).round();
    (0.0..1.0)
        .contains(&fraction)
        .then_some(millis.min(MILLIS_PER_DAY - 1.0) as i64 * 1000)
}

/// Microseconds of elapsed days, rounded to the millisecond; `None` when they do not fit.
pub fn duration_micros(days: f64) -> Option<i64> {
    let millis = (days * MILLIS_PER_DAY).round();
    (millis.abs() < 9e15 / 1000.0).then(|| millis as i64 * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_leap_day_that_never_was() {
        let day = |serial| DateSystem::Y1900.unix_days(serial).unwrap();
        assert_eq!(day(1.0), -25_567); // 1900-01-01
        assert_eq!(day(59.0), day(60.0)); // 1900-02-28
        assert_eq!(day(61.0), day(59.0) + 1); // 1900-03-01
        assert_eq!(day(2_958_465.0), 2_932_896); // 9999-12-31
        assert_eq!(DateSystem::Y1900.unix_days(2_958_466.0), None);
        assert_eq!(DateSystem::Y1900.unix_days(f64::NAN), None);
    }

    #[test]
    fn rounds_to_milliseconds() {
        assert_eq!(time_micros(0.5), Some(43_200_000_000));
        assert_eq!(time_micros(1.0 / 86_400.0), Some(1_000_000));
        assert_eq!(time_micros(0.999_999_999_999), Some(86_399_999_000)); // midnight of the next day is no time of day
        assert_eq!(time_micros(1.0), None);
        assert_eq!(time_micros(-0.1), None);
        assert_eq!(duration_micros(1.5), Some(129_600_000_000));
        assert_eq!(duration_micros(1e300), None);
    }
}
