//! The HTTP face of `sheetlift`: workbooks in, reports, rows and errors out.
//!
//! A thin adapter. A request becomes a [`Config`]-bounded upload on disk, its options those of a [`Job`](sheetlift::Job), and
//! the report, result or error an answer. What it adds is what a service needs: keys, limits, a bounded queue before a bounded
//! pool of threads, ids, a log, numbers, and an orderly end.

mod config;

mod access;
mod telemetry;

mod spool;
mod upload;

mod app;
mod routes;

mod docs;
mod metrics;
mod problem;

mod serve;

pub use app::App;
pub use config::{Config, LogFormat};
pub use serve::{router, serve};
pub use telemetry::start_log;
