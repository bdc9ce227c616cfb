//! The words of PostgreSQL for what databases share, and its connection.

use std::cell::RefCell;
use std::collections::HashMap;

use tokio_postgres::types::Type;

use super::client::{Client, Parameters};
use super::direct;
use super::fault::{fault, is_row_refused, key_taken, reason};
use super::fit::Kind;
use super::names::{quote, quoted};
use super::stage::Stage;
use super::target::{Column, Target};
use crate::error::Error;
use crate::mode::Mode;
use crate::plan::Plan;
use crate::relational::{
    Dialect, KEY_EXISTS, Refusal, Runs, TARGET_CONSTRAINT, Tables, Words, bad_reference, probes,
};

/// The words for an import into a target.
pub(super) fn words(plan: &Plan, columns: &[Column], target: &Target, stage: &Stage) -> Words {
    let tables = Tables {
        target: target.name.clone(),
        stage: stage.rows.clone(),
        exceptions: stage.exceptions.clone(),
        hit: stage.hit.clone(),
        dup: stage.dup.clone(),
        gone: stage.gone.clone(),
        changed: stage.changed.clone(),
    };
    let dialect = Postgres {
        columns,
        schema: &target.schema,
        target: Some(target),
    };
    let words = Words::new(plan, tables, &dialect, &|at| columns[at].keeps_existing);
    let lock = format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", target.name);
    let mut prepare = Vec::new();
    // What others write meanwhile would be in nobody's counts and images.
    if plan.mode.updates() || plan.mode == Mode::Replace {
        prepare.push(lock.clone());
    }
    let written = columns.iter().enumerate();
    let written = written.filter(|(_, column)| column.kind == Kind::Written);
    let written: Vec<String> = written.map(|(at, _)| dialect.value(at)).collect();
    Words {
        prepare,
        before_joins: vec![format!("ANALYZE {}", stage.rows)],
        // ON CONFLICT takes nearly twice as long, for each row is announced before it is written.
        unless_key_exists: None,
        unreadable: (!written.is_empty())
            .then(|| format!("num_nonnulls({}) < 0", written.join(", "))),
        before: plan
            .undo
            .then(|| (stage.before.clone(), "(t.*)::text".to_owned())),
        before_ranges: vec![lock, format!("CREATE INDEX ON {} (n)", stage.rows)],
        ..words
    }
}

/// Whether the tables that the plan refers to are there.
pub(super) fn check_references(
    client: &Client,
    shown: &str,
    plan: &Plan,
    columns: &[Column],
    schema: &str,
    stage: &Stage,
) -> Result<(), Error> {
    let dialect = Postgres {
        columns,
        schema,
        target: None,
    };
    for (table, sql) in probes(plan, &dialect, &stage.rows) {
        client.run(&sql).map_err(|error| match error.code() {
            Some(code) if code.code().starts_with("42") => bad_reference(&table, &reason(&error)),
            _ => fault(shown, "reading the tables of")(error),
        })?;
    }
    Ok(())
}

struct Postgres<'a> {
    columns: &'a [Column],
    schema: &'a str,
    target: Option<&'a Target>,
}

impl Dialect for Postgres<'_> {
    fn quote(&self, name: &str) -> String {
        quote(name)
    }

    fn table(&self, name: &str) -> String {
        quoted(self.schema, name)
    }

    fn value(&self, at: usize) -> String {
        let column = &self.columns[at];
        match column.kind {
            Kind::Written => format!("CAST(s.c{at} AS {})", column.declared),
            _ => format!("s.c{at}"),
        }
    }

    fn text(&self, at: usize) -> String {
        format!("coalesce(s.c{at}::text, '')")
    }

    fn differs(&self, at: usize, value: &str) -> String {
        let column = &self.columns[at];
        let there = format!("t.{}", quote(&column.name));
        match column.kind {
            // Some have no equality, that of others is of areas (box) or letters without their case (citext).
            Kind::Written => format!("{there}::text IS DISTINCT FROM ({value})::text"),
            Kind::Text(_) | Kind::Padded(_) => {
                format!("{there} IS DISTINCT FROM {value} COLLATE \"C\"")
            }
            _ => self.is_distinct(&there, value),
        }
    }

    fn is_same_key(&self, at: usize, column: &str) -> String {
        format!("{column} = {}", self.value(at))
    }

    fn key_value(&self, at: usize) -> String {
        self.value(at)
    }

    fn given(&self, column: &str, number: usize) -> String {
        let declared = self.target.and_then(|target| target.declared(column));
        let declared = declared.unwrap_or("text");
        format!("CAST(${number} AS {declared})")
    }

    fn is_distinct(&self, column: &str, value: &str) -> String {
        format!("{column} IS DISTINCT FROM {value}")
    }
}

/// The connection while rows are merged.
pub(super) struct Merging<'a> {
    client: &'a Client,
    columns: &'a [Column],
    target: &'a Target,
    stage: &'a Stage,
    /// The first column of each constraint that was asked for.
    constraints: RefCell<HashMap<String, Option<String>>>,
    /// The transactions, within the one at hand, that wrote to the target.
    writers: RefCell<Vec<String>>,
}

impl Merging<'_> {
    pub(super) fn new<'a>(
        client: &'a Client,
        columns: &'a [Column],
        target: &'a Target,
        stage: &'a Stage,
    ) -> Merging<'a> {
        Merging {
            client,
            columns,
            target,
            stage,
            constraints: RefCell::default(),
            writers: RefCell::default(),
        }
    }

    /// The transactions that wrote to the target: rows of theirs have these numbers as `xmin`.
    pub(super) fn writers(&self) -> Vec<String> {
        self.writers.borrow().clone()
    }

    /// The first column whose value, a text, the server cannot read as the type of the column.
    fn unreadable(&self, n: i64) -> Result<Option<String>, tokio_postgres::Error> {
        let written = self.columns.iter().enumerate();
        for (at, column) in written.filter(|(_, column)| column.kind == Kind::Written) {
            let read = self.client.run(&format!(
                "SAVEPOINT sheetlift_value; SELECT CAST(s.c{at} AS {}) FROM {} AS s WHERE s.n = {n}",
                column.declared, self.stage.rows
            ));
            self.client
                .run("ROLLBACK TO SAVEPOINT sheetlift_value; RELEASE SAVEPOINT sheetlift_value")?;
            match read {
                Err(error) if is_row_refused(&error) => return Ok(Some(column.name.clone())),
                read => read?,
            }
        }
        Ok(None)
    }

    /// The first column of a constraint of the target, or of a unique index.
    fn column_of(&self, constraint: &str) -> Result<Option<String>, tokio_postgres::Error> {
        if let Some(found) = self.constraints.borrow().get(constraint) {
            return Ok(found.clone());
        }
        let row = self.client.row(
            "SELECT a.attname::text FROM (
                 SELECT conkey[1] AS first FROM pg_constraint WHERE conrelid = $1 AND conname = $2
                 UNION ALL SELECT x.indkey[0] FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
                 WHERE x.indrelid = $1 AND i.relname = $2) AS k
             JOIN pg_attribute a ON a.attrelid = $1 AND a.attnum = k.first",
            &[(&self.target.oid, Type::OID), (&constraint, Type::TEXT)],
        )?;
        let column = row.map(|row| row.try_get::<_, String>(0)).transpose()?;
        let mut known = self.constraints.borrow_mut();
        known.insert(constraint.to_owned(), column.clone());
        Ok(column)
    }
}

impl Runs for Merging<'_> {
    type Error = tokio_postgres::Error;

    fn execute(&self, sql: &str, texts: &[Option<&str>]) -> Result<u64, tokio_postgres::Error> {
        let parameters: Vec<(&(dyn tokio_postgres::types::ToSql + Sync), Type)> = texts
            .iter()
            .map(|text| {
                (
                    text as &(dyn tokio_postgres::types::ToSql + Sync),
                    Type::TEXT,
                )
            })
            .collect();
        let parameters: Parameters<'_> = &parameters;
        self.client.execute(sql, parameters)
    }

    fn numbers(&self, sql: &str) -> Result<Vec<i64>, tokio_postgres::Error> {
        let rows = self.client.rows(sql, &[])?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }

    fn pairs(
        &self,
        sql: &str,
        each: &mut dyn FnMut(i64, i64),
    ) -> Result<(), tokio_postgres::Error> {
        self.client.each(sql, &[], &mut |row| {
            each(row.try_get(0)?, i64::from(row.try_get::<_, i32>(1)?));
            Ok(())
        })
    }

    fn noted(
        &self,
        sql: &str,
        each: &mut dyn FnMut(i64, &str, &str),
    ) -> Result<(), tokio_postgres::Error> {
        direct::noted(self.client, sql, each)
    }

    // A savepoint is a transaction of its own to the rows that are written within.
    fn has_written(&self) -> Result<(), tokio_postgres::Error> {
        let sql = format!(
            "INSERT INTO {} VALUES (-1) RETURNING xmin::text",
            self.stage.changed
        );
        let row = self.client.row(&sql, &[])?;
        if let Some(writer) = row.map(|row| row.try_get(0)).transpose()? {
            let mut writers = self.writers.borrow_mut();
            if !writers.contains(&writer) {
                writers.push(writer);
            }
        }
        Ok(())
    }

    fn is_row_refused(&self, error: &tokio_postgres::Error) -> bool {
        is_row_refused(error)
    }

    fn is_key_taken(&self, error: &tokio_postgres::Error) -> bool {
        let ours = &self.target.key_indexes;
        key_taken(error).is_some_and(|name| ours.iter().any(|index| index == name))
    }

    fn refusal(
        &self,
        error: &tokio_postgres::Error,
        n: i64,
    ) -> Result<Refusal, tokio_postgres::Error> {
        let taken = self.is_key_taken(error);
        let code = if taken { KEY_EXISTS } else { TARGET_CONSTRAINT };
        let said = error.as_db_error();
        let column = match said.and_then(|said| said.column()) {
            Some(column) => Some(column.to_owned()),
            None => match said.and_then(|said| said.constraint()) {
                Some(constraint) => self.column_of(constraint)?,
                None => self.unreadable(n)?,
            },
        };
        Ok(Refusal {
            code,
            reason: reason(error),
            column,
        })
    }
}
