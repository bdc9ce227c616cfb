//! What standard encryption of OOXML and RC4 of `.xls` have in common: a header that names the algorithms, and what tells
//! whether a password is right ([MS-OFFCRYPTO] 2.3.2, 2.3.3).
//!
//! ```text
//! header size u32 | header: flags, size extra, algorithm, hash, key bits, provider, 2 reserved (u32), name (UTF-16)
//! salt size u32 | salt [16] | verifier [16] | hash size u32 | encrypted hash of the verifier [20, or whole blocks]
//! ```

use crate::error::{Error, Result};

/// A provider of its own encrypts the file.
pub(super) const FLAG_EXTERNAL: u32 = 0x10;
pub(super) const FLAG_AES: u32 = 0x20;
pub(super) const ALGORITHM_RC4: u32 = 0x6801;
pub(super) const HASH_SHA1: u32 = 0x8004;

/// The algorithms, by their numbers in the CryptoAPI of Windows.
pub(super) struct Header {
    pub(super) flags: u32,
    pub(super) algorithm: u32,
    pub(super) hash: u32,
    pub(super) key_bits: u32,
}

impl Header {
    pub(super) fn take(rest: &mut &[u8]) -> Result<Header> {
        let len = usize::try_from(take_u32(rest)?).unwrap_or(usize::MAX);
        let mut header = rest
            .split_off(..len)
            .ok_or_else(|| ends_early(len, rest.len()))?;
        let flags = take_u32(&mut header)?;
        let _size_extra = take_u32(&mut header)?;
        Ok(Header {
            flags,
            algorithm: take_u32(&mut header)?,
            hash: take_u32(&mut header)?,
            key_bits: take_u32(&mut header)?,
        })
    }
}

/// Salt, random bytes and their hash; the last two are encrypted with the key of the workbook.
pub(super) struct Verifier<const HASH: usize> {
    pub(super) salt: [u8; 16],
    pub(super) input: [u8; 16],
    pub(super) hash: [u8; HASH],
}

impl<const HASH: usize> Verifier<HASH> {
    pub(super) fn take(rest: &mut &[u8]) -> Result<Self> {
        let salt_len = take_u32(rest)?;
        if salt_len != 16 {
            return Err(Error::malformed(format!(
                "the salt has {salt_len} bytes, expected 16"
            )));
        }
        let (salt, input) = (take(rest)?, take(rest)?);
        let hash_len = take_u32(rest)?;
        if hash_len != 20 {
            return Err(Error::malformed(format!(
                "the verifier's hash has {hash_len} bytes, expected 20"
            )));
        }
        Ok(Verifier {
            salt,
            input,
            hash: take(rest)?,
        })
    }
}

pub(super) fn take_u16(rest: &mut &[u8]) -> Result<u16> {
    take(rest).map(u16::from_le_bytes)
}

pub(super) fn take_u32(rest: &mut &[u8]) -> Result<u32> {
    take(rest).map(u32::from_le_bytes)
}

pub(super) fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N]> {
    let (first, after) = rest
        .split_first_chunk()
        .ok_or_else(|| ends_early(N, rest.len()))?;
    *rest = after;
    Ok(*first)
}

fn ends_early(expected: usize, found: usize) -> Error {
    Error::malformed(format!(
        "it ends early: {expected} bytes expected, {found} are left"
    ))
}
