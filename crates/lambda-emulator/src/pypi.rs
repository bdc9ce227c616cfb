//! Servers from PyPI, each in an environment of its own under the target directory.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

/// The Python of the environment `venv-NAME`, which is made when it does not have this package. It is in the directory above
/// `target_tmpdir`, which is `env!("CARGO_TARGET_TMPDIR")` of a test.
///
/// # Panics
/// When it cannot be set up, which takes Python 3 and a package index.
pub fn python(target_tmpdir: &str, name: &str, package: &str) -> PathBuf {
    let target = Path::new(target_tmpdir)
        .parent()
        .expect("a directory above");
    let lock = File::create(target.join(format!("venv-{name}.lock"))).expect("a lock");
    lock.lock().expect("the lock");
    let home = target.join(format!("venv-{name}"));
    let (ready, python) = (home.join("ready"), home.join("bin/python"));
    if fs::read_to_string(&ready).is_ok_and(|what| what == package) {
        return python;
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&home));
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", package]));
    fs::write(ready, package).expect("the environment is written");
    python
}

/// Waits until a server answers; it then ends with this process, if it does so at the end of its standard input.
///
/// # Panics
/// When it ends, or does not answer within a minute.
pub fn wait_for(mut server: Child, answers: impl Fn() -> bool) {
    let started = Instant::now();
    while !answers() {
        let ended = server.try_wait().expect("its state");
        assert!(ended.is_none(), "the server ended at once: {ended:?}");
        let is_late = started.elapsed() > Duration::from_secs(60);
        assert!(!is_late, "the server does not answer");
        thread::sleep(Duration::from_millis(50));
    }
    std::mem::forget(server.stdin.take()); // stays open as long as this process
    thread::spawn(move || server.wait());
}

fn run(command: &mut Command) {
    let done = command.output();
    let done =
        done.unwrap_or_else(|error| panic!("these tests need Python 3: {command:?}: {error}"));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success(),
        "an environment cannot be set up: {command:?}\n{said}"
    );
}
