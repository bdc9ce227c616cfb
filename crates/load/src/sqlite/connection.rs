//! Opening a database file with deliberate settings and friendly errors.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::fault::fault;
use super::{SqliteSink, image};
use crate::error::{Error, ErrorKind, Result};

/// None of these is persistent; see the documentation of the parent module.
const SETTINGS: &str = "
    PRAGMA foreign_keys = ON;
    PRAGMA synchronous = FULL;
    PRAGMA temp_store = FILE;
    PRAGMA main.cache_size = -65536;
    PRAGMA temp.cache_size = -16384;";

/// The absolute path of a database, whose directory has to exist. Absolute, so that SQLite cannot read `file:x` as a URI.
pub(super) fn locate(path: &Path) -> Result<PathBuf> {
    let sink = |code, message| Err(Error::new(ErrorKind::Sink, code, message));
    let shown = path.display();
    let Ok(absolute) = std::path::absolute(path) else {
        return Err(Error::usage(
            "usage/database-address",
            "the path of the database is empty",
        ));
    };
    if absolute.is_dir() {
        return sink(
            "sink/not-a-database",
            format!("{shown} is a directory, not a database"),
        );
    }
    let directory = absolute.parent().unwrap_or(Path::new("/"));
    if !directory.is_dir() {
        let directory = directory.display();
        return sink(
            "sink/unwritable",
            format!("cannot create {shown}: directory {directory} does not exist"),
        );
    }
    Ok(absolute)
}

/// Opens the database for an import, creating an empty file if there is none.
pub(super) fn open(sink: &SqliteSink) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn =
        Connection::open_with_flags(&sink.path, flags).map_err(fault(&sink.shown, "opening"))?;
    conn.busy_timeout(Duration::from_millis(sink.busy_timeout_ms))
        .and_then(|()| conn.execute_batch(SETTINGS))
        .and_then(|()| image::register(&conn))
        .map_err(fault(&sink.shown, "opening"))?;
    conn.set_prepared_statement_cache_capacity(16);
    Ok(conn)
}

/// Reads the header, so that a file of another kind is named before anything is planned.
pub(super) fn probe(sink: &SqliteSink) -> Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let read = Connection::open_with_flags(&sink.path, flags).and_then(|conn| {
        conn.busy_timeout(Duration::from_millis(sink.busy_timeout_ms))?;
        conn.query_row("SELECT count(*) FROM main.sqlite_master", [], |_| Ok(()))
    });
    match read {
        // Whoever holds the lock may be gone by the time an import begins.
        Err(error) if super::fault::is_busy(&error) => Ok(()),
        other => other.map_err(fault(&sink.shown, "opening")),
    }
}
