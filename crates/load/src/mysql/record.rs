//! What became of rows, in the outcome and in the ledger.

use mysql_async::Value;

use super::client::{Database, get};
use super::fault::fault;
use super::import::MySqlImport;
use super::ledger::{IMPORTS, OUTCOMES, REJECTS};
use super::stage::Stage;
use crate::error::Result;
use crate::outcome::{MAX_LISTED_CONFLICTS, Reject, RowConflict};
use crate::plan::Plan;
use crate::sink::{Origin, not_read_again};

impl MySqlImport {
    /// Where a row of the side table is, as columns `part` and `row`.
    fn place(&self) -> (String, String) {
        let parts = vec!["?"; self.plan.parts.len()].join(", ");
        let rows = Plan::PART_ROWS;
        match parts.is_empty() {
            true => ("NULL".to_owned(), "a.src".to_owned()),
            false => (
                format!("elt(a.src DIV {rows} + 1, {parts})"),
                format!("a.src % {rows}"),
            ),
        }
    }

    fn parts(&self) -> Vec<Value> {
        self.plan
            .parts
            .iter()
            .map(|part| part.as_str().into())
            .collect()
    }

    pub(super) fn conflicts(&self) -> Database<Vec<RowConflict>> {
        let (part, row) = self.place();
        let rows = self.client.rows(
            &format!(
                "SELECT {part}, {row}, a.code, a.reason, a.key_text, a.col FROM {} AS a
                 ORDER BY a.src, a.seq LIMIT {MAX_LISTED_CONFLICTS}",
                self.stage.exceptions
            ),
            self.parts(),
        )?;
        let conflicts = rows.iter().map(|row| {
            Ok(RowConflict {
                part: get(row, 0)?,
                row: get::<i64>(row, 1)? as u32,
                code: get(row, 2)?,
                reason: get(row, 3)?,
                key: get(row, 4)?,
                column: get(row, 5)?,
            })
        });
        conflicts.collect()
    }

    /// Rows that do not enter are put beside those that were rejected, as they were read, where they can be: in a replay they are in the
    /// quarantine already. Gives the layout of the source.
    pub(super) fn keep_refused(&mut self, shown: &str) -> Result<Option<String>> {
        let Some(Origin { layout, raw_rows }) = self.origin.take() else {
            return Ok(None);
        };
        let fail = fault(shown, "recording the outcome in");
        let sql = format!("SELECT src FROM {} ORDER BY 1", self.stage.exceptions);
        let mut refused = Vec::new();
        let read = self.client.each(&sql, Vec::new(), &mut |row| {
            refused.push(get::<i64>(row, 0)? as u32);
            Ok(())
        });
        read.map_err(&fail)?;
        if refused.is_empty() || self.plan.replay_of.is_some() {
            return Ok(Some(layout));
        }
        for row in raw_rows(refused) {
            let (row, raw) = row.map_err(not_read_again)?;
            // Code and reason are among the exceptions.
            let reject = Reject {
                row,
                codes: Vec::new(),
                reason: String::new(),
                raw,
            };
            let kept = self.stage.reject(&self.client, &[reject]);
            kept.map_err(|error| error.said(&fail))?;
        }
        let sent = self.stage.finish(&self.client);
        sent.map_err(|error| error.said(&fail))?;
        Ok(Some(layout))
    }

    /// Rejected and refused rows become rows of the ledger. Gives the number of rows that have left the quarantine of another import.
    pub(super) fn record(&self) -> Database<u64> {
        // Of an import that was taken back and is loaded again, the latest run counts. What was never there is not looked for:
        // that would keep others from writing beside it.
        if self.has_previous() {
            for table in [REJECTS, OUTCOMES] {
                let sql = format!("DELETE FROM {table} WHERE import_id = ?");
                self.client
                    .execute(&sql, vec![self.import_id.as_str().into()])?;
            }
        }
        let (part, row) = self.place();
        let (exceptions, rejected) = (&self.stage.exceptions, &self.stage.rejects);
        self.client.execute(
            &format!(
                "INSERT INTO {OUTCOMES} (import_id, part, `row`, outcome, reason, `key`, column_name)
                 SELECT ?, {part}, {row}, a.code, a.reason, a.key_text, a.col FROM {exceptions} AS a ORDER BY a.src, a.seq"
            ),
            self.with_parts(&self.import_id),
        )?;
        let Some(replayed) = &self.plan.replay_of else {
            self.client.execute(
                &format!(
                    "INSERT INTO {REJECTS} (import_id, part, `row`, codes, reason, raw)
                     SELECT ?, {part}, {row}, coalesce(e.code, a.codes), coalesce(e.reason, a.reason), a.raw
                     FROM {rejected} AS a LEFT JOIN {exceptions} AS e ON e.src = a.src ORDER BY a.src, a.seq"
                ),
                self.with_parts(&self.import_id),
            )?;
            return Ok(0);
        };
        self.leave(replayed)
    }

    /// Rows of a quarantine that were loaded leave it, and the others are told why they stay. Gives how many left.
    fn leave(&self, replayed: &str) -> Database<u64> {
        // Nobody takes it back meanwhile.
        let sql = format!(
            "SELECT 1 FROM {IMPORTS} WHERE import_id = ? AND state = 'committed' LOCK IN SHARE MODE"
        );
        if self.client.row(&sql, vec![replayed.into()])?.is_none() {
            return Ok(0);
        }
        let (part, row) = self.place();
        let Stage {
            rows,
            gone,
            exceptions,
            rejects,
            ..
        } = &self.stage;
        // As bytes: blanks at the end tell sheets apart.
        let same = "r.import_id = ? AND r.`row` = x.place AND CAST(r.part AS BINARY) <=> CAST(x.part AS BINARY) AND r.replayed_by IS NULL";
        let entered = format!(
            "SELECT {part} AS part, {row} AS place FROM {rows} AS a WHERE NOT EXISTS (SELECT 1 FROM {gone} AS x WHERE x.n = a.n)"
        );
        let mut parameters = self.parts();
        parameters.extend([replayed.into(), self.import_id.as_str().into()]);
        let left = self.client.execute(
            &format!(
                "UPDATE ({entered}) AS x STRAIGHT_JOIN {REJECTS} AS r ON {same} SET r.replayed_by = ?"
            ),
            parameters,
        )?;
        for (aside, codes) in [(rejects, "codes"), (exceptions, "code")] {
            let stay = format!(
                "SELECT {part} AS part, {row} AS place, a.{codes} AS codes, a.reason FROM {aside} AS a"
            );
            let mut parameters = self.parts();
            parameters.push(replayed.into());
            self.client.execute(
                &format!(
                    "UPDATE ({stay}) AS x STRAIGHT_JOIN {REJECTS} AS r ON {same} SET r.codes = x.codes, r.reason = x.reason"
                ),
                parameters,
            )?;
        }
        Ok(left)
    }

    /// A first parameter, and those of `place`.
    fn with_parts(&self, first: &str) -> Vec<Value> {
        let first = std::iter::once(Value::from(first));
        first.chain(self.parts()).collect()
    }
}
