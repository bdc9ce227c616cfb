//! The one place where text is trusted without being checked again.
//!
//! Arrow's checked constructor validates every view and all text for each batch, which costs more than building the
//! batch (`benches`, stage `batches`). Text is validated once, where it enters: a shared-string block when it is pushed,
//! the texts of a piece when it is finished; and views are made only by `make_view` from places in those buffers.
#![allow(unsafe_code)]

use arrow_array::StringViewArray;
use arrow_buffer::{Buffer, NullBuffer, ScalarBuffer};

/// An array of these views. Debug builds check what release builds trust.
pub(super) fn view_array(
    views: ScalarBuffer<u128>,
    blocks: Vec<Buffer>,
    nulls: Option<NullBuffer>,
) -> StringViewArray {
    if cfg!(debug_assertions) {
        return StringViewArray::new(views, blocks, nulls);
    }
    // SAFETY: every view comes from `make_view` on a text in the buffer it names (blocks keep their numbers: shared
    // strings first, then pieces in order, then written texts), and every such text was validated as UTF-8 beforehand.
    unsafe { StringViewArray::new_unchecked(views, blocks, nulls) }
}
