//! The HTTP face of `sheetlift`: workbooks in, reports, rows and errors out.
//!
//! A thin adapter. A request becomes a [`Config`]-bounded upload on disk, options become the options of a
//! [`Job`](sheetlift::Job), and its report or error becomes JSON. What it adds is what a service needs: keys, limits, a bounded
//! queue before a bounded pool of threads, ids, a log, numbers, and an orderly end.

mod config;

mod access;
mod linger;
mod telemetry;

mod upload;
mod words;

mod app;
mod routes;
mod stream;

mod docs;
mod metrics;
mod problem;

mod serve;

use std::{any::Any, sync::Arc};

use axum::{
    Json, Router,
    middleware::{from_fn, from_fn_with_state},
    response::IntoResponse,
    routing::get,
};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use app::App;
pub use config::{Config, LogFormat};
pub use serve::serve;
pub use telemetry::start_log;

/// All routes over `app`.
pub fn router(app: Arc<App>) -> Router {
    let with_key = OpenApiRouter::new()
        .routes(routes!(routes::inspect))
        .routes(routes!(routes::convert))
        .routes(routes!(routes::validate))
        .routes(routes!(routes::load))
        .routes(routes!(routes::metrics_text))
        .route_layer(from_fn_with_state(Arc::clone(&app), access::require_key));
    let (router, document) = OpenApiRouter::with_openapi(docs::Docs::openapi())
        .merge(with_key)
        .routes(routes!(routes::healthz))
        .routes(routes!(routes::readyz))
        .split_for_parts();
    let document = Arc::new(document);
    router
        .route("/openapi.json", get(move || async move { Json(document) }))
        .fallback(routes::not_found)
        .method_not_allowed_fallback(routes::method_not_allowed)
        .layer(from_fn(linger::linger))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Arc::clone(&app), telemetry::observe))
        .with_state(app)
}

fn panicked(_: Box<dyn Any + Send>) -> axum::response::Response {
    problem::Problem::defect("a handler panicked").into_response()
}
