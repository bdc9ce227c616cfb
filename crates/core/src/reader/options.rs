//! What to read, and how to hand it over.

use crate::{
    a1::CellRange,
    column::{ColumnKind, TextRepr},
    header::{HeaderRow, SheetRef},
};

/// Options of a read. `ReadOptions::default()` reads the whole first sheet.
///
/// ```
/// use sheetlift_core::{ColumnKind, ReadOptions};
/// let options = ReadOptions::default()
///     .with_sheet("Items")
///     .with_columns(["sku", "price"])
///     .with_type("sku", ColumnKind::Text)
///     .with_limit(1000);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadOptions {
    /// Which sheet. Default: the first visible worksheet.
    pub sheet: SheetRef,
    /// Which cells. Default: all.
    pub range: Option<CellRange>,
    /// Which cells, by a name instead: a table (without its totals), a defined name, or a reference with its sheet such as
    /// `Items!B2:F100`. Sheet and range are then taken from it; a sheet that is named as well has to be the same one.
    /// Default: none.
    pub area: Option<String>,
    /// Which columns, by name or by letter (`C`); in sheet order whatever the order here. Default: all.
    pub columns: Option<Vec<String>>,
    /// Rows to read at most, the header not counted. Default: all.
    pub limit: Option<u64>,
    /// Where the names are. Default: the first row with a value.
    pub header: HeaderRow,
    /// Types of columns by name; other columns get the narrowest type that holds all their cells. A cell that does not fit
    /// a type given here is an error that names it.
    pub types: Vec<(String, ColumnKind)>,
    /// Rows of a batch; only the last one has fewer. Default 65,536.
    pub batch_rows: usize,
    /// Threads, the calling one included; 0 means one for each core, and one for small files. Default 0.
    pub threads: usize,
    /// How texts are represented. Default: views.
    pub text: TextRepr,
    /// Keep rows without any value that lie between others, as rows of nulls. Default true.
    pub blank_rows: bool,
    /// What stands between the labels of several header rows. Default: a blank.
    pub header_join: String,
    /// Leave hidden rows out, and put no blank ones in their place. Default: they are read as others are.
    pub skip_hidden_rows: bool,
    /// Leave hidden columns out. Default: they are read as others are.
    pub skip_hidden_columns: bool,
    /// Rows to leave out, zero-based: comments, or remarks between header and data. Default: none.
    pub omit_rows: Vec<u32>,
    /// Remember which rows of a text file have another number of cells than its header ([`Window::ragged`]). Default false.
    ///
    /// [`Window::ragged`]: crate::Window::ragged
    pub tell_ragged: bool,
    /// What the cells of merged ranges hold beside the first one. Default: nothing.
    pub merged: MergedCells,
    /// Give whole numbers whose format makes them identifiers (`00000`, `000-00-0000`, or the text format `@`) as the text
    /// that is shown, leading zeros included. Default: they are numbers.
    pub display_text: bool,
}

/// What the cells of a merged range hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MergedCells {
    /// The value is that of the first cell; the others hold nothing, as in the file.
    #[default]
    First,
    /// The value goes down: every cell of the first column has it.
    Down,
    /// The value goes right: every cell of the first row has it.
    Right,
    /// Every cell has the value.
    All,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            sheet: SheetRef::First,
            range: None,
            area: None,
            columns: None,
            limit: None,
            header: HeaderRow::First,
            types: Vec::new(),
            batch_rows: 65_536,
            threads: 0,
            text: TextRepr::View,
            blank_rows: true,
            header_join: " ".to_owned(),
            skip_hidden_rows: false,
            skip_hidden_columns: false,
            omit_rows: Vec::new(),
            tell_ragged: false,
            merged: MergedCells::First,
            display_text: false,
        }
    }
}

impl ReadOptions {
    /// Sets [`Self::sheet`].
    #[must_use]
    pub fn with_sheet(mut self, sheet: impl Into<SheetRef>) -> Self {
        self.sheet = sheet.into();
        self
    }

    /// Sets [`Self::range`].
    #[must_use]
    pub fn with_range(mut self, range: CellRange) -> Self {
        self.range = Some(range);
        self
    }

    /// Sets [`Self::range`] where `text` is a range, or else [`Self::area`].
    ///
    /// ```
    /// use sheetlift_core::ReadOptions;
    /// assert!(ReadOptions::default().with_cells("B2:F100").range.is_some());
    /// assert_eq!(ReadOptions::default().with_cells("Prices").area.unwrap(), "Prices");
    /// ```
    #[must_use]
    pub fn with_cells(mut self, text: &str) -> Self {
        match CellRange::parse(text) {
            Ok(range) => self.range = Some(range),
            Err(_) => self.area = Some(text.trim().to_owned()),
        }
        self
    }

    /// Sets [`Self::area`].
    #[must_use]
    pub fn with_area(mut self, name: impl Into<String>) -> Self {
        self.area = Some(name.into());
        self
    }

    /// Sets [`Self::columns`].
    #[must_use]
    pub fn with_columns(mut self, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.columns = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// Sets [`Self::limit`].
    #[must_use]
    pub fn with_limit(mut self, rows: u64) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Sets [`Self::header`].
    #[must_use]
    pub fn with_header(mut self, header: HeaderRow) -> Self {
        self.header = header;
        self
    }

    /// Adds to [`Self::types`].
    #[must_use]
    pub fn with_type(mut self, column: impl Into<String>, kind: ColumnKind) -> Self {
        self.types.push((column.into(), kind));
        self
    }

    /// Sets [`Self::batch_rows`]; 0 counts as 1.
    #[must_use]
    pub fn with_batch_rows(mut self, rows: usize) -> Self {
        self.batch_rows = rows.max(1);
        self
    }

    /// Sets [`Self::threads`].
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Sets [`Self::text`].
    #[must_use]
    pub fn with_text(mut self, text: TextRepr) -> Self {
        self.text = text;
        self
    }

    /// Sets [`Self::blank_rows`].
    #[must_use]
    pub fn with_blank_rows(mut self, keep: bool) -> Self {
        self.blank_rows = keep;
        self
    }

    /// Sets [`Self::header_join`].
    #[must_use]
    pub fn with_header_join(mut self, between: impl Into<String>) -> Self {
        self.header_join = between.into();
        self
    }

    /// Sets [`Self::skip_hidden_rows`] and [`Self::skip_hidden_columns`].
    #[must_use]
    pub fn with_skip_hidden(mut self, rows: bool, columns: bool) -> Self {
        (self.skip_hidden_rows, self.skip_hidden_columns) = (rows, columns);
        self
    }

    /// Sets [`Self::omit_rows`].
    #[must_use]
    pub fn with_omitted_rows(mut self, rows: impl IntoIterator<Item = u32>) -> Self {
        self.omit_rows = rows.into_iter().collect();
        self
    }

    /// Sets [`Self::tell_ragged`].
    #[must_use]
    pub fn with_ragged_told(mut self, told: bool) -> Self {
        self.tell_ragged = told;
        self
    }

    /// Sets [`Self::merged`].
    #[must_use]
    pub fn with_merged(mut self, merged: MergedCells) -> Self {
        self.merged = merged;
        self
    }

    /// Sets [`Self::display_text`].
    #[must_use]
    pub fn with_display_text(mut self, shown: bool) -> Self {
        self.display_text = shown;
        self
    }
}
