//! From workbook bytes to validated Arrow batches: the synchronous core of sheetlift.

mod a1;
mod book;
mod cancel;
mod column;
mod contract;
mod crypto;
mod csv;
mod eight;
mod error;
mod expression;
mod finding;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod header;
mod held;
mod inflate;
mod limits;
mod matching;
mod ods;
mod ole;
mod parallel;
mod reader;
mod source;
mod suggest;
mod validate;
mod xls;
mod xlsb;
mod xlsx;
mod xml;
mod zeroed;
mod zip;

pub use a1::{CellRange, MAX_COLUMNS, MAX_ROWS, cell_name, column_name, parse_cell, parse_column};
pub use book::{CellComment, DefinedName, SheetInfo, SheetKind, TableInfo, Visibility};
pub use cancel::CancelToken;
pub use column::{
    Cell, ColumnKind, ColumnView, DateSystem, Repair, StringId, StringTable, Tag, TagSet, TextRepr,
    Window, build_column, cell_text, duration_micros, time_micros,
};
pub use contract::{
    Blank, Change, CheckDigit, Checks, ColumnFacts, Constraints, Contract, DateOrder, Decimal,
    Field, FieldType, FieldsMatch, ForeignKey, Fuzzy, GeoJsonFormat, GeoPointFormat, Grouping,
    InferOptions, ItemType, JsonSchema, LetterCase, Levels, ListFormat, Literal, Load, LocalNumber,
    Locate, MAX_DISTINCT, Matching, MissingRows, Negative, NumberFormat, Percent, Reading,
    Reference, RowRule, Sheets, Stop, StringFormat, TableFacts, TableQuestion, TableRule,
    TemporalFormat, TextFacts, Thresholds, Total, UnicodeForm, Value,
};
pub use csv::{CsvOptions, TextFormat};
pub use error::{Error, ErrorKind, Location, Result};
pub use expression::Expression;
pub use finding::{Finding, Level, looks_like_a_formula};
pub use header::{Header, HeaderColumn, HeaderRow, MAX_SHEETS_OF_A_TABLE, REASON_LABEL, SheetRef};
pub use held::{HeldCell, HeldRow, HeldWriter};
pub use limits::Limits;
pub use matching::Ignored;
pub use reader::{
    CellInfo, FormulaText, HeaderSearch, MergedCells, OpenOptions, Password, ReadOptions,
    RowReader, StageTimes, Table, TableReader, Workbook, stage_times,
};
pub use source::Source;
pub use validate::{
    Checked, Expectation, FoundBy, Mapped, RawRow, RejectedRow, RuleDoc, Summary, Survey,
    Validator, expectations, rule_docs,
};
pub use xlsx::{Annotated, Marks, is_list_of_findings};
