//! The workbook part: sheets, defined names, date system (ECMA-376 part 1, 18.2).

use std::collections::HashSet;

use super::package::{Package, Relationship};
use crate::{
    book::{DefinedName, Places, SheetInfo, SheetKind, TableInfo, Visibility},
    column::DateSystem,
    error::{Error, Result},
    xml::{Tag, Token, Tokens, is_true},
};

/// What is read of the workbook part.
#[derive(Debug)]
pub(crate) struct WorkbookPart {
    pub(crate) sheets: Vec<SheetInfo>,
    /// The part of each sheet.
    pub(crate) parts: Vec<String>,
    pub(crate) defined_names: Vec<DefinedName>,
    pub(crate) dates: DateSystem,
    pub(crate) strings: Option<String>,
    pub(crate) styles: Option<String>,
}

impl WorkbookPart {
    pub(crate) fn read(package: &Package, part: String) -> Result<Self> {
        let relationships = package.relationships(&part)?;
        let of_kind = |kind: &str| {
            let found = relationships.iter().find(|r| r.kind == kind);
            found.map(|r| r.target.clone())
        };
        let mut workbook = WorkbookPart {
            sheets: Vec::new(),
            parts: Vec::new(),
            defined_names: Vec::new(),
            dates: DateSystem::Y1900,
            // Cells that refer to none are fine without them.
            strings: of_kind("sharedStrings").filter(|part| package.has(part)),
            styles: of_kind("styles"),
        };
        let limits = &package.budget().limits;
        let (mut is_workbook, mut places, mut held) = (false, Places::new(), 0);
        package.parse(&part, |tokens| {
            loop {
                match tokens.next()? {
                    Token::Open(tag) => match tag.name() {
                        "workbook" => is_workbook = true,
                        "workbookPr" if tag.flag("date1904")? => workbook.dates = DateSystem::Y1904,
                        "sheet" => {
                            let (sheet, part) = sheet_info(&tag, &relationships)?;
                            let place = Some(part.clone()).filter(|part| !part.is_empty());
                            places.take(&workbook.sheets, &sheet, place, limits)?;
                            workbook.sheets.push(sheet);
                            workbook.parts.push(part);
                        }
                        "definedName" => {
                            let name = tag.attribute("name")?.unwrap_or_default();
                            let local = tag.attribute("localSheetId")?;
                            let hidden = tag.attribute("hidden")?.is_some_and(|v| is_true(&v));
                            let refers_to = tokens.element_text()?;
                            let sheet = local
                                .and_then(|id| workbook.sheets.get(id.parse::<usize>().ok()?))
                                .map(|sheet| sheet.name.clone());
                            held += (200 + name.len() + refers_to.len()) as u64;
                            limits.check_held(held)?;
                            if !hidden {
                                let name = DefinedName {
                                    name,
                                    refers_to,
                                    sheet,
                                };
                                workbook.defined_names.push(name);
                            }
                        }
                        _ => {}
                    },
                    Token::End => return Ok(()),
                    _ => {}
                }
            }
        })?;
        if !is_workbook {
            let what = package.what_else();
            let what = what.unwrap_or("this is not a SpreadsheetML workbook");
            return Err(Error::not_a_workbook(what).in_part(part));
        }
        Ok(workbook)
    }
}

/// A sheet and the name of its part.
fn sheet_info(tag: &Tag<'_>, relationships: &[Relationship]) -> Result<(SheetInfo, String)> {
    let name = tag.attribute("name")?.unwrap_or_default();
    let visibility = match tag.attribute("state")?.as_deref() {
        Some("hidden") => Visibility::Hidden,
        Some("veryHidden") => Visibility::VeryHidden,
        _ => Visibility::Visible,
    };
    let id = tag.prefixed_attribute("id")?;
    let target = relationships.iter().find(|r| Some(&r.id) == id.as_ref());
    let kind = match target.map(|r| r.kind.as_str()) {
        Some("worksheet") => SheetKind::Worksheet,
        Some("chartsheet") => SheetKind::Chart,
        // A module of macros has an empty one.
        None if id.as_deref() != Some("") => SheetKind::Worksheet, // an error, once it is read
        _ => SheetKind::Other,
    };
    let part = target.map(|r| r.target.clone()).unwrap_or_default();
    let sheet = SheetInfo {
        name,
        visibility,
        kind,
    };
    Ok((sheet, part))
}

/// The Excel tables of a workbook (18.5).
pub(super) fn read_tables(package: &Package, workbook: &WorkbookPart) -> Result<Vec<TableInfo>> {
    let (mut tables, mut seen) = (Vec::new(), HashSet::new());
    for (sheet, part) in workbook.sheets.iter().zip(&workbook.parts) {
        if sheet.kind != SheetKind::Worksheet {
            continue;
        }
        for table in package.tables_of(part, &mut seen)? {
            tables.extend(package.parse(&table, |tokens| read_table(tokens, &sheet.name))?);
        }
    }
    Ok(tables)
}

fn read_table(tokens: &mut Tokens<'_>, sheet: &str) -> Result<Option<TableInfo>> {
    while let token @ (Token::Open(_) | Token::Text(_) | Token::Close) = tokens.next()? {
        if let Token::Open(tag) = token
            && tag.name() == "table"
        {
            let name = match tag.attribute("displayName")? {
                Some(name) => name,
                None => tag.attribute("name")?.unwrap_or_default(),
            };
            let rows = |attribute: &str, default: u32| -> Result<u32> {
                let rows = tag.attribute(attribute)?;
                Ok(rows
                    .and_then(|rows| rows.trim().parse().ok())
                    .unwrap_or(default))
            };
            return Ok(Some(TableInfo {
                name,
                sheet: sheet.to_owned(),
                range: tag.attribute("ref")?.unwrap_or_default(),
                header_rows: rows("headerRowCount", 1)?,
                totals_rows: rows("totalsRowCount", 0)?,
            }));
        }
    }
    Ok(None)
}
