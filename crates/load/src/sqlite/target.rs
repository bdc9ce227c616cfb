//! The target table as it is: whether the import fits, and if not, what would mend it.

use rusqlite::{Connection, OptionalExtension};

use crate::error::{Error, Result};
use crate::mode::Mode;
use crate::plan::Plan;

use super::fit::{self, Fit};
use super::names::{joined, list, quote, same};
use super::schema::{Column, create_table};

/// A target table that exists and fits.
#[derive(Debug)]
pub(super) struct Target {
    /// Whether foreign keys may be checked as late as the commit.
    pub(super) has_deferred_keys: bool,
    /// The collation of each key column, in the order of the plan's key.
    pub(super) key_collations: Vec<String>,
    /// How the values of each column enter.
    pub(super) fits: Vec<Fit>,
    /// Statements that add the columns it lacks, where the plan wants that.
    pub(super) additions: Vec<String>,
    /// Rows have no number of their own, only a key.
    pub(super) without_rowid: bool,
}

/// What can go wrong while looking: the database fails, or the table does not fit.
pub(super) enum Misfit {
    Database(rusqlite::Error),
    Target(Error),
}

impl From<rusqlite::Error> for Misfit {
    fn from(error: rusqlite::Error) -> Misfit {
        Misfit::Database(error)
    }
}

impl From<Error> for Misfit {
    fn from(error: Error) -> Misfit {
        Misfit::Target(error)
    }
}

struct Found {
    name: String,
    declared: String,
    is_required: bool,
    /// The place in the primary key, from 1; 0 outside.
    key_place: i64,
    is_generated: bool,
}

/// Looks at the target; none if there is no table of that name.
pub(super) fn inspect(
    conn: &Connection,
    plan: &Plan,
    columns: &[Column],
) -> Result<Option<Target>, Misfit> {
    let kind = conn
        .query_row(
            "SELECT type, strict, wr FROM pragma_table_list
             WHERE schema = 'main' AND name = ?1 COLLATE NOCASE",
            [&plan.table],
            |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, bool>(1)?,
                    row.get::<_, bool>(2)?,
                ))
            },
        )
        .optional()?;
    let Some((kind, strict, without_rowid)) = kind else {
        return Ok(None);
    };
    let table = &plan.table;
    if kind != "table" {
        return Err(Error::target(
            "target/not-a-table",
            format!("{table:?} is a {kind}, and rows can only be loaded into a table"),
        )
        .into());
    }
    let found = found_columns(conn, table)?;
    let additions = additions(plan, columns, &found)?;
    let fits = fits(plan, columns, &found, strict)?;
    if plan.mode != Mode::UpdateOnly {
        refuse_unfilled(table, columns, &found, without_rowid)?;
    }
    let key_collations = key_collations(conn, plan, &found)?;
    let sql: String = conn.query_row(
        "SELECT coalesce(sql, '') FROM main.sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE",
        [table],
        |row| row.get(0),
    )?;
    let has_deferred_keys = sql.to_ascii_uppercase().contains("DEFERRED");
    Ok(Some(Target {
        has_deferred_keys,
        key_collations,
        fits,
        additions,
        without_rowid,
    }))
}

/// The error for a table that is missing and must not be created.
pub(super) fn missing_table(plan: &Plan, columns: &[Column]) -> Error {
    Error::target(
        "target/missing-table",
        format!("there is no table {:?}", plan.table),
    )
    .with_ddl(format!("{};", create_table(plan, columns)))
}

/// How many rows of the table refer to nothing.
pub(super) fn dangling_rows(conn: &Connection, table: &str) -> rusqlite::Result<u64> {
    let sql = "SELECT count(*) FROM pragma_foreign_key_check(?1, 'main')";
    conn.query_row(sql, [table], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}

/// The columns of a table that can be written, each with its type.
pub(super) fn written_columns(
    conn: &Connection,
    table: &str,
) -> rusqlite::Result<Vec<(String, String)>> {
    let found = found_columns(conn, table)?.into_iter();
    let written = found.filter(|found| !found.is_generated);
    Ok(written.map(|found| (found.name, found.declared)).collect())
}

fn found_columns(conn: &Connection, table: &str) -> rusqlite::Result<Vec<Found>> {
    let mut statement = conn.prepare(
        "SELECT name, type, \"notnull\" AND dflt_value IS NULL, pk, hidden
         FROM pragma_table_xinfo(?1, 'main')",
    )?;
    let found = statement.query_map([table], |row| {
        Ok(Found {
            name: row.get(0)?,
            declared: row.get(1)?,
            is_required: row.get(2)?,
            key_place: row.get(3)?,
            is_generated: row.get::<_, i64>(4)? > 1,
        })
    })?;
    found.collect()
}

/// Statements that add the columns that the table lacks; an error where the plan does not want that.
fn additions(plan: &Plan, columns: &[Column], found: &[Found]) -> Result<Vec<String>> {
    let table = &plan.table;
    let is_there = |column: &&Column| found.iter().any(|f| same(&f.name, &column.name));
    let missing: Vec<&Column> = columns.iter().filter(|c| !is_there(c)).collect();
    let ddl = missing.iter().map(|column| {
        let (name, declared) = (quote(&column.name), fit::declared(column.class));
        format!("ALTER TABLE {} ADD COLUMN {name} {declared};", quote(table))
    });
    let ddl: Vec<String> = ddl.collect();
    if missing.is_empty() || plan.add_columns {
        return Ok(ddl);
    }
    let names = joined(missing.iter().map(|c| format!("{:?}", c.name)), ", ");
    let plural = if missing.len() == 1 { "" } else { "s" };
    Err(Error::target(
        "target/missing-column",
        format!("table {table:?} has no column{plural} {names}"),
    )
    .with_ddl(ddl.join(" ")))
}

fn fits(plan: &Plan, columns: &[Column], found: &[Found], strict: bool) -> Result<Vec<Fit>> {
    let table = &plan.table;
    let find = |name: &str| found.iter().find(|f| same(&f.name, name));
    let mut fits = Vec::with_capacity(columns.len());
    for column in columns {
        let Some(found) = find(&column.name) else {
            let declared = fit::declared(column.class);
            fits.extend(Fit::of(column.class, declared, strict));
            continue;
        };
        if found.is_generated {
            return Err(Error::target(
                "target/generated-column",
                format!(
                    "column {:?} of table {table:?} is computed by the database",
                    found.name
                ),
            )
            .with_hint("leave the column out of the import"));
        }
        let Some(fit) = Fit::of(column.class, &found.declared, strict) else {
            let (name, declared) = (&found.name, &found.declared);
            let declared = if declared.is_empty() {
                "untyped"
            } else {
                declared
            };
            let class = column.class.name();
            return Err(Error::target(
                "target/column-type",
                format!(
                    "column {name:?} of table {table:?} is {declared}, which would change {class}"
                ),
            )
            .with_hint(format!(
                "declare the column {}, or change its type in the contract",
                fit::declared(column.class)
            )));
        };
        fits.push(fit);
    }
    Ok(fits)
}

/// Refuses a table with a column that needs a value and would get none: every single row would fail.
fn refuse_unfilled(
    table: &str,
    columns: &[Column],
    found: &[Found],
    without_rowid: bool,
) -> Result<()> {
    let unfilled = found.iter().find(|f| {
        let numbered = is_numbered(found, f) && !without_rowid;
        let given = columns.iter().any(|c| same(&c.name, &f.name));
        f.is_required && !given && !numbered && !f.is_generated
    });
    let Some(unfilled) = unfilled else {
        return Ok(());
    };
    Err(Error::target(
        "target/required-column",
        format!(
            "column {:?} of table {table:?} needs a value, and the import has no such column",
            unfilled.name
        ),
    )
    .with_hint("add the column to the contract, or give it a default in the database"))
}

/// Whether a column is the rowid by another name, so that SQLite numbers rows by itself.
fn is_numbered(found: &[Found], column: &Found) -> bool {
    column.key_place == 1
        && column.declared.eq_ignore_ascii_case("INTEGER")
        && found.iter().filter(|f| f.key_place > 0).count() == 1
}

/// The collations under which the database keeps the plan's key unique; an error if it does not.
fn key_collations(conn: &Connection, plan: &Plan, found: &[Found]) -> Result<Vec<String>, Misfit> {
    let key = plan.matched_key();
    if key.is_empty() {
        return Ok(Vec::new());
    }
    let mut indexes = conn.prepare(
        "SELECT name FROM pragma_index_list(?1, 'main') WHERE \"unique\" AND NOT partial ORDER BY seq",
    )?;
    let mut parts = conn.prepare(
        "SELECT name, coll FROM pragma_index_xinfo(?1, 'main') WHERE key ORDER BY seqno",
    )?;
    let names = indexes.query_map([&plan.table], |row| row.get::<_, String>(0))?;
    for index in names.collect::<rusqlite::Result<Vec<_>>>()? {
        let parts = parts
            .query_map([&index], |row| {
                Ok((row.get::<_, Option<String>>(0)?, row.get::<_, String>(1)?))
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let collation = |key: &String| {
            let matches = |name: &Option<String>| name.as_ref().is_some_and(|n| same(n, key));
            parts
                .iter()
                .find(|(name, _)| matches(name))
                .map(|(_, collation)| collation.clone())
        };
        if parts.len() == key.len()
            && let Some(collations) = key.iter().map(collation).collect::<Option<Vec<_>>>()
        {
            return Ok(collations);
        }
    }
    let is_rowid = |name: &String| {
        found
            .iter()
            .any(|f| same(&f.name, name) && is_numbered(found, f))
    };
    if key.len() == 1 && is_rowid(&key[0]) {
        return Ok(vec!["BINARY".to_owned()]);
    }
    let (table, names) = (&plan.table, key.iter().map(String::as_str));
    let index = format!("{table}_{}", key.join("_"));
    Err(Error::target(
        "target/key-not-unique",
        format!(
            "table {table:?} does not keep the key {} unique",
            key.join(", ")
        ),
    )
    .with_ddl(format!(
        "CREATE UNIQUE INDEX {} ON {} ({});",
        quote(&index),
        quote(table),
        list(names)
    ))
    .into())
}
