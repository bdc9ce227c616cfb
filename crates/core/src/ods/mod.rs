//! OpenDocument spreadsheets (OASIS OpenDocument 1.3, part 3): the tables of `content.xml` to cells. Values are typed by the file
//! itself; number formats are not looked at.

mod cell;
mod listing;
mod sheet;
mod tokens;

use std::{fmt, sync::Arc};

use self::{listing::Listing, sheet::OdsSheet};
use crate::{
    book::{Book, DefinedName, SheetBody, SheetInfo, TableInfo},
    error::{Error, Result},
    xlsx::Package,
};

/// The part with all cells.
const CONTENT: &str = "content.xml";

/// An open document.
pub(crate) struct OdsBook {
    package: Package,
    listing: Arc<Listing>,
}

impl OdsBook {
    /// True when the archive is an OpenDocument file of any kind.
    pub(crate) fn is_one(package: &Package) -> bool {
        package.has(CONTENT) && (package.has("META-INF/manifest.xml") || package.has("mimetype"))
    }

    /// Opens a document. Its tables are listed by a look at the whole content: they say nowhere else which they are.
    pub(crate) fn open(package: Package) -> Result<Self> {
        if package.has("mimetype") {
            let kind = package.read("mimetype")?;
            let kind = String::from_utf8_lossy(&kind);
            if !kind.contains("opendocument.spreadsheet") {
                let what = match kind.trim() {
                    kind if kind.contains("opendocument.text") => "a text document".to_owned(),
                    kind if kind.contains("opendocument.presentation") => {
                        "a presentation".to_owned()
                    }
                    kind => format!(
                        "a file of type {:?}",
                        kind.chars().take(80).collect::<String>()
                    ),
                };
                let what = format!("this is {what}, not a workbook");
                return Err(Error::not_a_workbook(what));
            }
        }
        let manifest = "META-INF/manifest.xml";
        if package.has(manifest) {
            let manifest = package.read(manifest)?;
            if memchr::memmem::find(&manifest, b"encryption-data").is_some() {
                return Err(Error::encrypted("the document is protected by a password")
                    .with_hint("save it without a password in a spreadsheet program"));
            }
        }
        let listing = Arc::new(Listing::read(&package)?);
        Ok(OdsBook { package, listing })
    }
}

impl Book for OdsBook {
    fn sheets(&self) -> &[SheetInfo] {
        &self.listing.sheets
    }

    fn defined_names(&self) -> &[DefinedName] {
        &self.listing.names
    }

    fn tables(&self) -> Result<Vec<TableInfo>> {
        Ok(self.listing.tables.clone())
    }

    fn open(&self, sheet: usize) -> Result<Box<dyn SheetBody>> {
        let hidden_columns = self.listing.hidden_columns[sheet].clone();
        let sheet = OdsSheet::new(self.package.clone(), sheet, hidden_columns);
        Ok(Box::new(sheet))
    }
}

impl fmt::Debug for OdsBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OdsBook")
            .field("sheets", &self.listing.sheets)
            .finish_non_exhaustive()
    }
}
