//! Workbooks of Excel 5 to 2003 ([MS-XLS]): records of the `Workbook` stream to cells. Values are the cached ones; formulas are
//! not read. A file that is no more than records, without its container, is read too.

mod encryption;
mod globals;
mod names;
mod records;
mod sheet;
mod text;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;

pub(crate) use self::sheet::{error_literal, rk};
use self::{globals::Globals, sheet::XlsSheet};
use crate::{
    book::{Book, CellFormats, DefinedName, SheetBody, SheetInfo},
    column::{DateSystem, StringTable},
    error::{Error, Result},
    limits::Budget,
    ole,
    source::Source,
};

/// An open workbook: the stream whole, and what its globals say.
pub(crate) struct XlsBook {
    stream: Bytes,
    /// The file is; the stream no longer.
    is_encrypted: bool,
    globals: Globals,
    formats: Arc<CellFormats>,
    /// Read when first asked for.
    strings: Mutex<Option<Arc<StringTable>>>,
    budget: Arc<Budget>,
}

impl XlsBook {
    pub(crate) fn open(
        source: &Source,
        password: Option<&str>,
        budget: Arc<Budget>,
    ) -> Result<Self> {
        let stream = match ole::is_ole(source.bytes()) {
            true => workbook_stream(source.bytes())?,
            false => source.bytes().clone(),
        };
        let (stream, is_encrypted) = encryption::decrypt(stream, password, &budget)?;
        let mut globals = Globals::read(&stream, &budget.limits)?;
        let formats = std::mem::take(&mut globals.formats);
        let formats = Arc::new(formats.with_dates(globals.dates));
        Ok(XlsBook {
            stream,
            is_encrypted,
            globals,
            formats,
            strings: Mutex::new(None),
            budget,
        })
    }

    fn strings(&self) -> Result<Arc<StringTable>> {
        let mut strings = self.strings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(strings) = &*strings {
            return Ok(Arc::clone(strings));
        }
        let table = text::read_table(&self.stream, self.globals.strings, &self.budget);
        let read = Arc::new(table.map_err(|error| error.in_part("Workbook"))?);
        *strings = Some(Arc::clone(&read));
        Ok(read)
    }
}

fn workbook_stream(file: &[u8]) -> Result<Bytes> {
    let container = ole::Container::open(file)?;
    // A file for both generations holds both: the newer one counts.
    for name in ["Workbook", "Book"] {
        if let Some(stream) = container.find(name) {
            return Ok(container.pieces(stream).concat().into());
        }
    }
    let others = [
        ("WordDocument", "a Word document"),
        ("PowerPoint Document", "a presentation"),
        ("VisioDocument", "a drawing"),
    ];
    let what = others
        .iter()
        .find(|(name, _)| container.find(name).is_some());
    Err(Error::not_a_workbook(match what {
        Some((_, what)) => format!("this is {what}, not a workbook"),
        None => "this is an OLE container without a workbook in it".to_owned(),
    }))
}

impl Book for XlsBook {
    fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    fn sheets(&self) -> &[SheetInfo] {
        &self.globals.sheets
    }

    fn defined_names(&self) -> &[DefinedName] {
        &self.globals.names
    }

    fn dates(&self) -> DateSystem {
        self.globals.dates
    }

    fn formats(&self) -> Result<Arc<CellFormats>> {
        Ok(Arc::clone(&self.formats))
    }

    fn open(&self, sheet: usize) -> Result<Box<dyn SheetBody>> {
        let sheet = XlsSheet::open(
            self.stream.clone(),
            self.globals.offsets[sheet],
            self.globals.text,
            Arc::clone(&self.formats),
            self.strings()?,
            Arc::clone(&self.budget),
        )?;
        Ok(Box::new(sheet))
    }
}

impl fmt::Debug for XlsBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("XlsBook")
            .field("sheets", &self.globals.sheets)
            .finish_non_exhaustive()
    }
}
