//! `checkDigit`: numbers that end in a digit computed from the others. GTIN: GS1 General Specifications 7.9; ISBN: ISO 2108;
//! Luhn: ISO/IEC 7812-1 annex B.

use super::{Rule, RuleDoc};
use crate::contract::CheckDigit;

pub(super) const DOC: RuleDoc = RuleDoc {
    key: "checkDigit",
    code: "cell/check-digit",
    what: "The text is such a number and its last digit is the right one: gtin (8, 12, 13 or 14 digits), gtin8, gtin12, gtin13, \
           gtin14, isbn (10 or 13, with hyphens or without), isbn10, isbn13, luhn.",
    why: "A slip of the keyboard nearly always changes the check digit.",
    example: "sheetlift: {check: {checkDigit: gtin13}}",
};

/// Another digit may as well be the wrong one.
const SCORE: f64 = 0.5;

#[derive(Debug)]
pub(super) struct CheckDigitRule(pub(super) CheckDigit);

impl CheckDigitRule {
    /// How many digits there may be.
    fn lengths(&self) -> &'static [usize] {
        match self.0 {
            CheckDigit::Gtin => &[8, 12, 13, 14],
            CheckDigit::Gtin8 => &[8],
            CheckDigit::Gtin12 => &[12],
            CheckDigit::Gtin13 | CheckDigit::Isbn13 => &[13],
            CheckDigit::Gtin14 => &[14],
            CheckDigit::Isbn => &[10, 13],
            CheckDigit::Isbn10 => &[10],
            CheckDigit::Luhn => &[],
        }
    }

    fn is_isbn(&self) -> bool {
        matches!(
            self.0,
            CheckDigit::Isbn | CheckDigit::Isbn10 | CheckDigit::Isbn13
        )
    }

    /// The last character there is, and the one there should be; `None` for what is no such number at all.
    fn digits(&self, text: &str) -> Option<(u8, u8)> {
        let is_mark = |byte: &u8| self.is_isbn() && matches!(byte, b'-' | b' ');
        let digits: Vec<u8> = text.bytes().filter(|byte| !is_mark(byte)).collect();
        let (last, body) = digits.split_last()?;
        let is_ten = self.is_isbn() && digits.len() == 10;
        let may_be_x = is_ten && matches!(last, b'X' | b'x');
        let is_right_long = match self.lengths() {
            [] => digits.len() >= 2,
            lengths => lengths.contains(&digits.len()),
        };
        let is_book =
            !self.is_isbn() || is_ten || body.starts_with(b"978") || body.starts_with(b"979");
        if !is_right_long
            || !is_book
            || !body.iter().all(u8::is_ascii_digit)
            || !(last.is_ascii_digit() || may_be_x)
        {
            return None;
        }
        let values = body.iter().rev().map(|digit| u32::from(digit - b'0'));
        let wanted = match self.0 {
            _ if is_ten => match (11
                - values
                    .zip(2..)
                    .map(|(value, weight)| value * weight)
                    .sum::<u32>()
                    % 11)
                % 11
            {
                10 => b'X',
                digit => b'0' + digit as u8,
            },
            CheckDigit::Luhn => {
                let doubled = |(at, value): (usize, u32)| match at % 2 {
                    0 => 2 * value / 10 + 2 * value % 10,
                    _ => value,
                };
                complement(values.enumerate().map(doubled).sum())
            }
            _ => complement(
                values
                    .enumerate()
                    .map(|(at, value)| if at % 2 == 0 { 3 * value } else { value })
                    .sum(),
            ),
        };
        Some((last.to_ascii_uppercase(), wanted))
    }
}

/// The digit that makes a sum a multiple of ten.
fn complement(sum: u32) -> u8 {
    b'0' + ((10 - sum % 10) % 10) as u8
}

impl Rule for CheckDigitRule {
    fn code(&self) -> &'static str {
        DOC.code
    }

    fn text(&self) -> String {
        format!("checkDigit: {}", self.0.name())
    }

    fn expected(&self) -> String {
        let lengths: Vec<String> = self.lengths().iter().map(usize::to_string).collect();
        let name = match self.0 {
            CheckDigit::Luhn => return "a number with a right check digit (Luhn)".to_owned(),
            _ if self.is_isbn() => "an ISBN",
            _ => "a GTIN",
        };
        format!(
            "{name} of {} digits with a right check digit",
            lengths.join(" or ")
        )
    }

    fn suggestion(&self, value: &str) -> Option<(String, f64)> {
        let (_, wanted) = self.digits(value)?;
        let body = &value[..value.len() - 1];
        Some((format!("{body}{}", char::from(wanted)), SCORE))
    }

    fn holds_text(&self, value: &str) -> bool {
        self.digits(value)
            .is_some_and(|(last, wanted)| last == wanted)
    }
}
