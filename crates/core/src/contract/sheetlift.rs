//! Where a table is, and what else the `sheetlift` object says.

use super::{
    blank,
    constraints::search,
    dialect::sheet_ref,
    document::Data,
    field::Defaults,
    keys, levels, load, matching,
    model::{Contract, Locate, Stop},
    place::Place,
    read,
    references::references,
    rules, sheets,
    table_rules::{self, TableQuestion, TableRule, Total},
};
use crate::{
    a1::{CellRange, MAX_ROWS},
    error::Result,
    header::{HeaderRow, SheetRef},
    reader::MergedCells,
};

/// What is said for all fields, which has to be known before they are read.
pub(super) fn defaults(place: &Place<'_>) -> Result<Defaults> {
    Ok(Defaults {
        reading: read::defaults(place)?,
        blank: place.map()?.read("blank", blank::word)?,
    })
}

pub(super) fn read(place: &Place<'_>, contract: &mut Contract) -> Result<()> {
    let object = place.map()?;
    object.only("sheetlift", keys::SHEETLIFT, keys::SHEETLIFT_LATER)?;
    if let Some(locate) = object.get("locate") {
        read_locate(&locate, &mut contract.locate)?;
    }
    if let Some(place) = object.get("match") {
        contract.matching = matching::read(&place)?;
    }
    if let Some(place) = object.get("rules") {
        contract.rules = rules::read(&place, &contract.fields)?;
    }
    if let Some(place) = object.get("tableRules") {
        contract.table_rules = table_rules::read(&place, &contract.fields)?;
        let is_cell = |rule: &TableRule| {
            matches!(
                rule.asks,
                TableQuestion::Total {
                    equals: Total::Cell(..),
                    ..
                }
            )
        };
        if contract.locate.sheets.is_some() && contract.table_rules.iter().any(is_cell) {
            return Err(place
                .error("a total is compared with a `cell`, and `sheets` names several sheets")
                .with_hint("say the total itself (`equals`)"));
        }
    }
    if let Some(place) = object.get("thresholds") {
        contract.thresholds = table_rules::thresholds(&place)?;
    }
    if let Some(place) = object.get("references") {
        contract.references = references(&place)?;
    }
    if let Some(place) = object.get("levels") {
        contract.levels = levels::read(&place, true)?;
    }
    contract.load = object.read("load", |place| load::read(place, contract))?;
    Ok(())
}

fn read_locate(place: &Place<'_>, locate: &mut Locate) -> Result<()> {
    let object = place.map()?;
    object.only("locate", keys::LOCATE, &[])?;
    if let Some(sheet) = object.get("sheet") {
        locate.sheet = sheet_ref(&sheet)?;
    }
    if let Some(sheets) = object.get("sheets") {
        if object.get("sheet").is_some() {
            return Err(sheets.error("`sheet` and `sheets` both say which sheet is meant"));
        }
        locate.sheet = SheetRef::First;
        locate.sheets = Some(sheets::read(&sheets)?);
    }
    if let Some(header) = object.get("header") {
        locate.header = match header.data() {
            Data::Text(text) if text == "auto" => HeaderRow::First,
            Data::Bool(true) => HeaderRow::First,
            Data::Bool(false) => HeaderRow::None,
            Data::Number(_) => HeaderRow::At(sheet_row(&header)?),
            Data::List(_) => {
                let (header, between) = header_rows(&header)?;
                locate.omit_rows.extend(between);
                header
            }
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
    locate.omit_rows.sort_unstable();
    locate.omit_rows.dedup();
    if let Some(table) = object.get("table") {
        if locate.range.is_some() {
            return Err(table.error("`table` and `range` both say which cells are meant"));
        }
        if locate.sheets.is_some() {
            return Err(table.error("`table` is on one sheet, and `sheets` names several"));
        }
        locate.area = Some(table.non_empty_text()?.to_owned());
    }
    if let Some(hidden) = object.get("hidden") {
        let hidden = hidden.map()?;
        hidden.only("hidden", keys::HIDDEN, &[])?;
        let skip = |place: &Place<'_>| place.choice(&[("keep", false), ("skip", true)]);
        locate.skip_hidden_rows = hidden.read("rows", skip)?.unwrap_or(false);
        locate.skip_hidden_columns = hidden.read("columns", skip)?.unwrap_or(false);
    }
    if let Some(stop) = object.get("stop") {
        locate.stop = read_stop(&stop)?;
    }
    if let Some(merged) = object.read("merged", |place| place.choice(&MERGED))? {
        locate.merged = merged;
    }
    Ok(())
}

fn read_stop(place: &Place<'_>) -> Result<Stop> {
    let object = place.map()?;
    object.only("stop", keys::STOP, &[])?;
    let stop = Stop {
        blank_rows: object.read("blankRows", |place| place.count(1))?,
        matching: object.read("matching", search)?,
    };
    match stop.is_never() {
        true => Err(place.error("`stop` says neither `blankRows` nor `matching`")),
        false => Ok(stop),
    }
}

/// What merged cells hold, in words.
pub(super) const MERGED: [(&str, MergedCells); 4] = [
    ("first", MergedCells::First),
    ("down", MergedCells::Down),
    ("right", MergedCells::Right),
    ("all", MergedCells::All),
];

/// Rows of a header may be apart.
const MAX_HEADER_ROWS: u32 = 1_000;

/// The rows of a header, and those between them that are none of it.
pub(super) fn header_rows(place: &Place<'_>) -> Result<(HeaderRow, Vec<u32>)> {
    let rows: Vec<u32> = place.list()?.iter().map(sheet_row).collect::<Result<_>>()?;
    let (first, last) = match rows[..] {
        [] => return Ok((HeaderRow::None, Vec::new())),
        [row] => return Ok((HeaderRow::At(row), Vec::new())),
        [first, .., last] => (first, last),
    };
    let ascends = rows.windows(2).all(|pair| pair[0] < pair[1]);
    if !ascends || last - first >= MAX_HEADER_ROWS {
        return Err(place.expected("rows from top to bottom, such as [1, 2]"));
    }
    let between = (first..=last).filter(|row| !rows.contains(row)).collect();
    Ok((HeaderRow::Rows { first, last }, between))
}

pub(super) fn sheet_row(place: &Place<'_>) -> Result<u32> {
    let row = place.count(1)?;
    if row > MAX_ROWS {
        Err(place.expected(format!("a row from 1 to {MAX_ROWS}")))
    } else {
        Ok(row - 1)
    }
}
