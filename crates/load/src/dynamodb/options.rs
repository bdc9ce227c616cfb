//! Where a DynamoDB is and who asks: the address, or the same in Rust.

use std::fmt;

use crate::error::{Error, Result};

/// Where a DynamoDB is, and who asks. What is left out is found as every AWS tool finds it: `AWS_REGION`, profiles,
/// `AWS_ENDPOINT_URL_DYNAMODB` and `AWS_ENDPOINT_URL`; credentials from the environment, a profile, a container or an instance.
///
/// ```
/// use sheetlift_load::dynamodb::DynamoOptions;
///
/// let options = DynamoOptions::from_address("dynamodb://eu-west-1?endpoint=http://127.0.0.1:8000")?;
/// assert_eq!(format!("{options:?}"), r#"DynamoOptions { region: Some("eu-west-1"), endpoint: Some("http://127.0.0.1:8000") }"#);
/// # Ok::<(), sheetlift_load::Error>(())
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct DynamoOptions {
    pub(super) region: Option<String>,
    pub(super) endpoint: Option<String>,
    pub(super) credentials: Option<Credentials>,
}

#[derive(Clone)]
pub(super) struct Credentials {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
    pub(super) session_token: Option<String>,
}

impl DynamoOptions {
    /// Reads `dynamodb:`, `dynamodb://REGION` and `dynamodb://REGION?endpoint=URL`. The URL is taken as it is, without
    /// percent-encoding.
    ///
    /// # Errors
    ///
    /// [`Usage`](crate::ErrorKind::Usage) for anything else. What is in the address is not repeated: it may be a secret.
    pub fn from_address(address: &str) -> Result<DynamoOptions> {
        let rest = address.strip_prefix("dynamodb:").unwrap_or(address);
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (region, option) = match rest.split_once('?') {
            Some((region, option)) => (region, Some(option)),
            None => (rest, None),
        };
        let mut options = DynamoOptions::default();
        let regular = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if region.len() > 63 || !region.bytes().all(regular) {
            return Err(unreadable(
                "the region of a dynamodb address has characters that no region has",
            )
            .with_hint("write dynamodb://eu-west-1, and leave credentials to the environment"));
        }
        if !region.is_empty() {
            options.region = Some(region.to_owned());
        }
        match option.map(|option| option.split_once('=')) {
            None => {}
            Some(Some(("endpoint", url)))
                if url.starts_with("http://") || url.starts_with("https://") =>
            {
                if url.contains(['@', '&', '#']) {
                    return Err(unreadable(
                        "the endpoint of a dynamodb address is only scheme, host and port",
                    ));
                }
                options.endpoint = Some(url.to_owned());
            }
            Some(Some(("endpoint", _))) => {
                return Err(unreadable(
                    "the endpoint of a dynamodb address has to start with http:// or https://",
                ));
            }
            Some(_) => {
                return Err(Error::usage(
                    "usage/database-options",
                    "a dynamodb address has one option, endpoint",
                ));
            }
        }
        Ok(options)
    }

    /// Sets the region, such as `eu-west-1`.
    pub fn with_region(mut self, region: impl Into<String>) -> DynamoOptions {
        self.region = Some(region.into());
        self
    }

    /// Sets the URL to talk to, such as that of an emulator or of a VPC endpoint.
    pub fn with_endpoint(mut self, endpoint: impl Into<String>) -> DynamoOptions {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// Sets the credentials. They are never printed.
    pub fn with_credentials(
        mut self,
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
        session_token: Option<String>,
    ) -> DynamoOptions {
        self.credentials = Some(Credentials {
            access_key_id: access_key_id.into(),
            secret_access_key: secret_access_key.into(),
            session_token,
        });
        self
    }
}

impl fmt::Debug for DynamoOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoOptions")
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .finish()
    }
}

fn unreadable(message: &str) -> Error {
    Error::usage("usage/database-address", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_addresses() {
        for (address, region, endpoint) in [
            ("dynamodb:", None, None),
            ("dynamodb://", None, None),
            ("dynamodb:eu-west-1", Some("eu-west-1"), None),
            ("dynamodb://eu-west-1", Some("eu-west-1"), None),
            (
                "dynamodb://?endpoint=https://d.example",
                None,
                Some("https://d.example"),
            ),
            (
                "dynamodb://local?endpoint=http://127.0.0.1:8000",
                Some("local"),
                Some("http://127.0.0.1:8000"),
            ),
        ] {
            let options = DynamoOptions::from_address(address).unwrap();
            let found = (options.region.as_deref(), options.endpoint.as_deref());
            assert_eq!(found, (region, endpoint), "{address}");
        }
    }

    #[test]
    fn refuses_others_without_repeating_them() {
        for address in [
            "dynamodb://AKIA:secret@eu-west-1",
            "dynamodb://eu-west-1/secret",
            "dynamodb://eu-west-1?secret",
            "dynamodb://eu-west-1?endpoint=secret",
            "dynamodb://eu-west-1?endpoint=http://u:secret@h",
            "dynamodb://eu-west-1?secret=secret",
        ] {
            let error = DynamoOptions::from_address(address).unwrap_err();
            assert!(
                !format!("{error} {error:?}").contains("secret"),
                "{error:?}"
            );
            assert_eq!(error.kind(), crate::ErrorKind::Usage);
        }
        let options = DynamoOptions::default().with_credentials("id", "secret", None);
        assert!(!format!("{options:?}").contains("secret"));
    }
}
