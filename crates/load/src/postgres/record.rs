//! What became of rows, in the outcome and in the ledger.

use super::import::PostgresImport;
use crate::outcome::{MAX_LISTED_CONFLICTS, RowConflict};
use crate::plan::Plan;

impl PostgresImport {
    /// Where a row of the side table is, as columns `part` and `row`.
    fn place(&self) -> (String, String) {
        match self.plan.parts.is_empty() {
            true => ("NULL".to_owned(), "a.src".to_owned()),
            false => (
                format!("($1::text[])[a.src / {} + 1]", Plan::PART_ROWS),
                format!("a.src % {}", Plan::PART_ROWS),
            ),
        }
    }

    pub(super) fn conflicts(&self) -> Result<Vec<RowConflict>, tokio_postgres::Error> {
        let (part, row) = self.place();
        let rows = self.client.rows(
            &format!(
                "SELECT {part}, {row}, a.code, a.reason, a.key_text, a.col, $1::text[] IS NULL FROM {} AS a
                 ORDER BY a.src LIMIT {MAX_LISTED_CONFLICTS}",
                self.stage.exceptions
            ),
            &[(&self.plan.parts, tokio_postgres::types::Type::TEXT_ARRAY)],
        )?;
        let conflicts = rows.iter().map(|row| {
            let number: i64 = row.try_get(1)?;
            Ok(RowConflict {
                part: row.try_get(0)?,
                row: number as u32,
                code: row.try_get(2)?,
                reason: row.try_get(3)?,
                key: row.try_get(4)?,
                column: row.try_get(5)?,
            })
        });
        conflicts.collect()
    }

    /// Rejected and refused rows become rows of the ledger.
    pub(super) fn record(&self) -> Result<(), tokio_postgres::Error> {
        let (part, row) = self.place();
        let (ledger, stage) = (&self.ledger, &self.stage);
        let copies = [
            (
                &ledger.rejects,
                "codes, reason, raw",
                &stage.rejects,
                "a.codes, a.reason, a.raw",
            ),
            (
                &ledger.outcomes,
                "outcome, reason, key, column_name",
                &stage.exceptions,
                "a.code, a.reason, a.key_text, a.col",
            ),
        ];
        for (table, names, aside, values) in copies {
            // Of an import that was taken back and is loaded again, the latest run counts.
            self.client.execute(
                &format!("DELETE FROM {table} WHERE import_id = $1"),
                &[(&self.import_id, tokio_postgres::types::Type::TEXT)],
            )?;
            self.client.execute(
                &format!(
                    "INSERT INTO {table} (import_id, part, \"row\", {names})
                     SELECT $2, {part}, {row}, {values} FROM {aside} AS a WHERE $1::text[] IS NOT NULL ORDER BY a.src"
                ),
                &[
                    (&self.plan.parts, tokio_postgres::types::Type::TEXT_ARRAY),
                    (&self.import_id, tokio_postgres::types::Type::TEXT),
                ],
            )?;
        }
        match &self.plan.replay_of {
            Some(replayed) => ledger.leave_quarantine(&self.client, replayed, &self.import_id),
            None => Ok(()),
        }
    }
}
