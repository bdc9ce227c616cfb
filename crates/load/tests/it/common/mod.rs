//! A SQLite database in a directory of its own.
#![allow(dead_code, unreachable_pub)] // each test takes what it needs

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sheetlift_load::conformance::{Database, plan};
use sheetlift_load::sqlite::SqliteSink;
use sheetlift_load::{Error, Plan, Sink};
use tempfile::TempDir;

pub struct Sqlite {
    dir: TempDir,
}

impl Sqlite {
    pub fn new() -> Sqlite {
        Sqlite {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("inventory.db")
    }

    pub fn dir(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    pub fn open(&self) -> SqliteSink {
        SqliteSink::open(self.path())
            .unwrap()
            .with_busy_timeout_ms(100)
    }

    pub fn connection(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    pub fn dump(&self) -> Vec<String> {
        dump(&self.connection())
    }
}

impl Database for Sqlite {
    fn sink(&self) -> Box<dyn Sink> {
        Box::new(self.open())
    }

    fn execute(&self, sql: &str) {
        self.connection().execute_batch(sql).unwrap();
    }

    fn rows(&self, table: &str, columns: &[&str]) -> Vec<Vec<Option<String>>> {
        if !self.path().exists() {
            return Vec::new();
        }
        let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let list = columns
            .iter()
            .map(|name| quote(name))
            .collect::<Vec<_>>()
            .join(", ");
        let conn = self.connection();
        let exists = conn
            .query_row(
                "SELECT count(*) FROM sqlite_master WHERE name = ?1 COLLATE NOCASE",
                [table],
                |row| row.get::<_, i64>(0),
            )
            .unwrap();
        if exists == 0 {
            return Vec::new();
        }
        let sql = format!("SELECT {list} FROM {} ORDER BY 1", quote(table));
        read(&conn, &sql)
    }
}

/// All rows of a query, as text.
pub fn read(conn: &Connection, sql: &str) -> Vec<Vec<Option<String>>> {
    let mut statement = conn.prepare(sql).unwrap();
    let width = statement.column_count();
    let rows = statement.query_map([], |row| {
        let text = |place| match row.get_ref(place).unwrap() {
            ValueRef::Null => None,
            ValueRef::Integer(value) => Some(value.to_string()),
            ValueRef::Real(value) => Some(format!("{value:?}")),
            ValueRef::Text(value) => Some(String::from_utf8(value.to_vec()).unwrap()),
            ValueRef::Blob(value) => Some(format!("{value:02x?}")),
        };
        Ok((0..width).map(text).collect())
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// The schema and the content of every table: what "logically unchanged" means.
pub fn dump(conn: &Connection) -> Vec<String> {
    let schema = read(
        conn,
        "SELECT type, name, sql FROM sqlite_master ORDER BY type, name",
    );
    let mut lines: Vec<String> = schema.iter().map(|row| format!("{row:?}")).collect();
    for row in schema
        .iter()
        .filter(|row| row[0].as_deref() == Some("table"))
    {
        let table = row[1].as_ref().unwrap().replace('"', "\"\"");
        let rows = read(conn, &format!("SELECT * FROM \"{table}\""));
        lines.extend(rows.iter().map(|row| format!("{table}: {row:?}")));
    }
    lines
}

pub fn one(name: &str, array: ArrayRef) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..array.len() as i64));
    RecordBatch::try_from_iter_with_nullable([("id", ids, false), (name, array, true)]).unwrap()
}

pub fn by_id(name: &str, batch: &RecordBatch) -> Plan {
    plan(name, batch).with_key(["id"])
}

pub fn refusal(db: &Sqlite, plan: &Plan) -> Error {
    let before = db.dump();
    let error = db.open().begin(plan).unwrap_err();
    assert_eq!(db.dump(), before);
    error
}
