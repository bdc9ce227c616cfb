//! Connections: accepted up to a number, given time for their headers, and finished before the end.

use std::{future::Future, io, sync::Arc, time::Duration};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    time::{sleep, timeout},
};

use crate::{App, router};

const HEADERS_TIMEOUT: Duration = Duration::from_secs(30);
const STREAMS_OF_A_CONNECTION: u32 = 64;

/// Serves until `stop`, then finishes the requests that are there.
///
/// # Errors
/// `TimedOut` when they did not finish in the time they have.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let service = TowerToHyperService::new(router(Arc::clone(&app)));
    let connections = Connections::new(service);
    let places = Arc::new(Semaphore::new(app.config.bounds.max_connections));
    let mut stop = std::pin::pin!(stop);
    loop {
        let accept = async {
            let place = Arc::clone(&places)
                .acquire_owned()
                .await
                .map_err(io::Error::other)?;
            Ok::<_, io::Error>((listener.accept().await?.0, place))
        };
        let (stream, place) = tokio::select! {
            () = &mut stop => break,
            accepted = accept => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most of the time: others will be closed.
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let _ = stream.set_nodelay(true); // a matter of speed only
        let connection = connections.serve(stream);
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "a connection ended early");
            }
        });
    }
    drop(listener);
    app.drain();
    tracing::info!("no new connections; finishing the requests that are here");
    let left = Duration::from_secs(app.config.bounds.shutdown_timeout_s);
    timeout(left, connections.graceful.shutdown())
        .await
        .map_err(|_| {
            io::Error::new(
                io::ErrorKind::TimedOut,
                "requests were cut off: they did not finish in time",
            )
        })
}

struct Connections {
    builder: Builder<TokioExecutor>,
    service: TowerToHyperService<Router>,
    graceful: GracefulShutdown,
}

impl Connections {
    fn new(service: TowerToHyperService<Router>) -> Connections {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS_TIMEOUT);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(HEADERS_TIMEOUT)
            .max_concurrent_streams(STREAMS_OF_A_CONNECTION);
        Connections {
            builder,
            service,
            graceful: GracefulShutdown::new(),
        }
    }

    fn serve(
        &self,
        stream: tokio::net::TcpStream,
    ) -> impl Future<Output = Result<(), Box<dyn std::error::Error + Send + Sync>>> + Send + use<>
    {
        let connection = self
            .builder
            .serve_connection(TokioIo::new(stream), self.service.clone());
        self.graceful.watch(connection.into_owned())
    }
}
