//! `sheetlift.check` of a field: what Table Schema has no constraint for.

use super::{
    constraints::pattern,
    document::Data,
    keys,
    model::{FieldType, Literal},
    place::{Keys, Place},
};
use crate::error::Result;

/// Further checks of a field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Checks {
    /// Most digits of a number (1 to 38), those of [`Checks::scale`] included.
    pub precision: Option<u8>,
    /// Most digits behind the decimal point (0 to 38).
    pub scale: Option<u8>,
    /// The number is a whole multiple of this one.
    pub multiple_of: Option<Decimal>,
    /// Regular expression that the whole text must not match.
    pub not_pattern: Option<String>,
    /// The text ends in the right check digit.
    pub check_digit: Option<CheckDigit>,
    /// Most bytes of the text in UTF-8.
    pub max_bytes: Option<u32>,
    /// The text must not look like a formula to a spreadsheet program.
    pub no_formula: bool,
    /// Values are those of the enum in whatever letter case, and become those of the enum.
    pub enum_ignore_case: bool,
}

/// A positive decimal number: `digits / 10^scale`, as short as can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// All its digits.
    pub digits: i64,
    /// How many of them stand behind the point, 15 at most.
    pub scale: u8,
}

impl Decimal {
    /// The number as it is written: `0.05`.
    pub fn text(&self) -> String {
        let scale = usize::from(self.scale);
        let digits = format!("{:0>width$}", self.digits, width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        match fraction {
            "" => whole.to_owned(),
            fraction => format!("{whole}.{fraction}"),
        }
    }

    /// Reads up to 15 digits with a point or without.
    fn parse(text: &str) -> Option<Decimal> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let fraction = fraction.trim_end_matches('0');
        let all = format!("{whole}{fraction}");
        let is_right = (1..=15).contains(&all.len()) && all.bytes().all(|b| b.is_ascii_digit());
        let digits = all.parse().ok().filter(|digits| is_right && *digits > 0)?;
        Some(Decimal {
            digits,
            scale: fraction.len() as u8,
        })
    }
}

/// How a check digit is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckDigit {
    /// A GTIN of 8, 12, 13 or 14 digits.
    Gtin,
    /// GTIN-8 (EAN-8).
    Gtin8,
    /// GTIN-12 (UPC-A).
    Gtin12,
    /// GTIN-13 (EAN-13).
    Gtin13,
    /// GTIN-14.
    Gtin14,
    /// An ISBN of 10 or 13 digits, with hyphens or without.
    Isbn,
    /// ISBN-10.
    Isbn10,
    /// ISBN-13.
    Isbn13,
    /// The sum of Luhn, as in card numbers and IMEIs.
    Luhn,
}

impl CheckDigit {
    const CHOICES: [(&'static str, CheckDigit); 9] = [
        ("gtin", CheckDigit::Gtin),
        ("gtin8", CheckDigit::Gtin8),
        ("gtin12", CheckDigit::Gtin12),
        ("gtin13", CheckDigit::Gtin13),
        ("gtin14", CheckDigit::Gtin14),
        ("isbn", CheckDigit::Isbn),
        ("isbn10", CheckDigit::Isbn10),
        ("isbn13", CheckDigit::Isbn13),
        ("luhn", CheckDigit::Luhn),
    ];

    /// Its name in a contract.
    pub fn name(self) -> &'static str {
        Self::CHOICES[self as usize].0
    }
}

pub(super) fn read(place: &Place<'_>, field_type: &FieldType) -> Result<Checks> {
    let keys = place.map()?;
    keys.only("check", keys::CHECK, &[])?;
    let is_text = matches!(field_type, FieldType::String(_) | FieldType::Any);
    let is_number = matches!(field_type, FieldType::Number(_));
    let is_integer = matches!(field_type, FieldType::Integer(_));
    for (key, applies) in [
        ("precision", is_number || is_integer),
        ("scale", is_number),
        ("multipleOf", is_number || is_integer),
        ("notPattern", is_text),
        ("checkDigit", is_text),
        ("maxBytes", is_text),
        ("formula", is_text),
        ("enumIgnoreCase", is_text),
    ] {
        if let Some(place) = keys.get(key)
            && !applies
        {
            let name = field_type.name();
            return Err(place.error(format!("`{key}` has no meaning in a field of type {name}")));
        }
    }
    let checks = Checks {
        precision: keys.read("precision", |place| digits(place, 1))?,
        scale: keys.read("scale", |place| digits(place, 0))?,
        multiple_of: keys.read("multipleOf", decimal)?,
        not_pattern: keys.read("notPattern", pattern)?,
        check_digit: keys.read("checkDigit", |place| place.choice(&CheckDigit::CHOICES))?,
        max_bytes: keys.read("maxBytes", |place| place.count(0))?,
        no_formula: keys
            .read("formula", |place| {
                place.choice(&[("allow", false), ("reject", true)])
            })?
            .unwrap_or(false),
        enum_ignore_case: keys.flag("enumIgnoreCase")?,
    };
    check_digits(&keys, &checks)?;
    Ok(checks)
}

/// Without their letter case values have to be as many as before, or it is not certain which one is meant.
pub(super) fn values_differ<'a>(
    place: &Place<'_>,
    values: impl Iterator<Item = &'a Literal>,
) -> Result<()> {
    let mut known: Vec<(String, &str)> = Vec::new();
    for value in values {
        let folded = value.text.to_lowercase();
        match known.iter().find(|(other, _)| *other == folded) {
            Some((_, other)) if *other != value.text => {
                let message = format!("{other:?} and {:?} differ in letter case only", value.text);
                return Err(place.error(message));
            }
            Some(_) => {}
            None => known.push((folded, &value.text)),
        }
    }
    match known.is_empty() {
        true => Err(place.error("`enumIgnoreCase` needs an enum")),
        false => Ok(()),
    }
}

fn digits(place: &Place<'_>, at_least: u32) -> Result<u8> {
    match place.count(at_least)? {
        digits @ ..=38 => Ok(digits as u8),
        _ => Err(place.expected(format!("a whole number from {at_least} to 38"))),
    }
}

fn decimal(place: &Place<'_>) -> Result<Decimal> {
    let number = match place.data() {
        Data::Number(digits) => Decimal::parse(digits),
        Data::Text(text) => Decimal::parse(text),
        _ => None,
    };
    number.ok_or_else(|| place.expected("a number above 0 of up to 15 digits, such as 0.05"))
}

fn check_digits(keys: &Keys<'_>, checks: &Checks) -> Result<()> {
    match (checks.precision, checks.scale) {
        (Some(precision), Some(scale)) if scale > precision => {
            let message = format!("no number has precision {precision} and scale {scale}");
            Err(keys.required("scale")?.error(message))
        }
        _ => Ok(()),
    }
}
