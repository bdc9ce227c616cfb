//! From an address to a sink.

use std::path::Path;

use crate::error::{Error, Result};
use crate::sink::Sink;

const PATH_EXTENSIONS: [&str; 4] = ["db", "db3", "sqlite", "sqlite3"];

/// Connects to the database at an address.
///
/// * `sqlite:inventory.db`, `sqlite:/data/inventory.db`, `sqlite:///data/inventory.db`: what follows `sqlite:` (and `//`, if
///   there) is the path as it is, without percent-encoding or options;
/// * `postgres://USER@HOST:PORT/DATABASE`, with the parameters that libpq knows and `schema` (feature `postgres`);
/// * `mysql://USER@HOST:PORT/DATABASE`, or `mariadb://`, with the parameters `ssl-mode`, `ssl-ca`, `socket` and `connect_timeout` (feature
///   `mysql`);
/// * `dynamodb:`, `dynamodb://eu-west-1`, `dynamodb://eu-west-1?endpoint=http://127.0.0.1:8000`: what is left out is found as every
///   AWS tool finds it (feature `dynamodb`);
/// * `file:out?format=csv`, `file:///data/out`, `s3://bucket/prefix?format=arrow`: files of the format `parquet` (the default), `arrow`, `csv`
///   or `ndjson`; what precedes the last `?` is the path as it is (features `files` and `s3`);
/// * a path that ends in `.db`, `.db3`, `.sqlite` or `.sqlite3`.
///
/// # Errors
///
/// [`Usage`](crate::ErrorKind::Usage) for an address it cannot read, [`Sink`](crate::ErrorKind::Sink) for a database it cannot
/// use. Addresses may hold passwords, so that no message repeats one; at most its scheme is named.
pub fn connect(url: &str) -> Result<Box<dyn Sink>> {
    match scheme(url) {
        #[cfg(feature = "postgres")]
        Some("postgres" | "postgresql") => Ok(Box::new(crate::postgres::PostgresSink::open(url)?)),
        #[cfg(feature = "mysql")]
        Some("mysql" | "mariadb") => Ok(Box::new(crate::mysql::MySqlSink::open(url)?)),
        #[cfg(feature = "files")]
        Some("file" | "s3") => Ok(Box::new(crate::files::FilesSink::open(url)?)),
        #[cfg(feature = "dynamodb")]
        _ if url.starts_with("dynamodb:") => {
            let options = crate::dynamodb::DynamoOptions::from_address(url)?;
            Ok(Box::new(crate::dynamodb::DynamoSink::open(&options)?))
        }
        _ => sqlite(path_of(url)?),
    }
}

/// Says what a table, or a view, of the database at an address is like. The database is only read.
///
/// # Errors
///
/// As [`connect`]; [`Usage`](crate::ErrorKind::Usage) when there is no such table, with the tables there are.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub fn describe_table(url: &str, table: &str) -> Result<crate::describe::TableDescription> {
    match scheme(url) {
        #[cfg(feature = "postgres")]
        Some("postgres" | "postgresql") => {
            crate::postgres::PostgresSink::open(url)?.describe(table)
        }
        #[cfg(feature = "mysql")]
        Some("mysql" | "mariadb") => crate::mysql::MySqlSink::open(url)?.describe(table),
        #[cfg(feature = "sqlite")]
        _ => crate::sqlite::SqliteSink::open(path_of(url)?)?.describe(table),
        #[cfg(not(feature = "sqlite"))]
        _ => Err(unknown(
            "the address is none of a database whose tables can be read",
        )),
    }
}

/// The path in the address of a file.
fn path_of(url: &str) -> Result<&Path> {
    match scheme(url) {
        Some("sqlite") => {
            let rest = &url["sqlite:".len()..];
            let path = rest.strip_prefix("//").unwrap_or(rest);
            if path.contains('?') || path.contains('#') {
                return Err(Error::usage(
                    "usage/database-options",
                    "a sqlite address takes no options after the path",
                ));
            }
            if path.is_empty() || path.starts_with(":memory:") {
                return Err(Error::usage(
                    "usage/database-address",
                    "a sqlite address needs the path of a file: a database in memory would be gone at once",
                )
                .with_hint("write sqlite:inventory.db"));
            }
            Ok(Path::new(path))
        }
        Some(other) => Err(unknown(&format!(
            "no sink for addresses of scheme {other:?}"
        ))),
        None if has_known_extension(url) => Ok(Path::new(url)),
        None => Err(unknown("the database address has no scheme")),
    }
}

/// The scheme in front of the first colon. A single letter is a Windows drive; with anything unusual in it, it is none.
fn scheme(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once(':')?;
    let regular = scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'+');
    (regular && (scheme == "sqlite" || scheme == "file" || rest.starts_with("//")))
        .then_some(scheme)
}

fn has_known_extension(path: &str) -> bool {
    let extension = Path::new(path)
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or("");
    PATH_EXTENSIONS
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

/// The schemes of this build.
const KNOWN: &[&str] = &[
    #[cfg(feature = "sqlite")]
    "sqlite",
    #[cfg(feature = "postgres")]
    "postgres",
    #[cfg(feature = "mysql")]
    "mysql",
    #[cfg(feature = "dynamodb")]
    "dynamodb",
    #[cfg(feature = "files")]
    "file",
    #[cfg(feature = "s3")]
    "s3",
];

fn unknown(message: &str) -> Error {
    let known = match KNOWN {
        [] => "none".to_owned(),
        known => known.join(", "),
    };
    Error::usage(
        "usage/database-address",
        format!("{message}; available: {known}"),
    )
    .with_hint("write sqlite:inventory.db, or a path that ends in .db or .sqlite, or postgres://USER@HOST/DATABASE, or mysql://USER@HOST/DATABASE")
}

#[cfg(feature = "sqlite")]
fn sqlite(path: &Path) -> Result<Box<dyn Sink>> {
    Ok(Box::new(crate::sqlite::SqliteSink::open(path)?))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_: &Path) -> Result<Box<dyn Sink>> {
    Err(unknown("this build has no sqlite sink (feature sqlite)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_schemes_from_paths() {
        for (url, expected) in [
            ("sqlite:a.db", Some("sqlite")),
            ("postgres://u:secret@h/db", Some("postgres")),
            ("postgresql://h/db", Some("postgresql")),
            ("C:\\data\\a.db", None),
            ("user:secret@host/db", None),
            ("a.db", None),
            ("odd:name.db", None),
        ] {
            assert_eq!(scheme(url), expected, "{url}");
        }
    }

    #[test]
    fn never_repeats_a_password() {
        for url in [
            "oracle://u:secret@h/db",
            "postgres://u:secret@h:port/db",
            "postgres://u:secret@h/db?sslmode=secret",
            "mysql://u:secret@h:port/db",
            "mariadb://u:secret@h/db?password=secret",
            "u:secret@h/db",
            "secret",
            "sqlite:secret.db?key=secret",
        ] {
            let error = connect(url).map(|sink| sink.name()).unwrap_err();
            assert!(
                !format!("{error} {error:?}").contains("secret"),
                "{error:?}"
            );
            assert_eq!(error.kind(), crate::ErrorKind::Usage);
        }
        let error = connect("oracle://u:secret@h/db")
            .map(|sink| sink.name())
            .unwrap_err();
        let said = "no sink for addresses of scheme \"oracle\"; available: sqlite, postgres, ";
        assert!(error.to_string().starts_with(said), "{error}");
    }
}
