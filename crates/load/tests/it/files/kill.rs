//! A loader that is killed at any moment, and run again: the files are those of an undisturbed run.

use std::collections::hash_map::RandomState;
use std::env;
use std::hash::{BuildHasher, Hasher};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use sheetlift_load::conformance::{Shelf, items, plan};
use sheetlift_load::files::Format;
use sheetlift_load::{Begin, Mode, Outcome, Reject, Sink, State, connect};

use super::readers::{Files, manifests};
use super::shelf::Directory;

const CHILD: &str = "SHEETLIFT_LOAD_FILES_KILLED_CHILD";
const ROUNDS: u32 = 12;
const BATCHES: u32 = 60;
const BATCH_ROWS: u32 = 1_000;

pub(super) fn run(sink: &dyn Sink) -> Outcome {
    let plan = plan("big", &items([])).with_mode(Mode::Insert);
    let mut import = match sink.begin(&plan).unwrap() {
        Begin::Done(outcome) => return outcome,
        Begin::Claimed(import) => import,
    };
    for batch in 0..BATCHES {
        let rows: Vec<u32> = (batch * BATCH_ROWS..(batch + 1) * BATCH_ROWS).collect();
        let skus: Vec<String> = rows.iter().map(|row| format!("sku {row:06}")).collect();
        let skus = skus
            .iter()
            .zip(&rows)
            .map(|(sku, row)| (sku.as_str(), Some(i64::from(*row))));
        import.stage(&items(skus), &rows).unwrap();
        let reject = Reject {
            row: batch,
            codes: vec!["cell/type".into()],
            reason: "no".into(),
            raw: "{}".into(),
        };
        import.reject(&[reject]).unwrap();
    }
    import.commit(false).unwrap()
}

/// Not a test by itself: the process that gets killed.
#[test]
fn child() {
    if let Ok(address) = env::var(CHILD) {
        run(&*connect(&address).unwrap());
    }
}

pub(super) fn spawn(address: &str) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "files::kill::child", "--test-threads=1"])
        .env(CHILD, address)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// All files but for the moment of the commit.
pub(super) fn lasting(mut files: Files) -> Files {
    for (path, bytes) in &mut files {
        if path.ends_with(".json") {
            let mut manifest: serde_json::Value = serde_json::from_slice(bytes).unwrap();
            manifest["committed_at"].take();
            *bytes = manifest.to_string().into_bytes();
        }
    }
    files
}

pub(super) fn random_percent() -> u32 {
    (RandomState::new().build_hasher().finish() % 100) as u32
}

#[test]
fn killed_at_any_moment() {
    let undisturbed = Directory::new(Format::Csv);
    let started = Instant::now();
    assert!(spawn(&undisturbed.address()).wait().unwrap().success());
    let usual = started.elapsed();
    let expected = lasting(undisturbed.files());
    assert_eq!(
        expected.len(),
        3,
        "a part, the rejects, the manifest: {:?}",
        expected.keys()
    );
    let outcome = run(&undisturbed.open());
    assert_eq!(outcome.state, State::AlreadyLoaded);

    let (mut killed, mut left) = (0, 0);
    for round in 0..ROUNDS {
        let shelf = Directory::new(Format::Csv);
        let mut child = spawn(&shelf.address());
        thread::sleep(usual * (round * 100 + random_percent()) / (ROUNDS * 100));
        child.kill().unwrap();
        let was_killed = !child.wait().unwrap().success();
        killed += u32::from(was_killed);
        let is_there = manifests(&shelf.files(), "items").len();
        left += u32::from(is_there == 0 && !shelf.traces().is_empty());
        let mut rerun = run(&shelf.open());
        assert_eq!(rerun.state == State::AlreadyLoaded, is_there == 1);
        rerun.state = outcome.state;
        assert_eq!(rerun, outcome);
        if is_there == 0 {
            assert_eq!(
                lasting(shelf.files()),
                expected,
                "the leftovers of the killed are gone"
            );
        } else {
            assert!(
                expected
                    .iter()
                    .all(|(path, bytes)| lasting(shelf.files()).get(path) == Some(bytes))
            );
        }
    }
    println!(
        "killed {killed} of {ROUNDS}, {left} left something behind; an undisturbed run takes {usual:?}"
    );
    assert!(killed > 0);
}
