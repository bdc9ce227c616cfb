//! What all requests share: options, keys, the database, and how much may happen at a time.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use sheetlift::{CancelToken, Error, Sink};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinHandle, spawn_blocking},
    time::{Instant, timeout, timeout_at},
};
use tracing::Span;

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
    admission: Arc<Semaphore>,
    workers: Arc<Semaphore>,
    draining: AtomicBool,
}

impl App {
    /// Opens what it needs.
    ///
    /// # Errors
    /// When there is no API key, or when the database, the contracts or the directory for uploads cannot be used.
    pub fn new(config: Config) -> io::Result<App> {
        let refuse = |error: Error| {
            let hint = error
                .hint()
                .map(|hint| format!(" ({hint})"))
                .unwrap_or_default();
            io::Error::other(format!("--target: {error}{hint}"))
        };
        let sink = config
            .work
            .target
            .as_deref()
            .map(sheetlift::connect)
            .transpose();
        let spool_dir = config
            .work
            .spool_dir
            .clone()
            .unwrap_or_else(std::env::temp_dir);
        let app = App {
            keys: Keys::of(&config)?,
            sink: sink.map_err(|error| refuse(error.into()))?,
            metrics: Metrics::default(),
            spool_dir,
            spooled: AtomicU64::new(0),
            admission: Arc::new(Semaphore::new(
                config.work.concurrency + config.bounds.queue,
            )),
            workers: Arc::new(Semaphore::new(config.work.concurrency)),
            draining: AtomicBool::new(false),
            config,
        };
        app.check_disk()
            .map_err(|error| io::Error::other(format!("--spool-dir: {error}")))?;
        if let Some(contracts) = &app.config.work.contracts {
            contracts
                .read_dir()
                .map_err(|error| io::Error::other(format!("--contracts: {error}")))?;
        }
        Ok(app)
    }

    /// Takes no new work to be done soon: the service is about to end.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn check_disk(&self) -> io::Result<()> {
        tempfile::tempfile_in(&self.spool_dir).map(drop)
    }

    /// A place among the files that are here, or a request to come again.
    pub(crate) fn admit(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let full = |_| {
            Problem::overloaded(
                "server/overloaded",
                "there are too many files here already",
                2,
            )
        };
        Arc::clone(&self.admission)
            .try_acquire_owned()
            .map_err(full)
    }

    /// Does `work` on a thread of its own once it is its turn. Whoever drops the [`Running`] cancels it, which is what
    /// happens when a client goes away.
    pub(crate) async fn start<T: Send + 'static>(
        &self,
        work: impl FnOnce(CancelToken) -> Result<T, Problem> + Send + 'static,
    ) -> Result<Running<T>, Problem> {
        let turn = Arc::clone(&self.workers).acquire_owned();
        let turn = timeout(
            Duration::from_secs(self.config.bounds.queue_timeout_s),
            turn,
        )
        .await;
        let Ok(Ok(turn)) = turn else {
            return Err(Problem::overloaded(
                "server/overloaded",
                "there are too many files before this one",
                5,
            ));
        };
        let (cancel, span) = (CancelToken::new(), Span::current());
        let token = cancel.clone();
        let task = spawn_blocking(move || {
            let _turn = turn; // until the work has really ended, whoever still waits for it
            span.in_scope(|| {
                let result = work(token.clone());
                if token.is_cancelled() {
                    tracing::info!("stopped: nobody waits for it any more");
                }
                result
            })
        });
        let timeout_s = self.config.bounds.timeout_s;
        let deadline = Instant::now() + self.config.timeout();
        Ok(Running {
            task,
            cancel,
            deadline,
            timeout_s,
        })
    }

    /// Files worked on, and files that are here besides.
    pub(crate) fn load(&self) -> (usize, usize) {
        let working = self.config.work.concurrency - self.workers.available_permits();
        let here = self.config.work.concurrency + self.config.bounds.queue
            - self.admission.available_permits();
        (working, here.saturating_sub(working))
    }
}

/// Work that was begun.
pub(crate) struct Running<T> {
    task: JoinHandle<Result<T, Problem>>,
    cancel: CancelToken,
    pub(crate) deadline: Instant,
    timeout_s: u64,
}

impl<T> Running<T> {
    /// What came of it.
    pub(crate) async fn finish(mut self) -> Result<T, Problem> {
        match timeout_at(self.deadline, &mut self.task).await {
            Ok(Ok(Err(problem)))
                if self.is_late() && problem.code() == Error::cancelled().code() =>
            {
                Err(self.too_long())
            }
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => Err(Problem::defect(panic)),
            Err(_) => Err(self.too_long()),
        }
    }

    pub(crate) fn too_long(&self) -> Problem {
        Problem::limit(
            "run/timeout",
            "timeout_s",
            self.timeout_s,
            self.timeout_s + 1,
        )
    }

    fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
