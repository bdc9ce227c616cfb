//! The keys of each object of a contract file: those we read or may pass over, and those we do not support yet.

pub(super) const PACKAGE: &[&str] = &[
    "$schema",
    "profile",
    "name",
    "id",
    "title",
    "description",
    "homepage",
    "version",
    "created",
    "keywords",
    "image",
    "licenses",
    "license",
    "contributors",
    "sources",
    "resources",
];

pub(super) const RESOURCE: &[&str] = &[
    "$schema",
    "profile",
    "name",
    "type",
    "path",
    "data",
    "title",
    "description",
    "homepage",
    "format",
    "mediatype",
    "encoding",
    "bytes",
    "hash",
    "sources",
    "licenses",
    "license",
    "contributors",
    "version",
    "id",
    "keywords",
    "created",
    "dialect",
    "schema",
    "sheetlift",
    "compression",
    "scheme",
];

/// `property`, `itemType`, `itemKeys` and `table` are about JSON and databases, which are not read; `csvddfVersion`,
/// `skipBlankRows`, `headerCase` and `caseSensitiveHeader` are of older versions, and change nothing here: blank rows are
/// counted and skipped, and labels in another letter case are found.
pub(super) const DIALECT: &[&str] = &[
    "$schema",
    "profile",
    "title",
    "description",
    "header",
    "headerRows",
    "headerJoin",
    "sheetName",
    "sheetNumber",
    "commentChar",
    "delimiter",
    "lineTerminator",
    "quoteChar",
    "doubleQuote",
    "escapeChar",
    "nullSequence",
    "skipInitialSpace",
    "caseSensitiveHeader",
    "csvddfVersion",
    "property",
    "itemType",
    "itemKeys",
    "table",
    "commentRows",
    "csv",
    "excel",
    "skipBlankRows",
    "headerCase",
];

pub(super) const SCHEMA: &[&str] = &[
    "$schema",
    "profile",
    "name",
    "title",
    "description",
    "fields",
    "fieldsMatch",
    "primaryKey",
    "uniqueKeys",
    "missingValues",
    "foreignKeys",
    "sheetlift",
];
pub(super) const FOREIGN_KEY: &[&str] = &["fields", "reference"];
pub(super) const REFERENCE: &[&str] = &["resource", "fields"];
pub(super) const REFERENCES: &[&str] =
    &["path", "sheet", "header", "encoding", "delimiter", "table"];

pub(super) const FIELD: &[&str] = &[
    "name",
    "type",
    "format",
    "title",
    "description",
    "example",
    "examples",
    "rdfType",
    "constraints",
    "missingValues",
    "categories",
    "categoriesOrdered",
    "decimalChar",
    "groupChar",
    "bareNumber",
    "trueValues",
    "falseValues",
    "delimiter",
    "itemType",
    "arrayItem",
    "sheetlift",
];

pub(super) const CONSTRAINTS: &[&str] = &[
    "required",
    "unique",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "pattern",
    "enum",
    "jsonSchema",
];

pub(super) const SHEETLIFT: &[&str] = &[
    "locate",
    "match",
    "read",
    "blank",
    "rules",
    "load",
    "levels",
    "references",
    "tableRules",
    "thresholds",
];
pub(super) const SHEETLIFT_LATER: &[&str] = &["check"];

pub(super) const LOCATE: &[&str] = &[
    "sheet", "sheets", "header", "range", "table", "hidden", "merged", "stop",
];
pub(super) const SHEETS: &[&str] = &["matching"];
pub(super) const STOP: &[&str] = &["blankRows", "matching"];
pub(super) const HIDDEN: &[&str] = &["rows", "columns"];

pub(super) const TABLE_RULE: &[&str] = &[
    "id",
    "rowCount",
    "total",
    "dependency",
    "duplicates",
    "level",
];
pub(super) const ROW_COUNT: &[&str] = &["minimum", "maximum"];
pub(super) const TOTAL: &[&str] = &["field", "equals", "cell", "tolerance"];
pub(super) const DEPENDENCY: &[&str] = &["from", "to"];
pub(super) const THRESHOLDS: &[&str] = &["rejected", "ratio"];

pub(super) const RULE: &[&str] = &["id", "when", "assert", "level", "message"];

pub(super) const LOAD: &[&str] = &[
    "table",
    "mode",
    "key",
    "version",
    "immutable",
    "missing",
    "maxMissing",
];
pub(super) const LOAD_MISSING: &[&str] = &["set"];
pub(super) const LOAD_MODES: &[&str] = &[
    "insert",
    "insert_missing",
    "upsert",
    "update_only",
    "append",
    "replace",
    "sync",
];

pub(super) const FIELD_SHEETLIFT: &[&str] =
    &["match", "read", "check", "blank", "default", "levels"];

pub(super) const CHECK: &[&str] = &[
    "precision",
    "scale",
    "multipleOf",
    "notPattern",
    "checkDigit",
    "maxBytes",
    "formula",
    "enumIgnoreCase",
];

pub(super) const READ: &[&str] = &[
    "trim",
    "unicode",
    "case",
    "map",
    "errors",
    "number",
    "dateOrder",
    "trueValues",
    "falseValues",
];
pub(super) const FIELD_READ: &[&str] = &[
    "trim",
    "unicode",
    "case",
    "map",
    "errors",
    "number",
    "dateOrder",
    "identifier",
];
pub(super) const NUMBER: &[&str] = &[
    "decimal", "group", "grouping", "negative", "percent", "currency",
];
pub(super) const IDENTIFIER: &[&str] = &["length"];

pub(super) const FIELD_MATCH: &[&str] = &["aliases"];
pub(super) const MATCH: &[&str] = &["fuzzy", "ignore"];
pub(super) const FUZZY: &[&str] = &["minScore", "minMargin"];
