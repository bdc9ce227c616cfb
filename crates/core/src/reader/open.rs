//! What a file is, by its content, and the reader for it.

use std::{fmt, sync::Arc};

use crate::{
    book::Book,
    cancel::CancelToken,
    crypto,
    csv::{CsvBook, CsvOptions, is_named_csv},
    error::{Error, Result},
    held::HeldBook,
    limits::{Budget, Limits},
    ods::OdsBook,
    source::Source,
    xls::XlsBook,
    xlsb::XlsbBook,
    xlsx::{Package, XlsxBook},
};

/// How to open a file. `OpenOptions::default()` fits nearly always.
///
/// ```
/// use sheetlift_core::{OpenOptions, Password};
/// let mut options = OpenOptions::default();
/// options.password = Some(Password::new("secret"));
/// assert!(!format!("{options:?}").contains("secret"));
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct OpenOptions {
    /// What the file may ask of us.
    pub limits: Limits,
    /// Reading ends with `Cancelled` once this was pulled.
    pub cancel: CancelToken,
    /// For a workbook that is protected by one.
    pub password: Option<Password>,
    /// How a text file is read; what is not given is detected.
    pub csv: CsvOptions,
    /// These are rows that were read before, as [`HeldWriter`](crate::HeldWriter) writes them. Default false: no file is taken for one.
    pub held: bool,
}

impl OpenOptions {
    /// Sets [`Self::limits`].
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets [`Self::cancel`].
    #[must_use]
    pub fn with_cancel(mut self, cancel: CancelToken) -> Self {
        self.cancel = cancel;
        self
    }

    /// Sets [`Self::password`].
    #[must_use]
    pub fn with_password(mut self, password: Password) -> Self {
        self.password = Some(password);
        self
    }

    /// Sets [`Self::csv`].
    #[must_use]
    pub fn with_csv(mut self, csv: CsvOptions) -> Self {
        self.csv = csv;
        self
    }

    /// Sets [`Self::held`].
    #[must_use]
    pub fn with_held(mut self, held: bool) -> Self {
        self.held = held;
        self
    }
}

/// A password. It is never printed, not even for debugging.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Takes the text of a password.
    pub fn new(text: impl Into<String>) -> Self {
        Password(text.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(...)")
    }
}

/// The book that these bytes are.
pub(super) fn open_book(source: &Source, options: OpenOptions) -> Result<Box<dyn Book>> {
    let budget = Arc::new(Budget::new(options.limits, options.cancel));
    let password = options.password.as_ref().map(Password::as_str);
    let bytes = source.bytes();
    if options.held {
        return Ok(Box::new(HeldBook::open(source, budget)?));
    }
    match sniff(bytes, is_named_csv(source))? {
        Kind::Zip => open_zip(source.clone(), budget),
        Kind::Ole => {
            if !crypto::is_encrypted(bytes) {
                return Ok(Box::new(XlsBook::open(source, password, budget)?));
            }
            let zip = crypto::with_password(password, |password| {
                crypto::decrypt(bytes, password, &budget.limits, budget.cancel())
            })?;
            let source = Source::from_bytes(zip, &budget.limits)?;
            open_zip(source, budget)
        }
        Kind::Biff => Ok(Box::new(XlsBook::open(source, password, budget)?)),
        Kind::Text => Ok(Box::new(CsvBook::open(source, &options.csv, budget)?)),
    }
}

fn open_zip(source: Source, budget: Arc<Budget>) -> Result<Box<dyn Book>> {
    let package = Package::open(source, budget)?;
    if OdsBook::is_one(&package) {
        return Ok(Box::new(OdsBook::open(package)?));
    }
    let part = package.workbook_part()?;
    if part.to_ascii_lowercase().ends_with(".bin") {
        return Ok(Box::new(XlsbBook::open(package, &part)?));
    }
    Ok(Box::new(XlsxBook::open(package, part)?))
}

/// Kinds of files that may hold a workbook.
enum Kind {
    Zip,
    Ole,
    /// Records of Excel 5 or 95 without a container.
    Biff,
    Text,
}

/// Starts of files that are something else, and what they are.
const OTHERS: [(&[u8], &str); 10] = [
    (b"%PDF", "a PDF document"),
    (b"{\\rtf", "a rich text document"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
];

/// Starts of archives that are not read, and what they are.
const ARCHIVES: [(&[u8], &str); 6] = [
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
];

/// Starts of sheets of old, and their programs.
const OLD_SHEETS: [(&[u8], &str); 4] = [
    (b"\x09\x00\x04\x00", "Excel 2"),
    (b"\x09\x02\x06\x00", "Excel 3"),
    (b"\x09\x04\x06\x00", "Excel 4"),
    (b"\x00\x00\x02\x00", "Lotus 1-2-3"),
];

fn sniff(bytes: &[u8], is_named_csv: bool) -> Result<Kind> {
    const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    /// Where a local header may still begin, behind the program of a self-extractor.
    const ZIP_WITHIN: usize = 64 << 10;
    const LONGEST_COMMENT: usize = 65_535 + 22;
    if [&b""[..], b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"].contains(&bytes) {
        let error = Error::not_a_workbook("the file is empty");
        return Err(error.with_hint("copy it, or save it, again"));
    }
    // UTF-32, which starts as UTF-16 does.
    if bytes.starts_with(b"\xff\xfe\0\0") || bytes.starts_with(b"\0\0\xfe\xff") {
        let error = Error::unsupported("this is text in UTF-32, which is not read");
        return Err(error.with_hint("save it as UTF-8"));
    }
    if bytes.starts_with(OLE) {
        return Ok(Kind::Ole);
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Ok(Kind::Zip);
    }
    if bytes.starts_with(b"\x09\x08\x08\x00") || bytes.starts_with(b"\x09\x08\x10\x00") {
        return Ok(Kind::Biff);
    }
    let is_binary = bytes[..bytes.len().min(4096)]
        .iter()
        .filter(|b| **b == 0)
        .count()
        > 0
        && !is_utf16(bytes);
    let tail = &bytes[bytes.len().saturating_sub(LONGEST_COMMENT)..];
    let has_end = memchr::memmem::rfind(tail, b"PK\x05\x06").is_some();
    let starts_late = || {
        let head = &bytes[..bytes.len().min(ZIP_WITHIN)];
        memchr::memmem::find(head, b"PK\x03\x04").is_some()
    };
    if has_end || is_binary && starts_late() {
        return Ok(Kind::Zip);
    }
    if let Some((_, program)) = OLD_SHEETS
        .iter()
        .find(|(start, _)| bytes.starts_with(start))
    {
        let error = Error::unsupported(format!("this is a sheet of {program}, which is not read"));
        return Err(error.with_hint("save it as .xlsx in a spreadsheet program"));
    }
    let is = |(start, _): &&(&[u8], &str)| bytes.starts_with(start);
    let not_a_workbook = |what| Error::not_a_workbook(format!("this is {what}, not a workbook"));
    if let Some((_, what)) = OTHERS.iter().find(is) {
        return Err(not_a_workbook(what));
    }
    if let Some((_, what)) = ARCHIVES.iter().find(is) {
        return Err(
            not_a_workbook(what).with_hint("unpack it, and give the workbook that is in it")
        );
    }
    check_text(bytes, is_named_csv)?;
    match is_binary {
        false => Ok(Kind::Text),
        true => Err(Error::not_a_workbook(
            "this is not a workbook (no zip archive, no text)",
        )),
    }
}

/// A byte order mark, or the zeros of every second byte of plain letters.
fn is_utf16(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(512) & !1];
    let zeros = |at: usize| {
        start
            .iter()
            .skip(at)
            .step_by(2)
            .filter(|b| **b == 0)
            .count()
    };
    bytes.starts_with(b"\xff\xfe")
        || bytes.starts_with(b"\xfe\xff")
        || start.len() > 3
            && zeros(0).max(zeros(1)) * 4 > start.len()
            && zeros(0).min(zeros(1)) == 0
}

/// An object or a list, by its first two marks: `[id],name` is a header.
fn is_json(text: &str) -> bool {
    let next = |open: char| {
        text.strip_prefix(open)
            .map(|rest| rest.trim_start().chars().next())
    };
    match (next('{'), next('[')) {
        (Some(Some('"' | '}')), _) => true,
        (_, Some(Some(c))) => matches!(c, '{' | '[' | ']' | '"' | '-' | '0'..='9'),
        _ => false,
    }
}

/// A line `ID;P`, and then records of that format: `ID;Price` alone is the header of a table.
fn is_sylk(text: &str) -> bool {
    let mut lines = text.lines();
    let is_named = lines.next().is_some_and(|line| line.starts_with("id;p"));
    let records = ["p;p", "f;p", "f;w", "b;y", "c;y", "c;x", "o;", "w;", "nn;"];
    let is_record = |line: &str| records.iter().any(|record| line.starts_with(record));
    is_named && lines.next().is_some_and(is_record)
}

/// Says what text is that is no table.
fn check_text(bytes: &[u8], is_named_csv: bool) -> Result<()> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = text[..text.len().min(4096)].trim_ascii_start();
    let head = String::from_utf8_lossy(text).to_lowercase();
    let has = |word: &str| head.contains(word);
    let starts = |word: &str| head.starts_with(word);
    let (what, hint) = match () {
        () if starts("version https://git-lfs") => (
            "a Git LFS pointer, not the file it stands for",
            "run `git lfs pull`",
        ),
        () if starts("<") && has("urn:schemas-microsoft-com:office:spreadsheet") => (
            "an XML spreadsheet of 2003, which is not read",
            "save it as .xlsx in a spreadsheet program",
        ),
        () if starts("<") && has("office:document") => (
            "a flat OpenDocument file, which is not read",
            "save it as .ods or .xlsx in a spreadsheet program",
        ),
        () if starts("<!doctype html") || starts("<") && (has("<html") || has("<table")) => (
            "an HTML page, not a workbook",
            "the download may have ended at a login page; a table in it can be saved as .xlsx in a spreadsheet program",
        ),
        () if starts("<?xml") || starts("<!--") || starts("<") && !is_named_csv => {
            ("an XML document, not a workbook", "")
        }
        () if is_sylk(&head) => (
            "a SYLK file, which is not read",
            "save it as .xlsx in a spreadsheet program",
        ),
        () if is_json(&head) => ("JSON, not a workbook", ""),
        () => return Ok(()),
    };
    let error = Error::not_a_workbook(format!("this is {what}"));
    Err(match hint {
        "" => error,
        hint => error.with_hint(hint),
    })
}
