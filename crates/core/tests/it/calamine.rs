//! Ours against calamine, directly: the same cells of every fixture, unless the difference is listed with its reason.

use crate::common::{cells_of, open};
use sheetlift_fixtures::{
    manifest,
    oracle::{Cells, DEVIATIONS, calamine_cells, is_for_calamine, plain},
};

#[test]
fn agrees_with_calamine() {
    let mut wrong = Vec::new();
    let mut compared = 0;
    for fixture in manifest() {
        let differs = DEVIATIONS.iter().any(|(name, _)| *name == fixture.name);
        if differs || !is_for_calamine(&fixture) {
            continue;
        }
        let ours = open(&fixture).and_then(|workbook| cells_of(&workbook, 2));
        match (ours, calamine_cells(&fixture)) {
            (Ok(ours), Ok(theirs)) => {
                let ours: Cells = ours
                    .into_iter()
                    .map(|(s, a, v)| (s, a, plain(&v)))
                    .collect();
                if ours != theirs {
                    let first = ours.iter().zip(&theirs).find(|(a, b)| a != b);
                    wrong.push(format!("{}: {first:?}", fixture.name));
                }
            }
            (Err(_), Err(_)) => {}
            (ours, theirs) => wrong.push(format!("{}: {ours:?} against {theirs:?}", fixture.name)),
        }
        compared += 1;
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(compared > 80, "only {compared} fixtures were compared");
}
