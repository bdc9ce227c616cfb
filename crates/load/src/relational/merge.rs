//! From the stage into the target, inside the final transaction.
//!
//! Everything is settled by sets: rows that refer to nothing are put aside, then it is looked up which rows meet a key of the target
//! (`hit`) and which repeat a key of an earlier row (`dup`). One INSERT and one UPDATE move the others. If the target refuses a row,
//! the statement as a whole fails: a savepoint takes it back, and ever smaller ranges of rows are moved, so that only the refused ones
//! become conflicts. New rows come first, then changes, then what the source lacks.

use super::words::Words;
use super::{KEY_MISSING, REFERENCE_MISSING, Refusal, Runs};
use crate::error::Error;
use crate::mode::Mode;

/// How many staged rows did what; conflicts are noted among the exceptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Merged {
    pub(crate) inserted: u64,
    pub(crate) updated: u64,
    pub(crate) unchanged: u64,
    pub(crate) conflicts: u64,
    /// Rows of the target that were deleted or marked, for the source lacks them.
    pub(crate) removed: u64,
}

/// Why rows could not be merged.
#[derive(Debug)]
pub(crate) enum MergeError<E> {
    Database(E),
    Other(Error),
}

impl<E> From<E> for MergeError<E> {
    fn from(error: E) -> MergeError<E> {
        MergeError::Database(error)
    }
}

pub(super) type Result<T, E> = std::result::Result<T, MergeError<E>>;

/// Merges the stage, which holds so many rows; `rejected` others did not get there.
pub(crate) fn merge<R: Runs>(
    db: &R,
    words: &Words,
    staged: u64,
    rejected: u64,
) -> Result<Merged, R::Error> {
    for sql in &words.prepare {
        db.execute(sql, &[])?;
    }
    let mut merge = Merge {
        db,
        words,
        staged,
        rejected,
        way: Way::Whole { has_dups: false },
        merged: Merged::default(),
        gone: 0,
        rounds: 0,
        refused: 0,
    };
    loop {
        db.execute("SAVEPOINT sheetlift_merge", &[])?;
        let next = match merge.settle() {
            Ok(true) => {
                db.execute("RELEASE SAVEPOINT sheetlift_merge", &[])?;
                return Ok(merge.merged);
            }
            Ok(false) => match merge.way {
                Way::Whole { has_dups: false } if merge.has_key() => Way::Whole { has_dups: true },
                Way::Whole { .. } => Way::Ranges,
                Way::Ranges => return Err(MergeError::Other(rows_dropped())),
            },
            Err(MergeError::Database(error))
                if merge.way != Way::Ranges && db.is_row_refused(&error) =>
            {
                let may_be_twins = merge.way == (Way::Whole { has_dups: false });
                match may_be_twins && merge.has_key() && db.is_key_taken(&error) {
                    true => Way::Whole { has_dups: true },
                    false => Way::Ranges,
                }
            }
            Err(error) => return Err(error),
        };
        db.execute("ROLLBACK TO SAVEPOINT sheetlift_merge", &[])?;
        db.execute("RELEASE SAVEPOINT sheetlift_merge", &[])?;
        (merge.way, merge.merged, merge.gone) = (next, Merged::default(), 0);
    }
}

/// How rows are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// All at once. Repeated keys are looked for beforehand, or only where the counts say that there are some.
    Whole { has_dups: bool },
    /// By ranges, halved where the target refuses a row of them.
    Ranges,
}

pub(super) struct Merge<'a, R: Runs> {
    pub(super) db: &'a R,
    pub(super) words: &'a Words,
    staged: u64,
    pub(super) rejected: u64,
    pub(super) way: Way,
    pub(super) merged: Merged,
    /// Rows in `gone`.
    pub(super) gone: u64,
    /// How often rows were put there.
    rounds: u64,
    /// Those of them that the target refused one by one.
    pub(super) refused: u64,
}

impl<R: Runs> Merge<'_, R> {
    /// False where the counts do not add up, which leaves the verdict to another way.
    fn settle(&mut self) -> Result<bool, R::Error> {
        let words = self.words;
        if self.way == Way::Ranges {
            for sql in &words.before_ranges {
                self.db.execute(sql, &[])?;
            }
            if let Some(unreadable) = &words.unreadable {
                let look = format!("SELECT 1 FROM {} AS s WHERE {unreadable}", words.stage);
                self.move_rows(&|and| format!("{look}{and}"))?;
            }
        }
        if words.mode == Mode::Replace {
            self.keep(words.keep("removed", "-1", "", "true"))?;
            self.merged.removed = self.write(&format!("{} true", words.delete), &[])?;
        }
        if !words.references.is_empty() {
            self.before_joins()?;
        }
        for reference in &words.references {
            let refusal = Refusal::new(REFERENCE_MISSING, &reference.reason);
            let refusal = refusal.of_column(&reference.column);
            self.refuse(&reference.is_missing, &refusal)?;
        }
        let mut hits = self.find_hits()?;
        if !self.settle_dups(hits)? {
            return Ok(false);
        }
        if words.mode == Mode::Insert {
            hits -= self.refuse(&is_in(&words.hit), &Refusal::key_exists())?;
        } else if self.has_dups() {
            let twins = format!("{} AND {}", is_in(&words.hit), is_in(&words.dup));
            hits -= self.refuse(&twins, &Refusal::key_exists())?;
        }
        if words.mode == Mode::UpdateOnly {
            let refusal = Refusal::new(KEY_MISSING, "no row of the table has this key");
            self.refuse(&not_in(&words.hit), &refusal)?;
        } else if !self.insert(hits)? {
            return Ok(false);
        }
        if hits > 0 && words.mode.updates() {
            self.guard(&mut hits)?;
            if !self.update(&mut hits)? {
                return Ok(false);
            }
        }
        self.merged.unchanged = hits - self.merged.updated;
        if words.mode == Mode::Sync {
            self.remove_missing()?;
        }
        self.merged.conflicts = self.gone;
        let Merged {
            inserted,
            updated,
            unchanged,
            conflicts,
            ..
        } = self.merged;
        Ok(inserted + updated + unchanged + conflicts == self.staged)
    }

    fn has_key(&self) -> bool {
        !self.words.same_key.is_empty()
    }

    fn has_dups(&self) -> bool {
        self.has_key() && self.way != (Way::Whole { has_dups: false })
    }

    fn before_joins(&self) -> Result<(), R::Error> {
        for sql in &self.words.before_joins {
            self.execute(sql)?;
        }
        Ok(())
    }

    /// Fills `hit`.
    fn find_hits(&self) -> Result<u64, R::Error> {
        let Words {
            hit, stage, target, ..
        } = self.words;
        let rows = format!("SELECT count(*) FROM (SELECT 1 AS one FROM {target} LIMIT 1) AS t");
        if !self.has_key() || self.number(&rows)? == 0 {
            return Ok(0);
        }
        self.before_joins()?;
        let (is_hit, alive) = (self.words.is_hit(), self.alive());
        self.execute(&format!(
            "INSERT INTO {hit} SELECT s.n FROM {stage} AS s WHERE {is_hit}{alive}"
        ))
    }

    /// Fills `dup`, or says that it has to be filled.
    fn settle_dups(&self, hits: u64) -> Result<bool, R::Error> {
        let Words {
            hit,
            dup,
            stage,
            key_values,
            ..
        } = self.words;
        let alive = self.alive();
        if self.has_dups() {
            self.execute(&format!(
                "INSERT INTO {dup} SELECT n FROM (SELECT s.n, row_number() OVER (PARTITION BY {key_values} ORDER BY s.n) AS place
                 FROM {stage} AS s WHERE true{alive}) AS numbered WHERE place > 1"
            ))?;
            return Ok(true);
        }
        // Twins among rows that are new show when they are inserted.
        if !self.has_key() || hits == 0 || self.words.mode == Mode::Insert {
            return Ok(true);
        }
        let is_hit = is_in(hit);
        let keys = self.number(&self.words.count_keys(&format!("{is_hit}{alive}")))?;
        Ok(keys == hits)
    }

    /// Inserts what is new; false where rows are left over that nobody can explain.
    fn insert(&mut self, hits: u64) -> Result<bool, R::Error> {
        let Words { hit, dup, .. } = self.words;
        let fresh = self.staged - self.gone - hits;
        let mut new = self.alive();
        if hits > 0 {
            new += &format!(" AND {}", not_in(hit));
        }
        if !self.has_dups() {
            self.merged.inserted =
                self.move_rows(&|and| self.words.insert(&format!("{new}{and}")))?;
            return Ok(match self.way {
                Way::Whole { .. } => self.merged.inserted == fresh,
                Way::Ranges => true,
            });
        }
        let firsts = format!("{new} AND {}", not_in(dup));
        let before = self.gone;
        self.merged.inserted =
            self.move_rows(&|and| self.words.insert(&format!("{firsts}{and}")))?;
        if self.gone > before {
            self.insert_twins()?;
        }
        let twins = format!(
            "{}{}",
            is_in(dup),
            if hits > 0 {
                format!(" AND {}", not_in(hit))
            } else {
                String::new()
            }
        );
        self.refuse(&twins, &Refusal::key_exists())?;
        Ok(true)
    }

    /// Rows whose key came before may enter where the first of them was refused.
    fn insert_twins(&mut self) -> Result<(), R::Error> {
        let Words {
            stage, hit, dup, ..
        } = self.words;
        let twins = self.db.numbers(&format!(
            "SELECT s.n FROM {stage} AS s WHERE {} AND {} AND NOT {} ORDER BY s.n",
            is_in(dup),
            not_in(hit),
            self.words.is_hit()
        ))?;
        for n in twins {
            let entered = self.move_range(n, n, &|and| self.words.insert(and))?;
            if entered > 0 {
                self.merged.inserted += entered;
                self.execute(&format!("DELETE FROM {dup} WHERE n = {n}"))?;
            }
        }
        Ok(())
    }

    /// Puts aside what must not change.
    fn guard(&mut self, hits: &mut u64) -> Result<(), R::Error> {
        for guard in &self.words.guards {
            let which = format!(
                "{} AND {}",
                is_in(&self.words.hit),
                self.words.meets(&guard.is_refused)
            );
            let refusal = Refusal::new(guard.code, &guard.reason).of_column(&guard.column);
            *hits -= self.refuse(&which, &refusal)?;
        }
        Ok(())
    }

    /// False where fewer rows changed than were to.
    fn update(&mut self, hits: &mut u64) -> Result<bool, R::Error> {
        let Words {
            stage,
            hit,
            changed,
            ..
        } = self.words;
        let Some(differs) = self.words.differs() else {
            return Ok(true);
        };
        let (meets, alive) = (self.words.meets(&differs), self.alive());
        let changes = self.execute(&format!(
            "INSERT INTO {changed} SELECT s.n FROM {stage} AS s WHERE {} AND {meets}{alive}",
            is_in(hit)
        ))?;
        if changes > 0 {
            let stage = format!(" JOIN {stage} AS s ON {}", self.words.same_key);
            self.keep(self.words.keep("updated", "s.n", &stage, &is_in(changed)))?;
            let gone = self.gone;
            let is_changed = format!(" AND {}", is_in(changed));
            self.merged.updated =
                self.move_rows(&|and| self.words.update(&format!("{is_changed}{and}")))?;
            let refused = self.gone - gone;
            *hits -= refused;
            return Ok(self.merged.updated + refused == changes);
        }
        Ok(true)
    }

    /// Notes rows as conflicts.
    pub(super) fn refuse(&mut self, which: &str, refusal: &Refusal) -> Result<u64, R::Error> {
        let Words {
            exceptions,
            gone,
            stage,
            key_text,
            parameters: [code, reason, column],
            ..
        } = self.words;
        let alive = self.alive();
        self.rounds += 1;
        let round = self.rounds;
        // Looked at once: another look may find others.
        let refused = self.execute(&format!(
            "INSERT INTO {gone} (n, round) SELECT s.n, {round} FROM {stage} AS s WHERE {which}{alive}"
        ))?;
        if refused == 0 {
            return Ok(0);
        }
        self.gone += refused;
        self.db.execute(
            &format!(
                "INSERT INTO {exceptions} (src, code, reason, key_text, col)
                 SELECT s.src, {code}, {reason}, {key_text}, {column} FROM {stage} AS s
                 WHERE EXISTS (SELECT 1 FROM {gone} AS x WHERE x.n = s.n AND x.round = {round})"
            ),
            &[
                Some(refusal.code),
                Some(&refusal.reason),
                refusal.column.as_deref(),
            ],
        )?;
        Ok(refused)
    }

    /// The condition that a row was not put aside.
    fn alive(&self) -> String {
        match self.gone {
            0 => String::new(),
            _ => format!(" AND {}", not_in(&self.words.gone)),
        }
    }

    /// Runs a statement that writes to the target.
    pub(super) fn write(&self, sql: &str, texts: &[Option<&str>]) -> Result<u64, R::Error> {
        let written = self.db.execute(sql, texts)?;
        self.db.has_written()?;
        Ok(written)
    }

    /// Keeps rows as they are, where they are to be kept.
    pub(super) fn keep(&self, sql: Option<String>) -> Result<(), R::Error> {
        if let Some(sql) = sql {
            self.execute(&sql)?;
        }
        Ok(())
    }

    pub(super) fn execute(&self, sql: &str) -> Result<u64, R::Error> {
        Ok(self.db.execute(sql, &[])?)
    }

    pub(super) fn number(&self, sql: &str) -> Result<u64, R::Error> {
        let numbers = self.db.numbers(sql)?;
        Ok(numbers.first().copied().unwrap_or_default().unsigned_abs())
    }
}

fn is_in(table: &str) -> String {
    format!("EXISTS (SELECT 1 FROM {table} AS x WHERE x.n = s.n)")
}

fn not_in(table: &str) -> String {
    format!("NOT {}", is_in(table))
}

fn rows_dropped() -> Error {
    Error::target(
        "target/rows-dropped",
        "rows disappeared on their way into the table",
    )
    .with_hint("a trigger or a rule of the table drops rows, or compares keys in a way of its own")
}
