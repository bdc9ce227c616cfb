//! The DynamoDB sink against an emulator that speaks the protocol.

mod crash;
mod database;
mod emulator;
mod model;
mod network;
mod rows;
mod scenario;
mod target;

use database::Dynamo;

#[test]
fn dynamodb_conforms() {
    sheetlift_load::conformance::run_keyed(Dynamo::new);
}
