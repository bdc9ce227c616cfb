//! Jobs, as users of the library have them. One binary: linking many takes longer than running them.

mod annotated;
mod common;
mod convert;
mod dialects;
mod finding_lines;
mod frictionless;
mod infer;
mod jobs;
mod layouts;
mod loading;
mod reading;
mod references;
mod rejects;
mod replay;
mod reports;
mod several_sheets;
mod sheets;
mod tables;
mod template;
