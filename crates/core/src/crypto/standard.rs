//! Standard encryption ([MS-OFFCRYPTO] 2.3.4.5 to 2.3.4.9): AES in single blocks, a key from SHA-1. Excel 2007 writes it. It
//! has no integrity check: damage shows in the zip.

use crate::{
    cancel::CancelToken,
    error::{Error, Result},
    limits::Limits,
};

use super::{
    header::{ALGORITHM_RC4, FLAG_AES, FLAG_EXTERNAL, HASH_SHA1, Header, Verifier},
    package::Package,
    primitives::{Aes, BLOCK, Hash},
    unsupported, wrong_password,
};

/// Rounds of hashing, fixed by the format.
pub(super) const SPINS: u32 = 50_000;

/// Bytes decrypted between two looks at the cancel token.
const CHUNK: usize = 1 << 20;

const ALGORITHM_AES_128: u32 = 0x660e;
const ALGORITHM_AES_192: u32 = 0x660f;
const ALGORITHM_AES_256: u32 = 0x6610;

/// How the key is made and checked.
pub(super) struct Standard {
    key_len: usize,
    verifier: Verifier<{ 2 * BLOCK }>,
}

impl Standard {
    /// What follows version and flags.
    pub(super) fn parse(bytes: &[u8]) -> Result<Standard> {
        let mut rest = bytes;
        let Header {
            flags,
            algorithm,
            hash,
            key_bits,
        } = Header::take(&mut rest)?;
        let key_len = key_len(flags, algorithm, key_bits)?;
        if hash != 0 && hash != HASH_SHA1 {
            return Err(unsupported(format!(
                "with the hash {hash:#06x}, SHA-1 is read"
            )));
        }
        let verifier = Verifier::take(&mut rest)?;
        Ok(Standard { key_len, verifier })
    }

    /// The key of the workbook, if this is its password.
    pub(super) fn unlock(
        &self,
        password: &str,
        limits: &Limits,
        cancel: &CancelToken,
    ) -> Result<Aes> {
        let hash = Hash::Sha1.of_password(password, &self.verifier.salt, SPINS, limits, cancel)?;
        let hash = Hash::Sha1.of(&[&hash, &[0; 4]]);
        let mut key = mixed(&hash, 0x36).into_vec();
        key.extend(mixed(&hash, 0x5c));
        key.truncate(self.key_len);
        let aes = Aes::new(&key)?;

        let (mut verifier, mut verifier_hash) = (self.verifier.input, self.verifier.hash);
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
