//! Where a table ends before its sheet does: at blank rows, or at a row such as a total.

use std::borrow::Cow;

use regex::Regex;

use super::cells::is_blank;
use crate::{
    column::{Cell, Window, cell_text},
    contract::{Stop, compile_search},
    error::{Error, Result},
};

/// Looks for the end, window by window.
#[derive(Debug)]
pub(super) struct StopRule {
    blank_rows: u32,
    matching: Option<Regex>,
    /// Blank rows above the next one.
    blank_above: u32,
    has_ended: bool,
}

impl StopRule {
    /// `None` when the table ends with the sheet.
    pub(super) fn new(stop: &Stop) -> Result<Option<StopRule>> {
        if stop.is_never() {
            return Ok(None);
        }
        let matching = stop.matching.as_deref().map(compile_search).transpose();
        Ok(Some(StopRule {
            blank_rows: stop.blank_rows.unwrap_or(u32::MAX),
            matching: matching.map_err(|error| Error::contract(error.to_string()))?,
            blank_above: 0,
            has_ended: false,
        }))
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// The window up to the end of the table.
    pub(super) fn cut<'a>(&mut self, window: &'a Window) -> Cow<'a, Window> {
        if self.has_ended {
            return Cow::Owned(window.head(0));
        }
        for row in 0..window.num_rows() {
            let cells = (0..window.num_columns()).map(|column| window.column(column).cell(row));
            let first = cells.into_iter().find(|cell| !is_blank(*cell));
            self.blank_above = match first {
                None => self.blank_above + 1,
                Some(_) => 0,
            };
            let is_named = first.is_some_and(|cell| self.is_named(cell, window));
            if is_named || self.blank_above >= self.blank_rows {
                self.has_ended = true;
                return Cow::Owned(window.head(row));
            }
        }
        Cow::Borrowed(window)
    }

    fn is_named(&self, cell: Cell<'_>, window: &Window) -> bool {
        let Some(matching) = &self.matching else {
            return false;
        };
        match cell {
            Cell::Text(text, _) => matching.is_match(text.trim()),
            cell => cell_text(cell, window.dates()).is_some_and(|text| matching.is_match(&text)),
        }
    }
}
