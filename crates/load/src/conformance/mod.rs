//! The test suite that every sink has to pass, exported for sinks of other crates (feature `conformance`).
//!
//! Implement [`Database`] for a database that is thrown away with the value, and call [`run`] in a test.
//! For a sink that keeps every row and knows no keys, such as files, it is [`Shelf`] and [`run_keyless`].

mod claims;
mod keyless;
mod modes;
mod rules;
mod undo;
mod values;

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};

pub use keyless::{Shelf, run_keyless};
pub use values::all_types;

use crate::{Begin, Import, ImportKey, KeyParts, Outcome, Plan, Sink};

/// A database for one check: empty at first, gone when dropped.
pub trait Database {
    /// A sink into it. Two sinks are two workers. It should give up on a locked database within a second.
    fn sink(&self) -> Box<dyn Sink>;

    /// Runs a statement of standard SQL, with `"` around identifiers.
    fn execute(&self, sql: &str);

    /// All rows of a table as text, in the order of the first of these columns; nothing if there is no such table.
    fn rows(&self, table: &str, columns: &[&str]) -> Vec<Vec<Option<String>>>;

    /// Whether a table can have constraints beside its key. Where it cannot, the check of rows that they refuse is left out.
    fn has_constraints(&self) -> bool {
        true
    }

    /// Whether a table can have a name. Where it cannot, the sink has to say so and name it.
    fn takes_table(&self, _table: &str) -> bool {
        true
    }

    /// The most bytes of a text: a mebibyte, which the check of odd texts stores.
    fn max_text_bytes(&self) -> usize {
        1 << 20
    }
}

/// A sentence and the function that puts it to the test.
type Check<D> = (&'static str, fn(&D));

/// Runs every check against a database of its own, and panics at the first that fails, after printing its name.
pub fn run<D: Database>(make: impl Fn() -> D) {
    run_keyed(&make);
    let checks: [Check<D>; 15] = [
        ("update_only: new keys are conflicts", rules::update_only),
        ("append: keys are not looked at", rules::append),
        (
            "replace: the table has the rows of the source",
            rules::replace,
        ),
        (
            "sync: what the source lacks is kept, deleted or marked",
            rules::sync,
        ),
        (
            "sync: half a source removes nothing",
            rules::sync_of_half_a_source,
        ),
        ("immutable columns do not change", rules::immutable),
        ("older rows do not overwrite newer ones", rules::versions),
        ("references to other tables", rules::references),
        (
            "columns that the table lacks are added if asked",
            rules::added_columns,
        ),
        (
            "rows in quarantine leave it when a replay loads them",
            undo::replay,
        ),
        (
            "rows that the target refuses are in quarantine, as they were read",
            undo::quarantine_of_refused,
        ),
        ("history: the latest imports first", undo::history),
        ("undo: as it was, in every mode", undo::every_mode),
        (
            "undo: what others did since is kept",
            undo::keeps_what_others_did,
        ),
        ("undo: once, and what was loaded", undo::refusals),
    ];
    run_all(&checks, &make);
}

/// Runs the checks that a database has to pass which finds rows by their key, and knows nothing else of them.
pub fn run_keyed<D: Database>(make: impl Fn() -> D) {
    let checks: [Check<D>; 17] = [
        ("loads rows and says what it did", claims::loads),
        ("loads an import once", claims::reload_changes_nothing),
        ("loads in pieces of any size", claims::any_batches),
        ("insert: taken keys are conflicts", modes::insert_mode),
        (
            "insert_missing: taken keys stay as they are",
            modes::insert_missing_mode,
        ),
        (
            "upsert: counts changed and unchanged rows",
            modes::upsert_mode,
        ),
        (
            "upsert: a blank keeps what is there where the field says so",
            modes::upsert_that_keeps_what_is_there,
        ),
        (
            "keys that repeat in the import: the first row wins",
            modes::repeated_keys,
        ),
        ("rows the target refuses are conflicts", modes::refused_rows),
        (
            "a dry run counts like a commit and leaves nothing",
            claims::dry_run,
        ),
        ("an import that is dropped leaves nothing", claims::dropped),
        ("a live import is busy", claims::busy),
        (
            "an expired import is taken over, and its stale holder refused",
            claims::takeover,
        ),
        ("too many rejects load nothing", claims::thresholds),
        ("any identifier will do", values::odd_identifiers),
        ("any text will do", values::odd_texts),
        ("every type arrives", values::every_type),
    ];
    run_all(&checks, &make);
}

fn run_all<D: Database>(checks: &[Check<D>], make: &impl Fn() -> D) {
    for (name, check) in checks {
        println!("conformance: {name}");
        check(&make());
    }
}

/// A batch of items; the columns are `sku` and `stock`.
pub fn items<'a>(rows: impl IntoIterator<Item = (&'a str, Option<i64>)>) -> RecordBatch {
    let (skus, stock): (Vec<&str>, Vec<Option<i64>>) = rows.into_iter().unzip();
    let schema = Schema::new(vec![
        Field::new("sku", DataType::Utf8, false),
        Field::new("stock", DataType::Int64, true),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(skus)),
        Arc::new(Int64Array::from(stock)),
    ];
    RecordBatch::try_new(Arc::new(schema), columns).expect("the columns fit the schema")
}

/// A plan for such batches into the table `items`. The name stands for the content of the source.
pub fn plan(name: &str, batch: &RecordBatch) -> Plan {
    let parts = KeyParts {
        content: name.as_bytes(),
        target: "items",
        ..KeyParts::default()
    };
    Plan::new(ImportKey::of(&parts), "items", batch.schema())
        .with_key(["sku"])
        .with_source_name(name)
}

/// Begins an import that nobody has loaded or holds.
pub fn claim(sink: &dyn Sink, plan: &Plan) -> Box<dyn Import> {
    match sink.begin(plan).expect("the import can be claimed") {
        Begin::Claimed(import) => import,
        Begin::Done(outcome) => panic!("already loaded: {outcome:?}"),
    }
}

/// Loads a batch whose rows are numbered from 0.
pub fn load(sink: &dyn Sink, plan: &Plan, batch: &RecordBatch) -> Outcome {
    let mut import = claim(sink, plan);
    import
        .stage(batch, &numbers(batch))
        .expect("the batch can be staged");
    import.commit(false).expect("the import can be committed")
}

/// Row numbers from 0.
pub fn numbers(batch: &RecordBatch) -> Vec<u32> {
    (0..batch.num_rows() as u32).collect()
}

fn stored<D: Database>(db: &D) -> Vec<(String, Option<i64>)> {
    let parse = |row: Vec<Option<String>>| {
        let stock = row[1]
            .as_ref()
            .map(|text| text.parse().expect("stock is an integer"));
        (row[0].clone().expect("sku is there"), stock)
    };
    db.rows("items", &["sku", "stock"])
        .into_iter()
        .map(parse)
        .collect()
}

fn expect<D: Database>(db: &D, rows: &[(&str, Option<i64>)]) {
    let rows: Vec<_> = rows
        .iter()
        .map(|(sku, stock)| (sku.to_string(), *stock))
        .collect();
    assert_eq!(stored(db), rows);
}

/// inserted, updated, unchanged, conflicts
fn counts(outcome: &Outcome) -> [u64; 4] {
    let Outcome {
        read,
        inserted,
        updated,
        unchanged,
        conflict_total,
        rejected,
        ..
    } = *outcome;
    assert_eq!(
        read,
        inserted + updated + unchanged + conflict_total + rejected
    );
    [inserted, updated, unchanged, conflict_total]
}

fn conflicts(outcome: &Outcome) -> Vec<(u32, &str, &str)> {
    outcome
        .conflicts
        .iter()
        .map(|c| (c.row, c.code.as_str(), c.key.as_str()))
        .collect()
}

fn seed<D: Database>(db: &D) {
    let batch = items([("a", Some(1)), ("b", None)]);
    load(&*db.sink(), &plan("seed", &batch), &batch);
}
