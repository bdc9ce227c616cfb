//! The Lambda Runtime API on loopback, and a built `bootstrap` that polls it: `next`, `response`, `error` and `init/error`,
//! as <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html> has them. One invocation at a time.
//! [`moto`] is the rest of AWS.

pub mod http;
pub mod moto;
pub mod pypi;

use std::{
    collections::{HashMap, VecDeque},
    io::{self, BufReader},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use http::Message;
use serde_json::{Value, json};

/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running function. It ends when this is dropped.
#[derive(Debug)]
pub struct Function {
    api: Arc<Api>,
    child: Mutex<Child>,
    timeout: Duration,
}

/// Why an invocation has no response.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// The handler returned an error: its type and message.
    Handler(Value),
    /// The function could not start: its type and message.
    Init(Value),
    /// The process ended without a word.
    Died,
    /// No answer came.
    Silent,
}

#[derive(Debug, Default)]
struct Api {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    invoked: u64,
    waiting: VecDeque<(String, u64, Vec<u8>)>,
    answers: HashMap<String, Result<Value, Fault>>,
    init_error: Option<Value>,
}

impl Function {
    /// Starts `bootstrap` with these variables, and none of ours but `PATH`.
    ///
    /// # Panics
    /// When there is no such binary, or no port on loopback.
    pub fn start<K: AsRef<str>, V: AsRef<str>>(
        bootstrap: impl AsRef<Path>,
        vars: &[(K, V)],
    ) -> Function {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = listener.local_addr().expect("its address").to_string();
        let api = Arc::new(Api::default());
        let serving = Arc::clone(&api);
        thread::spawn(move || serving.accept(&listener));
        let mut command = Command::new(bootstrap.as_ref());
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_LAMBDA_FUNCTION_NAME", "sheetlift")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
        for (name, value) in vars {
            command.env(name.as_ref(), value.as_ref());
        }
        let child = command.spawn().expect("the bootstrap starts");
        Function {
            api,
            child: Mutex::new(child),
            timeout: Duration::from_secs(60),
        }
    }

    /// Sets the time that an invocation may take, as the function is told. Default one minute.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Function {
        self.timeout = timeout;
        self
    }

    /// Sends an event and waits for the response.
    ///
    /// # Errors
    /// A [`Fault`], when there is none.
    pub fn invoke(&self, event: &Value) -> Result<Value, Fault> {
        let deadline = SystemTime::now() + self.timeout;
        let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
        let id = {
            let mut state = self.api.lock();
            state.invoked += 1;
            let id = format!("00000000-0000-0000-0000-{:012}", state.invoked);
            let body = event.to_string().into_bytes();
            state
                .waiting
                .push_back((id.clone(), deadline.as_millis() as u64, body));
            id
        };
        self.api.changed.notify_all();
        self.wait(
            |state| match (state.answers.remove(&id), &state.init_error) {
                (Some(answer), _) => Some(answer),
                (None, Some(error)) => Some(Err(Fault::Init(error.clone()))),
                (None, None) => None,
            },
        )
    }

    /// The error with which it refuses to start.
    ///
    /// # Panics
    /// When it starts, or says nothing.
    pub fn init_error(&self) -> Value {
        let error = self.wait(|state| state.init_error.clone().map(Ok));
        let error = error.expect("an error on init/error");
        let status = self.child().wait().expect("the process ends");
        assert!(!status.success(), "it fails");
        error
    }

    fn wait(
        &self,
        found: impl Fn(&mut State) -> Option<Result<Value, Fault>>,
    ) -> Result<Value, Fault> {
        let started = Instant::now();
        let mut state = self.api.lock();
        loop {
            let died = matches!(self.child().try_wait(), Ok(Some(_)));
            if let Some(answer) = found(&mut state) {
                return answer;
            }
            if died {
                return Err(Fault::Died);
            }
            if started.elapsed() > PATIENCE {
                return Err(Fault::Silent);
            }
            let tick = Duration::from_millis(200);
            let waited = self.api.changed.wait_timeout(state, tick);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let mut child = self.child();
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Api {
    fn accept(self: Arc<Api>, listener: &TcpListener) {
        for stream in listener.incoming().flatten() {
            let api = Arc::clone(&self);
            thread::spawn(move || api.serve(stream));
        }
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        while let Some(request) = Message::read(&mut reader)? {
            self.answer(&request).write(&stream)?;
        }
        Ok(())
    }

    fn answer(&self, request: &Message) -> Message {
        let Some(call) = request.word(1).strip_prefix("/2018-06-01/runtime/") else {
            return message("404 Not Found", b"{}");
        };
        let body = || serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let words: Vec<&str> = call.split('/').collect();
        match (request.word(0), &words[..]) {
            ("GET", ["invocation", "next"]) => return self.next(),
            ("POST", ["invocation", id, "response"]) => self.keep(id, Ok(body())),
            ("POST", ["invocation", id, "error"]) => self.keep(id, Err(Fault::Handler(body()))),
            ("POST", ["init", "error"]) => self.lock().init_error = Some(body()),
            _ => return message("404 Not Found", b"{}"),
        }
        self.changed.notify_all();
        message(
            "202 Accepted",
            json!({"status": "OK"}).to_string().as_bytes(),
        )
    }

    fn next(&self) -> Message {
        let mut state = self.lock();
        loop {
            if let Some((id, deadline, body)) = state.waiting.pop_front() {
                let mut next = message("200 OK", &body);
                let function = "arn:aws:lambda:eu-central-1:000000000000:function:sheetlift";
                for (name, value) in [
                    ("lambda-runtime-aws-request-id", id),
                    ("lambda-runtime-deadline-ms", deadline.to_string()),
                    ("lambda-runtime-invoked-function-arn", function.to_owned()),
                    (
                        "lambda-runtime-trace-id",
                        "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned(),
                    ),
                ] {
                    next.headers.push((name.to_owned(), value));
                }
                return next;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn keep(&self, id: &str, answer: Result<Value, Fault>) {
        self.lock().answers.insert(id.to_owned(), answer);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn message(status: &str, body: &[u8]) -> Message {
    Message {
        start: format!("HTTP/1.1 {status}"),
        headers: vec![("content-type".into(), "application/json".into())],
        body: body.to_vec(),
    }
}
