//! Every Arrow type meets every type of column: a value arrives exactly, or the row is a conflict that says why, or the column is refused
//! by name before anything moves. What the server makes of a literal is the oracle.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::*;
use arrow_schema::{DataType, Field, Schema};
use arrow_select::{concat::concat, take::take};

use crate::mysql::MySql;
use sheetlift_load::conformance::{Database, numbers, plan};
use sheetlift_load::{Begin, ErrorKind, Mode, Plan};

/// Columns that people have.
const COLUMNS: &[&str] = &[
    "boolean",
    "tinyint",
    "tinyint unsigned",
    "smallint",
    "mediumint unsigned",
    "int",
    "int(5) zerofill",
    "bigint",
    "bigint unsigned",
    "bit(1)",
    "bit(9)",
    "float",
    "float(7,2)",
    "double",
    "double unsigned",
    "decimal(12,2)",
    "decimal(5,0) unsigned",
    "decimal(65,30)",
    "char(5)",
    "varchar(5)",
    "varchar(200)",
    "varchar(200) CHARACTER SET latin1",
    "varchar(200) CHARACTER SET utf8mb3",
    "varchar(200) COLLATE utf8mb4_bin",
    "tinytext",
    "longtext",
    "text CHARACTER SET utf16",
    "json",
    "enum('red','a','')",
    "set('red','a')",
    "uuid",
    "inet4",
    "inet6",
    "binary(3)",
    "varbinary(4)",
    "blob",
    "date",
    "time",
    "time(6)",
    "datetime",
    "datetime(6)",
    "timestamp NULL",
    "timestamp(6) NULL",
    "timestamp(3)",
    "year",
    "point",
];

/// What a literal is.
#[derive(Clone, Copy, PartialEq)]
enum Is {
    Flag,
    Number,
    Real,
    Text,
    Bytes,
    Datetime,
    Time,
}

/// A column of values, each as a literal.
struct Sample {
    name: &'static str,
    values: ArrayRef,
    is: Is,
    literals: Vec<String>,
}

fn sample(name: &'static str, values: impl Array + 'static, is: Is, literals: &[&str]) -> Sample {
    assert_eq!(values.len(), literals.len(), "{name}");
    Sample {
        name,
        values: Arc::new(values),
        is,
        literals: literals.iter().map(|&text| text.to_owned()).collect(),
    }
}

fn samples() -> Vec<Sample> {
    const TEXTS: &[&str] = &[
        "",
        "a",
        "A",
        "007",
        "1.50",
        "\\N",
        "N",
        "a\tb\nc\\d\r\0e",
        "it's; DROP TABLE items; --",
        "größe",
        "2024-02-29",
        "a ",
        "   ",
        "red",
        "RED",
        "red,a",
        "a,red",
        "abcdef",
        "{\"a\": 1.50, \"a\": 2}",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
        "a0eebc999c0b4ef8bb6d6bb9bd380a11",
        "10.0.0.1",
        "10.0.0.1/8",
        "::1",
        "2001:DB8::1",
        "1",
        "\u{1F980}",
        "漢",
        "NULL",
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
            Is::Flag,
            &["1", "0"],
        ),
        sample(
            "int8",
            Int8Array::from(vec![-128, 0, 127]),
            Is::Number,
            &["-128", "0", "127"],
        ),
        sample(
            "int16",
            Int16Array::from(vec![-32768, 1901, 2155, 99]),
            Is::Number,
            &["-32768", "1901", "2155", "99"],
        ),
        sample(
            "int32",
            Int32Array::from(vec![i32::MIN, 16_777_217, i32::MAX]),
            Is::Number,
            &["-2147483648", "16777217", "2147483647"],
        ),
        sample(
            "int64",
            Int64Array::from(vec![i64::MIN, 9_007_199_254_740_993, i64::MAX, 10_000]),
            Is::Number,
            &[
                "-9223372036854775808",
                "9007199254740993",
                "9223372036854775807",
                "10000",
            ],
        ),
        sample("uint8", UInt8Array::from(vec![255]), Is::Number, &["255"]),
        sample(
            "uint16",
            UInt16Array::from(vec![65535]),
            Is::Number,
            &["65535"],
        ),
        sample(
            "uint32",
            UInt32Array::from(vec![u32::MAX]),
            Is::Number,
            &["4294967295"],
        ),
        sample(
            "uint64",
            UInt64Array::from(vec![0, u64::MAX]),
            Is::Number,
            &["0", "18446744073709551615"],
        ),
        sample(
            "float32",
            Float32Array::from(vec![
                0.1,
                -1.5,
                16_777_216.0,
                f32::NAN,
                f32::INFINITY,
                1e-45,
            ]),
            Is::Real,
            &[
                "0.10000000149011612",
                "-1.5",
                "16777216",
                "NaN",
                "Infinity",
                "1.401298464324817e-45",
            ],
        ),
        sample(
            "float64",
            Float64Array::from(vec![
                0.1,
                -2.5,
                1.797_693_134_862_315_7e308,
                2.225_073_858_507_201_4e-308,
                123.0,
                1234.56,
                f64::NAN,
                f64::NEG_INFINITY,
                9_007_199_254_740_994.0,
                -0.0,
            ]),
            Is::Real,
            &[
                "0.1",
                "-2.5",
                "1.7976931348623157e308",
                "2.2250738585072014e-308",
                "123",
                "1234.56",
                "NaN",
                "-Infinity",
                "9007199254740994",
                "0",
            ],
        ),
        sample(
            "decimal(38,2)",
            decimal(vec![0, 5, -5, 123_450, 10i128.pow(37), 99_999], 38, 2),
            Is::Number,
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
            Is::Number,
            &["0.000000001", "0.100000000", "0.250000000"],
        ),
        sample(
            "decimal(9,-3)",
            decimal(vec![12, 0], 9, -3),
            Is::Number,
            &["12000", "0"],
        ),
        sample("utf8", StringArray::from(TEXTS.to_vec()), Is::Text, TEXTS),
        sample(
            "large utf8",
            LargeStringArray::from(vec!["x"]),
            Is::Text,
            &["x"],
        ),
        sample(
            "utf8 view",
            StringViewArray::from(vec!["a view that is longer than twelve bytes", "x"]),
            Is::Text,
            &["a view that is longer than twelve bytes", "x"],
        ),
        sample(
            "dictionary",
            vec!["red", "x", "red"]
                .into_iter()
                .collect::<DictionaryArray<types::Int32Type>>(),
            Is::Text,
            &["red", "x", "red"],
        ),
        sample(
            "binary",
            BinaryArray::from(vec![&b""[..], b"\0\x01\xff", b"\\N\t\n", b"\xf0\x9f\xa6"]),
            Is::Bytes,
            &["", "0001ff", "5c4e090a", "f09fa6"],
        ),
        sample(
            "date32",
            Date32Array::from(vec![0, 11_016, -719_162, 2_932_896, -2_440_588, 2_932_897]),
            Is::Datetime,
            &[
                "1970-01-01",
                "2000-02-29",
                "0001-01-01",
                "9999-12-31",
                "none",
                "none",
            ],
        ),
        sample(
            "time32(s)",
            Time32SecondArray::from(vec![0, 86_399]),
            Is::Time,
            &["00:00:00", "23:59:59"],
        ),
        sample(
            "time64(us)",
            Time64MicrosecondArray::from(vec![1, 86_399_999_999]),
            Is::Time,
            &["00:00:00.000001", "23:59:59.999999"],
        ),
        sample(
            "time64(ns)",
            Time64NanosecondArray::from(vec![1_000, 1]),
            Is::Time,
            &["00:00:00.000001", "00:00:00.000000001"],
        ),
        sample(
            "timestamp(s)",
            TimestampSecondArray::from(vec![0, -1, 253_402_300_799, 253_402_300_800]),
            Is::Datetime,
            &[
                "1970-01-01 00:00:00",
                "1969-12-31 23:59:59",
                "9999-12-31 23:59:59",
                "none",
            ],
        ),
        sample(
            "timestamp(ms)",
            TimestampMillisecondArray::from(vec![1_709_210_096_789]),
            Is::Datetime,
            &["2024-02-29 12:34:56.789"],
        ),
        sample(
            "timestamp(us)",
            TimestampMicrosecondArray::from(vec![1, -62_135_596_800_000_000]),
            Is::Datetime,
            &["1970-01-01 00:00:00.000001", "0001-01-01 00:00:00"],
        ),
        sample(
            "timestamp(ms, utc)",
            TimestampMillisecondArray::from(vec![
                0,
                1_709_210_096_789,
                1_000,
                2_147_483_647_000,
                2_147_483_648_000,
            ])
            .with_timezone("UTC"),
            Is::Datetime,
            &[
                "1970-01-01 00:00:00",
                "2024-02-29 12:34:56.789",
                "1970-01-01 00:00:01",
                "2038-01-19 03:14:07",
                "2038-01-19 03:14:08",
            ],
        ),
        sample(
            "timestamp(us, +02:00)",
            TimestampMicrosecondArray::from(vec![1, 3_600_000_001]).with_timezone("+02:00"),
            Is::Datetime,
            &["1970-01-01 00:00:00.000001", "1970-01-01 01:00:00.000001"],
        ),
        sample(
            "duration(ms)",
            DurationMillisecondArray::from(vec![1_500, -1]),
            Is::Number,
            &["1500", "-1"],
        ),
    ]
}

/// What became of the values of all samples.
#[derive(Default)]
struct Told {
    arrived: usize,
    conflicts: usize,
    refused: usize,
}

#[test]
fn every_type_meets_every_column() {
    let db = MySql::new();
    let columns = COLUMNS.iter().enumerate();
    let columns: String = columns
        .map(|(at, declared)| {
            let null = if declared.contains("NULL") {
                ""
            } else {
                " NULL"
            };
            format!(", v{at} {declared}{null}")
        })
        .collect();
    db.execute(&format!(
        "CREATE TABLE t (id bigint PRIMARY KEY{columns}) DEFAULT CHARACTER SET utf8mb4"
    ));
    let mut told = Told::default();
    for sample in samples() {
        meet(&db, &sample, &mut told);
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
        arrived > 900 && conflicts > 500 && refused > 700,
        "{arrived} {conflicts} {refused}"
    );
}

/// A row for each value and column, with nothing in its other columns.
fn rows(sample: &Sample, columns: &[usize]) -> RecordBatch {
    let (values, all) = (sample.values.len(), sample.values.len() * columns.len());
    let nothing = arrow_array::new_null_array(sample.values.data_type(), 1);
    let pool = concat(&[&*sample.values, &*nothing]).unwrap();
    let mut fields = vec![Field::new("id", DataType::Int64, false)];
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(Int64Array::from_iter_values(0..all as i64))];
    for (place, at) in columns.iter().enumerate() {
        let value = |row: usize| match row / values == place {
            true => row % values,
            false => values,
        };
        let places = UInt32Array::from_iter_values((0..all).map(|row| value(row) as u32));
        arrays.push(take(&pool, &places, None).unwrap());
        fields.push(Field::new(
            format!("v{at}"),
            sample.values.data_type().clone(),
            true,
        ));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

fn plan_of(sample: &Sample, batch: &RecordBatch) -> Plan {
    let mut plan = plan(sample.name, batch)
        .with_key(["id"])
        .with_mode(Mode::Replace);
    plan.table = "t".to_owned();
    plan
}

fn meet(db: &MySql, sample: &Sample, told: &mut Told) {
    let mut columns: Vec<usize> = (0..COLUMNS.len()).collect();
    let sink = db.sink();
    let (batch, mut import) = loop {
        let batch = rows(sample, &columns);
        match sink.begin(&plan_of(sample, &batch)) {
            Ok(Begin::Claimed(import)) => break (batch, import),
            Ok(done) => panic!("{done:?}"),
            Err(error) => {
                let what = (error.kind(), error.code());
                assert_eq!(
                    what,
                    (ErrorKind::Target, "target/column-type"),
                    "{}: {error:?}",
                    sample.name
                );
                let said = error.to_string();
                let before = columns.len();
                columns.retain(|at| !said.contains(&format!("\"v{at}\"")));
                assert_eq!(columns.len(), before - 1, "{said}");
                told.refused += 1;
            }
        }
    };
    import.stage(&batch, &numbers(&batch)).unwrap();
    let outcome = import
        .commit(false)
        .unwrap_or_else(|error| panic!("{}: {error:?}", sample.name));
    assert_eq!(
        outcome.inserted + outcome.conflict_total,
        batch.num_rows() as u64,
        "{}",
        sample.name
    );
    assert_eq!(outcome.conflict_total as usize, outcome.conflicts.len());
    let values = sample.values.len();
    for conflict in &outcome.conflicts {
        assert_eq!(
            conflict.code, "load/target-constraint",
            "{}: {conflict:?}",
            sample.name
        );
        let column = format!("v{}", columns[conflict.row as usize / values]);
        assert_eq!(
            conflict.column.as_ref(),
            Some(&column),
            "{}: {conflict:?}",
            sample.name
        );
    }
    told.conflicts += outcome.conflicts.len();
    told.arrived += outcome.inserted as usize;
    let gone: HashSet<usize> = outcome
        .conflicts
        .iter()
        .map(|conflict| conflict.row as usize)
        .collect();
    let arrived = (0..batch.num_rows()).filter(|row| !gone.contains(row));
    let checks = arrived.map(|row| {
        let (at, literal) = (columns[row / values], &sample.literals[row % values]);
        let is_same = is_same(sample.is, &format!("v{at}"), COLUMNS[at], literal);
        let what = format!("{} into {}", sample.name, COLUMNS[at]).replace('\'', "''");
        format!("SELECT '{what}', id, hex(concat(v{at})) FROM t WHERE id = {row} AND NOT coalesce({is_same}, 0)")
    });
    let checks: Vec<String> = checks.collect();
    for checks in checks.chunks(40) {
        let wrong = db
            .sql(&checks.join(" UNION ALL "))
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(wrong, "", "{}", sample.name);
    }
}

/// Whether a value that arrived is the literal: as what it is, and in the type of the column.
fn is_same(is: Is, v: &str, column: &str, literal: &str) -> String {
    let quoted = format!("CONVERT(x'{}' USING utf8mb4)", hex(literal));
    let is_text = ["char", "text", "json"]
        .iter()
        .any(|word| column.contains(word));
    let utf8 = format!("CONVERT({v} USING utf8mb4)");
    let v = if is_text { &utf8 } else { v };
    let number = |v: &str| format!("CAST({v} AS DECIMAL(65,30))");
    match is {
        Is::Flag if is_text => format!("{v} = IF({literal}, 'true', 'false')"),
        Is::Flag | Is::Number if column.starts_with("bit") => format!("{v} + 0 = {literal}"),
        Is::Flag | Is::Number
            if ["float", "double"]
                .iter()
                .any(|word| column.starts_with(word)) =>
        {
            format!(
                "{v} + 0e0 = {literal} + 0e0 AND {literal} + 0e0 = {}",
                number(literal)
            )
        }
        Is::Flag | Is::Number => format!("{} = {}", number(v), number(&format!("'{literal}'"))),
        Is::Real if literal.contains("N") || literal.contains("I") => format!("{v} = '{literal}'"),
        Is::Real => format!("{v} + 0e0 = {literal} + 0e0"),
        Is::Text if column == "uuid" => format!("{v} = CAST({quoted} AS uuid)"),
        Is::Text if column.starts_with("inet") => format!("{v} = CAST({quoted} AS {column})"),
        Is::Text => format!("BINARY CONVERT({v} USING utf8mb4) = BINARY {quoted}"),
        Is::Bytes => format!("hex({v}) = upper('{literal}')"),
        Is::Datetime if is_text => {
            format!(
                "CAST(replace({v}, '+00:00', '') AS datetime(6)) = CAST({quoted} AS datetime(6))"
            )
        }
        Is::Datetime => format!("CAST({v} AS datetime(6)) = CAST({quoted} AS datetime(6))"),
        Is::Time if is_text => format!("{v} = {quoted}"),
        Is::Time => format!("CAST({v} AS time(6)) = CAST({quoted} AS time(6))"),
    }
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
