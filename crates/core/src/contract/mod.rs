//! The contract: what a table has to look like. A Data Package v2 resource (Table Schema v2, Table Dialect v2;
//! datapackage.org) with one extension object, `sheetlift`, where the standard stops. JSON or YAML.
//!
//! In goes the text of a contract file, out comes a [`Contract`] whose every part has been checked: types know their
//! options, bounds are values of the type they bound, patterns compile, keys name fields. Anything a contract says and we
//! do not do is an error that names the key, never silence.

mod blank;
mod check;
mod code_shape;
mod constraints;
mod date_parts;
mod demands;
mod dialect;
mod diff;
mod document;
mod facts;
mod field;
mod files;
mod geojson;
mod infer;
mod iso_text;
mod json;
mod json_schema;
mod keys;
mod levels;
mod lexical;
mod load;
mod local_number;
mod matching;
mod model;
mod number_format;
mod pattern_budget;
mod place;
mod read;
mod references;
mod resource;
mod row_schema;
mod rules;
mod schema;
mod sheetlift;
mod sheets;
mod string_format;
mod strptime;
mod structured;
mod table_rules;
mod temporal;
#[cfg(test)]
mod tests;
mod write;
mod write_read;
mod yaml;

use std::{path::Path, str::FromStr};

pub use blank::Blank;
pub use check::{CheckDigit, Checks, Decimal};
pub(crate) use constraints::{compile_pattern, compile_search};
pub use diff::Change;
pub use facts::{ColumnFacts, MAX_DISTINCT, TableFacts, TextFacts};
pub use infer::InferOptions;
pub use json_schema::JsonSchema;
pub use levels::Levels;
pub(crate) use levels::default_of as default_level;
#[cfg(test)]
pub(crate) use levels::{OF_FIELDS, OF_ROWS};
pub(crate) use lexical::Misfit;
pub use load::{Load, MissingRows};
pub use local_number::{Grouping, LocalNumber, Negative, Percent};
pub use matching::{Fuzzy, Matching};
pub use model::{
    Constraints, Contract, DateOrder, Field, FieldType, FieldsMatch, GeoJsonFormat, GeoPointFormat,
    ItemType, ListFormat, Literal, Locate, NumberFormat, Stop, StringFormat, TemporalFormat, Value,
};

pub use read::{LetterCase, Reading, UnicodeForm};
pub use references::{ForeignKey, Reference};
pub use rules::RowRule;
pub use sheets::Sheets;
pub(crate) use structured::json;
pub use table_rules::{TableQuestion, TableRule, Thresholds, Total};
pub(crate) use temporal::has_points;

use self::resource::Wanted;
use crate::error::{Error, Result};

impl Contract {
    /// Reads a contract from a JSON or YAML file: a resource, a bare Table Schema, or a package with one resource. Schema and
    /// dialect may be files of their own, in the folder of this one.
    ///
    /// # Errors
    /// `Contract` with the JSON pointer, line and column of what is wrong; `Io` when the file cannot be read.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Contract> {
        Self::load(path.as_ref(), Wanted::default())
    }

    /// As [`Contract::from_path`], for one resource of a package with several.
    ///
    /// # Errors
    /// As [`Contract::from_path`]; `Contract` when the file is no package or has no such resource.
    pub fn from_path_named(path: impl AsRef<Path>, resource: &str) -> Result<Contract> {
        let wanted = Wanted {
            name: Some(resource),
            file: None,
        };
        Self::load(path.as_ref(), wanted)
    }

    /// As [`Contract::from_path`]; of a package with several resources the one for the file of this name (its `path`).
    ///
    /// # Errors
    /// As [`Contract::from_path`].
    pub fn from_path_for(path: impl AsRef<Path>, file: impl AsRef<Path>) -> Result<Contract> {
        let file = file.as_ref().file_name().and_then(|name| name.to_str());
        Self::load(path.as_ref(), Wanted { name: None, file })
    }

    /// Reads one resource from the text of a package with several.
    ///
    /// # Errors
    /// As [`Contract::from_path_named`].
    pub fn from_str_named(text: &str, resource: &str) -> Result<Contract> {
        let wanted = Wanted {
            name: Some(resource),
            file: None,
        };
        resource::read(&document::parse(text)?, wanted, None)
    }

    /// All that is wrong with a contract file, or the contract: its structure is held to the JSON Schema that is published as
    /// `docs/contract.schema.json`, and what is right so far is read.
    ///
    /// # Errors
    /// Every fault, each as [`Contract::from_path_named`] has it.
    pub fn check_path(
        path: impl AsRef<Path>,
        resource: Option<&str>,
    ) -> std::result::Result<Contract, Vec<Error>> {
        let path = path.as_ref();
        let node = files::parse(path).map_err(|error| vec![error])?;
        let name = || path.display().to_string();
        let faults = schema::check(&node).into_iter();
        let mut faults: Vec<Error> = faults.map(|fault| fault.in_file(name())).collect();
        let wanted = Wanted {
            name: resource,
            file: None,
        };
        match resource::read(&node, wanted, path.parent()) {
            Ok(contract) if faults.is_empty() => return Ok(contract),
            Ok(_) => {}
            Err(error) => {
                let is_known = |fault: &Error| fault.location().part == error.location().part;
                if !faults.iter().any(is_known) {
                    faults.push(error.in_file(name()));
                }
            }
        }
        Err(faults)
    }

    /// The JSON Schema of contracts.
    pub fn json_schema() -> &'static str {
        schema::TEXT
    }

    fn load(path: &Path, wanted: Wanted<'_>) -> Result<Contract> {
        let node = files::parse(path)?;
        resource::read(&node, wanted, path.parent())
            .map_err(|error| error.in_file(path.display().to_string()))
    }
}

/// ```
/// use sheetlift_core::Contract;
/// let contract: Contract = "
/// name: items
/// schema:
///   fields:
///     - {name: sku, type: string, constraints: {required: true}}
///     - {name: price, type: number, constraints: {minimum: 0}}
///   primaryKey: sku
/// ".parse().unwrap();
/// assert_eq!(contract.fields[1].name.as_ref(), "price");
/// ```
impl FromStr for Contract {
    type Err = Error;

    fn from_str(text: &str) -> Result<Contract> {
        resource::read(&document::parse(text)?, Wanted::default(), None)
    }
}
