//! Loaders that are killed, stopped, or several: the table, the ledger and the outcome are those of one undisturbed run.

use std::env;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use sheetlift_load::{Begin, connect};

use super::database::{Dynamo, REGION, SECRET};
use super::emulator;
use super::scenario::{
    as_first, begin, everything, fill, fill_and_commit, patiently, run, run_patiently, seed,
    undisturbed,
};

const CHILD: &str = "SHEETLIFT_DYNAMODB_CHILD";
const LEASE_MS: u64 = 600;

/// Not a test by itself: the process that gets killed or stopped. It knows where the database is from its environment.
#[test]
fn child() {
    if let Some(lease_ms) = env::var(CHILD).ok().and_then(|lease| lease.parse().ok()) {
        let sink = connect("dynamodb:").unwrap();
        match run(&*sink, lease_ms) {
            Ok(outcome) => println!("child: {:?}", outcome.state),
            Err(error) => println!("child: {} {error} {error:?}", error.code()),
        }
    }
}

fn spawn(db: &Dynamo) -> Child {
    Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "dynamodb::crash::child",
            "--test-threads=1",
            "--nocapture",
        ])
        .env(CHILD, LEASE_MS.to_string())
        .env("AWS_REGION", REGION)
        .env("AWS_ENDPOINT_URL_DYNAMODB", emulator::endpoint())
        .env("AWS_ACCESS_KEY_ID", &db.account)
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn said(mut child: Child) -> String {
    let mut said = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    child.wait().unwrap();
    assert!(!said.contains(SECRET), "{said}");
    said
}

/// Waits until so many chunks are recorded, or the import is done.
fn wait_for_chunks(db: &Dynamo, chunks: usize) {
    let started = Instant::now();
    while db.entries("chunk#").len() < chunks + 3 {
        assert!(started.elapsed() < Duration::from_secs(60), "no progress");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn killed_in_the_middle_and_run_again() {
    let (outcome, expected) = undisturbed();
    let mut killed = 0;
    for chunks in [0, 1, 4, 9, 14, 17] {
        let db = Dynamo::new();
        seed(&db);
        let mut child = spawn(&db);
        wait_for_chunks(&db, chunks);
        child.kill().unwrap();
        child.wait().unwrap();
        killed += usize::from(db.entries("lane#").len() == 8);
        if let Begin::Claimed(import) = patiently(|| begin(&db.open(), LEASE_MS * 60)) {
            let before = everything(&db).0;
            let rehearsed = fill(import).and_then(|import| import.commit(true)).unwrap();
            assert_eq!(&as_first(rehearsed), outcome, "what is done counts as done");
            assert!(everything(&db).0 == before, "a rehearsal wrote");
        }
        let rerun = run_patiently(&db.open(), LEASE_MS * 60);
        assert_eq!(&as_first(rerun), outcome, "killed after {chunks} chunks");
        assert_eq!(&everything(&db), expected, "killed after {chunks} chunks");
        let again = run(&db.open(), LEASE_MS).unwrap();
        assert_eq!(&as_first(again), outcome);
    }
    println!("killed {killed} of 6 before their end");
    assert!(killed > 2);
}

#[test]
fn an_edit_between_crash_and_rerun_stays() {
    let (outcome, (rows, ledger)) = undisturbed();
    let db = Dynamo::new();
    seed(&db);
    let mut child = spawn(&db);
    wait_for_chunks(&db, 3);
    child.kill().unwrap();
    child.wait().unwrap();
    // One row that the crashed run has written is edited, another is deleted.
    let is_first = |sku: &str| sku.ends_with("3"); // not of the seed
    let written = db.scan("items").into_iter();
    let mut written = written.filter_map(|item| item["sku"].as_s().ok().cloned());
    let (edited, deleted) = (
        written.find(|sku| is_first(sku)),
        written.find(|sku| is_first(sku)),
    );
    let (edited, deleted) = (edited.unwrap(), deleted.unwrap());
    db.put(
        "items",
        &[
            ("sku", AttributeValue::S(edited.clone())),
            ("stock", AttributeValue::N("4711".to_owned())),
            ("note", AttributeValue::S("by hand".to_owned())),
        ],
    );
    let away = db.client.delete_item().table_name("items");
    db.wait(away.key("sku", AttributeValue::S(deleted.clone())).send())
        .unwrap();

    let rerun = run_patiently(&db.open(), LEASE_MS);
    assert_eq!(
        &as_first(rerun),
        outcome,
        "the counts are those of what the import did"
    );
    let (found, recorded) = everything(&db);
    assert_eq!(&recorded, ledger);
    let mut expected = rows.clone();
    expected.retain(|row| !row.contains(&edited) && !row.contains(&deleted));
    expected.push(format!("note=by hand sku={edited} stock=4711"));
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn a_stale_holder_writes_nothing_once_it_was_succeeded() {
    let (outcome, expected) = undisturbed();
    let db = Dynamo::new();
    seed(&db);
    let child = spawn(&db);
    wait_for_chunks(&db, 2);
    signal(&child, "-STOP");
    let successor = patiently(|| begin(&db.open(), LEASE_MS * 60));
    let Begin::Claimed(import) = successor else {
        panic!("the loader was done before it could be stopped")
    };
    let before = everything(&db).0;
    assert!(before.len() < 980, "there is something left to write");
    signal(&child, "-CONT");
    let said = said(child);
    assert!(said.contains("child: busy/taken-over"), "{said}");
    assert!(everything(&db).0 == before, "it wrote");
    assert_eq!(&fill_and_commit(import).unwrap(), outcome);
    assert_eq!(&everything(&db), expected);
}

#[test]
fn a_stale_holder_that_comes_back_after_the_commit_writes_nothing() {
    let (outcome, expected) = undisturbed();
    let db = Dynamo::new();
    seed(&db);
    let child = spawn(&db);
    wait_for_chunks(&db, 2);
    signal(&child, "-STOP");
    // What it sent before it was stopped may still arrive; then its lease expires.
    let successor = run_patiently(&db.open(), LEASE_MS * 60);
    assert_eq!(&successor, outcome, "committed by the successor");
    assert_eq!(&everything(&db), expected);
    // Whatever the holder would write now could be seen.
    for item in db.scan("items").into_iter().step_by(7) {
        let away = db.client.delete_item().table_name("items");
        db.wait(away.key("sku", item["sku"].clone()).send())
            .unwrap();
    }
    let before = everything(&db);
    signal(&child, "-CONT");
    let said = said(child);
    assert!(said.contains("child: busy/taken-over"), "{said}");
    assert!(everything(&db) == before, "it wrote");
}

fn signal(child: &Child, signal: &str) {
    let done = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(done.unwrap().success());
}

#[test]
fn loaders_that_race_load_once() {
    let (outcome, expected) = undisturbed();
    let db = Dynamo::new();
    seed(&db);
    let children = [spawn(&db), spawn(&db), spawn(&db)];
    let ours = run_patiently(&db.open(), LEASE_MS * 60);
    let said: Vec<String> = children.into_iter().map(said).collect();
    assert_eq!(&as_first(ours), outcome);
    assert_eq!(&as_first(run_patiently(&db.open(), LEASE_MS)), outcome);
    assert_eq!(&everything(&db), expected);
    for said in said {
        let ends = ["child: Committed", "child: AlreadyLoaded", "child: busy/"];
        assert!(ends.iter().any(|end| said.contains(end)), "{said}");
    }
}
