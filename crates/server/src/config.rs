//! Options of the service. Each can be given as a flag, an environment variable or a line of a TOML file; the flag wins over
//! the variable, the variable over the file.

use std::{ffi::OsString, fmt::Display, fs, net::SocketAddr, num::NonZeroUsize};
use std::{path::Path, path::PathBuf, thread};

use bytesize::ByteSize;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches};
use clap::{Parser, ValueEnum, error::ErrorKind};
use sheetlift::Limits;
use toml::Value;

/// Limits of a file that are tighter than those of the library: more people send files to a service.
const OUR_LIMITS: &str =
    "max_cells=50000000,max_shared_string_bytes=512MiB,max_total_inflated_bytes=4GiB";

const ACCESS: &str = "Access";
const WORK: &str = "Work";
const BOUNDS: &str = "Limits";

const AFTER_HELP: &str = "\
Every option can also stand in the file of --config, under its long name without the dashes, such as
  listen = \"0.0.0.0:8080\"
  max-body-bytes = \"100MiB\"
  limit = [\"max_rows=100000\", \"max_columns=200\"]

API keys come from SHEETLIFT_API_KEYS (separated by commas) and from --api-keys-file, never from a flag: flags show in lists
of processes. Requests carry one as `Authorization: Bearer KEY` or `X-Api-Key: KEY`. The service speaks plain HTTP: put a
load balancer or proxy with TLS in front of it. On glibc, MALLOC_ARENA_MAX=2 in the environment saves memory.";

/// Inspects, converts, validates and loads spreadsheets that are sent to it over HTTP.
#[derive(Clone, Parser)]
#[command(name = "sheetlift-server", version, about, after_help = AFTER_HELP)]
#[non_exhaustive]
pub struct Config {
    /// File with options, in TOML
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// Address to listen on; port 0 takes any free one
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Ask the service at --listen for its health, and exit with 0 or 1: for container health checks
    #[arg(long)]
    pub check_health: bool,
    /// Format of the log, which goes to standard error
    #[arg(long, default_value = "json")]
    pub log_format: LogFormat,
    /// How much to log: error, warn, info, debug or trace
    #[arg(long, default_value = "info")]
    pub log_level: tracing::Level,

    /// File with one API key a line, of 16 characters or more; lines that start with # are comments
    #[arg(long, help_heading = ACCESS)]
    pub api_keys_file: Option<PathBuf>,
    /// Answer everybody: only on a loopback address
    #[arg(long, help_heading = ACCESS)]
    pub insecure_no_auth: bool,

    /// Directory of contracts: ?contract=NAME is NAME.json, NAME.yaml or NAME.yml in it
    #[arg(long, help_heading = WORK)]
    pub contracts: Option<PathBuf>,
    /// Database that /v1/load loads into, such as sqlite:/data/inventory.db
    #[arg(long, help_heading = WORK, hide_env_values = true, hide_default_value = true)]
    pub target: Option<String>,
    /// Tables that may be loaded into, separated by commas [default: any but those of the ledger]
    #[arg(long, help_heading = WORK, value_delimiter = ',')]
    pub tables: Vec<String>,
    /// Create a table of the target when it is missing, unless a request says ?create_table=false
    #[arg(long, help_heading = WORK)]
    pub create_table: bool,
    /// Directory for uploads and results while they are needed [default: that of the system]
    #[arg(long, help_heading = WORK)]
    pub spool_dir: Option<PathBuf>,
    /// Files worked on at a time, one core and some ten times the size of the file each [default: one for each core]
    #[arg(long, help_heading = WORK, default_value_t = cores(), hide_default_value = true)]
    pub concurrency: NonZeroUsize,
    /// Threads that read one file; with many files at a time one is best
    #[arg(long, help_heading = WORK, default_value_t = 1)]
    pub threads: usize,

    /// Files being received or waiting, beside those worked on; the next one is answered with 503 and Retry-After
    #[arg(long, help_heading = BOUNDS, default_value_t = 64)]
    pub queue: usize,
    /// Seconds a received file waits for its turn, before 503
    #[arg(long, help_heading = BOUNDS, default_value_t = 60)]
    pub queue_timeout_s: u64,
    /// Seconds an upload may take, before 408; and the download of a result, before it is cut off
    #[arg(long, help_heading = BOUNDS, default_value_t = 300)]
    pub upload_timeout_s: u64,
    /// Seconds one file is worked on, before 413
    #[arg(long, help_heading = BOUNDS, default_value_t = 300)]
    pub timeout_s: u64,
    /// Seconds that requests have to finish after SIGTERM
    #[arg(long, help_heading = BOUNDS, default_value_t = 25)]
    pub shutdown_timeout_s: u64,
    /// Connections held open; more wait to be accepted
    #[arg(long, help_heading = BOUNDS, default_value = "1024")]
    pub max_connections: NonZeroUsize,
    /// Bytes of a file, as 1048576 or 1MiB
    #[arg(long, help_heading = BOUNDS, default_value = "256MiB")]
    pub max_body_bytes: ByteSize,
    /// Bytes of all uploads and results that are held on disk, before 503
    #[arg(long, help_heading = BOUNDS, default_value = "8GiB")]
    pub max_spool_bytes: ByteSize,
    /// Findings that a report may list; a request gets 1,000 unless it asks for others
    #[arg(long, help_heading = BOUNDS, default_value_t = 10_000)]
    pub max_findings: usize,
    /// Limits of one file by name, beside [`max_body_bytes`](Self::max_body_bytes).
    #[arg(long, help_heading = BOUNDS, help = limit_help(), value_name = "NAME=VALUE")]
    #[arg(value_delimiter = ',', value_parser = limit)]
    pub limit: Vec<(String, u64)>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

impl Config {
    /// Reads flags, environment and file.
    ///
    /// # Errors
    /// What to print, also for `--help` and `--version`.
    pub fn from_args(
        args: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Result<Config, clap::Error> {
        let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
        let early = command().ignore_errors(true).try_get_matches_from(&args);
        let file = |early: ArgMatches| early.get_one::<PathBuf>("config").cloned();
        let command = match early.ok().and_then(file) {
            Some(file) => with_file(command(), &file)?,
            None => command(),
        };
        Config::from_arg_matches(&command.try_get_matches_from(args)?)
    }

    /// The limits of one file.
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        limits.max_file_bytes = self.max_body_bytes.0;
        let ours = OUR_LIMITS.split(',').filter_map(|text| limit(text).ok());
        for (name, value) in ours.chain(self.limit.iter().cloned()) {
            let _ = limits.set(&name, value); // the name was checked when it was read
        }
        limits
    }
}

/// The command, every option of which has a variable: `SHEETLIFT_` and its name.
fn command() -> Command {
    Config::command().mut_args(|arg| match arg.get_id().as_str() {
        "check_health" | "help" | "version" => arg,
        name => {
            let variable = format!("SHEETLIFT_{}", name.to_ascii_uppercase());
            arg.env(variable)
        }
    })
}

/// The command with the values of the file as its defaults, so that they are read, checked and explained as flags are.
fn with_file(mut command: Command, path: &Path) -> Result<Command, clap::Error> {
    let refuse = |why: &dyn Display| {
        let why = format!("{}: {why}\n", path.display());
        clap::Error::raw(ErrorKind::InvalidValue, why)
    };
    let text = fs::read_to_string(path).map_err(|error| refuse(&error))?;
    let table: toml::Table = text.parse().map_err(|error| refuse(&error))?;
    for (key, value) in table {
        let long = key.replace('_', "-");
        let is_it = |arg: &&Arg| arg.get_long() == Some(&long) && arg.get_env().is_some();
        let known = command.get_arguments().find(is_it).map(Arg::get_id);
        let id = known.filter(|id| *id != "config").cloned();
        let id = id.ok_or_else(|| refuse(&format_args!("there is no option {key:?}")))?;
        let words = words(&value);
        command = command.mut_arg(id, |arg| match arg.get_action() {
            ArgAction::Append => arg.default_values(words),
            _ => arg.default_value(words.join(",")),
        });
    }
    Ok(command)
}

/// A value as it would be written on the command line.
fn words(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(words).collect(),
        value => vec![value.to_string()],
    }
}

fn cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

fn limit(text: &str) -> Result<(String, u64), String> {
    match sheetlift::parse_limit(text) {
        Ok((name, _)) if name == "max_file_bytes" => Err("it is --max-body-bytes".to_owned()),
        limit => limit.map_err(|error| format!("{error}; {}", error.hint().unwrap_or_default())),
    }
}

fn limit_help() -> String {
    let names = Limits::NAMES.join(", ").replace("max_file_bytes, ", "");
    format!("Limits of one file, separated by commas [default: {OUR_LIMITS}] [names: {names}]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(toml: &str, args: &[&str]) -> Result<Config, clap::Error> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, toml).unwrap();
        let path = file.path().as_os_str();
        let args = ["server".as_ref(), "--config".as_ref(), path]
            .into_iter()
            .chain(args.iter().map(AsRef::as_ref));
        Config::from_args(args)
    }

    #[test]
    fn every_option_is_explained() {
        command().debug_assert();
        for arg in command().get_arguments() {
            assert!(arg.get_help().is_some(), "{}", arg.get_id());
            let has_variable = arg.get_env().is_some();
            assert!(
                has_variable || arg.get_id() == "check_health",
                "{}",
                arg.get_id()
            );
        }
    }

    #[test]
    fn flags_win_over_the_file() {
        let toml = "queue = 3\nmax_body_bytes = \"20MiB\"\ninsecure-no-auth = true\ntables = [\"a\", \"b\"]";
        let config = with(toml, &["--queue", "5"]).unwrap();
        assert_eq!((config.queue, config.max_body_bytes.0), (5, 20 << 20));
        assert!(config.insecure_no_auth);
        assert_eq!(config.tables, ["a", "b"]);
        assert_eq!(config.timeout_s, 300);
    }

    #[test]
    fn the_file_is_read_strictly() {
        for toml in [
            "quue = 3",
            "queue = \"many\"",
            "[limits]\nqueue = 3",
            "queue",
            "concurrency = 0",
        ] {
            let error = with(toml, &[]).err().unwrap();
            assert_ne!(error.exit_code(), 0, "{toml}");
        }
        assert!(Config::from_args(["server", "--config", "/nowhere.toml"]).is_err());
        let help = Config::from_args(["server", "--help"]).err().unwrap();
        assert_eq!(help.exit_code(), 0);
    }

    #[test]
    fn sizes_have_units() {
        let size = |text: &str| {
            let config = Config::from_args(["server", "--max-body-bytes", text]);
            config.map(|config| config.max_body_bytes.0).ok()
        };
        for (text, bytes) in [("1024", 1024), ("2 MiB", 2 << 20), ("3MB", 3_000_000)] {
            assert_eq!(size(text), Some(bytes));
        }
        for wrong in ["", "MiB", "-1", "1XiB", "1 M B"] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn limits_have_names() {
        let limits = with("", &[]).unwrap().limits();
        assert_eq!(
            (limits.max_cells, limits.max_rows),
            (50_000_000, 100_000_000)
        );
        assert_eq!(limits.max_shared_string_bytes, 512 << 20);
        assert_eq!(limits.max_total_inflated_bytes, 4 << 30);
        assert_eq!(limits.max_file_bytes, 256 << 20);
        let toml = "limit = [\"max_rows=5\", \"max_cells=7\"]";
        let limits = with(toml, &[]).unwrap().limits();
        assert_eq!((limits.max_rows, limits.max_cells), (5, 7));
        let args = [
            "--limit",
            "max_rows=6,max_cell_bytes=2KiB",
            "--limit",
            "max_columns=9",
        ];
        let limits = with(toml, &args).unwrap().limits();
        assert_eq!((limits.max_rows, limits.max_columns), (6, 9));
        assert_eq!(
            (limits.max_cell_bytes, limits.max_cells),
            (2048, 50_000_000)
        );
        for wrong in [
            "max_rows",
            "max_rows=many",
            "max_rose=5",
            "max_file_bytes=5",
        ] {
            assert!(with("", &["--limit", wrong]).is_err(), "{wrong}");
        }
    }
}
