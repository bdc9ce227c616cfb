//! Stub.
#![allow(unused)]
use crate::{
    cancel::CancelToken,
    error::{Error, Result},
    limits::Limits,
};

pub(crate) const DEFAULT_PASSWORD: &str = "VelvetSweatshop";

pub(crate) fn is_encrypted(ole: &[u8]) -> bool {
    let name: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    memchr::memmem::find(ole, &name).is_some()
}

pub(crate) fn decrypt(
    ole: &[u8],
    password: &str,
    limits: &Limits,
    cancel: &CancelToken,
) -> Result<Vec<u8>> {
    Err(Error::encrypted("not read yet"))
}
