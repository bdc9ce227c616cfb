//! The FILEPASS record of `.xls` workbooks ([MS-XLS] 2.4.117): how all records behind it are encrypted. Which records are, and
//! where they stand, is the caller's business.

use md5::{Digest, Md5};

use crate::error::{Error, Result};

use super::{
    header::{ALGORITHM_RC4, FLAG_AES, FLAG_EXTERNAL, HASH_SHA1, Header, Verifier, take, take_u16},
    primitives::Hash,
    rc4::{BaseKey, Keystream},
    wrong_password,
    xor::XorArray,
};

/// How a workbook is encrypted, and what tells whether a password is right.
pub(crate) struct FilePass(Method);

enum Method {
    Xor {
        key: u16,
        verifier: u16,
    },
    /// RC4 with MD5.
    Rc4 {
        salt: [u8; 16],
        /// Random bytes and their hash, encrypted as the first bytes of a stream are.
        verifier: [u8; 32],
    },
    /// RC4 with SHA-1, described as CryptoAPI does.
    CryptoApi {
        key_len: usize,
        verifier: Verifier<20>,
    },
}

/// What the records are decrypted with.
pub(crate) struct RecordCipher(Cipher);

enum Cipher {
    Xor(XorArray),
    Rc4(Box<Keystream>),
}

impl FilePass {
    /// Excel 5 and 95 (`is_old`) know XOR alone:
    ///
    /// ```text
    /// type u16 (not if old): 0 | key u16 | verifier u16
    ///                        1 | major u16 1, minor u16 1 | salt [16] | verifier [16] | its hash [16]
    ///                        1 | major u16 2 to 4, minor u16 2 | flags u32 | header and verifier of CryptoAPI
    /// ```
    pub(crate) fn parse(data: &[u8], is_old: bool) -> Result<FilePass> {
        let mut rest = data;
        let kind = if is_old { 0 } else { take_u16(&mut rest)? };
        let method = match kind {
            0 => Method::Xor {
                key: take_u16(&mut rest)?,
                verifier: take_u16(&mut rest)?,
            },
            1 => match (take_u16(&mut rest)?, take_u16(&mut rest)?) {
                (1, 1) => Method::Rc4 {
                    salt: take(&mut rest)?,
                    verifier: take(&mut rest)?,
                },
                (2..=4, 2) => {
                    let _flags: [u8; 4] = take(&mut rest)?; // they stand in the header too
                    Method::CryptoApi {
                        key_len: key_len(&Header::take(&mut rest)?)?,
                        verifier: Verifier::take(&mut rest)?,
                    }
                }
                (major, minor) => return Err(unknown(format!("with version {major}.{minor}"))),
            },
            kind => return Err(unknown(format!("by method {kind}"))),
        };
        Ok(FilePass(method))
    }

    /// What decrypts the workbook, if this is its password.
    pub(crate) fn unlock(&self, password: &str) -> Result<RecordCipher> {
        let cipher = match &self.0 {
            Method::Xor { key, verifier } => {
                XorArray::unlock(password, *key, *verifier).map(Cipher::Xor)
            }
            Method::Rc4 { salt, verifier } => {
                let base = BaseKey::md5(password, salt);
                checked(base, *verifier, |input| Md5::digest(input).to_vec())
            }
            Method::CryptoApi { key_len, verifier } => {
                let base = BaseKey::sha1(password, &verifier.salt, *key_len);
                let mut bytes = [0; 36];
                bytes[..16].copy_from_slice(&verifier.input);
                bytes[16..].copy_from_slice(&verifier.hash);
                checked(base, bytes, |input| Hash::Sha1.of(&[input]).into_vec())
            }
        };
        cipher.map(RecordCipher).ok_or_else(wrong_password)
    }
}

impl RecordCipher {
    /// Decrypts the data of a record, which stands at `at` in the stream, but for its first `plain` bytes.
    pub(crate) fn decrypt(&mut self, data: &mut [u8], at: usize, plain: usize) {
        // Where in its array XOR begins depends on the length of the record too ([MS-OFFCRYPTO] 2.3.7.3).
        let xor_index = at + data.len() + plain;
        let Some(data) = data.get_mut(plain..) else {
            return;
        };
        match &mut self.0 {
            Cipher::Xor(array) => array.decrypt(data, xor_index),
            Cipher::Rc4(stream) => stream.decrypt(data, at + plain),
        }
    }
}

/// The cipher with this key, if it decrypts 16 random bytes and their hash.
fn checked<const N: usize>(
    base: BaseKey,
    mut verifier: [u8; N],
    hash: impl Fn(&[u8]) -> Vec<u8>,
) -> Option<Cipher> {
    let mut stream = Keystream::new(base);
    stream.decrypt(&mut verifier, 0);
    let (input, expected) = verifier.split_at(16);
    (hash(input) == expected).then(|| Cipher::Rc4(Box::new(stream)))
}

/// Bytes of the key. An algorithm of 0 leaves the choice to the flags, a key of 0 bits has 40.
fn key_len(header: &Header) -> Result<usize> {
    let is_rc4 = match header.algorithm {
        0 => header.flags & FLAG_AES == 0,
        algorithm => algorithm == ALGORITHM_RC4,
    };
    if header.flags & FLAG_EXTERNAL != 0 {
        return Err(unknown("by a provider of its own"));
    }
    if !is_rc4 {
        let cipher = header.algorithm;
        return Err(unknown(format!("with the cipher {cipher:#06x}")));
    }
    if header.hash != 0 && header.hash != HASH_SHA1 {
        let hash = header.hash;
        return Err(unknown(format!("with the hash {hash:#06x}")));
    }
    match header.key_bits {
        0 => Ok(5),
        bits if (40..=128).contains(&bits) && bits % 8 == 0 => Ok(bits as usize / 8),
        bits => Err(Error::malformed(format!(
            "a key of {bits} bits for RC4, expected 40 to 128"
        ))),
    }
}

/// The workbook is encrypted, but not in a way that is read here.
fn unknown(how: impl std::fmt::Display) -> Error {
    Error::encrypted(format!(
        "the workbook is encrypted {how}, which is not read"
    ))
    .with_hint("save it as .xlsx, or without a password, in a spreadsheet program")
}
