//! Dates, times and durations in texts. ISO 8601 by default, a `strptime` pattern, or whatever can be understood in one
//! way only.

use jiff::{civil, fmt::strtime};

use super::{
    date_parts::DateParts,
    lexical::Misfit,
    model::{DateOrder, TemporalFormat},
    strptime,
};

const MICROS_PER_DAY: i64 = 86_400_000_000;

impl TemporalFormat {
    /// `, as YYYY-MM-DD`
    pub(super) fn written(&self, iso: &str) -> String {
        match self {
            TemporalFormat::Default => format!(", as {iso}"),
            TemporalFormat::Any | TemporalFormat::InOrder(DateOrder::Inferred) => String::new(),
            TemporalFormat::InOrder(DateOrder::DayFirst) => ", day before month".to_owned(),
            TemporalFormat::InOrder(DateOrder::MonthFirst) => ", month before day".to_owned(),
            TemporalFormat::InOrder(DateOrder::YearFirst) => ", year before month".to_owned(),
            TemporalFormat::Pattern(pattern) => format!(", as {pattern}"),
        }
    }
}

/// What a pattern has to describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Date,
    Time,
    DateTime,
}

/// Says what is wrong with a pattern.
pub(super) fn check_pattern(pattern: &str, part: Part) -> Result<(), String> {
    strptime::check(pattern, part)
}

/// Days since 1970-01-01.
pub(super) fn date(text: &str, format: &TemporalFormat) -> Result<i32, Misfit> {
    match format {
        TemporalFormat::Default => iso_date(text.as_bytes()).ok_or(Misfit::DateInvalid),
        TemporalFormat::Any => any_date(text, DateOrder::Inferred),
        TemporalFormat::InOrder(order) => any_date(text, *order),
        TemporalFormat::Pattern(pattern) => {
            let micros = strptime::read(pattern, text, Part::Date).ok_or(Misfit::DateInvalid)?;
            Ok((micros / MICROS_PER_DAY) as i32)
        }
    }
}

/// True when the date of this text, whatever its time, has points between its numbers, so that the month is not the first.
pub(crate) fn has_points(text: &str) -> bool {
    DateParts::of(split_at_time(text.trim()).0).has_points()
}

/// A date as the format has it.
pub(super) fn write_date(days: i32, format: &TemporalFormat) -> Option<String> {
    let epoch = civil::date(1970, 1, 1);
    let date = epoch
        .checked_add(jiff::Span::new().try_days(days).ok()?)
        .ok()?;
    match format {
        TemporalFormat::Default | TemporalFormat::Any | TemporalFormat::InOrder(_) => {
            Some(date.to_string())
        }
        TemporalFormat::Pattern(pattern) => strtime::format(pattern, date).ok(),
    }
}

/// Microseconds since midnight; in UTC, and of whatever day that is there, where the text says an offset.
pub(super) fn time(text: &str, format: &TemporalFormat) -> Result<i64, Misfit> {
    let micros = match format {
        TemporalFormat::Default => in_utc(text, |clock| iso_time(clock, true)),
        TemporalFormat::Any | TemporalFormat::InOrder(_) => in_utc(text, any_time),
        TemporalFormat::Pattern(pattern) => strptime::read(pattern, text, Part::Time),
    };
    let micros = micros.ok_or(Misfit::DateInvalid)?;
    Ok(micros.rem_euclid(MICROS_PER_DAY))
}

/// Microseconds since 1970-01-01T00:00:00; in UTC where the text says an offset, as the column has no time zone.
pub(super) fn date_time(text: &str, format: &TemporalFormat) -> Result<i64, Misfit> {
    let micros = match format {
        TemporalFormat::Default => {
            let parts = text.split_once(['T', 't', ' ']).and_then(|(date, time)| {
                let clock = in_utc(time, |clock| iso_time(clock, true))?;
                Some(i64::from(iso_date(date.as_bytes())?) * MICROS_PER_DAY + clock)
            });
            parts.ok_or(Misfit::DateInvalid)?
        }
        TemporalFormat::Any | TemporalFormat::InOrder(_) => {
            let order = match format {
                TemporalFormat::InOrder(order) => *order,
                _ => DateOrder::Inferred,
            };
            let (date, time) = split_at_time(text);
            let micros = if time.is_empty() {
                Some(0)
            } else {
                in_utc(time, any_time)
            };
            i64::from(any_date(date, order)?) * MICROS_PER_DAY
                + micros.ok_or(Misfit::DateInvalid)?
        }
        TemporalFormat::Pattern(pattern) => {
            let read = strptime::read(pattern, text, Part::DateTime);
            read.ok_or(Misfit::DateInvalid)?
        }
    };
    // An offset may lead out of the years there are.
    match (FIRST_DAY..=LAST_DAY).contains(&micros.div_euclid(MICROS_PER_DAY)) {
        true => Ok(micros),
        false => Err(Misfit::DateInvalid),
    }
}

/// 1 January of the year 1, and 31 December of the year 9999.
const FIRST_DAY: i64 = -719_162;
const LAST_DAY: i64 = 2_932_896;

/// What `read` makes of a time of day, less the offset behind it.
fn in_utc(text: &str, read: impl Fn(&str) -> Option<i64>) -> Option<i64> {
    let sign = text.rfind(['Z', 'z', '+', '-']);
    let offset = sign.and_then(|at| {
        let (offset, used) = strptime::offset(&text[at..])?;
        (at + used == text.len()).then_some((at, offset))
    });
    match offset {
        Some((at, offset)) => Some(read(text[..at].trim_end())? - offset),
        None => read(text),
    }
}

/// Microseconds of an ISO 8601 duration.
pub(super) fn duration(text: &str) -> Result<i64, Misfit> {
    iso_duration(text)
}

/// `YYYY`, with a sign for what was before the year 0.
pub(super) fn year(text: &str) -> Result<i64, Misfit> {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    if digits.len() != 4 {
        return Err(Misfit::DateInvalid);
    }
    let year = number(digits).ok_or(Misfit::DateInvalid)? as i64;
    Ok(if text.starts_with('-') { -year } else { year })
}

/// `YYYY-MM`
pub(super) fn year_month(text: &str) -> Result<(u32, u32), Misfit> {
    let bytes = text.as_bytes();
    if bytes.len() != 7 || bytes[4] != b'-' {
        return Err(Misfit::DateInvalid);
    }
    let month = number(&bytes[5..]).filter(|month| (1..=12).contains(month));
    Option::zip(number(&bytes[..4]), month).ok_or(Misfit::DateInvalid)
}

/// Digits only, up to nine of them.
pub(super) fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        digits
            .iter()
            .fold(0, |n, &digit| n * 10 + u32::from(digit - b'0')),
    )
}

/// Days since 1970-01-01 of a day that exists, in the years 1 to 9999 (proleptic Gregorian calendar).
pub(super) fn unix_days(year: i32, month: u32, day: u32) -> Option<i32> {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=9999).contains(&year) || !(1..=days).contains(&day) {
        return None;
    }
    // Years that start in March put the leap day last: https://howardhinnant.github.io/date_algorithms.html
    let y = year - i32::from(month <= 2);
    let (era, of_era) = (y.div_euclid(400), y.rem_euclid(400));
    let of_year = (153 * ((month as i32 + 9) % 12) + 2) / 5 + day as i32 - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// `YYYY-MM-DD`
fn iso_date(text: &[u8]) -> Option<i32> {
    if text.len() != 10 || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    unix_days(
        number(&text[..4])? as i32,
        number(&text[5..7])?,
        number(&text[8..])?,
    )
}

/// `hh:mm:ss`, with a fraction, and without seconds where `needs_seconds` is false. `24:00:00` is the end of the day.
fn iso_time(text: &str, needs_seconds: bool) -> Option<i64> {
    let mut parts = text.splitn(3, ':');
    let two = |part: &str| number(part.as_bytes()).filter(|_| part.len() == 2);
    let hour = two(parts.next()?)?;
    let minute = two(parts.next()?)?;
    let (second, micros) = match parts.next() {
        Some(seconds) => {
            let (whole, fraction) = seconds.split_once(['.', ',']).unwrap_or((seconds, "0"));
            (two(whole)?, fraction_micros(fraction)?)
        }
        None if needs_seconds => return None,
        None => (0, 0),
    };
    let is_end = (hour, minute, second, micros) == (24, 0, 0, 0);
    let valid = is_end || hour < 24 && minute < 60 && second < 60;
    valid.then(|| i64::from((hour * 60 + minute) * 60 + second) * 1_000_000 + micros)
}

/// Microseconds of the digits after a decimal point; what is smaller is cut off.
pub(super) fn fraction_micros(digits: &str) -> Option<i64> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits
        .bytes()
        .chain(std::iter::repeat(b'0'))
        .take(6)
        .map(|b| i64::from(b - b'0'))
        .reduce(|n, digit| n * 10 + digit)
}

/// `9:05`, `09:05:07`, `9:05 pm`, `9 pm`
fn any_time(text: &str) -> Option<i64> {
    let lower = text.trim().to_ascii_lowercase();
    let (clock, half) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
        (Some(clock), _) => (clock.trim_end(), Some(0)),
        (_, Some(clock)) => (clock.trim_end(), Some(12)),
        _ => (lower.as_str(), None),
    };
    let clock = match clock.find(':') {
        None if half.is_some() && clock.len() == 1 => format!("0{clock}:00"),
        None if half.is_some() => format!("{clock}:00"),
        Some(1) => format!("0{clock}"),
        _ => clock.to_owned(),
    };
    let micros = iso_time(&clock, false)?;
    let Some(half) = half else {
        return Some(micros);
    };
    let hour = number(&clock.as_bytes()[..2]).filter(|hour| (1..=12).contains(hour))?;
    Some(micros + i64::from(half + hour % 12) * 3_600_000_000 - i64::from(hour) * 3_600_000_000)
}

/// Cuts before the hour of the first `:` (or of `am` or `pm` at the end), dropping the `T` or white space between date and time.
fn split_at_time(text: &str) -> (&str, &str) {
    let end = text.find(':').or_else(|| {
        let half = text.get(text.len().checked_sub(2)?..)?.to_ascii_lowercase();
        let clock = text[..text.len() - 2].trim_end();
        (matches!(&*half, "am" | "pm") && clock.ends_with(|c: char| c.is_ascii_digit()))
            .then_some(clock.len())
    });
    let Some(end) = end else {
        return (text, "");
    };
    let hour = text[..end]
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |at| at + 1);
    // The character before is ASCII or at least not a digit; `T` and spaces are what may stand there.
    if !text.is_char_boundary(hour) {
        return (text, "");
    }
    (
        text[..hour].trim_end_matches(['T', ' ', ',']),
        &text[hour..],
    )
}

pub(super) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A word for a month, in full or its first three letters, in English.
fn month_of(word: &str) -> Option<u32> {
    let word = word.to_ascii_lowercase();
    let word = if word == "sept" {
        "sep".to_owned()
    } else {
        word
    };
    let named = |month: &str| word == *month || (word.len() == 3 && month.starts_with(&word));
    MONTHS
        .iter()
        .position(|month| named(month))
        .map(|index| index as u32 + 1)
}

/// Year first, or the month as a word, or an order of day and month that only one reading allows (a day beyond 12, both
/// the same, points between: no country writes the month first with points, or the weekday before it). Where numbers stand in an
/// order that is given, that order holds for all of them. A weekday that is not that of the date is refused.
fn any_date(text: &str, order: DateOrder) -> Result<i32, Misfit> {
    use DateOrder::{DayFirst, Inferred, MonthFirst, YearFirst};
    let date = DateParts::of(text);
    let digits = |part: &str| number(part.as_bytes());
    let is_year = |part: &str| part.len() == 4 && digits(part).is_some();
    let is_day = |part: &str| part.len() <= 2 && digits(part).is_some();
    let build = |year: &str, month: Option<u32>, day: &str| {
        let days = || unix_days(digits(year)? as i32, month?, digits(day)?);
        days().ok_or(Misfit::DateInvalid)
    };
    let days = match date.parts[..] {
        [all] if all.len() == 8 && digits(all).is_some() => {
            build(&all[..4], digits(&all[4..6]), &all[6..])
        }
        [year, month, day] if is_year(year) && is_day(day) => {
            build(year, digits(month).or_else(|| month_of(month)), day)
        }
        [day, month, year] if is_day(day) && month_of(month).is_some() && is_year(year) => {
            build(year, month_of(month), day)
        }
        [month, day, year] if month_of(month).is_some() && is_day(day) && is_year(year) => {
            build(year, month_of(month), day)
        }
        [a, b, year] if is_day(a) && is_day(b) && is_year(year) && order != Inferred => match order
        {
            DayFirst => build(year, digits(b), a),
            MonthFirst => build(year, digits(a), b),
            YearFirst | Inferred => Err(Misfit::DateInvalid),
        },
        [a, b, year] if is_day(a) && is_day(b) && is_year(year) => match (digits(a), digits(b)) {
            (day, month) if day == month => build(year, month, a),
            (_, month) if date.has_points() => build(year, month, a),
            (Some(13..), month) => build(year, month, a),
            (month, Some(13..)) => build(year, month, b),
            _ if date.has_weekday() => {
                let readings = [build(year, digits(b), a), build(year, digits(a), b)];
                let mut readings = readings
                    .into_iter()
                    .flatten()
                    .filter(|&days| date.may_be(days));
                match (readings.next(), readings.next()) {
                    (Some(_), Some(_)) => Err(Misfit::DateAmbiguous),
                    (only, _) => only.ok_or(Misfit::DateInvalid),
                }
            }
            _ => Err(Misfit::DateAmbiguous),
        },
        [a, b, c] if is_day(a) && (is_day(b) || month_of(b).is_some()) && is_day(c) => {
            let month = |text: &str| digits(text).or_else(|| month_of(text));
            let century = |year: &str| {
                let year = digits(year).unwrap_or_default();
                if year < 69 { 2000 + year } else { 1900 + year }
            };
            match order {
                DayFirst => build(&century(c).to_string(), month(b), a),
                MonthFirst if month_of(b).is_some() => build(&century(c).to_string(), month(b), a),
                MonthFirst => build(&century(c).to_string(), digits(a), b),
                YearFirst => build(&century(a).to_string(), month(b), c),
                Inferred => Err(Misfit::DateAmbiguous),
            }
        }
        _ => Err(Misfit::DateInvalid),
    }?;
    match date.may_be(days) {
        true => Ok(days),
        false => Err(Misfit::DateInvalid),
    }
}

/// `-P1Y2M3W4DT5H6M7.5S`: an XSD duration, or one with weeks as in ISO 8601:2019. Years and months have no length of their own,
/// so they have to be zero.
fn iso_duration(text: &str) -> Result<i64, Misfit> {
    let (sign, body) = text.strip_prefix('-').map_or((1, text), |body| (-1, body));
    let body = body.strip_prefix('P').ok_or(Misfit::Type)?;
    let (days, clock) = body
        .split_once('T')
        .map_or((body, None), |(days, clock)| (days, Some(clock)));
    if clock == Some("") || body.is_empty() {
        return Err(Misfit::Type);
    }
    let (mut total, mut has_months) = (0i64, false);
    for (part, units) in [
        (
            days,
            &[('Y', 0i64), ('M', 0), ('W', 604_800), ('D', 86_400)][..],
        ),
        (clock.unwrap_or(""), &[('H', 3600), ('M', 60), ('S', 1)]),
    ] {
        let (mut rest, mut units) = (part, units.iter());
        while !rest.is_empty() {
            let (micros, is_month, after) = one_unit(rest, &mut units).ok_or(Misfit::Type)?;
            total = total.checked_add(micros).ok_or(Misfit::Type)?;
            has_months |= is_month;
            rest = after;
        }
    }
    match has_months {
        true => Err(Misfit::Calendar),
        false => Ok(sign * total),
    }
}

/// The microseconds of the first number and its unit, whether these are some years or months, and what comes after.
fn one_unit<'a, 'u>(
    text: &'a str,
    units: &mut impl Iterator<Item = &'u (char, i64)>,
) -> Option<(i64, bool, &'a str)> {
    let end = text.find(|c: char| c.is_ascii_alphabetic())?;
    let unit = text[end..].chars().next()?;
    let &(_, seconds) = units.find(|(name, _)| *name == unit)?;
    let (whole, fraction) = text[..end].split_once('.').unwrap_or((&text[..end], "0"));
    if unit != 'S' && text[..end].contains('.') {
        return None;
    }
    let count = i64::from(number(whole.as_bytes())?);
    let micros = count.checked_mul(seconds * 1_000_000)?;
    let micros = micros.checked_add(fraction_micros(fraction)?)?;
    Some((micros, seconds == 0 && count > 0, &text[end + 1..]))
}
