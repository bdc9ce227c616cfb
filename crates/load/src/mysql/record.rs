//! What became of rows, in the outcome and in the ledger.

use mysql_async::Value;

use super::client::{Database, get};
use super::import::MySqlImport;
use super::ledger::{OUTCOMES, REJECTS, leave_quarantine};
use crate::outcome::{MAX_LISTED_CONFLICTS, RowConflict};
use crate::plan::Plan;

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

    /// Rejected and refused rows become rows of the ledger.
    pub(super) fn record(&self) -> Database<()> {
        let (part, row) = self.place();
        let copies = [
            (
                REJECTS,
                "codes, reason, raw",
                &self.stage.rejects,
                "a.codes, a.reason, a.raw",
            ),
            (
                OUTCOMES,
                "outcome, reason, `key`, column_name",
                &self.stage.exceptions,
                "a.code, a.reason, a.key_text, a.col",
            ),
        ];
        for (table, names, aside, values) in copies {
            // Of an import that was taken back and is loaded again, the latest run counts. What was never there is not looked for:
            // that would keep others from writing beside it.
            if self.has_previous() {
                let sql = format!("DELETE FROM {table} WHERE import_id = ?");
                self.client
                    .execute(&sql, vec![self.import_id.as_str().into()])?;
            }
            let mut parameters: Vec<Value> = vec![self.import_id.as_str().into()];
            parameters.extend(self.parts());
            self.client.execute(
                &format!(
                    "INSERT INTO {table} (import_id, part, `row`, {names})
                     SELECT ?, {part}, {row}, {values} FROM {aside} AS a ORDER BY a.src, a.seq"
                ),
                parameters,
            )?;
        }
        match &self.plan.replay_of {
            Some(replayed) => leave_quarantine(&self.client, replayed, &self.import_id),
            None => Ok(()),
        }
    }
}
