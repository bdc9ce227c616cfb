//! An error as JSON, in the words of RFC 9457 (`application/problem+json`) and of the HTTP service.

use serde_json::{Value, json};
use sheetlift::{Error, ErrorClass, ErrorKind, Location};

/// The status that HTTP has for it.
pub fn status(error: &Error) -> u16 {
    match (error.class(), error.kind()) {
        (ErrorClass::Caller, _) => 400,
        (ErrorClass::File, _) => 422,
        (ErrorClass::Limit, _) => 413,
        (ErrorClass::Environment, ErrorKind::Sink) => 502,
        (ErrorClass::Environment, _) => 503,
        (ErrorClass::Cancelled, _) => 499,
        (_, _) => 500,
    }
}

/// The error with its code, place and advice, as the answer of this status. What is not known is left out.
pub fn problem(error: &Error, status: u16) -> Value {
    let mut problem = json!({
        "type": format!("urn:sheetlift:error:{}", error.code()),
        "title": title(status),
        "status": status,
        "detail": error.message(),
        "code": error.code(),
    });
    if let Some(hint) = error.hint() {
        problem["hint"] = hint.into();
    }
    if *error.location() != Location::default() {
        problem["location"] = place(error.location());
    }
    if let ErrorKind::Limit {
        name,
        limit,
        actual,
    } = error.kind()
    {
        problem["limit"] = json!({"name": name, "limit": limit, "actual": actual});
    }
    if let Some(ddl) = error.ddl() {
        problem["ddl"] = ddl.into();
    }
    problem
}

fn place(at: &Location) -> Value {
    let mut place = json!({});
    let texts = [
        ("file", &at.file),
        ("part", &at.part),
        ("sheet", &at.sheet),
        ("cell", &at.cell),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            place[name] = text.as_str().into();
        }
    }
    if let Some(byte) = at.byte {
        place["byte"] = byte.into();
    }
    place
}

fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        405 => "Method Not Allowed",
        413 => "Payload Too Large",
        422 => "Unprocessable Entity",
        499 => "Client Closed Request",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_known_and_no_more() {
        let error = Error::usage("usage/body", "empty").with_hint("send one");
        let said = json!({
            "type": "urn:sheetlift:error:usage/body", "title": "Bad Request", "status": 400,
            "detail": "empty", "code": "usage/body", "hint": "send one",
        });
        assert_eq!(problem(&error, status(&error)), said);
        let at = &problem(&error.in_file("a.xlsx"), 400)["location"];
        assert_eq!(*at, json!({"file": "a.xlsx"}));
    }
}
