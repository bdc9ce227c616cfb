//! What all requests share: options, keys, the database, and how much may happen at a time.

use std::sync::atomic::{AtomicBool, AtomicU64};
use std::{env, io, path::PathBuf, sync::Arc, time::Duration};

use sheetlift::{CancelToken, Sink};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::{task::spawn_blocking, time::timeout};
use tower_http::on_early_drop::OnEarlyDropGuard;

use crate::{access::Keys, config::Config, metrics::Metrics, problem::Problem};

/// The service behind its routes.
pub struct App {
    pub(crate) config: Config,
    pub(crate) keys: Keys,
    pub(crate) sink: Option<Box<dyn Sink>>,
    pub(crate) metrics: Metrics,
    pub(crate) spool_dir: PathBuf,
    /// Bytes on disk.
    pub(crate) spooled: AtomicU64,
    /// The service is about to end: whoever spreads requests shall send them elsewhere.
    pub(crate) draining: AtomicBool,
    admission: Arc<Semaphore>,
    workers: Arc<Semaphore>,
}

impl App {
    /// Opens what it needs.
    ///
    /// # Errors
    /// When there is no API key, or when the database, the contracts or the directory for uploads cannot be used.
    pub fn new(config: Config) -> io::Result<App> {
        let refuse = |option: &str, error: String| io::Error::other(format!("{option}: {error}"));
        let sink = config.target.as_deref().map(sheetlift::connect).transpose();
        let sink = sink.map_err(|error| {
            let hint = error.hint().unwrap_or("see its documentation");
            refuse("--target", format!("{error} ({hint})"))
        })?;
        if let Some(contracts) = &config.contracts {
            let readable = contracts.read_dir();
            readable.map_err(|error| refuse("--contracts", error.to_string()))?;
        }
        let concurrency = config.concurrency.get();
        let app = App {
            keys: Keys::of(&config)?,
            sink,
            metrics: Metrics::new(),
            spool_dir: config.spool_dir.clone().unwrap_or_else(env::temp_dir),
            spooled: AtomicU64::new(0),
            draining: AtomicBool::new(false),
            admission: Arc::new(Semaphore::new(concurrency + config.queue)),
            workers: Arc::new(Semaphore::new(concurrency)),
            config,
        };
        let disk = app.check_disk();
        disk.map_err(|error| refuse("--spool-dir", error.to_string()))?;
        Ok(app)
    }

    pub(crate) fn check_disk(&self) -> io::Result<()> {
        tempfile::tempfile_in(&self.spool_dir).map(drop)
    }

    /// A place among the files that are here, or a request to come again.
    pub(crate) fn admit(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let place = Arc::clone(&self.admission).try_acquire_owned();
        let detail = "there are too many files here already";
        place.map_err(|_| Problem::overloaded("server/overloaded", detail, 2))
    }

    /// Does `work` on a thread of its own once it is its turn. It is cancelled when its time is over, and when nobody waits for
    /// it any more, which is what happens when a client goes away.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(CancelToken) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = Arc::clone(&self.workers).acquire_owned();
        let turn = timeout(Duration::from_secs(self.config.queue_timeout_s), turn).await;
        let Ok(Ok(turn)) = turn else {
            let detail = "there are too many files before this one";
            return Err(Problem::overloaded("server/overloaded", detail, 5));
        };
        let (cancel, span) = (CancelToken::new(), tracing::Span::current());
        let token = cancel.clone();
        let _cancel = OnEarlyDropGuard::new(move || token.cancel());
        let task = spawn_blocking(move || {
            let _turn = turn; // until the work has really ended, whoever still waits for it
            let _entered = span.enter();
            let result = work(cancel.clone());
            if cancel.is_cancelled() {
                tracing::info!("stopped: nobody waits for it any more");
            }
            result
        });
        let limit = self.config.timeout_s;
        match timeout(Duration::from_secs(limit), task).await {
            Ok(done) => done.map_err(Problem::defect)?,
            Err(_) => Err(Problem::limit("run/timeout", "timeout_s", limit, limit + 1)),
        }
    }

    /// Files worked on, and files that are here besides.
    pub(crate) fn load(&self) -> (usize, usize) {
        let concurrency = self.config.concurrency.get();
        let working = concurrency - self.workers.available_permits();
        let here = concurrency + self.config.queue - self.admission.available_permits();
        (working, here.saturating_sub(working))
    }
}
