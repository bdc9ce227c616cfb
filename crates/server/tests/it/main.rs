//! The service as its clients see it: the binary, over loopback.

mod client;

mod answers;
mod life;
mod limits;
mod memory;
mod refusals;
