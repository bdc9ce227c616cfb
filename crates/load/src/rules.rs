//! What has to be so of rows beside their types, and what becomes of rows that the source lacks.

use std::collections::HashSet;

use crate::error::{Error, Result};
use crate::mode::Mode;
use crate::plan::Plan;

/// Values that have to be a key of another table of the database.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// Columns of the import. A row without a value in one of them refers to nothing, and passes.
    pub columns: Vec<String>,
    /// The other table.
    pub table: String,
    /// Its columns, as many.
    pub key: Vec<String>,
}

impl Reference {
    /// A column that refers to a column of another table.
    ///
    /// ```
    /// use sheetlift_load::Reference;
    /// let supplier = Reference::new("supplier", "suppliers", "code");
    /// assert_eq!(supplier.key, ["code"]);
    /// ```
    pub fn new(
        column: impl Into<String>,
        table: impl Into<String>,
        key: impl Into<String>,
    ) -> Reference {
        Reference {
            columns: vec![column.into()],
            table: table.into(),
            key: vec![key.into()],
        }
    }
}

/// What becomes of rows of the target that the source lacks, in [`Mode::Sync`].
///
/// With anything but `Keep`, an import of which rows were rejected or are conflicts loads nothing: nobody could tell those rows from
/// rows that the source lacks.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Missing {
    /// They stay.
    #[default]
    Keep,
    /// They are deleted.
    Delete,
    /// A column of theirs gets a value, such as `active` the value `false`.
    Set {
        /// A column of the target, in the import or not.
        column: String,
        /// The value, as the database reads it from text; none is NULL.
        value: Option<String>,
    },
}

/// Checks that the rules speak of columns that are there.
pub(crate) fn check(plan: &Plan) -> Result<()> {
    let usage = |code, message: String| Err(Error::usage(code, message));
    let known: HashSet<&str> = plan
        .schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    let of_rules = plan.immutable.iter().chain(&plan.version);
    let of_references = plan
        .references
        .iter()
        .flat_map(|reference| &reference.columns);
    for name in of_rules.clone().chain(of_references) {
        if !known.contains(name.as_str()) {
            return usage(
                "usage/column-name",
                format!("{name:?} is none of the columns of the import"),
            );
        }
    }
    if let Some(name) = of_rules.into_iter().find(|name| plan.key.contains(name)) {
        return usage(
            "usage/key-columns",
            format!(
                "{name:?} is of the key, which never changes: it can be neither immutable nor a version"
            ),
        );
    }
    for reference in &plan.references {
        if reference.columns.is_empty() || reference.columns.len() != reference.key.len() {
            let (from, to) = (reference.columns.len(), reference.key.len());
            return usage(
                "usage/reference",
                format!(
                    "a reference to {:?} has {from} columns for a key of {to}",
                    reference.table
                ),
            );
        }
    }
    if plan.replay_of.is_some() && (plan.mode == Mode::Replace || plan.missing != Missing::Keep) {
        let message = format!(
            "a replay has some rows of a source only, so that mode {} would remove all others from the table",
            plan.mode
        );
        return Err(Error::usage("usage/replay", message)
            .with_hint("use mode upsert, insert_missing, insert or append"));
    }
    if plan.missing != Missing::Keep && plan.mode != Mode::Sync {
        return usage(
            "usage/missing",
            format!(
                "mode {} leaves rows alone that the source lacks; only sync does something about them",
                plan.mode
            ),
        );
    }
    if let Missing::Set { column, .. } = &plan.missing
        && (column.is_empty() || column.contains('\0') || plan.key.contains(column))
    {
        return usage(
            "usage/missing",
            format!("{column:?} cannot mark rows that the source lacks"),
        );
    }
    Ok(())
}

/// Refuses what only databases know that can look at rows by more than their key.
#[cfg(feature = "dynamodb")]
pub(crate) fn refuse_relational(plan: &Plan, what: &str) -> Result<()> {
    let asked = [
        (!plan.immutable.is_empty(), "immutable columns"),
        (plan.version.is_some(), "a version column"),
        (!plan.references.is_empty(), "references to other tables"),
        (plan.replay_of.is_some(), "a replay"),
    ];
    match asked.iter().find(|(is_asked, _)| *is_asked) {
        None => Ok(()),
        Some((_, asked)) => {
            let message = format!("{what} knows nothing of {asked}");
            Err(Error::usage("usage/not-supported", message)
                .with_hint("leave it out of the contract, or load into a relational database"))
        }
    }
}
