//! From an address to where and how to connect.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Result};

/// How long a server may take to answer the first call, unless the address says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
const PORT: u16 = 3306;

/// Gives the password of a connection, each time one is made: a token that expires is asked for anew.
pub type PasswordProvider = Arc<dyn Fn() -> std::io::Result<String> + Send + Sync>;

/// Whether the connection is encrypted, and how far the server has to prove who it is: what the clients of MySQL call `ssl-mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SslMode {
    Disabled,
    /// Where the server can.
    Preferred,
    Required,
    /// By a certificate.
    VerifyCa,
    /// By a certificate for its name.
    VerifyIdentity,
}

/// Where and how to connect.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) host: String,
    pub(super) port: u16,
    /// A socket instead of host and port.
    pub(super) socket: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) database: String,
    pub(super) ssl_mode: SslMode,
    /// Certificates to trust instead of those of the system.
    pub(super) ssl_ca: Option<PathBuf>,
    pub(super) connect_timeout: Duration,
    pub(super) password_provider: Option<PasswordProvider>,
    /// What messages call the database: never with a password.
    pub(super) shown: String,
}

impl Settings {
    /// Reads `mysql://USER:PASSWORD@HOST:PORT/DATABASE?ssl-mode=verify_identity&ssl-ca=FILE&connect_timeout=SECONDS`, or `?socket=PATH`
    /// instead of host and port.
    pub(super) fn read(address: &str) -> Result<Settings> {
        let (place, parameters) = address.split_once('?').unwrap_or((address, ""));
        let (_, place) = place
            .split_once("://")
            .ok_or_else(|| bad("it has no scheme"))?;
        let (login, place) = match place.rsplit_once('@') {
            Some((login, place)) => (login, place),
            None => ("", place),
        };
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(decoded(password, "the password")?)),
            None => (login, None),
        };
        let (host, database) = place.split_once('/').unwrap_or((place, ""));
        let (host, port) = host_and_port(host)?;
        let database = decoded(database, "the name of the database")?;
        if database.is_empty() {
            return Err(bad("it names no database"));
        }
        let user = decoded(user, "the user")?;
        let mut settings = Settings {
            host: if host.is_empty() {
                "localhost".to_owned()
            } else {
                host
            },
            port,
            socket: None,
            user: (!user.is_empty()).then_some(user),
            password: password.or_else(|| std::env::var("MYSQL_PWD").ok()),
            database,
            ssl_mode: SslMode::Preferred,
            ssl_ca: None,
            connect_timeout: CONNECT_TIMEOUT,
            password_provider: None,
            shown: String::new(),
        };
        for parameter in parameters.split('&').filter(|text| !text.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            settings.set(name, value)?;
        }
        settings.shown = match &settings.socket {
            Some(socket) => format!("{} at {socket}", settings.database),
            None => format!(
                "{} at {}:{}",
                settings.database, settings.host, settings.port
            ),
        };
        Ok(settings)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        match name {
            "ssl-mode" | "ssl_mode" => {
                self.ssl_mode = match value.to_ascii_lowercase().as_str() {
                    "disabled" => SslMode::Disabled,
                    "preferred" => SslMode::Preferred,
                    "required" => SslMode::Required,
                    "verify_ca" => SslMode::VerifyCa,
                    "verify_identity" => SslMode::VerifyIdentity,
                    _ => {
                        return Err(bad(
                            "ssl-mode is disabled, preferred, required, verify_ca or verify_identity",
                        ));
                    }
                }
            }
            "ssl-ca" | "ssl_ca" => self.ssl_ca = Some(PathBuf::from(decoded(value, "ssl-ca")?)),
            "socket" => self.socket = Some(decoded(value, "socket")?),
            "connect_timeout" => {
                let seconds = value.parse::<u32>();
                let seconds = seconds.map_err(|_| bad("connect_timeout is a number of seconds"))?;
                self.connect_timeout = Duration::from_secs(u64::from(seconds.max(1)));
            }
            _ => {
                let known = "it takes ssl-mode, ssl-ca, socket and connect_timeout";
                let is_plain = name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
                // Where it is no name, it may be part of a password.
                return Err(match is_plain {
                    true => bad(&format!("there is no parameter {name:?}; {known}")),
                    false => bad(&format!("a parameter has no name; {known}")),
                });
            }
        }
        Ok(())
    }
}

fn bad(what: &str) -> Error {
    Error::usage(
        "usage/database-address",
        format!("the address of the MySQL server cannot be read: {what}"),
    )
    .with_hint("write mysql://USER@HOST:3306/DATABASE")
}

/// `host`, `host:port`, `[::1]:port`.
fn host_and_port(text: &str) -> Result<(String, u16)> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':').unwrap_or(rest)),
        None => text.split_once(':').unwrap_or((text, "")),
    };
    let port = match port {
        "" => PORT,
        port => port.parse().map_err(|_| bad("the port is no number"))?,
    };
    Ok((decoded(host, "the host")?, port))
}

/// Percent signs undone.
fn decoded(text: &str, what: &str) -> Result<String> {
    let decode = || {
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
    };
    decode().ok_or_else(|| {
        bad(&format!(
            "{what} has a percent sign that stands for nothing"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let read = |address: &str| Settings::read(address).unwrap();
        let found = read(
            "mysql://lo%40der:p%3Aw@db.example.com:3307/stock%20room?ssl-mode=VERIFY_CA&ssl-ca=%2Fca.pem",
        );
        assert_eq!(found.user.as_deref(), Some("lo@der"));
        assert_eq!(found.password.as_deref(), Some("p:w"));
        assert_eq!((&*found.host, found.port), ("db.example.com", 3307));
        assert_eq!(found.shown, "stock room at db.example.com:3307");
        assert_eq!(found.ssl_mode, SslMode::VerifyCa);
        assert_eq!(found.ssl_ca, Some(PathBuf::from("/ca.pem")));
        let found = read("mariadb:///stock?socket=/run/mysqld/mysqld.sock&connect_timeout=3");
        assert_eq!(found.shown, "stock at /run/mysqld/mysqld.sock");
        assert_eq!((found.user, found.connect_timeout.as_secs()), (None, 3));
        let found = read("mysql://root@[::1]:1/x");
        assert_eq!((&*found.host, found.port), ("::1", 1));
        assert_eq!(found.ssl_mode, SslMode::Preferred);
    }

    #[test]
    fn what_cannot_be_read_is_said_without_the_password() {
        for (address, expected) in [
            ("mysql://u:secret@h", "names no database"),
            ("mysql://u:secret@h:port/db", "the port is no number"),
            (
                "mysql://u:secret%zz@h/db",
                "the password has a percent sign",
            ),
            ("mysql://u@h/db?ssl-mode=secret", "ssl-mode is disabled"),
            ("mysql://u@h/db?charset=secret", "no parameter \"charset\""),
            (
                "mysql://u@h/db?connect_timeout=secret",
                "a number of seconds",
            ),
            ("mysql://u:1/x?secret@h/db", "a parameter has no name"),
        ] {
            let error = Settings::read(address)
                .map(|found| found.shown)
                .unwrap_err();
            assert_eq!(error.code(), "usage/database-address");
            assert!(error.to_string().contains(expected), "{error}");
            assert!(
                !format!("{error} {error:?}").contains("secret"),
                "{error:?}"
            );
        }
    }
}
