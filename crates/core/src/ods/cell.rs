//! One cell: its type and value stand in attributes, its text in paragraphs (OpenDocument 1.3, part 3, 9.1.4 and 19.385).

use super::listing::count;
use crate::{
    book::{
        iso,
        number::{Number, parse},
        plain,
    },
    column::{DateSystem, Tag as CellTag, duration_micros, piece::Formula},
    error::{Error, Result},
    limits::{Limits, check},
    xml::{StreamTokens, Tag, Token},
};

/// A cell, and how many like it follow one another.
#[derive(Debug)]
pub(super) struct OdsCell {
    pub(super) value: Value,
    pub(super) repeated: u32,
    /// Columns and rows it is merged over.
    pub(super) spans: (u32, u32),
    pub(super) formula: Formula,
}

#[derive(Debug, PartialEq)]
pub(super) enum Value {
    None,
    Slot(CellTag, u64),
    Text(String),
    Error(String),
}

/// What the attributes of a cell say.
struct Head {
    kind: String,
    is_error: bool,
    value: Option<String>,
    cell: OdsCell,
}

/// Reads the cell whose start tag is `tag` up to its attributes; the rest follows by [`finish`].
pub(super) fn begin(tag: &Tag<'_>) -> Result<PendingCell> {
    let mut kind = tag.prefixed("office", "value-type")?;
    if kind.is_none() {
        kind = tag.any_attribute("value-type")?;
    }
    let kind = kind.unwrap_or_default();
    let is_error = tag.prefixed("calcext", "value-type")?.as_deref() == Some("error");
    let value = tag.any_attribute(match &*kind {
        "date" => "date-value",
        "time" => "time-value",
        "boolean" => "boolean-value",
        "string" => "string-value",
        _ => "value",
    })?;
    let formula = match tag.any_attribute("formula")? {
        Some(formula) => Formula::Text(formula.into()),
        None => Formula::None,
    };
    Ok(PendingCell(Head {
        kind,
        is_error,
        value,
        cell: OdsCell {
            value: Value::None,
            repeated: count(tag, "number-columns-repeated")?,
            spans: (
                count(tag, "number-columns-spanned")?,
                count(tag, "number-rows-spanned")?,
            ),
            formula,
        },
    }))
}

/// A cell whose text is still to be read.
pub(super) struct PendingCell(Head);

impl PendingCell {
    /// Reads on to the end of the cell. With `display_text` a number that is shown with leading zeros is the text that is
    /// shown.
    pub(super) fn finish(
        self,
        tokens: &mut StreamTokens,
        display_text: bool,
        limits: &Limits,
    ) -> Result<OdsCell> {
        let Head {
            kind,
            is_error,
            value,
            mut cell,
        } = self.0;
        let text = text(tokens, limits)?;
        let bad = |what: &str| {
            let value: String = value
                .as_deref()
                .unwrap_or_default()
                .chars()
                .take(60)
                .collect();
            Error::malformed(format!("{value:?} is not {what}"))
        };
        cell.value = match (&*kind, &value) {
            _ if is_error => Value::Error(text),
            ("float" | "percentage" | "currency", Some(value))
                if value.trim() == "0" && is_error_literal(&text) =>
            {
                Value::Error(text)
            }
            ("float" | "percentage" | "currency", Some(value)) => {
                let number = parse(value.as_bytes()).ok_or_else(|| bad("a number"))?;
                let (tag, bits) = plain(number);
                match display_text && is_identifier(&text, number) {
                    true => Value::Text(text),
                    false => Value::Slot(tag, bits),
                }
            }
            ("date", Some(value)) => date(value).ok_or_else(|| bad("an ISO 8601 date"))?,
            ("time", Some(value)) => {
                let days = days(value).or_else(|| time_of_day(value));
                let days = days.ok_or_else(|| bad("an ISO 8601 duration"))?;
                match days {
                    0.0..1.0 => Value::Slot(CellTag::Time, days.to_bits()),
                    _ if duration_micros(days).is_some() => {
                        Value::Slot(CellTag::Duration, days.to_bits())
                    }
                    _ => Value::Text(value.trim().to_owned()),
                }
            }
            ("boolean", Some(value)) => match value.trim() {
                "true" => Value::Slot(CellTag::Bool, 1),
                "false" => Value::Slot(CellTag::Bool, 0),
                // Some programs write the number that is behind it.
                number => {
                    let number = parse(number.as_bytes());
                    let number = number.ok_or_else(|| bad("a boolean (true or false)"))?;
                    let is_true = !matches!(number, Number::Int(0) | Number::Float(0.0));
                    Value::Slot(CellTag::Bool, u64::from(is_true))
                }
            },
            ("string", Some(value)) => Value::Text(value.clone()),
            _ => Value::Text(text),
        };
        if let Value::Text(text) | Value::Error(text) = &cell.value {
            check("max_cell_bytes", limits.max_cell_bytes, text.len() as u64)?;
            if text.is_empty() {
                cell.value = match is_error {
                    true => Value::Error("#ERROR!".to_owned()),
                    false => Value::None,
                };
            }
        }
        Ok(cell)
    }
}

/// The text of a number is its digits with leading zeros, and maybe what parts them: `00123`, `012-34-5678`. Formats stand far
/// from the cells here, but what they show stands in each.
fn is_identifier(text: &str, number: Number) -> bool {
    let Number::Int(int) = number else {
        return false;
    };
    let is_plain = |c: char| c.is_ascii_digit() || " -()+".contains(c);
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let significant = digits.trim_start_matches('0');
    text.chars().all(is_plain)
        && digits.len() > 1
        && digits.starts_with('0')
        && significant.parse().unwrap_or(0) == int.unsigned_abs()
}

/// A date that spreadsheets can count, or its text; `None` for what is no date.
fn date(value: &str) -> Option<Value> {
    match iso::parse(value, DateSystem::Y1900) {
        Some((tag, serial)) if DateSystem::Y1900.knows(serial) => {
            Some(Value::Slot(tag, serial.to_bits()))
        }
        None if !iso::is_like_a_date(value) => None,
        _ => Some(Value::Text(value.trim().to_owned())),
    }
}

/// Days of an ISO 8601 duration such as `PT36H30M00.5S`.
fn days(value: &str) -> Option<f64> {
    let value = value.trim();
    let (sign, rest) = match value.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, value),
    };
    let rest = rest.strip_prefix('P')?;
    let (date, time) = rest.split_once('T').unwrap_or((rest, ""));
    let part = |text: &str, units: &[(char, f64)]| -> Option<f64> {
        let (mut total, mut rest) = (0.0, text);
        for (unit, seconds) in units {
            if let Some((number, after)) = rest.split_once(*unit) {
                let number = match parse(number.replace(',', ".").as_bytes())? {
                    Number::Int(int) => int as f64,
                    Number::Float(float) => float,
                };
                total += number * seconds;
                rest = after;
            }
        }
        rest.is_empty().then_some(total)
    };
    let days = part(date, &[('D', 86_400.0)])?;
    let time = part(time, &[('H', 3_600.0), ('M', 60.0), ('S', 1.0)])?;
    Some(sign * (days + time) / 86_400.0)
}

/// Days of a time that is written as people do, `09:55:33`.
fn time_of_day(value: &str) -> Option<f64> {
    match iso::parse(value, DateSystem::Y1900)? {
        (CellTag::Time, days) => Some(days),
        _ => None,
    }
}

/// The paragraphs of a cell, a line each; notes and pictures in it have texts of their own.
fn text(tokens: &mut StreamTokens, limits: &Limits) -> Result<String> {
    let outside = tokens.depth().saturating_sub(1);
    let mut text = Paragraphs::default();
    // How deep the paragraph is that is open.
    let mut paragraph = None;
    loop {
        let (mut begins, mut skips) = (false, false);
        match tokens.step()? {
            Some(Token::Open(tag)) => match tag.name() {
                "p" | "h" => {
                    text.begin();
                    begins = true;
                }
                "s" => {
                    let blanks = tag.any_attribute("c")?.and_then(|c| c.trim().parse().ok());
                    let blanks: u64 = blanks.unwrap_or(1);
                    let len = text.text.len() as u64;
                    check(
                        "max_cell_bytes",
                        limits.max_cell_bytes,
                        len.saturating_add(blanks),
                    )?;
                    text.text.extend(std::iter::repeat_n(' ', blanks as usize));
                }
                "tab" => text.text.push('\t'),
                "line-break" => text.text.push('\n'),
                // Elements whose text belongs to the paragraph they stand in.
                "span" | "a" | "ruby" | "ruby-base" | "meta" | "meta-field" | "bookmark"
                | "date" | "time" | "title" | "sheet-name" => {}
                _ => skips = true,
            },
            Some(Token::Text(more)) => {
                if paragraph.is_some() {
                    text.text.push_str(&more);
                    check(
                        "max_cell_bytes",
                        limits.max_cell_bytes,
                        text.text.len() as u64,
                    )?;
                }
            }
            Some(Token::End) => return Err(tokens.ended_early()),
            Some(Token::Close) | None => {}
        }
        if skips {
            tokens.skip_element()?;
        }
        if begins {
            paragraph = Some(tokens.depth());
        } else if paragraph.is_some_and(|paragraph| tokens.depth() < paragraph) {
            paragraph = None;
        }
        if tokens.depth() <= outside {
            return Ok(text.text);
        }
    }
}

/// Text under construction. Blanks are kept as they are written, as spreadsheet programs do, although white space would be
/// collapsed in a text document (6.1.2).
#[derive(Default)]
struct Paragraphs {
    text: String,
    lines: u32,
}

impl Paragraphs {
    fn begin(&mut self) {
        if self.lines > 0 {
            self.text.push('\n');
        }
        self.lines += 1;
    }
}

/// Errors of formulas stand in files of LibreOffice as the number 0 with the error as their text, in the language of its user:
/// `#N/A`, `#VALORE!`, `Err:504`.
fn is_error_literal(text: &str) -> bool {
    if let Some(code) = text.strip_prefix("Err:") {
        return code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    }
    let Some(name) = text.strip_prefix('#') else {
        return false;
    };
    let name = name.strip_suffix(['!', '?']).unwrap_or(name);
    let is_part = |c: char| c.is_uppercase() || c.is_ascii_digit() || "/_.".contains(c);
    name.chars().filter(|c| c.is_uppercase()).count() > 1 && name.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_make_an_identifier() {
        for (text, int, is_one) in [
            ("00123", 123, true),
            ("012-34-5678", 12_345_678, true),
            ("(00007)", -7, true),
            ("000", 0, true),
            ("0", 0, false),
            ("123", 123, false),
            ("1 234", 1_234, false),
            ("0.50", 0, false),
            ("007", 8, false),
        ] {
            assert_eq!(is_identifier(text, Number::Int(int)), is_one, "{text}");
        }
        assert!(!is_identifier("01", Number::Float(1.5)));
    }

    #[test]
    fn reads_dates_and_durations() {
        let slot = |tag, number: f64| Some(Value::Slot(tag, number.to_bits()));
        assert_eq!(date("2025-01-01"), slot(CellTag::Date, 45_658.0));
        assert_eq!(
            date("2025-01-01T12:00:00"),
            slot(CellTag::DateTime, 45_658.5)
        );
        assert_eq!(
            date("1815-06-18"),
            Some(Value::Text("1815-06-18".to_owned()))
        );
        assert_eq!(date("soon"), None);
        assert_eq!(days("PT36H00M00S"), Some(1.5));
        assert_eq!(days("-PT12H"), Some(-0.5));
        assert_eq!(days("P1DT12H"), Some(1.5));
        assert_eq!(days("PT0.5S"), Some(0.5 / 86_400.0));
        assert_eq!(days("12:00"), None);
        assert_eq!(days("PT12X"), None);
        assert_eq!(time_of_day("18:00:00"), Some(0.75));
        assert_eq!(time_of_day("2025-01-01"), None);
    }

    #[test]
    fn tells_errors_from_texts() {
        for error in [
            "#N/A", "#DIV/0!", "#NAME?", "#VALORE!", "#ИМЯ?", "#NV", "Err:504",
        ] {
            assert!(is_error_literal(error), "{error}");
        }
        for text in [
            "0", "#", "#1", "#0!", "# 1", "#5/6", "Err:", "Err:5040", "#abc", "###",
        ] {
            assert!(!is_error_literal(text), "{text}");
        }
    }
}
