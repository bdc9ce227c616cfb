//! Every cell of a workbook as a line of JSON: the tool for support, and for comparisons with other readers.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, json};
use sheetlift_core::{
    Cell, CellInfo, FormulaText, ReadOptions, SheetKind, SheetRef, Workbook, cell_name, cell_text,
};

use crate::{
    error::{Error, Result},
    job::Job,
};

/// One line.
#[derive(Serialize)]
struct Line<'a> {
    sheet: &'a str,
    #[serde(rename = "ref")]
    at: String,
    #[serde(rename = "type")]
    kind: &'static str,
    value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    hidden: bool,
    /// `null` where the cell has a formula that the file does not hold as text in this cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    formula: Option<Option<&'a str>>,
}

impl Job {
    /// Writes every cell that has a value as one line of JSON: `sheet`, `ref`, `type` (`int`, `float`, `text`, `bool`, `date`,
    /// `time`, `datetime`, `duration`, `error`), `value`, `format` (where the file says one), `hidden` (where its row or column
    /// is) and `formula` (where it has one). There is no header and no type of a column: each cell is what it is. Without a
    /// sheet or an area in [`Job::with_read`] all sheets are written, hidden ones as well. Gives the number of cells.
    ///
    /// ```
    /// use sheetlift::Job;
    /// # let bytes = sheetlift_fixtures::inventory::clean_inventory();
    /// let mut lines = Vec::new();
    /// Job::from_bytes(bytes, "items.xlsx")?.cells(&mut lines)?;
    /// assert!(lines.starts_with(br#"{"sheet":"Items","ref":"A1","type":"text","value":"Item Code""#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Job::workbook`]; `Malformed` or `Limit` when a sheet cannot be read; `Io` when `out` fails; `Cancelled`.
    pub fn cells(&self, mut out: impl Write) -> Result<u64> {
        let workbook = self.workbook()?;
        let mut written = 0;
        for options in self.sheets_of_cells(&workbook) {
            self.cancel.check()?;
            let dates = workbook.dates();
            let mut failed = None;
            let done = workbook.cells(&options, &mut |cell| {
                written += 1;
                let line = line(cell, dates)?;
                write_line(&mut out, &line).map_err(|error| {
                    // The error of the visit stops the read; what is told is that of the write.
                    let stop = sheetlift_core::Error::cancelled();
                    failed = Some(error);
                    stop
                })
            });
            match failed {
                Some(error) => return Err(Error::io(error, "cannot write the cells")),
                None => done?,
            }
        }
        out.flush()
            .map_err(|error| Error::io(error, "cannot write the cells"))?;
        Ok(written)
    }

    /// The sheet that was chosen, or all.
    fn sheets_of_cells(&self, workbook: &Workbook) -> Vec<ReadOptions> {
        if self.read.sheet != SheetRef::First || self.read.area.is_some() {
            return vec![self.read.clone()];
        }
        let sheets = workbook.sheets().iter().enumerate();
        let sheets = sheets.filter(|(_, sheet)| sheet.kind == SheetKind::Worksheet);
        let options = |place| self.read.clone().with_sheet(SheetRef::Index(place));
        sheets.map(|(place, _)| options(place)).collect()
    }
}

fn write_line(out: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

fn line<'a>(
    info: CellInfo<'a>,
    dates: sheetlift_core::DateSystem,
) -> sheetlift_core::Result<Line<'a>> {
    let at = cell_name(info.row, info.column);
    let text = || json!(cell_text(info.cell, dates));
    let (kind, value) = match info.cell {
        Cell::Int(int) => ("int", json!(int)),
        Cell::Float(float) => ("float", json!(float)),
        Cell::Text(text, _) => ("text", json!(text)),
        Cell::Bool(bool) => ("bool", json!(bool)),
        Cell::Date(_) => ("date", text()),
        Cell::DateTime(_) => ("datetime", text()),
        Cell::Time(_) => ("time", text()),
        Cell::Duration(_) => ("duration", text()),
        Cell::Error(literal) => ("error", json!(literal)),
        Cell::Null => ("null", Value::Null),
        Cell::BadString(id) => {
            let what = format!("shared string {id} is outside the table");
            return Err(sheetlift_core::Error::malformed(what).at_cell(at));
        }
    };
    Ok(Line {
        sheet: info.sheet,
        at,
        kind,
        value,
        format: info.format,
        hidden: info.is_hidden,
        formula: match info.formula {
            FormulaText::None => None,
            FormulaText::Untold => Some(None),
            FormulaText::Text(text) => Some(Some(text)),
        },
    })
}
