//! A running service, and a client for it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use sheetlift_fixtures::inventory::contract_json;
use tempfile::TempDir;

pub(crate) const KEY: &str = "a-key-for-tests-only";
const PATIENCE: Duration = Duration::from_secs(60);

/// A service with one key; its uploads, contracts and database are in a directory of its own.
pub(crate) struct Service {
    process: Child,
    pub(crate) address: SocketAddr,
    pub(crate) home: TempDir,
    log: Arc<Mutex<String>>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: ureq::http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// The command without what the environment might say.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sheetlift-server"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SHEETLIFT_") {
            command.env_remove(name);
        }
    }
    command
}

impl Service {
    pub(crate) fn start(args: &[&str]) -> Service {
        Service::start_without_target(&[args, &["--target", "sqlite:inventory.db"]].concat())
    }

    pub(crate) fn start_without_target(args: &[&str]) -> Service {
        let home = TempDir::new().unwrap();
        for directory in ["spool", "contracts"] {
            std::fs::create_dir(home.path().join(directory)).unwrap();
        }
        std::fs::write(
            home.path().join("contracts/inventory.json"),
            contract_json(),
        )
        .unwrap();
        let mut process = command()
            .current_dir(home.path())
            .env("SHEETLIFT_API_KEYS", KEY)
            .args([
                "--listen",
                "127.0.0.1:0",
                "--spool-dir",
                "spool",
                "--contracts",
                "contracts",
            ])
            .args(args)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let (said, address) = (Arc::clone(&log), mpsc::channel());
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let words: Value = serde_json::from_str(&line).unwrap_or_default();
                if words["message"] == "listening" {
                    let _ = address
                        .0
                        .send(words["address"].as_str().unwrap().parse().unwrap());
                }
                *said.lock().unwrap() += &(line + "\n");
            }
        });
        let address = address.1.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            panic!("it did not start: {}", log.lock().unwrap());
        });
        Service {
            process,
            address,
            home,
            log,
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        let url = format!("http://{}{path}", self.address);
        answer(agent().get(url).header("x-api-key", KEY).call())
    }

    /// Sends the bytes as they are.
    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Answer {
        self.post_as(path, "application/octet-stream", body, &[])
    }

    /// Sends the bytes without saying how many there are.
    pub(crate) fn post_chunked(&self, path: &str, mut body: &[u8]) -> Answer {
        let url = format!("http://{}{path}", self.address);
        let body = ureq::SendBody::from_reader(&mut body);
        answer(agent().post(url).header("x-api-key", KEY).send(body))
    }

    /// Sends a form; the part `file` is called `items.xlsx`.
    pub(crate) fn post_form(&self, path: &str, parts: &[(&str, &[u8])]) -> Answer {
        self.post_as(
            path,
            "multipart/form-data; boundary=frontier",
            &form(parts),
            &[],
        )
    }

    pub(crate) fn post_as(
        &self,
        path: &str,
        media: &str,
        body: &[u8],
        headers: &[(&str, &str)],
    ) -> Answer {
        let url = format!("http://{}{path}", self.address);
        let mut request = agent().post(url).header("content-type", media);
        if !headers
            .iter()
            .any(|(name, _)| ["x-api-key", "authorization"].contains(name))
        {
            request = request.header("x-api-key", KEY);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.send(body))
    }

    /// The first part of an upload of `length` bytes; `rest` can follow.
    pub(crate) fn begin_upload(&self, path: &str, length: usize, first: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: test\r\nx-api-key: {KEY}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(first).unwrap();
        stream
    }

    /// The value of a metric, with its labels as they are printed.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").text();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().unwrap())
    }

    pub(crate) fn wait_for_metric(&self, name: &str, value: f64) {
        wait_for(name, || self.metric(name) == value);
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn spooled_files(&self) -> usize {
        self.home.path().join("spool").read_dir().unwrap().count()
    }

    /// A line of `/proc/PID/status`, in KiB.
    pub(crate) fn memory_kib(&self, line: &str) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let value = status
            .lines()
            .find_map(|found| found.strip_prefix(line)?.strip_prefix(':'))
            .unwrap();
        value.trim().trim_end_matches(" kB").parse().unwrap()
    }

    pub(crate) fn terminate(&self) {
        let pid = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    pub(crate) fn wait_for_end(&mut self) -> ExitStatus {
        let mut status = None;
        wait_for("its end", || {
            status = self.process.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if thread::panicking() {
            eprintln!("{}", self.log());
        }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The problem document, once it is one.
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["type"], format!("urn:sheetlift:error:{code}"));
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        for text in ["title", "detail"] {
            assert!(
                problem[text].as_str().is_some_and(|text| !text.is_empty()),
                "{problem}"
            );
        }
        problem
    }
}

pub(crate) fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "waited too long for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The whole answer of a raw connection.
pub(crate) fn read_answer(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer); // a connection that is reset has an answer as well
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, bytes) in parts {
        let filename = if *name == "file" {
            "; filename=\"items.xlsx\""
        } else {
            ""
        };
        let head = format!(
            "--frontier\r\nContent-Disposition: form-data; name=\"{name}\"{filename}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--frontier--\r\n");
    body
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE));
    config.build().into()
}

fn answer(result: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let (head, body) = result.unwrap().into_parts();
    let body = body
        .into_with_config()
        .limit(u64::MAX)
        .read_to_vec()
        .unwrap();
    Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body,
    }
}
