//! A load that is killed or interrupted at any moment and run again leaves the table of an undisturbed run.
#![cfg(target_os = "linux")] // elsewhere a dead process' lease has to expire

use std::{
    collections::hash_map::RandomState,
    fs,
    hash::BuildHasher,
    path::Path,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::common::{Desk, rows};
use rusqlite::types::Value;

const ROUNDS: u64 = 10;
const ROWS: u32 = if cfg!(debug_assertions) {
    20_000
} else {
    100_000
};
const LOAD: &str =
    "load large.xlsx --contract items.contract.json --to sqlite:large.db --create-table";

fn desk() -> Desk {
    let desk = Desk::new();
    sheetlift_fixtures::bench::inventory(&desk.path("large.xlsx"), ROWS).unwrap();
    desk
}

fn spawn(desk: &Desk) -> Child {
    desk.command(LOAD)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The table, and the rejects of all imports.
fn contents(database: &Path) -> [Vec<Vec<Value>>; 2] {
    [
        rows(database, "SELECT * FROM inventory ORDER BY sku"),
        rows(
            database,
            "SELECT import_id, row, codes, raw FROM _sheetlift_rejects ORDER BY 1, 2",
        ),
    ]
}

/// A database in which the table is there already, so that rows are staged before they are merged.
fn with_table(desk: &Desk) {
    let ran = desk
        .run("load clean.xlsx --contract items.contract.json --to sqlite:large.db --create-table");
    assert_eq!(ran.code, 0, "{ran:?}");
}

fn clear(desk: &Desk) {
    for name in desk.files() {
        if name.starts_with("large.db") {
            fs::remove_file(desk.path(&name)).unwrap();
        }
    }
}

#[test]
fn a_killed_load_can_be_run_again() {
    let desk = desk();
    let database = desk.path("large.db");
    let random = RandomState::new();
    let mut killed = 0;
    for staged in [false, true] {
        clear(&desk);
        if staged {
            with_table(&desk);
        }
        let started = Instant::now();
        let undisturbed = desk.run(LOAD);
        let took = started.elapsed();
        assert!(undisturbed.code <= 1, "{undisturbed:?}");
        let expected = contents(&database);
        assert!(expected[0].len() > ROWS as usize * 9 / 10);

        for round in 0..ROUNDS / 2 {
            clear(&desk);
            if staged {
                with_table(&desk);
            }
            let moment = took.mul_f64((random.hash_one(round) % 1000) as f64 / 1000.0);
            let mut child = spawn(&desk);
            thread::sleep(moment);
            child.kill().unwrap(); // SIGKILL
            let output = child.wait_with_output().unwrap();
            killed += u32::from(output.status.code().is_none());

            let again = desk.run(LOAD);
            assert_eq!(
                again.code, undisturbed.code,
                "killed after {moment:?}: {again:?}"
            );
            assert!(
                contents(&database) == expected,
                "killed after {moment:?}: another table"
            );
            let left = rows(
                &database,
                "SELECT 1 FROM _sheetlift_imports WHERE state <> 'committed'",
            );
            assert!(left.is_empty(), "killed after {moment:?}: {left:?}");
            let third = desk.run(LOAD);
            assert!(third.text().contains("already loaded"), "{third:?}");
        }
    }
    assert!(killed > 0, "every load was over before its kill");
}

#[test]
fn an_interrupted_load_leaves_nothing() {
    let desk = desk();
    let database = desk.path("large.db");
    let mut interrupted = 0;
    for moment in [60, 120, 240] {
        clear(&desk);
        let child = spawn(&desk);
        thread::sleep(Duration::from_millis(moment));
        let pid = child.id().to_string();
        std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap();
        let output = child.wait_with_output().unwrap();
        match output.status.code() {
            Some(130) => {
                interrupted += 1;
                let stderr = String::from_utf8(output.stderr).unwrap();
                assert!(
                    stderr.contains("cancelled") && stderr.contains("hint: nothing was loaded"),
                    "{stderr}"
                );
                assert!(!database.exists());
            }
            // Before the handler was there, or after the end.
            code => assert!(code.is_none_or(|code| code <= 1), "{output:?}"),
        }
    }
    assert!(interrupted > 0);
    assert!(desk.run(LOAD).code <= 1);
}
