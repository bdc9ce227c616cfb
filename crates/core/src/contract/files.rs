//! Files that a contract is read from: its own, and those it names.

use std::{
    fs,
    path::{Component, Path},
};

use super::{
    document::{self, Node},
    place::Place,
};
use crate::error::{Error, Result};

/// A contract file larger than this is none.
const MAX_BYTES: u64 = 16 << 20;

/// The tree of a file.
pub(super) fn parse(path: &Path) -> Result<Node> {
    let name = path.display().to_string();
    let io = |error| Error::unreadable(error, format!("cannot read contract {name}"));
    let bytes = fs::metadata(path).map_err(io)?.len();
    if bytes > MAX_BYTES {
        return Err(Error::contract(format!(
            "{bytes} bytes are too many for a contract (limit {MAX_BYTES})"
        ))
        .in_file(name));
    }
    let text = String::from_utf8(fs::read(path).map_err(io)?).map_err(|error| {
        Error::contract(format!("not UTF-8: {}", error.utf8_error())).in_file(name.as_str())
    })?;
    document::parse(&text).map_err(|error| error.in_file(name))
}

/// Shows `read` the object that stands here, or in the file that is named here: one in the folder of the contract. A contract
/// that is no file has no folder.
pub(super) fn here_or_there<T>(
    place: &Place<'_>,
    folder: Option<&Path>,
    read: impl FnOnce(&Place<'_>) -> Result<T>,
) -> Result<T> {
    let Ok(name) = place.text() else {
        return read(place);
    };
    let path = Path::new(name);
    let stays = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if name.contains("://") || !path.components().all(stays) {
        return Err(place
            .expected("an object, or a file in the folder of the contract")
            .with_hint("save it beside the contract"));
    }
    let folder = folder.ok_or_else(|| {
        place
            .error(format!("{name:?} is a file, and this contract is none"))
            .with_hint("put what is in that file here")
    })?;
    let file = folder.join(path);
    let node = parse(&file)?;
    read(&Place::root(&node)).map_err(|error| error.in_file(file.display().to_string()))
}
