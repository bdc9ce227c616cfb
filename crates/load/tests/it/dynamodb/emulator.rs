//! `ministack` from PyPI, which speaks the protocol of DynamoDB, in an environment of its own under the target directory.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

const PACKAGE: &str = "ministack==1.5.33";

/// It ends with the process that started it, however that ends: its standard input is a pipe from here.
const SERVE: &str = "
import os, sys, threading
def watch():
    sys.stdin.buffer.read()
    os._exit(0)
threading.Thread(target=watch, daemon=True).start()
sys.argv = ['ministack']
from ministack.app import main
main()
";

/// The address of the emulator of this process, such as `http://127.0.0.1:40001`.
pub(super) fn endpoint() -> &'static str {
    static ENDPOINT: OnceLock<String> = OnceLock::new();
    ENDPOINT.get_or_init(start)
}

fn start() -> String {
    let python = environment();
    let port = {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ministack");
    fs::create_dir_all(&home).unwrap();
    let mut server = Command::new(python)
        .args(["-c", SERVE])
        .current_dir(&home)
        .env("HOME", &home)
        .env("TMPDIR", &home)
        .env("BIND_HOST", "127.0.0.1")
        .env("GATEWAY_PORT", port.to_string())
        .env("SERVICES", "dynamodb")
        .env("LOG_LEVEL", "ERROR")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the emulator starts");
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let ended = server.try_wait().unwrap();
        assert!(ended.is_none(), "the emulator ended at once: {ended:?}");
        let waited = started.elapsed();
        assert!(
            waited < Duration::from_secs(60),
            "the emulator does not answer"
        );
        thread::sleep(Duration::from_millis(50));
    }
    std::mem::forget(server.stdin.take()); // stays open as long as this process
    thread::spawn(move || server.wait());
    format!("http://127.0.0.1:{port}")
}

/// The Python of the environment, which is made when it is not there.
fn environment() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let lock = File::create(target.join("venv-ministack.lock")).unwrap();
    lock.lock().unwrap();
    let home = target.join("venv-ministack");
    let (ready, python) = (home.join("ready"), home.join("bin/python"));
    if fs::read_to_string(&ready).is_ok_and(|what| what == PACKAGE) {
        return python;
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&home));
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", PACKAGE]));
    fs::write(ready, PACKAGE).unwrap();
    python
}

fn run(command: &mut Command) {
    let done = command.output();
    let done =
        done.unwrap_or_else(|error| panic!("these tests need Python 3: {command:?}: {error}"));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success(),
        "cannot set up {PACKAGE}: {command:?}\n{said}"
    );
}
