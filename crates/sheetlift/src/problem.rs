//! Errors as RFC 9457 problem documents, for every face that speaks JSON.

use serde::Serialize;
use sheetlift_core::Location;

use crate::error::{Error, ErrorClass, ErrorKind};

/// A sensible wait where nobody knows better.
const RETRY_AFTER_S: u64 = 5;

/// Why a request could not be served (RFC 9457).
///
/// Messages of the environment and of defects may hold paths and addresses of the machine: they are [`private`](Self::private)
/// and not in the JSON.
///
/// ```
/// use sheetlift::{Error, Problem};
/// let problem = Problem::from(Error::usage("usage/body", "the body is empty").with_hint("send a workbook"));
/// assert_eq!((problem.status, problem.title), (400, "Bad Request"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(
    feature = "openapi",
    schema(description = "Why a request could not be served (RFC 9457).")
)]
#[non_exhaustive]
pub struct Problem {
    /// Names the kind of problem: `urn:sheetlift:error:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened.
    pub detail: String,
    /// Stable code, `family/kind`.
    #[cfg_attr(feature = "openapi", schema(example = "file/corrupt"))]
    pub code: &'static str,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where it happened: `file`, `part`, `byte`, `sheet`, `cell`, as far as they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The limit that was passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<PassedLimit>,
    /// A statement that would make the target table fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ddl: Option<String>,
    /// The id of the request, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Seconds after which the same request may succeed.
    #[serde(skip)]
    pub retry_after_s: Option<u64>,
    /// What only the log may say.
    #[serde(skip)]
    pub private: Option<String>,
}

/// A limit, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct PassedLimit {
    /// The option that sets it.
    pub name: &'static str,
    /// Its value.
    pub limit: u64,
    /// What was found, at least.
    pub actual: u64,
}

impl Problem {
    /// A problem of the face itself.
    pub fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Problem {
        Problem {
            kind: format!("urn:sheetlift:error:{code}"),
            title: title(status),
            status,
            detail: detail.into(),
            code,
            hint: None,
            location: None,
            limit: None,
            ddl: None,
            request_id: None,
            retry_after_s: None,
            private: None,
        }
    }

    /// Sets the advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into());
        self
    }

    /// Says when the same request may succeed.
    #[must_use]
    pub fn with_retry_after_s(mut self, seconds: u64) -> Problem {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Answers with another status than that of the error.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Problem {
        (self.status, self.title) = (status, title(status));
        self
    }

    /// What a log says of it.
    pub fn log_detail(&self) -> &str {
        self.private.as_deref().unwrap_or(&self.detail)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        Problem::from(&error)
    }
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Problem {
        let (status, public) = status(error);
        let mut problem = Problem::new(status, error.code(), public.unwrap_or(error.message()));
        if public.is_some() {
            let hint = error.hint().map(|hint| format!(" (hint: {hint})"));
            problem.private = Some(format!("{error}{}", hint.unwrap_or_default()));
            problem.hint = Some("the log of whoever runs this says more".to_owned());
        } else {
            problem.hint = error.hint().map(str::to_owned);
            problem.ddl = error.ddl().map(str::to_owned);
            let known = *error.location() != Location::default();
            problem.location = known.then(|| error.location().clone());
        }
        if let ErrorKind::Limit {
            name,
            limit,
            actual,
        } = error.kind()
        {
            problem.limit = Some(PassedLimit {
                name,
                limit,
                actual,
            });
        }
        if error.is_retryable() {
            let wait = error.retry_after_ms().map(|ms| ms.div_ceil(1000).max(1));
            problem.retry_after_s = Some(wait.unwrap_or(RETRY_AFTER_S));
        }
        problem
    }
}

/// The status, and what to say instead of a message that is not for everybody.
fn status(error: &Error) -> (u16, Option<&'static str>) {
    match (error.class(), error.kind()) {
        (ErrorClass::Caller, _) => (400, None),
        (ErrorClass::File, _) => (422, None),
        (ErrorClass::Limit, _) => (413, None),
        (ErrorClass::Environment, ErrorKind::Sink) => {
            (502, Some("the database cannot be used just now"))
        }
        (ErrorClass::Environment, ErrorKind::Busy { .. }) => (503, None),
        (ErrorClass::Environment, _) => (503, Some("the disk cannot be used just now")),
        (ErrorClass::Cancelled, _) => (499, None),
        (ErrorClass::Defect, _) => (500, Some("this is a defect in sheetlift")),
    }
}

fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        499 => "Client Closed Request",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Error",
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_of_the_machine_stay_in_the_log() {
        let disk = io::Error::other("no space left on /secret");
        for (error, status, retry) in [
            (Error::io(disk, "cannot write /secret"), 503, Some(5)),
            (Error::bug("index 3 of /secret"), 500, None),
        ] {
            let problem = Problem::from(error.in_file("/secret/a.xlsx"));
            assert_eq!((problem.status, problem.retry_after_s), (status, retry));
            let text = serde_json::to_string(&problem).unwrap();
            assert!(!text.contains("secret"), "{text}");
            assert!(problem.log_detail().contains("/secret"));
        }
    }

    #[test]
    fn says_what_is_known_and_no_more() {
        let error = Error::usage("usage/body", "empty").with_hint("send one");
        let said = json!({
            "type": "urn:sheetlift:error:usage/body", "title": "Bad Request", "status": 400,
            "detail": "empty", "code": "usage/body", "hint": "send one",
        });
        assert_eq!(serde_json::to_value(Problem::from(&error)).unwrap(), said);
        let placed = serde_json::to_value(Problem::from(error.in_file("a.xlsx"))).unwrap();
        assert_eq!(placed["location"], json!({"file": "a.xlsx"}));
    }

    #[test]
    fn who_can_fix_it_decides_the_status() {
        use sheetlift_core::Error as CoreError;
        for (error, status) in [
            (CoreError::usage("usage/range", "no range"), 400),
            (CoreError::contract("no field"), 400),
            (CoreError::malformed("torn"), 422),
            (CoreError::unsupported("odd"), 422),
            (CoreError::encrypted("locked"), 422),
            (CoreError::limit("max_rows", 1, 2), 413),
            (CoreError::io(io::Error::other("no"), "disk"), 503),
            (CoreError::cancelled(), 499),
            (CoreError::bug("oh"), 500),
        ] {
            let error = Error::from(error);
            assert_eq!(Problem::from(&error).status, status, "{error}");
        }
    }
}
