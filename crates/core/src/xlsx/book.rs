//! A workbook of SpreadsheetML parts.

use std::{
    ops::RangeInclusive,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    body::XlsxSheet,
    comments::read_comments,
    package::Package,
    strings::KnownTable,
    styles::read_formats,
    workbook::{WorkbookPart, read_tables},
};
use crate::{
    book::{Book, CellComment, CellFormats, DefinedName, SheetBody, SheetInfo, TableInfo},
    column::DateSystem,
    error::Result,
};

/// An open package. The styles are read when first asked for.
#[derive(Debug)]
pub(crate) struct XlsxBook {
    package: Package,
    part: WorkbookPart,
    formats: Mutex<Option<Arc<CellFormats>>>,
    strings: KnownTable,
}

impl XlsxBook {
    /// Opens a package whose workbook part is `part`.
    pub(crate) fn open(package: Package, part: String) -> Result<Self> {
        let part = WorkbookPart::read(&package, part)?;
        Ok(XlsxBook {
            package,
            part,
            formats: Mutex::new(None),
            strings: KnownTable::default(),
        })
    }

    pub(super) fn package(&self) -> &Package {
        &self.package
    }

    /// The part of the sheet at a place.
    pub(super) fn part_of(&self, sheet: usize) -> &str {
        &self.part.parts[sheet]
    }

    /// The part of the styles, if there is one.
    pub(super) fn styles_part(&self) -> Option<&str> {
        let part = self.part.styles.as_deref();
        part.filter(|part| self.package.has(part))
    }

    /// Opens a sheet as what it is.
    pub(crate) fn open_sheet(&self, sheet: usize) -> Result<XlsxSheet> {
        XlsxSheet::open(
            &self.package,
            &self.part.parts[sheet],
            (self.part.strings.as_deref(), &self.strings),
            self.formats()?,
            self.part.dates,
        )
    }
}

impl Book for XlsxBook {
    fn as_xlsx(&self) -> Option<&XlsxBook> {
        Some(self)
    }

    fn sheets(&self) -> &[SheetInfo] {
        &self.part.sheets
    }

    fn defined_names(&self) -> &[DefinedName] {
        &self.part.defined_names
    }

    fn tables(&self) -> Result<Vec<TableInfo>> {
        read_tables(&self.package, &self.part)
    }

    fn comments(&self, sheet: usize, rows: &RangeInclusive<u32>) -> Result<Vec<CellComment>> {
        read_comments(&self.package, &self.part.parts[sheet], rows)
    }

    fn dates(&self) -> DateSystem {
        self.part.dates
    }

    fn formats(&self) -> Result<Arc<CellFormats>> {
        let mut formats = self.formats.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(formats) = &*formats {
            return Ok(Arc::clone(formats));
        }
        let read = read_formats(&self.package, self.part.styles.as_deref())?;
        let read = Arc::new(read.with_dates(self.part.dates));
        *formats = Some(Arc::clone(&read));
        Ok(read)
    }

    fn open(&self, sheet: usize) -> Result<Box<dyn SheetBody>> {
        Ok(Box::new(self.open_sheet(sheet)?))
    }
}
