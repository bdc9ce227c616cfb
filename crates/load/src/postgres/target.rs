//! The target table as it is: whether the import fits, and if not, what would mend it.

use serde::{Deserialize, Serialize};
use tokio_postgres::types::Type;

use super::client::Client;
use super::encode::Encoder;
use super::fit::{Kind, declared};
use super::names::{list, quote, quoted};
use crate::class::Class;
use crate::error::{Error, ErrorKind, Result};
use crate::mode::Mode;
use crate::plan::Plan;

/// The metadata of a field whose nulls leave what is there.
const BLANK: &str = "sheetlift.blank";
const KEEP_EXISTING: &str = "keep_existing";
/// A table can have 1,600 columns, and staging adds two.
const MAX_COLUMNS: usize = 1_598;

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
    pub(super) kind: Kind,
    /// The type of the target's column, as a cast has it: without a length.
    pub(super) declared: String,
}

impl Column {
    pub(super) fn encoder(&self) -> Encoder {
        let (kind, class) = (self.kind, self.class);
        Encoder { kind, class }
    }
}

/// The columns of a plan as a new table would have them.
pub(super) fn columns(plan: &Plan) -> Result<Vec<Column>> {
    let fields = plan.schema.fields();
    if fields.len() > MAX_COLUMNS {
        let (limit, actual) = (MAX_COLUMNS as u64, fields.len() as u64);
        let name = "columns";
        let kind = ErrorKind::Limit {
            name,
            limit,
            actual,
        };
        let message =
            format!("{actual} columns are more than the {limit} that PostgreSQL can load");
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
        let is_key = plan.matched_key().contains(&name);
        let declared = declared(class);
        Ok(Column {
            is_required: !field.is_nullable() || plan.key.contains(&name),
            keeps_existing: field
                .metadata()
                .get(BLANK)
                .is_some_and(|word| word == KEEP_EXISTING),
            kind: new_kind(class),
            declared: declared.to_owned(),
            name,
            class,
            is_key,
        })
    });
    columns.collect()
}

/// The kind of a column that is declared for a class.
fn new_kind(class: Class) -> Kind {
    match class {
        Class::Null | Class::Text => Kind::Text(None),
        Class::Boolean => Kind::Bool,
        Class::Integer => Kind::Integer(8),
        Class::Real => Kind::Float8,
        Class::Bytes => Kind::Bytes,
        Class::Date => Kind::Date,
        Class::Time => Kind::Time(6),
        Class::Timestamp { utc: false } => Kind::Timestamp(6),
        Class::Timestamp { utc: true } => Kind::TimestampTz(6),
        Class::Duration(_) => Kind::Interval,
        Class::Decimal { .. } => Kind::Numeric(None),
    }
}

/// A target table that exists and fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) oid: u32,
    /// Schema and table, quoted.
    pub(super) name: String,
    pub(super) schema: String,
    /// Constraints and indexes by which a key counts as taken: those of the primary key and of the plan's key.
    pub(super) key_indexes: Vec<String>,
    /// The kind and declared type of each column of the plan.
    pub(super) kinds: Vec<(Kind, String)>,
    /// Statements that add the columns it lacks, where the plan wants that.
    pub(super) additions: Vec<String>,
    /// Every column.
    columns: Vec<Found>,
}

impl Target {
    /// The type of a column, as a cast has it.
    pub(super) fn declared(&self, column: &str) -> Option<&str> {
        let mut found = self.columns.iter().filter(|found| found.name == column);
        found.next().map(|found| found.cast.as_str())
    }

    /// The columns that can be written.
    pub(super) fn written_columns(&self) -> Vec<WrittenColumn> {
        written(&self.columns)
    }
}

/// What can go wrong while looking: the database fails, or the table does not fit.
pub(super) enum Misfit {
    Database(tokio_postgres::Error),
    Target(Error),
}

impl From<tokio_postgres::Error> for Misfit {
    fn from(error: tokio_postgres::Error) -> Misfit {
        Misfit::Database(error)
    }
}

impl From<Error> for Misfit {
    fn from(error: Error) -> Misfit {
        Misfit::Target(error)
    }
}

/// A column that can be written, as it was or is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WrittenColumn {
    pub(super) name: String,
    pub(super) declared: String,
    /// Only a new row takes a value (`GENERATED ALWAYS AS IDENTITY`).
    pub(super) is_numbered: bool,
}

fn written(found: &[Found]) -> Vec<WrittenColumn> {
    let written = found.iter().filter(|found| !found.is_computed);
    let column = |found: &Found| WrittenColumn {
        name: found.name.clone(),
        declared: found.declared.clone(),
        is_numbered: found.is_generated,
    };
    written.map(column).collect()
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    name: String,
    kind: Kind,
    /// The type without its modifier: a cast to one with it cuts off, where an assignment complains.
    cast: String,
    declared: String,
    is_required: bool,
    is_generated: bool,
    /// Not even an undo can write it.
    is_computed: bool,
}

/// Looks at the target; none if there is no table of that name.
pub(super) fn inspect(
    client: &Client,
    plan: &Plan,
    schema: Option<&str>,
    columns: &[Column],
) -> Result<Option<Target>, Misfit> {
    let name = match schema {
        Some(schema) => quoted(schema, &plan.table),
        None => quote(&plan.table),
    };
    let found = client.row(
        "SELECT c.oid, n.nspname, c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid = to_regclass($1)::oid",
        &[(&name, Type::TEXT)],
    )?;
    let Some(found) = found else {
        return Ok(None);
    };
    let (oid, schema, relkind): (u32, String, String) =
        (found.try_get(0)?, found.try_get(1)?, found.try_get(2)?);
    let table = &plan.table;
    if !matches!(relkind.as_str(), "r" | "p") {
        let what = match relkind.as_str() {
            "v" => "a view",
            "m" => "a materialized view",
            "f" => "a foreign table",
            _ => "no table",
        };
        let message = format!("{table:?} is {what}, and rows can only be loaded into a table");
        return Err(Error::target("target/not-a-table", message).into());
    }
    let found = found_columns(client, oid)?;
    let name = quoted(&schema, table);
    let additions = additions(&name, columns, &found);
    if !additions.is_empty() && !plan.add_columns {
        return Err(missing_columns(table, columns, &found, &additions).into());
    }
    let kinds = kinds(plan, columns, &found)?;
    if plan.mode != Mode::UpdateOnly {
        refuse_unfilled(table, columns, &found)?;
    }
    Ok(Some(Target {
        oid,
        key_indexes: key_indexes(client, plan, oid, &name)?,
        name,
        additions,
        schema,
        kinds,
        columns: found,
    }))
}

fn found_columns(client: &Client, oid: u32) -> Result<Vec<Found>, tokio_postgres::Error> {
    // A domain is staged as what it is made of; its own rules speak when rows enter the target.
    let rows = client.rows(
        "SELECT a.attname,
                CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END,
                CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END,
                CASE WHEN t.typtype = 'd' THEN b.typelem ELSE t.typelem END,
                format_type(CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END, -1),
                format_type(a.atttypid, a.atttypmod),
                a.attnotnull AND NOT a.atthasdef AND a.attidentity = '',
                a.attgenerated <> '' OR a.attidentity = 'a', a.attgenerated <> ''
         FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype
         WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        &[(&oid, Type::OID)],
    )?;
    let found = rows.iter().map(|row| {
        Ok(Found {
            name: row.try_get(0)?,
            kind: Kind::of(row.try_get(1)?, row.try_get(3)?, row.try_get(2)?),
            cast: row.try_get(4)?,
            declared: row.try_get(5)?,
            is_required: row.try_get(6)?,
            is_generated: row.try_get(7)?,
            is_computed: row.try_get(8)?,
        })
    });
    found.collect()
}

/// The columns of a table, given as a quoted name, that can be written; none without the table.
pub(super) fn columns_of(
    client: &Client,
    table: &str,
) -> Result<Vec<WrittenColumn>, tokio_postgres::Error> {
    let row = client.row("SELECT to_regclass($1)::oid", &[(&table, Type::TEXT)])?;
    let oid: Option<u32> = row.map_or(Ok(None), |row| row.try_get(0))?;
    match oid {
        Some(oid) => Ok(written(&found_columns(client, oid)?)),
        None => Ok(Vec::new()),
    }
}

/// Statements that add the columns that the table lacks.
fn additions(table: &str, columns: &[Column], found: &[Found]) -> Vec<String> {
    let missing = lacking(columns, found).map(|column| {
        let (name, declared) = (quote(&column.name), declared(column.class));
        format!("ALTER TABLE {table} ADD COLUMN {name} {declared};")
    });
    missing.collect()
}

fn lacking<'a>(columns: &'a [Column], found: &'a [Found]) -> impl Iterator<Item = &'a Column> {
    let is_there = |column: &&Column| found.iter().any(|found| found.name == column.name);
    columns.iter().filter(move |column| !is_there(column))
}

fn missing_columns(table: &str, columns: &[Column], found: &[Found], ddl: &[String]) -> Error {
    let names: Vec<String> = lacking(columns, found)
        .map(|column| format!("{:?}", column.name))
        .collect();
    let plural = if names.len() == 1 { "" } else { "s" };
    let message = format!("table {table:?} has no column{plural} {}", names.join(", "));
    Error::target("target/missing-column", message).with_ddl(ddl.join(" "))
}

fn kinds(plan: &Plan, columns: &[Column], found: &[Found]) -> Result<Vec<(Kind, String)>> {
    let table = &plan.table;
    let find = |name: &str| found.iter().find(|found| found.name == name);
    let mut kinds = Vec::with_capacity(columns.len());
    for column in columns {
        let Some(found) = find(&column.name) else {
            kinds.push((new_kind(column.class), declared(column.class).to_owned()));
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
                    declared(column.class)
                )),
            );
        }
        kinds.push((found.kind, found.cast.clone()));
    }
    Ok(kinds)
}

/// Refuses a table with a column that needs a value and would get none: every single row would fail.
fn refuse_unfilled(table: &str, columns: &[Column], found: &[Found]) -> Result<()> {
    let is_given = |found: &&Found| columns.iter().any(|column| column.name == found.name);
    let unfilled = found
        .iter()
        .find(|found| found.is_required && !found.is_generated && !is_given(found));
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

/// The indexes by which a key is taken; an error if none keeps the key of the plan unique.
fn key_indexes(client: &Client, plan: &Plan, oid: u32, table: &str) -> Result<Vec<String>, Misfit> {
    let rows = client.rows(
        "SELECT i.relname, x.indisprimary, array_agg(a.attname::text ORDER BY k.place),
                x.indimmediate AND x.indisvalid AND x.indpred IS NULL AND x.indexprs IS NULL
         FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
         CROSS JOIN LATERAL unnest(x.indkey[0:x.indnkeyatts - 1]) WITH ORDINALITY AS k(attnum, place)
         LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum
         WHERE x.indrelid = $1 AND x.indisunique GROUP BY 1, 2, 4 ORDER BY 2 DESC, 1",
        &[(&oid, Type::OID)],
    )?;
    let mut wanted = plan.matched_key().to_vec();
    wanted.sort_unstable();
    let (mut indexes, mut is_kept) = (Vec::new(), plan.matched_key().is_empty());
    for row in rows {
        let (name, is_primary): (String, bool) = (row.try_get(0)?, row.try_get(1)?);
        let columns: Vec<Option<String>> = row.try_get(2)?;
        let can_decide: bool = row.try_get(3)?;
        let mut columns: Vec<String> = columns.into_iter().flatten().collect();
        columns.sort_unstable();
        let is_key = can_decide && columns == wanted;
        is_kept |= is_key;
        if is_primary || is_key {
            indexes.push(name);
        }
    }
    if is_kept {
        return Ok(indexes);
    }
    let names = plan.key.iter().map(String::as_str);
    let message = format!(
        "table {:?} does not keep the key {} unique",
        plan.table,
        plan.key.join(", ")
    );
    let ddl = format!("CREATE UNIQUE INDEX ON {table} ({});", list(names));
    Err(Error::target("target/key-not-unique", message)
        .with_ddl(ddl)
        .into())
}
