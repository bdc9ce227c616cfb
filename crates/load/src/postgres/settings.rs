//! From an address to where and how to connect.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::error::{Error, Result};

/// How long a server may take to answer the first call, unless the address says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a connection may be silent before the other side is asked, and how long it may take to acknowledge what it was sent.
const KEEPALIVE: Duration = Duration::from_secs(60);
const USER_TIMEOUT: Duration = Duration::from_secs(120);

/// Gives the password of a connection, each time one is made: a token that expires is asked for anew.
pub type PasswordProvider = Arc<dyn Fn() -> std::io::Result<String> + Send + Sync>;

/// How far the server has to prove who it is, as libpq has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// It need not: `disable`, `prefer` (the default) and `require`.
    Anybody,
    /// By a certificate (`verify-ca`).
    Certified,
    /// By a certificate for its name (`verify-full`).
    Named,
}

/// Where and how to connect.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) config: Config,
    pub(super) trust: Trust,
    /// Certificates to trust instead of those of the system.
    pub(super) root_certificates: Option<PathBuf>,
    /// Schema of the target and of the ledger, if the search path does not say.
    pub(super) schema: Option<String>,
    pub(super) password: Option<PasswordProvider>,
    /// What messages call the database: never with a password.
    pub(super) shown: String,
}

impl Settings {
    /// Reads `postgres://user@host:port/database?sslmode=verify-full&sslrootcert=FILE&schema=NAME`; other parameters are those of
    /// tokio-postgres.
    pub(super) fn read(address: &str) -> Result<Settings> {
        let bad = |what: &str| {
            Error::usage(
                "usage/database-address",
                format!("the address of the PostgreSQL server cannot be read: {what}"),
            )
            .with_hint("write postgres://USER@HOST:5432/DATABASE")
        };
        let (place, parameters) = address.split_once('?').unwrap_or((address, ""));
        let (mut kept, mut trust, mut mode) = (Vec::new(), Trust::Anybody, None);
        let (mut root_certificates, mut schema) = (None, None);
        for parameter in parameters.split('&').filter(|text| !text.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match name {
                "sslmode" => {
                    (mode, trust) = match value {
                        "disable" => (Some(SslMode::Disable), Trust::Anybody),
                        "allow" | "prefer" => (Some(SslMode::Prefer), Trust::Anybody),
                        "require" => (Some(SslMode::Require), Trust::Anybody),
                        "verify-ca" => (Some(SslMode::Require), Trust::Certified),
                        "verify-full" => (Some(SslMode::Require), Trust::Named),
                        _ => {
                            return Err(bad(
                                "sslmode is disable, prefer, require, verify-ca or verify-full",
                            ));
                        }
                    }
                }
                "sslrootcert" => {
                    root_certificates = Some(PathBuf::from(
                        decoded(value).ok_or_else(|| bad("sslrootcert"))?,
                    ))
                }
                "schema" => schema = Some(decoded(value).ok_or_else(|| bad("schema"))?),
                _ => kept.push(parameter),
            }
        }
        let mut plain = place.to_owned();
        if !kept.is_empty() {
            plain.push('?');
            plain.push_str(&kept.join("&"));
        }
        // The parser may repeat what it could not read, and that may be a password.
        let mut config: Config = plain
            .parse()
            .map_err(|_| bad("see the parameters that libpq knows"))?;
        if let Some(mode) = mode {
            config.ssl_mode(mode);
        }
        if config.get_hosts().is_empty() {
            config.host(std::env::var("PGHOST").unwrap_or_else(|_| "localhost".to_owned()));
        }
        if config.get_password().is_none()
            && let Ok(password) = std::env::var("PGPASSWORD")
        {
            config.password(password);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        // A network that is gone without a word is found out in minutes.
        config.keepalives_idle(KEEPALIVE);
        config.tcp_user_timeout(USER_TIMEOUT);
        if config.get_application_name().is_none() {
            config.application_name("sheetlift");
        }
        let shown = shown(&config);
        Ok(Settings {
            config,
            trust,
            root_certificates,
            schema,
            password: None,
            shown,
        })
    }
}

/// `database at host:port`.
fn shown(config: &Config) -> String {
    let hosts = config.get_hosts().iter().enumerate().map(|(at, host)| {
        let host = match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => return path.display().to_string(),
        };
        let ports = config.get_ports();
        let port = ports.get(at).or_else(|| ports.first()).copied();
        format!("{host}:{}", port.unwrap_or(5432))
    });
    let hosts = hosts.collect::<Vec<_>>().join(",");
    match config.get_dbname().or_else(|| config.get_user()) {
        Some(name) => format!("{name} at {hosts}"),
        None => hosts,
    }
}

/// Percent signs undone.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
