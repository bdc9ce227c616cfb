//! Where a table is and where it goes: the `sheetlift` object and the parts of a Table Dialect that concern workbooks.

use super::{
    document::Data,
    keys,
    model::{Contract, Load, Locate},
    place::{Place, did_you_mean},
    resource::field_index,
};
use crate::{
    a1::{CellRange, MAX_ROWS},
    error::Result,
    header::{HeaderRow, SheetRef},
};

pub(super) fn read(place: &Place<'_>, contract: &mut Contract) -> Result<()> {
    let object = place.map()?;
    object.only("sheetlift", keys::SHEETLIFT, keys::SHEETLIFT_LATER)?;
    if let Some(locate) = object.get("locate") {
        read_locate(&locate, &mut contract.locate)?;
    }
    contract.load = object.read("load", |place| read_load(place, contract))?;
    Ok(())
}

fn read_locate(place: &Place<'_>, locate: &mut Locate) -> Result<()> {
    let object = place.map()?;
    object.only("locate", keys::LOCATE, keys::LOCATE_LATER)?;
    if let Some(sheet) = object.get("sheet") {
        locate.sheet = match sheet.data() {
            Data::Number(_) => SheetRef::Index(sheet.count(1)? as usize - 1),
            _ => SheetRef::Name(sheet.non_empty_text()?.to_owned()),
        };
    }
    if let Some(header) = object.get("header") {
        locate.header = match header.data() {
            Data::Text(text) if text == "auto" => HeaderRow::First,
            Data::Bool(true) => HeaderRow::First,
            Data::Bool(false) => HeaderRow::None,
            Data::Number(_) => HeaderRow::At(sheet_row(&header)?),
            Data::List(_) => header_rows(&header)?,
            _ => return Err(header.expected("auto, a row number, a list of them or false")),
        };
    }
    if let Some(range) = object.get("range") {
        let parsed = CellRange::parse(range.text()?);
        locate.range = Some(parsed.map_err(|error| {
            let hint = error.hint().unwrap_or_default().to_owned();
            range.error(error.message()).with_hint(hint)
        })?);
    }
    Ok(())
}

/// Rows that follow one another.
fn header_rows(place: &Place<'_>) -> Result<HeaderRow> {
    let rows: Vec<u32> = place.list()?.iter().map(sheet_row).collect::<Result<_>>()?;
    match rows[..] {
        [] => Ok(HeaderRow::None),
        [row] => Ok(HeaderRow::At(row)),
        [first, .., last] if rows.iter().copied().eq(first..=last) => {
            Ok(HeaderRow::Rows { first, last })
        }
        _ => Err(place.expected("rows that follow one another, such as [1, 2]")),
    }
}

fn sheet_row(place: &Place<'_>) -> Result<u32> {
    let row = place.count(1)?;
    if row > MAX_ROWS {
        Err(place.expected(format!("a row from 1 to {MAX_ROWS}")))
    } else {
        Ok(row - 1)
    }
}

fn read_load(place: &Place<'_>, contract: &Contract) -> Result<Load> {
    let object = place.map()?;
    object.only("load", keys::LOAD, keys::LOAD_LATER)?;
    let mode = object.read("mode", |place| {
        let mode = place.text()?;
        if keys::LOAD_MODES.contains(&mode) {
            return Ok(mode.to_owned());
        }
        let error = place.expected(format!("one of {}", keys::LOAD_MODES.join(", ")));
        Err(did_you_mean(error, mode, keys::LOAD_MODES.iter().copied()))
    })?;
    let key = object.read("key", |place| {
        let names = place.one_or_more()?;
        names
            .iter()
            .map(|name| {
                Ok(contract.fields[field_index(name, &contract.fields)?]
                    .name
                    .to_string())
            })
            .collect()
    })?;
    let table = object.read("table", |place| place.non_empty_text().map(str::to_owned))?;
    Ok(Load {
        table,
        mode,
        key: key.unwrap_or_default(),
    })
}

/// What a Table Dialect says about workbooks; the rest of it is about delimited text and is passed over here.
pub(super) fn read_dialect(place: &Place<'_>, locate: &mut Locate) -> Result<()> {
    if place.text().is_ok() {
        return Err(place
            .error("a dialect in another file is not supported yet")
            .with_hint("put the dialect here"));
    }
    let dialect = place.map()?;
    dialect.no_misspelling("a dialect", keys::DIALECT, keys::DIALECT_LATER)?;
    if let Some(number) = dialect.read("sheetNumber", |place| place.count(1))? {
        locate.sheet = SheetRef::Index(number as usize - 1);
    }
    if let Some(name) = dialect.text("sheetName")? {
        locate.sheet = SheetRef::Name(name);
    }
    if let Some(rows) = dialect.get("headerRows") {
        locate.header = header_rows(&rows)?;
    }
    if dialect.read("header", Place::bool)? == Some(false) {
        locate.header = HeaderRow::None;
    }
    Ok(())
}
