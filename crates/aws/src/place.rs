//! Places in S3, and the one rule about them: results never land where uploads are taken from.

use std::{fmt, str::FromStr};

use object_store::path::Path;
use sheetlift::Error;

/// The longest key S3 takes.
const MAX_KEY_BYTES: usize = 1_024;

/// A bucket and the beginning of keys in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    /// Name of the bucket.
    pub bucket: String,
    /// What keys begin with; may be empty.
    pub prefix: String,
}

impl Prefix {
    /// True when this object lies here. As in S3, a prefix is text: `in` holds `inbox/a.xlsx`.
    pub fn contains(&self, bucket: &str, key: &str) -> bool {
        self.bucket == bucket && key.starts_with(&self.prefix)
    }

    /// The prefix as a folder: it ends in `/`, unless it is the whole bucket.
    #[must_use]
    pub fn into_folder(mut self) -> Prefix {
        self.prefix
            .truncate(self.prefix.trim_end_matches('/').len());
        if !self.prefix.is_empty() {
            self.prefix.push('/');
        }
        self
    }

    /// Where a result of an object goes: the same for every delivery of its event.
    ///
    /// `<prefix><key>/<id>/<name>`, or with a hash in place of a key that would make it one that cannot be written.
    pub fn result(&self, key: &str, id: &str, name: &str) -> Path {
        let result = format!("{}{key}/{id}/{name}", self.prefix);
        address(&result).unwrap_or_else(|| {
            let hash = blake3::hash(key.as_bytes()).to_hex();
            Path::from(format!("{}by-hash/{hash}/{id}/{name}", self.prefix))
        })
    }
}

/// A key as the S3 client takes it; `None` where it would ask for another one (an empty or dotted segment, a control
/// character) or where no key can be that long.
pub(crate) fn address(key: &str) -> Option<Path> {
    Path::parse(key)
        .ok()
        .filter(|path| path.as_ref() == key && key.len() <= MAX_KEY_BYTES)
}

impl FromStr for Prefix {
    type Err = Error;

    /// Reads `s3://bucket/prefix`.
    fn from_str(uri: &str) -> Result<Prefix, Error> {
        let (bucket, prefix) = split_uri(uri)?;
        Ok(Prefix {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        })
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}

/// Bucket and key of `s3://bucket/key`.
///
/// # Errors
/// `Usage` when it is no such address.
pub fn split_uri(uri: &str) -> Result<(&str, &str), Error> {
    let rest = uri.strip_prefix("s3://").unwrap_or_default();
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    let regular = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if bucket.is_empty() || !bucket.chars().all(regular) {
        return Err(
            Error::usage("usage/s3-address", format!("{uri:?} is no address in S3"))
                .with_hint("write s3://bucket/prefix"),
        );
    }
    Ok((bucket, key))
}

/// Refuses a place for results from which they would come back as uploads.
///
/// # Errors
/// `Usage` when `results` lies within one of `triggers`, or is a place to which nothing can be written.
pub fn results_are_outside(results: &Prefix, triggers: &[Prefix]) -> Result<(), Error> {
    if address(&format!("{}x", results.prefix)).is_none() {
        return Err(Error::usage(
            "usage/s3-address",
            format!("{results} is no place for results: its prefix has an empty or dotted segment"),
        ));
    }
    match triggers
        .iter()
        .find(|trigger| trigger.contains(&results.bucket, &results.prefix))
    {
        None => Ok(()),
        Some(trigger) => Err(Error::usage(
            "usage/recursion",
            format!("results in {results} would be taken for uploads: they are inside {trigger}"),
        )
        .with_hint("choose a prefix or a bucket from which no event comes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(uri: &str) -> Prefix {
        uri.parse().unwrap()
    }

    #[test]
    fn refuses_results_inside_a_trigger() {
        for (results, trigger, fine) in [
            ("s3://b/results/", "s3://b/uploads/", true),
            ("s3://b/uploads/results/", "s3://b/uploads/", false),
            ("s3://b/uploads/", "s3://b/uploads/", false),
            ("s3://b/uploads-done/", "s3://b/uploads", false), // S3 compares text
            ("s3://b/results/", "s3://b", false),
            ("s3://c/results/", "s3://b", true),
            ("s3://b", "s3://b/uploads/", true),
        ] {
            let refused = results_are_outside(&at(results).into_folder(), &[at(trigger)]).is_err();
            assert_eq!(refused, !fine, "{results} for {trigger}");
        }
    }

    #[test]
    fn results_of_an_object_have_one_name() {
        let results = at("s3://b/out").into_folder();
        let key = results.result("in/a b+ü.xlsx", "abc", "report.json");
        assert_eq!(key.as_ref(), "out/in/a b+ü.xlsx/abc/report.json");
        for odd in [&"k".repeat(1_010), "in//a.xlsx", "/a.xlsx", "a/../b.xlsx"] {
            let key = results.result(odd, "abc", "report.json");
            assert!(key.as_ref().starts_with("out/by-hash/"), "{odd}");
            assert!(key.as_ref().ends_with("/abc/report.json"), "{odd}");
        }
        assert!(results_are_outside(&at("s3://b/a//b/"), &[]).is_err());
    }

    #[test]
    fn addresses_are_read_back() {
        assert_eq!(split_uri("s3://b/k/l.json").unwrap(), ("b", "k/l.json"));
        assert_eq!(split_uri("s3://b").unwrap(), ("b", ""));
        for wrong in ["", "b/k", "s3://", "s3:///k", "https://b/k", "s3://b?x/k"] {
            assert!(split_uri(wrong).is_err(), "{wrong}");
        }
    }
}
