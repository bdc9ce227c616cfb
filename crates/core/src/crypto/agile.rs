//! Agile encryption ([MS-OFFCRYPTO] 2.3.4.10 to 2.3.4.15): the workbook is encrypted in segments with a random key, that key
//! with one made of the password. Excel writes it since 2010.

use crate::{
    cancel::CancelToken,
    error::{Error, Result},
    limits::Limits,
};

pub(super) use super::agile_info::Agile;
use super::{
    INFO, PACKAGE,
    agile_info::Parameters,
    package::Package,
    primitives::{Aes, BLOCK},
    wrong_password,
};

/// Bytes of the workbook that are encrypted together.
const SEGMENT: usize = 4096;
/// Bytes decrypted between two looks at the cancel token; few enough to be still in the cache after the integrity check.
const CHUNK: usize = 64 * SEGMENT;

// What is mixed into a hash, so that each key and vector differs.
const VERIFIER_INPUT: [u8; 8] = [0xfe, 0xa7, 0xd2, 0x76, 0x3b, 0x4b, 0x9e, 0x79];
const VERIFIER_HASH: [u8; 8] = [0xd7, 0xaa, 0x0f, 0x6d, 0x30, 0x61, 0x34, 0x4e];
const KEY_VALUE: [u8; 8] = [0x14, 0x6e, 0x0b, 0xe7, 0xab, 0xac, 0xd0, 0xd6];
const INTEGRITY_KEY: [u8; 8] = [0x5f, 0xb2, 0xad, 0x01, 0x0c, 0xb9, 0xe1, 0xf6];
const INTEGRITY_VALUE: [u8; 8] = [0xa0, 0x67, 0x7f, 0x02, 0xb2, 0x2c, 0x84, 0x33];

impl Agile {
    /// The key of the workbook, if this is its password.
    pub(super) fn unlock(
        &self,
        password: &str,
        limits: &Limits,
        cancel: &CancelToken,
    ) -> Result<Aes> {
        let own = &self.password;
        let with = &own.parameters;
        let hash = with
            .hash
            .of_password(password, &with.salt, own.spins, limits, cancel)?;
        let open = |encrypted: &[u8], purpose: &[u8]| {
            let key = fitted(&with.hash.of(&[&hash, purpose]), with.key_len);
            let iv = first_block(&with.salt);
            decrypted(&Aes::new(&key)?, iv, encrypted)
        };

        let mut input = open(&own.verifier_input, &VERIFIER_INPUT)?;
        // As long as the salt; the rest fills the block.
        input.truncate(with.salt.len());
        let expected = open(&own.verifier_hash, &VERIFIER_HASH)?;
        if !expected.starts_with(&with.hash.of(&[&input])) {
            return Err(wrong_password());
        }
        let key = open(&own.key_value, &KEY_VALUE)?;
        let key = key.get(..self.data.key_len).ok_or_else(|| {
            Error::malformed(format!(
                "the workbook's key has {} bytes, expected {}",
                key.len(),
                self.data.key_len
            ))
        })?;
        Aes::new(key)
    }

    /// The workbook in its package, if it is as it was written.
    pub(super) fn decrypt(
        &self,
        key: &Aes,
        mut package: Package,
        cancel: &CancelToken,
    ) -> Result<Vec<u8>> {
        let mut integrity = match &self.integrity {
            None => None,
            Some(sealed) => {
                let mac_key = self.integrity_bytes(key, &sealed.key, &INTEGRITY_KEY)?;
                let value = self.integrity_bytes(key, &sealed.value, &INTEGRITY_VALUE)?;
                Some((self.data.hash.keyed(&mac_key), value))
            }
        };
        if let Some((mac, _)) = &mut integrity {
            mac.update(&package.size);
        }
        let padded_len = package.padded_len();
        let mut segment = 0u32;
        for (nth, chunk) in package.data.chunks_mut(CHUNK).enumerate() {
            cancel.check()?;
            // The check covers all bytes, encrypted, with what may follow the workbook.
            if let Some((mac, _)) = &mut integrity {
                mac.update(chunk);
            }
            let workbook = padded_len.saturating_sub(nth * CHUNK).min(chunk.len());
            for bytes in chunk[..workbook].chunks_mut(SEGMENT) {
                let iv = self.data.vector(&segment.to_le_bytes());
                key.decrypt_cbc(iv, bytes);
                segment = segment.wrapping_add(1);
            }
        }
        if let Some((mac, value)) = integrity
            && *mac.finalize() != *value
        {
            return Err(Error::malformed("the encrypted workbook was damaged").in_part(PACKAGE));
        }
        Ok(package.into_workbook())
    }

    /// Key or value of the integrity check: as long as a hash.
    fn integrity_bytes(&self, key: &Aes, encrypted: &[u8], purpose: &[u8]) -> Result<Vec<u8>> {
        let mut bytes = decrypted(key, self.data.vector(purpose), encrypted)?;
        bytes.truncate(self.data.hash.of(&[]).len());
        Ok(bytes)
    }
}

impl Parameters {
    /// Where a chain of blocks begins: it differs by purpose.
    fn vector(&self, purpose: &[u8]) -> [u8; BLOCK] {
        first_block(&self.hash.of(&[&self.salt, purpose]))
    }
}

fn decrypted(key: &Aes, iv: [u8; BLOCK], encrypted: &[u8]) -> Result<Vec<u8>> {
    if !encrypted.len().is_multiple_of(BLOCK) {
        let len = encrypted.len();
        let message = format!("{len} encrypted bytes, expected a multiple of {BLOCK}");
        return Err(Error::malformed(message).in_part(INFO));
    }
    let mut bytes = encrypted.to_vec();
    key.decrypt_cbc(iv, &mut bytes);
    Ok(bytes)
}

/// Cut, or filled with 0x36 ([MS-OFFCRYPTO] 2.3.4.11).
fn fitted(bytes: &[u8], len: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.resize(len, 0x36);
    bytes
}

fn first_block(bytes: &[u8]) -> [u8; BLOCK] {
    let mut block = [0x36; BLOCK];
    block
        .iter_mut()
        .zip(bytes)
        .for_each(|(to, from)| *to = *from);
    block
}
