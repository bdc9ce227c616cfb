//! A new table is filled by COPY under the name of a stage, gets its key when all rows are in it, and then its own name. That costs
//! a fraction of a merge.

use tokio_postgres::types::Type;

use super::client::Client;
use super::fault::key_taken;
use super::names::{list, quote};
use super::stage::Stage;
use crate::mode::Mode;
use crate::plan::Plan;
use crate::relational::{MAX_KEY_CHARS, Merged, Refusal};

/// Whether a new table of the plan can be filled this way: nothing has to be looked up for its rows, and one key at most to be kept.
pub(super) fn can_go_direct(plan: &Plan) -> bool {
    plan.create_table
        && plan.references.is_empty()
        && plan.unique_keys.is_empty()
        && !matches!(plan.mode, Mode::UpdateOnly | Mode::Sync)
}

/// Where staged rows came from, in order of arrival.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// Runs of numbers that follow each other: the place of the first, and its number.
    runs: Vec<(u64, u32)>,
    len: u64,
}

impl Sources {
    pub(super) fn push(&mut self, source: u32) {
        let follows = self.runs.last().is_some_and(|&(start, first)| {
            u64::from(first) + (self.len - start) == u64::from(source)
        });
        if !follows {
            self.runs.push((self.len, source));
        }
        self.len += 1;
    }

    fn at(&self, place: u64) -> u32 {
        let run = self.runs.partition_point(|&(start, _)| start <= place);
        let (start, first) = self.runs[run.saturating_sub(1)];
        first.wrapping_add((place - start) as u32)
    }
}

/// Gives the stage its key and its name, inside of the final transaction. Rows that repeat a key are taken out and noted.
pub(super) fn publish(
    client: &Client,
    plan: &Plan,
    target: &str,
    stage: &Stage,
) -> Result<Merged, tokio_postgres::Error> {
    let mut merged = Merged {
        inserted: stage.written,
        ..Merged::default()
    };
    client.run(&format!(
        "ALTER TABLE {} RENAME TO {}",
        stage.rows,
        quote(&plan.table)
    ))?;
    if plan.key.is_empty() {
        return Ok(merged);
    }
    let key = list(plan.key.iter().map(String::as_str));
    let add_key = format!("ALTER TABLE {target} ADD PRIMARY KEY ({key})");
    client.run("SAVEPOINT sheetlift_key")?;
    // Released either way, or what follows would be of a transaction within the transaction.
    match client.run(&add_key) {
        Ok(()) => {
            client.run("RELEASE SAVEPOINT sheetlift_key")?;
            return Ok(merged);
        }
        Err(error) if key_taken(&error).is_some() => {
            client.run("ROLLBACK TO SAVEPOINT sheetlift_key; RELEASE SAVEPOINT sheetlift_key")?;
        }
        Err(error) => return Err(error),
    }
    merged.conflicts = take_out_twins(client, plan, target, stage)?;
    merged.inserted -= merged.conflicts;
    client.run(&add_key)?;
    Ok(merged)
}

/// Deletes every row whose key came before. Rows lie in order of arrival: nobody else has written to the table.
fn take_out_twins(
    client: &Client,
    plan: &Plan,
    target: &str,
    stage: &Stage,
) -> Result<u64, tokio_postgres::Error> {
    let key = list(plan.key.iter().map(String::as_str));
    let texts = plan.key.iter().map(|name| format!(", {}", quote(name)));
    let texts = texts.collect::<String>();
    let twins = client.rows(
        &format!(
            "WITH numbered AS (
                 SELECT row_number() OVER (ORDER BY ctid) - 1 AS n, row_number() OVER (PARTITION BY {key} ORDER BY ctid) AS place,
                     ctid AS at, left(concat_ws(', '{texts}), {MAX_KEY_CHARS}) AS key_text FROM {target}),
             gone AS (DELETE FROM {target} USING numbered WHERE ctid = at AND place > 1 RETURNING n, key_text)
             SELECT n, key_text FROM gone"
        ),
        &[],
    )?;
    let mut sources = Vec::with_capacity(twins.len());
    let mut keys: Vec<String> = Vec::with_capacity(twins.len());
    for twin in &twins {
        let place: i64 = twin.try_get(0)?;
        sources.push(i64::from(stage.sources.at(place.unsigned_abs())));
        keys.push(twin.try_get(1)?);
    }
    let Refusal { code, reason, .. } = Refusal::key_exists();
    client.execute(
        &format!(
            "INSERT INTO {} (src, code, reason, key_text) SELECT src, $3, $4, key_text FROM unnest($1, $2) AS u (src, key_text)",
            stage.exceptions
        ),
        &[
            (&sources, Type::INT8_ARRAY),
            (&keys, Type::TEXT_ARRAY),
            (&code, Type::TEXT),
            (&reason, Type::TEXT),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_told_again() {
        let mut sources = Sources::default();
        let numbers: Vec<u32> = (0..50)
            .chain(52..90)
            .chain([7, 7, 8])
            .chain(u32::MAX - 2..=u32::MAX)
            .collect();
        numbers.iter().for_each(|&number| sources.push(number));
        assert!(
            numbers
                .iter()
                .enumerate()
                .all(|(at, &number)| sources.at(at as u64) == number)
        );
        assert_eq!(sources.runs.len(), 5);
    }
}
