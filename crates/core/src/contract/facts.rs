//! What is known of a whole column: every row was seen, none guessed. From this a contract is proposed.

use std::collections::BTreeSet;

use super::{
    code_shape::Shapes,
    model::{StringFormat, Value},
};
use crate::column::ColumnKind;

/// Different values of a column that are counted; beyond that it has "more".
pub const MAX_DISTINCT: u64 = 1_000;
/// Different texts that are kept, and the characters of the longest of them.
pub(super) const MAX_VALUES: usize = 20;
const MAX_VALUE_CHARACTERS: u32 = 100;

/// What is known of a table.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct TableFacts {
    /// What is known of its columns, in the order of its header.
    pub columns: Vec<ColumnFacts>,
    /// Some record of a text file has more cells than its header.
    pub has_long_rows: bool,
}

impl TableFacts {
    /// A table of these columns.
    pub fn new(columns: Vec<ColumnFacts>) -> TableFacts {
        TableFacts {
            columns,
            has_long_rows: false,
        }
    }
}

/// What is known of a whole column.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ColumnFacts {
    /// The narrowest type that holds every cell.
    pub kind: ColumnKind,
    /// Rows of the table: those with a value in some column.
    pub rows: u64,
    /// Rows without a value in this one.
    pub missing: u64,
    /// Cells that show the error of a formula; they are without a value.
    pub errors: u64,
    /// Different values; `None` when they are more than [`MAX_DISTINCT`] and not all different.
    pub distinct: Option<u64>,
    /// No value occurs twice.
    pub all_unique: bool,
    /// Smallest and largest value, of types that have them.
    pub range: Option<(Value, Value)>,
    /// What the texts look like, of a column of texts.
    pub texts: TextFacts,
    /// Some text is a time to the minute (`18:30`), which the standard's default format does not read, but `any` does.
    pub to_the_minute: bool,
    /// What its author says about it: the comment of the header cell.
    pub note: Option<String>,
}

impl ColumnFacts {
    /// A column of this kind of which no row was seen yet.
    pub fn new(kind: ColumnKind) -> ColumnFacts {
        ColumnFacts {
            kind,
            rows: 0,
            missing: 0,
            errors: 0,
            distinct: Some(0),
            all_unique: false,
            range: None,
            texts: TextFacts::default(),
            to_the_minute: false,
            note: None,
        }
    }

    /// Takes one more value into [`Self::range`]. What has no order (NaN, say) is passed over.
    pub fn widen_range(&mut self, value: Value) {
        let is_less = |a: &Value, b: &Value| match (a, b) {
            (Value::Int(a), Value::Int(b)) => a < b,
            (Value::Float(a), Value::Float(b)) => a < b,
            _ => false,
        };
        match &mut self.range {
            None if matches!(value, Value::Float(float) if !float.is_finite()) => {}
            None => self.range = Some((value.clone(), value)),
            Some((least, most)) => {
                if is_less(&value, least) {
                    *least = value;
                } else if is_less(most, &value) {
                    *most = value;
                }
            }
        }
    }
}

/// What is known of the texts of a column, in bounded memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFacts {
    /// Characters of the shortest and the longest one.
    lengths: Option<(u32, u32)>,
    /// All of them, while they are few and short.
    values: Option<BTreeSet<String>>,
    shapes: Shapes,
    /// Formats of all texts so far.
    formats: Vec<StringFormat>,
    /// Some text is there and shows nothing.
    has_blanks: bool,
}

impl Default for TextFacts {
    fn default() -> Self {
        TextFacts {
            lengths: None,
            values: Some(BTreeSet::new()),
            shapes: Shapes::default(),
            formats: vec![StringFormat::Uuid, StringFormat::Email, StringFormat::Uri],
            has_blanks: false,
        }
    }
}

impl TextFacts {
    /// Looks at a text. One that was seen before adds nothing.
    pub fn add(&mut self, text: &str) {
        if text.trim().is_empty() {
            self.has_blanks |= !text.is_empty();
            return;
        }
        let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let (least, most) = self.lengths.unwrap_or((length, length));
        self.lengths = Some((least.min(length), most.max(length)));
        if let Some(values) = &mut self.values
            && !values.contains(text)
        {
            if values.len() < MAX_VALUES && length <= MAX_VALUE_CHARACTERS {
                values.insert(text.to_owned());
            } else {
                self.values = None;
            }
        }
        self.shapes.add(text);
        // What has only a colon is a URI by name, and hardly meant as one.
        let is_address =
            |format: &StringFormat| *format != StringFormat::Uri || text.contains("://");
        self.formats
            .retain(|format| format.holds(text) && is_address(format));
    }

    /// Characters of the shortest and the longest text.
    pub(super) fn lengths(&self) -> Option<(u32, u32)> {
        self.lengths
    }

    /// All texts, in order, if they are few.
    pub(super) fn values(&self) -> Option<&BTreeSet<String>> {
        let values = self.values.as_ref()?;
        (!values.is_empty() && !self.has_blanks).then_some(values)
    }

    /// The digits of identifiers that all have the same number of them, some with zeros in front.
    pub fn identifier(&self) -> Option<u8> {
        let (least, most) = self.lengths?;
        let is_one =
            !self.has_blanks && least == most && self.shapes.digits((least, most)).is_some();
        is_one.then_some(u8::try_from(least).ok()?)
    }

    /// What identifiers look like, as a pattern.
    pub(super) fn pattern(&self, are_many: bool) -> Option<String> {
        if self.has_blanks {
            return None;
        }
        self.shapes.digits(self.lengths?).or_else(|| {
            let shapes = are_many.then(|| self.shapes.pattern());
            shapes.flatten()
        })
    }

    /// The format that all texts have.
    pub(super) fn format(&self) -> StringFormat {
        let is_known = self.lengths.is_some() && !self.has_blanks;
        let format = self.formats.first().filter(|_| is_known);
        format.copied().unwrap_or_default()
    }
}
