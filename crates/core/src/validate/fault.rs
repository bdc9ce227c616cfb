//! A fault before words are made of it: 16 bytes, so that a window of bad rows is cheap until somebody wants to read it.

use super::key::Key;
use crate::contract::{FieldType, Misfit};

/// Something wrong with one cell, or with one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    /// Row in the window.
    pub(super) row: u32,
    /// Field, or the first field of the key.
    pub(super) field: u16,
    pub(super) what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The cell holds no value of the field's type.
    Misfit(Misfit),
    /// The cell shows an error.
    FormulaError,
    /// The cell's text is not in the file.
    BadString,
    /// There is no value, and there has to be.
    Required,
    /// The value breaks this rule of the field.
    Rule(u8),
    /// A field of the primary key has no value.
    KeyNull,
    /// White space around the text was cut off.
    Trimmed,
    /// The text was read as another one.
    Mapped,
    /// There is no value, and the default was taken.
    Defaulted,
    /// The row has more cells than the header, this many.
    ExtraCells(u32),
    /// The row has fewer.
    MissingCells(u32),
    /// The row breaks this rule of the contract.
    RowRule(u16),
    /// The row agrees with this zero-based sheet row in what decides, by this rule about the table, but not in what follows.
    Dependency { rule: u16, first: u32 },
    /// This key, an index in the validator's, is not in the table that it refers to.
    NotFound { key: u16 },
    /// This key, an index in the validator's, occurred before in this zero-based sheet row.
    KeyTaken { key: u16, first: u32 },
}

impl What {
    /// A number that tells kinds apart, where `KeyTaken` differs by key only.
    pub(super) fn kind(self) -> u32 {
        match self {
            What::Misfit(misfit) => misfit as u32,
            What::FormulaError => 0x100,
            What::BadString => 0x101,
            What::Required => 0x102,
            What::KeyNull => 0x103,
            What::ExtraCells(_) => 0x104,
            What::MissingCells(_) => 0x105,
            What::Trimmed => 0x180,
            What::Mapped => 0x181,
            What::Defaulted => 0x182,
            What::RowRule(rule) => 0x2_0000 + u32::from(rule),
            What::Dependency { rule, .. } => 0x3_0000 + u32::from(rule),
            What::Rule(rule) => 0x200 + u32::from(rule),
            What::KeyTaken { key, .. } | What::NotFound { key } => 0x1_0000 + u32::from(key),
        }
    }
}

impl Fault {
    /// The field it is about; `None` when it is about the row.
    pub(super) fn field(&self, keys: &[Key]) -> Option<usize> {
        let is_about_row = match self.what {
            What::ExtraCells(_)
            | What::MissingCells(_)
            | What::RowRule(_)
            | What::Dependency { .. } => true,
            What::KeyTaken { key, .. } | What::NotFound { key } => {
                keys[usize::from(key)].fields.len() > 1
            }
            _ => false,
        };
        (!is_about_row).then_some(usize::from(self.field))
    }
}

/// The code of a misfit in a field of this type.
pub(super) fn misfit_code(misfit: Misfit, field_type: &FieldType) -> &'static str {
    let is_date = matches!(
        field_type,
        FieldType::Date(_) | FieldType::Time(_) | FieldType::DateTime(_)
    );
    match misfit {
        Misfit::NumberLocale => "cell/number-locale",
        Misfit::Precision => "cell/precision",
        Misfit::DateAmbiguous => "cell/date-ambiguous",
        Misfit::DateInvalid | Misfit::Type if is_date => "cell/date-invalid",
        Misfit::DateInvalid | Misfit::Type | Misfit::Calendar => "cell/type",
    }
}
