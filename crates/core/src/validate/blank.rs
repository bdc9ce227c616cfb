//! Rows without any value: formatted, or emptied, but never filled in. They are no rows of the table.

use arrow_array::{Array, ArrayRef};
use arrow_buffer::BooleanBuffer;

use super::cells::is_blank;
use crate::{
    column::Window,
    header::{Header, HeaderColumn, REASON_LABEL},
};

/// True for each row that is blank; `None` when there is none.
pub(super) fn blank_rows(
    window: &Window,
    arrays: &[ArrayRef],
    header: &Header,
) -> Option<BooleanBuffer> {
    // A row with a value in some array is not blank, and most windows have a column without nulls.
    let mut filled: Option<BooleanBuffer> = None;
    for array in arrays {
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0)?;
        filled =
            Some(filled.map_or_else(|| nulls.inner().clone(), |filled| &filled | nulls.inner()));
    }
    let filled = filled?;
    let is_reason = |column: &HeaderColumn| column.label.as_deref() == Some(REASON_LABEL);
    let reason = header.columns.iter().position(is_reason);
    let mut any = false;
    // What is null in every array may still hold something: a misfit, "n/a", a note beside the table.
    let blank = BooleanBuffer::collect_bool(window.num_rows(), |row| {
        let blank = !filled.value(row)
            && (0..window.num_columns())
                .filter(|&column| Some(column) != reason)
                .all(|column| is_blank(window.column(column).cell(row)));
        any |= blank;
        blank
    });
    any.then_some(blank)
}
