//! The one error of a job: whatever stopped it, with who can change that, a stable code, a place and advice.

use std::{fmt, io};

use sheetlift_core as core;
use sheetlift_load as load;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a job cannot go on. Bad rows are no errors: they are findings in the [`Report`](crate::Report).
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    code: &'static str,
    message: String,
    location: core::Location,
    hint: Option<String>,
    cause: Cause,
}

enum Cause {
    None,
    Io(io::Error),
    Core(core::Error),
    Load(load::Error),
}

/// What stopped the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller asked for something that cannot be.
    Usage,
    /// The contract is wrong in itself.
    Contract,
    /// The target table does not fit the contract; [`Error::ddl`] may hold a statement that mends it.
    Target,
    /// The file is damaged or is not what its name says.
    Malformed,
    /// The file is well formed but uses something we do not read.
    Unsupported,
    /// The file is protected by a password.
    Encrypted,
    /// A limit was passed; every limit can be set.
    Limit {
        /// The option that sets it.
        name: &'static str,
        /// The limit in force.
        limit: u64,
        /// What was found, at least.
        actual: u64,
    },
    /// Reading or writing failed.
    Io,
    /// The database failed.
    Sink,
    /// Somebody else loads the same import or holds the database; the same call may succeed later.
    Busy {
        /// A sensible wait before the next attempt.
        retry_after_ms: u64,
    },
    /// The caller asked to stop.
    Cancelled,
    /// A defect of ours.
    Bug,
}

/// Who can change it. Adapters map this once.
///
/// | class | exit code | HTTP | Lambda |
/// | --- | --- | --- | --- |
/// | `Caller` | 2 | 400 | final |
/// | `File` | 3 | 422 | final |
/// | `Limit` | 4 | 413 | final |
/// | `Environment` | 5 | 502, 503 | retry |
/// | `Cancelled` | 130 | 499 | final |
/// | `Defect` | 70 | 500 | final |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorClass {
    /// The caller: another option, contract or target.
    Caller,
    /// The author of the file.
    File,
    /// The file, or the configuration that sets the limit.
    Limit,
    /// Nobody but time, an operator or a retry.
    Environment,
    /// The caller did.
    Cancelled,
    /// Us.
    Defect,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Error {
        Error(Box::new(Inner {
            kind,
            code,
            message: message.into(),
            location: core::Location::default(),
            hint: None,
            cause: Cause::None,
        }))
    }

    /// The caller asked for something that cannot be; `code` is `family/kind`.
    pub fn usage(code: &'static str, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Usage, code, message)
    }

    /// Reading or writing failed while doing `what`.
    pub fn io(error: io::Error, what: impl fmt::Display) -> Error {
        let mut made = Error::new(ErrorKind::Io, "io/failed", format!("{what}: {error}"));
        made.0.cause = Cause::Io(error);
        made
    }

    /// The caller asked to stop.
    pub fn cancelled() -> Error {
        Error::new(ErrorKind::Cancelled, "run/cancelled", "cancelled")
    }

    /// A defect of ours: something that should be impossible.
    pub fn bug(message: impl Into<String>) -> Error {
        core::Error::bug(message).into()
    }

    /// Sets the advice, shown on a line of its own.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Error {
        self.0.hint = Some(hint.into());
        self
    }

    /// Names the file unless one is named already.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Error {
        self.0.location.file.get_or_insert_with(|| file.into());
        self
    }

    /// What stopped the job.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Who can change it.
    pub fn class(&self) -> ErrorClass {
        match self.0.kind {
            ErrorKind::Usage | ErrorKind::Contract | ErrorKind::Target => ErrorClass::Caller,
            ErrorKind::Malformed | ErrorKind::Unsupported | ErrorKind::Encrypted => {
                ErrorClass::File
            }
            ErrorKind::Limit { .. } => ErrorClass::Limit,
            ErrorKind::Io | ErrorKind::Sink | ErrorKind::Busy { .. } => ErrorClass::Environment,
            ErrorKind::Cancelled => ErrorClass::Cancelled,
            ErrorKind::Bug => ErrorClass::Defect,
        }
    }

    /// True when the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.class() == ErrorClass::Environment
    }

    /// How long to wait before the same call may succeed, for [`ErrorKind::Busy`].
    pub fn retry_after_ms(&self) -> Option<u64> {
        match self.0.kind {
            ErrorKind::Busy { retry_after_ms } => Some(retry_after_ms),
            _ => None,
        }
    }

    /// The stable code, `family/kind`.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The message without its place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it happened, as far as it is known.
    pub fn location(&self) -> &core::Location {
        &self.0.location
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The statement that would make the target table fit, for [`ErrorKind::Target`].
    pub fn ddl(&self) -> Option<&str> {
        match &self.0.cause {
            Cause::Load(error) => error.ddl(),
            _ => None,
        }
    }

    /// The error of the operating system, for [`ErrorKind::Io`].
    pub fn io_error(&self) -> Option<&io::Error> {
        match &self.0.cause {
            Cause::Io(error) => Some(error),
            Cause::Core(error) => match error.kind() {
                core::ErrorKind::Io(error) => Some(error),
                _ => None,
            },
            _ => None,
        }
    }
}

impl From<core::Error> for Error {
    fn from(error: core::Error) -> Error {
        use core::ErrorKind as From;
        let kind = match *error.kind() {
            From::Usage => ErrorKind::Usage,
            From::Contract => ErrorKind::Contract,
            From::Malformed => ErrorKind::Malformed,
            From::Unsupported => ErrorKind::Unsupported,
            From::Encrypted => ErrorKind::Encrypted,
            From::Limit {
                name,
                limit,
                actual,
            } => ErrorKind::Limit {
                name,
                limit,
                actual,
            },
            From::Io(_) => ErrorKind::Io,
            From::Cancelled => ErrorKind::Cancelled,
            _ => ErrorKind::Bug,
        };
        let mut made = Error::new(kind, error.code(), error.message());
        made.0.location = error.location().clone();
        made.0.hint = error.hint().map(str::to_owned);
        made.0.cause = Cause::Core(error);
        made
    }
}

impl From<load::Error> for Error {
    fn from(error: load::Error) -> Error {
        use load::ErrorKind as From;
        let kind = match error.kind() {
            From::Usage => ErrorKind::Usage,
            From::Sink => ErrorKind::Sink,
            From::Busy { retry_after_ms } => ErrorKind::Busy { retry_after_ms },
            From::Target => ErrorKind::Target,
            From::Limit {
                name,
                limit,
                actual,
            } => ErrorKind::Limit {
                name,
                limit,
                actual,
            },
            _ => ErrorKind::Bug,
        };
        let mut made = Error::new(kind, error.code(), error.to_string());
        made.0.hint = error.hint().map(str::to_owned);
        made.0.cause = Cause::Load(error);
        made
    }
}

impl fmt::Display for Error {
    /// `items.xlsx: xl/worksheets/sheet1.xml, byte 10482, cell C17: shared string 912 is outside the table of 640`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.cause {
            Cause::Core(error) => error.fmt(f),
            _ => {
                if let Some(file) = &self.0.location.file {
                    write!(f, "{file}: ")?;
                }
                f.write_str(&self.0.message)
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Error");
        out.field("kind", &self.0.kind).field("code", &self.0.code);
        out.field("message", &self.to_string());
        if let Some(hint) = &self.0.hint {
            out.field("hint", hint);
        }
        out.finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.cause {
            Cause::None => None,
            Cause::Io(error) => Some(error),
            Cause::Core(error) => error.source(),
            Cause::Load(error) => error.source(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_the_parts_knew() {
        let part = core::Error::malformed("shared string 912 is outside the table of 640")
            .in_file("items.xlsx")
            .at_cell("C17");
        let error = Error::from(part);
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert_eq!(error.class(), ErrorClass::File);
        assert_eq!(error.code(), "file/corrupt");
        assert_eq!(error.location().cell.as_deref(), Some("C17"));
        assert!(
            error
                .to_string()
                .starts_with("items.xlsx: cell C17: shared string")
        );

        let error = Error::from(load::connect("oracle://u:p@h/db").map(|_| ()).unwrap_err());
        assert_eq!(
            (error.kind(), error.class()),
            (ErrorKind::Usage, ErrorClass::Caller)
        );
        assert!(error.hint().is_some());
    }

    #[test]
    fn only_the_environment_is_worth_a_retry() {
        let broken = io::Error::from(io::ErrorKind::BrokenPipe);
        let error = Error::io(broken, "cannot write");
        assert!(error.is_retryable());
        assert_eq!(error.io_error().unwrap().kind(), io::ErrorKind::BrokenPipe);
        assert!(!Error::cancelled().is_retryable());
        assert_eq!(Error::bug("odd").class(), ErrorClass::Defect);
    }
}
