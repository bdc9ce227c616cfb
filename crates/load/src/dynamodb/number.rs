//! Numbers as DynamoDB keeps them: decimal, 38 significant digits, magnitudes from 1E-130 to 9.99E+125.
//!
//! DynamoDB takes any spelling and gives back one without zeros at either end, so values are written and compared in one
//! canonical spelling.

const MAX_DIGITS: usize = 38;
/// The power of ten of the first digit.
const LEADING: std::ops::RangeInclusive<i64> = -130..=125;

/// Writes a number without a fraction's closing zeros; `1.50`, `15E-1` and `1.5` become the same text.
///
/// # Errors
///
/// Says why DynamoDB would not take it.
pub(super) fn canonical(text: &str) -> Result<String, &'static str> {
    let number = split(text).ok_or("is not a number")?;
    let Some(number) = number else {
        return Ok("0".to_owned());
    };
    if number.digits.len() > MAX_DIGITS {
        return Err("has more than the 38 significant digits that DynamoDB keeps");
    }
    let leading = number.exponent + number.digits.len() as i64 - 1;
    if !LEADING.contains(&leading) {
        return Err("is outside of the numbers that DynamoDB keeps, 1E-130 to 9.99E+125");
    }
    Ok(number.spell(leading))
}

/// How many bytes the canonical number takes in an item, by the published rule of thumb.
pub(super) fn size(canonical: &str) -> usize {
    let mantissa = canonical.split('E').next().unwrap_or_default();
    let digits = mantissa
        .bytes()
        .filter(u8::is_ascii_digit)
        .skip_while(|digit| *digit == b'0')
        .count();
    digits.div_ceil(2) + 1 + usize::from(canonical.starts_with('-'))
}

/// `digits * 10^exponent`, without zeros at either end of the digits.
struct Number {
    negative: bool,
    digits: String,
    exponent: i64,
}

/// The parts of a number; `Some(None)` is zero, `None` no number at all.
fn split(text: &str) -> Option<Option<Number>> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = [whole, fraction].concat();
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = all.trim_start_matches('0');
    let digits = significant.trim_end_matches('0');
    if digits.is_empty() {
        return Some(None);
    }
    let closing = (significant.len() - digits.len()) as i64;
    Some(Some(Number {
        negative,
        digits: digits.to_owned(),
        exponent: i64::from(exponent) - fraction.len() as i64 + closing,
    }))
}

impl Number {
    fn spell(&self, leading: i64) -> String {
        let sign = if self.negative { "-" } else { "" };
        let Number {
            digits, exponent, ..
        } = self;
        match (*exponent, leading) {
            (0.., ..38) => format!("{sign}{digits}{}", "0".repeat(*exponent as usize)),
            (.., 0..38) => {
                let (whole, fraction) = digits.split_at(leading as usize + 1);
                format!("{sign}{whole}.{fraction}")
            }
            (.., -38..0) => format!("{sign}0.{}{digits}", "0".repeat((-leading - 1) as usize)),
            _ => {
                let (first, others) = digits.split_at(1);
                let point = if others.is_empty() { "" } else { "." };
                format!("{sign}{first}{point}{others}E{leading:+}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_per_number() {
        for (text, expected) in [
            ("0", "0"),
            ("-0.00", "0"),
            ("0e5", "0"),
            ("1.50", "1.5"),
            ("15E-1", "1.5"),
            ("+15e-1", "1.5"),
            ("-0012.0", "-12"),
            ("1200", "1200"),
            ("12e2", "1200"),
            ("0.05", "0.05"),
            ("5e-324", ""),
            ("1e125", "1E+125"),
            ("-1.25e-130", "-1.25E-130"),
            ("9.9e125", "9.9E+125"),
            ("1e126", ""),
            ("1e-131", ""),
            (
                "12345678901234567890123456789012345678",
                "12345678901234567890123456789012345678",
            ),
            ("123456789012345678901234567890123456789", ""),
            (
                "1234567890123456789012345678901234567800",
                "1.2345678901234567890123456789012345678E+39",
            ),
            ("", ""),
            (".", ""),
            ("1e", ""),
            ("NaN", ""),
            ("1.2.3", ""),
        ] {
            let found = canonical(text);
            assert_eq!(found.as_deref().unwrap_or(""), expected, "{text}");
            if let Ok(spelt) = &found {
                assert_eq!(canonical(spelt), found, "{text}");
            }
        }
    }

    #[test]
    fn doubles_come_back() {
        for value in [
            0.1,
            1.0 / 3.0,
            -2.5e-100,
            1e23,
            123_456_789.123_456_79,
            f64::EPSILON,
        ] {
            let text = canonical(&format!("{value:e}")).unwrap();
            assert_eq!(text.parse::<f64>().unwrap(), value);
        }
    }

    #[test]
    fn two_digits_take_a_byte() {
        for (text, expected) in [
            ("0", 1),
            ("5", 2),
            ("-0.05", 3),
            ("1234", 3),
            ("1.2E+99", 2),
        ] {
            assert_eq!(size(text), expected, "{text}");
        }
    }
}
