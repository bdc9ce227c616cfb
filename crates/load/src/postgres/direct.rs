//! A new table is filled by COPY under the name of a stage, gets its key when all rows are in it, and then its own name. That costs
//! a fraction of a merge.

use tokio_postgres::types::Type;

use super::client::Client;
use super::fault::key_taken;
use super::names::{list, quote};
use super::stage::Stage;
use crate::mode::Mode;
use crate::plan::Plan;
use crate::relational::{self, MAX_KEY_CHARS, Merged, Refusal};
use crate::sink::Tell;

/// Whether a new table of the plan can be filled this way: nothing has to be looked up for its rows, and one key at most to be kept.
pub(super) fn can_go_direct(plan: &Plan) -> bool {
    plan.create_table
        && plan.references.is_empty()
        && plan.unique_keys.is_empty()
        && plan.replay_of.is_none()
        && !matches!(plan.mode, Mode::UpdateOnly | Mode::Sync)
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

/// Deletes every row whose key came before. Rows lie in order of arrival: they were copied in the transaction that made the table.
fn take_out_twins(
    client: &Client,
    plan: &Plan,
    target: &str,
    stage: &Stage,
) -> Result<u64, tokio_postgres::Error> {
    let texts = plan.key.iter().map(|name| format!(", t.{}", quote(name)));
    let texts = texts.collect::<String>();
    let key = plan.key.iter().map(|name| format!("t.{}", quote(name)));
    let key = key.collect::<Vec<_>>().join(", ");
    let twins = client.rows(
        &format!(
            "WITH numbered (n, place, at, key_text) AS (
                 SELECT row_number() OVER (ORDER BY t.ctid) - 1, row_number() OVER (PARTITION BY {key} ORDER BY t.ctid),
                     t.ctid, left(concat_ws(', '{texts}), {MAX_KEY_CHARS}) FROM {target} AS t),
             gone (n, key_text) AS (DELETE FROM {target} AS t USING numbered WHERE t.ctid = numbered.at AND numbered.place > 1
                 RETURNING numbered.n, numbered.key_text)
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

/// The rows that do not enter, in order.
pub(super) fn conflicts(client: &Client, stage: &Stage) -> Result<Vec<u32>, tokio_postgres::Error> {
    let mut conflicts = Vec::new();
    let sql = format!("SELECT src FROM {} ORDER BY 1", stage.exceptions);
    client.each(&sql, &[], &mut |row| {
        conflicts.push(row.try_get::<_, i64>(0)? as u32);
        Ok(())
    })?;
    Ok(conflicts)
}

/// Tells what became of each row.
pub(super) fn tell(
    client: &Client,
    stage: &Stage,
    tell: &mut Tell<'_>,
) -> Result<(), tokio_postgres::Error> {
    stage.sources.tell(&conflicts(client, stage)?, tell);
    noted(
        client,
        &relational::conflicts(&stage.exceptions),
        &mut |source, code, reason| tell(relational::conflict(source, code, reason)),
    )
}

/// A number and two texts of every row.
pub(super) fn noted(
    client: &Client,
    sql: &str,
    each: &mut dyn FnMut(i64, &str, &str),
) -> Result<(), tokio_postgres::Error> {
    client.each(sql, &[], &mut |row| {
        each(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        Ok(())
    })
}
