//! sheetlift on AWS: what happened ([`event`]), to which object ([`ObjectRef`]), and the [`Worker`] that turns the object
//! into `accepted.parquet` and `report.json` under a [`Prefix`].
//!
//! Everything about spreadsheets is in [`sheetlift::Job`]; this crate moves bytes and decides one thing: whether a fault is
//! worth another delivery ([`Failure`]) or final ([`Verdict`]). A bad spreadsheet is never a failure.

pub mod event;
mod place;

mod s3;
mod worker;

pub use event::{Event, HttpRequest, Message, Notice, ObjectRef, Skipped};
pub use place::{Prefix, results_are_outside, split_uri};
pub use s3::S3;
pub use worker::{Failure, Settings, Verdict, Worker};
