//! Problems as answers: the one place where what went wrong becomes a status with its headers.

use std::{io, ops::Deref};

use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::{Extension, body::Body, response::IntoResponse};
use sheetlift::{Error, parts::CoreError};

/// Why a request could not be served: [`sheetlift::Problem`] as an answer.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<sheetlift::Problem>);

impl Problem {
    pub(crate) fn new(status: u16, code: &'static str, detail: &str, hint: &str) -> Problem {
        let problem = sheetlift::Problem::new(status, code, detail);
        Problem(Box::new(problem.with_hint(hint)))
    }

    /// A limit of the service itself.
    pub(crate) fn limit(code: &'static str, name: &'static str, limit: u64, actual: u64) -> Self {
        let passed = Problem::from(Error::from(CoreError::limit(name, limit, actual)));
        let detail = format!("{name} is {limit}, this needs at least {actual}");
        let hint = "make it smaller, or ask whoever runs this service to raise the limit";
        let mut problem = Problem::new(413, code, &detail, hint);
        problem.0.limit = passed.0.limit;
        problem
    }

    /// Too much to do just now.
    pub(crate) fn overloaded(code: &'static str, detail: &str, retry_after_s: u64) -> Problem {
        let hint = "send it again later, after the seconds of Retry-After";
        let mut problem = Problem::new(503, code, detail, hint);
        problem.0.retry_after_s = Some(retry_after_s);
        problem
    }

    /// A defect of ours: `private` goes to the log.
    pub(crate) fn defect(private: impl ToString) -> Problem {
        Error::bug(private.to_string()).into()
    }

    /// The document, once the id of the request is known.
    pub(crate) fn document(mut self, request_id: String) -> Body {
        self.0.request_id = Some(request_id);
        Body::from(serde_json::to_vec(&self.0).unwrap_or_default()) // text and numbers only: never fails
    }
}

impl Deref for Problem {
    type Target = sheetlift::Problem;

    fn deref(&self) -> &sheetlift::Problem {
        &self.0
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        match error.io_error().map(io::Error::kind) {
            // What a file says for which there is no room: see `spool`.
            Some(io::ErrorKind::QuotaExceeded) => {
                let detail = "there is no room for this file just now";
                Problem::overloaded("server/spool-full", detail, 5)
            }
            _ => Problem(Box::new(error.into())),
        }
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Problem {
        Error::io(error, "the directory for uploads").into()
    }
}

impl IntoResponse for Problem {
    /// Status and headers; the document is written by [`observe`](crate::telemetry::observe), which knows the request.
    fn into_response(self) -> Response<Body> {
        let status = StatusCode::from_u16(self.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let media = [(header::CONTENT_TYPE, "application/problem+json")];
        let retry = self.retry_after_s.map(HeaderValue::from);
        let retry = retry.map(|seconds| [(header::RETRY_AFTER, seconds)]);
        let scheme = (self.status == 401).then_some([(header::WWW_AUTHENTICATE, "Bearer")]);
        (status, media, retry, scheme, Extension(self)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_the_machine_stay_in_the_log() {
        let disk = io::Error::other("no space left on /secret");
        for (problem, status, retry) in [
            (Problem::from(disk), 503, Some("5")),
            (Problem::defect("index 3 of /secret"), 500, None),
        ] {
            assert!(problem.log_detail().contains("/secret"));
            let text = serde_json::to_string(&*problem).unwrap();
            assert!(!text.contains("secret"), "{text}");
            let response = problem.into_response();
            let retry_after = response.headers().get("retry-after");
            assert_eq!(retry_after.map(|value| value.to_str().unwrap()), retry);
            assert_eq!(response.status(), status);
        }
    }

    #[test]
    fn a_full_disk_is_named() {
        let problem = Problem::from(io::Error::from(io::ErrorKind::QuotaExceeded));
        assert_eq!((problem.status, problem.code), (503, "server/spool-full"));
        assert_eq!(problem.retry_after_s, Some(5));
    }
}
