//! Where the asynchronous work of a sink runs: a thread beside the caller's, who may be a plain program or a task of another runtime.

use std::future::Future;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::error::{Error, Result};

/// A wait that is longer than every timeout of the stores: it ends only if a task is lost.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// A runtime of one thread, none once it is being dropped.
#[derive(Debug)]
pub(super) struct Background(Option<Runtime>);

/// Work under way, and its result when it is done.
#[derive(Debug)]
pub(super) struct Started<T>(Receiver<T>);

impl Background {
    pub(super) fn new() -> Result<Background> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("sheetlift-files")
            .enable_all()
            .build()
            .map_err(|e| {
                Error::new(
                    crate::ErrorKind::Sink,
                    "sink/thread",
                    "no thread can be started",
                )
                .with_source(e)
            })?;
        Ok(Background(Some(runtime)))
    }

    /// Starts work that goes on by itself.
    pub(super) fn start<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Started<T> {
        let (done, result) = sync_channel(1);
        if let Some(runtime) = &self.0 {
            runtime.spawn(async move {
                // Nobody waits for it any more when the import was dropped.
                let _ = done.send(work.await);
            });
        }
        Started(result)
    }

    /// Does work and waits for it. Unlike `block_on` this may be called from a task of another runtime.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T> {
        self.start(work).wait()
    }
}

impl Drop for Background {
    /// A runtime that is dropped inside of another one would panic; this lets go of it.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl<T> Started<T> {
    pub(super) fn wait(self) -> Result<T> {
        self.0.recv_timeout(PATIENCE).map_err(|error| match error {
            RecvTimeoutError::Disconnected => {
                Error::bug("a task of the files sink ended without a result")
            }
            RecvTimeoutError::Timeout => Error::bug("a task of the files sink did not end"),
        })
    }
}
