//! Results that are sent while they are made.
//!
//! The first bytes are held back for a moment: most results are complete by then, or have failed, and get an exact answer.

use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use sheetlift::{Converted, Error, Format, Job};
use tokio::{
    runtime::Handle,
    sync::mpsc::{Receiver, Sender, channel as bounded},
    time::{Instant, timeout_at},
};

use crate::{
    app::{App, Running},
    problem::Problem,
    telemetry::log_problem,
};

const CHUNK_BYTES: usize = 64 << 10;
const CHUNKS_IN_FLIGHT: usize = 4;
const HELD_BACK_BYTES: usize = 1 << 20;

const ROWS: HeaderName = HeaderName::from_static("x-sheetlift-rows");
const ROWS_REJECTED: HeaderName = HeaderName::from_static("x-sheetlift-rows-rejected");
const ERROR_CELLS: HeaderName = HeaderName::from_static("x-sheetlift-error-cells");

/// Where a thread writes, and where the bytes come out. A client that reads too slowly holds the thread up until the time
/// for this file is over.
pub(crate) fn channel(most: Duration) -> (ChunkWriter, Receiver<Bytes>) {
    let (chunks, out) = bounded(CHUNKS_IN_FLIGHT);
    let writer = ChunkWriter {
        chunks,
        buffer: BytesMut::new(),
        runtime: Handle::current(),
        most,
        deadline: None,
    };
    (writer, out)
}

/// Writes the sheet. Time that ran out while the client did not read is no trouble with a disk.
pub(crate) fn convert(job: &Job, format: Format, out: ChunkWriter) -> Result<Converted, Error> {
    job.convert(format, out)
        .map_err(|error| match error.io_error() {
            Some(cause) if cause.kind() == io::ErrorKind::TimedOut => Error::cancelled(),
            _ => error,
        })
}

/// The result, or the problem that became known in time.
pub(crate) async fn answer(
    app: Arc<App>,
    running: Running<Converted>,
    mut chunks: Receiver<Bytes>,
    mut headers: HeaderMap,
) -> Result<Response, Problem> {
    let (mut first, mut held) = (VecDeque::new(), 0);
    while held < HELD_BACK_BYTES {
        match timeout_at(running.deadline, chunks.recv()).await {
            Err(_) => return Err(running.too_long()),
            Ok(Some(chunk)) => {
                held += chunk.len();
                first.push_back(chunk);
            }
            Ok(None) => {
                let converted = running.finish().await?;
                count(&app, &converted);
                headers.extend(numbers(&converted));
                return Ok((
                    headers,
                    Body::from(first.into_iter().collect::<Vec<_>>().concat()),
                )
                    .into_response());
            }
        }
    }
    let names = "x-sheetlift-rows, x-sheetlift-rows-rejected, x-sheetlift-error-cells";
    headers.insert(header::TRAILER, HeaderValue::from_static(names));
    let rest = Rest {
        app,
        first,
        chunks,
        running: Some(running),
    };
    let frames = stream::unfold(rest, |mut rest| async move {
        rest.next().await.map(|frame| (frame, rest))
    });
    Ok((headers, Body::new(StreamBody::new(frames))).into_response())
}

/// What is still to be sent. Dropped by a client that goes away, and the work with it.
struct Rest {
    app: Arc<App>,
    first: VecDeque<Bytes>,
    chunks: Receiver<Bytes>,
    running: Option<Running<Converted>>,
}

impl Rest {
    async fn next(&mut self) -> Option<io::Result<Frame<Bytes>>> {
        if let Some(chunk) = self.first.pop_front() {
            return Some(Ok(Frame::data(chunk)));
        }
        let deadline = self.running.as_ref()?.deadline;
        if let Ok(Some(chunk)) = timeout_at(deadline, self.chunks.recv()).await {
            return Some(Ok(Frame::data(chunk)));
        }
        match self.running.take()?.finish().await {
            Ok(converted) => {
                count(&self.app, &converted);
                Some(Ok(Frame::trailers(numbers(&converted).collect())))
            }
            // It is too late for a status: an end that is missing is the only thing that every client notices.
            Err(problem) => {
                log_problem(&problem, StatusCode::INTERNAL_SERVER_ERROR.as_u16());
                self.app.metrics.failed(problem.code());
                Some(Err(io::Error::other("the result is incomplete")))
            }
        }
    }
}

fn count(app: &App, converted: &Converted) {
    if let Some(report) = &converted.report {
        app.metrics.reported(report);
    }
}

fn numbers(converted: &Converted) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let rejected = converted
        .report
        .as_ref()
        .map_or(0, |report| report.rows.rejected);
    [
        (ROWS, converted.rows),
        (ROWS_REJECTED, rejected),
        (ERROR_CELLS, converted.error_cells),
    ]
    .map(|(name, number)| (name, number.into()))
    .into_iter()
}

/// Writes into a channel from a thread that may block.
pub(crate) struct ChunkWriter {
    chunks: Sender<Bytes>,
    buffer: BytesMut,
    runtime: Handle,
    most: Duration,
    deadline: Option<Instant>,
}

impl ChunkWriter {
    fn send(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let deadline = *self
            .deadline
            .get_or_insert_with(|| Instant::now() + self.most);
        let chunk = self.buffer.split().freeze();
        let sent = self
            .runtime
            .block_on(async { timeout_at(deadline, self.chunks.send(chunk)).await });
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

impl Write for ChunkWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.is_empty() {
            self.buffer.reserve(CHUNK_BYTES);
        }
        let bytes = &bytes[..bytes.len().min(CHUNK_BYTES - self.buffer.len())];
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() == CHUNK_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}
