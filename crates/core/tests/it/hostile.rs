//! Containers that lie end in the right code. (Time and memory are measured with the command, one process for each file.)

use sheetlift_core::{ReadOptions, Workbook};
use sheetlift_fixtures::hostile;

#[test]
fn containers_that_lie_have_the_right_code() {
    let mut wrong = Vec::new();
    let mut tried = 0;
    let kinds = ["zip_", "zip64_", "deflate_"];
    let files = hostile().into_iter().filter(|file| !file.heavy);
    for file in files.filter(|file| kinds.iter().any(|kind| file.name.starts_with(kind))) {
        tried += 1;
        let read = Workbook::from_bytes((file.bytes)())
            .and_then(|workbook| workbook.read(&ReadOptions::default()));
        match read {
            Ok(_) if file.outcome.may_read() => {}
            Ok(_) => wrong.push(format!("{}: read", file.name)),
            Err(error) if file.outcome.accepts(error.code()) => {}
            Err(error) => wrong.push(format!("{}: {}: {error}", file.name, error.code())),
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(tried > 40, "{tried}");
}
