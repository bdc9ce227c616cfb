//! What a request brings: a file, streamed to disk and never whole in memory, and perhaps a contract and options.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::{io, iter::successors, pin::pin, sync::Arc, time::Duration};

use axum::{body::Body, extract::Request, http::header};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream::try_unfold};
use multer::{Constraints, Multipart, SizeLimit};
use sheetlift::Error;
use tokio::{io::AsyncWriteExt, task::yield_now, time::timeout};

use crate::{app::App, problem::Problem, spool::Spooled};

/// Bytes of a contract or of options.
const MAX_TEXT_BYTES: u64 = 1 << 20;
/// Bytes of a form besides its file.
const MAX_FORM_BYTES: u64 = 3 << 20;
/// Bytes that the parser of forms may hold.
const MAX_AHEAD_BYTES: usize = 4 << 20;

/// Names and values of options.
pub(crate) type Pairs = Vec<(String, String)>;

/// What a request brought besides the file.
#[derive(Default)]
pub(crate) struct Form {
    pub(crate) filename: Option<String>,
    pub(crate) contract: Option<String>,
    pub(crate) options: Option<Pairs>,
}

/// Receives a file, on its own or in a form.
pub(crate) async fn receive(app: &Arc<App>, request: Request) -> Result<(Spooled, Form), Problem> {
    let (head, body) = request.into_parts();
    let header = |name| head.headers.get(name)?.to_str().ok();
    let length = header(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    // A body that is no form is the file itself.
    let boundary = match header(header::CONTENT_TYPE).map(multer::parse_boundary) {
        Some(Ok(boundary)) => Some(boundary),
        Some(Err(error @ multer::Error::NoBoundary)) => return Err(broken(&error)),
        _ => None,
    };
    let besides = boundary.as_ref().map_or(0, |_| MAX_FORM_BYTES);
    let most = app.config.max_body_bytes.0.saturating_add(besides);
    if let Some(length) = length.filter(|length| *length > most) {
        return Err(too_large(app, length));
    }
    let receive = async {
        if let Some(boundary) = boundary {
            return receive_form(app, body, boundary, most).await;
        }
        let chunks = body.into_data_stream().map_err(|error| broken(&error));
        Ok((spool(app, chunks).await?, Form::default()))
    };
    let seconds = app.config.upload_timeout_s;
    let received = timeout(Duration::from_secs(seconds), receive).await;
    received.unwrap_or_else(|_| {
        let detail = format!("the upload took longer than {seconds} s");
        let hint = "send a smaller file, or send it from nearer by";
        Err(Problem::new(408, "http/timeout", &detail, hint))
    })
}

async fn receive_form(
    app: &Arc<App>,
    body: Body,
    boundary: String,
    most: u64,
) -> Result<(Spooled, Form), Problem> {
    let limits = SizeLimit::new()
        .whole_stream(most)
        .for_field("contract", MAX_TEXT_BYTES)
        .for_field("options", MAX_TEXT_BYTES);
    let refuse = |error| match error {
        multer::Error::StreamSizeExceeded { limit } => too_large(app, limit + 1),
        multer::Error::FieldSizeExceeded { limit, .. } => {
            Problem::limit("upload/too-large", "max_text_bytes", limit, limit + 1)
        }
        error => broken(&error),
    };
    // The parser would take all there is, however much it holds already, and takes a first chunk that comes together with the
    // end for a form that broke off: there is a pause before each chunk, and before the end.
    let ahead = &AtomicUsize::new(0);
    let paced = try_unfold(body.into_data_stream(), |mut body| async move {
        yield_now().await;
        let chunk = body.try_next().await.map_err(io::Error::other)?;
        let bytes = chunk.as_ref().map_or(0, Bytes::len);
        if ahead.fetch_add(bytes, Ordering::Relaxed) > MAX_AHEAD_BYTES {
            return Err(io::Error::other("the headers of a part have no end"));
        }
        Ok(chunk.map(|chunk| (chunk, body)))
    });
    let limits = Constraints::new().size_limit(limits);
    let mut parts = Multipart::with_constraints(paced, boundary, limits);
    let (mut file, mut form) = (None, Form::default());
    while let Some(part) = parts.next_field().await.map_err(refuse)? {
        let name = part.name().unwrap_or_default().to_owned();
        let filename = part.file_name().map(str::to_owned);
        let taken = |chunk: &Bytes| _ = ahead.fetch_sub(chunk.len(), Ordering::Relaxed);
        let chunks = part.inspect_ok(taken).map_err(refuse);
        match name.as_str() {
            "file" if file.is_none() => {
                (file, form.filename) = (Some(spool(app, chunks).await?), filename);
            }
            "contract" if form.contract.is_none() => form.contract = Some(text(chunks).await?),
            "options" if form.options.is_none() => {
                form.options = Some(sheetlift::Request::pairs_of_json(&text(chunks).await?)?);
            }
            _ => {
                let detail = format!("the form has a part {name:?} too many");
                let hint = "its parts are `file`, `contract` and `options`, each once";
                return Err(Error::usage("upload/part", detail).with_hint(hint).into());
            }
        }
    }
    let missing = Error::usage("upload/no-file", "the form has no part `file`");
    let hint = "send the workbook as the part `file`, such as curl -F file=@items.xlsx";
    Ok((file.ok_or_else(|| missing.with_hint(hint))?, form))
}

async fn spool(
    app: &Arc<App>,
    chunks: impl Stream<Item = Result<Bytes, Problem>>,
) -> Result<Spooled, Problem> {
    let mut spooled = Spooled::create(app)?;
    let mut file = spooled.to_async()?;
    let mut chunks = pin!(chunks);
    while let Some(chunk) = chunks.next().await.transpose()? {
        let bytes = spooled.bytes + chunk.len() as u64;
        if bytes > app.config.max_body_bytes.0 {
            return Err(too_large(app, bytes));
        }
        spooled.grow(chunk.len() as u64)?;
        file.write_all(&chunk).await?;
    }
    file.flush().await?;
    app.metrics.received.inc_by(spooled.bytes);
    Ok(spooled)
}

async fn text(chunks: impl Stream<Item = Result<Bytes, Problem>>) -> Result<String, Problem> {
    let chunks: Vec<Bytes> = chunks.try_collect().await?;
    let error = |_| Error::usage("upload/encoding", "a part of the form is not UTF-8");
    Ok(String::from_utf8(chunks.concat()).map_err(error)?)
}

fn too_large(app: &App, actual: u64) -> Problem {
    let most = app.config.max_body_bytes.0;
    Problem::limit("upload/too-large", "max_body_bytes", most, actual)
}

fn broken(error: &dyn std::error::Error) -> Problem {
    let causes = successors(Some(error), |error| error.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    let detail = format!("the upload broke off: {}", causes.join(": "));
    Error::usage("upload/broken", detail).into()
}
