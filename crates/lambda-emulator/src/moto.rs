//! `moto[server]` from PyPI in an environment of its own under the target directory.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::http;

const PACKAGE: &str = "moto[server]==5.2.5";

/// It ends with the process that started it, however that ends: its standard input is a pipe from here. moto looks whether an object
/// is there and then writes it, with nothing to keep another thread from doing the same; S3 does both in one.
const SERVE: &str = "
import os, sys, threading
from moto.s3.responses import S3Response
from moto.server import main
put, one_at_a_time = S3Response.put_object, threading.Lock()
def put_object(self):
    with one_at_a_time:
        return put(self)
S3Response.put_object = put_object
def watch():
    sys.stdin.buffer.read()
    os._exit(0)
threading.Thread(target=watch, daemon=True).start()
main(['-H', '127.0.0.1', '-p', sys.argv[1]])
";

/// Starts it and gives its address, such as `127.0.0.1:5000`. The environment is made in the directory above `target_tmpdir`,
/// which is `env!("CARGO_TARGET_TMPDIR")` of a test.
///
/// # Panics
/// When it cannot be set up, which takes Python 3 and a package index.
pub fn start(target_tmpdir: &str) -> String {
    let python = environment(target_tmpdir);
    let port = {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let mut server = Command::new(python)
        .args(["-c", SERVE, &port.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("moto starts");
    let address = format!("127.0.0.1:{port}");
    let started = Instant::now();
    while http::call(&address, "GET", "/moto-api/", &[], &[]).is_err() {
        let ended = server.try_wait().unwrap();
        assert!(ended.is_none(), "moto ended at once: {ended:?}");
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "moto does not answer"
        );
        thread::sleep(Duration::from_millis(50));
    }
    std::mem::forget(server.stdin.take()); // stays open as long as this process
    thread::spawn(move || server.wait());
    address
}

/// The Python of the environment, which is made when it is not there.
fn environment(target_tmpdir: &str) -> PathBuf {
    let target = Path::new(target_tmpdir).parent().unwrap();
    let lock = File::create(target.join("venv-moto.lock")).unwrap();
    lock.lock().unwrap();
    let (home, ready) = (target.join("venv-moto"), target.join("venv-moto/ready"));
    let python = home.join("bin/python");
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
