//! `missingValues`: texts that mean "no value".

use ahash::AHashSet;
use arrow_array::{
    ArrayRef, BooleanArray,
    cast::AsArray,
    types::{Float64Type, Int64Type},
};
use arrow_select::nullif::nullif;

use crate::error::{Error, Result};

/// The missing values of one field, as texts and as the numbers some of them mean (`-99`).
#[derive(Debug)]
pub(super) struct Missing {
    texts: AHashSet<String>,
    ints: Vec<i64>,
    floats: Vec<f64>,
    has_empty: bool,
}

impl Missing {
    pub(super) fn new(values: &[String]) -> Self {
        Missing {
            texts: values.iter().cloned().collect(),
            ints: values
                .iter()
                .filter_map(|value| value.trim().parse().ok())
                .collect(),
            floats: values
                .iter()
                .filter_map(|value| value.trim().parse().ok())
                .collect(),
            has_empty: values.iter().any(String::is_empty),
        }
    }

    /// True when this very text means "no value".
    pub(super) fn has(&self, text: &str) -> bool {
        if text.is_empty() {
            self.has_empty
        } else {
            self.texts.len() > usize::from(self.has_empty) && self.texts.contains(text)
        }
    }

    /// As `has`, with white space around the text aside: for fields that are not texts.
    pub(super) fn has_trimmed(&self, text: &str) -> bool {
        self.has(text) || self.has(text.trim())
    }

    /// The array with null for every number that means "no value".
    pub(super) fn without_numbers(&self, array: ArrayRef) -> Result<ArrayRef> {
        if let Some(ints) = array.as_primitive_opt::<Int64Type>()
            && !self.ints.is_empty()
        {
            return nulled(
                &array,
                ints.values()
                    .iter()
                    .map(|value| self.ints.contains(value))
                    .collect(),
            );
        }
        if let Some(floats) = array.as_primitive_opt::<Float64Type>()
            && !self.floats.is_empty()
        {
            return nulled(
                &array,
                floats
                    .values()
                    .iter()
                    .map(|value| self.floats.contains(value))
                    .collect(),
            );
        }
        Ok(array)
    }
}

/// The array with null where `gone` is true.
pub(super) fn nulled(array: &ArrayRef, gone: Vec<bool>) -> Result<ArrayRef> {
    if !gone.contains(&true) {
        return Ok(ArrayRef::clone(array));
    }
    nullif(array, &BooleanArray::from(gone)).map_err(|error| Error::bug(format!("nullif: {error}")))
}
