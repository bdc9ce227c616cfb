//! A function that cannot start says why to the Runtime API, so that the reason stands in the invoker's answer and not only
//! in a log.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::json;
use sheetlift::Error;

/// Reports the error, and gives the text for the log.
pub(crate) fn report(error: &Error) -> String {
    let text = match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    };
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap_or_default();
    if let Err(error) = post(&api, &text) {
        eprintln!("error: cannot report to the Runtime API: {error}");
    }
    text
}

/// The runtime crate has no call for this, and one request to the local host needs no client.
fn post(api: &str, message: &str) -> io::Result<()> {
    let body =
        json!({"errorType": "Init.Configuration", "errorMessage": message, "stackTrace": []});
    let body = body.to_string();
    let mut stream = TcpStream::connect(api)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    write!(
        stream,
        "POST /2018-06-01/runtime/init/error HTTP/1.1\r\n\
         Host: {api}\r\n\
         Content-Type: application/json\r\n\
         Lambda-Runtime-Function-Error-Type: Init.Configuration\r\n\
         Content-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )?;
    stream.read(&mut [0; 64]).map(drop) // the answer means that it was heard
}
