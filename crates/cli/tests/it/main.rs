//! The command, as its users have it. One binary: linking many takes longer than running them.

mod annotated;
mod cells;
mod common;
mod contract;
mod convert;
mod errors;
mod history;
mod hostile;
mod inventory;
mod kill;
mod many_findings;
#[cfg(target_os = "linux")]
mod mysql;
mod options;
#[cfg(target_os = "linux")]
mod postgres;
mod replay;
mod text;
