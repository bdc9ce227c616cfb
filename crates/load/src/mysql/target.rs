//! The target table as it is: whether the import fits, and if not, what would mend it.

use super::catalogue::{Found, find, find_table, found_columns, unique_indexes, written};
use super::client::{Client, get};
use super::encode::Encoder;
use super::fit::{Collation, Kind, declared, new_kind};
use super::image::WrittenColumn;
use super::names::{list, quote, same};
use super::new_table::key_length;
use crate::class::Class;
use crate::error::{Error, ErrorKind, Result};
use crate::mode::Mode;
use crate::plan::Plan;

/// The metadata of a field whose nulls leave what is there.
const BLANK: &str = "sheetlift.blank";
const KEEP_EXISTING: &str = "keep_existing";
/// A table of InnoDB can have 1,017 columns, and staging adds two.
const MAX_COLUMNS: usize = 1_015;

/// A column of the import.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) class: Class,
    /// The new table has it `NOT NULL`.
    pub(super) is_required: bool,
    pub(super) is_key: bool,
    /// A row without a value leaves the one that is there (`sheetlift.blank` of the field).
    pub(super) keeps_existing: bool,
    /// The type in a new table.
    pub(super) declared: String,
    pub(super) fit: Fit,
}

/// What the target makes of the values of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fit {
    pub(super) kind: Kind,
    /// Of a text.
    pub(super) collation: Option<Collation>,
    /// The server would put another value where there is none, without a word.
    pub(super) fills_nulls: bool,
}

impl Column {
    pub(super) fn encoder(&self) -> Encoder<'_> {
        Encoder {
            kind: &self.fit.kind,
            class: self.class,
            is_utf8: self.fit.collation.as_ref().is_none_or(Collation::is_utf8),
        }
    }

    /// The type of the column in the stage.
    pub(super) fn staged(&self) -> String {
        let collation = self.fit.collation.as_ref();
        self.fit.kind.staged(self.is_key, collation)
    }
}

/// The columns of a plan as a new table would have them, whose texts are compared byte by byte by this collation.
pub(super) fn columns(plan: &Plan, exact: &Collation) -> Result<Vec<Column>> {
    let fields = plan.schema.fields();
    if fields.len() > MAX_COLUMNS {
        let (limit, actual) = (MAX_COLUMNS as u64, fields.len() as u64);
        let name = "columns";
        let kind = ErrorKind::Limit {
            name,
            limit,
            actual,
        };
        let message = format!("{actual} columns are more than the {limit} that MySQL can load");
        return Err(Error::new(kind, "limit/columns", message));
    }
    let columns = fields.iter().map(|field| {
        let Some(class) = Class::of(field.data_type()) else {
            let message = format!(
                "column {:?} is {}, which cannot be loaded",
                field.name(),
                field.data_type()
            );
            return Err(Error::usage("usage/column-type", message).with_hint(
                "leave the column out, or turn it into text (such as JSON) before loading",
            ));
        };
        let name = field.name().clone();
        let key = key_length(plan, &name);
        let kind = new_kind(field.data_type(), class, key);
        Ok(Column {
            is_required: !field.is_nullable() || plan.key.contains(&name),
            is_key: plan.matched_key().contains(&name),
            keeps_existing: field
                .metadata()
                .get(BLANK)
                .is_some_and(|word| word == KEEP_EXISTING),
            declared: declared(field.data_type(), class, key),
            fit: Fit {
                collation: kind.is_text().then(|| exact.clone()),
                kind,
                fills_nulls: false,
            },
            name,
            class,
        })
    });
    columns.collect()
}

/// A target table that exists and fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// As the server spells it.
    pub(super) name: String,
    /// Indexes by which a key counts as taken: the primary key and that of the plan's key.
    pub(super) key_indexes: Vec<String>,
    /// The columns of the primary key.
    pub(super) primary_key: Vec<String>,
    pub(super) fits: Vec<Fit>,
    /// Clauses that add the columns it lacks, where the plan wants that.
    pub(super) additions: Vec<String>,
    /// Every column.
    found: Vec<Found>,
}

impl Target {
    pub(super) fn quoted(&self) -> String {
        quote(&self.name)
    }

    pub(super) fn kind(&self, column: &str) -> Option<&Kind> {
        self.column(column).map(|found| &found.kind)
    }

    /// A column that the server numbers by itself.
    pub(super) fn is_numbered(&self, column: &str) -> bool {
        self.column(column).is_some_and(|found| found.is_numbered)
    }

    fn column(&self, name: &str) -> Option<&Found> {
        find(&self.found, name)
    }

    /// The columns that can be written.
    pub(super) fn written_columns(&self) -> Vec<WrittenColumn> {
        written(&self.found)
    }
}

/// What can go wrong while looking: the database fails, or the table does not fit.
pub(super) enum Misfit {
    Database(mysql_async::Error),
    Target(Error),
}

impl From<mysql_async::Error> for Misfit {
    fn from(error: mysql_async::Error) -> Misfit {
        Misfit::Database(error)
    }
}

impl From<Error> for Misfit {
    fn from(error: Error) -> Misfit {
        Misfit::Target(error)
    }
}

/// Looks at the target; none if there is no table of that name. A stand-in of another name may be looked at instead.
pub(super) fn inspect(
    client: &Client,
    plan: &Plan,
    columns: &[Column],
    stand_in: Option<&str>,
) -> Result<Option<Target>, Misfit> {
    let asked = stand_in.unwrap_or(&plan.table);
    let Some((name, kind)) = find_table(client, asked)? else {
        return Ok(None);
    };
    let table = &plan.table;
    if kind != "BASE TABLE" {
        let what = match kind.as_str() {
            "VIEW" | "SYSTEM VIEW" => "a view",
            "SEQUENCE" => "a sequence",
            _ => "no plain table",
        };
        let message = format!("{table:?} is {what}, and rows can only be loaded into a table");
        return Err(Error::target("target/not-a-table", message).into());
    }
    check_engine(client, table, &name)?;
    let found = found_columns(client, &name)?;
    let additions = additions(columns, &found);
    if !additions.is_empty() && !plan.add_columns {
        return Err(missing_columns(table, columns, &found, &additions).into());
    }
    let fits = fits(plan, columns, &found)?;
    if plan.mode != Mode::UpdateOnly {
        refuse_unfilled(table, columns, &found)?;
    }
    let (key_indexes, primary_key) = keys(client, plan, &name)?;
    Ok(Some(Target {
        key_indexes,
        primary_key,
        name,
        fits,
        additions,
        found,
    }))
}

/// Only engines with transactions can take all of an import, or nothing.
fn check_engine(client: &Client, table: &str, name: &str) -> Result<(), Misfit> {
    let row = client.row(
        "SELECT t.ENGINE, e.TRANSACTIONS FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE
         WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_NAME = ? AND CAST(t.TABLE_NAME AS BINARY) = ?",
        vec![name.into(), name.into()],
    )?;
    let (engine, transactions): (Option<String>, Option<String>) = match &row {
        Some(row) => (get(row, 0)?, get(row, 1)?),
        None => return Ok(()),
    };
    if transactions.as_deref() != Some("NO") {
        return Ok(());
    }
    let engine = engine.unwrap_or_default();
    let message = format!("table {table:?} is of the engine {engine}, which has no transactions");
    let ddl = format!("ALTER TABLE {} ENGINE = InnoDB;", quote(name));
    Err(Error::target("target/engine", message).with_ddl(ddl).into())
}

/// Clauses that add the columns that the table lacks.
fn additions(columns: &[Column], found: &[Found]) -> Vec<String> {
    let missing = lacking(columns, found).map(|column| {
        let (name, declared) = (quote(&column.name), &column.declared);
        let collation = column.fit.collation.as_ref();
        let collation = collation.map_or(String::new(), |collation| {
            format!(
                " CHARACTER SET {} COLLATE {}",
                collation.charset, collation.name
            )
        });
        format!("ADD COLUMN {name} {declared}{collation}")
    });
    missing.collect()
}

fn lacking<'a>(columns: &'a [Column], found: &'a [Found]) -> impl Iterator<Item = &'a Column> {
    columns
        .iter()
        .filter(move |column| find(found, &column.name).is_none())
}

fn missing_columns(table: &str, columns: &[Column], found: &[Found], ddl: &[String]) -> Error {
    let names: Vec<String> = lacking(columns, found)
        .map(|column| format!("{:?}", column.name))
        .collect();
    let plural = if names.len() == 1 { "" } else { "s" };
    let message = format!("table {table:?} has no column{plural} {}", names.join(", "));
    let ddl = format!("ALTER TABLE {} {};", quote(table), ddl.join(", "));
    Error::target("target/missing-column", message).with_ddl(ddl)
}

fn fits(plan: &Plan, columns: &[Column], all: &[Found]) -> Result<Vec<Fit>> {
    let table = &plan.table;
    let mut fits = Vec::with_capacity(columns.len());
    for column in columns {
        let Some(found) = find(all, &column.name) else {
            fits.push(column.fit.clone());
            continue;
        };
        if found.is_generated {
            let message = format!(
                "column {:?} of table {table:?} is computed by the database",
                found.name
            );
            return Err(Error::target("target/generated-column", message)
                .with_hint("leave the column out of the import"));
        }
        if !found.kind.takes(column.class) {
            let (name, is, class) = (&found.name, &found.declared, column.class.name());
            let message =
                format!("column {name:?} of table {table:?} is {is}, which would change {class}");
            return Err(
                Error::target("target/column-type", message).with_hint(format!(
                    "declare the column {}, or change its type in the contract",
                    column.declared
                )),
            );
        }
        fits.push(Fit {
            kind: found.kind.clone(),
            collation: found.collation.clone().filter(|_| found.kind.is_text()),
            fills_nulls: matches!(found.kind, Kind::Timestamp(_)) && !found.is_nullable,
        });
    }
    Ok(fits)
}

/// Refuses a table with a column that needs a value and would get none: every single row would fail.
fn refuse_unfilled(table: &str, columns: &[Column], all: &[Found]) -> Result<()> {
    let is_given = |found: &Found| columns.iter().any(|column| same(&column.name, &found.name));
    let unfilled = all.iter().find(|found| {
        let fills_itself = found.has_default || found.is_generated || found.is_numbered;
        !found.is_nullable && !fills_itself && !is_given(found)
    });
    match unfilled {
        None => Ok(()),
        Some(found) => {
            let name = &found.name;
            let message = format!(
                "column {name:?} of table {table:?} needs a value, and the import has no such column"
            );
            Err(Error::target("target/required-column", message)
                .with_hint("add the column to the contract, or give it a default in the database"))
        }
    }
}

/// The indexes by which a key is taken, and the columns of the primary key; an error if none keeps the key of the plan unique.
fn keys(client: &Client, plan: &Plan, table: &str) -> Result<(Vec<String>, Vec<String>), Misfit> {
    let mut indexes = Vec::new();
    let mut primary_key = Vec::new();
    let mut is_kept = plan.matched_key().is_empty();
    for index in unique_indexes(client, table)? {
        let wanted = plan.matched_key();
        let has = |name: &String| index.columns.iter().any(|column| same(column, name));
        let is_key = index.columns.len() == wanted.len() && wanted.iter().all(has);
        is_kept |= is_key;
        if index.is_primary {
            primary_key.clone_from(&index.columns);
        }
        if index.is_primary || is_key {
            indexes.push(index.name);
        }
    }
    if is_kept {
        return Ok((indexes, primary_key));
    }
    let message = format!(
        "table {:?} does not keep the key {} unique",
        plan.table,
        plan.key.join(", ")
    );
    let names = list(plan.key.iter().map(String::as_str));
    let ddl = format!("ALTER TABLE {} ADD UNIQUE ({names});", quote(table));
    Err(Error::target("target/key-not-unique", message)
        .with_ddl(ddl)
        .into())
}
