//! What comes out of validation: accepted rows, rejected rows, findings, and totals over the whole stream.

use std::{collections::BTreeMap, sync::Arc};

use arrow_array::RecordBatch;
use serde::Serialize;

use crate::finding::{Finding, Level};

/// How the column of a field was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FoundBy {
    /// Its label is the name of the field.
    Exact,
    /// Its label is another name of the field.
    Alias,
    /// Its label is a name but for letter case, separators and what the contract ignores.
    Loose,
    /// Its label is much like a name.
    Fuzzy,
    /// There is no header: it stands where the field does.
    Order,
}

/// Which column was taken for a field.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct Mapped {
    /// The sheet, where the table is on several.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub sheet: Option<Arc<str>>,
    /// The field.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub field: Arc<str>,
    /// The letters of the column, such as `C`.
    pub column: String,
    /// Its label; `None` without a header.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub label: Option<Arc<str>>,
    /// How it was found.
    pub method: FoundBy,
    /// How alike label and name are, 0 to 1, where the method is `fuzzy`.
    pub score: Option<f64>,
}

/// The verdict on one window.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Checked {
    /// The sheet that all of its rows are on.
    pub sheet: Arc<str>,
    /// Rows without error, one column for each field of the contract.
    pub accepted: RecordBatch,
    /// Zero-based sheet row of each accepted row.
    pub accepted_rows: Vec<u32>,
    /// Rows with errors, in order.
    pub rejected: Vec<RejectedRow>,
    /// Findings by row, then column. [`Summary`] counts those left out by a cap, too.
    pub findings: Vec<Finding>,
}

/// A row that was not accepted, as its author sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RejectedRow {
    /// Its sheet.
    pub sheet: Arc<str>,
    /// Zero-based sheet row.
    pub row: u32,
    /// Codes of its errors, each once, in the order of its columns.
    pub codes: Vec<&'static str>,
    /// The messages of its errors, separated by `; `.
    pub reason: String,
    /// Its primary key, as its author sees it; none where a part of it is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row_key: Option<String>,
    /// Cells of the row by unique column name (the header text, `price_2` for a second `price`); empty cells are left out.
    pub raw: serde_json::Map<String, serde_json::Value>,
    /// What JSON does not tell of them ([`RawRow::kinds`](crate::RawRow::kinds)).
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub kinds: serde_json::Map<String, serde_json::Value>,
    /// An earlier row has a key of it that has to be unique, or is the same.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub repeats: bool,
    /// The number of its cells, where that of the header of a text file is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
}

/// Exact totals over everything checked so far. Findings about the header are counted as well.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// Rows accepted and rejected; blank rows are not counted.
    pub rows_read: u64,
    /// Rows without error.
    pub rows_accepted: u64,
    /// Rows with errors.
    pub rows_rejected: u64,
    /// Rows without any value, which were passed over.
    pub rows_blank: u64,
    /// Findings of level `error`.
    pub errors: u64,
    /// Findings of level `warning`.
    pub warnings: u64,
    /// Findings of level `info`.
    pub infos: u64,
    /// Findings by code.
    pub by_code: BTreeMap<String, u64>,
    /// Findings by rule, as the contract states it.
    pub by_rule: BTreeMap<String, u64>,
    /// Findings by field.
    pub by_field: BTreeMap<String, u64>,
}

impl Summary {
    /// Counts `times` findings like this one.
    pub(super) fn count(
        &mut self,
        level: Level,
        code: &str,
        rule: &str,
        field: Option<&str>,
        times: u64,
    ) {
        *match level {
            Level::Error => &mut self.errors,
            Level::Warning => &mut self.warnings,
            Level::Info => &mut self.infos,
        } += times;
        add(&mut self.by_code, code, times);
        if !rule.is_empty() {
            add(&mut self.by_rule, rule, times);
        }
        if let Some(field) = field {
            add(&mut self.by_field, field, times);
        }
    }
}

fn add(counts: &mut BTreeMap<String, u64>, key: &str, times: u64) {
    match counts.get_mut(key) {
        Some(count) => *count += times,
        None => {
            counts.insert(key.to_owned(), times);
        }
    }
}
