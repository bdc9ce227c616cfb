//! Places for one check: a directory, and a prefix of a bucket.

use std::fs;
use std::path::{Path, PathBuf};

use sheetlift_load::conformance::Shelf;
use sheetlift_load::files::{FilesSink, Format};
use sheetlift_load::{Sink, connect};
use tempfile::TempDir;

use super::readers::{self, Files, Rows};

/// A directory that is not there yet, inside of one that is.
pub(super) struct Directory {
    dir: TempDir,
    format: Format,
}

impl Directory {
    pub(super) fn new(format: Format) -> Directory {
        Directory {
            dir: tempfile::tempdir().unwrap(),
            format,
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.dir.path().join("deep/out")
    }

    pub(super) fn address(&self) -> String {
        format!("file:{}?format={}", self.path().display(), self.format)
    }

    pub(super) fn open(&self) -> FilesSink {
        FilesSink::directory(self.path(), self.format).unwrap()
    }

    pub(super) fn files(&self) -> Files {
        let mut files = Files::new();
        for path in walk(&self.path()).into_iter().filter(|path| path.is_file()) {
            let name = path
                .strip_prefix(self.path())
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            files.insert(name, fs::read(path).unwrap());
        }
        files
    }
}

impl Shelf for Directory {
    fn sink(&self) -> Box<dyn Sink> {
        connect(&self.address()).unwrap()
    }

    fn rows(&self, table: &str, columns: &[&str]) -> Rows {
        readers::rows(&self.files(), table, columns)
    }

    fn traces(&self) -> Vec<String> {
        walk(self.dir.path())
            .iter()
            .map(|path| path.display().to_string())
            .collect()
    }
}

/// Everything below a directory, sorted.
pub(super) fn walk(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}
