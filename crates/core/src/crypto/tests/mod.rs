//! Files that other programs encrypted (`fixtures/files/encrypted`), and the same with parts replaced.

mod noise;

use std::{
    io::{Cursor, Read, Write},
    path::Path,
};

use crate::{
    cancel::CancelToken,
    error::{Error, ErrorKind, Result},
    limits::Limits,
};

use super::{DEFAULT_PASSWORD, INFO, PACKAGE, decrypt, is_encrypted, standard};

const NOT_ASCII: &str = "pässwörd 密";

/// Each file, its password, and the rounds of hashing it asks for.
const FILES: [(&str, &str, u64); 10] = [
    ("agile_aes128_sha1", "secret", 100_000),
    ("agile_aes192_sha384", NOT_ASCII, 100_000),
    ("agile_aes256_sha256", "secret", 100_000),
    ("agile_aes256_sha512", NOT_ASCII, 100_000),
    ("agile_default_password", DEFAULT_PASSWORD, 100_000),
    ("agile_few_spins", "secret", 10),
    ("agile_sheetjs_container", "secret", 100_000),
    ("standard_aes128", "secret", 50_000),
    ("standard_aes192", DEFAULT_PASSWORD, 50_000),
    ("standard_aes256", NOT_ASCII, 50_000),
];

fn file(name: &str) -> Vec<u8> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/files/encrypted");
    std::fs::read(dir.join(format!("{name}.xlsx"))).unwrap()
}

fn open(ole: &[u8], password: &str) -> Result<Vec<u8>> {
    decrypt(ole, password, &Limits::default(), &CancelToken::new())
}

fn open_with(ole: &[u8], password: &str, change: impl Fn(&mut Limits)) -> Result<Vec<u8>> {
    let mut limits = Limits::default();
    change(&mut limits);
    decrypt(ole, password, &limits, &CancelToken::new())
}

fn stream(ole: &[u8], name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut file = cfb::CompoundFile::open(Cursor::new(ole)).unwrap();
    let mut stream = file.open_stream(name).unwrap();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

fn container(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    for (name, bytes) in streams {
        let mut stream = file.create_stream(name).unwrap();
        stream.write_all(bytes).unwrap();
        stream.flush().unwrap();
    }
    file.into_inner().into_inner()
}

/// The file with one of its two streams changed.
fn changed(name: &str, which: &str, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let ole = file(name);
    let mut info = stream(&ole, INFO);
    let mut package = stream(&ole, PACKAGE);
    change(if which == INFO {
        &mut info
    } else {
        &mut package
    });
    container(&[(INFO, &info), (PACKAGE, &package)])
}

/// The file with a text of its XML replaced, wherever it is.
fn rewritten(name: &str, from: &str, to: &str) -> Vec<u8> {
    changed(name, INFO, |info| {
        let xml = std::str::from_utf8(&info[8..]).unwrap();
        assert!(xml.contains(from), "{from} is not in {xml}");
        let xml = xml.replace(from, to);
        info.truncate(8);
        info.extend_from_slice(xml.as_bytes());
    })
}

fn kind(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Malformed => "malformed",
        ErrorKind::Unsupported => "unsupported",
        ErrorKind::Encrypted => "encrypted",
        ErrorKind::Limit { name, .. } => name,
        ErrorKind::Cancelled => "cancelled",
        _ => "another kind",
    }
}

#[track_caller]
fn fails(result: Result<Vec<u8>>, expected: &str, message: &str) {
    let error = result.map(|opened| opened.len()).expect_err("an error");
    assert_eq!(kind(&error), expected, "{error}");
    assert!(error.to_string().contains(message), "{error}");
}

#[test]
fn opens_what_others_encrypted() {
    let plain = file("plain");
    for (name, password, _) in FILES {
        let ole = file(name);
        assert!(is_encrypted(&ole), "{name}");
        let opened = open(&ole, password).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(opened == plain, "{name}");
    }
}

#[test]
fn a_wrong_password_is_said_to_be_wrong() {
    let check = |name, password| {
        let error = open(&file(name), password).unwrap_err();
        assert_eq!(error.code(), "file/encrypted", "{name}: {error}");
        let message = "the password does not open the workbook";
        assert_eq!(error.to_string(), message, "{name}");
    };
    FILES.iter().for_each(|(name, _, _)| check(name, "Secret"));
    for password in ["", "secret ", "passwörd 密"] {
        check("agile_few_spins", password);
        check("standard_aes128", password);
    }
}

#[test]
fn rounds_of_hashing_are_limited_at_the_limit_and_not_one_past_it() {
    for (name, password, spins) in FILES {
        let with = |limit| open_with(&file(name), password, |l| l.max_password_spins = limit);
        assert!(with(spins).is_ok(), "{name}");
        fails(with(spins - 1), "max_password_spins", "max_password_spins");
    }
    assert_eq!(FILES[7].2, u64::from(standard::SPINS));
    // What the format allows is beyond the default; what it does not allow is beyond every limit.
    let spins = |count: &str| rewritten("agile_few_spins", "spinCount=\"10\"", count);
    let ten_million = spins("spinCount=\"10000000\"");
    fails(
        open(&ten_million, "secret"),
        "max_password_spins",
        "10000000",
    );
    let more = spins("spinCount=\"10000001\"");
    let no_limit = |l: &mut Limits| l.max_password_spins = Limits::NONE;
    fails(
        open_with(&more, "secret", no_limit),
        "malformed",
        "10000001",
    );
}

#[test]
fn the_description_is_limited_at_the_limit_and_not_one_past_it() {
    let ole = file("agile_few_spins");
    let len = stream(&ole, INFO).len() as u64;
    let with = |limit| open_with(&ole, "secret", |l| l.max_small_part_bytes = limit);
    assert!(with(len).is_ok());
    fails(with(len - 1), "max_small_part_bytes", INFO);
}

#[test]
fn stops_when_asked() {
    let cancel = CancelToken::new();
    cancel.cancel();
    for name in ["agile_few_spins", "standard_aes128"] {
        let result = decrypt(&file(name), "secret", &Limits::default(), &cancel);
        fails(result, "cancelled", "");
    }
}

#[test]
fn damage_is_told_from_a_wrong_password() {
    let agile = "agile_few_spins";
    let len = stream(&file(agile), PACKAGE).len();
    // The size, the first block, the last byte.
    for at in [0, 8, len - 1] {
        let damaged = changed(agile, PACKAGE, |package| package[at] ^= 1);
        fails(
            open(&damaged, "secret"),
            "malformed",
            "EncryptedPackage: the encrypted workbook was damaged",
        );
    }
    for name in [agile, "standard_aes128"] {
        let cut = changed(name, PACKAGE, |package| package.truncate(4096));
        fails(
            open(&cut, "secret"),
            "malformed",
            "5775 bytes are promised, 4080 are there",
        );
        let empty = changed(name, PACKAGE, |package| package.truncate(7));
        fails(open(&empty, "secret"), "malformed", "it has no size");
        let endless = changed(name, PACKAGE, |package| package[..8].fill(0xff));
        fails(open(&endless, "secret"), "malformed", "are promised");
    }
}

#[test]
fn opens_without_an_integrity_check() {
    let ole = rewritten("agile_few_spins", "<dataIntegrity", "<nothing");
    assert!(open(&ole, "secret").unwrap() == file("plain"));
}

#[test]
fn bytes_after_the_workbook_are_not_of_it() {
    let padded = changed("standard_aes128", PACKAGE, |package| {
        package.extend([7; 100])
    });
    assert!(open(&padded, "secret").unwrap() == file("plain"));
    let unchecked = rewritten("agile_few_spins", "<dataIntegrity", "<nothing");
    let mut package = stream(&unchecked, PACKAGE);
    package.extend([7; 100]);
    let padded = container(&[(INFO, &stream(&unchecked, INFO)), (PACKAGE, &package)]);
    assert!(open(&padded, "secret").unwrap() == file("plain"));
}

#[test]
fn accepts_other_spellings() {
    for (from, to) in [
        ("hashAlgorithm=\"SHA512\"", "hashAlgorithm=\"SHA-512\""),
        ("<p:encryptedKey", "<encryptedKey"),
        ("keyBits=\"256\"", "keyBits=\" 256 \""),
        ("=\" />", "\" />"), // base64 without its last padding
    ] {
        let ole = rewritten("agile_few_spins", from, to);
        assert!(open(&ole, "secret").unwrap() == file("plain"), "{to}");
    }
}

#[test]
fn says_what_is_not_read() {
    let agile = |from: &str, to: &str| rewritten("agile_few_spins", from, to);
    for (ole, message) in [
        (agile("\"SHA512\"", "\"MD5\""), "with the hash \"MD5\""),
        (agile("\"AES\"", "\"RC2\""), "with the cipher \"RC2\""),
        (
            agile("ChainingModeCBC", "ChainingModeCFB"),
            "with \"ChainingModeCFB\"",
        ),
        (
            agile("2006/keyEncryptor/password\">", "certificate\">"),
            "for a certificate",
        ),
    ] {
        fails(open(&ole, "secret"), "unsupported", message);
    }
    let standard = |at: usize, value: u32| {
        changed("standard_aes128", INFO, |info| {
            info[at..at + 4].copy_from_slice(&value.to_le_bytes());
        })
    };
    for (ole, message) in [
        (standard(0, 0x0003_0003), "extensible"),
        (standard(0, 0x0003_0004), "extensible"),
        (standard(0, 0x0001_0001), "with version 1.1"),
        (standard(12, 0x10), "by a provider of its own"),
        (standard(20, 0x6801), "with RC4"),
        (standard(20, 0x6602), "with the cipher 0x6602"),
        (standard(24, 0x800c), "with the hash 0x800c"),
    ] {
        fails(open(&ole, "secret"), "unsupported", message);
    }
    let rights = container(&[(PACKAGE, b"12345678")]);
    assert!(is_encrypted(&rights));
    fails(open(&rights, "secret"), "unsupported", "rights management");
}

#[test]
fn says_what_is_wrong_in_the_description() {
    let agile = |from: &str, to: &str| rewritten("agile_few_spins", from, to);
    for (ole, message) in [
        (agile("<keyData", "<other"), "there is no <keyData>"),
        (
            agile("keyBits=\"256\"", "keyBits=\"255\""),
            "AES has no keys of 255 bits",
        ),
        (
            agile("blockSize=\"16\"", "blockSize=\"8\""),
            "a block of 8 bytes",
        ),
        (
            agile("spinCount=\"10\"", "spinCount=\"-1\""),
            "spinCount is \"-1\"",
        ),
        (agile("spinCount=", "x="), "<encryptedKey> has no spinCount"),
        (
            agile("encryptedKeyValue=\"", "encryptedKeyValue=\"&amp;"),
            "is not base64",
        ),
        (
            agile("encryptedKeyValue=\"", "encryptedKeyValue=\"AAAA"),
            "a multiple of 16",
        ),
        (
            agile("encryptedKeyValue=\"", "encryptedKeyValue=\"\" x=\""),
            "has 0 bytes, expected 32",
        ),
        (agile("</encryption>", "</encryption"), "not well formed"),
    ] {
        fails(open(&ole, "secret"), "malformed", message);
    }
    for (at, value, message) in [
        (8, 0xffff_ffff_u32, "4294967295 bytes expected"),
        (8, 3, "4 bytes expected, 3 are left"),
        (28, 256, "a key of 256 bits for AES of 128 bits"),
    ] {
        let ole = changed("standard_aes128", INFO, |info| {
            info[at..at + 4].copy_from_slice(&value.to_le_bytes());
        });
        fails(open(&ole, "secret"), "malformed", message);
    }
    let short = changed("standard_aes128", INFO, |info| info.truncate(7));
    fails(
        open(&short, "secret"),
        "malformed",
        "EncryptionInfo: 7 bytes are too few",
    );
}

#[test]
fn other_bytes_are_not_encrypted() {
    let other = container(&[("Workbook", b"a workbook of another kind")]);
    for bytes in [
        &[][..],
        b"PK\x03\x04",
        &file("plain"),
        &other,
        &other[..600],
    ] {
        assert!(!is_encrypted(bytes));
    }
    fails(
        open(&other, "secret"),
        "malformed",
        "EncryptionInfo: the encrypted workbook has no such stream",
    );
}

#[test]
fn a_file_that_was_cut_off_is_damaged() {
    let mut ole = changed("agile_few_spins", PACKAGE, |_| {});
    ole.truncate(ole.len() - 4096);
    assert!(is_encrypted(&ole));
    fails(
        open(&ole, "secret"),
        "malformed",
        "EncryptedPackage: the workbook is cut off",
    );
    for len in [0, 7, 511, 512] {
        assert!(!is_encrypted(&ole[..len]), "{len}");
        fails(open(&ole[..len], "secret"), "malformed", "");
    }
}
