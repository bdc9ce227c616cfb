//! Workbooks that are encrypted with a password, by [MS-OFFCRYPTO]: OLE bytes and a password come in, the zip goes out.
//!
//! Two of its methods are read: agile (Excel since 2010) and standard (Excel 2007). The others are named in the error. What is
//! in the zip is the caller's business. Up to Excel 2003 single records are encrypted, of which `filepass` tells how.

mod agile;
mod agile_info;
mod filepass;
mod header;
mod package;
mod primitives;
mod rc4;
mod standard;
#[cfg(test)]
mod tests;
mod xor;

use crate::{
    cancel::CancelToken,
    error::{Error, ErrorKind, Result},
    limits::Limits,
};

pub(crate) use self::filepass::{FilePass, RecordCipher};
use self::{agile::Agile, package::Package, standard::Standard};
use crate::ole::Container;

/// The password of files that Excel encrypts and opens without asking (a protected workbook structure, [MS-OFFCRYPTO]
/// 2.4.2.3).
const DEFAULT_PASSWORD: &str = "VelvetSweatshop";

/// The workbook, encrypted.
const PACKAGE: &str = "EncryptedPackage";
/// How it was encrypted.
const INFO: &str = "EncryptionInfo";

/// Opens a workbook with its password, or with the default one where none is given or needed: spreadsheet programs do so
/// without asking.
pub(crate) fn with_password<T>(
    password: Option<&str>,
    open: impl Fn(&str) -> Result<T>,
) -> Result<T> {
    match password {
        Some(password) => open(password).or_else(|error| match error.kind() {
            ErrorKind::Encrypted => open(DEFAULT_PASSWORD).map_err(|_| error),
            _ => Err(error),
        }),
        None => open(DEFAULT_PASSWORD).map_err(|error| match error.kind() {
            ErrorKind::Encrypted | ErrorKind::Malformed => {
                Error::encrypted("the workbook is protected by a password")
                    .with_hint("give the password, or save it without one in a spreadsheet program")
            }
            _ => error,
        }),
    }
}

/// True when these OLE bytes hold an encrypted workbook. True as well for one that is damaged, or protected by something else
/// than a password: [`decrypt`] says what is wrong with it.
pub(crate) fn is_encrypted(ole: &[u8]) -> bool {
    Container::open(ole).is_ok_and(|container| container.find(PACKAGE).is_some())
}

/// The zip in these OLE bytes.
///
/// # Errors
/// `Encrypted` when the password is wrong, `Unsupported` for other methods, `Malformed` for damage, `Limit` for more rounds of
/// hashing than `max_password_spins`, `Cancelled`.
pub(crate) fn decrypt(
    ole: &[u8],
    password: &str,
    limits: &Limits,
    cancel: &CancelToken,
) -> Result<Vec<u8>> {
    let container = Container::open(ole)?;
    if container.find(PACKAGE).is_some() && container.find(INFO).is_none() {
        return Err(unsupported("with rights management (IRM)"));
    }
    let info = package::read_info(&container, limits)?;
    let in_info = |error: Error| error.in_part(INFO);
    // The password is checked before the workbook is read.
    match Version::of(&info).map_err(in_info)? {
        Version::Agile(xml) => {
            let agile = Agile::parse(xml, limits).map_err(in_info)?;
            let key = agile.unlock(password, limits, cancel)?;
            agile.decrypt(&key, Package::read(&container)?, cancel)
        }
        Version::Standard(header) => {
            let standard = Standard::parse(header).map_err(in_info)?;
            let key = standard.unlock(password, limits, cancel)?;
            standard::decrypt(&key, Package::read(&container)?, cancel)
        }
    }
}

/// What follows the version of `EncryptionInfo`.
enum Version<'a> {
    Agile(&'a [u8]),
    Standard(&'a [u8]),
}

impl<'a> Version<'a> {
    /// ```text
    /// major u16 | minor u16 | flags u32 | XML, or header and verifier
    /// ```
    fn of(info: &'a [u8]) -> Result<Version<'a>> {
        let Some((version, rest)) = info.split_first_chunk::<8>() else {
            return Err(Error::malformed(format!(
                "{} bytes are too few to say how the workbook is encrypted",
                info.len()
            )));
        };
        let [major, minor] = [0, 2].map(|at| u16::from_le_bytes([version[at], version[at + 1]]));
        match (major, minor) {
            (4, 4) => Ok(Version::Agile(rest)),
            (2..=4, 2) => Ok(Version::Standard(rest)),
            (3 | 4, 3) => Err(unsupported(
                "by a provider of its own (extensible encryption)",
            )),
            _ => Err(unsupported(format!(
                "with version {major}.{minor} of the format"
            ))),
        }
    }
}

/// The file is encrypted, but not in a way that is read here.
fn unsupported(how: impl std::fmt::Display) -> Error {
    Error::unsupported(format!("the workbook is encrypted {how}"))
        .with_hint("open it in Excel, set its password anew or remove it, and save it")
}

fn wrong_password() -> Error {
    Error::encrypted("the password does not open the workbook")
        .with_hint("check the password: upper and lower case letters are not the same")
}
