//! The public face: a workbook, its sheets, and their rows as windows or Arrow batches.

mod collect;
mod options;
mod pipeline;
mod prepare;
mod rows;
mod stages;
mod table;
mod workbook;

pub use options::ReadOptions;
pub use rows::RowReader;
pub use stages::{StageTimes, stage_times};
pub use table::{Table, TableReader};
pub use workbook::Workbook;
