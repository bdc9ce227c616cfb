//! A connection, called as if it were synchronous: its own runtime drives it while a call waits.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::stream::{self, StreamExt as _};
use mysql_async::prelude::{FromValue, Queryable as _};
use mysql_async::{Conn, DriverError, Opts, OptsBuilder, Params, Row, SslOpts, Value};
use tokio::runtime::Runtime;

use super::fault::{fault, is_unanswered};
use super::settings::{Settings, SslMode};
use crate::error::{Error, Result};

pub(super) type Database<T> = std::result::Result<T, mysql_async::Error>;

/// How long a connection may be silent before the other side is asked.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// What statements rely on, whatever the server or a proxy in between has set: values that do not fit are errors, a zero is no
/// request for a number, zero dates that are there can be put back, times are in UTC, others are not locked out of what is only looked
/// for. Keys are sorted by all of their bytes, messages are in the language in which they are read here. Names of tables that are altered elsewhere are not waited for forever, nor is a loader whose network is gone.
const SETUP: &str = "SET sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO,ERROR_FOR_DIVISION_BY_ZERO',
     time_zone = '+00:00', autocommit = 1, foreign_key_checks = 1, unique_checks = 1, sql_safe_updates = 0, sql_select_limit = DEFAULT,
     group_concat_max_len = 67108864, max_sort_length = 8192, lc_messages = 'en_US', lock_wait_timeout = 60, innodb_lock_wait_timeout = 50, wait_timeout = 3600";
const NAMES: &str = "SET NAMES utf8mb4 COLLATE utf8mb4_bin";
const ISOLATION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// A connection to the server.
pub(super) struct Client {
    runtime: Runtime,
    conn: RefCell<Conn>,
    /// The server does not answer any more.
    is_lost: Cell<bool>,
}

/// What became of a statement that loads rows.
pub(super) struct Loaded {
    pub(super) rows: u64,
    pub(super) warnings: u16,
}

impl Client {
    pub(super) fn connect(settings: &Settings) -> Result<Client> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.map_err(|error| Error::bug("no runtime").with_source(error))?;
        let password = match &settings.password_provider {
            None => settings.password.clone(),
            Some(password) => Some(password().map_err(|error| {
                let name = &settings.shown;
                Error::sink(
                    "sink/password",
                    format!("there is no password for {name}: {error}"),
                )
            })?),
        };
        let opts = options(settings, password, settings.ssl_mode)?;
        let connected = match timed(&runtime, settings, opts) {
            Err(mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer))
                if settings.ssl_mode == SslMode::Preferred =>
            {
                let password = match &settings.password_provider {
                    None => settings.password.clone(),
                    Some(_) => None, // a token is not sent in the clear
                };
                timed(
                    &runtime,
                    settings,
                    options(settings, password, SslMode::Disabled)?,
                )
            }
            connected => connected,
        };
        let conn = connected.map_err(fault(&settings.shown, "connecting to"))?;
        Ok(Client {
            runtime,
            conn: RefCell::new(conn),
            is_lost: Cell::new(false),
        })
    }

    /// Whether the server does not answer any more.
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost.get()
    }

    /// Runs a statement that has no parameters.
    pub(super) fn run(&self, sql: &str) -> Database<()> {
        self.execute(sql, Vec::new()).map(|_| ())
    }

    /// Runs a statement; the number of rows it found.
    pub(super) fn execute(&self, sql: &str, parameters: Vec<Value>) -> Database<u64> {
        let mut conn = self.conn.borrow_mut();
        let ran = match parameters.is_empty() {
            true => self.wait(conn.query_drop(sql)),
            false => self.wait(conn.exec_drop(sql, Params::Positional(parameters))),
        };
        ran.map(|()| conn.affected_rows())
    }

    pub(super) fn rows(&self, sql: &str, parameters: Vec<Value>) -> Database<Vec<Row>> {
        let mut conn = self.conn.borrow_mut();
        match parameters.is_empty() {
            true => self.wait(conn.query(sql)),
            false => self.wait(conn.exec(sql, Params::Positional(parameters))),
        }
    }

    /// The first row, if there is one.
    pub(super) fn row(&self, sql: &str, parameters: Vec<Value>) -> Database<Option<Row>> {
        Ok(self.rows(sql, parameters)?.into_iter().next())
    }

    /// Gives every row, as it comes.
    pub(super) fn each(
        &self,
        sql: &str,
        parameters: Vec<Value>,
        each: &mut dyn FnMut(&Row) -> Database<()>,
    ) -> Database<()> {
        let mut conn = self.conn.borrow_mut();
        self.wait(async {
            let mut rows = conn.exec_iter(sql, Params::from(parameters)).await?;
            while let Some(row) = rows.next().await? {
                each(&row)?;
            }
            rows.drop_result().await
        })
    }

    /// Runs a statement that asks for a file, which is these bytes.
    pub(super) fn load(&self, sql: &str, bytes: Bytes) -> Database<Loaded> {
        let mut conn = self.conn.borrow_mut();
        let parts = pieces(bytes).map(Ok);
        conn.set_infile_handler(async move { Ok(stream::iter(parts).boxed()) });
        let loaded = self.wait(conn.query_drop(sql));
        loaded.map(|()| Loaded {
            rows: conn.affected_rows(),
            warnings: conn.get_warnings(),
        })
    }

    /// Waits for something to come to its end.
    fn wait<T>(&self, future: impl Future<Output = Database<T>>) -> Database<T> {
        let done = self.runtime.block_on(future);
        if let Err(error) = &done
            && is_unanswered(error)
        {
            self.is_lost.set(true);
        }
        done
    }
}

/// Bytes that are sent at once.
const PIECE: usize = 256 << 10;

fn pieces(bytes: Bytes) -> impl Iterator<Item = Bytes> {
    let starts = (0..bytes.len()).step_by(PIECE);
    starts.map(move |start| bytes.slice(start..bytes.len().min(start + PIECE)))
}

fn timed(runtime: &Runtime, settings: &Settings, opts: Opts) -> Database<Conn> {
    runtime.block_on(async {
        let connecting = Conn::new(opts).boxed();
        match tokio::time::timeout(settings.connect_timeout, connecting).await {
            Ok(connected) => connected,
            Err(_) => {
                let seconds = settings.connect_timeout.as_secs();
                let message = format!("no answer within {seconds} s");
                let error = std::io::Error::new(std::io::ErrorKind::TimedOut, message);
                Err(error.into())
            }
        }
    })
}

fn options(settings: &Settings, password: Option<String>, ssl_mode: SslMode) -> Result<Opts> {
    let options = OptsBuilder::default()
        .ip_or_hostname(settings.host.clone())
        .tcp_port(settings.port)
        .socket(settings.socket.clone())
        .user(settings.user.clone())
        .pass(password)
        .db_name(Some(settings.database.clone()))
        .prefer_socket(Some(false))
        .tcp_keepalive(Some(KEEPALIVE))
        // A statement that inserts many rows is sent once.
        .stmt_cache_size(Some(8))
        // An update counts the rows that it meets, whether or not they had the values before.
        .client_found_rows(true)
        // A token of a cloud is sent as it is, to a server that has proved who it is.
        .enable_cleartext_plugin(settings.password_provider.is_some() && is_verified(ssl_mode))
        .setup(vec![
            NAMES.to_owned(),
            SETUP.to_owned(),
            ISOLATION.to_owned(),
        ]);
    let is_encrypted = ssl_mode != SslMode::Disabled && settings.socket.is_none();
    let ssl = match is_encrypted {
        true => Some(ssl(settings, ssl_mode)?),
        false => None,
    };
    Ok(options.ssl_opts(ssl).into())
}

fn is_verified(ssl_mode: SslMode) -> bool {
    matches!(ssl_mode, SslMode::VerifyCa | SslMode::VerifyIdentity)
}

fn ssl(settings: &Settings, ssl_mode: SslMode) -> Result<SslOpts> {
    // Where several are built in, none is taken by itself.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if !is_verified(ssl_mode) {
        return Ok(SslOpts::default()
            .with_danger_accept_invalid_certs(true)
            .with_danger_skip_domain_validation(true));
    }
    let roots = match &settings.ssl_ca {
        Some(path) => {
            let read = std::fs::read(path).map_err(|error| {
                let name = path.display();
                Error::sink(
                    "sink/certificates",
                    format!("{name} cannot be read: {error}"),
                )
            });
            vec![read?.into()]
        }
        None => {
            let found = rustls_native_certs::load_native_certs().certs;
            found.iter().map(|cert| cert.to_vec().into()).collect()
        }
    };
    let ssl = SslOpts::default()
        .with_disable_built_in_roots(true)
        .with_root_certs(roots);
    Ok(match ssl_mode {
        SslMode::VerifyCa => ssl
            .with_danger_skip_domain_validation(true)
            .with_danger_tls_hostname_override(Some(ANY_NAME)),
        _ => ssl,
    })
}

/// By this word in what rustls says, the driver knows a certificate that is good but for its name. Rustls says it no more, but names the
/// host that it was asked for; a certificate that nobody vouches for is refused in other words.
const ANY_NAME: &str = "NotValidForName";

/// A value of a row.
pub(super) fn get<T: FromValue>(row: &Row, at: usize) -> Database<T> {
    match row.get_opt(at) {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => Err(mysql_async::Error::Other(Box::new(error))),
        None => Err(mysql_async::Error::Other("a column is missing".into())),
    }
}
