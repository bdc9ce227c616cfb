//! The suite that every sink has to pass, on SQLite files.

use crate::common;

#[test]
fn sqlite_conforms() {
    sheetlift_load::conformance::run(common::Sqlite::new);
}
