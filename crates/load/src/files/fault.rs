//! From the errors of stores and file systems to errors that say who can help.

use std::error::Error as StdError;
use std::io;

use object_store::Error as StoreError;

use crate::error::{Error, ErrorKind};

/// Names what was being done to which place when it failed. Apply it with `map_err(fault(..))`.
pub(super) fn fault<'a>(place: &'a str, doing: &'a str) -> impl Fn(StoreError) -> Error + 'a {
    move |error| describe(place, doing, &error).with_source(error)
}

/// The same for a file system without a store in between.
pub(super) fn io_fault<'a>(place: &'a str, doing: &'a str) -> impl Fn(io::Error) -> Error + 'a {
    move |error| of_kind(place, doing, error.kind(), &error).with_source(error)
}

fn describe(place: &str, doing: &str, error: &StoreError) -> Error {
    if let Some(io) = cause::<io::Error>(error)
        && io.raw_os_error().is_some()
        && !place.starts_with("s3://")
    {
        return of_kind(place, doing, io.kind(), io);
    }
    match error {
        StoreError::NotFound { .. } if error.to_string().contains("NoSuchBucket") => {
            sink("sink/bucket", format!("the bucket of {place} does not exist")).with_hint("create it, and check AWS_REGION and AWS_ENDPOINT_URL")
        }
        StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => {
            sink("sink/permission", format!("{doing} {place} is not allowed")).with_hint(
                "the credentials need s3:GetObject, s3:PutObject and s3:AbortMultipartUpload on its objects, and s3:ListBucket on its bucket",
            )
        }
        _ => sink("sink/files", format!("{doing} {place} failed: {}", innermost(error))),
    }
}

fn of_kind(place: &str, doing: &str, kind: io::ErrorKind, error: &io::Error) -> Error {
    use io::ErrorKind as Kind;
    match kind {
        Kind::PermissionDenied | Kind::ReadOnlyFilesystem => sink(
            "sink/unwritable",
            format!("{doing} {place} is not allowed: {error}"),
        )
        .with_hint("check the permissions of the directory"),
        Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge => sink(
            "sink/disk-full",
            format!("there is no room while {doing} {place}: {error}"),
        )
        .with_hint("free space, or raise the quota, and run the import again"),
        Kind::NotADirectory | Kind::AlreadyExists | Kind::IsADirectory => sink(
            "sink/not-a-directory",
            format!("{doing} {place} failed: {error}"),
        )
        .with_hint("give the path of a directory, or one that does not exist yet"),
        _ => sink("sink/files", format!("{doing} {place} failed: {error}")),
    }
}

fn sink(code: &'static str, message: String) -> Error {
    Error::new(ErrorKind::Sink, code, message)
}

/// The first error of a type in a chain.
fn cause<T: StdError + 'static>(error: &StoreError) -> Option<&T> {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The words of the error that began it.
fn innermost(error: &StoreError) -> String {
    let mut last: &dyn StdError = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
