//! From the stage into the target, inside the final transaction.
//!
//! First it is settled, set-based, which staged rows meet a key of the target (`hit`) and which repeat a key of an earlier
//! staged row (`dup`). Then one INSERT and, for upserts, one UPDATE move all rows. If the target refuses a row, the
//! statement as a whole fails: a savepoint takes it back and the rows are moved one by one, so that only the refused ones
//! become conflicts. Both ways give the same numbers wherever both can work.

use rusqlite::Connection;
use rusqlite::types::ToSqlOutput;

use super::fault::is_row_refused;
use super::names::{in_main, joined, list, quote};
use super::rows::{Refusal, insert, insert_sql, refusal, unless_key_exists};
use super::schema::Column;
use super::scratch::{DUP, HIT, KEY_EXISTS, MAX_KEY_CHARS, STAGE, count, except};
use super::target::Target;
use crate::mode::Mode;
use crate::plan::Plan;

/// How many staged rows did what; conflicts are in the exceptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Merged {
    pub(super) inserted: u64,
    pub(super) updated: u64,
    pub(super) unchanged: u64,
}

/// Merges the stage, which holds so many rows.
pub(super) fn merge(
    conn: &Connection,
    plan: &Plan,
    columns: &[Column],
    target: &Target,
    staged: u64,
) -> rusqlite::Result<Merged> {
    let merge = Merge {
        conn,
        plan,
        columns,
        target,
    };
    merge.find_hits()?;
    conn.execute_batch("SAVEPOINT sheetlift_merge")?;
    match merge.by_set(staged) {
        Ok(Some(merged)) => {
            conn.execute_batch("RELEASE sheetlift_merge")?;
            return Ok(merged);
        }
        Ok(None) => {}
        Err(error) if is_row_refused(&error) && !conn.is_autocommit() => {}
        Err(error) => return Err(error),
    }
    conn.execute_batch("ROLLBACK TO sheetlift_merge; RELEASE sheetlift_merge")?;
    merge.row_by_row()
}

struct Merge<'a> {
    conn: &'a Connection,
    plan: &'a Plan,
    columns: &'a [Column],
    target: &'a Target,
}

impl Merge<'_> {
    /// Fills `hit`, and `dup` where hits alone do not settle what a repeated key means.
    fn find_hits(&self) -> rusqlite::Result<()> {
        if self.plan.key.is_empty() || self.target.is_empty {
            return Ok(());
        }
        self.conn.execute(
            &format!(
                "INSERT INTO {HIT} SELECT s.rowid FROM {STAGE} AS s
                 WHERE EXISTS (SELECT 1 FROM {} AS t WHERE {})",
                in_main(&self.plan.table),
                self.same_key("t", |i| format!("s.c{i}"))
            ),
            [],
        )?;
        if self.plan.mode != Mode::Insert && self.count_hits()? > 0 {
            self.find_dups()?;
        }
        Ok(())
    }

    /// Fills `dup` with every staged row whose key came before.
    fn find_dups(&self) -> rusqlite::Result<()> {
        let key = joined(
            self.key_columns()
                .map(|(i, collation)| format!("c{i} COLLATE {}", quote(collation))),
            ", ",
        );
        self.conn.execute(
            &format!(
                "INSERT INTO {DUP} SELECT id FROM (SELECT rowid AS id,
                 row_number() OVER (PARTITION BY {key} ORDER BY rowid) AS place FROM {STAGE}) WHERE place > 1"
            ),
            [],
        )?;
        Ok(())
    }

    /// None if the counts do not add up, which leaves the verdict to the row-by-row way.
    fn by_set(&self, staged: u64) -> rusqlite::Result<Option<Merged>> {
        let inserted = self.insert_by_set()?;
        let taken = self.count_taken()?;
        if taken + inserted < staged {
            // Keys repeat among the new rows: the database kept the first of each.
            self.find_dups()?;
            if self.count_taken()? + inserted != staged {
                return Ok(None);
            }
        }
        let conflicts = match self.plan.mode {
            Mode::Insert => format!("SELECT id FROM {HIT} UNION SELECT id FROM {DUP}"),
            Mode::InsertMissing | Mode::Upsert => format!("SELECT id FROM {DUP}"),
        };
        self.except_by_set(&conflicts)?;
        let met = match self.plan.mode {
            Mode::Insert => 0,
            Mode::InsertMissing | Mode::Upsert => count(
                self.conn,
                &format!("SELECT count(*) FROM {HIT} WHERE id NOT IN (SELECT id FROM {DUP})"),
            )?,
        };
        let updated = if self.plan.mode == Mode::Upsert && met > 0 {
            self.update_by_set()?
        } else {
            0
        };
        Ok(met.checked_sub(updated).map(|unchanged| Merged {
            inserted,
            updated,
            unchanged,
        }))
    }

    fn insert_by_set(&self) -> rusqlite::Result<u64> {
        let names = list(self.columns.iter().map(|column| column.name.as_str()));
        let staged = joined((0..self.columns.len()).map(|i| format!("s.c{i}")), ", ");
        let sql = format!(
            "INSERT OR ABORT INTO {} ({names}) SELECT {staged} FROM {STAGE} AS s
             WHERE s.rowid NOT IN (SELECT id FROM {HIT}) AND s.rowid NOT IN (SELECT id FROM {DUP})
             ORDER BY s.rowid{}",
            in_main(&self.plan.table),
            unless_key_exists(self.plan)
        );
        self.conn.execute(&sql, []).map(|rows| rows as u64)
    }

    fn update_by_set(&self) -> rusqlite::Result<u64> {
        let changes = self.changes(|i| format!("s.c{i}"));
        let Some((set, differs)) = changes else {
            return Ok(0);
        };
        let sql = format!(
            "UPDATE OR ABORT {} AS t SET {set} FROM {STAGE} AS s
             WHERE {} AND s.rowid IN (SELECT id FROM {HIT}) AND s.rowid NOT IN (SELECT id FROM {DUP})
             AND ({differs})",
            in_main(&self.plan.table),
            self.same_key("t", |i| format!("s.c{i}"))
        );
        self.conn.execute(&sql, []).map(|rows| rows as u64)
    }

    fn except_by_set(&self, ids: &str) -> rusqlite::Result<()> {
        let Refusal { code, reason } = Refusal::key_exists();
        debug_assert_eq!(code, KEY_EXISTS);
        let sql = format!(
            "INSERT INTO {} SELECT s.src, ?1, ?2, {} FROM {STAGE} AS s WHERE s.rowid IN ({ids}) ORDER BY s.rowid",
            super::scratch::EXCEPTIONS,
            self.key_text()
        );
        self.conn.execute(&sql, [code, &reason])?;
        Ok(())
    }

    fn row_by_row(&self) -> rusqlite::Result<Merged> {
        let conn = self.conn;
        let values = self.columns.len();
        let staged = joined((0..values).map(|i| format!("s.c{i}")), ", ");
        let mut rows = conn.prepare(&format!(
            "SELECT {staged}, s.src, s.rowid IN (SELECT id FROM {HIT}), s.rowid IN (SELECT id FROM {DUP}), {}
             FROM {STAGE} AS s ORDER BY s.rowid",
            self.key_text()
        ))?;
        let mut insert_row = conn.prepare_cached(&insert_sql(self.plan, self.columns))?;
        let mut update_row = match self.update_row_sql() {
            Some(sql) if self.plan.mode == Mode::Upsert => Some(conn.prepare_cached(&sql)?),
            _ => None,
        };
        let mut merged = Merged {
            inserted: 0,
            updated: 0,
            unchanged: 0,
        };
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let (is_hit, is_dup): (bool, bool) = (row.get(values + 1)?, row.get(values + 2)?);
            let statement = match (self.plan.mode, is_hit) {
                (_, false) => &mut insert_row,
                (Mode::Insert, true) => {
                    self.except(row, Refusal::key_exists())?;
                    continue;
                }
                (_, true) if is_dup => {
                    self.except(row, Refusal::key_exists())?;
                    continue;
                }
                (Mode::InsertMissing, true) => {
                    merged.unchanged += 1;
                    continue;
                }
                (Mode::Upsert, true) => match &mut update_row {
                    Some(update_row) => update_row,
                    None => {
                        merged.unchanged += 1;
                        continue;
                    }
                },
            };
            for place in 0..values {
                let value = ToSqlOutput::Borrowed(row.get_ref(place)?);
                statement.raw_bind_parameter(place + 1, value)?;
            }
            if !is_hit {
                match insert(conn, statement)? {
                    None => merged.inserted += 1,
                    Some(refusal) => self.except(row, refusal)?,
                }
                continue;
            }
            match statement.raw_execute() {
                Ok(0) => merged.unchanged += 1,
                Ok(_) => merged.updated += 1,
                Err(error) => self.except(row, refusal(conn, error)?)?,
            }
        }
        Ok(merged)
    }

    fn except(&self, row: &rusqlite::Row<'_>, refusal: Refusal) -> rusqlite::Result<()> {
        let values = self.columns.len();
        let (source_row, key): (u32, String) = (row.get(values)?, row.get(values + 3)?);
        except(self.conn, source_row, refusal.code, &refusal.reason, &key)
    }

    fn update_row_sql(&self) -> Option<String> {
        let (set, differs) = self.changes(|i| format!("?{}", i + 1))?;
        let same = self.same_key("t", |i| format!("?{}", i + 1));
        let table = in_main(&self.plan.table);
        Some(format!(
            "UPDATE OR ABORT {table} AS t SET {set} WHERE {same} AND ({differs})"
        ))
    }

    /// `SET` list and the test for a difference; none if there are only key columns. The target's column stands on the
    /// left, so that its affinity applies to the staged value; texts differ when their bytes do.
    fn changes(&self, value: impl Fn(usize) -> String) -> Option<(String, String)> {
        let others = || {
            self.columns
                .iter()
                .enumerate()
                .filter(|(_, column)| !column.is_key)
        };
        others().next()?;
        let value = |i: usize, column: &Column| match column.keeps_existing {
            true => format!("coalesce({}, t.{})", value(i), quote(&column.name)),
            false => value(i),
        };
        let set =
            others().map(|(i, column)| format!("{} = {}", quote(&column.name), value(i, column)));
        let differs = others().map(|(i, column)| {
            format!(
                "t.{} IS NOT {} COLLATE BINARY",
                quote(&column.name),
                value(i, column)
            )
        });
        Some((joined(set, ", "), joined(differs, " OR ")))
    }

    /// Equal keys, as the unique index of the target sees them.
    fn same_key(&self, target: &str, value: impl Fn(usize) -> String) -> String {
        let parts = self.key_columns().map(|(i, collation)| {
            let name = quote(&self.columns[i].name);
            format!(
                "{target}.{name} = {} COLLATE {}",
                value(i),
                quote(collation)
            )
        });
        joined(parts, " AND ")
    }

    /// The key for people, shortened; empty without a key.
    fn key_text(&self) -> String {
        let parts = self
            .key_columns()
            .map(|(i, _)| match self.columns[i].class {
                crate::class::Class::Bytes => format!("hex(s.c{i})"),
                _ => format!("coalesce(CAST(s.c{i} AS TEXT), '')"),
            });
        let parts: Vec<String> = parts.collect();
        if parts.is_empty() {
            return "''".to_owned();
        }
        format!("substr({}, 1, {MAX_KEY_CHARS})", parts.join(" || ', ' || "))
    }

    /// Key columns as places in the import, each with its collation, in the order of the plan's key.
    fn key_columns(&self) -> impl Iterator<Item = (usize, &str)> {
        let place = |name: &String| self.columns.iter().position(|column| &column.name == name);
        let collations = self.target.key_collations.iter().map(String::as_str);
        self.plan.key.iter().filter_map(place).zip(collations)
    }

    fn count_hits(&self) -> rusqlite::Result<u64> {
        count(self.conn, &format!("SELECT count(*) FROM {HIT}"))
    }

    /// Staged rows that are not to be inserted.
    fn count_taken(&self) -> rusqlite::Result<u64> {
        let taken = format!("SELECT id FROM {HIT} UNION SELECT id FROM {DUP}");
        count(self.conn, &format!("SELECT count(*) FROM ({taken})"))
    }
}
