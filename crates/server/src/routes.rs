//! The routes: from a request to a [`Job`], and from what came of it to an answer.

use std::{fs, path::Path, sync::Arc};

use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sheetlift::{CancelToken, Contract, Error, Job, Report, Source};
use tokio::sync::OwnedSemaphorePermit;

use crate::{
    app::{App, Running},
    docs::{InspectionDoc, Problems, ReportDoc, UploadForm, Workbook},
    metrics,
    problem::{Document, Problem},
    stream,
    upload::Upload,
    words::{
        self, ContractWords, ConvertWords, FileWords, InspectWords, LoadWords, ReadWords, Verb,
        Words,
    },
};

type Shared = State<Arc<App>>;

/// Say what is in a workbook: sheets, columns, types, tables, names.
#[utoipa::path(
    post, path = "/v1/inspect", tag = "workbooks", security(("bearer" = []), ("key" = [])),
    params(FileWords, InspectWords),
    request_body(content((UploadForm = "multipart/form-data"), (Workbook = "application/octet-stream"))),
    responses((status = 200, description = "What is in it", body = InspectionDoc), Problems)
)]
pub(crate) async fn inspect(State(app): Shared, request: Request) -> Result<Response, Problem> {
    let call = Call::receive(app, Verb::Inspect, request).await?;
    let inspection = call
        .start(|job, call| job.inspect(call.words.inspect.full))
        .await?
        .finish()
        .await?;
    Ok(Json(inspection).into_response())
}

/// Write a sheet as Parquet, Arrow, CSV or NDJSON.
///
/// With a contract only accepted rows are written. Results up to 1 MiB come with their exact numbers in headers; larger ones
/// are sent while they are made, end with the numbers in trailers (for clients that send `TE: trailers`), and are broken off
/// when the file turns out to be damaged.
#[utoipa::path(
    post, path = "/v1/convert", tag = "workbooks", security(("bearer" = []), ("key" = [])),
    params(FileWords, ReadWords, ConvertWords, ContractWords),
    request_body(content((UploadForm = "multipart/form-data"), (Workbook = "application/octet-stream"))),
    responses(
        (status = 200, description = "The rows", headers(
            ("x-sheetlift-rows" = u64, description = "Rows written"),
            ("x-sheetlift-rows-rejected" = u64, description = "Rows that the contract rejected"),
            ("x-sheetlift-error-cells" = u64, description = "Error cells such as #N/A, which became null"),
        ), content(
            (Workbook = "application/vnd.apache.parquet"), (Workbook = "application/vnd.apache.arrow.file"),
            (Workbook = "application/vnd.apache.arrow.stream"), (String = "text/csv"), (String = "application/x-ndjson"),
        )),
        (status = 406, description = "No format that is accepted", body = Document, content_type = "application/problem+json"),
        Problems
    )
)]
pub(crate) async fn convert(State(app): Shared, request: Request) -> Result<Response, Problem> {
    let accept = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    let accept = accept.map(str::to_owned);
    let call = Call::receive(Arc::clone(&app), Verb::Convert, request).await?;
    let format = call.words.format(accept.as_deref())?;
    let name = Path::new(&call.filename()).with_extension(format.to_string());
    let (out, chunks) = stream::channel(app.config.timeout());
    let running = call
        .start(move |job, _| stream::convert(job, format, out))
        .await?;
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(format.media_type()),
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        attachment(&name.to_string_lossy()),
    );
    stream::answer(app, running, chunks, headers).await
}

/// Hold the rows of a sheet to a contract.
#[utoipa::path(
    post, path = "/v1/validate", tag = "workbooks", security(("bearer" = []), ("key" = [])),
    params(FileWords, ReadWords, ContractWords),
    request_body(content((UploadForm = "multipart/form-data"), (Workbook = "application/octet-stream"))),
    responses((status = 200, description = "The verdict, also when rows were rejected", body = ReportDoc), Problems)
)]
pub(crate) async fn validate(State(app): Shared, request: Request) -> Result<Response, Problem> {
    let call = Call::receive(Arc::clone(&app), Verb::Validate, request).await?;
    answer_report(&app, call.start(|job, _| job.validate()).await?).await
}

/// Load the good rows of a sheet into the database of the service, once.
///
/// The same file under the same contract into the same table is `already_loaded` ever after: retries are safe.
#[utoipa::path(
    post, path = "/v1/load", tag = "workbooks", security(("bearer" = []), ("key" = [])),
    params(FileWords, ReadWords, ContractWords, LoadWords),
    request_body(content((UploadForm = "multipart/form-data"), (Workbook = "application/octet-stream"))),
    responses((status = 200, description = "What was loaded, and why other rows were not", body = ReportDoc), Problems)
)]
pub(crate) async fn load(State(app): Shared, request: Request) -> Result<Response, Problem> {
    if app.sink.is_none() {
        return Err(Problem::new(
            StatusCode::NOT_IMPLEMENTED,
            "load/no-target",
            "this service has no database to load into",
        )
        .with_hint("whoever runs it can give it one with --target"));
    }
    let call = Call::receive(Arc::clone(&app), Verb::Load, request).await?;
    answer_report(&app, call.start(Call::load).await?).await
}

/// True while the process runs.
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = 200, description = "It runs", body = String)))]
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether it takes work: its disk can be written, and it is not about to end.
#[utoipa::path(get, path = "/readyz", tag = "service", responses(
    (status = 200, description = "It takes work", body = String),
    (status = 503, description = "It does not", body = Document, content_type = "application/problem+json"),
))]
pub(crate) async fn readyz(State(app): Shared) -> Result<&'static str, Problem> {
    if app.is_draining() {
        return Err(Problem::overloaded(
            "server/draining",
            "the service is about to end",
            5,
        ));
    }
    let disk = tokio::task::spawn_blocking(move || app.check_disk())
        .await
        .map_err(Problem::defect)?;
    disk.map(|()| "ready\n").map_err(Problem::environment)
}

/// Numbers for Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "service", security(("bearer" = []), ("key" = [])),
    responses((status = 200, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text"))
)]
pub(crate) async fn metrics_text(State(app): Shared) -> Result<Response, Problem> {
    let text = app.metrics.text(&app).map_err(Problem::defect)?;
    Ok(([(header::CONTENT_TYPE, metrics::MEDIA_TYPE)], text).into_response())
}

/// No such route.
pub(crate) async fn not_found() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "http/not-found",
        "there is nothing at this path",
    )
    .with_hint("GET /openapi.json lists what there is")
}

/// A route, but not with this method.
pub(crate) async fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "http/method",
        "this path does not take this method",
    )
    .with_hint("GET /openapi.json lists what there is")
}

/// A request that was received.
pub(crate) struct Call {
    app: Arc<App>,
    verb: Verb,
    words: Words,
    upload: Upload,
    _place: OwnedSemaphorePermit,
}

impl Call {
    async fn receive(app: Arc<App>, verb: Verb, request: Request) -> Result<Call, Problem> {
        let mut pairs = words::from_query(request.uri().query())?;
        Words::parse(verb, &pairs)?; // before anything is received
        let place = app.admit()?;
        let mut upload = Upload::receive(&app, request).await?;
        pairs.append(&mut upload.options);
        let words = Words::parse(verb, &pairs)?;
        Ok(Call {
            app,
            verb,
            words,
            upload,
            _place: place,
        })
    }

    /// Begins `work` on the job; file and place are given back when it ends, whoever still waits for it.
    async fn start<T: Send + 'static>(
        self,
        work: impl FnOnce(&Job, &Call) -> sheetlift::Result<T> + Send + 'static,
    ) -> Result<Running<T>, Problem> {
        let app = Arc::clone(&self.app);
        app.start(move |cancel| {
            let job = self.job(cancel)?;
            Ok(work(&job, &self)?)
        })
        .await
    }

    fn job(&self, cancel: CancelToken) -> Result<Job, Problem> {
        let config = &self.app.config;
        let limits = config.limits();
        let source = Source::from_path(&self.upload.file.path, &limits).map_err(Error::from)?;
        let mut job = Job::new(source.with_name(self.filename()))
            .with_limits(limits)
            .with_cancel(cancel)
            .with_max_findings(self.words.max_findings(config.bounds.max_findings));
        match self.contract()? {
            Some(contract) => job = job.with_contract(contract),
            None if matches!(self.verb, Verb::Validate | Verb::Load) => {
                return Err(Problem::bad_request("contract/missing", "no contract was given")
                    .with_hint("send one as the part `contract` of a form, or name one of the service with ?contract="));
            }
            None => {}
        }
        let read = self.words.read_options(&job, config.work.threads)?;
        Ok(job.with_read(read))
    }

    /// The contract that was sent, or the one of the service that was named.
    fn contract(&self) -> Result<Option<Contract>, Problem> {
        let (text, file) = match (&self.upload.contract, &self.words.contract.contract) {
            (Some(_), Some(_)) => {
                return Err(Problem::bad_request(
                    "contract/twice",
                    "a contract was sent and another one was named",
                ));
            }
            (Some(text), None) => (text.clone(), "contract"),
            (None, Some(name)) => (self.named_contract(name)?, name.as_str()),
            (None, None) => return Ok(None),
        };
        Ok(Some(
            text.parse::<Contract>()
                .map_err(|error| Error::from(error.in_file(file)))?,
        ))
    }

    fn named_contract(&self, name: &str) -> Result<String, Problem> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let plain = name.chars().all(is_plain) && !name.starts_with('.');
        let directory = self.app.config.work.contracts.as_ref().filter(|_| plain);
        let files = directory.into_iter().flat_map(|directory| {
            ["json", "yaml", "yml"].map(|extension| directory.join(format!("{name}.{extension}")))
        });
        let file = files.into_iter().find(|file| file.is_file());
        let missing = || {
            Problem::bad_request(
                "contract/not-found",
                format!("this service has no contract {name:?}"),
            )
            .with_hint("send the contract as the part `contract` of a form")
        };
        fs::read_to_string(file.ok_or_else(missing)?).map_err(Problem::environment)
    }

    fn load(job: &Job, call: &Call) -> sheetlift::Result<Report> {
        let options = call.words.load_options()?;
        let allowed = &call.app.config.work.tables;
        if !allowed.is_empty() {
            let table = job.plan(&options)?.table;
            if !allowed.contains(&table) {
                let refusal = Error::usage(
                    "load/table-not-allowed",
                    format!("table {table:?} is not to be loaded into"),
                );
                return Err(refusal.with_hint(format!("the tables are {}", allowed.join(", "))));
            }
        }
        let Some(sink) = &call.app.sink else {
            return Err(Error::bug("a load without a target"));
        };
        job.load(&**sink, &options)
    }

    /// What the file is called, without the directories that some browsers send.
    fn filename(&self) -> String {
        let name = self
            .upload
            .filename
            .as_deref()
            .or(self.words.file.filename.as_deref());
        let name = name
            .unwrap_or_default()
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or_default();
        let name: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
        if name.is_empty() {
            "upload".to_owned()
        } else {
            name
        }
    }
}

async fn answer_report(app: &App, running: Running<Report>) -> Result<Response, Problem> {
    let report = running.finish().await?;
    app.metrics.reported(&report);
    let body = serde_json::to_vec(&report).map_err(Problem::defect)?;
    Ok((
        [(header::CONTENT_TYPE, "application/json")],
        Body::from(body),
    )
        .into_response())
}

/// A name for the result; what is no plain ASCII becomes `_`.
fn attachment(name: &str) -> HeaderValue {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ') {
            c
        } else {
            '_'
        }
    };
    let name: String = name.chars().map(plain).collect();
    HeaderValue::try_from(format!("attachment; filename=\"{name}\""))
        .unwrap_or(HeaderValue::from_static("attachment"))
}
