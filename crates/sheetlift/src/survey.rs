//! The look at whole columns that some contracts ask for before their first row is checked.

use sheetlift_core::{CancelToken, Contract, ReadOptions, RowReader, Survey, Workbook};

use crate::error::Result;

/// What the rows of the table say of the columns that the contract wants surveyed; `None` where it wants none. They are read
/// apart from everything else, and nothing of them is kept.
pub(crate) fn survey(
    workbook: &Workbook,
    options: &ReadOptions,
    contract: &Contract,
    cancel: &CancelToken,
) -> Result<Option<Survey>> {
    if !Survey::is_needed(contract) {
        return Ok(None);
    }
    let as_it_stands = || look(workbook.rows(options)?, contract, cancel, false);
    match as_it_stands() {
        Err(error) if error.code() == "sheet/out-of-order" => {
            let rows = workbook.rows_in_any_order(options)?;
            Ok(Some(look(rows, contract, cancel, true)?))
        }
        survey => Ok(Some(survey?)),
    }
}

/// Looks at all rows; to put them in order they have to be there all at once.
fn look(
    mut rows: RowReader,
    contract: &Contract,
    cancel: &CancelToken,
    in_any_order: bool,
) -> Result<Survey> {
    let mut survey = Survey::new(contract, rows.header())?;
    rows.project(&survey.projection())?;
    if in_any_order {
        rows.hold()?;
    }
    while !survey.has_ended()
        && let Some(window) = rows.next_window()?
    {
        cancel.check()?;
        survey.add(&window);
    }
    survey.settle();
    Ok(survey)
}
