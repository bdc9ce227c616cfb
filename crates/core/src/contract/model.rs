//! The contract as types.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    blank::Blank,
    check::Checks,
    json_schema::JsonSchema,
    levels::Levels,
    load::Load,
    local_number::LocalNumber,
    matching::Matching,
    read::Reading,
    references::{ForeignKey, Reference},
    rules::RowRule,
    sheets::Sheets,
    table_rules::{TableRule, Thresholds},
};
use crate::{
    a1::CellRange,
    column::{ColumnKind, TextRepr},
    csv::CsvOptions,
    header::{HeaderRow, SheetRef},
    reader::MergedCells,
};

/// What a table has to look like. Read it from a file ([`Contract::from_path`]), from text (`text.parse()`) or propose
/// one from a table that is good ([`Contract::infer`]).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Contract {
    /// Name of the resource.
    pub name: Option<String>,
    /// Title for people.
    pub title: Option<String>,
    /// Description for people.
    pub description: Option<String>,
    /// Fields, in the order of the accepted batches; at least one, names are unique.
    pub fields: Vec<Field>,
    /// Indexes in [`Contract::fields`]; empty without a primary key.
    pub primary_key: Vec<usize>,
    /// Further keys, each as indexes in [`Contract::fields`].
    pub unique_keys: Vec<Vec<usize>>,
    /// Values that have to be in another table, or in another row.
    pub foreign_keys: Vec<ForeignKey>,
    /// Where the tables of [`Contract::foreign_keys`] are, by name.
    pub references: BTreeMap<String, Reference>,
    /// How the columns of the file have to agree with the fields.
    pub fields_match: FieldsMatch,
    /// Texts that mean "no value", for fields that do not say otherwise.
    pub missing_values: Vec<String>,
    /// Where the table is in the workbook.
    pub locate: Locate,
    /// How a text file is written (`dialect`, and `encoding` of the resource). Workbooks have no use for it.
    pub csv: CsvOptions,
    /// How columns are found.
    pub matching: Matching,
    /// What a row has to be like as a whole.
    pub rules: Vec<RowRule>,
    /// What the table has to be like as a whole.
    pub table_rules: Vec<TableRule>,
    /// How many rejected rows are too many for the others to be loaded.
    pub thresholds: Thresholds,
    /// How much faults matter, where that is less than everything.
    pub levels: Levels,
    /// Where it goes.
    pub load: Option<Load>,
}

impl Contract {
    /// A contract of these fields, and nothing else.
    pub(super) fn of_fields(fields: Vec<Field>) -> Contract {
        Contract {
            name: None,
            title: None,
            description: None,
            fields,
            primary_key: Vec::new(),
            unique_keys: Vec::new(),
            foreign_keys: Vec::new(),
            references: BTreeMap::new(),
            fields_match: FieldsMatch::default(),
            missing_values: vec![String::new()],
            locate: Locate::default(),
            csv: CsvOptions::default(),
            matching: Matching::default(),
            rules: Vec::new(),
            table_rules: Vec::new(),
            thresholds: Thresholds::default(),
            levels: Levels::default(),
            load: None,
        }
    }

    /// The index of the field with this name.
    pub fn field_index(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| &*field.name == name)
    }

    /// Texts that mean "no value" in `field`.
    pub fn missing_values_of<'a>(&'a self, field: &'a Field) -> &'a [String] {
        field
            .missing_values
            .as_deref()
            .unwrap_or(&self.missing_values)
    }

    /// True when a row without a value in this field cannot be accepted.
    pub fn is_required(&self, index: usize) -> bool {
        self.fields[index].constraints.required || self.primary_key.contains(&index)
    }
}

/// One field.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Field {
    /// Name, which is also the name of the Arrow column.
    pub name: Arc<str>,
    /// Title for people.
    pub title: Option<String>,
    /// Description for people.
    pub description: Option<String>,
    /// Values for people to see what is meant (`example`, `examples`), as they were written.
    pub examples: Vec<String>,
    /// Type, with the options of its lexical form.
    pub field_type: FieldType,
    /// What values have to be like.
    pub constraints: Constraints,
    /// Values the field may take (`categories`); empty when it does not say.
    pub categories: Vec<Literal>,
    /// Texts that mean "no value" here, instead of [`Contract::missing_values`].
    pub missing_values: Option<Vec<String>>,
    /// Other names of the column (`sheetlift.match.aliases`).
    pub aliases: Vec<String>,
    /// How its values are read (`sheetlift.read`), the defaults of the contract included.
    pub reading: Reading,
    /// What Table Schema has no constraint for (`sheetlift.check`).
    pub checks: Checks,
    /// What becomes of a cell without a value (`sheetlift.blank`).
    pub blank: Blank,
    /// How much faults matter here, before [`Contract::levels`].
    pub levels: Levels,
    /// What each item of an array has to be like (`arrayItem` of Frictionless): a field without a column.
    pub array_item: Option<Box<Field>>,
}

/// The type of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldType {
    /// Text.
    String(StringFormat),
    /// `Float64`.
    Number(NumberFormat),
    /// `Int64`. `decimal` of its format is not used.
    Integer(NumberFormat),
    /// `Boolean`, from cells that are boolean and from these texts.
    Boolean {
        /// Texts that mean true.
        true_values: Vec<String>,
        /// Texts that mean false.
        false_values: Vec<String>,
    },
    /// `Date32`.
    Date(TemporalFormat),
    /// `Time64(µs)`.
    Time(TemporalFormat),
    /// `Timestamp(µs)` without time zone.
    DateTime(TemporalFormat),
    /// `Duration(µs)`; as text in ISO 8601, days and smaller units.
    Duration,
    /// `Int64`.
    Year,
    /// Text `YYYY-MM`.
    YearMonth,
    /// Text, whatever the cells hold.
    Any,
    /// Text of items between delimiters.
    List(ListFormat),
    /// Text that is a JSON array.
    Array,
    /// Text that is a JSON object.
    Object,
    /// Text that is a point on the earth.
    GeoPoint(GeoPointFormat),
    /// Text that is a GeoJSON object, or a TopoJSON one.
    GeoJson(GeoJsonFormat),
}

impl FieldType {
    /// Name in Table Schema.
    pub fn name(&self) -> &'static str {
        match self {
            FieldType::String(_) => "string",
            FieldType::Number(_) => "number",
            FieldType::Integer(_) => "integer",
            FieldType::Boolean { .. } => "boolean",
            FieldType::Date(_) => "date",
            FieldType::Time(_) => "time",
            FieldType::DateTime(_) => "datetime",
            FieldType::Duration => "duration",
            FieldType::Year => "year",
            FieldType::YearMonth => "yearmonth",
            FieldType::Any => "any",
            FieldType::List(_) => "list",
            FieldType::Array => "array",
            FieldType::Object => "object",
            FieldType::GeoPoint(_) => "geopoint",
            FieldType::GeoJson(_) => "geojson",
        }
    }

    /// The kind of column that holds it.
    pub fn kind(&self) -> ColumnKind {
        match self {
            FieldType::String(_)
            | FieldType::YearMonth
            | FieldType::Any
            | FieldType::List(_)
            | FieldType::Array
            | FieldType::Object
            | FieldType::GeoPoint(_)
            | FieldType::GeoJson(_) => ColumnKind::Text,
            FieldType::Number(_) => ColumnKind::Float,
            FieldType::Integer(_) | FieldType::Year => ColumnKind::Int,
            FieldType::Boolean { .. } => ColumnKind::Bool,
            FieldType::Date(_) => ColumnKind::Date,
            FieldType::Time(_) => ColumnKind::Time,
            FieldType::DateTime(_) => ColumnKind::Timestamp,
            FieldType::Duration => ColumnKind::Duration,
        }
    }

    /// The Arrow type of accepted values.
    pub fn data_type(&self) -> arrow_schema::DataType {
        self.kind().data_type(TextRepr::View)
    }
}

/// What a text has to be, beside being a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StringFormat {
    /// Anything.
    #[default]
    Default,
    /// An e-mail address.
    Email,
    /// A URI with scheme.
    Uri,
    /// A UUID in its usual form.
    Uuid,
    /// Bytes in base64.
    Binary,
}

/// How the items of a list stand in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListFormat {
    /// Between two items; at least one character.
    pub delimiter: String,
    /// What each item is.
    pub item: ItemType,
}

impl Default for ListFormat {
    fn default() -> Self {
        ListFormat {
            delimiter: ",".to_owned(),
            item: ItemType::String,
        }
    }
}

/// The type of the items of a list (`itemType`), each in the default format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ItemType {
    /// Any text.
    #[default]
    String,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// A number.
    Number,
    /// A date and time.
    DateTime,
    /// A date.
    Date,
    /// A time of day.
    Time,
}

/// How a point on the earth stands in a text; longitude and latitude are degrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GeoPointFormat {
    /// `90.50, 45.50`: longitude first.
    #[default]
    Default,
    /// `[90.50, 45.50]`
    Array,
    /// `{"lon": 90.50, "lat": 45.50}`
    Object,
}

/// Which shapes on the earth a text holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GeoJsonFormat {
    /// GeoJSON (RFC 7946).
    #[default]
    Default,
    /// TopoJSON.
    TopoJson,
}

/// How numbers stand in texts. Number cells need none of this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberFormat {
    /// Between whole and fraction (`decimalChar`).
    pub decimal: char,
    /// Between groups of digits (`groupChar`).
    pub group: Option<char>,
    /// False when other characters may stand before and after (`bareNumber: false`: `€ 95`, `95 %`); they are ignored.
    pub bare: bool,
    /// What else people write (`sheetlift.read.number`).
    pub local: Option<LocalNumber>,
}

impl Default for NumberFormat {
    fn default() -> Self {
        NumberFormat {
            decimal: '.',
            group: None,
            bare: true,
            local: None,
        }
    }
}

/// How dates and times stand in texts. Date cells need none of this.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TemporalFormat {
    /// ISO 8601.
    #[default]
    Default,
    /// Any form that can be understood in one way only.
    Any,
    /// Any form; day, month and year stand in this order where they are numbers.
    InOrder(DateOrder),
    /// A `strptime` pattern such as `%d/%m/%Y`.
    Pattern(String),
}

/// In which order day, month and year stand (`sheetlift.read.dateOrder`). A year of two digits is one from 1969 to 2068.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// `31/12/2024`
    DayFirst,
    /// `12/31/2024`
    MonthFirst,
    /// `24/12/31`
    YearFirst,
    /// The one that the whole column allows.
    Inferred,
}

/// What values have to be like.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Constraints {
    /// A value has to be there.
    pub required: bool,
    /// No value occurs twice.
    pub unique: bool,
    /// Smallest value.
    pub minimum: Option<Literal>,
    /// Largest value.
    pub maximum: Option<Literal>,
    /// Values are larger than this.
    pub exclusive_minimum: Option<Literal>,
    /// Values are smaller than this.
    pub exclusive_maximum: Option<Literal>,
    /// Fewest characters, or items of a list or array, or keys of an object.
    pub min_length: Option<u32>,
    /// Most of them.
    pub max_length: Option<u32>,
    /// Regular expression that the whole text has to match.
    pub pattern: Option<String>,
    /// The values there are; empty when the contract does not say.
    pub enumeration: Vec<Literal>,
    /// What an array or object has to be like.
    pub json_schema: Option<JsonSchema>,
}

/// A value in a contract, and how it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Literal {
    /// As written.
    pub text: String,
    /// As understood.
    pub value: Value,
}

/// A value of a field's type, as its Arrow column stores it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `string`, `yearmonth`, `any`; of lists, JSON and points a text in which equal values look equal.
    Text(String),
    /// `integer`, `year`; microseconds of `time`, `datetime` and `duration`; days of `date`.
    Int(i64),
    /// `number`.
    Float(f64),
    /// `boolean`.
    Bool(bool),
}

/// How the columns of a file have to agree with the fields of its contract (`fieldsMatch`). Columns are found by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldsMatch {
    /// The same, in the same order.
    Exact,
    /// The same, in any order. Where a contract says nothing this is what holds: the standard's default is `exact`, but
    /// columns that are found by name lose nothing by standing in another order.
    #[default]
    Equal,
    /// Every field has its column; there may be more columns.
    Subset,
    /// Every column has its field; there may be more fields.
    Superset,
    /// One column at least has its field.
    Partial,
}

impl FieldsMatch {
    pub(crate) const CHOICES: [(&'static str, FieldsMatch); 5] = [
        ("exact", FieldsMatch::Exact),
        ("equal", FieldsMatch::Equal),
        ("subset", FieldsMatch::Subset),
        ("superset", FieldsMatch::Superset),
        ("partial", FieldsMatch::Partial),
    ];

    /// Name in Table Schema.
    pub fn name(self) -> &'static str {
        Self::CHOICES[self as usize].0
    }

    /// True when a field without column is an error.
    pub fn needs_every_field(self) -> bool {
        matches!(
            self,
            FieldsMatch::Exact | FieldsMatch::Equal | FieldsMatch::Subset
        )
    }

    /// True when a column without field is an error.
    pub fn needs_every_column(self) -> bool {
        matches!(
            self,
            FieldsMatch::Exact | FieldsMatch::Equal | FieldsMatch::Superset
        )
    }
}

/// Where the table is (`sheetlift.locate`, or `dialect`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Locate {
    /// Which sheet.
    pub sheet: SheetRef,
    /// Several sheets instead, whose rows are one table.
    pub sheets: Option<Sheets>,
    /// Which row names the columns, in each of them.
    pub header: HeaderRow,
    /// Which cells belong to the table.
    pub range: Option<CellRange>,
    /// The same by a name: a table of the workbook, or a defined name.
    pub area: Option<String>,
    /// What stands between the labels of several header rows, if it is no blank.
    pub header_join: Option<String>,
    /// Zero-based rows that are none of the table, ascending.
    pub omit_rows: Vec<u32>,
    /// Leave hidden rows out.
    pub skip_hidden_rows: bool,
    /// Leave hidden columns out.
    pub skip_hidden_columns: bool,
    /// What the cells of merged ranges hold beside the first one.
    pub merged: MergedCells,
    /// Where the table ends, if not with the sheet.
    pub stop: Stop,
}

/// What ends a table before the sheet does (`sheetlift.locate.stop`); what comes first counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stop {
    /// So many blank rows in a row, at least 1.
    pub blank_rows: Option<u32>,
    /// A row whose first text has this regular expression in it, such as `^Total`. The row is none of the table.
    pub matching: Option<String>,
}

impl Stop {
    /// True when nothing ends it.
    pub fn is_never(&self) -> bool {
        *self == Stop::default()
    }
}
