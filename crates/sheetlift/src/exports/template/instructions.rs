//! The sheet that says what to do: one line for each column.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Worksheet, XlsxError};
use sheetlift_core::Contract;

use super::{refused, words};
use crate::error::Result;

const HEADINGS: [(&str, f64); 5] = [
    ("Column", 24.0),
    ("Needed", 9.0),
    ("What it is", 40.0),
    ("What is expected", 60.0),
    ("For example", 20.0),
];

pub(super) fn write(sheet: &mut Worksheet, contract: &Contract) -> Result<()> {
    let mut lines = Vec::with_capacity(contract.fields.len());
    for (index, field) in contract.fields.iter().enumerate() {
        let label = contract.label(index);
        let title = field.title.clone().filter(|title| title != label);
        let needed = if contract.is_never_null(index) {
            "yes"
        } else {
            "no"
        };
        lines.push([
            label.to_owned(),
            needed.to_owned(),
            field.description.clone().or(title).unwrap_or_default(),
            words::values(contract, index)?,
            words::example(contract, index)
                .unwrap_or_default()
                .to_owned(),
        ]);
    }
    lay_out(sheet, contract, &lines).map_err(refused)
}

fn lay_out(
    sheet: &mut Worksheet,
    contract: &Contract,
    lines: &[[String; HEADINGS.len()]],
) -> Result<(), XlsxError> {
    let text = Format::new()
        .set_num_format("@")
        .set_text_wrap()
        .set_align(FormatAlign::Top);
    let bold = Format::new()
        .set_bold()
        .set_background_color(Color::RGB(0xEDEDED))
        .set_border_bottom(FormatBorder::Thin);
    let title = contract.title.as_deref().or(contract.name.as_deref());
    let large = Format::new().set_bold().set_font_size(14);
    sheet.write_string_with_format(0, 0, title.unwrap_or("How to fill this in"), &large)?;
    let mut row = 1;
    for prose in contract.description.iter() {
        sheet.write_string(row, 0, words::cut(prose, 2_000))?;
        row += 1;
    }
    sheet.write_string(
        row,
        0,
        "Give each row of the table a line of its own below the header, and leave the header as it is. Columns with a blue header need a value in every row.",
    )?;
    row += 2;
    for (column, (heading, width)) in (0..).zip(HEADINGS) {
        sheet.set_column_width(column, width)?;
        sheet.write_string_with_format(row, column, heading, &bold)?;
    }
    sheet.set_freeze_panes(row + 1, 0)?;
    for line in lines {
        row += 1;
        for (column, cell) in (0..).zip(line) {
            sheet.write_string_with_format(row, column, words::cut(cell, 2_000), &text)?;
        }
        // Not every program makes room for the lines of a cell by itself.
        let lines_of = |(cell, (_, width)): (&String, (&str, f64))| {
            let lines = cell.lines().map(|line| line.chars().count() as f64 / width);
            lines.map(|lines| lines.ceil().max(1.0)).sum::<f64>()
        };
        let lines = line.iter().zip(HEADINGS).map(lines_of).fold(1.0, f64::max);
        sheet.set_row_height(row, 15.0 * lines.min(20.0))?;
    }
    sheet.set_landscape().set_print_fit_to_pages(1, 0);
    Ok(())
}
