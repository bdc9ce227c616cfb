//! What is in a workbook, without reading more of it than was asked for.

use serde::Serialize;
use sheetlift_core::{
    ColumnKind, DefinedName, Header, ReadOptions, RowReader, SheetInfo, SheetKind, SheetRef,
    TableInfo, TextFormat, Visibility, Workbook,
};

use crate::{check::rows_expected, error::Result, job::Job, progress::Progress};

/// Rows that are looked at unless all are wanted.
const FIRST_ROWS: u64 = 1_000;

/// What is in a workbook.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Inspection {
    /// Name or path of the file.
    pub file: Option<String>,
    /// Its size.
    pub bytes: u64,
    /// How a text file is read; not in JSON where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<TextFormat>,
    /// Sheets, in the order of the tabs.
    pub sheets: Vec<InspectedSheet>,
    /// Excel tables.
    pub tables: Vec<TableInfo>,
    /// Defined names but hidden ones.
    pub defined_names: Vec<DefinedName>,
}

/// One sheet.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct InspectedSheet {
    /// Name on the tab.
    pub name: String,
    /// Whether users see the tab.
    pub visibility: Visibility,
    /// What kind of sheet it is; the rest is about worksheets.
    pub kind: SheetKind,
    /// Rows below the header.
    pub rows: u64,
    /// How the rows are known.
    pub rows_are: RowsAre,
    /// Number of columns.
    pub columns: usize,
    /// Row of the header as the spreadsheet shows it; `None` when the sheet is empty.
    pub header_row: Option<u32>,
    /// The columns.
    pub fields: Vec<InspectedField>,
    /// What the types of the fields were taken from.
    pub fields_from: InferredFrom,
    /// Rows that were looked at and are hidden. They are read as others are, unless that is not wanted.
    pub hidden_rows: u64,
    /// Ranges of merged cells, whose value is that of the first cell; known when every row was read.
    pub merged_ranges: Option<u64>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct InspectedField {
    /// Its unique name.
    pub name: String,
    /// Name of the narrowest type that holds its cells, as in [`ColumnKind::name`].
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The column is hidden in the sheet; not in JSON where it is not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

/// How a number of rows is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RowsAre {
    /// All rows were read.
    Counted,
    /// The sheet says so. Often right, sometimes absurd.
    Declared,
    /// The sheet says nothing that can be true; there are this many or more.
    AtLeast,
}

/// What types were taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum InferredFrom {
    /// The first 1,000 rows: later rows may widen a type.
    FirstRows,
    /// Every row.
    AllRows,
}

impl Job {
    /// Says what is in the workbook. Reads the first 1,000 rows of each worksheet, whatever its size, or all when `full`.
    ///
    /// Sheets whose rows end within those are counted even so. The header row and the range of [`Job::with_read`] hold for
    /// every sheet.
    ///
    /// ```
    /// use sheetlift::{Job, RowsAre};
    /// # let bytes = sheetlift_fixtures::inventory::clean_inventory();
    /// let inspection = Job::from_bytes(bytes, "items.xlsx")?.inspect(false)?;
    /// let sheet = &inspection.sheets[0];
    /// assert_eq!((&*sheet.name, sheet.rows, sheet.rows_are), ("Items", 240, RowsAre::Counted));
    /// assert_eq!((&*sheet.fields[4].name, sheet.fields[4].kind), ("price", "float"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Job::workbook`]; `Malformed` or `Limit` when a sheet cannot be read; `Cancelled`.
    pub fn inspect(&self, full: bool) -> Result<Inspection> {
        let workbook = self.workbook()?;
        let sheets = workbook.sheets().iter().enumerate();
        let sheets = sheets.map(|(place, sheet)| self.inspect_sheet(&workbook, place, sheet, full));
        Ok(Inspection {
            file: self.source.name().map(str::to_owned),
            bytes: self.source.bytes().len() as u64,
            text: workbook.text_format(),
            sheets: sheets.collect::<Result<_>>()?,
            tables: workbook.tables()?,
            defined_names: workbook.defined_names().to_vec(),
        })
    }

    fn inspect_sheet(
        &self,
        workbook: &Workbook,
        place: usize,
        sheet: &SheetInfo,
        full: bool,
    ) -> Result<InspectedSheet> {
        let mut inspected = InspectedSheet {
            name: sheet.name.clone(),
            visibility: sheet.visibility,
            kind: sheet.kind,
            rows: 0,
            rows_are: RowsAre::Counted,
            columns: 0,
            header_row: None,
            fields: Vec::new(),
            fields_from: InferredFrom::AllRows,
            hidden_rows: 0,
            merged_ranges: None,
        };
        if sheet.kind != SheetKind::Worksheet {
            return Ok(inspected);
        }
        self.cancel.check()?;
        let mut options = self.located();
        options.sheet = SheetRef::Index(place);
        options.columns = None;
        if !full {
            options.limit = Some(FIRST_ROWS);
        }
        let mut rows = workbook.rows(&options)?;
        let kinds = rows.hold()?;
        while rows.next_window()?.is_some() {
            self.cancel.check()?;
            self.tell(Progress {
                rows_read: rows.rows_given(),
                ..Progress::default()
            });
        }
        inspected.take_columns(&rows, &kinds);
        inspected.hidden_rows = rows.hidden_rows();
        if full {
            let merged = workbook.merged_ranges(&options.sheet)?;
            inspected.merged_ranges = Some(merged.len() as u64);
        }
        inspected.rows = rows.rows_given();
        if !full && rows.rows_given() >= FIRST_ROWS {
            inspected.fields_from = InferredFrom::FirstRows;
            inspected.take_declared(workbook, &options, rows.header());
        }
        Ok(inspected)
    }
}

impl InspectedSheet {
    fn take_columns(&mut self, rows: &RowReader, kinds: &[ColumnKind]) {
        let header = rows.header();
        self.header_row = header.row.map(|row| row + 1);
        self.columns = header.columns.len();
        let fields = header
            .columns
            .iter()
            .zip(kinds)
            .map(|(column, kind)| InspectedField {
                name: column.name.to_string(),
                kind: kind.name(),
                hidden: rows.is_column_hidden(column.index),
            });
        self.fields = fields.collect();
    }

    /// What the sheet declares, where it is not less than what was seen.
    fn take_declared(&mut self, workbook: &Workbook, options: &ReadOptions, header: &Header) {
        let mut options = options.clone();
        options.limit = None;
        match rows_expected(workbook, &options, header).filter(|rows| *rows > self.rows) {
            Some(rows) => (self.rows, self.rows_are) = (rows, RowsAre::Declared),
            None => self.rows_are = RowsAre::AtLeast,
        }
    }
}
