//! Columns of numbers and texts, and single values that stand for a whole column.

use arrow_array::{Array, ArrowNativeTypeOp, StringViewArray};
use arrow_buffer::{ArrowNativeType, NullBuffer, ScalarBuffer};

/// Numbers (dates, times), one for each row or one for all.
#[derive(Debug, Clone)]
pub(super) struct Numbers<T: ArrowNativeType> {
    pub(super) slots: Slots<T>,
    /// `None`: every row has one.
    pub(super) valid: Option<NullBuffer>,
}

#[derive(Debug, Clone)]
pub(super) enum Slots<T: ArrowNativeType> {
    One(T),
    Many(ScalarBuffer<T>),
}

impl<T: ArrowNativeType + ArrowNativeTypeOp> Numbers<T> {
    pub(super) fn one(value: T) -> Self {
        Numbers {
            slots: Slots::One(value),
            valid: None,
        }
    }

    /// No value in any row.
    pub(super) fn none(rows: usize) -> Self {
        Numbers {
            slots: Slots::One(T::ZERO),
            valid: Some(NullBuffer::new_null(rows)),
        }
    }

    /// The number in a row, whatever it is where there is none.
    #[inline]
    pub(super) fn get(&self, row: usize) -> T {
        match &self.slots {
            Slots::One(value) => *value,
            Slots::Many(values) => values[row],
        }
    }

    fn is_valid(&self, row: usize) -> bool {
        self.valid.as_ref().is_none_or(|valid| valid.is_valid(row))
    }

    /// Another column of as many rows; rows without a number stay without, and so do those that `change` makes none of.
    pub(super) fn map<U: ArrowNativeType + ArrowNativeTypeOp>(
        &self,
        rows: usize,
        change: impl Fn(T) -> Option<U>,
    ) -> Numbers<U> {
        from_rows(rows, |row| {
            self.is_valid(row).then(|| change(self.get(row)))?
        })
    }

    /// Both, row by row.
    pub(super) fn zip<U: ArrowNativeType + ArrowNativeTypeOp>(
        &self,
        other: &Self,
        rows: usize,
        join: impl Fn(T, T) -> Option<U>,
    ) -> Numbers<U> {
        from_rows(rows, |row| {
            match self.is_valid(row) && other.is_valid(row) {
                true => join(self.get(row), other.get(row)),
                false => None,
            }
        })
    }

    /// This where `choice` is true, the other where it is false.
    pub(super) fn choose(
        &self,
        other: &Self,
        rows: usize,
        choice: impl Fn(usize) -> Option<bool>,
    ) -> Self {
        from_rows(rows, |row| {
            let from = if choice(row)? { self } else { other };
            from.is_valid(row).then(|| from.get(row))
        })
    }
}

fn from_rows<T: ArrowNativeType + ArrowNativeTypeOp>(
    rows: usize,
    value: impl Fn(usize) -> Option<T>,
) -> Numbers<T> {
    let mut valid = vec![true; rows];
    let values: Vec<T> = (0..rows)
        .map(|row| {
            let value = value(row);
            valid[row] = value.is_some();
            value.unwrap_or(T::ZERO)
        })
        .collect();
    let has_none = valid.contains(&false);
    Numbers {
        slots: Slots::Many(values.into()),
        valid: has_none.then(|| NullBuffer::from(valid)),
    }
}

/// Texts, one for each row or one for all.
#[derive(Debug, Clone)]
pub(super) enum Texts {
    One(Option<String>),
    Many(StringViewArray),
}

impl Texts {
    pub(super) fn get(&self, row: usize) -> Option<&str> {
        match self {
            Texts::One(text) => text.as_deref(),
            Texts::Many(texts) => texts.is_valid(row).then(|| texts.value(row)),
        }
    }

    /// Which rows have one; `None`: all.
    pub(super) fn valid(&self, rows: usize) -> Option<NullBuffer> {
        match self {
            Texts::One(Some(_)) => None,
            Texts::One(None) => Some(NullBuffer::new_null(rows)),
            Texts::Many(texts) => texts.nulls().cloned(),
        }
    }
}
