//! Standard encryption ([MS-OFFCRYPTO] 2.3.4.5 to 2.3.4.9): AES in single blocks, a key from SHA-1. Excel 2007 writes it. It
//! has no integrity check: damage shows in the zip.

use crate::{
    cancel::CancelToken,
    error::{Error, Result},
    limits::Limits,
};

use super::{
    package::Package,
    primitives::{Aes, BLOCK, Hash},
    unsupported, wrong_password,
};

/// Rounds of hashing, fixed by the format.
pub(super) const SPINS: u32 = 50_000;

/// Bytes decrypted between two looks at the cancel token.
const CHUNK: usize = 1 << 20;

const FLAG_EXTERNAL: u32 = 0x10;
const FLAG_AES: u32 = 0x20;
const ALGORITHM_AES_128: u32 = 0x660e;
const ALGORITHM_AES_192: u32 = 0x660f;
const ALGORITHM_AES_256: u32 = 0x6610;
const ALGORITHM_RC4: u32 = 0x6801;
const HASH_SHA1: u32 = 0x8004;

/// How the key is made and checked.
pub(super) struct Standard {
    key_len: usize,
    salt: [u8; 16],
    verifier: [u8; BLOCK],
    verifier_hash: [u8; 2 * BLOCK],
}

impl Standard {
    /// What follows version and flags:
    ///
    /// ```text
    /// header size u32 | header: flags, size extra, algorithm, hash, key bits, provider, 2 reserved (u32), name (UTF-16)
    /// salt size u32 | salt [16] | verifier [16] | hash size u32 | encrypted hash of the verifier [32]
    /// ```
    pub(super) fn parse(bytes: &[u8]) -> Result<Standard> {
        let mut rest = bytes;
        let header_len = usize::try_from(take_u32(&mut rest)?).unwrap_or(usize::MAX);
        let mut header = rest
            .split_off(..header_len)
            .ok_or_else(|| ends_early(header_len, rest.len()))?;
        let flags = take_u32(&mut header)?;
        let _size_extra = take_u32(&mut header)?;
        let algorithm = take_u32(&mut header)?;
        let hash = take_u32(&mut header)?;
        let key_bits = take_u32(&mut header)?;
        let key_len = key_len(flags, algorithm, key_bits)?;
        if hash != 0 && hash != HASH_SHA1 {
            return Err(unsupported(format!(
                "with the hash {hash:#06x}, SHA-1 is read"
            )));
        }

        let salt_len = take_u32(&mut rest)?;
        if salt_len != 16 {
            return Err(Error::malformed(format!(
                "the salt has {salt_len} bytes, expected 16"
            )));
        }
        let salt = take(&mut rest)?;
        let verifier = take(&mut rest)?;
        let hash_len = take_u32(&mut rest)?;
        if hash_len != 20 {
            return Err(Error::malformed(format!(
                "the verifier's hash has {hash_len} bytes, expected 20"
            )));
        }
        let verifier_hash = take(&mut rest)?;
        Ok(Standard {
            key_len,
            salt,
            verifier,
            verifier_hash,
        })
    }

    /// The key of the workbook, if this is its password.
    pub(super) fn unlock(
        &self,
        password: &str,
        limits: &Limits,
        cancel: &CancelToken,
    ) -> Result<Aes> {
        let hash = Hash::Sha1.of_password(password, &self.salt, SPINS, limits, cancel)?;
        let hash = Hash::Sha1.of(&[&hash, &[0; 4]]);
        let mut key = mixed(&hash, 0x36).into_vec();
        key.extend(mixed(&hash, 0x5c));
        key.truncate(self.key_len);
        let aes = Aes::new(&key)?;

        let (mut verifier, mut verifier_hash) = (self.verifier, self.verifier_hash);
        aes.decrypt_ecb(&mut verifier);
        aes.decrypt_ecb(&mut verifier_hash);
        if verifier_hash.starts_with(&Hash::Sha1.of(&[&verifier])) {
            Ok(aes)
        } else {
            Err(wrong_password())
        }
    }
}

/// The workbook in its package.
pub(super) fn decrypt(key: &Aes, mut package: Package, cancel: &CancelToken) -> Result<Vec<u8>> {
    let padded_len = package.padded_len();
    for chunk in package.data[..padded_len].chunks_mut(CHUNK) {
        cancel.check()?;
        key.decrypt_ecb(chunk);
    }
    Ok(package.into_workbook())
}

/// Bytes of the key. An algorithm of 0 leaves the choice to the flags.
fn key_len(flags: u32, algorithm: u32, key_bits: u32) -> Result<usize> {
    let bits = match algorithm {
        _ if flags & FLAG_EXTERNAL != 0 => return Err(unsupported("by a provider of its own")),
        0 if flags & FLAG_AES != 0 => 128,
        ALGORITHM_AES_128 => 128,
        ALGORITHM_AES_192 => 192,
        ALGORITHM_AES_256 => 256,
        0 | ALGORITHM_RC4 => return Err(unsupported("with RC4 (CryptoAPI), AES is read")),
        _ => {
            return Err(unsupported(format!(
                "with the cipher {algorithm:#06x}, AES is read"
            )));
        }
    };
    if key_bits == bits {
        Ok(bits as usize / 8)
    } else {
        Err(Error::malformed(format!(
            "a key of {key_bits} bits for AES of {bits} bits"
        )))
    }
}

/// The hash of `hash` in 64 bytes of `pad`.
fn mixed(hash: &[u8], pad: u8) -> Box<[u8]> {
    let mut block = [pad; 64];
    block
        .iter_mut()
        .zip(hash)
        .for_each(|(to, from)| *to ^= from);
    Hash::Sha1.of(&[&block])
}

fn take_u32(rest: &mut &[u8]) -> Result<u32> {
    take(rest).map(u32::from_le_bytes)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N]> {
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
