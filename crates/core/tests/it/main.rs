//! Reading, from files to batches. One binary: linking many takes longer than running them.

mod annotate;
mod calamine;
mod common;
mod cut;
mod fixtures;
mod formats;
mod hostile;
mod limits;
mod options;
mod passwords;
