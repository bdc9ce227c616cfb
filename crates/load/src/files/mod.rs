//! The files sink: Parquet, Arrow IPC, CSV or NDJSON in a directory, or in a bucket of S3 (feature `s3`).
//!
//! ```text
//! <prefix>/<table>/<import id>/part-00000.parquet    rows, in the order of their arrival
//! <prefix>/<table>/<import id>/part-00001.parquet
//! <prefix>/<table>/<import id>/_rejects.ndjson       rows that the caller refused, if there are any
//! <prefix>/<table>/<import id>/_conflicts.ndjson     rows that the files cannot hold, if there are any
//! <prefix>/<table>/_sheetlift/<import id>.json       the manifest
//! ```
//!
//! # The manifest is the commit
//!
//! An import without a manifest does not exist: read the manifests (names that end in `.json`) and the parts that they
//! name, and no others. It is created with `If-None-Match: *` (in a directory: as a hard link, which fails if the name is
//! taken, so that the file system has to know hard links), after everything it names is whole and, in a directory, synced
//! to the disk. Of two loaders of one import the first to create it wins; the other is told
//! [`AlreadyLoaded`](crate::State::AlreadyLoaded). There is no lease, and nobody is busy.
//!
//! Until the commit no file has its name: parts are uploads that S3 has not been asked to complete, or files such as
//! `part-00000.parquet#1`. A dry run and an import that is dropped throw them away. A loader that is killed leaves them
//! behind, or, if it was killed while it committed, parts without a manifest; both are harmless, and the next attempt
//! writes the same bytes to the same names. In a directory the commit of that attempt removes the `#` files as well. In a
//! bucket set a lifecycle rule that aborts incomplete multipart uploads; leftovers that no attempt followed are the
//! folders without a manifest:
//!
//! ```text
//! comm -23 <(ls out/items | grep '^imp_' | sort) <(ls out/items/_sheetlift | sed 's/.json$//' | sort)
//! ```
//!
//! There is no history but the manifests, and no [`undo`](Sink::undo): to take an import back remove its manifest, and
//! then its folder.
//!
//! Nothing is listed or deleted in a bucket, so that the credentials need `s3:PutObject`, `s3:GetObject` and
//! `s3:AbortMultipartUpload` on the objects; with `s3:ListBucket` on the bucket as well, S3 answers "not found" rather
//! than "forbidden" for a manifest that is not there, and without it no import can begin.
//!
//! The manifest is JSON: `format_version` (1), `created_by`, `import_id`, `import_key`, `source_name`, `table`, `mode`,
//! `format`, `schema` (`name`, Arrow `type` and `nullable` of each column), `parts` (`path` below the folder of the
//! table, `rows`, `bytes`, `blake3`), `rejects` and `conflicts` (the same, if there are any), `outcome` and
//! `committed_at`. [`FilesSink::verify`] compares the files with it.
//!
//! # Modes
//!
//! [`Append`](crate::Mode::Append) and [`Insert`](crate::Mode::Insert) keep every row. Nothing that is there is read: a
//! key which exists, in another import or in this one, is not looked for. Modes that would have to are refused with
//! `usage/files-mode`, and references to other tables with `usage/files-references`. A row without a value in a column
//! that is not nullable, or (but for `Append`) of the key, becomes the conflict `load/target-constraint`, and so does a
//! value that the plan's type, or the format, cannot hold. [`Plan::create_table`], unique keys and the lease have no
//! meaning here.
//!
//! # The same rows give the same bytes
//!
//! Whatever the sizes of batches, and whoever loads them: a part ends after 1,048,576 rows or 1 GiB (before encoding,
//! with the 8,192 rows or 8 MiB that reach it), names count from `part-00000`. Another release of sheetlift, whose
//! version a Parquet file tells, may write other bytes for the same rows; two releases that load one import at the same
//! moment and overwrite each other's parts are told so (`sink/parts-differ`).
//!
//! A table's folder is its name if that is made of `a-z`, `0-9`, `_` and inner dots, and no longer than 100 bytes. Any
//! other name becomes up to 60 of its letters and digits, `-`, and the first 32 hexadecimal digits of its BLAKE3 hash;
//! two tables never share a folder.
//!
//! # Memory
//!
//! Up to 8,192 rows or 8 MiB that wait for more (three times that while they are fitted and joined), the encoded pages of
//! one Parquet row group (131,072 rows or 32 MiB before encoding, twice what they take encoded while the group ends),
//! four chunks of 8 MiB on their way and one for each file that is open: below 100 MiB for CSV and NDJSON, and at most
//! 176 MiB, whatever the number of rows; plus the batch that is being staged and its largest row. S3 takes 10,000 chunks,
//! 80 GB, for an object.
//!
//! # Types
//!
//! | Arrow | Parquet, Arrow IPC | CSV | NDJSON |
//! | --- | --- | --- | --- |
//! | Int*, UInt* | the same | digits | number |
//! | Boolean | the same | `true`, `false` | `true`, `false` |
//! | Float16/32/64 | Float32, Float32, Float64 | shortest digits that read back, `NaN`, `inf`, `-inf` | number; NaN and infinities become conflicts |
//! | Decimal32/64/128 | Decimal128 | all digits of the scale | string of them |
//! | Utf8, LargeUtf8, Utf8View, dictionaries of them | Utf8 | text; `""` if empty | string |
//! | Binary, LargeBinary, BinaryView, FixedSizeBinary | Binary | hexadecimal digits | string of them |
//! | Date32, Date64 | Date32 | `2026-01-31` | string of it |
//! | Timestamp without zone | the same, seconds as milliseconds | `2026-01-31T08:30:00`, with `.250` (3, 6 or 9 digits) where there is a fraction | string of it |
//! | Timestamp with zone | the same, seconds as milliseconds | the instant in UTC, `2026-01-31T07:30:00+00:00` | string of it |
//! | Time32, Time64 | the same, seconds as milliseconds | `08:30:00`, with a fraction as above | string of it |
//! | Duration | the same (Parquet: INT64 to other readers) | a count of the type's own unit | number of it |
//! | Null, and no value | null | nothing between the commas | `null` |
//!
//! Years outside of 0000 to 9999 become conflicts in CSV and NDJSON. CSV follows RFC 4180, with a line of names and CRLF;
//! a CSV of one column has `""` for no value, since readers skip lines without a character. Decimals are strings in
//! NDJSON because most readers round numbers to doubles; integers are numbers, and readers in JavaScript round those
//! beyond 2^53. Lists, structs, maps, unions, intervals and Decimal256 are refused by column name before any row moves.
//! Metadata of the schema is not written.

mod address;
mod background;
mod cut;
mod encode;
mod fault;
mod fit;
mod format;
mod import;
mod manifest;
mod names;
mod parts;
mod place;
#[cfg(feature = "s3")]
mod s3;
mod side;
mod upload;

use std::path::{Path as FilePath, absolute};
use std::sync::Arc;

use object_store::path::Path;

pub use format::Format;

use self::background::Background;
use self::fault::{fault, io_fault};
use self::manifest::Manifest;
use self::names::Layout;
use self::place::Place;
use crate::error::{Error, ErrorKind, Result};
use crate::key::ImportKey;
use crate::plan::Plan;
use crate::sink::{Begin, Sink};

/// A directory, or a prefix in a bucket, that takes imports as files.
///
/// ```
/// use std::sync::Arc;
/// use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
/// use sheetlift_load::files::{FilesSink, Format};
/// use sheetlift_load::{Begin, ImportKey, KeyParts, Mode, Plan, Sink};
///
/// let skus: ArrayRef = Arc::new(StringArray::from(vec!["A-1", "A-2"]));
/// let stock: ArrayRef = Arc::new(Int64Array::from(vec![Some(12), None]));
/// let batch = RecordBatch::try_from_iter([("sku", skus), ("stock", stock)])?;
/// let key = ImportKey::of(&KeyParts { content: b"the file", target: "items", mode: Mode::Insert, ..KeyParts::default() });
/// let plan = Plan::new(key, "items", batch.schema()).with_mode(Mode::Insert);
///
/// # let dir = tempfile::tempdir()?;
/// # let out = dir.path().join("out");
/// let sink = FilesSink::directory(&out, Format::Csv)?; // such as "out"; or connect("file:out?format=csv")
/// let Begin::Claimed(mut import) = sink.begin(&plan)? else { panic!("loaded before") };
/// import.stage(&batch, &[1, 2])?;
/// assert_eq!(import.commit(false)?.inserted, 2);
///
/// let part = out.join("items").join(key.import_id()).join("part-00000.csv");
/// assert_eq!(std::fs::read_to_string(part)?, "sku,stock\r\nA-1,12\r\nA-2,\r\n");
/// assert_eq!(sink.verify("items", &key)?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct FilesSink {
    place: Place,
    /// What the paths of objects begin with; empty in a directory.
    prefix: Path,
    format: Format,
    /// The place, for messages.
    shown: String,
    background: Arc<Background>,
}

impl FilesSink {
    /// A directory, which need not exist yet: the first import that writes creates it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Sink`] when the path is there and is no directory, or cannot be read.
    pub fn directory(path: impl AsRef<FilePath>, format: Format) -> Result<FilesSink> {
        let shown = path.as_ref().display().to_string();
        let place = Place::Local(absolute(path).map_err(io_fault(&shown, "finding"))?);
        place.read(&shown)?;
        Ok(FilesSink {
            place,
            prefix: Path::default(),
            format,
            shown,
            background: Arc::new(Background::new()?),
        })
    }

    /// A prefix, which may be empty, in a bucket of S3.
    ///
    /// Everything else comes from the environment, as the tools of AWS have it: `AWS_REGION`, `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`;
    /// credentials from `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, a web identity (`AWS_WEB_IDENTITY_TOKEN_FILE`),
    /// the role of an ECS task or EKS pod, or that of the instance. Profiles in `~/.aws` are not read. An endpoint other than AWS has to
    /// know `If-None-Match` on PutObject.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`] when the names cannot be, or the variables make no sense. Nothing is sent before an import begins.
    #[cfg(feature = "s3")]
    pub fn bucket(bucket: &str, prefix: &str, format: Format) -> Result<FilesSink> {
        let regular = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        if bucket.len() < 3 || bucket.len() > 63 || !bucket.bytes().all(regular) {
            return Err(Error::usage(
                "usage/files-address",
                "the address has no name of a bucket: 3 to 63 letters, digits, dots and hyphens",
            )
            .with_hint("write s3://bucket/prefix; credentials come from the environment"));
        }
        let bad = || {
            Error::usage(
                "usage/files-address",
                "a prefix has no empty or dotted segments and no control characters",
            )
        };
        if prefix.starts_with('/') {
            return Err(bad());
        }
        let path = Path::parse(prefix).map_err(|e| bad().with_source(e))?;
        let shown = match path.as_ref() {
            "" => format!("s3://{bucket}"),
            path => format!("s3://{bucket}/{path}"),
        };
        Ok(FilesSink {
            place: Place::S3(s3::bucket(bucket)?),
            prefix: path,
            format,
            shown,
            background: Arc::new(Background::new()?),
        })
    }

    /// The sink of an address; see [`connect`](crate::connect).
    pub(crate) fn open(url: &str) -> Result<FilesSink> {
        address::open(url)
    }

    /// Reads every file of a committed import, compares it with the manifest, and returns how many there are.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`] if there is no such import, [`ErrorKind::Sink`] with the code `sink/damaged` and the path for a file that is missing or
    /// differs, and when the place cannot be read.
    pub fn verify(&self, table: &str, import_key: &ImportKey) -> Result<usize> {
        let import_id = import_key.import_id();
        let layout = Layout::new(&self.prefix, table, &import_id);
        let (Some(store), Some(found)) = (self.place.read(&self.shown)?, self.find(&layout)?)
        else {
            return Err(Error::usage(
                "usage/no-such-import",
                format!(
                    "{} has no import {import_id} of table {table:?}",
                    self.shown
                ),
            ));
        };
        let manifest = Manifest::parse(&found, &self.shown, &import_id)?;
        let damaged = |path: &str, why: &str| {
            Error::new(
                ErrorKind::Sink,
                "sink/damaged",
                format!("{path} of table {table:?} in {} {why}", self.shown),
            )
            .with_hint("restore it, or remove the manifest of the import and load it again")
        };
        for file in manifest.files() {
            let path = layout
                .resolve(&file.path)
                .ok_or_else(|| damaged(&file.path, "is no file of this import"))?;
            let store = Arc::clone(&store);
            let digest = self
                .background
                .run(async move { upload::digest(&*store, &path).await })?;
            match digest {
                Ok(digest) if digest == file.digest => {}
                Ok(_) => return Err(damaged(&file.path, "differs from what was loaded")),
                Err(object_store::Error::NotFound { .. }) => {
                    return Err(damaged(&file.path, "is missing"));
                }
                Err(error) => return Err(fault(&self.shown, "reading")(error)),
            }
        }
        Ok(manifest.files().count())
    }

    /// The bytes of an import's manifest, if it is there. Whoever is told so may forget the source, and so it has to stay there.
    fn find(&self, layout: &Layout) -> Result<Option<Vec<u8>>> {
        let Some(store) = self.place.read(&self.shown)? else {
            return Ok(None);
        };
        let path = layout.manifest();
        let found = self
            .background
            .run(async move { manifest::read(&*store, &path).await })?;
        let found = found.map_err(fault(&self.shown, "reading"))?;
        if found.is_some() {
            let settled = self.place.settle(&layout.manifests());
            settled.map_err(io_fault(&self.shown, "syncing"))?;
        }
        Ok(found)
    }
}

impl Sink for FilesSink {
    fn name(&self) -> String {
        self.shown.clone()
    }

    fn begin(&self, plan: &Plan) -> Result<Begin> {
        import::begin(self, plan)
    }
}
