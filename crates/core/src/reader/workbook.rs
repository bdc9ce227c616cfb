//! Opening a workbook, and choosing one of its sheets.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;

use super::{
    options::ReadOptions,
    prepare::prepare,
    rows::RowReader,
    table::{Table, TableReader},
};
use crate::{
    cancel::CancelToken,
    error::{Error, Result},
    header::SheetRef,
    limits::{Budget, Limits},
    source::Source,
    xlsx::{
        DefinedName, Package, SheetInfo, SheetKind, Styles, TableInfo, Visibility, WorkbookPart,
        read_tables,
    },
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
    package: Package,
    part: WorkbookPart,
    styles: Mutex<Option<Arc<Styles>>>,
}

impl Workbook {
    /// Opens a file with default [`Limits`].
    ///
    /// # Errors
    /// `Io` when it cannot be opened, `Malformed`, `Unsupported` or `Encrypted` when it is no workbook we read, `Limit`.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let limits = Limits::default();
        Self::open(Source::from_path(path, &limits)?, limits)
    }

    /// Opens bytes in memory with default [`Limits`].
    ///
    /// # Errors
    /// As [`Self::from_path`].
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Result<Self> {
        let limits = Limits::default();
        Self::open(Source::from_bytes(bytes, &limits)?, limits)
    }

    /// Opens any source with limits of your own.
    ///
    /// # Errors
    /// As [`Self::from_path`].
    pub fn open(source: Source, limits: Limits) -> Result<Self> {
        Self::open_with_cancel(source, limits, CancelToken::new())
    }

    /// Opens any source; reading it ends with `Cancelled` once `cancel` was pulled.
    ///
    /// # Errors
    /// As [`Self::from_path`], and `Cancelled`.
    pub fn open_with_cancel(source: Source, limits: Limits, cancel: CancelToken) -> Result<Self> {
        let named = source.clone();
        let open = || {
            check_kind(source.bytes())?;
            let budget = Arc::new(Budget::new(limits, cancel));
            let package = Package::open(source.clone(), budget)?;
            let part = WorkbookPart::read(&package)?;
            Ok(Workbook {
                source,
                package,
                part,
                styles: Mutex::new(None),
            })
        };
        open().map_err(|error| named.locate(error))
    }

    /// All sheets, in the order of the tabs.
    pub fn sheets(&self) -> &[SheetInfo] {
        &self.part.sheets
    }

    /// All defined names but hidden ones.
    pub fn defined_names(&self) -> &[DefinedName] {
        &self.part.defined_names
    }

    /// The Excel tables of all worksheets.
    ///
    /// # Errors
    /// `Malformed` when a table part is damaged.
    pub fn tables(&self) -> Result<Vec<TableInfo>> {
        let worksheets = self
            .sheets()
            .iter()
            .filter(|sheet| sheet.kind == SheetKind::Worksheet);
        let tables: Result<Vec<_>> = worksheets
            .map(|sheet| read_tables(&self.package, sheet))
            .collect();
        Ok(tables.map_err(|error| self.source.locate(error))?.concat())
    }

    /// The bytes it was opened from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The sheet that `sheet` names.
    ///
    /// # Errors
    /// `sheet/not-found` with the names there are.
    pub fn sheet(&self, sheet: &SheetRef) -> Result<&SheetInfo> {
        let sheets = self.sheets();
        let found = match sheet {
            SheetRef::First => {
                let worksheet = |s: &&SheetInfo| s.kind == SheetKind::Worksheet;
                let visible = sheets
                    .iter()
                    .find(|s| worksheet(s) && s.visibility == Visibility::Visible);
                visible.or_else(|| sheets.iter().find(worksheet))
            }
            SheetRef::Index(index) => sheets.get(*index),
            SheetRef::Name(name) => sheets.iter().find(|s| s.name == *name).or_else(|| {
                let lower = name.trim().to_lowercase();
                sheets
                    .iter()
                    .find(|s| s.name.trim().to_lowercase() == lower)
            }),
        };
        let names = || {
            let names: Vec<String> = sheets.iter().map(|s| format!("{:?}", s.name)).collect();
            format!("the workbook has {}", names.join(", "))
        };
        let missing = |what: String| {
            self.source
                .locate(Error::usage("sheet/not-found", what).with_hint(names()))
        };
        match (found, sheet) {
            (Some(found), _) if found.kind == SheetKind::Worksheet => Ok(found),
            (Some(found), _) => Err(missing(format!("sheet {:?} has no cells", found.name))),
            (None, SheetRef::Name(name)) => Err(missing(format!("there is no sheet {name:?}"))),
            (None, SheetRef::Index(index)) => {
                Err(missing(format!("there is no sheet number {}", index + 1)))
            }
            (None, SheetRef::First) => Err(missing("there is no worksheet".to_owned())),
        }
    }

    /// What the writer of a sheet declared as its used cells (`A1:F100`). Often wrong; good for a guess only.
    ///
    /// # Errors
    /// As [`Self::sheet`], or `Malformed`.
    pub fn declared_dimension(&self, sheet: &SheetRef) -> Result<Option<String>> {
        super::prepare::declared_dimension(self, self.sheet(sheet)?)
            .map_err(|error| self.source.locate(error))
    }

    /// The rows of a sheet as untyped windows. Their columns follow `header()` of the reader.
    ///
    /// # Errors
    /// `Usage` when a sheet or column is not there, `Malformed`, `Limit`.
    pub fn rows(&self, options: &ReadOptions) -> Result<RowReader> {
        let prepared = prepare(self, options).map_err(|error| self.source.locate(error))?;
        Ok(RowReader::new(prepared, options, self.source.name()))
    }

    /// The rows of a sheet as Arrow batches. Unless every column has a type in `options`, the whole sheet is read first, into
    /// packed pieces of 4 to 9 bytes a cell, because no sample can tell the type of a column.
    ///
    /// # Errors
    /// As [`Self::rows`].
    pub fn table(&self, options: &ReadOptions) -> Result<TableReader> {
        TableReader::new(self.rows(options)?, options)
    }

    /// All batches at once.
    ///
    /// # Errors
    /// As [`Self::rows`].
    pub fn read(&self, options: &ReadOptions) -> Result<Table> {
        self.table(options)?.read_all()
    }

    pub(crate) fn package(&self) -> &Package {
        &self.package
    }

    pub(crate) fn part(&self) -> &WorkbookPart {
        &self.part
    }

    /// The styles, read when first asked for.
    pub(crate) fn styles(&self) -> Result<Arc<Styles>> {
        let mut styles = self.styles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(styles) = &*styles {
            return Ok(Arc::clone(styles));
        }
        let read = Arc::new(Styles::read(&self.package, self.part.styles.as_deref())?);
        *styles = Some(Arc::clone(&read));
        Ok(read)
    }
}

/// Says what bytes are that cannot be a zip archive.
fn check_kind(bytes: &[u8]) -> Result<()> {
    const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    let text = bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(bytes)
        .trim_ascii_start();
    let starts = |word: &str| {
        text.get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
    };
    if bytes.is_empty() {
        return Err(Error::not_a_workbook("the file is empty"));
    }
    if bytes.starts_with(OLE) {
        // A protected workbook is an OLE file with a stream of this name, in UTF-16.
        let name: Vec<u8> = "EncryptedPackage"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        if memchr::memmem::find(bytes, &name).is_some() {
            return Err(Error::encrypted("the workbook is protected by a password")
                .with_hint("open it in a spreadsheet program and save it without a password"));
        }
        return Err(
            Error::unsupported("this is an Excel 97-2003 workbook (xls)")
                .with_hint("save it as .xlsx"),
        );
    }
    if memchr::memmem::find(&bytes[..bytes.len().min(64 << 10)], b"PK").is_some() {
        return Ok(());
    }
    if starts("<!doctype html") || starts("<html") {
        return Err(
            Error::not_a_workbook("this is an HTML page, not a workbook")
                .with_hint("the download may have ended at a login page"),
        );
    }
    if starts("version https://git-lfs") {
        return Err(
            Error::not_a_workbook("this is a Git LFS pointer, not the file it stands for")
                .with_hint("run `git lfs pull`"),
        );
    }
    if starts("%PDF") {
        return Err(Error::not_a_workbook(
            "this is a PDF document, not a workbook",
        ));
    }
    if bytes[..bytes.len().min(4096)]
        .iter()
        .all(|&b| b >= b' ' || b.is_ascii_whitespace())
    {
        return Err(Error::not_a_workbook("this is a text file, not a workbook"));
    }
    Err(Error::not_a_workbook(
        "this is not a workbook (no zip archive)",
    ))
}
