//! Rows for one table on their way: by LOAD DATA LOCAL out of memory, or by INSERT.

use bytes::Bytes;

use super::client::{Client, Database, get};
use super::encode;
use super::fault::is_load_refused;
use super::names::joined;
use crate::error::{Error, Result};

/// Rows for one table, as LOAD DATA takes them.
pub(super) struct Buffer {
    table: String,
    /// Its columns; those of bytes are told apart.
    pub(super) columns: Vec<(String, bool)>,
    pub(super) rows: u64,
    pub(super) bytes: Vec<u8>,
}

impl Buffer {
    pub(super) fn new(table: &str, columns: &[&str]) -> Buffer {
        Buffer {
            table: table.to_owned(),
            columns: columns
                .iter()
                .map(|name| ((*name).to_owned(), false))
                .collect(),
            rows: 0,
            bytes: Vec::new(),
        }
    }

    fn names(&self) -> String {
        joined(self.columns.iter().map(|(name, _)| name.clone()), ", ")
    }

    /// Appends a row of the sink's own.
    pub(super) fn put(&mut self, row: u32, texts: &[Option<&str>]) {
        self.bytes.extend_from_slice(row.to_string().as_bytes());
        for text in texts {
            self.bytes.push(b'\t');
            match text {
                Some(text) => encode::escaped(text.as_bytes(), &mut self.bytes),
                None => encode::null(&mut self.bytes),
            }
        }
        self.bytes.push(b'\n');
        self.rows += 1;
    }
}

/// Sends the rows, one way or the other; where the server refuses the first way, the other is taken from then on.
pub(super) fn send(
    client: &Client,
    buffer: &mut Buffer,
    inserts: &mut bool,
) -> Result<(), WriteError> {
    let (rows, capacity) = (std::mem::take(&mut buffer.rows), buffer.bytes.len());
    let bytes = Bytes::from(std::mem::replace(
        &mut buffer.bytes,
        Vec::with_capacity(capacity),
    ));
    if !*inserts {
        let (table, names) = (&buffer.table, buffer.names());
        // As bytes, which are those of UTF-8 in columns of text.
        let sql = format!(
            "LOAD DATA LOCAL INFILE 'sheetlift' INTO TABLE {table} CHARACTER SET binary
             FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' ({names})"
        );
        match client.load(&sql, bytes.clone()) {
            Err(error) if is_load_refused(&error) => *inserts = true,
            Err(error) => return Err(error.into()),
            Ok(loaded) if loaded.rows == rows && loaded.warnings == 0 => return Ok(()),
            Ok(loaded) => return Err(changed(client, rows, loaded.rows)?.into()),
        }
    }
    insert(client, buffer, &bytes)
}

/// The error for rows that the server would not take as they are: what is sent fits the columns of the stage.
fn changed(client: &Client, sent: u64, arrived: u64) -> Database<Error> {
    let why = client.row("SHOW WARNINGS LIMIT 1", Vec::new())?;
    let why: String = why.map_or(Ok(String::new()), |row| get(&row, 2))?;
    Ok(Error::bug(format!(
        "the server changed values on their way: {arrived} of {sent} rows arrived; {why}"
    )))
}

/// Parameters of a statement, at most about so many, and bytes of them. Where the rows are as many, it is the same statement.
const PARAMETERS: usize = 4_000;
const STATEMENT: usize = 512 << 10;

/// Sends the rows of a buffer by statements that insert many of them.
fn insert(client: &Client, buffer: &Buffer, bytes: &[u8]) -> Result<(), WriteError> {
    let places = buffer.columns.iter().map(|(_, is_bytes)| match is_bytes {
        // A parameter is a text, and bytes need not be one.
        true => "unhex(?)",
        false => "?",
    });
    let places = format!("({})", joined(places.map(str::to_owned), ", "));
    let (table, names) = (&buffer.table, buffer.names());
    let mut rest = bytes;
    while !rest.is_empty() {
        let (mut rows, mut parameters, mut size) = (0, Vec::new(), 0);
        while !rest.is_empty() && parameters.len() < PARAMETERS && size < STATEMENT {
            let (fields, after) = encode::row(rest)
                .ok_or_else(|| Error::bug("a row that was written cannot be read"))?;
            size += rest.len() - after.len();
            rest = after;
            rows += 1;
            for (field, (_, is_bytes)) in fields.into_iter().zip(&buffer.columns) {
                parameters.push(match field {
                    None => mysql_async::Value::NULL,
                    Some(field) if *is_bytes => mysql_async::Value::Bytes(hex(&field)),
                    Some(field) => mysql_async::Value::Bytes(field),
                });
            }
        }
        let all = vec![places.as_str(); rows].join(", ");
        let sql = format!("INSERT INTO {table} ({names}) VALUES {all}");
        client.execute(&sql, parameters)?;
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| DIGITS[usize::from(digit)]).collect()
}

/// Why rows could not be sent.
pub(super) enum WriteError {
    Database(mysql_async::Error),
    Other(Error),
}

impl From<mysql_async::Error> for WriteError {
    fn from(error: mysql_async::Error) -> WriteError {
        WriteError::Database(error)
    }
}

impl WriteError {
    /// As the one error there is.
    pub(super) fn said(self, fail: impl Fn(mysql_async::Error) -> Error) -> Error {
        match self {
            WriteError::Database(error) => fail(error),
            WriteError::Other(error) => error,
        }
    }
}

impl From<Error> for WriteError {
    fn from(error: Error) -> WriteError {
        WriteError::Other(error)
    }
}
