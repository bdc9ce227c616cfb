//! Held rows, written.

use std::io::{self, Write};

use super::{HeldRow, Line};
use crate::column::DateSystem;

/// Writes rows that were read before, to be read again with [`OpenOptions::held`](crate::OpenOptions::held).
pub struct HeldWriter<W: Write> {
    out: W,
}

impl<W: Write> HeldWriter<W> {
    /// Begins a book: how its serial numbers become dates, and whether its cells are those of a text file.
    ///
    /// # Errors
    /// What `out` says.
    pub fn new(out: W, dates: DateSystem, is_text: bool) -> io::Result<HeldWriter<W>> {
        let mut writer = HeldWriter { out };
        writer.write(&Line::Book {
            is_1904: dates == DateSystem::Y1904,
            is_text,
        })?;
        Ok(writer)
    }

    /// Begins the next sheet.
    ///
    /// # Errors
    /// What `out` says.
    pub fn sheet(&mut self, name: &str) -> io::Result<()> {
        self.write(&Line::Sheet(name.to_owned()))
    }

    /// Writes the next row of the sheet, below the last one.
    ///
    /// # Errors
    /// What `out` says.
    pub fn row(&mut self, row: &HeldRow) -> io::Result<()> {
        self.write(&Line::Row(row.clone()))
    }

    /// Flushes it, and gives back what it is written to.
    ///
    /// # Errors
    /// What `out` says.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn write(&mut self, line: &Line) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }
}
