//! frictionless-py on its own test data (`fixtures/frictionless/expected.json`): we name the same rows and fields, or `explained.json`
//! says why not. `fixtures/frictionless/compare.py` asks the same of the program.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use arrow_array::{
    Array, ArrayRef, RecordBatch,
    cast::AsArray,
    types::{Float64Type, Int64Type},
};
use arrow_schema::DataType;
use serde_json::{Value, json};
use sheetlift::{Contract, Finding, Job, Level, Report, Result};
use sheetlift_fixtures::{Book, forge::escape};

/// Case, row, field, kind, and whose it is.
type Difference = (String, Option<u32>, Option<String>, String, &'static str);
/// Row, field and kind of a finding.
type Key = (Option<u32>, Option<String>, String);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/frictionless")
}

fn read(name: &str) -> Value {
    let text = fs::read_to_string(folder().join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn differences_are_explained() {
    let expected = read("expected.json");
    let mut found = BTreeSet::new();
    for case in expected["tables"].as_array().unwrap() {
        found.extend(table_differences(case));
    }
    for group in expected["lexical"].as_array().unwrap() {
        found.extend(lexical_differences(group));
    }
    let explained = read("explained.json");
    let lines = explained["differences"].as_array().unwrap().iter();
    let known: BTreeSet<Difference> = lines.map(difference).collect();
    let unexplained: Vec<_> = found.difference(&known).collect();
    let stale: Vec<_> = known.difference(&found).collect();
    assert!(unexplained.is_empty(), "not explained: {unexplained:#?}");
    assert!(stale.is_empty(), "explained, but no longer so: {stale:#?}");
    assert!(known.len() > 100 && expected["tables"].as_array().unwrap().len() > 100);
}

#[test]
fn a_report_looks_as_theirs_does() {
    let expected = read("expected.json");
    let shapes = expected["shapes"].as_object().unwrap();
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    // Their missing cells are errors.
    let levels = json!({"levels": {"row/missing-cell": "error"}});
    let schema = json!({"fields": [{"name": "a"}, {"name": "b"}]});
    let strict = json!({"name": "t", "schema": schema, "sheetlift": levels}).to_string();
    let strict = Job::from_bytes("a,b\n1\n", "t.csv")
        .unwrap()
        .with_contract(strict.parse::<Contract>().unwrap());
    let mut jobs = vec![strict];
    for case in expected["tables"].as_array().unwrap() {
        let temporary = tempfile::tempdir().unwrap();
        jobs.extend(report_on(case, temporary.path()).ok().map(|(job, _)| job));
    }
    for job in jobs {
        let report = job.validate().unwrap();
        let json = frictionless(&job, &report);
        let task = &json["tasks"][0];
        for (name, part) in [
            ("report", &json),
            ("stats", &json["stats"]),
            ("task", task),
            ("task stats", &task["stats"]),
        ] {
            assert_eq!(json!({"keys": keys(part)}), shapes[name], "{name}");
        }
        assert_eq!(
            task["errors"].as_array().unwrap().len() as u64,
            report.counts.errors
        );
        for error in task["errors"].as_array().unwrap() {
            let (title, description) = (&error["title"], &error["description"]);
            let shape = json!({"keys": keys(error), "title": title, "description": description, "tags": error["tags"]});
            let kind = error["type"].as_str().unwrap();
            if kind == "header-error" {
                continue; // a question of ours, which they do not ask
            }
            assert_eq!(shape, shapes[kind], "{kind}");
            found.insert(kind.to_owned(), shape);
        }
    }
    let kinds: Vec<&str> = found.keys().map(String::as_str).collect();
    let common = [
        "constraint-error",
        "duplicate-label",
        "extra-cell",
        "extra-label",
        "foreign-key",
        "incorrect-label",
        "missing-cell",
        "missing-label",
        "primary-key",
        "type-error",
        "unique-error",
    ];
    assert!(common.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
}

fn frictionless(job: &Job, report: &Report) -> Value {
    let mut out = Vec::new();
    report.write_frictionless(job, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn keys(part: &Value) -> Vec<&String> {
    part.as_object().unwrap().keys().collect()
}

#[test]
fn the_errors_of_a_report_are_theirs() {
    let expected = read("expected.json");
    let mut compared = 0;
    for case in expected["tables"].as_array().unwrap() {
        let theirs = case["errors"].as_array();
        let Some(theirs) = theirs.filter(|_| table_differences(case).is_empty()) else {
            continue;
        };
        let temporary = tempfile::tempdir().unwrap();
        let (job, report) = report_on(case, temporary.path()).unwrap();
        let json = frictionless(&job, &report);
        let ours = json["tasks"][0]["errors"].as_array().unwrap();
        let bare = |error: &Value| {
            let words = ["title", "description", "message", "tags", "note"];
            let entries = error.as_object().unwrap().iter();
            // What is no type error has the value in the place of the text: 1 for `01`.
            let is_text = error["type"] == "type-error";
            let entries = entries
                .filter(|(key, _)| !words.contains(&key.as_str()) && (is_text || *key != "cell"));
            let mut bare: BTreeMap<&String, Value> =
                entries.map(|(key, value)| (key, value.clone())).collect();
            // A record that ends early has no empty cells there, and one of ours has.
            if let Some(cells) = bare
                .get_mut(&"cells".to_owned())
                .and_then(Value::as_array_mut)
            {
                let end = cells.iter().rposition(|cell| *cell != "");
                cells.truncate(end.map_or(0, |end| end + 1));
            }
            json!(bare).to_string()
        };
        let ours: BTreeSet<String> = ours.iter().map(bare).collect();
        let theirs: BTreeSet<String> = theirs.iter().map(bare).collect();
        // They have an error for each cell that is too many or too few, and for blank rows.
        let of_rows = ["extra-cell", "missing-cell", "blank-row"];
        let is_of_cells = |error: &&String| !of_rows.iter().any(|kind| error.contains(kind));
        let theirs: Vec<&String> = theirs.iter().filter(is_of_cells).collect();
        let ours: Vec<&String> = ours.iter().filter(is_of_cells).collect();
        assert_eq!(ours, theirs, "{}", case["name"]);
        compared += ours.len();
    }
    assert!(compared > 50, "{compared}");
}

#[test]
fn a_report_says_what_theirs_says() {
    let data = folder().join("data");
    let contract = Contract::from_path(data.join("schema.json")).unwrap();
    let job = Job::from_path(data.join("table.csv"))
        .unwrap()
        .with_contract(contract);
    let json = frictionless(&job, &job.validate().unwrap());
    let task = &json["tasks"][0];
    assert_eq!(json["valid"], true);
    assert_eq!(
        (&task["name"], &task["labels"]),
        (&json!("table"), &json!(["id", "name"]))
    );
    assert_eq!(task["stats"]["md5"], "6c2c61dd9b0e9c6876139a449ed87933");
    assert_eq!(
        task["stats"]["sha256"],
        "a1fd6c5ff3494f697874deeb07f69f8667e903dd94a7bc062dd57550cea26da8"
    );
    let (bytes, fields, rows) = (
        &task["stats"]["bytes"],
        &task["stats"]["fields"],
        &task["stats"]["rows"],
    );
    assert_eq!((bytes, fields, rows), (&json!(30), &json!(2), &json!(2)));

    let contract = "fields: [{name: a, type: integer, constraints: {minimum: 2}}, {name: b}]";
    let job = Job::from_bytes("b,a\n{note},x\ny,1\n", "t.csv").unwrap();
    let job = job.with_contract(contract.parse::<Contract>().unwrap());
    let json = frictionless(&job, &job.validate().unwrap());
    assert_eq!(
        (&json["valid"], &json["stats"]["errors"]),
        (&json!(false), &json!(2))
    );
    let errors = &json["tasks"][0]["errors"];
    let shown = |at: usize, key: &str| errors[at][key].clone();
    assert_eq!(shown(0, "cells"), json!(["{note}", "x"]));
    assert_eq!(
        (shown(0, "rowNumber"), shown(0, "fieldNumber")),
        (json!(2), json!(2))
    );
    assert_eq!(
        (shown(0, "cell"), shown(0, "fieldName")),
        (json!("x"), json!("a"))
    );
    assert_eq!(
        shown(1, "message"),
        "The cell \"1\" in row at position \"3\" and field \"a\" at position \"2\" does not conform to a constraint: \
         constraint \"minimum\" is \"2\""
    );
}

fn difference(line: &Value) -> Difference {
    let text = |key: &str| line[key].as_str().map(str::to_owned);
    let row = line["row"].as_u64().map(|row| row as u32);
    let side = if line["side"] == "ours" {
        "ours"
    } else {
        "theirs"
    };
    (
        text("case").unwrap(),
        row,
        text("field"),
        text("kind").unwrap(),
        side,
    )
}

fn table_differences(case: &Value) -> Vec<Difference> {
    let name = case["name"].as_str().unwrap();
    let mut theirs: BTreeSet<Key> = case["expected"]
        .as_array()
        .unwrap()
        .iter()
        .map(key)
        .collect();
    let temporary = tempfile::tempdir().unwrap();
    let ours = match report_on(case, temporary.path()) {
        Ok((_, report)) => {
            if report.blocked {
                // We stop at the header, frictionless goes on by position.
                theirs.retain(|(row, _, kind)| row.is_none() && !kind.ends_with("blank rows"));
            }
            keys_of(&report)
        }
        Err(error) => BTreeSet::from([(None, None, word_for(&error))]),
    };
    let side = |keys: Vec<&Key>, side: &'static str| -> Vec<Difference> {
        let keys = keys.into_iter().cloned();
        keys.map(|(row, field, kind)| (name.to_owned(), row, field, kind, side))
            .collect()
    };
    let mut all = side(ours.difference(&theirs).collect(), "ours");
    all.extend(side(theirs.difference(&ours).collect(), "theirs"));
    all
}

fn key(row_field_kind: &Value) -> Key {
    let text = |at: usize| row_field_kind[at].as_str().map(str::to_owned);
    (
        row_field_kind[0].as_u64().map(|row| row as u32),
        text(1),
        text(2).unwrap(),
    )
}

fn word_for(error: &sheetlift::Error) -> String {
    match error.code() {
        "contract/invalid" => "descriptor".to_owned(),
        code => format!("error {code}"),
    }
}

fn report_on(case: &Value, temporary: &Path) -> Result<(Job, Report)> {
    let data = folder().join("data");
    let text = |key: &str| case[key].as_str();
    let contract = match (text("descriptor"), text("resource")) {
        (Some(file), Some(resource)) => Contract::from_path_named(data.join(file), resource)?,
        (Some(file), None) => Contract::from_path(data.join(file))?,
        _ => {
            if let Some(schema) = text("schema") {
                fs::copy(data.join(schema), temporary.join(schema)).unwrap();
            }
            let contract =
                json!({"name": "table", "schema": case["schema"], "dialect": case["dialect"]});
            let path = temporary.join("contract.json");
            fs::write(&path, contract.to_string()).unwrap();
            Contract::from_path(path)?
        }
    };
    let job = match (text("file"), text("format")) {
        (Some(file), _) => Job::from_path(data.join(file))?,
        (_, format) => job_of(format.unwrap(), case["rows"].as_array().unwrap())?,
    };
    let beside = data.join(text("descriptor").unwrap_or_default());
    let job = job
        .with_contract(contract)
        .with_max_findings(10_000)
        .with_references(beside.parent().unwrap());
    let report = job.validate()?;
    Ok((job, report))
}

fn keys_of(report: &Report) -> BTreeSet<Key> {
    assert_eq!(report.findings_omitted, 0);
    let mut keys = BTreeSet::new();
    for finding in &report.findings {
        if finding.level == Level::Info {
            continue;
        }
        let kind = kind_of(finding);
        let is_of_row = [
            "primary-key",
            "extra-cell",
            "missing-cell",
            "foreign-key",
            "unique-key",
            "extra-label",
        ];
        let field = finding.field.as_deref().or(finding.column.as_deref());
        let field = field
            .filter(|_| !is_of_row.contains(&&*kind))
            .map(str::to_owned);
        let row = finding.row.filter(|_| !finding.code.starts_with("header/"));
        keys.insert((row, field, kind));
    }
    if report.rows.blank > 0 {
        keys.insert((None, None, format!("{} blank rows", report.rows.blank)));
    }
    keys
}

fn kind_of(finding: &Finding) -> String {
    let kind = match &*finding.code {
        "cell/type"
        | "cell/number-locale"
        | "cell/precision"
        | "cell/date-invalid"
        | "cell/date-ambiguous"
        | "cell/formula-error" => "type-error",
        "cell/unique" => "unique-error",
        "row/primary-key" => "primary-key",
        "row/duplicate" => "unique-key",
        "row/extra-cell" => "extra-cell",
        "row/missing-cell" => "missing-cell",
        "ref/not-found" => "foreign-key",
        "header/missing-field" => "missing-label",
        "header/extra-field" => "extra-label",
        "header/duplicate" => "duplicate-label",
        "header/order" => "incorrect-label",
        "header/not-found" => "blank-header",
        code if code.starts_with("header/") => code,
        _ => {
            let rule = finding.rule.split(':').next().unwrap_or_default();
            return format!("constraint:{rule}");
        }
    };
    kind.to_owned()
}

fn lexical_differences(group: &Value) -> BTreeSet<Difference> {
    let name = name_of(&group["field"]);
    let texts = group["texts"].as_array().unwrap();
    let mut rows = vec![json!(["n", "f"])];
    rows.extend(texts.iter().enumerate().map(|(at, text)| json!([at, text])));
    let mut field = json!({"name": "f"});
    for (key, value) in group["field"].as_object().unwrap() {
        field[key] = value.clone();
    }
    let contract = json!({"fields": [{"name": "n", "type": "integer"}, field]}).to_string();
    let mut differences = BTreeSet::new();
    let mut differs = |kind: &str, is_ours: bool| {
        let side = if is_ours { "ours" } else { "theirs" };
        differences.insert((name.clone(), None, None, kind.to_owned(), side));
    };
    for format in ["csv", "xlsx"] {
        let contract = match contract.parse::<Contract>() {
            Ok(contract) if group["expected"].is_array() => contract,
            contract => {
                if contract.is_ok() == group["expected"].is_array() {
                    continue;
                }
                differs("descriptor", contract.is_err());
                continue;
            }
        };
        let job = job_of(format, &rows).unwrap().with_contract(contract);
        let mut values = BTreeMap::new();
        let keep = |batch: &RecordBatch, rows: &[u32]| {
            let shown = (0..rows.len()).map(|at| shown(batch.column(1), at));
            values.extend(rows.iter().copied().zip(shown));
            Ok(())
        };
        let report = job.with_max_findings(10_000).validate_to(keep).unwrap();
        let bad: BTreeSet<u32> = report
            .findings
            .iter()
            .filter(|finding| finding.field.as_deref() == Some("f"))
            .filter_map(|finding| finding.row)
            .collect();
        for (at, text) in texts.iter().enumerate() {
            let is_bad = bad.contains(&(at as u32 + 2));
            match (group["expected"][at].as_str(), values.get(&(at as u32 + 1))) {
                (None, _) if is_bad => {}
                (Some(theirs), Some(ours)) if !is_bad => {
                    if theirs != ours && !(theirs == "text" && ours == text.as_str().unwrap()) {
                        differs(&format!("value {text}: {ours}, not {theirs}"), true);
                    }
                }
                _ => differs(&format!("text {text}"), is_bad),
            }
        }
    }
    differences
}

/// A value of a column, as `expect.py` writes it.
fn shown(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) {
        return "no value".to_owned();
    }
    let int = |kind: DataType| {
        let ints = arrow_cast::cast(column, &kind).unwrap();
        let ints = arrow_cast::cast(&ints, &DataType::Int64).unwrap();
        ints.as_primitive::<Int64Type>().value(row).to_string()
    };
    match column.data_type() {
        DataType::Utf8View => column.as_string_view().value(row).to_owned(),
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Float64 => {
            let value = column.as_primitive::<Float64Type>().value(row);
            match value {
                _ if value.is_nan() => "nan".to_owned(),
                // As Python has it.
                _ if value != 0.0 && !(1e-4..1e16).contains(&value.abs()) && value.is_finite() => {
                    python(value)
                }
                _ => format!("{value:?}"),
            }
        }
        DataType::Date32 => int(DataType::Int32),
        _ => int(DataType::Int64),
    }
}

/// `1e+16`, `1e-05`
fn python(value: f64) -> String {
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap();
    let exponent: i32 = exponent.parse().unwrap();
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// `integer {"bareNumber": false}`, as Python writes it.
fn name_of(field: &Value) -> String {
    let options = field
        .as_object()
        .unwrap()
        .iter()
        .filter(|(key, _)| *key != "type");
    let options: Vec<String> = options
        .map(|(key, value)| format!("{}: {}", json!(key), spaced(value)))
        .collect();
    let kind = field["type"].as_str().unwrap();
    match options.is_empty() {
        true => kind.to_owned(),
        false => format!("{kind} {{{}}}", options.join(", ")),
    }
}

fn spaced(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(spaced).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let entries = entries.iter();
            let entries: Vec<String> = entries
                .map(|(key, value)| format!("{}: {}", json!(key), spaced(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        value => value.to_string(),
    }
}

fn job_of(format: &str, rows: &[Value]) -> Result<Job> {
    match format {
        "csv" => Job::from_bytes(csv(rows), "table.csv"),
        _ => Job::from_bytes(xlsx(rows), "table.xlsx"),
    }
}

fn csv(rows: &[Value]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .flexible(true)
        .from_writer(Vec::new());
    for row in rows {
        let cells = row.as_array().unwrap().iter().map(|cell| match cell {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            Value::Bool(value) => if *value { "True" } else { "False" }.to_owned(),
            number => number.to_string(),
        });
        writer.write_record(cells).unwrap();
    }
    writer.into_inner().unwrap()
}

fn xlsx(rows: &[Value]) -> Vec<u8> {
    let mut xml = String::new();
    for (row, cells) in (1..).zip(rows) {
        xml += &format!("<row r=\"{row}\">");
        for (column, cell) in ('A'..).zip(cells.as_array().unwrap()) {
            let at = format!("{column}{row}");
            xml += &match cell {
                Value::String(text) if !text.is_empty() => format!(
                    "<c r=\"{at}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>",
                    escape(text).replace('\r', "&#13;")
                ),
                Value::Bool(value) => {
                    format!("<c r=\"{at}\" t=\"b\"><v>{}</v></c>", u8::from(*value))
                }
                Value::Number(number) => format!("<c r=\"{at}\"><v>{number}</v></c>"),
                _ => String::new(),
            };
        }
        xml += "</row>";
    }
    Book::new().sheet("Sheet", &xml).build()
}
