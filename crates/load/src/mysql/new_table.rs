//! The table of a plan where there is none.

use super::client::{Client, Database, get};
use super::fit::Collation;
use super::names::{check_new, list, quote};
use super::target::Column;
use crate::error::{Error, Result};
use crate::plan::Plan;

/// Characters of a text in a key, and of all texts in it: InnoDB has 3,072 bytes for an index.
const KEY_TEXT: usize = 255;
const KEY_TEXTS: usize = 768;

/// How long a text or bytes can be in a column of a new table, where it is of a key.
pub(super) fn key_length(plan: &Plan, column: &str) -> Option<u64> {
    let keys = std::iter::once(&plan.key).chain(&plan.unique_keys);
    let of_column = keys.filter(|key| key.iter().any(|name| name == column));
    let most = of_column.map(Vec::len).max()?;
    Some((KEY_TEXTS / most.max(1)).min(KEY_TEXT) as u64)
}

/// The statement that creates the target.
pub(super) fn create_table(
    plan: &Plan,
    table: &str,
    columns: &[Column],
    exact: &Collation,
) -> String {
    let declaration = |column: &Column| {
        let not_null = if column.is_required { " NOT NULL" } else { "" };
        format!("{} {}{not_null}", quote(&column.name), column.declared)
    };
    let mut parts: Vec<String> = columns.iter().map(declaration).collect();
    let names = |key: &[String]| list(key.iter().map(String::as_str));
    if !plan.key.is_empty() {
        parts.push(format!("PRIMARY KEY ({})", names(&plan.key)));
    }
    parts.extend(
        plan.unique_keys
            .iter()
            .map(|key| format!("UNIQUE ({})", names(key))),
    );
    format!(
        "CREATE TABLE {} ({}) ENGINE = InnoDB DEFAULT CHARACTER SET {} COLLATE {}",
        quote(table),
        parts.join(", "),
        exact.charset,
        exact.name
    )
}

/// The collation that tells all texts apart, blanks at their ends included; MariaDB and MySQL have names of their own for it.
pub(super) fn exact_collation(client: &Client) -> Database<Collation> {
    let row = client.row(
        "SELECT COLLATION_NAME FROM information_schema.COLLATIONS
         WHERE COLLATION_NAME IN ('utf8mb4_nopad_bin', 'utf8mb4_0900_bin', 'utf8mb4_bin')
         ORDER BY COLLATION_NAME = 'utf8mb4_bin' LIMIT 1",
        Vec::new(),
    )?;
    Ok(Collation {
        charset: "utf8mb4".to_owned(),
        name: row.map_or(Ok("utf8mb4_bin".to_owned()), |row| get(&row, 0))?,
    })
}

/// The error for a table that is missing and must not be created.
pub(super) fn missing_table(plan: &Plan, columns: &[Column], exact: &Collation) -> Error {
    let message = format!("there is no table {:?}", plan.table);
    let ddl = create_table(plan, &plan.table, columns, exact);
    Error::target("target/missing-table", message).with_ddl(format!("{ddl};"))
}

/// Names that a new table cannot have.
pub(super) fn check_new_names(plan: &Plan, columns: &[Column]) -> Result<()> {
    let names = columns.iter().map(|column| &column.name);
    names
        .chain([&plan.table])
        .try_for_each(|name| check_new(name))
}
