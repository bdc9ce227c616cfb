//! One object: fetch, check, load, write what is to be said about it.

use std::{fmt, fs::File, io::BufWriter, sync::Arc};

use serde::Serialize;
use serde_json::{Value, json};
use sheetlift::{
    CancelToken, Compression, Contract, Error, Format, Job, Limits, LoadOptions, LoadState,
    Problem, Report, Source, connect,
};

use crate::{
    event::ObjectRef,
    place::Prefix,
    s3::{Missing, S3},
};

/// What every object is held to, and where results go.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What rows are held to.
    pub contract: Arc<Contract>,
    /// Where results go.
    pub results: Prefix,
    /// Address of a database that takes accepted rows, as for [`connect`].
    pub target: Option<String>,
    /// Create the table of the contract in it when it is missing.
    pub create_table: bool,
    /// What a file may ask of us.
    pub limits: Limits,
    /// Objects up to here are held in memory, larger ones in a temporary file.
    pub spool_bytes: u64,
    /// Findings that a report lists.
    pub max_findings: usize,
}

/// How it ended, for good: another delivery would end the same way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// Every row was judged.
    Checked {
        /// Where the report is; `accepted.parquet` is beside it.
        report: String,
        /// Rows without error.
        accepted: u64,
        /// Rows with errors.
        rejected: u64,
        /// What the database did.
        load: Option<LoadState>,
    },
    /// The file could not be read, or not be loaded; the report says why.
    Refused {
        /// Where the report is.
        report: String,
        /// The code of the error.
        code: String,
        /// The error.
        message: String,
    },
    /// There was nothing to do.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// A fault that another delivery may not meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(pub String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// Turns objects into verdicts.
#[derive(Debug, Clone)]
pub struct Worker {
    s3: Arc<S3>,
    settings: Arc<Settings>,
}

impl Worker {
    /// A worker, once its settings were found to make sense.
    ///
    /// # Errors
    /// `Usage` when `target` is no address of a database. One that is down for the moment is no reason.
    pub fn new(s3: S3, settings: Settings) -> Result<Worker, Error> {
        if let Some(error) = settings
            .target
            .as_deref()
            .and_then(|target| connect(target).err())
        {
            let error = Error::from(error);
            if !error.is_retryable() {
                return Err(error);
            }
        }
        Ok(Worker {
            s3: Arc::new(s3),
            settings: Arc::new(settings),
        })
    }

    /// What objects are held to.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Checks an object and writes its report, and its accepted rows; the report is written last. Any number of calls for
    /// one object leave what a single call leaves.
    ///
    /// # Errors
    /// When the environment failed: a store, a database, a disk.
    pub async fn process(
        &self,
        object: &ObjectRef,
        cancel: CancelToken,
    ) -> Result<Verdict, Failure> {
        let Settings {
            results,
            limits,
            spool_bytes,
            ..
        } = &*self.settings;
        if results.contains(&object.bucket, &object.key) {
            return Ok(skipped(format!(
                "it is a result itself: it lies in {results}"
            )));
        }
        let fetched = match self.s3.fetch(object, limits, *spool_bytes).await {
            Ok(fetched) => fetched,
            Err(Missing::Gone(reason)) => return Ok(skipped(reason)),
            Err(Missing::Later(reason)) => {
                return Err(Failure(format!("cannot read {}: {reason}", object.uri())));
            }
        };
        let checked = match fetched.source {
            Ok(source) => self.check(source, cancel).await,
            Err(error) => Err(error),
        };
        let report_key = results.result(&object.key, &fetched.id, "report.json");
        let report_uri = format!("s3://{}/{report_key}", results.bucket);
        let cannot_write =
            |error: &dyn fmt::Display| Failure(format!("cannot write {report_uri}: {error}"));
        let (verdict, json, keep_first) = match checked {
            Ok(checked) => {
                let key = results.result(&object.key, &fetched.id, "accepted.parquet");
                let put = self.s3.put_file(&results.bucket, key, checked.accepted);
                put.await.map_err(|error| cannot_write(&error))?;
                (
                    checked_verdict(&checked.report, report_uri.clone()),
                    checked.report.to_json(),
                    checked.was_loaded_before,
                )
            }
            Err(error) if is_worth_a_retry(&error) => return Err(Failure(error.to_string())),
            Err(error) => (
                Verdict::Refused {
                    report: report_uri.clone(),
                    code: error.code().to_owned(),
                    message: error.to_string(),
                },
                self.error_report(object, &error),
                false,
            ),
        };
        let put = self
            .s3
            .put_json(&results.bucket, &report_key, &json, keep_first);
        put.await.map_err(|error| cannot_write(&error))?;
        Ok(verdict)
    }

    /// Checks bytes that are here already, and only that.
    ///
    /// # Errors
    /// As [`Job::validate`].
    pub async fn validate(&self, bytes: Vec<u8>, name: String) -> Result<Report, Error> {
        let worker = self.clone();
        blocking(move || {
            let source = Source::from_bytes(bytes, &worker.settings.limits)?.with_name(name);
            worker.job(source).validate()
        })
        .await
    }

    async fn check(&self, source: Source, cancel: CancelToken) -> Result<Checked, Error> {
        let worker = self.clone();
        blocking(move || worker.check_here(source, cancel)).await
    }

    /// Two passes where there is a database: rows for the file, then rows for the database, each in bounded memory.
    fn check_here(&self, source: Source, cancel: CancelToken) -> Result<Checked, Error> {
        let job = self.job(source).with_cancel(cancel);
        let accepted = tempfile::tempfile()
            .map_err(|error| Error::io(error, "cannot make a temporary file"))?;
        let out = BufWriter::with_capacity(1 << 20, &accepted);
        let converted = job.convert(Format::Parquet(Compression::Zstd), out)?;
        let mut report = converted
            .report
            .ok_or_else(|| Error::bug("a conversion under a contract gave no report"))?;
        let mut was_loaded_before = false;
        if let Some(target) = &self.settings.target {
            let options = LoadOptions::default().with_create_table(self.settings.create_table);
            let loaded = job.load(&*connect(target)?, &options)?;
            was_loaded_before =
                matches!(&loaded.load, Some(load) if load.state == LoadState::AlreadyLoaded);
            if was_loaded_before {
                report.load = loaded.load; // that pass did not read the rows again: the first one did
            } else {
                report = loaded;
            }
        }
        Ok(Checked {
            accepted,
            report: report.without_timings(),
            was_loaded_before,
        })
    }

    fn job(&self, source: Source) -> Job {
        Job::new(source)
            .with_limits(self.settings.limits.clone())
            .with_contract(Arc::clone(&self.settings.contract))
            .with_max_findings(self.settings.max_findings)
    }

    fn error_report(&self, object: &ObjectRef, error: &Error) -> Value {
        let contract = &self.settings.contract;
        json!({
            "file": object.uri(),
            "contract": {"name": contract.name, "hash": contract.hash()},
            "error": Problem::from(error),
        })
    }
}

struct Checked {
    accepted: File,
    report: Report,
    /// The first report about it says more than this one: it stays.
    was_loaded_before: bool,
}

/// A job that was stopped ran out of time: there is more of it the next time.
fn is_worth_a_retry(error: &Error) -> bool {
    error.is_retryable() || error.kind() == sheetlift::ErrorKind::Cancelled
}

fn checked_verdict(report: &Report, uri: String) -> Verdict {
    Verdict::Checked {
        report: uri,
        accepted: report.rows.accepted,
        rejected: report.rows.rejected,
        load: report.load.as_ref().map(|load| load.state),
    }
}

fn skipped(reason: String) -> Verdict {
    Verdict::Skipped { reason }
}

/// Runs a job where it may block. A panic in it goes on out here, to whoever isolates one record from the next.
async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(job).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(Error::cancelled()),
        },
    }
}
