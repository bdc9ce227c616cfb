//! Errors as RFC 9457 problem documents: the one place where they become statuses.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use serde::Serialize;
use sheetlift::{Error, ErrorKind};
use utoipa::ToSchema;

pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// A sensible wait where nobody knows better.
const RETRY_AFTER_S: u64 = 5;

/// Why a request could not be served.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<Document>);

/// Why a request could not be served (RFC 9457).
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Document {
    /// Names the kind of problem: `urn:sheetlift:error:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened.
    detail: String,
    /// Stable code, `family/kind`.
    #[schema(example = "file/corrupt")]
    code: &'static str,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// Where it happened, as far as it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Place>,
    /// The limit that was passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<PassedLimit>,
    /// A statement that would make the target table fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    ddl: Option<String>,
    /// The id of the request, as in `x-request-id` and in the log.
    request_id: String,
    #[serde(skip)]
    retry_after_s: Option<u64>,
    /// For the log only.
    #[serde(skip)]
    private: Option<String>,
}

/// A place in a file.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Place {
    /// Name of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// Part of the package, or key of the contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<String>,
    /// Byte offset in the part.
    #[serde(skip_serializing_if = "Option::is_none")]
    byte: Option<u64>,
    /// Name of the sheet.
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<String>,
    /// Cell in A1 form.
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<String>,
}

/// A limit, and what was found.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct PassedLimit {
    /// The option that sets it.
    name: &'static str,
    /// Its value.
    limit: u64,
    /// What was found, at least.
    actual: u64,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Problem(Box::new(Document {
            kind: format!("urn:sheetlift:error:{code}"),
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: detail.into(),
            code,
            ..Document::default()
        }))
    }

    pub(crate) fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// A limit of the service itself.
    pub(crate) fn limit(code: &'static str, name: &'static str, limit: u64, actual: u64) -> Self {
        let detail = format!("{name} is {limit}, this needs at least {actual}");
        let mut problem = Problem::new(StatusCode::PAYLOAD_TOO_LARGE, code, detail);
        problem.0.limit = Some(PassedLimit {
            name,
            limit,
            actual,
        });
        problem
    }

    /// Too much to do just now.
    pub(crate) fn overloaded(code: &'static str, detail: &str, retry_after_s: u64) -> Self {
        let mut problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        problem.0.retry_after_s = Some(retry_after_s);
        problem.with_hint("send it again later, after the seconds of Retry-After")
    }

    /// The environment failed: `private` goes to the log.
    pub(crate) fn environment(private: impl ToString) -> Self {
        let detail = "the service cannot use its disk just now";
        let mut problem = Problem::overloaded("io/failed", detail, RETRY_AFTER_S);
        problem.0.private = Some(private.to_string());
        problem
    }

    /// A defect of ours: `private` goes to the log.
    pub(crate) fn defect(private: impl ToString) -> Self {
        Error::bug(private.to_string()).into()
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn code(&self) -> &'static str {
        self.0.code
    }

    /// What the log says of it.
    pub(crate) fn log_detail(&self) -> &str {
        self.0.private.as_deref().unwrap_or(&self.0.detail)
    }

    /// The document, once the id of the request is known.
    pub(crate) fn document(mut self, request_id: &str) -> Body {
        request_id.clone_into(&mut self.0.request_id);
        Body::from(serde_json::to_vec(&self.0).unwrap_or_default()) // text and numbers only: never fails
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        let (status, public) = status_of(error.kind());
        let detail = public.unwrap_or_else(|| error.message());
        let mut problem = Problem::new(status, error.code(), detail);
        if public.is_some() {
            let hint = error.hint().unwrap_or("none");
            problem.0.private = Some(format!("{error} (hint: {hint})"));
            problem.0.hint = Some("quote the request id to whoever runs this service".to_owned());
        } else {
            problem.0.hint = error.hint().map(str::to_owned);
            problem.0.ddl = error.ddl().map(str::to_owned);
            problem.0.location = Place::of(error.location());
        }
        if let ErrorKind::Limit {
            name,
            limit,
            actual,
        } = error.kind()
        {
            problem.0.limit = Some(PassedLimit {
                name,
                limit,
                actual,
            });
        }
        if error.is_retryable() {
            let wait = error.retry_after_ms().map(|ms| ms.div_ceil(1000).max(1));
            problem.0.retry_after_s = Some(wait.unwrap_or(RETRY_AFTER_S));
        }
        problem
    }
}

/// The table of design section 4; and what to say instead of a message that may hold paths and addresses of ours.
fn status_of(kind: ErrorKind) -> (StatusCode, Option<&'static str>) {
    match kind {
        ErrorKind::Usage | ErrorKind::Contract | ErrorKind::Target => {
            (StatusCode::BAD_REQUEST, None)
        }
        ErrorKind::Malformed | ErrorKind::Unsupported | ErrorKind::Encrypted => {
            (StatusCode::UNPROCESSABLE_ENTITY, None)
        }
        ErrorKind::Limit { .. } => (StatusCode::PAYLOAD_TOO_LARGE, None),
        ErrorKind::Busy { .. } | ErrorKind::Cancelled => (StatusCode::SERVICE_UNAVAILABLE, None),
        ErrorKind::Io => (
            StatusCode::SERVICE_UNAVAILABLE,
            Some("the service cannot use its disk just now"),
        ),
        ErrorKind::Sink => (
            StatusCode::BAD_GATEWAY,
            Some("the database cannot be used just now"),
        ),
        _ => (
            StatusCode::INTERNAL_SERVER_ERROR,
            Some("this is a defect in sheetlift"),
        ),
    }
}

impl Place {
    fn of(location: &sheetlift::Location) -> Option<Place> {
        (*location != sheetlift::Location::default()).then(|| Place {
            file: location.file.clone(),
            part: location.part.clone(),
            byte: location.byte,
            sheet: location.sheet.clone(),
            cell: location.cell.clone(),
        })
    }
}

impl IntoResponse for Problem {
    /// Status and headers; the document is written by [`observe`](crate::telemetry::observe), which knows the request.
    fn into_response(self) -> Response<Body> {
        let status =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = self.0.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        let mut response = (status, headers).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn seen(error: Error) -> (u16, String, Option<u64>) {
        let problem = Problem::from(error);
        (
            problem.0.status,
            serde_json::to_string(&problem.0).unwrap(),
            problem.0.retry_after_s,
        )
    }

    #[test]
    fn secrets_of_the_machine_stay_in_the_log() {
        let disk = io::Error::other("no space left on /secret");
        let (status, text, retry) = seen(Error::io(disk, "cannot write /secret/file"));
        assert_eq!((status, retry), (503, Some(5)));
        assert!(!text.contains("secret"), "{text}");
        let (status, text, retry) = seen(Error::bug("index 3 of /secret"));
        assert_eq!((status, retry), (500, None));
        assert!(!text.contains("secret"), "{text}");
        assert!(
            Problem::from(Error::bug("/secret"))
                .log_detail()
                .contains("/secret")
        );
    }

    #[test]
    fn who_can_fix_it_decides_the_status() {
        use sheetlift::parts::CoreError;
        for (error, status) in [
            (CoreError::usage("usage/range", "no range").into(), 400),
            (CoreError::contract("no field").into(), 400),
            (CoreError::malformed("torn").into(), 422),
            (CoreError::unsupported("odd").into(), 422),
            (CoreError::encrypted("locked").into(), 422),
            (CoreError::limit("max_rows", 1, 2).into(), 413),
            (CoreError::io(io::Error::other("no"), "disk").into(), 503),
            (Error::cancelled(), 503),
            (CoreError::bug("oh").into(), 500),
        ] {
            assert_eq!(seen(error).0, status);
        }
    }
}
