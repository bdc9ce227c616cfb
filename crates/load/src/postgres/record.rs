//! What became of rows, in the outcome and in the ledger.

use tokio_postgres::types::Type;

use super::client::Parameters;
use super::direct;
use super::fault::fault;
use super::import::PostgresImport;
use crate::error::Result;
use crate::outcome::{MAX_LISTED_CONFLICTS, Reject, RowConflict};
use crate::plan::Plan;
use crate::sink::{Origin, not_read_again};

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
            &[(&self.plan.parts, Type::TEXT_ARRAY)],
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

    /// Rows that do not enter are put beside those that were rejected, as they were read, where they can be: in a replay they are in the
    /// quarantine already. Gives the layout of the source.
    pub(super) fn keep_refused(&mut self, shown: &str) -> Result<Option<String>> {
        let Some(Origin { layout, raw_rows }) = self.origin.take() else {
            return Ok(None);
        };
        let fail = fault(shown, "recording the outcome in");
        let refused = direct::conflicts(&self.client, &self.stage).map_err(&fail)?;
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
    pub(super) fn record(&self) -> Result<u64, tokio_postgres::Error> {
        let (part, row) = self.place();
        let (ledger, stage) = (&self.ledger, &self.stage);
        let parameters: Parameters<'_> = &[
            (&self.plan.parts, Type::TEXT_ARRAY),
            (&self.import_id, Type::TEXT),
        ];
        // Of an import that was taken back and is loaded again, the latest run counts.
        for table in [&ledger.rejects, &ledger.outcomes] {
            self.client.execute(
                &format!("DELETE FROM {table} WHERE import_id = $1"),
                &[(&self.import_id, Type::TEXT)],
            )?;
        }
        let exceptions = &stage.exceptions;
        self.client.execute(
            &format!(
                "INSERT INTO {} (import_id, part, \"row\", outcome, reason, key, column_name)
                 SELECT $2, {part}, {row}, a.code, a.reason, a.key_text, a.col FROM {exceptions} AS a
                 WHERE $1::text[] IS NOT NULL ORDER BY a.src",
                ledger.outcomes
            ),
            parameters,
        )?;
        let (rejects, rejected) = (&ledger.rejects, &stage.rejects);
        let Some(replayed) = &self.plan.replay_of else {
            self.client.execute(
                &format!(
                    "INSERT INTO {rejects} (import_id, part, \"row\", codes, reason, raw)
                     SELECT $2, {part}, {row}, coalesce(e.code, a.codes), coalesce(e.reason, a.reason), a.raw
                     FROM {rejected} AS a LEFT JOIN {exceptions} AS e ON e.src = a.src
                     WHERE $1::text[] IS NOT NULL ORDER BY a.src"
                ),
                parameters,
            )?;
            return Ok(0);
        };
        // Nobody takes it back meanwhile.
        let committed = format!(
            "SELECT 1 FROM {} WHERE import_id = $1 AND state = 'committed' FOR SHARE",
            ledger.imports
        );
        if self
            .client
            .row(&committed, &[(replayed, Type::TEXT)])?
            .is_none()
        {
            return Ok(0);
        }
        let mut left = 0;
        let (rows, gone) = (&stage.rows, &stage.gone);
        for (set, from) in [
            (
                "replayed_by = $2",
                format!(
                    "SELECT {part}, {row}, '', '' FROM {rows} AS a WHERE NOT EXISTS (SELECT 1 FROM {gone} AS x WHERE x.n = a.n)"
                ),
            ),
            (
                "codes = x.codes, reason = x.reason",
                format!(
                    "SELECT {part}, {row}, a.codes, a.reason FROM {rejected} AS a
                     UNION ALL SELECT {part}, {row}, a.code, a.reason FROM {exceptions} AS a"
                ),
            ),
        ] {
            let moved = self.client.execute(
                &format!(
                    "UPDATE {rejects} AS r SET {set} FROM ({from}) AS x (part, place, codes, reason)
                     WHERE r.import_id = $3 AND r.replayed_by IS NULL AND r.\"row\" = x.place
                     AND r.part IS NOT DISTINCT FROM x.part AND $1::text[] IS NOT NULL AND $2::text IS NOT NULL"
                ),
                &[
                    (&self.plan.parts, Type::TEXT_ARRAY),
                    (&self.import_id, Type::TEXT),
                    (replayed, Type::TEXT),
                ],
            )?;
            if set.starts_with("replayed_by") {
                left = moved;
            }
        }
        Ok(left)
    }
}
