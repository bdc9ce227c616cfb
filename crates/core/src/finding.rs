//! A finding: bad data in good structure, with the address of its cell. Collected, never fatal by itself.

use std::{borrow::Cow, sync::Arc};

use serde::Serialize;

use crate::a1;

/// How much a finding matters. A row with an `Error` is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something was done that the author may want to know (`info/value-trimmed`).
    Info,
    /// Suspicious, yet the row is accepted.
    Warning,
    /// The row is rejected.
    Error,
}

impl Level {
    /// Its name, as in a report.
    pub fn name(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// True for a text that a spreadsheet program takes for a formula: `=`, `+`, `-`, `@`, a tab or a line end comes first, and it
/// is no number.
pub fn looks_like_a_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
        && fast_float2::parse::<f64, _>(text.as_bytes()).is_err()
}

/// One fault, at one place.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// Stable code `family/kind`, such as `cell/minimum`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub code: Cow<'static, str>,
    /// The rule as the contract states it, such as `minimum: 0`.
    pub rule: String,
    /// Sheet name.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub sheet: Arc<str>,
    /// Row as the spreadsheet shows it (from 1); `None` when the finding is about a whole column or sheet.
    pub row: Option<u32>,
    /// Column, zero-based; `None` when the finding is about a whole row or sheet.
    #[serde(skip)]
    pub column_index: Option<u32>,
    /// Header text of the column.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub column: Option<Arc<str>>,
    /// Field of the contract.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub field: Option<Arc<str>>,
    /// Primary key of the row, where there is one.
    pub row_key: Option<String>,
    /// The value found, as the author would recognise it, cut to 200 characters.
    pub value: Option<String>,
    /// What was expected.
    pub expected: String,
    /// One sentence for the file's author.
    pub message: String,
    /// A likely correction: another value, or what to do.
    pub suggestion: Option<String>,
    /// How likely another value is the one that was meant, 0 to 1; `None` where the suggestion is no value.
    pub score: Option<f64>,
}

impl Finding {
    /// A finding about a sheet, with nothing else said yet.
    pub fn about(level: Level, code: impl Into<Cow<'static, str>>, sheet: Arc<str>) -> Finding {
        Finding {
            level,
            code: code.into(),
            rule: String::new(),
            sheet,
            row: None,
            column_index: None,
            column: None,
            field: None,
            row_key: None,
            value: None,
            expected: String::new(),
            message: String::new(),
            suggestion: None,
            score: None,
        }
    }

    /// The cell in A1 form (`C17`), or `None` when the finding is not about one cell.
    pub fn cell(&self) -> Option<String> {
        Some(a1::cell_name(self.row?.checked_sub(1)?, self.column_index?))
    }

    /// `Items!C17`, `Items!17:17`, `Items!C:C` or `Items`: as much of the address as there is. Sheet names
    /// with other characters than letters, digits and `_` are quoted as spreadsheets do.
    pub fn address(&self) -> String {
        let sheet = a1::quote_sheet(&self.sheet);
        match (self.row, self.column_index) {
            (Some(row), Some(column)) => {
                format!("{sheet}!{}", a1::cell_name(row.saturating_sub(1), column))
            }
            (Some(row), None) => format!("{sheet}!{row}:{row}"),
            (None, Some(column)) => {
                let name = a1::column_name(column);
                format!("{sheet}!{name}:{name}")
            }
            (None, None) => sheet.into_owned(),
        }
    }
}
