//! The one error of this crate: a load that cannot go on.
//!
//! Bad rows are not errors: they end up as conflicts and rejects in the [`Outcome`](crate::Outcome).

use std::error::Error as StdError;
use std::fmt;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who can fix it, and what an adapter needs to know about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller asked for something that makes no sense; the message says what does.
    Usage,
    /// The environment failed: disk, permissions, a damaged or unreachable database.
    Sink,
    /// Somebody else is at work; the same call may succeed later.
    Busy {
        /// A sensible wait before the next attempt.
        retry_after_ms: u64,
    },
    /// The target table does not fit the import; [`Error::ddl`] holds a statement that would mend it, where one exists.
    Target,
    /// A limit set by the caller was passed; nothing was written.
    Limit {
        /// The name of the option that sets the limit.
        name: &'static str,
        /// The limit.
        limit: u64,
        /// What was found.
        actual: u64,
    },
    /// A defect in this crate.
    Bug,
}

/// Why a load cannot go on.
///
/// The message is lower case without a full stop; advice is separate, in [`hint`](Error::hint).
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    code: &'static str,
    message: String,
    hint: Option<String>,
    ddl: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

#[cfg_attr(not(feature = "sqlite"), allow(dead_code))] // a build without sinks has little to complain about
impl Error {
    pub(crate) fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Error {
        debug_assert!(code.contains('/'));
        let message = message.into();
        Error(Box::new(Inner {
            kind,
            code,
            message,
            hint: None,
            ddl: None,
            source: None,
        }))
    }

    pub(crate) fn usage(code: &'static str, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Usage, code, message)
    }

    #[cfg_attr(not(any(feature = "postgres", feature = "mysql")), allow(dead_code))]
    pub(crate) fn sink(code: &'static str, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Sink, code, message)
    }

    pub(crate) fn target(code: &'static str, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Target, code, message)
    }

    pub(crate) fn bug(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Bug, "bug/load", message)
            .with_hint("please report this with the schema of the import and of the target table")
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Error {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn with_ddl(mut self, ddl: impl Into<String>) -> Error {
        let ddl = ddl.into();
        self.0.hint.get_or_insert_with(|| format!("run: {ddl}"));
        self.0.ddl = Some(ddl);
        self
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Error {
        self.0.source = Some(Box::new(source));
        self
    }

    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// A stable `family/kind` code, such as `target/missing-column`.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// What to do about it, if there is advice.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The statement that would make the target fit, for [`ErrorKind::Target`].
    pub fn ddl(&self) -> Option<&str> {
        self.0.ddl.as_deref()
    }

    /// How long to wait before the same call may succeed, for [`ErrorKind::Busy`].
    pub fn retry_after_ms(&self) -> Option<u64> {
        match self.0.kind {
            ErrorKind::Busy { retry_after_ms } => Some(retry_after_ms),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Error");
        out.field("kind", &self.0.kind).field("code", &self.0.code);
        out.field("message", &self.0.message);
        if let Some(hint) = &self.0.hint {
            out.field("hint", hint);
        }
        if let Some(source) = &self.0.source {
            out.field("source", source);
        }
        out.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
