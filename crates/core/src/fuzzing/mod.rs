//! What the fuzz targets call: for each target a function that takes any bytes and panics when a property does not hold.
//!
//! The properties: nothing panics, nothing ends in an error of kind `Bug`, what is read is bounded by the limits, and two
//! roads to the same place give the same values or both an error. For the targets below `fuzz/` alone; there is no promise
//! of stability.

mod archive;
mod books;
mod contract;
mod package;
mod sheet;
mod strings;
mod styles;
mod workbook;
mod xml;

// A target for another format goes beside these: a function here, a file in `fuzz/fuzz_targets`, seeds in `fuzz/seed.py`.
pub use archive::{archive, inflate};
pub use contract::contract;
pub use sheet::sheet;
pub use strings::strings;
pub use styles::styles;
pub use workbook::{csv, ods, workbook, xls, xlsb};
pub use xml::xml;

use crate::{
    error::{ErrorKind, Result},
    limits::Limits,
};

/// Limits that small inputs can reach.
fn limits() -> Limits {
    Limits {
        max_file_bytes: 1 << 20,
        max_entries: 100,
        max_part_bytes: 256 << 10,
        max_small_part_bytes: 256 << 10,
        max_total_inflated_bytes: 16 << 20,
        max_xml_depth: 12,
        max_row_bytes: 64 << 10,
        max_rows: 10_000,
        max_columns: 400,
        max_cells: 200_000,
        max_cell_bytes: 64,
        max_shared_string_bytes: 64 << 10,
        ..Limits::default()
    }
}

/// The value, if there is one. An error is fine unless it says that the defect is ours; it must have words.
fn sound<T>(result: Result<T>) -> Option<T> {
    result
        .map_err(|error| {
            let words = error.to_string();
            assert!(!matches!(error.kind(), ErrorKind::Bug), "{words}");
            assert!(!error.message().is_empty());
        })
        .ok()
}
