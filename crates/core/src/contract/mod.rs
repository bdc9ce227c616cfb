//! The contract: what a table has to look like. A Data Package v2 resource (Table Schema v2, Table Dialect v2;
//! datapackage.org) with one extension object, `sheetlift`, where the standard stops. JSON or YAML.
//!
//! In goes the text of a contract file, out comes a [`Contract`] whose every part has been checked: types know their
//! options, bounds are values of the type they bound, patterns compile, keys name fields. Anything a contract says and we
//! do not do is an error that names the key, never silence.

mod constraints;
mod document;
mod field;
mod infer;
mod json;
mod keys;
mod lexical;
mod model;
mod number_format;
mod place;
mod resource;
mod sheetlift;
mod string_format;
mod temporal;
#[cfg(test)]
mod tests;
mod write;
mod yaml;

use std::{fs, path::Path, str::FromStr};

pub(crate) use constraints::compile_pattern;
pub use infer::ColumnFacts;
pub(crate) use lexical::Misfit;
pub use model::{
    Constraints, Contract, Field, FieldType, FieldsMatch, Literal, Load, Locate, NumberFormat,
    StringFormat, TemporalFormat, Value,
};

use crate::error::{Error, Result};

/// A contract file larger than this is none.
const MAX_BYTES: u64 = 16 << 20;

impl Contract {
    /// Reads a contract from a JSON or YAML file: a resource, a bare Table Schema, or a package with one resource.
    ///
    /// # Errors
    /// `Contract` with the JSON pointer, line and column of what is wrong; `Io` when the file cannot be read.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Contract> {
        Self::load(path.as_ref(), None)
    }

    /// As [`Contract::from_path`], for one resource of a package with several.
    ///
    /// # Errors
    /// As [`Contract::from_path`]; `Contract` when the file is no package or has no such resource.
    pub fn from_path_named(path: impl AsRef<Path>, resource: &str) -> Result<Contract> {
        Self::load(path.as_ref(), Some(resource))
    }

    /// Reads one resource from the text of a package with several.
    ///
    /// # Errors
    /// As [`Contract::from_path_named`].
    pub fn from_str_named(text: &str, resource: &str) -> Result<Contract> {
        resource::read(&document::parse(text)?, Some(resource))
    }

    fn load(path: &Path, resource: Option<&str>) -> Result<Contract> {
        let name = path.display().to_string();
        let io = |error| Error::unreadable(error, format!("cannot read contract {name}"));
        let bytes = fs::metadata(path).map_err(io)?.len();
        if bytes > MAX_BYTES {
            return Err(Error::contract(format!(
                "{bytes} bytes are too many for a contract (limit {MAX_BYTES})"
            ))
            .in_file(name));
        }
        let text = fs::read(path).map_err(io)?;
        let text = String::from_utf8(text).map_err(|error| {
            Error::contract(format!("not UTF-8: {}", error.utf8_error())).in_file(name.as_str())
        })?;
        document::parse(&text)
            .and_then(|node| resource::read(&node, resource))
            .map_err(|error| error.in_file(name))
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
        resource::read(&document::parse(text)?, None)
    }
}
