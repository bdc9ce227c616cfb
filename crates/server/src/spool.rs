//! Files on disk, uploads and results: counted together, and removed when they are dropped.

use std::io::{self, Seek, Write};
use std::{path::Path, sync::Arc, sync::atomic::Ordering, time::Duration};

use axum::body::Body;
use futures_util::{StreamExt, TryFutureExt, stream};
use tempfile::NamedTempFile;
use tokio::{fs::File, sync::mpsc, time::timeout};
use tokio_util::io::ReaderStream;
use tracing::Instrument;

use crate::app::App;

/// Bytes on their way from or to a file.
const BUFFER_BYTES: usize = 256 << 10;

/// A file on disk; it is removed when this is dropped.
pub(crate) struct Spooled {
    file: NamedTempFile,
    pub(crate) bytes: u64,
    app: Arc<App>,
}

impl Spooled {
    pub(crate) fn create(app: &Arc<App>) -> io::Result<Spooled> {
        let file = NamedTempFile::with_prefix_in("sheetlift-", &app.spool_dir)?;
        let app = Arc::clone(app);
        Ok(Spooled {
            file,
            bytes: 0,
            app,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Asks before the file grows: `QuotaExceeded` when there are bytes enough on disk.
    pub(crate) fn grow(&mut self, by: u64) -> io::Result<()> {
        self.bytes += by;
        let all = self.app.spooled.fetch_add(by, Ordering::Relaxed) + by;
        if all > self.app.config.max_spool_bytes.0 {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        Ok(())
    }

    /// How long the file is: less than was counted where bytes were written over others.
    pub(crate) fn bytes_on_disk(&self) -> io::Result<u64> {
        Ok(self.file.as_file().metadata()?.len())
    }

    /// The file for code that must not block.
    pub(crate) fn to_async(&self) -> io::Result<File> {
        let mut file = File::from_std(self.file.as_file().try_clone()?);
        file.set_max_buf_size(BUFFER_BYTES);
        Ok(file)
    }

    /// The file from its beginning, as the body of an answer. A client that reads too slowly, or not at all, holds it no longer
    /// than `most`: a task that does not depend on the client sends it, for the connection asks for nothing while it cannot send.
    pub(crate) fn into_body(mut self, most: Duration) -> io::Result<Body> {
        self.file.rewind()?;
        let mut file = ReaderStream::with_capacity(self.to_async()?, BUFFER_BYTES);
        let (chunks, mut out) = mpsc::channel(1);
        let send = async move {
            let _file = self;
            while let Some(chunk) = file.next().await
                && chunks.send(chunk).await.is_ok()
            {}
        };
        let send = timeout(most, send).inspect_err(|_| {
            tracing::info!("cut off: the client read its result too slowly");
        });
        tokio::spawn(send.in_current_span());
        let chunks = stream::poll_fn(move |context| out.poll_recv(context));
        Ok(Body::from_stream(chunks))
    }
}

impl Write for Spooled {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.grow(bytes.len() as u64)?;
        self.file.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Bytes that are written over others are counted twice; that errs on the safe side, and workbooks have few of them.
impl Seek for Spooled {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        self.app.spooled.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
