//! Several sheets that are one table.

use serde_json::{Value as Json, json};

use super::{
    constraints::{compile_search, search},
    dialect::sheet_ref,
    document::Data,
    keys,
    place::Place,
};
use crate::{
    error::{Error, Result},
    header::SheetRef,
};

/// Sheets of which the rows are one table (`sheetlift.locate.sheets`), in the order of the tabs; of a list, in its order.
///
/// ```
/// use sheetlift_core::{Contract, Sheets};
/// let contract: Contract = "schema: {fields: [{name: sku}]}\nsheetlift: {locate: {sheets: {matching: '^20'}}}".parse()?;
/// assert_eq!(contract.locate.sheets, Some(Sheets::Matching("^20".to_owned())));
/// # Ok::<(), sheetlift_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sheets {
    /// All visible worksheets that have a cell.
    All,
    /// Those of them whose name has this regular expression in it.
    Matching(String),
    /// These, each by its name or place, hidden or not.
    Listed(Vec<SheetRef>),
}

impl Sheets {
    /// Whether a visible worksheet of this name is one of them; of a list, whether it is named there.
    ///
    /// # Errors
    /// `Contract` when the regular expression is none.
    pub fn includes(&self, name: &str) -> Result<bool> {
        match self {
            Sheets::All => Ok(true),
            Sheets::Matching(pattern) => compile_search(pattern)
                .map(|regex| regex.is_match(name))
                .map_err(|error| Error::contract(format!("{pattern:?}: {error}"))),
            Sheets::Listed(listed) => Ok(listed
                .iter()
                .any(|sheet| matches!(sheet, SheetRef::Name(known) if known == name))),
        }
    }
}

pub(super) fn read(place: &Place<'_>) -> Result<Sheets> {
    match place.data() {
        Data::Text(text) if text == "all" => Ok(Sheets::All),
        Data::Map(_) => {
            let object = place.map()?;
            object.only("sheets", keys::SHEETS, &[])?;
            Ok(Sheets::Matching(search(&object.required("matching")?)?))
        }
        Data::List(_) => {
            let listed = place.list()?;
            if listed.is_empty() {
                return Err(place.error("no sheet is named"));
            }
            let sheets = listed.iter().map(sheet_ref).collect::<Result<_>>()?;
            Ok(Sheets::Listed(sheets))
        }
        _ => Err(place.expected("all, a list of sheets or {matching: a regular expression}")),
    }
}

pub(super) fn write(sheets: &Sheets) -> Json {
    match sheets {
        Sheets::All => json!("all"),
        Sheets::Matching(pattern) => json!({"matching": pattern}),
        Sheets::Listed(listed) => listed
            .iter()
            .filter_map(|sheet| match sheet {
                SheetRef::First => None,
                SheetRef::Name(name) => Some(json!(name)),
                SheetRef::Index(index) => Some(json!(index + 1)),
            })
            .collect(),
    }
}
