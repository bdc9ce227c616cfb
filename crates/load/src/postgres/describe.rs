//! A table as the server has it.

use tokio_postgres::types::Type;

use super::PostgresSink;
use super::client::Client;
use super::fault::fault;
use super::fit::Kind;
use super::names::{quote, quoted};
use crate::describe::{ColumnDescription, TableDescription, no_table};
use crate::error::Result;

impl PostgresSink {
    /// Says what a table, or a view, is like. The database is only read.
    ///
    /// ```no_run
    /// let sink = sheetlift_load::postgres::PostgresSink::open("postgres://reader@db.example.com/inventory?schema=stock")?;
    /// println!("{:?}", sink.describe("item")?.primary_key);
    /// # Ok::<(), sheetlift_load::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Usage`](crate::ErrorKind::Usage) when there is no such table, with the tables there are;
    /// [`Sink`](crate::ErrorKind::Sink) when the server cannot be reached.
    pub fn describe(&self, table: &str) -> Result<TableDescription> {
        let client = Client::connect(&self.settings)?;
        let schema = self.settings.schema.as_deref();
        let found = described(&client, schema, table);
        let fail = fault(&self.settings.shown, "reading the tables of");
        match found.map_err(&fail)? {
            Some(found) => Ok(found),
            None => {
                let names = names(&client, schema).map_err(&fail)?;
                Err(no_table(&self.settings.shown, table, &names))
            }
        }
    }
}

type Database<T> = std::result::Result<T, tokio_postgres::Error>;

/// The tables and views that a name without a schema can mean.
fn names(client: &Client, schema: Option<&str>) -> Database<Vec<String>> {
    let rows = client.rows(
        "SELECT DISTINCT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname NOT LIKE '\\_sheetlift\\_%'
         AND CASE WHEN $1 IS NULL THEN n.nspname = ANY (current_schemas(false)) ELSE n.nspname = $1 END ORDER BY 1",
        &[(&schema, Type::TEXT)],
    )?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

fn described(
    client: &Client,
    schema: Option<&str>,
    table: &str,
) -> Database<Option<TableDescription>> {
    let name = schema.map_or_else(|| quote(table), |schema| quoted(schema, table));
    let found = client.row(
        "SELECT c.oid, c.relname::text, c.relkind IN ('v', 'm'),
             (SELECT count(*) FROM pg_constraint WHERE conrelid = c.oid AND contype = 'c'),
             (SELECT count(*) FROM pg_constraint WHERE conrelid = c.oid AND contype = 'f')
         FROM pg_class c WHERE c.oid = to_regclass($1)::oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')",
        &[(&name, Type::TEXT)],
    )?;
    let Some(found) = found else {
        return Ok(None);
    };
    let oid: u32 = found.try_get(0)?;
    let count = |at: usize| found.try_get::<_, i64>(at).map(|count| count as usize);

    let (mut primary_key, mut unique_keys) = (Vec::new(), Vec::new());
    for (is_primary, key) in keys(client, oid)? {
        match is_primary {
            true => primary_key = key,
            false if !unique_keys.contains(&key) => unique_keys.push(key),
            false => {}
        }
    }
    Ok(Some(TableDescription {
        name: found.try_get(1)?,
        is_view: found.try_get(2)?,
        columns: columns(client, oid)?,
        primary_key,
        unique_keys,
        checks: count(3)?,
        foreign_keys: count(4)?,
    }))
}

fn columns(client: &Client, oid: u32) -> Database<Vec<ColumnDescription>> {
    let rows = client.rows(
        "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod),
             CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END,
             a.attnotnull OR t.typnotnull, pg_get_expr(d.adbin, d.adrelid), a.attgenerated <> '',
             a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid), '') LIKE 'nextval(%',
             CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END
         FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
         LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        &[(&oid, Type::OID)],
    )?;
    let columns = rows.iter().map(|row| {
        let (declared, base): (String, Option<String>) = (row.try_get(1)?, row.try_get(7)?);
        let (is_generated, is_numbered): (bool, bool) = (row.try_get(5)?, row.try_get(6)?);
        let default: Option<String> = row.try_get(4)?;
        Ok(ColumnDescription {
            name: row.try_get(0)?,
            declared: base.unwrap_or(declared), // of a domain, what it is made of
            affinity: match Kind::of(row.try_get(2)?, 0, -1) {
                Kind::Integer(_) => "INTEGER",
                Kind::Float4 | Kind::Float8 => "REAL",
                Kind::Numeric(_) => "NUMERIC",
                Kind::Bytes => "BLOB",
                _ => "TEXT",
            },
            is_required: row.try_get(3)?,
            default: default.filter(|_| !is_generated && !is_numbered),
            is_generated,
            is_numbered,
        })
    });
    columns.collect()
}

/// The keys that hold for all rows: whether it is the primary one, and its columns.
fn keys(client: &Client, oid: u32) -> Database<Vec<(bool, Vec<String>)>> {
    let rows = client.rows(
        "SELECT x.indisprimary, array_agg(a.attname::text ORDER BY k.place)
         FROM pg_index x CROSS JOIN LATERAL unnest(x.indkey[0:x.indnkeyatts - 1]) WITH ORDINALITY AS k(attnum, place)
         JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum
         WHERE x.indrelid = $1 AND x.indisunique AND x.indisvalid AND x.indpred IS NULL AND x.indexprs IS NULL
         GROUP BY x.indexrelid, x.indisprimary ORDER BY x.indexrelid",
        &[(&oid, Type::OID)],
    )?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}
