//! The manifest: the file whose creation is the commit.

use std::sync::Arc;
use std::time::Duration;

use arrow_schema::{Field, SchemaRef};
use object_store::path::Path;
use object_store::{
    Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, PutOptions, Result as StoreResult,
};
use serde::{Deserialize, Serialize};

use super::Format;
use super::place::Opened;
use super::upload::Digest;
use crate::error::{Error, ErrorKind, Result};
use crate::key::ImportKey;
use crate::mode::Mode;
use crate::outcome::Outcome;
use crate::plan::Plan;

/// A layout that older readers cannot read gets a new number.
const FORMAT_VERSION: u32 = 1;
/// More than any manifest: a million parts need 150 MB.
const MAX_BYTES: u64 = 256 << 20;
/// How often a manifest is tried that is neither created nor there.
const ATTEMPTS: u32 = 5;

/// What an import wrote.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    format_version: u32,
    created_by: String,
    pub(super) import_id: String,
    import_key: ImportKey,
    source_name: String,
    table: String,
    mode: Mode,
    format: Format,
    schema: Vec<ColumnEntry>,
    /// In the order of the rows.
    pub(super) parts: Vec<FileEntry>,
    /// Rows that the caller refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rejects: Option<FileEntry>,
    /// Rows that the files could not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) conflicts: Option<FileEntry>,
    pub(super) outcome: Outcome,
    committed_at: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct ColumnEntry {
    name: String,
    /// As Arrow writes it.
    #[serde(rename = "type")]
    data_type: String,
    nullable: bool,
}

/// A file of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileEntry {
    /// Below the folder of the table.
    pub(super) path: String,
    pub(super) rows: u64,
    #[serde(flatten)]
    pub(super) digest: Digest,
}

/// The files that an import wrote.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) parts: Vec<FileEntry>,
    pub(super) rejects: Option<FileEntry>,
    pub(super) conflicts: Option<FileEntry>,
}

impl Manifest {
    pub(super) fn new(
        plan: &Plan,
        format: Format,
        schema: &SchemaRef,
        files: Files,
        outcome: Outcome,
    ) -> Manifest {
        let column = |field: &Arc<Field>| ColumnEntry {
            name: field.name().clone(),
            data_type: field.data_type().to_string(),
            nullable: field.is_nullable(),
        };
        Manifest {
            format_version: FORMAT_VERSION,
            created_by: concat!("sheetlift ", env!("CARGO_PKG_VERSION")).to_owned(),
            import_id: outcome.import_id.clone(),
            import_key: plan.import_key,
            source_name: plan.source_name.clone(),
            table: plan.table.clone(),
            mode: plan.mode,
            format,
            schema: schema.fields().iter().map(column).collect(),
            parts: files.parts,
            rejects: files.rejects,
            conflicts: files.conflicts,
            outcome,
            committed_at: jiff::Timestamp::now().to_string(),
        }
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec_pretty(self)
            .map_err(|e| Error::bug("the manifest cannot be written").with_source(e))
    }

    /// Reads a manifest that has to be of this import.
    pub(super) fn parse(bytes: &[u8], place: &str, import_id: &str) -> Result<Manifest> {
        let damaged = |why: String| {
            Error::new(
                ErrorKind::Sink,
                "sink/manifest",
                format!("the manifest of {import_id} in {place} {why}"),
            )
            .with_hint("restore it: the import counts as loaded as long as it is there")
        };
        #[derive(Deserialize)]
        struct Version {
            format_version: u32,
        }
        let Version { format_version } =
            serde_json::from_slice(bytes).map_err(|e| damaged(format!("is damaged: {e}")))?;
        if format_version != FORMAT_VERSION {
            return Err(damaged(format!(
                "has the format version {format_version}, and this release reads {FORMAT_VERSION}"
            )));
        }
        let manifest: Manifest =
            serde_json::from_slice(bytes).map_err(|e| damaged(format!("is damaged: {e}")))?;
        if manifest.import_id != import_id || manifest.import_key.import_id() != import_id {
            return Err(damaged(format!(
                "is of another import, {}",
                manifest.import_id
            )));
        }
        Ok(manifest)
    }

    /// Every file with what is known of it.
    pub(super) fn files(&self) -> impl Iterator<Item = &FileEntry> {
        self.parts
            .iter()
            .chain(&self.rejects)
            .chain(&self.conflicts)
    }

    /// A file that both name and that differs: one of them was written over by the other.
    pub(super) fn differs_from<'a>(&'a self, other: &Manifest) -> Option<&'a str> {
        let theirs: Vec<_> = other.files().collect();
        let differs = |file: &&FileEntry| {
            theirs
                .iter()
                .any(|their| their.path == file.path && their != file)
        };
        self.files().find(differs).map(|file| file.path.as_str())
    }
}

/// Reads the bytes of a manifest, if it is there.
pub(super) async fn read(store: &dyn ObjectStore, path: &Path) -> StoreResult<Option<Vec<u8>>> {
    match store.get(path).await {
        Ok(found) if found.meta.size > MAX_BYTES => Err(StoreError::Generic {
            store: "files",
            source: format!(
                "the manifest has {} bytes, expected at most {MAX_BYTES}",
                found.meta.size
            )
            .into(),
        }),
        Ok(found) => Ok(Some(found.bytes().await?.to_vec())),
        Err(error @ StoreError::NotFound { .. }) if error.to_string().contains("NoSuchBucket") => {
            Err(error)
        }
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Creates the manifest, unless there is one: then these are its bytes. An answer that got lost is looked up.
pub(super) async fn create(
    opened: &Opened,
    path: &Path,
    body: &[u8],
) -> StoreResult<Option<Vec<u8>>> {
    let mut attempt = 0;
    loop {
        let options = PutOptions {
            mode: PutMode::Create,
            attributes: opened.attributes("application/json"),
            ..PutOptions::default()
        };
        let Err(error) = opened
            .store
            .put_opts(path, body.to_vec().into(), options)
            .await
        else {
            return Ok(None);
        };
        let found = read(&*opened.store, path).await;
        match found {
            Ok(Some(found)) if found == body => return Ok(None),
            Ok(Some(found)) => return Ok(Some(found)),
            // S3 answers so as well while another request for the same key is under way, which may fail.
            Ok(None) if matches!(error, StoreError::AlreadyExists { .. }) && attempt < ATTEMPTS => {
                attempt += 1;
                tokio::time::sleep(Duration::from_millis(100) * attempt).await;
            }
            Ok(None) | Err(_) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyParts;
    use crate::outcome::State;

    fn manifest(files: &[(&str, &str)]) -> Manifest {
        let schema: SchemaRef = Arc::new(arrow_schema::Schema::empty());
        let plan = Plan::new(ImportKey::of(&KeyParts::default()), "items", schema.clone());
        let entry = |(path, blake3): &(&str, &str)| FileEntry {
            path: (*path).to_owned(),
            rows: 1,
            digest: Digest {
                bytes: 1,
                blake3: (*blake3).to_owned(),
            },
        };
        let outcome = Outcome {
            import_id: plan.import_key.import_id(),
            state: State::Committed,
            read: 1,
            inserted: 1,
            updated: 0,
            unchanged: 0,
            conflict_total: 0,
            conflicts: Vec::new(),
            rejected: 0,
            removed: 0,
        };
        let files = Files {
            parts: files.iter().map(entry).collect(),
            ..Files::default()
        };
        Manifest::new(&plan, Format::Csv, &schema, files, outcome)
    }

    #[test]
    fn a_file_that_another_loader_wrote_differently_is_found() {
        let ours = manifest(&[("p0.csv", "a"), ("p1.csv", "b")]);
        for (theirs, expected) in [
            (manifest(&[("p0.csv", "a"), ("p1.csv", "b")]), None),
            (
                manifest(&[("p0.csv", "a"), ("p1.csv", "c")]),
                Some("p1.csv"),
            ),
            (manifest(&[("p0.parquet", "x")]), None),
        ] {
            assert_eq!(ours.differs_from(&theirs), expected);
        }
    }

    #[test]
    fn is_read_back() {
        let ours = manifest(&[("p0.csv", "a")]);
        let (id, bytes) = (ours.import_id.clone(), ours.to_bytes().unwrap());
        let read = Manifest::parse(&bytes, "out", &id).unwrap();
        assert_eq!((&read.parts, &read.outcome), (&ours.parts, &ours.outcome));
        assert_eq!(read.to_bytes().unwrap(), bytes);
    }
}
