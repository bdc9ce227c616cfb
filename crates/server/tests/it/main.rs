//! The service as its clients see it: the binary, over loopback.

mod client;

mod answers;
mod life;
mod limits;
mod memory;
#[cfg(target_os = "linux")]
mod postgres;
mod refusals;
