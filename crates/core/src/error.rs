//! The one error of this crate: a kind that says who can fix it, a stable code, and where it happened.

use std::{fmt, io};

use serde::Serialize;

/// The result of everything here that can stop a run.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a run cannot go on. Bad data in good structure is a [`Finding`](crate::Finding) instead.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    code: &'static str,
    message: String,
    location: Location,
    hint: Option<String>,
}

/// Who can fix it. Adapters map this once (exit code, HTTP status, exception class).
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller asked for something that cannot be (an unknown sheet, a bad range).
    Usage,
    /// The contract is wrong in itself.
    Contract,
    /// The file is damaged or is not what its name says.
    Malformed,
    /// The file is well formed but uses something we do not read.
    Unsupported,
    /// The file is protected by a password.
    Encrypted,
    /// A limit was reached; every limit can be set.
    Limit {
        /// Field name in [`Limits`](crate::Limits).
        name: &'static str,
        /// The limit in force.
        limit: u64,
        /// What the file asked for (at least).
        actual: u64,
    },
    /// The environment failed (disk, network).
    Io(io::Error),
    /// The caller asked to stop.
    Cancelled,
    /// A defect of ours.
    Bug,
}

/// Where it happened, as far as it is known.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Location {
    /// File name or path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Part of the package, such as `xl/worksheets/sheet1.xml`, or key of the contract (`/schema/fields/3`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// Byte offset in the part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub byte: Option<u64>,
    /// Sheet name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// Cell in A1 form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
}

/// Characters of a message, and of a name in front of it: a file must not speak at length through them.
const MAX_MESSAGE: usize = 1_000;
const MAX_NAME: usize = 200;

/// As much of a text as there is room for.
fn shortened(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.shrink_to_fit();
        text.push('…');
    }
    text
}

impl Error {
    fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Self {
        let location = Location::default();
        Error(Box::new(Inner {
            kind,
            code,
            message: shortened(message.into(), MAX_MESSAGE),
            location,
            hint: None,
        }))
    }

    /// The caller can fix it: `code` is `family/kind`, such as `sheet/not-found`.
    pub fn usage(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, code, message)
    }

    /// The contract contradicts itself or uses an unknown key.
    pub fn contract(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Contract, "contract/invalid", message)
    }

    /// The file is damaged (`file/corrupt`).
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Malformed, "file/corrupt", message)
    }

    /// A cell names a shared string that is not there.
    pub(crate) fn bad_string(index: u32, table_len: usize) -> Self {
        Self::malformed(format!(
            "shared string {index} is outside the table of {table_len}"
        ))
    }

    /// The bytes are something else than a workbook (`file/not-a-workbook`).
    pub fn not_a_workbook(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Malformed, "file/not-a-workbook", message)
            .with_hint("give a workbook (xlsx, xlsm, xlsb, xls, ods) or a text file (csv, tsv)")
    }

    /// The file uses something we do not read (`file/unsupported`).
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, "file/unsupported", message)
    }

    /// A row stands where only a reader of the whole sheet can put it right (`sheet/out-of-order`). Zero-based.
    pub(crate) fn out_of_order(row: u32) -> Self {
        let message = format!("row {} comes behind rows that stand below it", row + 1);
        Self::new(ErrorKind::Unsupported, "sheet/out-of-order", message).with_hint(
            "read the whole table at once, or save the file again in a spreadsheet program",
        )
    }

    /// True for [`Self::out_of_order`].
    pub(crate) fn is_out_of_order(&self) -> bool {
        self.code() == "sheet/out-of-order"
    }

    /// The file needs a password (`file/encrypted`).
    pub fn encrypted(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Encrypted, "file/encrypted", message)
    }

    /// A limit was reached. `name` is the field of [`Limits`](crate::Limits).
    pub fn limit(name: &'static str, limit: u64, actual: u64) -> Self {
        let code = if name == "max_inflate_ratio" {
            "file/zip-bomb"
        } else {
            "file/too-large"
        };
        let message = format!("{name} is {limit}, the file needs at least {actual}");
        Self::new(
            ErrorKind::Limit {
                name,
                limit,
                actual,
            },
            code,
            message,
        )
        .with_hint(format!("raise {name} if this file is trusted"))
    }

    /// Reading or writing failed.
    pub fn io(error: io::Error, what: impl fmt::Display) -> Self {
        let message = format!("{what}: {error}");
        Self::new(ErrorKind::Io(error), "io/failed", message)
    }

    /// A file that is read cannot be.
    pub(crate) fn unreadable(error: io::Error, what: impl fmt::Display) -> Self {
        let hint = match error.kind() {
            io::ErrorKind::NotFound => "check the path",
            io::ErrorKind::PermissionDenied => {
                "this user may not read it: check the permissions of the file and of its folder"
            }
            _ => "check that it is a file, and that it can be read",
        };
        Self::io(error, what).with_hint(hint)
    }

    /// The run was cancelled by its caller.
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "run/cancelled", "cancelled")
    }

    /// A defect of ours: something that should be impossible.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Bug, "internal/bug", message)
            .with_hint("this is a defect in sheetlift; please report it with the file's structure")
    }

    /// Adds advice, shown on a line of its own.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(shortened(hint.into(), MAX_MESSAGE));
        self
    }

    /// Names the file unless one is named already.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.0.location.file.get_or_insert_with(|| file.into());
        self
    }

    /// Names the part unless one is named already.
    #[must_use]
    pub fn in_part(mut self, part: impl Into<String>) -> Self {
        let part = || shortened(part.into(), MAX_NAME);
        self.0.location.part.get_or_insert_with(part);
        self
    }

    /// Gives the byte offset in the part unless one is known already.
    #[must_use]
    pub fn at_byte(mut self, byte: u64) -> Self {
        self.0.location.byte.get_or_insert(byte);
        self
    }

    /// Moves a known byte offset: it was counted from the start of a chunk.
    #[must_use]
    pub(crate) fn shift_byte(mut self, by: u64) -> Self {
        if let Some(byte) = &mut self.0.location.byte {
            *byte += by;
        }
        self
    }

    /// Names the sheet unless one is named already.
    #[must_use]
    pub fn in_sheet(mut self, sheet: impl Into<String>) -> Self {
        let sheet = || shortened(sheet.into(), MAX_NAME);
        self.0.location.sheet.get_or_insert_with(sheet);
        self
    }

    /// Names the cell (A1 form) unless one is named already.
    #[must_use]
    pub fn at_cell(mut self, cell: impl Into<String>) -> Self {
        let cell = || shortened(cell.into(), MAX_NAME);
        self.0.location.cell.get_or_insert_with(cell);
        self
    }

    /// Who can fix it.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The stable code, `family/kind`.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The message without its location.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it happened.
    pub fn location(&self) -> &Location {
        &self.0.location
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

impl fmt::Display for Error {
    /// `items.xlsx: xl/worksheets/sheet1.xml, byte 10482, cell C17: shared string 912 is outside the table of 640`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = &self.0.location;
        if let Some(file) = &at.file {
            write!(f, "{file}: ")?;
        }
        let byte = at.byte.map(|byte| format!("byte {byte}"));
        let sheet = at.sheet.as_ref().map(|sheet| format!("sheet {sheet:?}"));
        let cell = at.cell.as_ref().map(|cell| format!("cell {cell}"));
        let place: Vec<String> = [at.part.clone(), sheet, byte, cell]
            .into_iter()
            .flatten()
            .collect();
        if !place.is_empty() {
            write!(f, "{}: ", place.join(", "))?;
        }
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.kind {
            ErrorKind::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Error> for arrow_schema::ArrowError {
    fn from(error: Error) -> Self {
        arrow_schema::ArrowError::ExternalError(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_place_then_message() {
        let error = Error::malformed("shared string 912 is outside the table of 640")
            .in_part("xl/worksheets/sheet1.xml")
            .at_byte(10482)
            .at_cell("C17");
        assert_eq!(
            error.to_string(),
            "xl/worksheets/sheet1.xml, byte 10482, cell C17: shared string 912 is outside the table of 640"
        );
        assert_eq!(error.code(), "file/corrupt");
    }

    #[test]
    fn what_cannot_be_read_is_not_a_matter_of_databases() {
        for (kind, word) in [
            (io::ErrorKind::PermissionDenied, "permissions"),
            (io::ErrorKind::NotFound, "path"),
            (io::ErrorKind::Other, "can be read"),
        ] {
            let error = Error::unreadable(io::Error::from(kind), "cannot open the file");
            assert!(error.hint().unwrap().contains(word), "{error:?}");
        }
    }

    #[test]
    fn a_file_does_not_speak_at_length() {
        let name = "é".repeat(1 << 20);
        let error = Error::malformed(name.clone())
            .in_sheet(name.clone())
            .with_hint(name);
        assert!(error.to_string().chars().count() < 1_300);
        assert_eq!(error.hint().map(|hint| hint.chars().count()), Some(1_001));
    }
}
