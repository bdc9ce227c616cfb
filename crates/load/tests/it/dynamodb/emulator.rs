//! `ministack` from PyPI, which speaks the protocol of DynamoDB, in an environment of its own under the target directory.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use sheetlift_lambda_emulator::pypi;

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
    let python = pypi::python(env!("CARGO_TARGET_TMPDIR"), "ministack", PACKAGE);
    let port = {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ministack");
    fs::create_dir_all(&home).unwrap();
    let server = Command::new(python)
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
    pypi::wait_for(server, || TcpStream::connect(("127.0.0.1", port)).is_ok());
    format!("http://127.0.0.1:{port}")
}
