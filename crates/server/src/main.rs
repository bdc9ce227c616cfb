//! The service as a process: options, log, signals, exit codes.

use std::{
    env,
    io::{self, Read, Write},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use sheetlift_server::{App, Config, serve, start_log};
use tokio::{
    net::TcpListener,
    runtime,
    signal::unix::{SignalKind, signal},
};

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
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}"); // nobody is left to tell
            ExitCode::from(if error.kind() == io::ErrorKind::InvalidInput {
                2
            } else {
                1
            })
        }
    }
}

fn run(config: Config) -> io::Result<()> {
    let runtime = runtime::Builder::new_multi_thread()
        .max_blocking_threads(config.work.concurrency + DISK_THREADS)
        .enable_all()
        .build()?;
    let result = runtime.block_on(async {
        let address = config.listen;
        let app = Arc::new(App::new(config)?);
        // Signals first: whoever reads that we listen may send one.
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let listener = TcpListener::bind(address).await?;
        tracing::info!(address = %listener.local_addr()?, version = env!("CARGO_PKG_VERSION"), "listening");
        let stop = async move {
            tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        };
        serve(listener, app, stop).await
    });
    // Work that nobody waits for was cancelled; what it had begun is undone by the database.
    runtime.shutdown_timeout(Duration::from_secs(1));
    if result.is_ok() {
        tracing::info!("ended");
    }
    result
}

fn check_health(mut address: SocketAddr) -> io::Result<()> {
    let limit = Duration::from_secs(3);
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            Ipv4Addr::LOCALHOST.into()
        } else {
            Ipv6Addr::LOCALHOST.into()
        });
    }
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    if answer == *b"HTTP/1.1 200" {
        Ok(())
    } else {
        Err(io::Error::other("it is not well"))
    }
}
