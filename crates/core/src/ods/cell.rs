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
    /// Reads on to the end of the cell.
    pub(super) fn finish(self, tokens: &mut StreamTokens, limits: &Limits) -> Result<OdsCell> {
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
            ("float" | "percentage" | "currency", Some(value)) => {
                let number = parse(value.as_bytes()).ok_or_else(|| bad("a number"))?;
                let (tag, bits) = plain(number);
                Value::Slot(tag, bits)
            }
            ("date", Some(value)) => date(value).ok_or_else(|| bad("an ISO 8601 date"))?,
            ("time", Some(value)) => {
                let days = days(value).ok_or_else(|| bad("an ISO 8601 duration"))?;
                match days {
                    0.0..1.0 => Value::Slot(CellTag::Time, days.to_bits()),
                    _ if duration_micros(days).is_some() => {
                        Value::Slot(CellTag::Duration, days.to_bits())
                    }
                    _ => Value::Text(value.trim().to_owned()),
                }
            }
            ("boolean", Some(value)) => match value.trim() {
                "true" | "1" => Value::Slot(CellTag::Bool, 1),
                "false" | "0" => Value::Slot(CellTag::Bool, 0),
                _ => return Err(bad("a boolean (true or false)")),
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

/// A date that spreadsheets can count, or its text.
fn date(value: &str) -> Option<Value> {
    let (tag, serial) = iso::parse(value, DateSystem::Y1900)?;
    Some(match DateSystem::Y1900.knows(serial) {
        true => Value::Slot(tag, serial.to_bits()),
        false => Value::Text(value.trim().to_owned()),
    })
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

/// The paragraphs of a cell, a line each; notes and pictures in it have texts of their own.
fn text(tokens: &mut StreamTokens, limits: &Limits) -> Result<String> {
    let outside = tokens.depth().saturating_sub(1);
    let mut text = Paragraphs::default();
    loop {
        // Elements whose text belongs to the paragraph they stand in.
        let mut skips = false;
        match tokens.step()? {
            Some(Token::Open(tag)) => match tag.name() {
                "p" | "h" => text.begin(),
                "s" => {
                    let blanks = tag.any_attribute("c")?.and_then(|c| c.trim().parse().ok());
                    let blanks: u64 = blanks.unwrap_or(1);
                    let len = text.text.len() as u64;
                    check(
                        "max_cell_bytes",
                        limits.max_cell_bytes,
                        len.saturating_add(blanks),
                    )?;
                    text.push_kept(&" ".repeat(blanks as usize));
                }
                "tab" => text.push_kept("\t"),
                "line-break" => text.push_kept("\n"),
                "span" | "a" | "ruby" | "ruby-base" | "meta" | "meta-field" | "bookmark"
                | "date" | "time" | "title" | "sheet-name" => {}
                _ => skips = true,
            },
            Some(Token::Text(more)) => {
                if text.lines > 0 {
                    text.push(&more);
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
        if tokens.depth() <= outside {
            return Ok(text.finish());
        }
    }
}

/// Text under construction: white space of the XML is one blank, and none at the ends of a paragraph (6.1.2).
#[derive(Default)]
struct Paragraphs {
    text: String,
    lines: u32,
    /// White space that counts if something follows it.
    blank: bool,
    /// Nothing of the paragraph stands yet.
    is_fresh: bool,
}

impl Paragraphs {
    fn begin(&mut self) {
        if self.lines > 0 {
            self.text.push('\n');
        }
        self.lines += 1;
        (self.blank, self.is_fresh) = (false, true);
    }

    fn push(&mut self, more: &str) {
        for c in more.chars() {
            if matches!(c, ' ' | '\t' | '\r' | '\n') {
                self.blank = !self.is_fresh;
                continue;
            }
            self.push_blank();
            self.text.push(c);
            self.is_fresh = false;
        }
    }

    /// Blanks, tabs and breaks that are elements.
    fn push_kept(&mut self, more: &str) {
        self.push_blank();
        self.text.push_str(more);
        self.is_fresh = false;
    }

    fn push_blank(&mut self) {
        if std::mem::take(&mut self.blank) {
            self.text.push(' ');
        }
    }

    fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }
}
