//! In front of moto, for the days when S3 is not well: what happens depends on the key.
//!
//! * `...throttled...` is answered with 503 SlowDown;
//! * `...refused...` has its connection closed without an answer.

use std::{
    io::{self, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use sheetlift_lambda_emulator::http::Message;

const SLOW_DOWN: &str =
    "<Error><Code>SlowDown</Code><Message>Please reduce your rate.</Message></Error>";

/// Starts it; gives its address.
pub(super) fn start(moto: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let moto = moto.clone();
            thread::spawn(move || serve(stream, &moto));
        }
    });
    address
}

/// One request for each connection: the answer closes it.
fn serve(mut stream: TcpStream, moto: &str) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let Some(mut request) = Message::read(&mut reader)? else {
        return Ok(());
    };
    let target = request.word(1);
    if target.contains("refused") {
        return Ok(());
    }
    if target.contains("throttled") {
        let length = SLOW_DOWN.len();
        let head = "HTTP/1.1 503 Slow Down\r\nconnection: close\r\ncontent-length";
        return write!(stream, "{head}: {length}\r\n\r\n{SLOW_DOWN}");
    }
    let hop = [
        "connection",
        "transfer-encoding",
        "content-length",
        "expect",
    ];
    request
        .headers
        .retain(|(name, _)| !hop.contains(&name.as_str()));
    request.headers.push(("connection".into(), "close".into()));
    let mut upstream = TcpStream::connect(moto)?;
    request.write(&upstream)?;
    io::copy(&mut upstream, &mut stream)?;
    stream.flush()
}
