//! The SQLite sink against its files, its targets and the conformance suite. One binary: linking many takes longer than running them.

mod common;
mod conformance;
#[cfg(feature = "dynamodb")]
mod dynamodb;
mod files;
mod kill;
mod model;
mod mysql;
#[cfg(target_os = "linux")]
mod mysql_crashes;
#[cfg(target_os = "linux")]
mod mysql_target;
#[cfg(target_os = "linux")]
mod mysql_types;
mod postgres;
#[cfg(target_os = "linux")]
mod postgres_crashes;
#[cfg(target_os = "linux")]
mod postgres_pgpq;
#[cfg(target_os = "linux")]
mod postgres_types;
mod sqlite_files;
mod sqlite_target;
