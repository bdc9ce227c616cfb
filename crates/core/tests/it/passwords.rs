//! Workbooks with a password, through the public face. (What each method of encryption needs is tested in `src/crypto`.)

use std::path::PathBuf;

use crate::common::{Cells, cells_of};
use sheetlift_core::{
    ErrorKind, OpenOptions, Password, ReadOptions, Result, Source, Table, Workbook,
};
use sheetlift_fixtures::{manifest, protected};

fn path(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/files/encrypted");
    dir.join(format!("{name}.xlsx"))
}

fn read(name: &str, password: Option<&str>) -> Result<Table> {
    let mut options = OpenOptions::default();
    options.password = password.map(Password::new);
    let source = Source::from_path(path(name), &options.limits)?;
    Workbook::open(source, options)?.read(&ReadOptions::default())
}

#[test]
fn the_right_password_opens_a_workbook() {
    let plain = read("plain", None).unwrap();
    assert!(plain.num_rows() > 0);
    for (name, password) in [
        ("agile_few_spins", Some("secret")),
        ("standard_aes128", Some("secret")),
        ("standard_aes256", Some("pässwörd 密")),
        ("agile_default_password", None), // spreadsheet programs do not ask for it either
    ] {
        assert_eq!(
            read(name, password).unwrap().batches,
            plain.batches,
            "{name}"
        );
    }
    // A password that is not needed does not matter.
    for name in ["plain", "agile_default_password"] {
        let read = read(name, Some("secret")).unwrap();
        assert_eq!(read.batches, plain.batches, "{name}");
    }
}

#[test]
fn a_wrong_password_or_none_is_an_error_of_its_own() {
    for password in [None, Some("Secret"), Some("")] {
        let error = read("agile_few_spins", password).unwrap_err();
        assert_eq!(error.code(), "file/encrypted", "{error}");
        assert!(matches!(error.kind(), ErrorKind::Encrypted));
        assert!(
            error.to_string().contains("agile_few_spins.xlsx"),
            "{error}"
        );
    }
    let hint = read("agile_few_spins", None).unwrap_err();
    assert!(hint.hint().unwrap().contains("password"));
}

#[test]
fn a_password_is_never_printed() {
    let options = OpenOptions::default().with_password(Password::new("secret"));
    assert!(!format!("{options:?}").contains("secret"));
}

/// All cells of a workbook of Excel 5 to 2003.
fn read_xls(bytes: Vec<u8>, password: Option<&str>) -> Result<Cells> {
    let mut options = OpenOptions::default();
    options.password = password.map(Password::new);
    let source = Source::from_bytes(bytes, &options.limits)?.with_name("locked.xls");
    cells_of(&Workbook::open(source, options)?, 1)
}

#[test]
fn the_right_password_opens_an_xls() {
    for file in protected() {
        let plain = read_xls((file.plain)(), None).unwrap();
        assert_eq!(plain.len(), 601, "{}", file.name);
        let opened = read_xls((file.bytes)(), Some(file.password)).unwrap();
        assert!(opened == plain, "{}", file.name);
        // A password that is not needed does not matter.
        assert!(read_xls((file.plain)(), Some("other")).unwrap() == plain);
    }
}

/// (What is read with the default password alone is the fixtures' business.)
#[test]
fn an_xls_with_the_default_password_opens_with_any_other() {
    for name in [
        "xls_default_password",
        "xls_default_password_crypto_api",
        "xls_default_password_xor",
        "xls_95_default_password",
    ] {
        let fixture = manifest().into_iter().find(|fixture| fixture.name == name);
        let bytes = (fixture.unwrap().bytes)();
        let cells = read_xls(bytes.clone(), None).unwrap();
        assert!(
            !cells.is_empty() && read_xls(bytes, Some("secret")).unwrap() == cells,
            "{name}"
        );
    }
}

#[test]
fn a_wrong_password_or_none_does_not_open_an_xls() {
    for file in protected() {
        let longer = format!("{} ", file.password);
        for password in [None, Some("Secret"), Some(""), Some(&longer)] {
            let error = read_xls((file.bytes)(), password).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Encrypted));
            assert_eq!(error.code(), "file/encrypted", "{}: {error}", file.name);
            assert!(error.to_string().contains("locked.xls"), "{error}");
            match password {
                None => assert!(error.hint().unwrap().contains("give the password")),
                Some(_) => {
                    assert!(error.message().contains("does not open"));
                    assert!(error.hint().unwrap().contains("check the password"));
                }
            }
        }
    }
}

/// The data of the FILEPASS record.
fn file_pass(bytes: &[u8]) -> std::ops::Range<usize> {
    // It follows the first record: 16 bytes since Excel 97, 8 before.
    let bof = [&[9, 8, 16, 0][..], &[9, 8, 8, 0]];
    let find = |start: &&[u8]| bytes.windows(4).position(|bytes| bytes == *start);
    let at = bof.iter().find_map(find).unwrap();
    let at = at + 4 + usize::from(bytes[at + 2]);
    assert_eq!(bytes[at..at + 2], [0x2f, 0]);
    let len = u16::from_le_bytes([bytes[at + 2], bytes[at + 3]]);
    at + 4..at + 4 + usize::from(len)
}

#[test]
fn damage_to_the_record_of_encryption_is_an_error() {
    for file in protected() {
        let whole = (file.bytes)();
        let record = file_pass(&whole);
        let is_crypto_api = file.name.starts_with("crypto_api");
        for at in record.clone() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x41;
            match read_xls(bytes, Some(file.password)) {
                Err(error) => assert!(
                    ["file/encrypted", "file/corrupt"].contains(&error.code()),
                    "{}, byte {at}: {error}",
                    file.name
                ),
                // CryptoAPI says much that does not matter: flags, reserved fields, the name of its provider.
                Ok(_) => assert!(is_crypto_api, "{}, byte {at}", file.name),
            }
        }
        // A record that ends early, and what follows is taken for other records.
        for len in 0..record.len() {
            let mut bytes = whole.clone();
            bytes[record.start - 2..record.start].copy_from_slice(&(len as u16).to_le_bytes());
            let read = read_xls(bytes, Some(file.password));
            assert!(read.is_err(), "{}, {len} bytes", file.name);
        }
    }
}

#[test]
fn encryption_that_is_not_known_asks_for_another_file() {
    let mut bytes = (protected()[0].bytes)();
    let record = file_pass(&bytes);
    bytes[record.start + 2] = 9; // its version
    for password in [None, Some("secret")] {
        let error = read_xls(bytes.clone(), password).unwrap_err();
        assert_eq!(error.code(), "file/encrypted", "{error}");
        assert!(error.message().contains("version 9.1"), "{error}");
        assert!(error.hint().unwrap().contains(".xlsx"));
    }
}
