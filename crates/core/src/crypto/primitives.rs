//! The hashes and ciphers of [MS-OFFCRYPTO], chosen when the file is read.

use aes::{
    Aes128, Aes192, Aes256, Block,
    cipher::{BlockCipherDecrypt, BlockModeDecrypt, InnerIvInit, KeyInit, consts::U16},
};
use hmac::HmacReset;
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512, digest::DynDigest};

use crate::{
    cancel::CancelToken,
    error::{Error, Result},
    limits::{Limits, check},
};

/// Bytes of a block of AES.
pub(super) const BLOCK: usize = 16;

/// Rounds of hashing between two looks at the cancel token: some milliseconds.
const SPINS_PER_LOOK: u32 = 1 << 13;

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// By its name in XML. Some writers put a hyphen after `SHA`.
    pub(super) fn from_name(name: &str) -> Option<Hash> {
        match name.replacen("SHA-", "SHA", 1).as_str() {
            "SHA1" => Some(Hash::Sha1),
            "SHA256" => Some(Hash::Sha256),
            "SHA384" => Some(Hash::Sha384),
            "SHA512" => Some(Hash::Sha512),
            _ => None,
        }
    }

    /// The hash of these bytes, one after the other.
    pub(super) fn of(self, parts: &[&[u8]]) -> Box<[u8]> {
        let mut hasher = self.hasher();
        parts.iter().for_each(|part| hasher.update(part));
        hasher.finalize()
    }

    /// The hash of a password: `h = H(salt, password)`, then `h = H(i, h)` for each spin.
    pub(super) fn of_password(
        self,
        password: &str,
        salt: &[u8],
        spins: u32,
        limits: &Limits,
        cancel: &CancelToken,
    ) -> Result<Box<[u8]>> {
        check(
            "max_password_spins",
            limits.max_password_spins,
            spins.into(),
        )?;
        let mut hasher = self.hasher();
        hasher.update(salt);
        for unit in password.encode_utf16() {
            hasher.update(&unit.to_le_bytes());
        }
        let mut hash = hasher.finalize_reset();
        for spin in 0..spins {
            if spin % SPINS_PER_LOOK == 0 {
                cancel.check()?;
            }
            hasher.update(&spin.to_le_bytes());
            hasher.update(&hash);
            hash = hasher.finalize_reset();
        }
        Ok(hash)
    }

    /// The keyed hash (HMAC) of what it is given.
    pub(super) fn keyed(self, key: &[u8]) -> Box<dyn DynDigest> {
        match self {
            Hash::Sha1 => Box::new(hmac::<HmacReset<Sha1>>(key)),
            Hash::Sha256 => Box::new(hmac::<HmacReset<Sha256>>(key)),
            Hash::Sha384 => Box::new(hmac::<HmacReset<Sha384>>(key)),
            Hash::Sha512 => Box::new(hmac::<HmacReset<Sha512>>(key)),
        }
    }

    fn hasher(self) -> Box<dyn DynDigest> {
        match self {
            Hash::Sha1 => Box::new(Sha1::default()),
            Hash::Sha256 => Box::new(Sha256::default()),
            Hash::Sha384 => Box::new(Sha384::default()),
            Hash::Sha512 => Box::new(Sha512::default()),
        }
    }
}

fn hmac<M: KeyInit>(key: &[u8]) -> M {
    M::new_from_slice(key).expect("HMAC takes keys of every length")
}

/// AES with a key.
pub(super) enum Aes {
    Bits128(Aes128),
    Bits192(Aes192),
    Bits256(Aes256),
}

impl Aes {
    /// The key decides by its length.
    pub(super) fn new(key: &[u8]) -> Result<Aes> {
        match key.len() {
            16 => Aes128::new_from_slice(key).map(Aes::Bits128),
            24 => Aes192::new_from_slice(key).map(Aes::Bits192),
            _ => Aes256::new_from_slice(key).map(Aes::Bits256),
        }
        .map_err(|_| Error::malformed(format!("AES has no keys of {} bytes", key.len())))
    }

    /// Decrypts whole blocks, each mixed with the one before it; `iv` comes before the first.
    pub(super) fn decrypt_cbc(&self, iv: [u8; BLOCK], data: &mut [u8]) {
        let blocks = whole_blocks(data);
        match self {
            Aes::Bits128(aes) => cbc(aes, iv, blocks),
            Aes::Bits192(aes) => cbc(aes, iv, blocks),
            Aes::Bits256(aes) => cbc(aes, iv, blocks),
        }
    }

    /// Decrypts whole blocks, each alone.
    pub(super) fn decrypt_ecb(&self, data: &mut [u8]) {
        let blocks = whole_blocks(data);
        match self {
            Aes::Bits128(aes) => aes.decrypt_blocks(blocks),
            Aes::Bits192(aes) => aes.decrypt_blocks(blocks),
            Aes::Bits256(aes) => aes.decrypt_blocks(blocks),
        }
    }
}

fn cbc<C: BlockCipherDecrypt<BlockSize = U16>>(cipher: &C, iv: [u8; BLOCK], blocks: &mut [Block]) {
    cbc::Decryptor::inner_iv_init(cipher, &iv.into()).decrypt_blocks(blocks);
}

/// Callers give whole blocks: they measured before.
fn whole_blocks(data: &mut [u8]) -> &mut [Block] {
    let (blocks, rest) = Block::slice_as_chunks_mut(data);
    debug_assert!(rest.is_empty(), "{} bytes are no block", rest.len());
    blocks
}
