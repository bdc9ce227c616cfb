//! A table as the server has it.

use super::MySqlSink;
use super::catalogue::{find_table, unique_indexes};
use super::client::{Client, Database, get};
use super::fault::fault;
use crate::describe::{ColumnDescription, TableDescription, no_table};
use crate::error::Result;

impl MySqlSink {
    /// Says what a table, or a view, is like. The database is only read.
    ///
    /// ```no_run
    /// let sink = sheetlift_load::mysql::MySqlSink::open("mysql://reader@db.example.com/inventory")?;
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
        let fail = fault(&self.settings.shown, "reading the tables of");
        match described(&client, table).map_err(&fail)? {
            Some(found) => Ok(found),
            None => {
                let names = names(&client).map_err(&fail)?;
                Err(no_table(&self.settings.shown, table, &names))
            }
        }
    }
}

fn names(client: &Client) -> Database<Vec<String>> {
    let rows = client.rows(
        "SELECT TABLE_NAME FROM information_schema.TABLES
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE IN ('BASE TABLE', 'VIEW') AND TABLE_NAME NOT LIKE '\\_sheetlift\\_%' ORDER BY 1",
        Vec::new(),
    )?;
    rows.iter().map(|row| get(row, 0)).collect()
}

fn described(client: &Client, table: &str) -> Database<Option<TableDescription>> {
    let Some((name, kind)) = find_table(client, table)? else {
        return Ok(None);
    };
    let (mut primary_key, mut unique_keys) = (Vec::new(), Vec::new());
    for index in unique_indexes(client, &name)? {
        match index.is_primary {
            true => primary_key = index.columns,
            false if !unique_keys.contains(&index.columns) => unique_keys.push(index.columns),
            false => {}
        }
    }
    Ok(Some(TableDescription {
        is_view: kind != "BASE TABLE",
        columns: columns(client, &name)?,
        primary_key,
        unique_keys,
        checks: constraints(client, &name, "CHECK")?,
        foreign_keys: constraints(client, &name, "FOREIGN KEY")?,
        name,
    }))
}

fn constraints(client: &Client, table: &str, kind: &str) -> Database<usize> {
    let row = client.row(
        "SELECT count(*) FROM information_schema.TABLE_CONSTRAINTS
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND CAST(TABLE_NAME AS BINARY) = ? AND CONSTRAINT_TYPE = ?",
        vec![table.into(), table.into(), kind.into()],
    )?;
    row.map_or(Ok(0), |row| get(&row, 0))
}

fn columns(client: &Client, table: &str) -> Database<Vec<ColumnDescription>> {
    let rows = client.rows(
        "SELECT COLUMN_NAME, COLUMN_TYPE, DATA_TYPE, IS_NULLABLE = 'NO', COLUMN_DEFAULT, EXTRA, coalesce(GENERATION_EXPRESSION, '') <> ''
         FROM information_schema.COLUMNS
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND CAST(TABLE_NAME AS BINARY) = ? ORDER BY ORDINAL_POSITION",
        vec![table.into(), table.into()],
    )?;
    let columns = rows.iter().map(|row| {
        let (declared, base): (String, String) = (get(row, 1)?, get(row, 2)?);
        let is_generated = get::<i64>(row, 6)? != 0;
        let is_numbered = get::<String>(row, 5)?.contains("auto_increment");
        // MariaDB writes what is no default as one.
        let default: Option<String> = get(row, 4)?;
        let default = default.filter(|default| default != "NULL" && !is_generated && !is_numbered);
        let (declared, affinity) = described_type(&declared, &base);
        Ok(ColumnDescription {
            name: get(row, 0)?,
            declared,
            affinity,
            is_required: get::<i64>(row, 3)? != 0,
            default,
            is_generated,
            is_numbered,
        })
    });
    columns.collect()
}

/// The type as it was declared, and what the database keeps.
fn described_type(declared: &str, base: &str) -> (String, &'static str) {
    let affinity = match base {
        _ if declared.starts_with("tinyint(1)") || declared == "bit(1)" => {
            return ("boolean".to_owned(), "NUMERIC");
        }
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "bit" | "year" => "INTEGER",
        "float" | "double" => "REAL",
        "decimal" => "NUMERIC",
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => "BLOB",
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set"
        | "json" | "uuid" | "inet4" | "inet6" | "date" | "time" | "datetime" | "timestamp" => {
            "TEXT"
        }
        // Shapes and the like: nothing that is read from a file enters them.
        _ => "BLOB",
    };
    (declared.to_owned(), affinity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_booleans() {
        for (declared, base, expected) in [
            ("tinyint(1)", "tinyint", ("boolean", "NUMERIC")),
            ("tinyint(4)", "tinyint", ("tinyint(4)", "INTEGER")),
            ("decimal(12,2)", "decimal", ("decimal(12,2)", "NUMERIC")),
            ("point", "point", ("point", "BLOB")),
        ] {
            let (found, affinity) = described_type(declared, base);
            assert_eq!((found.as_str(), affinity), expected);
        }
    }
}
