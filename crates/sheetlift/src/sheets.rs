//! The sheets of a table. All of them are looked at before the first row is read, and then read one after the other.

use sheetlift_core::{
    Contract, Finding, Header, Level, Mapped, ReadOptions, RowReader, SheetRef, Sheets, Survey,
    Validator, Workbook, is_list_of_findings,
};

use crate::{
    check::{open_rows, open_table, read_options},
    error::Result,
    job::Job,
    survey::survey,
};

/// Rows of a window: its columns stay in the cache from one rule to the next, and the findings about all its cells are few enough
/// to be held.
const MAX_WINDOW_ROWS: usize = 16_384;

/// A sheet of the table: where its rows are, and what there is to say before they are read.
pub(crate) struct Sheet {
    /// They name the sheet, and its header.
    pub(crate) options: ReadOptions,
    pub(crate) header: Header,
    pub(crate) mapping: Vec<Mapped>,
    pub(crate) header_findings: Vec<Finding>,
    survey: Option<Survey>,
    /// The first sheet is open already.
    opened: Option<(RowReader, Validator)>,
}

impl Sheet {
    /// True when its header has an error.
    pub(crate) fn is_blocked(&self) -> bool {
        let mut findings = self.header_findings.iter();
        findings.any(|finding| finding.level == Level::Error)
    }

    /// Its rows, and what holds them to the contract.
    pub(crate) fn open(self, job: &Job, workbook: &Workbook) -> Result<(RowReader, Validator)> {
        let (rows, validator) = match self.opened {
            Some(opened) => opened,
            None => {
                let contract = job.checked_contract()?;
                let validator = Validator::new(&contract, &self.header);
                let validator = validator.map_err(|error| job.locate(error))?;
                (open_rows(job, workbook, &self.options)?, validator)
            }
        };
        Ok(match &self.survey {
            Some(survey) => (rows, validator.with_survey(survey)),
            None => (rows, validator),
        })
    }
}

impl Job {
    /// The sheets that are read as one table: those of the contract, unless the options of the read name one.
    pub(crate) fn sheets_of_table(&self, workbook: &Workbook) -> Result<Vec<SheetRef>> {
        if let Some(replay) = &self.replay {
            let sheets = replay.sheets().map(|sheet| replay.read(sheet).sheet);
            return Ok(sheets.collect());
        }
        let read = self.located();
        let sheets = self.contract.as_ref().and_then(|c| c.locate.sheets.clone());
        let Some(sheets) = sheets.filter(|_| read.sheet == SheetRef::First && read.area.is_none())
        else {
            return Ok(vec![read.sheet]);
        };
        let mut found = workbook.sheets_of(&sheets)?;
        if !matches!(sheets, Sheets::Listed(_)) {
            let first = found[0].clone();
            let mut used = Vec::new();
            for sheet in found {
                if is_of_author(workbook, &sheet)? {
                    used.push(sheet);
                }
            }
            found = match used[..] {
                [] => vec![first], // whose emptiness is what there is to say
                _ => used,
            };
        }
        Ok(found)
    }

    /// Their names.
    pub(crate) fn sheet_names(&self, workbook: &Workbook) -> Result<Vec<String>> {
        let sheets = self.sheets_of_table(workbook)?;
        let name = |sheet: &SheetRef| Ok(workbook.sheet(sheet)?.name.clone());
        sheets.iter().map(name).collect()
    }

    /// Looks at the headers of all of them and, unless one does not fit, at the columns that the contract wants surveyed.
    pub(crate) fn look_at_sheets(
        &self,
        workbook: &Workbook,
        contract: &Contract,
    ) -> Result<Vec<Sheet>> {
        let mut sheets: Vec<Sheet> = Vec::new();
        for (place, sheet) in self.sheets_of_table(workbook)?.into_iter().enumerate() {
            self.cancel.check()?;
            let is_whole = self.read.columns.is_none();
            let mut options = match &self.replay {
                None => read_options(self, contract),
                Some(replay) => replay.read(place),
            };
            options = options.with_ragged_told(is_whole);
            options.sheet = sheet;
            options.batch_rows = options.batch_rows.min(MAX_WINDOW_ROWS);
            let (rows, validator) = open_table(self, workbook, contract, &mut options)?;
            sheets.push(Sheet {
                options,
                header: rows.header().clone(),
                mapping: validator.mapping().to_vec(),
                header_findings: validator.header_findings().to_vec(),
                survey: None,
                opened: sheets.is_empty().then_some((rows, validator)),
            });
        }
        if !sheets.iter().any(Sheet::is_blocked) {
            for sheet in &mut sheets {
                sheet.survey = survey(workbook, &sheet.options, contract, &self.cancel)?;
                if let Some(survey) = &sheet.survey {
                    let validator = Validator::new(contract, &sheet.header)?;
                    let findings = validator.with_survey(survey).header_findings().to_vec();
                    sheet.header_findings = findings;
                }
            }
        }
        Ok(sheets)
    }
}

/// Whether there is anything on a sheet, but for a list of findings that comes back in an annotated copy.
fn is_of_author(workbook: &Workbook, sheet: &SheetRef) -> Result<bool> {
    match workbook.rows(&ReadOptions::default().with_sheet(sheet.clone())) {
        Ok(rows) => {
            let columns = rows.header().columns.iter();
            let labels: Vec<&str> = columns
                .map(|column| column.label.as_deref().unwrap_or_default())
                .collect();
            Ok(!labels.is_empty() && !is_list_of_findings(&labels))
        }
        Err(error) if error.code() == "sheet/out-of-order" => Ok(true),
        Err(error) => Err(error.into()),
    }
}
