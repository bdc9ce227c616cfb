//! The workbook part: sheets, defined names, date system (ECMA-376 part 1, 18.2).

use serde::Serialize;

use super::package::{Package, Relationship};
use crate::{
    column::DateSystem,
    error::{Error, Result},
    xml::{Tag, Token, is_true},
};

/// One sheet, as the workbook lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SheetInfo {
    /// Name on the tab.
    pub name: String,
    /// Whether users see the tab.
    pub visibility: Visibility,
    /// What kind of sheet it is; only worksheets have cells.
    pub kind: SheetKind,
    /// Part that holds it.
    #[serde(skip)]
    pub(crate) part: String,
}

/// Whether users see a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Visibility {
    /// On the tab bar.
    Visible,
    /// Hidden; users can unhide it.
    Hidden,
    /// Hidden from the user interface altogether.
    VeryHidden,
}

/// What kind of sheet it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum SheetKind {
    /// A sheet of cells.
    Worksheet,
    /// A chart.
    Chart,
    /// A dialogue, macro or other kind.
    Other,
}

/// A defined name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DefinedName {
    /// Name.
    pub name: String,
    /// What it stands for, as written: `Items!$A$1:$F$100`.
    pub refers_to: String,
    /// The sheet it is local to.
    pub sheet: Option<String>,
}

/// An Excel table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TableInfo {
    /// Name.
    pub name: String,
    /// Sheet it lies on.
    pub sheet: String,
    /// Its cells: `A1:F100`, header and totals included.
    pub range: String,
}

/// What is read of the workbook part.
#[derive(Debug)]
pub(crate) struct WorkbookPart {
    pub(crate) sheets: Vec<SheetInfo>,
    pub(crate) defined_names: Vec<DefinedName>,
    pub(crate) dates: DateSystem,
    pub(crate) strings: Option<String>,
    pub(crate) styles: Option<String>,
}

impl WorkbookPart {
    pub(crate) fn read(package: &Package) -> Result<Self> {
        let part = package.workbook_part()?;
        let relationships = package.relationships(&part)?;
        let of_kind = |kind: &str| {
            let found = relationships
                .iter()
                .find(|r| r.kind == kind && package.has(&r.target));
            found.map(|r| r.target.clone())
        };
        let mut workbook = WorkbookPart {
            sheets: Vec::new(),
            defined_names: Vec::new(),
            dates: DateSystem::Y1900,
            strings: of_kind("sharedStrings"),
            styles: of_kind("styles"),
        };
        let mut is_workbook = false;
        package.parse(&part, |tokens| {
            loop {
                match tokens.next()? {
                    Token::Open(tag) => match tag.name() {
                        "workbook" => is_workbook = true,
                        "workbookPr" if tag.flag("date1904")? => workbook.dates = DateSystem::Y1904,
                        "sheet" => workbook.sheets.push(sheet_info(&tag, &relationships)?),
                        "definedName" => {
                            let name = tag.attribute("name")?.unwrap_or_default();
                            let local = tag.attribute("localSheetId")?;
                            let hidden = tag.attribute("hidden")?.is_some_and(|v| is_true(&v));
                            let refers_to = tokens.element_text()?;
                            let sheet = local
                                .and_then(|id| workbook.sheets.get(id.parse::<usize>().ok()?))
                                .map(|sheet| sheet.name.clone());
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
            return Err(
                Error::not_a_workbook("this is not a SpreadsheetML workbook").in_part(part),
            );
        }
        Ok(workbook)
    }
}

fn sheet_info(tag: &Tag<'_>, relationships: &[Relationship]) -> Result<SheetInfo> {
    let name = tag.attribute("name")?.unwrap_or_default();
    let visibility = match tag.attribute("state")?.as_deref() {
        Some("hidden") => Visibility::Hidden,
        Some("veryHidden") => Visibility::VeryHidden,
        _ => Visibility::Visible,
    };
    let id = tag.prefixed_attribute("id")?.unwrap_or_default();
    let target = relationships.iter().find(|r| r.id == id);
    let kind = match target.map(|r| r.kind.as_str()) {
        Some("worksheet") => SheetKind::Worksheet,
        Some("chartsheet") => SheetKind::Chart,
        _ => SheetKind::Other,
    };
    let part = target.map(|r| r.target.clone()).unwrap_or_default();
    Ok(SheetInfo {
        name,
        visibility,
        kind,
        part,
    })
}

/// The Excel tables of a sheet (18.5).
pub(crate) fn read_tables(package: &Package, sheet: &SheetInfo) -> Result<Vec<TableInfo>> {
    let mut tables = Vec::new();
    for relationship in package.relationships(&sheet.part)? {
        if relationship.kind != "table" || !package.has(&relationship.target) {
            continue;
        }
        package.parse(&relationship.target, |tokens| {
            while let token @ (Token::Open(_) | Token::Text(_) | Token::Close) = tokens.next()? {
                if let Token::Open(tag) = token
                    && tag.name() == "table"
                {
                    let name = match tag.attribute("displayName")? {
                        Some(name) => name,
                        None => tag.attribute("name")?.unwrap_or_default(),
                    };
                    let range = tag.attribute("ref")?.unwrap_or_default();
                    tables.push(TableInfo {
                        name,
                        sheet: sheet.name.clone(),
                        range,
                    });
                    break;
                }
            }
            Ok(())
        })?;
    }
    Ok(tables)
}
