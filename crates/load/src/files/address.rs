//! Addresses: `file:DIR?format=csv`, `s3://bucket/prefix?format=parquet`.

use super::{FilesSink, Format};
use crate::error::{Error, Result};

/// The sink of an address.
pub(super) fn open(url: &str) -> Result<FilesSink> {
    let (place, options) = match url.rsplit_once('?') {
        Some((place, options)) => (place, options),
        None => (url, ""),
    };
    let format = format(options)?;
    if let Some(path) = place.strip_prefix("file:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            return Err(Error::usage(
                "usage/files-address",
                "a file address needs the path of a directory",
            )
            .with_hint("write file:out, or file:/data/out?format=csv"));
        }
        return FilesSink::directory(path, format);
    }
    match place.strip_prefix("s3://") {
        Some(place) => in_bucket(place, format),
        None => Err(Error::usage(
            "usage/files-address",
            "the address is neither of a directory nor of a bucket",
        )
        .with_hint("write file:out, or s3://bucket/prefix")),
    }
}

#[cfg(feature = "s3")]
fn in_bucket(place: &str, format: Format) -> Result<FilesSink> {
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    FilesSink::bucket(bucket, prefix, format)
}

#[cfg(not(feature = "s3"))]
fn in_bucket(_: &str, _: Format) -> Result<FilesSink> {
    Err(Error::usage(
        "usage/files-address",
        "this build does not write to s3:// (feature s3)",
    ))
}

/// Options are told by their names only: somebody may have written a secret there.
fn format(options: &str) -> Result<Format> {
    let mut format = Format::default();
    for option in options.split('&').filter(|option| !option.is_empty()) {
        match option.split_once('=') {
            Some(("format", name)) => format = name.parse()?,
            _ => {
                return Err(Error::usage("usage/files-options", "a files address takes the option format and no other")
                    .with_hint("write ?format=parquet, arrow, csv or ndjson; settings of S3 are read from the AWS_* variables"));
            }
        }
    }
    Ok(format)
}
