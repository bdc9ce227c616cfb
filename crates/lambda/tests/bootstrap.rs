//! The built `bootstrap` against the Runtime API and S3, both on loopback.

mod support;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::{Value, json};
use sheetlift::{Contract, Job};
use sheetlift_fixtures::inventory::{clean_inventory, contract_json, dirty_inventory, planted};
use sheetlift_lambda_emulator::Fault;

use support::{Bucket, Stored, eventbridge, failed, fixture, queue, s3_event};

#[test]
fn only_transient_faults_of_a_batch_come_again() {
    let bucket = Bucket::new("batch");
    let dirty = bucket.put("in/dirty.xlsx", &dirty_inventory());
    let unicode = bucket.put("in/Lager 表/ü.xlsx", &clean_inventory());
    let plus = bucket.put("in/a+b c%20.xlsx", &clean_inventory());
    let corrupt = bucket.put("in/corrupt.xlsx", &fixture("zip_wrong_crc"));
    let encrypted = bucket.put("in/encrypted.xlsx", &fixture("encrypted"));
    let deleted = bucket.put("in/deleted.xlsx", b"x");
    bucket.delete("in/deleted.xlsx");
    let named = |key: &str| Stored {
        key: key.to_owned(),
        ..dirty.clone()
    };
    let nowhere = Stored {
        bucket: "no-such-bucket",
        ..dirty.clone()
    };
    let body = |object: &Stored| s3_event(object).to_string();
    let notification = json!({"Type": "Notification", "TopicArn": "t", "Message": body(&plus)});
    let function = bucket.function(&[]);
    let event = queue(&[
        body(&dirty),
        body(&dirty),
        r#"{"Records": [{"eventName": "ObjectCreated:Put", "s3": "#.to_owned(),
        json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "batch"}).to_string(),
        body(&unicode),
        body(&plus),
        body(&named("in/throttled.xlsx")), // m6
        body(&named("in/refused.xlsx")),   // m7
        body(&deleted),
        body(&nowhere), // m9
        body(&corrupt),
        body(&encrypted),
        eventbridge(&unicode).to_string(),
        notification.to_string(),
        json!({"Records": [{"eventName": "ObjectCreated:Put"}]}).to_string(),
        "[".repeat(100_000),
        body(&named("in//empty segment.xlsx")),
    ]);
    let response = function.invoke(&event).unwrap();
    assert_eq!(failed(&response), ["m6", "m7", "m9"]);

    assert_eq!(rows(&bucket.accepted(&dirty)), 200);
    let report = bucket.report(&dirty);
    let found: Vec<_> = (report["findings"].as_array().unwrap().iter())
        .filter(|finding| finding["level"] == "error")
        .map(|finding| {
            (
                text(&finding["code"]),
                text(&finding["cell"]),
                text(&finding["field"]),
            )
        })
        .collect();
    let wanted = planted();
    let wanted = wanted
        .iter()
        .map(|fault| (fault.code, fault.cell.as_str(), fault.field));
    assert_eq!(found, wanted.collect::<Vec<_>>());
    for clean in [&unicode, &plus] {
        assert_eq!(rows(&bucket.accepted(clean)), 240);
        assert_eq!(bucket.report(clean)["rows"]["rejected"], 0);
    }
    for (object, code) in [(&corrupt, "file/corrupt"), (&encrypted, "file/encrypted")] {
        let report = bucket.report(object);
        assert_eq!(report["error"]["code"], code);
        assert_eq!(report["error"]["status"], 422);
        assert_eq!(report["file"], format!("s3://batch/{}", object.key));
    }
    let results = bucket
        .keys()
        .into_iter()
        .filter(|key| key.starts_with("results/"));
    assert_eq!(results.count(), 2 * 3 + 3); // three accepted, three refused, and nothing about the others

    // A duplicate leaves every byte as it was.
    let before = (bucket.accepted(&dirty), bucket.report(&dirty));
    function.invoke(&queue(&[body(&dirty)])).unwrap();
    assert_eq!((bucket.accepted(&dirty), bucket.report(&dirty)), before);
}

#[test]
fn the_report_is_the_one_of_the_library() {
    let bucket = Bucket::new("same");
    let object = bucket.put("in/dirty.xlsx", &dirty_inventory());
    bucket.function(&[]).invoke(&s3_event(&object)).unwrap();
    let contract: Contract = contract_json().parse().unwrap();
    let job = Job::from_bytes(dirty_inventory(), "s3://same/in/dirty.xlsx").unwrap();
    let report = job
        .with_contract(contract)
        .validate()
        .unwrap()
        .without_timings();
    assert_eq!(bucket.report(&object), report.to_json());
}

#[test]
fn without_a_queue_each_record_has_its_line() {
    let bucket = Bucket::new("direct");
    let object = bucket.put("in/a+b%20c.xlsx", &dirty_inventory());
    let function = bucket.function(&[]);
    for event in [eventbridge(&object), s3_event(&object)] {
        let response = function.invoke(&event).unwrap();
        let line = &response["records"][0];
        assert_eq!(line["outcome"], "checked");
        assert_eq!(
            (&line["accepted"], &line["rejected"]),
            (&json!(200), &json!(40))
        );
        let report = format!(
            "s3://direct/results/in/a+b%20c.xlsx/{}/report.json",
            object.etag
        );
        assert_eq!(line["report"], report);
    }
    let test = function.invoke(&json!({"Service": "Amazon S3", "Event": "s3:TestEvent"}));
    assert_eq!(test.unwrap()["records"][0]["outcome"], "skipped");
    assert_eq!(
        function.invoke(&json!(7)).unwrap()["records"][0]["outcome"],
        "skipped"
    );

    let down = Stored {
        key: "in/throttled.xlsx".to_owned(),
        ..object
    };
    let Err(Fault::Handler(error)) = function.invoke(&s3_event(&down)) else {
        panic!("Lambda is to try again");
    };
    assert_eq!(error["errorType"], "Transient");
    assert!(text(&error["errorMessage"]).contains("in/throttled.xlsx"));
}

#[test]
fn a_request_is_validated_while_it_waits() {
    let bucket = Bucket::new("http");
    let function = bucket.function(&[]);
    let call = |method: &str, body: &str| {
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/", "isBase64Encoded": true,
            "headers": {"content-type": "application/octet-stream", "x-file-name": "l%C3%A4ger.xlsx"},
            "requestContext": {"http": {"method": method, "path": "/"}}, "body": body,
        });
        let response = function.invoke(&event).unwrap();
        let body: Value = serde_json::from_str(text(&response["body"])).unwrap();
        let media_type = text(&response["headers"]["content-type"]).to_owned();
        (response["statusCode"].as_u64().unwrap(), media_type, body)
    };
    let problem = "application/problem+json";

    let (status, media_type, report) = call("POST", &STANDARD.encode(dirty_inventory()));
    assert_eq!((status, media_type.as_str()), (200, "application/json"));
    assert_eq!(report["rows"]["accepted"], 200);
    assert_eq!(report["file"], "läger.xlsx");

    for (file, code) in [
        ("encrypted", "file/encrypted"),
        ("zip_wrong_crc", "file/corrupt"),
    ] {
        let (status, media_type, body) = call("POST", &STANDARD.encode(fixture(file)));
        assert_eq!(
            (status, media_type.as_str(), text(&body["code"])),
            (422, problem, code)
        );
    }
    assert_eq!(call("POST", "no base64!").0, 400);
    assert_eq!(call("GET", "").0, 405);
    assert_eq!(bucket.keys().len(), 0);
}

#[test]
fn results_never_come_back_as_uploads() {
    let bucket = Bucket::new("recursion");
    let refused = bucket.function(&[("SHEETLIFT_RESULTS", "s3://recursion/in/results/")]);
    let message = refused.init_error();
    assert!(
        text(&message["errorMessage"]).contains("inside s3://recursion/in/"),
        "{message}"
    );

    // An event that comes all the same.
    let report = bucket.put("results/in/a.xlsx/0/report.json", b"{}");
    let function = bucket.function(&[]);
    let response = function
        .invoke(&queue(&[s3_event(&report).to_string()]))
        .unwrap();
    assert!(failed(&response).is_empty());
    assert_eq!(bucket.keys(), [report.key]);
}

#[test]
fn reads_what_the_event_was_about() {
    let bucket = Bucket::new("pinned");
    let function = bucket.function(&[]);
    let first = bucket.put("in/a.xlsx", &dirty_inventory());
    let second = bucket.put("in/a.xlsx", &clean_inventory());
    let replaced = &function.invoke(&s3_event(&first)).unwrap()["records"][0];
    assert!(text(&replaced["reason"]).contains("replaced"), "{replaced}");
    let current = &function.invoke(&s3_event(&second)).unwrap()["records"][0];
    assert_eq!(current["accepted"], 240);

    let bucket = Bucket::new("versions").keep_versions();
    let function = bucket.function(&[]);
    let first = bucket.put("in/a.xlsx", &dirty_inventory());
    let second = bucket.put("in/a.xlsx", &clean_inventory());
    assert!(first.version_id.is_some());
    for (object, accepted) in [(&first, 200), (&second, 240)] {
        let line = &function.invoke(&eventbridge(object)).unwrap()["records"][0];
        assert_eq!(line["accepted"], accepted);
        assert_eq!(rows(&bucket.accepted(object)), accepted);
    }
}

#[test]
fn rows_are_loaded_once() {
    let bucket = Bucket::new("target");
    let dir = tempfile::tempdir().unwrap();
    let database = dir.path().join("inventory.db");
    let target = format!("sqlite:{}", database.display());
    let function = bucket.function(&[
        ("SHEETLIFT_TARGET", &target),
        ("SHEETLIFT_CREATE_TABLE", "true"),
    ]);
    let object = bucket.put("in/dirty.xlsx", &dirty_inventory());
    let event = s3_event(&object);

    let line = &function.invoke(&event).unwrap()["records"][0];
    assert_eq!(line["load"], "committed");
    let first = bucket.report(&object);
    assert_eq!(first["load"]["inserted"], 200);

    let line = &function.invoke(&event).unwrap()["records"][0];
    assert_eq!(line["load"], "already_loaded");
    assert_eq!(bucket.report(&object), first);

    // Had the function died between the commit and the report, this is what the next delivery would write.
    let key = format!("results/in/dirty.xlsx/{}/report.json", object.etag);
    bucket.delete(&key);
    function.invoke(&event).unwrap();
    let late = bucket.report(&object);
    assert_eq!(late["load"]["state"], "already_loaded");
    assert_eq!(
        (&late["findings"], &late["rows"]),
        (&first["findings"], &first["rows"])
    );

    let table = text(&first["load"]["target"]);
    let database = rusqlite::Connection::open(database).unwrap();
    let count = format!("select count(*) from \"{table}\"");
    let count: i64 = database.query_row(&count, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 200);
}

#[test]
fn large_objects_go_through_a_file_and_too_large_ones_nowhere() {
    let bucket = Bucket::new("large");
    let object = bucket.put("in/dirty.xlsx", &dirty_inventory());
    let function = bucket.function(&[("SHEETLIFT_SPOOL_BYTES", "0")]);
    let line = &function.invoke(&s3_event(&object)).unwrap()["records"][0];
    assert_eq!(line["accepted"], 200);
    assert_eq!(bucket.report(&object)["file"], "s3://large/in/dirty.xlsx");

    let function = bucket.function(&[("SHEETLIFT_MAX_FILE_BYTES", "100")]);
    let line = &function.invoke(&s3_event(&object)).unwrap()["records"][0];
    assert_eq!(line["code"], "file/too-large");
    let error = &bucket.report(&object)["error"];
    assert_eq!(
        (&error["status"], &error["limit"]["name"]),
        (&json!(413), &json!("max_file_bytes"))
    );
}

#[test]
fn the_contract_may_lie_in_s3() {
    let bucket = Bucket::new("contract");
    bucket.put("contracts/items.json", contract_json().as_bytes());
    let object = bucket.put("in/dirty.xlsx", &dirty_inventory());
    let function = bucket.function(&[("SHEETLIFT_CONTRACT", "s3://contract/contracts/items.json")]);
    let line = &function.invoke(&s3_event(&object)).unwrap()["records"][0];
    assert_eq!(line["rejected"], 40);

    for (contract, said) in [
        (
            "s3://contract/contracts/none.json",
            "s3://contract/contracts/none.json",
        ),
        ("{\"schema\": 1}", "SHEETLIFT_CONTRACT"),
        ("", "SHEETLIFT_CONTRACT is not set"),
    ] {
        let error = bucket
            .function(&[("SHEETLIFT_CONTRACT", contract)])
            .init_error();
        assert!(text(&error["errorMessage"]).contains(said), "{error}");
    }
}

#[test]
fn messages_for_which_there_is_no_time_come_again() {
    let bucket = Bucket::new("late");
    let object = bucket.put("in/dirty.xlsx", &dirty_inventory());
    let function = bucket.function(&[]).with_timeout(Duration::from_secs(1));
    let body = s3_event(&object).to_string();
    let response = function.invoke(&queue(&[body.clone(), body])).unwrap();
    assert_eq!(failed(&response), ["m0", "m1"]);
}

fn rows(parquet: &[u8]) -> i64 {
    let reader = SerializedFileReader::new(bytes::Bytes::from(parquet.to_vec())).unwrap();
    reader.metadata().file_metadata().num_rows()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
