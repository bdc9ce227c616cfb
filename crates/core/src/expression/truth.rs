//! True, false or unknown, of many rows at once.

use arrow_buffer::{BooleanBuffer, NullBuffer};

/// Rows of which something is true, and rows of which it is false; of the others it is unknown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Truth {
    pub(crate) yes: BooleanBuffer,
    pub(crate) no: BooleanBuffer,
}

impl Truth {
    pub(super) fn all(value: Option<bool>, rows: usize) -> Self {
        let buffer = |is_set| match is_set {
            true => BooleanBuffer::new_set(rows),
            false => BooleanBuffer::new_unset(rows),
        };
        Truth {
            yes: buffer(value == Some(true)),
            no: buffer(value == Some(false)),
        }
    }

    /// What was asked of each row, where there was something to ask.
    pub(super) fn new(values: BooleanBuffer, valid: Option<&NullBuffer>) -> Self {
        match valid {
            None => Truth {
                no: !&values,
                yes: values,
            },
            Some(valid) => Truth {
                yes: &values & valid.inner(),
                no: &!&values & valid.inner(),
            },
        }
    }

    pub(super) fn not(self) -> Self {
        Truth {
            yes: self.no,
            no: self.yes,
        }
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        Truth {
            yes: &self.yes & &other.yes,
            no: &self.no | &other.no,
        }
    }

    pub(super) fn or(&self, other: &Self) -> Self {
        Truth {
            yes: &self.yes | &other.yes,
            no: &self.no & &other.no,
        }
    }

    /// True where both are known and the same.
    pub(super) fn same(&self, other: &Self) -> Self {
        Truth {
            yes: &(&self.yes & &other.yes) | &(&self.no & &other.no),
            no: &(&self.yes & &other.no) | &(&self.no & &other.yes),
        }
    }

    /// `then` where this is true, `otherwise` where it is false.
    pub(super) fn choose(&self, then: &Self, otherwise: &Self) -> Self {
        Truth {
            yes: &(&self.yes & &then.yes) | &(&self.no & &otherwise.yes),
            no: &(&self.yes & &then.no) | &(&self.no & &otherwise.no),
        }
    }

    /// True where it is unknown, false elsewhere.
    pub(super) fn is_unknown(&self) -> Self {
        let known = &self.yes | &self.no;
        Truth {
            yes: !&known,
            no: known,
        }
    }
}
