//! An import killed at any moment and run again leaves the table of an undisturbed run, without a wait.
#![cfg(target_os = "linux")] // elsewhere a dead process' lease has to expire

use std::collections::hash_map::RandomState;
use std::env;
use std::hash::{BuildHasher, Hasher};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{Sqlite, read};
use sheetlift_load::conformance::{Database, claim, items, plan};
use sheetlift_load::sqlite::SqliteSink;
use sheetlift_load::{Begin, Mode, Outcome, Sink, State};

const CHILD: &str = "SHEETLIFT_LOAD_KILLED_CHILD";
const ROUNDS: u64 = 10;
const BATCHES: u32 = 30;
const BATCH_ROWS: u32 = 500;

/// The import: some rows are there, some are new, some repeat.
fn run(sink: &dyn Sink) -> Outcome {
    let plan = plan("big", &items([])).with_mode(Mode::Upsert);
    let mut import = match sink.begin(&plan).expect("nobody alive holds the import") {
        Begin::Done(outcome) => return outcome,
        Begin::Claimed(import) => import,
    };
    for batch in 0..BATCHES {
        let rows: Vec<u32> = (batch * BATCH_ROWS..(batch + 1) * BATCH_ROWS).collect();
        let skus: Vec<String> = rows
            .iter()
            .map(|row| format!("sku {:06}", row / 10 * 9))
            .collect();
        let skus = skus
            .iter()
            .zip(&rows)
            .map(|(sku, row)| (sku.as_str(), Some(i64::from(*row))));
        import.stage(&items(skus), &rows).unwrap();
    }
    import.commit(false).unwrap()
}

/// Not a test by itself: the process that gets killed.
#[test]
fn child() {
    if let Some(path) = env::var_os(CHILD) {
        run(&SqliteSink::open(path).unwrap());
    }
}

fn spawn(db: &Sqlite) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "kill::child", "--test-threads=1"])
        .env(CHILD, db.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn tables(db: &Sqlite) -> [Vec<Vec<Option<String>>>; 3] {
    let conn = db.connection();
    let sound = read(&conn, "PRAGMA integrity_check");
    assert_eq!(sound, [[Some("ok".to_owned())]]);
    [
        read(&conn, "SELECT * FROM items ORDER BY sku"),
        read(
            &conn,
            "SELECT * FROM _sheetlift_outcomes ORDER BY import_id, row",
        ),
        read(
            &conn,
            "SELECT import_key, state, outcome FROM _sheetlift_imports ORDER BY import_key",
        ),
    ]
}

fn random(end: u64) -> u64 {
    RandomState::new().build_hasher().finish() % end
}

fn survives_kills(prepare: impl Fn(&Sqlite)) {
    let undisturbed = Sqlite::new();
    prepare(&undisturbed);
    let started = Instant::now();
    assert!(spawn(&undisturbed).wait().unwrap().success());
    let usual = started.elapsed();
    let expected = tables(&undisturbed);
    let outcome = run(&undisturbed.open());
    assert_eq!(outcome.state, State::AlreadyLoaded);

    let mut killed = 0;
    for round in 0..ROUNDS {
        let db = Sqlite::new();
        prepare(&db);
        let mut child = spawn(&db);
        let delay = usual * (round as u32 * 100 + random(100) as u32) / (ROUNDS as u32 * 100);
        thread::sleep(delay);
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        let again = Instant::now();
        let mut rerun = run(&db.open());
        assert!(
            again.elapsed() < usual * 4 + Duration::from_secs(5),
            "the rerun waited"
        );
        rerun.state = outcome.state;
        assert_eq!(rerun, outcome);
        assert_eq!(tables(&db), expected, "killed after {delay:?}");
    }
    println!("killed {killed} of {ROUNDS} before their end, an undisturbed run takes {usual:?}");
    assert!(killed > 0);
}

#[test]
fn killed_while_filling_a_new_database() {
    survives_kills(|_| {});
}

#[test]
fn killed_while_merging_into_a_table() {
    survives_kills(|db| {
        let seed = items([
            ("sku 000009", None),
            ("sku 000018", Some(180)),
            ("mine", Some(1)),
        ]);
        let mut import = claim(&db.open(), &plan("seed", &seed));
        import.stage(&seed, &[0, 1, 2]).unwrap();
        import.commit(false).unwrap();
    });
}

#[test]
fn killed_while_adding_a_table() {
    survives_kills(|db| db.execute("CREATE TABLE other (a)"));
}

/// Ten events for one file: one of them loads, and the others hear of it.
#[test]
fn several_loaders_race_on_one_import() {
    for prepare in ["", "CREATE TABLE other (a)"] {
        let db = Sqlite::new();
        db.execute(prepare);
        let loaders: Vec<_> = (0..10)
            .map(|_| {
                let sink = db.open();
                thread::spawn(move || {
                    let began = Instant::now();
                    loop {
                        let plan = plan("big", &items([])).with_mode(Mode::Upsert);
                        match sink.begin(&plan) {
                            Ok(Begin::Done(outcome)) => return outcome,
                            Ok(Begin::Claimed(mut import)) => {
                                let rows = items([("a", Some(1)), ("b", Some(2)), ("a", Some(3))]);
                                import.stage(&rows, &[0, 1, 2]).unwrap();
                                return import.commit(false).unwrap();
                            }
                            Err(error) => {
                                let is_busy = error.retry_after_ms().is_some();
                                let late = began.elapsed() > Duration::from_secs(60);
                                assert!(is_busy && !late, "{error:?}");
                                thread::sleep(Duration::from_millis(20));
                            }
                        }
                    }
                })
            })
            .collect();
        let outcomes: Vec<Outcome> = loaders
            .into_iter()
            .map(|loader| loader.join().unwrap())
            .collect();
        let loaded = outcomes
            .iter()
            .filter(|outcome| outcome.state == State::Committed);
        assert_eq!(loaded.count(), 1);
        assert!(
            outcomes
                .iter()
                .all(|outcome| (outcome.inserted, outcome.conflict_total) == (2, 1))
        );
        assert_eq!(db.rows("items", &["sku", "stock"]).len(), 2);
        assert_eq!(db.rows("_sheetlift_outcomes", &["row"]).len(), 1);
    }
}
