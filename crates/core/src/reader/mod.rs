//! The public face: a workbook, its sheets, and their rows as windows or Arrow batches.

mod annotate;
mod area;
mod cells;
mod collect;
mod fill;
mod header_search;
mod open;
mod options;
mod pipeline;
mod prepare;
mod rows;
mod stages;
mod table;
mod workbook;

pub use cells::{CellInfo, FormulaText};
pub(crate) use collect::{Collector, Part, first_parts};
pub use header_search::HeaderSearch;
pub use open::{OpenOptions, Password};
pub use options::{MergedCells, ReadOptions};
pub(crate) use pipeline::Pipeline;
pub use rows::RowReader;
pub use stages::{StageTimes, stage_times};
pub use table::{Table, TableReader};
pub use workbook::Workbook;
