//! The table of a plan where there is none.

use super::fit::declared;
use super::names::{MAX_NAME, list, quote};
use super::target::Column;
use crate::error::{Error, Result};
use crate::plan::Plan;

/// The statement that creates the target, as far as its columns go.
pub(super) fn create_without_keys(table: &str, columns: &[Column]) -> String {
    format!(
        "CREATE TABLE {table} ({})",
        declarations(columns).join(", ")
    )
}

fn declarations(columns: &[Column]) -> Vec<String> {
    let declaration = |column: &Column| {
        let not_null = if column.is_required { " NOT NULL" } else { "" };
        let (name, declared) = (quote(&column.name), declared(column.class));
        format!("{name} {declared}{not_null}")
    };
    columns.iter().map(declaration).collect()
}

/// The statement that creates the target.
pub(super) fn create_table(plan: &Plan, table: &str, columns: &[Column]) -> String {
    let mut parts = declarations(columns);
    let names = |key: &[String]| list(key.iter().map(String::as_str));
    if !plan.key.is_empty() {
        parts.push(format!("PRIMARY KEY ({})", names(&plan.key)));
    }
    parts.extend(
        plan.unique_keys
            .iter()
            .map(|key| format!("UNIQUE ({})", names(key))),
    );
    format!("CREATE TABLE {table} ({})", parts.join(", "))
}

/// The error for a table that is missing and must not be created.
pub(super) fn missing_table(plan: &Plan, columns: &[Column]) -> Error {
    let message = format!("there is no table {:?}", plan.table);
    let ddl = create_table(plan, &quote(&plan.table), columns);
    Error::target("target/missing-table", message).with_ddl(format!("{ddl};"))
}

/// Names that a new table cannot have: the server would cut them off.
pub(super) fn check_new_names(plan: &Plan, columns: &[Column]) -> Result<()> {
    let names = columns
        .iter()
        .map(|column| &column.name)
        .chain([&plan.table]);
    for name in names {
        if name.len() > MAX_NAME {
            let message = format!(
                "{name:?} has {} bytes, and names of PostgreSQL have {MAX_NAME} at most",
                name.len()
            );
            return Err(Error::usage("usage/column-name", message)
                .with_hint("give it a shorter name in the contract"));
        }
    }
    Ok(())
}
