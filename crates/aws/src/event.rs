//! What arrives: the event shapes of S3, EventBridge, SQS, SNS and API Gateway.
//!
//! An event is JSON from a stranger as far as this module is concerned. It becomes a flat tape (simd-json: no tree, no
//! recursion, strings stay where they are), and of that only the few members we need are looked at, so that one odd record
//! never spoils its neighbours. Nothing in here fails: what is not understood is [`Skipped`], with the reason.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use simd_json::{prelude::*, tape::Value};

/// An object as an event names it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectRef {
    /// Its bucket.
    pub bucket: String,
    /// Its key, decoded.
    pub key: String,
    /// Its version, in a bucket with versions.
    pub version_id: Option<String>,
    /// Its entity tag, without quotes.
    pub etag: Option<String>,
}

impl ObjectRef {
    /// `s3://bucket/key`
    pub fn uri(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }
}

/// Something with nothing to do in it, and why. It is final: another delivery would not change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped(pub String);

/// What an event says about objects; one entry for each of its records.
pub type Notice = Vec<Result<ObjectRef, Skipped>>;

/// A message of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What SQS calls it, for `batchItemFailures`.
    pub id: String,
    /// What it says.
    pub notice: Notice,
}

/// A request through API Gateway (payload format 2.0) or a function URL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpRequest {
    /// `GET`, `POST`, ...
    pub method: String,
    /// The `x-file-name` header, decoded.
    pub file_name: Option<String>,
    /// The body; `None` when its base64 is damaged.
    pub body: Option<Vec<u8>>,
}

/// What invoked us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// S3, EventBridge or SNS, without a queue.
    Direct(Notice),
    /// SQS: each message succeeds or fails on its own.
    Queue(Vec<Message>),
    /// Somebody who waits for the answer.
    Http(HttpRequest),
}

impl Event {
    /// Reads an event; whatever it is, there is something to make of it.
    pub fn parse(mut json: Vec<u8>) -> Event {
        let tape = match simd_json::to_tape(&mut json) {
            Ok(tape) => tape,
            Err(error) => return Event::Direct(skip(format!("not JSON: {error}"))),
        };
        let event = tape.as_value();
        if find(event, &["requestContext", "http"]).is_some() {
            return Event::Http(http_request(event));
        }
        match records(event) {
            Some(records) if records.clone().any(is_queued) => {
                Event::Queue(records.filter_map(message).collect())
            }
            _ => Event::Direct(notice(event, NESTING)),
        }
    }
}

/// How many envelopes there may be around a notice: SNS in SQS needs one.
const NESTING: usize = 2;

fn is_queued(record: Value<'_, '_>) -> bool {
    text(record, &["eventSource"]) == Some("aws:sqs")
}

/// A message without an id cannot be reported back, so that there is no use in it.
fn message(record: Value<'_, '_>) -> Option<Message> {
    let id = text(record, &["messageId"])?;
    let notice = match text(record, &["body"]) {
        Some(body) => enclosed(body, NESTING),
        None => skip("a message without a body"),
    };
    Some(Message {
        id: id.to_owned(),
        notice,
    })
}

/// A notice that is text in another one.
fn enclosed(json: &str, nesting: usize) -> Notice {
    let mut json = json.as_bytes().to_vec();
    match simd_json::to_tape(&mut json) {
        Ok(tape) => notice(tape.as_value(), nesting),
        Err(error) => skip(format!("not JSON: {error}")),
    }
}

fn notice(event: Value<'_, '_>, nesting: usize) -> Notice {
    if let Some(records) = records(event) {
        return records
            .flat_map(|record| match text(record, &["Sns", "Message"]) {
                Some(inner) if nesting > 0 => enclosed(inner, nesting - 1),
                _ => vec![s3_record(record)],
            })
            .collect();
    }
    if text(event, &["Event"]) == Some("s3:TestEvent") {
        return skip("the test event that S3 sends when notifications are set up");
    }
    if text(event, &["source"]) == Some("aws.s3") {
        return vec![eventbridge(event)];
    }
    match (
        text(event, &["Type"]),
        text(event, &["Message"]),
        nesting.checked_sub(1),
    ) {
        (Some("Notification"), Some(inner), Some(nesting)) => enclosed(inner, nesting),
        _ => skip("not an event of S3, EventBridge, SNS, SQS or API Gateway"),
    }
}

/// Keys of S3 notifications are form-encoded: `+` is a space, everything unusual is `%XX`.
fn s3_record(record: Value<'_, '_>) -> Result<ObjectRef, Skipped> {
    let name = text(record, &["eventName"]).unwrap_or_default();
    if !name.contains("ObjectCreated:") {
        return Err(Skipped(format!("not about a new object: {name:?}")));
    }
    let spaced = text(record, &["s3", "object", "key"]).map(|key| key.replace('+', " "));
    let key = match &spaced {
        Some(key) => percent_decode_str(key)
            .decode_utf8()
            .map_err(|_| Skipped("a key that is not UTF-8".to_owned()))?,
        None => Cow::Borrowed(""),
    };
    object(
        text(record, &["s3", "bucket", "name"]),
        &key,
        text(record, &["s3", "object", "versionId"]),
        text(record, &["s3", "object", "eTag"]),
    )
}

/// Keys of EventBridge events are not encoded.
fn eventbridge(event: Value<'_, '_>) -> Result<ObjectRef, Skipped> {
    let kind = text(event, &["detail-type"]).unwrap_or_default();
    if kind != "Object Created" {
        return Err(Skipped(format!("not about a new object: {kind:?}")));
    }
    object(
        text(event, &["detail", "bucket", "name"]),
        text(event, &["detail", "object", "key"]).unwrap_or_default(),
        text(event, &["detail", "object", "version-id"]),
        text(event, &["detail", "object", "etag"]),
    )
}

fn object(
    bucket: Option<&str>,
    key: &str,
    version_id: Option<&str>,
    etag: Option<&str>,
) -> Result<ObjectRef, Skipped> {
    let Some(bucket) = bucket.filter(|bucket| !bucket.is_empty() && !key.is_empty()) else {
        return Err(Skipped("a record without bucket and key".to_owned()));
    };
    if key.ends_with('/') {
        return Err(Skipped(format!("s3://{bucket}/{key} is a folder")));
    }
    let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(ObjectRef {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        version_id: given(version_id),
        etag: given(etag.map(|etag| etag.trim_matches('"'))),
    })
}

fn http_request(event: Value<'_, '_>) -> HttpRequest {
    let body = text(event, &["body"]).unwrap_or_default();
    let is_base64 = find(event, &["isBase64Encoded"]).and_then(|flag| flag.as_bool());
    let file_name = text(event, &["headers", "x-file-name"]);
    HttpRequest {
        method: text(event, &["requestContext", "http", "method"])
            .unwrap_or_default()
            .to_owned(),
        file_name: file_name.map(|name| percent_decode_str(name).decode_utf8_lossy().into_owned()),
        body: match is_base64 {
            Some(true) => STANDARD.decode(body).ok(),
            _ => Some(body.as_bytes().to_vec()),
        },
    }
}

fn skip(reason: impl Into<String>) -> Notice {
    vec![Err(Skipped(reason.into()))]
}

fn records<'t, 'i>(
    event: Value<'t, 'i>,
) -> Option<impl Iterator<Item = Value<'t, 'i>> + Clone + use<'t, 'i>> {
    let records = find(event, &["Records"])?.as_array()?;
    Some((0..records.len()).filter_map(move |at| records.get(at)))
}

fn text<'i>(value: Value<'_, 'i>, path: &[&str]) -> Option<&'i str> {
    find(value, path)?.into_string()
}

fn find<'t, 'i>(value: Value<'t, 'i>, path: &[&str]) -> Option<Value<'t, 'i>> {
    path.iter()
        .try_fold(value, |value, name| value.as_object()?.get(*name))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn direct(event: &Json) -> Notice {
        match Event::parse(event.to_string().into_bytes()) {
            Event::Direct(notice) => notice,
            other => panic!("{other:?}"),
        }
    }

    fn reason(event: &Json) -> String {
        direct(event).remove(0).unwrap_err().0
    }

    fn s3(key: &str) -> Json {
        json!({"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {
            "bucket": {"name": "b"}, "object": {"key": key, "eTag": "e1", "versionId": "v1"}}})
    }

    #[test]
    fn keys_are_decoded_as_their_source_encodes_them() {
        let event = json!({"Records": [s3("in/a+b%2Bc%C3%BC.xlsx")]});
        let object = direct(&event).remove(0).unwrap();
        assert_eq!(object.key, "in/a b+cü.xlsx");
        assert_eq!(object.version_id.as_deref(), Some("v1"));
        assert_eq!(object.etag.as_deref(), Some("e1"));

        let event = json!({"source": "aws.s3", "detail-type": "Object Created", "detail": {
            "bucket": {"name": "b"}, "object": {"key": "in/a+b%2B.xlsx", "etag": "e1"}}});
        let object = direct(&event).remove(0).unwrap();
        assert_eq!(
            (object.key.as_str(), object.version_id),
            ("in/a+b%2B.xlsx", None)
        );
    }

    #[test]
    fn a_queue_wraps_every_other_notice() {
        let sns =
            json!({"Type": "Notification", "Message": json!({"Records": [s3("c")]}).to_string()});
        let message = |id: &str, body: String| json!({"eventSource": "aws:sqs", "messageId": id, "body": body});
        let event = json!({"Records": [
            message("1", json!({"Records": [s3("a"), s3("b")]}).to_string()),
            message("2", sns.to_string()),
            message("3", "{\"Records\":[".to_owned()),
            json!({"eventSource": "aws:sqs", "messageId": "4"}),
        ]});
        let Event::Queue(messages) = Event::parse(event.to_string().into_bytes()) else {
            panic!()
        };
        let keys: Vec<Vec<_>> = messages
            .iter()
            .map(|message| {
                message
                    .notice
                    .iter()
                    .map(|o| o.as_ref().ok().map(|o| o.key.as_str()))
                    .collect()
            })
            .collect();
        assert_eq!(
            keys,
            [
                vec![Some("a"), Some("b")],
                vec![Some("c")],
                vec![None],
                vec![None]
            ]
        );
        let direct_sns =
            json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": sns["Message"]}}]});
        assert_eq!(direct(&direct_sns).remove(0).unwrap().key, "c");
    }

    #[test]
    fn what_is_not_for_us_says_why() {
        assert!(
            reason(&json!({"Service": "Amazon S3", "Event": "s3:TestEvent"}))
                .contains("test event")
        );
        assert!(reason(&json!({"Records": [s3("in/folder/")]})).contains("folder"));
        assert!(reason(&json!({"Records": [s3("%FF")]})).contains("UTF-8"));
        assert!(
            reason(&json!({"Records": [{"eventName": "ObjectRemoved:Delete"}]}))
                .contains("Removed")
        );
        assert!(
            reason(&json!({"Records": [{"eventName": "ObjectCreated:Put"}]})).contains("without")
        );
        assert!(reason(&json!({"Records": [7, null]})).contains("not about"));
        assert!(
            reason(&json!({"source": "aws.s3", "detail-type": "Object Deleted"}))
                .contains("Deleted")
        );
        for odd in [
            json!({}),
            json!([]),
            json!(null),
            json!("x"),
            json!({"Records": {}}),
        ] {
            assert!(reason(&odd).starts_with("not an event"), "{odd}");
        }
        assert!(matches!(Event::parse(b"{".to_vec()), Event::Direct(_)));
        assert!(matches!(Event::parse(Vec::new()), Event::Direct(_)));
    }

    #[test]
    fn a_deep_message_does_not_use_up_the_stack() {
        let deep = "[".repeat(200_000) + &"]".repeat(200_000);
        assert_eq!(enclosed(&deep, 1).len(), 1);
        assert_eq!(enclosed(&"{\"a\":".repeat(100_000), 1).len(), 1);
    }

    #[test]
    fn a_request_brings_its_body() {
        let event = |body: &str, is_base64: bool| {
            let event = json!({"version": "2.0", "requestContext": {"http": {"method": "POST"}},
                "headers": {"x-file-name": "%C3%BC.xlsx"}, "body": body, "isBase64Encoded": is_base64});
            match Event::parse(event.to_string().into_bytes()) {
                Event::Http(request) => request,
                other => panic!("{other:?}"),
            }
        };
        let request = event("UEsDBA==", true);
        assert_eq!(request.body.as_deref(), Some(&b"PK\x03\x04"[..]));
        assert_eq!(request.file_name.as_deref(), Some("ü.xlsx"));
        assert_eq!(event("a,b\n", false).body.as_deref(), Some(&b"a,b\n"[..]));
        assert_eq!(event("not base64!", true).body, None);
    }
}
