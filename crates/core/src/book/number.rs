//! The decimal numbers of `<v>`.

use memchr::memchr;

use crate::eight::{append, number};

/// A number as a cell holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    /// Written without fraction or exponent, and fits.
    Int(i64),
    /// Anything else.
    Float(f64),
}

impl Number {
    /// The number that a double is: whole ones are integers as far as doubles count in ones. `None` for what is no number.
    pub(crate) fn of_f64(float: f64) -> Option<Self> {
        const COUNTED: f64 = 9_007_199_254_740_992.0; // 2^53
        if !float.is_finite() {
            None
        } else if float.fract() == 0.0 && float.abs() <= COUNTED {
            Some(Number::Int(float as i64))
        } else {
            Some(Number::Float(float))
        }
    }

    pub(crate) fn as_f64(self) -> f64 {
        match self {
            Number::Int(int) => int as f64,
            Number::Float(float) => float,
        }
    }
}

/// Bytes of a number that is read without a look at any limit.
const MAX_PLAIN: usize = 1_024;

/// Powers of ten that are exact as doubles.
const EXACT_POWERS: [f64; 16] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

/// Parses a number that starts at `at` and ends before the next `<`; gives it and the place of that `<`. `None` when it is
/// anything but a plain number.
#[inline(always)]
pub(crate) fn parse_before_tag(bytes: &[u8], at: usize) -> Option<(Number, usize)> {
    let negative = *bytes.get(at)? == b'-';
    let start = at + usize::from(negative);
    let signed = |float: f64| if negative { -float } else { float };
    if let Some((whole, count)) = number(bytes, start)
        && count > 0
    {
        let end = start + count;
        match bytes.get(end)? {
            b'<' => {
                let int = whole as i64;
                return Some((Number::Int(if negative { -int } else { int }), end));
            }
            b'.' => {
                if let Some((fraction, scale)) = number(bytes, end + 1)
                    && *bytes.get(end + 1 + scale)? == b'<'
                {
                    let end = end + 1 + scale;
                    if count + scale <= 18 {
                        let mantissa = append(whole, fraction, scale);
                        // Clinger's fast path: both are exact, so their quotient is rounded once.
                        if mantissa <= 1 << 53 {
                            let float = mantissa as f64 / EXACT_POWERS[scale];
                            return Some((Number::Float(signed(float)), end));
                        }
                    }
                    let float = fast_float2::parse(&bytes[at..end]).ok()?;
                    return Some((Number::Float(float), end));
                }
            }
            _ => {}
        }
    }
    parse_odd(bytes, at)
}

/// What is longer, or written with an exponent, or no number at all.
#[cold]
fn parse_odd(bytes: &[u8], at: usize) -> Option<(Number, usize)> {
    let len = memchr(b'<', &bytes[at..])?;
    if len > MAX_PLAIN {
        return None; // its length is asked for by the tolerant scanner
    }
    parse(&bytes[at..at + len]).map(|number| (number, at + len))
}

/// Parses a whole text as a number: the specification of the function above. Blanks around it are fine; `inf`, `nan` and
/// hexadecimal are not numbers.
pub(crate) fn parse(text: &[u8]) -> Option<Number> {
    let text = text.trim_ascii();
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if !digits
        .iter()
        .all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
    {
        return None;
    }
    if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
        // A number that is too long for an integer is a double below.
        if let Ok(int) = std::str::from_utf8(text).ok()?.parse() {
            return Some(Number::Int(int));
        }
    }
    let float: f64 = fast_float2::parse(text).ok()?;
    float.is_finite().then_some(Number::Float(float))
}

/// An unsigned decimal number alone, such as an index.
pub(crate) fn parse_index(text: &[u8]) -> Option<u32> {
    let text = text.trim_ascii();
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fast(text: &str) -> Option<Number> {
        let bytes = format!("{text}</v></c></row></sheetData>");
        let (number, end) = parse_before_tag(bytes.as_bytes(), 0)?;
        assert_eq!(end, text.len());
        Some(number)
    }

    #[test]
    fn parses_what_excel_writes() {
        for (text, number) in [
            ("0", Number::Int(0)),
            ("-17", Number::Int(-17)),
            ("999999999999999999", Number::Int(999_999_999_999_999_999)),
            ("9223372036854775807", Number::Int(i64::MAX)),
            (
                "9223372036854775808",
                Number::Float(9_223_372_036_854_775_808.0),
            ),
            ("12.34", Number::Float(12.34)),
            ("0.10000000000000001", Number::Float(0.1)),
            ("1.0", Number::Float(1.0)),
            ("4.9406564584124654E-324", Number::Float(5e-324)),
            ("1E5", Number::Float(1e5)),
            ("1.5e+300", Number::Float(1.5e300)),
            ("0.000001", Number::Float(0.000_001)),
        ] {
            assert_eq!(fast(text), Some(number), "{text}");
            assert_eq!(parse(text.as_bytes()), Some(number), "{text}");
        }
        assert_eq!(fast("-0"), Some(Number::Int(0))); // a spreadsheet has one zero
        for bad in [
            "", "-", ".", "abc", "1,5", "inf", "NaN", "0x10", "1e999", "--1", "1 2", "\u{660}",
        ] {
            assert_eq!(fast(bad), None, "{bad}");
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn fast_equals_slow(text in "-?[0-9]{0,20}(\\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?") {
            prop_assert_eq!(fast(&text), parse(text.as_bytes()));
        }

        #[test]
        fn every_double_comes_back(bits in any::<u64>()) {
            let float = f64::from_bits(bits);
            prop_assume!(float.is_finite());
            let text = format!("{float:?}");
            prop_assert_eq!(fast(&text).map(Number::as_f64), Some(float));
        }
    }
}
