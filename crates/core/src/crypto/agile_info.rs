//! The XML that says how a workbook is encrypted ([MS-OFFCRYPTO] 2.3.4.10). Numbers that must agree with the bytes beside
//! them (`saltSize`, `hashSize`) are not looked at: the bytes decide.

use base64::{Engine, engine::general_purpose::STANDARD_PAD_INDIFFERENT};

use crate::{
    error::{Error, Result},
    limits::Limits,
    xml::{Tag, Token, Tokens},
};

use super::{
    primitives::{BLOCK, Hash},
    unsupported,
};

const BY_PASSWORD: &str = "http://schemas.microsoft.com/office/2006/keyEncryptor/password";
/// The most rounds of hashing that the format allows.
const MAX_SPINS: u32 = 10_000_000;

/// How the workbook and its key are encrypted.
pub(super) struct Agile {
    /// The workbook.
    pub(super) data: Parameters,
    /// Not everything that writes this format adds it.
    pub(super) integrity: Option<Integrity>,
    pub(super) password: PasswordKey,
}

/// Hash, AES and salt.
pub(super) struct Parameters {
    pub(super) hash: Hash,
    pub(super) key_len: usize,
    pub(super) salt: Vec<u8>,
}

/// The keyed hash of the encrypted workbook, both encrypted.
pub(super) struct Integrity {
    pub(super) key: Vec<u8>,
    pub(super) value: Vec<u8>,
}

/// The key of the workbook, encrypted with the password, and what tells whether the password is right.
pub(super) struct PasswordKey {
    pub(super) parameters: Parameters,
    pub(super) spins: u32,
    pub(super) verifier_input: Vec<u8>,
    pub(super) verifier_hash: Vec<u8>,
    pub(super) key_value: Vec<u8>,
}

impl Agile {
    /// ```text
    /// <encryption><keyData/><dataIntegrity/><keyEncryptors><keyEncryptor uri><encryptedKey/></keyEncryptor>...
    /// ```
    pub(super) fn parse(xml: &[u8], limits: &Limits) -> Result<Agile> {
        let mut tokens = Tokens::new(xml, limits.max_xml_depth);
        let mut data = None;
        let mut integrity = None;
        let mut password = None;
        let mut by_password = false;
        loop {
            let tag = match tokens.next()? {
                Token::Open(tag) => tag,
                Token::End => break,
                Token::Close | Token::Text(_) => continue,
            };
            match tag.name() {
                "keyData" => data = Some(Parameters::parse(&tag)?),
                "dataIntegrity" => {
                    integrity = Some(Integrity {
                        key: bytes(&tag, "encryptedHmacKey")?,
                        value: bytes(&tag, "encryptedHmacValue")?,
                    });
                }
                "keyEncryptor" => by_password = text(&tag, "uri")? == BY_PASSWORD,
                "encryptedKey" if by_password => password = Some(PasswordKey::parse(&tag)?),
                _ => {}
            }
        }
        Ok(Agile {
            data: data.ok_or_else(|| Error::malformed("there is no <keyData>"))?,
            integrity,
            password: password.ok_or_else(|| unsupported("for a certificate, not a password"))?,
        })
    }
}

impl Parameters {
    fn parse(tag: &Tag<'_>) -> Result<Parameters> {
        let cipher = text(tag, "cipherAlgorithm")?;
        if cipher != "AES" {
            let cipher = start(&cipher);
            return Err(unsupported(format!(
                "with the cipher {cipher:?}, AES is read"
            )));
        }
        let chaining = text(tag, "cipherChaining")?;
        if chaining != "ChainingModeCBC" {
            let chaining = start(&chaining);
            return Err(unsupported(format!(
                "with {chaining:?}, ChainingModeCBC is read"
            )));
        }
        let hash = text(tag, "hashAlgorithm")?;
        let hash = Hash::from_name(&hash).ok_or_else(|| {
            let hash = start(&hash);
            unsupported(format!(
                "with the hash {hash:?}, SHA1, SHA256, SHA384 and SHA512 are read"
            ))
        })?;
        let block = number(tag, "blockSize")?;
        if block as usize != BLOCK {
            return Err(Error::malformed(format!(
                "a block of {block} bytes, AES has {BLOCK}"
            )));
        }
        let key_bits = number(tag, "keyBits")?;
        if ![128, 192, 256].contains(&key_bits) {
            return Err(Error::malformed(format!(
                "AES has no keys of {key_bits} bits"
            )));
        }
        Ok(Parameters {
            hash,
            key_len: key_bits as usize / 8,
            salt: bytes(tag, "saltValue")?,
        })
    }
}

impl PasswordKey {
    fn parse(tag: &Tag<'_>) -> Result<PasswordKey> {
        let spins = number(tag, "spinCount")?;
        if spins > MAX_SPINS {
            return Err(Error::malformed(format!(
                "spinCount is {spins}, at most {MAX_SPINS} is legal"
            )));
        }
        Ok(PasswordKey {
            parameters: Parameters::parse(tag)?,
            spins,
            verifier_input: bytes(tag, "encryptedVerifierHashInput")?,
            verifier_hash: bytes(tag, "encryptedVerifierHashValue")?,
            key_value: bytes(tag, "encryptedKeyValue")?,
        })
    }
}

fn text(tag: &Tag<'_>, name: &str) -> Result<String> {
    tag.attribute(name)?
        .ok_or_else(|| Error::malformed(format!("<{}> has no {name}", start(tag.name()))))
}

fn number(tag: &Tag<'_>, name: &str) -> Result<u32> {
    let text = text(tag, name)?;
    text.trim()
        .parse()
        .map_err(|_| Error::malformed(format!("{name} is {:?}, expected a number", start(&text))))
}

fn bytes(tag: &Tag<'_>, name: &str) -> Result<Vec<u8>> {
    let mut text = text(tag, name)?;
    text.retain(|c| !c.is_ascii_whitespace());
    STANDARD_PAD_INDIFFERENT
        .decode(text)
        .map_err(|error| Error::malformed(format!("{name} is not base64: {error}")))
}

/// Enough of a text to tell it in a message.
fn start(text: &str) -> String {
    text.chars().take(40).collect()
}
