//! Opening a workbook, and choosing one of its sheets.

use std::{collections::HashSet, ops::RangeInclusive, path::Path};

use bytes::Bytes;

use super::{
    open::{OpenOptions, open_book},
    options::ReadOptions,
    prepare::{FoundHeader, find_in_any_order, prepare},
    rows::RowReader,
    table::{Table, TableReader},
};
use crate::{
    a1::CellRange,
    book::{
        Book, CellComment, DefinedName, Selection, SheetInfo, SheetKind, Strings, TableInfo,
        Visibility,
    },
    contract::Sheets,
    crypto,
    csv::TextFormat,
    error::{Error, Result},
    header::{MAX_SHEETS_OF_A_TABLE, SheetRef},
    limits::{Limits, check},
    source::Source,
};

/// An open workbook. Opening reads its directory and the list of sheets, nothing else.
///
/// ```no_run
/// use sheetlift_core::{ReadOptions, Workbook};
/// let workbook = Workbook::from_path("items.xlsx")?;
/// for batch in workbook.table(&ReadOptions::default())? {
///     println!("{} rows", batch?.num_rows());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Workbook {
    source: Source,
    book: Box<dyn Book>,
    limits: Limits,
}

impl Workbook {
    /// Opens a file with default [`OpenOptions`].
    ///
    /// # Errors
    /// `Io` when it cannot be opened, `Malformed`, `Unsupported` or `Encrypted` when it is no workbook we read, `Limit`.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let options = OpenOptions::default();
        Self::open(Source::from_path(path, &options.limits)?, options)
    }

    /// Opens bytes in memory with default [`OpenOptions`].
    ///
    /// # Errors
    /// As [`Self::from_path`].
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Result<Self> {
        let options = OpenOptions::default();
        Self::open(Source::from_bytes(bytes, &options.limits)?, options)
    }

    /// Opens any source. What it is, is told by its content, not by its name.
    ///
    /// # Errors
    /// As [`Self::from_path`], and `Cancelled`.
    pub fn open(source: Source, mut options: OpenOptions) -> Result<Self> {
        options.limits = options.limits.for_file(source.bytes().len() as u64);
        let limits = options.limits.clone();
        match open_book(&source, options) {
            Ok(book) => Ok(Workbook {
                source,
                book,
                limits,
            }),
            Err(error) => Err(source.locate(error)),
        }
    }

    /// All sheets, in the order of the tabs.
    pub fn sheets(&self) -> &[SheetInfo] {
        self.book.sheets()
    }

    /// All defined names but hidden ones.
    pub fn defined_names(&self) -> &[DefinedName] {
        self.book.defined_names()
    }

    /// The tables of all sheets.
    ///
    /// # Errors
    /// `Malformed` when a table part is damaged.
    pub fn tables(&self) -> Result<Vec<TableInfo>> {
        self.book
            .tables()
            .map_err(|error| self.source.locate(error))
    }

    /// True when the workbook has a number format that shows numbers as identifiers (`00000`); see
    /// [`ReadOptions::display_text`].
    ///
    /// # Errors
    /// `Malformed` when the styles are damaged; `Limit`.
    pub fn shows_identifiers(&self) -> Result<bool> {
        let formats = self.book.formats();
        let formats = formats.map_err(|error| self.source.locate(error))?;
        Ok(formats.has_identifiers())
    }

    /// What is said about cells in these rows (counted from 0) of a sheet, by row and column: comments, notes, and the first
    /// word of a conversation. Only those of xlsx and xlsm are read.
    ///
    /// # Errors
    /// As [`Self::sheet`]; `Malformed` when such a part is damaged; `Limit`.
    pub fn comments(
        &self,
        sheet: &SheetRef,
        rows: RangeInclusive<u32>,
    ) -> Result<Vec<CellComment>> {
        let (place, _) = self.find_sheet(sheet)?;
        self.book
            .comments(place, &rows)
            .map_err(|error| self.source.locate(error))
    }

    /// How the file is read, if it is a text file.
    pub fn text_format(&self) -> Option<TextFormat> {
        self.book.text_format()
    }

    /// The bytes it was opened from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// True when the file is encrypted, be it with the password that programs try before they ask for one.
    ///
    /// ```
    /// # let bytes = sheetlift_fixtures::inventory::clean_inventory();
    /// assert!(!sheetlift_core::Workbook::from_bytes(bytes)?.is_encrypted());
    /// # Ok::<(), sheetlift_core::Error>(())
    /// ```
    pub fn is_encrypted(&self) -> bool {
        self.book.is_encrypted() || crypto::is_encrypted(self.source.bytes())
    }

    /// The sheet that `sheet` names.
    ///
    /// # Errors
    /// `sheet/not-found` with the names there are.
    pub fn sheet(&self, sheet: &SheetRef) -> Result<&SheetInfo> {
        self.find_sheet(sheet).map(|(_, sheet)| sheet)
    }

    /// The place of a sheet, and the sheet.
    pub(crate) fn find_sheet(&self, sheet: &SheetRef) -> Result<(usize, &SheetInfo)> {
        let sheets = self.sheets();
        let place = |is: &dyn Fn(&SheetInfo) -> bool| sheets.iter().position(is);
        let found = match sheet {
            SheetRef::First => {
                let worksheet = |s: &SheetInfo| s.kind == SheetKind::Worksheet;
                let visible = |s: &SheetInfo| worksheet(s) && s.visibility == Visibility::Visible;
                place(&visible).or_else(|| place(&worksheet))
            }
            SheetRef::Index(index) => Some(*index),
            SheetRef::Name(name) => place(&|s| s.name == *name).or_else(|| {
                let lower = name.trim().to_lowercase();
                place(&|s| s.name.trim().to_lowercase() == lower)
            }),
        };
        let found = found.and_then(|place| Some((place, sheets.get(place)?)));
        let missing = |what: String| {
            self.source
                .locate(Error::usage("sheet/not-found", what).with_hint(self.names_in_words()))
        };
        match (found, sheet) {
            (Some((place, found)), _) if found.kind == SheetKind::Worksheet => Ok((place, found)),
            (Some((_, found)), _) => Err(missing(format!("sheet {:?} has no cells", found.name))),
            (None, SheetRef::Name(name)) => Err(missing(format!("there is no sheet {name:?}"))),
            (None, SheetRef::Index(index)) => {
                Err(missing(format!("there is no sheet number {}", index + 1)))
            }
            (None, SheetRef::First) => Err(missing("there is no worksheet".to_owned())),
        }
    }

    fn names_in_words(&self) -> String {
        /// Names that a message lists.
        const LISTED: usize = 20;
        let sheets = self.sheets();
        let names = sheets.iter().take(LISTED).map(|s| format!("{:?}", s.name));
        let names: Vec<String> = names.collect();
        let more = match sheets.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("the workbook has {}{more}", names.join(", "))
    }

    /// The sheets that `sheets` names, each once, by their places. A text file has one, which is always meant.
    ///
    /// ```
    /// # use sheetlift_core::{Sheets, Workbook};
    /// # let bytes = sheetlift_fixtures::inventory::clean_inventory();
    /// let workbook = Workbook::from_bytes(bytes)?;
    /// assert_eq!(workbook.sheets_of(&Sheets::All)?.len(), 2);
    /// # Ok::<(), sheetlift_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `sheet/not-found` with the names there are; `sheet/ambiguous` when two of them have one name; `Limit` for more than
    /// [`MAX_SHEETS_OF_A_TABLE`].
    pub fn sheets_of(&self, sheets: &Sheets) -> Result<Vec<SheetRef>> {
        if self.text_format().is_some() {
            return Ok(vec![SheetRef::First]);
        }
        let mut places = Vec::new();
        if let Sheets::Listed(listed) = sheets {
            for sheet in listed {
                let (place, _) = self.find_sheet(sheet)?;
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        } else {
            for (place, sheet) in self.sheets().iter().enumerate() {
                let is_shown = sheet.visibility == Visibility::Visible;
                if sheet.kind == SheetKind::Worksheet && is_shown && sheets.includes(&sheet.name)? {
                    places.push(place);
                }
            }
        }
        if places.is_empty() {
            let missing = match sheets {
                Sheets::Matching(pattern) => {
                    format!("no visible sheet has {pattern:?} in its name")
                }
                _ => "there is no visible worksheet".to_owned(),
            };
            let error = Error::usage("sheet/not-found", missing);
            return Err(self.source.locate(error.with_hint(self.names_in_words())));
        }
        let mut names = HashSet::new();
        for &place in &places {
            let name = &self.sheets()[place].name;
            if !names.insert(name) {
                let error =
                    Error::usage("sheet/ambiguous", format!("two sheets are called {name:?}"));
                return Err(self.source.locate(error));
            }
        }
        let most = MAX_SHEETS_OF_A_TABLE as u64;
        check("max_sheets_of_a_table", most, places.len() as u64)
            .map_err(|error| self.source.locate(error))?;
        Ok(places.into_iter().map(SheetRef::Index).collect())
    }

    /// What the writer of a sheet declared as its used cells (`A1:F100`). Often wrong; good for a guess only.
    ///
    /// # Errors
    /// As [`Self::sheet`], or `Malformed`.
    pub fn declared_dimension(&self, sheet: &SheetRef) -> Result<Option<String>> {
        let (place, _) = self.find_sheet(sheet)?;
        let body = self.book.open(place);
        let body = body.map_err(|error| self.source.locate(error))?;
        Ok(body.declared_dimension().map(str::to_owned))
    }

    /// The merged cells of a sheet, which is read to its end for them.
    ///
    /// # Errors
    /// As [`Self::sheet`], `Malformed`, `Limit`.
    pub fn merged_ranges(&self, sheet: &SheetRef) -> Result<Vec<CellRange>> {
        let (place, _) = self.find_sheet(sheet)?;
        let read = || {
            let mut selection = Selection::new(0..=0, Vec::new());
            selection.merges = true;
            let mut stream = self
                .book
                .open(place)?
                .start(&selection, Strings::Beside, 1)?;
            while stream.next()?.is_some() {}
            let merges = stream.merges()?.into_iter();
            Ok(merges.map(|merge| merge.0).collect())
        };
        read().map_err(|error| self.source.locate(error))
    }

    /// The rows of a sheet as untyped windows. Their columns follow `header()` of the reader.
    ///
    /// # Errors
    /// `Usage` when a sheet or column is not there, `Malformed`, `Limit`.
    pub fn rows(&self, options: &ReadOptions) -> Result<RowReader> {
        self.rows_below(options, None)
    }

    /// The same, for a sheet of which [`Self::rows`] says `sheet/out-of-order`: all rows are read once to find the header.
    /// The reader gives them in order once they are held ([`RowReader::hold`]).
    ///
    /// # Errors
    /// As [`Self::rows`].
    pub fn rows_in_any_order(&self, options: &ReadOptions) -> Result<RowReader> {
        let header = find_in_any_order(self, options);
        let header = header.map_err(|error| self.source.locate(error))?;
        self.rows_below(options, Some(header))
    }

    /// Rows below this header.
    fn rows_below(&self, options: &ReadOptions, header: Option<FoundHeader>) -> Result<RowReader> {
        let prepared = prepare(self, options, header).map_err(|error| self.source.locate(error))?;
        Ok(RowReader::new(prepared, options, self.source.name()))
    }

    /// The rows of a sheet as Arrow batches. Unless every column has a type in `options`, the whole sheet is read first, into
    /// packed pieces of 4 to 9 bytes a cell, because no sample can tell the type of a column.
    ///
    /// # Errors
    /// As [`Self::rows`].
    pub fn table(&self, options: &ReadOptions) -> Result<TableReader> {
        match TableReader::new(self.rows(options)?, options) {
            // The header is where it is only to be seen once all rows are known.
            Err(error) if error.is_out_of_order() => {
                TableReader::new(self.rows_in_any_order(options)?, options)
            }
            table => table,
        }
    }

    /// All batches at once.
    ///
    /// # Errors
    /// As [`Self::rows`].
    pub fn read(&self, options: &ReadOptions) -> Result<Table> {
        self.table(options)?.read_all()
    }

    pub(crate) fn book(&self) -> &dyn Book {
        &*self.book
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }
}
