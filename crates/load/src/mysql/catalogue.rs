//! What the catalogue of the server says of tables.

use mysql_async::Row;

use super::client::{Client, Database, get};
use super::fit::{Collation, Declared, Kind};
use super::image::WrittenColumn;
use super::names::{can_be_name, same};

/// The name of a table, as the server spells it, and what it is.
pub(super) fn find_table(client: &Client, name: &str) -> Database<Option<(String, String)>> {
    if !can_be_name(name) {
        return Ok(None);
    }
    let rows = client.rows(
        "SELECT TABLE_NAME, TABLE_TYPE, @@lower_case_table_names FROM information_schema.TABLES
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?",
        vec![name.into()],
    )?;
    for row in &rows {
        let (found, folds): (String, i64) = (get(row, 0)?, get(row, 2)?);
        // Names are compared by the rules of the catalogue there, which are not those of the file system.
        if found == name || folds != 0 && same(&found, name) {
            return Ok(Some((found, get(row, 1)?)));
        }
    }
    Ok(None)
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) declared: String,
    pub(super) kind: Kind,
    pub(super) collation: Option<Collation>,
    pub(super) is_nullable: bool,
    pub(super) has_default: bool,
    pub(super) is_generated: bool,
    pub(super) is_numbered: bool,
}

/// The column of a name.
pub(super) fn find<'a>(all: &'a [Found], name: &str) -> Option<&'a Found> {
    let exact = all.iter().find(|found| found.name == name);
    exact.or_else(|| all.iter().find(|found| same(&found.name, name)))
}

/// The columns that can be written.
pub(super) fn written(all: &[Found]) -> Vec<WrittenColumn> {
    let written = all.iter().filter(|found| !found.is_generated);
    let column = |found: &Found| WrittenColumn {
        name: found.name.clone(),
        declared: found.declared.clone(),
        collation: found.collation.as_ref().map(|found| found.name.clone()),
    };
    written.map(column).collect()
}

/// The columns of a table, as the server spells its name.
pub(super) fn found_columns(client: &Client, table: &str) -> Database<Vec<Found>> {
    let rows = client.rows(
        "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_MAXIMUM_LENGTH, CHARACTER_OCTET_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE,
             DATETIME_PRECISION, CHARACTER_SET_NAME, COLLATION_NAME, IS_NULLABLE = 'YES', COLUMN_DEFAULT IS NOT NULL, EXTRA,
             coalesce(GENERATION_EXPRESSION, '') <> ''
         FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND CAST(TABLE_NAME AS BINARY) = ? ORDER BY ORDINAL_POSITION",
        vec![table.into(), table.into()],
    )?;
    rows.iter().map(found_column).collect()
}

fn found_column(row: &Row) -> Database<Found> {
    let declared = Declared {
        base: get(row, 1)?,
        whole: get(row, 2)?,
        characters: get(row, 3)?,
        bytes: get(row, 4)?,
        precision: get(row, 5)?,
        scale: get(row, 6)?,
        fraction: get(row, 7)?,
    };
    let (charset, collation): (Option<String>, Option<String>) = (get(row, 8)?, get(row, 9)?);
    let extra: String = get::<String>(row, 12)?.to_ascii_lowercase();
    Ok(Found {
        name: get(row, 0)?,
        kind: Kind::of(&declared),
        declared: declared.whole,
        collation: charset
            .zip(collation)
            .map(|(charset, name)| Collation { charset, name }),
        is_nullable: get::<i64>(row, 10)? != 0,
        has_default: get::<i64>(row, 11)? != 0,
        is_generated: get::<i64>(row, 13)? != 0,
        is_numbered: extra.contains("auto_increment"),
    })
}

/// The columns of a table that can be written; none without the table.
pub(super) fn columns_of(client: &Client, table: &str) -> Database<Vec<WrittenColumn>> {
    Ok(written(&found_columns(client, table)?))
}

/// A key whose values no two rows share.
pub(super) struct UniqueIndex {
    pub(super) name: String,
    pub(super) is_primary: bool,
    pub(super) columns: Vec<String>,
}

/// The unique indexes over whole columns, the primary key first.
pub(super) fn unique_indexes(client: &Client, table: &str) -> Database<Vec<UniqueIndex>> {
    // An index of the beginnings of texts, or of an expression, keeps something else unique.
    let rows = client.rows(
        "SELECT INDEX_NAME, COLUMN_NAME, SUB_PART IS NOT NULL OR COLUMN_NAME IS NULL FROM information_schema.STATISTICS
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND CAST(TABLE_NAME AS BINARY) = ? AND NON_UNIQUE = 0
         ORDER BY INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX",
        vec![table.into(), table.into()],
    )?;
    let mut indexes: Vec<UniqueIndex> = Vec::new();
    let mut partial: Vec<String> = Vec::new();
    for row in &rows {
        let (name, column): (String, Option<String>) = (get(row, 0)?, get(row, 1)?);
        if get::<i64>(row, 2)? != 0 {
            partial.push(name.clone());
        }
        let columns = column.into_iter();
        match indexes.last_mut().filter(|index| index.name == name) {
            Some(index) => index.columns.extend(columns),
            None => indexes.push(UniqueIndex {
                is_primary: name == "PRIMARY",
                name,
                columns: columns.collect(),
            }),
        }
    }
    indexes.retain(|index| !partial.contains(&index.name));
    Ok(indexes)
}

/// The first column of an index.
pub(super) fn first_of_index(
    client: &Client,
    table: &str,
    index: &str,
) -> Database<Option<String>> {
    let row = client.row(
        "SELECT COLUMN_NAME FROM information_schema.STATISTICS
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND CAST(TABLE_NAME AS BINARY) = ? AND INDEX_NAME = ? AND SEQ_IN_INDEX = 1",
        vec![table.into(), table.into(), index.into()],
    )?;
    row.map_or(Ok(None), |row| get(&row, 0))
}
