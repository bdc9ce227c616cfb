//! The tokens of a part of an OpenDocument package.

use crate::{error::Result, xlsx::Package, xml::StreamTokens, zip::PartRead};

pub(super) fn open(package: &Package, part: &str) -> Result<StreamTokens> {
    let reader = package.reader(part)?;
    Ok(StreamTokens::new(
        PartRead::new(reader),
        &package.budget().limits,
    ))
}
