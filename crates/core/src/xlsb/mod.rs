//! Binary workbooks of Excel 2007 and later ([MS-XLSB]): a package as of xlsx, whose parts are records. Values are the cached
//! ones; formulas are not read.

mod names;
mod records;
mod sheet;
mod workbook;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use self::{
    sheet::XlsbSheet,
    workbook::{WorkbookPart, read_formats, read_strings, read_tables},
};
use crate::{
    book::{Book, CellFormats, DefinedName, SheetBody, SheetInfo, TableInfo},
    column::{DateSystem, StringTable},
    error::Result,
    xlsx::Package,
};

/// An open package. Styles and shared strings are read when first asked for.
pub(crate) struct XlsbBook {
    package: Package,
    part: WorkbookPart,
    formats: Mutex<Option<Arc<CellFormats>>>,
    strings: Mutex<Option<Arc<StringTable>>>,
}

impl XlsbBook {
    /// Opens a package whose workbook part is `part`.
    pub(crate) fn open(package: Package, part: &str) -> Result<Self> {
        let part = WorkbookPart::read(&package, part)?;
        Ok(XlsbBook {
            package,
            part,
            formats: Mutex::default(),
            strings: Mutex::default(),
        })
    }
}

/// What is kept once it was read.
fn once<T>(kept: &Mutex<Option<Arc<T>>>, read: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(kept) = &*kept {
        return Ok(Arc::clone(kept));
    }
    let read = Arc::new(read()?);
    *kept = Some(Arc::clone(&read));
    Ok(read)
}

impl Book for XlsbBook {
    fn sheets(&self) -> &[SheetInfo] {
        &self.part.sheets
    }

    fn defined_names(&self) -> &[DefinedName] {
        &self.part.names
    }

    fn tables(&self) -> Result<Vec<TableInfo>> {
        read_tables(&self.package, &self.part)
    }

    fn dates(&self) -> DateSystem {
        self.part.dates
    }

    fn formats(&self) -> Result<Arc<CellFormats>> {
        once(&self.formats, || {
            let read = read_formats(&self.package, self.part.styles.as_deref())?;
            Ok(read.with_dates(self.part.dates))
        })
    }

    fn open(&self, sheet: usize) -> Result<Box<dyn SheetBody>> {
        let strings = once(&self.strings, || {
            read_strings(&self.package, self.part.strings.as_deref())
        })?;
        let part = self.part.parts[sheet].clone();
        let sheet = XlsbSheet::open(self.package.clone(), part, self.formats()?, strings)?;
        Ok(Box::new(sheet))
    }
}

impl fmt::Debug for XlsbBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("XlsbBook")
            .field("sheets", &self.part.sheets)
            .finish_non_exhaustive()
    }
}
