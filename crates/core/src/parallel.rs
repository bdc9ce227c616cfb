//! Work for each column, on all cores where that is worth their waking up.

use std::sync::OnceLock;

use rayon::prelude::*;

use crate::column::Window;

/// Cells from which on it is: below, all of them take less time than it takes to wake a thread.
pub(crate) const WORTH_IT: usize = 1 << 16;

/// Cores that this process may use, found out once: it takes reading several files.
pub(crate) fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// Whether the columns of a window are to be shared out.
pub(crate) fn is_worth_it(window: &Window) -> bool {
    window.num_rows() * window.num_columns() >= WORTH_IT
}

/// What `work` makes of each item, in order.
pub(crate) fn map<T: Sync, R: Send>(
    shared_out: bool,
    items: &[T],
    work: impl Fn(usize, &T) -> R + Sync + Send,
) -> Vec<R> {
    let work = |(at, item)| work(at, item);
    if shared_out {
        items.par_iter().enumerate().map(work).collect()
    } else {
        items.iter().enumerate().map(work).collect()
    }
}

/// The same for items that change.
pub(crate) fn map_mut<T: Send, R: Send>(
    shared_out: bool,
    items: &mut [T],
    work: impl Fn(&mut T) -> R + Sync + Send,
) -> Vec<R> {
    if shared_out {
        items.par_iter_mut().map(work).collect()
    } else {
        items.iter_mut().map(work).collect()
    }
}
