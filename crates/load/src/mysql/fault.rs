//! From the server's error codes to errors that say who can help
//! (<https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html>, <https://mariadb.com/kb/en/mariadb-error-codes/>).

use mysql_async::Error as Fault;

use crate::error::{Error, ErrorKind};

const RETRY_AFTER_MS: u64 = 1_000;

/// Names what was being done to which database when it failed. Apply it with `map_err(fault(..))`.
pub(super) fn fault<'a>(database: &'a str, doing: &'a str) -> impl Fn(Fault) -> Error + 'a {
    move |error| describe(database, doing, error)
}

/// The number of the server's error; none where it did not answer.
pub(super) fn code(error: &Fault) -> Option<u16> {
    match error {
        Fault::Server(error) => Some(error.code),
        _ => None,
    }
}

fn state(error: &Fault) -> &str {
    match error {
        Fault::Server(error) => &error.state,
        _ => "",
    }
}

/// Whether the target refused rows of a statement (a constraint, a value out of its range), rather than failing as a whole.
pub(super) fn is_row_refused(error: &Fault) -> bool {
    let class = matches!(state(error).get(..2), Some("22" | "23" | "44" | "45"));
    class
        || matches!(
            code(error),
            Some(
                1118 // a row too large for its page
                | 1265 | 1292 | 1364 | 1366 | 1411 // a value that is none of its column
                | 1526 | 1748 | 1863 // no partition for it
                | 1977 | 3854 // a character that its character set lacks
                | 3140 // no JSON
                | 3819 | 4025 // a check
            )
        )
}

/// Whether a key is taken.
pub(super) fn is_key_taken(error: &Fault) -> bool {
    matches!(code(error), Some(1062 | 1586))
}

/// Whether something came to be while it was being created.
pub(super) fn is_there_already(error: &Fault) -> bool {
    matches!(code(error), Some(1050 | 1062 | 1586))
}

/// Whether somebody else holds what was asked for.
pub(super) fn is_locked(error: &Fault) -> bool {
    matches!(code(error), Some(1205 | 3572))
}

/// Whether a table, or a column of it, is not there.
pub(super) fn is_missing(error: &Fault) -> bool {
    matches!(code(error), Some(1146 | 1054))
}

/// Whether the server, or what stands in front of it, takes no rows by LOAD DATA LOCAL.
pub(super) fn is_load_refused(error: &Fault) -> bool {
    matches!(code(error), Some(1148 | 3948 | 3950 | 4166))
}

/// Whether the answer got lost, so that nobody knows what the server did.
pub(super) fn is_unanswered(error: &Fault) -> bool {
    match error {
        Fault::Io(_) | Fault::Driver(_) => true,
        Fault::Server(_) => is_gone(error),
        _ => false,
    }
}

/// The server goes down, or the connection was ended from there.
fn is_gone(error: &Fault) -> bool {
    matches!(
        code(error),
        Some(1053 | 1077 | 1078 | 1079 | 1152 | 1154 | 1156..=1161 | 1184 | 1317 | 1927 | 4031)
    )
}

/// The server's reason, without our own words. Which row of a statement it was says nothing to anybody.
pub(super) fn reason(error: &Fault) -> String {
    let Fault::Server(error) = error else {
        return match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
    };
    let message = error.message.as_str();
    match message.rsplit_once(" at row ") {
        Some((said, row)) if row.bytes().all(|byte| byte.is_ascii_digit()) => said.to_owned(),
        _ => message.to_owned(),
    }
}

fn describe(database: &str, doing: &str, error: Fault) -> Error {
    let why = reason(&error);
    let sink = |code, message: String| Error::new(ErrorKind::Sink, code, message);
    let busy = |code, message: String| {
        let retry_after_ms = RETRY_AFTER_MS;
        Error::new(ErrorKind::Busy { retry_after_ms }, code, message)
    };
    let failed = || format!("{doing} {database} failed: {why}");
    let described = match code(&error) {
        None if is_unanswered(&error) => sink("sink/unreachable", failed())
            .with_hint("check host, port, network and security groups; the import can be run again"),
        Some(_) if is_gone(&error) => sink("sink/unreachable", failed())
            .with_hint("the server went away or is starting: run the import again"),
        Some(1045 | 1698 | 1251 | 1275 | 1524 | 3118 | 1862 | 3159) => {
            sink("sink/login", format!("{database} refuses the login: {why}"))
                .with_hint("check user and password (MYSQL_PWD), and from where the user may connect")
        }
        Some(1060) => Error::usage("usage/column-name", failed())
            .with_hint("two columns have one name to the server, which takes no account of case: rename one in the contract"),
        Some(1070 | 1071) => Error::usage("usage/key-columns", failed())
            .with_hint("a key has 16 columns and 3,072 bytes at most: name another in the contract"),
        Some(1117 | 1118) => Error::target("target/row-size", failed())
            .with_hint("half a page has to hold a row, and 40 bytes of each text in it: load fewer columns at once"),
        Some(1049) => Error::usage("usage/database-address", failed()),
        Some(1044 | 1142 | 1143 | 1227 | 1370 | 1290 | 1792 | 1836) => sink("sink/permission", failed())
            .with_hint("the user may have to create tables in the database, and to change the target; and the server has to take changes"),
        Some(1020 | 1205 | 1213 | 1615 | 3572) => {
            busy("busy/locked", format!("{doing} {database} met another transaction: {why}"))
        }
        Some(1040 | 1203 | 1226) => busy("busy/connections", failed()),
        Some(1021) => {
            sink("sink/disk-full", format!("the disk of the server is full while {doing} {database}"))
        }
        Some(1114) => sink("sink/disk-full", failed()),
        Some(1301 | 1153 | 1260) => sink("sink/packet", failed())
            .with_hint("a row is larger than max_allowed_packet of the server: raise that, or load with --no-undo"),
        _ if state(&error).starts_with("23") => {
            Error::target("target/constraint", format!("a constraint failed while {doing} {database}: {why}"))
        }
        Some(code) if state(&error).starts_with("42") => {
            Error::bug(format!("{doing} {database} failed: {why} ({code})"))
        }
        Some(code) => sink("sink/database", format!("{doing} {database} failed: {why} ({code})")),
        None => sink("sink/database", failed()),
    };
    described.with_source(error)
}
