//! `sheetlift.read.number`: numbers as people of many countries write them: `(1.234,50)`, `12,34,567.8`, `1 234,5-`, `5 %`,
//! `CHF 1'234.50`.

use super::{field::separator, keys, lexical::Misfit, model::NumberFormat, place::Place};
use crate::error::Result;

/// The minus sign of typographers.
pub(super) const MINUS: char = '\u{2212}';

/// How numbers stand in texts, beyond decimal and group characters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LocalNumber {
    /// How many digits a group has.
    pub grouping: Grouping,
    /// How negative numbers are written, beside a minus sign in front.
    pub negative: Negative,
    /// What a percent sign does; `None`: it has no place here.
    pub percent: Option<Percent>,
    /// Symbols and codes that may stand before or after the number (`€`, `EUR`), letter case aside.
    pub currency: Vec<String>,
}

/// How many digits stand between group characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grouping {
    /// As many as the author likes, the last group excepted, which has three.
    #[default]
    Any,
    /// Three: `1,234,567`.
    Thousands,
    /// Three, before them two: `12,34,567`.
    Indian,
}

/// How negative numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Negative {
    /// `-5`
    #[default]
    Minus,
    /// `(5)` too.
    Accounting,
    /// `5-` too.
    Trailing,
}

/// The value of `5 %`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Percent {
    /// 0.05, as a cell that shows 5 % has it.
    Fraction,
    /// 5
    Number,
}

pub(super) const GROUPING: [(&str, Grouping); 3] = [
    ("any", Grouping::Any),
    ("thousands", Grouping::Thousands),
    ("indian", Grouping::Indian),
];

pub(super) const NEGATIVE: [(&str, Negative); 3] = [
    ("minus", Negative::Minus),
    ("accounting", Negative::Accounting),
    ("trailing", Negative::Trailing),
];

pub(super) const PERCENT: [(&str, Percent); 2] =
    [("fraction", Percent::Fraction), ("number", Percent::Number)];

pub(super) fn read(place: &Place<'_>) -> Result<NumberFormat> {
    let keys = place.map()?;
    keys.only("number", keys::NUMBER, &[])?;
    let mut format = NumberFormat {
        group: keys.read("group", separator)?,
        ..NumberFormat::default()
    };
    if let Some(decimal) = keys.read("decimal", separator)? {
        format.decimal = decimal;
    }
    if format
        .group
        .is_some_and(|group| is_same_mark(group, format.decimal))
    {
        let error = keys
            .required("group")?
            .error("group and decimal are the same");
        return Err(error.with_hint("set decimal"));
    }
    let currency = keys.read("currency", |place| {
        place.list()?.iter().map(currency).collect()
    })?;
    format.local = Some(LocalNumber {
        grouping: keys
            .read("grouping", |place| place.choice(&GROUPING))?
            .unwrap_or_default(),
        negative: keys
            .read("negative", |place| place.choice(&NEGATIVE))?
            .unwrap_or_default(),
        percent: keys.read("percent", |place| place.choice(&PERCENT))?,
        currency: currency.unwrap_or_default(),
    });
    Ok(format)
}

fn currency(place: &Place<'_>) -> Result<String> {
    let text = place.non_empty_text()?;
    let is_part_of_number = |c: char| c.is_ascii_digit() || "+-()%".contains(c) || c == MINUS;
    if text.trim() != text || text.contains(is_part_of_number) {
        return Err(place.expected("a symbol or a code such as € or EUR"));
    }
    Ok(text.to_owned())
}

/// Characters that stand for the same mark: blanks of every width, and both apostrophes.
pub(super) fn is_same_mark(c: char, mark: char) -> bool {
    let is_apostrophe = |c: char| matches!(c, '\'' | '’');
    c == mark
        || is_apostrophe(c) && is_apostrophe(mark)
        || mark.is_whitespace() && c.is_whitespace()
}

/// A number without what surrounds it.
pub(super) struct Peeled<'a> {
    /// Starts with a digit, or with the decimal character.
    pub(super) body: &'a str,
    pub(super) is_negative: bool,
    pub(super) is_percent: bool,
}

/// What may surround a number.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    brackets: bool,
    trailing_minus: bool,
    percent: bool,
    currency: &'a [String],
}

impl LocalNumber {
    pub(super) fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            brackets: self.negative == Negative::Accounting,
            trailing_minus: self.negative == Negative::Trailing,
            percent: self.percent.is_some(),
            currency: &self.currency,
        }
    }

    /// True when groups of so many digits are right; the first one is the leftmost.
    pub(super) fn allows_groups(&self, sizes: &[usize]) -> bool {
        let [first, middle @ .., last] = sizes else {
            return true;
        };
        let all = |count: usize| middle.iter().all(|&size| size == count);
        match self.grouping {
            Grouping::Any => *last == 3,
            Grouping::Thousands => *last == 3 && (1..=3).contains(first) && all(3),
            Grouping::Indian => *last == 3 && (1..=2).contains(first) && all(2),
        }
    }
}

impl Surroundings<'_> {
    /// Takes sign, brackets, percent sign and currency away, each once, whatever their order: `-$5`, `$-5`, `($ 5)`, `5-€`.
    pub(super) fn peel<'t>(&self, text: &'t str, decimal: char) -> Option<Peeled<'t>> {
        let mut rest = text.trim();
        let (mut sign, mut is_percent, mut has_currency) = (None, false, false);
        loop {
            let length = rest.len();
            if sign.is_none()
                && let Some((is_negative, inner)) = self.strip_sign(rest)
            {
                (sign, rest) = (Some(is_negative), inner.trim());
            }
            if self.percent
                && !is_percent
                && let Some(inner) = rest.strip_suffix('%').or_else(|| rest.strip_prefix('%'))
            {
                (is_percent, rest) = (true, inner.trim());
            }
            if !has_currency && let Some(inner) = self.strip_currency(rest) {
                (has_currency, rest) = (true, inner.trim());
            }
            if rest.len() == length {
                break;
            }
        }
        let starts_right = rest.starts_with(|c: char| c.is_ascii_digit() || c == decimal);
        starts_right.then_some(Peeled {
            body: rest,
            is_negative: sign == Some(true),
            is_percent,
        })
    }

    fn strip_sign<'t>(&self, text: &'t str) -> Option<(bool, &'t str)> {
        let minus = ['-', MINUS];
        if let Some(inner) = text.strip_prefix(minus) {
            return Some((true, inner));
        }
        if let Some(inner) = text.strip_prefix('+') {
            return Some((false, inner));
        }
        if self.brackets
            && let Some(inner) = text
                .strip_prefix('(')
                .and_then(|text| text.strip_suffix(')'))
        {
            return Some((true, inner));
        }
        let inner = text.strip_suffix(minus).filter(|_| self.trailing_minus)?;
        Some((true, inner))
    }

    /// The text without the longest currency it starts or ends with.
    fn strip_currency<'t>(&self, text: &'t str) -> Option<&'t str> {
        let strip = |symbol: &String| {
            let is_it = |part: Option<&str>| part.is_some_and(|p| p.eq_ignore_ascii_case(symbol));
            let end = text.len().checked_sub(symbol.len())?;
            match () {
                () if is_it(text.get(..symbol.len())) => Some(&text[symbol.len()..]),
                () if is_it(text.get(end..)) => Some(&text[..end]),
                () => None,
            }
        };
        let stripped = self.currency.iter().filter_map(strip);
        stripped.min_by_key(|rest| rest.len())
    }
}

impl NumberFormat {
    /// What a text that is no number of this format may have meant, written as the format has it, and how likely that is: a
    /// number whose decimal character is certain, or a negative one in another writing.
    pub(super) fn meant(&self, text: &str) -> Option<(String, f64)> {
        let none = LocalNumber::default();
        let local = self.local.as_ref().unwrap_or(&none);
        let all = Surroundings {
            brackets: true,
            trailing_minus: true,
            ..local.surroundings()
        };
        let peeled = all.peel(text, '.').or_else(|| all.peel(text, ','))?;
        let mut written = plain_of_any(peeled.body)?.replace('.', &self.decimal.to_string());
        if peeled.is_negative {
            written.insert(0, '-');
        }
        if peeled.is_percent {
            written.push('%');
        }
        Some((written, 0.9))
    }

    /// Tells a number in another writing from something else, where the contract says how numbers are written.
    pub(super) fn local_misfit(&self, text: &str) -> Misfit {
        let all = Surroundings {
            brackets: true,
            trailing_minus: true,
            percent: true,
            currency: self.local.as_ref().map_or(&[], |local| &local.currency),
        };
        let is_number = |body: &str| {
            body.ends_with(|c: char| c.is_ascii_digit())
                && body.chars().all(|c| c.is_ascii_digit() || is_separator(c))
        };
        let peeled = all.peel(text, self.decimal);
        match peeled.is_some_and(|peeled| is_number(peeled.body)) {
            true => Misfit::NumberLocale,
            false => Misfit::Type,
        }
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, ',' | '.' | '\'' | '’') || c.is_whitespace()
}

/// The number that digits and separators mean in whatever country, with a point before its decimals; `None` where `1,234` or
/// `1.234` can be understood in two ways.
fn plain_of_any(body: &str) -> Option<String> {
    let is_digit = |c: char| c.is_ascii_digit();
    if !body.ends_with(is_digit) || !body.chars().all(|c| is_digit(c) || is_separator(c)) {
        return None;
    }
    let last = body.rfind(is_separator);
    let Some(last) = last else {
        return Some(body.to_owned());
    };
    let mark = body[last..].chars().next()?;
    let (before, behind) = (&body[..last], &body[last + mark.len_utf8()..]);
    let others: Vec<char> = before.chars().filter(|&c| is_separator(c)).collect();
    let is_same = |c: &char| is_same_mark(*c, mark);
    let may_be_decimal = matches!(mark, ',' | '.');
    let has_decimals = match () {
        () if !may_be_decimal || others.iter().any(is_same) => false,
        () if !others.is_empty() => true,
        () if behind.len() == 3 && !before.is_empty() && before != "0" => return None,
        () => true,
    };
    let groups: Vec<&str> = match has_decimals {
        true => before.split(is_separator).collect(),
        false => body.split(is_separator).collect(),
    };
    let one_kind = others.windows(2).all(|pair| is_same_mark(pair[0], pair[1]))
        && (has_decimals || others.iter().all(is_same));
    let (first, later) = groups.split_first()?;
    let are_groups = later.iter().all(|group| matches!(group.len(), 2 | 3))
        && later.last().is_none_or(|group| group.len() == 3)
        && (later.is_empty() || (1..=3).contains(&first.len()));
    (one_kind && are_groups).then(|| match has_decimals {
        true => format!("{}.{behind}", groups.concat()),
        false => groups.concat(),
    })
}
