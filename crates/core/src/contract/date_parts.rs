//! The numbers and words of a date, and what stands between them.

use super::{strptime::WEEKDAYS, temporal::number};

/// A date taken apart; nothing says yet that it is one.
pub(super) struct DateParts<'a> {
    /// Numbers (`10th` is 10) and names of months, without the weekday.
    pub(super) parts: Vec<&'a str>,
    /// What stands between each part and the next, blanks aside.
    marks: Vec<&'a str>,
    /// Monday is 0.
    weekday: Option<i32>,
}

impl<'a> DateParts<'a> {
    pub(super) fn of(text: &'a str) -> DateParts<'a> {
        let is_mark = |c: char| c.is_whitespace() || "-/.,".contains(c);
        let (mut parts, mut marks) = (Vec::new(), Vec::new());
        let mut weekday = None;
        let mut rest = text.trim_matches(is_mark);
        while !rest.is_empty() {
            let (part, behind) = rest.split_at(rest.find(is_mark).unwrap_or(rest.len()));
            rest = behind.trim_start_matches(is_mark);
            if parts.is_empty() && weekday.is_none() {
                weekday = weekday_of(part);
                if weekday.is_some() {
                    continue;
                }
            }
            parts.push(without_ordinal(part));
            if !rest.is_empty() {
                marks.push(behind[..behind.len() - rest.len()].trim());
            }
        }
        DateParts {
            parts,
            marks,
            weekday,
        }
    }

    /// True for three numbers with points between them, the year not in front: no country writes the month first like that.
    pub(super) fn has_points(&self) -> bool {
        let is_number = |part: &&str| number(part.as_bytes()).is_some();
        self.parts.len() == 3
            && self.parts.iter().all(is_number)
            && self.parts[0].len() <= 2
            && self.marks.iter().all(|mark| *mark == ".")
    }

    /// True when the text names a weekday.
    pub(super) fn has_weekday(&self) -> bool {
        self.weekday.is_some()
    }

    /// False when the text names another weekday than that of this day since 1970-01-01, which was a Thursday.
    pub(super) fn may_be(&self, days: i32) -> bool {
        self.weekday
            .is_none_or(|weekday| (days + 3).rem_euclid(7) == weekday)
    }
}

/// A weekday, in full or its first three letters, in English.
fn weekday_of(word: &str) -> Option<i32> {
    let word = word.to_ascii_lowercase();
    let named = |day: &&str| word == **day || (word.len() == 3 && day.starts_with(&word));
    let place = WEEKDAYS.iter().position(named)?;
    i32::try_from(place).ok()
}

/// `10th` is 10.
fn without_ordinal(part: &str) -> &str {
    let digits = part.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    match part[digits.len()..].to_ascii_lowercase().as_str() {
        "st" | "nd" | "rd" | "th" if (1..=2).contains(&digits.len()) => digits,
        _ => part,
    }
}
