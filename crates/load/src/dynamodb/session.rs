//! The client of the SDK, and a runtime of its own under a trait that waits.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_smithy_http_client::{Builder, tls};
use tokio::runtime::Runtime;

use super::options::DynamoOptions;
use crate::error::{Error, ErrorKind, Result};

/// How often a request is sent at most: the standard retries of the SDK, with growing waits and jitter, for some seconds.
const MAX_ATTEMPTS: u32 = 8;
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

/// The client, and what it is called in messages.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) client: Client,
    pub(super) name: String,
}

/// A runtime that callers wait for, wherever they are: also on a thread of another runtime.
#[derive(Debug, Clone)]
pub(super) struct Waiting(Arc<Inner>);

#[derive(Debug)]
struct Inner(Option<Runtime>);

impl Waiting {
    pub(super) fn new() -> Result<Waiting> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.map_err(|error| {
            let message = "the runtime of the DynamoDB client cannot be started";
            Error::new(ErrorKind::Sink, "sink/runtime", message).with_source(error)
        })?;
        Ok(Waiting(Arc::new(Inner(Some(runtime)))))
    }

    /// Runs a future to its end. On a thread of its own: a runtime must not wait inside of another.
    pub(super) fn on<T: Send>(&self, future: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let Some(runtime) = &self.0.0 else {
            return Err(Error::bug("the runtime is gone"));
        };
        thread::scope(|scope| {
            let waiting = thread::Builder::new().spawn_scoped(scope, || runtime.block_on(future));
            let waiting = waiting.map_err(|error| {
                let message = "no thread to talk to DynamoDB on";
                Error::new(ErrorKind::Sink, "sink/runtime", message).with_source(error)
            })?;
            waiting
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background(); // a plain drop would wait, which other runtimes forbid
        }
    }
}

/// Makes the client; nothing is sent before its first request, unless the region has to be looked up.
pub(super) async fn connect(options: &DynamoOptions) -> Result<Session> {
    let client = match &options.endpoint {
        Some(endpoint) if endpoint.starts_with("http://") => Builder::new().build_http(),
        _ => {
            let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
            Builder::new().tls_provider(provider).build_https()
        }
    };
    let retries = RetryConfig::standard()
        .with_max_attempts(MAX_ATTEMPTS)
        .with_initial_backoff(FIRST_BACKOFF)
        .with_max_backoff(MAX_BACKOFF);
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT);
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(client)
        .retry_config(retries)
        .timeout_config(timeouts.build());
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(endpoint) = &options.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    if let Some(credentials) = &options.credentials {
        loader = loader.credentials_provider(aws_sdk_dynamodb::config::Credentials::new(
            &credentials.access_key_id,
            &credentials.secret_access_key,
            credentials.session_token.clone(),
            None,
            "options",
        ));
    }
    let config = loader.load().await;
    let Some(region) = config.region() else {
        return Err(
            Error::usage("usage/region", "no region for DynamoDB is set")
                .with_hint("write dynamodb://eu-west-1, or set AWS_REGION"),
        );
    };
    Ok(Session {
        name: format!("dynamodb://{region}"),
        client: Client::new(&config),
    })
}
