//! Objects in, results out. Reads are pinned to what the event named, writes replace what the same event wrote before.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Seek, Write},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::TryStreamExt;
use object_store::{
    Attribute, Attributes, BackoffConfig, ClientConfigKey, Error as StoreError, GetOptions,
    GetResult, ObjectStore, PutMode, PutOptions, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    buffered::BufWriter,
    path::Path,
};
use sheetlift::{Error, Limits, Source, parts::CoreError};
use tokio::io::AsyncWriteExt;

use crate::{event::ObjectRef, place::address};

/// Bytes of one part of an upload; a file up to here is one request.
const PART_BYTES: usize = 8 << 20;

/// Clients for the buckets we meet, made from the `AWS_*` variables of the environment.
#[derive(Debug, Default)]
pub struct S3 {
    stores: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
}

/// An object, here.
pub(crate) struct Fetched {
    /// Its entity tag, fit for a key.
    pub(crate) id: String,
    /// Its bytes, or why there are too many.
    pub(crate) source: Result<Source, Error>,
}

/// Why there is no object.
#[derive(Debug)]
pub(crate) enum Missing {
    /// It is no longer what the event was about; nobody can read it any more.
    Gone(String),
    /// It may be there the next time.
    Later(String),
}

impl S3 {
    /// Clients that take region, credentials and endpoint from the environment.
    pub fn from_env() -> S3 {
        // One provider for the process; a second call finds it set.
        let _ = rustls::crypto::ring::default_provider().install_default();
        S3::default()
    }

    /// The store of a bucket.
    ///
    /// # Errors
    /// Whatever is wrong with the configuration.
    pub fn bucket(&self, bucket: &str) -> object_store::Result<Arc<dyn ObjectStore>> {
        let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = stores.get(bucket) {
            return Ok(Arc::clone(store));
        }
        let client = AmazonS3ConfigKey::Client;
        // Short retries: the queue is the patient one. A large object may take long as long as bytes arrive.
        let store = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_config(client(ClientConfigKey::Timeout), "600s")
            .with_config(client(ClientConfigKey::ReadTimeout), "20s")
            .with_retry(RetryConfig {
                backoff: BackoffConfig {
                    max_backoff: Duration::from_secs(2),
                    ..BackoffConfig::default()
                },
                max_retries: 4,
                retry_timeout: Duration::from_secs(20),
            })
            .build()?;
        let store: Arc<dyn ObjectStore> = Arc::new(store);
        stores.insert(bucket.to_owned(), Arc::clone(&store));
        Ok(store)
    }

    /// Reads a small object as text.
    ///
    /// # Errors
    /// `Io` when it cannot be read, is no text, or is larger than `max_bytes`.
    pub async fn text(&self, bucket: &str, key: &str, max_bytes: u64) -> Result<String, Error> {
        let cannot =
            |error: io::Error| Error::io(error, format!("cannot read s3://{bucket}/{key}"));
        let path = address(key).ok_or_else(|| cannot(io::ErrorKind::InvalidInput.into()))?;
        let read = async {
            let store = self.bucket(bucket)?;
            let result = store.get_opts(&path, GetOptions::default()).await?;
            if result.meta.size > max_bytes {
                return Err(io::Error::other(format!("more than {max_bytes} bytes")));
            }
            Ok(result.bytes().await?)
        };
        let bytes = read.await.map_err(cannot)?;
        String::from_utf8(bytes.to_vec()).map_err(|error| cannot(io::Error::other(error)))
    }

    /// Reads the object of an event: that version and no other. Up to `spool_bytes` it stays in memory, beyond it goes
    /// through a temporary file, which is mapped.
    pub(crate) async fn fetch(
        &self,
        object: &ObjectRef,
        limits: &Limits,
        spool_bytes: u64,
    ) -> Result<Fetched, Missing> {
        let Some(path) = address(&object.key) else {
            return Ok(Fetched {
                id: id(object.etag.as_deref()),
                source: Err(Error::usage(
                    "usage/s3-key",
                    "keys with empty or dotted segments or control characters cannot be read",
                )
                .with_hint("rename the object")),
            });
        };
        let options = GetOptions {
            version: object.version_id.clone(),
            if_match: object.etag.as_ref().map(|etag| format!("\"{etag}\"")),
            ..GetOptions::default()
        };
        let store = self.bucket(&object.bucket).map_err(later)?;
        let result = store.get_opts(&path, options).await.map_err(missing)?;
        let id = id(result.meta.e_tag.as_deref().or(object.etag.as_deref()));
        if result.meta.size > limits.max_file_bytes {
            let (limit, bytes) = (limits.max_file_bytes, result.meta.size);
            let error = CoreError::limit("max_file_bytes", limit, bytes).in_file(object.uri());
            return Ok(Fetched {
                id,
                source: Err(error.into()),
            });
        }
        let source = if result.meta.size <= spool_bytes {
            let bytes = result.bytes().await.map_err(missing)?;
            Source::from_bytes(bytes, limits).map_err(Error::from)
        } else {
            spool(result, limits).await.map_err(later)?
        };
        Ok(Fetched {
            id,
            source: source
                .map(|source| source.with_name(object.uri()))
                .map_err(|error| error.in_file(object.uri())),
        })
    }

    /// Writes a file to a key, in parts when it is large.
    pub(crate) async fn put_file(&self, bucket: &str, key: Path, mut file: File) -> io::Result<()> {
        file.rewind()?;
        let mut file = tokio::fs::File::from_std(file);
        let attributes = media_type("application/vnd.apache.parquet");
        let mut writer = BufWriter::with_capacity(self.bucket(bucket)?, key, PART_BYTES)
            .with_max_concurrency(4)
            .with_attributes(attributes);
        let written = match tokio::io::copy(&mut file, &mut writer).await {
            Ok(_) => writer.shutdown().await,
            Err(error) => Err(error),
        };
        if written.is_err() {
            let _ = writer.abort().await; // a part that stays is for the lifecycle rule of the bucket
        }
        written
    }

    /// Writes a JSON document to a key; one that is there already stays if `keep_first`.
    pub(crate) async fn put_json(
        &self,
        bucket: &str,
        key: &Path,
        json: &serde_json::Value,
        keep_first: bool,
    ) -> object_store::Result<()> {
        let options = PutOptions {
            mode: if keep_first {
                PutMode::Create
            } else {
                PutMode::Overwrite
            },
            attributes: media_type("application/json"),
            ..PutOptions::default()
        };
        let body = serde_json::to_vec_pretty(json).unwrap_or_default(); // text keys: never fails
        match self
            .bucket(bucket)?
            .put_opts(key, body.into(), options)
            .await
        {
            Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. })
                if keep_first =>
            {
                Ok(())
            }
            result => result.map(drop),
        }
    }
}

/// Streams the body into a file that has no name once it is mapped.
async fn spool(result: GetResult, limits: &Limits) -> io::Result<Result<Source, Error>> {
    let size = result.meta.size;
    let mut file = tempfile::NamedTempFile::new()?;
    let mut chunks = result.into_stream();
    while let Some(chunk) = chunks.try_next().await? {
        file.write_all(&chunk)?;
    }
    if file.as_file().metadata()?.len() != size {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Source::from_path(file.path(), limits).map_err(Error::from))
}

fn later(error: impl ToString) -> Missing {
    Missing::Later(error.to_string())
}

/// An object that was deleted or replaced is nobody's fault; a bucket that is not there is somebody's.
fn missing(error: StoreError) -> Missing {
    let text = error.to_string();
    match error {
        StoreError::NotFound { .. } if !text.contains("NoSuchBucket") => {
            Missing::Gone("the object was deleted".to_owned())
        }
        StoreError::Precondition { .. } => Missing::Gone(
            "the object was replaced; its new version has an event of its own".to_owned(),
        ),
        _ => Missing::Later(text),
    }
}

/// The entity tag as a segment of a key.
fn id(etag: Option<&str>) -> String {
    let regular = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let id: String = etag.unwrap_or_default().chars().filter(regular).collect();
    if id.is_empty() {
        "unknown".to_owned()
    } else {
        id
    }
}

fn media_type(name: &'static str) -> Attributes {
    Attributes::from_iter([(Attribute::ContentType, name)])
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;
    use serde_json::json;

    use super::*;

    fn bucket() -> (S3, Arc<dyn ObjectStore>) {
        let (s3, store) = (
            S3::default(),
            Arc::new(InMemory::new()) as Arc<dyn ObjectStore>,
        );
        let stores = HashMap::from([("b".to_owned(), Arc::clone(&store))]);
        *s3.stores.lock().unwrap() = stores;
        (s3, store)
    }

    async fn get(store: &Arc<dyn ObjectStore>, key: &str) -> Vec<u8> {
        let options = GetOptions::default();
        let result = store.get_opts(&Path::from(key), options).await.unwrap();
        result.bytes().await.unwrap().to_vec()
    }

    #[tokio::test]
    async fn a_file_of_many_parts_arrives_whole() {
        let (s3, store) = bucket();
        for bytes in [0, PART_BYTES - 1, PART_BYTES, 3 * PART_BYTES + 7] {
            let content: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8).collect();
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&content).unwrap();
            s3.put_file("b", Path::from("k"), file).await.unwrap();
            assert!(get(&store, "k").await == content, "{bytes}");
        }
    }

    #[tokio::test]
    async fn a_document_replaces_the_last_unless_the_first_is_to_stay() {
        let (s3, store) = bucket();
        let key = Path::from("k");
        for (n, keep_first, there) in [(1, true, "1"), (2, true, "1"), (3, false, "3")] {
            s3.put_json("b", &key, &json!(n), keep_first).await.unwrap();
            assert_eq!(get(&store, "k").await, there.as_bytes());
        }
    }
}
