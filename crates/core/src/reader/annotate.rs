//! A copy of a workbook that shows what is wrong with it.

use std::{
    collections::BTreeSet,
    io::{Seek, Write},
};

use super::workbook::Workbook;
use crate::{
    error::{Error, Result},
    finding::Finding,
    header::SheetRef,
    xlsx::{Annotated, Marks},
};

impl Workbook {
    /// What the name of an annotated copy has to end in (`xlsx`, `xlsm`, `xltx`, `xltm`); `None` for a file that cannot be copied in
    /// this way, because it is no workbook of SpreadsheetML.
    ///
    /// # Errors
    /// `Malformed` when the content types cannot be read.
    pub fn annotated_extension(&self) -> Result<Option<&'static str>> {
        let book = self.book().as_xlsx();
        let extension = book.map(|book| book.extension()).transpose();
        extension.map_err(|error| self.source().locate(error))
    }

    /// Writes a copy of this workbook: on `sheets`, cells with marks have the colour of their level and, the first of them, a
    /// comment; a sheet at the end lists `findings`, up to 65,000, each with a link to its cell, and with the name of its sheet
    /// where there are several. A mark and a link are on the sheet that [`Finding::sheet`] names, exactly so; a finding of another
    /// sheet than `sheets` is listed and not marked. Everything else (formulas, styles, other sheets, charts, macros) is kept as it
    /// is, byte for byte where it stands in parts of its own; digital signatures are left out. What stood in cells is never a
    /// formula in the list, and [`is_list_of_findings`](crate::is_list_of_findings) knows that sheet when the copy comes back. A
    /// workbook that was opened with a password has a copy without one, and a note says so.
    ///
    /// Memory: the small parts of the workbook (styles, relationships, the comments of one sheet), one row of a sheet, and the marks.
    ///
    /// ```
    /// use std::io::Cursor;
    /// use sheetlift_core::{Finding, Level, Marks, SheetRef, Workbook};
    /// # let bytes = sheetlift_fixtures::inventory::clean_inventory();
    /// let workbook = Workbook::from_bytes(bytes)?;
    /// let mut finding = Finding::about(Level::Error, "cell/type", "Items".into());
    /// (finding.row, finding.column_index) = (Some(17), Some(2)); // Items!C17
    /// let mut marks = Marks::new(None);
    /// marks.add(&finding);
    /// let mut copy = Cursor::new(Vec::new());
    /// let annotated = workbook.annotate(&[SheetRef::First], marks, [finding], &mut copy)?;
    /// assert_eq!((annotated.filled, annotated.listed, &*annotated.sheet), (1, 1, "Findings"));
    /// let copy = Workbook::from_bytes(copy.into_inner())?;
    /// assert_eq!(copy.sheets().len(), workbook.sheets().len() + 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// `Usage` for a sheet that is not there; `Unsupported` for a file of another format; `Malformed` or `Limit` when a part that
    /// changes cannot be read; `Io` when `out` fails, and `Cancelled`. What was written by then is no workbook.
    pub fn annotate(
        &self,
        sheets: &[SheetRef],
        marks: Marks,
        findings: impl IntoIterator<Item = Finding>,
        out: impl Write + Seek,
    ) -> Result<Annotated> {
        let places = sheets.iter().map(|sheet| Ok(self.find_sheet(sheet)?.0));
        let places: BTreeSet<usize> = places.collect::<Result<_>>()?;
        let Some(book) = self.book().as_xlsx() else {
            let error = Error::unsupported("only workbooks of SpreadsheetML can be annotated");
            let error = error.with_hint("save it as .xlsx in a spreadsheet program");
            return Err(self.source().locate(error));
        };
        let mut findings = findings.into_iter();
        let annotated = book.annotate(&places, marks, &mut findings, out);
        let mut annotated = annotated.map_err(|error| self.source().locate(error))?;
        if self.is_encrypted() {
            annotated.notes.insert(0, Annotated::NO_PASSWORD.to_owned());
        }
        Ok(annotated)
    }
}
