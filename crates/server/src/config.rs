//! Options of the service. Each can be given as a flag, an environment variable or a line of a TOML file; the flag wins over
//! the variable, the variable over the file.

use std::{
    ffi::OsString,
    fmt, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use clap::{
    Arg, ArgAction, Args, Command, CommandFactory, FromArgMatches, Parser, ValueEnum,
    error::ErrorKind,
};
use sheetlift::Limits;

const AFTER_HELP: &str = "\
Every option can also stand in the file of --config, under its long name without the dashes, such as
  listen = \"0.0.0.0:8080\"
  max-body-bytes = \"100MiB\"
  tables = [\"items\", \"suppliers\"]

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
    #[arg(long, default_value = "info", value_parser = level)]
    pub log_level: tracing::Level,
    /// Who may ask.
    #[command(flatten, next_help_heading = "Access")]
    pub access: Access,
    /// What it works with.
    #[command(flatten, next_help_heading = "Work")]
    pub work: Work,
    /// How much it does.
    #[command(flatten, next_help_heading = "Limits")]
    pub bounds: Bounds,
}

/// Who may ask.
#[derive(Clone, Args)]
#[non_exhaustive]
pub struct Access {
    /// File with one API key a line, of 16 characters or more; lines that start with # are comments
    #[arg(long)]
    pub api_keys_file: Option<PathBuf>,
    /// Answer everybody: only on a loopback address
    #[arg(long)]
    pub insecure_no_auth: bool,
}

/// What the service works with.
#[derive(Clone, Args)]
#[non_exhaustive]
pub struct Work {
    /// Directory of contracts: ?contract=NAME is NAME.json, NAME.yaml or NAME.yml in it
    #[arg(long)]
    pub contracts: Option<PathBuf>,
    /// Database that /v1/load loads into, such as sqlite:/data/inventory.db
    #[arg(long, hide_env_values = true, hide_default_value = true)]
    pub target: Option<String>,
    /// Tables that may be loaded into, separated by commas [default: any but those of the ledger]
    #[arg(long, value_delimiter = ',')]
    pub tables: Vec<String>,
    /// Directory for uploads while they are worked on [default: that of the system]
    #[arg(long)]
    pub spool_dir: Option<PathBuf>,
    /// Files worked on at a time, one core and some ten times the size of the file each [default: one for each core]
    #[arg(long, default_value_t = cores(), hide_default_value = true, value_parser = at_least_one)]
    pub concurrency: usize,
    /// Threads that read one file; with many files at a time one is best
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
}

/// How much the service does, and for how long.
#[derive(Clone, Args)]
#[non_exhaustive]
pub struct Bounds {
    /// Files being received or waiting, beside those worked on; the next one is answered with 503 and Retry-After
    #[arg(long, default_value_t = 64)]
    pub queue: usize,
    /// Seconds a received file waits for its turn, before 503
    #[arg(long, default_value_t = 60)]
    pub queue_timeout_s: u64,
    /// Seconds an upload may take, before 408
    #[arg(long, default_value_t = 300)]
    pub upload_timeout_s: u64,
    /// Seconds one file is worked on, the download of its result included, before 413
    #[arg(long, default_value_t = 300)]
    pub timeout_s: u64,
    /// Seconds that requests have to finish after SIGTERM
    #[arg(long, default_value_t = 25)]
    pub shutdown_timeout_s: u64,
    /// Connections held open; more wait to be accepted
    #[arg(long, default_value_t = 1024, value_parser = at_least_one)]
    pub max_connections: usize,
    /// Bytes of a file, as 1048576 or 1MiB
    #[arg(long, default_value = "256MiB", value_parser = bytes)]
    pub max_body_bytes: u64,
    /// Bytes of all files that are held on disk, before 503
    #[arg(long, default_value = "8GiB", value_parser = bytes)]
    pub max_spool_bytes: u64,
    /// Findings that a report may list; a request gets 1,000 unless it asks for others
    #[arg(long, default_value_t = 10_000)]
    pub max_findings: usize,
    /// Rows of a sheet
    #[arg(long, default_value_t = Limits::default().max_rows)]
    pub max_rows: u64,
    /// Cells held for one table
    #[arg(long, default_value_t = 50_000_000)]
    pub max_cells: u64,
    /// Bytes of the shared strings of one file
    #[arg(long, default_value = "512MiB", value_parser = bytes)]
    pub max_shared_string_bytes: u64,
    /// Bytes that one file may unpack to
    #[arg(long, default_value = "4GiB", value_parser = bytes)]
    pub max_total_inflated_bytes: u64,
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
        let file = early
            .ok()
            .and_then(|early| early.get_one::<PathBuf>("config").cloned());
        let mut command = command();
        if let Some(file) = file {
            command = with_file(command, &file)?;
        }
        Config::from_arg_matches(&command.try_get_matches_from(args)?)
    }

    /// The limits of one file.
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        limits.max_file_bytes = self.bounds.max_body_bytes;
        limits.max_rows = self.bounds.max_rows;
        limits.max_cells = self.bounds.max_cells;
        limits.max_shared_string_bytes = self.bounds.max_shared_string_bytes;
        limits.max_total_inflated_bytes = self.bounds.max_total_inflated_bytes;
        limits
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.bounds.timeout_s)
    }
}

impl fmt::Debug for Config {
    /// The address of the database may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .finish_non_exhaustive()
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
    let refuse = |why: &dyn fmt::Display| {
        clap::Error::raw(
            ErrorKind::InvalidValue,
            format!("{}: {why}\n", path.display()),
        )
    };
    let text = fs::read_to_string(path).map_err(|error| refuse(&error))?;
    let table: toml::Table = text.parse().map_err(|error| refuse(&error))?;
    for (key, value) in table {
        let value =
            word(&value).ok_or_else(|| refuse(&format_args!("{key} cannot have such a value")))?;
        let known = |arg: &&Arg| arg.get_long() == Some(&*key.replace('_', "-"));
        let id = command
            .get_arguments()
            .find(known)
            .map(|arg| arg.get_id().clone());
        let id = id.filter(|id| id != "config" && id != "check_health");
        let id = id.ok_or_else(|| refuse(&format_args!("there is no option {key:?}")))?;
        command = command.mut_arg(id, |arg| match arg.get_action() {
            ArgAction::Append => {
                arg.default_values(value.split(',').map(str::to_owned).collect::<Vec<_>>())
            }
            _ => arg.default_value(value),
        });
    }
    Ok(command)
}

/// A value as it would be written on the command line.
fn word(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Array(values) => {
            let words: Option<Vec<String>> = values.iter().map(word).collect();
            Some(words?.join(","))
        }
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(yes) => Some(yes.to_string()),
        // There is no option with such a value.
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it has to be 1 or more".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}

fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim() {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return Err("write a number of bytes, or one with KiB, MiB or GiB".to_owned()),
    };
    let number: u64 = number.parse().map_err(|error| format!("{error}"))?;
    number
        .checked_mul(1 << shift)
        .ok_or_else(|| "that is too much".to_owned())
}

fn level(text: &str) -> Result<tracing::Level, String> {
    text.parse()
        .map_err(|_| "it is error, warn, info, debug or trace".to_owned())
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
        assert_eq!(
            (config.bounds.queue, config.bounds.max_body_bytes),
            (5, 20 << 20)
        );
        assert!(config.access.insecure_no_auth);
        assert_eq!(config.work.tables, ["a", "b"]);
        assert_eq!(config.bounds.timeout_s, 300);
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
            let error = with(toml, &[]).unwrap_err();
            assert_ne!(error.exit_code(), 0, "{toml}");
        }
        assert!(Config::from_args(["server", "--config", "/nowhere.toml"]).is_err());
        let help = Config::from_args(["server", "--help"]).unwrap_err();
        assert_eq!(help.exit_code(), 0);
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes("1024"), Ok(1024));
        assert_eq!(bytes("2 MiB"), Ok(2 << 20));
        for wrong in ["", "MiB", "-1", "1MB", "99999999999GiB"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
