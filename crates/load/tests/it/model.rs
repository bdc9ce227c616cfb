//! Every mode against a map in memory, on random rows: set-based, row by row and straight into a new table.

use std::collections::BTreeMap;

use crate::common::Sqlite;
use sheetlift_load::conformance::{Database, items, load, plan};
use sheetlift_load::{Mode, Outcome};

/// The same numbers on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn rows(&mut self, count: u64, refused: bool) -> Vec<(String, Option<i64>)> {
        let row = |dice: &mut Dice| {
            let stock = match dice.below(12) {
                0 => None,
                1 if refused => Some(-1),
                _ => Some(dice.below(3) as i64),
            };
            (format!("k{}", dice.below(30)), stock)
        };
        (0..count).map(|_| row(self)).collect()
    }
}

/// What the modes mean, in the plainest words: inserted, updated, unchanged, conflicts.
fn model(
    table: &mut BTreeMap<String, Option<i64>>,
    rows: &[(String, Option<i64>)],
    mode: Mode,
    refused: impl Fn(Option<i64>) -> bool,
) -> [u64; 4] {
    let before = table.clone();
    let mut seen: Vec<&str> = Vec::new();
    let mut counts = [0; 4];
    for (key, stock) in rows {
        let was_there = before.contains_key(key);
        let what = match () {
            // A repeated key meets the row of the first; where that one was refused, there is none to meet.
            () if was_there && (mode == Mode::Insert || seen.contains(&key.as_str())) => 3,
            () if was_there && mode == Mode::InsertMissing => 2,
            () if was_there && before[key] == *stock => 2,
            () if refused(*stock) => 3,
            () if was_there => 1,
            () if table.contains_key(key) => 3,
            () => 0,
        };
        if what < 2 {
            table.insert(key.clone(), *stock);
        }
        seen.push(key);
        counts[what] += 1;
    }
    counts
}

#[test]
fn all_routes_agree_with_the_model() {
    let mut dice = Dice(7);
    for round in 0..240 {
        let mode = [Mode::Insert, Mode::InsertMissing, Mode::Upsert][round % 3];
        let is_new = round % 4 == 0;
        let refused = !is_new && round % 2 == 0;
        let db = Sqlite::new();
        let mut expected = BTreeMap::new();
        if !is_new {
            let check = if refused { "CHECK (stock >= 0)" } else { "" };
            db.execute(&format!(
                "CREATE TABLE items (sku TEXT PRIMARY KEY, stock INTEGER {check})"
            ));
            let seed = dice.below(20);
            for (key, stock) in dice.rows(seed, false) {
                let value = stock.map_or("NULL".to_owned(), |stock| stock.to_string());
                db.execute(&format!(
                    "INSERT OR IGNORE INTO items VALUES ('{key}', {value})"
                ));
                expected.entry(key).or_insert(stock);
            }
        }
        let count = dice.below(40);
        let rows = dice.rows(count, refused);
        let counts = model(&mut expected, &rows, mode, |stock| stock == Some(-1));
        let batch = items(rows.iter().map(|(key, stock)| (key.as_str(), *stock)));
        let outcome = load(&db.open(), &plan("x", &batch).with_mode(mode), &batch);
        let Outcome {
            inserted,
            updated,
            unchanged,
            conflict_total,
            ..
        } = outcome;
        assert_eq!(
            [inserted, updated, unchanged, conflict_total],
            counts,
            "{round} {mode} {rows:?}"
        );
        let found: Vec<_> = db.rows("items", &["sku", "stock"]);
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(key, stock)| vec![Some(key), stock.map(|stock| stock.to_string())])
            .collect();
        assert_eq!(found, expected, "{round} {mode} {rows:?}");
    }
}
