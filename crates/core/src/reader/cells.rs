//! Every cell of a sheet as the file has it: no header, no types of columns.

use super::{
    area,
    collect::Collector,
    options::ReadOptions,
    prepare::{all_lanes, all_rows},
    workbook::Workbook,
};
use crate::{
    a1::CellRange,
    book::{Lines, Selection, Strings},
    column::{
        Cell, DateSystem,
        piece::{Formula, Note},
    },
    error::Result,
};

/// One cell that has a value.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct CellInfo<'a> {
    /// Name of the sheet it is on.
    pub sheet: &'a str,
    /// Zero-based sheet row.
    pub row: u32,
    /// Zero-based sheet column.
    pub column: u32,
    /// Its value.
    pub cell: Cell<'a>,
    /// The code of its number format, where the format has one that is the same in all locales.
    pub format: Option<&'a str>,
    /// Its row or its column is hidden.
    pub is_hidden: bool,
    /// The formula that its value comes from.
    pub formula: FormulaText<'a>,
}

/// Where the value of a cell comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormulaText<'a> {
    /// The cell itself.
    None,
    /// A formula whose text stands in another cell, or which the format does not hold as text.
    Untold,
    /// This formula.
    Text(&'a str),
}

impl Workbook {
    /// Shows every cell of the chosen sheet that has a value (an empty text is none) to `visit`: row by row as they come in the file, in a row from left
    /// to right. Of the options sheet, area, range, threads and the handling of identifiers and hidden cells count. In a text
    /// file every cell is a text.
    ///
    /// # Errors
    /// As [`Self::rows`], and whatever `visit` returns.
    pub fn cells(
        &self,
        options: &ReadOptions,
        visit: &mut dyn FnMut(CellInfo<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut sheet = None;
        let visited = self.visit_cells(options, &mut sheet, visit);
        visited.map_err(|error| match sheet {
            Some(sheet) => self.source().locate(error.in_sheet(sheet)),
            None => self.source().locate(error),
        })
    }

    fn visit_cells(
        &self,
        options: &ReadOptions,
        sheet: &mut Option<String>,
        visit: &mut dyn FnMut(CellInfo<'_>) -> Result<()>,
    ) -> Result<()> {
        let options = &area::resolve(self, options)?;
        let (place, info) = self.find_sheet(&options.sheet)?;
        *sheet = Some(info.name.clone());
        let range = options.range.clone().unwrap_or_else(CellRange::all);
        let body = self.book().open(place)?;
        let hidden = body.hidden_columns().clone();
        let left_out = match options.skip_hidden_columns {
            true => &hidden,
            false => Lines::NONE,
        };
        let mut selection = Selection::new(all_rows(&range), all_lanes(&range, left_out));
        selection.notes = true;
        selection.skip_hidden_rows = options.skip_hidden_rows;
        selection.display_text = options.display_text;
        let first_column = *range.columns.start();
        let formats = self.book().formats()?;
        let mut stream = body.start(&selection, Strings::First, options.threads.max(1))?;
        let strings = stream.strings()?;
        let mut collector = Collector::new(
            &selection,
            stream.first_row(),
            stream.max_rows(),
            self.limits().clone(),
        );
        while let Some(pieces) = stream.next()? {
            let mut parts = Vec::new();
            for piece in pieces {
                collector.push(piece, &mut parts)?;
            }
            for (piece, range) in &parts {
                let mut notes: Vec<&Note> = piece.notes.iter().collect();
                notes.sort_by_key(|note| (note.row, note.lane)); // stable: the last of equals counts
                for (at, note) in notes.iter().enumerate() {
                    let place = (note.row, note.lane);
                    let is_last = notes
                        .get(at + 1)
                        .is_none_or(|next| (next.row, next.lane) != place);
                    let Ok(row) = piece.rows[range.clone()].binary_search(&note.row) else {
                        continue;
                    };
                    let cell = piece.cell(range.start + row, usize::from(note.lane), &strings);
                    if !is_last || matches!(cell, Cell::Null | Cell::Text("", _)) {
                        continue;
                    }
                    let column = first_column + u32::from(note.lane);
                    visit(CellInfo {
                        sheet: &info.name,
                        row: note.row,
                        column,
                        cell,
                        format: formats.code(note.format),
                        is_hidden: note.is_hidden || hidden.contains(column),
                        formula: match &note.formula {
                            Formula::None => FormulaText::None,
                            Formula::Untold => FormulaText::Untold,
                            Formula::Text(text) => FormulaText::Text(text),
                        },
                    })?;
                }
            }
        }
        Ok(())
    }

    /// How serial numbers become dates in this workbook.
    pub fn dates(&self) -> DateSystem {
        self.book().dates()
    }
}
