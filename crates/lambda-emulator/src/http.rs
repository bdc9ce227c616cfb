//! As much of HTTP/1.1 as two well-behaved sides on one machine need. No TLS, no trailers, no compression.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
};

/// A request, or the answer to one: `start` is the first line.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// Request line or status line.
    pub start: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Message {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A word of the first line: method, target; or version, status.
    pub fn word(&self, at: usize) -> &str {
        self.start.split(' ').nth(at).unwrap_or_default()
    }

    /// Reads one; `None` when the other side has closed the connection.
    ///
    /// # Errors
    /// When it breaks off or is not HTTP.
    pub fn read(from: &mut BufReader<TcpStream>) -> io::Result<Option<Message>> {
        let Some(start) = line(from)? else {
            return Ok(None);
        };
        let mut message = Message {
            start,
            ..Message::default()
        };
        while let Some(header) = line(from)?.filter(|header| !header.is_empty()) {
            let (name, value) = header.split_once(':').ok_or(io::ErrorKind::InvalidData)?;
            let header = (name.to_ascii_lowercase(), value.trim().to_owned());
            message.headers.push(header);
        }
        if message.header("transfer-encoding") == Some("chunked") {
            loop {
                let size = line(from)?.unwrap_or_default();
                let size = usize::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
                let mut chunk = vec![0; size];
                from.read_exact(&mut chunk)?;
                line(from)?;
                if size == 0 {
                    break;
                }
                message.body.append(&mut chunk);
            }
        } else if let Some(length) = message.header("content-length") {
            message.body = vec![0; length.parse().map_err(io::Error::other)?];
            from.read_exact(&mut message.body)?;
        }
        Ok(Some(message))
    }

    /// Writes it, with the length of its body.
    ///
    /// # Errors
    /// When the other side is gone.
    pub fn write(&self, mut to: impl Write) -> io::Result<()> {
        let mut head = format!("{}\r\n", self.start);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("content-length: {}\r\n\r\n", self.body.len());
        to.write_all(&[head.as_bytes(), &self.body].concat())?;
        to.flush()
    }
}

/// Sends one request on a connection of its own.
///
/// # Errors
/// When nobody answers.
pub fn call(
    address: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Message> {
    let mut request = Message {
        start: format!("{method} {target} HTTP/1.1"),
        headers: vec![
            ("host".into(), address.into()),
            ("connection".into(), "close".into()),
        ],
        body: body.to_vec(),
    };
    for (name, value) in headers {
        request.headers.push(((*name).into(), (*value).into()));
    }
    let stream = TcpStream::connect(address)?;
    request.write(&stream)?;
    Message::read(&mut BufReader::new(stream))?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

fn line(from: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut line = String::new();
    match from.read_line(&mut line)? {
        0 => Ok(None),
        _ => Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned())),
    }
}
