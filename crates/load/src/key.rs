//! The name of an import: a hash over everything that decides its effect.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::mode::Mode;

/// Separates our hashes from every other use of BLAKE3; a change of the layout below gets a new number.
const CONTEXT: &str = "sheetlift 2026-01-01 import key v1";

/// What decides the effect of an import. Any change in any part makes a different import.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyParts<'a> {
    /// The hash of the source's content.
    pub content: &'a [u8],
    /// The hash of the contract, empty without one.
    pub contract: &'a [u8],
    /// How source columns were mapped to fields, in a stable rendering of the caller's choice.
    pub mapping: &'a [u8],
    /// The target inside its database: the table, without the address of the database or its password.
    pub target: &'a str,
    /// The mode.
    pub mode: Mode,
}

/// Names an import: the same parts give the same key on every machine, different parts different keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImportKey([u8; 32]);

impl ImportKey {
    /// The key of these parts.
    pub fn of(parts: &KeyParts<'_>) -> ImportKey {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        let KeyParts {
            content,
            contract,
            mapping,
            target,
            mode,
        } = *parts;
        // Every part is prefixed by its length, so that no two lists of parts share their bytes.
        for part in [
            content,
            contract,
            mapping,
            target.as_bytes(),
            mode.as_str().as_bytes(),
        ] {
            hasher
                .update(&(part.len() as u64).to_le_bytes())
                .update(part);
        }
        ImportKey(*hasher.finalize().as_bytes())
    }

    /// The bytes of the hash.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hexadecimal digits.
    pub fn to_hex(&self) -> String {
        self.to_string()
    }

    /// The short name of the import in the ledger and in reports: known before the load, and the same for every attempt.
    pub fn import_id(&self) -> String {
        format!("imp_{}", &self.to_hex()[..32])
    }
}

impl fmt::Display for ImportKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ImportKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<ImportKey> {
        let hash = blake3::Hash::from_hex(text).map_err(|_| {
            Error::usage(
                "usage/import-key",
                format!("an import key has 64 hexadecimal digits, not {text:?}"),
            )
        })?;
        Ok(ImportKey(*hash.as_bytes()))
    }
}

impl Serialize for ImportKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ImportKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<ImportKey, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: KeyParts<'static> = KeyParts {
        content: b"ab",
        contract: b"c",
        mapping: b"",
        target: "items",
        mode: Mode::InsertMissing,
    };

    #[test]
    fn is_stable_across_releases() {
        let key = ImportKey::of(&PARTS);
        assert_eq!(
            key.to_hex(),
            "e1552f71511e2926e0b0b18528a809d02e479950594db65ec94714f4947fe209",
            "ledgers in the field hold these keys"
        );
        assert_eq!(key.to_hex().parse::<ImportKey>().unwrap(), key);
        assert_eq!(key.import_id(), format!("imp_{}", &key.to_hex()[..32]));
        assert!("12".parse::<ImportKey>().is_err());
    }

    #[test]
    fn every_part_and_every_border_counts() {
        let variants = [
            PARTS,
            KeyParts {
                content: b"a",
                contract: b"bc",
                ..PARTS
            },
            KeyParts {
                contract: b"",
                mapping: b"c",
                ..PARTS
            },
            KeyParts {
                target: "item",
                ..PARTS
            },
            KeyParts {
                mode: Mode::Upsert,
                ..PARTS
            },
        ];
        let keys: std::collections::HashSet<_> = variants.iter().map(ImportKey::of).collect();
        assert_eq!(keys.len(), variants.len());
    }
}
