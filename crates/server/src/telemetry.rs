//! One line of log, one count and one id for each request.

use std::{backtrace::Backtrace, panic, sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tracing::{Instrument, Span, field::Empty};
use uuid::Uuid;

use crate::{
    app::App,
    config::{Config, LogFormat},
    problem::Problem,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MAX_ID_BYTES: usize = 128;
/// What others write for a client that did not wait.
const CLIENT_LEFT: u16 = 499;

/// Sends the log to standard error; panics go there too.
pub fn start_log(config: &Config) {
    let log = tracing_subscriber::fmt()
        .with_max_level(config.log_level)
        .with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Json => log.json().with_span_list(false).flatten_event(true).init(),
        LogFormat::Text => log.init(),
    }
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let payload = info.payload();
        let message = payload.downcast_ref::<&str>().copied();
        let message = message
            .or(payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("panic");
        tracing::error!(place, backtrace = %Backtrace::capture(), "panicked: {message}");
    }));
}

/// Gives the request its id, and the answer what depends on it.
pub(crate) async fn observe(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let id = request_id(request.headers());
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let id_text = id.to_str().unwrap_or_default().to_owned();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", MatchedPath::as_str)
        .to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!("request", request_id = id_text, %method, route, key = Empty);

    let mut unanswered = Unanswered {
        app: Some(app),
        span: span.clone(),
        route,
        began,
    };
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    if let Some(app) = unanswered.app.take() {
        let _entered = span.enter();
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            app.metrics.failed(problem.code());
            log_problem(&problem, status);
            *response.body_mut() = problem.document(&id_text);
        }
        unanswered.end(&app, status);
    }
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// A request on its way. Dropped before its end when its client goes away.
struct Unanswered {
    app: Option<Arc<App>>,
    span: Span,
    route: String,
    began: Instant,
}

impl Unanswered {
    fn end(&self, app: &App, status: u16) {
        let elapsed = self.began.elapsed();
        app.metrics
            .answered(&self.route, status, elapsed.as_secs_f64());
        let ms = elapsed.as_millis() as u64;
        match status {
            CLIENT_LEFT => tracing::info!(status, ms, "the client went away"),
            // Probes come every few seconds.
            200 if !self.route.starts_with("/v1") => tracing::debug!(status, ms, "answered"),
            _ => tracing::info!(status, ms, "answered"),
        }
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        if let Some(app) = self.app.take() {
            let _entered = self.span.clone().entered();
            self.end(&app, CLIENT_LEFT);
        }
    }
}

pub(crate) fn log_problem(problem: &Problem, status: u16) {
    let (code, detail) = (problem.code(), problem.log_detail());
    if status >= 500 {
        tracing::error!(code, detail, "failed");
    } else {
        tracing::info!(code, detail, "refused");
    }
}

/// The id that the client gave, where it is one we would write into a log, or a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let is_fine = |id: &&HeaderValue| {
        let bytes = id.as_bytes();
        !bytes.is_empty() && bytes.len() <= MAX_ID_BYTES && bytes.iter().all(u8::is_ascii_graphic)
    };
    if let Some(id) = headers.get(REQUEST_ID).filter(is_fine) {
        return id.clone();
    }
    let id = Uuid::now_v7().simple().to_string();
    HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("none"))
}
