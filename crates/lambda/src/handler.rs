//! Events in, answers out.
//!
//! * Queue: `batchItemFailures` with the messages that another delivery may help, and no other.
//! * S3, EventBridge, SNS without a queue: an error if any record failed, so that Lambda tries again and then hands the
//!   event to the destination for failures; otherwise what became of each record.
//! * HTTP: a report or a problem.
//!
//! Records are taken one after the other: a job uses every core there is, and half the memory is better than half the time.

use std::{
    future::Future,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use lambda_runtime::{Diagnostic, LambdaEvent};
use serde_json::{Value, json, value::RawValue};
use sheetlift::{CancelToken, Error, Problem};
use sheetlift_aws::{
    Event, Failure, HttpRequest, Message, Notice, ObjectRef, Skipped, Verdict, Worker,
};

use crate::log::{self, Subject};

/// Time kept back from a job for the answer: being killed fails the records that were done, too.
const RESERVE: Duration = Duration::from_secs(2);

/// Answers one event.
///
/// # Errors
/// When an event without a queue has a record that failed.
pub(crate) async fn handle(
    worker: &Worker,
    event: LambdaEvent<Box<RawValue>>,
) -> Result<Value, Diagnostic> {
    let (json, context) = event.into_parts();
    let process = |object: ObjectRef, cancel: CancelToken| {
        let worker = worker.clone();
        async move { worker.process(&object, cancel).await }
    };
    let invocation = Invocation {
        process,
        request_id: &context.request_id,
        stop_at: UNIX_EPOCH + Duration::from_millis(context.deadline) - RESERVE,
    };
    match Event::parse(Box::<str>::from(json).into_string().into_bytes()) {
        Event::Queue(messages) => Ok(invocation.queue(messages).await),
        Event::Direct(notice) => invocation.direct(notice).await,
        Event::Http(request) => Ok(answer(worker, request).await),
    }
}

struct Invocation<'a, P> {
    /// What is done with an object.
    process: P,
    request_id: &'a str,
    stop_at: SystemTime,
}

impl<P, F> Invocation<'_, P>
where
    P: Fn(ObjectRef, CancelToken) -> F,
    F: Future<Output = Result<Verdict, Failure>> + Send + 'static,
{
    async fn queue(&self, messages: Vec<Message>) -> Value {
        let mut failed = Vec::new();
        for message in messages {
            let lines = self.records(Some(&message.id), message.notice).await;
            if lines.iter().any(Result::is_err) {
                failed.push(json!({"itemIdentifier": message.id}));
            }
        }
        json!({"batchItemFailures": failed})
    }

    async fn direct(&self, notice: Notice) -> Result<Value, Diagnostic> {
        let lines: Result<Vec<Value>, Failure> =
            self.records(None, notice).await.into_iter().collect();
        match lines {
            Ok(lines) => Ok(json!({"records": lines})),
            Err(failure) => Err(Diagnostic {
                error_type: "Transient".to_owned(),
                error_message: failure.0,
            }),
        }
    }

    /// All records of a notice: the line that was logged for each, or why it failed.
    async fn records(
        &self,
        message_id: Option<&str>,
        notice: Notice,
    ) -> Vec<Result<Value, Failure>> {
        let mut lines = Vec::with_capacity(notice.len());
        for record in notice {
            let (object, ended) = match record {
                Err(Skipped(reason)) => (None, Ok(Verdict::Skipped { reason })),
                Ok(object) => {
                    let (uri, cancel) = (object.uri(), CancelToken::new());
                    let work = (self.process)(object, cancel.clone());
                    (Some(uri), isolated(work, self.stop_at, cancel).await)
                }
            };
            let subject = Subject {
                request_id: self.request_id,
                message_id,
                object: object.as_deref(),
            };
            let line = log::record(subject, &ended);
            lines.push(ended.map(|_| line));
        }
        lines
    }
}

/// Runs the work of one record so that neither its panic nor its length reaches the others.
async fn isolated(
    work: impl Future<Output = Result<Verdict, Failure>> + Send + 'static,
    stop_at: SystemTime,
    cancel: CancelToken,
) -> Result<Verdict, Failure> {
    let left = stop_at
        .duration_since(SystemTime::now())
        .unwrap_or_default();
    if left.is_zero() {
        return Err(Failure("no time is left for this record".to_owned()));
    }
    let task = tokio::spawn(work);
    let abort = task.abort_handle();
    match tokio::time::timeout(left, task).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(error)) => Err(Failure(match error.try_into_panic() {
            Ok(panic) => format!("a defect of sheetlift: {}", words(&*panic)),
            Err(error) => error.to_string(),
        })),
        Err(_) => {
            cancel.cancel();
            abort.abort();
            Err(Failure("the function ran out of time".to_owned()))
        }
    }
}

/// What a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic")
}

/// Validates the workbook in a request.
async fn answer(worker: &Worker, request: HttpRequest) -> Value {
    if request.method != "POST" {
        let detail = format!("there is no {} here", request.method);
        let problem = Problem::new(405, "http/method", detail);
        let mut refused = refusal(&problem.with_hint("send the workbook with POST"));
        refused["headers"]["allow"] = "POST".into();
        return refused;
    }
    let Some(body) = request.body else {
        let detail = "the body is not the base64 that it is said to be";
        return refusal(&Problem::new(400, "upload/encoding", detail));
    };
    let name = request.file_name.unwrap_or_else(|| "upload".to_owned());
    let worker = worker.clone();
    let validated = tokio::spawn(async move { worker.validate(body, name).await }).await;
    let validated = validated
        .unwrap_or_else(|error| Err(Error::bug(format!("the check ended early: {error}"))));
    match validated {
        Ok(report) => response(200, "application/json", &report.to_json()),
        Err(error) => {
            let problem = Problem::from(&error);
            log::refused(&problem);
            refusal(&problem)
        }
    }
}

fn refusal(problem: &Problem) -> Value {
    let media_type = "application/problem+json";
    response(problem.status, media_type, &json!(problem))
}

fn response(status: u16, media_type: &str, body: &Value) -> Value {
    json!({
        "statusCode": status,
        "headers": {"content-type": media_type},
        "body": body.to_string(),
        "isBase64Encoded": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_seconds(seconds: u64) -> SystemTime {
        SystemTime::now() + Duration::from_secs(seconds)
    }

    #[tokio::test]
    async fn a_panic_fails_one_message() {
        let process = |object: ObjectRef, _| async move {
            match object.key.as_str() {
                "odd" => panic!("nobody thought of this"),
                "down" => Err(Failure("the store is down".into())),
                _ => Ok(Verdict::Skipped {
                    reason: String::new(),
                }),
            }
        };
        let invocation = Invocation {
            process,
            request_id: "r",
            stop_at: in_seconds(60),
        };
        let messages = ["fine", "odd", "fine", "down", "fine"];
        let message = |(at, key): (usize, &&str)| Message {
            id: format!("{at} {key}"),
            notice: vec![Ok(ObjectRef {
                key: (*key).to_owned(),
                ..ObjectRef::default()
            })],
        };
        let response = invocation.queue(messages.iter().enumerate().map(message).collect());
        let failed = json!([{"itemIdentifier": "1 odd"}, {"itemIdentifier": "3 down"}]);
        assert_eq!(response.await, json!({"batchItemFailures": failed}));
    }

    #[tokio::test]
    async fn a_panic_says_what_it_was() {
        let panics = async { panic!("row {} is odd", 7) };
        let ended = isolated(panics, in_seconds(60), CancelToken::new()).await;
        assert_eq!(
            ended,
            Err(Failure("a defect of sheetlift: row 7 is odd".into()))
        );

        let blocked = async {
            let job = tokio::task::spawn_blocking(|| panic!("deep"));
            std::panic::resume_unwind(job.await.unwrap_err().into_panic())
        };
        let ended = isolated(blocked, in_seconds(60), CancelToken::new()).await;
        assert_eq!(ended, Err(Failure("a defect of sheetlift: deep".into())));

        let fine = async {
            Ok(Verdict::Skipped {
                reason: "none".into(),
            })
        };
        assert!(
            isolated(fine, in_seconds(60), CancelToken::new())
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn a_record_without_time_comes_again() {
        let cancel = CancelToken::new();
        let endless = std::future::pending();
        let stop_at = SystemTime::now() + Duration::from_millis(20);
        let ended = isolated(endless, stop_at, cancel.clone()).await;
        assert_eq!(ended, Err(Failure("the function ran out of time".into())));
        assert!(cancel.is_cancelled());

        let unreached = async { unreachable!() };
        assert!(isolated(unreached, UNIX_EPOCH, cancel).await.is_err());
    }
}
