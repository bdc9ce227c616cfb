//! What a workbook lists: its sheets, names and tables.

use std::{collections::HashMap, hash::Hash};

use serde::Serialize;

use crate::{
    a1::CellRange,
    error::{Error, Result},
    limits::{Limits, check},
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

/// A table: a range of cells with a name and a header (ECMA-376 part 1, 18.5.1.2; a database range of OpenDocument).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TableInfo {
    /// Name.
    pub name: String,
    /// Sheet it lies on.
    pub sheet: String,
    /// Its cells: `A1:F100`, header and totals included.
    pub range: String,
    /// Rows of its header: 1, or 0.
    pub header_rows: u32,
    /// Rows of totals at its end.
    pub totals_rows: u32,
}

/// Cells that are one for the eye; the value is that of the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Merge(pub(crate) CellRange);

/// Where the sheets of a list are. Two are never in the same place: a file that says so would be read once for each of ten
/// thousand.
#[derive(Debug)]
pub(crate) struct Places<P>(HashMap<P, usize>);

impl<P: Eq + Hash> Places<P> {
    pub(crate) fn new() -> Self {
        Places(HashMap::new())
    }

    /// Checks `sheet`, which is at `place` (`None`: nowhere), before it is put behind `sheets`.
    pub(crate) fn take(
        &mut self,
        sheets: &[SheetInfo],
        sheet: &SheetInfo,
        place: Option<P>,
        limits: &Limits,
    ) -> Result<()> {
        let number = sheets.len();
        check("max_entries", limits.max_entries, number as u64 + 1)?;
        let Some(place) = place.filter(|_| sheet.kind == SheetKind::Worksheet) else {
            return Ok(());
        };
        match self.0.insert(place, number) {
            Some(other) => Err(Error::malformed(format!(
                "the sheets {:?} and {:?} are in the same place",
                shown(&sheets[other].name),
                shown(&sheet.name)
            ))),
            None => Ok(()),
        }
    }
}

/// As much of a name as a message can take.
fn shown(name: &str) -> String {
    name.chars().take(40).collect()
}
