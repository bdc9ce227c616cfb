//! What every format gives: a list of sheets, and each sheet as pieces of rows in order. Readers of windows and batches know
//! these traits and no format; formats know `RowSink`, into which they put cells, and have not heard of Arrow.

mod cell_formats;
mod comments;
mod identifier;
pub(crate) mod iso;
mod names;
pub(crate) mod number;
mod number_format;
mod rows;
mod selection;
mod sheets;

use std::{any::Any, fmt, ops::RangeInclusive, sync::Arc};

pub(crate) use cell_formats::{CellFormats, plain};
pub use comments::CellComment;
pub(crate) use names::{NameTable, NamedRange};
pub(crate) use number_format::NumberKind;
#[cfg(feature = "fuzzing")]
pub(crate) use number_format::kind_of_code;
pub(crate) use rows::RowSink;
pub(crate) use selection::{Lines, Selection};
pub use sheets::{DefinedName, SheetInfo, SheetKind, TableInfo, Visibility};
pub(crate) use sheets::{Merge, Places};

use crate::{
    a1::MAX_ROWS,
    column::{DateSystem, StringTable, piece::Piece},
    csv::TextFormat,
    error::Result,
    reader::Part,
    xlsx::XlsxBook,
};

/// An open workbook of some format.
pub(crate) trait Book: fmt::Debug + Send + Sync {
    /// The book as one of SpreadsheetML parts, if it is one: only those can be copied with marks.
    fn as_xlsx(&self) -> Option<&XlsxBook> {
        None
    }

    /// True when the format itself has it encrypted, not a container around it.
    fn is_encrypted(&self) -> bool {
        false
    }

    /// All sheets, in the order of the tabs.
    fn sheets(&self) -> &[SheetInfo];

    /// All defined names but hidden ones.
    fn defined_names(&self) -> &[DefinedName] {
        &[]
    }

    /// The tables of all sheets.
    fn tables(&self) -> Result<Vec<TableInfo>> {
        Ok(Vec::new())
    }

    /// What is said about cells in these rows of the sheet at this place, where the format is one whose comments are read.
    fn comments(&self, _sheet: usize, _rows: &RangeInclusive<u32>) -> Result<Vec<CellComment>> {
        Ok(Vec::new())
    }

    /// How a text file is read; other books are none.
    fn text_format(&self) -> Option<TextFormat> {
        None
    }

    /// How serial numbers become dates.
    fn dates(&self) -> DateSystem {
        DateSystem::default()
    }

    /// The number formats that cells refer to.
    fn formats(&self) -> Result<Arc<CellFormats>> {
        Ok(Arc::default())
    }

    /// Opens the sheet at this place, which is one of cells.
    fn open(&self, sheet: usize) -> Result<Box<dyn SheetBody>>;
}

/// A sheet that is about to be read.
pub(crate) trait SheetBody: Any + Send + Sync {
    /// Columns that are hidden.
    fn hidden_columns(&self) -> &Lines {
        Lines::NONE
    }

    /// What the writer declared as the used cells: never to be trusted.
    fn declared_dimension(&self) -> Option<&str> {
        None
    }

    /// Bytes to be read, compressed where they are: few of them are not worth many threads.
    fn size(&self) -> u64;

    /// The first rows of the selection that have a cell: as many as asked for, or more, or all. They come again.
    fn peek(&mut self, selection: &Selection, rows: usize) -> Result<Vec<Part>>;

    /// The table of shared strings, with `len` strings at least if there are as many.
    fn strings_to(&mut self, len: usize) -> Result<&StringTable>;

    /// Begins to read.
    fn start(
        self: Box<Self>,
        selection: &Selection,
        strings: Strings,
        threads: usize,
    ) -> Result<Box<dyn PieceStream>>;
}

/// The pieces of a sheet.
pub(crate) trait PieceStream: Send + Sync {
    /// Number of the first row, should it not say its own.
    fn first_row(&self) -> u32 {
        0
    }

    /// Rows that such a file can have.
    fn max_rows(&self) -> u32 {
        MAX_ROWS
    }

    /// The next pieces; `None` at the end.
    fn next(&mut self) -> Result<Option<Vec<Piece>>>;

    /// The table of all shared strings.
    fn strings(&mut self) -> Result<Arc<StringTable>>;

    /// The strings up to `len`, in a table of its own, for a consumer that wants no more of the sheet.
    fn strings_to(self: Box<Self>, len: usize) -> Result<Arc<StringTable>>;

    /// The merged cells, once the last piece was given.
    fn merges(&mut self) -> Result<Vec<Merge>> {
        Ok(Vec::new())
    }
}

/// When shared strings are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strings {
    /// Before the sheet: no row can be given without them.
    First,
    /// Beside the sheet: they are wanted at its end.
    Beside,
}
