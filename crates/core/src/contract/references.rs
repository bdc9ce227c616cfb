//! `foreignKeys`, and `sheetlift.references`: values that have to be in another table, and where that is: in a file, or in the
//! database that rows are loaded into.

use std::{collections::BTreeMap, path::Path};

use super::{
    blank::Blank,
    dialect::{self, sheet_ref},
    files::here_or_there,
    keys,
    model::{Contract, Field, FieldsMatch, Locate},
    place::{Keys, Place, did_you_mean},
    resource::field_indexes,
    sheetlift::sheet_row,
};
use crate::{
    csv::CsvOptions,
    error::Result,
    header::{HeaderRow, SheetRef},
};

/// Values that have to be in a table (`foreignKeys` of Table Schema). A row in which none of the fields has a value passes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ForeignKey {
    /// Indexes in [`Contract::fields`], at least one.
    pub fields: Vec<usize>,
    /// The table, a key of [`Contract::references`]; `None` for this table itself.
    pub resource: Option<String>,
    /// The columns there, as many as fields.
    pub columns: Vec<String>,
}

/// Where the table of a foreign key is (`sheetlift.references`, or another resource of the package).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Reference {
    /// A table of the database that rows are loaded into; then nothing else is said. The sink looks at it, not the validator.
    pub table: Option<String>,
    /// A file in the folder of the contract: a workbook, a text file or Parquet. `None` for the workbook that is read.
    pub path: Option<String>,
    /// Its sheet. Default: the first visible one.
    pub sheet: SheetRef,
    /// The row that names its columns. Default: the first one that has a value.
    pub header: HeaderRow,
    /// The encoding of a text file. Default: detected.
    pub encoding: Option<String>,
    /// What parts the fields of a text file. Default: detected.
    pub delimiter: Option<u8>,
}

/// Foreign keys of one contract: each costs a pass over its table.
const MAX_FOREIGN_KEYS: usize = 64;

pub(super) fn foreign_keys(place: &Place<'_>, fields: &[Field]) -> Result<Vec<ForeignKey>> {
    let mut all = Vec::new();
    for place in place.list()? {
        let keys = place.map()?;
        keys.no_misspelling("a foreign key", keys::FOREIGN_KEY, &[])?;
        let fields_place = keys.required("fields")?;
        let own = field_indexes(&fields_place, fields)?;
        let reference = keys.required("reference")?.map()?;
        reference.no_misspelling("a reference", keys::REFERENCE, &[])?;
        let columns = reference.required("fields")?;
        let names = columns.one_or_more()?;
        let names = names
            .iter()
            .map(|name| name.non_empty_text().map(str::to_owned));
        let names: Vec<String> = names.collect::<Result<_>>()?;
        if own.is_empty() || names.len() != own.len() {
            let expected = format!("as many fields as the key has ({})", own.len());
            return Err(columns.expected(expected));
        }
        let resource = reference.text("resource")?.filter(|name| !name.is_empty());
        if resource.is_none() {
            let types = |indexes: &[usize]| -> Vec<_> {
                indexes
                    .iter()
                    .map(|&index| fields[index].field_type.data_type())
                    .collect()
            };
            if types(&field_indexes(&columns, fields)?) != types(&own) {
                return Err(
                    columns.error("these fields are of other types than those that refer to them")
                );
            }
        }
        all.push(ForeignKey {
            fields: own,
            resource,
            columns: names,
        });
    }
    match all.len() > MAX_FOREIGN_KEYS {
        true => Err(place.error(format!("more than {MAX_FOREIGN_KEYS} foreign keys"))),
        false => Ok(all),
    }
}

/// `sheetlift.references`.
pub(super) fn references(place: &Place<'_>) -> Result<BTreeMap<String, Reference>> {
    let mut all = BTreeMap::new();
    for (name, place) in place.map()?.entries() {
        let keys = place.map()?;
        keys.only("a reference", keys::REFERENCES, &[])?;
        let path = keys.read("path", |place| place.non_empty_text().map(str::to_owned))?;
        let sheet = keys.read("sheet", sheet_ref)?;
        let table = keys.read("table", |place| place.non_empty_text().map(str::to_owned))?;
        if table.is_some() && keys.entries().count() > 1 {
            return Err(place.error("`table` is in the database: nothing else is said of it"));
        }
        if path.is_none() && sheet.is_none() && table.is_none() {
            return Err(place.error("a reference says `path`, `sheet` or both, or `table`"));
        }
        let reference = Reference {
            table,
            encoding: keys.read("encoding", dialect::encoding)?,
            delimiter: keys.read("delimiter", dialect::ascii)?,
            path,
            sheet: sheet.unwrap_or_default(),
            header: keys
                .read("header", |place| sheet_row(place).map(HeaderRow::At))?
                .unwrap_or_default(),
        };
        all.insert(name.to_owned(), reference);
    }
    Ok(all)
}

/// Finds the tables of the foreign keys: those that `sheetlift.references` leaves open are resources of the package.
pub(super) fn resolve(
    contract: &mut Contract,
    resource: &Keys<'_>,
    package: Option<&Place<'_>>,
    folder: Option<&Path>,
) -> Result<()> {
    let open: Vec<String> = contract
        .foreign_keys
        .iter()
        .filter_map(|key| key.resource.clone())
        .filter(|name| !contract.references.contains_key(name))
        .collect();
    for name in open {
        let mut names = Vec::new();
        for place in package.map(Place::list).transpose()?.unwrap_or_default() {
            let other = place.map()?;
            let other_name = other.text("name")?.unwrap_or_default();
            if other_name == name {
                contract
                    .references
                    .insert(name.clone(), of_resource(&other, folder)?);
            }
            names.push(other_name);
        }
        if !contract.references.contains_key(&name) {
            let message =
                format!("a foreign key refers to {name:?}, and nothing says where that is");
            let error = resource.place().error(message);
            let known = contract.references.keys().chain(&names);
            return Err(
                did_you_mean(error, &name, known.map(String::as_str)).with_hint(
                    "say it in sheetlift: {references: {NAME: {sheet: ...}}}, {path: ...} or {table: ...}",
                ),
            );
        }
    }
    Ok(())
}

/// A resource of the package as a reference. What cannot be followed is refused: another table would be compared.
fn of_resource(resource: &Keys<'_>, folder: Option<&Path>) -> Result<Reference> {
    let mut there = Contract::of_fields(Vec::new());
    there.csv.encoding = resource.read("encoding", dialect::encoding)?;
    if let Some(place) = resource.get("dialect") {
        here_or_there(&place, folder, |place| dialect::read(place, &mut there))?;
    }
    let mut reference = Reference {
        table: None,
        path: None,
        sheet: there.locate.sheet.clone(),
        header: there.locate.header,
        encoding: there.csv.encoding.take(),
        delimiter: there.csv.delimiter.take(),
    };
    let followed = Locate {
        sheet: reference.sheet.clone(),
        header: reference.header,
        ..Locate::default()
    };
    let is_row = matches!(reference.header, HeaderRow::First | HeaderRow::At(_));
    if there.locate != followed || there.csv != CsvOptions::default() || !is_row {
        let error = resource
            .place()
            .error("a foreign key refers to this table, and its dialect cannot be followed there");
        return Err(error.with_hint("say in sheetlift: {references: ...} where it is"));
    }
    if let Some(path) = resource.get("path") {
        reference.path = match &path.one_or_more()?[..] {
            [] => None,
            [path] => Some(path.text()?.to_owned()),
            _ => {
                return Err(
                    path.error("a foreign key refers to this table, and it has several files")
                );
            }
        };
    }
    if reference.path.is_none() && reference.sheet == SheetRef::First {
        reference.sheet = SheetRef::Index(0); // it names no file: it is in this one
    }
    Ok(reference)
}

impl Contract {
    /// The table of the database that a foreign key refers to, if it does.
    pub fn database_table_of(&self, key: &ForeignKey) -> Option<&str> {
        let reference = self.references.get(key.resource.as_ref()?)?;
        reference.table.as_deref()
    }

    /// What the table of a foreign key is held to so that its values can be compared: of another table the columns of the key, read
    /// as the fields here are; of this one the contract itself, for what a row refers to has to be there in the end. The second
    /// value says which fields are compared. There is none for a table of a database ([`Contract::database_table_of`]).
    pub fn of_foreign_key(&self, key: &ForeignKey) -> (Contract, Vec<usize>) {
        let name = key.resource.as_ref();
        let Some(reference) = name.and_then(|name| self.references.get(name)) else {
            let mut same = self.clone();
            same.foreign_keys.clear();
            same.table_rules.clear();
            let named = key.columns.iter().filter_map(|name| self.field_index(name));
            return (same, named.collect());
        };
        let fields = key.fields.iter().zip(&key.columns).map(|(&field, name)| {
            let mut field = self.fields[field].clone();
            let constraints = std::mem::take(&mut field.constraints);
            if field.checks.enum_ignore_case {
                // It says how words are written.
                field.constraints.enumeration = constraints.enumeration;
            }
            field.name = name.as_str().into();
            field.aliases.clear();
            field.blank = Blank::Null;
            if field.missing_values.is_none() {
                field.missing_values = Some(self.missing_values.clone());
            }
            field
        });
        let mut contract = Contract::of_fields(fields.collect());
        contract.fields_match = FieldsMatch::Subset;
        contract.locate = Locate {
            sheet: reference.sheet.clone(),
            header: reference.header,
            ..Locate::default()
        };
        contract.csv.encoding.clone_from(&reference.encoding);
        contract.csv.delimiter = reference.delimiter;
        let all = (0..contract.fields.len()).collect();
        (contract, all)
    }
}
