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
}

/// The formats that need no code in the file, those of east Asian locales included: 27 to 36 and 50 to 58 are dates there,
/// and a file that uses one of these numbers without a code comes from such a locale.
pub(crate) fn kind_of_builtin(id: u32) -> NumberKind {
    match id {
        14..=17 | 27..=31 | 36 | 50..=54 | 57 | 58 => NumberKind::Date,
        18..=21 | 32..=35 | 45 | 47 | 55 | 56 => NumberKind::Time,
        22 => NumberKind::DateTime,
        46 => NumberKind::Duration,
        _ => NumberKind::Number,
    }
}

/// Reads a format code. Only the first section counts (the one for positive numbers); quoted and escaped text, colours,
/// conditions and locales are no date parts; `m` means minutes next to hours or seconds, which does not matter here unless
/// it stands alone, where it is a month.
pub(crate) fn kind_of_code(code: &str) -> NumberKind {
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
            ';' => break,
            'y' | 'Y' | 'd' | 'D' => date = true,
            // Buddhist and Japanese years; `e` and `g` of `General` and of `0.00E+00` are no dates.
            'e' if !matches!(chars.peek(), Some('+' | '-')) => date = true,
            'b' | 'B' if matches!(chars.peek(), Some('1' | '2')) => {
                chars.next();
            }
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
        ] {
            assert_eq!(kind_of_code(code), kind, "{code}");
        }
    }
}
