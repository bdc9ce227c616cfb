//! SpreadsheetML (ECMA-376): the parts of a workbook to cells. Has not heard of Arrow arrays.

mod eight;
pub(crate) mod formats;
mod package;
mod strings;
mod styles;
mod workbook;

pub(crate) mod sheet;

pub(crate) use package::Package;
pub(crate) use strings::{Block, SharedStrings};
pub(crate) use styles::Styles;
pub use workbook::{DefinedName, SheetInfo, SheetKind, TableInfo, Visibility};
pub(crate) use workbook::{WorkbookPart, read_tables};
