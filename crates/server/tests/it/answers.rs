//! Every endpoint, on fixtures: the same as the library gives.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sheetlift::{Contract, Format, Job};
use sheetlift_fixtures::{
    Expect,
    inventory::{clean_inventory, contract_json, dirty_inventory},
    manifest,
};

use crate::client::{KEY, Service, wait_for};

fn job(bytes: Vec<u8>) -> Job {
    Job::from_bytes(bytes, "items.xlsx").unwrap()
}

fn without_timings(mut report: Value) -> Value {
    report.as_object_mut().unwrap().remove("timings").unwrap();
    report
}

#[test]
fn inspects_every_fixture_or_says_why_not() {
    let service = Service::start(&[]);
    for fixture in manifest() {
        let path = format!("/v1/inspect?full=true&filename={}", fixture.file_name());
        let answer = service.post(&path, &(fixture.bytes)());
        match &fixture.expect {
            Expect::Sheets(sheets) => {
                assert_eq!(answer.status, 200, "{}: {}", fixture.name, answer.text());
                let found = answer.json();
                let found = found["sheets"].as_array().unwrap().iter();
                let found: Vec<_> = found
                    .filter(|sheet| {
                        sheet["visibility"] == "visible" && sheet["kind"] == "worksheet"
                    })
                    .map(|sheet| sheet["name"].as_str().unwrap().to_owned())
                    .collect();
                let names: Vec<_> = sheets.iter().map(|sheet| sheet.name).collect();
                assert_eq!(found, names, "{}", fixture.name);
            }
            Expect::Error(code) => {
                let problem = answer.problem(422, code);
                assert!(!problem.to_string().contains("spool"), "{problem}");
            }
        }
    }
    assert_eq!(service.spooled_files(), 0);
}

#[test]
fn validates_as_the_library_does() {
    let service = Service::start(&[]);
    let contract: Contract = contract_json().parse().unwrap();
    let expected = job(dirty_inventory())
        .with_contract(contract)
        .validate()
        .unwrap();
    let expected = without_timings(expected.to_json());
    let (file, contract) = (dirty_inventory(), contract_json());

    let sent = service.post_form(
        "/v1/validate",
        &[("file", &file), ("contract", contract.as_bytes())],
    );
    assert_eq!(sent.status, 200, "{}", sent.text());
    assert_eq!(without_timings(sent.json()), expected);
    let named = service.post("/v1/validate?contract=inventory&filename=items.xlsx", &file);
    assert_eq!(without_timings(named.json()), expected);
    let options = br#"{"contract": "inventory", "sheet": 1, "max_findings": 3}"#;
    let few = service
        .post_form("/v1/validate", &[("options", options), ("file", &file)])
        .json();
    assert_eq!(few["findings"].as_array().unwrap().len(), 3);
    assert_eq!(few["rows"], expected["rows"]);
    assert_eq!(
        service.metric("sheetlift_rows_total{verdict=\"rejected\"}"),
        120.0
    );
}

#[test]
fn reports_come_in_the_form_that_is_asked_for() {
    let service = Service::start(&[]);
    let file = dirty_inventory();
    for format in sheetlift::ReportFormat::ALL {
        let path = format!("/v1/validate?contract=inventory&filename=items.xlsx&report={format}");
        let answer = service.post(&path, &file);
        assert_eq!(answer.status, 200, "{format}: {}", answer.text());
        let is_json = format == sheetlift::ReportFormat::Json;
        if is_json {
            continue;
        }
        assert_eq!(answer.header("content-type"), format.media_type());
        let name = format!(
            "attachment; filename=\"items.{format}.{}\"",
            format.extension()
        );
        assert_eq!(answer.header("content-disposition"), name);
        assert_eq!(answer.header("x-sheetlift-rows-rejected"), "40");
        assert_eq!(
            answer.header("content-length"),
            answer.body.len().to_string()
        );
    }
    let rejects = service.post("/v1/validate?contract=inventory&report=rejects", &file);
    let again = service
        .post("/v1/validate?contract=inventory", &rejects.body)
        .json();
    assert_eq!(again["rows"]["read"], 40);
    let page = service.post("/v1/validate?contract=inventory&report=html", &file);
    assert!(page.text().contains("Items!C241"), "{}", page.text());
    let unknown = service.post("/v1/validate?contract=inventory&report=pdf", &file);
    unknown.problem(400, "usage/report");
    assert_eq!(service.spooled_files(), 0);
}

#[test]
fn converts_as_the_library_does() {
    let service = Service::start(&[]);
    for name in ["parquet", "arrow", "arrows", "csv", "ndjson"] {
        let format: Format = name.parse().unwrap();
        let mut expected = Vec::new();
        job(clean_inventory())
            .convert(format, &mut expected)
            .unwrap();
        let answer = service.post(&format!("/v1/convert?format={name}"), &clean_inventory());
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.body, expected, "{name}");
        assert_eq!(answer.header("content-type"), format.media_type());
        assert_eq!(
            answer.header("content-disposition"),
            format!("attachment; filename=\"upload.{name}\"")
        );
        assert_eq!(answer.header("x-sheetlift-rows"), "240");
    }
    let octets = "application/octet-stream";
    let accept = [("accept", "text/csv")];
    let path = "/v1/convert?columns=sku&limit=2&header=first&contract=inventory";
    let csv = service.post_as(path, octets, &dirty_inventory(), &accept);
    assert_eq!(csv.status, 400, "{}", csv.text());
    let path = "/v1/convert?contract=inventory";
    let csv = service.post_as(path, octets, &dirty_inventory(), &accept);
    assert_eq!(csv.text().lines().count(), 201);
    assert_eq!(
        (
            csv.header("x-sheetlift-rows"),
            csv.header("x-sheetlift-rows-rejected")
        ),
        ("200", "40")
    );
    let path = "/v1/convert?columns=A,category&limit=2";
    let csv = service.post_as(path, octets, &clean_inventory(), &accept);
    assert_eq!(
        csv.text()
            .lines()
            .map(|line| line.split(',').count())
            .collect::<Vec<_>>(),
        [2, 2, 2]
    );
    let none = [("accept", "image/png")];
    service
        .post_as("/v1/convert", octets, &clean_inventory(), &none)
        .problem(406, "usage/format");
}

#[test]
fn loads_once() {
    let service = Service::start(&["--create-table"]);
    let (file, contract) = (dirty_inventory(), contract_json());
    let parts: [(&str, &[u8]); 2] = [("file", &file), ("contract", contract.as_bytes())];
    let load = |path: &str| {
        let answer = service.post_form(path, &parts);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["load"].clone()
    };
    let dry = load("/v1/load?dry_run=true");
    assert_eq!(
        (&dry["state"], &dry["inserted"]),
        (&json!("dry_run"), &json!(200))
    );
    let first = load("/v1/load");
    assert_eq!(
        (&first["state"], &first["inserted"], &first["rejected"]),
        (&json!("committed"), &json!(200), &json!(40))
    );
    assert_eq!(load("/v1/load")["state"], "already_loaded");
    let other = load("/v1/load?table=elsewhere&mode=upsert");
    assert_eq!(
        (&other["target"], &other["mode"]),
        (&json!("elsewhere"), &json!("upsert"))
    );
    let database = rusqlite::Connection::open(service.home.path().join("inventory.db")).unwrap();
    let rows: i64 = database
        .query_row("SELECT count(*) FROM inventory", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 200);
}

#[test]
fn says_how_it_is() {
    let service = Service::start(&[]);
    assert_eq!(service.get("/healthz").text(), "ok\n");
    assert_eq!(service.get("/readyz").text(), "ready\n");
    let metrics = service.get("/metrics");
    assert!(
        metrics
            .header("content-type")
            .starts_with("application/openmetrics-text")
    );
    let text = metrics.text();
    assert!(text.ends_with("# EOF\n"));
    assert!(
        text.contains("sheetlift_http_requests_total{route=\"/readyz\",status=\"200\"} 1"),
        "{text}"
    );
    assert!(text.contains("sheetlift_files_working 0"), "{text}");
}

#[test]
fn requests_have_ids() {
    let service = Service::start(&[]);
    let octets = "application/octet-stream";
    let send = |id: &str| service.post_as("/v1/inspect", octets, b"x", &[("x-request-id", id)]);
    assert_eq!(
        send("abc-123").problem(422, "file/not-a-workbook")["request_id"],
        "abc-123"
    );
    for odd in ["two words", &"x".repeat(129)] {
        let made = send(odd).header("x-request-id").to_owned();
        assert_eq!(made.len(), 32, "{made}");
    }
    let logged = || service.log().contains(r#""request_id":"abc-123""#);
    wait_for("the log", logged);
    assert!(!service.log().contains(KEY));
}

#[test]
fn the_document_is_whole_and_true() {
    let service = Service::start(&[]);
    let document = service.get("/openapi.json").json();
    assert_eq!(document["openapi"], "3.1.0");
    let paths: BTreeSet<&str> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let routes = [
        "/healthz",
        "/metrics",
        "/readyz",
        "/v1/convert",
        "/v1/inspect",
        "/v1/load",
        "/v1/validate",
    ];
    assert_eq!(paths, BTreeSet::from(routes));
    for path in paths {
        let (right, wrong) = (service.get(path), service.post(path, b""));
        let (right, wrong) = if path.starts_with("/v1") {
            (wrong, right)
        } else {
            (right, wrong)
        };
        assert!(![404, 405].contains(&right.status), "{path}");
        wrong.problem(405, "http/method");
    }
    resolve_references(&document, &document);

    let (file, contract) = (dirty_inventory(), contract_json());
    let parts: [(&str, &[u8]); 2] = [("file", &file), ("contract", contract.as_bytes())];
    let report = service
        .post_form("/v1/load?create_table=true", &parts)
        .json();
    for (schema, value) in [
        ("Report", &report),
        ("Rows", &report["rows"]),
        ("Counts", &report["counts"]),
        ("ContractName", &report["contract"]),
        ("LoadReport", &report["load"]),
        ("Timings", &report["timings"]),
        ("Cited", &report["findings"][0]),
    ] {
        assert_described(&document, schema, value);
    }
    let inspection = service.post("/v1/inspect", &file).json();
    assert_described(&document, "Inspection", &inspection);
    assert_described(&document, "InspectedSheet", &inspection["sheets"][0]);
    assert_described(
        &document,
        "InspectedField",
        &inspection["sheets"][0]["fields"][0],
    );
}

fn resolve_references(document: &Value, value: &Value) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{reference}");
            }
            members
                .values()
                .for_each(|value| resolve_references(document, value));
        }
        Value::Array(values) => values
            .iter()
            .for_each(|value| resolve_references(document, value)),
        _ => {}
    }
}

fn assert_described(document: &Value, schema: &str, value: &Value) {
    let keys = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<BTreeSet<_>>()
    };
    let described = &document["components"]["schemas"][schema];
    let (keys, properties) = (keys(value), properties(document, described));
    let undescribed: Vec<_> = keys.difference(&properties).collect();
    assert!(undescribed.is_empty(), "{schema}: {undescribed:?}");
    let required = described["required"].as_array();
    let is_required = |name: &str| required.is_none_or(|all| all.iter().any(|one| one == name));
    let missing: Vec<_> = properties
        .difference(&keys)
        .filter(|name| is_required(name))
        .collect();
    assert!(missing.is_empty(), "{schema}: {missing:?}");
}

/// The properties of a schema, those of its parts included.
fn properties(document: &Value, schema: &Value) -> BTreeSet<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.strip_prefix('#').unwrap();
        return properties(document, document.pointer(pointer).unwrap());
    }
    let own = schema["properties"].as_object().into_iter();
    let own = own.flat_map(|properties| properties.keys().cloned());
    let parts = schema["allOf"].as_array().into_iter().flatten();
    own.chain(parts.flat_map(|part| properties(document, part)))
        .collect()
}
