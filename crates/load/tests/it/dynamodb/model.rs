//! Every mode against a map in memory, on random rows, rehearsed before they are loaded.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, ScalarAttributeType};
use sheetlift_load::conformance::{Database, claim, items, load, numbers, plan};
use sheetlift_load::{Mode, Outcome, State};

use super::database::Dynamo;
use super::scenario::as_first;
use super::target::create;

type Rows = Vec<(String, Option<i64>)>;

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

    /// Some of them longer than keys may be.
    fn rows(&mut self, count: u64) -> Rows {
        let row = |dice: &mut Dice| {
            let stock = Some(dice.below(4) as i64).filter(|stock| *stock < 3);
            let key = match dice.below(20) {
                0 => "k".repeat(2_049),
                _ => format!("k{}", dice.below(60)),
            };
            (key, stock)
        };
        (0..count).map(|_| row(self)).collect()
    }
}

/// What the modes mean, in the plainest words: inserted, updated, unchanged, conflicts.
fn model(table: &mut BTreeMap<String, Option<i64>>, rows: &Rows, mode: Mode) -> [u64; 4] {
    let mut seen: Vec<&str> = Vec::new();
    let mut counts = [0; 4];
    for (key, stock) in rows {
        let there = table.get(key).copied();
        let what = match there {
            _ if key.len() > 2_048 || seen.contains(&key.as_str()) => 3,
            None => 0,
            Some(_) if mode == Mode::Insert => 3,
            Some(_) if mode == Mode::InsertMissing => 2,
            Some(there) if there == *stock => 2,
            Some(_) => 1,
        };
        if what < 2 {
            table.insert(key.clone(), *stock);
        }
        seen.push(key);
        counts[what] += 1;
    }
    counts
}

fn counts(outcome: &Outcome) -> [u64; 4] {
    [
        outcome.inserted,
        outcome.updated,
        outcome.unchanged,
        outcome.conflict_total,
    ]
}

#[test]
fn loads_do_what_was_rehearsed_and_what_the_model_says() {
    let mut dice = Dice(7);
    for round in 0..18 {
        let mode = [Mode::Insert, Mode::InsertMissing, Mode::Upsert][round % 3];
        let db = Dynamo::new();
        let mut expected = BTreeMap::new();
        if round % 4 != 0 {
            create(&db, ScalarAttributeType::S, None);
            let seed = dice.below(30);
            for (key, stock) in dice.rows(seed) {
                if key.len() > 2_048 || expected.contains_key(&key) {
                    continue;
                }
                let mut item = vec![("sku", AttributeValue::S(key.clone()))];
                let value = stock.map(|stock| AttributeValue::N(format!("{stock}.0")));
                item.extend(value.map(|value| ("stock", value)));
                db.put("items", &item);
                expected.insert(key, stock);
            }
        }
        let count = dice.below(250);
        let rows = dice.rows(count);
        let wanted = model(&mut expected, &rows, mode);
        let batch = items(rows.iter().map(|(key, stock)| (key.as_str(), *stock)));
        let plan = plan("x", &batch).with_mode(mode);
        let mut import = claim(&*db.sink(), &plan);
        import.stage(&batch, &numbers(&batch)).unwrap();
        let rehearsed = import.commit(true).unwrap();
        assert_eq!(rehearsed.state, State::DryRun);
        let outcome = load(&db.open(), &plan, &batch);
        assert_eq!(counts(&outcome), wanted, "{round} {mode}");
        assert_eq!(as_first(rehearsed), outcome, "{round} {mode}");
        let number = |text: Option<String>| {
            text.map(|text| text.trim_end_matches(".0").parse::<i64>().unwrap())
        };
        let found = db.rows("items", &["sku", "stock"]).into_iter();
        let found: BTreeMap<_, _> = found
            .map(|mut row| (row[0].take().unwrap(), number(row[1].take())))
            .collect();
        assert_eq!(found, expected, "{round} {mode}");
    }
}
