//! The words of SQLite for what databases share, and its connection.

use rusqlite::{Connection, params_from_iter};

use super::fault::{is_row_refused, reason};
use super::names::{in_main, quote};
use super::rows::refusal_of;
use super::schema::Column;
use super::scratch::{BEFORE, CHANGED, DUP, EXCEPTIONS, GONE, HIT, STAGE};
use super::target::Target;
use super::undo;
use crate::class::Class;
use crate::error::Result;
use crate::plan::Plan;
use crate::relational::{Dialect, Refusal, Runs, Tables, Words, bad_reference, probes};

/// The words for an import into a target.
pub(super) fn words(
    conn: &Connection,
    plan: &Plan,
    columns: &[Column],
    target: &Target,
) -> rusqlite::Result<Words> {
    let tables = Tables {
        target: in_main(&plan.table),
        stage: STAGE.to_owned(),
        exceptions: EXCEPTIONS.to_owned(),
        hit: HIT.to_owned(),
        dup: DUP.to_owned(),
        gone: GONE.to_owned(),
        changed: CHANGED.to_owned(),
    };
    let dialect = Sqlite {
        plan,
        columns,
        key_collations: &target.key_collations,
    };
    let words = Words::new(plan, tables, &dialect, &|at| columns[at].keeps_existing);
    let before = match plan.undo {
        true => Some((BEFORE.to_owned(), undo::image(conn, &plan.table)?)),
        false => None,
    };
    Ok(Words {
        // OR ABORT overrules conflict clauses of the table, such as one that would replace rows.
        insert: "INSERT OR ABORT INTO",
        update: "UPDATE OR ABORT",
        parameters: ["?1", "?2", "?3"],
        before,
        ..words
    })
}

/// Whether the tables that the plan refers to are there.
pub(super) fn check_references(conn: &Connection, plan: &Plan, columns: &[Column]) -> Result<()> {
    let dialect = Sqlite {
        plan,
        columns,
        key_collations: &[],
    };
    for (table, sql) in probes(plan, &dialect, STAGE) {
        conn.prepare(&sql)
            .map_err(|error| bad_reference(&table, &reason(&error)))?;
    }
    Ok(())
}

struct Sqlite<'a> {
    plan: &'a Plan,
    columns: &'a [Column],
    key_collations: &'a [String],
}

impl Sqlite<'_> {
    /// The collation of a column of the key.
    fn collation(&self, at: usize) -> String {
        let key = self.plan.key.iter().zip(self.key_collations);
        let mut found = key.filter(|(name, _)| **name == self.columns[at].name);
        let collation = found.next().map(|(_, collation)| collation.as_str());
        quote(collation.unwrap_or("BINARY"))
    }
}

impl Dialect for Sqlite<'_> {
    fn quote(&self, name: &str) -> String {
        quote(name)
    }

    fn table(&self, name: &str) -> String {
        in_main(name)
    }

    fn value(&self, at: usize) -> String {
        format!("s.c{at}")
    }

    fn text(&self, at: usize) -> String {
        match self.columns[at].class {
            Class::Bytes => format!("hex(s.c{at})"),
            _ => format!("coalesce(CAST(s.c{at} AS TEXT), '')"),
        }
    }

    // The column stands on the left, so that its affinity applies to the staged value.
    fn differs(&self, at: usize, value: &str) -> String {
        self.is_distinct(&format!("t.{}", quote(&self.columns[at].name)), value)
    }

    fn is_same_key(&self, at: usize, column: &str) -> String {
        format!("{column} = s.c{at} COLLATE {}", self.collation(at))
    }

    fn key_value(&self, at: usize) -> String {
        format!("s.c{at} COLLATE {}", self.collation(at))
    }

    fn given(&self, _: &str, number: usize) -> String {
        format!("?{number}")
    }

    fn is_distinct(&self, column: &str, value: &str) -> String {
        format!("{column} IS NOT {value} COLLATE BINARY")
    }
}

impl Runs for Connection {
    type Error = rusqlite::Error;

    fn execute(&self, sql: &str, texts: &[Option<&str>]) -> rusqlite::Result<u64> {
        let mut statement = self.prepare_cached(sql)?;
        Ok(statement.execute(params_from_iter(texts))? as u64)
    }

    fn numbers(&self, sql: &str) -> rusqlite::Result<Vec<i64>> {
        self.prepare(sql)?
            .query_map([], |row| row.get(0))?
            .collect()
    }

    fn pairs(&self, sql: &str, each: &mut dyn FnMut(i64, i64)) -> rusqlite::Result<()> {
        let mut statement = self.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            each(row.get(0)?, row.get(1)?);
        }
        Ok(())
    }

    fn noted(&self, sql: &str, each: &mut dyn FnMut(i64, &str, &str)) -> rusqlite::Result<()> {
        let mut statement = self.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            each(
                row.get(0)?,
                &row.get::<_, String>(1)?,
                &row.get::<_, String>(2)?,
            );
        }
        Ok(())
    }

    fn is_row_refused(&self, error: &rusqlite::Error) -> bool {
        is_row_refused(error) && !self.is_autocommit()
    }

    // An insert passes over keys that exist.
    fn is_key_taken(&self, _: &rusqlite::Error) -> bool {
        false
    }

    fn refusal(&self, error: &rusqlite::Error, _: i64) -> rusqlite::Result<Refusal> {
        Ok(refusal_of(error, reason(error)))
    }
}
