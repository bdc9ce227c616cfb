//! SpreadsheetML (ECMA-376): the parts of a workbook to cells. Has not heard of Arrow arrays.

mod body;
mod book;
mod comments;
mod edit;
mod package;
mod strings;
mod styles;
mod workbook;

pub(crate) mod sheet;

pub(crate) use body::XlsxSheet;
pub(crate) use book::XlsxBook;
pub use edit::{Annotated, Marks, is_list_of_findings};
pub(crate) use package::Package;
pub(crate) use strings::{Block, KnownTable, SharedStrings, TableOrChunks};
#[cfg(feature = "fuzzing")]
pub(crate) use styles::read_formats;
