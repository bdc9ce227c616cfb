//! The number formats of a workbook, by the index that its cells carry; what a number is by its format.

use std::{collections::HashMap, sync::Arc};

use super::{
    identifier::Identifier,
    number::Number,
    number_format::{NumberKind, builtin_code, kind_by_section, kind_of_builtin, kind_of_code},
};
use crate::{
    column::{DateSystem, Tag, duration_micros},
    error::{Error, Result},
};

/// Bytes of a number format. Excel takes 255 characters.
const MAX_CODE_BYTES: usize = 4_096;

/// Formats of cells. An index beyond them means `General`.
#[derive(Debug, Default, Clone)]
pub(crate) struct CellFormats {
    /// For each index what its numbers are.
    kinds: Vec<NumberKind>,
    /// For each index the number of its format.
    ids: Vec<u32>,
    /// Codes of the file, by the number of their format. A workbook may redefine a built-in one.
    codes: HashMap<u32, (Arc<str>, NumberKind)>,
    dates: DateSystem,
    /// Identifiers by the number of their format, where they are shown as text.
    identifiers: HashMap<u32, Identifier>,
}

impl CellFormats {
    /// The index of cells that have no format.
    pub(crate) const NONE: u32 = u32::MAX;

    /// Sets how serial numbers become dates.
    pub(crate) fn with_dates(mut self, dates: DateSystem) -> Self {
        self.dates = dates;
        self
    }

    /// Adds the code of a format; before the cells' formats that use it.
    pub(crate) fn define(&mut self, id: u32, code: &str) -> Result<()> {
        if code.len() > MAX_CODE_BYTES {
            let len = code.len();
            return Err(Error::malformed(format!(
                "a number format of {len} bytes, {MAX_CODE_BYTES} at most"
            )));
        }
        let kind = kind_of_code(code);
        self.codes.insert(id, (Arc::from(code), kind));
        Ok(())
    }

    /// Adds the format of the next index.
    pub(crate) fn push(&mut self, id: u32) {
        let known = self.codes.get(&id);
        self.kinds
            .push(known.map_or_else(|| kind_of_builtin(id), |(_, kind)| *kind));
        self.ids.push(id);
    }

    /// The code of an index, where it is known.
    pub(crate) fn code(&self, format: u32) -> Option<&str> {
        if format == Self::NONE {
            return None;
        }
        let id = self.ids.get(format as usize).copied().unwrap_or(0);
        match self.codes.get(&id) {
            Some((code, _)) => Some(code),
            None => builtin_code(id),
        }
    }

    /// The same, with identifiers as the text that is shown.
    pub(crate) fn with_identifiers(&self) -> Self {
        let mut formats = self.clone();
        for (format, kind) in formats.kinds.iter_mut().enumerate() {
            let id = self.ids[format];
            if *kind == NumberKind::Number
                && !formats.identifiers.contains_key(&id)
                && let Some(identifier) = self.code(format as u32).and_then(Identifier::parse)
            {
                formats.identifiers.insert(id, identifier);
            }
            if formats.identifiers.contains_key(&id) {
                *kind = NumberKind::Shown;
            }
        }
        formats
    }

    /// True when numbers of some cell are shown as identifiers.
    pub(crate) fn has_identifiers(&self) -> bool {
        !self.with_identifiers().identifiers.is_empty()
    }

    /// Tag and bits of a number; `None` for one that is to be [shown](Self::shown).
    pub(crate) fn slot(&self, number: Number, format: u32) -> Option<(Tag, u64)> {
        self.slot_of_kind(number, self.kind(format), format)
    }

    /// What the numbers of a format are.
    #[inline(always)]
    pub(crate) fn kind(&self, format: u32) -> NumberKind {
        let known = self.kinds.get(format as usize);
        known.copied().unwrap_or(NumberKind::Number)
    }

    /// As [`Self::slot`], of a format of this kind.
    pub(crate) fn slot_of_kind(
        &self,
        number: Number,
        kind: NumberKind,
        format: u32,
    ) -> Option<(Tag, u64)> {
        let serial = number.as_f64();
        let is_whole = || matches!(number, Number::Int(_)) || serial.fract() == 0.0;
        let tag = match kind {
            NumberKind::Duration if duration_micros(serial).is_some() => Tag::Duration,
            NumberKind::Shown => return None,
            NumberKind::BySection => {
                let code = self.code(format).unwrap_or_default();
                let kind = kind_by_section(code, serial);
                return self.slot_of_kind(number, kind, format);
            }
            // What no calendar shows stays the number it is.
            NumberKind::Number | NumberKind::Duration => return Some(plain(number)),
            _ if !self.dates.knows(serial) => return Some(plain(number)),
            NumberKind::Time | NumberKind::DateOrTime if serial < 1.0 => Tag::Time,
            NumberKind::Date | NumberKind::DateOrTime if is_whole() => Tag::Date,
            _ => Tag::DateTime,
        };
        Some((tag, serial.to_bits()))
    }

    /// The text of a number that is an identifier.
    pub(crate) fn shown(&self, number: Number, format: u32) -> Option<String> {
        let id = self.ids.get(format as usize)?;
        self.identifiers.get(id)?.show(number)
    }
}

/// A number that is no date.
pub(crate) fn plain(number: Number) -> (Tag, u64) {
    match number {
        Number::Int(int) => (Tag::Int, int as u64),
        Number::Float(float) => (Tag::Float, float.to_bits()),
    }
}
