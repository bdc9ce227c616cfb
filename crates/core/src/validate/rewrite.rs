//! Text in, text out: white space cut off, Unicode normalised, words mapped, letter case made one, values of an enum in its
//! spelling. Done once for each distinct text; rules and keys see what comes out.

use std::borrow::Cow;

use ahash::AHashMap;
use unicode_normalization::UnicodeNormalization;

use crate::contract::{Field, FieldType, LetterCase, Literal, UnicodeForm};

/// What is done to the texts of one field.
#[derive(Debug)]
pub(super) struct Rewriter {
    trim: bool,
    unicode: Option<UnicodeForm>,
    map: AHashMap<String, String>,
    case: Option<LetterCase>,
    /// The spelling of each value of the enum, by its lower case.
    spelling: AHashMap<String, String>,
    /// What it does beside trimming, as the contract states it.
    rule: String,
}

/// A text that is read as another one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rewritten {
    pub(super) text: String,
    /// White space was cut off.
    pub(super) is_trimmed: bool,
    /// Something else was done.
    pub(super) is_mapped: bool,
}

impl Rewriter {
    /// `None` where texts are read as they are.
    pub(super) fn of(field: &Field) -> Option<Rewriter> {
        let reading = &field.reading;
        let lower = |value: &Literal| (value.text.to_lowercase(), value.text.clone());
        let spelling: AHashMap<String, String> = match field.checks.enum_ignore_case {
            true => {
                let values = field.constraints.enumeration.iter();
                values.chain(&field.categories).map(lower).collect()
            }
            false => AHashMap::new(),
        };
        let unicode = reading.unicode.map(|form| match form {
            UnicodeForm::Nfc => "unicode: nfc",
            UnicodeForm::Nfkc => "unicode: nfkc",
        });
        let case = reading.case.map(|case| match case {
            LetterCase::Upper => "case: upper",
            LetterCase::Lower => "case: lower",
        });
        let map = (!reading.map.is_empty()).then_some("map");
        let spelled = (!spelling.is_empty()).then_some("enumIgnoreCase: true");
        let rules: Vec<&str> = [unicode, map, case, spelled]
            .into_iter()
            .flatten()
            .collect();
        (reading.trim || !rules.is_empty()).then(|| Rewriter {
            trim: reading.trim,
            unicode: reading.unicode,
            map: reading.map.clone().into_iter().collect(),
            case: reading.case,
            spelling,
            rule: rules.join(", "),
        })
    }

    /// As the contract states it.
    pub(super) fn rule(&self) -> &str {
        &self.rule
    }

    /// What a text of a text field is read as; `None`: as it is.
    pub(super) fn rewrite(&self, text: &str) -> Option<Rewritten> {
        let trimmed = if self.trim { trim(text) } else { text };
        let mut new = Cow::Borrowed(trimmed);
        if let Some(form) = self.unicode
            && !trimmed.is_ascii()
        {
            new = match form {
                UnicodeForm::Nfc => new.nfc().collect::<String>().into(),
                UnicodeForm::Nfkc => new.nfkc().collect::<String>().into(),
            };
        }
        if let Some(mapped) = self.map.get(&*new) {
            new = Cow::Owned(mapped.clone());
        }
        match self.case {
            Some(LetterCase::Upper) => new = new.to_uppercase().into(),
            Some(LetterCase::Lower) => new = new.to_lowercase().into(),
            None => {}
        }
        if let Some(spelled) = self
            .spelling
            .get(&new.to_lowercase())
            .filter(|_| !self.spelling.is_empty())
        {
            new = Cow::Owned(spelled.clone());
        }
        let is_trimmed = trimmed.len() < text.len();
        let is_mapped = *new != *trimmed;
        (is_trimmed || is_mapped).then(|| Rewritten {
            text: new.into_owned(),
            is_trimmed,
            is_mapped,
        })
    }

    /// What a text of a field of another type is read as, where it is one of the map.
    pub(super) fn mapped(&self, text: &str) -> Option<&str> {
        self.map.get(trim(text)).map(String::as_str)
    }

    /// What there is to say of a text that was read: as [`Self::rewrite`], in a field of this type.
    pub(super) fn explained(&self, text: &str, field_type: &FieldType) -> Option<Rewritten> {
        match field_type {
            FieldType::String(_) | FieldType::Any => self.rewrite(text),
            _ => self.mapped(text).map(|mapped| Rewritten {
                text: mapped.to_owned(),
                is_trimmed: false,
                is_mapped: true,
            }),
        }
    }
}

/// Without the white space around it, that which has no width included.
fn trim(text: &str) -> &str {
    let has_no_width = |c| matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}');
    text.trim_matches(|c: char| c.is_whitespace() || has_no_width(c))
}
