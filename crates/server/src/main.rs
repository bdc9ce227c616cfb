//! The service as a process: options, log, signals, exit codes.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::{env, process::ExitCode, sync::Arc, time::Duration};

use sheetlift_server::{App, Config, serve, start_log};
use tokio::signal::unix::{SignalKind, signal};
use tokio::{net::TcpListener, runtime};

/// Threads for files on disk, beside those that read workbooks.
const DISK_THREADS: usize = 16;

fn main() -> ExitCode {
    let config = match Config::from_args(env::args_os()) {
        Ok(config) => config,
        Err(error) => error.exit(),
    };
    let result = if config.check_health {
        check_health(config.listen)
    } else {
        start_log(&config);
        run(config)
    };
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    let _ = writeln!(io::stderr(), "error: {error}"); // nobody is left to tell
    match error.kind() {
        io::ErrorKind::InvalidInput => ExitCode::from(2),
        _ => ExitCode::FAILURE,
    }
}

fn run(config: Config) -> io::Result<()> {
    let runtime = runtime::Builder::new_multi_thread()
        .max_blocking_threads(config.concurrency.get() + DISK_THREADS)
        .enable_all()
        .build()?;
    let result = runtime.block_on(async {
        let address = config.listen;
        let app = Arc::new(App::new(config)?);
        // Signals first: whoever reads that we listen may send one.
        let mut term = signal(SignalKind::terminate())?;
        let mut int = signal(SignalKind::interrupt())?;
        let listener = TcpListener::bind(address).await?;
        tracing::info!(address = %listener.local_addr()?, version = env!("CARGO_PKG_VERSION"), "listening");
        let stop = async move {
            tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        };
        serve(listener, app, stop).await
    });
    // Work that nobody waits for was cancelled; what it had begun is undone by the database.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result.inspect(|()| tracing::info!("ended"))
}

/// Asks the service on this machine. An address that stands for all of them, such as `0.0.0.0`, stands for loopback here.
fn check_health(address: SocketAddr) -> io::Result<()> {
    let limit = Duration::from_secs(3);
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    match &answer {
        b"HTTP/1.1 200" => Ok(()),
        _ => Err(io::Error::other("it is not well")),
    }
}
