//! Text files with one record a line (RFC 4180, and what is written instead). Records are split by us, because their numbers are
//! the rows of messages; fields with quotes are read by `csv-core`.

mod chunks;
mod detect;
mod records;
mod sheet;

use std::{fmt, sync::Arc};

pub(crate) use self::detect::is_named_csv;
use serde::Serialize;

use self::{detect::Dialect, sheet::CsvSheet};
use crate::{
    book::{Book, SheetBody, SheetInfo, SheetKind, Visibility},
    error::Result,
    limits::Budget,
    source::Source,
};

/// How a text file is read. What is not said is detected.
///
/// ```
/// use sheetlift_core::{CsvOptions, OpenOptions, ReadOptions, Source, Workbook};
/// let mut csv = CsvOptions::default();
/// csv.delimiter = Some(b';');
/// let options = OpenOptions::default().with_csv(csv);
/// let source = Source::from_bytes("sku;price\n00042;1,50\n", &options.limits)?;
/// let table = Workbook::open(source, options)?.read(&ReadOptions::default())?;
/// assert_eq!(table.schema.field(0).name(), "sku");
/// # Ok::<(), sheetlift_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CsvOptions {
    /// Its encoding, by a label of the WHATWG Encoding Standard such as `utf-8` or `windows-1252`.
    pub encoding: Option<String>,
    /// What parts the fields, an ASCII character.
    pub delimiter: Option<u8>,
    /// What quotes a field, an ASCII character. Default `"`, which is not detected.
    pub quote: Option<u8>,
}

/// How a text file is read: what was detected, or what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct TextFormat {
    /// Its encoding, by its name in the WHATWG Encoding Standard.
    pub encoding: &'static str,
    /// What parts the fields.
    pub delimiter: char,
}

/// An open text file.
pub(crate) struct CsvBook {
    source: Source,
    dialect: Dialect,
    sheets: [SheetInfo; 1],
    budget: Arc<Budget>,
}

impl CsvBook {
    pub(crate) fn open(source: &Source, options: &CsvOptions, budget: Arc<Budget>) -> Result<Self> {
        let dialect = detect::detect(source, options)?;
        let name = source.name().unwrap_or("Sheet1");
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        Ok(CsvBook {
            source: source.clone(),
            dialect,
            sheets: [SheetInfo {
                name: name.to_owned(),
                visibility: Visibility::Visible,
                kind: SheetKind::Worksheet,
            }],
            budget,
        })
    }
}

impl Book for CsvBook {
    fn sheets(&self) -> &[SheetInfo] {
        &self.sheets
    }

    fn text_format(&self) -> Option<TextFormat> {
        Some(TextFormat {
            encoding: self.dialect.encoding.name(),
            delimiter: char::from(self.dialect.marks.delimiter),
        })
    }

    fn open(&self, _: usize) -> Result<Box<dyn SheetBody>> {
        Ok(Box::new(CsvSheet::new(
            self.source.bytes().clone(),
            self.dialect,
            Arc::clone(&self.budget),
        )))
    }
}

impl fmt::Debug for CsvBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvBook")
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
    }
}
