//! Limits: what a file may ask of us. Every quantity an attacker can choose has one; [`Limits::NONE`] removes it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use crate::{
    cancel::CancelToken,
    error::{Error, Result},
};

/// Upper bounds, all on by default. A value beyond a bound ends in `ErrorKind::Limit` with the field's name.
///
/// ```
/// use sheetlift_core::Limits;
/// let mut limits = Limits::default();
/// limits.max_file_bytes = 10 << 20;
/// limits.max_rows = Limits::NONE;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of the file. Default 1 GiB.
    pub max_file_bytes: u64,
    /// Entries in the archive. Default 10,000.
    pub max_entries: u64,
    /// Bytes of one inflated sheet or shared-string part. Default 8 GiB: they are read in chunks, never whole.
    pub max_part_bytes: u64,
    /// Bytes of a part that is held whole (workbook, styles, relationships). Default 64 MiB.
    pub max_small_part_bytes: u64,
    /// Bytes inflated from one file, all parts together. Default 16 GiB.
    pub max_total_inflated_bytes: u64,
    /// Inflated bytes for each compressed byte of a part, beyond its first MiB. Default 250; ordinary sheets have 4 to 40.
    pub max_inflate_ratio: u64,
    /// Depth of nested XML elements. Default 64.
    pub max_xml_depth: u64,
    /// Bytes of one row of a sheet, of one shared string or of one token, as far as it has to be held whole: asked when a
    /// buffer is about to be doubled for it. Default 64 MiB.
    pub max_row_bytes: u64,
    /// Rows of a table. Default 100,000,000, for text files: a sheet cannot have more than 1,048,576.
    pub max_rows: u64,
    /// Columns of a sheet. Default 16,384, the most a sheet can have.
    pub max_columns: u64,
    /// Cells held for one table (rows times columns, nulls included). Default 2,000,000,000.
    pub max_cells: u64,
    /// Bytes of text in one cell; the digits of a number are none. Default 1 MiB; spreadsheets stop at 32,767 characters.
    pub max_cell_bytes: u64,
    /// Bytes of the shared strings, once read. Default 2 GiB.
    pub max_shared_string_bytes: u64,
    /// Rounds of hashing that make a key of a password. Default 1,000,000; Excel asks for 100,000, the format allows ten
    /// million.
    pub max_password_spins: u64,
    /// Findings kept in memory; more are counted and streamed. Default 100,000.
    pub max_findings: u64,
    /// Attributes of one row or cell. Default 1,000.
    pub max_attributes: u64,
    /// Cells with a value that a sheet makes by saying that one is repeated (OpenDocument); a text counts as one more for
    /// each 16 bytes. Default 10,000,000.
    pub max_repeated_cells: u64,
    /// Bytes held in memory for a small file: shared strings, rows whose types are not known yet, names. Default 96 MiB. What is
    /// passed on as it is read does not count.
    pub max_held_bytes: u64,
    /// Cells without a value in the table of a small file, rows times columns less those that have one. Default 100,000,000.
    pub max_blank_cells: u64,
    /// Bytes that the shared strings in the table of a small file come to, each counted as often as a cell has it. Default
    /// 1 GiB. Rows are counted from where their number times the longest string is beyond it, so twice as much may pass.
    pub max_text_bytes: u64,
    /// How much a large file may ask for: bytes held, cells without a value and bytes of text, for each byte of the file, where
    /// that is more than [`Self::max_held_bytes`], [`Self::max_blank_cells`] or [`Self::max_text_bytes`]. Default 16;
    /// ordinary files need 2 to 8.
    pub max_size_ratio: u64,
    /// Seconds spent on reading one file, all threads together; waiting for whoever takes the rows does not count.
    /// Default 600.
    pub max_read_seconds: u64,
}

impl Limits {
    /// No limit.
    pub const NONE: u64 = u64::MAX;

    /// Sets the limit of this name, for configurations that hold limits as text.
    ///
    /// # Errors
    /// `Usage` with the names there are.
    ///
    /// ```
    /// use sheetlift_core::Limits;
    /// let mut limits = Limits::default();
    /// limits.set("max_rows", 5_000).unwrap();
    /// assert_eq!(limits.max_rows, 5_000);
    /// ```
    pub fn set(&mut self, name: &str, value: u64) -> Result<()> {
        match self.named(name) {
            Some(limit) => *limit = value,
            None => {
                let error = Error::usage("usage/limit", format!("there is no limit {name:?}"));
                return Err(error.with_hint(format!("the limits are {}", Limits::NAMES.join(", "))));
            }
        }
        Ok(())
    }
}

impl Limits {
    /// The limits for a file of so many bytes: of the limits that depend on it, those of small files are what counts.
    pub(crate) fn for_file(mut self, bytes: u64) -> Self {
        let by_size = self.max_size_ratio.saturating_mul(bytes);
        for limit in [
            &mut self.max_held_bytes,
            &mut self.max_blank_cells,
            &mut self.max_text_bytes,
        ] {
            *limit = by_size.max(*limit);
        }
        self
    }

    /// Asks whether a table may have so many rows and columns, and so few cells with a value.
    pub(crate) fn check_table(&self, rows: u64, columns: usize, cells: u64) -> Result<()> {
        check("max_rows", self.max_rows, rows)?;
        let all = rows.saturating_mul(columns as u64);
        check("max_cells", self.max_cells, all)?;
        let blank = all.saturating_sub(cells);
        check("max_blank_cells", self.max_blank_cells, blank)
    }

    /// Asks whether so many bytes may be held.
    pub(crate) fn check_held(&self, bytes: u64) -> Result<()> {
        check("max_held_bytes", self.max_held_bytes, bytes)
    }
}

/// Names the limits once, for the look-up and for the message.
macro_rules! names {
    ($($name:ident)*) => {
        impl Limits {
            /// The names that [`Limits::set`] knows.
            pub const NAMES: &[&str] = &[$(stringify!($name)),*];

            fn named(&mut self, name: &str) -> Option<&mut u64> {
                match name {
                    $(stringify!($name) => Some(&mut self.$name),)*
                    _ => None,
                }
            }
        }
    };
}

names! {
    max_file_bytes max_entries max_part_bytes max_small_part_bytes max_total_inflated_bytes max_inflate_ratio
    max_xml_depth max_row_bytes max_rows max_columns max_cells max_cell_bytes max_shared_string_bytes
    max_password_spins max_findings max_attributes max_repeated_cells max_held_bytes max_blank_cells
    max_text_bytes max_size_ratio max_read_seconds
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_file_bytes: 1 << 30,
            max_entries: 10_000,
            max_part_bytes: 8 << 30,
            max_small_part_bytes: 64 << 20,
            max_total_inflated_bytes: 16 << 30,
            max_inflate_ratio: 250,
            max_xml_depth: 64,
            max_row_bytes: 64 << 20,
            max_rows: 100_000_000,
            max_columns: 16_384,
            max_cells: 2_000_000_000,
            max_cell_bytes: 1 << 20,
            max_shared_string_bytes: 2 << 30,
            max_password_spins: 1_000_000,
            max_findings: 100_000,
            max_attributes: 1_000,
            max_repeated_cells: 10_000_000,
            max_held_bytes: 96 << 20,
            max_blank_cells: 100_000_000,
            max_text_bytes: 1 << 30,
            max_size_ratio: 16,
            max_read_seconds: 600,
        }
    }
}

/// The limits of one file, what has been used of those that add up, and whether to go on at all. Asked before memory grows.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    pub(crate) limits: Limits,
    cancel: CancelToken,
    inflated: AtomicU64,
    /// Nanoseconds spent.
    busy: AtomicU64,
}

impl Budget {
    pub(crate) fn new(limits: Limits, cancel: CancelToken) -> Self {
        Budget {
            limits,
            cancel,
            ..Budget::default()
        }
    }

    pub(crate) fn cancel(&self) -> &CancelToken {
        &self.cancel
    }

    /// Does a piece of work whose time counts, unless the caller asked to stop.
    pub(crate) fn timed<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.cancel.check()?;
        let start = Instant::now();
        let done = work()?;
        let spent = start.elapsed().as_nanos() as u64;
        let total = self.busy.fetch_add(spent, Ordering::Relaxed) + spent;
        check(
            "max_read_seconds",
            self.limits.max_read_seconds,
            total / 1_000_000_000,
        )?;
        Ok(done)
    }

    /// Counts bytes that were inflated, unless the caller asked to stop.
    pub(crate) fn spend_inflated(&self, bytes: u64) -> Result<()> {
        self.cancel.check()?;
        let total = self.inflated.fetch_add(bytes, Ordering::Relaxed) + bytes;
        check(
            "max_total_inflated_bytes",
            self.limits.max_total_inflated_bytes,
            total,
        )
    }
}

/// An error when `actual` is beyond `limit`.
pub(crate) fn check(name: &'static str, limit: u64, actual: u64) -> Result<()> {
    if actual > limit {
        Err(Error::limit(name, limit, actual))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_time_adds_up() {
        let limits = Limits {
            max_read_seconds: 2,
            ..Limits::default()
        };
        let budget = Budget::new(limits, CancelToken::new());
        for (seconds, is_fine) in [(1, true), (2, true), (3, false)] {
            budget
                .busy
                .store(seconds * 1_000_000_000, Ordering::Relaxed);
            assert_eq!(budget.timed(|| Ok(())).is_ok(), is_fine, "{seconds}");
        }
    }

    #[test]
    fn large_files_may_ask_for_more() {
        let limits = Limits {
            max_held_bytes: 1_000,
            max_blank_cells: 5_000,
            max_size_ratio: 10,
            ..Limits::default()
        };
        let of = |bytes| {
            let limits = limits.clone().for_file(bytes);
            (limits.max_held_bytes, limits.max_blank_cells)
        };
        assert_eq!(of(100), (1_000, 5_000));
        assert_eq!(of(101), (1_010, 5_000));
        assert_eq!(of(501), (5_010, 5_010));
        assert!(limits.clone().for_file(101).check_held(1_010).is_ok());
        assert!(limits.for_file(101).check_held(1_011).is_err());
    }
}
