//! RC4 as `.xls` uses it: a new key for every 1,024 bytes of the stream, made of a hash of the password and the number of the
//! block. Excel 97 hashes with MD5 and keeps 40 bits ([MS-OFFCRYPTO] 2.3.6.2), Excel 2002 with SHA-1 (2.3.5.2).

use md5::{Digest, Md5};
use rc4::{KeyInit, Rc4, StreamCipher};

use super::primitives::Hash;

/// Bytes that are encrypted with one key.
const BLOCK: usize = 1024;

/// What the keys of all blocks are made of.
pub(super) enum BaseKey {
    Md5([u8; 5]),
    Sha1 { hash: Box<[u8]>, key_len: usize },
}

impl BaseKey {
    /// The base of Excel 97.
    pub(super) fn md5(password: &str, salt: &[u8; 16]) -> BaseKey {
        let start = Md5::digest(utf16(password));
        let mut hash = Md5::new();
        for _ in 0..16 {
            hash.update(&start[..5]);
            hash.update(salt);
        }
        let [a, b, c, d, e, ..] = <[u8; 16]>::from(hash.finalize());
        BaseKey::Md5([a, b, c, d, e])
    }

    /// The base of CryptoAPI, for keys of this many bytes.
    pub(super) fn sha1(password: &str, salt: &[u8; 16], key_len: usize) -> BaseKey {
        BaseKey::Sha1 {
            hash: Hash::Sha1.of(&[salt, &utf16(password)]),
            key_len,
        }
    }

    fn cipher(&self, block: u32) -> Rc4 {
        let block = block.to_le_bytes();
        let cipher = match self {
            BaseKey::Md5(base) => {
                let hash = Md5::new().chain_update(base).chain_update(block);
                Rc4::new_from_slice(&hash.finalize())
            }
            BaseKey::Sha1 { hash, key_len } => {
                let mut key = Hash::Sha1.of(&[hash, &block]).into_vec();
                key.truncate(*key_len);
                if key.len() == 5 {
                    key.resize(16, 0); // 40 bits are filled up with zeros
                }
                Rc4::new_from_slice(&key)
            }
        };
        cipher.expect("RC4 takes keys of 1 to 256 bytes")
    }
}

/// What is mixed with the data, block by block.
pub(super) struct Keystream {
    base: BaseKey,
    block: u32,
    bytes: [u8; BLOCK],
}

impl Keystream {
    pub(super) fn new(base: BaseKey) -> Keystream {
        let mut stream = Keystream {
            base,
            block: 0,
            bytes: [0; BLOCK],
        };
        stream.go_to(0);
        stream
    }

    /// Decrypts bytes at this place of the stream.
    pub(super) fn decrypt(&mut self, mut data: &mut [u8], mut at: usize) {
        while !data.is_empty() {
            let block = (at / BLOCK) as u32;
            if block != self.block {
                self.go_to(block);
            }
            let mask = &self.bytes[at % BLOCK..];
            let len = mask.len().min(data.len());
            let (here, rest) = data.split_at_mut(len);
            here.iter_mut()
                .zip(mask)
                .for_each(|(byte, mask)| *byte ^= mask);
            (data, at) = (rest, at + len);
        }
    }

    fn go_to(&mut self, block: u32) {
        self.block = block;
        self.base.cipher(block).write_keystream(&mut self.bytes);
    }
}

fn utf16(password: &str) -> Vec<u8> {
    password.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
