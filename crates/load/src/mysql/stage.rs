//! Rows on their way: tables of the import, filled by LOAD DATA LOCAL out of memory, or by INSERT where the server has that switched off.

use arrow_array::{ArrayRef, RecordBatch};

use super::buffer::{Buffer, WriteError, send};
use super::client::{Client, Database, get};
use super::encode::Encoder;
use super::fit::Kind;
use super::ledger::{TABLE, drop_if_free, stage_name};
use super::names::{joined, quote};
use super::target::Column;
use crate::cells::{Cells, arrays};
use crate::error::{Error, Result};
use crate::outcome::Reject;
use crate::relational::{Refusal, TARGET_CONSTRAINT, key_text};

/// Bytes of rows that are sent at once; few of them in tests.
const CHUNK: usize = if cfg!(debug_assertions) {
    64 << 10
} else {
    4 << 20
};

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
    /// What stands in for the target in a rehearsal; its name as it is.
    pub(super) stand_in: String,
    buffer: Buffer,
    exceptions_buffer: Buffer,
    rejects_buffer: Buffer,
    /// The server takes no LOAD DATA LOCAL.
    inserts: bool,
    /// Rows in the stage.
    pub(super) written: u64,
    /// Rows that the target cannot hold.
    pub(super) refused: u64,
}

impl Stage {
    pub(super) fn new(import_id: &str, fence: i64, columns: &[Column]) -> Stage {
        let name = |what: &str| quote(&stage_name(import_id, fence, what));
        let (rows, exceptions, rejects) = (name("rows"), name("exceptions"), name("rejects"));
        let mut buffer = Buffer::new(&rows, &["n", "src"]);
        let staged = columns.iter().enumerate();
        buffer.columns.extend(staged.map(|(at, column)| {
            let is_bytes = matches!(column.fit.kind, Kind::Bytes { .. });
            (format!("c{at}"), is_bytes)
        }));
        Stage {
            buffer,
            exceptions_buffer: Buffer::new(
                &exceptions,
                &["src", "code", "reason", "key_text", "col"],
            ),
            rejects_buffer: Buffer::new(&rejects, &["src", "codes", "reason", "raw"]),
            rows,
            exceptions,
            rejects,
            hit: name("hit"),
            dup: name("dup"),
            gone: name("gone"),
            changed: name("changed"),
            before: name("before"),
            stand_in: stage_name(import_id, fence, "target"),
            inserts: false,
            written: 0,
            refused: 0,
        }
    }

    pub(super) fn create(&mut self, client: &Client, columns: &[Column]) -> Database<()> {
        let row = client.row("SELECT @@local_infile", Vec::new())?;
        let takes_load: i64 = row.map_or(Ok(0), |row| get(&row, 0))?;
        self.inserts = takes_load == 0;
        let staged = columns.iter().enumerate();
        let staged = staged.map(|(at, column)| format!(", c{at} {}", column.staged()));
        let own = "seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY";
        let mut tables = vec![
            format!(
                "{} (n BIGINT NOT NULL PRIMARY KEY, src BIGINT NOT NULL{})",
                self.rows,
                joined(staged, "")
            ),
            format!(
                "{} ({own}, src BIGINT NOT NULL, code VARCHAR(64) NOT NULL, reason LONGTEXT NOT NULL, key_text LONGTEXT NOT NULL,
                     col VARCHAR(64), KEY by_src (src))",
                self.exceptions
            ),
            format!(
                "{} ({own}, src BIGINT NOT NULL, codes LONGTEXT NOT NULL, reason LONGTEXT NOT NULL, raw LONGTEXT NOT NULL)",
                self.rejects
            ),
            format!("{} (n BIGINT NOT NULL PRIMARY KEY, round BIGINT NOT NULL)", self.gone),
            format!(
                "{} ({own}, n BIGINT NOT NULL, kind VARCHAR(16) NOT NULL,
                     image LONGTEXT NOT NULL)",
                self.before
            ),
        ];
        let marks = [&self.hit, &self.dup, &self.changed];
        tables.extend(marks.map(|table| format!("{table} (n BIGINT NOT NULL PRIMARY KEY)")));
        for table in tables {
            client.run(&format!("CREATE TABLE {table} {TABLE}"))?;
        }
        Ok(())
    }

    /// Drops the tables unless somebody holds one of them.
    pub(super) fn drop(&self, client: &Client) -> Database<()> {
        let tables = self.tables().into_iter().map(str::to_owned);
        drop_if_free(client, tables.chain([quote(&self.stand_in)]))
    }

    /// Keeps the tables of the import from being swept while its transaction lasts, however long that is.
    pub(super) fn pin(&self, client: &Client) -> Database<()> {
        let tables = self.tables().into_iter();
        let looks = tables.map(|table| format!("(SELECT 1 FROM {table} LIMIT 0)"));
        client
            .rows(&format!("SELECT {}", joined(looks, ", ")), Vec::new())
            .map(|_| ())
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
        for (index, &row) in rows.iter().enumerate() {
            let out = &mut self.buffer.bytes;
            let start = out.len();
            out.extend_from_slice(format!("{}\t{row}", self.written).as_bytes());
            match write_row(&cells, columns, index, out) {
                Ok(()) => {
                    self.written += 1;
                    self.buffer.rows += 1;
                }
                Err(refusal) => {
                    out.truncate(start);
                    self.refused += 1;
                    let keys = cells.iter().zip(columns);
                    let keys = keys.filter(|(_, column)| column.is_key);
                    let key = key_text(keys.map(|((cells, _), _)| cells.value(index)));
                    let texts = [
                        Some(refusal.code),
                        Some(&*refusal.reason),
                        Some(&*key),
                        refusal.column.as_deref(),
                    ];
                    self.exceptions_buffer.put(row, &texts);
                }
            }
            self.send(client, CHUNK)?;
        }
        Ok(())
    }

    pub(super) fn reject(&mut self, client: &Client, rejects: &[Reject]) -> Result<(), WriteError> {
        for reject in rejects {
            let codes = reject.codes.join(",");
            let texts = [Some(&*codes), Some(&*reject.reason), Some(&*reject.raw)];
            self.rejects_buffer.put(reject.row, &texts);
        }
        self.send(client, CHUNK)
    }

    /// Sends all that is left.
    pub(super) fn finish(&mut self, client: &Client) -> Result<(), WriteError> {
        self.send(client, 1)
    }

    /// Takes rows out, and notes why.
    pub(super) fn take_out(
        &mut self,
        client: &Client,
        rows: &[i64],
        key_text: &str,
        refusal: &Refusal,
    ) -> Database<()> {
        let (table, exceptions) = (&self.rows, &self.exceptions);
        for rows in rows.chunks(1_000) {
            let numbers = joined(rows.iter().map(i64::to_string), ", ");
            let texts = [
                Some(refusal.code),
                Some(&*refusal.reason),
                refusal.column.as_deref(),
            ];
            client.execute(
                &format!(
                    "INSERT INTO {exceptions} (src, code, reason, key_text, col)
                     SELECT s.src, ?, ?, {key_text}, ? FROM {table} AS s WHERE s.n IN ({numbers}) ORDER BY s.n"
                ),
                texts.map(mysql_async::Value::from).to_vec(),
            )?;
            client.run(&format!("DELETE FROM {table} WHERE n IN ({numbers})"))?;
        }
        self.written -= rows.len() as u64;
        self.refused += rows.len() as u64;
        Ok(())
    }

    /// Lets what was not sent go.
    pub(super) fn forget(&mut self) {
        let buffers = [
            &mut self.buffer,
            &mut self.exceptions_buffer,
            &mut self.rejects_buffer,
        ];
        for buffer in buffers {
            buffer.bytes.clear();
            buffer.rows = 0;
        }
    }

    /// Sends each buffer that has so many bytes.
    fn send(&mut self, client: &Client, at_least: usize) -> Result<(), WriteError> {
        let buffers = [
            &mut self.buffer,
            &mut self.exceptions_buffer,
            &mut self.rejects_buffer,
        ];
        for buffer in buffers {
            if buffer.bytes.len() >= at_least {
                send(client, buffer, &mut self.inserts)?;
            }
        }
        Ok(())
    }
}

#[inline]
fn write_row(
    cells: &[(Cells<'_>, Encoder<'_>)],
    columns: &[Column],
    index: usize,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    for ((cells, encoder), column) in cells.iter().zip(columns) {
        let name = &column.name;
        let unfit = |why: String| Refusal::new(TARGET_CONSTRAINT, why).of_column(name);
        let needs_value =
            column.is_key || column.is_required || column.fit.fills_nulls && !column.keeps_existing;
        if needs_value && cells.is_null(index) {
            let key = if column.is_key { "key " } else { "" };
            return Err(unfit(format!("{key}column {name:?} is empty")));
        }
        out.push(b'\t');
        encoder
            .write(cells.value(index), out)
            .map_err(|why| unfit(format!("column {name:?}: {why}")))?;
    }
    out.push(b'\n');
    Ok(())
}
