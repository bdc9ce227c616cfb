//! Work off the interpreter: with the GIL released, stopped by Ctrl-C.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    process,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use sheetlift::{CancelToken, Error, Job, Result};

use crate::error::raise;

/// How long Ctrl-C may go unnoticed. The end of the work never does.
const SIGNALS_EVERY: Duration = Duration::from_millis(50);

/// Runs `work` on a thread of its own while this one, without the GIL, watches for signals. A signal whose handler raises
/// (as Ctrl-C does) cancels the work; when the work has come to rest, that exception is raised.
pub(crate) fn run<T: Send + 'static>(
    py: Python<'_>,
    cancel: &CancelToken,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> PyResult<T> {
    let (done, finished) = mpsc::channel::<()>();
    let worker = thread::Builder::new().name("sheetlift".into());
    let worker = worker.spawn(move || {
        let _done = done; // let go at the end, whatever the end
        guarded(work)
    });
    let worker = worker.map_err(|error| Error::io(error, "cannot start a thread"));
    let worker = worker.map_err(|error| raise(py, &error))?;
    let (signal, result) = py.detach(move || {
        let mut signal = None;
        while finished.recv_timeout(SIGNALS_EVERY) == Err(RecvTimeoutError::Timeout) {
            if signal.is_none()
                && let Err(raised) = Python::attach(|py| py.check_signals())
            {
                cancel.cancel();
                signal = Some(raised);
            }
        }
        let result = worker.join().unwrap_or_else(|_| Err(panicked(None)));
        (signal, result)
    });
    match signal {
        Some(raised) => Err(raised),
        None => result.map_err(|error| raise(py, &error)),
    }
}

/// Bytes of a file that is read before a thread for it would have started.
const SMALL_FILE_BYTES: usize = 256 << 10;

/// As [`run`], for work over the file of `job` alone: where it is small, here and now.
pub(crate) fn run_over<T: Send + 'static>(
    py: Python<'_>,
    cancel: &CancelToken,
    job: Job,
    work: impl FnOnce(Job) -> Result<T> + Send + 'static,
) -> PyResult<T> {
    if job.source().bytes().len() > SMALL_FILE_BYTES {
        return run(py, cancel, move || work(job));
    }
    let result = py.detach(|| guarded(|| work(job)));
    result.map_err(|error| raise(py, &error))
}

/// Runs `work`; a panic is an error, and a forked process has threads to run it on.
pub(crate) fn guarded<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let work = || match pool_of_fork()? {
        Some(pool) => pool.install(work),
        None => work(),
    };
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        Err(panicked(
            text.or_else(|| panic.downcast_ref::<String>().cloned()),
        ))
    })
}

fn panicked(text: Option<String>) -> Error {
    Error::bug(text.map_or("panicked".to_owned(), |text| format!("panicked: {text}")))
}

/// The process that loaded the module.
static LOADED_IN: OnceLock<u32> = OnceLock::new();

/// The pool of a process that was forked from it. The threads of rayon's global pool stayed behind in the parent: without
/// another pool, `multiprocessing` would wait for them forever.
static FORKED: Mutex<Option<(u32, Arc<ThreadPool>)>> = Mutex::new(None);

pub(crate) fn remember_process() {
    LOADED_IN.get_or_init(process::id);
}

fn pool_of_fork() -> Result<Option<Arc<ThreadPool>>> {
    let this = process::id();
    if LOADED_IN.get() == Some(&this) {
        return Ok(None);
    }
    let mut forked = FORKED.lock().unwrap_or_else(PoisonError::into_inner);
    match &*forked {
        Some((process, pool)) if *process == this => Ok(Some(Arc::clone(pool))),
        _ => {
            let pool = ThreadPoolBuilder::new().build();
            let pool = pool.map_err(|error| Error::bug(format!("no threads: {error}")))?;
            let pool = Arc::new(pool);
            let stale = forked.replace((this, Arc::clone(&pool)));
            std::mem::forget(stale); // its threads are in yet another process: nobody can join them
            Ok(Some(pool))
        }
    }
}
