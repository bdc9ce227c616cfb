//! What `GET /openapi.json` says of bodies. These types describe; the ones that are sent are those of `sheetlift`, and a test
//! holds the two together.
#![allow(dead_code)]

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::{
    IntoResponses, Modify, OpenApi, ToSchema,
    openapi::{
        OpenApi as Whole,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};

use crate::problem::Document;

/// The document without its routes, which add themselves.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "sheetlift",
        description = "Spreadsheets into inventory databases: every good row exactly once, every bad cell by its address.",
        license(name = "MIT OR Apache-2.0")
    ),
    modifiers(&Schemes)
)]
pub(crate) struct Docs;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut Whole) {
        let components = document.components.get_or_insert_default();
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("bearer", bearer);
        let key = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-Api-Key")));
        components.add_security_scheme("key", key);
    }
}

/// Why a request failed.
#[derive(IntoResponses)]
pub(crate) enum Problems {
    /// An option, the contract or the target table has to change.
    #[response(status = 400, content_type = "application/problem+json")]
    Caller(Document),
    /// No valid API key.
    #[response(status = 401, content_type = "application/problem+json")]
    Key(Document),
    /// The upload took too long.
    #[response(status = 408, content_type = "application/problem+json")]
    Slow(Document),
    /// A limit was passed: of bytes, of time, or one inside the file.
    #[response(status = 413, content_type = "application/problem+json")]
    Limit(Document),
    /// The file is damaged, encrypted or of a kind that is not read.
    #[response(status = 422, content_type = "application/problem+json")]
    File(Document),
    /// A defect in sheetlift.
    #[response(status = 500, content_type = "application/problem+json")]
    Defect(Document),
    /// The database failed: try again after `Retry-After` seconds.
    #[response(status = 502, content_type = "application/problem+json")]
    Database(Document),
    /// Too much to do, or somebody else loads the same import: try again after `Retry-After` seconds.
    #[response(status = 503, content_type = "application/problem+json")]
    Busy(Document),
}

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(crate) struct Workbook(Vec<u8>);

/// A form with a workbook.
#[derive(ToSchema)]
pub(crate) struct UploadForm {
    /// The workbook.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// The contract, as JSON or YAML.
    contract: Option<String>,
    /// A JSON object with the options of the query.
    options: Option<String>,
}

/// The verdict on one sheet, and what became of its rows.
#[derive(ToSchema)]
#[schema(as = Report)]
pub(crate) struct ReportDoc {
    /// Name of the file.
    file: Option<String>,
    /// Name of the sheet; null when the import was loaded before.
    sheet: Option<String>,
    contract: ContractDoc,
    /// True when the header does not fit the contract: no row was checked and nothing was loaded.
    blocked: bool,
    rows: RowsDoc,
    counts: CountsDoc,
    /// The first findings.
    findings: Vec<FindingDoc>,
    /// Findings that are counted but not listed.
    findings_omitted: u64,
    /// What was loaded; null when nothing was to be.
    load: Option<LoadDoc>,
    timings: Option<TimingsDoc>,
}

/// The contract of a report.
#[derive(ToSchema)]
#[schema(as = ContractName)]
struct ContractDoc {
    name: Option<String>,
    hash: String,
}

/// Rows by verdict: `read = accepted + rejected`.
#[derive(ToSchema)]
#[schema(as = Rows)]
struct RowsDoc {
    read: u64,
    accepted: u64,
    rejected: u64,
    blank: u64,
}

/// Findings, counted.
#[derive(ToSchema)]
#[schema(as = Counts)]
struct CountsDoc {
    errors: u64,
    warnings: u64,
    infos: u64,
    by_code: BTreeMap<String, u64>,
    by_rule: BTreeMap<String, u64>,
    by_field: BTreeMap<String, u64>,
}

/// Something about a cell, a row or the sheet.
#[derive(ToSchema)]
#[schema(as = Finding)]
struct FindingDoc {
    /// Cell in A1 form.
    cell: Option<String>,
    /// Sheet and cell, row or column.
    address: String,
    /// `info`, `warning` or `error`.
    level: String,
    /// Stable code, `family/kind`.
    code: String,
    /// The rule, as the contract states it.
    rule: String,
    sheet: String,
    /// Row as the spreadsheet shows it.
    row: Option<u32>,
    column: Option<String>,
    field: Option<String>,
    row_key: Option<String>,
    value: Option<String>,
    expected: String,
    message: String,
    suggestion: Option<String>,
}

/// What became of the accepted rows.
#[derive(ToSchema)]
#[schema(as = LoadReport)]
struct LoadDoc {
    import_id: String,
    /// `committed`, `already_loaded`, `dry_run` or `blocked`.
    state: String,
    mode: String,
    target: String,
    database: String,
    read: u64,
    inserted: u64,
    updated: u64,
    unchanged: u64,
    conflicts: u64,
    rejected: u64,
    dry_run: bool,
}

/// How long it took.
#[derive(ToSchema)]
#[schema(as = Timings)]
struct TimingsDoc {
    total_ms: u64,
    rows_per_second: u64,
}

/// What is in a workbook.
#[derive(ToSchema)]
#[schema(as = Inspection)]
pub(crate) struct InspectionDoc {
    /// Name of the file.
    file: Option<String>,
    bytes: u64,
    /// Sheets, in the order of the tabs.
    sheets: Vec<SheetDoc>,
    /// Excel tables.
    tables: Vec<Value>,
    defined_names: Vec<Value>,
}

/// One sheet.
#[derive(ToSchema)]
#[schema(as = InspectedSheet)]
struct SheetDoc {
    name: String,
    visibility: String,
    kind: String,
    /// Rows below the header.
    rows: u64,
    /// `counted`, `declared` or `at_least`.
    rows_are: String,
    columns: u64,
    /// Row of the header as the spreadsheet shows it.
    header_row: Option<u32>,
    fields: Vec<FieldDoc>,
    /// `first_rows` or `all_rows`.
    fields_from: String,
}

/// One column.
#[derive(ToSchema)]
#[schema(as = InspectedField)]
struct FieldDoc {
    name: String,
    r#type: String,
}
