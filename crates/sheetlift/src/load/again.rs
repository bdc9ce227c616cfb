//! Rows of the file once more, for those that the target refuses: nobody knew, when they were read, that they would be.

use std::{collections::VecDeque, error::Error as StdError, iter::Peekable, vec::IntoIter};

use sheetlift_core::{RawRow, RowReader, Workbook};
use sheetlift_load::{Origin, Plan};

use super::LoadOptions;
use crate::{
    error::{Error, Result},
    job::Job,
    replay::rows::raw_json,
    sheets::Sheet,
};

impl Job {
    /// What a replay of the rows that do not enter needs of the file.
    pub(super) fn origin(&self, layout: String, options: &LoadOptions, plan: &Plan) -> Origin {
        let (job, options, key) = (self.clone(), options.clone(), plan.import_key);
        let again = move |rows| {
            // Other content would be put down as what the target has refused.
            match job.plan(&options)?.import_key == key {
                true => Again::new(&job, rows),
                false => Err(changed("the file has changed while it was loaded")),
            }
        };
        Origin {
            layout,
            raw_rows: Box::new(move |rows| match again(rows) {
                Ok(again) => Box::new(again),
                Err(error) => Box::new(std::iter::once(Err(error.into()))),
            }),
        }
    }
}

fn changed(message: impl Into<String>) -> Error {
    Error::usage("file/changed", message)
}

/// Looks for rows, which are ascending, and gives each as JSON.
struct Again {
    job: Job,
    workbook: Workbook,
    sheets: VecDeque<Sheet>,
    rows: Option<RowReader>,
    /// What is added to the number of a row of the sheet that is being read.
    offset: u32,
    wanted: Peekable<IntoIter<u32>>,
    ready: VecDeque<(u32, String)>,
}

impl Again {
    fn new(job: &Job, wanted: Vec<u32>) -> Result<Again> {
        let workbook = job.workbook()?;
        let contract = job.checked_contract()?;
        let sheets = job.look_at_sheets(&workbook, &contract)?;
        let mut again = Again {
            job: job.clone(),
            workbook,
            sheets: sheets.into(),
            rows: None,
            offset: 0,
            wanted: wanted.into_iter().peekable(),
            ready: VecDeque::new(),
        };
        again.open()?;
        Ok(again)
    }

    /// Opens the next sheet; false when there is none.
    fn open(&mut self) -> Result<bool> {
        let Some(sheet) = self.sheets.pop_front() else {
            return Ok(false);
        };
        self.rows = Some(sheet.open(&self.job, &self.workbook)?.0);
        Ok(true)
    }

    /// Reads on until some of the rows are found.
    fn look(&mut self) -> Result<()> {
        while self.ready.is_empty()
            && let Some(&wanted) = self.wanted.peek()
        {
            self.job.cancel.check()?;
            let gone = || changed(format!("row {} of the file is gone", u64::from(wanted) + 1));
            let rows = self.rows.as_mut().ok_or_else(gone)?;
            let Some(window) = rows.next_window()? else {
                self.rows = None;
                self.offset = self.offset.wrapping_add(Plan::PART_ROWS);
                if !self.open()? {
                    return Err(gone());
                }
                continue;
            };
            let header = rows.header();
            for (at, row) in window.row_numbers().into_iter().enumerate() {
                let row = row.wrapping_add(self.offset);
                if self.wanted.next_if_eq(&row).is_some() {
                    let RawRow { cells, kinds, .. } = RawRow::of(header, &window, at);
                    self.ready
                        .push_back((row, raw_json(cells, kinds, false, None)));
                }
            }
        }
        Ok(())
    }
}

impl Iterator for Again {
    type Item = Result<(u32, String), Box<dyn StdError + Send + Sync>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.look() {
            Ok(()) => self.ready.pop_front().map(Ok),
            Err(error) => {
                // Once is enough.
                self.wanted = Vec::new().into_iter().peekable();
                Some(Err(error.into()))
            }
        }
    }
}
