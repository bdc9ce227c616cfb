//! Where files go: a directory, or a bucket.

use std::fs::{self, File};
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Attribute, Attributes, ObjectStore};

use super::fault::{fault, io_fault};
use crate::error::Result;

/// Where files go.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// An absolute path, of a directory that need not exist yet.
    Local(PathBuf),
    #[cfg(feature = "s3")]
    S3(Arc<dyn ObjectStore>),
}

/// A place that is written to by one import.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) store: Arc<dyn ObjectStore>,
    /// The directory behind the store, if it is one.
    root: Option<PathBuf>,
    /// Directories, the innermost first, that were not there before.
    made: Vec<PathBuf>,
}

impl Place {
    /// The store as it is, none for a directory that is not there.
    pub(super) fn read(&self, shown: &str) -> Result<Option<Arc<dyn ObjectStore>>> {
        match self {
            Place::Local(root) => match fs::metadata(root) {
                Ok(found) if !found.is_dir() => Err(io_fault(shown, "reading")(
                    io::ErrorKind::NotADirectory.into(),
                )),
                Ok(_) => Ok(Some(local(root, shown)?)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(io_fault(shown, "reading")(error)),
            },
            #[cfg(feature = "s3")]
            Place::S3(store) => Ok(Some(Arc::clone(store))),
        }
    }

    /// Makes what was found in a folder survive a power cut, as whoever wrote it was about to.
    pub(super) fn settle(&self, folder: &Path) -> io::Result<()> {
        match self {
            Place::Local(root) => sync_all(root, folder),
            #[cfg(feature = "s3")]
            Place::S3(_) => Ok(()),
        }
    }

    /// The store to write the files of a folder to; a directory is made if it is not there.
    pub(super) fn write(&self, shown: &str, folder: &Path) -> Result<Opened> {
        match self {
            Place::Local(root) => {
                let folder = below(root, folder);
                let missing = folder.ancestors().take_while(|path| !path.exists());
                let made: Vec<PathBuf> = missing.map(FilePath::to_owned).collect();
                fs::create_dir_all(root).map_err(io_fault(shown, "creating"))?;
                for path in root
                    .ancestors()
                    .take_while(|path| made.iter().any(|made| made == path))
                {
                    sync(path.parent()).map_err(io_fault(shown, "creating"))?;
                }
                Ok(Opened {
                    store: local(root, shown)?,
                    root: Some(fs::canonicalize(root).map_err(io_fault(shown, "reading"))?),
                    made,
                })
            }
            #[cfg(feature = "s3")]
            Place::S3(store) => Ok(Opened {
                store: Arc::clone(store),
                root: None,
                made: Vec::new(),
            }),
        }
    }
}

impl Opened {
    /// The attributes of an object of a media type; files have none.
    pub(super) fn attributes(&self, media_type: &'static str) -> Attributes {
        match self.root {
            Some(_) => Attributes::new(),
            None => Attributes::from_iter([(Attribute::ContentType, media_type)]),
        }
    }

    /// Makes sure that a folder is there and survives a power cut. The store does so for the folders that it makes itself, not for
    /// those that another loader is making at this moment.
    pub(super) fn settle(&self, folder: &Path) -> io::Result<()> {
        let Some(root) = &self.root else {
            return Ok(());
        };
        fs::create_dir_all(below(root, folder))?;
        sync_all(root, folder)
    }

    /// Removes the directories that were made for the import as far as they are empty.
    pub(super) fn tidy(&self) {
        for path in &self.made {
            // Not empty: somebody else's now.
            if fs::remove_dir(path).is_err_and(|error| error.kind() != io::ErrorKind::NotFound) {
                return;
            }
        }
    }

    /// Removes what killed loaders of an import left in a folder: `part-00000.parquet#1` and the like, if their names begin so. A
    /// loader that is alive has lost the race already and finds the manifest.
    pub(super) fn sweep(&self, folder: &Path, begin: &str) {
        let Some(root) = &self.root else {
            return;
        };
        let entries = fs::read_dir(below(root, folder)).into_iter();
        for entry in entries.flatten().flatten() {
            let name = entry.file_name();
            let staged = name.to_str().and_then(|name| name.rsplit_once('#'));
            let is_ours = |(name, number): (&str, &str)| {
                name.starts_with(begin) && number.bytes().all(|b| b.is_ascii_digit())
            };
            if staged.is_some_and(is_ours) {
                // What cannot be removed is in nobody's way.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Makes the entries of a folder, and of those above it up to the root, survive a power cut.
fn sync_all(root: &FilePath, folder: &Path) -> io::Result<()> {
    let folder = below(root, folder);
    let inside = folder.ancestors().take_while(|path| path.starts_with(root));
    inside.map(Some).try_for_each(sync)
}

fn below(root: &FilePath, folder: &Path) -> PathBuf {
    let mut path = root.to_owned();
    path.extend(folder.parts().map(|part| part.as_ref().to_owned()));
    path
}

fn local(root: &FilePath, shown: &str) -> Result<Arc<dyn ObjectStore>> {
    // A manifest that survives a power cut vouches for its parts: all of them are on the disk before it is.
    let store = LocalFileSystem::new_with_prefix(root).map_err(fault(shown, "reading"))?;
    Ok(Arc::new(store.with_fsync(true)))
}

#[cfg(unix)]
fn sync(folder: Option<&FilePath>) -> io::Result<()> {
    match folder {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// A directory cannot be opened as a file elsewhere, and needs no flush.
#[cfg(not(unix))]
fn sync(_: Option<&FilePath>) -> io::Result<()> {
    Ok(())
}
