//! Files on their way: bytes gather in chunks, chunks are sent while the next are made, and nothing has its name before the commit.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt, PutMultipartOptions, Result as StoreResult};
use serde::{Deserialize, Serialize};

use super::background::{Background, Started};
use super::fault::fault;
use super::place::Opened;
use crate::error::Result;

/// Bytes of a chunk. S3 wants 5 MiB, and takes 10,000 of them for an object.
pub(super) const CHUNK_BYTES: usize = 8 << 20;
/// Chunks of an import that are under way at once.
const MAX_IN_FLIGHT: usize = 4;
/// Files that are completed at once.
const MAX_COMPLETING: usize = 16;

/// Sends the files of one import.
#[derive(Debug)]
pub(super) struct Uploader {
    pub(super) opened: Arc<Opened>,
    background: Arc<Background>,
    /// The place, for messages.
    shown: String,
    in_flight: VecDeque<Started<StoreResult<()>>>,
}

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Upload {
    multipart: Box<dyn MultipartUpload>,
    chunk: Vec<u8>,
    hasher: blake3::Hasher,
    bytes: u64,
}

/// A file that is whole, and has yet to be given its name.
pub(super) type Whole = Box<dyn MultipartUpload>;

/// What there is to know of a file's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Digest {
    pub(super) bytes: u64,
    /// 64 hexadecimal digits.
    pub(super) blake3: String,
}

impl Uploader {
    pub(super) fn new(opened: Opened, background: &Arc<Background>, shown: &str) -> Uploader {
        Uploader {
            opened: Arc::new(opened),
            background: Arc::clone(background),
            shown: shown.to_owned(),
            in_flight: VecDeque::new(),
        }
    }

    /// Begins a file.
    pub(super) fn open(&self, path: Path, media_type: &'static str) -> Result<Upload> {
        let opened = Arc::clone(&self.opened);
        let multipart = self.background.run(async move {
            let options = PutMultipartOptions {
                attributes: opened.attributes(media_type),
                ..PutMultipartOptions::default()
            };
            opened.store.put_multipart_opts(&path, options).await
        })?;
        Ok(Upload {
            multipart: multipart.map_err(fault(&self.shown, "writing to"))?,
            chunk: Vec::new(),
            hasher: blake3::Hasher::new(),
            bytes: 0,
        })
    }

    /// Appends to a file. Waits while too many chunks are under way.
    pub(super) fn write(&mut self, upload: &mut Upload, mut bytes: &[u8]) -> Result<()> {
        upload.hasher.update(bytes);
        upload.bytes += bytes.len() as u64;
        while upload.chunk.len() + bytes.len() >= CHUNK_BYTES {
            let (now, later) = bytes.split_at(CHUNK_BYTES - upload.chunk.len());
            upload.chunk.extend_from_slice(now);
            self.send(upload)?;
            bytes = later;
        }
        upload.chunk.extend_from_slice(bytes);
        Ok(())
    }

    /// Ends a file, which keeps its name from others all the same.
    pub(super) fn finish(&mut self, mut upload: Upload) -> Result<(Whole, Digest)> {
        let sent = if upload.chunk.is_empty() {
            Ok(())
        } else {
            self.send(&mut upload)
        };
        let digest = Digest {
            bytes: upload.bytes,
            blake3: upload.hasher.finalize().to_hex().to_string(),
        };
        match sent {
            Ok(()) => Ok((upload.multipart, digest)),
            Err(error) => {
                self.drain();
                self.abort(vec![upload.multipart]);
                Err(error)
            }
        }
    }

    fn send(&mut self, upload: &mut Upload) -> Result<()> {
        while self.in_flight.len() >= MAX_IN_FLIGHT {
            self.wait_for_one()?;
        }
        let chunk = mem::replace(&mut upload.chunk, Vec::with_capacity(CHUNK_BYTES));
        let sending = upload.multipart.put_part(chunk.into());
        self.in_flight.push_back(self.background.start(sending));
        Ok(())
    }

    fn wait_for_one(&mut self) -> Result<()> {
        match self.in_flight.pop_front() {
            Some(started) => started.wait()?.map_err(fault(&self.shown, "writing to")),
            None => Ok(()),
        }
    }

    /// Waits until everything that was sent has arrived.
    pub(super) fn arrive(&mut self) -> Result<()> {
        while !self.in_flight.is_empty() {
            self.wait_for_one()?;
        }
        Ok(())
    }

    /// Gives files their names.
    pub(super) fn complete(&self, mut files: Vec<Whole>) -> Result<()> {
        while !files.is_empty() {
            let some = files.drain(..files.len().min(MAX_COMPLETING));
            let started: Vec<_> = some
                .map(|mut file| {
                    self.background.start(async move {
                        let completed = file.complete().await;
                        if completed.is_err() {
                            let _ = file.abort().await; // may be too late for that
                        }
                        completed
                    })
                })
                .collect();
            let mut first_error = Ok(());
            for completing in started {
                let completed = completing.wait()?.map_err(fault(&self.shown, "writing to"));
                first_error = first_error.and(completed.map(drop));
            }
            if first_error.is_err() {
                self.abort(files);
                return first_error;
            }
        }
        Ok(())
    }

    /// Throws files away. What a store keeps all the same is for its lifecycle rules.
    pub(super) fn abort(&self, files: Vec<Whole>) {
        let abort = |mut file: Whole| self.background.start(async move { file.abort().await });
        let started: Vec<_> = files.into_iter().map(abort).collect();
        for aborting in started {
            let _ = aborting.wait();
        }
    }

    /// Waits for what is under way, whatever comes of it: a chunk that arrives after its file was thrown away would stay.
    pub(super) fn drain(&mut self) {
        while let Some(started) = self.in_flight.pop_front() {
            let _ = started.wait();
        }
    }
}

impl Upload {
    /// The file as it is, to be thrown away.
    pub(super) fn into_unfinished(self) -> Whole {
        self.multipart
    }
}

/// Reads an object piece by piece and says what its bytes are.
pub(super) async fn digest(
    store: &dyn object_store::ObjectStore,
    path: &Path,
) -> StoreResult<Digest> {
    let size = store.head(path).await?.size;
    let mut hasher = blake3::Hasher::new();
    let mut at = 0;
    while at < size {
        let end = size.min(at + CHUNK_BYTES as u64);
        hasher.update(&store.get_range(path, at..end).await?);
        at = end;
    }
    Ok(Digest {
        bytes: size,
        blake3: hasher.finalize().to_hex().to_string(),
    })
}
