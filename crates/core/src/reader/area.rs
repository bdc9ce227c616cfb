//! Cells by a name: a table, a defined name, or a reference with its sheet.

use super::{options::ReadOptions, workbook::Workbook};
use crate::{
    a1::CellRange,
    book::{DefinedName, TableInfo},
    error::{Error, Result},
    header::{HeaderRow, SheetRef},
};

/// The options with what [`ReadOptions::area`] names as sheet, range and header.
///
/// A sheet that is named beside must be the one the area is on.
pub(super) fn resolve(workbook: &Workbook, options: &ReadOptions) -> Result<ReadOptions> {
    let mut resolved = options.clone();
    let Some(area) = resolved.area.take() else {
        return Ok(resolved);
    };
    let wanted = match &options.sheet {
        SheetRef::First => None,
        sheet => Some(workbook.find_sheet(sheet)?),
    };
    let local = wanted.map(|(_, sheet)| &*sheet.name);
    let resolved = find(workbook, resolved, &area, local)?;
    if let Some((place, sheet)) = wanted {
        let (found, other) = workbook.find_sheet(&resolved.sheet)?;
        if found != place {
            let (wanted, other) = (&sheet.name, &other.name);
            let what = format!("the range {area:?} is on sheet {other:?}, not on {wanted:?}");
            return Err(Error::usage("range/other-sheet", what)
                .with_hint("leave the sheet out, or give a range that is on it"));
        }
    }
    Ok(resolved)
}

/// Looks an area up. A name that belongs to the sheet `local` is preferred there.
fn find(
    workbook: &Workbook,
    mut resolved: ReadOptions,
    area: &str,
    local: Option<&str>,
) -> Result<ReadOptions> {
    if let Some((sheet, range)) = parse_reference(area) {
        (resolved.sheet, resolved.range) = (SheetRef::Name(sheet), Some(range));
        return Ok(resolved);
    }
    // No name has a colon: a range that is none is told what is wrong with it.
    if area.contains(':') && !area.contains('!') {
        resolved.range = Some(CellRange::parse(area)?);
        return Ok(resolved);
    }
    let tables = workbook.tables()?;
    if let Some(table) = tables.iter().find(|table| same(&table.name, area)) {
        return of_table(table, resolved);
    }
    let names = workbook.defined_names();
    let named = |is: &dyn Fn(Option<&str>) -> bool| {
        names
            .iter()
            .find(|name| same(&name.name, area) && is(name.sheet.as_deref()))
    };
    let here = local.and_then(|local| named(&|sheet| sheet == Some(local)));
    let found = here.or_else(|| named(&|sheet| sheet.is_none()));
    let Some(name) = found.or_else(|| named(&|_| true)) else {
        let tables = tables.iter().map(|table| table.name.as_str());
        let known: Vec<&str> = tables.chain(names.iter().map(|name| &*name.name)).collect();
        let error = format!("{area:?} is neither a range nor a table or name of the workbook");
        return Err(
            Error::usage("range/not-found", error).with_hint(match &known[..] {
                [] => "write a range as B2:F100, B:F, 2:100 or Sheet!B2:F100".to_owned(),
                known => format!("the workbook has {}", known.join(", ")),
            }),
        );
    };
    let (sheet, range) = parse_reference(&name.refers_to).ok_or_else(|| no_cells(name))?;
    (resolved.sheet, resolved.range) = (SheetRef::Name(sheet), Some(range));
    Ok(resolved)
}

fn same(name: &str, wanted: &str) -> bool {
    name == wanted || name.to_lowercase() == wanted.to_lowercase()
}

/// The rows of a table without its totals.
fn of_table(table: &TableInfo, mut options: ReadOptions) -> Result<ReadOptions> {
    let damaged = || Error::malformed(format!("{:?} is not the range of a table", table.range));
    let mut range = CellRange::parse(&table.range).map_err(|_| damaged())?;
    let (first, last) = (*range.rows.start(), *range.rows.end());
    let last = last.checked_sub(table.totals_rows).ok_or_else(damaged)?;
    if last < first {
        return Err(damaged());
    }
    range.rows = first..=last;
    options.sheet = SheetRef::Name(table.sheet.clone());
    options.range = Some(range);
    if options.header == HeaderRow::First {
        options.header = match table.header_rows {
            0 => HeaderRow::None,
            _ => HeaderRow::At(first),
        };
    }
    Ok(options)
}

fn no_cells(name: &DefinedName) -> Error {
    let what = format!(
        "the name {:?} stands for {}, which is not one range of cells",
        name.name, name.refers_to
    );
    Error::usage("range/invalid", what).with_hint("give the range itself, such as Sheet!B2:F100")
}

/// `Items!$A$1:$F$100` or `'My items'!A1`.
fn parse_reference(text: &str) -> Option<(String, CellRange)> {
    let (sheet, range) = text.trim().trim_start_matches('=').rsplit_once('!')?;
    let quoted = sheet
        .strip_prefix('\'')
        .and_then(|sheet| sheet.strip_suffix('\''));
    let sheet = match quoted {
        Some(sheet) => sheet.replace("''", "'"),
        None if sheet.contains([',', '!', '(']) => return None,
        None => sheet.to_owned(),
    };
    Some((sheet, CellRange::parse(range).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_references() {
        let read = |text| parse_reference(text).map(|(sheet, range)| (sheet, range.rows));
        assert_eq!(
            read("Items!$A$1:$F$100"),
            Some(("Items".to_owned(), 0..=99))
        );
        assert_eq!(
            read("'Bob''s items'!B2"),
            Some(("Bob's items".to_owned(), 1..=1))
        );
        for other in ["Items", "OFFSET(Items!A1,1,1)", "Items!#REF!", "A!B1,A!C1"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
