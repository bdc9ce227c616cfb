//! The files sink: directories, a bucket of S3, and what every format holds.

mod directory;
mod formats;
mod kill;
#[cfg(target_os = "linux")]
mod memory;
mod readers;
mod s3;
mod shelf;
