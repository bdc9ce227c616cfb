//! Rows on their way: a table of the import, filled by COPY.

use std::pin::Pin;

use arrow_array::{ArrayRef, RecordBatch};
use bytes::Bytes;
use futures_util::SinkExt as _;
use tokio_postgres::CopyInSink;

use super::client::Client;
use super::encode::{self, Encoder};
use super::names::{joined, quoted};
use super::new_table;
use super::target::Column;
use crate::cells::{Cells, arrays};
use crate::error::{Error, Result};
use crate::outcome::Reject;
use crate::relational::{Refusal, Sources, TARGET_CONSTRAINT, key_text};

/// Bytes that are sent at once.
const CHUNK: usize = 256 << 10;
/// Rejected and refused rows that are held before they are sent.
const ASIDE_BYTES: usize = 4 << 20;
/// The tables of an import: rows, what does not become one, and what the merge finds out.
pub(super) struct Stage {
    /// `n` in order of arrival, `src` as the caller numbers them, and `c0`, `c1`, ... as they are sent.
    pub(super) rows: String,
    /// Rows that do not enter: `src`, `code`, `reason`, `key_text`, `col`.
    pub(super) exceptions: String,
    /// Rejected rows: `src`, `codes`, `reason`, `raw`.
    pub(super) rejects: String,
    /// What the merge finds out of rows, each with one column `n`.
    pub(super) hit: String,
    pub(super) dup: String,
    pub(super) gone: String,
    pub(super) changed: String,
    /// Rows of the target as they were: `n`, `kind`, `image`.
    pub(super) before: String,
    copy: Option<Pin<Box<CopyInSink<Bytes>>>>,
    buffer: Vec<u8>,
    exceptions_buffer: Vec<u8>,
    rejects_buffer: Vec<u8>,
    /// Rows in the stage.
    pub(super) written: u64,
    /// Rows that the target cannot hold.
    pub(super) refused: u64,
    /// The stage is what becomes the target: it has the columns of the import, and no others.
    pub(super) is_direct: bool,
    /// Then a connection of its own fills it, in the transaction in which it was made: only there do rows lie in order of arrival.
    copier: Option<Client>,
    /// Where its rows came from, ...
    pub(super) sources: Sources,
    /// ... and the transaction that wrote them.
    pub(super) writers: Vec<String>,
}

impl Stage {
    pub(super) fn new(schema: &str, import_id: &str, fence: i64) -> Stage {
        let name = |what: &str| format!("_sheetlift_stage_{}_{fence}{what}", &import_id[4..20]);
        Stage {
            rows: quoted(schema, &name("")),
            exceptions: quoted(schema, &name("_exceptions")),
            rejects: quoted(schema, &name("_rejects")),
            hit: quoted(schema, &name("_hit")),
            dup: quoted(schema, &name("_dup")),
            gone: quoted(schema, &name("_gone")),
            changed: quoted(schema, &name("_changed")),
            before: quoted(schema, &name("_before")),
            copy: None,
            buffer: Vec::with_capacity(CHUNK + (64 << 10)),
            exceptions_buffer: Vec::new(),
            rejects_buffer: Vec::new(),
            written: 0,
            refused: 0,
            is_direct: false,
            copier: None,
            sources: Sources::default(),
            writers: Vec::new(),
        }
    }

    pub(super) fn create(
        &self,
        client: &Client,
        columns: &[Column],
    ) -> Result<(), tokio_postgres::Error> {
        let with = "WITH (autovacuum_enabled = false)";
        let mut sql = String::new();
        if !self.is_direct {
            let staged = columns.iter().enumerate();
            let staged = staged.map(|(at, column)| format!(", c{at} {}", column.kind.staged()));
            let (table, staged) = (&self.rows, joined(staged, ""));
            sql = format!(
                "CREATE UNLOGGED TABLE {table} (n bigint NOT NULL, src bigint NOT NULL{staged}) {with};"
            );
        }
        sql += &format!(
            "CREATE UNLOGGED TABLE {} (src bigint NOT NULL, code text NOT NULL, reason text NOT NULL, key_text text NOT NULL,
                 col text) {with};
             CREATE UNLOGGED TABLE {} (src bigint NOT NULL, codes text NOT NULL, reason text NOT NULL, raw text NOT NULL) {with}",
            self.exceptions, self.rejects
        );
        for table in [&self.hit, &self.dup, &self.changed] {
            sql += &format!("; CREATE UNLOGGED TABLE {table} (n bigint NOT NULL) {with}");
        }
        let gone = &self.gone;
        sql += &format!(
            "; CREATE UNLOGGED TABLE {gone} (n bigint NOT NULL, round bigint NOT NULL) {with}"
        );
        let before = &self.before;
        sql += &format!(
            "; CREATE UNLOGGED TABLE {before} (n bigint NOT NULL, kind text NOT NULL, image text NOT NULL) {with}"
        );
        client.run(&sql)
    }

    pub(super) fn drop(&self, client: &Client) -> Result<(), tokio_postgres::Error> {
        client.run(&format!(
            "DROP TABLE IF EXISTS {}",
            self.tables().join(", ")
        ))
    }

    /// Drops the tables unless somebody holds one of them.
    pub(super) fn drop_if_free(&self, client: &Client) -> Result<(), tokio_postgres::Error> {
        let tables = self.tables().into_iter();
        let tables = tables.filter(|table| !self.is_direct || *table != self.rows);
        let tables = tables.collect::<Vec<_>>().join(", ");
        let dropped = client.run(&format!(
            "BEGIN; LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE NOWAIT; DROP TABLE {tables}; COMMIT"
        ));
        match dropped {
            Ok(()) => Ok(()),
            Err(_) => client.run("ROLLBACK"),
        }
    }

    /// Sends the rows of a batch.
    pub(super) fn write(
        &mut self,
        client: &Client,
        columns: &[Column],
        batch: &RecordBatch,
        rows: &[u32],
    ) -> Result<(), WriteError> {
        let arrays: Vec<ArrayRef> = arrays(batch)?;
        let mut cells = Vec::with_capacity(columns.len());
        for (column, array) in columns.iter().zip(&arrays) {
            let found = Cells::new(array);
            let found = found
                .ok_or_else(|| Error::bug(format!("column {:?} cannot be read", column.name)))?;
            cells.push((found, column.encoder()));
        }
        let own = if self.is_direct { 0 } else { 2 };
        let fields = (columns.len() as i16 + own).to_be_bytes();
        for (index, &row) in rows.iter().enumerate() {
            let start = self.buffer.len();
            self.buffer.extend_from_slice(&fields);
            if !self.is_direct {
                encode::bigint(&mut self.buffer, self.written as i64);
                encode::bigint(&mut self.buffer, i64::from(row));
            }
            match write_row(&cells, columns, index, &mut self.buffer) {
                Ok(()) => {
                    self.written += 1;
                    if self.is_direct {
                        self.sources.push(row);
                    }
                }
                Err(refusal) => {
                    self.buffer.truncate(start);
                    self.refused += 1;
                    let keys = cells.iter().zip(columns);
                    let keys = keys.filter(|(_, column)| column.is_key);
                    let key = key_text(keys.map(|((cells, _), _)| cells.value(index)));
                    let texts = [
                        Some(refusal.code),
                        Some(&refusal.reason),
                        Some(&key),
                        refusal.column.as_deref(),
                    ];
                    put_aside(&mut self.exceptions_buffer, row, &texts);
                }
            }
            if self.buffer.len() >= CHUNK {
                self.send(client)?;
            }
        }
        self.send_aside(client, ASIDE_BYTES)
    }

    pub(super) fn reject(&mut self, client: &Client, rejects: &[Reject]) -> Result<(), WriteError> {
        for reject in rejects {
            let clean = |text: &str| text.replace('\0', "\u{fffd}");
            let texts = [
                Some(&*reject.codes.join(",")),
                Some(&*clean(&reject.reason)),
                Some(&*clean(&reject.raw)),
            ];
            put_aside(&mut self.rejects_buffer, reject.row, &texts);
        }
        self.send_aside(client, ASIDE_BYTES)
    }

    /// Makes the table that becomes the target, and leaves its transaction open.
    pub(super) fn begin_direct(
        &mut self,
        copier: Client,
        columns: &[Column],
    ) -> Result<(), tokio_postgres::Error> {
        copier.run(&format!(
            "BEGIN; {}",
            new_table::create_without_keys(&self.rows, columns)
        ))?;
        let writer = copier.row("SELECT pg_current_xact_id()::xid::text", &[])?;
        self.writers
            .extend(writer.map(|row| row.try_get(0)).transpose()?);
        self.copier = Some(copier);
        Ok(())
    }

    /// The connection that has filled the table.
    pub(super) fn take_copier(&mut self) -> Result<Client> {
        let copier = self.copier.take();
        copier.ok_or_else(|| Error::bug("a table that nobody fills"))
    }

    /// Keeps the tables of the import from being swept while its transaction lasts, however long that is.
    pub(super) fn pin(&self, client: &Client) -> Result<(), tokio_postgres::Error> {
        let tables = self.tables().join(", ");
        client.run(&format!("LOCK TABLE {tables} IN ROW EXCLUSIVE MODE"))
    }

    fn tables(&self) -> Vec<&str> {
        let Stage {
            rows,
            exceptions,
            rejects,
            hit,
            dup,
            gone,
            changed,
            before,
            ..
        } = self;
        [rows, exceptions, rejects, hit, dup, gone, changed, before]
            .map(String::as_str)
            .to_vec()
    }

    /// Sends what is in the buffer, and starts the COPY where none is under way.
    fn send(&mut self, client: &Client) -> Result<(), WriteError> {
        let client = self.copier.as_ref().unwrap_or(client);
        if self.copy.is_none() {
            let sql = format!("COPY {} FROM STDIN (FORMAT binary)", self.rows);
            let copy = client.wait(client.inner().copy_in::<_, Bytes>(&sql))?;
            let mut copy = Box::pin(copy);
            client.wait(copy.send(Bytes::from_static(encode::HEADER)))?;
            self.copy = Some(copy);
        }
        let full = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK + (64 << 10)));
        if let Some(copy) = &mut self.copy {
            client.wait(copy.send(Bytes::from(full)))?;
        }
        Ok(())
    }

    /// Sends what is put aside, where it is so many bytes.
    fn send_aside(&mut self, client: &Client, at_least: usize) -> Result<(), WriteError> {
        if self.exceptions_buffer.len() >= at_least {
            self.make_room(client)?;
            copy_all(client, &self.exceptions, &mut self.exceptions_buffer)?;
        }
        if self.rejects_buffer.len() >= at_least {
            self.make_room(client)?;
            copy_all(client, &self.rejects, &mut self.rejects_buffer)?;
        }
        Ok(())
    }

    /// Ends the COPY where it stands in the way of another.
    fn make_room(&mut self, client: &Client) -> Result<(), WriteError> {
        match self.copier {
            Some(_) => Ok(()),
            None => self.end_copy(client),
        }
    }

    /// Ends the COPY that is under way, so that the connection can do something else.
    pub(super) fn end_copy(&mut self, client: &Client) -> Result<(), WriteError> {
        if !self.buffer.is_empty() {
            self.send(client)?;
        }
        if let Some(mut copy) = self.copy.take() {
            let client = self.copier.as_ref().unwrap_or(client);
            client.wait(async {
                copy.send(Bytes::from_static(&encode::TRAILER)).await?;
                copy.as_mut().finish().await
            })?;
        }
        Ok(())
    }

    /// Lets the COPY go with its connection.
    pub(super) fn forget_copy(&mut self) {
        self.copy = None;
        self.buffer.clear();
        self.exceptions_buffer.clear();
        self.rejects_buffer.clear();
    }

    /// Sends all that is left.
    pub(super) fn finish(&mut self, client: &Client) -> Result<(), WriteError> {
        self.end_copy(client)?;
        self.send_aside(client, 1)
    }
}

/// Writes a row that is put aside.
fn put_aside(out: &mut Vec<u8>, row: u32, texts: &[Option<&str>]) {
    if out.is_empty() {
        out.extend_from_slice(encode::HEADER);
    }
    out.extend_from_slice(&(texts.len() as i16 + 1).to_be_bytes());
    encode::bigint(out, i64::from(row));
    texts.iter().for_each(|text| encode::text(out, *text));
}

/// Sends a whole COPY.
fn copy_all(client: &Client, table: &str, rows: &mut Vec<u8>) -> Result<(), WriteError> {
    let sql = format!("COPY {table} FROM STDIN (FORMAT binary)");
    let mut rows = std::mem::take(rows);
    rows.extend_from_slice(&encode::TRAILER);
    let copied = client.wait(async {
        let mut copy = Box::pin(client.inner().copy_in::<_, Bytes>(&sql).await?);
        copy.send(Bytes::from(rows)).await?;
        copy.as_mut().finish().await
    });
    copied?;
    Ok(())
}

/// Why rows could not be sent.
pub(super) enum WriteError {
    Database(tokio_postgres::Error),
    Other(Error),
}

impl WriteError {
    /// As the one error there is.
    pub(super) fn said(self, fail: impl Fn(tokio_postgres::Error) -> Error) -> Error {
        match self {
            WriteError::Database(error) => fail(error),
            WriteError::Other(error) => error,
        }
    }
}

impl From<tokio_postgres::Error> for WriteError {
    fn from(error: tokio_postgres::Error) -> WriteError {
        WriteError::Database(error)
    }
}

impl From<Error> for WriteError {
    fn from(error: Error) -> WriteError {
        WriteError::Other(error)
    }
}

#[inline]
fn write_row(
    cells: &[(Cells<'_>, Encoder)],
    columns: &[Column],
    index: usize,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    for (place, (cells, encoder)) in cells.iter().enumerate() {
        let Column {
            name,
            is_key,
            is_required,
            ..
        } = &columns[place];
        let unfit = |why: String| Refusal::new(TARGET_CONSTRAINT, why).of_column(name);
        if (*is_key || *is_required) && cells.is_null(index) {
            let key = if *is_key { "key " } else { "" };
            return Err(unfit(format!("{key}column {name:?} is empty")));
        }
        encoder
            .write(cells.value(index), out)
            .map_err(|why| unfit(format!("column {name:?}: {why}")))?;
    }
    Ok(())
}
