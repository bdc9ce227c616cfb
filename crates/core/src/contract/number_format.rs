//! Numbers in texts, with the separators and surroundings a field allows.

use std::borrow::Cow;

use super::{
    lexical::Misfit,
    local_number::{MINUS, Percent, is_same_mark},
    model::NumberFormat,
};

/// Whole numbers up to here are exact as floats.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

impl NumberFormat {
    /// `[+-]? digits (decimal digits)? (e [+-]? digits)?`, or `NaN`, `INF`, `-INF` in any letter case.
    pub(super) fn parse_float(&self, text: &str) -> Result<f64, Misfit> {
        if let Some(value) = special(text) {
            return Ok(value);
        }
        let plain = self.number(text)?;
        let shape = Shape::of(&plain).ok_or_else(|| self.misfit_of(text))?;
        let value: f64 = fast_float2::parse(plain.as_bytes()).map_err(|_| Misfit::Type)?;
        match () {
            () if value.is_infinite() => Err(Misfit::Precision),
            () if shape.is_whole && value.abs() >= MAX_EXACT && !is_exact(&plain, value) => {
                Err(Misfit::Precision)
            }
            () => Ok(value),
        }
    }

    /// `[+-]? digits`
    pub(super) fn parse_int(&self, text: &str) -> Result<i64, Misfit> {
        let plain = self.number(text)?;
        match Shape::of(&plain) {
            Some(Shape { is_whole: true }) => plain.parse().map_err(|_| Misfit::Precision),
            Some(_) => Err(Misfit::Type),
            None => Err(self.misfit_of(text)),
        }
    }

    /// The number in the writing of computers, without what a contract allows around it.
    fn number<'a>(&self, text: &'a str) -> Result<Cow<'a, str>, Misfit> {
        let Some(local) = &self.local else {
            return self.plain(text).ok_or(Misfit::Type);
        };
        let misfit = || self.local_misfit(text);
        let surroundings = local.surroundings();
        let peeled = match surroundings.peel(text, self.decimal) {
            Some(peeled) => peeled,
            None if self.bare => return Err(misfit()),
            // Words that are ignored come first.
            None => return self.plain(text).ok_or_else(misfit),
        };
        let mut plain = self.plain(peeled.body).ok_or_else(misfit)?;
        if peeled.is_negative {
            plain = format!("-{plain}").into();
        }
        if peeled.is_percent && local.percent == Some(Percent::Fraction) {
            if plain.contains(['e', 'E']) {
                return Err(misfit());
            }
            plain = format!("{plain}e-2").into();
        }
        Ok(plain)
    }

    fn misfit_of(&self, text: &str) -> Misfit {
        match self.local {
            Some(_) => self.local_misfit(text),
            None => misfit_of(text),
        }
    }

    /// The number in the writing of computers: no group characters, a point before the decimals. `None` when group or
    /// decimal characters stand where they cannot.
    fn plain<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        let text = if self.bare {
            text.into()
        } else {
            strip_surroundings(text, self.decimal)?
        };
        if self.decimal == '.' && self.group.is_none() {
            return Some(text);
        }
        if self.decimal != '.' && self.group != Some('.') && text.contains('.') {
            return None;
        }
        // The standard means the very character; people do not see which blank it is.
        let is_mark = |c: char, mark: char| match self.local {
            Some(_) => is_same_mark(c, mark),
            None => c == mark,
        };
        let (whole, fraction) = match text.split_once(self.decimal) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (&*text, None),
        };
        let mut plain = whole.to_owned();
        if let Some(group) = self.group
            && whole.contains(|c| is_mark(c, group))
        {
            let groups: Vec<&str> = whole.split(|c| is_mark(c, group)).collect();
            let first = groups[0].trim_start_matches(['+', '-']);
            let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            let are_right = match &self.local {
                None => groups.last().is_some_and(|last| last.len() == 3),
                Some(local) => {
                    let later = groups[1..].iter().map(|part| part.len());
                    let sizes: Vec<usize> = std::iter::once(first.len()).chain(later).collect();
                    local.allows_groups(&sizes)
                }
            };
            if !digits(first) || !groups[1..].iter().all(|part| digits(part)) || !are_right {
                return None;
            }
            plain = groups.concat();
        }
        if let Some(fraction) = fraction {
            plain.push('.');
            plain.push_str(fraction);
        }
        Some(plain.into())
    }
}

fn special(text: &str) -> Option<f64> {
    let specials = [
        ("nan", f64::NAN),
        ("inf", f64::INFINITY),
        ("+inf", f64::INFINITY),
        ("-inf", f64::NEG_INFINITY),
    ];
    let mut specials = specials.into_iter();
    let (_, value) = specials.find(|(word, _)| text.eq_ignore_ascii_case(word))?;
    Some(value)
}

/// `€ 95` and `95 %` without what surrounds the number. A minus sign before it counts; where it is not clear what a sign or a
/// dash does, the text is no number: it must not turn into its opposite. Brackets mean a negative number to some and nothing
/// to others.
fn strip_surroundings(text: &str, decimal: char) -> Option<Cow<'_, str>> {
    if text.contains(['(', ')']) {
        return None;
    }
    let mut start = text.find(|c: char| c.is_ascii_digit())?;
    let end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let before = &text[..start];
    if before.ends_with(decimal)
        && before[..start - decimal.len_utf8()]
            .chars()
            .last()
            .is_none_or(|c| !c.is_alphabetic())
    {
        start -= decimal.len_utf8();
    }
    let (before, body) = (&text[..start], &text[start..end]);
    // One sign, before what stands before the number or after it; a word after a sign makes something else of it.
    let minus = ['-', MINUS];
    let negative = match before.matches(is_dash).count() {
        0 => false,
        1 if before.contains('+') => return None,
        1 if before.ends_with(minus) => true,
        1 if before.starts_with(minus) && !before.contains(char::is_alphabetic) => true,
        _ => return None,
    };
    if has_sign(without_no_decimals(&text[end..], body, decimal)) {
        return None;
    }
    Some(if negative {
        format!("-{body}").into()
    } else {
        body.into()
    })
}

/// A minus sign, or a dash that people take for one.
fn is_dash(c: char) -> bool {
    matches!(
        c,
        '-' | MINUS | '\u{2010}'..='\u{2015}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}'
    )
}

/// True when a dash may be the sign of the number that it stands behind: anywhere but among words (`5 pcs - net`).
fn has_sign(behind: &str) -> bool {
    let mut dashes = behind.match_indices(is_dash);
    dashes.any(|(at, _)| {
        let is_among_words = behind[..at].contains(char::is_alphabetic)
            && behind[at..].contains(char::is_alphabetic);
        !is_among_words
    })
}

/// What stands behind a whole number, without the dash for decimals of which there are none: `5,- EUR` is 5.
fn without_no_decimals<'t>(behind: &'t str, body: &str, decimal: char) -> &'t str {
    let dashes = behind.strip_prefix(decimal);
    match dashes.filter(|rest| rest.starts_with(is_dash) && !body.contains(decimal)) {
        Some(dashes) => dashes.trim_start_matches(is_dash),
        None => behind,
    }
}

/// What a number in the writing of computers looks like.
struct Shape {
    /// Neither decimals nor exponent.
    is_whole: bool,
}

impl Shape {
    fn of(text: &str) -> Option<Shape> {
        let text = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (text, None),
        };
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let mantissa_ok = all_digits(whole)
            && fraction.is_none_or(all_digits)
            && whole.len() + fraction.map_or(0, str::len) > 0;
        let exponent_ok = exponent.is_none_or(|exponent| {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            !digits.is_empty() && all_digits(digits)
        });
        (mantissa_ok && exponent_ok).then_some(Shape {
            is_whole: fraction.is_none() && exponent.is_none(),
        })
    }
}

/// True when the float is the whole number that was written.
fn is_exact(digits: &str, value: f64) -> bool {
    value.abs() < 1e38
        && digits
            .parse::<i128>()
            .is_ok_and(|whole| whole == value as i128)
}

/// Tells a number in another writing from something else.
fn misfit_of(text: &str) -> Misfit {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits_first = body.starts_with(|c: char| c.is_ascii_digit());
    let separators = [',', '.', '\'', '’', ' ', '\u{a0}', '\u{202f}'];
    let only = body
        .chars()
        .all(|c| c.is_ascii_digit() || separators.contains(&c));
    if digits_first && only {
        Misfit::NumberLocale
    } else {
        Misfit::Type
    }
}
