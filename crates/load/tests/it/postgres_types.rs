//! Every Arrow type meets every type of column: a value arrives exactly, or the row is a conflict that says why, or the column is refused
//! by name before anything moves. What the server makes of a literal is the oracle.

use std::sync::Arc;

use arrow_array::*;
use arrow_schema::{DataType, Field, Schema};

use crate::postgres::Postgres;
use sheetlift_load::conformance::{Database, numbers, plan};
use sheetlift_load::{ErrorKind, Mode, Outcome};

/// Columns that people have.
const COLUMNS: &[&str] = &[
    "boolean",
    "smallint",
    "integer",
    "bigint",
    "real",
    "double precision",
    "numeric",
    "numeric(12,2)",
    "numeric(5,0)",
    "text",
    "varchar",
    "varchar(5)",
    "char(5)",
    "citext",
    "name",
    "\"char\"",
    "bytea",
    "date",
    "time",
    "time(0)",
    "timestamp",
    "timestamp(3)",
    "timestamptz",
    "timestamptz(0)",
    "timetz",
    "interval",
    "interval(0)",
    "uuid",
    "json",
    "jsonb",
    "xml",
    "inet",
    "cidr",
    "macaddr",
    "integer[]",
    "text[]",
    "numeric[]",
    "numeric(5,1)[]",
    "varchar(2)[]",
    "point",
    "box",
    "bit(3)",
    "varbit(3)",
    "int4range",
    "money",
    "oid",
    "color",
    "short_text",
    "positive",
    "rounded",
    "code",
];

const TYPES: &str = "
    CREATE EXTENSION IF NOT EXISTS citext;
    CREATE TYPE color AS ENUM ('red', 'a');
    CREATE DOMAIN short_text AS varchar(3);
    CREATE DOMAIN positive AS bigint CHECK (VALUE >= 0);
    CREATE DOMAIN rounded AS numeric(4,1);
    CREATE DOMAIN code AS bit(3)";

/// A column of values, each as a literal of the type of the server that holds all of them.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) values: ArrayRef,
    canonical: &'static str,
    literals: Vec<String>,
}

fn sample(
    name: &'static str,
    values: impl Array + 'static,
    canonical: &'static str,
    literals: &[&str],
) -> Sample {
    assert_eq!(values.len(), literals.len(), "{name}");
    Sample {
        name,
        values: Arc::new(values),
        canonical,
        literals: literals.iter().map(|&text| text.to_owned()).collect(),
    }
}

pub(crate) fn samples() -> Vec<Sample> {
    const TEXTS: &[&str] = &[
        "",
        "a",
        "A",
        "007",
        "1.50",
        "\\N",
        "\\.",
        "a\tb\nc\\d",
        "it's; DROP TABLE items; --",
        "größe",
        "{1,2}",
        "{1.25}",
        "{abc}",
        "2024-02-29",
        "a ",
        "   ",
        "red",
        "abcdef",
        "{\"a\": 1.50, \"a\": 2}",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
        "10.0.0.1",
        "08:00:2b:01:02:03",
        "(1,2)",
        "101",
        "1",
        "<a/>",
        "[1,5)",
        "3 days",
        "\u{1F980}",
    ];
    let decimal = |values: Vec<i128>, precision, scale| {
        Decimal128Array::from(values)
            .with_precision_and_scale(precision, scale)
            .unwrap()
    };
    vec![
        sample(
            "boolean",
            BooleanArray::from(vec![true, false]),
            "boolean",
            &["true", "false"],
        ),
        sample(
            "int8",
            Int8Array::from(vec![-128, 0, 127]),
            "numeric",
            &["-128", "0", "127"],
        ),
        sample(
            "int16",
            Int16Array::from(vec![-32768, 32767]),
            "numeric",
            &["-32768", "32767"],
        ),
        sample(
            "int32",
            Int32Array::from(vec![i32::MIN, 16_777_217, i32::MAX]),
            "numeric",
            &["-2147483648", "16777217", "2147483647"],
        ),
        sample(
            "int64",
            Int64Array::from(vec![
                i64::MIN,
                9_007_199_254_740_993,
                i64::MAX,
                10_000,
                100_000_000,
            ]),
            "numeric",
            &[
                "-9223372036854775808",
                "9007199254740993",
                "9223372036854775807",
                "10000",
                "100000000",
            ],
        ),
        sample("uint8", UInt8Array::from(vec![255]), "numeric", &["255"]),
        sample(
            "uint16",
            UInt16Array::from(vec![65535]),
            "numeric",
            &["65535"],
        ),
        sample(
            "uint32",
            UInt32Array::from(vec![u32::MAX]),
            "numeric",
            &["4294967295"],
        ),
        sample(
            "uint64",
            UInt64Array::from(vec![0, u64::MAX]),
            "numeric",
            &["0", "18446744073709551615"],
        ),
        sample(
            "float32",
            Float32Array::from(vec![0.1, -1.5, 16_777_216.0, f32::NAN, f32::INFINITY]),
            "double precision",
            &["0.10000000149011612", "-1.5", "16777216", "NaN", "Infinity"],
        ),
        sample(
            "float64",
            Float64Array::from(vec![
                0.1,
                -2.5,
                1e300,
                5e-324,
                123.0,
                1234.56,
                f64::NAN,
                f64::NEG_INFINITY,
                9_007_199_254_740_994.0,
            ]),
            "double precision",
            &[
                "0.1",
                "-2.5",
                "1e300",
                "5e-324",
                "123",
                "1234.56",
                "NaN",
                "-Infinity",
                "9007199254740994",
            ],
        ),
        sample(
            "decimal(38,2)",
            decimal(vec![0, 5, -5, 123_450, 10i128.pow(37), 99_999], 38, 2),
            "numeric",
            &[
                "0.00",
                "0.05",
                "-0.05",
                "1234.50",
                "100000000000000000000000000000000000.00",
                "999.99",
            ],
        ),
        sample(
            "decimal(9,9)",
            decimal(vec![1, 100_000_000, 250_000_000], 9, 9),
            "numeric",
            &["0.000000001", "0.100000000", "0.250000000"],
        ),
        sample(
            "decimal(9,-3)",
            decimal(vec![12, 0], 9, -3),
            "numeric",
            &["12000", "0"],
        ),
        sample(
            "decimal(20,4)",
            decimal(vec![10_000, 1_0000_0000, 1_0001_0000_0001], 20, 4),
            "numeric",
            &["1.0000", "10000.0000", "100010000.0001"],
        ),
        sample("utf8", StringArray::from(TEXTS.to_vec()), "text", TEXTS),
        sample(
            "large utf8",
            LargeStringArray::from(vec!["x"]),
            "text",
            &["x"],
        ),
        sample(
            "utf8 view",
            StringViewArray::from(vec!["a view that is longer than twelve bytes", "x"]),
            "text",
            &["a view that is longer than twelve bytes", "x"],
        ),
        sample(
            "dictionary",
            vec!["red", "x", "red"]
                .into_iter()
                .collect::<DictionaryArray<types::Int32Type>>(),
            "text",
            &["red", "x", "red"],
        ),
        sample(
            "binary",
            BinaryArray::from(vec![&b""[..], b"\0\x01\xff", b"\\x41"]),
            "bytea",
            &["\\x", "\\x0001ff", "\\x5c783431"],
        ),
        sample(
            "date32",
            Date32Array::from(vec![0, 11_016, -719_162, 2_932_896, -2_440_588]),
            "timestamp",
            &[
                "1970-01-01",
                "2000-02-29",
                "0001-01-01",
                "9999-12-31",
                "4714-11-24 BC",
            ],
        ),
        sample(
            "time32(s)",
            Time32SecondArray::from(vec![0, 86_399]),
            "time",
            &["00:00:00", "23:59:59"],
        ),
        sample(
            "time64(us)",
            Time64MicrosecondArray::from(vec![1, 86_399_999_999]),
            "time",
            &["00:00:00.000001", "23:59:59.999999"],
        ),
        sample(
            "time64(ns)",
            Time64NanosecondArray::from(vec![1_000]),
            "time",
            &["00:00:00.000001"],
        ),
        sample(
            "timestamp(s)",
            TimestampSecondArray::from(vec![0, -1, 253_402_300_799]),
            "timestamp",
            &[
                "1970-01-01 00:00:00",
                "1969-12-31 23:59:59",
                "9999-12-31 23:59:59",
            ],
        ),
        sample(
            "timestamp(ms)",
            TimestampMillisecondArray::from(vec![1_709_210_096_789]),
            "timestamp",
            &["2024-02-29 12:34:56.789"],
        ),
        sample(
            "timestamp(us)",
            TimestampMicrosecondArray::from(vec![1, -62_135_596_800_000_000]),
            "timestamp",
            &["1970-01-01 00:00:00.000001", "0001-01-01 00:00:00"],
        ),
        sample(
            "timestamp(ms, utc)",
            TimestampMillisecondArray::from(vec![0, 1_709_210_096_789]).with_timezone("UTC"),
            "timestamptz",
            &["1970-01-01 00:00:00+00", "2024-02-29 12:34:56.789+00"],
        ),
        sample(
            "timestamp(us, +02:00)",
            TimestampMicrosecondArray::from(vec![1]).with_timezone("+02:00"),
            "timestamptz",
            &["1970-01-01 02:00:00.000001+02"],
        ),
    ]
}

/// What became of the values of a sample in a column.
#[derive(Default)]
struct Told {
    arrived: usize,
    conflicts: usize,
    refused: usize,
}

#[test]
fn every_type_meets_every_column() {
    let db = Postgres::new();
    db.execute(TYPES);
    let mut told = Told::default();
    for (number, column) in COLUMNS.iter().enumerate() {
        db.execute(&format!(
            "CREATE TABLE t{number} (id bigint PRIMARY KEY, v {column})"
        ));
        for sample in samples() {
            meet(&db, &format!("t{number}"), column, &sample, &mut told);
            db.execute(&format!("TRUNCATE t{number}"));
        }
    }
    let Told {
        arrived,
        conflicts,
        refused,
    } = told;
    println!(
        "{arrived} values arrived, {conflicts} were conflicts; {refused} columns were refused"
    );
    assert!(
        arrived > 700 && conflicts > 1_000 && refused > 1_000,
        "{arrived} {conflicts} {refused}"
    );
}

fn meet(db: &Postgres, table: &str, column: &str, sample: &Sample, told: &mut Told) {
    let what = format!("{} into {column}", sample.name);
    let ids: Vec<i64> = (0..sample.values.len() as i64).collect();
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("v", sample.values.data_type().clone(), true),
    ]);
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(ids)), Arc::clone(&sample.values)];
    let batch = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    let mut plan = plan(&what, &batch).with_key(["id"]).with_mode(Mode::Insert);
    plan.table = table.to_owned();
    let sink = db.sink();
    let mut import = match sink.begin(&plan) {
        Ok(sheetlift_load::Begin::Claimed(import)) => import,
        Ok(done) => panic!("{done:?}"),
        Err(error) => {
            assert_eq!(
                (error.kind(), error.code()),
                (ErrorKind::Target, "target/column-type"),
                "{what}: {error:?}"
            );
            assert!(error.to_string().contains("\"v\""), "{error}");
            told.refused += 1;
            return;
        }
    };
    import.stage(&batch, &numbers(&batch)).unwrap();
    let outcome: Outcome = import
        .commit(false)
        .unwrap_or_else(|error| panic!("{what}: {error:?}"));
    assert_eq!(
        outcome.inserted + outcome.conflict_total,
        sample.literals.len() as u64,
        "{what}"
    );
    for conflict in &outcome.conflicts {
        assert_eq!(
            conflict.code, "load/target-constraint",
            "{what}: {conflict:?}"
        );
        assert!(!conflict.reason.is_empty());
    }
    told.conflicts += outcome.conflict_total as usize;
    told.arrived += outcome.inserted as usize;
    // Whatever arrived is equal to the literal: as the canonical type has it, and in the type of the column.
    let values: Vec<String> = sample
        .literals
        .iter()
        .enumerate()
        .filter(|(at, _)| {
            !outcome
                .conflicts
                .iter()
                .any(|conflict| conflict.row as usize == *at)
        })
        .map(|(at, literal)| format!("({at}, '{}')", literal.replace('\'', "''")))
        .collect();
    if values.is_empty() {
        return;
    }
    let canonical = sample.canonical;
    let is_same = match (canonical, is_written(column)) {
        // A type of its own: its text is that of the literal in that type, or equal to it.
        ("text", true) => format!("(v::text = l.literal::{column}::text)"),
        ("text", false) => "(v::text = l.literal)".to_owned(),
        ("timestamp", _) if column == "date" => {
            "(v = l.literal::date AND l.literal::timestamp = l.literal::date)".to_owned()
        }
        ("bytea", _) => "(v = l.literal::bytea)".to_owned(),
        ("double precision", _) => "(v::double precision = l.literal::double precision)".to_owned(),
        _ => format!("(v::text::{canonical} = l.literal::{canonical})"),
    };
    let sql = format!(
        "SELECT string_agg(t.id || ': ' || coalesce(v::text, 'NULL') || ' is not ' || l.literal, '; ')
         FROM (VALUES {}) AS l (id, literal) LEFT JOIN {table} AS t USING (id) WHERE ({is_same}) IS NOT TRUE",
        values.join(", ")
    );
    assert_eq!(
        db.psql(&sql)
            .unwrap_or_else(|error| panic!("{what}: {error}")),
        "\n",
        "{what}"
    );
}

/// Whether values of a column are written as text and read by the server.
fn is_written(column: &str) -> bool {
    let plain = ["text", "varchar", "varchar(5)", "char(5)", "short_text"];
    !plain.contains(&column)
}
