//! From the server's error codes to errors that say who can help
//! (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).

use std::error::Error as _;

use tokio_postgres::error::SqlState;

use crate::error::{Error, ErrorKind};

const RETRY_AFTER_MS: u64 = 1_000;

/// Names what was being done to which database when it failed. Apply it with `map_err(fault(..))`.
pub(super) fn fault<'a>(
    database: &'a str,
    doing: &'a str,
) -> impl Fn(tokio_postgres::Error) -> Error + 'a {
    move |error| describe(database, doing, error)
}

/// Whether the target refused rows of a statement (a constraint, a value out of its range), rather than failing as a whole.
pub(super) fn is_row_refused(error: &tokio_postgres::Error) -> bool {
    // 54: a value too long for an index.
    let class = |code: &SqlState| matches!(&code.code()[..2], "22" | "23" | "44" | "54" | "P0");
    error.code().is_some_and(class)
}

/// The constraint by which a key is taken, if that is why.
pub(super) fn key_taken(error: &tokio_postgres::Error) -> Option<&str> {
    let error = error.as_db_error()?;
    (*error.code() == SqlState::UNIQUE_VIOLATION).then(|| error.constraint().unwrap_or_default())
}

/// Whether an object came to be while it was being created.
pub(super) fn is_there_already(error: &tokio_postgres::Error) -> bool {
    let there = [
        SqlState::UNIQUE_VIOLATION, // of the catalogue
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
        SqlState::DUPLICATE_COLUMN,
    ];
    error.code().is_some_and(|code| there.contains(code))
}

/// Whether somebody else holds what was asked for.
pub(super) fn is_locked(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)
}

/// Whether the answer got lost, so that nobody knows what the server did.
pub(super) fn is_unanswered(error: &tokio_postgres::Error) -> bool {
    error.is_closed() || error.as_db_error().is_none() || is_gone(error)
}

fn is_gone(error: &tokio_postgres::Error) -> bool {
    let class = |code: &SqlState| {
        matches!(code.code(), "57P01" | "57P02" | "57P03") || code.code().starts_with("08")
    };
    error.code().is_some_and(class)
}

/// The server's reason, without our own words: its message and its detail.
pub(super) fn reason(error: &tokio_postgres::Error) -> String {
    let Some(error) = error.as_db_error() else {
        return match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
    };
    error.message().to_owned()
}

fn describe(database: &str, doing: &str, error: tokio_postgres::Error) -> Error {
    let why = reason(&error);
    let sink = |code, message: String| Error::new(ErrorKind::Sink, code, message);
    let busy = |code, message: String| {
        let retry_after_ms = RETRY_AFTER_MS;
        Error::new(ErrorKind::Busy { retry_after_ms }, code, message)
    };
    let code = error.code().map(|code| code.code().to_owned());
    let described = match code.as_deref() {
        None => sink("sink/unreachable", format!("{doing} {database} failed: {why}"))
            .with_hint("check host, port, network and security groups; the import can be run again"),
        Some(_) if is_gone(&error) => sink("sink/unreachable", format!("{doing} {database} failed: {why}"))
            .with_hint("the server went away or is starting: run the import again"),
        Some("28P01" | "28000") => sink("sink/login", format!("{database} refuses the login: {why}"))
            .with_hint("check user and password (PGPASSWORD), and what pg_hba.conf allows"),
        Some("3D000" | "3F000") => Error::usage("usage/database-address", format!("{doing} {database} failed: {why}")),
        Some("42501") => sink("sink/permission", format!("{doing} {database} failed: {why}"))
            .with_hint("the user has to own the schema's ledger tables, or may create them; and may change the target"),
        Some("40001" | "40P01" | "55P03") => busy("busy/locked", format!("{doing} {database} met another transaction: {why}")),
        Some("53100") => sink("sink/disk-full", format!("the disk of the server is full while {doing} {database}")),
        Some(code) if code.starts_with("23") => {
            Error::target("target/constraint", format!("a constraint failed while {doing} {database}: {why}"))
        }
        Some(code) if code.starts_with("42") => Error::bug(format!("{doing} {database} failed: {why} ({code})")),
        Some(code) => sink("sink/database", format!("{doing} {database} failed: {why} ({code})")),
    };
    described.with_source(error)
}
