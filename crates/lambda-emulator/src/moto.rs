//! `moto[server]` from PyPI in an environment of its own under the target directory.

use std::{
    net::TcpListener,
    process::{Command, Stdio},
};

use crate::{http, pypi};

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
    let python = pypi::python(target_tmpdir, "moto", PACKAGE);
    let port = {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let server = Command::new(python)
        .args(["-c", SERVE, &port.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("moto starts");
    let address = format!("127.0.0.1:{port}");
    pypi::wait_for(server, || {
        http::call(&address, "GET", "/moto-api/", &[], &[]).is_ok()
    });
    address
}
