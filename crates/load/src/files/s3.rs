//! Buckets, with everything but their names from the environment.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::{BackoffConfig, ClientConfigKey, ObjectStore, RetryConfig};

use crate::error::{Error, Result};

/// The store of a bucket. Settings are read from the `AWS_*` variables; nothing is sent before the first import.
pub(super) fn bucket(name: &str) -> Result<Arc<dyn ObjectStore>> {
    // One provider for the process; a second call finds it set.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = AmazonS3ConfigKey::Client;
    let builder = AmazonS3Builder::from_env()
        .with_bucket_name(name)
        .with_config(client(ClientConfigKey::Timeout), "300s")
        .with_config(client(ClientConfigKey::ReadTimeout), "30s")
        .with_retry(RetryConfig {
            backoff: BackoffConfig {
                max_backoff: Duration::from_secs(5),
                ..BackoffConfig::default()
            },
            max_retries: 6,
            retry_timeout: Duration::from_secs(60),
        });
    // An endpoint that is written with http is meant, as the tools of AWS take it.
    let endpoint = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint];
    let endpoint = endpoint
        .iter()
        .find_map(|key| builder.get_config_value(key));
    let builder = match endpoint {
        Some(url) if url.starts_with("http://") => builder.with_allow_http(true),
        _ => builder,
    };
    let store = builder.build().map_err(|error| {
        Error::usage(
            "usage/s3-settings",
            "the AWS_* variables of the environment do not make a client of S3",
        )
        .with_source(error)
    })?;
    Ok(Arc::new(store))
}
