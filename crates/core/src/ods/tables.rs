//! Where the tables of a document begin.

use super::{CONTENT, tokens};
use crate::{
    error::Result,
    xlsx::Package,
    xml::{StreamTokens, Token},
};

/// Marks kept, each of which takes about 200 KB.
const MOST: usize = 32;

/// Bytes of XML between two marks, for the first of them. Tests go by marks in small documents.
const FIRST_DISTANCE: u64 = if cfg!(debug_assertions) { 256 } else { 1 << 20 };

/// Places between tables from which reading can go on, so that a document of many tables is not read from its start for each.
pub(super) struct Marks {
    marks: Vec<Mark>,
    distance: u64,
}

#[derive(Clone)]
struct Mark {
    /// Tables before it, whether they are sheets or not.
    tables: usize,
    tokens: StreamTokens,
}

impl Default for Marks {
    fn default() -> Self {
        Marks {
            marks: Vec::new(),
            distance: FIRST_DISTANCE,
        }
    }
}

impl Marks {
    /// Marks the place behind a table if the last mark is far away.
    pub(super) fn offer(&mut self, tables: usize, tokens: &StreamTokens) {
        let last = self.marks.last().map_or(0, |mark| mark.tokens.position());
        if tokens.position() - last < self.distance {
            return;
        }
        if self.marks.len() == MOST {
            let mut place = 0;
            self.marks.retain(|_| {
                place += 1;
                place % 2 == 0
            });
            self.distance *= 2;
        }
        self.marks.push(Mark {
            tables,
            tokens: tokens.clone(),
        });
    }

    /// Reads up to the start tag of a table, which is the last token of what is given.
    pub(super) fn open(&self, package: &Package, table: usize) -> Result<StreamTokens> {
        let mark = self.marks.iter().rfind(|mark| mark.tables <= table);
        let (mut tokens, mut tables) = match mark.cloned() {
            Some(mark) => (mark.tokens, mark.tables),
            None => (tokens::open(package, CONTENT)?, 0),
        };
        loop {
            match tokens.step()? {
                Some(Token::Open(tag)) => match tag.name() {
                    "table" if tables == table => return Ok(tokens),
                    "table" => {
                        tables += 1;
                        tokens.skip_element()?;
                    }
                    name if holds_other_tables(name) => tokens.skip_element()?,
                    _ => {}
                },
                Some(Token::End) => return Err(tokens.ended_early()),
                _ => {}
            }
        }
    }
}

/// Elements whose tables are no sheets: copies of what a link showed, and deleted cells.
pub(super) fn holds_other_tables(name: &str) -> bool {
    matches!(name, "dde-links" | "tracked-changes")
}

/// True of a table that caches what formulas take from another document: `'file:///prices.ods'#Sheet1`. LibreOffice writes
/// them among the others.
pub(super) fn is_external(name: &str) -> bool {
    name.starts_with("'file:") && name.contains("'#")
}
