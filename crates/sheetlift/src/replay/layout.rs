//! How a file was laid out, as the ledger keeps it: where the columns were whose cells wait in quarantine, by their names.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sheetlift_core::{Contract, DateSystem, Header, MAX_COLUMNS, TableQuestion};

/// The layout of a file whose rows were loaded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Layout {
    /// Serial numbers of dates start in 1904.
    pub(crate) is_1904: bool,
    /// It was a text file.
    pub(crate) is_text: bool,
    pub(crate) sheets: Vec<SheetLayout>,
    /// What no two rows were to share, as names of fields; no names are all of them.
    pub(crate) unique: BTreeSet<Vec<String>>,
}

/// The layout of a sheet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SheetLayout {
    pub(crate) name: String,
    /// Zero-based row of the header, the last one of several.
    pub(crate) header: Option<u32>,
    pub(crate) columns: Vec<ColumnLayout>,
}

/// A column: its zero-based place, its unique name, and its label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ColumnLayout(
    pub(crate) u32,
    pub(crate) String,
    #[serde(default)] pub(crate) Option<String>,
);

impl Layout {
    pub(crate) fn new<'a>(
        dates: DateSystem,
        is_text: bool,
        headers: impl Iterator<Item = &'a Header>,
        contract: &Contract,
    ) -> Layout {
        Layout {
            is_1904: dates == DateSystem::Y1904,
            is_text,
            sheets: headers.map(SheetLayout::of).collect(),
            unique: unique(contract),
        }
    }

    /// The layout in the words of the ledger; none where these are not ours.
    pub(crate) fn read(text: &str) -> Option<Layout> {
        let layout: Layout = serde_json::from_str(text).ok()?;
        let is_sane = |sheet: &SheetLayout| {
            let mut columns = sheet.columns.iter();
            sheet.header.is_none_or(|row| row < u32::MAX - 1)
                && columns.all(|ColumnLayout(at, ..)| *at < MAX_COLUMNS)
        };
        (!layout.sheets.is_empty() && layout.sheets.iter().all(is_sane)).then_some(layout)
    }

    pub(crate) fn dates(&self) -> DateSystem {
        match self.is_1904 {
            true => DateSystem::Y1904,
            false => DateSystem::Y1900,
        }
    }
}

impl SheetLayout {
    fn of(header: &Header) -> SheetLayout {
        let columns = header.columns.iter().map(|column| {
            let label = column.label.as_deref().map(str::to_owned);
            ColumnLayout(column.index, column.name.to_string(), label)
        });
        SheetLayout {
            name: header.sheet.to_string(),
            header: header.row,
            columns: columns.collect(),
        }
    }
}

/// What no two rows may share.
pub(crate) fn unique(contract: &Contract) -> BTreeSet<Vec<String>> {
    let name = |&field: &usize| contract.fields[field].name.to_string();
    let mut unique: BTreeSet<Vec<String>> = BTreeSet::new();
    let fields = contract.fields.iter();
    let single = fields.filter(|field| field.constraints.unique);
    unique.extend(single.map(|field| vec![field.name.to_string()]));
    for key in contract.unique_keys.iter().chain([&contract.primary_key]) {
        if !key.is_empty() {
            unique.insert(key.iter().map(name).collect());
        }
    }
    let load = contract.load.iter();
    unique.extend(
        load.map(|load| load.key.clone())
            .filter(|key| !key.is_empty()),
    );
    let mut rules = contract.table_rules.iter();
    if rules.any(|rule| matches!(rule.asks, TableQuestion::Duplicates)) {
        unique.insert(Vec::new());
    }
    unique
}
