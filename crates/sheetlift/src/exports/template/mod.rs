//! A workbook to fill in: the header of a contract, and as much help with it as spreadsheet programs give.

mod column;
mod instructions;
mod words;

use rust_xlsxwriter::{
    Color, DocProperties, Format, FormatBorder, Formula, Note, Table, TableColumn, Workbook,
    Worksheet, XlsxError,
};
use sheetlift_core::{CellRange, Contract, HeaderRow, MAX_ROWS, SheetRef, Sheets, cell_name};

use crate::error::{Error, Result};

/// Rows of a table, of a filter, and those in which a value is looked for a second time.
const ROWS: u32 = 1_000;
/// Sheets before the one that is filled in, at most.
const MAX_SHEETS: usize = 50;

/// A workbook (xlsx) to fill in. Its first sheet, or the one that the contract names, has the header where the contract looks for
/// it: bold, frozen, each cell with a comment that says what the column is for and what is expected of it. Cells have the number
/// format of their type (texts and identifiers are texts from the start, so that no zero is lost), lists of allowed values to
/// choose from, and bounds and lengths that the program watches over. The second sheet says the same in one place.
///
/// ```
/// use sheetlift::{Contract, Job, template_xlsx};
/// let contract: Contract = "
/// fields:
/// - {name: sku, description: Our number}
/// - {name: unit, constraints: {enum: [pcs, kg, m]}}
/// - {name: price, type: number, constraints: {minimum: 0}}
/// primaryKey: sku
/// ".parse()?;
/// let job = Job::from_bytes(template_xlsx(&contract)?, "template.xlsx")?;
/// let report = job.with_contract(contract).validate()?;
/// assert_eq!((report.rows.read, report.findings.len()), (0, 0)); // the header is found, and no row is there
/// # Ok::<(), sheetlift::Error>(())
/// ```
///
/// # Errors
/// `Usage` when the place of the table is none that a workbook can have: a name of a sheet or table that Excel does not take, more
/// columns than there is room for.
pub fn template_xlsx(contract: &Contract) -> Result<Vec<u8>> {
    let place = Place::of(contract)?;
    let mut workbook = Workbook::new();
    let title = contract.title.as_deref().or(contract.name.as_deref());
    workbook.set_properties(&DocProperties::new().set_title(title.unwrap_or_default()));
    let names = Names::of(contract)?;
    let instructions = |sheet: &mut Worksheet| {
        sheet.set_name(&names.instructions).map_err(refused)?;
        instructions::write(sheet, contract)
    };
    for before in 0..place.sheets_before {
        let sheet = workbook.add_worksheet();
        if before == 0 {
            instructions(sheet)?;
        }
    }
    let mut lists = Lists::new(names.lists.clone());
    for (number, name) in names.data.iter().enumerate() {
        let sheet = workbook.add_worksheet();
        sheet.set_name(name).map_err(refused)?;
        write_sheet(sheet, contract, &place, &mut lists)?;
        sheet.set_active(number == 0);
    }
    if place.sheets_before == 0 && !is_of_table(contract, &names.instructions)? {
        instructions(workbook.add_worksheet())?;
    }
    if !lists.columns.is_empty() {
        lists.write(workbook.add_worksheet()).map_err(refused)?;
    }
    workbook.save_to_buffer().map_err(refused)
}

fn refused(error: XlsxError) -> Error {
    Error::usage(
        "usage/template",
        format!("there is no such workbook: {error}"),
    )
    .with_hint("see sheetlift.locate in the contract: its sheet, table and range")
}

/// Where the table is.
struct Place {
    sheets_before: usize,
    /// The row of the labels, if there is one.
    header: Option<u32>,
    /// A row above it that is none of the table.
    title_row: Option<u32>,
    first_row: u32,
    last_row: u32,
    first_column: u16,
}

impl Place {
    fn of(contract: &Contract) -> Result<Place> {
        let locate = &contract.locate;
        let range = locate.range.clone().unwrap_or_else(CellRange::all);
        let (top, bottom) = (*range.rows.start(), (*range.rows.end()).min(MAX_ROWS - 1));
        let header = match locate.header {
            HeaderRow::First => Some(top),
            HeaderRow::At(row) => Some(row),
            HeaderRow::Rows { last, .. } => Some(last),
            HeaderRow::None => None,
        };
        let is_free = |row: &u32| !locate.omit_rows.contains(row);
        let first_free = |from: u32| (from..=bottom).find(is_free).unwrap_or(from);
        let header = header.map(first_free);
        let first_row = header.map_or(top, |row| row + 1);
        let sheets_before = match locate.sheet {
            SheetRef::Index(place) => place,
            _ => 0,
        };
        let columns = range.columns.clone().count();
        let refuse = |what: String| Err(Error::usage("usage/template", what));
        if contract.fields.len() > columns {
            let fields = contract.fields.len();
            return refuse(format!("{fields} fields have no room in {columns} columns"));
        }
        if sheets_before > MAX_SHEETS || first_row > bottom {
            return refuse("the table begins where no template has room for it".to_owned());
        }
        Ok(Place {
            sheets_before,
            header,
            title_row: match locate.header {
                HeaderRow::At(1..) | HeaderRow::Rows { first: 1.., .. } if top == 0 => Some(0),
                _ => None,
            },
            first_row,
            last_row: match locate.area {
                // A table grows with its rows, and its cells with it.
                Some(_) => (first_row + ROWS - 1).min(bottom),
                None => bottom,
            },
            first_column: *range.columns.start() as u16,
        })
    }
}

/// Names of sheets, no two of which are the same to Excel.
struct Names {
    data: Vec<String>,
    instructions: String,
    lists: String,
}

impl Names {
    fn of(contract: &Contract) -> Result<Names> {
        let refusal =
            |what: String, hint: &str| Error::usage("usage/template", what).with_hint(hint);
        let title = contract.title.as_ref().or(contract.name.as_ref());
        let titled = sheet_name(title.map_or("", String::as_str));
        let data = match (&contract.locate.sheet, &contract.locate.sheets) {
            (SheetRef::Name(name), _) => vec![name.clone()],
            (_, Some(Sheets::Listed(listed))) => {
                let name = |sheet: &SheetRef| match sheet {
                    SheetRef::Name(name) => Ok(name.clone()),
                    _ => Err(refusal(
                        "the contract numbers its sheets, which a template has to name".to_owned(),
                        "list the sheets by their names in sheetlift.locate.sheets",
                    )),
                };
                listed.iter().map(name).collect::<Result<_>>()?
            }
            (_, Some(Sheets::Matching(pattern))) if !is_of_table(contract, &titled)? => {
                return Err(refusal(
                    format!(
                        "the sheet of the template would be {titled:?}, which {pattern:?} does not match"
                    ),
                    "give the contract a title that fits: it names the sheet",
                ));
            }
            _ => vec![titled],
        };
        let beside = |wanted: &str| match data.iter().any(|name| wanted.eq_ignore_ascii_case(name))
        {
            true => format!("{wanted} 2"),
            false => wanted.to_owned(),
        };
        Ok(Names {
            instructions: beside("Instructions"),
            lists: beside("Lists"),
            data,
        })
    }
}

/// Whether a visible sheet of this name would be taken for one of the table.
fn is_of_table(contract: &Contract, name: &str) -> Result<bool> {
    match &contract.locate.sheets {
        Some(sheets) => Ok(sheets.includes(name)?),
        None => Ok(false),
    }
}

/// What is left of a text that may be the name of a sheet.
fn sheet_name(text: &str) -> String {
    let is_taken = |c: char| "[]:*?/\\".contains(c) || c.is_control();
    let plain: String = text.chars().filter(|c| !is_taken(*c)).collect();
    let mut name = String::new();
    for c in plain.trim_matches(['\'', ' ']).chars() {
        if name.encode_utf16().count() + c.len_utf16() > 31 {
            break;
        }
        name.push(c);
    }
    match name.trim_matches(['\'', ' ']) {
        "" => "Data".to_owned(),
        // A name that Excel keeps for itself.
        name if name.eq_ignore_ascii_case("history") => "Data".to_owned(),
        name => name.to_owned(),
    }
}

fn write_sheet(
    sheet: &mut Worksheet,
    contract: &Contract,
    place: &Place,
    lists: &mut Lists,
) -> Result<()> {
    let columns = contract.fields.len() as u16;
    let last_column = place.first_column + columns - 1;
    for (index, at) in (place.first_column..)
        .take(contract.fields.len())
        .enumerate()
    {
        let label = contract.label(index);
        let look = column::Look::of(contract, index);
        sheet.set_column_width(at, look.width).map_err(refused)?;
        sheet.set_column_format(at, &look.format).map_err(refused)?;
        if let Some(row) = place.header {
            let format = header_format(contract.is_never_null(index));
            sheet
                .write_string_with_format(row, at, label, &format)
                .map_err(refused)?;
            let note = note(&words::about(contract, index)?);
            sheet.insert_note(row, at, &note).map_err(refused)?;
        }
        for &row in contract
            .locate
            .omit_rows
            .iter()
            .filter(|row| **row >= place.first_row)
        {
            let words = words::expected(contract, index)?;
            let format = Format::new().set_italic().set_font_color(Color::Gray);
            sheet
                .write_string_with_format(row, at, words, &format)
                .map_err(refused)?;
        }
        let cells = column::Cells {
            first: cell_name(place.first_row, at.into()),
            looked_at: looked_at(place, at),
        };
        if let Some(validation) = column::validation(contract, index, &cells, lists)? {
            sheet
                .add_data_validation(place.first_row, at, place.last_row, at, &validation)
                .map_err(refused)?;
        }
    }
    let last_row = place.last_row.min(place.first_row + ROWS - 1);
    match (&contract.locate.area, place.header) {
        (Some(name), Some(header)) => {
            let labels = (0..contract.fields.len()).map(|index| {
                let format = header_format(contract.is_never_null(index));
                TableColumn::new()
                    .set_header(contract.label(index))
                    .set_header_format(format)
            });
            let labels: Vec<TableColumn> = labels.collect();
            let table = Table::new().set_name(name).set_columns(&labels);
            sheet
                .add_table(header, place.first_column, last_row, last_column, &table)
                .map_err(refused)?;
        }
        (None, Some(header)) => {
            sheet
                .autofilter(header, place.first_column, last_row, last_column)
                .map_err(refused)?;
        }
        (_, None) => {}
    }
    if let (Some(title), Some(row)) = (contract.title.as_deref(), place.title_row) {
        let format = Format::new()
            .set_bold()
            .set_font_size(14)
            .set_num_format("@");
        sheet
            .write_string_with_format(row, place.first_column, title, &format)
            .map_err(refused)?;
    }
    if place.header.is_some() {
        sheet
            .set_freeze_panes(place.first_row, 0)
            .map_err(refused)?;
    }
    sheet.set_landscape().set_print_fit_to_pages(1, 0);
    let (row, column) = (place.first_row, place.first_column);
    sheet
        .set_selection(row, column, row, column)
        .map_err(refused)?;
    Ok(())
}

/// The cells in which a value is looked for a second time, as a formula has them.
fn looked_at(place: &Place, column: u16) -> String {
    let absolute = |row: u32| {
        let name = cell_name(row, column.into());
        let digits = name
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(name.len());
        format!("${}${}", &name[..digits], &name[digits..])
    };
    let last = place.last_row.min(place.first_row + 10 * ROWS - 1);
    format!("{}:{}", absolute(place.first_row), absolute(last))
}

/// Columns that need a value in every row stand out.
fn header_format(is_needed: bool) -> Format {
    let fill = if is_needed { 0xBDD7EE } else { 0xEDEDED };
    Format::new()
        .set_bold()
        .set_num_format("@")
        .set_background_color(Color::RGB(fill))
        .set_border_bottom(FormatBorder::Thin)
}

fn note(text: &str) -> Note {
    let lines = text
        .lines()
        .map(|line| 1 + line.chars().count() / 42)
        .sum::<usize>();
    Note::new(text)
        .add_author_prefix(false)
        .set_width(300)
        .set_height(20 + 16 * lines.clamp(2, 40) as u32)
}

/// Lists of values that are too long to stand in a validation: each a column of a hidden sheet.
struct Lists {
    sheet: String,
    columns: Vec<Vec<String>>,
}

impl Lists {
    fn new(sheet: String) -> Lists {
        Lists {
            sheet,
            columns: Vec::new(),
        }
    }

    /// Takes a list, and gives its cells as a formula has them.
    fn add(&mut self, values: Vec<String>) -> Formula {
        let column = self.columns.len() as u32;
        let last = values.len().max(1) as u32 - 1;
        self.columns.push(values);
        let name = cell_name(0, column);
        let letters = name.trim_end_matches('1');
        Formula::new(format!(
            "='{}'!${letters}$1:${letters}${}",
            self.sheet,
            last + 1
        ))
    }

    fn write(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        sheet.set_name(&self.sheet)?;
        let format = Format::new().set_num_format("@");
        for (column, values) in (0..).zip(&self.columns) {
            for (row, value) in (0..).zip(values) {
                sheet.write_string_with_format(row, column, value, &format)?;
            }
        }
        sheet.set_hidden(true);
        Ok(())
    }
}
