//! One line of log, one count and one id for each request.

use std::{backtrace::Backtrace, io, panic, sync::Arc, time::Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::{middleware::Next, response::Response};
use tower_http::on_early_drop::OnEarlyDropGuard;
use tracing::{Instrument, field::Empty};
use uuid::Uuid;

use crate::{App, Config, LogFormat, problem::Problem};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MAX_ID_BYTES: usize = 128;
/// What others write for a client that did not wait.
const CLIENT_LEFT: u16 = 499;

/// Sends the log to standard error; panics go there too.
pub fn start_log(config: &Config) {
    let log = tracing_subscriber::fmt().with_max_level(config.log_level);
    let log = log.with_writer(io::stderr);
    match config.log_format {
        LogFormat::Json => log.json().with_span_list(false).flatten_event(true).init(),
        LogFormat::Text => log.init(),
    }
    panic::set_hook(Box::new(|info| {
        tracing::error!(backtrace = %Backtrace::capture(), "{info}");
    }));
}

/// Gives the request its id, and the answer what depends on it.
pub(crate) async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (began, id) = (Instant::now(), request_id(request.headers()));
    let request_id = id.to_str().unwrap_or_default().to_owned();
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let method = request.method();
    let span = tracing::info_span!("request", request_id, %method, route, key = Empty);

    let (its_app, its_span) = (Arc::clone(&app), span.clone());
    let ended = move |status: u16| {
        let (elapsed, _entered) = (began.elapsed(), its_span.enter());
        let (ms, metrics) = (elapsed.as_millis() as u64, &its_app.metrics);
        metrics.answered(&route, status, elapsed.as_secs_f64());
        match status {
            CLIENT_LEFT => tracing::info!(status, ms, "the client went away"),
            // Probes come every few seconds.
            200 if !route.starts_with("/v1") => tracing::debug!(status, ms, "answered"),
            _ => tracing::info!(status, ms, "answered"),
        }
    };
    let ended_early = ended.clone();
    let mut unanswered = OnEarlyDropGuard::new(move || ended_early(CLIENT_LEFT));
    let mut response = next.run(request).instrument(span.clone()).await;
    unanswered.completed();

    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let (code, detail) = (problem.code, problem.log_detail());
        app.metrics.failed(code);
        span.in_scope(|| match problem.status {
            500.. => tracing::error!(code, detail, "failed"),
            _ => tracing::info!(code, detail, "refused"),
        });
        *response.body_mut() = problem.document(request_id);
    }
    ended(response.status().as_u16());
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// The id that the client gave, where it is one we would write into a log, or a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let given = headers.get(REQUEST_ID).filter(|id| {
        let bytes = id.as_bytes();
        (1..=MAX_ID_BYTES).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
    });
    given.cloned().unwrap_or_else(|| {
        let id = Uuid::now_v7().simple().to_string();
        HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("none"))
    })
}
