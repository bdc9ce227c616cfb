//! Every mode against a map in memory, on random rows: by sets, by ranges and straight into a new table; then the import is taken back.

use std::collections::BTreeMap;

use crate::common::Sqlite;
use sheetlift_load::conformance::{Database, claim, items, load, numbers, plan};
use sheetlift_load::{Mode, RowFate};

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
    if mode == Mode::Replace {
        table.clear();
    }
    let before = table.clone();
    let mut seen: Vec<&str> = Vec::new();
    let mut counts = [0; 4];
    for (key, stock) in rows {
        let was_there = before.contains_key(key);
        let what = match () {
            // A repeated key meets the row of the first; where that one was refused, there is none to meet.
            () if was_there && (mode == Mode::Insert || seen.contains(&key.as_str())) => 3,
            () if !was_there && mode == Mode::UpdateOnly => 3,
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

fn agrees<D: Database>(make: impl Fn() -> D, rounds: u64, seed: u64) {
    let modes = [
        Mode::Insert,
        Mode::InsertMissing,
        Mode::Upsert,
        Mode::UpdateOnly,
        Mode::Replace,
        Mode::Sync,
    ];
    let mut dice = Dice(seed);
    for round in 0..rounds {
        let mode = modes[round as usize % modes.len()];
        let is_new = round / 6 % 4 == 0;
        let refused = !is_new && round / 6 % 2 == 0;
        let db = make();
        let mut expected = BTreeMap::new();
        if !is_new {
            let check = if refused {
                "CHECK (\"stock\" >= 0)"
            } else {
                ""
            };
            db.execute(&format!(
                "CREATE TABLE \"items\" (\"sku\" VARCHAR(50) PRIMARY KEY, \"stock\" BIGINT {check})"
            ));
            let count = dice.below(20);
            for (key, stock) in dice.rows(count, false) {
                if expected.contains_key(&key) {
                    continue;
                }
                let value = stock.map_or("NULL".to_owned(), |stock| stock.to_string());
                db.execute(&format!("INSERT INTO \"items\" VALUES ('{key}', {value})"));
                expected.insert(key, stock);
            }
        }
        let stored = |table: &BTreeMap<String, Option<i64>>| -> Vec<Vec<Option<String>>> {
            let text = |stock: &Option<i64>| stock.map(|stock| stock.to_string());
            let rows = table.iter();
            rows.map(|(key, stock)| vec![Some(key.clone()), text(stock)])
                .collect()
        };
        let before = stored(&expected);
        let count = dice.below(40);
        let rows = dice.rows(count, refused);
        let told = format!("{round} {mode} {rows:?} into {before:?}");
        let counts = model(&mut expected, &rows, mode, |stock| stock == Some(-1));
        let batch = items(rows.iter().map(|(key, stock)| (key.as_str(), *stock)));
        let plan = plan("x", &batch).with_mode(mode);
        let mut import = claim(&*db.sink(), &plan);
        import.stage(&batch, &numbers(&batch)).unwrap();
        let mut fates = Vec::new();
        let mut rehearsed = import
            .commit_telling(true, &mut |told| fates.push((told.row, told.fate)))
            .unwrap();
        fates.sort_by_key(|(row, _)| *row);
        let told_rows: Vec<u32> = fates.iter().map(|(row, _)| *row).collect();
        assert_eq!(told_rows, numbers(&batch), "{told}: every row once");
        let of = |fate| fates.iter().filter(|(_, found)| *found == fate).count() as u64;
        let of_each = [
            RowFate::Inserted,
            RowFate::Updated,
            RowFate::Unchanged,
            RowFate::Conflict,
        ]
        .map(of);
        assert_eq!(of_each, counts, "{told}");
        assert_eq!(db.rows("items", &["sku", "stock"]), before, "{told}");
        let outcome = load(&*db.sink(), &plan, &batch);
        let found = [
            outcome.inserted,
            outcome.updated,
            outcome.unchanged,
            outcome.conflict_total,
        ];
        assert_eq!(found, counts, "{told}");
        rehearsed.state = outcome.state;
        assert_eq!(rehearsed, outcome, "{told}");
        assert_eq!(
            db.rows("items", &["sku", "stock"]),
            stored(&expected),
            "{told}"
        );
        let undone = db.sink().undo(&outcome.import_id, false);
        let undone = undone.unwrap_or_else(|error| panic!("{told}: {error}"));
        assert_eq!(undone.kept, 0, "{told}");
        assert_eq!(db.rows("items", &["sku", "stock"]), before, "{told}");
    }
}

#[test]
fn sqlite_agrees_with_the_model() {
    agrees(Sqlite::new, 240, 7);
}

#[cfg(target_os = "linux")]
#[test]
fn postgres_agrees_with_the_model() {
    agrees(crate::postgres::Postgres::new, 60, 8);
}

#[cfg(target_os = "linux")]
#[test]
fn mariadb_agrees_with_the_model() {
    agrees(crate::mysql::MySql::in_latin1, 48, 9);
}
