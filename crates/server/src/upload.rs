//! What a request brings: a file, streamed to disk and never whole in memory, and perhaps a contract and options.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, BodyDataStream},
    extract::Request,
    http::{HeaderMap, StatusCode, header},
};
use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt;
use tempfile::{NamedTempFile, TempPath};
use tokio::{fs::File, io::AsyncWriteExt, time::timeout};

use crate::{
    app::App,
    problem::Problem,
    words::{self, Pairs},
};

/// Bytes of a contract or of options.
const MAX_TEXT_BYTES: u64 = 1 << 20;
/// Bytes of a form besides its file.
const MAX_FORM_BYTES: u64 = 3 << 20;
/// Bytes that the parser of forms may hold.
const MAX_AHEAD_BYTES: usize = 4 << 20;
/// Bytes on their way to a file.
const FILE_BUFFER_BYTES: usize = 256 << 10;

/// What a request brought.
pub(crate) struct Upload {
    pub(crate) file: Spooled,
    pub(crate) filename: Option<String>,
    pub(crate) contract: Option<String>,
    pub(crate) options: Pairs,
}

/// A file on disk; it is removed when this is dropped.
pub(crate) struct Spooled {
    pub(crate) path: TempPath,
    bytes: u64,
    app: Arc<App>,
}

impl Upload {
    pub(crate) async fn receive(app: &Arc<App>, request: Request) -> Result<Upload, Problem> {
        let length = request.headers().get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let boundary = boundary(request.headers())?;
        let besides = if boundary.is_some() {
            MAX_FORM_BYTES
        } else {
            0
        };
        let most = app.config.bounds.max_body_bytes.saturating_add(besides);
        if let Some(length) = length.filter(|length| *length > most) {
            return Err(too_large(app.config.bounds.max_body_bytes, length));
        }
        let body = request.into_body();
        let receive = async {
            match boundary {
                Some(boundary) => Upload::from_form(app, body, boundary, most).await,
                None => Upload::from_body(app, body).await,
            }
        };
        let seconds = app.config.bounds.upload_timeout_s;
        timeout(Duration::from_secs(seconds), receive)
            .await
            .unwrap_or_else(|_| {
                let detail = format!("the upload took longer than {seconds} s");
                Err(Problem::new(
                    StatusCode::REQUEST_TIMEOUT,
                    "http/timeout",
                    detail,
                ))
            })
    }

    async fn from_body(app: &Arc<App>, body: Body) -> Result<Upload, Problem> {
        let body = body.into_data_stream();
        let file =
            Spooled::write(app, body.map(|chunk| chunk.map_err(|error| broken(&error)))).await?;
        Ok(Upload {
            file,
            filename: None,
            contract: None,
            options: Pairs::new(),
        })
    }

    async fn from_form(
        app: &Arc<App>,
        body: Body,
        boundary: String,
        most: u64,
    ) -> Result<Upload, Problem> {
        let ahead = Arc::new(AtomicUsize::new(0));
        let paced = Paced {
            body: body.into_data_stream(),
            pause: false,
            ahead: Arc::clone(&ahead),
        };
        let limits = multer::SizeLimit::new().whole_stream(most);
        let limits = multer::Constraints::new().size_limit(limits);
        let mut form = multer::Multipart::with_constraints(paced, boundary, limits);
        let refuse = |error: multer::Error| match error {
            multer::Error::StreamSizeExceeded { limit } => {
                too_large(app.config.bounds.max_body_bytes, limit + 1)
            }
            error => broken(&error),
        };
        let (mut file, mut filename, mut contract, mut options) = (None, None, None, None);
        while let Some(part) = form.next_field().await.map_err(refuse)? {
            let name = part.name().unwrap_or_default().to_owned();
            let its_filename = part.file_name().map(str::to_owned);
            let chunks = part.map(|chunk| {
                let chunk = chunk.map_err(refuse)?;
                let held = ahead.load(Ordering::Relaxed);
                ahead.store(held.saturating_sub(chunk.len()), Ordering::Relaxed);
                Ok(chunk)
            });
            match name.as_str() {
                "file" if file.is_none() => {
                    filename = its_filename;
                    file = Some(Spooled::write(app, chunks).await?);
                }
                "contract" if contract.is_none() => contract = Some(text(&name, chunks).await?),
                "options" if options.is_none() => {
                    options = Some(words::from_json(&text(&name, chunks).await?)?);
                }
                _ => {
                    let detail = format!("the form has a part {name:?} too many");
                    return Err(Problem::bad_request("upload/part", detail)
                        .with_hint("its parts are `file`, `contract` and `options`, each once"));
                }
            }
        }
        let missing = || {
            Problem::bad_request("upload/no-file", "the form has no part `file`")
                .with_hint("send the workbook as the part `file`, such as curl -F file=@items.xlsx")
        };
        let file = file.ok_or_else(missing)?;
        Ok(Upload {
            file,
            filename,
            contract,
            options: options.unwrap_or_default(),
        })
    }
}

impl Spooled {
    async fn write(
        app: &Arc<App>,
        chunks: impl Stream<Item = Result<Bytes, Problem>>,
    ) -> Result<Spooled, Problem> {
        let made = NamedTempFile::with_prefix_in("sheetlift-", &app.spool_dir);
        let (file, path) = made.map_err(Problem::environment)?.into_parts();
        let mut spooled = Spooled {
            path,
            bytes: 0,
            app: Arc::clone(app),
        };
        let mut file = File::from_std(file);
        file.set_max_buf_size(FILE_BUFFER_BYTES);
        let mut chunks = std::pin::pin!(chunks);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            spooled.grow(chunk.len() as u64)?;
            file.write_all(&chunk).await.map_err(Problem::environment)?;
        }
        file.flush().await.map_err(Problem::environment)?;
        app.metrics.received_bytes.inc_by(spooled.bytes);
        Ok(spooled)
    }

    /// Asks before the file grows.
    fn grow(&mut self, by: u64) -> Result<(), Problem> {
        let config = &self.app.config;
        if self.bytes + by > config.bounds.max_body_bytes {
            return Err(too_large(config.bounds.max_body_bytes, self.bytes + by));
        }
        self.bytes += by;
        let all = self.app.spooled.fetch_add(by, Ordering::Relaxed) + by;
        if all > config.bounds.max_spool_bytes {
            return Err(Problem::overloaded(
                "server/spool-full",
                "there is no room for this file just now",
                5,
            ));
        }
        Ok(())
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        self.app.spooled.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

async fn text(
    part: &str,
    chunks: impl Stream<Item = Result<Bytes, Problem>>,
) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    let mut chunks = std::pin::pin!(chunks);
    while let Some(chunk) = chunks.next().await {
        bytes.extend_from_slice(&chunk?);
        if bytes.len() as u64 > MAX_TEXT_BYTES {
            let actual = bytes.len() as u64;
            return Err(Problem::limit(
                "upload/too-large",
                "max_text_bytes",
                MAX_TEXT_BYTES,
                actual,
            ));
        }
    }
    String::from_utf8(bytes).map_err(|_| {
        Problem::bad_request("upload/encoding", format!("the part `{part}` is not UTF-8"))
    })
}

/// The body, one chunk at a time: the parser of forms would take all there is, however much it holds already.
struct Paced {
    body: BodyDataStream,
    pause: bool,
    /// Bytes that went into the parser and did not come out of it.
    ahead: Arc<AtomicUsize>,
}

impl Stream for Paced {
    type Item = io::Result<Bytes>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Bytes>>> {
        if std::mem::take(&mut self.pause) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.ahead.load(Ordering::Relaxed) > MAX_AHEAD_BYTES {
            return Poll::Ready(Some(Err(io::Error::other(
                "the headers of a part have no end",
            ))));
        }
        let next = self.body.poll_next_unpin(context);
        if let Poll::Ready(Some(Ok(chunk))) = &next {
            self.pause = true;
            self.ahead.fetch_add(chunk.len(), Ordering::Relaxed);
        }
        next.map_err(io::Error::other)
    }
}

/// The boundary of a form; a body of any other kind is the file itself.
fn boundary(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let media = headers
        .get(header::CONTENT_TYPE)
        .and_then(|media| media.to_str().ok());
    match media.map(multer::parse_boundary) {
        Some(Ok(boundary)) => Ok(Some(boundary)),
        Some(Err(multer::Error::NoBoundary)) => Err(Problem::bad_request(
            "upload/broken",
            "the content type of the form names no boundary",
        )),
        _ => Ok(None),
    }
}

fn too_large(limit: u64, actual: u64) -> Problem {
    Problem::limit("upload/too-large", "max_body_bytes", limit, actual)
        .with_hint("split the file, or ask whoever runs this service to raise the limit")
}

fn broken(error: &dyn std::error::Error) -> Problem {
    let mut detail = format!("the upload broke off: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        detail = format!("{detail}: {cause}");
        source = cause.source();
    }
    Problem::bad_request("upload/broken", detail)
}
