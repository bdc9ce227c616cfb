//! S3 for the tests: moto on loopback behind a proxy that knows how S3 fails, and the events it would send.

mod proxy;

use std::{sync::OnceLock, time::Duration};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use sheetlift_fixtures::{Fixture, inventory, manifest};
use sheetlift_lambda_emulator::{Function, http, moto};

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'/')
    .remove(b'_');

/// moto lets in whoever signs, and does not look at the signature.
const SIGNED: (&str, &str) = (
    "authorization",
    "AWS4-HMAC-SHA256 Credential=test/20261125/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
);

/// A bucket of its own for one test.
pub(crate) struct Bucket {
    pub(crate) name: &'static str,
}

/// An object, as events name it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stored {
    pub(crate) bucket: &'static str,
    pub(crate) key: String,
    pub(crate) etag: String,
    pub(crate) version_id: Option<String>,
}

fn s3() -> &'static (String, String) {
    static S3: OnceLock<(String, String)> = OnceLock::new();
    S3.get_or_init(|| {
        let moto = moto::start(env!("CARGO_TARGET_TMPDIR"));
        let proxy = proxy::start(moto.clone());
        (moto, proxy)
    })
}

impl Bucket {
    pub(crate) fn new(name: &'static str) -> Bucket {
        let bucket = Bucket { name };
        bucket.call("PUT", "", &[]);
        bucket
    }

    pub(crate) fn keep_versions(self) -> Bucket {
        let body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        self.call("PUT", "?versioning", body.as_bytes());
        self
    }

    pub(crate) fn put(&self, key: &str, bytes: &[u8]) -> Stored {
        let answer = self.call("PUT", &encoded(key), bytes);
        Stored {
            bucket: self.name,
            key: key.to_owned(),
            etag: answer.header("etag").unwrap().trim_matches('"').to_owned(),
            version_id: answer.header("x-amz-version-id").map(str::to_owned),
        }
    }

    pub(crate) fn get(&self, key: &str) -> Vec<u8> {
        self.call("GET", &encoded(key), &[]).body
    }

    pub(crate) fn delete(&self, key: &str) {
        self.call("DELETE", &encoded(key), &[]);
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        let listing = self.call("GET", "?list-type=2", &[]).body;
        let listing = String::from_utf8(listing).unwrap();
        let ends = listing.split("<Key>").skip(1);
        ends.map(|end| end.split("</Key>").next().unwrap().to_owned())
            .collect()
    }

    /// The report about an object.
    pub(crate) fn report(&self, object: &Stored) -> Value {
        let key = format!("results/{}/{}/report.json", object.key, object.etag);
        serde_json::from_slice(&self.get(&key)).unwrap()
    }

    /// The accepted rows of an object, as a Parquet file.
    pub(crate) fn accepted(&self, object: &Stored) -> Vec<u8> {
        let key = format!("results/{}/{}/accepted.parquet", object.key, object.etag);
        self.get(&key)
    }

    /// A function whose uploads and results are here.
    pub(crate) fn function(&self, vars: &[(&str, &str)]) -> Function {
        let mut all = vec![
            ("AWS_ENDPOINT_URL", format!("http://{}", s3().1)),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "eu-central-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("SHEETLIFT_CONTRACT", inventory::contract_json()),
            ("SHEETLIFT_RESULTS", format!("s3://{}/results", self.name)),
            ("SHEETLIFT_TRIGGERS", format!("s3://{}/in/", self.name)),
        ];
        for (name, value) in vars {
            all.retain(|(key, _)| key != name);
            all.push((name, (*value).to_owned()));
        }
        Function::start(env!("CARGO_BIN_EXE_bootstrap"), &all).with_timeout(Duration::from_secs(90))
    }

    fn call(&self, method: &str, target: &str, body: &[u8]) -> http::Message {
        let slash = if target.starts_with('?') { "" } else { "/" };
        let target = format!("/{}{slash}{target}", self.name);
        let answer = http::call(&s3().0, method, &target, &[SIGNED], body).unwrap();
        let fine = answer.word(1).starts_with('2');
        assert!(fine, "{method} {target}: {}", answer.start);
        answer
    }
}

fn encoded(key: &str) -> String {
    utf8_percent_encode(key, UNRESERVED).to_string()
}

/// The record of a notification, with its key in the encoding of S3.
pub(crate) fn s3_event(object: &Stored) -> Value {
    let key = encoded(&object.key).replace("%20", "+");
    json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-central-1",
        "eventTime": "2026-11-25T10:00:00.000Z", "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0", "configurationId": "uploads",
            "bucket": {"name": object.bucket, "arn": format!("arn:aws:s3:::{}", object.bucket)},
            "object": {"key": key, "size": 1, "eTag": object.etag, "versionId": object.version_id,
                "sequencer": "0055AED6DCD90281E5"},
        },
    }]})
}

/// The same from EventBridge, with the key as it is.
pub(crate) fn eventbridge(object: &Stored) -> Value {
    json!({
        "version": "0", "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created", "source": "aws.s3", "region": "eu-central-1",
        "resources": [format!("arn:aws:s3:::{}", object.bucket)],
        "detail": {
            "version": "0", "reason": "PutObject", "bucket": {"name": object.bucket},
            "object": {"key": object.key, "size": 1, "etag": object.etag, "version-id": object.version_id},
        },
    })
}

/// Messages of a queue with these bodies; their ids are `m0`, `m1`, ...
pub(crate) fn queue(bodies: &[String]) -> Value {
    let records = bodies.iter().enumerate().map(|(at, body)| {
        json!({
            "messageId": format!("m{at}"), "receiptHandle": "h", "body": body,
            "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {},
            "eventSource": "aws:sqs", "awsRegion": "eu-central-1",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:000000000000:uploads",
        })
    });
    json!({"Records": records.collect::<Vec<_>>()})
}

/// The ids that a queue is to deliver again.
pub(crate) fn failed(response: &Value) -> Vec<&str> {
    let failures = response["batchItemFailures"].as_array().unwrap();
    failures
        .iter()
        .map(|failure| failure["itemIdentifier"].as_str().unwrap())
        .collect()
}

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let found: Option<Fixture> = manifest().into_iter().find(|fixture| fixture.name == name);
    (found.unwrap().bytes)()
}
