//! `precision`, `scale` and `multipleOf`: the digits of numbers. A double counts as its shortest text that reads back as the
//! same double: what was written as 0.1 has one decimal.

use super::{Rule, RuleDoc};
use crate::contract::Decimal;

pub(super) const PRECISION: RuleDoc = RuleDoc {
    key: "precision",
    code: "cell/precision",
    what: "The number has at most this many digits; with `scale`, that many of them are kept for the decimals.",
    why: "NUMERIC(10, 2) of the database takes eight digits before the point.",
    example: "sheetlift: {check: {precision: 10, scale: 2}}",
};

pub(super) const SCALE: RuleDoc = RuleDoc {
    key: "scale",
    code: "cell/precision",
    what: "The number has at most this many digits behind the decimal point.",
    why: "A price of 9.999 is rounded by somebody, and not by everybody in the same way.",
    example: "sheetlift: {check: {scale: 2}}",
};

pub(super) const MULTIPLE_OF: RuleDoc = RuleDoc {
    key: "multipleOf",
    code: "cell/multiple-of",
    what: "The number is a whole multiple of this one, exactly: 0.15 is one of 0.05.",
    why: "Screws are sold by the hundred.",
    example: "sheetlift: {check: {multipleOf: 100}}",
};

/// Whole numbers below this are exact, also after one rounding of a product.
const SURE: f64 = (1_u64 << 51) as f64;

/// The number in units of `10^-scale` where arithmetic is sure of it: it, or `None` when it has more decimals.
#[inline]
fn at_scale(value: f64, scale: u8) -> Option<Option<i64>> {
    if scale > 22 {
        return None; // the power is no double
    }
    let unit = 10_f64.powi(i32::from(scale));
    let whole = (value * unit).round();
    // A division of exact numbers is rounded once, to the very double that the decimal number is read as.
    (whole.abs() < SURE).then(|| (whole / unit == value).then_some(whole as i64))
}

/// The shortest decimal number that is read as this double: digits, and the power of ten they are multiplied with.
fn shortest(value: f64) -> Option<(i128, i32)> {
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}").parse().ok()?;
    Some((
        digits,
        exponent.parse::<i32>().ok()? - fraction.len() as i32,
    ))
}

/// True when a number has at most so many decimals.
fn has_scale(value: f64, scale: u8) -> bool {
    match at_scale(value, scale) {
        Some(whole) => whole.is_some(),
        None => shortest(value).is_some_and(|(_, power)| power >= -i32::from(scale)),
    }
}

/// True when a number is a whole multiple of another one.
fn is_multiple(value: f64, of: Decimal) -> bool {
    match at_scale(value, of.scale) {
        Some(whole) => whole.is_some_and(|whole| whole % of.digits == 0),
        None => is_large_multiple(value, of),
    }
}

fn is_large_multiple(value: f64, of: Decimal) -> bool {
    let Some((digits, power)) = shortest(value) else {
        return false;
    };
    let Ok(power) = u32::try_from(power + i32::from(of.scale)) else {
        return digits == 0;
    };
    let of = i128::from(of.digits); // 15 digits: products of two remainders have 30
    (0..power).fold(digits % of, |rest, _| rest * 10 % of) == 0
}

/// Digits before and behind the point.
fn digits(value: f64) -> (usize, usize) {
    let text = format!("{}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    (whole.trim_start_matches('0').len(), fraction.len())
}

#[derive(Debug)]
pub(super) struct Precision {
    pub(super) digits: u8,
    pub(super) scale: Option<u8>,
}

impl Precision {
    /// Digits that may stand before the point.
    fn whole(&self) -> u32 {
        u32::from(self.digits - self.scale.unwrap_or(0).min(self.digits))
    }
}

impl Rule for Precision {
    fn code(&self) -> &'static str {
        PRECISION.code
    }

    fn text(&self) -> String {
        format!("precision: {}", self.digits)
    }

    fn expected(&self) -> String {
        match self.scale {
            Some(_) => format!(
                "a number of at most {} digits before the point",
                self.whole()
            ),
            None => format!("a number of at most {} digits", self.digits),
        }
    }

    fn holds_int(&self, value: i64) -> bool {
        let bound = 10_u128.checked_pow(self.whole());
        bound.is_none_or(|bound| u128::from(value.unsigned_abs()) < bound)
    }

    fn holds_float(&self, value: f64) -> bool {
        if !value.is_finite() {
            return false;
        }
        if self.scale.is_none() && value.fract() != 0.0 {
            let (whole, fraction) = digits(value);
            return whole + fraction <= usize::from(self.digits);
        }
        value.abs().trunc() < 10_f64.powi(self.whole() as i32)
    }
}

#[derive(Debug)]
pub(super) struct Scale(pub(super) u8);

impl Rule for Scale {
    fn code(&self) -> &'static str {
        SCALE.code
    }

    fn text(&self) -> String {
        format!("scale: {}", self.0)
    }

    fn expected(&self) -> String {
        match self.0 {
            0 => "a number without decimals".to_owned(),
            1 => "a number with at most 1 decimal".to_owned(),
            n => format!("a number with at most {n} decimals"),
        }
    }

    fn holds_float(&self, value: f64) -> bool {
        has_scale(value, self.0)
    }
}

#[derive(Debug)]
pub(super) struct MultipleOf(pub(super) Decimal);

impl Rule for MultipleOf {
    fn code(&self) -> &'static str {
        MULTIPLE_OF.code
    }

    fn text(&self) -> String {
        format!("multipleOf: {}", self.0.text())
    }

    fn expected(&self) -> String {
        format!("a multiple of {}", self.0.text())
    }

    fn holds_int(&self, value: i64) -> bool {
        let unit = 10_i128.pow(self.0.scale.into());
        i128::from(value) * unit % i128::from(self.0.digits) == 0
    }

    fn holds_float(&self, value: f64) -> bool {
        is_multiple(value, self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_short_way_is_the_long_way(whole in -(1_i64 << 53)..(1 << 53), decimals in 0_u8..10, scale in 0_u8..15, digits in 1_i64..1000, any: f64) {
            let text = format!("{whole}e-{decimals}");
            for value in [text.parse().unwrap(), any] {
                let long = shortest(value).is_some_and(|(digits, power)| digits == 0 || power >= -i32::from(scale));
                prop_assert_eq!(has_scale(value, scale), long, "{} at {}", value, scale);
                let of = Decimal { digits, scale };
                prop_assert_eq!(is_multiple(value, of), is_large_multiple(value, of), "{} of {:?}", value, of);
            }
        }
    }
}
