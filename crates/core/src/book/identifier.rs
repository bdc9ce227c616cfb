//! Numbers that are identifiers: `00000` shows 42 as `00042`, and a postal code without its zeros is another place.

use super::number::Number;
use crate::column::{Cell, DateSystem, display::write_cell};

/// A format that shows a whole number digit by digit, with literals between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Identifier {
    /// `@`: as the number is written.
    Text,
    /// Zeros, each a digit to be shown in any case, and literals.
    Digits(Vec<Part>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Digit,
    Literal(String),
}

impl Identifier {
    /// Reads the first section of a code; `None` when it shows a number as a quantity: with a decimal point, groups,
    /// percent, digits that may be missing, or a single zero and nothing else.
    pub(super) fn parse(code: &str) -> Option<Self> {
        if code.trim() == "@" {
            return Some(Identifier::Text);
        }
        let mut parts: Vec<Part> = Vec::new();
        let literal = |parts: &mut Vec<Part>, c: char| match parts.last_mut() {
            Some(Part::Literal(text)) => text.push(c),
            _ => parts.push(Part::Literal(c.into())),
        };
        let mut chars = code.chars();
        while let Some(c) = chars.next() {
            match c {
                '0' => parts.push(Part::Digit),
                '"' => chars
                    .by_ref()
                    .take_while(|&c| c != '"')
                    .for_each(|c| literal(&mut parts, c)),
                '\\' => literal(&mut parts, chars.next()?),
                '_' | '*' => drop(chars.next()), // a blank as wide as the next letter, a letter to fill with
                // Colours and locales; not conditions, not elapsed time.
                '[' => {
                    let inside: String = chars.by_ref().take_while(|&c| c != ']').collect();
                    let is_colour = inside.len() > 2 && inside.chars().all(char::is_alphanumeric);
                    if !is_colour && !inside.starts_with("$-") {
                        return None;
                    }
                }
                ';' => break,
                ' ' | '-' | '(' | ')' | '+' | ':' => literal(&mut parts, c),
                _ => return None,
            }
        }
        let digits = parts.iter().filter(|part| **part == Part::Digit).count();
        let has_text = parts
            .iter()
            .any(|part| matches!(part, Part::Literal(text) if !text.trim().is_empty()));
        (digits > 1 || digits == 1 && has_text).then_some(Identifier::Digits(parts))
    }

    /// The text of a number; `None` when it is none that an identifier can be.
    pub(super) fn show(&self, number: Number) -> Option<String> {
        match self {
            Identifier::Text => {
                let cell = match number {
                    Number::Int(int) => Cell::Int(int),
                    Number::Float(float) => Cell::Float(float),
                };
                let mut text = Vec::new();
                write_cell(&mut text, cell, DateSystem::default());
                String::from_utf8(text).ok()
            }
            Identifier::Digits(parts) => {
                let Number::Int(int) = number else {
                    return None;
                };
                let digits = int.unsigned_abs().to_string();
                let zeros = parts.iter().filter(|part| **part == Part::Digit).count();
                let digits = format!("{digits:0>zeros$}");
                // Digits that have no zero of their own stand before the first one.
                let (before, own) = digits.split_at(digits.len() - zeros);
                let mut own = own.chars();
                let mut text = String::from(if int < 0 { "-" } else { "" });
                let mut is_first = true;
                for part in parts {
                    match part {
                        Part::Literal(literal) => text.push_str(literal),
                        Part::Digit => {
                            if std::mem::take(&mut is_first) {
                                text.push_str(before);
                            }
                            text.extend(own.next());
                        }
                    }
                }
                Some(text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_identifiers_and_leaves_quantities() {
        let show = |code: &str, int| Identifier::parse(code)?.show(Number::Int(int));
        for (code, int, text) in [
            ("00000", 42, Some("00042")),
            ("00000", 1_234_567, Some("1234567")),
            ("000-00-0000", 12_345_678, Some("012-34-5678")),
            ("\"SKU-\"0000", 7, Some("SKU-0007")),
            ("\\A0", 7, Some("A7")),
            ("(000) 000-0000", 5_551_234_567, Some("(555) 123-4567")),
            ("[Red]000;-000", -7, Some("-007")),
            ("@", 42, Some("42")),
            ("0", 42, None),
            ("0.00", 42, None),
            ("#,##0", 42, None),
            ("00%", 42, None),
            ("000E+00", 42, None),
            ("[>5]000", 42, None),
            ("General", 42, None),
            ("yyyy", 42, None),
            ("", 42, None),
        ] {
            assert_eq!(show(code, int).as_deref(), text, "{code}");
        }
        let float = Identifier::parse("000").unwrap().show(Number::Float(1.5));
        assert_eq!(float, None);
    }
}
