//! Patterns of dates and times, read as Python's `strptime` reads them, which is what the standard names: `%Y` is four digits, `%d` one
//! or two, a blank in the pattern stands for any white space and no other blank is allowed, words are English in any letter case. What
//! a pattern does not say is the first: `%m/%Y` is the first of a month.
//!
//! `%F`, `%T`, `%R`, `%D`, `%e`, `%k`, `%l`, `%h`, `%P`, `%n`, `%t` and `%.f` (a fraction, or none) are understood too. Twelve hours need `%p`, a day needs its month and a
//! month its year: elsewhere Python would make something up.

use std::ops::RangeInclusive;

use super::temporal::{MONTHS, Part, fraction_micros, number, unix_days};

const MICROS_PER_DAY: i64 = 86_400_000_000;
/// Bytes of a pattern.
const MAX_PATTERN: usize = 200;
pub(super) const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// What a text said.
#[derive(Debug, Default, Clone, Copy)]
struct Said {
    year: Option<u32>,
    month: Option<u32>,
    day: Option<u32>,
    day_of_year: Option<u32>,
    iso_year: Option<u32>,
    /// With `%V`, `%U` or `%W`.
    week: Option<(char, u32)>,
    /// Monday is 0.
    weekday: Option<u32>,
    hour: u32,
    is_afternoon: Option<bool>,
    minute: u32,
    second: u32,
    micros: u32,
    offset_micros: i64,
}

/// What is wrong with a pattern for a date, a time or both.
pub(super) fn check(pattern: &str, part: Part) -> Result<(), String> {
    if pattern.len() > MAX_PATTERN {
        return Err(format!("it is longer than {MAX_PATTERN} bytes"));
    }
    let mut seen: Vec<char> = Vec::new();
    for directive in directives(pattern)? {
        if seen.contains(&directive) {
            return Err(format!("%{directive} occurs twice"));
        }
        seen.push(directive);
    }
    let says = |directives: &str| directives.chars().any(|c| seen.contains(&c));
    let (year, month, day) = (says("Yy"), says("mb"), says("d"));
    let is_iso_day = says("G") && says("V") && says("auw");
    let is_week_day = year && says("UW") && says("auw");
    let says_day = day || says("j") || is_iso_day || is_week_day;
    let says_date = says("YymbdjGVUW");
    let says_time = says("HIMSf");
    match () {
        () if part != Part::Time && !year && !is_iso_day => Err("it does not say the year".into()),
        () if part == Part::Time && says_date => Err("a time of day has no date".into()),
        () if part == Part::Time && !says_time => Err("it does not say the time".into()),
        () if part == Part::Date && says_time => Err("a date has no time of day".into()),
        () if day && !month => Err("it says the day, but not the month".into()),
        () if says("GVUW") && !says_day => Err("it says a week, but not the day of it".into()),
        () if says("I") != says("p") => Err("%I and %p belong together".into()),
        () if says("I") && says("H") => Err("%I and %H both say the hour".into()),
        () => Ok(()),
    }
}

/// Days since 1970-01-01 (0 for a time of day), and microseconds since midnight, in UTC where the text says an offset.
pub(super) fn read(pattern: &str, text: &str, part: Part) -> Option<i64> {
    let items = items(pattern).ok()?;
    let said = read_items(&items, text, Said::default())?;
    let hour = match said.is_afternoon {
        Some(afternoon) => said.hour % 12 + if afternoon { 12 } else { 0 },
        None => said.hour,
    };
    let seconds = i64::from((hour * 60 + said.minute) * 60 + said.second);
    let clock = seconds * 1_000_000 + i64::from(said.micros) - said.offset_micros;
    Some(match part {
        Part::Time => clock.rem_euclid(MICROS_PER_DAY),
        Part::Date => i64::from(day_of(&said)?) * MICROS_PER_DAY,
        Part::DateTime => i64::from(day_of(&said)?) * MICROS_PER_DAY + clock,
    })
}

fn day_of(said: &Said) -> Option<i32> {
    if let (Some(year), Some(('V', week)), Some(weekday)) = (said.iso_year, said.week, said.weekday)
    {
        let fourth = unix_days(year as i32, 1, 4)?; // is in the first week
        let monday = fourth - monday_is_0(fourth);
        let day = monday + (week as i32 - 1) * 7 + weekday as i32;
        let next = unix_days(year as i32 + 1, 1, 4)?;
        // A year has 52 or 53 weeks.
        return (day < next - monday_is_0(next)).then_some(day);
    }
    let year = said.year? as i32;
    let first = unix_days(year, 1, 1)?;
    if let Some(day) = said.day_of_year {
        let day = first + day as i32 - 1;
        return (day < unix_days(year, 12, 31)? + 1).then_some(day);
    }
    if let (Some((first_day, week)), Some(weekday), None) = (said.week, said.weekday, said.month) {
        // Weeks that start on Sunday (%U) or Monday (%W); what is before the first start is week 0.
        let starts = if first_day == 'U' { 6 } else { 0 };
        let to_start = (starts - monday_is_0(first)).rem_euclid(7);
        let in_week = (weekday as i32 - starts).rem_euclid(7);
        let day = first + to_start + (week as i32 - 1) * 7 + in_week;
        return (first..=unix_days(year, 12, 31)?)
            .contains(&day)
            .then_some(day);
    }
    unix_days(year, said.month.unwrap_or(1), said.day.unwrap_or(1))
}

fn monday_is_0(day: i32) -> i32 {
    (day + 3).rem_euclid(7) // 1970-01-01 was a Thursday
}

enum Item {
    Directive(char),
    /// White space: one character or more, any of them.
    Blank,
    /// This character, in any letter case.
    Literal(char),
}

/// The directives of a pattern, those that say the same by one name.
fn directives(pattern: &str) -> Result<Vec<char>, String> {
    let items = items(pattern)?;
    let directives = items.iter().filter_map(|item| match item {
        Item::Directive(directive) => Some(match directive {
            'B' | 'h' => 'b',
            'A' => 'a',
            'e' => 'd',
            'k' => 'H',
            'l' => 'I',
            'P' => 'p',
            '.' => 'f',
            other => *other,
        }),
        _ => None,
    });
    Ok(directives.collect())
}

fn items(pattern: &str) -> Result<Vec<Item>, String> {
    let mut items = Vec::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => match chars.next() {
                Some('%') => items.push(Item::Literal('%')),
                Some('F') => items.extend(self::items("%Y-%m-%d")?),
                Some('T' | 'X') => items.extend(self::items("%H:%M:%S")?),
                Some('R') => items.extend(self::items("%H:%M")?),
                Some('D' | 'x') => items.extend(self::items("%m/%d/%y")?),
                Some('c') => items.extend(self::items("%a %b %d %H:%M:%S %Y")?),
                Some('.') if chars.next() == Some('f') => items.push(Item::Directive('.')),
                Some('.') => return Err("%. is not known".to_owned()),
                Some('n' | 't') => items.push(Item::Blank),
                Some(c) if "aAbBhdejmyYHkIlpPMSfzZGVuwUW".contains(c) => {
                    items.push(Item::Directive(c));
                }
                Some(c) => return Err(format!("%{c} is not known")),
                None => return Err("it ends in %".to_owned()),
            },
            c if c.is_whitespace() => {
                if !matches!(items.last(), Some(Item::Blank)) {
                    items.push(Item::Blank);
                }
            }
            c => items.push(Item::Literal(c)),
        }
    }
    Ok(items)
}

/// Reads `text` from its beginning to its end. A number may have fewer digits than there are, so where the rest does not fit a
/// shorter one is tried; each directive occurs once, so there are few such places.
fn read_items(mut items: &[Item], mut text: &str, said: Said) -> Option<Said> {
    while let Some((item, rest)) = items.split_first() {
        text = match item {
            Item::Literal(wanted) => {
                let c = text.chars().next()?;
                let is_same = c == *wanted || c.to_lowercase().eq(wanted.to_lowercase());
                is_same.then(|| &text[c.len_utf8()..])?
            }
            Item::Blank => {
                let after = text.trim_start();
                (after.len() < text.len()).then_some(after)?
            }
            Item::Directive(directive) => {
                let mut then = |said, used: usize| read_items(rest, &text[used..], said);
                return read_directive(*directive, text, said, &mut then);
            }
        };
        items = rest;
    }
    text.is_empty().then_some(said)
}

/// Hears of what a directive can mean and how many bytes of the text that takes, until it knows what all of the text means.
type Then<'a> = dyn FnMut(Said, usize) -> Option<Said> + 'a;

/// Tries what a directive can mean at the beginning of a text, the longest first.
fn read_directive(directive: char, text: &str, said: Said, then: &mut Then<'_>) -> Option<Said> {
    if let Some((digits, range, take)) = number_of(directive) {
        return digits.rev().find_map(|count| {
            let value = number(text.get(..count)?.as_bytes())?;
            if !range.contains(&value) {
                return None;
            }
            let mut said = said;
            take(&mut said, value, count);
            then(said, count)
        });
    }
    match directive {
        '.' => match text.strip_prefix('.') {
            // As many digits as there are; what is below a microsecond is cut off.
            Some(rest) => {
                let count = rest.bytes().take_while(u8::is_ascii_digit).count();
                let micros = fraction_micros(&rest[..count])? as u32;
                then(Said { micros, ..said }, 1 + count)
            }
            None => then(said, 0),
        },
        'z' => {
            let (offset_micros, used) = offset(text)?;
            let said = Said {
                offset_micros,
                ..said
            };
            then(said, used)
        }
        _ => read_word(directive, text, said, then),
    }
}

/// How many digits a directive may have, from where to where it goes, and what it says with how many digits.
type NumberOf = (
    RangeInclusive<usize>,
    RangeInclusive<u32>,
    fn(&mut Said, u32, usize),
);

fn number_of(directive: char) -> Option<NumberOf> {
    Some(match directive {
        'Y' => (4..=4, 0..=9999, |said, n, _| said.year = Some(n)),
        'G' => (4..=4, 0..=9999, |said, n, _| said.iso_year = Some(n)),
        'y' => (2..=2, 0..=99, |said, n, _| {
            said.year = Some(if n < 69 { 2000 + n } else { 1900 + n });
        }),
        'm' => (1..=2, 1..=12, |said, n, _| said.month = Some(n)),
        'd' | 'e' => (1..=2, 1..=31, |said, n, _| said.day = Some(n)),
        'j' => (1..=3, 1..=366, |said, n, _| said.day_of_year = Some(n)),
        'V' => (1..=2, 1..=53, |said, n, _| said.week = Some(('V', n))),
        'U' => (1..=2, 0..=53, |said, n, _| said.week = Some(('U', n))),
        'W' => (1..=2, 0..=53, |said, n, _| said.week = Some(('W', n))),
        'u' => (1..=1, 1..=7, |said, n, _| said.weekday = Some(n - 1)),
        'w' => (1..=1, 0..=6, |said, n, _| said.weekday = Some((n + 6) % 7)),
        'H' | 'k' => (1..=2, 0..=23, |said, n, _| said.hour = n),
        'I' | 'l' => (1..=2, 1..=12, |said, n, _| said.hour = n),
        'M' => (1..=2, 0..=59, |said, n, _| said.minute = n),
        'S' => (1..=2, 0..=59, |said, n, _| said.second = n),
        'f' => (1..=6, 0..=999_999, |said, n, digits| {
            said.micros = n * 10_u32.pow(6 - digits as u32);
        }),
        _ => return None,
    })
}

/// As [`read_directive`], for those that are words.
fn read_word(directive: char, text: &str, said: Said, then: &mut Then<'_>) -> Option<Said> {
    let is_short = !matches!(directive, 'A' | 'B');
    let words: &[&str] = match directive {
        'a' | 'A' => &WEEKDAYS,
        'b' | 'B' | 'h' => &MONTHS,
        'p' | 'P' => &["am", "pm"],
        _ => &["utc", "gmt", "z"],
    };
    words.iter().enumerate().find_map(|(at, word)| {
        let length = if is_short {
            word.len().min(3)
        } else {
            word.len()
        };
        let start = text.get(..length)?;
        let mut said = said;
        match directive {
            'a' | 'A' => said.weekday = Some(at as u32),
            'b' | 'B' | 'h' => said.month = Some(at as u32 + 1),
            'p' | 'P' => said.is_afternoon = Some(at == 1),
            _ => {} // UTC by any name
        }
        start
            .eq_ignore_ascii_case(&word[..length])
            .then(|| then(said, length))?
    })
}
/// `Z`, `+01:00`, `+0100`, `-01` at the beginning of a text: microseconds east of Greenwich, and bytes used.
pub(super) fn offset(text: &str) -> Option<(i64, usize)> {
    if text.starts_with(['Z', 'z']) {
        return Some((0, 1));
    }
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let two = |at: usize| number(text.get(at..at + 2)?.as_bytes());
    let hours = two(1)?;
    let (minutes, used) = match text.as_bytes().get(3) {
        Some(b':') => (two(4)?, 6),
        _ => match two(3) {
            Some(minutes) => (minutes, 5),
            None => (0, 3),
        },
    };
    let is_valid = hours < 24 && minutes < 60;
    is_valid.then(|| (sign * i64::from(hours * 60 + minutes) * 60_000_000, used))
}
