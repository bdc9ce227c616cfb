//! Number formats: does a code show a number as a date, a time of day, elapsed time, or as a number? (ECMA-376 part 1,
//! 18.8.30 and 18.8.31.)

/// What a number is, by its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum NumberKind {
    #[default]
    Number,
    /// Days, months or years, no time of day.
    Date,
    /// A date with a time of day.
    DateTime,
    /// Hours, minutes, seconds.
    Time,
    /// Elapsed time: `[h]:mm`.
    Duration,
    /// A date in some locales, a time of day in others: the number itself tells.
    DateOrTime,
    /// It depends on the number: `[<1]h:mm;0.0`.
    BySection,
    /// An identifier, as the format shows it: `00000`. Only where that was asked for.
    Shown,
}

/// The formats that need no code in the file, those of east Asian and Thai locales included: a file that uses one of their
/// numbers without a code comes from such a locale. What is a time of day in Chinese is a date in Japanese and Korean for some.
pub(super) fn kind_of_builtin(id: u32) -> NumberKind {
    match id {
        14..=17 | 27..=31 | 36 | 50 | 51 | 54 | 57 | 58 | 71..=74 | 81 => NumberKind::Date,
        18..=21 | 32 | 33 | 45 | 47 | 75 | 76 | 78 | 80 => NumberKind::Time,
        34 | 35 | 52 | 53 | 55 | 56 => NumberKind::DateOrTime,
        22 | 77 => NumberKind::DateTime,
        46 | 79 => NumberKind::Duration,
        _ => NumberKind::Number,
    }
}

/// The code of a format that needs none in the file, where it is the same in all locales.
pub(crate) fn builtin_code(id: u32) -> Option<&'static str> {
    Some(match id {
        0 => "General",
        1 => "0",
        2 => "0.00",
        3 => "#,##0",
        4 => "#,##0.00",
        5 => "\"$\"#,##0_);(\"$\"#,##0)",
        6 => "\"$\"#,##0_);[Red](\"$\"#,##0)",
        7 => "\"$\"#,##0.00_);(\"$\"#,##0.00)",
        8 => "\"$\"#,##0.00_);[Red](\"$\"#,##0.00)",
        9 => "0%",
        10 => "0.00%",
        11 => "0.00E+00",
        12 => "# ?/?",
        13 => "# ??/??",
        14 => "mm-dd-yy",
        15 => "d-mmm-yy",
        16 => "d-mmm",
        17 => "mmm-yy",
        18 => "h:mm AM/PM",
        19 => "h:mm:ss AM/PM",
        20 => "h:mm",
        21 => "h:mm:ss",
        22 => "m/d/yy h:mm",
        37 => "#,##0 ;(#,##0)",
        38 => "#,##0 ;[Red](#,##0)",
        39 => "#,##0.00;(#,##0.00)",
        40 => "#,##0.00;[Red](#,##0.00)",
        45 => "mm:ss",
        46 => "[h]:mm:ss",
        47 => "mmss.0",
        48 => "##0.0E+0",
        49 => "@",
        _ => return None,
    })
}

/// Reads a format code. The first section counts (the one for positive numbers), unless sections have conditions and differ.
pub(crate) fn kind_of_code(code: &str) -> NumberKind {
    let mut sections = sections(code);
    let first = sections.next().unwrap_or_default();
    let kind = kind_of_section(first);
    let is_conditional = condition(first).is_some();
    match is_conditional && sections.any(|section| kind_of_section(section) != kind) {
        true => NumberKind::BySection,
        false => kind,
    }
}

/// What a number is by the section of the code whose condition it meets; the first one without a condition takes all.
pub(super) fn kind_by_section(code: &str, number: f64) -> NumberKind {
    let section = sections(code)
        .take(3)
        .find(|section| match condition(section) {
            Some((operator, bound)) => match operator {
                "<" => number < bound,
                "<=" => number <= bound,
                ">" => number > bound,
                ">=" => number >= bound,
                "<>" => number != bound,
                _ => number == bound,
            },
            None => true,
        });
    section.map_or(NumberKind::Number, kind_of_section)
}

/// The sections of a code: semicolons in quotes, in brackets or behind a backslash part nothing.
pub(super) fn sections(code: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(code);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut chars = text.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => while chars.next().is_some_and(|(_, c)| c != '"') {},
                '[' => while chars.next().is_some_and(|(_, c)| c != ']') {},
                '\\' | '_' | '*' => drop(chars.next()),
                ';' => {
                    rest = Some(&text[at + 1..]);
                    return Some(&text[..at]);
                }
                _ => {}
            }
        }
        rest = None;
        Some(text)
    })
}

/// The condition of a section, `[>=100]`: operator and bound. In quotes and behind a backslash it is text.
fn condition(section: &str) -> Option<(&str, f64)> {
    let mut chars = section.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => while chars.next().is_some_and(|(_, c)| c != '"') {},
            '\\' | '_' | '*' => drop(chars.next()),
            '[' => {
                let inside = section[at + 1..].split(']').next().unwrap_or_default();
                let operator = inside.len() - inside.trim_start_matches(['<', '>', '=']).len();
                let (operator, bound) = inside.split_at(operator);
                if let (false, Ok(bound)) = (operator.is_empty(), bound.trim().parse()) {
                    return Some((operator, bound));
                }
            }
            _ => {}
        }
    }
    None
}

/// Reads one section: quoted and escaped text, colours, conditions and locales are no date parts; `m` means minutes next to
/// hours or seconds, which does not matter here unless it stands alone, where it is a month.
fn kind_of_section(code: &str) -> NumberKind {
    let (mut date, mut time, mut elapsed, mut month_or_minute) = (false, false, false, false);
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => while chars.next().is_some_and(|c| c != '"') {},
            '\\' | '_' | '*' => drop(chars.next()),
            '[' => {
                let inside: String = chars.by_ref().take_while(|&c| c != ']').collect();
                let inside = inside.to_ascii_lowercase();
                let repeats =
                    |letter: char| !inside.is_empty() && inside.chars().all(|c| c == letter);
                elapsed |= repeats('h') || repeats('m') || repeats('s');
            }
            'y' | 'Y' | 'd' | 'D' => date = true,
            // Buddhist and Japanese years; `e` and `g` of `General` and of `0.00E+00` are no dates.
            'e' if !matches!(chars.peek(), Some('+' | '-')) => date = true,
            // `B1` and `B2` choose a calendar, `bb` and `bbbb` are years of the Buddhist one.
            'b' | 'B' => match chars.next() {
                Some('b' | 'B') => date = true,
                Some('1' | '2') | None => {}
                Some(_) => {}
            },
            'E' | 'e' => {
                chars.next();
            }
            'G' | 'g' => {
                let rest: String = chars.clone().take(6).collect();
                if rest.eq_ignore_ascii_case("eneral") {
                    chars.by_ref().take(6).for_each(drop);
                } else {
                    date = true; // era of Japanese years
                }
            }
            'm' | 'M' => month_or_minute = true,
            'h' | 'H' | 's' | 'S' => time = true,
            // Day, month, year and hour, minute, second of Thai files.
            'ว' | 'ด' | 'ป' => date = true,
            'ช' | 'น' | 'ท' => time = true,
            // `上午/下午`, as `AM/PM` in Chinese.
            '上' | '下' if chars.peek() == Some(&'午') => time = true,
            // `AM/PM` and `A/P` only ever stand beside hours.
            'A' | 'a' => {
                let rest: String = chars.clone().take(4).collect();
                if rest.eq_ignore_ascii_case("m/pm") {
                    chars.by_ref().take(4).for_each(drop);
                    time = true;
                } else if rest
                    .get(..2)
                    .is_some_and(|rest| rest.eq_ignore_ascii_case("/p"))
                {
                    chars.by_ref().take(2).for_each(drop);
                    time = true;
                } else if rest
                    .get(..2)
                    .is_some_and(|rest| rest.eq_ignore_ascii_case("aa"))
                {
                    date = true; // day of the week
                }
            }
            _ => {}
        }
    }
    match (date, time, elapsed) {
        (_, _, true) => NumberKind::Duration,
        (true, true, _) => NumberKind::DateTime,
        (true, false, _) => NumberKind::Date,
        (false, true, _) => NumberKind::Time,
        (false, false, _) if month_or_minute => NumberKind::Date,
        _ => NumberKind::Number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_codes() {
        use NumberKind::*;
        for (code, kind) in [
            ("General", Number),
            ("GENERAL", Number),
            ("0.00", Number),
            ("#,##0.00;[Red]-#,##0.00", Number),
            ("[Red]0.00", Number),
            ("[Blue][>100]0;0", Number),
            ("0.00E+00", Number),
            ("##0.0e-0", Number),
            ("\"day\" 0", Number),
            ("0\\d", Number),
            ("0_h", Number),
            ("0.0%", Number),
            ("@", Number),
            ("00000", Number),
            ("[$-409]0.00", Number),
            ("[$€-407] #,##0.00", Number),
            ("yyyy-mm-dd", Date),
            ("[$-409]d-mmm-yy;@", Date),
            ("mmm", Date),
            ("m/d/yy h:mm", DateTime),
            ("yyyy\\-mm\\-dd\\Thh:mm:ss.000", DateTime),
            ("h:mm AM/PM", Time),
            ("mm:ss.0", Time),
            ("[h]:mm", Duration),
            ("[mm]:ss", Duration),
            ("[ss].00", Duration),
            ("[$-411]ggge\"年\"m\"月\"d\"日\"", Date),
            ("yyyy\"年\"m\"月\"", Date),
            ("[$-F400]h:mm:ss\\ AM/PM", Time),
            ("aaaa", Date),
            ("0.0;yyyy", Number),
            ("\"a;b\"yyyy", Date),
            ("d/m/bbbb", Date),
            ("B2yyyy", Date),
            ("上午/下午h\"时\"mm\"分\"", Time),
            ("ว/ด/ปปปป ช:นน", DateTime),
            ("[<1]h:mm;0.0", BySection),
            ("[<1]h:mm;h:mm", Time),
            ("\"[<1]\"h:mm;0.0", Time),
            ("[Red][>=100]0;yyyy", BySection),
        ] {
            assert_eq!(kind_of_code(code), kind, "{code}");
        }
    }

    #[test]
    fn a_condition_chooses_the_section() {
        let kind = |number| kind_by_section("[<1]h:mm;[<=7]0;yyyy-mm-dd", number);
        assert_eq!(kind(0.5), NumberKind::Time);
        assert_eq!(kind(7.0), NumberKind::Number);
        assert_eq!(kind(45_658.0), NumberKind::Date);
        assert_eq!(
            kind_by_section("[>5]yyyy;[<2]h:mm", 3.0),
            NumberKind::Number
        );
    }

    #[test]
    fn every_builtin_code_is_of_its_kind() {
        for id in 0..100 {
            if let Some(code) = builtin_code(id) {
                assert_eq!(kind_of_builtin(id), kind_of_code(code), "{id}: {code}");
            }
        }
    }
}
