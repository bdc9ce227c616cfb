//! What the service said, as errors of this crate.

use std::error::Error as StdError;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::error::{Error, ErrorKind};

/// The wait that is advised when the service has no capacity left.
pub(super) const RETRY_AFTER_MS: u64 = 5_000;

const THROTTLES: [&str; 8] = [
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingError",
    "ThrottlingException",
    "Throttling",
    "LimitExceededException",
    "TransactionConflictException",
];

/// Whether the service asks for fewer requests, or somebody else is at the same item.
pub(super) fn is_throttle(code: Option<&str>) -> bool {
    code.is_some_and(|code| THROTTLES.contains(&code))
}

/// Whether the request may have been carried out although the answer says otherwise, or did not come.
pub(super) fn is_unclear<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) | SdkError::ResponseError(_) => {
            true
        }
        SdkError::ServiceError(service) => service.raw().status().is_server_error(),
        _ => false,
    }
}

/// An error that ended an import or kept it from beginning. `doing` is such as "reading the ledger of".
///
/// The error of the SDK is not attached: what it prints may hold the items of the request.
pub(super) fn fault<E>(name: &str, doing: &str, error: SdkError<E>) -> Error
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    let said = match error.code() {
        Some(code) => format!("{code}: {}", error.message().unwrap_or("no reason given")),
        None => innermost(&error),
    };
    let message = format!("{doing} {name} failed: {said}");
    if is_throttle(error.code()) {
        let kind = ErrorKind::Busy {
            retry_after_ms: RETRY_AFTER_MS,
        };
        return Error::new(kind, "busy/throttled", message)
            .with_hint("raise the capacity of the table, or load again later");
    }
    match error.code() {
        Some("AccessDeniedException") => {
            Error::new(ErrorKind::Sink, "sink/denied", message)
                .with_hint("grant the action to the role that loads; the documentation lists all of them")
        }
        Some("UnrecognizedClientException" | "ExpiredTokenException" | "InvalidSignatureException"
            | "MissingAuthenticationTokenException") => {
            Error::new(ErrorKind::Sink, "sink/credentials", message)
                .with_hint("the credentials are not valid here: renew them, and check the region and the clock")
        }
        Some(_) => Error::new(ErrorKind::Sink, "sink/dynamodb", message),
        None => Error::new(ErrorKind::Sink, "sink/unreachable", message)
            .with_hint("check the region, the endpoint and the credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID, or a role)"),
    }
}

/// The first cause, which says the most: `connection refused`, `no providers in chain provided credentials`.
fn innermost(error: &dyn StdError) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
