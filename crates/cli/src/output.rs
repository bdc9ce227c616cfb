//! Where results go: standard output, or a file that is complete the moment it has its name.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use sheetlift::{Error, Result};
use tempfile::NamedTempFile;

/// `-` means standard output.
pub(crate) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Refuses to write a file over one that is read: its author would lose it.
pub(crate) fn keep_apart<'a>(
    written: impl IntoIterator<Item = &'a Path>,
    read: impl IntoIterator<Item = &'a Path>,
) -> Result<()> {
    let read: Vec<&Path> = read.into_iter().collect();
    let written: Vec<&Path> = written.into_iter().collect();
    for (at, output) in written.iter().enumerate() {
        let is_twice = |other: &&Path| place(output).is_some_and(|here| place(other) == Some(here));
        if written[..at].iter().any(is_twice) {
            let what = format!("{} is given twice", output.display());
            return Err(Error::usage("usage/output", what).with_hint("write to another file"));
        }
    }
    for output in written {
        if let Some(input) = read.iter().find(|input| is_same_file(output, input)) {
            let (output, input) = (output.display(), input.display());
            let what = format!("{output} cannot be written: it is {input}, which is read");
            return Err(Error::usage("usage/output", what).with_hint("write to another file"));
        }
    }
    Ok(())
}

/// Where a file will be: the real folder, and its name there.
fn place(path: &Path) -> Option<PathBuf> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
    let is_file =
        !is_stdout(path) && fs::metadata(path).map_or(true, |metadata| metadata.is_file());
    is_file.then_some(folder.join(path.file_name()?))
}

/// True for two names, or links, of one file. A device or a pipe is no file.
fn is_same_file(one: &Path, other: &Path) -> bool {
    if one == other && !is_stdout(one) {
        return true;
    }
    let file = |path: &Path| {
        let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file);
        #[cfg(not(unix))]
        let metadata = metadata.and_then(|_| fs::canonicalize(path).ok());
        metadata
    };
    let (Some(one), Some(other)) = (file(one), file(other)) else {
        return false;
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (one.dev(), one.ino()) == (other.dev(), other.ino())
    }
    #[cfg(not(unix))]
    {
        one == other
    }
}

/// A file under way. Dropped before [`Output::publish`], nothing of it remains.
pub(crate) struct Output {
    path: PathBuf,
    inner: Inner,
}

enum Inner {
    /// Beside its final place, so that the rename cannot fail half way.
    Temporary(NamedTempFile),
    /// A pipe or device, which cannot be replaced.
    Direct(File),
}

impl Output {
    pub(crate) fn create(path: &Path) -> Result<Output> {
        let fail = |error| {
            Error::io(error, format_args!("cannot write {}", path.display()))
                .with_hint("check that the directory exists and can be written to")
        };
        let special = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        let inner = if special {
            Inner::Direct(File::options().write(true).open(path).map_err(fail)?)
        } else {
            Inner::Temporary(temporary(path).map_err(fail)?)
        };
        Ok(Output {
            path: path.to_owned(),
            inner,
        })
    }

    /// A buffered writer to it.
    pub(crate) fn writer(&self) -> Result<BufWriter<File>> {
        let file = match &self.inner {
            Inner::Temporary(file) => file.as_file().try_clone(),
            Inner::Direct(file) => file.try_clone(),
        };
        let file = file.map_err(|error| self.explain(error))?;
        Ok(BufWriter::with_capacity(256 << 10, file))
    }

    /// Gives it its name.
    pub(crate) fn publish(self) -> Result<()> {
        match self.inner {
            Inner::Temporary(file) => match file.persist(&self.path) {
                Ok(_) => Ok(()),
                Err(error) => Err(Error::io(
                    error.error,
                    format_args!("cannot write {}", self.path.display()),
                )),
            },
            Inner::Direct(_) => Ok(()),
        }
    }

    fn explain(&self, error: io::Error) -> Error {
        Error::io(error, format_args!("cannot write {}", self.path.display()))
    }
}

fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".sheetlift-").suffix(".part");
    // As for any new file; temporary files are private otherwise.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory)
}

/// Writes a whole text to a file or, for `-`, to standard output.
pub(crate) fn write_text(path: &Path, text: &str) -> Result<()> {
    if is_stdout(path) {
        return print(text);
    }
    let output = Output::create(path)?;
    let mut writer = output.writer()?;
    let written = writer
        .write_all(text.as_bytes())
        .and_then(|()| writer.flush());
    written.map_err(|error| output.explain(error))?;
    output.publish()
}

/// As [`write_text`], piece by piece.
pub(crate) fn write_to(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    if is_stdout(path) {
        let mut out = BufWriter::new(io::stdout().lock());
        write(&mut out)?;
        let flushed = out.flush();
        return flushed.map_err(|error| Error::io(error, "cannot write to standard output"));
    }
    let output = Output::create(path)?;
    let mut writer = output.writer()?;
    write(&mut writer)?;
    writer.flush().map_err(|error| output.explain(error))?;
    output.publish()
}

/// Prints to standard output.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    printed.map_err(|error| Error::io(error, "cannot write to standard output"))
}

/// Prints to standard error, where notes go that are not the result.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}"); // nobody is left to tell
}
