//! The table that rows go into: its keys against those of the plan, and the table that the plan would make.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{KeySchemaElement, KeyType, ScalarAttributeType, TableDescription};

use super::schema::Column;
use super::session::Session;
use super::tables::{self, TableWords};
use super::values::key_type;
use crate::error::{Error, Result};
use crate::plan::Plan;

const MAX_PARTITION_KEY_BYTES: usize = 2_048;
const MAX_SORT_KEY_BYTES: usize = 1_024;

/// What the import has to know of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// Columns of the key: partition, then sort if there is one.
    pub(super) key: Vec<usize>,
    /// For columns in a key of the table or of an index, the most bytes a value may have; it cannot be empty either.
    pub(super) key_bytes: Vec<Option<usize>>,
}

/// The table as it is; none if there is none.
pub(super) async fn inspect(
    session: &Session,
    plan: &Plan,
    columns: &[Column],
) -> Result<Option<Target>> {
    match tables::describe(session, &plan.table).await? {
        Some(table) => Target::of(&table, plan, columns).map(Some),
        None => Ok(None),
    }
}

/// The words to create the table of a plan.
pub(super) fn words(plan: &Plan, columns: &[Column]) -> Result<TableWords> {
    let key = plan.key.iter().map(|name| {
        let place = plan.schema.index_of(name).unwrap_or_default();
        let column = &columns[place];
        let kind = key_type(column.class).ok_or_else(|| no_key_of(column))?;
        Ok((column.name.clone(), kind))
    });
    let key = key.collect::<Result<Vec<_>>>()?;
    if key.is_empty() {
        return Err(Error::usage(
            "usage/key-required",
            format!(
                "table {:?} is not there, and the plan has no key that it could be created with",
                plan.table
            ),
        )
        .with_hint("name the primaryKey in the contract, or create the table first"));
    }
    if key.len() > 2 {
        return Err(Error::usage(
            "usage/key-columns",
            format!(
                "the key has {} columns, and a key of DynamoDB has one or two",
                key.len()
            ),
        )
        .with_hint("add a column that joins them and make it the key"));
    }
    let words = TableWords {
        table: plan.table.clone(),
        key,
    };
    if let Some(unique) = plan.unique_keys.first() {
        return Err(Error::usage(
            "usage/unique-key",
            format!(
                "DynamoDB cannot keep the columns {} unique in table {:?}",
                unique.join(", "),
                plan.table
            ),
        )
        .with_hint(format!(
            "create the table without that promise: {}",
            words.command()
        )));
    }
    Ok(words)
}

/// The error of an import into a table that is not there and is not to be created.
pub(super) fn missing(plan: &Plan, columns: &[Column]) -> Error {
    let error = Error::target(
        "target/missing-table",
        format!("table {:?} is not there", plan.table),
    );
    let mut words = plan.clone();
    words.unique_keys.clear();
    match self::words(&words, columns) {
        Ok(words) => error.with_ddl(words.command()),
        Err(_) => error.with_hint("create the table first"),
    }
}

impl Target {
    /// The table that [`words`] would create.
    pub(super) fn planned(plan: &Plan, columns: &[Column]) -> Result<Target> {
        let words = words(plan, columns)?;
        let roles = words.key.iter().zip([KeyType::Hash, KeyType::Range]);
        let mut target = Target::empty(columns);
        for ((name, kind), role) in roles {
            let place = target.add(columns, plan, name, Some(kind), &role)?;
            target.key.extend(place);
        }
        Ok(target)
    }

    fn of(table: &TableDescription, plan: &Plan, columns: &[Column]) -> Result<Target> {
        let mut target = Target::empty(columns);
        let declared = |name: &str| {
            let mut attributes = table.attribute_definitions().iter();
            attributes
                .find(|attribute| attribute.attribute_name() == name)
                .map(|attribute| attribute.attribute_type())
        };
        let key = table.key_schema();
        let names = || key.iter().map(KeySchemaElement::attribute_name);
        let ours: BTreeSet<&str> = plan.key.iter().map(String::as_str).collect();
        if !ours.is_empty() && ours != names().collect() {
            return Err(Error::target(
                "target/key",
                format!(
                    "table {:?} has the key {}, and the plan has the key {}",
                    plan.table,
                    names().collect::<Vec<_>>().join(", "),
                    plan.key.join(", ")
                ),
            )
            .with_hint("the key of the plan has to be that of the table"));
        }
        for element in key {
            let name = element.attribute_name();
            let place = target.add(columns, plan, name, declared(name), element.key_type())?;
            let Some(place) = place else {
                return Err(Error::target(
                    "target/missing-column",
                    format!(
                        "table {:?} has {name:?} in its key, and the plan has no such column",
                        plan.table
                    ),
                )
                .with_hint("every row needs the whole key: add the column to the contract"));
            };
            target.key.push(place);
        }
        let global = table
            .global_secondary_indexes()
            .iter()
            .map(|index| index.key_schema());
        let local = table
            .local_secondary_indexes()
            .iter()
            .map(|index| index.key_schema());
        for element in global.chain(local).flatten() {
            let name = element.attribute_name();
            target.add(columns, plan, name, declared(name), element.key_type())?;
        }
        Ok(target)
    }

    fn empty(columns: &[Column]) -> Target {
        Target {
            key: Vec::new(),
            key_bytes: vec![None; columns.len()],
        }
    }

    /// Notes that a column is in a key; none if the plan has no such column.
    fn add(
        &mut self,
        columns: &[Column],
        plan: &Plan,
        name: &str,
        declared: Option<&ScalarAttributeType>,
        role: &KeyType,
    ) -> Result<Option<usize>> {
        let Some(place) = columns.iter().position(|column| column.name == name) else {
            return Ok(None);
        };
        let column = &columns[place];
        let kind = key_type(column.class).ok_or_else(|| no_key_of(column))?;
        if let Some(declared) = declared
            && *declared != kind
        {
            return Err(Error::target(
                "target/key-type",
                format!(
                    "column {name:?} is {}, which is of type {} in DynamoDB, and table {:?} has it in a key as {}",
                    column.class.name(),
                    kind.as_str(),
                    plan.table,
                    declared.as_str()
                ),
            )
            .with_hint("give the field another type in the contract"));
        }
        let most = match role {
            KeyType::Hash => MAX_PARTITION_KEY_BYTES,
            _ => MAX_SORT_KEY_BYTES,
        };
        let known = &mut self.key_bytes[place];
        *known = Some(known.map_or(most, |known| known.min(most)));
        Ok(Some(place))
    }
}

fn no_key_of(column: &Column) -> Error {
    Error::target(
        "target/key-type",
        format!(
            "column {:?} is {}, and keys of DynamoDB are text, numbers or bytes",
            column.name,
            column.class.name()
        ),
    )
    .with_hint("give the field another type in the contract")
}
