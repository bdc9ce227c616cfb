//! From SQLite's error codes to errors that say who can help.

use rusqlite::ffi::{self, ErrorCode};

use crate::error::{Error, ErrorKind};

const RETRY_AFTER_MS: u64 = 1_000;
const SQLITE_TOOBIG: i32 = ffi::SQLITE_TOOBIG;

/// Names what was being done to which database when SQLite failed. Apply it with `map_err(fault(..))`.
pub(super) fn fault<'a>(
    database: &'a str,
    doing: &'a str,
) -> impl Fn(rusqlite::Error) -> Error + 'a {
    move |error| describe(database, doing, error)
}

/// Whether the target refused this row, rather than failing as a whole.
pub(super) fn is_row_refused(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(code, _) => matches!(
            code.code,
            ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig
        ),
        _ => false,
    }
}

/// Whether the row was refused because its primary key is taken.
pub(super) fn is_key_taken(error: &rusqlite::Error) -> bool {
    let taken = [
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY,
        ffi::SQLITE_CONSTRAINT_ROWID,
    ];
    extended_code(error).is_some_and(|code| taken.contains(&code))
}

/// Whether another connection holds a lock.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// The reason of SQLite, without our own words.
pub(super) fn reason(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    }
}

fn extended_code(error: &rusqlite::Error) -> Option<i32> {
    match error {
        rusqlite::Error::SqliteFailure(code, _) => Some(code.extended_code),
        _ => None,
    }
}

fn describe(database: &str, doing: &str, error: rusqlite::Error) -> Error {
    let sink = |code, message: String| Error::new(ErrorKind::Sink, code, message);
    let busy = |code, message: String| {
        Error::new(
            ErrorKind::Busy {
                retry_after_ms: RETRY_AFTER_MS,
            },
            code,
            message,
        )
    };
    if extended_code(&error) == Some(ffi::SQLITE_READONLY_DBMOVED) {
        return busy(
            "busy/replaced",
            format!("{database} was replaced while {doing}"),
        )
        .with_source(error);
    }
    let described = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => busy(
            "busy/locked",
            format!("{database} is locked by another connection"),
        )
        .with_hint("try again, or close the program that is writing to it"),
        Some(ErrorCode::NotADatabase) => sink(
            "sink/not-a-database",
            format!("{database} is not a SQLite database"),
        )
        .with_hint("give the path of a SQLite file, or of a file that does not exist yet"),
        Some(ErrorCode::DatabaseCorrupt) => sink(
            "sink/corrupt",
            format!("{database} is damaged: {}", reason(&error)),
        )
        .with_hint("check it with: PRAGMA integrity_check"),
        Some(ErrorCode::DiskFull) => sink(
            "sink/disk-full",
            format!("the disk is full while {doing} {database}"),
        )
        .with_hint("free space beside the database and in the temporary directory (SQLITE_TMPDIR)"),
        Some(ErrorCode::ReadOnly) => sink(
            "sink/read-only",
            format!("{database} cannot be written: {}", reason(&error)),
        )
        .with_hint("check the permissions of the file and of its directory"),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => sink(
            "sink/unwritable",
            format!("{database} cannot be opened or created"),
        )
        .with_hint("check that its directory exists and may be written"),
        Some(ErrorCode::SystemIoFailure) => sink(
            "sink/io",
            format!("input or output failed while {doing} {database}"),
        ),
        Some(ErrorCode::ConstraintViolation) => Error::target(
            "target/constraint",
            format!(
                "a constraint failed while {doing} {database}: {}",
                reason(&error)
            ),
        ),
        Some(ErrorCode::ApiMisuse) => Error::bug(format!(
            "misuse of SQLite while {doing}: {}",
            reason(&error)
        )),
        _ if extended_code(&error) == Some(SQLITE_TOOBIG) => {
            sink("sink/too-big", format!("a value is too big for {database}"))
        }
        _ => sink(
            "sink/database",
            format!("{doing} {database} failed: {}", reason(&error)),
        ),
    };
    described.with_source(error)
}
