//! What is said about a column.

use sheetlift_core::{Blank, Contract, Expectation, FieldType, Level, expectations};

use crate::error::Result;

/// Characters of a comment, and of the message of a validation.
const MAX_NOTE: usize = 1_500;
const MAX_MESSAGE: usize = 250;

/// The comment of a header cell: what the column is, then what is expected of it, then an example.
pub(super) fn about(contract: &Contract, index: usize) -> Result<String> {
    let field = &contract.fields[index];
    let mut lines: Vec<String> = Vec::new();
    let title = field.title.as_ref();
    let title = title.filter(|title| *title != contract.label(index));
    lines.extend(title.cloned());
    lines.extend(field.description.clone());
    if !lines.is_empty() {
        lines.push(String::new());
    }
    for expected in demands(contract, index)? {
        let level = match expected.level {
            Level::Error => "",
            _ => " (else a warning)",
        };
        lines.push(format!("• {}{level}", expected.text));
    }
    lines.extend(left_empty(contract, index).map(|words| format!("• {words}")));
    lines.extend(example(contract, index).map(|example| format!("For example: {example}")));
    Ok(cut(&lines.join("\n"), MAX_NOTE))
}

/// What a value has to be, in one line: the message of a cell that is wrong.
pub(super) fn expected(contract: &Contract, index: usize) -> Result<String> {
    let mut text = format!("Expected: {}", values(contract, index)?);
    if let Some(example) = example(contract, index) {
        text += &format!(", for example {example}");
    }
    Ok(cut(&text, MAX_MESSAGE))
}

/// What values there are, without whether they have to be there.
pub(super) fn values(contract: &Contract, index: usize) -> Result<String> {
    let all = demands(contract, index)?.into_iter();
    let about_values = all.filter(|expected| expected.key != "required");
    let texts = about_values.map(|expected| expected.text);
    let texts: Vec<String> = texts.chain(left_empty(contract, index)).collect();
    Ok(cut(&texts.join("; "), MAX_NOTE))
}

/// What an empty cell means, where that is more than nothing.
fn left_empty(contract: &Contract, index: usize) -> Option<String> {
    match &contract.fields[index].blank {
        Blank::Default(value) => Some(format!("left empty it is {}", value.text)),
        Blank::KeepExisting => Some("left empty it stays what it was".to_owned()),
        Blank::Null => None,
    }
}

/// What is expected of a cell. How a text would spell its value matters in text files only, and that a text is a text goes
/// without saying where more is said.
fn demands(contract: &Contract, index: usize) -> Result<Vec<Expectation>> {
    let mut all = expectations(contract, index)?;
    let plain = match &contract.fields[index].field_type {
        FieldType::Date(_) => Some("a date"),
        FieldType::DateTime(_) => Some("a date and time"),
        FieldType::Time(_) => Some("a time of day"),
        FieldType::Duration => Some("a duration, as hours:minutes:seconds"),
        FieldType::Number(_) => Some("a number"),
        FieldType::Integer(_) => Some("a whole number"),
        _ => None,
    };
    let words = super::column::truth(&contract.fields[index].field_type);
    let plain = plain
        .map(str::to_owned)
        .or(words.map(|words| words.join(" or ")));
    let says_more =
        |expected: &Expectation| !["type", "required", "unique"].contains(&&*expected.key);
    let has_more = all.iter().any(says_more);
    if let Some(expected) = all.first_mut()
        && let Some(plain) = plain
    {
        expected.text = plain;
    }
    if has_more && all[0].text == "a text" {
        all.remove(0);
    }
    Ok(all)
}

pub(super) fn example(contract: &Contract, index: usize) -> Option<&str> {
    contract.fields[index].examples.first().map(String::as_str)
}

/// At most so many units of UTF-16, which is how spreadsheets count.
pub(super) fn cut(text: &str, limit: usize) -> String {
    if text.encode_utf16().count() <= limit {
        return text.to_owned();
    }
    let mut units = 1; // of the mark at the end
    let mut kept: String = text
        .chars()
        .take_while(|c| {
            units += c.len_utf16();
            units <= limit
        })
        .collect();
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_by_utf_16() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("😀😀", 4), "😀😀");
        assert_eq!(cut("😀😀x", 4), "😀…");
    }
}
