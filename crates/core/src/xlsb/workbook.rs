//! The parts beside the sheets: the workbook, styles, shared strings, tables.

use std::collections::HashSet;

use super::{
    names,
    records::{Data, Records},
};
use crate::{
    a1::cell_name,
    book::{
        CellFormats, DefinedName, NameTable, Places, SheetInfo, SheetKind, TableInfo, Visibility,
    },
    column::{DateSystem, StringTable, strings::make_view},
    error::{Error, Result},
    limits::check,
    xlsx::Package,
    zip::PartRead,
};

/// What is read of the workbook part.
#[derive(Debug)]
pub(super) struct WorkbookPart {
    pub(super) sheets: Vec<SheetInfo>,
    /// The part of each sheet.
    pub(super) parts: Vec<String>,
    pub(super) names: Vec<DefinedName>,
    pub(super) dates: DateSystem,
    pub(super) strings: Option<String>,
    pub(super) styles: Option<String>,
}

/// The records of a part.
pub(super) fn records(package: &Package, part: &str) -> Result<Records> {
    let max_bytes = package.budget().limits.max_row_bytes;
    Ok(Records::new(
        PartRead::new(package.reader(part)?),
        max_bytes,
    ))
}

impl WorkbookPart {
    pub(super) fn read(package: &Package, part: &str) -> Result<Self> {
        let relationships = package.relationships(part)?;
        let of_kind = |kind: &str| {
            let found = relationships.iter().find(|r| r.kind == kind);
            found.map(|r| r.target.clone())
        };
        let mut workbook = WorkbookPart {
            sheets: Vec::new(),
            parts: Vec::new(),
            names: Vec::new(),
            dates: DateSystem::Y1900,
            // Cells that refer to none are fine without them.
            strings: of_kind("sharedStrings").filter(|part| package.has(part)),
            styles: of_kind("styles"),
        };
        let mut records = records(package, part)?;
        let limits = &package.budget().limits;
        let (mut is_workbook, mut has_ended) = (false, false);
        let (mut table, mut places) = (NameTable::default(), Places::new());
        while let Some((id, mut data)) = records.next()? {
            match id {
                131 => is_workbook = true,
                132 => has_ended = true,
                153 if data.u32()? & 1 != 0 => workbook.dates = DateSystem::Y1904,
                156 => {
                    let (state, _id) = (data.u32()?, data.u32()?);
                    let id = data.text()?.unwrap_or_default();
                    let name = data.text()?.unwrap_or_default();
                    let target = relationships.iter().find(|r| r.id == id);
                    let sheet = SheetInfo {
                        name,
                        visibility: match state {
                            0 => Visibility::Visible,
                            1 => Visibility::Hidden,
                            _ => Visibility::VeryHidden,
                        },
                        kind: match target.map(|r| r.kind.as_str()) {
                            Some("worksheet") => SheetKind::Worksheet,
                            Some("chartsheet") => SheetKind::Chart,
                            // A module of macros has none; one that leads nowhere is an error, once it is read.
                            None if !id.is_empty() => SheetKind::Worksheet,
                            _ => SheetKind::Other,
                        },
                    };
                    let target = target.map(|r| r.target.clone());
                    let part = target.unwrap_or_default();
                    let place = Some(part.clone()).filter(|part| !part.is_empty());
                    places.take(&workbook.sheets, &sheet, place, limits)?;
                    workbook.sheets.push(sheet);
                    workbook.parts.push(part);
                }
                // A name that is not understood is no name.
                id => drop(names::take(&mut table, id, &mut data)),
            }
        }
        workbook.names = table.resolve(&workbook.sheets);
        match is_workbook {
            true if !has_ended => Err(records.locate(ended_early())),
            true => Ok(workbook),
            false => Err(Error::not_a_workbook("this is not a binary workbook").in_part(part)),
        }
    }
}

/// The number formats of cells (2.1.7.50).
pub(super) fn read_formats(package: &Package, part: Option<&str>) -> Result<CellFormats> {
    let mut formats = CellFormats::default();
    let Some(part) = part else {
        return Ok(formats);
    };
    let mut records = records(package, part)?;
    let (mut in_cell_formats, mut has_ended) = (false, false);
    while let Some((id, mut data)) = records.next()? {
        match id {
            44 => {
                let id = u32::from(data.u16()?);
                formats.define(id, &data.text()?.unwrap_or_default())?;
            }
            279 => has_ended = true,
            617 => in_cell_formats = true,
            618 => in_cell_formats = false,
            47 if in_cell_formats => {
                data.u16()?; // the format it builds on
                formats.push(u32::from(data.u16()?));
            }
            _ => {}
        }
    }
    // Without its formats, what is a date would be a number.
    has_ended
        .then_some(formats)
        .ok_or_else(|| records.locate(ended_early()))
}

/// The error for a part whose last record is missing.
pub(super) fn ended_early() -> Error {
    Error::malformed("the part ends before its last record")
}

/// The shared strings (2.1.7.46).
pub(super) fn read_strings(package: &Package, part: Option<&str>) -> Result<StringTable> {
    let mut table = StringTable::default();
    let Some(part) = part else {
        return Ok(table);
    };
    let budget = package.budget();
    let (limits, mut records) = (&budget.limits, records(package, part)?);
    let (mut text, mut views, mut has_ended) = (Vec::new(), Vec::new(), false);
    while let Some((id, mut data)) = records.next()? {
        has_ended |= id == 160;
        if id != 19 {
            continue;
        }
        let string = rich_text(&mut data)?;
        check("max_cell_bytes", limits.max_cell_bytes, string.len() as u64)?;
        let offset = u32::try_from(text.len())
            .map_err(|_| Error::unsupported("more than 4 GiB of shared strings"))?;
        views.push(make_view(string.as_bytes(), 0, offset));
        if string.len() > 12 {
            text.extend_from_slice(string.as_bytes());
        }
        let size = (text.len() + 16 * views.len()) as u64;
        check(
            "max_shared_string_bytes",
            limits.max_shared_string_bytes,
            size,
        )?;
        limits.check_held(size)?;
    }
    text.shrink_to_fit();
    table.push_block(text, &views);
    has_ended
        .then_some(table)
        .ok_or_else(|| records.locate(ended_early()))
}

/// The characters of a rich text (2.5.122); how they look follows them.
pub(super) fn rich_text(data: &mut Data<'_>) -> Result<String> {
    data.u8()?;
    let text = data.text()?;
    text.ok_or_else(|| Error::malformed("a text has no length"))
}

/// The tables of all sheets (2.4.98).
pub(super) fn read_tables(package: &Package, workbook: &WorkbookPart) -> Result<Vec<TableInfo>> {
    let (mut tables, mut seen) = (Vec::new(), HashSet::new());
    for (sheet, part) in workbook.sheets.iter().zip(&workbook.parts) {
        if sheet.kind != SheetKind::Worksheet {
            continue;
        }
        for table in package.tables_of(part, &mut seen)? {
            let mut records = records(package, &table)?;
            while let Some((id, mut data)) = records.next()? {
                if id != 343 {
                    continue;
                }
                let [top, bottom] = [data.u32()?, data.u32()?];
                let [left, right] = [data.u32()?, data.u32()?];
                data.take(8)?;
                let [header_rows, totals_rows] = [data.u32()?, data.u32()?];
                data.take(32)?;
                let name = data.text()?.unwrap_or_default();
                let shown = data.text()?.filter(|shown| !shown.is_empty());
                tables.push(TableInfo {
                    name: shown.unwrap_or(name),
                    sheet: sheet.name.clone(),
                    range: format!("{}:{}", cell_name(top, left), cell_name(bottom, right)),
                    header_rows,
                    totals_rows,
                });
                break;
            }
        }
    }
    Ok(tables)
}
