//! The routes: from a request to a [`Job`], and from what came of it to an answer.

use std::{fs, io::BufWriter, path::Path, sync::Arc, sync::atomic::Ordering, time::Duration};

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::{Json, response::IntoResponse, response::Response};
use sheetlift::{
    CancelToken, Contract, Error, Format, Inspection, Job, Report, ReportFormat, Source, Verb,
};
use tokio::{sync::OwnedSemaphorePermit, task::spawn_blocking};

use crate::docs::{self, Problems, UploadForm, Workbook};
use crate::upload::{self, Pairs};
use crate::{app::App, metrics, problem::Problem, spool::Spooled};

type Shared = State<Arc<App>>;

const DEFAULT_FINDINGS: usize = 1_000;
const RESULT_BUFFER_BYTES: usize = 256 << 10;

const ROWS: HeaderName = HeaderName::from_static("x-sheetlift-rows");
const ROWS_REJECTED: HeaderName = HeaderName::from_static("x-sheetlift-rows-rejected");
const ERROR_CELLS: HeaderName = HeaderName::from_static("x-sheetlift-error-cells");

/// Formats of results, the one for whoever takes any of them first.
const FORMATS: [&str; 5] = ["parquet", "arrow", "arrows", "csv", "ndjson"];

/// Say what is in a workbook: sheets, columns, types, tables, names.
#[utoipa::path(
    post, path = "/v1/inspect", tag = "workbooks", security(("bearer" = []), ("key" = [])), params(docs::Inspect),
    request_body(content((UploadForm = "multipart/form-data"), (Workbook = "application/octet-stream"))),
    responses((status = 200, description = "What is in it", body = Inspection), Problems)
)]
pub(crate) async fn inspect(State(app): Shared, request: Request) -> Result<Response, Problem> {
    let call = Call::receive(&app, Verb::Inspect, request).await?;
    let work = |job: Job, call: Call| Ok(job.inspect(call.options.full)?);
    Ok(Json(call.run(work).await?).into_response())
}

/// Write a sheet as Parquet, Arrow, CSV or NDJSON.
///
/// Without the option `format` the first one that `Accept` names is taken. With a contract only accepted rows are written. The
/// answer begins when the result is complete: its status and its numbers are final.
#[utoipa::path(
    post, path = "/v1/convert", tag = "workbooks", security(("bearer" = []), ("key" = [])), params(docs::Convert),
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
        (status = 406, description = "No format that is accepted", body = sheetlift::Problem, content_type = "application/problem+json"),
        Problems
    )
)]
pub(crate) async fn convert(State(app): Shared, request: Request) -> Result<Response, Problem> {
    let accept = request.headers().get(header::ACCEPT).cloned();
    let accept = accept.as_ref().and_then(|accept| accept.to_str().ok());
    let accept = accept.unwrap_or("*/*");
    let call = Call::receive(&app, Verb::Convert, request).await?;
    let format = call.options.format.or_else(|| accepted(accept));
    let Some(format) = format else {
        let detail = format!("there is no format for {accept:?}");
        let hint = format!("ask for one with ?format=: {}", FORMATS.join(", "));
        return Err(Problem::new(406, "usage/format", &detail, &hint));
    };
    let name = Path::new(&call.name).with_extension(format.to_string());
    let work = move |job: Job, call: Call| {
        let mut result = Spooled::create(&call.app)?;
        let out = BufWriter::with_capacity(RESULT_BUFFER_BYTES, &mut result);
        let converted = job.convert(format, out)?;
        Ok((converted, result))
    };
    let (converted, result) = call.run(work).await?;
    let report = converted.report.as_ref();
    report.inspect(|report| app.metrics.reported(report));
    let rejected = report.map_or(0, |report| report.rows.rejected);
    let media = HeaderValue::from_static(format.media_type());
    let headers = [
        (header::CONTENT_TYPE, media),
        (header::CONTENT_LENGTH, result.bytes.into()),
        (header::CONTENT_DISPOSITION, attachment(&name)),
        (ROWS, converted.rows.into()),
        (ROWS_REJECTED, rejected.into()),
        (ERROR_CELLS, converted.error_cells.into()),
    ];
    let most = Duration::from_secs(app.config.upload_timeout_s);
    Ok((headers, result.into_body(most)?).into_response())
}

/// Hold the rows of a sheet to a contract.
#[utoipa::path(
    post, path = "/v1/validate", tag = "workbooks", security(("bearer" = []), ("key" = [])), params(docs::Validate),
    request_body(content((UploadForm = "multipart/form-data"), (Workbook = "application/octet-stream"))),
    responses((status = 200, description = "The verdict, also when rows were rejected; in the form that `report` asks for", body = Report), Problems)
)]
pub(crate) async fn validate(State(app): Shared, request: Request) -> Result<Response, Problem> {
    let call = Call::receive(&app, Verb::Validate, request).await?;
    call.report(|job, _| Ok(job.validate()?)).await
}

/// Load the good rows of a sheet into the database of the service, once.
///
/// The same file under the same contract into the same table is `already_loaded` ever after: retries are safe.
#[utoipa::path(
    post, path = "/v1/load", tag = "workbooks", security(("bearer" = []), ("key" = [])), params(docs::Load),
    request_body(content((UploadForm = "multipart/form-data"), (Workbook = "application/octet-stream"))),
    responses((status = 200, description = "What was loaded, and why other rows were not", body = Report), Problems)
)]
pub(crate) async fn load(State(app): Shared, request: Request) -> Result<Response, Problem> {
    if app.sink.is_none() {
        let detail = "this service has no database to load into";
        let hint = "whoever runs it can give it one with --target";
        return Err(Problem::new(501, "load/no-target", detail, hint));
    }
    let call = Call::receive(&app, Verb::Load, request).await?;
    call.report(|job, call| call.load(job)).await
}

/// True while the process runs.
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = 200, description = "It runs", body = String)))]
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether it takes work: its disk can be written, and it is not about to end.
#[utoipa::path(get, path = "/readyz", tag = "service", responses(
    (status = 200, description = "It takes work", body = String),
    (status = 503, description = "It does not", body = sheetlift::Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn readyz(State(app): Shared) -> Result<&'static str, Problem> {
    if app.draining.load(Ordering::Relaxed) {
        let detail = "the service is about to end";
        return Err(Problem::overloaded("server/draining", detail, 5));
    }
    let disk = spawn_blocking(move || app.check_disk()).await;
    disk.map_err(Problem::defect)??;
    Ok("ready\n")
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
    let hint = "GET /openapi.json lists what there is";
    Problem::new(404, "http/not-found", "there is nothing at this path", hint)
}

/// A route, but not with this method.
pub(crate) async fn method_not_allowed() -> Problem {
    let detail = "this path does not take this method";
    let hint = "the header Allow lists those it takes";
    Problem::new(405, "http/method", detail, hint)
}

/// A request that was received.
struct Call {
    app: Arc<App>,
    verb: Verb,
    options: sheetlift::Request,
    file: Spooled,
    name: String,
    sent_contract: Option<String>,
    _place: OwnedSemaphorePermit,
}

impl Call {
    async fn receive(app: &Arc<App>, verb: Verb, request: Request) -> Result<Call, Problem> {
        let parse = |pairs: &Pairs| {
            let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
            sheetlift::Request::parse(verb, pairs)
        };
        let query = request.uri().query().unwrap_or_default().as_bytes();
        let mut pairs: Pairs = form_urlencoded::parse(query).into_owned().collect();
        parse(&pairs)?; // before anything is received
        let place = app.admit()?;
        let (file, form) = upload::receive(app, request).await?;
        pairs.extend(form.options.unwrap_or_default());
        let mut options = parse(&pairs)?;
        if app.config.create_table && !pairs.iter().any(|(name, _)| name == "create_table") {
            options.load.create_table = true;
        }
        let name = form.filename.as_ref().or(options.filename.as_ref());
        Ok(Call {
            app: Arc::clone(app),
            verb,
            name: plain_name(name.map_or("", String::as_str)),
            options,
            file,
            sent_contract: form.contract,
            _place: place,
        })
    }

    /// Answers with the report that `work` makes, in the form that was asked for.
    async fn report(
        self,
        work: impl FnOnce(&Job, &Call) -> Result<Report, Problem> + Send + 'static,
    ) -> Result<Response, Problem> {
        let app = Arc::clone(&self.app);
        let format = self.options.report.unwrap_or(ReportFormat::Json);
        let name = self.name.clone();
        if format == ReportFormat::Json {
            let report = self.run(move |job, call| work(&job, &call)).await?;
            app.metrics.reported(&report);
            return Ok(Json(report).into_response());
        }
        let work = move |job: Job, call: Call| {
            let job = job.with_all_findings_kept(true);
            let report = work(&job, &call)?;
            let mut result = Spooled::create(&call.app)?;
            job.write_report(&report, format, &mut result)?;
            let extension = match format {
                ReportFormat::Annotated => job.annotated_extension()?,
                format => format.extension(),
            };
            Ok((report, result, extension))
        };
        let (report, result, extension) = self.run(work).await?;
        app.metrics.reported(&report);
        let stem = Path::new(&name)
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy();
        let name = format!("{stem}.{format}.{extension}");
        let headers = [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static(format.media_type()),
            ),
            (header::CONTENT_LENGTH, result.bytes_on_disk()?.into()),
            (header::CONTENT_DISPOSITION, attachment(Path::new(&name))),
            (ROWS, report.rows.read.into()),
            (ROWS_REJECTED, report.rows.rejected.into()),
        ];
        let most = Duration::from_secs(app.config.upload_timeout_s);
        Ok((headers, result.into_body(most)?).into_response())
    }

    /// Does `work` on the job; file and place are given back when it ends, whoever still waits for it.
    async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(Job, Call) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let app = Arc::clone(&self.app);
        app.run(move |cancel| work(self.job(cancel)?, self)).await
    }

    fn job(&self, cancel: CancelToken) -> Result<Job, Problem> {
        let (config, limits) = (&self.app.config, self.app.config.limits());
        let source = Source::from_path(self.file.path(), &limits).map_err(Error::from)?;
        let findings = self.options.max_findings.unwrap_or(DEFAULT_FINDINGS);
        let mut job = Job::new(source.with_name(&self.name))
            .with_limits(limits)
            .with_cancel(cancel)
            .with_max_findings(findings.min(config.max_findings));
        if let Some(contract) = self.contract()? {
            job = job.with_contract(contract);
        } else if matches!(self.verb, Verb::Validate | Verb::Load) {
            let missing = Error::usage("contract/missing", "no contract was given");
            let hint = "send one as the part `contract` of a form, or name one of the service with ?contract=";
            return Err(missing.with_hint(hint).into());
        }
        let job = self.options.apply(job)?;
        let read = job.read().clone();
        Ok(job.with_read(read.with_threads(config.threads)))
    }

    /// The contract that was sent, or the one of the service that was named.
    fn contract(&self) -> Result<Option<Contract>, Problem> {
        let (text, file) = match (&self.sent_contract, &self.options.contract) {
            (Some(_), Some(_)) => {
                let detail = "a contract was sent and another one was named";
                return Err(Error::usage("contract/twice", detail).into());
            }
            (Some(text), None) => (text.clone(), "contract"),
            (None, Some(name)) => (self.named_contract(name)?, name.as_str()),
            (None, None) => return Ok(None),
        };
        let contract = text.parse::<Contract>();
        let contract = contract.map_err(|error| Error::from(error.in_file(file)))?;
        Ok(Some(contract))
    }

    fn named_contract(&self, name: &str) -> Result<String, Problem> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let is_plain = name.chars().all(is_plain) && !name.starts_with('.');
        let directory = self.app.config.contracts.as_ref().filter(|_| is_plain);
        let file = directory.and_then(|directory| {
            let file = |kind| directory.join(format!("{name}.{kind}"));
            let mut files = ["json", "yaml", "yml"].into_iter().map(file);
            files.find(|file| file.is_file())
        });
        let missing = || {
            let detail = format!("this service has no contract {name:?}");
            let hint = "send the contract as the part `contract` of a form";
            Error::usage("contract/not-found", detail).with_hint(hint)
        };
        let text = fs::read_to_string(file.ok_or_else(missing)?);
        Ok(text.map_err(|error| Error::io(error, format_args!("contract {name}")))?)
    }

    fn load(&self, job: &Job) -> Result<Report, Problem> {
        let (options, tables) = (&self.options.load, &self.app.config.tables);
        if !tables.is_empty() {
            let table = job.plan(options)?.table;
            if !tables.contains(&table) {
                let detail = format!("table {table:?} is not to be loaded into");
                let refusal = Error::usage("load/table-not-allowed", detail);
                let hint = format!("the tables are {}", tables.join(", "));
                return Err(refusal.with_hint(hint).into());
            }
        }
        let sink = self.app.sink.as_deref();
        let sink = sink.ok_or_else(|| Problem::defect("a load without a target"))?;
        Ok(job.load(sink, options)?)
    }
}

/// What the file is called, without the directories that some browsers send.
fn plain_name(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let name = name.rsplit(['/', '\\']).find(|name| !name.is_empty());
    name.unwrap_or("upload").chars().take(200).collect()
}

/// The first format among those that are accepted.
fn accepted(accept: &str) -> Option<Format> {
    let essence = |media: &str| {
        let media = media.split(';').next().unwrap_or_default();
        media.trim().to_ascii_lowercase()
    };
    let formats = || FORMATS.iter().flat_map(|name| name.parse::<Format>());
    accept.split(',').map(essence).find_map(|wanted| {
        let family = wanted.strip_suffix('*');
        formats().find(|format| {
            let media = essence(format.media_type());
            let is_of = |family: &str| family == "*/" || media.starts_with(family);
            family.map_or(media == wanted, is_of)
        })
    })
}

/// A name for the result; what is no plain ASCII becomes `_`.
fn attachment(name: &Path) -> HeaderValue {
    let is_odd = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ' '));
    let name = name.to_string_lossy().replace(is_odd, "_");
    let value = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    value.unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_chooses_the_format() {
        for (accept, format) in [
            ("*/*", Some("parquet")),
            ("text/csv;q=0.9", Some("csv")),
            ("text/html, text/*", Some("csv")),
            ("application/vnd.apache.arrow.stream", Some("arrows")),
            ("image/png, */*", Some("parquet")),
            ("image/png", None),
            ("", None),
        ] {
            let found = accepted(accept).map(|format| format.to_string());
            assert_eq!(found.as_deref(), format, "{accept}");
        }
    }
}
