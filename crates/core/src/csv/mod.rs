//! Text files with one record a line (RFC 4180, and what is written instead). Records are split by us, because their numbers are
//! the rows of messages; fields with quotes are read by `csv-core`.

mod chunks;
mod detect;
mod records;
mod sheet;
mod unusual;

use std::{fmt, sync::Arc};

pub(crate) use self::detect::is_named_csv;
use serde::Serialize;

use self::{
    detect::Dialect,
    records::{Comment, Marks},
    sheet::CsvSheet,
};
use crate::{
    book::{Book, SheetBody, SheetInfo, SheetKind, Visibility},
    error::{Error, Result},
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
    /// What quotes a field, an ASCII character. Default `"`, which is not detected, as what follows is not.
    pub quote: Option<u8>,
    /// No field is quoted: quotes are characters as others. Default false.
    pub no_quotes: bool,
    /// A quote within quotes is written twice. Default true.
    pub double_quote: Option<bool>,
    /// Takes its meaning from the character that follows, an ASCII character. Default: none does.
    pub escape: Option<u8>,
    /// Leave out blanks behind a delimiter. Default false.
    pub skip_initial_space: bool,
    /// What a line starts with that is a comment, up to eight bytes. Default: there are no comments.
    pub comment: Option<String>,
}

impl CsvOptions {
    /// These options, and those of `others` where these say nothing.
    #[must_use]
    pub fn or(mut self, others: &CsvOptions) -> CsvOptions {
        self.encoding = self.encoding.or_else(|| others.encoding.clone());
        self.delimiter = self.delimiter.or(others.delimiter);
        if self.quote.is_none() {
            self.quote = others.quote;
            self.no_quotes |= others.no_quotes;
        }
        self.double_quote = self.double_quote.or(others.double_quote);
        self.escape = self.escape.or(others.escape);
        self.skip_initial_space |= others.skip_initial_space;
        self.comment = self.comment.or_else(|| others.comment.clone());
        self
    }

    /// The marks that are not detected.
    fn marks(&self, delimiter: u8) -> Result<Marks> {
        let comment = self.comment.as_deref().map(|text| {
            Comment::new(text).ok_or_else(|| {
                let bytes = Comment::MAX_BYTES;
                let message = format!("a comment starts with 1 to {bytes} bytes, not {text:?}");
                Error::usage("usage/option", message)
            })
        });
        Ok(Marks {
            no_quotes: self.no_quotes,
            double_quote: self.double_quote.unwrap_or(true),
            escape: self.escape,
            skip_initial_space: self.skip_initial_space,
            comment: comment.transpose()?,
            ..Marks::new(delimiter, self.quote.unwrap_or(b'"'))
        })
    }
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
