//! Numbers that are identifiers: `00000` shows 42 as `00042`, and a postal code without its zeros is another place.

use super::{number::Number, number_format::sections};
use crate::column::{Cell, DateSystem, display::write_cell};

/// A format that shows a whole number digit by digit, with literals between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Identifier {
    /// `@`: as the number is written.
    Text,
    /// The sections for positive numbers, negative ones and zero, as far as there are some. `None` is a section that shows
    /// no digits.
    Digits(Vec<Option<Vec<Part>>>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// A zero of the code: a digit that is shown in any case.
    Digit,
    Literal(String),
}

impl Identifier {
    /// Reads a code; `None` when it shows positive numbers as quantities: with a decimal point, groups, percent, digits that
    /// may be missing between others, or a single zero and nothing else.
    pub(super) fn parse(code: &str) -> Option<Self> {
        if code.trim() == "@" {
            return Some(Identifier::Text);
        }
        let mut sections: Vec<Option<Vec<Part>>> = sections(code).take(3).map(parts).collect();
        if let Some(zero) = sections.get_mut(2) {
            // Zero may be shown as a word.
            *zero = zero.take().filter(|parts| !parts.is_empty());
        }
        let is_identifier = |parts: &[Part]| {
            let digits = parts.iter().filter(|part| **part == Part::Digit).count();
            let has_text = parts
                .iter()
                .any(|part| matches!(part, Part::Literal(text) if !text.trim().is_empty()));
            digits > 1 || digits == 1 && has_text
        };
        is_identifier(sections.first()?.as_ref()?).then_some(Identifier::Digits(sections))
    }

    /// The text of a number; `None` when it is none that an identifier can be.
    pub(super) fn show(&self, number: Number) -> Option<String> {
        let sections = match self {
            Identifier::Digits(sections) => sections,
            Identifier::Text => {
                let cell = match number {
                    Number::Int(int) => Cell::Int(int),
                    Number::Float(float) => Cell::Float(float),
                };
                let mut text = Vec::new();
                write_cell(&mut text, cell, DateSystem::default());
                return String::from_utf8(text).ok();
            }
        };
        let Number::Int(int) = number else {
            return None;
        };
        // A section of their own shows negative numbers without their sign.
        let (section, sign) = match (int, sections.len()) {
            (..0, 2..) => (1, ""),
            (..0, _) => (0, "-"),
            (0, 3..) => (2, ""),
            _ => (0, ""),
        };
        let parts = sections[section].as_ref()?;
        let zeros = parts.iter().filter(|part| **part == Part::Digit).count();
        if zeros == 0 && int != 0 {
            return None; // hidden, or a word for all of them
        }
        let digits = format!("{:0>zeros$}", int.unsigned_abs().to_string());
        // Digits that have no zero of their own stand before the first one.
        let (before, own) = digits.split_at(digits.len().saturating_sub(zeros));
        let mut own = own.chars();
        let mut text = String::from(sign);
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

/// What a section shows; `None` where that is no row of digits.
fn parts(section: &str) -> Option<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::new();
    // `#` and `?` in front of the first zero: digits that stand there anyway, if there are so many.
    let mut waits_for_zero = false;
    let mut chars = section.chars();
    while let Some(c) = chars.next() {
        let is_literal = matches!(c, '"' | '\\' | ' ' | '-' | '(' | ')' | '+' | ':');
        if is_literal && waits_for_zero {
            return None;
        }
        match c {
            '0' => {
                parts.push(Part::Digit);
                waits_for_zero = false;
            }
            '#' | '?' if !parts.contains(&Part::Digit) => waits_for_zero = true,
            '"' => chars
                .by_ref()
                .take_while(|&c| c != '"')
                .for_each(|c| push_literal(&mut parts, c)),
            '\\' => push_literal(&mut parts, chars.next()?),
            '_' | '*' => drop(chars.next()), // a blank as wide as the next letter, a letter to fill with
            // Colours and locales; not conditions, not elapsed time.
            '[' => {
                let inside: String = chars.by_ref().take_while(|&c| c != ']').collect();
                let is_colour = inside.len() > 2 && inside.chars().all(char::is_alphanumeric);
                if !is_colour && !inside.starts_with("$-") {
                    return None;
                }
            }
            _ if is_literal => push_literal(&mut parts, c),
            _ => return None,
        }
    }
    (!waits_for_zero).then_some(parts)
}

fn push_literal(parts: &mut Vec<Part>, c: char) {
    match parts.last_mut() {
        Some(Part::Literal(text)) => text.push(c),
        _ => parts.push(Part::Literal(c.into())),
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
            ("00000;(00000)", -7, Some("(00007)")),
            ("00000;(00000)", 7, Some("00007")),
            ("000;-00;0000", 0, Some("0000")),
            ("000;-00;0000", -7, Some("-07")),
            ("000;;\"none\"", 0, Some("none")),
            ("000;;\"none\"", -7, None),
            ("000;General", -7, None),
            ("#0000", 42, Some("0042")),
            ("?000", 12_345, Some("12345")),
            ("##-00", 1_234, None),
            ("##", 12, None),
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
