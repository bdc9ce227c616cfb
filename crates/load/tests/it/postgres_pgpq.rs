//! pgpq, which writes Arrow as PostgreSQL's binary COPY in its own way, as a second opinion: what it sends into a column of the type that it
//! chooses is what an import puts there.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::Command;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use arrow_ipc::writer::FileWriter;
use sheetlift_lambda_emulator::pypi;
use sheetlift_load::Mode;
use sheetlift_load::conformance::{Database, load, plan};

use crate::postgres::Postgres;
use crate::postgres_types::samples;

const PACKAGE: &str = "pgpq==0.12.0"; // with pyarrow

/// Encodes each file of a directory, and prints the types of the columns that it is made for.
const ENCODE: &str = r#"
import json, pathlib, sys
import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder
types = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.arrow")):
    reader = pa.ipc.open_file(path)
    try:
        encoder = ArrowToPostgresBinaryEncoder(reader.schema)
    except Exception:
        continue  # a type that it does not have
    batch = reader.get_batch(0)
    path.with_suffix(".bin").write_bytes(encoder.write_header() + encoder.write_batch(batch) + encoder.finish())
    types[path.stem] = encoder.schema().columns[1].data_type.ddl()
print(json.dumps(types))
"#;

#[test]
fn pgpq_sends_the_same_values() {
    let db = Postgres::new();
    let dir = tempfile::tempdir().unwrap();
    let mut batches = BTreeMap::new();
    for (number, sample) in samples().into_iter().enumerate() {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..sample.values.len() as i64));
        let columns = [("id", ids, false), ("v", sample.values, true)];
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let file = File::create(dir.path().join(format!("t{number}.arrow"))).unwrap();
        let mut writer = FileWriter::try_new(file, &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        batches.insert(format!("t{number}"), (sample.name, batch));
    }
    let python = pypi::python(env!("CARGO_TARGET_TMPDIR"), "pgpq", PACKAGE);
    let encoded = Command::new(python)
        .args(["-c", ENCODE])
        .arg(dir.path())
        .output()
        .unwrap();
    assert!(
        encoded.status.success(),
        "{}",
        String::from_utf8_lossy(&encoded.stderr)
    );
    let types: BTreeMap<String, String> = serde_json::from_slice(&encoded.stdout).unwrap();
    let mut compared = 0;
    for (table, declared) in &types {
        let (name, batch) = &batches[table];
        if name.contains(", +") || name.contains("utc") {
            continue; // an instant into a column without a zone: an import refuses that
        }
        db.execute(&format!(
            "CREATE TABLE {table} (id bigint PRIMARY KEY, v {declared}); CREATE TABLE {table}_pgpq (LIKE {table})"
        ));
        let path = dir.path().join(format!("{table}.bin"));
        let copy = format!(
            "\\copy {table}_pgpq FROM '{}' (FORMAT binary)",
            path.display()
        );
        db.execute(&copy);
        let mut plan = plan(table, batch).with_key(["id"]).with_mode(Mode::Insert);
        plan.table.clone_from(table);
        let outcome = load(&*db.sink(), &plan, batch);
        assert_eq!(outcome.conflict_total, 0, "{name}: {outcome:?}");
        let differs = db.psql(&format!(
            "SELECT string_agg(format('%s: %s is not %s', id, a.v, b.v), '; ') FROM {table} AS a FULL JOIN {table}_pgpq AS b USING (id)
             WHERE a.v::text IS DISTINCT FROM b.v::text"
        ));
        assert_eq!(differs.unwrap(), "\n", "{name} as {declared}");
        compared += 1;
    }
    assert!(compared > 20, "{compared}");
}
