//! Options that the environment sets as well.

use crate::common::{Desk, Ran};
use sheetlift_fixtures::protected;

/// Runs a command with a variable of the environment.
fn run_with(desk: &Desk, name: &str, value: &str, words: &str) -> Ran {
    let output = desk.command(words).env(name, value).output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn limits_of_the_environment_hold_beside_those_of_the_command_line() {
    let desk = Desk::new();
    let run = |value: &str, flags: &str| {
        let words = format!("convert clean.xlsx -o a.csv {flags}");
        run_with(&desk, "SHEETLIFT_LIMIT", value, &words)
    };
    run("max_rows=100", "").fails(4, "max_rows");
    run("max_rows=100", "--set-limit max_columns=1000").fails(4, "max_rows");
    run("max_rows=1000,max_columns=2", "--set-limit max_rows=500").fails(4, "max_columns");
    for (value, flags) in [
        ("", ""),
        ("", "--set-limit max_rows=1000"),
        ("max_rows=100", "--set-limit max_rows=1000"), // the nearer one wins
    ] {
        let ran = run(value, flags);
        assert_eq!(ran.code, 0, "{value:?} {flags:?}: {ran:?}");
    }
    for wrong in ["max_row=1", "max_rows", "max_rows=x", "max_rows=1,"] {
        run(wrong, "").fails(2, "SHEETLIFT_LIMIT: ");
    }
}

#[test]
fn an_empty_password_is_none() {
    let desk = Desk::new();
    let locked = &protected()[0];
    desk.put("locked.xls", &(locked.bytes)());
    let run = |value: &str| run_with(&desk, "SHEETLIFT_PASSWORD", value, "inspect locked.xls");
    run("").fails(3, "is protected by a password");
    run("no").fails(3, "does not open");
    assert_eq!(run(locked.password).code, 0);
}
