//! Rows and rejects on their way to the commit: in memory while they are few, then in a temporary file that vanishes with
//! its handle.
//!
//! ```text
//! row     number u32, verdict u8, then as the verdict says
//!           0     a cell per column: kind u8 (0 none, N, S, B, t, f), for N, S and B their bytes
//!           1     code, key and reason of its refusal, as bytes
//! bytes   length u32, then so many
//! ```

use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use tempfile::SpooledTempFile;

use crate::outcome::Reject;

/// What stays in memory.
const MAX_MEMORY_BYTES: usize = 8 << 20;

/// A row as it was staged.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// The number that the caller gave it.
    pub(super) number: u32,
    pub(super) content: Content,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    /// A value per column.
    Cells(Vec<Option<AttributeValue>>),
    /// It does not enter the target, whatever is there.
    Refused(Refusal),
}

/// Why a row does not enter the target.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    /// The row's key, for people.
    pub(super) key: String,
    pub(super) reason: String,
}

pub(super) const KEY_EXISTS: &str = "load/key-exists";
pub(super) const TARGET_CONSTRAINT: &str = "load/target-constraint";

/// What is written now and read from its beginning later.
pub(super) struct Spool {
    file: BufWriter<SpooledTempFile>,
}

impl Spool {
    pub(super) fn new() -> Spool {
        Spool {
            file: BufWriter::new(SpooledTempFile::new(MAX_MEMORY_BYTES)),
        }
    }

    pub(super) fn row(&mut self, row: &Row) -> io::Result<()> {
        let out = &mut self.file;
        out.write_all(&row.number.to_le_bytes())?;
        match &row.content {
            Content::Cells(cells) => {
                out.write_all(&[0])?;
                cells
                    .iter()
                    .try_for_each(|cell| write_cell(out, cell.as_ref()))
            }
            Content::Refused(refusal) => {
                out.write_all(&[1])?;
                for text in [refusal.code, &refusal.key, &refusal.reason] {
                    write_bytes(out, text.as_bytes())?;
                }
                Ok(())
            }
        }
    }

    pub(super) fn reject(&mut self, reject: &Reject) -> io::Result<()> {
        serde_json::to_writer(&mut self.file, reject)?;
        Ok(())
    }

    /// Everything that was written, from the beginning.
    pub(super) fn into_reader(self) -> io::Result<BufReader<SpooledTempFile>> {
        let mut file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(BufReader::new(file))
    }
}

/// Reads the next row and appends to `raw` the bytes that it had in the file, by which two runs are told to be the same.
pub(super) fn read_row(
    file: &mut impl Read,
    columns: usize,
    raw: &mut blake3::Hasher,
) -> io::Result<(Row, usize)> {
    let mut file = Hashed {
        file,
        raw,
        count: 0,
    };
    let number = u32::from_le_bytes(file.array()?);
    let content = match file.array()? {
        [0] => {
            let cells = (0..columns).map(|_| read_cell(&mut file));
            Content::Cells(cells.collect::<io::Result<_>>()?)
        }
        _ => Content::Refused(Refusal {
            code: match file.text()?.as_str() {
                KEY_EXISTS => KEY_EXISTS,
                _ => TARGET_CONSTRAINT,
            },
            key: file.text()?,
            reason: file.text()?,
        }),
    };
    Ok((Row { number, content }, file.count))
}

struct Hashed<'a, R> {
    file: &'a mut R,
    raw: &'a mut blake3::Hasher,
    count: usize,
}

impl<R: Read> Hashed<'_, R> {
    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.file.read_exact(bytes)?;
        self.raw.update(bytes);
        self.count += bytes.len();
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn bytes(&mut self) -> io::Result<Vec<u8>> {
        let length = u32::from_le_bytes(self.array()?);
        let mut bytes = vec![0; length as usize]; // a length that this process wrote
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn text(&mut self) -> io::Result<String> {
        String::from_utf8(self.bytes()?).map_err(|_| damaged())
    }
}

fn read_cell<R: Read>(file: &mut Hashed<'_, R>) -> io::Result<Option<AttributeValue>> {
    Ok(Some(match file.array()? {
        [0] => return Ok(None),
        [b'N'] => AttributeValue::N(file.text()?),
        [b'S'] => AttributeValue::S(file.text()?),
        [b'B'] => AttributeValue::B(Blob::new(file.bytes()?)),
        [b't'] => AttributeValue::Bool(true),
        [b'f'] => AttributeValue::Bool(false),
        _ => return Err(damaged()),
    }))
}

fn write_cell(out: &mut impl Write, cell: Option<&AttributeValue>) -> io::Result<()> {
    let (kind, bytes): (u8, &[u8]) = match cell {
        None => return out.write_all(&[0]),
        Some(AttributeValue::Bool(true)) => return out.write_all(b"t"),
        Some(AttributeValue::Bool(false)) => return out.write_all(b"f"),
        Some(AttributeValue::N(text)) => (b'N', text.as_bytes()),
        Some(AttributeValue::S(text)) => (b'S', text.as_bytes()),
        Some(AttributeValue::B(bytes)) => (b'B', bytes.as_ref()),
        Some(_) => return Err(damaged()),
    };
    out.write_all(&[kind])?;
    write_bytes(out, bytes)
}

fn write_bytes(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(|_| damaged())?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(bytes)
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the temporary file is damaged")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_and_so_do_their_hashes() {
        let text = |text: &str| Some(AttributeValue::S(text.to_owned()));
        let cells = vec![
            None,
            text(""),
            text(&"long".repeat(100_000)),
            Some(AttributeValue::N("-1.5".to_owned())),
            Some(AttributeValue::B(Blob::new([0, 255]))),
            Some(AttributeValue::Bool(true)),
            Some(AttributeValue::Bool(false)),
        ];
        let rows = [
            Row {
                number: 7,
                content: Content::Cells(cells),
            },
            Row {
                number: u32::MAX,
                content: Content::Refused(Refusal {
                    code: KEY_EXISTS,
                    key: "k".to_owned(),
                    reason: "for no reason".to_owned(),
                }),
            },
        ];
        let read = |times: usize| {
            let mut spool = Spool::new();
            for row in rows.iter().cycle().take(2 * times) {
                spool.row(row).unwrap();
            }
            let mut file = spool.into_reader().unwrap();
            let mut raw = blake3::Hasher::new();
            for row in rows.iter().cycle().take(2 * times) {
                assert_eq!(&read_row(&mut file, 7, &mut raw).unwrap().0, row);
            }
            assert!(read_row(&mut file, 7, &mut raw).is_err(), "the end");
            raw.finalize()
        };
        assert_eq!(read(1), read(1));
        assert_ne!(
            read(1),
            read(30),
            "thirty times is more than stays in memory"
        );
    }
}
