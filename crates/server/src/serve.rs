//! Routes, and the connections that lead to them: accepted up to a number, given time for their headers, finished before the
//! end.

use std::{future::Future, io, net::SocketAddr, pin::pin};
use std::{sync::Arc, sync::atomic::Ordering, time::Duration};

use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::{Extension, Json, Router, extract::Request, http::header, routing::get};
use axum::{body::Body, body::HttpBody, response::IntoResponse, response::Response};
use axum_server::{Handle, Server, accept::NoDelayAcceptor};
use futures_util::{StreamExt, stream::poll_fn};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::{net::TcpListener, time::timeout};
use tower::{Layer, service_fn};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, access, docs, problem::Problem, routes, telemetry};

/// Time for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
const STREAMS_OF_A_CONNECTION: u32 = 64;
/// Time for a client to send what nobody wants.
const LINGER: Duration = Duration::from_secs(5);

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
    let panicked = |_| Problem::defect("a handler panicked").into_response();
    router
        .route("/openapi.json", get(move || async move { Json(document) }))
        .fallback(routes::not_found)
        .method_not_allowed_fallback(routes::method_not_allowed)
        .layer(from_fn(linger))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Arc::clone(&app), telemetry::observe))
        .with_state(app)
}

/// Lets clients send what nobody wants for a while: many read no answer before they have sent everything, and a connection that
/// is closed on unread bytes loses the answer on its way.
async fn linger(request: Request, next: Next) -> Response {
    // A client that asks first sends nothing unless somebody reads.
    let asks = request.headers().contains_key(header::EXPECT);
    if asks || request.body().is_end_stream() {
        return next.run(request).await;
    }
    let request = request.map(|body| {
        let (chunks, mut wanted) = mpsc::channel(1);
        let mut body = body.into_data_stream();
        tokio::spawn(async move {
            let forward = async {
                while let Some(chunk) = body.next().await
                    && chunks.send(chunk).await.is_ok()
                {}
            };
            tokio::select! { () = forward => {}, () = chunks.closed() => {} }
            let rest = async { while let Some(Ok(_)) = body.next().await {} };
            timeout(LINGER, rest).await
        });
        Body::from_stream(poll_fn(move |context| wanted.poll_recv(context)))
    });
    next.run(request).await
}

/// Serves until `stop`, then finishes the requests that are there.
///
/// # Errors
/// `TimedOut` when they did not finish in the time they have.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let handle = Handle::new();
    let mut server = Server::<SocketAddr>::from_listener(listener)
        .handle(handle.clone())
        .acceptor(NoDelayAcceptor)
        .first_request_timeout(HEAD_TIMEOUT)
        .accept_error_handler(|_, error| tracing::warn!(%error, "cannot accept a connection"));
    let http = server.http_builder();
    http.http1().header_read_timeout(HEAD_TIMEOUT);
    http.http2().keep_alive_interval(HEAD_TIMEOUT);
    http.http2().max_concurrent_streams(STREAMS_OF_A_CONNECTION);

    let router = router(Arc::clone(&app));
    let places = Arc::new(Semaphore::new(app.config.max_connections.get()));
    // Whatever serves a connection holds its place; while there is none, no connection is accepted.
    let connect = service_fn(|_: SocketAddr| {
        let (router, place) = (router.clone(), Arc::clone(&places).acquire_owned());
        let served = move |place: OwnedSemaphorePermit| Extension(Arc::new(place)).layer(router);
        async { place.await.map(served) }
    });
    let mut serving = pin!(server.serve(connect));
    tokio::select! {
        ended = &mut serving => return ended,
        () = stop => {}
    }
    app.draining.store(true, Ordering::Relaxed);
    tracing::info!("no new connections; finishing the requests that are here");
    handle.graceful_shutdown(None);
    let left = Duration::from_secs(app.config.shutdown_timeout_s);
    timeout(left, serving).await.unwrap_or_else(|_| {
        let why = "requests were cut off: they did not finish in time";
        Err(io::Error::new(io::ErrorKind::TimedOut, why))
    })
}
