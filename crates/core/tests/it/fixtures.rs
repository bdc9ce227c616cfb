//! Every fixture gives exactly the cells its manifest lists, or the error it must end in; with one thread and with many.

use crate::common::{cells_of, expected_cells, open};
use sheetlift_core::{Error, Workbook};
use sheetlift_fixtures::{Expect, manifest};

#[test]
fn fixtures_give_their_cells() {
    let mut wrong = Vec::new();
    for fixture in manifest() {
        for threads in [1, 3] {
            let found = open(&fixture).and_then(|workbook| cells_of(&workbook, threads));
            let complaint = match (&fixture.expect, found) {
                (Expect::Sheets(_), Ok(found)) => {
                    let expected = expected_cells(&fixture.expect);
                    let differs = expected.iter().zip(&found).find(|(a, b)| a != b);
                    match differs {
                        Some((expected, found)) => {
                            Some(format!("expected {expected:?}, found {found:?}"))
                        }
                        None if expected.len() != found.len() => Some(format!(
                            "expected {} cells, found {}",
                            expected.len(),
                            found.len()
                        )),
                        None => None,
                    }
                }
                (Expect::Sheets(_), Err(error)) => Some(format!("{error}")),
                (Expect::Error(code), Err(error)) => (error.code() != *code)
                    .then(|| format!("expected {code}, found {}: {error}", error.code())),
                (Expect::Error(code), Ok(found)) => {
                    Some(format!("expected {code}, found {} cells", found.len()))
                }
            };
            wrong.extend(
                complaint.map(|why| format!("{} ({threads} threads): {why}", fixture.name)),
            );
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn an_error_names_its_cell() {
    let fixture = manifest()
        .into_iter()
        .find(|f| f.name == "shared_string_out_of_range")
        .unwrap();
    let workbook = Workbook::from_bytes((fixture.bytes)()).unwrap();
    let error: Error = workbook.read(&Default::default()).unwrap_err();
    assert!(error.location().cell.is_some(), "{error}");
    assert!(
        error.message().contains("is outside the table of"),
        "{error}"
    );
}
